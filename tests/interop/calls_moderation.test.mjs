// Moderation during a call: what it ends has ended, on the air as well. The session is a routed one.

import assert from 'node:assert/strict';
import { ended, isSilent, plays, published, sounds } from './support/calls.mjs';
import { TEST_LIMIT, World, parts, whileTesting } from './support/world.mjs';

const CAMERA = { resolution: '320x240' };

let moderator;
let ada;
let bob;
let cli;
const streams = {};

/** A moderator watches two who publish. One call for all tests. */
class Call extends World {
  async start(options) {
    await super.start(options);
    const session = await this.session({ media: 'routed' });
    [moderator, ada, bob, cli] = await Promise.all([
      this.browserClient(session, 'moderator', { role: 'moderator' }),
      this.browserClient(session, 'ada'),
      this.browserClient(session, 'bob'),
      this.cliClient(session, 'in C'),
    ]);
    await this.acquainted(moderator, ada, bob, cli);
    [streams.ada, streams.bob] = await Promise.all([watched(ada), watched(bob)]);
  }
}

/** Publishes, and the moderator watches. */
async function watched(publisher) {
  const stream = await published(publisher, CAMERA, [moderator]);
  await moderator.subscribe(stream.streamId);
  await plays(moderator, stream.streamId);
  return stream;
}

whileTesting(new Call(), [], { lasting: true });
const part = parts();

part('a voice that is muted is silent, and may speak again', TEST_LIMIT, async () => {
  const { streamId } = streams.ada;
  assert.equal(await moderator.forceMuteStream(streamId), null);
  await ada.log.next('publisherMuteForced');
  await cli.log.next('streamHasAudioChanged', { streamId, changedTo: false, hasVideo: true });
  await Promise.all([isSilent(moderator, streamId), sounds(moderator, streams.bob.streamId)]);
  await ada.publishAudio(true);
  await cli.log.next('streamHasAudioChanged', { streamId, changedTo: true });
  await plays(moderator, streamId);
});

part('when all are muted nobody is heard, until that ends', TEST_LIMIT, async () => {
  const told = cli.log.fromNow();
  const ids = [streams.ada.streamId, streams.bob.streamId];
  assert.equal(await moderator.forceMuteAll(), null);
  await told.next('muteForced', { active: true });
  for (const streamId of ids) await told.next('streamHasAudioChanged', { streamId, changedTo: false });
  await Promise.all(ids.map((streamId) => isSilent(moderator, streamId)));
  assert.equal(await moderator.disableForceMute(), null);
  await told.next('muteForced', { active: false });
  await Promise.all([ada.publishAudio(true), bob.publishAudio(true)]);
  await Promise.all(ids.map((streamId) => plays(moderator, streamId)));
});

part('a stream that a moderator ends is over on both sides, and its owner may begin another', TEST_LIMIT, async () => {
  assert.equal(await moderator.forceUnpublish(streams.ada.streamId), null);
  await ada.log.next('publisherStreamDestroyed', { streamId: streams.ada.streamId, reason: 'forceUnpublished' });
  await ended(streams.ada, 'forceUnpublished', [moderator], cli);
  await Promise.all([ada.openPeers(0), moderator.openPeers(1)]);
  streams.ada = await watched(ada);
});

part('who is made to leave is off the air at once', TEST_LIMIT, async () => {
  assert.equal(await moderator.forceDisconnect(ada.id), null);
  await ada.log.next('disconnected', { reason: 'forceDisconnected' });
  await ended(streams.ada, 'forceDisconnected', [moderator], cli);
  await cli.log.next('connectionDropped', { connectionId: ada.id });
  await Promise.all([ada.openPeers(0), moderator.openPeers(1)]);
  await plays(moderator, streams.bob.streamId);
});
