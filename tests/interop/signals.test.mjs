// Signals between a browser and C programs: to all and to one, with and without type and data, byte for byte, in order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_LIMIT, world } from './support/world.mjs';

const here = world();

/** The largest text that the library takes: 8,192 bytes of UTF-8. */
const LIBRARY_BYTES = 8192;
/** The largest data that the published client takes: 8,192 UTF-16 units as JSON, two of them the quotes. */
const CLIENT_UNITS = 8190;

/** Text of `count` bytes or units: `parts` over and over, filled up with `filler`. */
function text(parts, count, length, filler) {
  let made = parts.repeat(Math.floor(count / length(parts)));
  while (length(made) < count) made += filler;
  assert.equal(length(made), count);
  return made;
}
const bytes = (some) => Buffer.byteLength(some, 'utf8');
const units = (some) => some.length;

const seen = ({ type, data, from }) => ({ type, data, from });

/** The four kinds of content that a signal can have. */
const CONTENTS = [
  { type: 'both', data: 'type and data' },
  { type: 'only-a-type' },
  { data: 'only data' },
  {},
];

for (const content of CONTENTS) {
  const expected = { type: content.type ?? null, data: content.data ?? null };
  const what = `a signal ${JSON.stringify(content)}`;

  test(`${what} from a browser reaches all, itself included`, TEST_LIMIT, async () => {
    const { browser, cli } = await here.pair();
    await browser.signal(content);
    for (const client of [cli, browser]) {
      assert.deepEqual(seen(await client.log.next('signal')), { ...expected, from: browser.id });
    }
  });

  test(`${what} from C reaches all, itself included`, TEST_LIMIT, async () => {
    const { browser, cli } = await here.pair();
    await cli.signal(content);
    for (const client of [browser, cli]) {
      assert.deepEqual(seen(await client.log.next('signal')), { ...expected, from: cli.id });
    }
  });
}

test('a signal from a browser to one C client reaches that one alone', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  const third = await here.cliClient(session, 'third');
  await here.acquainted(browser, cli, third);
  for (const content of CONTENTS) await browser.signal({ ...content, to: cli.id });
  await browser.signal({ type: 'marker' });
  const inOrder = [...CONTENTS.map(({ type }) => type ?? null), 'marker'];
  await Promise.all([cli, third, browser].map((client) => client.log.next('signal', { type: 'marker' })));
  assert.deepEqual(cli.log.find('signal').map(({ type }) => type), inOrder);
  assert.ok(cli.log.find('signal').every(({ from }) => from === browser.id));
  assert.deepEqual(third.log.find('signal').map(({ type }) => type), ['marker']);
  assert.deepEqual(browser.log.find('signal').map(({ type }) => type), ['marker']);
});

test('a signal from C to one browser reaches that one alone', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  const [third, fourth] = await Promise.all([
    here.browserClient(session, 'third'),
    here.cliClient(session, 'fourth'),
  ]);
  await here.acquainted(browser, cli, third, fourth);
  for (const content of CONTENTS) await cli.signal({ ...content, to: browser.id });
  await cli.signal({ type: 'marker' });
  const all = [browser, cli, third, fourth];
  await Promise.all(all.map((client) => client.log.next('signal', { type: 'marker' })));
  assert.deepEqual(
    browser.log.find('signal').map(seen),
    [...CONTENTS, { type: 'marker' }].map(({ type, data }) => ({ type: type ?? null, data: data ?? null, from: cli.id })),
  );
  for (const other of [cli, third, fourth]) {
    assert.deepEqual(other.log.find('signal').map(({ type }) => type), ['marker']);
  }
});

test('one can signal to oneself, in the browser and in C', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  await browser.signal({ type: 'mine', to: browser.id });
  await cli.signal({ type: 'mine', to: cli.id });
  await Promise.all([browser, cli].map((client) => client.log.next('signal', { type: 'mine', from: client.id })));
  await browser.signal({ type: 'marker' });
  for (const client of [browser, cli]) {
    await client.log.next('signal', { type: 'marker' });
    assert.equal(client.log.find('signal', { type: 'mine' }).length, 1);
  }
});

test('8 KB of non-ASCII text from C arrives byte for byte', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  const data = text('žťčý漢字🦀👩‍🚀', LIBRARY_BYTES, bytes, 'é');
  await cli.signal({ type: 'long', data });
  for (const client of [browser, cli]) assert.equal((await client.log.next('signal', { type: 'long' })).data, data);
});

