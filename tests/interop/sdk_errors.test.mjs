// What the published server SDKs make of the server's refusals: each call that fails raises what the package's users catch.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { sdkNames, sdkWorld } from './support/sdk_world.mjs';
import { TEST_LIMIT } from './support/world.mjs';

// Bad calls would be slowed down here as elsewhere.
const here = sdkWorld({ browser: false, config: '[limits]\nfailed_rest_per_second = 10000\n' });

const CONTENT = { type: 'notice', data: 'text' };
const SOMEBODY = randomUUID();

/** npm `@vonage/video` and PyPI `vonage` raise by the status alone. */
const vetch = (status) => ({ name: 'VetchError', status });
const PYTHON_NAMES = { 403: 'ForbiddenError', 404: 'NotFoundError', 429: 'RateLimitedError' };
const vonage = (status) => ({ name: PYTHON_NAMES[status] ?? 'HttpRequestError', status });

/**
 * What PyPI `opentok` raises where it looks at the response's truth first, which is false for every error: it does not get
 * to the classes that its documentation names.
 */
const unexpected = (status) => ({ name: 'RequestError', status });
/** And where it catches what it has raised. */
const SWALLOWED = { name: 'OpenTokException' };

/** The failures of one situation: npm opentok, PyPI opentok, npm @vonage/video, PyPI vonage. */
function raised(name, status, npm, pypi) {
  if (name.startsWith('npm opentok')) return npm;
  if (name === 'PyPI opentok') return pypi;
  return name === 'npm @vonage/video' ? vetch(status) : vonage(status);
}

/** The calls that a wrong secret fails, and what npm and PyPI `opentok` raise. */
const REFUSED = [
  // The package puts its own error's text into another error.
  [
    'createSession',
    () => [],
    { name: 'Error', message: /Invalid API key or secret/ },
    { name: 'RequestError', message: /invalid credentials/ },
  ],
  ['signal', (session) => [session, CONTENT], { name: 'AuthError' }, unexpected(403)],
  ['signal', (session) => [session, CONTENT, SOMEBODY], { name: 'AuthError' }, unexpected(403)],
  ['disconnect', (session) => [session, SOMEBODY], { name: 'AuthError' }, { name: 'AuthError' }],
  ['muteStream', (session) => [session, SOMEBODY], { name: 'AuthError' }, SWALLOWED],
  ['muteAll', (session) => [session, []], { name: 'AuthError' }, SWALLOWED],
  ['endMute', (session) => [session], { name: 'AuthError' }, SWALLOWED],
  ['listStreams', (session) => [session], { name: 'AuthError' }, { name: 'AuthError' }],
  ['getStream', (session) => [session, SOMEBODY], { name: 'AuthError' }, { name: 'AuthError' }],
  ['setClasses', (session) => [session, []], { name: 'AuthError' }, { name: 'AuthError' }],
  ['startArchive', (session) => [session, {}], { name: 'AuthError' }, { name: 'AuthError' }],
  ['stopArchive', () => [SOMEBODY], { name: 'AuthError' }, { name: 'AuthError' }],
  ['getArchive', () => [SOMEBODY], { name: 'AuthError' }, { name: 'AuthError' }],
  ['listArchives', () => [{}], { name: 'AuthError' }, { name: 'AuthError' }],
  ['deleteArchive', () => [SOMEBODY], { name: 'AuthError' }, { name: 'AuthError' }],
  ['setArchiveLayout', () => [SOMEBODY, { type: 'pip' }], { name: 'AuthError' }, { name: 'AuthError' }],
  ['addArchiveStream', () => [SOMEBODY, SOMEBODY], { name: 'AuthError' }, unexpected(403)],
];

for (const name of sdkNames()) {
  test(`${name}: every call with a wrong secret`, TEST_LIMIT, async () => {
    const session = await here.sdk(name).createSession();
    const impostor = await here.open(name, here.impostor(name));
    for (const [call, args, npm, pypi] of REFUSED) {
      await assert.rejects(impostor[call](...args(session)), raised(name, 403, npm, pypi), call);
    }
  });
}

