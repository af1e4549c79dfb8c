// A TCP proxy before the server, whose connections the tests cut, freeze and refuse.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Proxy {
  #pairs = new Set();
  #refusing = false;
  #refused = 0;
  #budget = null;
  #trap = null;

  /** Connections that were cut because their bytes had passed. */
  torn = 0;

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
    if (this.#budget === null) {
      near.pipe(far);
      far.pipe(near);
      far.on('data', (chunk) => this.#look(chunk));
      return;
    }
    this.#passSome(near, far);
    this.#passSome(far, near);
  }

  /** Passes bytes on until the budget is used up, and then cuts: in the middle of a frame, of a handshake, anywhere. */
  #passSome(from, to) {
    let left = this.#budget();
    from.on('end', () => to.end());
    from.on('data', (chunk) => {
      if (left <= 0) return;
      const passing = chunk.subarray(0, left);
      left -= passing.length;
      if (left <= 0) {
        this.torn += 1;
        to.write(passing, () => {
          from.resetAndDestroy();
          to.resetAndDestroy();
        });
      } else if (!to.write(passing)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
  }

  /** Cuts every connection, at both ends. */
  cut() {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Cuts every connection, and each further one after so many bytes in one of its directions as `budget` says. */
  tear(budget) {
    this.#budget = budget;
    this.cut();
  }

  /** Connections that are made from now on last. */
  mend() {
    this.#budget = null;
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

  /** Refuses connections from the moment on at which the server says this. Resolves then. */
  refuseAt(text) {
    return new Promise((sprung) => (this.#trap = { text, sprung }));
  }

  #look(chunk) {
    if (!this.#trap || !chunk.includes(this.#trap.text)) return;
    const { sprung } = this.#trap;
    this.#trap = null;
    this.refuse();
    sprung();
  }

  async stop() {
    this.listener.close();
    this.cut();
    await once(this.listener, 'close');
  }
}
