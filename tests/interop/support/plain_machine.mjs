// A machine on which somebody types a document who has nothing else: a home directory, and programs that stand in for those
// that only root may run, or that would fetch or build what is there already. docs/host-it.md tells its readers of each.

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Terminal } from './terminal.mjs';

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** Directories in which the document writes as root, and that are elsewhere here. */
const ROOTS = ['/etc/otc-server', '/etc/systemd/system', '/usr/local/bin', '/usr/local/sbin', '/var/lib/otc-server'];

export class PlainMachine {
  #terminals = [];
  #instead;

  static async start() {
    const machine = new PlainMachine();
    const [server, page, service] = await freePorts(3);
    machine.port = { server, page, service };
    machine.#instead = [
      ['https://github.com/libotc/libotc', REPOSITORY],
      ['[::]:443', `[::]:${service}`],
      ['https://call.example.org:8444', `https://localhost:${page}`],
      ['8443', String(server)],
      ['8444', String(page)],
      ['https://call.example.org', `https://localhost:${service}`],
      [' -o otc-server', ''],
      ...ROOTS.map((path) => [path, machine.root(path)]),
    ];
    return machine;
  }

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'otc-plain-machine-'));
    for (const path of ['/etc/systemd/system', '/usr/local/bin', '/usr/local/sbin']) mkdirSync(this.root(path), { recursive: true });
    mkdirSync(this.home());
    // The repository may belong to another user than whoever runs the tests.
    writeFileSync(this.home('.gitconfig'), '[safe]\n\tdirectory = *\n');
    this.#writeStandIns();
  }

  home(path = '') {
    return join(this.directory, 'home', path);
  }

  /** Where a file is that the document puts at `path`. */
  root(path) {
    return join(this.directory, 'root', path);
  }

  /** What is typed in place of a text of the document. */
  adapted(text) {
    // In one go: what has been put in is not looked at again.
    const places = this.#instead.map(([from]) => from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const instead = new Map(this.#instead);
    return text.replace(new RegExp(places.join('|'), 'g'), (found) => instead.get(found));
  }

  /** A new terminal, in the home directory. */
  terminal(more = {}) {
    const known = Object.entries(process.env).filter(([name]) => !/^(OTC|CARGO|RUSTUP)_/.test(name));
    const environment = {
      ...Object.fromEntries(known),
      HOME: this.home(),
      PATH: `${this.#standIns}:${process.env.PATH}`,
      npm_config_cache: join(homedir(), '.npm'),
      ...more,
    };
    const terminal = new Terminal(this.home(), environment);
    this.#terminals.push(terminal);
    return terminal;
  }

  /** The packages that apt-get was told to install. */
  packages() {
    const calls = readFileSync(this.home('apt-get'), 'utf8').trim().split('\n').map((line) => line.split(' '));
    const installs = calls.filter(([verb]) => verb === 'install');
    return installs.flatMap((words) => words.slice(1).filter((word) => !word.startsWith('-')));
  }

  async stop() {
    for (const terminal of this.#terminals) {
      terminal.signal('SIGKILL');
      await terminal.ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  get #standIns() {
    return join(this.directory, 'stand-ins');
  }

  #writeStandIns() {
    mkdirSync(this.#standIns);
    for (const [name, script] of Object.entries({
      sudo: 'exec "$@"\n',
      'apt-get': 'echo "$@" >> "$HOME/apt-get"\n',
      useradd: '[ "$1" = --system ] && [ "${@: -1}" = otc-server ]\n',
      cargo: this.#cargo(),
      systemctl: this.#systemctl(),
      certbot: this.#certbot(),
    })) {
      const file = join(this.#standIns, name);
      writeFileSync(file, `#!/usr/bin/env bash\nset -euo pipefail\n${script}`);
      chmodSync(file, 0o755);
    }
  }

  /** Builds in the repository what is to be built in the clone, in the profile of the server that the tests are told to use. */
  #cargo() {
    const debug = /\/target\/debug\//.test(process.env.OTC_SERVER ?? '');
    const built = join(REPOSITORY, 'target', debug ? 'debug' : 'release');
    return `clone=$HOME/libotc
mkdir -p "$clone/target" "${built}"
[ -e "$clone/target/release" ] || ln -s "${built}" "$clone/target/release"
arguments=()
for argument in "$@"; do
  case $argument in
    "$clone"/*) arguments+=("${REPOSITORY}\${argument#"$clone"}") ;;
${debug ? '    --release) ;;\n    -p) arguments+=(--no-default-features -p) ;;\n' : ''}    *) arguments+=("$argument") ;;
  esac
done
cd "${REPOSITORY}"
export PATH=\${PATH#"${this.#standIns}:"}
export CARGO_HOME="${process.env.CARGO_HOME ?? join(homedir(), '.cargo')}"
export RUSTUP_HOME="${process.env.RUSTUP_HOME ?? join(homedir(), '.rustup')}"
exec cargo "\${arguments[@]}"
`;
  }

  /** The unit that the document has installed, with the paths that its files have here. */
  unit() {
    const unit = readFileSync(this.root('/etc/systemd/system/otc-server.service'), 'utf8');
    return ROOTS.reduce((whole, path) => whole.replaceAll(path, this.root(path)), unit);
  }

  /** Does what the unit says, as far as the document asks. */
  #systemctl() {
    const service = join(this.directory, 'service');
    const here = ROOTS.map((path) => `s,${path},${this.root(path)},g`).join(';');
    return `unit="${this.root('/etc/systemd/system/otc-server.service')}"
value() { sed -n "s/^$1=//p" "$unit" | sed "${here}"; }
case $* in
  'enable --now otc-server')
    mkdir -m "$(value StateDirectoryMode)" -p "${this.root('/var/lib/otc-server')}"
    export "$(value Environment)"
    mkfifo "${service}.out"
    exec 9<>"${service}.out"
    cd "$(value WorkingDirectory)"
    $(value ExecStartPre) > "${service}.check"
    $(value ExecStart) >&9 2>"${service}.log" </dev/null &
    echo $! > "${service}.pid"
    read -r -t 20 -u 9 line
    [ "\${line#listening on }" != "$line" ]
    ;;
  'is-active otc-server') kill -0 "$(cat "${service}.pid")" && echo active ;;
  'reload otc-server') MAINPID=$(cat "${service}.pid") sh -c "$(value ExecReload)" ;;
  *) exit 1 ;;
esac
`;
  }

  /** Gets a certificate of the document's own authority, and runs the hook as certbot does. */
  #certbot() {
    const lineage = this.root('/etc/letsencrypt/live/call.example.org');
    return `hook="${this.root('/usr/local/sbin/otc-certificate')}"
[ "$*" = "certonly --standalone -d call.example.org --deploy-hook $hook" ]
mkdir -p "${lineage}"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -CA "$HOME/otc/ca.pem" -CAkey "$HOME/otc/ca.key" \\
    -subj "/CN=renewed" -addext "subjectAltName=DNS:localhost" -extensions usr_cert \\
    -keyout "${lineage}/privkey.pem" -out "${lineage}/fullchain.pem"
RENEWED_LINEAGE="${lineage}" "$hook"
`;
  }
}

/** Linux hands out ports by itself from 32768 on: nobody who asks for any port gets one of those between this and that. */
const [LOWEST_PORT, PORTS] = [20_000, 12_000];

/** Ports that nobody has, and that nobody is given by chance, each another one. */
async function freePorts(count) {
  const free = [];
  // Two runs on one machine begin at different places.
  for (let tried = 0; free.length < count; tried += 1) {
    if (tried === PORTS) throw new Error('no port is free');
    const port = LOWEST_PORT + ((process.pid * 7 + tried) % PORTS);
    if (await isFree(port)) free.push(port);
  }
  return free;
}

function isFree(port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