/** What is not there. */
const noArchive = (name) => ({ name, message: 'Archive not found' });
const MISSING = [
  ['signal', (session) => [session, CONTENT], { name: 'SignalError', message: /not found/ }, unexpected(404)],
  ['disconnect', (session) => [session, SOMEBODY], { name: 'ForceDisconnectError' }, { name: 'ForceDisconnectError' }],
  ['muteStream', (session) => [session, SOMEBODY], { name: 'NotFoundError' }, SWALLOWED],
  ['muteAll', (session) => [session, []], { name: 'NotFoundError' }, SWALLOWED],
  ['getStream', (session) => [session, SOMEBODY], { name: 'NotFoundError' }, unexpected(404)],
  [
    'startArchive',
    (session) => [session, {}],
    { name: 'ArchiveError', message: 'Session not found' },
    { name: 'NotFoundError', message: 'Session not found' },
  ],
  ['stopArchive', () => [SOMEBODY], noArchive('ArchiveError'), noArchive('NotFoundError')],
  ['getArchive', () => [SOMEBODY], noArchive('NotFoundError'), noArchive('NotFoundError')],
  ['deleteArchive', () => [SOMEBODY], noArchive('ArchiveError'), noArchive('NotFoundError')],
  [
    'addArchiveStream',
    () => [SOMEBODY, SOMEBODY],
    { name: 'ArchiveError', message: 'Archive or stream not found' },
    unexpected(404),
  ],
];

for (const name of sdkNames()) {
  test(`${name}: a session that nobody is in, and what does not exist`, TEST_LIMIT, async () => {
    const sdk = here.sdk(name);
    const session = await sdk.createSession({ media: 'routed' });
    assert.deepEqual(await sdk.listStreams(session), [], 'an empty list, which every package understands');
    for (const [call, args, npm, pypi] of MISSING) {
      await assert.rejects(sdk[call](...args(session)), raised(name, 404, npm, pypi), call);
    }
  });
}

const UNEXPECTED = 'Unexpected response from OpenTok';

for (const name of sdkNames()) {
  test(`${name}: what a request may not hold`, TEST_LIMIT, async () => {
    const sdk = here.sdk(name);
    const session = await here.sessionOf(sdk, { media: 'routed' });
    const cli = await here.cliWith(session, await sdk.token(session.id, { data: 'in C' }));
    const long = 'é'.repeat(8192); // 8,192 characters, which PyPI vonage lets pass, and twice as many bytes
    const told = { name: 'RequestError', message: new RegExp(`^${UNEXPECTED}: "{"message"`) };
    for (const [status, call, args, npm, pypi] of [
      [400, 'signal', [session.id, { type: 'no blanks', data: '' }], told, unexpected(400)],
      [413, 'signal', [session.id, { type: 'long', data: long }], told, unexpected(413)],
      [404, 'signal', [session.id, CONTENT, SOMEBODY], { name: 'SignalError' }, unexpected(404)],
      [404, 'disconnect', [session.id, SOMEBODY], { name: 'ForceDisconnectError' }, { name: 'ForceDisconnectError' }],
      [404, 'muteStream', [session.id, SOMEBODY], { name: 'NotFoundError' }, SWALLOWED],
    ]) {
      await assert.rejects(sdk[call](...args), raised(name, status, npm, pypi), `${call} ${status}`);
    }
    await sdk.signal(session.id, { type: 'last', data: '' });
    await cli.log.next('signal', { type: 'last' });
    assert.deepEqual(cli.log.find('signal').map(({ type }) => type), ['last'], 'nothing else arrived');
    await cli.leave();
  });
}

// What the packages for applications do not look at themselves.
for (const [name, options] of [
  ['npm opentok', { media: 'relayed', e2ee: true }],
  ['npm opentok', { media: 'routed', archive: 'always', e2ee: true }],
  ['npm opentok', { media: 'routed', archive: 'always', archiveName: 'x'.repeat(81) }],
  ['npm opentok', { media: 'routed', archive: 'always', archiveResolution: '1x1' }],
  ['PyPI opentok', { media: 'relayed', e2ee: true }],
  ['npm @vonage/video', { media: 'relayed', archive: 'always' }],
  ['PyPI vonage', { media: 'relayed', e2ee: true }],
]) {
  test(`${name}: no session can be ${JSON.stringify(options).slice(0, 80)}`, TEST_LIMIT, async () => {
    // PyPI opentok reads an answer that is not the one that it wants as if it were.
    const failure = raised(name, 400, { name: 'Error', message: new RegExp(UNEXPECTED) }, { name: 'OpenTokException' });
    await assert.rejects(here.sdk(name).createSession(options), failure);
  });
}