test('as much text as the published client takes arrives byte for byte in C', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  for (const [type, parts, filler] of [
    ['emoji', '🦀', 'é'],
    ['han', '漢', '字'],
    ['mixed', 'ß漢🎉', 'é'],
  ]) {
    const data = text(parts, CLIENT_UNITS, units, filler);
    await browser.signal({ type, data });
    assert.equal((await cli.log.next('signal', { type })).data, data);
  }
});

test('quotes, backslashes, control characters and line separators survive both ways', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  const awkward = '"quoted" \\ back\\slash\t\r\n\b\f \u0001\u001f\u007f\u0085\u2028\u2029\ufeff {"json":[1]} </script>';
  await browser.signal({ type: 'from-browser', data: awkward });
  await cli.signal({ type: 'from-c', data: awkward });
  for (const client of [browser, cli]) {
    assert.equal((await client.log.next('signal', { type: 'from-browser' })).data, awkward);
    assert.equal((await client.log.next('signal', { type: 'from-c' })).data, awkward);
  }
});

test('data that is empty is neither absent nor lost', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  await browser.signal({ type: 'from-browser', data: '' });
  await cli.signal({ type: 'from-c', data: '' });
  for (const client of [browser, cli]) {
    assert.equal((await client.log.next('signal', { type: 'from-browser' })).data, '');
    assert.equal((await client.log.next('signal', { type: 'from-c' })).data, '');
  }
});

test('what C strings cannot hold arrives in C with replacements, and in browsers as it was', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  const other = await here.browserClient(session, 'other');
  await here.acquainted(browser, cli, other);
  // Within the pages: half a surrogate pair does not survive the way between them and this file.
  const send = () => window.interop.signal({ type: 'half-a-pair', data: 'a\ud83db' });
  const arrived = () => window.interop.received.includes('a\ud83db');
  assert.equal(await browser.page.evaluate(send), null);
  await browser.signal({ type: 'nul', data: 'a\u0000b' });
  for (const type of ['half-a-pair', 'nul']) {
    assert.equal((await cli.log.next('signal', { type })).data, 'a\ufffdb');
  }
  assert.equal((await other.log.next('signal', { type: 'nul' })).data, 'a\u0000b');
  assert.ok(await other.page.evaluate(arrived));
});

test('data that is not text arrives in browsers as it was, and in C as its JSON', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  const other = await here.browserClient(session, 'other');
  await here.acquainted(browser, cli, other);
  for (const [type, data] of [
    ['object', { text: 'é"\\', list: [1, { deep: null }], yes: true }],
    ['number', 42.5],
    ['array', ['a', 1, null]],
    ['true', true],
  ]) {
    await browser.signal({ type, data });
    assert.deepEqual((await other.log.next('signal', { type })).data, data);
    const inC = await cli.log.next('signal', { type });
    assert.equal(inC.data, JSON.stringify(data));
  }
});

test('types may hold all characters that the published client allows', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  for (const type of ['chat.message.v1', 'A-Z_a-z~0.9', '.', 't'.repeat(128)]) {
    await browser.signal({ type, data: 'x' });
    const arrived = await cli.log.next('signal', { type });
    assert.equal(arrived.from, browser.id);
  }
});

test('fifty signals arrive in order, from the browser and from C at the same time', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  const numbers = Array.from({ length: 50 }, (_, index) => String(index));
  const sent = [];
  for (const data of numbers) {
    sent.push(browser.signal({ type: 'from-browser', data }), cli.signal({ type: 'from-c', data }));
  }
  await Promise.all(sent);
  for (const client of [browser, cli]) {
    for (const type of ['from-browser', 'from-c']) {
      const arrived = await client.log.signals(type, numbers.length);
      assert.deepEqual(arrived.map(({ data }) => data), numbers);
    }
  }
  // Everybody has seen all hundred in the same order.
  const order = (client) => client.log.find('signal').map(({ type, data }) => `${type} ${data}`);
  assert.deepEqual(order(browser), order(cli));
});

test('fifty signals arrive in order when only the browser sends, and when only C does', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  const numbers = Array.from({ length: 50 }, (_, index) => String(index));
  for (const [type, sender] of [['from-browser', browser], ['from-c', cli]]) {
    await Promise.all(numbers.map((data) => sender.signal({ type, data })));
    for (const client of [browser, cli]) {
      assert.deepEqual((await client.log.signals(type, 50)).map(({ data }) => data), numbers);
    }
  }
});
