"""A member that publishes, for the C tests: peer.py URL KEY SESSION TOKEN

It joins the session over the protocol itself, says "joined CONNECTION_ID", and then does what the lines of its standard
input say, one after the other, each with one line of answer:

    ask METHOD PATH JSON    sends a request; PATH is what comes after the session. Answer: the status, 200 for example
    told METHOD PATH        waits until the server has told such a message; each is answered once. Answer: the message, JSON
    waiting METHOD PATH     how many such messages have been told and not been answered. Answer: a number

When the server has ended the connection the answer is "gone". At the end of the input it leaves.
"""
import base64
import json
import os
import select
import socket
import struct
import sys
import time
import urllib.parse
import uuid

PING_S = 1.5
SYMPHONY = "symphony.otc-server"
MESSAGE, CONNECT, DISCONNECT, PING, STATUS, SUBSCRIBE = 2, 3, 4, 7, 9, 0
TEXT_TYPE = {"Content-Type": "application/x-raptor+v2"}


class Gone(Exception):
    """The server has ended the connection."""


def frame(kind, to=(), headers=None, data=b""):
    body = bytearray(struct.pack(">HBB", 0, kind, len(to)))
    for address in to:
        body += text(address)
    body.append(len(headers or {}))
    for key, value in (headers or {}).items():
        body += text(key) + text(value)
    body += data
    return struct.pack(">I", len(body)) + body


def text(value):
    encoded = value.encode()
    return struct.pack(">H", len(encoded)) + encoded


def read_frame(packet):
    """The type, headers and data of a frame; addresses say nothing to a client."""
    kind, addresses = packet[6], packet[7]
    at = 8

    def take():
        nonlocal at
        length, = struct.unpack_from(">H", packet, at)
        at += 2 + length
        return packet[at - length:at].decode()

    for _ in range(addresses):
        take()
    pairs = packet[at]
    at += 1
    headers = {}
    for _ in range(pairs):
        key = take()
        headers[key] = take()
    return kind, headers, packet[at:]


class WebSocket:
    """A client's side: whole binary messages, masked as clients must."""

    def __init__(self, url, path):
        host = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((host.hostname, host.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        while b"\r\n\r\n" not in self.buffer:
            self.receive()
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            sys.exit(f"the server does not open a WebSocket: {head!r}")
        self.buffer = bytearray(rest)

    def receive(self):
        try:
            chunk = self.socket.recv(65536)
        except ConnectionError:
            raise Gone from None
        if not chunk:
            raise Gone
        self.buffer += chunk

    def send(self, payload, opcode=2):
        size = len(payload)
        if size < 126:
            head = struct.pack(">BB", 0x80 | opcode, 0x80 | size)
        else:
            head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, size)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        try:
            self.socket.sendall(head + mask + masked)
        except ConnectionError:
            raise Gone from None

    def packets(self):
        """The binary messages that are here whole. Answers pings."""
        while len(self.buffer) >= 2:
            opcode, size, at = self.buffer[0], self.buffer[1], 2
            if size >= 126:
                width, code = (2, ">H") if size == 126 else (8, ">Q")
                if len(self.buffer) < 2 + width:
                    return
                size, = struct.unpack_from(code, self.buffer, 2)
                at += width
            if len(self.buffer) < at + size:
                return
            payload = bytes(self.buffer[at:at + size])
            del self.buffer[:at + size]
            if opcode == 0x82:
                yield payload
            elif opcode == 0x89:
                self.send(payload, opcode=10)
            elif opcode == 0x88:
                raise Gone
            elif opcode != 0x8a:
                sys.exit(f"a WebSocket frame of another kind: {opcode:#x}")


class Peer:
    def __init__(self, url, key, session, token):
        self.id = str(uuid.uuid4())
        self.topic = f"/v2/partner/{key}/session/{session}"
        path = f"/rumorwebsocketsv2?socketId={uuid.uuid4()}&attempt={uuid.uuid4()}"
        self.socket = WebSocket(url, path)
        self.sent = time.monotonic()
        self.answers, self.messages = {}, []
        self.send(frame(CONNECT, headers={"uniqueId": self.id, "TRANSACTION-ID": str(uuid.uuid4()),
                                          "notifyDisconnectAddress": SYMPHONY}))
        self.send(frame(SUBSCRIBE, to=[self.topic]))
        own = f"/connection/{self.id}"
        status = self.ask("create", own, {"userAgent": "peer", "clientVersion": "peer"}, {"X-TB-TOKEN-AUTH": token})
        if status != "200":
            sys.exit(f"the server refuses the peer with {status}")
        self.told("created", own)

    def send(self, packet):
        self.socket.send(packet)
        self.sent = time.monotonic()

    def ask(self, method, path, content, more=None):
        transaction = str(uuid.uuid4())
        headers = {**TEXT_TYPE, "TRANSACTION-ID": transaction, "X-TB-FROM-ADDRESS": self.id, **(more or {})}
        data = json.dumps({"method": method, "uri": self.topic + path, "content": content}).encode()
        self.send(frame(MESSAGE, [SYMPHONY], headers, data))
        while transaction not in self.answers:
            self.wait([])
        return self.answers.pop(transaction)

    def told(self, method, path):
        while not self.waiting(method, path):
            self.wait([])
        message = self.waiting(method, path)[0]
        self.messages.remove(message)
        return message

    def waiting(self, method, path):
        return [message for message in self.messages if (message["method"], message["uri"]) == (method, self.topic + path)]

    def wait(self, others):
        """Reads what comes, until something has, and keeps the heart beating. Whether one of the others can be read."""
        left = self.sent + PING_S - time.monotonic()
        if left <= 0:
            self.send(frame(PING))
            left = PING_S
        ready, _, _ = select.select([self.socket.socket, *others], [], [], left)
        if self.socket.socket in ready:
            self.socket.receive()
        for packet in self.socket.packets():
            self.take(*read_frame(packet))
        return any(other in ready for other in others)

    def take(self, kind, headers, data):
        if kind == STATUS:
            self.answers[headers["TRANSACTION-ID"]] = headers["STATUS"]
        elif kind == MESSAGE:
            self.send(frame(STATUS, [headers["X-TB-FROM-ADDRESS"]],
                            {"TRANSACTION-ID": headers["TRANSACTION-ID"], "X-TB-FROM-ADDRESS": self.id}))
            self.messages.append(json.loads(data))

    def leave(self):
        self.send(frame(DISCONNECT, headers={"reconnect": ""}))
        while True:
            self.wait([])  # until the server has closed

    def do(self, line):
        verb, method, path, *rest = line.split(" ", 3)
        if verb == "ask":
            return self.ask(method, path, json.loads(rest[0]))
        if verb == "waiting":
            return str(len(self.waiting(method, path)))
        return json.dumps(self.told(method, path), separators=(",", ":"))


def say(line):
    print(line, flush=True)


def main():
    url, key, session, token = sys.argv[1:]
    peer, gone = Peer(url, key, session, token), False
    say(f"joined {peer.id}")
    lines = b""
    while True:
        try:
            readable = gone or peer.wait([0])
        except Gone:
            gone = True
            continue
        if not readable:
            continue
        chunk = os.read(0, 65536)
        if not chunk:
            break
        lines += chunk
        *whole, lines = lines.split(b"\n")
        for line in whole:
            try:
                say("gone" if gone else peer.do(line.decode()))
            except Gone:
                gone = True
                say("gone")
    try:
        peer.leave()
    except Gone:
        pass


if __name__ == "__main__":
    main()
