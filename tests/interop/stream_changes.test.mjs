// What a browser does with its stream, C hears: every change once, with the right values, in order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_LIMIT, world } from './support/world.mjs';

const here = world();

const CAMERA = { name: 'Kamera 漢字', resolution: '320x240' };
const CANVAS = { name: 'Leinwand', canvas: { width: 200, height: 100 } };

/** What otc_cli tells of every stream, without what the tests check by themselves. */
const seen = ({ event, streamId, connectionId, name, creationTime, ...rest }) => rest;

const WITH_ALL = {
  hasAudioTrack: true,
  hasAudio: true,
  hasCaptions: false,
  hasVideoTrack: true,
  hasVideo: true,
  videoType: 'camera',
  width: 320,
  height: 240,
};

/** All that C was told about streams, when all that the browser has done so far has reached it. */
async function story(browser, cli) {
  const type = `marker-${cli.log.find('signal').length}`;
  await browser.signal({ type });
  await cli.log.next('signal', { type });
  return cli.log.all.filter(({ event }) => event.startsWith('stream'));
}

/** What changed, and to what: otc_cli says the callback's argument in `changedTo`. */
const changes = (events) => events.slice(1).map(({ event, changedTo }) => [event, changedTo]);

test('a camera is received with all that the browser knows of it', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  const own = await browser.publish(CAMERA);
  const stream = await cli.log.next('streamReceived');
  assert.deepEqual([stream.streamId, stream.connectionId, stream.name], [own.streamId, browser.id, CAMERA.name]);
  assert.equal(stream.creationTime, own.creationTime);
  assert.ok(Math.abs(stream.creationTime - Date.now()) < 60_000, `created at ${stream.creationTime}`);
  assert.deepEqual(seen(stream), WITH_ALL);
});

for (const [what, properties, expected] of [
  [
    'audio alone',
    { name: 'voice', videoSource: null },
    { hasAudioTrack: true, hasAudio: true, hasVideoTrack: false, hasVideo: false, videoType: null, width: 0, height: 0 },
  ],
  [
    'video alone',
    { name: 'silent', audioSource: null, resolution: '640x480' },
    { hasAudioTrack: false, hasAudio: false, width: 640, height: 480 },
  ],
  [
    'a canvas',
    { ...CANVAS, audioSource: null },
    { hasAudioTrack: false, hasAudio: false, videoType: 'custom', ...CANVAS.canvas },
  ],
  [
    'all switched off',
    { ...CAMERA, publishAudio: false, publishVideo: false, publishCaptions: true },
    { hasAudio: false, hasVideo: false, hasCaptions: true },
  ],
]) {
  test(`a stream of ${what} is received as what it is, and nothing of it changes`, TEST_LIMIT, async () => {
    const { browser, cli } = await here.pair();
    await browser.publish(properties);
    const events = await story(browser, cli);
    assert.deepEqual(events.map(({ event }) => event), ['streamReceived']);
    assert.equal(events[0].name, properties.name);
    assert.deepEqual(seen(events[0]), { ...WITH_ALL, ...expected });
  });
}

test('a screen is received as one, in its own size', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  const { width, height } = await browser.publish({ name: 'screen', videoSource: 'screen' });
  assert.ok(width > 0 && height > 0, `the browser films ${width}x${height}`);
  const stream = await cli.log.next('streamReceived', { name: 'screen' });
  const sound = { hasAudioTrack: stream.hasAudioTrack, hasAudio: stream.hasAudioTrack };
  assert.deepEqual(seen(stream), { ...WITH_ALL, ...sound, videoType: 'screen', width, height });
});

test('sound, pictures and captions that are turned off and on are told once each, in order', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  const { streamId } = await browser.publish(CAMERA);
  const turns = [
    ['publishAudio', false],
    ['publishVideo', false],
    ['publishCaptions', true],
    ['publishAudio', true],
    ['publishCaptions', false],
    ['publishVideo', true],
  ];
  const callback = { publishAudio: 'Audio', publishVideo: 'Video', publishCaptions: 'Captions' };
  const expected = [];
  for (const [what, on] of turns) {
    await browser[what](on);
    expected.push([`streamHas${callback[what]}Changed`, on]);
    const [event, changedTo] = expected.at(-1);
    await cli.log.next(event, { changedTo });
  }
  await browser.unpublish();
  await cli.log.next('streamDropped', { streamId });
  const events = await story(browser, cli);
  assert.ok(events.every((event) => event.streamId === streamId && event.connectionId === browser.id));
  assert.deepEqual(changes(events), [...expected, ['streamDropped', undefined]]);
  // The stream that a callback is given has the change in it.
  const state = { ...WITH_ALL };
  for (const [index, [what, on]] of turns.entries()) {
    state[`has${callback[what]}`] = on;
    assert.deepEqual(seen(events[index + 1]), { ...state, changedTo: on });
  }
  assert.deepEqual(seen(events.at(-1)), WITH_ALL);
});

