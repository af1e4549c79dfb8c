// A C client whose network is torn again and again while everybody says as much as they can: the browser, its peer, sees
// nothing of it, and everybody hears everything once and in order.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { heard, inOrder, LONG, sawNobodyLeave } from './support/crowd.mjs';
import { world } from './support/world.mjs';

const here = world();
const LIMIT = { timeout: 3 * LONG };

const COUNT = 1500;
/** After so many cuts the network is whole again. */
const CUTS = 20;
/** Most bytes that pass before a cut. */
const MOST = 150_000;

/** Random numbers that a printed seed repeats (mulberry32). */
function dice(seed) {
  let state = seed;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % most;
  };
}

test('a C client that is cut at any byte is for its peer one that never was away', LIMIT, async (t) => {
  const seed = Number(process.env.OTC_TEST_SEED ?? randomInt(2 ** 31));
  t.diagnostic(`OTC_TEST_SEED=${seed}`);
  const roll = dice(seed);
  const session = await here.session();
  const proxy = await here.proxy();
  const [browser, cli, witness] = await Promise.all([
    here.browserClient(session, 'in the browser'),
    here.cliClient(session, 'in C', { url: proxy.url }),
    here.cliClient(session, 'witness'),
  ]);
  const everybody = [browser, cli, witness];
  await here.acquainted(...everybody);

  proxy.tear(() => 1 + roll(MOST));
  const whole = cli.log.until(() => proxy.torn >= CUTS, `${CUTS} cuts`, LONG).then(() => proxy.mend(), () => {});
  await Promise.all([browser.signalMany('from-browser', COUNT, LONG), cli.signalMany('from-c', COUNT)]);
  for (const client of everybody) {
    for (const type of ['from-browser', 'from-c']) await heard(client, type, COUNT);
  }
  // What is left of the cuts falls into a quiet network: pings alone.
  proxy.mend();
  await Promise.race([whole, cli.log.until(() => proxy.torn >= CUTS / 4, 'cuts')]);
  t.diagnostic(`${proxy.torn} cuts, ${cli.log.find('reconnected').length} returns`);

  // A marker from each behind all that could still come twice.
  for (const client of everybody) await client.signal({ type: 'marker' });
  for (const client of everybody) {
    await heard(client, 'marker', everybody.length);
    inOrder(client, 'from-browser', COUNT);
    inOrder(client, 'from-c', COUNT);
    sawNobodyLeave(client, everybody.filter((other) => other !== client));
  }
  for (const client of [browser, witness]) assert.deepEqual(client.log.find('reconnecting'), []);
  assert.ok(cli.log.find('reconnected').length >= CUTS / 4, 'it was away often');
});
