// The server's addresses for this page. Everything that goes wrong becomes a Failure that says so in words.

// Whatever stands before /inspect: the path of a proxy, perhaps.
const ROOT = new URL('../api', import.meta.url).pathname;
const PATIENCE = 15_000;

/** What the server, or the way to it, has refused. `status` is 0 when there was no answer. */
export class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Who is logged in: `project` and `csrf`; null when nobody is. It is forgotten with the page. */
let login = null;
let onLogout = () => {};

/** Calls `told(why)` when a login has ended without having been asked to. */
export function whenLoggedOut(told) {
  onLogout = told;
}

export const project = () => login.project;

export const isLoggedIn = () => login !== null;

/** The login has ended; whoever shows pages is told. */
export function loginHasEnded(why) {
  if (login === null) return;
  login = null;
  onLogout(why);
}

/** Asks the server. `unread` leaves a good answer unread: it is enough that there is one. */
async function ask(method, path, body, { unread = false } = {}) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET' && login !== null) headers['X-OTC-CSRF'] = login.csrf;
  const request = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  try {
    const response = await fetch(`${ROOT}/${path}`, { ...request, signal: AbortSignal.timeout(PATIENCE) });
    if (!(unread && response.ok)) return { response, text: await response.text() };
    await response.body.cancel();
    return { response, text: '' };
  } catch (error) {
    const what = error.name === 'TimeoutError' ? 'does not answer' : 'cannot be reached';
    throw new Failure(0, `The server ${what}. Try again in a moment.`);
  }
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What to do about a refusal, where the server's own words do not say it. */
const NEXT = new Map([
  [403, 'If this goes on, reload the page and log in again.'],
  [404, 'It may have ended in the meantime.'],
  [500, 'The server’s log says more.'],
  [502, 'The proxy does not reach the server. Try again in a moment.'],
  [503, 'Try again in a moment.'],
  [504, 'The proxy does not reach the server. Try again in a moment.'],
]);

function failure(response, text) {
  const said = read(text)?.message;
  const words = typeof said === 'string' && said !== '' ? `${said.replace(/[.\s]+$/u, '')}.` : `The server answers ${response.status}.`;
  return new Failure(response.status, [words, NEXT.get(response.status)].filter(Boolean).join(' '));
}

/** A call of somebody who is logged in. Returns the answer's document, or null if it has none. */
export async function call(method, path, body, options) {
  let { response, text } = await ask(method, path, body, options);
  if (response.status === 403 && method !== 'GET' && (await renewed())) ({ response, text } = await ask(method, path, body));
  if (response.ok) return read(text);
  if (response.status === 401) loginHasEnded('Your login has ended. Log in to go on where you were.');
  throw failure(response, text);
}

/** Whether somebody has logged in again in another tab: with that login this page can go on. */
async function renewed() {
  const before = login;
  if (before === null || !(await resume())) return false;
  // What is on the screen is of another project now.
  if (login.project !== before.project) location.reload();
  return login.project === before.project && login.csrf !== before.csrf;
}

const part = encodeURIComponent;

/** A call of the REST API on something of the project's. */
export const rest = (method, path, body) => call(method, `v2/project/${part(project())}/${path}`, body);

export const sessionPath = (session, path = '') => `session/${part(session)}${path}`;

export const archiveFile = (id) => `${ROOT}/v2/project/${part(project())}/archive/${part(id)}/file`;

export const listSessions = () => call('GET', 'sessions');

const eventsPath = (session, contents) => `sessions/${part(session)}/events${contents ? '?contents=1' : ''}`;

export const eventsOf = (session, contents) => `${ROOT}/${eventsPath(session, contents)}`;

/** Finds out why there are no events of a session: a refusal is thrown. */
export const tryEvents = (session) => call('GET', eventsPath(session, false), undefined, { unread: true });

/** Takes up the login of before a reload. Returns whether there is one. */
export async function resume() {
  const { response, text } = await ask('GET', 'me');
  if (response.ok) login = read(text);
  else if (response.status !== 401) throw failure(response, text);
  return login !== null;
}

/** Logs in with `{ key, secret }` or `{ token }`. */
export async function logIn(credentials) {
  const { response, text } = await ask('POST', 'login', credentials);
  if (!response.ok) throw failure(response, text);
  login = read(text);
}

export async function logOut() {
  await call('POST', 'logout');
  login = null;
}
