// Projects beside the usual ones, through the published server SDKs: another key of the configuration while its secret is
// being replaced, and one that account calls make, suspend and delete.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CliClient } from './support/cli_client.mjs';
import { send } from './support/plain.mjs';
import { sdkNames, sdkWorld } from './support/sdk_world.mjs';
import { accountHeader } from './support/tokens.mjs';
import { TEST_LIMIT } from './support/world.mjs';

const OTHER = { apiKey: '5151', secret: 'the new secret of another' };
const BEFORE = { ...OTHER, secret: 'the secret that it had before' };
const ACCOUNT = { apiKey: '9000', secret: 'the secret of the account' };

const here = sdkWorld({
  config: `
    [[keys]]
    api_key = "${OTHER.apiKey}"
    api_secret = "${OTHER.secret}"
    previous_api_secret = "${BEFORE.secret}"
    [account]
    key = "${ACCOUNT.apiKey}"
    secret = "${ACCOUNT.secret}"
  `,
});

/** A session and a token of an SDK are good for a browser and a C program, who hear what the SDK says. */
async function works(sdk) {
  const session = await here.sessionOf(sdk, { media: 'routed' });
  const visitor = await here.visitor();
  const log = visitor.log.fromNow();
  await visitor.join(session, await sdk.token(session.id, { data: 'in the browser' }));
  const cli = await here.cliWith(session, await sdk.token(session.id, { data: 'in C' }));
  const said = { type: 'by', data: sdk.name };
  await sdk.signal(session.id, said);
  for (const heard of [log, cli.log]) await heard.next('signal', said);
  await Promise.all([visitor.leave(), cli.leave()]);
  return session;
}

/** Neither a browser nor a C program comes in with a token of an SDK. */
async function nobodyComesIn(sdk, session) {
  const token = await sdk.token(session.id, { data: 'nobody' });
  const cli = here.keep(await CliClient.start(session, token));
  assert.equal((await cli.log.next('error')).code, 1004);
  assert.equal((await (await here.visitor()).connect(session, token)).code, 1004);
}

for (const name of sdkNames('key')) {
  test(`${name}: a second key of the configuration, by the new secret and the one before`, TEST_LIMIT, async () => {
    for (const project of [OTHER, BEFORE]) await works(await here.open(name, project));
    const stranger = await here.open(name, { ...OTHER, secret: 'neither of them' });
    await assert.rejects(stranger.createSession());
  });
}

describe('a project that account calls make', () => {
  let sdks, made, session;
  before(async () => {
    made = await account('POST', '/v2/project', { name: 'rooms' });
    assert.deepEqual([made.name, made.status], ['rooms', 'ACTIVE']);
    sdks = await opened(made.secret);
  }, TEST_LIMIT);

  /** An account call that succeeds. */
  async function account(method, path, body) {
    const headers = [accountHeader(ACCOUNT), ['Content-Type', 'application/json'], ['Accept', 'application/json']];
    const request = { method, path, headers, body: body && JSON.stringify(body) };
    const { status, text } = await send(here.server.url, request);
    assert.ok(status === 200 || status === 204, `${method} ${path}: ${status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** The SDKs for the project, by one of its secrets. */
  const opened = (secret) =>
    Promise.all(sdkNames('key').map((name) => here.open(name, { apiKey: String(made.id), secret })));

  test('works with every SDK at once', TEST_LIMIT, async () => {
    for (const sdk of sdks) session = await works(sdk);
  });

  test('gets another secret, and works by both', TEST_LIMIT, async () => {
    const { secret } = await account('POST', `/v2/project/${made.id}/refreshSecret`);
    assert.notEqual(secret, made.secret);
    for (const sdk of [...(await opened(secret)), ...sdks]) await works(sdk);
  });

  test('is suspended, and active again', TEST_LIMIT, async () => {
    assert.equal((await account('PUT', `/v2/project/${made.id}`, { status: 'SUSPENDED' })).status, 'SUSPENDED');
    for (const sdk of sdks) {
      await assert.rejects(sdk.createSession());
      await assert.rejects(sdk.listStreams(session.id), { name: 'AuthError' });
    }
    await nobodyComesIn(sdks[0], session);
    assert.equal((await account('PUT', `/v2/project/${made.id}`, { status: 'ACTIVE' })).status, 'ACTIVE');
    for (const sdk of sdks) await works(sdk);
  });

  test('is deleted', TEST_LIMIT, async () => {
    await account('DELETE', `/v2/project/${made.id}`);
    for (const sdk of sdks) await assert.rejects(sdk.listStreams(session.id), { name: 'AuthError' });
    await nobodyComesIn(sdks[0], session);
  });
});
