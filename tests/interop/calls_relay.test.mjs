// STUN and TURN: servers that otc-server is told of are handed out, with credentials that a real coturn takes.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { plays, published } from './support/calls.mjs';
import { Server } from './support/server.mjs';
import { TurnServer } from './support/turn.mjs';
import { TEST_LIMIT, World, whileTesting } from './support/world.mjs';

const CAMERA = { resolution: '320x240' };
const SECRET = 'what the TURN server and otc-server both know';
/** The client's own wish to be reached through TURN servers alone. */
const RELAY = { iceConfig: { includeServers: 'all', transportPolicy: 'relay', customServers: [] } };

let turn;
let ada; // is reached through the TURN server alone
let bob;
const streams = {};

/** One call for all tests. */
class Call extends World {
  async start() {
    turn = await TurnServer.start(SECRET);
    const stun = ['--stun-urls', `stun:127.0.0.1:${turn.port}`];
    await super.start([...stun, '--turn-urls', turn.url, '--turn-secret', SECRET]);
    this.place = await this.session();
    [ada, bob] = await Promise.all([
      this.browserClient({ ...this.place, ...RELAY }, 'ada'),
      this.browserClient(this.place, 'bob'),
    ]);
    await this.acquainted(ada, bob);
  }

  async stop() {
    await super.stop();
    await turn?.stop();
  }
}

const here = whileTesting(new Call(), [], { lasting: true });

test('a page that is reached through the TURN server alone calls and is called', TEST_LIMIT, async () => {
  [streams.ada, streams.bob] = await Promise.all([published(ada, CAMERA, [bob]), published(bob, CAMERA, [ada])]);
  await Promise.all([bob.subscribe(streams.ada.streamId), ada.subscribe(streams.bob.streamId)]);
  await Promise.all([plays(bob, streams.ada.streamId), plays(ada, streams.bob.streamId)]);
  const [toBob, toAda] = [await bob.route(streams.ada.streamId), await ada.route(streams.bob.streamId)];
  assert.deepEqual([toBob.remote.candidateType, toAda.local.candidateType], ['relay', 'relay']);
  assert.deepEqual(toBob.remotes.filter(({ candidateType }) => candidateType === 'host'), [], 'its own address stays hidden');
});

test('pages are given both servers, and credentials of the widespread scheme', TEST_LIMIT, async () => {
  const servers = await bob.iceServers();
  assert.ok(servers.some(({ urls }) => urls.includes(`stun:127.0.0.1:${turn.port}`)), JSON.stringify(servers));
  const { username, credential } = servers.find(({ urls }) => urls.includes(turn.url));
  const [expiry, user] = username.split(':');
  assert.equal(user, bob.id);
  const hours = (Number(expiry) - Date.now() / 1000) / 3600;
  assert.ok(hours > 47.9 && hours <= 48, `they count for ${hours} hours`);
  assert.equal(credential, createHmac('sha1', SECRET).update(username).digest('base64'));
  await turn.says(`:${ada.id}>`);
});

test('new ways through the TURN server are agreed on during the call', TEST_LIMIT, async () => {
  const { streamId } = streams.ada;
  const fresh = bob.log.fromNow();
  await ada.restartIce();
  await fresh.next('candidate');
  await plays(bob, streamId);
  assert.equal((await bob.route(streamId)).remote.candidateType, 'relay');
});

test('with another secret than the TURN server\'s nothing is relayed, and relay_only means it', TEST_LIMIT, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'otc-relay-'));
  const config = join(folder, 'otc-server.toml');
  const turnSection = `[ice.turn]\nurls = ["${turn.url}"]\nsecret = "another"\n`;
  writeFileSync(config, `[ice]\nrelay_only = true\n${turnSection}`, { mode: 0o600 });
  const server = await Server.start(['--config', config]);
  try {
    const session = await server.session();
    const [cy, dan] = await Promise.all([here.browserClient(session, 'cy'), here.browserClient(session, 'dan')]);
    const { streamId } = await published(cy, CAMERA, [dan]);
    const subscribing = dan.subscribe(streamId).then(() => 'it plays', () => 'it does not');
    for (const page of [cy, dan]) await page.log.next('iceCandidateError', { url: turn.url, code: 401 });
    for (const page of [cy, dan]) assert.deepEqual(page.log.find('candidate'), []);
    await Promise.all([cy.close(), dan.close()]);
    assert.equal(await subscribing, 'it does not');
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
