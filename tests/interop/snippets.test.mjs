// The programs of docs/server/README.md are run as they stand, but for the address and the credentials: each prints a
// session and a token, with which a C program comes in.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runPython } from './support/python.mjs';
import { runNode } from './support/sdk.mjs';
import { sdkWorld } from './support/sdk_world.mjs';
import { TEST_LIMIT } from './support/world.mjs';

const here = sdkWorld({ browser: false });

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
    ['127.0.0.1:8443', here.front.host],
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
    const program = adapted(text);
    const printed = await (language === 'js' ? runNode(program) : runPython(program, here.authority));
    const [id, token] = printed.split('\n');
    const { apiKey } = here.projects[credentials === 'a key' ? 'key' : 'application'];
    const cli = await here.cliWith({ id, apiKey, url: here.server.url }, token);
    assert.equal((await cli.log.next('connected')).data, 'ada');
  });
}
