// Sending a signal to everybody in the session, or to one.

import { rest, sessionPath } from './api.js';
import { $, ROWS_MOST, enable } from './dom.js';
import { number } from './words.js';

/** What the server takes. */
const DATA_BYTES = 8192;

export class Send {
  #offered = '';
  #sending = false;

  constructor(names, attempt) {
    this.names = names;
    this.attempt = attempt;
    this.form = $('send-form');
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    $('send-data').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !event.ctrlKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
  }

  reset() {
    this.form.reset();
    this.#offered = '';
    $('send-to').replaceChildren();
  }

  show(state) {
    this.session = state.id;
    this.#offer(state.connections.slice(0, ROWS_MOST).map(({ id }) => [id, this.names.of(id)]));
    this.nobody = state.connections.length === 0;
    this.#enable();
  }

  /** Offers the members. Whoever is chosen stays so after having left: a signal for one must not go to everybody. */
  #offer(members) {
    const select = $('send-to');
    const chosen = select.value;
    if (chosen !== '' && !members.some(([id]) => id === chosen)) members.push([chosen, `${this.names.of(chosen)} (has left)`]);
    const offered = JSON.stringify(members);
    if (offered === this.#offered) return;
    this.#offered = offered;
    select.replaceChildren(new Option('Everybody', ''), ...members.map(([id, words]) => new Option(words, id)));
    select.value = chosen;
  }

  #enable() {
    enable($('send-button'), !this.nobody && !this.#sending);
  }

  async #send() {
    if (this.nobody || this.#sending) return;
    const { to, type, data } = this.form.elements;
    const addressee = to.value === '' ? 'everybody' : this.names.of(to.value);
    const path = to.value === '' ? '/signal' : `/connection/${encodeURIComponent(to.value)}/signal`;
    const signal = { data: data.value, ...(type.value === '' ? {} : { type: type.value }) };
    this.#sending = true;
    this.#enable();
    const sent = await this.attempt(`The signal is sent to ${addressee}.`, () => {
      const bytes = new TextEncoder().encode(signal.data).length;
      if (bytes > DATA_BYTES) throw new RangeError(`The data has ${number(bytes)} bytes, and ${number(DATA_BYTES)} is the most. Make it shorter.`);
      return rest('POST', sessionPath(this.session, path), signal);
    });
    this.#sending = false;
    this.#enable();
    // What was typed meanwhile is the next one.
    if (!sent || data.value !== signal.data) return;
    data.value = '';
    if (this.form.contains(document.activeElement)) data.focus();
  }
}
