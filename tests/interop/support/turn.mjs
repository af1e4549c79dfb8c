// coturn, as an operator would run it beside the server: with a secret that both know.

import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventLog, within } from './event_log.mjs';
import { start } from './processes.mjs';

const USUAL_PLACES = ['/usr/bin/turnserver', '/usr/local/bin/turnserver'];

function turnProgram() {
  const places = process.env.TURNSERVER ? [process.env.TURNSERVER] : USUAL_PLACES;
  const found = places.find((place) => existsSync(place));
  if (found) return found;
  throw new Error(`${places.join(', ')}: no coturn here; apt-get install coturn, or name its turnserver in TURNSERVER`);
}

/** A port that nobody had a moment ago: coturn cannot be told to take a free one. */
async function freePort() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

export class TurnServer {
  /** Starts coturn, which takes credentials that `secret` has signed. */
  static async start(secret) {
    // Somebody may take the port in between.
    for (let tries = 0; ; tries += 1) {
      const turn = new TurnServer(await freePort());
      await turn.#run(secret);
      if (await turn.#listens()) return turn;
      await turn.stop();
      if (tries === 4) throw new Error(`coturn does not start:\n${turn.#text()}`);
    }
  }

  constructor(port) {
    this.port = port;
    this.url = `turn:127.0.0.1:${port}?transport=udp`;
    this.log = new EventLog('coturn');
  }

  async #run(secret) {
    this.folder = mkdtempSync(join(tmpdir(), 'otc-coturn-'));
    const place = ['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${this.port}`];
    const users = ['--use-auth-secret', `--static-auth-secret=${secret}`, '--realm=otc.test', '--allow-loopback-peers'];
    const quiet = ['-n', '--no-cli', '--no-tls', '--no-dtls', '--no-tcp', '--log-file=stdout', '--verbose'];
    const files = [`--userdb=${this.folder}/users`, `--pidfile=${this.folder}/pid`];
    this.process = await start(turnProgram(), [...place, ...users, ...quiet, ...files]);
    let rest = '';
    this.process.child.stdout.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) this.log.add({ event: 'line', line });
    });
    this.process.exited.then((code) => this.log.add({ event: 'line', line: `ended with ${code}` }));
  }

  /** Waits until it listens; false when it cannot. */
  async #listens() {
    const says = (text) => this.log.find('line').some(({ line }) => line.includes(text));
    const decided = () => says('UDP listener opened') || says('annot bind') || says('ended with');
    await this.log.until(decided, 'coturn listens');
    return !says('annot bind') && !says('ended with');
  }

  /** Waits until one of its lines has this in it. */
  async says(text) {
    await this.log.until(() => this.log.find('line').find(({ line }) => line.includes(text)), `coturn says ${text}`);
  }

  #text() {
    return this.log.all.map(({ line }) => line).join('\n');
  }

  async stop() {
    this.process.child.kill('SIGKILL');
    await within(this.process.exited, 'the end of coturn');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
