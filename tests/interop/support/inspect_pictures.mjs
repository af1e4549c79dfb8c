// The pictures of docs/server/inspect.md, made where OTC_WRITE_SCREENSHOTS is 1, and not otherwise. Ids and times, which
// are others in each run, are the same in each picture.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../docs/server/inspect/', import.meta.url));
/** So many bars of the chart are in the picture, each of signals that were sent. */
const BARS = 24;

export class Pictures {
  wanted = process.env.OTC_WRITE_SCREENSHOTS === '1';

  /** Takes the view as it is: `file`.png, as high as the view. */
  async take(inspect, file, { colorScheme = 'light', width = 1280, height = 520 } = {}) {
    if (!this.wanted) return;
    mkdirSync(FOLDER, { recursive: true });
    await inspect.page.emulateMedia({ colorScheme });
    await inspect.page.setViewportSize({ width, height });
    await inspect.page.evaluate(freeze);
    await inspect.page.screenshot({ path: `${FOLDER}${file}.png`, fullPage: true });
    await inspect.page.reload();
    await inspect.page.emulateMedia({ colorScheme: 'light' });
    await inspect.page.setViewportSize({ width: 1280, height: 900 });
  }

  /** Takes a session while somebody speaks: wide, dark, and narrow. */
  async takeSession(inspect, speaker) {
    if (!this.wanted) return;
    for (const [file, options] of [
      ['session', {}],
      ['session-dark', { colorScheme: 'dark' }],
      ['session-narrow', { width: 390 }],
    ]) {
      await inspect.page.getByRole('switch').check();
      await this.#speak(inspect, speaker);
      await this.take(inspect, file, options);
      await inspect.people().first().waitFor();
    }
  }

  /** Signals in each of some seconds, as many as in each other picture. */
  async #speak(inspect, speaker) {
    const bars = inspect.page.locator('#rate-chart rect:not([height="1.0"])');
    for (let bar = 0; bar < BARS; bar += 1) {
      const signals = 1 + ((bar * 7) % 9);
      for (let signal = 0; signal < signals; signal += 1) await speaker.signal({ type: 'chat', data: 'Good morning' });
      await bars.nth(bar).waitFor({ state: 'attached' });
    }
  }
}

/** In the page: what is seen, as it is, with nothing alive behind it. */
function freeze() {
  const scrolled = document.getElementById('events').scrollTop;
  document.body.replaceWith(document.body.cloneNode(true));
  document.getElementById('events').scrollTop = scrolled;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const sessions = [];
  const others = [];
  const same = (list, id, made) => {
    if (!list.includes(id)) list.push(id);
    return made(list.indexOf(id));
  };
  while (texts.nextNode()) {
    const text = texts.currentNode;
    text.data = text.data
      .replace(/[12]_M[\w~-]{30,}/gu, (id) => same(sessions, id, (index) => `1_MX40MjQyfn4xNzYzNzY0MjI0MDAw${'fkFiQ2R+fg'.repeat(2)}${index}`))
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gu, (id) => same(others, id, (index) => `5b3d9a1${index}-7c52-4e0e-9d3a-2f1c6b8e4d0${index}`))
      .replace(/\b\d+ (s|min)$/u, '12 min');
  }
  document.querySelectorAll('#events-list time').forEach((time, index) => (time.textContent = `09:12:${String(index % 60).padStart(2, '0')}`));
}
