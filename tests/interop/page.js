// The page's side: joins the session that its address or its form names, shows who is there and what they say.

const element = (id) => document.getElementById(id);
const people = new Map(); // connection id → connection, in the order of arrival
let session = null;
let server = null; // the client takes one server for its whole life

// ---- What is on the page

function show(state, mood = '') {
  element('state').textContent = state;
  element('state').dataset.mood = mood;
}

function showForm(visible) {
  element('join').hidden = !visible;
  element('session').hidden = visible;
  element('leave').hidden = visible;
  element(visible ? 'url' : 'data').focus();
}

/** A part of a line. Everything that others wrote goes in as text. */
function part(tag, text, className = '') {
  const node = document.createElement(tag);
  node.textContent = text;
  node.className = className;
  return node;
}

const isOwn = (connection) => connection?.connectionId === session.connection?.connectionId;
const nameOf = (connection) => connection.data || connection.connectionId.slice(0, 8);

function showPeople() {
  const everybody = [...people.values()];
  element('people').replaceChildren(
    ...everybody.map((connection) => {
      const line = part('li', nameOf(connection) + (isOwn(connection) ? ' (you)' : ''));
      line.append(part('span', connection.connectionId.slice(0, 8), 'small'));
      return line;
    }),
  );
  const chosen = element('to').value;
  element('to').replaceChildren(
    new Option('everybody', ''),
    ...everybody.map((connection) => new Option(nameOf(connection), connection.connectionId)),
  );
  element('to').value = people.has(chosen) ? chosen : '';
}

function addLine(className, ...parts) {
  const line = part('li', '', className);
  line.append(...parts);
  const list = element('signals');
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 8;
  list.append(line);
  if (atEnd) list.scrollTop = list.scrollHeight;
}

const addEvent = (text) => addLine('event', text);

/** A signal: `who` and, of one that went to a single person, `to` whom. */
function addText(who, own, { type, data, to }) {
  const head = [part('b', own ? `${who} (you)` : who)];
  if (to) head.push(part('span', `to ${nameOf(to)} alone `, 'small'));
  if (type) head.push(part('span', type, 'small type'));
  head.push(part('span', new Date().toLocaleTimeString(), 'small'));
  const text = typeof data === 'string' ? data : data === undefined ? '(no text)' : JSON.stringify(data);
  addLine(own ? 'own' : '', ...head, part('span', text, 'data'));
}

function addSignal({ type, data, from }) {
  const own = from !== null && isOwn(from);
  // The client's event is called "signal", or "signal:" and the type.
  addText(from ? nameOf(from) : 'the server', own, { type: type.replace(/^signal:?/, ''), data });
}

// ---- The session

function loadClient() {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = '/opentok.js';
    script.onload = resolve;
    script.onerror = () => reject(new Error('the published client cannot be loaded'));
    document.head.append(script);
  });
}

function listen() {
  session.on({
    connectionCreated: ({ connection }) => {
      people.set(connection.connectionId, connection);
      showPeople();
      if (!isOwn(connection)) addEvent(`${nameOf(connection)} is here`);
    },
    connectionDestroyed: ({ connection, reason }) => {
      if (!people.delete(connection.connectionId)) return;
      showPeople();
      addEvent(`${nameOf(connection)} has left${reason === 'clientDisconnected' ? '' : ` (${reason})`}`);
    },
    signal: addSignal,
    sessionReconnecting: () => show('Connection lost, reconnecting…', 'bad'),
    sessionReconnected: () => show('Joined again', 'good'),
    sessionDisconnected: ({ reason }) => {
      show(reason === 'clientDisconnected' ? 'You have left' : `The session is over: ${reason}`, 'bad');
      showForm(true);
    },
  });
}

async function join({ url, apiKey, session: id, token }) {
  show('Joining…');
  if (server === null) {
    await loadClient();
    OT.setProxyUrl(url);
    server = url;
  }
  people.clear();
  element('signals').replaceChildren();
  session = OT.initSession(apiKey, id);
  listen();
  session.connect(token, (error) => {
    if (error) {
      show(`Refused: ${error.message}`, 'bad');
      return;
    }
    show('Joined', 'good');
    showForm(false);
    showPeople();
  });
}

const joinOrTell = (place) => join(place).catch((error) => show(error.message, 'bad'));

// ---- What a person does

element('join').addEventListener('submit', (event) => {
  event.preventDefault();
  const place = Object.fromEntries(new FormData(event.target));
  history.replaceState(null, '', `#${new URLSearchParams(place)}`);
  if (server !== null && server !== place.url) location.reload();
  else joinOrTell(place);
});

element('send').addEventListener('submit', (event) => {
  event.preventDefault();
  const signal = { data: element('data').value };
  if (element('type').value) signal.type = element('type').value;
  if (element('to').value) signal.to = people.get(element('to').value);
  session.signal(signal, (error) => {
    if (error) addEvent(`Not sent: ${error.message}`);
    // What went to everybody comes back by itself.
    else if (signal.to && !isOwn(signal.to)) addText(nameOf(session.connection), true, signal);
  });
  element('data').value = '';
  element('data').focus();
});

element('leave').addEventListener('click', () => session.disconnect());

// ---- The beginning

const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
for (const input of element('join').querySelectorAll('input')) input.value = given[input.name] ?? '';
if (['url', 'apiKey', 'session', 'token'].every((name) => given[name])) joinOrTell(given);
