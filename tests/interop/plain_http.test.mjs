// The requests of the published Ruby, PHP, .NET and Java SDKs, as they send them, and the answers that they read. Their
// languages are not run here: what is sent and read is in rest.md §0 to §2. What each call does is seen by a browser and a
// C program.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { send } from './support/plain.mjs';
import { sdkWorld } from './support/sdk_world.mjs';
import { CLIENT_TOKENS, REST_HEADERS } from './support/tokens.mjs';
import { TEST_LIMIT } from './support/world.mjs';

const here = sdkWorld();

const FORM = ['Content-Type', 'application/x-www-form-urlencoded'];
const JSON_BODY = ['Content-Type', 'application/json'];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The project that the calls of an SDK are about. */
const projectOf = (sdk) => (sdk.startsWith('Vonage') ? here.projects.application : here.projects.key);

/** A call as an SDK sends it; `path` is from the project on, or from the root when it begins with a slash. */
function call(sdk, method, path, { headers = [], body, project = projectOf(sdk) } = {}) {
  const whole = path.startsWith('/') ? path : `/v2/project/${project.apiKey}/${path}`;
  return send(here.server.url, { method, path: whole, headers: [REST_HEADERS[sdk](project), ...headers], body });
}

/** Each SDK's form of a new session with its headers, what becomes of it, and whether its answer is read as XML. */
const READS_JSON = [FORM, ['Accept', 'application/json']];
const CREATIONS = [
  ['Ruby', [FORM], 'p2p.preference=enabled&archiveMode=manual', { relayed: true, xml: true }],
  [
    'Ruby',
    [FORM, ['Accept', '*/*']],
    'archiveMode=always&p2p.preference=disabled&archiveName=Ein+Name&archiveResolution=640x480',
    { xml: true },
  ],
  ['PHP', [FORM], 'location=&p2p.preference=disabled&archiveMode=manual&e2ee=', { xml: true }],
  ['PHP', [FORM], '', { xml: true }],
  ['.NET', [FORM], 'location=&p2p.preference=enabled&archiveMode=manual', { relayed: true, xml: true }],
  [
    '.NET',
    [FORM],
    'location=1.2.3.4&p2p.preference=disabled&archiveMode=manual&e2ee=True',
    { location: '1.2.3.4', xml: true },
  ],
  ['Java', READS_JSON, 'p2p.preference=disabled&archiveMode=manual&e2ee=false', {}],
  ['Java', READS_JSON, 'api_key=4242&p2p.preference=enabled&media_mode=relayed', { relayed: true }],
  ['Vonage Java', READS_JSON, 'location=null&p2p.preference=disabled', {}],
  // A form that is said to be JSON.
  ['Vonage .NET', [JSON_BODY, READS_JSON[1]], 'location=&p2p.preference=enabled', { relayed: true }],
  ['Vonage Ruby', READS_JSON, 'media_mode=routed&p2p.preference=disabled', {}],
];

for (const [sdk, headers, body, { relayed = false, location = '', xml = false }] of CREATIONS) {
  test(`${sdk} creates a session with ${JSON.stringify(body)}`, TEST_LIMIT, async () => {
    const { status, type, text } = await call(sdk, 'POST', '/session/create', { headers, body });
    assert.deepEqual([status, type], [200, xml ? 'text/xml' : 'application/json'], text);
    const { apiKey } = projectOf(sdk);
    const id = xml ? inXml(text, 'session_id') : JSON.parse(text)[0].session_id;
    const record = Buffer.from(id.slice(2), 'base64url').toString('latin1').split('~');
    assert.deepEqual([record[1], record[2], record[5]], [apiKey, location, relayed ? 'P' : '']);
    if (xml) {
      assert.match(text, /^(<\?xml[^>]*\?>)?<sessions><Session>.*<\/Session><\/sessions>$/);
      assert.equal(inXml(text, 'partner_id'), apiKey);
    }
    // .NET takes an id for one that has a single underscore in it; what it decodes must hold no question mark.
    assert.equal(id.split('_').length, 2);
  });
}

const inXml = (text, name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];

