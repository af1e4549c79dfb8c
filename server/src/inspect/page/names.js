// What the members of a session are called: the data of their tokens, also of those who have left.

import { brief, isolated } from './words.js';

const KEPT = 2000;

export class Names {
  #data = new Map();

  forget() {
    this.#data.clear();
  }

  learn({ id, data }) {
    if (typeof data !== 'string') return;
    this.#data.delete(id);
    this.#data.set(id, data);
    if (this.#data.size > KEPT) this.#data.delete(this.#data.keys().next().value);
  }

  /** How somebody is called in a sentence. */
  of(id) {
    const data = this.#data.get(id) ?? '';
    return data.trim() === '' ? brief(id) : isolated(data);
  }
}

/** How a stream is called in a sentence. */
export const streamName = ({ name, id }) => (name?.trim() ? `“${isolated(name)}”` : brief(id));
