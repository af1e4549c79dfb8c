// A C program in a session: otc_cli, which speaks JSON lines.

import { createInterface } from 'node:readline';
import { EventLog, within } from './event_log.mjs';
import { start } from './processes.mjs';
import { program } from './server.mjs';

function cliProgram() {
  const remedy = 'cmake -S c_examples -B build/c_examples && cmake --build build/c_examples';
  return program('OTC_CLI', 'build/c_examples/otc_cli', remedy);
}

export class CliClient {
  /** Starts the program; it connects by itself. A session with an `authority` is at a server that this one vouches for. */
  static async start(session, token, { url = session.url } = {}) {
    const args = ['--url', url, '--api-key', session.apiKey, '--session', session.id, '--token', token];
    const environment = session.authority === undefined ? {} : { SSL_CERT_FILE: session.authority };
    return new CliClient(await start(cliProgram(), args, environment));
  }

  constructor(process) {
    this.process = process;
    this.log = new EventLog('C client');
    createInterface({ input: process.child.stdout }).on('line', (line) => this.log.add(JSON.parse(line)));
  }

  /** Waits until it is in the session. */
  async joined() {
    this.id = (await this.log.next('connected')).connectionId;
  }

  command(command) {
    this.process.child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  /** Sends a signal: `type`, `data`, `to` (a connection id), each of them optional. */
  async signal(signal) {
    this.command({ cmd: 'signal', ...signal });
  }

  /** Sends `count` numbered signals as fast as the program takes them. */
  async signalMany(type, count) {
    for (let number = 0; number < count; number += 1) this.command({ cmd: 'signal', type, data: String(number) });
  }

  async leave() {
    this.command({ cmd: 'disconnect' });
    await this.log.next('disconnected');
  }

  endInput() {
    this.process.child.stdin.end();
  }

  kill() {
    this.process.child.kill('SIGKILL');
  }

  async exit() {
    return within(this.process.exited, 'the end of otc_cli');
  }

  /** Ends the program, whatever it is doing. */
  async close() {
    this.kill();
    await this.exit();
  }
}
