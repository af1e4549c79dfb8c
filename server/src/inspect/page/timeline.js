// The timeline: what has happened, the newest at the bottom. It is a log that is not read aloud by itself: in a busy
// session nobody could listen.

import { $, copy, say, show, write } from './dom.js';
import { changes, inWords } from './entries.js';
import { clock, number, plural } from './words.js';

/** How many entries are kept. */
const ENTRIES_MOST = 500;
/** Of how many streams it is remembered how they were told last. */
const STREAMS_MOST = 2000;
/** The numbers of a history that begins anew are greater by at least so much: they begin with the time, in microseconds. */
const NUMBERS_BEGIN = 100_000;
/** How much of what a signal says is shown. */
const SAID_MOST = 1000;
/** Entries that come within this time are added together. */
const GATHER = 100;
/** So close to the bottom counts as at the bottom. */
const NEAR = 32;

export class Timeline {
  #waiting = [];
  #timer = null;
  #paused = false;
  #last = 0;
  #streams = new Map(); // id → the stream as it was told last
  #following = true;

  constructor(names) {
    this.names = names;
    this.log = $('events');
    this.list = $('events-list');
    this.log.addEventListener('scroll', () => this.#scrolled());
    $('events-newest').addEventListener('click', () => {
      this.#toBottom();
      this.log.focus();
    });
    $('events-pause').addEventListener('click', () => this.#pause(!this.#paused));
    $('events-kinds').addEventListener('change', () => this.#filter());
  }

  /** Begins anew, for another session. */
  reset() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = [];
    this.#last = 0;
    this.#streams.clear();
    this.#following = true;
    this.list.replaceChildren();
    this.#pause(false);
    this.#filter();
  }

  add(entry) {
    // A stream of events that is opened again begins with what is known already.
    if (entry.n <= this.#last) return;
    const missing = this.#missing(entry);
    this.#last = entry.n;
    if (missing > 0) this.#wait({ at: entry.at, kind: 'gap', events: missing < NUMBERS_BEGIN ? missing : null });
    if (this.#isNews(entry)) this.#wait(entry);
  }

  /** Clients tell more of their streams than is shown here: sizes, and how a telephone is held. */
  #isNews(entry) {
    const { kind, stream } = entry;
    if (kind === 'streamChanged') {
      entry.changes = changes(this.#streams.get(stream.id), stream);
      if (entry.changes.length === 0) return false;
    }
    if (kind === 'streamDestroyed') this.#streams.delete(stream.id);
    else if (stream?.id) this.#streams.set(stream.id, stream);
    if (this.#streams.size > STREAMS_MOST) this.#streams.delete(this.#streams.keys().next().value);
    return true;
  }

  /** How many entries are missing before this one; the server says so itself where it knows. */
  #missing({ n, kind }) {
    const isFirst = this.#last === 0 || kind === 'sessionCreated' || kind === 'gap';
    return isFirst ? 0 : n - this.#last - 1;
  }

  #wait(entry) {
    if (entry.connection) this.names.learn(entry.connection);
    if (entry.stream?.name) this.names.learnStream(entry.stream);
    this.#waiting.push(entry);
    if (this.#waiting.length > ENTRIES_MOST) this.#waiting.shift();
    this.#timer ??= setTimeout(() => this.#gathered(), GATHER);
  }

  /** Removes what signals said from the screen and from memory. */
  forgetContents() {
    for (const said of this.list.querySelectorAll('.said')) said.textContent = '';
    for (const entry of this.#waiting) delete entry.data;
  }

  #gathered() {
    this.#timer = null;
    if (!this.#paused) this.#append();
    this.#count();
  }

  #append() {
    this.list.append(...this.#waiting.splice(0).map((entry) => this.#row(entry)));
    while (this.list.children.length > ENTRIES_MOST) this.list.firstElementChild.remove();
    this.#sayNone();
    if (this.#following) this.#toBottom();
  }

  #row(entry) {
    const { row, parts } = copy('event-row');
    const { group, tag, what } = inWords(entry, this.names);
    parts.at.dateTime = new Date(entry.at).toISOString();
    say(parts.at, clock(entry.at));
    say(parts.kind, tag);
    write(parts.what, what);
    if (entry.data !== undefined) say(parts.said, contents(entry.data));
    row.dataset.group = group;
    row.hidden = !this.#shown(group);
    return row;
  }

  #shown(group) {
    const box = $('events-kinds').querySelector(`input[value="${group}"]`);
    return box === null || box.checked;
  }

  #filter() {
    for (const row of this.list.children) row.hidden = !this.#shown(row.dataset.group);
    this.#sayNone();
    if (this.#following) this.#toBottom();
  }

  #sayNone() {
    const nothing = this.list.children.length === 0;
    const hidden = !nothing && this.list.querySelector('li:not([hidden])') === null;
    show($('events-none'), nothing || hidden);
    say($('events-none'), hidden
      ? 'Events of these kinds have not happened. Tick others above.'
      : 'Nothing has happened yet. Signals are listed while this page is open.');
  }

  #pause(paused) {
    this.#paused = paused;
    $('events-pause').setAttribute('aria-pressed', String(paused));
    if (!paused) this.#append();
    this.#count();
  }

  #count() {
    const waiting = this.#waiting.length;
    const newer = `${number(waiting)}${waiting === ENTRIES_MOST ? ' or more' : ''} waiting`;
    say($('events-count'), this.#paused ? newer : plural(this.list.children.length, 'event'));
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR;
    show($('events-newest'), !this.#following);
  }

  #toBottom() {
    this.log.scrollTop = this.log.scrollHeight;
  }
}

/** What a signal says: a text as it is, anything else as JSON. */
function contents(data) {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  if (text.length <= SAID_MOST) return text;
  return `${text.slice(0, SAID_MOST)}… and ${plural(text.length - SAID_MOST, 'more character')}`;
}
