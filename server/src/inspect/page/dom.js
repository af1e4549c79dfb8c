// Elements, texts and lists. What others wrote goes in as text, never as markup.

/** How many rows a list shows at most. */
export const ROWS_MOST = 500;

export const $ = (id) => document.getElementById(id);

/** Sets a text, and touches nothing when it is there already: what is read aloud or selected stays so. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A name within a sentence, between the characters that isolate it (`isolated`). */
const NAME = /\u2068([^\u2069]*)\u2069/u;

/** Writes a sentence. The names in it become elements, which isolate them as well and can be copied as they are. */
export function write(element, sentence) {
  const parts = sentence.split(NAME).map((part, index) => {
    if (index % 2 === 0) return part;
    const name = document.createElement('bdi');
    name.textContent = part;
    return name;
  });
  element.replaceChildren(...parts);
}

export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Lets a button be pressed or not. It keeps the focus all the same: nobody is thrown to the top of the page. */
export function enable(button, able) {
  if (able) button.removeAttribute('aria-disabled');
  else button.setAttribute('aria-disabled', 'true');
}

export const isEnabled = (button) => button.getAttribute('aria-disabled') !== 'true';

/** The parts of a row that have a name. */
function parts(row) {
  const named = row.querySelectorAll('[data-field]');
  return Object.fromEntries([...named].map((element) => [element.dataset.field, element]));
}

/** A copy of a template, with its named parts. */
export function copy(template) {
  const row = $(template).content.firstElementChild.cloneNode(true);
  return { row, parts: parts(row) };
}

/** A list with a row for each item. Rows that stay are the same elements, so that focus and selection stay, too. */
export class Rows {
  #rows = new Map();

  /** `fill(parts, item)` writes an item into its row; `refuge` gets the focus when the last row that had it is gone. */
  constructor(list, template, { key, fill, refuge }) {
    Object.assign(this, { list, template, key, fill, refuge });
  }

  show(items) {
    const wanted = new Map(items.slice(0, ROWS_MOST).map((item) => [this.key(item), item]));
    const lost = this.#removeOthers(wanted);
    let place = this.list.firstElementChild;
    for (const [key, item] of wanted) {
      const entry = this.#rows.get(key) ?? this.#add(key);
      entry.item = item;
      this.fill(entry.parts, item);
      if (entry.row === place) place = place.nextElementSibling;
      else this.list.insertBefore(entry.row, place);
    }
    if (lost !== null) this.#focusNear(lost);
  }

  /** Removes the rows that are not wanted. Returns where the focus was if it was in one of them, else null. */
  #removeOthers(wanted) {
    let lost = null;
    for (const [key, { row }] of this.#rows) {
      if (wanted.has(key)) continue;
      if (row.contains(document.activeElement)) lost = [...this.list.children].indexOf(row);
      row.remove();
      this.#rows.delete(key);
    }
    return lost;
  }

  #add(key) {
    const entry = copy(this.template);
    entry.row.dataset.key = key;
    this.#rows.set(key, entry);
    return entry;
  }

  /** Whoever works along a list with the keyboard goes on with the row that has taken the place of the lost one. */
  #focusNear(index) {
    const row = this.list.children[Math.min(index, this.list.children.length - 1)];
    const target = row?.querySelector('button:not([hidden], :disabled), a[href]') ?? this.refuge;
    target.focus();
  }

  /** Calls `act(item, name)` when a button `data-do="name"` of a row is pressed. */
  onAct(act) {
    this.list.addEventListener('click', (event) => {
      const button = event.target.closest('button[data-do]');
      const entry = button && this.#rows.get(button.closest('[data-key]').dataset.key);
      if (entry) act(entry.item, button.dataset.do);
    });
  }
}

/** Says how many rows a list leaves out: of `total` things it was told of the first `told`. */
export function sayMore(element, told, total, what) {
  const shown = Math.min(told, ROWS_MOST);
  show(element, total > shown);
  say(element, total > shown ? `The first ${shown} of ${total} ${what} are shown.` : '');
}
