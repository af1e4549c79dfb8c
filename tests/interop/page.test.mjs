// The page of a call, web_examples/call, as people use it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible } from './support/accessible.mjs';
import { addressFor, CallPage } from './support/call_page.mjs';
import { TEST_LIMIT, world } from './support/world.mjs';

const here = world();

/** The page, opened at the address that serve.mjs prints, with a token of `tokenFor`. */
async function visit(session, data, { tokenFor = session, ...options } = {}) {
  const token = await here.server.token(tokenFor, { data });
  return here.keep(await CallPage.open(here.browser, addressFor(here.browser.pages.url, session, token), options));
}

test('two people see and hear each other, and what each turns off; one comes back to watch only', TEST_LIMIT, async () => {
  const session = await here.session();
  const cli = await here.cliClient(session, 'a C program');
  const [ada, bob] = await Promise.all([visit(session, 'Ada'), visit(session, 'Bob')]);
  await assertAccessible(ada.page, 'before the call');
  await ada.join();
  const { streamId } = await cli.log.next('streamReceived', { name: 'Ada', hasAudio: true, hasVideo: true });
  await ada.page.getByText('Nobody else sends sound or pictures yet').waitFor();
  await bob.join();
  await Promise.all([ada.plays('Bob'), bob.plays('Ada'), ada.plays('Ada (you)')]);
  await ada.page.getByText('Nobody else sends sound').waitFor({ state: 'hidden' });

  await ada.switch('Microphone').click();
  await bob.tile('Ada · microphone off').waitFor();
  assert.equal(await ada.switch('Microphone').getAttribute('aria-checked'), 'false');
  await cli.log.next('streamHasAudioChanged', { streamId, changedTo: false });
  await ada.switch('Camera').click();
  await bob.tile('Ada · microphone off, camera off').waitFor();
  await assertAccessible(ada.page, 'in the call');
  await ada.switch('Camera').click();
  await ada.switch('Microphone').click();
  await bob.tile(/Ada$/).waitFor();
  await bob.plays('Ada');

  // Bob comes back to watch.
  await bob.button('Leave').click();
  await bob.state('You have left');
  await ada.tile('Bob').waitFor({ state: 'detached' });
  await bob.join({ camera: false, microphone: false });
  await bob.plays('Ada');
  assert.equal(await bob.tile('(you)').count(), 0);
  // A device that was not opened is, when its switch is turned on; the other one stays closed.
  const later = cli.log.fromNow();
  await bob.switch('Camera').click();
  const { hasVideoTrack, hasAudioTrack } = await later.next('streamReceived', { name: 'Bob' });
  assert.deepEqual([hasVideoTrack, hasAudioTrack], [true, false]);
  await ada.plays('Bob');
  for (const { hosts } of [ada, bob]) {
    const allowed = [here.browser.pages.url, here.server.url].map((url) => new URL(url).host);
    assert.deepEqual([...hosts].filter((host) => !allowed.includes(host)), []);
  }
});

test('a moderator turns a microphone off, ends a stream, and makes somebody leave: the page says so', TEST_LIMIT, async () => {
  const session = await here.session();
  const moderator = await here.cliClient(session, 'the moderator', { role: 'moderator' });
  const boss = await here.browserClient(session, 'the boss', { role: 'moderator' });
  const ada = await visit(session, 'Ada');
  await ada.join();
  const { streamId, connectionId } = await moderator.log.next('streamReceived');
  await boss.log.next('streamReceived');
  moderator.command({ cmd: 'forceMuteStream', streamId });
  await ada.line('A moderator has turned your microphone off');
  assert.equal(await ada.switch('Microphone').getAttribute('aria-checked'), 'false');
  await ada.tile('Ada (you) · microphone off').waitFor();
  assert.equal(await boss.forceUnpublish(streamId), null);
  await ada.line('A moderator has ended your stream');
  await ada.tile('Ada (you)').waitFor({ state: 'detached' });
  moderator.command({ cmd: 'forceDisconnect', connectionId });
  await ada.state('The session is over: forceDisconnected');
});

