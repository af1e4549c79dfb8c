// Who is there: a browser and C programs see each other come and go.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_LIMIT, world } from './support/world.mjs';

const GRACE_SECONDS = 2;
const here = world(['--grace-seconds', String(GRACE_SECONDS)]);

test('a C client that joins a browser sees it, and is seen, with the data of both tokens', TEST_LIMIT, async () => {
  const session = await here.session();
  const browser = await here.browserClient(session, 'Ünïcode {"in":"the browser"} 🦀');
  const cli = await here.cliClient(session, 'in C, 漢字');
  const [ofCli, ofBrowser] = await Promise.all([
    browser.log.next('connectionCreated', { connectionId: cli.id }),
    cli.log.next('connectionCreated', { connectionId: browser.id }),
  ]);
  assert.equal(ofCli.data, 'in C, 漢字');
  assert.equal(ofBrowser.data, 'Ünïcode {"in":"the browser"} 🦀');
  assert.equal(browser.log.find('connected')[0].data, 'Ünïcode {"in":"the browser"} 🦀');
  assert.equal(cli.log.find('connected')[0].data, 'in C, 漢字');
});

test('a browser that joins C clients sees them all, and is seen by each', TEST_LIMIT, async () => {
  const session = await here.session();
  const first = await here.cliClient(session, 'first');
  const second = await here.cliClient(session, '');
  const browser = await here.browserClient(session, 'late');
  const [ofFirst, ofSecond] = await Promise.all([
    browser.log.next('connectionCreated', { connectionId: first.id }),
    browser.log.next('connectionCreated', { connectionId: second.id }),
  ]);
  assert.equal(ofFirst.data, 'first');
  assert.equal(ofSecond.data, '');
  for (const cli of [first, second]) {
    assert.equal((await cli.log.next('connectionCreated', { connectionId: browser.id })).data, 'late');
  }
  await here.acquainted(first, second);
});

test('each connection is reported once, and the own one never as another', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  await browser.signal({ type: 'all-known' });
  await Promise.all([browser, cli].map((client) => client.log.next('signal', { type: 'all-known' })));
  assert.equal(browser.log.find('connectionCreated', { connectionId: cli.id }).length, 1);
  assert.deepEqual(
    cli.log.find('connectionCreated').map(({ connectionId }) => connectionId),
    [browser.id],
  );
});

test('people of one session see nothing of another', TEST_LIMIT, async () => {
  const [one, other] = await Promise.all([here.pair(), here.pair()]);
  await other.browser.signal({ type: 'elsewhere' });
  await other.cli.log.next('signal', { type: 'elsewhere' });
  await one.cli.signal({ type: 'marker' });
  for (const client of [one.browser, one.cli]) {
    await client.log.next('signal', { type: 'marker' });
    assert.deepEqual(client.log.find('signal', { type: 'elsewhere' }), []);
    const strangers = [other.browser.id, other.cli.id];
    assert.ok(client.log.all.every((event) => !strangers.includes(event.connectionId)));
  }
});

test('a C client that disconnects is seen to leave, and ends with 0', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  await cli.leave();
  const gone = await browser.log.next('connectionDropped', { connectionId: cli.id });
  assert.deepEqual([gone.reason, gone.data], ['clientDisconnected', 'in C']);
  assert.equal(cli.log.find('disconnected')[0].reason, 'clientDisconnected');
  assert.equal(await cli.exit(), 0);
});

test('a C client whose input ends is seen to leave, and ends with 0', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  cli.endInput();
  const gone = await browser.log.next('connectionDropped', { connectionId: cli.id });
  assert.equal(gone.reason, 'clientDisconnected');
  assert.equal(await cli.exit(), 0);
});

test('a C client that is killed leaves when the grace is over, as lost by the network', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  const killed = performance.now();
  cli.kill();
  const gone = await browser.log.next('connectionDropped', { connectionId: cli.id });
  assert.equal(gone.reason, 'networkDisconnected');
  const waited = performance.now() - killed;
  assert.ok(waited > GRACE_SECONDS * 900, `the server waited ${waited} ms only`);
});

test('a browser that disconnects is seen to leave', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  const watcher = await here.browserClient(session, 'watcher');
  await here.acquainted(watcher, browser, cli);
  await browser.leave();
  assert.equal(browser.log.find('disconnected')[0].reason, 'clientDisconnected');
  const gone = await cli.log.next('connectionDropped', { connectionId: browser.id });
  assert.equal(gone.data, 'in the browser');
  const seen = await watcher.log.next('connectionDropped', { connectionId: browser.id });
  assert.equal(seen.reason, 'clientDisconnected');
});

for (const [what, end] of [
  ['is closed', (page) => page.close({ runBeforeUnload: true })],
  ['goes elsewhere', (page) => page.goto('about:blank')],
]) {
  test(`a browser whose page ${what} is seen to leave at once`, TEST_LIMIT, async () => {
    const { session, browser, cli } = await here.pair();
    const watcher = await here.browserClient(session, 'watcher');
    await here.acquainted(watcher, browser, cli);
    await end(browser.page);
    await cli.log.next('connectionDropped', { connectionId: browser.id });
    const seen = await watcher.log.next('connectionDropped', { connectionId: browser.id });
    assert.equal(seen.reason, 'clientDisconnected');
  });
}

test('a browser with a moderator\'s token makes a C client and a browser leave', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  const moderator = await here.browserClient(session, 'moderator', { role: 'moderator' });
  await here.acquainted(moderator, browser, cli);
  for (const target of [cli, browser]) {
    assert.equal(await moderator.forceDisconnect(target.id), null);
    assert.equal((await target.log.next('disconnected')).reason, 'forceDisconnected');
    const gone = await moderator.log.next('connectionDropped', { connectionId: target.id });
    assert.equal(gone.reason, 'forceDisconnected');
  }
  assert.equal(await cli.exit(), 0);
});
