// What keeps people out of a page, as far as a program can see it: axe-core looks.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The text of axe-core, which is looked for when it is wanted. */
function axe() {
  try {
    return readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  } catch (error) {
    throw new Error(`axe-core is missing: run scripts/install-interop.sh (${error.message})`);
  }
}

/** Has axe-core look at a page, light and dark, and wants it to find nothing. */
export async function assertAccessible(page, view, colorSchemes = ['dark', 'light']) {
  await page.evaluate(axe());
  for (const colorScheme of colorSchemes) {
    await page.emulateMedia({ colorScheme });
    const violations = await page.evaluate(async () => (await window.axe.run()).violations);
    const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map(({ html }) => html.slice(0, 200)).join('\n  ')}`);
    assert.deepEqual(told, [], `${view}, ${colorScheme}`);
  }
}
