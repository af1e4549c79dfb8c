// Chromium, and clients in it: each a page of its own with the published client, unmodified.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serveTestPages } from './pages.mjs';
import { DEADLINE, EventLog, within } from './event_log.mjs';

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  // Pages call each other, and a TURN server, on a machine that may have no network.
  '--allow-loopback-in-peer-connection',
  // Only this machine exists: the client also asks the hosted platform for its configuration.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
];

const IN_PAGE = ['in_page.js', 'call_in_page.js'].map((name) => fileURLToPath(new URL(name, import.meta.url)));

const USUAL_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

function chromiumProgram() {
  const places = process.env.CHROMIUM ? [process.env.CHROMIUM] : USUAL_PLACES;
  const found = places.find((place) => existsSync(place));
  if (found) return found;
  throw new Error(`${places.join(', ')}: no Chromium here; apt-get install chromium, or name one in CHROMIUM`);
}

export class Browser {
  /** Starts a browser with what is in the home directory `home`, such as authorities that it trusts. */
  static async start({ home = process.env.HOME } = {}) {
    const launched = chromium.launch({ executablePath: chromiumProgram(), args: FLAGS, env: { ...process.env, HOME: home } });
    const [pages, browser] = await Promise.all([serveTestPages(), launched]);
    return new Browser(pages, browser);
  }

  constructor(pages, browser) {
    this.pages = pages;
    this.browser = browser;
  }

  /** An empty page of its own, with nothing shared with the others. */
  async page(options = {}) {
    const context = await this.browser.newContext(options);
    context.setDefaultTimeout(DEADLINE);
    return context.newPage();
  }

  async stop() {
    await this.browser.close();
    await this.pages.stop();
  }
}

export class BrowserClient {
  #loaded = false;

  /** A page with the published client, which talks to the server as `way` says; `options` are the page's. */
  static async open(browser, way = 'apiURL', options = {}) {
    const client = new BrowserClient(await browser.page(options), way);
    await client.#load(browser.pages.url);
    return client;
  }

  constructor(page, way) {
    this.page = page;
    this.way = way;
    this.log = new EventLog('browser client');
    this.failures = [];
    /** Requests that got no answer, for whoever wonders why a test failed. */
    this.troubles = [];
    page.on('pageerror', (error) => this.failures.push(error));
    page.on('requestfailed', (request) => this.troubles.push(`${request.url()}: ${request.failure()?.errorText}`));
  }

