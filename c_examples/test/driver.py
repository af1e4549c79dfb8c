"""What the tests of the programs share: the server of the fixture, ids and tokens, and programs driven over pipes.

Nothing sleeps: every wait is for an event and has a deadline.
"""
import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request

DEADLINE_S = 30


class Server:
    """The server that the fixture has started."""

    def __init__(self):
        with open(os.environ["OTC_TEST_SERVER"]) as state:
            self.__dict__.update(json.load(state))  # url, key, secret, server

    def mint(self, *arguments):
        environment = dict(os.environ, OTC_API_KEY=self.key, OTC_API_SECRET=self.secret)
        done = subprocess.run([self.server, *arguments], env=environment, stdout=subprocess.PIPE, check=True, timeout=DEADLINE_S)
        return done.stdout.decode().strip()

    def new_session(self):
        return self.mint("session")

    def token(self, session, data=None, role=None):
        arguments = ["token", "--session", session]
        if data is not None:
            arguments += ["--data", data]
        if role is not None:
            arguments += ["--role", role]
        return self.mint(*arguments)

    def rest(self, method, path, body=None):
        """A call as a server of the application would make it; returns the status."""
        request = urllib.request.Request(f"{self.url}/v2/project/{self.key}{path}", method=method)
        request.add_header("X-OPENTOK-AUTH", self.json_web_token())
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return answer.status
        except urllib.error.HTTPError as refusal:
            return refusal.code

    def json_web_token(self):
        def encode(value):
            return base64.urlsafe_b64encode(value).rstrip(b"=")
        now = int(time.time())
        claims = {"iss": self.key, "ist": "project", "iat": now, "exp": now + 180}
        signed = encode(b'{"alg":"HS256","typ":"JWT"}') + b"." + encode(json.dumps(claims).encode())
        signature = hmac.new(self.secret.encode(), signed, hashlib.sha256).digest()
        return (signed + b"." + encode(signature)).decode()


class Program:
    """A running program. Its output is collected line by line; `expect` reads on from the last line that was expected."""

    def __init__(self, test, name, *arguments, environment=None, stdin=subprocess.PIPE, stdout=subprocess.PIPE):
        path = os.path.join(os.environ["OTC_TEST_PROGRAMS"], name)
        self.name = name
        self.lines = []
        self.errors = b""
        self.next_line = 0
        self.output_ended = False
        self.news = threading.Condition()
        self.process = subprocess.Popen([path, *arguments], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                                        env=dict(os.environ, **(environment or {})))
        test.addCleanup(self.clean_up)
        self.readers = [threading.Thread(target=self.read_errors, daemon=True)]
        if self.process.stdout is not None:
            self.readers.append(threading.Thread(target=self.read_output, daemon=True))
        for reader in self.readers:
            reader.start()

    def clean_up(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for reader in self.readers:
            reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass

    def read_output(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.decode().rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.output_ended = True
            self.news.notify_all()

    def read_errors(self):
        for line in self.process.stderr:
            self.errors += line

    def send(self, line):
        self.send_bytes(line.encode() + b"\n")

    def send_bytes(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end_input(self):
        self.process.stdin.close()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def expect(self, wanted, matches=None):
        """The next line that contains `wanted`, or for which `matches` holds; then `wanted` only names it."""
        matches = matches or (lambda line: wanted in line)
        deadline = time.monotonic() + DEADLINE_S
        with self.news:
            while True:
                while self.next_line < len(self.lines):
                    self.next_line += 1
                    if matches(self.lines[self.next_line - 1]):
                        return self.lines[self.next_line - 1]
                left = deadline - time.monotonic()
                if self.output_ended or left <= 0:
                    why = "its output has ended" if self.output_ended else "time is up"
                    raise AssertionError(f"{self.name}: no {wanted!r}: {why}; {self.transcript()}")
                self.news.wait(left)

    def transcript(self):
        return "it said:\n  " + "\n  ".join(self.lines) + "\nand on standard error:\n" + self.errors.decode(errors="replace")

    def exit_code(self, within=DEADLINE_S):
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {within} s; {self.transcript()}") from None
        for reader in self.readers:
            reader.join(DEADLINE_S)
        return code


class Cli(Program):
    """otc_cli: lines in and out are JSON objects."""

    def __init__(self, test, session, token, url=None, **options):
        server = test.server
        super().__init__(test, "otc_cli", "--url", url or server.url, "--api-key", server.key, "--session", session,
                         "--token", token, **options)

    def command(self, cmd, **members):
        self.send(json.dumps(dict(members, cmd=cmd)))

    def expect_event(self, event, **members):
        wanted = dict(members, event=event)

        def matches(line):
            read = json.loads(line)
            return all(name in read and read[name] == value for name, value in wanted.items())
        return json.loads(self.expect(json.dumps(wanted), matches))

    def events(self):
        with self.news:
            return [json.loads(line) for line in self.lines]

    def told(self):
        """All events but the changes of the status."""
        return [event for event in self.events() if event["event"] != "statusChanged"]


class ProgramTest(unittest.TestCase):
    """A test with a session of its own."""

    def setUp(self):
        self.server = Server()
        self.session = self.server.new_session()

    def join_cli(self, data=None, role=None, **options):
        """otc_cli, connected; `id` is its connection's."""
        cli = Cli(self, self.session, self.server.token(self.session, data, role), **options)
        cli.id = cli.expect_event("connected")["connectionId"]
        return cli

    def start(self, name, data=None, url=None, **options):
        """One of the programs that take URL KEY SESSION TOKEN."""
        token = self.server.token(self.session, data)
        return Program(self, name, url or self.server.url, self.server.key, self.session, token, **options)

    def signal_from_server(self, type, data):
        status = self.server.rest("POST", f"/session/{self.session}/signal", {"type": type, "data": data})
        self.assertEqual(status, 204)

    def force_disconnect(self, connection_id):
        status = self.server.rest("DELETE", f"/session/{self.session}/connection/{connection_id}")
        self.assertEqual(status, 204)


class CuttableProxy:
    """TCP to the server, through a wire that can be cut. The server names itself by the request's Host, so the WebSocket comes
    this way, too."""

    def __init__(self, test):
        host, port = test.server.url.split("//")[1].split(":")
        self.upstream = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.sockets = []
        self.pumps = []
        test.addCleanup(self.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                upstream = socket.create_connection(self.upstream)
            except OSError:
                return
            with self.lock:
                self.sockets += [client, upstream]
                for source, sink in ((client, upstream), (upstream, client)):
                    self.pumps.append(threading.Thread(target=self.pump, args=(source, sink), daemon=True))
                    self.pumps[-1].start()

    @staticmethod
    def pump(source, sink):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                sink.sendall(data)
        except OSError:
            pass
        shut_down(source)
        shut_down(sink)

    def cut(self):
        """Not yet close(): a pump may still be about to read, and the number of its descriptor must not go to another socket."""
        with self.lock:
            for end in self.sockets:
                shut_down(end)

    def close(self):
        shut_down(self.listener)
        self.cut()
        for pump in self.pumps:
            pump.join(DEADLINE_S)
        for end in [self.listener, *self.sockets]:
            end.close()


def shut_down(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has gone before
