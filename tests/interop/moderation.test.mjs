// Moderation: what a moderator in a browser does reaches C programs, and what one in C does reaches browsers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_LIMIT, world } from './support/world.mjs';

const here = world();

const VOICE = { name: 'voice', videoSource: null };
const MODERATOR = { role: 'moderator' };

/** Everybody has received all that was sent before: a signal of the last one who did something has come. */
async function settled(sender, ...clients) {
  const type = `settled-${sender.log.find('signal').length}`;
  await sender.signal({ type });
  await Promise.all([sender, ...clients].map((client) => client.log.next('signal', { type })));
}

const audioChanges = (client) =>
  client.log.find('streamHasAudioChanged').map(({ streamId, changedTo }) => [streamId, changedTo]);

const mutes = (client) => client.log.find('muteForced').map(({ active }) => active);

/** The streams that two browsers publish, when the others know them. */
async function voices(one, two, others) {
  const streams = await Promise.all([one.publish(VOICE), two.publish(VOICE)]);
  const ids = streams.map(({ streamId }) => streamId);
  await Promise.all(others.flatMap((other) => ids.map((streamId) => other.log.next('streamReceived', { streamId }))));
  return ids;
}

/** A moderator in a browser, two browsers that publish, and a C program. */
async function browserModerates() {
  const session = await here.session();
  const [moderator, one, two, cli] = await Promise.all([
    here.browserClient(session, 'moderator', MODERATOR),
    here.browserClient(session, 'one'),
    here.browserClient(session, 'two'),
    here.cliClient(session, 'in C'),
  ]);
  await here.acquainted(moderator, one, two, cli);
  const [first, second] = await voices(one, two, [moderator, cli]);
  return { session, moderator, one, two, cli, first, second };
}

test('a browser mutes everybody: C hears of it, and of each voice that falls silent', TEST_LIMIT, async () => {
  const { moderator, one, two, cli, first, second } = await browserModerates();
  assert.equal(await moderator.forceMuteAll(), null);
  assert.equal((await cli.log.next('muteForced')).active, true);
  for (const browser of [one, two]) await browser.log.next('publisherMuteForced');
  for (const streamId of [first, second]) await cli.log.next('streamHasAudioChanged', { streamId });
  await settled(one, two, cli, moderator);
  assert.deepEqual(mutes(cli), [true]);
  assert.deepEqual(audioChanges(cli).sort(), [[first, false], [second, false]].sort());
  assert.equal((await one.ownStream()).hasAudio, false);
});

test('a browser mutes all but one: C hears that one stream alone fall silent', TEST_LIMIT, async () => {
  const { moderator, one, two, cli, first, second } = await browserModerates();
  assert.equal(await moderator.forceMuteAll([first]), null);
  await two.log.next('publisherMuteForced');
  await cli.log.next('streamHasAudioChanged');
  await settled(one, two, cli, moderator);
  await settled(two, one, cli, moderator);
  assert.deepEqual(mutes(cli), [true]);
  assert.deepEqual(audioChanges(cli), [[second, false]]);
  assert.deepEqual(one.log.find('publisherMuteForced'), []);
});

test('a browser mutes one stream: C hears that it is silent, and of no mute of all', TEST_LIMIT, async () => {
  const { moderator, one, two, cli, first } = await browserModerates();
  assert.equal(await moderator.forceMuteStream(first), null);
  await one.log.next('publisherMuteForced');
  await cli.log.next('streamHasAudioChanged', { streamId: first });
  await settled(one, two, cli, moderator);
  assert.deepEqual([mutes(cli), audioChanges(cli)], [[], [[first, false]]]);
  assert.deepEqual(two.log.find('publisherMuteForced'), []);
  // Whoever was muted may speak again.
  await one.publishAudio(true);
  await cli.log.next('streamHasAudioChanged', { streamId: first, changedTo: true });
});

test('whoever comes while the session is muted learns it, and nobody who comes afterwards', TEST_LIMIT, async () => {
  const { session, moderator, cli } = await browserModerates();
  assert.equal(await moderator.forceMuteAll(), null);
  await cli.log.next('muteForced', { active: true });
  const lateCli = await here.cliClient(session, 'late, in C');
  assert.equal((await lateCli.log.next('muteForced')).active, true);
  const late = await here.browserClient(session, 'late, in the browser');
  await late.log.next('muteForced', { active: true });
  const { streamId } = await late.publish(VOICE);
  assert.equal((await cli.log.next('streamReceived', { streamId })).hasAudio, false, 'it begins silent');
  assert.equal(await moderator.disableForceMute(), null);
  for (const client of [cli, lateCli]) await client.log.next('muteForced', { active: false });
  const [afterwards, afterwardsCli] = await Promise.all([
    here.browserClient(session, 'afterwards'),
    here.cliClient(session, 'afterwards, in C'),
  ]);
  const loud = await afterwards.publish(VOICE);
  assert.equal((await cli.log.next('streamReceived', { streamId: loud.streamId })).hasAudio, true);
  await settled(afterwards, afterwardsCli, cli, lateCli, late);
  for (const client of [cli, late, lateCli]) assert.deepEqual(mutes(client), [true, false]);
  for (const client of [afterwards, afterwardsCli]) assert.deepEqual(mutes(client), []);
});

