// What members and streams of a session are called, also those that have left. A member has the data of its token.

import { brief, isolated } from './words.js';

const KEPT = 2000;

export class Names {
  #data = new Map();
  #streams = new Map();

  forget() {
    this.#data.clear();
    this.#streams.clear();
  }

  learn({ id, data }) {
    remember(this.#data, id, data);
  }

  learnStream({ id, name }) {
    remember(this.#streams, id, name);
  }

  /** How somebody is called in a sentence. */
  of(id) {
    const data = this.#data.get(id) ?? '';
    return data.trim() === '' ? brief(id) : isolated(data);
  }

  /** How a stream is called of which no more is known than its id. */
  ofStream(id) {
    return streamName({ id, name: this.#streams.get(id) });
  }
}

/** Keeps the newest names. */
function remember(names, id, name) {
  if (typeof name !== 'string') return;
  names.delete(id);
  names.set(id, name);
  if (names.size > KEPT) names.delete(names.keys().next().value);
}

/** How a stream is called in a sentence. */
export const streamName = ({ name, id }) => (name?.trim() ? `“${isolated(name)}”` : brief(id));
