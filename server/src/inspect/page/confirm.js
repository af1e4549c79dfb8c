// The question before something that cannot be taken back.

import { $, say, write } from './dom.js';

/** Asks. Resolves to whether the answer is yes; Escape means no, and the focus goes back to where it was. */
export function confirmed({ title, text, yes }) {
  const dialog = $('confirm');
  write($('confirm-title'), title);
  write($('confirm-text'), text);
  say($('confirm-yes'), yes);
  dialog.returnValue = 'no';
  const opener = document.activeElement;
  const refuge = opener.closest('section')?.querySelector('h2[tabindex]');
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      // What the question was opened with may be gone, with the row of somebody who has left.
      if (!opener.isConnected) refuge?.focus();
      resolve(dialog.returnValue === 'yes');
    }, { once: true });
  });
}

/** Takes an open question back: what it is about is gone from the screen. */
export function withdraw() {
  if ($('confirm').open) $('confirm').close('no');
}
