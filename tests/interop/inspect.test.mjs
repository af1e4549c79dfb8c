// The page at /inspect, in a real browser, with C programs and browsers in the sessions that it shows.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { InspectPage } from './support/inspect_page.mjs';
import { Pictures } from './support/inspect_pictures.mjs';
import { PROJECT } from './support/server.mjs';
import { TEST_LIMIT, world } from './support/world.mjs';

/** Whoever is killed at the end of a test is soon gone from the lists of the next one. */
const here = world(['--grace-seconds', '1']);

const MARKUP = '<img src=x onerror="document.title=1"><b>\'bold\'</b>';
const OTHERS_WAY = 'مرحبا \u202e漢字 "🦀"';

/** The parts of a session's view, in the order of docs/server/inspect.md. */
const PARTS = ['People', 'Streams', 'Archives', 'Signals', 'Send a signal', 'Events'];

const CAMERA = { name: MARKUP, width: 320, height: 240 };

test('a login is refused in words, and lasts over a reload until it is ended', TEST_LIMIT, async () => {
  const inspect = await InspectPage.open(here);
  await inspect.button('Log in').click();
  const problem = inspect.page.getByRole('alert');
  await problem.filter({ hasText: 'API key is missing' }).waitFor();
  assert.equal(await inspect.focused(), 'login-key');
  await inspect.logIn({ secret: 'not the secret' });
  await problem.filter({ hasNotText: 'missing' }).filter({ hasText: /\w/ }).waitFor();
  assert.doesNotMatch(await problem.textContent(), /not the secret/);
  assert.equal(await inspect.focused(), 'login-secret');
  const secret = inspect.field('Secret');
  assert.deepEqual([await secret.getAttribute('aria-invalid'), await secret.getAttribute('aria-describedby')], ['true', 'login-problem']);
  assert.equal(await inspect.field('API key').getAttribute('aria-invalid'), null);
  await inspect.logIn();
  await inspect.heading('Live sessions').waitFor();
  await inspect.page.reload();
  await inspect.heading('Live sessions').waitFor();
  await inspect.page.getByText(`Project ${PROJECT.apiKey}`).waitFor();
  assert.equal(await inspect.page.evaluate(() => document.cookie + localStorage.length + sessionStorage.length), '00');

  await inspect.button('Log out').click();
  await inspect.page.getByText('You have logged out').waitFor();
  await inspect.page.reload();
  await inspect.heading('Log in').waitFor();

  await inspect.page.getByRole('radio', { name: /REST token/ }).check();
  await inspect.field('REST token').fill(await here.server.restToken());
  await inspect.page.keyboard.press('Enter');
  await inspect.heading('Live sessions').waitFor();
});

test('sessions appear on the list and go by themselves', TEST_LIMIT, async () => {
  const inspect = await InspectPage.open(here, { clock: true });
  await inspect.logIn();
  await inspect.page.getByText('otc-server session --routed').waitFor();
  await asksOnlyWhileSeen(inspect);
  const [one, two] = [await here.session(), await here.session({ media: 'routed' })];
  const [cli, other] = await Promise.all([here.cliClient(one, 'one'), here.cliClient(two, 'two'), here.cliClient(two, 'three')]);
  const rows = inspect.rows('Live sessions');
  const twoSecondsLater = () => inspect.page.clock.runFor(2000);
  await twoSecondsLater();
  await rows.filter({ hasText: two.id }).filter({ hasText: /routed\s+\d+ s\s+2\s+0\s+0\s+0/ }).waitFor();
  await rows.filter({ hasText: one.id }).filter({ hasText: 'relayed' }).waitFor();

  await inspect.page.getByRole('searchbox', { name: 'Filter by session' }).fill(one.id.slice(-20));
  await inspect.page.getByText('1 of 2 sessions').waitFor();
  assert.equal(await rows.count(), 1);
  await inspect.page.getByRole('searchbox').fill('no such thing');
  await inspect.page.getByText('No session on this list fits').waitFor();
  await inspect.page.getByRole('searchbox').fill('');
  await cli.leave();
  await twoSecondsLater();
  await rows.filter({ hasText: one.id }).waitFor({ state: 'detached' });
  assert.ok(await rows.filter({ hasText: two.id }).isVisible());

  await rows.getByRole('link').click();
  await inspect.people().filter({ hasText: 'three' }).waitFor();
  await inspect.page.goBack();
  await inspect.heading('Live sessions').waitFor();
  await other.signal({ type: 'x', data: 'y' });
  await twoSecondsLater();
  await rows.filter({ hasText: /routed\s+\d+ s\s+2\s+0\s+1\s+0/ }).waitFor();
});

