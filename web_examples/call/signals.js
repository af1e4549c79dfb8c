// What is said in the session: signals, and who comes and goes. What others wrote goes in as text, never as markup.

import { chosen, isOwn, nameOf, ownName } from './people.js';

const list = document.getElementById('signals');
const log = document.getElementById('log');
const form = document.getElementById('send');
const field = (id) => document.getElementById(id);

function part(tag, text, className = '') {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}

function addLine(className, ...parts) {
  const line = part('li', '', className);
  line.append(...parts);
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
  list.append(line);
  if (atEnd) log.scrollTop = log.scrollHeight;
}

/** Something has happened. */
export const addEvent = (text) => addLine('event', text);

export const forgetSignals = () => list.replaceChildren();

/** Somebody has said something, to whom it may be: `to` is one person, or undefined for all. */
function addText(who, own, { type, data, to }) {
  const head = [part('b', own ? `${who} (you)` : who)];
  if (to) head.push(part('span', `to ${nameOf(to)} alone `, 'small'));
  if (type) head.push(part('span', type, 'small type'));
  head.push(part('span', new Date().toLocaleTimeString(), 'small'));
  const text = typeof data === 'string' ? data : data === undefined ? '(no text)' : JSON.stringify(data);
  addLine(own ? 'own' : '', ...head, part('span', text, 'data'));
}

/** A signal as the client reports it. Its event is called "signal", or "signal:" and the type. */
export function addSignal({ type, data, from }) {
  addText(from ? nameOf(from) : 'the server', isOwn(from), { type: type.replace(/^signal:?/, ''), data });
}

/** Lets the person send; `session` returns the session. */
export function sendWith(session) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const signal = { data: field('data').value };
    if (field('type').value) signal.type = field('type').value;
    if (chosen()) signal.to = chosen();
    session().signal(signal, (error) => {
      if (error) addEvent(`Not sent: ${error.message}`);
      // What went to everybody comes back by itself.
      else if (signal.to && !isOwn(signal.to)) addText(ownName(), true, signal);
    });
    field('data').value = '';
    field('data').focus();
  });
}
