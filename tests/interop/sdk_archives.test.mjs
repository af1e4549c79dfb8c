// Archives through the published server SDKs: browsers and C programs are told of them, and their files hold what happened.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { DEADLINE, within } from './support/event_log.mjs';
import { sdkNames, sdkWorld } from './support/sdk_world.mjs';
import { TEST_LIMIT } from './support/world.mjs';

const here = sdkWorld();

const ROUTED = { media: 'routed' };

/** What each package raises for a status; where it tells it in another way at some call, `calls` says how. */
const RAISED = {
  'npm opentok': (status, call) => {
    if (call === 'stopArchive') return { name: 'ArchiveError', message: /not running/ };
    return status === 405 ? { name: 'ArchiveError', message: 'Unsupported Stream Mode' } : { name: 'RequestError' };
  },
  'PyPI opentok': (status, call) => {
    const known = status === 409 && ['startArchive', 'stopArchive'].includes(call);
    return known ? { name: 'ArchiveError' } : { name: 'RequestError', status };
  },
  'npm @vonage/video': (status) => ({ name: 'VetchError', status }),
  'PyPI vonage': (status, call) => {
    const known = status === 409 && ['stopArchive', 'deleteArchive'].includes(call);
    return known ? { name: 'InvalidArchiveStateError' } : { name: 'HttpRequestError', status };
  },
};
RAISED['npm opentok, as an application'] = RAISED['npm opentok'];

/** The archive when its file can be had. */
function available(sdk, id) {
  const look = async () => {
    for (;;) {
      const archive = await sdk.getArchive(id);
      if (archive.status === 'available') return archive;
      assert.equal(archive.status, 'stopped');
    }
  };
  return within(look(), `archive ${id} to be available`, DEADLINE);
}

/** What is in the file of an SDK's archive, line by line. */
async function linesOf(sdk, { url, size }) {
  const { host, pathname, search } = new URL(url);
  // Where the caller has reached the server. What stands before it here for https does not say so, as proxies do.
  assert.equal(host, sdk.name === 'PyPI vonage' ? here.host : new URL(here.server.url).host);
  const response = await fetch(`${here.server.url}${pathname}${search}`);
  assert.equal(response.status, 200);
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(bytes.length, size);
  return bytes.toString().trimEnd().split('\n').map((line) => JSON.parse(line));
}

