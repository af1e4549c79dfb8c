// A browser that publishes: C programs see its stream come and go.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_LIMIT, world } from './support/world.mjs';

const here = world();

const CAMERA = { name: 'Kamera 漢字', width: 320, height: 240 };

test('a stream of a browser is seen by C, with its name and its owner, until it ends', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  const other = await here.browserClient(session, 'other');
  await here.acquainted(browser, cli, other);
  await browser.publish(CAMERA);
  const [inC, inBrowser] = await Promise.all([cli.log.next('streamReceived'), other.log.next('streamReceived')]);
  assert.deepEqual([inC.name, inC.connectionId], [CAMERA.name, browser.id]);
  assert.equal(inC.streamId, inBrowser.streamId);
  await browser.unpublish();
  const { streamId } = inC;
  assert.equal((await cli.log.next('streamDropped', { streamId })).name, CAMERA.name);
  await other.log.next('streamDropped', { streamId });
});

test('a C client that comes later is told of the stream that is there', TEST_LIMIT, async () => {
  const session = await here.session();
  const browser = await here.browserClient(session, 'in the browser');
  await browser.publish(CAMERA);
  const cli = await here.cliClient(session, 'late');
  const stream = await cli.log.next('streamReceived');
  assert.deepEqual([stream.name, stream.connectionId], [CAMERA.name, browser.id]);
});

test('a stream ends before its owner is seen to leave', TEST_LIMIT, async () => {
  const { browser, cli } = await here.pair();
  await browser.publish(CAMERA);
  const { streamId } = await cli.log.next('streamReceived');
  await browser.leave();
  await cli.log.next('connectionDropped', { connectionId: browser.id });
  const order = cli.log.all.map(({ event }) => event).filter((event) => event.endsWith('Dropped'));
  assert.deepEqual(order, ['streamDropped', 'connectionDropped']);
  assert.equal(cli.log.find('streamDropped')[0].streamId, streamId);
});
