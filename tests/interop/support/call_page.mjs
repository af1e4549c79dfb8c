// The page of a call (web_examples/call), as a person uses it.

import { pageAddress } from '../../../web_examples/call/serve.mjs';

export class CallPage {
  /** Opens the page at `address`, in a browser that has nothing of other pages. */
  static async open(browser, address, options = {}) {
    const call = new CallPage(await browser.page(options));
    await call.page.goto(address);
    return call;
  }

  constructor(page) {
    this.page = page;
    this.failures = [];
    /** Hosts that the page has asked for something. */
    this.hosts = new Set();
    page.on('pageerror', (error) => this.failures.push(error));
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) this.failures.push(new Error(message.text()));
    });
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol !== 'blob:' && protocol !== 'data:') this.hosts.add(host);
    });
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  switch(name) {
    return this.page.getByRole('switch', { name });
  }

  /** Presses the button to join, as far as the devices that are wanted are chosen. */
  async join({ camera = true, microphone = true } = {}) {
    await this.page.getByRole('checkbox', { name: 'Camera' }).setChecked(camera);
    await this.page.getByRole('checkbox', { name: 'Microphone' }).setChecked(microphone);
    await this.button('Join').click();
  }

  state(text) {
    return this.page.getByRole('status').filter({ hasText: text }).waitFor();
  }

  line(text) {
    return this.page.getByRole('log').getByRole('listitem').filter({ hasText: text }).waitFor();
  }

  /** The tile of somebody, by a text in its caption. */
  tile(text) {
    return this.page.locator('#tiles li').filter({ hasText: text });
  }

  /** Waits until the picture of somebody plays: it has a size, and one frame follows another. */
  async plays(text) {
    const video = await this.tile(text).locator('video').elementHandle();
    const going = (element) => element.videoWidth > 0 && element.getVideoPlaybackQuality().totalVideoFrames > 5;
    await this.page.waitForFunction(going, video);
    const before = await video.evaluate((element) => element.currentTime);
    await this.page.waitForFunction(([element, time]) => element.currentTime > time, [video, before]);
  }

  /** Ends the page, and tells of the first thing that went wrong in it. */
  async close() {
    await this.page.context().close();
    if (this.failures.length > 0) throw this.failures[0];
  }
}

/** Where the page is for somebody with a token of that session. */
export function addressFor(pagesUrl, { url, apiKey, id }, token) {
  return pageAddress(pagesUrl, { url, apiKey, session: id, token });
}
