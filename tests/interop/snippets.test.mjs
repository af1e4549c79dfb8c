// The programs of docs/server/README.md are run as they stand, but for the address and the credentials: each prints a
// session and a token, with which a browser and a C program come in. All of it goes over https and wss, which the server
// speaks by itself here.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runPython } from './support/python.mjs';
import { runNode } from './support/sdk.mjs';
import { sdkWorld } from './support/sdk_world.mjs';
import { TEST_LIMIT } from './support/world.mjs';

const here = sdkWorld({ tls: true });

const document = readFileSync(fileURLToPath(new URL('../../docs/server/README.md', import.meta.url)), 'utf8');
const programs = [...document.matchAll(/```(js|python)\n(.*?)```/gs)].map(([, language, text]) => ({ language, text }));

/** What stands in the document, and what is there instead. */
function adapted(text) {
  const { key, application } = here.projects;
  const instead = [
    ['12345678', key.apiKey],
    ['change-me', key.secret],
    ['7d4e0f7a-93a4-4c2e-8d5a-5b7a2b9f3c11', application.apiKey],
    ['application.pem', application.secretFile],
    ['http://127.0.0.1:8080', here.server.url],
    ['127.0.0.1:8443', here.host],
  ];
  return instead.reduce((whole, [from, to]) => whole.replaceAll(from, to), text);
}

test('there is a program for each package, and each project', () => {
  assert.deepEqual(programs.map(({ language }) => language), ['js', 'js', 'js', 'python', 'python']);
});

for (const { language, text } of programs) {
  const name = /(?:require\('|from )(opentok|@vonage\/video|vonage)\b/.exec(text)?.[1];
  const credentials = text.includes('application.pem') ? 'an application' : 'a key';
  test(`${language}: ${name}, with ${credentials}`, TEST_LIMIT, async () => {
    const run = language === 'js' ? runNode : runPython;
    const [id, token] = (await run(adapted(text), here.authority)).split('\n');
    const session = here.sessionAt(id, here.projects[credentials === 'a key' ? 'key' : 'application']);
    const browser = await here.visitor();
    await browser.join(session, token);
    const cli = await here.cliWith(session, token);
    assert.equal((await browser.log.next('connectionCreated', { connectionId: cli.id })).data, 'ada');
    await cli.log.next('connectionCreated', { connectionId: browser.id });
    // Python's packages are open here, too, and trust the same authority.
    if (language === 'python') {
      const sdk = here.sdk(`PyPI ${name}`);
      await sdk.signal(id, { type: 'over', data: 'https' });
      for (const client of [browser, cli]) await client.log.next('signal', { type: 'over', data: 'https' });
    }
    await Promise.all([browser.leave(), cli.leave()]);
  });
}