/** A tab that is hidden asks for nothing, and is up to date when it is seen again. */
async function asksOnlyWhileSeen(inspect) {
  const { page } = inspect;
  const isList = (request) => request.url().endsWith('/api/sessions');
  const finished = () => page.waitForEvent('requestfinished', isList);
  await Promise.all([finished(), page.clock.runFor(2000)]);
  let asked = 0;
  page.on('request', (request) => (asked += Number(isList(request))));
  await inspect.hide();
  for (let looks = 0; looks < 3; looks += 1) {
    await page.clock.runFor(2000);
    await page.evaluate(async () => (await fetch('/inspect/api/me')).text());
  }
  assert.equal(asked, 0);
  await Promise.all([finished(), inspect.hide(false)]);
}

test('more tabs than a browser has connections: those that are hidden leave them to the one that is seen', TEST_LIMIT, async () => {
  const session = await here.session();
  const ada = await here.cliClient(session, 'ada');
  const first = await InspectPage.open(here);
  await first.enter(session);
  await first.hide();
  let last = first;
  for (let tabs = 2; tabs <= 7; tabs += 1) {
    last = await first.another(`#/session/${session.id}`);
    await last.people().filter({ hasText: 'ada' }).waitFor();
    if (tabs < 7) await last.hide();
  }
  const grace = await here.cliClient(session, 'grace');
  await last.event('grace has joined').waitFor();
  assert.equal(await first.people().count(), 1);
  await last.hide();
  await first.hide(false);
  await first.event('grace has joined').waitFor();
  assert.equal(await first.event('ada has joined').count(), 1);
  await first.field('Data').fill('from the first');
  await first.button('Send').click();
  for (const client of [ada, grace]) assert.equal((await client.log.next('signal')).data, 'from the first');
});

test('what others wrote is text, streams are told with their channels, and contents are hidden until asked for', TEST_LIMIT, async () => {
  const session = await here.session();
  const [cli, browser] = await Promise.all([here.cliClient(session, MARKUP), here.browserClient(session, OTHERS_WAY)]);
  const inspect = await InspectPage.open(here, { at: `#/session/${session.id}` });
  await inspect.logIn();
  await inspect.people().filter({ hasText: MARKUP }).waitFor();
  await inspect.people().filter({ hasText: OTHERS_WAY }).filter({ hasText: browser.id }).waitFor();
  await inspect.event(`${MARKUP.slice(0, 30)}`).filter({ hasText: 'has joined' }).waitFor();

  await browser.publish(CAMERA);
  const stream = inspect.rows('Streams').filter({ hasText: MARKUP });
  await stream.filter({ hasText: /sound on\s*picture on · camera, \d+ × \d+\s*captions off/ }).waitFor();
  await browser.publishAudio(false);
  await stream.filter({ hasText: /sound off/ }).waitFor();
  await inspect.event('publishes').waitFor();
  await inspect.event(/has changed: sound off$/).waitFor();
  await browser.publishAudio(true);
  await inspect.event(/has changed: sound on$/).waitFor();
  assert.equal(await inspect.event('has changed').count(), 2, 'of one mute and its end, and nothing that is as it was');

  await cli.signal({ type: 'secret', data: `hidden ${MARKUP}` });
  await inspect.event(/type .?secret.?, \d+ bytes$/).waitFor();
  const contents = inspect.page.getByRole('switch', { name: 'Show what signals say' });
  await Promise.all([inspect.page.waitForResponse(/contents=1/), contents.check()]);
  await cli.signal({ type: 'open', data: `shown ${MARKUP}` });
  await inspect.event(`shown ${MARKUP}`).waitFor();
  assert.equal(await inspect.event('hidden').count(), 0);
  assert.equal(await inspect.page.locator('main img, main b').count(), 0);
  await contents.uncheck();
  assert.equal(await inspect.event('shown').count(), 0);
  await contents.check();
  await inspect.page.reload();
  await inspect.people().first().waitFor();
  assert.equal(await contents.isChecked(), false);
  await inspect.event(/type .?secret.?, \d+ bytes$/).first().waitFor();
  assert.equal(await inspect.event(MARKUP).filter({ hasText: 'shown' }).count(), 0);
});

