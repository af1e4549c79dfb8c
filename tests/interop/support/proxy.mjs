// A TCP proxy before the server, whose connections the tests cut, freeze and refuse.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Proxy {
  #pairs = new Set();
  #refusing = false;
  #refused = 0;

  /** A proxy on a free port before the server at `url`. */
  static async start(url) {
    const { hostname, port } = new URL(url);
    const proxy = new Proxy();
    proxy.listener = createServer((near) => proxy.#take(near, connect(Number(port), hostname)));
    proxy.listener.listen(0, '127.0.0.1');
    await once(proxy.listener, 'listening');
    proxy.url = `http://127.0.0.1:${proxy.listener.address().port}`;
    return proxy;
  }

  /** How many connections go through. */
  get open() {
    return this.#pairs.size;
  }

  /** How many connections were refused. */
  get refused() {
    return this.#refused;
  }

  #take(near, far) {
    const pair = [near, far];
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#pairs.delete(pair);
        for (const end of pair) end.destroy();
      });
    }
    if (this.#refusing) {
      this.#refused += 1;
      near.destroy();
      return;
    }
    near.pipe(far);
    far.pipe(near);
  }

  /** Cuts every connection, at both ends. */
  cut() {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Lets nothing more pass on the connections that are open: they look alive, and are silent. New ones work. */
  freeze() {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
      near.pause();
      far.pause();
    }
  }

  /** Refuses connections, and cuts those that are open, until `allow`. */
  refuse() {
    this.#refusing = true;
    this.cut();
  }

  allow() {
    this.#refusing = false;
  }

  async stop() {
    this.listener.close();
    this.cut();
    await once(this.listener, 'close');
  }
}
