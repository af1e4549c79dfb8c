// HTTP requests byte for byte: no header is sent but those that are named, Host and the length of the body.

import { once } from 'node:events';
import { request } from 'node:http';

/** Sends a request. Returns the status, the content type as it stands, and the body as text. */
export async function send(url, { method, path, headers = [], body }) {
  const { hostname, port } = new URL(url);
  const sending = request({ hostname, port, method, path, setDefaultHeaders: false });
  sending.setHeader('Host', `${hostname}:${port}`);
  for (const [name, value] of headers) sending.setHeader(name, value);
  if (body !== undefined) sending.setHeader('Content-Length', Buffer.byteLength(body));
  sending.end(body);
  const [response] = await once(sending, 'response');
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  return { status: response.statusCode, type: response.headers['content-type'], text, headers: response.headers };
}
