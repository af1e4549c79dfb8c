// A terminal: a bash into which a test types, and what is to be seen there.

import { spawn } from 'node:child_process';
import { missing } from './document.mjs';
import { DEADLINE, within } from './event_log.mjs';
import './processes.mjs'; // makes signals to the tests an exit

const open = new Set();

process.on('exit', () => {
  for (const terminal of open) terminal.signal('SIGKILL');
});

export class Terminal {
  #look = () => {};
  #commands = 0;

  /** A shell in that directory. It ends at the first command that fails. */
  constructor(directory, environment) {
    // A group of its own, so that what it has started ends with it.
    this.shell = spawn('bash', ['-e', '-o', 'pipefail'], { cwd: directory, env: environment, detached: true });
    this.seen = '';
    this.shell.stdin.on('error', () => {}); // it has ended, which whoever waits is told
    for (const stream of [this.shell.stdout, this.shell.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.seen += text;
        this.#look();
      });
    }
    this.ended = new Promise((resolve) => this.shell.on('close', (code, signal) => resolve(code ?? signal)));
    this.ended.then((how) => {
      this.how = how;
      open.delete(this);
      this.#look();
    });
    open.add(this);
  }

  get lines() {
    return this.seen.split('\n');
  }

  /** Types into whatever reads there: the shell, or a program that it has started. */
  type(text) {
    this.shell.stdin.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Types commands and waits until the last one has ended. Returns the lines that they printed. */
  async run(commands, deadline = DEADLINE) {
    const mark = `-- ${(this.#commands += 1)} commands of this terminal have ended --`;
    const before = this.seen.length;
    this.type(commands);
    this.type(`echo '${mark}'`);
    await this.#until(() => this.seen.slice(before).includes(`${mark}\n`), commands, deadline);
    const after = this.seen.slice(before, this.seen.indexOf(mark));
    return after.split('\n');
  }

  /** Waits until those lines are there (see `missing`). */
  async shows(expected, deadline = DEADLINE) {
    await this.#until(() => missing(expected, this.lines).length === 0, () => missing(expected, this.lines).join('\n'), deadline);
  }

  async #until(isThere, wanted, deadline) {
    const told = () => `${typeof wanted === 'function' ? wanted() : wanted}\nthe terminal shows:\n${this.seen.slice(-3000)}`;
    const coming = new Promise((resolve, reject) => {
      this.#look = () => {
        if (isThere()) resolve();
        else if (this.how !== undefined) reject(new Error(`the terminal has ended (${this.how}) before: ${told()}`));
      };
      this.#look();
    });
    await within(coming, told, deadline);
  }

  /** A signal to all that runs here. */
  signal(name) {
    try {
      process.kill(-this.shell.pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }

  /** Presses Ctrl-C, and Ctrl-D at the shell that is then there again. Returns once both have ended. */
  async interrupt() {
    this.signal('SIGINT');
    this.shell.stdin.end();
    await within(this.ended, 'the end of the terminal');
  }
}
