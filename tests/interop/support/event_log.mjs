// What a client reported, in order, and a way to wait for it: the tests never sleep.

import { isDeepStrictEqual } from 'node:util';

/** How long anything that has to happen may take, in milliseconds. */
export const DEADLINE = 20_000;

/** Waits for a promise, at most until the deadline. `what` says what is missing then. */
export async function within(promise, what, milliseconds = DEADLINE) {
  let timer;
  const late = new Promise((_, reject) => {
    const message = () => `not within ${milliseconds} ms: ${typeof what === 'function' ? what() : what}`;
    timer = setTimeout(() => reject(new Error(message())), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The events of one client: objects with an `event` name, in the vocabulary of otc_cli. */
export class EventLog {
  #waiting = new Set();
  #heirs = [];

  constructor(owner) {
    this.owner = owner;
    this.all = [];
  }

  add(event) {
    this.all.push(event);
    for (const heir of this.#heirs) heir.add(event);
    for (const check of [...this.#waiting]) check();
  }

  /** What is reported from now on, as a log of its own. */
  fromNow() {
    const log = new EventLog(this.owner);
    this.#heirs.push(log);
    return log;
  }

  /** The events with this name whose members are as in `members` (others may be there too). */
  find(name, members = {}) {
    const fits = (event) => Object.entries(members).every(([key, value]) => isDeepStrictEqual(event[key], value));
    return this.all.filter((event) => event.event === name && fits(event));
  }

  /** The first such event, waited for when it has not come yet. */
  async next(name, members = {}, deadline = DEADLINE) {
    const wanted = `${this.owner}: ${JSON.stringify({ event: name, ...members })}`;
    const [event] = await this.until(() => this.find(name, members), wanted, deadline);
    return event;
  }

  /** What `look` returns, as soon as that is neither false nor empty. */
  async until(look, wanted, deadline = DEADLINE) {
    const here = (found) => (Array.isArray(found) ? found.length > 0 : Boolean(found));
    const found = look();
    if (here(found)) return found;
    let check;
    const coming = new Promise((resolve) => {
      check = () => {
        const now = look();
        if (here(now)) resolve(now);
      };
      this.#waiting.add(check);
    });
    try {
      return await within(coming, () => `${wanted}\nevents so far:\n${this.#tail()}`, deadline);
    } finally {
      this.#waiting.delete(check);
    }
  }

  /** `count` signals of a type, in the order in which they came. */
  async signals(type, count, deadline = DEADLINE) {
    const look = () => this.find('signal', { type });
    await this.until(() => look().length >= count, `${this.owner}: ${count} signals ${type}`, deadline);
    return look();
  }

  #tail() {
    return this.all.slice(-15).map((event) => `  ${JSON.stringify(event).slice(0, 200)}`).join('\n');
  }
}
