// STUN and TURN: servers that otc-server is told of are handed out, with credentials that a real coturn takes.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plays, published } from './support/calls.mjs';
import { Server } from './support/server.mjs';
import { TurnServer } from './support/turn.mjs';
import { TEST_LIMIT, World, parts, whileTesting } from './support/world.mjs';

const CAMERA = { resolution: '320x240' };
const SIZE = { width: 320, height: 240 };
const SECRET = 'what the TURN server and otc-server both know';
/** The client's own wish to be reached through TURN servers alone. */
const RELAY = { iceConfig: { includeServers: 'all', transportPolicy: 'relay', customServers: [] } };

/** A user of that name as coturn takes it for an hour: `EXPIRY:NAME`, and the signature of that as the password. */
function signed(name) {
  const username = `${Math.floor(Date.now() / 1000) + 3600}:${name}`;
  return { username, credential: createHmac('sha1', SECRET).update(username).digest('base64') };
}

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
const part = parts();

part('a page that is reached through the TURN server alone calls and is called', TEST_LIMIT, async () => {
  [streams.ada, streams.bob] = await Promise.all([published(ada, CAMERA, [bob]), published(bob, CAMERA, [ada])]);
  await Promise.all([bob.subscribe(streams.ada.streamId), ada.subscribe(streams.bob.streamId)]);
  await Promise.all([plays(bob, streams.ada.streamId), plays(ada, streams.bob.streamId)]);
  const [toBob, toAda] = [await bob.route(streams.ada.streamId), await ada.route(streams.bob.streamId)];
  assert.deepEqual([toBob.remote.candidateType, toAda.local.candidateType], ['relay', 'relay']);
  assert.deepEqual(toBob.remotes.filter(({ candidateType }) => candidateType === 'host'), [], 'its own address stays hidden');
});

part('pages are given both servers, and credentials of the widespread scheme', TEST_LIMIT, async () => {
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

part('new ways through the TURN server are agreed on during the call', TEST_LIMIT, async () => {
  const { streamId } = streams.ada;
  const fresh = bob.log.fromNow();
  await ada.restartIce();
  await fresh.next('candidate');
  await plays(bob, streamId);
  assert.equal((await bob.route(streamId)).remote.candidateType, 'relay');
});

/** Two pages on a server that has them use TURN alone, with `servers` (the rest of the section `ice`) to do it. */
async function twoWithRelayOnly(servers, body) {
  const folder = mkdtempSync(join(tmpdir(), 'otc-relay-'));
  const config = join(folder, 'otc-server.toml');
  writeFileSync(config, `[ice]\nrelay_only = true\n${servers}`, { mode: 0o600 });
  const server = await Server.start(['--config', config]);
  try {
    const session = await server.session();
    const pages = await Promise.all([here.browserClient(session, 'one'), here.browserClient(session, 'other')]);
    await body(...pages);
    await Promise.all(pages.map((page) => page.close()));
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

/** A user that is the same for everybody is given to both, and they call through the TURN server. */
function oneUserForAll() {
  // This coturn takes no other users than signed ones. For otc-server it is a name with a password.
  const { username, credential } = signed('everybody');
  const user = `username = "${username}"\ncredential = "${credential}"\n`;
  return twoWithRelayOnly(`[[ice.servers]]\nurls = ["${turn.url}"]\n${user}`, async (cy, dan) => {
    // No camera this time, but what a page draws.
    const { streamId } = await published(cy, { canvas: SIZE }, [dan]);
    await dan.subscribe(streamId);
    await plays(dan, streamId);
    const { local, remote } = await dan.route(streamId);
    assert.deepEqual([local.candidateType, remote.candidateType], ['relay', 'relay']);
    const given = (await cy.iceServers()).filter(({ urls }) => urls.includes(turn.url));
    assert.ok(given.length > 0);
    for (const one of given) assert.deepEqual([one.username, one.credential], [username, credential]);
  });
}

/** With another secret than the TURN server's there is no way, and no other one is left. */
function anotherSecret() {
  return twoWithRelayOnly(`[ice.turn]\nurls = ["${turn.url}"]\nsecret = "another"\n`, async (eve, fay) => {
    const { streamId } = await published(eve, CAMERA, [fay]);
    fay.subscribe(streamId).catch(() => {}); // it ends with the page
    for (const page of [eve, fay]) await page.log.next('iceCandidateError', { url: turn.url, code: 401 });
    for (const page of [eve, fay]) assert.deepEqual(page.log.find('candidate'), []);
  });
}

part('with relay_only pages call through the TURN server, by one user for all, or not at all', TEST_LIMIT, async () => {
  // Most of it is waiting for what may still be found, so both wait at the same time.
  await Promise.all([oneUserForAll(), anotherSecret()]);
});
