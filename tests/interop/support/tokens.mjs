// Tokens as server SDKs make them that are not driven here, because their language is not: the fields and their forms are
// those of rest.md §1.2, §1.3 and §1.6.

import { createHmac, createSign, randomInt, randomUUID } from 'node:crypto';

const seconds = () => Math.floor(Date.now() / 1000);
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT by a secret, or by a private key when the header says RS256. */
function jwt(header, claims, secret) {
  const signed = `${part(header)}.${part(claims)}`;
  const signature =
    header.alg === 'RS256'
      ? createSign('RSA-SHA256').update(signed).sign(secret, 'base64url')
      : createHmac('sha256', secret).update(signed).digest('base64url');
  return `${signed}.${signature}`;
}

const HS256 = { typ: 'JWT', alg: 'HS256' };
const RS256 = { typ: 'JWT', alg: 'RS256' };

/** The header of REST calls, by SDK: its name and value. */
export const REST_HEADERS = {
  // `ist` in the JOSE header and not among the claims; no `jti`.
  Ruby: ({ apiKey, secret }) => {
    const claims = { iss: apiKey, iat: seconds(), exp: seconds() + 300 };
    return ['X-OPENTOK-AUTH', jwt({ ist: 'project', ...HS256 }, claims, secret)];
  },
  PHP: ({ apiKey, secret }) => {
    const claims = { ist: 'project', iss: apiKey, iat: seconds(), exp: seconds() + 300, jti: randomUUID() };
    return ['X-OPENTOK-AUTH', jwt(HS256, claims, secret)];
  },
  '.NET': ({ apiKey, secret }) => {
    const claims = { iss: apiKey, ist: 'project', iat: seconds(), exp: seconds() + 300 };
    return ['X-OPENTOK-AUTH', jwt(HS256, claims, secret)];
  },
  Java: ({ apiKey, secret }) => {
    const claims = { iss: apiKey, ist: 'project', iat: seconds(), exp: seconds() + 180, jti: randomUUID() };
    return ['X-OPENTOK-AUTH', jwt({ alg: 'HS256' }, claims, secret)];
  },
  'Vonage Java': ({ apiKey, secret }) => {
    const claims = { application_id: apiKey, iat: seconds(), exp: seconds() + 900, jti: randomUUID() };
    return ['Authorization', `Bearer ${jwt(RS256, claims, secret)}`];
  },
};
REST_HEADERS['Vonage .NET'] = REST_HEADERS['Vonage Java'];
REST_HEADERS['Vonage Ruby'] = REST_HEADERS['Vonage Java'];

/** The header of account calls, which make projects. */
export function accountHeader({ apiKey, secret }) {
  const claims = { iss: apiKey, ist: 'account', iat: seconds(), exp: seconds() + 180 };
  return ['X-OPENTOK-AUTH', jwt(HS256, claims, secret)];
}

/** `T1==`: a form with a signature over its very bytes. */
function t1({ apiKey, secret }, form, { urlSafe = false } = {}) {
  const signature = createHmac('sha1', secret).update(form).digest('hex');
  const record = Buffer.from(`partner_id=${apiKey}&sig=${signature}:${form}`).toString('base64');
  return `T1==${urlSafe ? record.replaceAll('+', '-').replaceAll('/', '_') : record}`;
}

const nonce = () => randomInt(1, 2 ** 31);
/** Blanks as `+`, as the library functions of most languages write them, or as `%20`. */
const plus = (fields) => new URLSearchParams(fields).toString();
const percent = (fields) => plus(fields).replaceAll('+', '%20');

/** Client tokens, by SDK and kind: made of the project, the session's id, and the connection data. */
export const CLIENT_TOKENS = {
  // No time at which it ends, unless one is given.
  'Ruby, T1': (project, session_id, data) => {
    const fields = { session_id, create_time: seconds(), nonce: Math.random(), role: 'publisher' };
    return t1(project, percent({ ...fields, connection_data: data }));
  },
  'Ruby, JWT': ({ apiKey, secret }, session_id, data) => {
    const claims = { iss: apiKey, ist: 'project', iat: seconds(), nonce: Math.random(), role: 'publisher' };
    return jwt(HS256, { ...claims, scope: 'session.connect', session_id, connection_data: data }, secret);
  },
  'PHP, T1': (project, session_id, data) => {
    const fields = { session_id, create_time: seconds(), role: 'publisher', nonce: `${Math.random()}${nonce()}` };
    return t1(project, plus({ ...fields, connection_data: data, initial_layout_class_list: 'full focus' }));
  },
  // Its class list is encoded as in a form, and it writes what it was not given.
  'PHP, JWT': ({ apiKey, secret }, session_id, data) => {
    const claims = { iss: apiKey, ist: 'project', iat: seconds(), nonce: nonce(), role: 'publisher' };
    const more = { data: null, expireTime: null, initial_layout_class_list: 'full+focus' };
    return jwt(HS256, { ...claims, ...more, scope: 'session.connect', session_id, connection_data: data }, secret);
  },
  // Blanks of the class list stay as they are.
  '.NET, T1': (project, session_id, data) => {
    const fields = { session_id, create_time: seconds(), nonce: nonce(), role: 'publisher', connection_data: data };
    return t1(project, `${percent(fields)}&initial_layout_class_list=full focus`);
  },
  // A negative nonce, a scope, and the other alphabet of base64.
  'Java, T1': (project, session_id, data) => {
    const times = { create_time: seconds(), expire_time: seconds() + 86_400 };
    const fields = { session_id, ...times, nonce: -nonce(), role: 'publisher', scope: 'session.connect' };
    return t1(project, plus({ ...fields, connection_data: data }), { urlSafe: true });
  },
  'Java, JWT': ({ apiKey, secret }, session_id, data) => {
    const times = { iat: seconds(), exp: seconds() + 86_400, jti: randomUUID(), nonce: nonce() };
    const claims = { iss: apiKey, ist: 'project', ...times, role: 'publisher', scope: 'session.connect' };
    return jwt({ alg: 'HS256' }, { ...claims, session_id, connection_data: data }, secret);
  },
  'Vonage Java, JWT': ({ apiKey, secret }, session_id, data) => {
    const times = { iat: seconds(), exp: seconds() + 86_400, jti: randomUUID() };
    const claims = { application_id: apiKey, ...times, role: 'publisher', scope: 'session.connect' };
    return jwt(RS256, { ...claims, session_id, connection_data: data, initial_layout_class_list: '' }, secret);
  },
};
