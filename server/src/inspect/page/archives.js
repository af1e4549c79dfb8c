// The archives of the session: start, stop, download.

import { Failure, archiveFile, rest } from './api.js';
import { $, Rows, enable, isEnabled, say, show } from './dom.js';
import { lasting, size } from './words.js';

/** How many of a session are listed. */
const LISTED = 50;
/** An archive that has just ended gets its file in a moment; and of many that have, it is asked once. */
const SOON = 500;

const STATUS = new Map([
  ['started', 'running'],
  ['stopped', 'being closed'],
  ['available', 'ready'],
  ['expired', 'expired'],
  ['failed', 'failed'],
]);

export class Archives {
  #session = null;
  #timer = null;
  #asked = 0;
  #nobody = true;
  #starting = false;

  constructor(attempt) {
    this.attempt = attempt;
    this.rows = new Rows($('archives-rows'), 'archive-row', { key: ({ id }) => id, fill, refuge: $('archives-title') });
    this.rows.onAct((archive, act) => (act === 'stop' ? this.#stop(archive) : this.#download(archive)));
    $('archive-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#start();
    });
  }

  /** Another session, or none. */
  reset(session) {
    clearTimeout(this.#timer);
    this.#session = session;
    this.known = null;
    this.rows.show([]);
    $('archive-form').reset();
  }

  show(state) {
    const relayed = state.media === 'relayed';
    show($('archive-form'), !relayed);
    show($('archives-never'), relayed);
    say($('archives-never'), relayed ? 'A relayed session is never archived. Make a routed one: otc-server session --routed.' : '');
    this.#nobody = state.connections.length === 0;
    this.#enable();
    const known = JSON.stringify(state.archives);
    if (relayed || known === this.known) return;
    this.known = known;
    this.refresh();
  }

  /** Asks in a moment. */
  refreshSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), SOON);
  }

  async refresh() {
    clearTimeout(this.#timer);
    const session = this.#session;
    if (session === null) return;
    const turn = (this.#asked += 1);
    try {
      const { items } = await rest('GET', `archive?count=${LISTED}&sessionId=${encodeURIComponent(session)}`);
      // An answer that was overtaken says what was.
      if (turn !== this.#asked || session !== this.#session) return;
      this.rows.show(items);
      if (items.some(({ status }) => status === 'stopped')) this.refreshSoon();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.known = null; // asked again when the session tells of itself next
    }
  }

  #enable() {
    enable($('archive-start'), !this.#nobody && !this.#starting);
  }

  async #start() {
    if (!isEnabled($('archive-start'))) return;
    const name = $('archive-name').value.trim();
    const wishes = { sessionId: this.#session, ...(name === '' ? {} : { name }) };
    this.#starting = true;
    this.#enable();
    const started = await this.attempt('The archive has begun.', () => rest('POST', 'archive', wishes));
    this.#starting = false;
    this.#enable();
    if (started) $('archive-form').reset();
    await this.refresh();
  }

  async #stop({ id }) {
    await this.attempt('The archive has ended. Its file can be downloaded.', () => rest('POST', `archive/${encodeURIComponent(id)}/stop`));
    await this.refresh();
  }

  /** Asks first whether there is a file, so that a refusal is told here and not by the browser. */
  async #download({ id }) {
    await this.attempt('The download has begun.', async () => {
      const { status } = await rest('GET', `archive/${encodeURIComponent(id)}`);
      if (status !== 'available') throw new RangeError('The archive has no file any more.');
      const link = document.createElement('a');
      link.href = archiveFile(id);
      link.download = `${id}.jsonl`;
      link.click();
    });
  }
}

function fill(parts, { id, name, status, size: bytes, duration, reason }) {
  say(parts.name, name || id);
  say(parts.status, STATUS.get(status) ?? status);
  parts.status.classList.toggle('running', status === 'started');
  const facts = status === 'available' ? [size(bytes), lasting(duration * 1000), reason] : [reason];
  say(parts.details, facts.filter(Boolean).join(' · '));
  const row = parts.name.closest('li');
  for (const [act, wanted] of [['stop', 'started'], ['download', 'available']]) {
    const button = row.querySelector(`[data-do="${act}"]`);
    show(button, status === wanted);
    button.setAttribute('aria-label', `${act === 'stop' ? 'Stop' : 'Download'} the archive ${name || id}`);
  }
}
