// The question before something that cannot be taken back.

import { $, say, write } from './dom.js';

/** Asks. Resolves to whether the answer is yes; Escape means no, and the focus goes back to where it was. */
export function confirmed({ title, text, yes }) {
  const dialog = $('confirm');
  write($('confirm-title'), title);
  write($('confirm-text'), text);
  say($('confirm-yes'), yes);
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

/** Takes an open question back: what it is about is gone from the screen. */
export function withdraw() {
  if ($('confirm').open) $('confirm').close('no');
}
