// Cut sockets: the clients come back, nothing is lost or comes twice, and the others do not notice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_LIMIT, world } from './support/world.mjs';

const here = world();

const COUNT = 60;
/** How many signals of a sender are on their way at any time. */
const AHEAD = 8;

/** A browser and a C client, each through a proxy of its own, and a C client that nothing happens to. */
async function three() {
  const session = await here.session();
  const [toBrowser, toCli] = [await here.proxy(), await here.proxy()];
  const [browser, cli, witness] = await Promise.all([
    here.browserClient({ ...session, url: toBrowser.url }, 'in the browser'),
    here.cliClient(session, 'in C', { url: toCli.url }),
    here.cliClient(session, 'witness'),
  ]);
  await here.acquainted(browser, cli, witness);
  return { browser, cli, witness, toBrowser, toCli };
}

/** Sends numbered signals, a few ahead of what the watcher has seen; `at` is called when half of them have arrived. */
async function stream(sender, type, watcher, at = () => {}) {
  const sent = [];
  const send = () => sent.push(sender.signal({ type, data: String(sent.length) }));
  while (sent.length < AHEAD) send();
  for (let seen = 1; seen <= COUNT; seen += 1) {
    await watcher.log.signals(type, seen);
    if (seen === COUNT / 2) at();
    if (sent.length < COUNT) send();
  }
  await Promise.all(sent);
}

const numbers = Array.from({ length: COUNT }, (_, index) => String(index));

/** Everybody has every signal of `types` exactly once and in order, and has seen nobody leave. */
async function nothingIsLost(clients, types) {
  // A marker from each behind all that could still come twice.
  await Promise.all(clients.map((client) => client.signal({ type: 'marker' })));
  for (const client of clients) {
    await client.log.signals('marker', clients.length);
    for (const type of types) {
      assert.deepEqual(client.log.find('signal', { type }).map(({ data }) => data), numbers, `${client.log.owner} ${type}`);
    }
    assert.deepEqual(client.log.find('connectionDropped'), []);
    assert.deepEqual(client.log.find('disconnected'), []);
    assert.deepEqual(client.log.find('error'), []);
    const others = client.log.find('connectionCreated').filter(({ connectionId }) => connectionId !== client.id);
    assert.equal(others.length, clients.length - 1);
  }
}

test('signals flow on through a cut of the browser', TEST_LIMIT, async () => {
  const { browser, cli, witness, toBrowser } = await three();
  await Promise.all([
    stream(browser, 'from-browser', witness, () => toBrowser.cut()),
    stream(cli, 'from-c', witness),
  ]);
  await browser.log.next('reconnecting');
  await browser.log.next('reconnected');
  await nothingIsLost([browser, cli, witness], ['from-browser', 'from-c']);
  assert.deepEqual([...cli.log.find('reconnecting'), ...witness.log.find('reconnecting')], []);
});

test('signals flow on through a cut of the C client', TEST_LIMIT, async () => {
  const { browser, cli, witness, toCli } = await three();
  await Promise.all([
    stream(browser, 'from-browser', witness),
    stream(cli, 'from-c', witness, () => toCli.cut()),
  ]);
  await cli.log.next('reconnecting');
  await cli.log.next('reconnected');
  await nothingIsLost([browser, cli, witness], ['from-browser', 'from-c']);
  assert.deepEqual([...browser.log.find('reconnecting'), ...witness.log.find('reconnecting')], []);
});

test('signals flow on through cuts of both, one after another', TEST_LIMIT, async () => {
  const { browser, cli, witness, toBrowser, toCli } = await three();
  const cuts = (proxy, client, type) => async () => {
    for (let cut = 1; cut <= 3; cut += 1) {
      await client.log.signals(type, cut * 15);
      proxy.cut();
      await client.log.until(() => client.log.find('reconnected').length >= cut, `${client.log.owner}: back ${cut} times`);
    }
  };
  await Promise.all([
    stream(browser, 'from-browser', witness),
    stream(cli, 'from-c', witness),
    cuts(toBrowser, browser, 'from-browser')(),
    cuts(toCli, cli, 'from-c')(),
  ]);
  await nothingIsLost([browser, cli, witness], ['from-browser', 'from-c']);
});

test('what is said while clients cannot reach the server reaches them when they can', TEST_LIMIT, async () => {
  const { browser, cli, witness, toBrowser, toCli } = await three();
  for (const proxy of [toBrowser, toCli]) proxy.refuse();
  await Promise.all([browser, cli].map((client) => client.log.next('reconnecting')));
  await cli.signal({ type: 'from-c-while-away', data: 'kept' });
  const fromBrowser = browser.signal({ type: 'from-browser-while-away', data: 'kept' });
  await stream(witness, 'from-witness', witness);
  for (const proxy of [toBrowser, toCli]) proxy.allow();
  await Promise.all([browser, cli].map((client) => client.log.next('reconnected')));
  await fromBrowser;
  await nothingIsLost([browser, cli, witness], ['from-witness']);
  for (const client of [browser, cli, witness]) {
    for (const type of ['from-c-while-away', 'from-browser-while-away']) {
      assert.deepEqual(client.log.find('signal', { type }).map(({ data }) => data), ['kept']);
    }
  }
});

test('a connection that looks alive but is silent is replaced, and nothing is lost', TEST_LIMIT, async () => {
  const { browser, cli, witness, toBrowser, toCli } = await three();
  for (const proxy of [toBrowser, toCli]) proxy.freeze();
  const sent = [browser.signal({ type: 'into-silence' }), cli.signal({ type: 'into-silence' })];
  await stream(witness, 'from-witness', witness);
  await Promise.all([browser, cli].map((client) => client.log.next('reconnected')));
  await Promise.all(sent);
  await nothingIsLost([browser, cli, witness], ['from-witness']);
  for (const client of [browser, cli, witness]) {
    assert.equal(client.log.find('signal', { type: 'into-silence' }).length, 2);
  }
});
