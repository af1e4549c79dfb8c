// The published Python SDKs, in a process of python/driver.py that answers line by line.

import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { within } from './event_log.mjs';
import { output, start } from './processes.mjs';
import { CALLS, SdkFailure } from './sdk.mjs';

const here = (path) => fileURLToPath(new URL(`../python/${path}`, import.meta.url));

function interpreter() {
  const program = here('.venv/bin/python');
  if (existsSync(here('.venv/complete'))) return program;
  throw new Error(`${program} is missing: run scripts/install-interop.sh`);
}

/** Runs a program that uses the Python packages and trusts the authority in the file `ca`. Returns what it printed. */
export function runPython(program, ca) {
  return output(interpreter(), ['-c', program], { REQUESTS_CA_BUNDLE: ca });
}

/** Makes an authority and a certificate for 127.0.0.1 in a directory: ca.pem, cert.pem and key.pem. */
export function makeCertificate(directory) {
  return output(interpreter(), [here('certificate.py'), directory]);
}

export class Python {
  #waiting = [];

  /** Starts the process. What it asks over https is trusted when the authority in the file `ca` says so. */
  static async start(ca) {
    const environment = { REQUESTS_CA_BUNDLE: ca, PYTHONDONTWRITEBYTECODE: '1' };
    return new Python(await start(interpreter(), [here('driver.py')], environment));
  }

  constructor(process) {
    this.process = process;
    createInterface({ input: process.child.stdout }).on('line', (line) => this.#waiting.shift()(JSON.parse(line)));
  }

  /** Opens an SDK: `kind` is opentok or vonage. */
  async open(kind, name, project, args) {
    return new PythonSdk(this, name, project, await this.ask({ open: kind, args }));
  }

  async ask(request) {
    const answered = new Promise((resolve) => this.#waiting.push(resolve));
    this.process.child.stdin.write(`${JSON.stringify(request)}\n`);
    const missing = () => `an answer of Python to ${JSON.stringify(request).slice(0, 200)}\n${this.process.errors()}`;
    const { value, failure } = await within(answered, missing);
    if (failure !== undefined) throw new SdkFailure(failure);
    return value;
  }

  async stop() {
    this.process.child.stdin.end();
    await within(this.process.exited, 'the end of Python');
  }
}

class PythonSdk {
  constructor(python, name, project, number) {
    Object.assign(this, { python, name, project, number });
  }
}

for (const call of CALLS) {
  const name = call.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  PythonSdk.prototype[call] = function (...args) {
    return this.python.ask({ sdk: this.number, call: name, args });
  };
}
