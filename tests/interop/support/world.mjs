// What a test file needs, started before its first test and gone after its last: a server and a browser.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Browser, BrowserClient } from './browser.mjs';
import { CliClient } from './cli_client.mjs';
import { Proxy } from './proxy.mjs';
import { Server } from './server.mjs';

/** How long one test may take, in milliseconds. */
export const TEST_LIMIT = { timeout: 90_000 };

/** The world of the calling test file. Clients and proxies live for one test. */
export function world(serverOptions = []) {
  return whileTesting(new World(), serverOptions);
}

/** A world that is there while the calling file's tests run. What is in it lives for one test, or, `lasting`, for all. */
export function whileTesting(world, serverOptions, { lasting = false } = {}) {
  before(() => world.start(serverOptions), TEST_LIMIT);
  if (!lasting) afterEach(() => world.clear(), TEST_LIMIT);
  after(() => world.stop(), TEST_LIMIT);
  return world;
}

/**
 * Makes tests that are parts of one thing, each of which goes on where the one before it has ended. What comes after one
 * that failed does not begin.
 */
export function parts() {
  let failed;
  return (name, limit, body) =>
    test(name, limit, async () => {
      assert.ok(failed === undefined, `“${failed}” has failed, and this goes on from there`);
      failed = name;
      await body();
      failed = undefined;
    });
}

export class World {
  #transient = [];

  async start(serverOptions) {
    this.server = await Server.start(serverOptions);
    this.browser = await Browser.start();
  }

  session(options) {
    return this.server.session(options);
  }

  /** A browser client in the session, whose token has `data`. */
  async browserClient(session, data, { way, ...options } = {}) {
    return this.browserWith(session, await this.server.token(session, { data, ...options }), way);
  }

  /** A browser client in the session, with that token. */
  async browserWith(session, token, way) {
    const client = this.keep(await BrowserClient.open(this.browser, way));
    await client.join(session, token);
    return client;
  }

  /** A C client in the session, whose token has `data`. */
  async cliClient(session, data, { url, ...options } = {}) {
    return this.cliWith(session, await this.server.token(session, { data, ...options }), url);
  }

  /** A C client in the session, with that token. */
  async cliWith(session, token, url) {
    const client = this.keep(await CliClient.start(session, token, { url }));
    await client.joined();
    return client;
  }

  /** A browser client and a C client in a session of their own. */
  async pair() {
    const session = await this.session();
    const [browser, cli] = await Promise.all([
      this.browserClient(session, 'in the browser'),
      this.cliClient(session, 'in C'),
    ]);
    await this.acquainted(browser, cli);
    return { session, browser, cli };
  }

  /** Waits until each of the clients knows all the others. */
  async acquainted(...clients) {
    const meetings = clients.flatMap((one) => clients.filter((other) => other !== one).map((other) => [one, other]));
    await Promise.all(meetings.map(([one, other]) => one.log.next('connectionCreated', { connectionId: other.id })));
  }

  /** A proxy before the server. */
  async proxy() {
    const proxy = await Proxy.start(this.server.url);
    this.#transient.push(() => proxy.stop());
    return proxy;
  }

  /** Closes a client at the end of the test. */
  keep(client) {
    this.#transient.push(() => client.close());
    return client;
  }

  async clear() {
    const results = await Promise.allSettled(this.#transient.splice(0).map((close) => close()));
    const failed = results.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
    if (failed.length > 0) throw failed[0];
  }

  async stop() {
    await this.clear();
    await this.browser?.stop();
    const code = await this.server?.stop();
    assert.equal(code ?? 0, 0, `otc-server ended with ${code}: ${this.server?.process.errors()}`);
  }
}