test('a browser ends a stream: C sees it go, and its owner stay', TEST_LIMIT, async () => {
  const { moderator, one, two, cli, first, second } = await browserModerates();
  assert.equal(await moderator.forceUnpublish(first), null);
  const ended = await one.log.next('publisherStreamDestroyed', { streamId: first });
  assert.equal(ended.reason, 'forceUnpublished');
  await cli.log.next('streamDropped', { streamId: first });
  await settled(one, two, cli, moderator);
  assert.deepEqual(cli.log.find('streamDropped').map(({ streamId }) => streamId), [first]);
  assert.deepEqual(cli.log.find('connectionDropped'), []);
  assert.deepEqual(cli.log.find('streamDropped', { streamId: second }), []);
});

test('a browser makes a publisher and a C program leave', TEST_LIMIT, async () => {
  const { session, moderator, one, cli, first } = await browserModerates();
  const target = await here.cliClient(session, 'to leave');
  await here.acquainted(target, moderator);
  assert.equal(await moderator.forceDisconnect(one.id), null);
  await cli.log.next('connectionDropped', { connectionId: one.id });
  assert.equal((await one.log.next('disconnected')).reason, 'forceDisconnected');
  const gone = cli.log.all.filter(({ event }) => event.endsWith('Dropped'));
  assert.deepEqual(gone.map(({ event }) => event), ['streamDropped', 'connectionDropped']);
  assert.equal(gone[0].streamId, first);
  assert.equal(await moderator.forceDisconnect(target.id), null);
  assert.equal((await target.log.next('disconnected')).reason, 'forceDisconnected');
  assert.equal(await target.exit(), 0);
  await cli.log.next('connectionDropped', { connectionId: target.id });
});

/** A moderator in C, another C program that looks on, and two browsers that publish. */
async function cModerates() {
  const session = await here.session();
  const [moderator, watcher, one, two] = await Promise.all([
    here.cliClient(session, 'moderator', MODERATOR),
    here.cliClient(session, 'watcher'),
    here.browserClient(session, 'one'),
    here.browserClient(session, 'two'),
  ]);
  await here.acquainted(moderator, watcher, one, two);
  const [first, second] = await voices(one, two, [moderator, watcher]);
  return { session, moderator, watcher, one, two, first, second };
}

test('C mutes everybody: each browser falls silent, and everybody hears of it', TEST_LIMIT, async () => {
  const { moderator, watcher, one, two, first, second } = await cModerates();
  moderator.command({ cmd: 'forceMuteAll' });
  for (const client of [moderator, watcher, one, two]) await client.log.next('muteForced', { active: true });
  for (const browser of [one, two]) await browser.log.next('publisherMuteForced');
  for (const streamId of [first, second]) {
    await watcher.log.next('streamHasAudioChanged', { streamId, changedTo: false });
    await moderator.log.next('streamHasAudioChanged', { streamId, changedTo: false });
  }
  await settled(one, two, watcher, moderator);
  await settled(two, one, watcher, moderator);
  assert.deepEqual(audioChanges(watcher).sort(), [[first, false], [second, false]].sort());
  for (const client of [moderator, watcher, one, two]) assert.deepEqual(mutes(client), [true]);
  for (const browser of [one, two]) assert.equal((await browser.ownStream()).hasAudio, false);
});

test('C mutes all but one, which goes on', TEST_LIMIT, async () => {
  const { moderator, watcher, one, two, first, second } = await cModerates();
  moderator.command({ cmd: 'forceMuteAll', excludedStreams: [first] });
  await two.log.next('publisherMuteForced');
  await watcher.log.next('streamHasAudioChanged');
  await one.log.next('muteForced', { active: true });
  await settled(one, two, watcher, moderator);
  await settled(two, one, watcher, moderator);
  assert.deepEqual(audioChanges(watcher), [[second, false]]);
  assert.deepEqual(one.log.find('publisherMuteForced'), []);
  assert.equal((await one.ownStream()).hasAudio, true);
});

