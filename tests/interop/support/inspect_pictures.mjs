// The pictures of docs/server/inspect.md, made where OTC_WRITE_SCREENSHOTS is 1, and not otherwise. They are of a copy of
// the page that stands still; ids and times, which are others in each run, are the same in each picture.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { smaller } from './small_png.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const FOLDER = here('../../../docs/server/inspect/');
const STYLE = here('../../../server/src/inspect/page/inspect.css');
/** So many bars of the chart are in the picture, each of signals that were sent. */
const BARS = 24;
const LARGEST = 150_000;

export class Pictures {
  wanted = process.env.OTC_WRITE_SCREENSHOTS === '1';

  /** Takes the view as it is, once for each of `files`: a name, and what is special about it. */
  async take(inspect, files) {
    if (!this.wanted) return;
    mkdirSync(FOLDER, { recursive: true });
    const copy = await inspect.page.evaluate(copied);
    const page = await inspect.page.context().newPage();
    for (const [file, { colorScheme = 'light', width = 1280, height = 540 }] of Object.entries(files)) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await page.setContent(copy);
      await page.addStyleTag({ path: STYLE });
      await page.evaluate(madeAlike);
      const picture = await smaller(page, await page.screenshot({ fullPage: true }));
      assert.ok(picture.length < LARGEST, `${file}.png has ${picture.length} bytes`);
      writeFileSync(`${FOLDER}${file}.png`, picture);
    }
    await page.close();
  }

  /** Lets somebody signal: so many signals in each of some seconds. */
  async speak(inspect, speaker) {
    if (!this.wanted) return;
    const bars = inspect.page.locator('#rate-chart rect:not([height="1.0"])');
    for (let bar = 0; bar < BARS; bar += 1) {
      const signals = 1 + ((bar * 7) % 9);
      for (let signal = 0; signal < signals; signal += 1) await speaker.signal({ type: 'chat', data: 'Good morning' });
      await bars.nth(bar).waitFor({ state: 'attached' });
    }
  }
}

/** In the page: its HTML, with what has been chosen, and without what would load. */
function copied() {
  for (const box of document.querySelectorAll('input')) box.toggleAttribute('checked', box.checked);
  const copy = document.body.cloneNode(true);
  for (const passing of copy.querySelectorAll('template, #toast')) passing.remove();
  return `<!doctype html><html lang="en"><title>otc-server</title><meta name="viewport" content="width=device-width">${copy.outerHTML}`;
}

/** In the copy: the same ids and times each time. */
function madeAlike() {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const counted = new Map();
  const numbered = (kind, id) => {
    const ids = counted.get(kind) ?? counted.set(kind, []).get(kind);
    if (!ids.includes(id)) ids.push(id);
    return ids.indexOf(id) + 1;
  };
  while (texts.nextNode()) {
    const text = texts.currentNode;
    text.data = text.data
      .replace(/^[12]_M[\w~-]{30,}$/u, (id) => `1_MX4xMjM0NTY3OH5-MTc2Mzc2NDIyNDAwMH5BYkNkRWZHaElqS2xNbk9wUXJTdH${numbered('session', id)}-fg`)
      .replace(/^[0-9a-f]{8}-[0-9a-f-]{27}$/u, (id) => `5b3d9a1${numbered('member', id)}-7c52-4e0e-9d3a-2f1c6b8e4d07`)
      .replace(/\b\d+ (s|min)$/u, '12 min')
      .replace(/^4242$/u, '12345678');
  }
  const times = [...document.querySelectorAll('#events-list time')];
  times.forEach((time, index) => (time.textContent = `09:12:${String(Math.floor(index / 5) % 60).padStart(2, '0')}`));
  const log = document.getElementById('events');
  log.scrollTop = log.scrollHeight;
}
