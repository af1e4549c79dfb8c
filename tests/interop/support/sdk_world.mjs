// The world of a test file that drives the published server SDKs: two projects, one with a key and a secret, the other an
// application with a key pair, and each SDK opened on its project.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate, Python } from './python.mjs';
import { OpenTokSdk, VonageSdk } from './sdk.mjs';
import { PROJECT, Server } from './server.mjs';
import { TlsFront } from './tls_front.mjs';
import { Browser, BrowserClient } from './browser.mjs';
import { whileTesting, World } from './world.mjs';

/** Each SDK, the project that it is for, and how it is pointed at the server. */
const SDKS = {
  'npm opentok': {
    project: 'key',
    open: (world, name, project) => new OpenTokSdk(name, project, world.server.url),
  },
  'PyPI opentok': {
    project: 'key',
    open: (world, name, project) => {
      const args = { project: project.apiKey, secret: project.secret, url: world.server.url };
      return world.python.open('opentok', name, project, args);
    },
  },
  'npm opentok, as an application': {
    project: 'application',
    open: (world, name, project) => new OpenTokSdk(name, project, { apiUrl: world.server.url }),
  },
  'npm @vonage/video': {
    project: 'application',
    open: (world, name, project) => new VonageSdk(name, project, world.server.url),
  },
  'PyPI vonage': {
    project: 'application',
    open: (world, name, project) => {
      const args = { project: project.apiKey, secret: project.secret, host: world.host };
      return world.python.open('vonage', name, project, args);
    },
  },
  // With a key file this package speaks to the vendor's servers alone; its tokens are good everywhere.
  'PyPI opentok, with a key file': {
    project: 'application',
    tokensOnly: true,
    open: (world, name, project) => {
      const args = { project: project.apiKey, secret: project.secretFile, url: world.server.url };
      return world.python.open('opentok', name, project, args);
    },
  },
};

/** The names of the SDKs of both projects, or of one of them. */
export function sdkNames(project) {
  const all = Object.keys(SDKS).filter((name) => !SDKS[name].tokensOnly);
  return project === undefined ? all : all.filter((name) => SDKS[name].project === project);
}

/** Each kind of token that there is: the SDK that makes it, the project, and the kind where there are several. */
export const TOKENS = Object.keys(SDKS).flatMap((name) => {
  const { project } = SDKS[name];
  return project === 'key' ? [{ name, project }, { name, project, kind: 'T1' }] : [{ name, project }];
});

/**
 * A world with SDKs, with a browser unless it is not wanted, and what `config` says in the server's configuration file. With
 * `tls` the server itself speaks https, and clients trust its `authority`. Whatever is in it stays until the last test of
 * the file.
 */
export function sdkWorld({ browser = true, config = '', tls = false } = {}) {
  return whileTesting(new SdkWorld(browser, config, tls), [], { lasting: true });
}

/** An application with a new key pair: what its SDKs are given, and the file with its public key. */
function application(directory, name = 'application') {
  const encodings = {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  };
  const { publicKey, privateKey } = generateKeyPairSync('rsa', encodings);
  const publicFile = join(directory, `${name}.pub.pem`);
  const privateFile = join(directory, `${name}.pem`);
  writeFileSync(publicFile, publicKey);
  writeFileSync(privateFile, privateKey, { mode: 0o600 });
  return { apiKey: randomUUID(), secret: privateKey, secretFile: privateFile, publicFile };
}

class SdkWorld extends World {
  #sdks = new Map();
  #impostor;
  #visitor;

  constructor(browser, config, tls) {
    super();
    this.wantsBrowser = browser;
    this.config = config;
    this.tls = tls;
  }

  async start() {
    this.directory = mkdtempSync(join(tmpdir(), 'otc-interop-'));
    this.projects = { key: PROJECT, application: application(this.directory) };
    await makeCertificate(this.directory);
    this.authority = this.#file('ca.pem');
    this.server = await Server.start(this.#serverOptions());
    await Promise.all([this.#startBrowser(), this.#startPython()]);
    for (const name of Object.keys(SDKS)) this.#sdks.set(name, await this.open(name));
  }

  #file(name) {
    return join(this.directory, name);
  }

  #serverOptions() {
    const { apiKey, publicFile } = this.projects.application;
    const config = this.#file('otc-server.toml');
    writeFileSync(config, this.config, { mode: 0o600 });
    const tls = ['--tls-cert', this.#file('cert.pem'), '--tls-key', this.#file('key.pem')];
    return ['--application', `${apiKey}=${publicFile}`, '--config', config, ...(this.tls ? tls : [])];
  }

  async #startBrowser() {
    if (this.wantsBrowser) this.browser = await Browser.start();
  }

  /** One of Python's packages speaks https alone. */
  async #startPython() {
    if (!this.tls) this.front = await TlsFront.start(this.server.url, this.directory);
    this.host = this.front?.host ?? new URL(this.server.url).host;
    this.python = await Python.start(this.authority);
  }

  /** The SDK of that name. */
  sdk(name) {
    return this.#sdks.get(name);
  }

  /** The project of an SDK. */
  projectOf(name) {
    return this.projects[SDKS[name].project];
  }

  /** An SDK that works for its project, or for another one. */
  async open(name, project = this.projectOf(name)) {
    return SDKS[name].open(this, name, project);
  }

  /** Who claims to be the project of an SDK, and has another secret. */
  impostor(name) {
    const project = this.projectOf(name);
    if (project === this.projects.key) return { ...project, secret: 'a guess' };
    this.#impostor ??= { ...application(this.directory, 'impostor'), apiKey: project.apiKey };
    return this.#impostor;
  }

  /** A session that an SDK creates, as clients need it. */
  async sessionOf(sdk, options) {
    const id = await sdk.createSession(options);
    return this.sessionAt(id, sdk.project);
  }


  /** What clients need of a session. */
  sessionAt(id, { apiKey }) {
    return { id, apiKey, url: this.server.url, authority: this.tls ? this.authority : undefined };
  }

  /** A page that joins one session after another: opening one takes longer than joining. */
  async visitor() {
    this.#visitor ??= this.keep(await BrowserClient.open(this.browser, 'apiURL', { ignoreHTTPSErrors: this.tls }));
    return this.#visitor;
  }

  async stop() {
    try {
      await super.stop();
    } finally {
      await this.python?.stop();
      await this.front?.stop();
      rmSync(this.directory, { recursive: true, force: true });
    }
  }
}
