// The page for people, page.html, as a person at the keyboard uses it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageAddress } from './serve.mjs';
import { TEST_LIMIT, world } from './support/world.mjs';

const here = world();

/** The page, opened at the address that serve.mjs prints, with a token of `tokenFor`. */
async function visit(session, data, { tokenFor = session } = {}) {
  const token = await here.server.token(tokenFor, { data });
  const page = await here.browser.page();
  here.keep({ close: () => page.context().close() });
  const place = { url: session.url, apiKey: session.apiKey, session: session.id, token };
  await page.goto(pageAddress(here.browser.pages.url, place));
  return page;
}

const state = (page, text) => page.getByRole('status').filter({ hasText: text }).waitFor();
const line = (page, text) => page.getByRole('log').getByRole('listitem').filter({ hasText: text }).waitFor();

test('the page joins, shows who is there and what they say, and is operated by the keyboard alone', TEST_LIMIT, async () => {
  const session = await here.session();
  const cli = await here.cliClient(session, 'a C program');
  const page = await visit(session, 'Ada');
  await state(page, 'Joined');
  await page.getByText('Ada (you)').waitFor();
  await line(page, 'a C program is here');

  await page.keyboard.type('Hello from the keyboard');
  await page.keyboard.press('Enter');
  await line(page, 'Hello from the keyboard');
  const heard = await cli.log.next('signal');
  assert.deepEqual([heard.type, heard.data], [null, 'Hello from the keyboard']);

  await cli.signal({ type: 'weather', data: 'sunny, 21 °C' });
  await line(page, /a C program.*weather.*sunny, 21 °C/);
  assert.equal(await here.server.rest('POST', session, 'signal', { data: 'at noon' }), 204);
  await line(page, /the server.*at noon/);

  await page.keyboard.press('Shift+Tab');
  await page.keyboard.type('chat');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.type('a C');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.type('for you alone');
  await page.keyboard.press('Enter');
  assert.equal((await cli.log.next('signal', { type: 'chat' })).data, 'for you alone');
  await line(page, /to a C program alone.*for you alone/);

  await page.getByRole('button', { name: 'Leave' }).press('Enter');
  await state(page, 'You have left');
  await cli.log.next('connectionDropped');
  await page.getByRole('button', { name: 'Join' }).press('Enter');
  await state(page, 'Joined');
});

test('what others wrote is text on the page, never markup', TEST_LIMIT, async () => {
  const session = await here.session();
  const markup = '<img src=x onerror="document.title=1"><b>bold</b>';
  const cli = await here.cliClient(session, markup);
  const page = await visit(session, 'Ada');
  await line(page, `${markup} is here`);
  await cli.signal({ type: 'x', data: markup });
  await line(page, /x.*<b>bold<\/b>$/);
  assert.equal(await page.locator('main img, #signals .data b, #people b').count(), 0);
});

test('a refusal is shown in words', TEST_LIMIT, async () => {
  const session = await here.session();
  const page = await visit(session, 'Ada', { tokenFor: await here.session() });
  await state(page, /^Refused: .*\(1004\)/);
  assert.ok(await page.getByLabel('Token').isVisible());
});
