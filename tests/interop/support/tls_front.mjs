// TLS before the server, for whoever speaks nothing else: what comes in is passed on as it is.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';

export class TlsFront {
  #sockets = new Set();

  /** A front on a free port before the server at `url`, with cert.pem and key.pem of a directory. */
  static async start(url, directory) {
    const { hostname, port } = new URL(url);
    const front = new TlsFront();
    const [cert, key] = ['cert.pem', 'key.pem'].map((name) => readFileSync(join(directory, name)));
    front.listener = createServer({ cert, key }, (near) => front.#pass(near, connect(Number(port), hostname)));
    front.listener.listen(0, '127.0.0.1');
    await once(front.listener, 'listening');
    front.host = `127.0.0.1:${front.listener.address().port}`;
    return front;
  }

  #pass(near, far) {
    for (const [from, to] of [[near, far], [far, near]]) {
      this.#sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => this.#sockets.delete(from));
      from.pipe(to);
    }
  }

  async stop() {
    this.listener.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.listener, 'close');
  }
}
