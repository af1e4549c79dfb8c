// The view of one session: what the server tells of it, and what is done to it.

import { Failure } from './api.js';
import { Archives } from './archives.js';
import { $, say, show } from './dom.js';
import { Live } from './live.js';
import { Names } from './names.js';
import { tell } from './outcome.js';
import { Rate } from './rate.js';
import { Roster } from './roster.js';
import { Send } from './send.js';
import { Timeline } from './timeline.js';
import { cut, lasting } from './words.js';

const TICK = 1000;

/** What is in a session that has ended. */
const NOBODY = { connections: [], connectionCount: 0, streams: [], streamCount: 0, archives: [], muted: false };

let view = null; // the parts of the view
let watched = null; // the session that is shown: { id, live, state, ahead, ended, fresh }
let ticking = null;
let tellTrouble = () => {};

/** `trouble(words)` shows that the connection is lost, and `trouble('')` that it is back. */
export function prepareSession(trouble) {
  const names = new Names();
  tellTrouble = trouble;
  view = {
    names,
    timeline: new Timeline(names),
    rate: new Rate(),
    roster: new Roster(names, attempt),
    send: new Send(names, attempt),
    archives: new Archives(attempt),
  };
  $('contents').addEventListener('change', () => {
    if (!$('contents').checked) view.timeline.forgetContents();
    watched.live.showContents($('contents').checked);
  });
  document.addEventListener('visibilitychange', tick);
}

export function showSession(id) {
  watched = { id, state: null, ahead: 0, ended: false, fresh: true };
  document.title = `Session ${cut(id, 24)} · otc-server`;
  say($('session-id'), id);
  $('session-badges').replaceChildren();
  $('contents').checked = false;
  view.names.forget();
  view.timeline.reset();
  view.rate.reset();
  view.send.reset();
  view.archives.reset(id);
  show($('session-body'), false);
  show($('session-absent'), false);
  show($('session-view'), true);
  const mine = watched;
  // What a stream that has been left still tells is of no interest.
  const only = (act) => (told) => mine === watched && act(told);
  watched.live = new Live(id, {
    opened: only(opened),
    entry: only(entered),
    state: only(changed),
    signals: only((signals) => view.rate.told(signals)),
    absent: only(absent),
    trouble: only(tellTrouble),
  });
  ticking = setInterval(tick, TICK);
}

export function hideSession() {
  clearInterval(ticking);
  watched?.live.close();
  watched = null;
  view.archives.reset(null);
  tell('');
  show($('session-view'), false);
}

/** The server's clock. */
const now = () => Date.now() + watched.ahead;

function opened() {
  watched.fresh = true;
  tellTrouble('');
}

function entered(entry) {
  show($('session-body'), true);
  show($('session-absent'), false);
  view.timeline.add(entry);
  if (entry.kind === 'archiveStopped') view.archives.refreshSoon();
}

function changed(told) {
  // Of a session that has ended nothing is known any more but its name.
  const ended = told.connectionCount === 0;
  const { since, signals } = ended && watched.state !== null ? watched.state : told;
  const state = { ...told, since, signals };
  Object.assign(watched, { state, ended, ahead: told.now - Date.now() });
  for (const connection of state.connections) view.names.learn(connection);
  for (const stream of state.streams) view.names.learnStream(stream);
  if (watched.fresh) view.rate.start(state.now, state.signals);
  watched.fresh = false;
  render();
}

function absent() {
  tellTrouble('');
  if (watched.state === null) show($('session-absent'), true);
  else changed({ ...watched.state, ...NOBODY, now: now() });
}

function render() {
  const { state, ended } = watched;
  show($('session-body'), true);
  show($('session-absent'), false);
  view.roster.show(state, now());
  view.send.show(state);
  view.archives.show(state);
  badges([
    [state.media, ''],
    [ended ? 'ended' : `since ${lasting(now() - state.since)}`, ended ? 'warn' : ''],
    ...(state.muted ? [['muted', 'warn']] : []),
    ...(state.archives.length > 0 ? [['being archived', 'running']] : []),
  ]);
  view.rate.draw(now());
}

function badges(wanted) {
  const shown = [...$('session-badges').children].map((badge) => badge.textContent);
  if (wanted.length === shown.length && wanted.every(([text], index) => text === shown[index])) return;
  $('session-badges').replaceChildren(...wanted.map(([text, mood]) => {
    const badge = document.createElement('span');
    badge.className = `badge ${mood}`.trim();
    badge.textContent = text;
    return badge;
  }));
}

/** Time passes: the chart moves on, and so does since when everything lasts. Not while nobody looks. */
function tick() {
  if (watched?.state && !document.hidden) render();
}

/** Carries something out and tells how it went. Returns whether it went well. */
async function attempt(done, act) {
  const mine = watched;
  tell('');
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Failure || error instanceof RangeError)) throw error;
    if (mine === watched) tell(error.message, 'bad');
    return false;
  }
  if (mine === watched) tell(done, 'good');
  return true;
}