test('the rate of signals, the filter, the pause and the bound of the timeline', TEST_LIMIT, async () => {
  const session = await here.session();
  const cli = await here.cliClient(session, 'ada');
  const inspect = await InspectPage.open(here);
  await inspect.enter(session);
  await inspect.event('ada has joined').waitFor();
  // In pieces that the server holds for a page that is slow.
  for (let sent = 0; sent < 600; sent += 100) {
    await cli.signalMany(`piece-${sent}`, 100);
    await inspect.event(`type piece-${sent},`).nth(99).waitFor();
  }
  await inspect.page.getByText('600 in all').waitFor();
  await inspect.page.locator('#rate-most').filter({ hasText: /[1-9]/ }).waitFor();
  assert.ok((await heights(inspect)).some((height) => height > 10), 'a bar of the chart');
  await inspect.page.getByText('500 events').waitFor();
  assert.equal(await inspect.page.locator('#events-list > li').count(), 500);
  assert.ok(await inspect.page.locator('#events').evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 40), 'the newest');

  await inspect.page.getByRole('checkbox', { name: 'Signals' }).uncheck();
  await inspect.page.getByText('Events of these kinds have not happened').waitFor();
  const second = await here.cliClient(session, 'grace');
  await inspect.event('grace has joined').waitFor();
  await inspect.button('Pause').click();
  await second.leave();
  await inspect.page.getByText('1 waiting').waitFor();
  assert.equal(await inspect.event('grace has left').count(), 0);
  await inspect.button('Pause').click();
  await inspect.event('grace has left').waitFor();

  await cli.leave();
  await inspect.event('The session has ended').waitFor();
  await inspect.page.getByText('Nobody is here any more').waitFor();
  assert.ok(await inspect.button('Send').isDisabled());
  assert.equal(await inspect.event('missing here').count(), 0);
  await inspect.page.evaluate(gapsOfEachKind);
  await inspect.event('The session has begun').nth(1).waitFor();
  assert.deepEqual(await inspect.page.locator('#events-list .what').allTextContents(), [
    'The session has begun',
    '3 events are missing here: more happened than could be told',
    'The session has ended: nobody is in it any more',
    '7 events are missing here: more happened than could be told',
    'The session has begun',
    'Events may be missing here: the server has forgotten them',
    'The session has ended: nobody is in it any more',
  ]);
});

/** In the page: what the server counts, what the page counts, and what is another history and no gap. */
async function gapsOfEachKind() {
  const { Timeline } = await import('./inspect/assets/timeline.js');
  const timeline = new Timeline(null);
  timeline.reset();
  const add = (n, kind, more) => timeline.add({ n, at: Date.now(), kind, ...more });
  add(1_000, 'sessionCreated');
  add(1_004, 'sessionDestroyed');
  add(1_011, 'gap', { events: 7 });
  add(600_000_000, 'sessionCreated');
  add(900_000_000, 'sessionDestroyed');
}

const heights = (inspect) => inspect.page.locator('#rate-chart rect').evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute('height'))));

