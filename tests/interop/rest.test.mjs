// What an application's own server does by REST is seen by browsers and C programs alike.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_LIMIT, world } from './support/world.mjs';

const here = world();

const seen = ({ type, data, from }) => ({ type, data, from });

test('a signal by REST reaches all, from nobody', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  for (const content of [{ type: 'notice', data: 'dvě 漢字 🦀' }, { type: 'bare' }, { data: 'no type' }]) {
    const before = [browser, cli].map((client) => client.log.find('signal').length);
    assert.equal(await here.server.rest('POST', session, 'signal', content), 204);
    for (const [index, client] of [browser, cli].entries()) {
      const signals = () => client.log.find('signal');
      await client.log.until(() => signals().length > before[index], `the signal ${JSON.stringify(content)}`);
      const expected = { type: content.type ?? null, data: content.data ?? null, from: null };
      assert.deepEqual(seen(signals()[before[index]]), expected);
    }
  }
});

test('a signal by REST to one reaches that one alone', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  for (const to of [browser, cli]) {
    const path = `connection/${to.id}/signal`;
    assert.equal(await here.server.rest('POST', session, path, { type: 'private', data: to.id }), 204);
  }
  assert.equal(await here.server.rest('POST', session, 'signal', { type: 'marker' }), 204);
  for (const client of [browser, cli]) {
    await client.log.next('signal', { type: 'marker' });
    assert.deepEqual(client.log.find('signal').map(seen), [
      { type: 'private', data: client.id, from: null },
      { type: 'marker', data: null, from: null },
    ]);
  }
});

test('a browser that is made to leave is told so, and is seen to leave', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  assert.equal(await here.server.rest('DELETE', session, `connection/${browser.id}`), 204);
  assert.equal((await browser.log.next('disconnected')).reason, 'forceDisconnected');
  await cli.log.next('connectionDropped', { connectionId: browser.id });
  assert.equal(await here.server.rest('DELETE', session, `connection/${browser.id}`), 404);
});

test('a C client that is made to leave is told so, and is seen to leave', TEST_LIMIT, async () => {
  const { session, browser, cli } = await here.pair();
  assert.equal(await here.server.rest('DELETE', session, `connection/${cli.id}`), 204);
  assert.equal((await cli.log.next('disconnected')).reason, 'forceDisconnected');
  const gone = await browser.log.next('connectionDropped', { connectionId: cli.id });
  assert.equal(gone.reason, 'forceDisconnected');
  assert.deepEqual(cli.log.find('error'), []);
  assert.equal(await cli.exit(), 0);
});