test('C mutes one stream, which may speak again', TEST_LIMIT, async () => {
  const { moderator, watcher, one, two, first } = await cModerates();
  moderator.command({ cmd: 'forceMuteStream', streamId: first });
  await one.log.next('publisherMuteForced');
  await watcher.log.next('streamHasAudioChanged', { streamId: first, changedTo: false });
  await settled(one, two, watcher, moderator);
  assert.deepEqual([mutes(watcher), mutes(one), two.log.find('publisherMuteForced')], [[], [], []]);
  await one.publishAudio(true);
  await watcher.log.next('streamHasAudioChanged', { streamId: first, changedTo: true });
});

test('C mutes the session for those who come later, until it ends that', TEST_LIMIT, async () => {
  const { session, moderator, watcher, one, two } = await cModerates();
  moderator.command({ cmd: 'forceMuteAll' });
  for (const browser of [one, two]) await browser.log.next('publisherMuteForced');
  const late = await here.browserClient(session, 'late');
  await late.log.next('muteForced', { active: true });
  const silent = await late.publish(VOICE);
  assert.equal((await watcher.log.next('streamReceived', { streamId: silent.streamId })).hasAudio, false);
  moderator.command({ cmd: 'disableForceMute' });
  for (const client of [watcher, one, two, late]) await client.log.next('muteForced', { active: false });
  const afterwards = await here.browserClient(session, 'afterwards');
  const loud = await afterwards.publish(VOICE);
  assert.equal((await watcher.log.next('streamReceived', { streamId: loud.streamId })).hasAudio, true);
  assert.deepEqual(mutes(afterwards), []);
});

test('C makes a browser leave: its stream ends, and then it is gone', TEST_LIMIT, async () => {
  const { moderator, watcher, one, two, first } = await cModerates();
  moderator.command({ cmd: 'forceDisconnect', connectionId: one.id });
  assert.equal((await one.log.next('disconnected')).reason, 'forceDisconnected');
  const gone = await two.log.next('connectionDropped', { connectionId: one.id });
  assert.equal(gone.reason, 'forceDisconnected');
  for (const client of [moderator, watcher]) {
    await client.log.next('connectionDropped', { connectionId: one.id });
    const dropped = client.log.all.filter(({ event }) => event.endsWith('Dropped'));
    assert.deepEqual(dropped.map(({ event, streamId = null }) => [event, streamId]), [
      ['streamDropped', first],
      ['connectionDropped', null],
    ]);
  }
  assert.deepEqual(moderator.log.find('error'), []);
});

test('C without a moderator\'s token is refused, and nobody notices', TEST_LIMIT, async () => {
  const { watcher, one, two, first } = await cModerates();
  for (const [code, command] of [
    [1540, { cmd: 'forceMuteAll' }],
    [1540, { cmd: 'forceMuteAll', excludedStreams: [first] }],
    [1540, { cmd: 'disableForceMute' }],
    [1540, { cmd: 'forceMuteStream', streamId: first }],
    [1520, { cmd: 'forceDisconnect', connectionId: one.id }],
  ]) {
    const before = watcher.log.find('error').length;
    watcher.command(command);
    await watcher.log.until(() => watcher.log.find('error').length > before, `a refusal of ${command.cmd}`);
    const refusal = watcher.log.find('error')[before];
    assert.equal(refusal.code, code, command.cmd);
    assert.notEqual(refusal.message, '');
  }
  await settled(watcher, one, two);
  await settled(one, watcher, two);
  for (const browser of [one, two]) {
    assert.deepEqual([mutes(browser), browser.log.find('publisherMuteForced')], [[], []]);
  }
  assert.deepEqual(audioChanges(watcher), []);
});

test('C that moderates while it is away is obeyed when it is back, once', TEST_LIMIT, async () => {
  const session = await here.session();
  const proxy = await here.proxy();
  const moderator = await here.cliClient(session, 'moderator', { ...MODERATOR, url: proxy.url });
  const browser = await here.browserClient(session, 'in the browser');
  await here.acquainted(moderator, browser);
  const { streamId } = await browser.publish(VOICE);
  await moderator.log.next('streamReceived', { streamId });
  proxy.refuse();
  await moderator.log.next('reconnecting');
  moderator.command({ cmd: 'forceMuteAll' });
  moderator.command({ cmd: 'signal', type: 'after-the-mute' });
  proxy.allow();
  await browser.log.next('signal', { type: 'after-the-mute' });
  assert.deepEqual(mutes(browser), [true]);
  await moderator.log.next('streamHasAudioChanged', { streamId, changedTo: false });
  assert.deepEqual(moderator.log.find('error'), []);
});