test('signals to all and to one, mutes and disconnecting, each asked for and each told', TEST_LIMIT, async () => {
  const session = await here.session();
  const [ada, grace, browser] = await Promise.all([
    here.cliClient(session, 'ada'),
    here.cliClient(session, 'grace'),
    here.browserClient(session, 'camera'),
  ]);
  await browser.publish({ ...CAMERA, name: 'lens' });
  const inspect = await InspectPage.open(here);
  await inspect.enter(session);

  await inspect.field('Type (optional)').fill('note');
  await inspect.field('Data').fill('to all of you');
  await inspect.button('Send').click();
  await inspect.outcome('The signal is sent to everybody');
  for (const client of [ada, grace]) {
    assert.deepEqual([(await client.log.next('signal')).data, client.log.find('signal')[0].from], ['to all of you', null]);
  }
  await inspect.event('The application to all, type').waitFor();
  await inspect.page.getByRole('combobox', { name: 'To' }).selectOption({ label: '\u2068grace\u2069' });
  await inspect.field('Data').fill('to you alone');
  await inspect.button('Send').click();
  await inspect.outcome(/sent to .*grace/);
  assert.equal((await grace.log.next('signal', { data: 'to you alone' })).type, 'note');
  await sendsOnce(inspect, ada);
  await inspect.field('Type (optional)').fill('not a type');
  await inspect.field('Data').fill('x');
  await inspect.button('Send').click();
  await inspect.page.locator('#toast[data-mood=bad]').waitFor();
  await inspect.button('Close').click();

  await inspect.button(/Mute the stream.*lens/).click();
  await inspect.answer('Mute');
  await browser.log.next('publisherMuteForced');
  await inspect.outcome('is muted');
  await inspect.button('Mute all').click();
  await inspect.answer('Mute all');
  assert.equal((await browser.log.next('muteForced', { active: true })).active, true);
  await inspect.event('has muted everybody').waitFor();
  await inspect.button('End the mute').click();
  await inspect.event('has ended the mute').waitFor();

  const disconnect = inspect.button(/Disconnect.*grace/);
  await disconnect.click();
  await inspect.page.keyboard.press('Escape');
  await disconnect.and(inspect.page.locator(':focus')).waitFor();
  await disconnect.click();
  await inspect.answer('Disconnect');
  assert.equal((await grace.log.next('disconnected')).reason, 'forceDisconnected');
  await inspect.people().filter({ hasText: 'grace' }).waitFor({ state: 'detached' });
  assert.match(await inspect.focused(), /^Disconnect/);
  await inspect.event(/grace.*was made to leave/).waitFor();
  // Who was chosen and has left does not become everybody.
  await inspect.field('Type (optional)').fill('');
  await inspect.button('Send').click();
  await inspect.page.locator('#toast[data-mood=bad]').waitFor();
  assert.equal(ada.log.find('signal', { data: 'x' }).length, 0);
});

/** While a signal is on its way nothing is sent again, and what is typed meanwhile stays. */
async function sendsOnce(inspect, client) {
  const { page } = inspect;
  const to = page.getByRole('combobox', { name: 'To' });
  let [asked, goOn] = [0, null];
  const late = new Promise((resolve) => (goOn = resolve));
  await page.route('**/signal', async (route) => {
    asked += 1;
    await late;
    await route.continue();
  });
  await to.selectOption({ label: 'Everybody' });
  await inspect.field('Data').fill('only once');
  await page.keyboard.press('Control+Enter');
  await page.keyboard.press('Control+Enter');
  await page.keyboard.type(', and more');
  goOn();
  await inspect.outcome('The signal is sent to everybody');
  assert.equal(asked, 1);
  assert.equal(await inspect.field('Data').inputValue(), 'only once, and more');
  await page.unroute('**/signal');
  await inspect.field('Data').fill('the next');
  await page.keyboard.press('Control+Enter');
  await client.log.next('signal', { data: 'the next' });
  assert.equal(client.log.find('signal', { data: 'only once' }).length, 1);
  await to.selectOption({ label: '\u2068grace\u2069' });
}

