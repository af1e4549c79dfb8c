// Each call of the published server SDKs on a session is seen by everybody in it: by browsers and by C programs.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { sdkNames, sdkWorld } from './support/sdk_world.mjs';
import { TEST_LIMIT } from './support/world.mjs';

const here = sdkWorld();

const CAMERA = { name: 'Kamera 漢字', width: 320, height: 240 };
const CANVAS = { name: 'canvas', canvas: { width: 320, height: 240 } };

/** The package gives what it has parsed to something that parses it once more: no server can cure that. */
const CANNOT_GET_A_STREAM = /^npm opentok/;
/** The package wants both a type and data. */
const SIGNALS_WHOLE = /^PyPI vonage/;
/** The packages that return what muting answers: the project's details. */
const TELLS_THE_PROJECT = /^(PyPI opentok|npm @vonage\/video)/;

/** A session, two browsers that publish in it, and a C program; each came in with a token of a package of the project. */
async function scene(project) {
  const [maker, ...others] = sdkNames(project).map((name) => here.sdk(name));
  const session = await here.sessionOf(maker, { media: 'routed' });
  const token = (data, index) => [maker, ...others].at(index % (others.length + 1)).token(session.id, { data });
  const [one, two, cli] = await Promise.all([
    token('one', 0).then((token) => here.browserWith(session, token)),
    token('two', 1).then((token) => here.browserWith(session, token)),
    token('in C', 2).then((token) => here.cliWith(session, token)),
  ]);
  await here.acquainted(one, two, cli);
  const streams = { one: await one.publish(CAMERA), two: await two.publish(CANVAS) };
  for (const { streamId } of Object.values(streams)) await cli.log.next('streamReceived', { streamId });
  return { session, one, two, cli, first: streams.one.streamId, second: streams.two.streamId };
}

