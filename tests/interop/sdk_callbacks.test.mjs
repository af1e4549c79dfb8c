// Callbacks that npm `opentok` registers: their receiver is told what browsers and C programs do.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { EventLog } from './support/event_log.mjs';
import { runNode } from './support/sdk.mjs';
import { sdkWorld } from './support/sdk_world.mjs';
import { TEST_LIMIT } from './support/world.mjs';

const here = sdkWorld();

/** A server that is told things. */
class Receiver {
  static async start() {
    const receiver = new Receiver();
    receiver.log = new EventLog('the receiver');
    receiver.server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request.setEncoding('utf8')) body += part;
      const { method, url, headers } = request;
      response.writeHead(200).end();
      receiver.log.add({ ...JSON.parse(body), method, path: url, type: headers['content-type'] });
    });
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}`;
    return receiver;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

for (const name of ['npm opentok', 'npm opentok, as an application']) {
  describe(`callbacks of ${name}`, () => {
    let receiver;
    before(async () => (receiver = await Receiver.start()));
    after(() => receiver.stop());

    test('are registered, told, listed, and end', TEST_LIMIT, async () => {
      const sdk = here.sdk(name);
      const { log } = receiver;
      const wanted = ['connection', 'stream'].flatMap((group) => ['created', 'destroyed'].map((event) => [group, event]));
      const registered = [];
      for (const [group, event] of wanted) {
        const url = `${receiver.url}/${group}/${event}`;
        const callback = await sdk.registerCallback(group, event, url);
        assert.deepEqual([callback.group, callback.event, callback.url], [group, event, url]);
        assert.ok(callback.id);
        assert.ok(Math.abs(Date.now() - callback.createdAt) < 60_000, `${callback.createdAt}`);
        registered.push(callback.id);
      }
      const listed = await sdk.listCallbacks();
      assert.deepEqual(listed.map(({ id }) => id).sort(), [...registered].sort());

      const session = await here.sessionOf(sdk, { media: 'routed' });
      const told = { method: 'POST', type: 'application/json', sessionId: session.id, projectId: sdk.project.apiKey };
      const cli = await here.cliWith(session, await sdk.token(session.id, { data: 'v jazyce C' }));
      const came = await log.next('connectionCreated', { ...told, path: '/connection/created' });
      assert.deepEqual([came.connection.id, came.connection.data], [cli.id, 'v jazyce C']);
      for (const time of [came.timestamp, came.connection.createdAt]) {
        assert.ok(Math.abs(Date.now() - time) < 60_000, `${time} is now, in milliseconds`);
      }

      const visitor = await here.visitor();
      await visitor.join(session, await sdk.token(session.id, { data: 'in the browser' }));
      const { streamId } = await visitor.publish({ name: 'camera', width: 320, height: 240 });
      const { stream } = await log.next('streamCreated', { ...told, path: '/stream/created' });
      const expected = [streamId, visitor.id, 'camera', 'camera'];
      assert.deepEqual([stream.id, stream.connection.id, stream.name, stream.videoType], expected);
      await sdk.disconnect(session.id, visitor.id);
      const ended = await log.next('streamDestroyed', { ...told, path: '/stream/destroyed' });
      assert.deepEqual([ended.stream.id, ended.reason], [streamId, 'forceDisconnected']);
      const gone = await log.next('connectionDestroyed', { ...told, path: '/connection/destroyed' });
      assert.deepEqual([gone.connection.id, gone.reason], [visitor.id, 'forceDisconnected']);

      // What is registered no more is not told: the leaving is, which comes after the coming.
      await sdk.unregisterCallback(registered[0]);
      const afterwards = log.fromNow();
      const late = await here.cliWith(session, await sdk.token(session.id, { data: 'late' }));
      await late.leave();
      const left = await afterwards.next('connectionDestroyed');
      assert.deepEqual([left.connection.id, left.reason], [late.id, 'clientDisconnected']);
      assert.deepEqual(afterwards.find('connectionCreated'), []);
      await cli.leave();

      for (const id of registered.slice(1)) await sdk.unregisterCallback(id);
      assert.deepEqual(await sdk.listCallbacks(), []);
    });

    test('that cannot be', TEST_LIMIT, async () => {
      const sdk = here.sdk(name);
      await assert.rejects(sdk.registerCallback('weather', 'created', receiver.url), { name: 'RequestError' });
      await assert.rejects(sdk.registerCallback('stream', 'created', 'not a url'), { name: 'RequestError' });
      await assert.rejects(sdk.unregisterCallback('there-is-none'), { name: 'NotFoundError' });
      const impostor = await here.open(name, here.impostor(name));
      await assert.rejects(impostor.registerCallback('stream', 'created', receiver.url), { name: 'AuthError' });
    });

    // The package goes on after it has told of an error, and falls over: the whole program ends, whatever the server is.
    test('that are listed with a wrong secret', TEST_LIMIT, async () => {
      const { apiKey, secret } = here.impostor(name);
      const args = [apiKey, secret, here.server.url].map((argument) => JSON.stringify(argument)).join(', ');
      const program = `const OpenTok = require('opentok');
        new OpenTok(${args}).listCallbacks((error) => console.error(error.message));`;
      await assert.rejects(runNode(program, here.authority), /Invalid API key or secret[^]*Cannot read properties of null/);
    });
  });
}
