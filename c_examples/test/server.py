"""The server that the programs are tested against: a ctest fixture.

    server.py start OTC_SERVER STATE_FILE    starts it on a free port and writes how to reach it into STATE_FILE
    server.py stop STATE_FILE                ends it with SIGTERM; fails unless it was still there and ends well

Between the two a keeper process is the server's parent, so that it can tell how the server ended. The keeper gives up by
itself after LIFETIME_S, so that nothing stays behind when ctest is interrupted.
"""
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading

LIFETIME_S = 3600
START_S = 30
STOP_S = 20
GREETING = "listening on "


def start(binary, state_file):
    if os.path.exists(state_file):
        ask_keeper(state_file)  # what an interrupted run has left
    log_file = state_file + ".log"
    ready_read, ready_write = os.pipe()
    with open(log_file, "wb") as log:
        subprocess.Popen(
            [sys.executable, "-B", __file__, "keep", binary, state_file, log_file, str(ready_write)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[ready_write], start_new_session=True)
    os.close(ready_write)
    with os.fdopen(ready_read) as ready:  # the keeper closes its end when it is ready, or dead
        said = ready.read()
    if said != "ready":
        with open(log_file, errors="replace") as log:
            sys.exit(f"the server did not start:\n{said}\n{log.read()}")
    with open(state_file) as state:
        print("server at", json.load(state)["url"])


class Keeper:
    """The server's parent."""

    def __init__(self, binary, log_file):
        self.key = "1234567"
        self.secret = secrets.token_hex(16)
        self.log_file = log_file
        self.log = open(log_file, "ab")
        # Without the settings of whoever runs the tests.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OTC_")}
        self.server = subprocess.Popen(
            [binary, "serve", "--listen", "127.0.0.1:0", "--api-key", self.key, "--api-secret", self.secret],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, env=environment)

    def first_line(self):
        """A server that says nothing is ended after START_S; then the line is empty."""
        watchdog = threading.Timer(START_S, self.server.kill)
        watchdog.start()
        line = self.server.stdout.readline().decode()
        watchdog.cancel()
        threading.Thread(target=self.drain, daemon=True).start()
        return line.strip()

    def drain(self):
        for line in self.server.stdout:
            self.log.write(line)
            self.log.flush()

    def end(self):
        """Ends the server; returns what was wrong, or an empty string."""
        early = self.server.poll()
        if early is not None:
            return f"the server had ended before, with {early}"
        self.server.send_signal(signal.SIGTERM)
        try:
            code = self.server.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.server.kill()
            return f"the server did not end within {STOP_S} s of SIGTERM"
        if code != 0:
            return f"the server ended with {code}"
        with open(self.log_file, errors="replace") as log:
            return "the server has panicked" if "panicked at" in log.read() else ""


def keep(binary, state_file, log_file, ready_fd):
    keeper = Keeper(binary, log_file)
    try:
        with os.fdopen(ready_fd, "w") as ready:
            line = keeper.first_line()
            if not line.startswith(GREETING):
                ready.write(f"its first line is {line!r}, not {GREETING!r} and an address")
                return
            listener, directory = listen()
            state = {"url": line[len(GREETING):], "key": keeper.key, "secret": keeper.secret, "server": binary,
                     "directory": directory}
            with open(state_file, "w") as out:
                json.dump(state, out)
            ready.write("ready")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        serve_one_stop(keeper, listener)
        os.unlink(os.path.join(directory, "keeper"))
        os.rmdir(directory)
    finally:
        if keeper.server.poll() is None:
            keeper.server.kill()


def listen():
    directory = tempfile.mkdtemp(prefix="otc-")  # short: the path of a socket may have 107 bytes
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.path.join(directory, "keeper"))
    listener.listen(1)
    return listener, directory


def serve_one_stop(keeper, listener):
    listener.settimeout(LIFETIME_S)
    try:
        peer, _ = listener.accept()
    except socket.timeout:
        keeper.end()
        return
    with peer:
        peer.sendall((keeper.end() or "ended well").encode())


def ask_keeper(state_file):
    """Has the server ended. Returns what the keeper says."""
    with open(state_file) as state:
        directory = json.load(state)["directory"]
    os.unlink(state_file)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(STOP_S + 10)
        try:
            peer.connect(os.path.join(directory, "keeper"))
        except OSError as error:
            return f"the server's keeper is gone: {error}"
        with peer.makefile() as answer:
            return answer.read()


def stop(state_file):
    answer = ask_keeper(state_file)
    print(answer)
    if answer != "ended well":
        with open(state_file + ".log", errors="replace") as log:
            print(log.read())
        sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1] == "start":
        start(sys.argv[2], sys.argv[3])
    elif sys.argv[1] == "keep":
        keep(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
    else:
        stop(sys.argv[2])