for (const project of ['key', 'application']) {
  describe(`archives of a project with ${project === 'key' ? 'a key and a secret' : 'a public key'}`, () => {
    let session, browser, cli, streamId;
    before(async () => {
      const sdk = here.sdk(sdkNames(project)[0]);
      session = await here.sessionOf(sdk, ROUTED);
      [browser, cli] = await Promise.all([
        sdk.token(session.id, { data: 'in the browser' }).then((token) => here.browserWith(session, token)),
        sdk.token(session.id, { data: 'in C' }).then((token) => here.cliWith(session, token)),
      ]);
      await here.acquainted(browser, cli);
      ({ streamId } = await browser.publish({ name: 'camera', width: 320, height: 240 }));
      await cli.log.next('streamReceived', { streamId });
    }, TEST_LIMIT);

    for (const name of sdkNames(project)) {
      test(`${name}: an archive from its start to its deletion`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const logs = [browser, cli].map((client) => client.log.fromNow());
        const title = `Ein Archiv von ${name}`;

        const started = await sdk.startArchive(session.id, { name: title, hasVideo: false, outputMode: 'composed' });
        const { id } = started;
        const { status, sessionId, outputMode, hasAudio, hasVideo, createdAt } = started;
        const expected = ['started', title, session.id, 'composed', true, false];
        assert.deepEqual([status, started.name, sessionId, outputMode, hasAudio, hasVideo], expected);
        assert.ok(Math.abs(Date.now() / 1000 - createdAt) < 60, `${createdAt} is now, in seconds`);
        for (const log of logs) assert.equal((await log.next('archiveStarted', { id })).name, title);

        const visitor = await here.visitor();
        const late = [visitor.log.fromNow()];
        await visitor.join(session, await sdk.token(session.id, { data: 'late in the browser' }));
        const lateCli = await here.cliWith(session, await sdk.token(session.id, { data: `late for ${name}` }));
        for (const log of [...late, lateCli.log]) assert.equal((await log.next('archiveStarted', { id })).name, title);

        const said = { type: 'recorded', data: `říká "${name}"` };
        await sdk.signal(session.id, said);
        await lateCli.leave();
        assert.equal((await sdk.getArchive(id)).status, 'started');
        const running = await sdk.listArchives({ session: session.id });
        assert.deepEqual(running.items.map((archive) => [archive.id, archive.status]), [[id, 'started']]);
        assert.equal(running.count, 1);

        const stopped = await sdk.stopArchive(id);
        assert.deepEqual([stopped.id, stopped.status], [id, 'stopped']);
        for (const log of [...logs, ...late]) await log.next('archiveStopped', { id });
        await visitor.leave();

        const lines = await linesOf(sdk, await available(sdk, id));
        assert.ok(lines.some(({ kind, type, data }) => kind === 'signal' && type === said.type && data === said.data));
        assert.ok(lines.some(({ kind, stream }) => kind === 'stream' && stream.id === streamId));
        for (const kind of ['connectionCreated', 'connectionDestroyed']) {
          assert.ok(lines.some((line) => line.kind === kind && line.connection.id === lateCli.id), kind);
        }

        await sdk.deleteArchive(id);
        await assert.rejects(sdk.getArchive(id));
        assert.deepEqual(await sdk.listArchives({ session: session.id }), { count: 0, items: [] });
      });

      test(`${name}: streams and layouts of an archive, and what cannot be`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const logs = [browser, cli].map((client) => client.log.fromNow());
        const refused = (status, call, ...args) => assert.rejects(sdk[call](...args), RAISED[name](status, call), call);

        const auto = await sdk.startArchive(session.id, { multiArchiveTag: 'auto', resolution: '1280x720' });
        await refused(409, 'startArchive', session.id, { multiArchiveTag: 'auto' });
        const options = { multiArchiveTag: 'manual', streamMode: 'manual', layout: { type: 'bestFit' } };
        const manual = await sdk.startArchive(session.id, options);
        for (const log of logs) for (const { id } of [auto, manual]) await log.next('archiveStarted', { id });
        await sdk.setArchiveLayout(manual.id, { type: 'bestFit', screenshareType: 'pip' });
        await sdk.setArchiveLayout(manual.id, { type: 'custom', stylesheet: 'stream { width: 50% }' });
        await sdk.addArchiveStream(manual.id, streamId);
        await sdk.removeArchiveStream(manual.id, streamId);
        await refused(405, 'addArchiveStream', auto.id, streamId);
        await refused(409, 'deleteArchive', auto.id);

        for (const { id } of [auto, manual]) await sdk.stopArchive(id);
        await refused(409, 'stopArchive', auto.id);
        const page = await sdk.listArchives({ session: session.id, count: 1 });
        assert.deepEqual([page.count, page.items.map(({ id }) => id)], [2, [manual.id]], 'the newest first');
        for (const { id } of [auto, manual]) {
          for (const log of logs) await log.next('archiveStopped', { id });
          await available(sdk, id);
          await sdk.deleteArchive(id);
        }
        await refused(409, 'startArchive', await sdk.createSession({ media: 'relayed' }), {});
      });

      test(`${name}: a session that is always archived`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const titled = name.includes('opentok') ? { archiveName: 'Immer', archiveResolution: '1280x720' } : {};
        const always = await here.sessionOf(sdk, { ...ROUTED, archive: 'always', ...titled });
        const [first, second] = await Promise.all([0, 1].map(async (index) => {
          return here.cliWith(always, await sdk.token(always.id, { data: `${index}` }));
        }));
        const { id, name: title } = await first.log.next('archiveStarted');
        assert.equal(title, titled.archiveName ?? '');
        await second.log.next('archiveStarted', { id });
        const visitor = await here.visitor();
        const log = visitor.log.fromNow();
        await visitor.join(always, await sdk.token(always.id, { data: 'in the browser' }));
        await log.next('archiveStarted', { id });
        const { items } = await sdk.listArchives({ session: always.id });
        assert.deepEqual(items.map((archive) => [archive.id, archive.status]), [[id, 'started']]);
        for (const client of [first, second, visitor]) await client.leave();
        const lines = await linesOf(sdk, await within(ended(sdk, id), 'the end of the archive'));
        assert.equal(lines.filter(({ kind }) => kind === 'connectionCreated' || kind === 'connection').length, 3);
        await sdk.deleteArchive(id);
      });
    }
  });
}

/** The archive of a session that has ended. */
async function ended(sdk, id) {
  for (;;) {
    const archive = await sdk.getArchive(id);
    if (archive.status === 'available') return archive;
  }
}
