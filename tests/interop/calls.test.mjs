// Calls between browsers: pictures and sound go from page to page, and C sees every stream of theirs.

import assert from 'node:assert/strict';
import { ended, hasShape, isSilent, moves, plays, published, sounds, standsStill } from './support/calls.mjs';
import { TEST_LIMIT, World, parts, whileTesting } from './support/world.mjs';

const CAMERA = { resolution: '320x240' };
const SIZE = { width: 320, height: 240 };

/** One call for all tests: each goes on where the one before it has ended. */
class Call extends World {
  async start() {
    await super.start();
    this.place = await this.session();
    [ada, bob, cli] = await Promise.all([
      this.browserClient(this.place, 'ada'),
      this.browserClient(this.place, 'bob'),
      this.cliClient(this.place, 'in C'),
    ]);
    await this.acquainted(ada, bob, cli);
  }
}

const here = whileTesting(new Call(), [], { lasting: true });
const part = parts();

let ada;
let bob;
let cy; // comes later
let cli;
const streams = {};

part('two browsers see and hear each other', TEST_LIMIT, async () => {
  [streams.ada, streams.bob] = await Promise.all([
    published(ada, { ...CAMERA, name: 'Ada' }, [bob]),
    published(bob, { ...CAMERA, name: 'Bob' }, [ada]),
  ]);
  await Promise.all([bob.subscribe(streams.ada.streamId), ada.subscribe(streams.bob.streamId)]);
  const readings = await Promise.all([plays(bob, streams.ada.streamId), plays(ada, streams.bob.streamId)]);
  for (const reading of readings) hasShape(reading, SIZE);
});

part('a C program in the same session sees both streams as they are', TEST_LIMIT, async () => {
  for (const [owner, own, name] of [[ada, streams.ada, 'Ada'], [bob, streams.bob, 'Bob']]) {
    const { event, ...seen } = await cli.log.next('streamReceived', { streamId: own.streamId });
    const tracks = { hasAudioTrack: true, hasAudio: true, hasVideoTrack: true, hasVideo: true, hasCaptions: false };
    const { streamId, creationTime } = own;
    assert.deepEqual(seen, {
      streamId, name, connectionId: owner.id, creationTime, ...tracks, videoType: 'camera', ...SIZE,
    });
  }
});

part('both sides have the candidates of the other, not only what its packets show', TEST_LIMIT, async () => {
  for (const [browser, stream] of [[bob, streams.ada], [ada, streams.bob]]) {
    const { remotes } = await browser.route(stream.streamId);
    const named = remotes.filter(({ candidateType, protocol }) => candidateType === 'host' && protocol === 'udp');
    assert.ok(named.length > 0, JSON.stringify(remotes));
  }
});

part('whoever comes later sees both, and the others go on', TEST_LIMIT, async () => {
  cy = await here.browserClient(here.place, 'cy');
  for (const stream of [streams.ada, streams.bob]) {
    await cy.log.next('streamReceived', { streamId: stream.streamId });
    await cy.subscribe(stream.streamId);
    hasShape(await plays(cy, stream.streamId), SIZE);
  }
  await Promise.all([plays(bob, streams.ada.streamId), plays(ada, streams.bob.streamId)]);
});

part('pictures and sound that are turned off stop at the others, and come back', TEST_LIMIT, async () => {
  const [film, voice] = [streams.ada.streamId, streams.bob.streamId];
  const [told, seen] = [cli.log.fromNow(), cy.log.fromNow()];
  await Promise.all([ada.publishVideo(false), bob.publishAudio(false)]);
  await told.next('streamHasVideoChanged', { streamId: film, changedTo: false, hasAudio: true });
  await told.next('streamHasAudioChanged', { streamId: voice, changedTo: false, hasVideo: true });
  await seen.next('videoDisabled', { streamId: film, reason: 'publishVideo' });
  await Promise.all([standsStill(cy, film), isSilent(cy, voice), sounds(bob, film), moves(ada, voice)]);
  await Promise.all([ada.publishVideo(true), bob.publishAudio(true)]);
  await told.next('streamHasVideoChanged', { streamId: film, changedTo: true });
  await told.next('streamHasAudioChanged', { streamId: voice, changedTo: true });
  await seen.next('videoEnabled', { streamId: film, reason: 'publishVideo' });
  await Promise.all([plays(cy, film), plays(cy, voice), plays(bob, film)]);
});

part('new ways are agreed on during the call, and it plays on', TEST_LIMIT, async () => {
  const { streamId } = streams.ada;
  const old = bob.log.find('candidate').map((one) => one.of);
  const fresh = bob.log.fromNow();
  await ada.restartIce();
  assert.ok(!old.includes((await fresh.next('candidate')).of));
  await Promise.all([plays(bob, streamId), plays(cy, streamId)]);
  assert.deepEqual(fresh.find('candidate', { isKnown: false }), [], 'named before what they belong to');
});

part('a voice alone is heard, and C knows that there is nothing to see', TEST_LIMIT, async () => {
  const voice = await published(cy, { name: 'Cy', videoSource: null }, [ada]);
  await ada.subscribe(voice.streamId);
  await sounds(ada, voice.streamId);
  const { width, videoBytes } = await ada.reading(voice.streamId);
  assert.deepEqual([width, videoBytes], [0, 0]);
  const seen = { hasAudio: true, hasVideoTrack: false, hasVideo: false, videoType: null, width: 0, height: 0 };
  await cli.log.next('streamReceived', { streamId: voice.streamId, ...seen });
  await cy.unpublish();
  await ended(voice, 'clientDisconnected', [ada], cli);
});

part('a screen is seen in its own shape, without a sound, and C knows that it is one', TEST_LIMIT, async () => {
  const screen = await published(cy, { name: 'Screen', videoSource: 'screen', audioSource: null }, [bob]);
  const { streamId, width, height } = screen;
  await bob.subscribe(streamId);
  await bob.reads(streamId, { width: 0 });
  hasShape(await moves(bob, streamId), screen);
  await cli.log.next('streamReceived', { streamId, videoType: 'screen', hasVideo: true, hasAudioTrack: false, width, height });
  await cy.unpublish();
  await ended(screen, 'clientDisconnected', [bob], cli);
});

part('whoever stops watching costs the publisher nothing, and may watch again', TEST_LIMIT, async () => {
  const { streamId } = streams.ada;
  await ada.openPeers(3); // to bob, to cy, and from bob
  await bob.unsubscribe(streamId);
  await ada.openPeers(2);
  assert.equal(await bob.reading(streamId), null);
  await bob.subscribe(streamId);
  await ada.openPeers(3);
  await Promise.all([plays(bob, streamId), plays(cy, streamId)]);
});

part('a stream that ends is gone everywhere, and another takes its place', TEST_LIMIT, async () => {
  await ada.unpublish();
  await ended(streams.ada, 'clientDisconnected', [bob, cy], cli);
  await ada.openPeers(1);
  await bob.openPeers(2); // to ada and to cy
  streams.ada = await published(ada, { ...CAMERA, name: 'Ada again' }, [bob]);
  await bob.subscribe(streams.ada.streamId);
  await plays(bob, streams.ada.streamId);
});

part('a page that is closed takes its stream along', TEST_LIMIT, async () => {
  await ada.closePage();
  await ended(streams.ada, 'clientDisconnected', [bob], cli);
  await cli.log.next('connectionDropped', { connectionId: ada.id });
  await bob.openPeers(1);
  await plays(cy, streams.bob.streamId);
});
