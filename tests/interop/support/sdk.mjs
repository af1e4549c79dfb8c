// The published npm SDKs behind the calls that all SDKs have, in the same words, so that the tests are tables. The Python
// ones are in python/opentok_sdk.py and python/vonage_sdk.py.
//
// What goes in and comes out: a session, connection, stream or archive is its id. Options of a session: media, archive,
// archiveName, archiveResolution, location, e2ee. Of a token: role, data, classes, expiresAt (Unix seconds), kind (T1).
// Streams are `{ id, videoType, name, layoutClassList }`. Archives have the names of the REST API, and createdAt in seconds.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { output } from './processes.mjs';

const require = createRequire(import.meta.url);

/** Runs a program that uses the npm packages and trusts the authority in the file `ca`. Returns what it printed. */
export function runNode(program, ca) {
  return output(process.execPath, ['-e', program], {
    NODE_PATH: fileURLToPath(new URL('../node_modules', import.meta.url)),
    NODE_EXTRA_CA_CERTS: ca,
  });
}

/** The calls of an SDK. Not each SDK has all of them. */
export const CALLS = [
  'createSession',
  'token',
  'signal',
  'disconnect',
  'muteStream',
  'muteAll',
  'endMute',
  'listStreams',
  'getStream',
  'setClasses',
  'startArchive',
  'stopArchive',
  'getArchive',
  'listArchives',
  'deleteArchive',
  'setArchiveLayout',
  'addArchiveStream',
  'removeArchiveStream',
];

/** What an SDK raised: the name of its class, and the HTTP status where the SDK tells it. */
export class SdkFailure extends Error {
  constructor({ name, status = null, message }) {
    super(message);
    Object.assign(this, { name, status });
  }
}

const stream = ({ id, videoType, name, layoutClassList }) => ({ id, videoType, name, layoutClassList });

function archive({ id, status, name, sessionId, createdAt, outputMode, hasAudio, hasVideo, size, duration, url }) {
  const seconds = Math.floor(createdAt / 1000);
  return { id, status, name, sessionId, createdAt: seconds, outputMode, hasAudio, hasVideo, size, duration, url };
}

/** The options of a session in the words of both npm packages. */
function sessionOptions({ media, archive: archiveMode, location, ...others }, mediaModes) {
  const given = { mediaMode: media && mediaModes[media], archiveMode, location, ...others };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** npm `opentok`: callbacks, and errors by their prototype. */
export class OpenTokSdk {
  constructor(name, project, url) {
    const OpenTok = require('opentok');
    Object.assign(this, { name, project });
    this.client = new OpenTok(project.apiKey, project.secret, url);
    this.kinds = Object.entries(OpenTok).filter(([key]) => key.endsWith('Error'));
  }

  /** What a call hands to its callback after the error. */
  #call(method, ...args) {
    return new Promise((resolve, reject) => {
      this.client[method](...args, (error, ...results) => {
        if (error) reject(this.#failure(error));
        else resolve(results);
      });
    });
  }

  #failure(error) {
    const kind = this.kinds.find(([, Kind]) => error instanceof Kind);
    return new SdkFailure({ name: kind?.[0] ?? error.name, message: error.message });
  }

  async createSession(options) {
    const given = options && sessionOptions(options, { routed: 'routed', relayed: 'relayed' });
    const [session] = await this.#call('createSession', ...(given ? [given] : []));
    return session.sessionId;
  }

  async token(session, { expiresAt, classes, kind, ...options }) {
    const given = { ...options, expireTime: expiresAt, expire_time: expiresAt, initialLayoutClassList: classes };
    return this.client.generateToken(session, JSON.parse(JSON.stringify(given)), kind === 'T1');
  }

  async signal(session, content, to = null) {
    await this.#call('signal', session, to, content);
  }

  async disconnect(session, connection) {
    await this.#call('forceDisconnect', session, connection);
  }

  async muteStream(session, id) {
    await this.#call('forceMuteStream', session, id);
  }

  async muteAll(session, excludedStreamIds) {
    await this.#call('forceMuteAll', session, { excludedStreamIds });
  }

  async endMute(session) {
    await this.#call('disableForceMute', session);
  }

  async listStreams(session) {
    const [streams] = await this.#call('listStreams', session);
    return streams.map(stream);
  }

  async getStream(session, id) {
    const [found] = await this.#call('getStream', session, id);
    return stream(found);
  }

  async setClasses(session, items) {
    await this.#call('setStreamClassLists', session, items);
  }

  async startArchive(session, options) {
    const [started] = await this.#call('startArchive', session, options);
    return archive(started);
  }

  async stopArchive(id) {
    const [stopped] = await this.#call('stopArchive', id);
    return archive(stopped);
  }

  async getArchive(id) {
    const [found] = await this.#call('getArchive', id);
    return archive(found);
  }

  async listArchives({ session, ...wanted }) {
    const [items, count] = await this.#call('listArchives', { ...wanted, sessionId: session });
    return { count, items: items.map(archive) };
  }

  async deleteArchive(id) {
    await this.#call('deleteArchive', id);
  }

  async setArchiveLayout(id, { type, stylesheet, screenshareType }) {
    await this.#call('setArchiveLayout', id, type, stylesheet, screenshareType);
  }

  async addArchiveStream(id, streamId) {
    await this.#call('addArchiveStream', id, streamId, {});
  }

  async removeArchiveStream(id, streamId) {
    await this.#call('removeArchiveStream', id, streamId);
  }

  /** This package alone registers callbacks. */
  async registerCallback(group, event, url) {
    const [registered] = await this.#call('registerCallback', { group, event, url });
    return registered;
  }

  async listCallbacks() {
    const [registered] = await this.#call('listCallbacks', {});
    return registered;
  }

  async unregisterCallback(id) {
    await this.#call('unregisterCallback', id);
  }
}

