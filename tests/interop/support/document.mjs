// A document that is typed: what it says to type, and what is to be seen then.

import { readFileSync } from 'node:fs';

/** What stands for anything in what is to be seen. */
const ANYTHING = '…';

/** What is in a paragraph before a block that the test cannot type. */
const STAR = '✱';

/**
 * The steps of each chapter, by its heading: what is typed (`sh`, `json`), and what is to be seen (`text`), each `starred` if
 * the paragraph before it begins with a star.
 */
export function chaptersOf(file) {
  const chapters = new Map();
  for (const chapter of readFileSync(file, 'utf8').split(/^## /m).slice(1)) {
    const [title] = chapter.split('\n', 1);
    const steps = [...chapter.matchAll(/(?:^(\S[^`]*?)\n\n)?^```(\w*)\n(.*?)^```$/gms)].map(([, before, kind, text]) => ({
      kind,
      text,
      starred: before?.startsWith(STAR) ?? false,
    }));
    chapters.set(title, steps);
  }
  return chapters;
}

/** The lines of what is to be seen that are not among the `lines` of what was seen, each of which counts once. */
export function missing(expected, lines) {
  const left = [...lines];
  return expected.split('\n').filter((line) => {
    const parts = line.split(ANYTHING).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const found = left.findIndex((seen) => new RegExp(`^${parts.join('.*')}$`).test(seen));
    if (found >= 0) left.splice(found, 1);
    return line !== '' && found < 0;
  });
}
