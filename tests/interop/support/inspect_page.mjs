// The page at /inspect, as a person uses it. Whatever its Content-Security-Policy stops, and whatever it throws, is a failure.

import assert from 'node:assert/strict';
import { assertAccessible } from './accessible.mjs';
import { PROJECT } from './server.mjs';

/** More stops than any view has. */
const STOPS_MOST = 60;

export class InspectPage {
  /** The page in a browser of its own, at `url` and `at` what comes after that; its `clock` may be the test's. */
  static async open(world, { url = world.server.url, at = '', clock = false } = {}) {
    const page = await world.browser.page({ viewport: { width: 1280, height: 900 } });
    if (clock) await page.clock.install();
    const inspect = world.keep(new InspectPage(page, url));
    await inspect.goto(at);
    return inspect;
  }

  constructor(page, url) {
    this.page = page;
    this.url = url;
    this.failures = [];
    page.on('pageerror', (error) => this.failures.push(error.stack));
    page.on('dialog', (dialog) => this.failures.push(`a script asks: ${dialog.message()}`));
    page.on('console', (message) => {
      if (/Content.Security.Policy|violates/iu.test(message.text())) this.failures.push(message.text());
    });
  }

  /** Another tab of the same browser. */
  async another(at) {
    const other = new InspectPage(await this.page.context().newPage(), this.url);
    other.failures = this.failures;
    await other.goto(at);
    return other;
  }

  /** The tab is hidden, or seen again: to a browser without a screen each of its tabs is seen. */
  async hide(hidden = true) {
    await this.page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  }

  async goto(at = '') {
    await this.page.goto(`${this.url}/inspect${at}`);
  }

  async logIn({ apiKey = PROJECT.apiKey, secret = PROJECT.secret } = {}) {
    await this.field('API key').fill(apiKey);
    await this.field('Secret').fill(secret);
    await this.page.keyboard.press('Enter');
  }

  /** Logs in and opens a session. */
  async enter(session) {
    await this.logIn();
    await this.heading('Live sessions').waitFor();
    await this.watch(session);
  }

  async watch(session) {
    await this.goto(`#/session/${session.id}`);
    await this.people().first().waitFor();
  }

  heading(name) {
    return this.page.getByRole('heading', { level: 1, name, exact: true });
  }

  field(name) {
    return this.page.getByRole('textbox', { name, exact: true });
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  /** The rows of a table, without its head. */
  rows(table) {
    return this.page.getByRole('table', { name: table }).locator('tbody').getByRole('row');
  }

  people() {
    return this.rows('People');
  }

  /** An event of the timeline that is shown with this text. */
  event(text) {
    return this.page.getByRole('log', { name: 'Events' }).getByRole('listitem').filter({ hasText: text });
  }

  /** Waits until the page says how what was done went. */
  async outcome(text) {
    await this.page.locator('#outcome').filter({ hasText: text }).waitFor();
  }

  /** Answers the question that is open. */
  async answer(name) {
    const dialog = this.page.getByRole('dialog');
    await dialog.getByRole('button', { name, exact: true }).click();
    await dialog.waitFor({ state: 'hidden' });
  }

  /** Presses Tab until the element has the focus, as somebody without a mouse does. */
  async tabTo(locator) {
    const has = () => locator.evaluate((element) => element === document.activeElement);
    for (let stops = 0; stops < STOPS_MOST; stops += 1) {
      if (await has()) return;
      await this.page.keyboard.press('Tab');
    }
    assert.fail(`${STOPS_MOST} times Tab do not lead to ${locator}`);
  }

  /** What has the focus, or BODY if nothing has. */
  focused() {
    return this.page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.tagName);
  }

  /** Has axe-core look for what keeps people out, light and dark, and wants it to find nothing. */
  async accessible(view, colorSchemes) {
    await assertAccessible(this.page, view, colorSchemes);
  }

  async close() {
    await this.page.context().close();
    assert.deepEqual(this.failures, []);
  }
}
