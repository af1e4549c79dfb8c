// docs/host-it.md is typed from top to bottom, as somebody would who has nothing but that page: the server, two browsers in
// a call, a C program, and the server as a service. What is typed is what stands there, on a machine of its own
// (support/plain_machine.mjs), but for what is marked with a star, which is named here. The page tells of all that is done
// in another way than it says.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { connect } from 'node:tls';
import { Browser } from './support/browser.mjs';
import { CallPage } from './support/call_page.mjs';
import { chaptersOf, missing } from './support/document.mjs';
import { DEADLINE } from './support/event_log.mjs';
import { PlainMachine, REPOSITORY } from './support/plain_machine.mjs';
import { output } from './support/processes.mjs';
import { parts } from './support/world.mjs';

const SCREENSHOT = join(REPOSITORY, 'web_examples/call/call.png');
const SCREENSHOT_BYTES = 150_000;
/** When nothing has been built before. */
const BUILD = { timeout: 1_800_000 };
const LIMIT = { timeout: 120_000 };

/** Packages of the page that the machine of the tests has without scripts/setup.sh, or has no use for. */
const NOT_IN_SETUP = ['ca-certificates', 'curl', 'git', 'openssl', 'certbot'];

/** Commands that stay, and leave their terminal to themselves. */
const STAYS = /^(otc-server serve|node serve\.mjs|~\/libotc\/build\/otc_cli) /m;

const chapters = chaptersOf(join(REPOSITORY, 'docs/host-it.md'));
const unused = new Set([...chapters.values()].flat());
const here = {};

const nextOf = (chapter) => {
  const [, steps] = [...chapters].find(([title]) => title.startsWith(chapter)) ?? [];
  return steps?.find((step) => unused.has(step));
};

/** The next block of a chapter. */
function take(chapter, kind) {
  const step = nextOf(chapter);
  assert.equal(step?.kind, kind, `the next block of chapter ${chapter} is\n${step?.text}`);
  unused.delete(step);
  return { ...step, text: here.machine.adapted(step.text) };
}

/** Types the next block of a chapter, and sees what is to be seen. */
async function type(terminal, chapter, deadline = DEADLINE) {
  const { text, starred } = take(chapter, 'sh');
  assert.ok(!starred, `this is marked as not typed:\n${text}`);
  const expected = nextOf(chapter)?.kind === 'text' ? take(chapter, 'text').text : undefined;
  if (STAYS.test(text)) {
    assert.ok(expected, `nothing is to be seen of\n${text}`);
    terminal.type(text);
    await terminal.shows(expected, deadline);
  } else {
    const lines = await terminal.run(text, deadline);
    if (expected) assert.deepEqual(missing(expected, lines), [], lines.join('\n'));
  }
}

const part = parts();

before(async () => {
  here.machine = await PlainMachine.start();
  here.first = here.machine.terminal();
}, LIMIT);

after(async () => {
  await here.browser?.stop();
  await here.machine?.stop();
}, LIMIT);

const mode = (path) => statSync(path).mode & 0o777;

part('1. Build', BUILD, async () => {
  await type(here.first, '1.');
  const rust = take('1.', 'sh');
  assert.ok(rust.starred);
  assert.match(rust.text, /^curl .* https:\/\/sh\.rustup\.rs \| sh -s -- -y --profile minimal\n\. ~\/\.cargo\/env\n$/);
  await type(here.first, '1.', BUILD.timeout);
});

part('2. Settings', LIMIT, async () => {
  await type(here.first, '2.');
  assert.equal(mode(here.machine.home('otc')), 0o700);
});

part('3. A certificate for trying it out', LIMIT, async () => {
  await type(here.first, '3.');
  await type(here.first, '3.');
});

part('4. Start', LIMIT, async () => {
  await type(here.first, '4.');
  await type(here.first, '4.');
  assert.equal(mode(here.machine.home('otc/otc-server.toml')), 0o600);
});

/** The addresses of the page that a terminal shows. */
const addressesIn = ({ lines }) => lines.filter((line) => line.startsWith('open ')).map((line) => line.slice('open '.length));

