// How what somebody has just done went: a line at the bottom, which is read aloud. Bad news stays until it is closed.

import { $, show, write } from './dom.js';

const GOOD_NEWS = 10_000;

let timer = null;

/** Tells it; `mood` is good or bad. Without words what was told is taken away. */
export function tell(words, mood = 'good') {
  clearTimeout(timer);
  const close = $('outcome-close');
  // Whoever closes it with the keyboard goes on in the view, not at the top of the page.
  if (words === '' && document.activeElement === close) $('main').focus();
  $('toast').dataset.mood = mood;
  write($('outcome'), words);
  show(close, words !== '');
  if (words !== '' && mood === 'good') timer = setTimeout(() => tell(''), GOOD_NEWS);
}

$('outcome-close').addEventListener('click', () => tell(''));
