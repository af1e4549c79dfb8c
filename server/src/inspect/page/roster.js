// Who is in the session, and what they publish; making somebody leave, and muting.

import { rest, sessionPath } from './api.js';
import { confirmed } from './confirm.js';
import { $, Rows, enable, isEnabled, say, sayMore, show, write } from './dom.js';
import { streamName } from './names.js';
import { number, since } from './words.js';

export class Roster {
  /** `attempt(act)` carries something out and tells how it went. */
  constructor(names, attempt) {
    this.names = names;
    this.attempt = attempt;
    this.people = new Rows($('people-rows'), 'person-row', {
      key: ({ id }) => id,
      fill: (parts, person) => this.#fillPerson(parts, person),
      refuge: $('people-title'),
    });
    this.streams = new Rows($('streams-rows'), 'stream-row', {
      key: ({ id }) => id,
      fill: (parts, stream) => this.#fillStream(parts, stream),
      refuge: $('streams-title'),
    });
    this.people.onAct((person) => this.#disconnect(person));
    this.streams.onAct((stream) => this.#mute(stream));
    $('mute-all').addEventListener('click', () => {
      if (!isEnabled($('mute-all'))) return;
      if (this.state.muted) this.#endMute();
      else this.#muteAll();
    });
  }

  /** Shows the session as it is at the server's time `now`. */
  show(state, now) {
    this.state = state;
    this.now = now;
    const { connections, connectionCount, streams, streamCount, muted } = state;
    this.people.show(connections);
    this.streams.show(streams);
    say($('people-count'), number(connectionCount));
    say($('streams-count'), number(streamCount));
    show($('people-table'), connections.length > 0);
    show($('people-empty'), connections.length === 0);
    show($('streams-table'), streams.length > 0);
    show($('streams-empty'), streams.length === 0);
    show($('people-away'), connections.some(({ away }) => away));
    sayMore($('people-more'), connections.length, connectionCount, 'people');
    sayMore($('streams-more'), streams.length, streamCount, 'streams');
    show($('muted-note'), muted);
    say($('mute-all'), muted ? 'End the mute' : 'Mute all');
    enable($('mute-all'), connections.length > 0);
  }

  #fillPerson(parts, { id, createdAt, data, role, away }) {
    say(parts.data, data.trim() === '' ? 'no data' : data);
    parts.data.classList.toggle('soft', data.trim() === '');
    say(parts.id, id);
    say(parts.role, role);
    say(parts.away, away ? 'away' : '');
    since(parts.since, createdAt, this.now);
    name(parts.data, 'disconnect', `Disconnect ${this.names.of(id)}`);
  }

  #fillStream(parts, stream) {
    say(parts.name, stream.name.trim() === '' ? 'no name' : stream.name);
    parts.name.classList.toggle('soft', stream.name.trim() === '');
    const owner = this.names.of(stream.connectionId);
    if (parts.owner.dataset.name !== owner) write(parts.owner, owner);
    parts.owner.dataset.name = owner;
    since(parts.since, stream.createdAt, this.now);
    name(parts.name, 'mute', `Mute the stream ${streamName(stream)} of ${this.names.of(stream.connectionId)}`);
    const words = [...stream.channels].sort((one, other) => order(one) - order(other)).map(channelWords);
    const shown = [...parts.channels.children].map((item) => item.textContent);
    if (words.length === shown.length && words.every(({ text }, index) => text === shown[index])) return;
    parts.channels.replaceChildren(...words.map(channelItem));
  }

  async #disconnect({ id }) {
    const who = this.names.of(id);
    const text = `${who} leaves the session at once and is told so. Its token stays good: it may come back.`;
    if (!(await confirmed({ title: `Disconnect ${who}?`, text, yes: 'Disconnect' }))) return;
    await this.attempt(`${who} is disconnected.`, () => this.#call('DELETE', `/connection/${encodeURIComponent(id)}`));
  }

  async #mute(stream) {
    const what = streamName(stream);
    const text = `Its publisher, ${this.names.of(stream.connectionId)}, is told to send no more sound, and may turn it on again.`;
    if (!(await confirmed({ title: `Mute the stream ${what}?`, text, yes: 'Mute' }))) return;
    await this.attempt(`The stream ${what} is muted.`, () => this.#call('POST', `/stream/${encodeURIComponent(stream.id)}/mute`));
  }

  async #muteAll() {
    const text = 'All publishers are told to send no more sound, and so is whoever publishes later, until you end the mute.';
    if (!(await confirmed({ title: 'Mute all?', text, yes: 'Mute all' }))) return;
    await this.attempt('Everybody is muted.', () => this.#call('POST', '/mute', { active: true, excludedStreamIds: [] }));
  }

  async #endMute() {
    const done = 'The mute has ended: whoever publishes from now on is not asked to be silent.';
    await this.attempt(done, () => this.#call('POST', '/mute', { active: false }));
  }

  #call(method, path, body) {
    return rest(method, sessionPath(this.state.id, path), body);
  }
}

/** Says on a row's button what it acts on. */
function name(part, act, label) {
  const button = part.closest('tr').querySelector(`[data-do="${act}"]`);
  if (button.getAttribute('aria-label') !== label) button.setAttribute('aria-label', label);
}

/** What channels are called, in the order in which they are shown. The client has captions in a channel of data. */
const CHANNELS = new Map([['audio', 'sound'], ['video', 'picture'], ['data', 'captions']]);
const order = ({ type }) => [...CHANNELS.keys(), type].indexOf(type);

/** A channel in words: what it is, whether it is on, and of a picture where it comes from and how large it is. */
function channelWords({ type, active, source, width, height, frameRate }) {
  const facts = [source, width && height ? `${width} × ${height}` : null, frameRate ? `${frameRate} per second` : null];
  const details = facts.filter(Boolean).join(', ');
  const what = CHANNELS.get(type) ?? type;
  return { active, text: `${what} ${active ? 'on' : 'off'}${details ? ` · ${details}` : ''}` };
}

function channelItem({ active, text }) {
  const item = document.createElement('li');
  item.className = active ? 'on' : 'off';
  item.textContent = text;
  return item;
}
