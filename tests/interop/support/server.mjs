// otc-server, as a person would run it: the tests know it by its command line, its addresses and its answers.

import { createHmac, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { within } from './event_log.mjs';
import { output, start } from './processes.mjs';

/** The key that the tests' server serves, and one that it does not know. */
export const PROJECT = { apiKey: '4242', secret: 'a secret of the tests only' };
export const STRANGER = { apiKey: '4343', secret: 'the secret of somebody else' };

/** A program of this repository: named in the environment, or where the build puts it. */
export function program(variable, path, remedy) {
  const file = process.env[variable] ?? fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  if (!existsSync(file)) throw new Error(`${file} is missing: ${remedy}, or name the program in ${variable}`);
  return file;
}

function serverProgram() {
  return program('OTC_SERVER', 'target/release/otc-server', 'cargo build --release -p otc-server');
}

const asEnvironment = ({ apiKey, secret }) => ({ OTC_API_KEY: apiKey, OTC_API_SECRET: secret });

export class Server {
  /** Starts a server, on a free port of this machine unless it is to take another's place. */
  static async start(options = [], place = '127.0.0.1:0') {
    const args = ['serve', '--listen', place, ...options];
    const process = await start(serverProgram(), args, asEnvironment(PROJECT));
    const lines = createInterface({ input: process.child.stdout });
    const said = (async () => {
      for await (const line of lines) return line;
    })();
    const first = await within(said, 'the first line of otc-server');
    const url = /^listening on (https?:\/\/\S+)$/.exec(first ?? '')?.[1];
    if (url === undefined) throw new Error(`otc-server says ${JSON.stringify(first)}\n${process.errors()}`);
    return new Server(url, process);
  }

  constructor(url, process) {
    this.url = url;
    this.process = process;
    this.running = true;
    process.exited.then(() => (this.running = false));
  }

  /** A new session: what a client needs to join it, but for the token. */
  async session({ project = PROJECT, url = this.url, media = 'relayed' } = {}) {
    const id = await output(serverProgram(), ['session', `--${media}`], asEnvironment(project));
    return { id, apiKey: project.apiKey, url };
  }

  /** A token that opens a session. */
  async token(session, { data = '', role = 'publisher', project = PROJECT } = {}) {
    const args = ['token', '--session', session.id, '--role', role, '--data', data];
    return output(serverProgram(), args, asEnvironment(project));
  }

  /** A REST token of the project, as people get one for curl. */
  async restToken(project = PROJECT) {
    return output(serverProgram(), ['rest-token'], asEnvironment(project));
  }

  /** A REST call on a session, with a JWT of the project's secret. Returns the status. */
  async rest(method, session, path, body) {
    const response = await fetch(`${this.url}/v2/project/${session.apiKey}/session/${session.id}/${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', 'X-OPENTOK-AUTH': restToken(PROJECT) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  }

  /** Asks the server to end, and returns its exit code. It must not have ended before. */
  async stop() {
    if (!this.running) throw new Error(`otc-server has ended by itself\n${this.process.errors()}`);
    this.process.child.kill('SIGTERM');
    return within(this.process.exited, 'the end of otc-server');
  }
}

/** A JWT as the published server SDKs make it: HS256, the key as issuer, for three minutes. */
function restToken({ apiKey, secret }) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: apiKey, ist: 'project', iat: now, exp: now + 180, jti: randomUUID() };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
