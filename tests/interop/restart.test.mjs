// The server is restarted under clients that signal to each other: it leaves its sessions to the next process, everybody
// comes back by themselves, nothing is lost or comes twice, and nobody is seen leaving.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser, BrowserClient } from './support/browser.mjs';
import { CliClient } from './support/cli_client.mjs';
import { heard, inOrder, LONG, sawNobodyLeave } from './support/crowd.mjs';
import { Server } from './support/server.mjs';

const LIMIT = { timeout: 3 * LONG };
const COUNT = 600;

let directory;
let browser;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'otc-interop-'));
  browser = await Browser.start();
}, LIMIT);
after(async () => {
  await browser?.stop();
  await rm(directory, { recursive: true, force: true });
}, LIMIT);

test('a graceful restart is nothing but a short pause', LIMIT, async (t) => {
  const data = ['--data', directory];
  let server = await Server.start(data);
  t.after(() => server.running && server.stop());
  const place = new URL(server.url).host;
  const session = await server.session();
  const tokens = await Promise.all(['in the browser', 'in C'].map((name) => server.token(session, { data: name })));
  const page = await BrowserClient.open(browser);
  t.after(() => page.close());
  await page.join(session, tokens[0]);
  const cli = await CliClient.start(session, tokens[1]);
  t.after(() => cli.close());
  await cli.joined();
  await page.log.next('connectionCreated', { connectionId: cli.id });

  for (const round of [1, 2]) {
    const types = [`from-browser-${round}`, `from-c-${round}`];
    const sending = [page.signalMany(types[0], COUNT, LONG), cli.signalMany(types[1], COUNT)];
    await heard(cli, types[0], COUNT / 4);
    assert.equal(await server.stop(), 0, server.process.errors());
    server = await Server.start(data, place);
    await Promise.all(sending);
    for (const client of [page, cli]) {
      for (const type of types) await heard(client, type, COUNT);
      await client.log.until(() => client.log.find('reconnected').length >= round, `${client.log.owner}: back`);
    }
  }
  for (const client of [page, cli]) await client.signal({ type: 'marker' });
  for (const [client, other] of [[page, cli], [cli, page]]) {
    await heard(client, 'marker', 2);
    for (const round of [1, 2]) {
      for (const from of ['browser', 'c']) inOrder(client, `from-${from}-${round}`, COUNT);
    }
    sawNobodyLeave(client, [other]);
    assert.equal(client.log.find('reconnecting').length, client.log.find('reconnected').length);
  }
});
