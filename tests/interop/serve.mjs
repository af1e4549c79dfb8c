// Serves page.html, a session in a web page, on this machine:
//
//     node tests/interop/serve.mjs --url http://127.0.0.1:8080 --api-key KEY --session ID --token TOKEN
//
// and prints the address to open. The tests take their pages from here too.

import { once } from 'node:events';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const CLIENT = here('node_modules/@opentok/client/dist/js/opentok.js');

const HTML = 'text/html; charset=utf-8';
const EMPTY = '<!doctype html><html lang="en"><title>A client</title><link rel="icon" href="data:,"><body></body></html>';

/** Every address, and what is there. */
const PAGES = {
  '/': () => [HTML, readFileSync(here('page.html'))],
  '/page.js': () => ['text/javascript; charset=utf-8', readFileSync(here('page.js'))],
  '/opentok.js': () => ['text/javascript; charset=utf-8', readFileSync(CLIENT)],
  '/empty.html': () => [HTML, EMPTY],
};

/** Serves the pages at `host:port`; port 0 takes a free one. */
export async function servePages({ host = '127.0.0.1', port = 0 } = {}) {
  if (!existsSync(CLIENT)) throw new Error(`${CLIENT} is missing: run npm ci in ${here('.')}`);
  const server = createServer((request, response) => {
    const page = PAGES[request.url.split('?')[0]];
    if (request.method !== 'GET' || page === undefined) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is nothing here\n');
      return;
    }
    const [type, body] = page();
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
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

const USAGE = `usage: node serve.mjs [--port PORT] [--url SERVER] [--api-key KEY] [--session ID] [--token TOKEN]
  What is not given can be typed into the page. Without --port a free one is taken.`;

async function main() {
  const text = { type: 'string' };
  const options = { port: text, url: text, 'api-key': text, session: text, token: text, help: { type: 'boolean' } };
  const { values } = parseArgs({ options });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--port cannot be ${values.port}`);
  const pages = await servePages({ port });
  console.log(`open ${pageAddress(pages.url, { ...values, apiKey: values['api-key'] })}`);
  console.log('Ctrl-C ends it');
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(`serve.mjs: ${error.message}\n${USAGE}`);
    process.exitCode = 1;
  });
}
