// Many numbered signals, and what becomes of them: counted as they come, because looking through a long log again and
// again takes longer than the signals do.

import assert from 'node:assert/strict';

/** How long many signals may take, in milliseconds. */
export const LONG = 60_000;

/** Waits until a client has heard so many signals of a type. */
export async function heard(client, type, count, deadline = LONG) {
  let looked = 0;
  let found = 0;
  const look = () => {
    for (; looked < client.log.all.length; looked += 1) {
      const event = client.log.all[looked];
      if (event.event === 'signal' && event.type === type) found += 1;
    }
    return found >= count;
  };
  await client.log.until(look, `${client.log.owner}: ${count} signals ${type}`, deadline);
}

/** A client has each of `count` signals of a type from one sender exactly once, and in order. */
export function inOrder(client, type, count) {
  const data = client.log.all.filter((event) => event.event === 'signal' && event.type === type).map(({ data }) => data);
  const wrong = data.findIndex((text, index) => text !== String(index));
  const found = `${client.log.owner}, ${type}: ${data.length} of ${count}, the first at its wrong place is number ${wrong}`;
  assert.ok(wrong === -1 && data.length === count, `${found}: ${data.slice(Math.max(0, wrong - 3), wrong + 4)}`);
}

/** A client has seen each of the others come once and nobody leave, and nothing has gone wrong for itself. */
export function sawNobodyLeave(client, others) {
  for (const name of ['connectionDropped', 'disconnected', 'error', 'signalFailed', 'streamReceived', 'streamDropped']) {
    assert.deepEqual(client.log.find(name), [], `${client.log.owner}: ${name}`);
  }
  const came = client.log.find('connectionCreated').map(({ connectionId }) => connectionId);
  const expected = others.map(({ id }) => id);
  assert.deepEqual(came.filter((id) => id !== client.id).sort(), expected.sort(), client.log.owner);
}
