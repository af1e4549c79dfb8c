// What tests of calls say of the media that reaches a page.

import assert from 'node:assert/strict';
import { DEADLINE } from './event_log.mjs';

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
export async function plays(client, streamId) {
  await client.reads(streamId, { width: 0, videoBytes: 0, audioBytes: 0 });
  return grows(client, streamId, [...new Set([...PICTURE, ...SOUND])]);
}

/** What is read of a picture has the shape of the one that is published. A busy machine sends a smaller one. */
export function hasShape(reading, { width, height }) {
  const shapes = [reading.width / reading.height, width / height];
  assert.ok(Math.abs(shapes[0] - shapes[1]) < 0.05, JSON.stringify({ reading, width, height }));
}

/** The pictures move, whatever is to be heard. */
export const moves = (client, streamId) => grows(client, streamId, PICTURE);

/** There is something to be heard, whatever is to be seen. */
export const sounds = (client, streamId) => grows(client, streamId, SOUND);

/** Waits until a name of `reading` has grown by no more than `least` while the client listened for a while. */
async function stops(client, streamId, name, least) {
  const until = Date.now() + DEADLINE;
  let first = await client.reading(streamId);
  for (;;) {
    const last = await client.reads(streamId, { heard: first.heard + LISTENED });
    const more = last[name] - first[name];
    if (more <= least) return;
    // What was on its way still came.
    assert.ok(Date.now() < until, `${name} still grows: by ${more}`);
    first = last;
  }
}

/** Bytes of sound go on to come, and there is nothing in them. A beep has ten thousand times the noise of the codec. */
export const isSilent = (client, streamId) => stops(client, streamId, 'energy', 1e-4);

/** No further picture comes, while there is sound. */
export const standsStill = (client, streamId) => stops(client, streamId, 'frames', 0);
