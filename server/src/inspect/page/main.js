// Which view is shown: the login, the list, or the session that the address names after the #.

import { Failure, isLoggedIn, logOut, project, resume, whenLoggedOut } from './api.js';
import { withdraw } from './confirm.js';
import { $, say, show } from './dom.js';
import { hideLogin, prepareLogin, showLogin } from './login.js';
import { forgetSessions, hideSessions, prepareSessions, showSessions } from './sessions.js';
import { hideSession, prepareSession, showSession } from './session.js';

const RETRY = 3000;

/** Shows, above all views, that something is wrong with the way to the server. */
function trouble(words) {
  say($('trouble'), words);
}

function hideAll() {
  withdraw();
  hideLogin();
  hideSessions();
  hideSession();
  trouble('');
}

function asLoggedIn(yes) {
  for (const id of ['pages', 'project', 'logout']) show($(id), yes);
  say($('project-id'), yes ? project() : '');
}

/** The session in the address, or null. */
function sessionInAddress() {
  const [, id] = /^#\/session\/(.+)$/u.exec(location.hash) ?? [];
  try {
    return id === undefined ? null : decodeURIComponent(id);
  } catch {
    return null;
  }
}

function route({ moveFocus = true } = {}) {
  if (!isLoggedIn()) return;
  hideAll();
  const session = sessionInAddress();
  if (session === null) showSessions();
  else showSession(session);
  const current = session === null ? 'page' : 'false';
  $('pages').querySelector('a').setAttribute('aria-current', current);
  if (moveFocus) $(session === null ? 'sessions-title' : 'session-title').focus();
}

function enter() {
  asLoggedIn(true);
  route();
}

function leave(why) {
  hideAll();
  forgetSessions();
  asLoggedIn(false);
  showLogin(why);
}

async function begin() {
  try {
    if (await resume()) {
      trouble('');
      asLoggedIn(true);
      route({ moveFocus: false });
    } else {
      leave('');
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    trouble(`${error.message} This page asks again by itself.`);
    setTimeout(begin, RETRY);
  }
}

async function leaveByButton() {
  try {
    await logOut();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // Who is logged out already is shown so; anything else leaves the login in place.
    if (isLoggedIn()) trouble(`You are still logged in. ${error.message}`);
    return;
  }
  history.replaceState(null, '', location.pathname);
  leave('You have logged out.');
}

$('skip').addEventListener('click', (event) => {
  // The address after the # is the view's.
  event.preventDefault();
  $('main').focus();
});
$('logout').addEventListener('click', leaveByButton);
window.addEventListener('hashchange', () => route());
prepareLogin(enter);
prepareSessions(trouble);
prepareSession(trouble);
whenLoggedOut(leave);
begin();
