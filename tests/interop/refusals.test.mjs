// Who may not come in is told why: the published client by its error's name and code, C programs by on_error.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrowserClient } from './support/browser.mjs';
import { CliClient } from './support/cli_client.mjs';
import { PROJECT, STRANGER } from './support/server.mjs';
import { TEST_LIMIT, world } from './support/world.mjs';

const here = world();

const NOT_ALLOWED = { name: 'OT_AUTHENTICATION_ERROR', code: 1004 };
const NO_SESSION = { name: 'OT_INVALID_SESSION_ID', code: 1005 };

/** A token whose signature is by another secret. */
const signedByOthers = (session) => here.server.token(session, { project: { ...PROJECT, secret: STRANGER.secret } });

/** What a client may come with, and what the published client says to it (wire.md §2.3). */
const REFUSED = [
  ['a token with a wrong signature', async () => {
    const session = await here.session();
    return [session, await signedByOthers(session)];
  }, NOT_ALLOWED],
  ['a token that is none', async () => [await here.session(), 'not a token'], NOT_ALLOWED],
  ['a token of another session', async () => {
    const [session, other] = await Promise.all([here.session(), here.session()]);
    return [session, await here.server.token(other)];
  }, NOT_ALLOWED],
  ['a key that the server does not know', async () => {
    const session = await here.session({ project: STRANGER });
    return [session, await here.server.token(session, { project: STRANGER })];
  }, NOT_ALLOWED],
  ['a session id that is none', async () => {
    const session = await here.session();
    return [{ ...session, id: '1_unknown' }, await here.server.token(session)];
  }, NO_SESSION],
];

for (const [what, place, expected] of REFUSED) {
  test(`a browser with ${what} is refused with ${expected.code}`, TEST_LIMIT, async () => {
    const [session, token] = await place();
    const client = here.keep(await BrowserClient.open(here.browser));
    const { name, code, message } = await client.connect(session, token);
    assert.deepEqual({ name, code }, expected);
    assert.ok(message.length > 10 && !message.includes(token), message);
    assert.deepEqual(client.log.find('connected'), []);
  });

  test(`a C client with ${what} is refused with ${expected.code}, and ends with 1`, TEST_LIMIT, async () => {
    const [session, token] = await place();
    const client = here.keep(await CliClient.start(session, token));
    const { code, message } = await client.log.next('error');
    assert.equal(code, expected.code);
    assert.ok(message.length > 10 && !message.includes(token), message);
    assert.equal(await client.exit(), 1);
    const told = client.log.all.map(({ event, status }) => status ?? event);
    assert.deepEqual(told, ['connecting', 'failed', 'error', 'released']);
  });
}

test('a refused client is not seen by those who are in the session', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  const wrong = await signedByOthers(session);
  const refused = here.keep(await BrowserClient.open(here.browser));
  assert.equal((await refused.connect(session, wrong)).code, NOT_ALLOWED.code);
  const other = here.keep(await CliClient.start(session, wrong));
  assert.equal(await other.exit(), 1);
  await browser.signal({ type: 'marker' });
  for (const client of [browser, cli]) {
    await client.log.next('signal', { type: 'marker' });
    assert.deepEqual(client.log.find('connectionDropped'), []);
    const known = client.log.find('connectionCreated').map(({ connectionId }) => connectionId);
    assert.ok(known.every((id) => id === browser.id || id === cli.id), known.join());
  }
});

test('a browser without the right to signal is told so, and stays', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  const mute = await here.browserClient(session, 'subscriber', { role: 'subscriber' });
  await assert.rejects(mute.signal({ type: 'forbidden' }), /OT_PERMISSION_DENIED/);
  await browser.signal({ type: 'marker' });
  for (const client of [mute, browser, cli]) {
    await client.log.next('signal', { type: 'marker' });
    assert.deepEqual(client.log.find('signal', { type: 'forbidden' }), []);
  }
});

test('a C client without the right to signal is told so, and stays', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  const mute = await here.cliClient(session, 'subscriber', { role: 'subscriber' });
  await mute.signal({ type: 'forbidden' });
  assert.equal((await mute.log.next('signalFailed', { type: 'forbidden', to: null })).code, 1550);
  await browser.signal({ type: 'marker' });
  for (const client of [mute, browser, cli]) {
    await client.log.next('signal', { type: 'marker' });
    assert.deepEqual(client.log.find('signal', { type: 'forbidden' }), []);
  }
});
