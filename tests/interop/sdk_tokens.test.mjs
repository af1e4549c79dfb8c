// Sessions that the published server SDKs create, with each option, and tokens of every kind that they make: a browser and
// a C program come in with them, are seen as what the token says, and may do what it says.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CliClient } from './support/cli_client.mjs';
import { sdkNames, sdkWorld, TOKENS } from './support/sdk_world.mjs';
import { TEST_LIMIT } from './support/world.mjs';

const here = sdkWorld();

/** What a session id says: `rest.md §1.1`. */
function recordOf(id) {
  const [, project, location, created, , relayed] = Buffer.from(id.slice(2), 'base64url').toString('latin1').split('~');
  return { project, location, relayed: relayed === 'P', recent: Math.abs(Date.now() - Number(created)) < 60_000 };
}

/** Each package's ways to create a session, and what becomes of them. The first takes what the package sends by itself. */
const ROUTED = { media: 'routed' };
const CREATIONS = {
  'npm opentok': [
    [undefined, { relayed: true }],
    [ROUTED, {}],
    [{ media: 'relayed', location: '12.34.56.78' }, { relayed: true, location: '12.34.56.78' }],
    [{ ...ROUTED, archive: 'always', archiveName: 'Ein Name', archiveResolution: '1280x720' }, {}],
    [{ ...ROUTED, e2ee: true }, { e2ee: true }],
  ],
  'PyPI opentok': [
    [undefined, { relayed: true }],
    [ROUTED, {}],
    [{ media: 'relayed', location: '12.34.56.78' }, { relayed: true, location: '12.34.56.78' }],
    [{ ...ROUTED, archive: 'always', archiveName: 'Ein Name', archiveResolution: '1080x1920' }, {}],
    [{ ...ROUTED, e2ee: true }, { e2ee: true }],
  ],
  'npm @vonage/video': [
    [undefined, {}],
    [{ media: 'relayed', location: '12.34.56.78' }, { relayed: true, location: '12.34.56.78' }],
    [{ ...ROUTED, archive: 'always' }, {}],
  ],
  'PyPI vonage': [
    [undefined, {}],
    [{ media: 'relayed' }, { relayed: true }],
    [{ ...ROUTED, location: '12.34.56.78' }, { location: '12.34.56.78' }],
    [{ ...ROUTED, archive: 'always' }, {}],
    [{ ...ROUTED, e2ee: true }, { e2ee: true }],
  ],
};
CREATIONS['npm opentok, as an application'] = CREATIONS['npm opentok'];

/** What clients are told of a session's properties before they join it. */
async function propertiesOf(sdk, id) {
  const token = await sdk.token(id, {});
  const response = await fetch(`${here.server.url}/session/${id}`, { headers: { 'X-TB-TOKEN-AUTH': token } });
  assert.equal(response.status, 200);
  const [{ properties }] = await response.json();
  return properties;
}

for (const name of sdkNames()) {
  test(`${name}: sessions with every option`, TEST_LIMIT, async () => {
    const sdk = here.sdk(name);
    for (const [options, { relayed = false, location = '', e2ee = false }] of CREATIONS[name]) {
      const asked = JSON.stringify(options);
      const id = await sdk.createSession(options);
      const expected = { project: sdk.project.apiKey, location, relayed, recent: true };
      assert.deepEqual(recordOf(id), expected, asked);
      assert.equal((await propertiesOf(sdk, id)).e2ee, e2ee, asked);
    }
  });
}

test('PyPI vonage creates a session after a call in JSON, whose content type its form still has', TEST_LIMIT, async () => {
  const sdk = here.sdk('PyPI vonage');
  const session = await sdk.createSession();
  await assert.rejects(sdk.signal(session, { type: 'nobody', data: 'is there' }), { name: 'NotFoundError', status: 404 });
  assert.equal(recordOf(await sdk.createSession({ media: 'relayed' })).relayed, true);
});

/** What each role may do in a session, tried from C: signal, and mute everybody. */
const ROLES = {
  subscriber: { signals: false, mutes: false },
  publisher: { signals: true, mutes: false },
  publisheronly: { signals: false, mutes: false },
  moderator: { signals: true, mutes: true },
};

for (const project of ['key', 'application']) {
  const kinds = TOKENS.filter((token) => token.project === project);
  const called = ({ name, kind }) => (kind === undefined ? name : `${name}, ${kind}`);

  describe(`tokens of a project with ${project === 'key' ? 'a key and a secret' : 'a public key'}`, () => {
    let session, watcher, browser;
    before(async () => {
      const [maker] = sdkNames(project).map((name) => here.sdk(name));
      session = await here.sessionOf(maker, ROUTED);
      watcher = await here.cliWith(session, await maker.token(session.id, { data: 'watcher' }));
      browser = await here.visitor();
    }, TEST_LIMIT);

    for (const token of kinds) {
      const { name, kind } = token;
      const make = (options) => here.sdk(name).token(session.id, { kind, ...options });

      test(`${called(token)}: a browser and a C program come in, as what it says`, TEST_LIMIT, async () => {
        const data = (who) => `{"who":"${who} 漢字 & +%~","by":"${called(token)}"}`;
        const seen = browser.log.fromNow();
        const inAnHour = Math.floor(Date.now() / 1000) + 3600;
        await browser.join(session, await make({ data: data('browser'), classes: ['full', 'focus'] }));
        const cli = await here.cliWith(session, await make({ data: data('C'), expiresAt: inAnHour }));
        for (const log of [watcher.log, seen]) {
          assert.equal((await log.next('connectionCreated', { connectionId: cli.id })).data, data('C'));
        }
        for (const log of [watcher.log, cli.log]) {
          assert.equal((await log.next('connectionCreated', { connectionId: browser.id })).data, data('browser'));
        }
        await Promise.all([browser.leave(), cli.leave()]);
      });

      test(`${called(token)}: its role holds`, TEST_LIMIT, async () => {
        const log = watcher.log.fromNow();
        for (const [role, may] of Object.entries(ROLES)) {
          const cli = await here.cliWith(session, await make({ role, data: role }));
          cli.command({ cmd: 'forceMuteAll' });
          cli.command({ cmd: 'signal', type: `by-${role}` });
          if (may.mutes) {
            await log.next('muteForced', { active: true });
            cli.command({ cmd: 'disableForceMute' });
            await log.next('muteForced', { active: false });
          } else {
            await cli.log.next('error', { code: 1540 });
          }
          if (may.signals) await log.next('signal', { type: `by-${role}` });
          else await cli.log.next('signalFailed', { type: `by-${role}` });
          await cli.leave();
          await log.next('connectionDropped', { connectionId: cli.id });
        }
        assert.deepEqual(log.find('signal').map(({ type }) => type), ['by-publisher', 'by-moderator']);
        assert.deepEqual(log.find('muteForced').map(({ active }) => active), [true, false]);
      });

      test(`${called(token)}: not for another session, nor by another's secret`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const elsewhere = await here.sessionOf(here.sdk(sdkNames(project)[0]), ROUTED);
        const stranger = await here.open(name, here.impostor(name));
        for (const [made, where] of [
          [await make({ data: 'lost' }), elsewhere],
          [await stranger.token(session.id, { kind, data: 'impostor' }), session],
        ]) {
          const cli = here.keep(await CliClient.start(where, made));
          assert.equal((await cli.log.next('error')).code, 1004);
          assert.equal(await cli.exit(), 1);
          assert.equal((await browser.connect(where, made)).code, 1004);
        }
      });
    }
  });
}
