// Who stays away from the server for longer than its grace has left the call, also when the page lives and pictures could
// still flow. Whoever comes back joins anew.

import assert from 'node:assert/strict';
import { ended, plays, published } from './support/calls.mjs';
import { TEST_LIMIT, World, parts, whileTesting } from './support/world.mjs';

const CAMERA = { resolution: '320x240' };
const LOST = { reason: 'networkDisconnected' };

let ada; // publishes
let bob; // watches
let toAda;
let toBob;
let cli;
let stream;

/** One call for all tests, each page behind a proxy of its own. */
class Call extends World {
  async start(options) {
    await super.start(options);
    this.place = await this.session();
    [toAda, toBob] = await Promise.all([this.proxy(), this.proxy()]);
    [ada, bob, cli] = await Promise.all([
      this.browserClient({ ...this.place, url: toAda.url }, 'ada'),
      this.browserClient({ ...this.place, url: toBob.url }, 'bob'),
      this.cliClient(this.place, 'in C'),
    ]);
    await this.acquainted(ada, bob, cli);
  }
}

const here = whileTesting(new Call(), ['--grace-seconds', '1'], { lasting: true });
const part = parts();

/** Cuts the client's way until the server has given it up. Returns who it was. */
async function loses(client, proxy) {
  const { id } = client;
  proxy.refuse();
  await cli.log.next('connectionDropped', { connectionId: id });
  assert.deepEqual(client.log.find('disconnected'), [], 'it does not know yet, and tries to come back');
  return id;
}

/** Lets the client through, which is told then that it has left. It joins again, as somebody else. */
async function returns(client, proxy, before) {
  proxy.allow();
  await client.log.next('disconnected', LOST);
  await client.openPeers(0);
  await client.join(here.place, await here.server.token(here.place));
  assert.notEqual(client.id, before);
}

/** Ada publishes and Bob watches. */
async function calls() {
  stream = await published(ada, CAMERA, [bob]);
  await bob.subscribe(stream.streamId);
  await plays(bob, stream.streamId);
}

part('the stream of a publisher that is cut off for too long ends for the others, and it may publish again', TEST_LIMIT, async () => {
  await calls();
  const { streamId } = stream;
  const before = await loses(ada, toAda);
  await ended(stream, LOST.reason, [bob], cli);
  await bob.log.next('connectionDropped', { connectionId: before, ...LOST });
  await bob.openPeers(0);
  await returns(ada, toAda, before);
  await ada.log.next('publisherStreamDestroyed', { streamId, ...LOST });
  await calls();
});

part('a publisher sends nothing to whoever is cut off for too long, who may watch again', TEST_LIMIT, async () => {
  const { streamId } = stream;
  const before = await loses(bob, toBob);
  await ada.log.next('connectionDropped', { connectionId: before, ...LOST });
  await ada.openPeers(0);
  await returns(bob, toBob, before);
  await bob.log.next('subscriberDestroyed', { streamId, ...LOST });
  const joined = bob.log.fromNow();
  await bob.subscribe(streamId);
  await plays(bob, streamId);
  assert.deepEqual(joined.find('streamDropped'), [], 'the stream itself has not ended');
});

part('a page that dies has left its call when it is not back in time', TEST_LIMIT, async () => {
  await ada.crash();
  await ended(stream, LOST.reason, [bob], cli);
  await bob.log.next('connectionDropped', { connectionId: ada.id, ...LOST });
  await bob.openPeers(0);
});
