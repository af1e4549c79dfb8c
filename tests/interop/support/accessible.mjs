// What keeps people out of a page, as far as a program can see it: axe-core looks.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Has axe-core look at a page, light and dark, and wants it to find nothing. */
export async function assertAccessible(page, view, colorSchemes = ['dark', 'light']) {
  await page.evaluate(AXE);
  for (const colorScheme of colorSchemes) {
    await page.emulateMedia({ colorScheme });
    const violations = await page.evaluate(async () => (await window.axe.run()).violations);
    const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map(({ html }) => html.slice(0, 200)).join('\n  ')}`);
    assert.deepEqual(told, [], `${view}, ${colorScheme}`);
  }
}