  async #load(url) {
    await this.page.exposeFunction('report', (event) => this.log.add(event));
    for (const path of IN_PAGE) await this.page.addInitScript({ path });
    await this.page.goto(`${url}/empty.html`);
  }

  /** Joins a session in which it is welcome. */
  async join(session, token) {
    const refused = await this.connect(session, token);
    if (refused === null) return;
    throw new Error([`the browser was refused: ${JSON.stringify(refused)}`, ...this.troubles.slice(-10)].join('\n'));
  }

  /**
   * Joins a session, perhaps after having left one. Returns null, or the error with which it was refused. `iceConfig` is
   * what the client's option of that name is.
   */
  async connect({ apiKey, id, url, iceConfig }, token) {
    await this.#loadClient(url);
    const log = this.log.fromNow();
    const proxyUrl = this.way === 'setProxyUrl' ? url : undefined;
    const refused = await this.#call('connect', { apiKey, id, token, proxyUrl, iceConfig });
    if (refused === null) this.id = (await log.next('connected')).connectionId;
    return refused;
  }

  /** Loads the published client, which talks to one server from then on. */
  async #loadClient(url) {
    if (this.#loaded) return;
    this.#loaded = true;
    if (this.way === 'apiURL') {
      await this.page.evaluate((apiURL) => (window.OTProperties = { apiURL, loggingURL: apiURL }), url);
    }
    await this.page.addScriptTag({ url: '/opentok.js' });
  }

  /** Sends a signal: `type`, `data` (any JSON), `to` (a connection id), each of them optional. */
  async signal(signal) {
    const refused = await this.#call('signal', signal);
    if (refused !== null) throw new Error(`the signal was refused: ${JSON.stringify(refused)}`);
  }

  /** Sends `count` numbered signals as fast as the client takes them. */
  async signalMany(type, count, deadline) {
    const refused = await this.#call('signalMany', { type, count }, deadline);
    if (refused !== 0) throw new Error(`${refused} of ${count} signals were refused`);
  }

  /** Publishes a fake camera, or with `canvas: { width, height }` a canvas. Returns the stream as the client knows it. */
  async publish(properties) {
    const refused = await this.#call('publish', properties);
    if (refused !== null) throw new Error(`publishing was refused: ${JSON.stringify(refused)}`);
    return this.ownStream();
  }

  async unpublish() {
    await this.#call('unpublish');
  }

  ownStream() {
    return this.#call('ownStream');
  }

  publishAudio(on) {
    return this.#call('turn', { what: 'publishAudio', on });
  }

  publishVideo(on) {
    return this.#call('turn', { what: 'publishVideo', on });
  }

  publishCaptions(on) {
    return this.#call('turn', { what: 'publishCaptions', on });
  }

  /** Says that the pictures come from elsewhere: a camera, a screen, or custom. */
  changeVideoSource(source) {
    return this.#call('changeVideoSource', source);
  }

  /** Changes the size of the canvas that is published. */
  resizeCanvas(size) {
    return this.#call('resizeCanvas', size);
  }

  // Receiving: a stream is named by its id.

  /** Subscribes to a stream; its media is there when this returns. */
  async subscribe(streamId, properties = {}) {
    const refused = await this.#call('subscribe', { streamId, ...properties });
    if (refused !== null) throw new Error(`subscribing was refused: ${JSON.stringify(refused)}`);
  }

  unsubscribe(streamId) {
    return this.#call('unsubscribe', streamId);
  }

  /** What has arrived of a stream so far, in numbers that only grow; null when nothing plays it. */
  reading(streamId) {
    return this.#call('reading', streamId);
  }

  /** Waits until each of the numbers that `least` names is above that. */
  reads(streamId, least) {
    return this.#call('reads', { streamId, least });
  }

  /** How the bytes of a stream come here. */
  route(streamId) {
    return this.#call('route', streamId);
  }

  /** Has the publisher look for new ways to all that receive it. */
  restartIce() {
    return this.#call('restartIce');
  }

  /** The ICE servers of all that was negotiated. */
  iceServers() {
    return this.#call('iceServers');
  }

  /** Waits until so many peer connections are open, each of them with somebody. */
  openPeers(count) {
    return this.#call('openPeers', count);
  }

  // Moderation: each returns null, or the error with which it was refused.

  forceMuteAll(excludedStreamIds = []) {
    return this.#call('forceMuteAll', excludedStreamIds);
  }

  forceMuteStream(streamId) {
    return this.#call('forceMuteStream', streamId);
  }

  disableForceMute() {
    return this.#call('disableForceMute');
  }

  forceUnpublish(streamId) {
    return this.#call('forceUnpublish', streamId);
  }

  forceDisconnect(connectionId) {
    return this.#call('forceDisconnect', connectionId);
  }

  async leave() {
    const log = this.log.fromNow();
    await this.#call('disconnect');
    await log.next('disconnected');
  }

  /** Closes the page as a person does, and so that its client can say that it leaves. */
  async closePage() {
    await this.page.close({ runBeforeUnload: true });
  }

  /** Has the page's process die, so that nobody says anything more. */
  async crash() {
    const crashed = this.page.waitForEvent('crash');
    this.page.goto('chrome://crash').catch(() => {}); // it never arrives there
    await crashed;
  }

  /** Ends the client, whatever it is doing, and tells of the first error that the page threw. */
  async close() {
    await this.page.context().close();
    if (this.failures.length > 0) throw this.failures[0];
  }

  #call(name, argument, deadline = DEADLINE) {
    const call = ([method, value]) => window.interop[method](value);
    return within(this.page.evaluate(call, [name, argument]), `${name} in the browser`, deadline);
  }
}
