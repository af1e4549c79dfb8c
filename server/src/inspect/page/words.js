// Times, numbers and short names in words.

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const NUMBER = new Intl.NumberFormat('en');
const NAME_MOST = 60;

export const number = (value) => NUMBER.format(value);

export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** The time of day. */
export const clock = (unixMs) => CLOCK.format(unixMs);

/** For how long something has lasted: the largest unit, and the next one where it matters. */
export function lasting(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** Writes into a time element since when something lasts. */
export function since(element, unixMs, nowMs) {
  const text = lasting(nowMs - unixMs);
  if (element.textContent !== text) element.textContent = text;
  const exact = new Date(unixMs).toISOString();
  if (element.dateTime === exact) return;
  element.dateTime = exact;
  element.title = DAY.format(unixMs);
}

/** How large a file is. */
export function size(bytes) {
  if (bytes < 1024) return plural(bytes, 'byte');
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} kB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** The first characters of an id: enough to tell two apart at a glance. */
export const brief = (id) => (id.length > 8 ? `${id.slice(0, 8)}…` : id);

// Characters that turn the direction of what follows: inside a sentence they would reach beyond the name that has them.
const TURNING = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu;

/** A text in one line, cut where it is long. Whole characters stay whole. */
export function cut(text, most = NAME_MOST) {
  const line = text.replace(TURNING, '').replace(/\s+/gu, ' ').trim();
  // So many code units hold at least so many characters; longer texts need not be taken apart.
  const characters = [...line.slice(0, most * 2 + 2)];
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : line;
}

/** A name within a sentence: cut, and whatever its direction is, it turns nothing but itself. */
export const isolated = (text) => `\u2068${cut(text)}\u2069`;