test('an archive is started, stopped and downloaded', TEST_LIMIT, async () => {
  const session = await here.session({ media: 'routed' });
  const cli = await here.cliClient(session, 'ada');
  const inspect = await InspectPage.open(here);
  await inspect.enter(session);
  await inspect.field('Name (optional)').fill('Monday');
  await inspect.button('Start an archive').click();
  await inspect.outcome('The archive has begun');
  await cli.log.next('archiveStarted');
  await cli.signal({ type: 'chat', data: 'in the file' });
  await inspect.event('type').waitFor();
  await inspect.button('Stop the archive Monday').click();
  await inspect.outcome('The archive has ended');
  const [download] = await Promise.all([inspect.page.waitForEvent('download'), inspect.button('Download the archive Monday').click()]);
  assert.match(download.suggestedFilename(), /^[0-9a-f-]{36}\.jsonl$/);
  const lines = readFileSync(await download.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual([lines[0].name, lines[0].sessionId, lines.at(-1).kind], ['Monday', session.id, 'end']);
  assert.deepEqual(lines.filter(({ kind }) => kind === 'signal').map(({ data }) => data), ['in the file']);

  const relayed = await here.session();
  await here.cliClient(relayed, 'grace');
  await inspect.watch(relayed);
  await inspect.page.getByText('A relayed session is never archived').waitFor();
  assert.ok(await inspect.button('Start an archive').isHidden());
});

test('a session is waited for, a lost connection is shown and mended, and a login that has ended leads back to where one was', TEST_LIMIT, async () => {
  const session = await here.session();
  const proxy = await here.proxy();
  const inspect = await InspectPage.open(here, { url: proxy.url, at: `#/session/${session.id}` });
  await inspect.logIn();
  await inspect.page.getByRole('heading', { name: 'Nobody is in this session' }).waitFor();
  const cli = await here.cliClient(session, 'ada');
  await inspect.people().filter({ hasText: 'ada' }).waitFor();
  proxy.refuse();
  const trouble = inspect.page.getByText('The connection to the server is lost');
  await trouble.waitFor();
  await cli.signal({ type: 'meanwhile' });
  proxy.allow();
  await trouble.waitFor({ state: 'hidden' });
  await here.cliClient(session, 'after the cut');
  await inspect.people().filter({ hasText: 'after the cut' }).waitFor();
  assert.equal(await inspect.event('ada').filter({ hasText: 'has joined' }).count(), 1);

  await inspect.page.context().clearCookies();
  await inspect.field('Data').fill('x');
  await inspect.button('Send').click();
  await inspect.page.getByText('Your login has ended').waitFor();
  assert.equal(await inspect.page.getByRole('table', { name: 'People' }).count(), 0);
  await inspect.logIn();
  await inspect.people().filter({ hasText: 'after the cut' }).waitFor();
});

test('the keyboard alone is enough', TEST_LIMIT, async () => {
  const session = await here.session();
  const [ada, grace] = await Promise.all([here.cliClient(session, 'ada'), here.cliClient(session, 'grace')]);
  const inspect = await InspectPage.open(here);
  const { keyboard } = inspect.page;
  const press = async (locator) => {
    await inspect.tabTo(locator);
    await keyboard.press('Enter');
  };
  await inspect.heading('Log in').waitFor();
  await keyboard.type(PROJECT.apiKey);
  await keyboard.press('Tab');
  await keyboard.type(PROJECT.secret);
  await keyboard.press('Enter');
  await inspect.rows('Live sessions').first().waitFor();
  assert.equal(await inspect.focused(), 'sessions-title');
  await press(inspect.page.getByRole('link', { name: session.id }));
  await inspect.people().nth(1).waitFor();
  assert.equal(await inspect.focused(), 'session-title');

  await press(inspect.button(/Disconnect.*grace/));
  assert.equal(await inspect.focused(), 'confirm-no');
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await grace.log.next('disconnected');
  await inspect.people().filter({ hasText: 'grace' }).waitFor({ state: 'detached' });
  assert.match(await inspect.focused(), /^Disconnect.*ada/);
  const katherine = await here.cliClient(session, 'katherine');
  await press(inspect.button(/Disconnect.*katherine/));
  await katherine.leave();
  await inspect.people().filter({ hasText: 'katherine' }).waitFor({ state: 'detached' });
  await keyboard.press('Escape');
  await inspect.page.locator('#people-title:focus').waitFor();
  await inspect.tabTo(inspect.field('Data'));
  await keyboard.type('by hand');
  await keyboard.press('Control+Enter');
  assert.equal((await ada.log.next('signal')).data, 'by hand');
  await inspect.tabTo(inspect.page.getByRole('checkbox', { name: 'Signals' }));
  await keyboard.press('Space');
  await inspect.event('The application to all').waitFor({ state: 'hidden' });
  await inspect.tabTo(inspect.page.getByRole('log', { name: 'Events' }));

  await inspect.page.reload();
  await inspect.people().first().waitFor();
  await keyboard.press('Tab');
  assert.equal(await inspect.focused(), 'skip');
  await keyboard.press('Enter');
  assert.equal(await inspect.focused(), 'main');
  await keyboard.press('Shift+Tab');
  await press(inspect.button('Log out'));
  await inspect.heading('Log in').waitFor();
  assert.equal(await inspect.focused(), 'login-key');
});

test('every view is as the documentation shows it, and keeps nobody out', TEST_LIMIT, async () => {
  const pictures = new Pictures();
  const inspect = await InspectPage.open(here);
  await inspect.heading('Log in').waitFor();
  await inspect.accessible('login');
  await pictures.take(inspect, { login: {} });
  await inspect.logIn();
  await inspect.page.getByText('Nobody is here yet').waitFor();
  await inspect.accessible('no sessions');

  const [call, talk] = [await here.session({ media: 'routed' }), await here.session()];
  const ada = await here.cliClient(call, 'Ada Lovelace', { role: 'moderator' });
  await here.cliClient(talk, 'Emmy Noether');
  await inspect.rows('Live sessions').nth(1).waitFor();
  await inspect.accessible('list');

  await inspect.watch(call);
  await pictures.speak(inspect, ada);
  const katherine = await here.browserClient(call, 'Katherine Johnson');
  await katherine.publish({ name: 'camera' });
  await inspect.event('publishes').waitFor();
  const grace = await here.cliClient(call, 'Grace Hopper', { role: 'subscriber' });
  await inspect.event('Grace Hopper has joined').waitFor();
  await inspect.field('Name (optional)').fill('Monday');
  await inspect.button('Start an archive').click();
  await inspect.button('Stop the archive Monday').waitFor();
  await inspect.event('“Monday” has begun').waitFor();
  await ada.signal({ type: 'chat', data: 'Good morning', to: grace.id });
  await inspect.event('Ada Lovelace to Grace Hopper').waitFor();
  await inspect.button(/Mute the stream.*camera/).click();
  await inspect.answer('Mute');
  await inspect.event('The application has muted the stream “camera”').waitFor();
  await inspect.outcome('is muted');
  await inspect.accessible('session');
  assert.deepEqual(await inspect.page.getByRole('heading', { level: 2 }).allTextContents(), PARTS);
  await inspect.button(/Disconnect.*Grace/).click();
  await inspect.accessible('question');
  await inspect.answer('Cancel');
  await pictures.take(inspect, { session: {}, 'session-dark': { colorScheme: 'dark' }, 'session-narrow': { width: 390 } });
  await inspect.goto('#/');
  await inspect.rows('Live sessions').nth(1).waitFor();
  await pictures.take(inspect, { list: { height: 280 } });

  const long = await here.cliClient(call, 'W'.repeat(600));
  await inspect.page.setViewportSize({ width: 360, height: 740 });
  for (const [address, heading] of [['#/', 'Live sessions'], [`#/session/${call.id}`, 'Session']]) {
    await inspect.goto(address);
    await inspect.heading(heading).waitFor();
    await inspect.page.getByRole('row').nth(1).waitFor();
    assert.equal(await inspect.page.evaluate(() => document.documentElement.scrollWidth), 360, address);
    await inspect.accessible(`${heading}, narrow`, ['light']);
  }
  const row = inspect.people().filter({ hasText: long.id });
  const top = async (locator) => (await locator.boundingBox()).y - (await row.boundingBox()).y;
  const [button, role] = [await top(row.getByRole('button')), await top(row.locator('[data-label=Role]'))];
  assert.ok(button < 24 && button < role, `a long name leaves the button where it is: ${button}, ${role}`);
});
