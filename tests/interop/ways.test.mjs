// The ways in which a page can be pointed at the server (wire.md §1.1).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrowserClient } from './support/browser.mjs';
import { TEST_LIMIT, world } from './support/world.mjs';

const here = world();

/** Both clients are heard by each other. */
async function talk(one, other) {
  await here.acquainted(one, other);
  await one.signal({ type: 'from-one', data: 'é' });
  await other.signal({ type: 'from-other', data: '漢' });
  await one.log.next('signal', { type: 'from-other', data: '漢', from: other.id });
  await other.log.next('signal', { type: 'from-one', data: 'é', from: one.id });
}

/** The requests of a page to the server, and the addresses of its WebSockets. */
function traffic(page, server) {
  const seen = { requests: [], sockets: [] };
  page.on('request', (request) => {
    if (request.url().startsWith(server)) seen.requests.push(`${request.method()} ${new URL(request.url()).pathname}`);
  });
  page.on('websocket', (socket) => seen.sockets.push(socket.url()));
  return seen;
}

for (const way of ['apiURL', 'setProxyUrl']) {
  test(`a page through ${way} and a C client talk`, TEST_LIMIT, async () => {
    const session = await here.session();
    const browser = await here.browserClient(session, way, { way });
    const cli = await here.cliClient(session, 'in C');
    await talk(browser, cli);
  });

  test(`a page through ${way} finds the WebSocket where it found the server`, TEST_LIMIT, async () => {
    const session = await here.session();
    const browser = here.keep(await BrowserClient.open(here.browser, way));
    const { requests, sockets } = traffic(browser.page, here.server.url);
    assert.equal(await browser.connect(session, await here.server.token(session)), null);
    const host = new URL(here.server.url).host;
    assert.deepEqual(sockets.map((url) => new URL(url).host), [host]);
    const path = way === 'apiURL' ? `/session/${session.id}` : `/anvil.opentok.com/session/${session.id}`;
    assert.ok(requests.includes(`GET ${path}`), requests.join('\n'));
  });
}

test('pages that came by both ways and a C client are in one session', TEST_LIMIT, async () => {
  const session = await here.session();
  const [first, second, cli] = await Promise.all([
    here.browserClient(session, 'first', { way: 'apiURL' }),
    here.browserClient(session, 'second', { way: 'setProxyUrl' }),
    here.cliClient(session, 'in C'),
  ]);
  await here.acquainted(first, second, cli);
  await talk(first, second);
  await second.signal({ type: 'to-c', to: cli.id });
  await cli.log.next('signal', { type: 'to-c', from: second.id });
});
