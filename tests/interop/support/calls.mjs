// What tests of calls say of the media that reaches a page.

import assert from 'node:assert/strict';

/** What grows while a picture with sound plays, in the words of `reading`. */
const PICTURE = ['time', 'frames', 'videoBytes'];
const SOUND = ['time', 'audioBytes', 'energy'];

/** How much sound, in seconds, is listened to before it counts as silence: the fake microphone beeps twice a second. */
const LISTENED = 1.2;

async function grows(client, streamId, names) {
  const first = await client.reading(streamId);
  const least = Object.fromEntries(names.map((name) => [name, first?.[name] ?? 0]));
  return client.reads(streamId, least);
}

/** Publishes, and waits until the others know. Returns the stream as its publisher knows it. */
export async function published(publisher, properties, others) {
  const stream = await publisher.publish(properties);
  await Promise.all(others.map((other) => other.log.next('streamReceived', { streamId: stream.streamId })));
  return stream;
}

/** The stream has ended for that reason at those who watch it, and nothing plays it any more. C hears no reasons. */
export async function ended({ streamId }, reason, watchers, cli) {
  await cli.log.next('streamDropped', { streamId });
  for (const watcher of watchers) {
    await watcher.log.next('streamDropped', { streamId, reason });
    await watcher.log.next('subscriberDestroyed', { streamId, reason });
    assert.equal(await watcher.reading(streamId), null);
  }
}

/** The stream plays at the client: there is a picture, it moves, and so do the bytes of picture and sound. */
export async function plays(client, streamId, { width, height } = {}) {
  await client.reads(streamId, { width: 0, videoBytes: 0, audioBytes: 0 });
  const reading = await grows(client, streamId, [...new Set([...PICTURE, ...SOUND])]);
  if (width !== undefined) assert.deepEqual([reading.width, reading.height], [width, height]);
  return reading;
}

/** The pictures move, whatever is to be heard. */
export const moves = (client, streamId) => grows(client, streamId, PICTURE);

/** There is something to be heard, whatever is to be seen. */
export const sounds = (client, streamId) => grows(client, streamId, SOUND);

/** Listens for a while: what it saw and heard at the beginning, and at the end. */
async function listens(client, streamId) {
  const start = await client.reading(streamId);
  // What was on its way has passed.
  const first = await client.reads(streamId, { heard: start.heard + LISTENED / 2 });
  return [first, await client.reads(streamId, { heard: first.heard + LISTENED })];
}

/** Bytes of sound go on to come, and there is nothing in them. */
export async function isSilent(client, streamId) {
  const [first, last] = await listens(client, streamId);
  // A millionth of the energy of a beep is the noise of the codec.
  assert.ok(last.energy - first.energy < 1e-4, `heard ${last.energy - first.energy} of sound`);
}

/** No further picture comes, while there is sound. */
export async function standsStill(client, streamId) {
  const [first, last] = await listens(client, streamId);
  assert.equal(last.frames, first.frames, 'pictures that came');
}