/** npm `@vonage/video`: promises, and errors that hold the response. */
export class VonageSdk {
  constructor(name, project, url) {
    const { Auth } = require('@vonage/auth');
    const { Video } = require('@vonage/video');
    Object.assign(this, { name, project });
    const auth = new Auth({ applicationId: project.apiKey, privateKey: project.secret });
    this.video = new Video(auth, { videoHost: url });
  }

  async #call(method, ...args) {
    try {
      return await this.video[method](...args);
    } catch (error) {
      const { name, message, response } = error;
      throw new SdkFailure({ name: error.constructor.name || name, status: response?.status, message });
    }
  }

  async createSession(options) {
    // The package's own names for media modes are their values in the form.
    const given = options && sessionOptions(options, { routed: 'disabled', relayed: 'enabled' });
    const { sessionId } = await this.#call('createSession', given);
    return sessionId;
  }

  async token(session, { classes, expiresAt, ...options }) {
    return this.video.generateClientToken(session, {
      ...options,
      initialLayoutClassList: classes,
      expireTime: expiresAt,
    });
  }

  async signal(session, content, to) {
    await this.#call('sendSignal', content, session, to);
  }

  async disconnect(session, connection) {
    await this.#call('disconnectClient', session, connection);
  }

  muteStream(session, id) {
    return this.#call('muteStream', session, id);
  }

  muteAll(session, excluded) {
    return this.#call('forceMuteAll', session, excluded);
  }

  endMute(session) {
    return this.#call('disableForceMute', session);
  }

  async listStreams(session) {
    const { items } = await this.#call('getStreamInfo', session);
    return items.map(stream);
  }

  async getStream(session, id) {
    return stream(await this.#call('getStreamInfo', session, id));
  }

  async setClasses(session, items) {
    await this.#call('setStreamClassLists', session, items);
  }

  async startArchive(session, options) {
    return archive(await this.#call('startArchive', session, options));
  }

  async stopArchive(id) {
    return archive(await this.#call('stopArchive', id));
  }

  async getArchive(id) {
    return archive(await this.#call('getArchive', id));
  }

  async listArchives({ session, ...wanted }) {
    const filter = session === undefined ? wanted : { ...wanted, sessionId: session };
    const { count, items } = await this.#call('searchArchives', filter);
    return { count, items: items.map(archive) };
  }

  async deleteArchive(id) {
    await this.#call('deleteArchive', id);
  }

  async setArchiveLayout(id, layout) {
    await this.#call('updateArchiveLayout', id, layout);
  }

  async addArchiveStream(id, streamId) {
    await this.#call('addArchiveStream', id, streamId);
  }

  async removeArchiveStream(id, streamId) {
    await this.#call('removeArchiveStream', id, streamId);
  }
}