part('5. Call', LIMIT, async () => {
  here.second = here.machine.terminal();
  while (nextOf('5.')) await type(here.second, '5.', LIMIT.timeout);
  const addresses = addressesIn(here.second);
  here.browser = await Browser.start({ home: here.machine.home() });
  const size = { viewport: { width: 1200, height: 750 } };
  [here.ada, here.bob] = await Promise.all(addresses.map((address) => CallPage.open(here.browser, address, size)));
  assert.equal(await here.ada.page.evaluate(() => window.isSecureContext && location.protocol), 'https:');
  await Promise.all([here.ada.join(), here.bob.join()]);
  await Promise.all([here.ada.plays('Bob'), here.bob.plays('Ada')]);
  const inspect = await (await here.browser.page()).goto(`https://localhost:${here.machine.port.server}/inspect`);
  assert.equal(inspect.status(), 200);
});

part('a browser that was not told to trust the authority goes nowhere', LIMIT, async () => {
  const home = join(here.machine.directory, 'stranger');
  mkdirSync(home);
  const stranger = await Browser.start({ home });
  try {
    const page = await stranger.page();
    await assert.rejects(page.goto(`https://localhost:${here.machine.port.page}/`), /ERR_CERT_AUTHORITY_INVALID/);
  } finally {
    await stranger.stop();
  }
});

part('6. Join in C', BUILD, async () => {
  const third = here.machine.terminal();
  await type(third, '6.', BUILD.timeout);
  await type(third, '6.');
  third.type(take('6.', 'json').text);
  await Promise.all([here.ada, here.bob].map((person) => person.line('Hello from C')));
  await here.ada.page.getByLabel('Text').fill('Hello, C!');
  await here.ada.button('Send').click();
  await third.shows(take('6.', 'text').text);
  await here.bob.line('Hello, C!');
  // The picture in the document is taken anew when that is asked for.
  if (process.env.OTC_WRITE_SCREENSHOTS) await here.ada.page.screenshot({ path: SCREENSHOT });
  assert.ok(statSync(SCREENSHOT).size < SCREENSHOT_BYTES);
  await third.interrupt();
  await here.ada.line('a C program has left');
  await Promise.all([here.ada.close(), here.bob.close()]);
});

part('7. Keep it', LIMIT, async () => {
  await Promise.all([here.first, here.second].map((terminal) => terminal.interrupt()));
  const { machine } = here;
  // The system's authorities do not include the page's own.
  const root = machine.terminal({ CURL_CA_BUNDLE: machine.home('otc/ca.pem') });
  while (nextOf('7.')) await type(root, '7.');
  for (const name of ['otc-server.toml', 'cert.pem', 'key.pem']) assert.equal(mode(machine.root(`/etc/otc-server/${name}`)), 0o600);
  const unit = join(machine.directory, 'otc-server.service');
  writeFileSync(unit, machine.unit());
  await output('systemd-analyze', ['verify', unit]);
  const deadline = Date.now() + DEADLINE;
  while ((await subjectAt(machine.port.service, machine.home('otc/ca.pem'))) !== 'renewed') {
    assert.ok(Date.now() < deadline, 'the deploy hook has not brought the new certificate into the server');
  }
  assert.equal(await subjectAt(machine.port.page, machine.home('otc/ca.pem')), 'renewed');
  const ada = await CallPage.open(here.browser, addressesIn(root)[0]);
  await ada.join({ camera: false, microphone: false });
  await ada.state('Joined');
  await ada.close();
});

/** The name in the certificate of a server on this machine. */
function subjectAt(port, authority) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: 'localhost', ca: readFileSync(authority) }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

part('nothing of the page was left out, and its packages are those of scripts/setup.sh', LIMIT, async () => {
  assert.deepEqual([...unused].map(({ text }) => text), []);
  const setup = readFileSync(join(REPOSITORY, 'scripts/setup.sh'), 'utf8');
  const named = [...setup.matchAll(/^\s*need ([a-z0-9+-]+)/gm)].map(([, name]) => name);
  const packages = here.machine.packages();
  assert.ok(packages.includes('build-essential'));
  assert.deepEqual(packages.filter((name) => ![...named, ...NOT_IN_SETUP].includes(name)), []);
});