describe('in a session with a browser and a C program', () => {
  let at;
  before(async () => {
    const sdk = here.sdk('npm opentok');
    const session = await here.sessionOf(sdk, { media: 'routed' });
    const [browser, cli] = await Promise.all([
      sdk.token(session.id, { data: 'in the browser' }).then((token) => here.browserWith(session, token)),
      sdk.token(session.id, { data: 'in C' }).then((token) => here.cliWith(session, token)),
    ]);
    await here.acquainted(browser, cli);
    const { streamId } = await browser.publish({ name: 'camera', width: 320, height: 240 });
    await cli.log.next('streamReceived', { streamId });
    at = { session, browser, cli, streamId };
  }, TEST_LIMIT);

  test('a wrong secret: XML where that is read, JSON with a message everywhere else, 403 always', TEST_LIMIT, async () => {
    const { session } = at;
    const project = { ...here.projects.key, secret: 'a guess' };
    for (const sdk of ['Ruby', 'PHP', '.NET']) {
      const { status, type, text } = await call(sdk, 'POST', '/session/create', { headers: [FORM], body: '', project });
      assert.deepEqual([status, type], [403, 'text/xml'], sdk);
      assert.ok(inXml(text, 'message'), text);
    }
    for (const [sdk, method, path, headers] of [
      ['Java', 'POST', '/session/create', [FORM, ['Accept', 'application/json']]],
      ['Java', 'POST', `session/${session.id}/signal`, [JSON_BODY, ['Accept', 'application/json']]],
      ['PHP', 'POST', `session/${session.id}/signal`, [JSON_BODY]],
      ['PHP', 'GET', `session/${session.id}/connection/`, []],
      ['.NET', 'DELETE', `session/${session.id}/connection/${at.cli.id}`, [JSON_BODY]],
      ['Ruby', 'GET', `session/${session.id}/stream`, [JSON_BODY]],
    ]) {
      const { status, type, text } = await call(sdk, method, path, { headers, project });
      assert.deepEqual([status, type], [403, 'application/json'], `${sdk} ${path}`);
      const { code, message } = JSON.parse(text);
      assert.deepEqual([typeof code, typeof message], ['number', 'string'], text);
    }
  });

  for (const [kind, make] of Object.entries(CLIENT_TOKENS)) {
    test(`a browser and a C program come in with a token of ${kind}`, TEST_LIMIT, async () => {
      const project = projectOf(kind);
      const application = project === here.projects.application;
      const session = application ? await here.sessionOf(here.sdk('npm @vonage/video')) : at.session;
      const data = `${kind}: a+b %20 & 漢字`;
      const visitor = await here.visitor();
      await visitor.join(session, make(project, session.id, data));
      const cli = await here.cliWith(session, make(project, session.id, data));
      assert.equal((await cli.log.next('connectionCreated', { connectionId: visitor.id })).data, data);
      assert.equal((await visitor.log.next('connectionCreated', { connectionId: cli.id })).data, data);
      await Promise.all([visitor.leave(), cli.leave()]);
    });
  }

  /** Signals: each SDK's headers, and what it takes for a success. */
  for (const [sdk, headers] of [
    ['Ruby', [JSON_BODY]],
    ['PHP', [['Content-Type', 'application/json'], ['User-Agent', 'OpenTok-PHP-SDK/4']]],
    ['.NET', [['Content-Type', 'application/json; charset=utf-8'], ['Expect', '100-continue']]],
    ['Java', [JSON_BODY, ['Accept', 'application/json']]],
  ]) {
    test(`${sdk} signals to all and to one`, TEST_LIMIT, async () => {
      const logs = [at.browser, at.cli].map((client) => client.log.fromNow());
      const all = { type: sdk, data: 'to all 漢字' };
      const one = { type: sdk, data: 'to one' };
      const path = `session/${at.session.id}`;
      for (const [to, content] of [
        [`${path}/signal`, all],
        [`${path}/connection/${at.cli.id}/signal`, one],
      ]) {
        const { status, text } = await call(sdk, 'POST', to, { headers, body: JSON.stringify(content) });
        assert.deepEqual([status, text], [204, '']);
      }
      for (const log of logs) assert.equal((await log.next('signal', all)).from, null);
      assert.equal((await logs[1].next('signal', one)).from, null);
      assert.deepEqual(logs[0].find('signal', one), []);
    });
  }

  test('the connections: PHP with its slash, Ruby with its page, Java with its UUIDs', TEST_LIMIT, async () => {
    const path = `session/${at.session.id}/connection`;
    for (const [sdk, where] of [['PHP', `${path}/`], ['Java', path], ['Ruby', `${path}?offset=0&count=1000`]]) {
      const { status, type, text } = await call(sdk, 'GET', where, { headers: [JSON_BODY] });
      assert.deepEqual([status, type], [200, 'application/json'], text);
      const { count, projectId, applicationId, sessionId, items } = JSON.parse(text);
      const { apiKey } = here.projects.key;
      assert.deepEqual([count, projectId, applicationId, sessionId], [2, apiKey, apiKey, at.session.id]);
      const ids = items.map(({ connectionId }) => connectionId);
      assert.deepEqual(ids.sort(), [at.browser.id, at.cli.id].sort());
      for (const { connectionId, connectionState, createdAt } of items) {
        assert.match(connectionId, UUID);
        assert.equal(connectionState, 'Connected');
        assert.ok(Number.isInteger(createdAt) && Math.abs(Date.now() - createdAt) < 300_000, `${createdAt}`);
      }
    }
    const { text } = await call('Ruby', 'GET', `${path}?offset=1&count=1`);
    assert.equal(JSON.parse(text).items.length, 1);
  });

  test('the streams, and one of them, as .NET and Java read them', TEST_LIMIT, async () => {
    const path = `session/${at.session.id}/stream`;
    const expected = { id: at.streamId, videoType: 'camera', name: 'camera', layoutClassList: [] };
    for (const sdk of ['.NET', 'Java']) {
      const list = await call(sdk, 'GET', path, { headers: [['Accept', 'application/json']] });
      assert.deepEqual([list.status, list.type], [200, 'application/json']);
      assert.deepEqual(JSON.parse(list.text), { count: 1, items: [expected] });
      const one = await call(sdk, 'GET', `${path}/${at.streamId}`);
      assert.deepEqual([one.status, one.type, JSON.parse(one.text)], [200, 'application/json', expected]);
    }
    const body = JSON.stringify({ items: [{ id: at.streamId, layoutClassList: ['full'] }] });
    const changed = await call('PHP', 'PUT', path, { headers: [JSON_BODY], body });
    assert.deepEqual([changed.status, JSON.parse(changed.text).items[0].layoutClassList], [200, ['full']]);
  });

  /** Muting: bodies as each SDK writes them. */
  for (const [sdk, how, path, body] of [
    ['Ruby', 'with a text for a truth', 'mute', (id) => `{"active":"true","excludedStreams":["${id}"]}`],
    ['PHP', 'with a list of exceptions', 'mute', (id) => `{"active":true,"excludedStreams":["${id}"]}`],
    ['.NET', 'with the other name of that list', 'mute', (id) => `{"active":true,"excludedStreamIds":["${id}"]}`],
    ['Java', 'without exceptions', 'mute', () => '{"active":true,"excludedStreamIds":[]}'],
    ['Ruby', 'one stream, with an empty body that is said to be JSON', 'stream/ID/mute', () => ''],
    ['PHP', 'one stream, with an empty object', 'stream/ID/mute', () => '{}'],
  ]) {
    test(`${sdk} mutes ${how}`, TEST_LIMIT, async () => {
      const one = path.startsWith('stream');
      const [browser, cli] = [at.browser, at.cli].map((client) => client.log.fromNow());
      const where = `session/${at.session.id}/${path.replace('ID', at.streamId)}`;
      const muted = await call(sdk, 'POST', where, { headers: [JSON_BODY], body: body(at.streamId) });
      assert.deepEqual([muted.status, muted.type], [200, 'application/json'], muted.text);
      const project = JSON.parse(muted.text);
      assert.deepEqual([project.id, project.status, 'secret' in project], [here.projects.key.apiKey, 'ACTIVE', false]);
      if (!one) for (const log of [browser, cli]) await log.next('muteForced', { active: true });
      const silent = one || body('X') === body('Y');
      if (silent) {
        await browser.next('publisherMuteForced');
        await cli.next('streamHasAudioChanged', { streamId: at.streamId, changedTo: false });
        await at.browser.publishAudio(true);
        await cli.next('streamHasAudioChanged', { streamId: at.streamId, changedTo: true });
      }
      if (one) return;
      // Ruby writes this truth as a text, too.
      const ended = sdk === 'Ruby' ? '{"active":"false"}' : '{"active":false,"excludedStreamIds":[]}';
      await call(sdk, 'POST', where, { headers: [JSON_BODY], body: ended });
      for (const log of [browser, cli]) await log.next('muteForced', { active: false });
      if (!silent) assert.deepEqual(browser.find('publisherMuteForced'), []);
    });
  }

  test('a forced leave: 204 without a body, and 404 with a message when it is done already', TEST_LIMIT, async () => {
    const sdk = here.sdk('npm opentok');
    for (const [as, headers] of [
      ['Ruby', [JSON_BODY]],
      ['PHP', []],
      ['.NET', [JSON_BODY]],
      ['Java', [['Accept', 'application/json']]],
    ]) {
      const log = at.browser.log.fromNow();
      const cli = await here.cliWith(at.session, await sdk.token(at.session.id, { data: as }));
      await log.next('connectionCreated', { connectionId: cli.id });
      const path = `session/${at.session.id}/connection/${cli.id}`;
      const gone = await call(as, 'DELETE', path, { headers });
      assert.deepEqual([gone.status, gone.text], [204, ''], as);
      assert.equal((await cli.log.next('disconnected')).reason, 'forceDisconnected');
      assert.equal((await log.next('connectionDropped', { connectionId: cli.id })).reason, 'forceDisconnected');
      const again = await call(as, 'DELETE', path, { headers });
      assert.deepEqual([again.status, again.type], [404, 'application/json']);
      assert.equal(typeof JSON.parse(again.text).message, 'string');
    }
  });

  test('npm opentok sends a header that is called headers, and nobody minds', TEST_LIMIT, async () => {
    const headers = [JSON_BODY, ['Accept', 'application/json'], ['headers', '[object Object]']];
    const { status } = await call('.NET', 'POST', `session/${at.session.id}/signal`, { headers, body: '{"type":"odd"}' });
    assert.equal(status, 204);
    await at.browser.log.next('signal', { type: 'odd' });
  });

  test('the project of the path is that of the token', TEST_LIMIT, async () => {
    const { application } = here.projects;
    const others = [`${application.apiKey}/session/${at.session.id}/signal`, '1/session/x/signal'];
    for (const path of others.map((other) => `/v2/project/${other}`)) {
      const { status } = await call('Java', 'POST', path, { headers: [JSON_BODY], body: '{}' });
      assert.equal(status, 403, path);
    }
    const session = await here.sessionOf(here.sdk('npm @vonage/video'));
    const { status } = await call('Java', 'POST', `session/${session.id}/signal`, { headers: [JSON_BODY], body: '{}' });
    assert.equal(status, 403, 'a session of another project');
  });

  test('an archive: Ruby starts it, PHP gets it, .NET lists it, Java stops it, Ruby deletes it', TEST_LIMIT, async () => {
    const logs = [at.browser, at.cli].map((client) => client.log.fromNow());
    const asked = { sessionId: at.session.id, name: 'Ein Archiv', hasAudio: 'true', hasVideo: true, outputMode: 'composed' };
    const start = { headers: [JSON_BODY], body: JSON.stringify(asked) };
    const started = await call('Ruby', 'POST', 'archive', start);
    assert.deepEqual([started.status, started.type], [200, 'application/json'], started.text);
    const archive = JSON.parse(started.text);
    const { apiKey } = here.projects.key;
    const read = ({ status, name, sessionId, projectId, partnerId, outputMode, hasAudio, hasVideo, event, url }) => ({
      ...{ status, name, sessionId, projectId, partnerId, outputMode, hasAudio, hasVideo, event, url },
    });
    const expected = {
      ...{ status: 'started', name: 'Ein Archiv', sessionId: at.session.id, projectId: apiKey, partnerId: Number(apiKey) },
      ...{ outputMode: 'composed', hasAudio: true, hasVideo: true, event: 'archive', url: null },
    };
    assert.deepEqual(read(archive), expected);
    for (const name of ['createdAt', 'updatedAt', 'size', 'duration']) assert.ok(Number.isInteger(archive[name]), name);
    assert.match(archive.id, UUID);
    for (const log of logs) assert.equal((await log.next('archiveStarted', { id: archive.id })).name, 'Ein Archiv');

    const again = await call('PHP', 'POST', 'archive', { headers: [JSON_BODY], body: `{"sessionId":"${at.session.id}"}` });
    assert.deepEqual([again.status, typeof JSON.parse(again.text).message], [409, 'string']);
    assert.deepEqual(read(JSON.parse((await call('PHP', 'GET', `archive/${archive.id}`)).text)), expected);
    const listed = JSON.parse((await call('.NET', 'GET', `archive?offset=0&count=10&sessionId=${at.session.id}`)).text);
    assert.deepEqual([listed.count, listed.items.map(read)], [1, [expected]]);
    const stopped = await call('Java', 'POST', `archive/${archive.id}/stop`, { headers: [JSON_BODY], body: '' });
    assert.deepEqual([stopped.status, JSON.parse(stopped.text).status], [200, 'stopped']);
    for (const log of logs) await log.next('archiveStopped', { id: archive.id });
    const deleted = await call('Ruby', 'DELETE', `archive/${archive.id}`, { headers: [JSON_BODY] });
    assert.deepEqual([deleted.status, deleted.text], [204, '']);
    assert.equal((await call('PHP', 'GET', `archive/${archive.id}`)).status, 404);
  });

  test('what needs media is not served, and says so in JSON', TEST_LIMIT, async () => {
    const session = `session/${at.session.id}`;
    const paths = ['broadcast', 'broadcast/', 'dial', 'captions', 'render', 'connect', `${session}/play-dtmf`];
    for (const path of [...paths, `${session}/migrate`]) {
      const { status, type, text } = await call('Java', 'POST', path, { headers: [JSON_BODY], body: '{}' });
      assert.deepEqual([status, type], [404, 'application/json'], path);
      assert.equal(typeof JSON.parse(text).message, 'string');
    }
  });
});