test('a browser that gives no camera: the page says that nobody sees you, and the call goes on', TEST_LIMIT, async () => {
  const session = await here.session();
  const cli = await here.cliClient(session, 'a C program');
  const ada = await visit(session, 'Ada');
  // What a browser does without a camera, or when the person refuses.
  await ada.page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await ada.join();
  await ada.line(/^Nobody sees or hears you: ./);
  assert.equal(await ada.switch('Camera').getAttribute('aria-checked'), 'false');
  await cli.signal({ data: 'still here?' });
  await ada.line('still here?');
});

test('the page joins, shows who is there and what they say, and is operated by the keyboard alone', TEST_LIMIT, async () => {
  const session = await here.session();
  const cli = await here.cliClient(session, 'a C program');
  const ada = await visit(session, 'Ada');
  const { keyboard } = ada.page;
  await keyboard.press('Enter');
  await ada.state('Joined');
  await ada.page.getByText('Ada (you)').first().waitFor();
  await ada.line('a C program is here');

  await keyboard.type('Hello from the keyboard');
  await keyboard.press('Enter');
  await ada.line('Hello from the keyboard');
  const heard = await cli.log.next('signal');
  assert.deepEqual([heard.type, heard.data], [null, 'Hello from the keyboard']);

  await cli.signal({ type: 'weather', data: 'sunny, 21 °C' });
  await ada.line(/a C program.*weather.*sunny, 21 °C/);
  assert.equal(await here.server.rest('POST', session, 'signal', { data: 'at noon' }), 204);
  await ada.line(/the server.*at noon/);

  await keyboard.press('Shift+Tab');
  await keyboard.type('chat');
  await keyboard.press('Shift+Tab');
  await keyboard.type('a C');
  await keyboard.press('Tab');
  await keyboard.press('Tab');
  await keyboard.type('for you alone');
  await keyboard.press('Enter');
  assert.equal((await cli.log.next('signal', { type: 'chat' })).data, 'for you alone');
  await ada.line(/to a C program alone.*for you alone/);

  await ada.switch('Camera').press('Space');
  assert.equal(await ada.switch('Camera').getAttribute('aria-checked'), 'false');
  await ada.button('Leave').press('Enter');
  await ada.state('You have left');
  await cli.log.next('connectionDropped');
  await keyboard.press('Enter');
  await ada.state('Joined');
});

test('what others wrote is text on the page, never markup, and never covers it, however long it is', TEST_LIMIT, async () => {
  const session = await here.session();
  const markup = '<img src=x onerror="document.title=1"><b>bold</b>';
  const cli = await here.cliClient(session, markup);
  const loud = await here.browserClient(session, `${markup}${'W'.repeat(600)}`);
  await loud.publish({ width: 320, height: 240 });
  const ada = await visit(session, 'Ada');
  await ada.join({ camera: false, microphone: false });
  await ada.tile(markup).waitFor();
  await ada.line(`${markup} is here`);
  await cli.signal({ type: 'x', data: markup });
  await ada.line(/x.*<b>bold<\/b>$/);
  assert.equal(await ada.page.locator('main img, #signals .data b, #people b, #tiles b').count(), 0);

  await ada.page.setViewportSize({ width: 360, height: 740 });
  await ada.tile('WWW').waitFor();
  assert.equal(await ada.page.evaluate(() => document.documentElement.scrollWidth), 360);
  const heightOf = async (locator) => (await locator.boundingBox()).height;
  const [tile, caption] = [ada.tile('WWW'), ada.tile('WWW').locator('.caption')];
  assert.ok((await heightOf(caption)) < (await heightOf(tile)) / 3, 'the name covers the picture');
  const lines = ada.page.locator('#people li');
  assert.equal(await lines.count(), 3);
  for (const line of await lines.all()) assert.ok((await heightOf(line)) < 70, await line.textContent());
  await assertAccessible(ada.page, 'at 360 pixels', ['dark']);
});

test('a refusal is shown in words', TEST_LIMIT, async () => {
  const session = await here.session();
  const ada = await visit(session, 'Ada', { tokenFor: await here.session() });
  await ada.join();
  await ada.state(/^Refused: .*\(1004\)/);
  assert.ok(await ada.page.getByLabel('Token').isVisible());
});
