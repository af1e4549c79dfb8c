// The list of live sessions. It is asked for every two seconds while it can be seen.

import { Failure, listSessions } from './api.js';
import { $, Rows, say, show } from './dom.js';
import { number, plural, since } from './words.js';

const EVERY = 2000;

const rows = new Rows($('sessions-rows'), 'session-row', {
  key: (session) => session.id,
  fill: fillRow,
  refuge: $('sessions-title'),
});
let listed = null; // the server's last answer
let timer = null;
let open = false;
let tellTrouble = () => {};

/** `trouble(words)` shows that the server cannot be asked, and `trouble('')` that it can. */
export function prepareSessions(trouble) {
  tellTrouble = trouble;
  $('sessions-filter').addEventListener('input', render);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer);
    else if (open) refresh();
  });
}

export function showSessions() {
  document.title = 'Live sessions · otc-server';
  open = true;
  show($('sessions-view'), true);
  refresh();
}

export function hideSessions() {
  open = false;
  clearTimeout(timer);
  show($('sessions-view'), false);
}

/** Forgets what one login has seen before another one comes. */
export function forgetSessions() {
  listed = null;
  rows.show([]);
  $('sessions-filter').value = '';
}

async function refresh() {
  clearTimeout(timer);
  try {
    const answer = await listSessions();
    if (!open) return;
    listed = answer;
    tellTrouble('');
    render();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (!open) return;
    tellTrouble(`${error.message} The list is asked for again by itself.`);
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, EVERY);
}

function render() {
  if (listed === null) return;
  const wanted = $('sessions-filter').value.trim().toLowerCase();
  const fits = ({ id, media }) => id.toLowerCase().includes(wanted) || media === wanted;
  const fitting = listed.sessions.filter(fits);
  rows.show(fitting);
  show($('sessions-card'), fitting.length > 0);
  show($('sessions-empty'), listed.sessions.length === 0);
  show($('sessions-unmatched'), listed.sessions.length > 0 && fitting.length === 0);
  say($('sessions-unmatched-text'), unmatchedWords());
  show($('sessions-more'), listed.more);
  say($('sessions-more'), listed.more ? `The newest ${listed.sessions.length} are listed. Any other one opens at #/session/ and its id.` : '');
  say($('sessions-count'), countWords(fitting.length, wanted !== ''));
}

function unmatchedWords() {
  const rest = 'Clear the filter to see all';
  return listed.more ? `${rest}; older ones open at #/session/ and their id.` : `${rest}.`;
}

function countWords(shown, filtered) {
  const all = plural(listed.sessions.length, 'session');
  return filtered ? `${number(shown)} of ${all}` : all;
}

function fillRow(parts, session) {
  say(parts.id, session.id);
  parts.id.href = `#/session/${encodeURIComponent(session.id)}`;
  say(parts.media, session.media);
  since(parts.since, session.since, listed.now);
  say(parts.connections, number(session.connections));
  say(parts.streams, number(session.streams));
  say(parts.signals, number(session.signals));
  say(parts.archives, number(session.archives));
  parts.archives.classList.toggle('running', session.archives > 0);
}