for (const project of ['key', 'application']) {
  describe(`a project with ${project === 'key' ? 'a key and a secret' : 'a public key'}`, () => {
    let at, visitor;
    before(async () => {
      at = await scene(project);
      visitor = await here.visitor();
    }, TEST_LIMIT);

    /** What everybody in the session reports from now on. */
    const listen = () => Object.fromEntries(['one', 'two', 'cli'].map((who) => [who, at[who].log.fromNow()]));

    /** Everybody has heard all that the SDK did before. */
    let settlings = 0;
    async function settle(sdk, logs) {
      settlings += 1;
      const marker = { type: `settled-${settlings}`, data: '' };
      await sdk.signal(at.session.id, marker);
      await Promise.all(Object.values(logs).map((log) => log.next('signal', marker)));
    }

    async function speakAgain(client, streamId) {
      const log = at.cli.log.fromNow();
      await client.publishAudio(true);
      await log.next('streamHasAudioChanged', { streamId, changedTo: true });
    }

    for (const name of sdkNames(project)) {
      test(`${name}: a signal to all, from nobody`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const logs = listen();
        const whole = [{ type: 'notice', data: 'dvě 漢字 🦀 "\\' }, { type: 'empty', data: '' }];
        const partly = SIGNALS_WHOLE.test(name) ? [] : [{ type: 'bare' }, { data: 'no type' }, {}];
        for (const content of [...whole, ...partly]) await sdk.signal(at.session.id, content);
        await settle(sdk, logs);
        const expected = [...whole, ...partly].map(({ type = null, data = null }) => ({ type, data, from: null }));
        for (const log of Object.values(logs)) {
          const heard = log.find('signal').map(({ type, data, from }) => ({ type, data, from }));
          assert.deepEqual(heard.slice(0, -1), expected, log.owner);
        }
      });

      test(`${name}: a signal to one is heard by that one alone`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const logs = listen();
        for (const who of ['one', 'cli']) await sdk.signal(at.session.id, { type: 'private', data: who }, at[who].id);
        await settle(sdk, logs);
        const heard = (who) => logs[who].find('signal', { type: 'private' }).map(({ data }) => data);
        assert.deepEqual([heard('one'), heard('two'), heard('cli')], [['one'], [], ['cli']]);
      });

      test(`${name}: the streams, all and one`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const expected = [
          { id: at.first, videoType: 'camera', name: CAMERA.name, layoutClassList: [] },
          { id: at.second, videoType: 'custom', name: CANVAS.name, layoutClassList: [] },
        ];
        const byName = (streams) => streams.sort((a, b) => (a.name < b.name ? -1 : 1));
        assert.deepEqual(byName(await sdk.listStreams(at.session.id)), expected);
        const one = sdk.getStream(at.session.id, at.first);
        if (CANNOT_GET_A_STREAM.test(name)) await assert.rejects(one, { name: 'SyntaxError' });
        else assert.deepEqual(await one, expected[0]);
      });

      test(`${name}: layout classes`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const classesOf = async () => {
          const streams = await sdk.listStreams(at.session.id);
          return streams.sort((a) => (a.id === at.first ? -1 : 1)).map(({ layoutClassList }) => layoutClassList);
        };
        const classes = [['full', 'focus'], ['small']];
        const ids = [at.first, at.second];
        const items = (lists) => lists.map((layoutClassList, index) => ({ id: ids[index], layoutClassList }));
        await sdk.setClasses(at.session.id, items(classes));
        assert.deepEqual(await classesOf(), classes);
        await sdk.setClasses(at.session.id, items([[], []]));
        assert.deepEqual(await classesOf(), [[], []]);
      });

      test(`${name}: one stream is muted, and may speak again`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const logs = listen();
        tellsTheProject(sdk, await sdk.muteStream(at.session.id, at.first));
        await logs.one.next('publisherMuteForced');
        for (const who of ['two', 'cli']) {
          await logs[who].next('streamHasAudioChanged', { streamId: at.first, changedTo: false });
        }
        await settle(sdk, logs);
        assert.deepEqual([logs.two.find('publisherMuteForced'), logs.cli.find('muteForced')], [[], []]);
        await speakAgain(at.one, at.first);
      });

      test(`${name}: all are muted but one, and who comes later, until that ends`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const logs = listen();
        tellsTheProject(sdk, await sdk.muteAll(at.session.id, [at.first]));
        for (const log of Object.values(logs)) await log.next('muteForced', { active: true });
        await logs.two.next('publisherMuteForced');
        for (const who of ['one', 'cli']) {
          await logs[who].next('streamHasAudioChanged', { streamId: at.second, changedTo: false });
        }
        const late = await here.cliWith(at.session, await sdk.token(at.session.id, { data: 'late' }));
        await late.log.next('muteForced', { active: true });
        await settle(sdk, logs);
        assert.deepEqual(logs.one.find('publisherMuteForced'), []);
        assert.deepEqual(logs.cli.find('streamHasAudioChanged', { streamId: at.first }), []);

        tellsTheProject(sdk, await sdk.endMute(at.session.id));
        for (const log of [...Object.values(logs), late.log]) await log.next('muteForced', { active: false });
        const afterwards = await here.cliWith(at.session, await sdk.token(at.session.id, { data: 'afterwards' }));
        await settle(sdk, { afterwards: afterwards.log });
        assert.deepEqual(afterwards.log.find('muteForced'), []);
        await speakAgain(at.two, at.second);
        for (const client of [late, afterwards]) await client.leave();
      });

      test(`${name}: all are muted, whoever publishes afterwards too`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const logs = listen();
        await sdk.muteAll(at.session.id, []);
        for (const streamId of [at.first, at.second]) {
          await logs.cli.next('streamHasAudioChanged', { streamId, changedTo: false });
        }
        await at.two.unpublish();
        await logs.cli.next('streamDropped', { streamId: at.second });
        at.second = (await at.two.publish(CANVAS)).streamId;
        for (const who of ['one', 'cli']) await logs[who].next('streamReceived', { streamId: at.second });
        assert.equal(logs.cli.find('streamReceived')[0].hasAudio, false, 'it begins silent');
        await sdk.endMute(at.session.id);
        await settle(sdk, logs);
        await speakAgain(at.one, at.first);
        await speakAgain(at.two, at.second);
      });

      test(`${name}: a browser and a C program are made to leave`, TEST_LIMIT, async () => {
        const sdk = here.sdk(name);
        const logs = listen();
        await visitor.join(at.session, await sdk.token(at.session.id, { data: 'to leave' }));
        const cli = await here.cliWith(at.session, await sdk.token(at.session.id, { data: 'to leave' }));
        await here.acquainted(at.one, at.cli, visitor, cli);
        for (const target of [visitor, cli]) {
          const log = target.log.fromNow();
          await sdk.disconnect(at.session.id, target.id);
          assert.equal((await log.next('disconnected')).reason, 'forceDisconnected');
          const gone = await logs.one.next('connectionDropped', { connectionId: target.id });
          assert.equal(gone.reason, 'forceDisconnected');
          await logs.cli.next('connectionDropped', { connectionId: target.id });
        }
        assert.equal(await cli.exit(), 0);
      });
    }
  });
}

function tellsTheProject(sdk, details) {
  if (!TELLS_THE_PROJECT.test(sdk.name)) return;
  assert.deepEqual([details.id, details.status], [sdk.project.apiKey, 'ACTIVE']);
  assert.ok(!('secret' in details), 'no secret is told');
}