test('what is turned to what it was already is not told', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  await browser.publish(CAMERA);
  await browser.publishAudio(true);
  await browser.publishVideo(true);
  await browser.publishCaptions(false);
  assert.deepEqual(changes(await story(browser, cli)), []);
});

test('each size of the pictures is told once, in order', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  await browser.publish(CANVAS);
  const sizes = [{ width: 300, height: 150 }, { width: 120, height: 240 }, CANVAS.canvas];
  for (const size of sizes) {
    await browser.resizeCanvas(size);
    const { width, height } = size;
    await cli.log.next('streamVideoDimensionsChanged', { changedTo: `${width}x${height}`, width, height });
  }
  const expected = sizes.map(({ width, height }) => ['streamVideoDimensionsChanged', `${width}x${height}`]);
  assert.deepEqual(changes(await story(browser, cli)), expected);
});

test('each origin of the pictures is told once, in order', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  await browser.publish(CAMERA);
  const expected = [];
  for (const videoType of ['screen', 'custom', 'camera']) {
    await browser.changeVideoSource(videoType);
    await cli.log.next('streamVideoTypeChanged', { changedTo: videoType, videoType });
    expected.push(['streamVideoTypeChanged', videoType]);
  }
  assert.deepEqual(changes(await story(browser, cli)), expected);
});

test('a C client that comes later is told what has changed before as what is', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  await browser.publish(CANVAS);
  await browser.publishAudio(false);
  await browser.publishCaptions(true);
  await browser.resizeCanvas({ width: 64, height: 48 });
  await cli.log.next('streamVideoDimensionsChanged', { changedTo: '64x48' });
  await cli.log.next('streamHasCaptionsChanged', { changedTo: true });
  const late = await here.cliClient(session, 'late');
  const events = await story(browser, late);
  assert.deepEqual(events.map(({ event }) => event), ['streamReceived']);
  const expected = { ...WITH_ALL, hasAudio: false, hasCaptions: true, videoType: 'custom', width: 64, height: 48 };
  assert.deepEqual(seen(events[0]), expected);
});

test('changes of two streams of one browser do not mix', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  const first = await browser.publish(CAMERA);
  const second = await browser.publish(CANVAS);
  await browser.publishAudio(false); // of the second one
  const { streamId } = await cli.log.next('streamHasAudioChanged');
  await browser.unpublish();
  await cli.log.next('streamDropped', { streamId: second.streamId });
  assert.equal(streamId, second.streamId);
  const events = await story(browser, cli);
  const ofFirst = events.filter((event) => event.streamId === first.streamId);
  assert.deepEqual(ofFirst.map(({ event }) => event), ['streamReceived']);
});

test('changes made while the C client is away are told when it is back, once', TEST_LIMIT, async () => {
  const session = await here.session();
  const proxy = await here.proxy();
  const browser = await here.browserClient(session, 'in the browser');
  const cli = await here.cliClient(session, 'in C', { url: proxy.url });
  const watcher = await here.cliClient(session, 'watcher');
  await browser.publish(CAMERA);
  await cli.log.next('streamReceived');
  proxy.refuse();
  await cli.log.next('reconnecting');
  await browser.publishAudio(false);
  await browser.publishVideo(false);
  await watcher.log.next('streamHasVideoChanged', { changedTo: false });
  assert.deepEqual(cli.log.find('streamHasAudioChanged'), []);
  proxy.allow();
  await cli.log.next('streamHasVideoChanged', { changedTo: false });
  const expected = [['streamHasAudioChanged', false], ['streamHasVideoChanged', false]];
  assert.deepEqual(changes(await story(browser, cli)), expected);
});
