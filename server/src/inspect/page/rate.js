// How many signals a second: a bar for each of the last sixty seconds, and the same in words.

import { $, say } from './dom.js';
import { number } from './words.js';

const SECONDS = 60;
const HEIGHT = 56;
const STEP = 4;
/** A connection that is replaced within this time has missed nothing that the chart could show elsewhere. */
const JUST_NOW = 3000;
/** A chart with few signals is not as high as one with many. */
const LEAST_SCALE = 5;
const SVG = 'http://www.w3.org/2000/svg';

export class Rate {
  #counts = new Map(); // second → signals
  #before = null; // what was told last: { at, total }
  #heard = 0; // until when there is nothing that was not told

  constructor() {
    const bars = Array.from({ length: SECONDS }, (_, index) => bar(index));
    $('rate-chart').replaceChildren(...bars);
    this.bars = bars;
  }

  reset() {
    this.#counts.clear();
    this.#before = null;
  }

  /** A connection begins. What was signalled since the one before is counted if that was just now: else nobody knows when. */
  start(at, total) {
    if (this.#before !== null && at - this.#heard < JUST_NOW) this.told({ at, total });
    this.#before = { at, total };
    this.#heard = at;
  }

  /** The server tells at most once in a second, and only when there were signals. */
  told({ at, total }) {
    const before = this.#before;
    this.#before = { at, total };
    this.#heard = at;
    if (before === null || total <= before.total) return;
    this.#count(total - before.total, before.at, at);
  }

  /** Counts signals of the time between two reports: they are of the last second, or spread over the seconds it touches. */
  #count(signals, from, to) {
    const second = Math.floor(to / 1000);
    const lone = to - from > 1500 || from >= second * 1000;
    const shareBefore = lone ? 0 : (second * 1000 - from) / (to - from);
    this.#add(second - 1, signals * shareBefore);
    this.#add(second, signals * (1 - shareBefore));
  }

  #add(second, signals) {
    if (signals > 0) this.#counts.set(second, (this.#counts.get(second) ?? 0) + signals);
  }

  /** Draws the chart as it is now, by the server's clock. */
  draw(now) {
    const first = Math.floor(now / 1000) - SECONDS;
    for (const second of this.#counts.keys()) if (second < first) this.#counts.delete(second);
    const values = this.bars.map((_, index) => this.#counts.get(first + index) ?? 0);
    const most = Math.max(...values);
    const scale = Math.max(most, LEAST_SCALE);
    this.bars.forEach((rect, index) => {
      const height = values[index] === 0 ? 1 : Math.max(2, (values[index] / scale) * HEIGHT);
      rect.setAttribute('height', height.toFixed(1));
      rect.setAttribute('y', (HEIGHT - height).toFixed(1));
    });
    const sum = values.reduce((total, value) => total + value, 0);
    say($('rate-now'), rounded(values.at(-1)));
    say($('rate-mean'), rounded(sum / SECONDS));
    say($('rate-most'), rounded(most));
    say($('signals-total'), `${number(this.#before?.total ?? 0)} in all`);
  }
}

function bar(index) {
  const rect = document.createElementNS(SVG, 'rect');
  for (const [name, value] of Object.entries({ x: index * STEP + 0.5, width: STEP - 1, y: HEIGHT - 1, height: 1 })) {
    rect.setAttribute(name, String(value));
  }
  return rect;
}

const rounded = (value) => number(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
