// The view in which somebody logs in.

import { logIn } from './api.js';
import { $, enable, isEnabled, say, show } from './dom.js';

const form = $('login-form');

/** Calls `done()` after each login. */
export function prepareLogin(done) {
  form.addEventListener('change', chooseWay);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await submit(done);
  });
}

const way = () => form.elements.way.value;

function chooseWay() {
  show($('by-key'), way() === 'key');
  show($('by-token'), way() === 'token');
}

/** Shows the form; `why` says what has ended, if something has. */
export function showLogin(why = '') {
  document.title = 'Log in · otc-server';
  show($('login-view'), true);
  say($('login-note'), why);
  chooseWay();
  $(way() === 'key' ? 'login-key' : 'login-token').focus();
}

export function hideLogin() {
  show($('login-view'), false);
  form.reset();
  forgive();
  say($('login-note'), '');
  say($('login-problem'), '');
}

/** What is typed, or the field that is missing. */
function typed() {
  const field = (name) => form.elements[name];
  const names = way() === 'key' ? ['key', 'secret'] : ['token'];
  const missing = names.find((name) => field(name).value.trim() === '');
  if (missing) return { missing: field(missing) };
  return { credentials: Object.fromEntries(names.map((name) => [name, name === 'secret' ? field(name).value : field(name).value.trim()])) };
}

/** What describes a field that nothing is wrong with. */
const HINTS = new Map([['login-token', 'token-hint']]);

/** No field is wrong any more. */
function forgive() {
  for (const field of form.querySelectorAll('[aria-invalid]')) {
    field.removeAttribute('aria-invalid');
    const hint = HINTS.get(field.id);
    if (hint === undefined) field.removeAttribute('aria-describedby');
    else field.setAttribute('aria-describedby', hint);
  }
}

function complain(words, field) {
  // Taken away first, so that the same words are read aloud again.
  say($('login-problem'), '');
  say($('login-problem'), words);
  forgive();
  field.setAttribute('aria-invalid', 'true');
  field.setAttribute('aria-describedby', [HINTS.get(field.id), 'login-problem'].filter(Boolean).join(' '));
  field.focus();
}

async function submit(done) {
  const { credentials, missing } = typed();
  if (missing) {
    complain(`${form.querySelector(`label[for="${missing.id}"]`).textContent} is missing.`, missing);
    return;
  }
  const button = $('login-button');
  if (!isEnabled(button)) return;
  enable(button, false);
  try {
    await logIn(credentials);
  } catch (error) {
    complain(error.message, $(way() === 'key' ? 'login-secret' : 'login-token'));
    return;
  } finally {
    enable(button, true);
  }
  done();
}
