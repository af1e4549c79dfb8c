// Child processes that never outlive the tests.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
// Without these, a signal would end the tests with no 'exit' event.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** Starts a program with pipes on all three streams. `exited` resolves to its exit code, or to the signal's name. */
export async function start(program, args, environment = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...environment } });
  const exited = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return code ?? signal;
  });
  exited.catch(() => {}); // the failed start below tells of it
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  child.stdin.on('error', () => {}); // it has ended; whoever waits for its answer is told
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new Error(`${program} does not start: ${error.message}`);
  }
  running.add(child);
  return { child, exited, errors: () => errors };
}

/** Runs a program to its end and returns what it printed. */
export async function output(program, args, environment = {}) {
  const { child, exited, errors } = await start(program, args, environment);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
  child.stdin.end();
  const code = await exited;
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${code}\n${errors()}`);
  return text.trim();
}
