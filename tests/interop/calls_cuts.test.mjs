// Cut sockets during a call: media goes on, and what was said in the meantime arrives.

import { ended, isSilent, moves, plays, published, sounds, standsStill } from './support/calls.mjs';
import { TEST_LIMIT, World, parts, whileTesting } from './support/world.mjs';

const CAMERA = { resolution: '320x240' };

let ada; // publishes
let bob; // watches
let toAda;
let toBob;
let cli;
let stream;

/** One call for all tests, each page behind a proxy of its own. */
class Call extends World {
  async start() {
    await super.start();
    const session = await this.session();
    [toAda, toBob] = await Promise.all([this.proxy(), this.proxy()]);
    [ada, bob, cli] = await Promise.all([
      this.browserClient({ ...session, url: toAda.url }, 'ada'),
      this.browserClient({ ...session, url: toBob.url }, 'bob'),
      this.cliClient(session, 'in C'),
    ]);
    await this.acquainted(ada, bob, cli);
  }
}

whileTesting(new Call(), [], { lasting: true });
const part = parts();

/** Does something while the client's way to the server is cut, and waits until it is back. */
async function away(client, proxy, doing) {
  const log = client.log.fromNow();
  proxy.refuse();
  await log.next('reconnecting');
  await doing();
  proxy.allow();
  await log.next('reconnected');
}

/** Cuts the client's way when the server says this to it, and lets it come back. */
async function cutAt(text, client, proxy) {
  const log = client.log.fromNow();
  await proxy.refuseAt(text);
  await log.next('reconnecting');
  proxy.allow();
  await log.next('reconnected');
}

part('a publisher that is cut off when it is asked for an offer sends it when it is back', TEST_LIMIT, async () => {
  stream = await published(ada, CAMERA, [bob]);
  const cut = cutAt('"generateoffer"', ada, toAda);
  await Promise.all([cut, bob.subscribe(stream.streamId)]);
  await plays(bob, stream.streamId);
});

for (const [what, text, client, proxy] of [
  ['a subscriber that is cut off when the offer comes', '"offer"', () => bob, () => toBob],
  ['a publisher that is cut off when the answer comes', '"answer"', () => ada, () => toAda],
]) {
  part(`${what} sees the picture all the same`, TEST_LIMIT, async () => {
    await bob.unsubscribe(stream.streamId);
    await ada.openPeers(0);
    const cut = cutAt(text, client(), proxy());
    await Promise.all([cut, bob.subscribe(stream.streamId)]);
    await plays(bob, stream.streamId);
  });
}

part('the call goes on while the publisher is cut off, and its mute arrives later', TEST_LIMIT, async () => {
  const { streamId } = stream;
  const told = cli.log.fromNow();
  await away(ada, toAda, async () => {
    await plays(bob, streamId);
    await ada.publishAudio(false);
    await isSilent(bob, streamId);
  });
  await told.next('streamHasAudioChanged', { streamId, changedTo: false });
  await bob.log.next('streamHasAudioChanged', { streamId, changedTo: false });
  await ada.publishAudio(true);
  await told.next('streamHasAudioChanged', { streamId, changedTo: true });
  await sounds(bob, streamId);
});

part('the call goes on while the subscriber is cut off, and it is told later what it has missed', TEST_LIMIT, async () => {
  const { streamId } = stream;
  const told = cli.log.fromNow();
  await away(bob, toBob, async () => {
    await moves(bob, streamId);
    await ada.publishVideo(false);
    await told.next('streamHasVideoChanged', { streamId, changedTo: false });
    await standsStill(bob, streamId);
  });
  await bob.log.next('videoDisabled', { streamId, reason: 'publishVideo' });
  await ada.publishVideo(true);
  await bob.log.next('videoEnabled', { streamId, reason: 'publishVideo' });
  await plays(bob, streamId);
});

part('a stream that ends while both are cut off has ended when they are back', TEST_LIMIT, async () => {
  await away(bob, toBob, () => away(ada, toAda, () => ada.unpublish()));
  await ended(stream, 'clientDisconnected', [bob], cli);
  await Promise.all([ada.openPeers(0), bob.openPeers(0)]);
});
