// What the tests' browsers open: the page of a call, and an empty one, with the client of tests/interop/node_modules.

import { fileURLToPath } from 'node:url';
import { servePages } from '../../../web_examples/call/serve.mjs';

const client = fileURLToPath(new URL('../node_modules/@opentok/client/dist/js/opentok.js', import.meta.url));
const EMPTY = '<!doctype html><html lang="en"><title>A client</title><link rel="icon" href="data:,"><body></body></html>';

/** Serves them on a free port; with `tls`, over https. */
export function serveTestPages({ tls } = {}) {
  return servePages({ tls, client, more: { '/empty.html': () => ['text/html; charset=utf-8', EMPTY] } });
}
