// What the published server SDKs make of too many calls.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { send } from './support/plain.mjs';
import { sdkNames, sdkWorld } from './support/sdk_world.mjs';
import { REST_HEADERS } from './support/tokens.mjs';
import { TEST_LIMIT } from './support/world.mjs';

const here = sdkWorld({ browser: false, config: '[limits]\nrest_per_second = 1\n' });

/** Above what the server lets come at once, by far. */
const MANY = 20;

/** What each package raises. PyPI `opentok` gets to none of its own classes: rest.md §0. */
const RAISED = {
  'npm opentok': { name: 'RequestError', message: /^Unexpected response from OpenTok: "{"message":/ },
  'PyPI opentok': { name: 'RequestError', status: 429 },
  'npm @vonage/video': { name: 'VetchError', status: 429 },
  'PyPI vonage': { name: 'RateLimitedError', status: 429 },
};
RAISED['npm opentok, as an application'] = RAISED['npm opentok'];

/** A session's id, for which no call is needed. */
async function sessionOf({ apiKey }) {
  const { id } = await here.server.session({ project: { apiKey, secret: 'not asked for' } });
  return id;
}

/** By itself this package asks again as often as it is told to, where asking twice does no harm. */
const ASKS_AGAIN = 'PyPI vonage';

for (const name of sdkNames()) {
  test(`${name} calls too often`, TEST_LIMIT, async () => {
    const sdk = here.sdk(name);
    const id = await sessionOf(sdk.project);
    const call = () => (name === ASKS_AGAIN ? sdk.createSession() : sdk.listStreams(id));
    const calls = async () => {
      for (let count = 0; count < MANY; count += 1) await call();
    };
    await assert.rejects(calls(), RAISED[name]);
    // It has waited, and its caller does not notice.
    if (name === ASKS_AGAIN) assert.deepEqual(await sdk.listStreams(id), []);
  });
}

test('who calls too often is told in how many seconds to come back', TEST_LIMIT, async () => {
  const project = here.projects.key;
  const id = await sessionOf(project);
  const path = `/v2/project/${project.apiKey}/session/${id}/stream`;
  const request = { method: 'GET', path, headers: [REST_HEADERS.Java(project)] };
  const answers = [];
  for (let call = 0; call < MANY; call += 1) answers.push(await send(here.server.url, request));
  const { status, headers, text } = answers.at(-1);
  assert.equal(status, 429);
  assert.match(headers['retry-after'], /^[1-9][0-9]*$/);
  assert.equal(typeof JSON.parse(text).message, 'string');
});
