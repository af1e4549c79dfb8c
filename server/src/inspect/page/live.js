// What happens in one session, as the server tells it: server-sent events. A lost connection is mended by the browser;
// where the server refuses, this asks why, and tries again. A tab that is hidden listens to nothing: a browser has six
// connections for all of its tabs, and the seventh tab would wait for one.

import { Failure, eventsOf, tryEvents } from './api.js';

const RETRY_FIRST = 1000;
const RETRY_MOST = 5000;

const LOST = 'The connection to the server is lost. What happens now is missing until it is back; the page tries by itself.';

export class Live {
  #source = null;
  #timer = null;
  #pause = RETRY_FIRST;
  #contents = false;
  #closed = false;

  /** `told` has a function for each thing that happens: opened, entry, state, signals, absent, trouble. */
  constructor(session, told) {
    this.session = session;
    this.told = told;
    this.again = () => this.#open();
    window.addEventListener('online', this.again);
    document.addEventListener('visibilitychange', this.again);
    this.#open();
  }

  /** Asks for the contents of signals, or no longer. */
  showContents(contents) {
    this.#contents = contents;
    this.#open();
  }

  close() {
    this.#closed = true;
    window.removeEventListener('online', this.again);
    document.removeEventListener('visibilitychange', this.again);
    this.#drop();
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #open() {
    this.#drop();
    if (document.hidden) return;
    const source = new EventSource(eventsOf(this.session, this.#contents));
    const on = (name, act) => source.addEventListener(name, (event) => act(JSON.parse(event.data)));
    this.#source = source;
    source.addEventListener('open', () => {
      this.#pause = RETRY_FIRST;
      this.told.opened();
    });
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) this.#look();
      else this.told.trouble(LOST);
    });
    on('entry', this.told.entry);
    on('state', this.told.state);
    on('signals', this.told.signals);
    on('bye', () => this.#look());
  }

  /** Finds out why there are no events, and tries again later. */
  async #look() {
    this.#drop();
    try {
      await tryEvents(this.session);
      if (!this.#closed) this.told.trouble(LOST);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (this.#closed) return; // the login has ended, perhaps
      if (error.status === 404) this.told.absent();
      else this.told.trouble(`${error.message} The page tries by itself.`);
    }
    // Closed, or opened again by something else.
    if (this.#closed || this.#source !== null) return;
    this.#timer = setTimeout(this.again, this.#pause);
    this.#pause = Math.min(this.#pause * 2, RETRY_MOST);
  }
}
