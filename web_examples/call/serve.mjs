// Serves the page of a call:
//
//     node web_examples/call/serve.mjs --url https://call.example.org --api-key KEY --session ID --token TOKEN
//
// and prints the address to open, one for each token. A browser opens cameras on https pages, and on those of its own
// machine; --tls-cert and --tls-key name a certificate and its key, which SIGHUP makes it read again.

import { once } from 'node:events';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { isIPv6 } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** Where `npm ci` puts the published client. */
const CLIENT = here('node_modules/@opentok/client/dist/js/opentok.min.js');

const HTML = 'text/html; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

/** Scripts are the page's own files alone. It speaks to any server, because its address names that. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'", // the published client brings its styles inside its script
  "img-src 'self' data:",
  "media-src 'self' blob: mediastream:",
  'connect-src http: https: ws: wss:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': POLICY,
  'Permissions-Policy': 'camera=(self), microphone=(self), display-capture=(self)',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const file = (type, path) => () => [type, readFileSync(path)];

/** Every address, and what is there. */
function everyPage(client) {
  const scripts = ['call.js', 'people.js', 'publishing.js', 'signals.js', 'tiles.js'];
  return {
    '/': file(HTML, here('index.html')),
    '/call.css': file(STYLE, here('call.css')),
    ...Object.fromEntries(scripts.map((name) => [`/${name}`, file(SCRIPT, here(name))])),
    '/opentok.js': file(SCRIPT, client),
  };
}

function readCertificate({ cert, key }) {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

function reloadOnHangup(server, tls) {
  process.on('SIGHUP', () => {
    try {
      server.setSecureContext(readCertificate(tls));
      console.log('the certificate was read again');
    } catch (error) {
      console.error(`the certificate cannot be used, and the one before goes on: ${error.message}`);
    }
  });
}

const bracketed = (host) => (isIPv6(host) ? `[${host}]` : host);

/**
 * Serves the page at `host:port`; port 0 takes a free one. `tls` names the files `cert` and `key`, `client` the published
 * client. `more` are further addresses: functions that return a type and a body.
 */
export async function servePages({ host = '127.0.0.1', port = 0, tls, client = CLIENT, more = {} } = {}) {
  if (!existsSync(client)) throw new Error(`${client} is missing: run npm ci in ${here('.')}`);
  const pages = everyPage(client);
  const answer = (request, response) => {
    const path = request.url.split('?')[0];
    const page = Object.hasOwn(pages, path) ? pages[path] : Object.hasOwn(more, path) ? more[path] : undefined;
    if (page === undefined || !['GET', 'HEAD'].includes(request.method)) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is nothing here\n');
      return;
    }
    const [type, body] = page();
    response.writeHead(200, { 'Content-Type': type, ...(Object.hasOwn(pages, path) ? HEADERS : {}) });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const server = tls ? createHttpsServer(readCertificate(tls), answer) : createHttpServer(answer);
  server.listen(port, host);
  await once(server, 'listening');
  if (tls) reloadOnHangup(server, tls);
  return {
    url: `${tls ? 'https' : 'http'}://${bracketed(host)}:${server.address().port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The page's address with all that it needs to join. It is behind the `#`, which browsers send to nobody. */
export function pageAddress(pagesUrl, { url, apiKey, session, token }) {
  const given = Object.entries({ url, apiKey, session, token }).filter(([, value]) => value !== undefined);
  return given.length === 0 ? `${pagesUrl}/` : `${pagesUrl}/#${new URLSearchParams(given)}`;
}

const USAGE = `usage: node serve.mjs [--listen HOST:PORT] [--tls-cert FILE --tls-key FILE]
                     [--url SERVER] [--api-key KEY] [--session ID] [--token TOKEN]...
  --listen   where the page is; without it a free port of this machine
  --url      the otc-server; without it what OTC_API_URL says
  --api-key  without it what OTC_API_KEY says
  --token    one for each person who gets an address
  What is not given can be typed into the page.`;

function place(listen) {
  const [, host, port] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(listen) ?? [];
  if (port === undefined || Number(port) > 65535) throw new Error(`--listen cannot be ${listen}`);
  return { host, port: Number(port) };
}

/** Nobody can open 0.0.0.0: there the page is on the machine that the server is on, as far as this can know. */
function openable(url, server) {
  const address = new URL(url);
  if (server && ['0.0.0.0', '[::]'].includes(address.hostname)) address.hostname = new URL(server).hostname;
  return address.origin;
}

async function main() {
  const text = { type: 'string' };
  const options = {
    listen: { type: 'string', default: '127.0.0.1:0' },
    'tls-cert': text,
    'tls-key': text,
    url: { type: 'string', default: process.env.OTC_API_URL },
    'api-key': { type: 'string', default: process.env.OTC_API_KEY },
    session: text,
    token: { type: 'string', multiple: true },
    help: { type: 'boolean' },
  };
  const { values } = parseArgs({ options });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const { 'tls-cert': cert, 'tls-key': key, 'api-key': apiKey, url, session } = values;
  if ((cert === undefined) !== (key === undefined)) throw new Error('--tls-cert and --tls-key go together');
  const pages = await servePages({ ...place(values.listen), tls: cert && { cert, key } });
  for (const token of values.token ?? [undefined]) {
    console.log(`open ${pageAddress(openable(pages.url, url), { url, apiKey, session, token })}`);
  }
  console.log('Ctrl-C ends it');
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(`serve.mjs: ${error.message}\n${USAGE}`);
    process.exitCode = 1;
  });
}
