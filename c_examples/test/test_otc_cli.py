"""otc_cli: its events, its commands, what it refuses, and how it ends."""
import fcntl
import json
import os
import socket
import subprocess
import time
import unittest
import uuid

from driver import Cli, CuttableProxy, Program, ProgramTest

EVERYTHING_AWKWARD = (
    "\"\\/\b\f\n\r\t" + "".join(map(chr, range(1, 32))) + "\x7f\x80\x85\x9f\u00e9\u20ac\u2028\u2029\ud7ff\ue000\ufeff\ufffd"
    "\U00010000\U0001F600\U0001F468\u200D\U0001F469\u200D\U0001F467\U0010FFFF \\u0041 end"
)
F_SETPIPE_SZ = 1031


class Events(ProgramTest):
    def test_coming_and_going(self):
        first = self.join_cli(data="first \u00e9\"\\")
        second = self.join_cli(data="second")
        self.assertEqual(first.told()[0], {"event": "connected", "connectionId": first.id, "data": "first \u00e9\"\\"})
        self.assertEqual(first.expect_event("connectionCreated"),
                         {"event": "connectionCreated", "connectionId": second.id, "data": "second"})
        self.assertEqual(second.expect_event("connectionCreated"),
                         {"event": "connectionCreated", "connectionId": first.id, "data": "first \u00e9\"\\"})
        second.end_input()
        self.assertEqual(first.expect_event("connectionDropped"),
                         {"event": "connectionDropped", "connectionId": second.id, "data": "second"})
        self.assertEqual(second.exit_code(), 0)

    def test_no_data(self):
        self.assertEqual(self.join_cli().told()[0]["data"], "")

    def test_broadcast_reaches_everybody_and_oneself(self):
        first, second = self.join_cli(), self.join_cli()
        first.expect_event("connectionCreated")
        first.command("signal", type="greeting", data="hello")
        for cli in (first, second):
            self.assertEqual(cli.expect_event("signal"),
                             {"event": "signal", "type": "greeting", "data": "hello", "from": first.id})

    def test_to_one(self):
        first, second, third = self.join_cli(), self.join_cli(), self.join_cli()
        for _ in range(2):
            first.expect_event("connectionCreated")
        first.command("signal", type="secret", data="for the second", to=second.id)
        first.command("signal", type="memo", data="for myself", to=first.id)
        first.command("signal", type="last", to=None)
        second.expect_event("signal", type="secret", data="for the second", **{"from": first.id})
        first.expect_event("signal", type="memo", data="for myself", **{"from": first.id})
        for cli, types in ((first, ["memo", "last"]), (second, ["secret", "last"]), (third, ["last"])):
            cli.expect_event("signal", type="last")
            self.assertEqual([event["type"] for event in cli.events() if event["event"] == "signal"], types)

    def test_to_nobody(self):
        first, second = self.join_cli(), self.join_cli()
        first.expect_event("connectionCreated")
        second.end_input()
        first.expect_event("connectionDropped")
        for to in ("no-such-connection", "", second.id):
            first.command("signal", data="x", to=to)
            self.assertIn("connection", first.expect_event("error", code=1011)["message"])

    def test_in_order(self):
        sender, receiver = self.join_cli(), self.join_cli()
        for number in range(500):
            sender.command("signal", type="count", data=str(number))
        for cli in (sender, receiver):
            self.assertEqual([cli.expect_event("signal")["data"] for _ in range(500)], [str(n) for n in range(500)])

    def test_from_the_server(self):
        cli = self.join_cli()
        self.signal_from_server("news", "from the server")
        self.assertEqual(cli.expect_event("signal"),
                         {"event": "signal", "type": "news", "data": "from the server", "from": None})

    def test_cut_and_reconnected(self):
        proxy = CuttableProxy(self)
        first, second = self.join_cli(url=proxy.url), self.join_cli()
        second.expect_event("connectionCreated", connectionId=first.id)
        proxy.cut()
        first.expect_event("reconnecting")
        first.command("signal", type="from-the-cut-one", retryAfterReconnect=True)
        second.command("signal", type="to-the-cut-one")
        first.expect_event("reconnected")
        first.expect_event("signal", type="to-the-cut-one", **{"from": second.id})
        second.expect_event("signal", type="from-the-cut-one", **{"from": first.id})
        first.command("signal", type="last")
        first.expect_event("signal", type="last")
        types = [event["type"] for event in first.events() if event["event"] == "signal"]
        self.assertEqual(sorted(types), ["from-the-cut-one", "last", "to-the-cut-one"])
        self.assertFalse([event for event in second.events() if event["event"] == "connectionDropped"])


    def test_status_changes_and_the_end(self):
        proxy = CuttableProxy(self)
        cli = self.join_cli(url=proxy.url)
        proxy.cut()
        cli.expect_event("reconnected")
        cli.command("disconnect")
        self.assertEqual(cli.exit_code(), 0)
        steps = [event.get("status", event["event"]) for event in cli.events()]
        self.assertEqual(steps, ["connecting", "connected", "connected", "reconnecting", "reconnecting", "connected", "reconnected",
                                 "disconnecting", "notConnected", "disconnected", "released"])


class Connections(ProgramTest):
    def test_everybody_in_order_oneself_first(self):
        people = []
        for data in ("first", "second \u00e9", ""):
            people.append(self.join_cli(data=data))
            for other in people[:-1]:
                other.expect_event("connectionCreated", connectionId=people[-1].id)
        ids = [cli.id for cli in people]
        for cli in people:
            cli.command("connections")
            answer = cli.expect_event("connections")
            expected = [cli.id] + [other for other in ids if other != cli.id]
            self.assertEqual([person["connectionId"] for person in answer["connections"]], expected)
        self.assertEqual(answer["connections"][0], {"connectionId": ids[2], "data": ""})
        self.assertEqual(answer["connections"][2], {"connectionId": ids[1], "data": "second \u00e9"})
        people[0].end_input()
        people[2].expect_event("connectionDropped")
        people[2].command("connections")
        left = [person["connectionId"] for person in people[2].expect_event("connections")["connections"]]
        self.assertEqual(left, [ids[2], ids[1]])

    def test_before_and_while_away(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            cli = Cli(self, self.session, self.server.token(self.session), url="http://127.0.0.1:%d" % silent.getsockname()[1])
            for command, members in (("connections", {}), ("signal", {"to": "somebody"}), ("forceDisconnect", {"connectionId": "x"})):
                cli.command(command, **members)
                cli.expect_event("error", code=1010)
        proxy = CuttableProxy(self)
        away, other = self.join_cli(url=proxy.url), self.join_cli()
        away.expect_event("connectionCreated")
        proxy.close()
        away.expect_event("reconnecting")
        away.command("connections")
        here = away.expect_event("connections")["connections"]
        self.assertEqual([person["connectionId"] for person in here], [away.id, other.id])


class Moderation(ProgramTest):
    def setUp(self):
        super().setUp()
        self.moderator = self.join_cli(role="moderator")
        self.other = self.join_cli()
        self.moderator.expect_event("connectionCreated")

    def mutes(self, cli):
        return [event["active"] for event in cli.events() if event["event"] == "muteForced"]

    def settle(self, *clients):
        """All that the moderator has done so far has come to everybody."""
        self.moderator.command("signal", type="settled")
        for cli in clients:
            cli.expect_event("signal", type="settled")

    def test_mute_everybody_and_end_it(self):
        self.moderator.command("forceMuteAll")
        for cli in (self.moderator, self.other):
            self.assertEqual(cli.expect_event("muteForced"), {"event": "muteForced", "active": True})
        late = self.join_cli()
        late.expect_event("muteForced", active=True)
        self.moderator.command("disableForceMute")
        for cli in (self.moderator, self.other, late):
            cli.expect_event("muteForced", active=False)
        afterwards = self.join_cli()
        self.settle(self.moderator, self.other, late, afterwards)
        self.assertEqual([self.mutes(cli) for cli in (self.moderator, self.other, late, afterwards)],
                         [[True, False]] * 3 + [[]])

    def test_excluded_streams(self):
        for excluded in ([], None, ["no-such-stream"], ["s%d" % number for number in range(100)]):
            self.moderator.command("forceMuteAll", excludedStreams=excluded)
            self.other.expect_event("muteForced", active=True)
        self.moderator.command("forceMuteAll", excludedStreams=["not an id"])
        self.moderator.expect_event("error", code=1011)

    def test_a_stream_that_is_not_there(self):
        self.moderator.command("forceMuteStream", streamId="no-such-stream")
        self.assertTrue(self.moderator.expect_event("error", code=1540)["message"])
        self.settle(self.moderator, self.other)
        self.assertEqual(self.mutes(self.other), [])

    def test_make_somebody_leave(self):
        target = self.join_cli(data="target")
        for cli in (self.moderator, self.other):
            cli.expect_event("connectionCreated", connectionId=target.id)
        self.moderator.command("forceDisconnect", connectionId=target.id)
        target.expect_event("disconnected", reason="forceDisconnected")
        self.assertEqual(target.exit_code(), 0)
        for cli in (self.moderator, self.other):
            cli.expect_event("connectionDropped", connectionId=target.id, data="target")
        self.moderator.command("forceDisconnect", connectionId=target.id)
        self.assertIn("connection id", self.moderator.expect_event("error", code=1011)["message"])

    def test_without_the_permission(self):
        self.other.expect_event("connectionCreated", connectionId=self.moderator.id)
        for code, command, members in (
                (1540, "forceMuteAll", {}), (1540, "forceMuteAll", {"excludedStreams": ["a"]}), (1540, "disableForceMute", {}),
                (1540, "forceMuteStream", {"streamId": "a"}), (1520, "forceDisconnect", {"connectionId": self.moderator.id})):
            with self.subTest(command=command):
                self.other.command(command, **members)
                self.assertTrue(self.other.expect_event("error", code=code)["message"])
        self.settle(self.moderator, self.other)
        self.assertEqual(self.mutes(self.moderator), [])

    def test_while_away(self):
        """What a moderator orders while it is away is done when it is back, once and in order with its signals."""
        proxy = CuttableProxy(self)
        away = self.join_cli(role="moderator", url=proxy.url)
        self.other.expect_event("connectionCreated", connectionId=away.id)
        proxy.cut()
        away.expect_event("reconnecting")
        away.command("signal", type="before")
        away.command("forceMuteAll")
        away.command("signal", type="between")
        away.command("disableForceMute")
        away.command("signal", type="after")
        self.other.expect_event("signal", type="after")
        told = [event.get("type", event.get("active")) for event in self.other.events() if event["event"] in ("signal", "muteForced")]
        self.assertEqual(told, ["before", True, "between", False, "after"])


class Support(ProgramTest):
    def test_encryption_secret(self):
        cli = self.join_cli()
        for secret in ("", "x" * 7, "x" * 257):
            cli.command("setEncryptionSecret", secret=secret)
            self.assertEqual(cli.expect_event("error")["code"], 6004)
        for secret in ("x" * 8, "\u00e9" * 256):
            cli.command("setEncryptionSecret", secret=secret)
        cli.command("status")
        self.assertEqual(cli.expect_event("status")["status"], "connected")
        self.assertEqual(len([event for event in cli.events() if event["event"] == "error"]), 3)

    def test_reported_issues_have_ids_of_their_own(self):
        cli = self.join_cli()
        ids = []
        for description in ("the picture flickers", "\u00e9" * 100):
            cli.command("reportIssue", description=description)
            ids.append(cli.expect_event("issueReported")["issueId"])
            self.assertEqual(str(uuid.UUID(ids[-1])), ids[-1])
        self.assertNotEqual(*ids)
        cli.command("reportIssue", description="")
        cli.expect_event("error", code=1011)


class Texts(ProgramTest):
    def echo(self, cli, source, expected):
        """Sends a command as it is written here, and reads the signal back."""
        cli.send_bytes(source)
        line = cli.expect("a signal", lambda line: json.loads(line)["event"] == "signal")
        self.assertEqual(json.loads(line)["data"], expected)
        return line

    def test_every_escape_both_ways(self):
        cli = self.join_cli()
        escaped = json.dumps({"cmd": "signal", "data": EVERYTHING_AWKWARD}).encode() + b"\n"
        plain = json.dumps({"cmd": "signal", "data": EVERYTHING_AWKWARD}, ensure_ascii=False).encode() + b"\r\n"
        for source in (escaped, plain):
            line = self.echo(cli, source, EVERYTHING_AWKWARD)
            self.assertEqual(len(line.splitlines()), 1)
            self.assertFalse([c for c in line if ord(c) < 32 or 0x7f <= ord(c) <= 0x9f])
        self.echo(cli, b'{ "cmd" : "\\u0073ignal" ,\t"data": "\\"\\\\\\/\\b\\f\\n\\r\\t\\u00E9\\ud83D\\uDE00" }\n',
                  "\"\\/\b\f\n\r\t\u00e9\U0001F600")

    def test_as_much_as_may_be(self):
        first, second = self.join_cli(), self.join_cli()
        first.expect_event("connectionCreated")
        for data in ("\u00e9" * 4096, "\u20ac" * 2730 + "xy", "\U0001F600" * 2048, "x" * 8192):
            self.assertEqual(len(data.encode()), 8192)
            first.command("signal", type="T-_~9" + "t" * 123, data=data)
            for cli in (first, second):
                self.assertEqual(cli.expect_event("signal", type="T-_~9" + "t" * 123)["data"], data)

    def test_absent_type_and_data(self):
        cli = self.join_cli()
        for members in ({}, {"type": None, "data": None}):
            cli.command("signal", **members)
            self.assertEqual(cli.expect_event("signal"), {"event": "signal", "type": None, "data": None, "from": cli.id})
        cli.command("signal", data="only data")
        cli.expect_event("signal", type=None, data="only data")
        cli.command("signal", type="only-type")
        cli.expect_event("signal", type="only-type", data=None)


class Refusals(ProgramTest):
    BAD_COMMANDS = [
        b"", b"   ", b"hello", b"{", b"[]", b"null", b'"signal"', b"{}", b'{"cmd":null}', b'{"cmd":7}', b'{"cmd":"dance"}',
        b'{"cmd":"status"} x', b'{"cmd":"status"}{"cmd":"status"}', b'{"cmd":"status",}', b"{'cmd':'status'}", b'{cmd:"status"}',
        b'{"cmd":"status","cmd":"status"}', b'{"cmd":"status","now":true}', b'{"cmd":"disconnect","to":"x"}',
        b'{"cmd":"signal","data":7}', b'{"cmd":"signal","data":true}', b'{"cmd":"signal","data":["x"]}', b'{"cmd":"signal","data":{"a":"b"}}',
        b'{"cmd":"signal","type":7}', b'{"cmd":"signal","to":7}', b'{"cmd":"signal","retryAfterReconnect":"yes"}',
        b'{"cmd":"signal","retryAfterReconnect":null}', b'{"cmd":"signal","dat":"misspelt"}',
        b'{"cmd":"forceMuteAll","excludedStreams":"s"}', b'{"cmd":"forceMuteAll","excludedStreams":["s",1]}', b'{"cmd":"forceMuteAll","x":1}',
        b'{"cmd":"disableForceMute","active":true}', b'{"cmd":"forceMuteStream"}', b'{"cmd":"forceMuteStream","streamId":["s"]}',
        b'{"cmd":"forceDisconnect"}', b'{"cmd":"forceDisconnect","connectionId":null}', b'{"cmd":"connections","to":"x"}',
        b'{"cmd":"setEncryptionSecret"}', b'{"cmd":"setEncryptionSecret","secret":12345678}', b'{"cmd":"reportIssue"}',
        b'{"cmd":"signal","data":"\\x"}', b'{"cmd":"signal","data":"\\u12"}', b'{"cmd":"signal","data":"\\ud83d"}',
        b'{"cmd":"signal","data":"\\ude00\\ud83d"}', b'{"cmd":"signal","data":"a\tb"}', b'{"cmd":"signal","data":"\xff"}',
        b'{"cmd":"signal","data":"\xc0\x80"}', b'{"cmd":"signal","data":"\xed\xa0\x80"}', b'{"cmd":"signal","data":"a\0b"}', b"\0",
        b'{"cmd":"signal","data":' + b"[" * 100000 + b"]" * 100000 + b"}",
        b'{"cmd":"status"' + b"".join(b',"m%d":1' % n for n in range(100)) + b"}",
        b'{"cmd":"signal","data":"' + b"x" * (1024 * 1024) + b'"}',
        b"x" * (5 * 1024 * 1024),
    ]

    def test_bad_commands(self):
        cli = self.join_cli()
        for line in self.BAD_COMMANDS:
            with self.subTest(line=line[:60]):
                cli.send_bytes(line + b"\n")
                cli.command("status")
                answer, status = (json.loads(cli.expect("an answer", lambda line: True)) for _ in range(2))
                self.assertEqual((answer["event"], status["event"]), ("badCommand", "status"))
                self.assertTrue(answer["message"])

    def test_nul(self):
        cli = self.join_cli()
        cli.send('{"cmd":"signal","data":"a\\u0000b"}')
        self.assertIn("U+0000", cli.expect_event("badCommand")["message"])

    def test_refused_signals(self):
        cli = self.join_cli()
        for code, members in (
                (1461, {"type": "bad type"}), (1461, {"type": "a.b"}), (1461, {"type": "\u00e9"}), (1461, {"type": "a\nb"}),
                (1413, {"data": "x" * 8193}), (1413, {"data": "\u00e9" * 4096 + "x"}),
                (1414, {"type": "t" * 129})):
            with self.subTest(code=code):
                cli.command("signal", **members)
                refusal = cli.expect_event("error")
                self.assertEqual(refusal["code"], code)
                self.assertTrue(refusal["message"])
                cli.command("signal", to=cli.id, **members)
                self.assertEqual(cli.expect_event("error")["code"], code)
        cli.command("signal", type="still-alive")
        cli.expect_event("signal", type="still-alive")
        self.assertEqual(len([event for event in cli.events() if event["event"] == "signal"]), 1)

    def test_refused_by_the_server(self):
        subscriber = self.join_cli(role="subscriber")
        subscriber.command("signal", data="a subscriber may not")
        failed = subscriber.expect_event("signalFailed", code=1550, data="a subscriber may not", type=None, to=None)
        self.assertTrue(failed["message"])
        subscriber.command("status")
        subscriber.expect_event("status", status="connected")

    def test_usage(self):
        good = ["--api-key", "k", "--session", "s", "--token", "t"]
        for arguments in ([], good[2:], good[:2] + good[4:], good[:4], good + ["--bogus", "x"], good + ["--url"], good + ["x"],
                          good + ["--log", "loud"]):
            with self.subTest(arguments=arguments):
                cli = Program(self, "otc_cli", *arguments)
                self.assertEqual(cli.exit_code(), 2)
                self.assertEqual(cli.lines, [])
                self.assertIn(b"usage: otc_cli", cli.errors)


    def test_help(self):
        cli = Program(self, "otc_cli", "--api-key", "k", "--help")
        self.assertEqual(cli.exit_code(), 0)
        self.assertIn("usage: otc_cli", cli.lines[0])
        for command in ("signal", "status", "connections", "forceMuteAll", "disableForceMute", "forceMuteStream", "forceDisconnect",
                        "setEncryptionSecret", "reportIssue", "disconnect"):
            self.assertTrue(any('{"cmd":"%s"' % command in line for line in cli.lines), command)


class Ends(ProgramTest):
    def test_status_and_disconnect(self):
        watcher, cli = self.join_cli(), self.join_cli()
        watcher.expect_event("connectionCreated")
        cli.expect_event("connectionCreated")
        cli.command("status")
        self.assertEqual(cli.expect_event("status"), {
            "event": "status", "status": "connected", "sessionId": self.session, "connectionId": cli.id, "connections": 2})
        cli.command("disconnect")
        cli.expect_event("disconnected", reason="clientDisconnected")
        self.assertEqual(cli.exit_code(), 0)
        watcher.expect_event("connectionDropped", connectionId=cli.id)

    def test_end_of_input(self):
        cli = self.join_cli()
        began = time.monotonic()
        cli.send_bytes(b'{"cmd":"status"}')  # a last line without a line feed counts
        cli.end_input()
        self.assertEqual(cli.exit_code(), 0)
        self.assertLess(time.monotonic() - began, 2)
        cli.expect_event("status", status="connected")
        cli.expect_event("disconnected", reason="clientDisconnected")

    def test_disconnect_and_end_of_input_at_once(self):
        cli = self.join_cli()
        cli.command("disconnect")
        cli.end_input()
        self.assertEqual(cli.exit_code(), 0)
        cli.expect_event("disconnected", reason="clientDisconnected")

    def test_end_of_input_while_nobody_reads_the_output(self):
        """The callbacks wait for the reader for ever, and still the program ends."""
        ours, its = os.pipe()
        self.addCleanup(os.close, ours)
        fcntl.fcntl(its, F_SETPIPE_SZ, 4096)
        cli = Cli(self, self.session, self.server.token(self.session), stdout=its)
        os.close(its)
        said = b""
        while b'"connected","connectionId"' not in said or not said.endswith(b"\n"):
            said += os.read(ours, 4096)
        self.assertEqual(json.loads(said.splitlines()[-1])["event"], "connected")
        for _ in range(20):
            cli.command("signal", data="x" * 8000)
        began = time.monotonic()
        cli.end_input()
        self.assertEqual(cli.exit_code(), 0)
        self.assertLess(time.monotonic() - began, 3)  # 1.8 s by its own watch, and room for a busy machine

    def test_no_input_from_the_start(self):
        for stdin in (subprocess.DEVNULL, "closed"):
            with self.subTest(stdin=stdin):
                arguments = ["--url", self.server.url, "--api-key", self.server.key, "--session", self.session,
                             "--token", self.server.token(self.session)]
                path = os.path.join(os.environ["OTC_TEST_PROGRAMS"], "otc_cli")
                command = [path, *arguments]
                if stdin == "closed":
                    command, stdin = ["sh", "-c", 'exec "$0" "$@" <&-', *command], None
                done = subprocess.run(command, stdin=stdin, stdout=subprocess.PIPE, timeout=20, check=True)
                events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
                self.assertEqual([event for event in events if event != "statusChanged"], ["connected", "disconnected", "released"])

    def test_ctrl_c(self):
        watcher, cli = self.join_cli(), self.join_cli()
        watcher.expect_event("connectionCreated")
        cli.interrupt()
        self.assertEqual(cli.exit_code(within=5), 0)
        cli.expect_event("disconnected", reason="clientDisconnected")
        watcher.expect_event("connectionDropped", connectionId=cli.id)

    def test_nobody_reads_any_more(self):
        ours, its = os.pipe()
        cli = Cli(self, self.session, self.server.token(self.session), stdout=its)
        os.close(its)
        os.close(ours)
        cli.command("status")
        self.assertEqual(cli.exit_code(within=10), 1)

    def test_forced_to_leave(self):
        cli = self.join_cli()
        self.force_disconnect(cli.id)
        cli.expect_event("disconnected", reason="forceDisconnected")
        self.assertEqual(cli.exit_code(), 0)

    def test_failed_connects(self):
        other_session = self.server.new_session()
        for code, session, token, options in (
                (1004, self.session, "T1==bm9uc2Vuc2U=", {}),
                (1004, self.session, self.server.token(other_session), {}),
                (1005, "nonsense", self.server.token(self.session), {}),
                (1006, self.session, self.server.token(self.session), {"url": unused_address()})):
            with self.subTest(code=code):
                cli = Cli(self, session, token, **options)
                self.assertEqual(cli.exit_code(), 1)
                told = cli.told()
                self.assertEqual([(event["event"], event.get("code")) for event in told], [("error", code), ("released", None)])
                self.assertTrue(told[0]["message"])

    def test_end_while_connecting(self):
        """The server takes the connection and then says nothing."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = "http://127.0.0.1:%d" % silent.getsockname()[1]
            for end in (Cli.end_input, Cli.interrupt):
                with self.subTest(end=end.__name__):
                    cli = Cli(self, self.session, self.server.token(self.session), url=url)
                    cli.command("status")
                    cli.expect_event("status", status="connecting", connectionId=None)
                    cli.command("signal", data="too early")
                    cli.expect_event("error", code=1010)
                    began = time.monotonic()
                    end(cli)
                    self.assertEqual(cli.exit_code(), 0)
                    self.assertLess(time.monotonic() - began, 2)

    def test_failed_connect_without_input(self):
        cli = Cli(self, self.session, "T1==bm9uc2Vuc2U=", stdin=subprocess.DEVNULL)
        self.assertEqual(cli.exit_code(), 1)
        cli.expect_event("error", code=1004)

    def test_bad_address(self):
        cli = Cli(self, self.session, "T1==bm9uc2Vuc2U=", url="not an address")
        self.assertEqual(cli.exit_code(), 1)
        self.assertEqual([event["event"] for event in cli.events()], ["error"])  # there was no session to be released


def unused_address():
    """An address at which nothing listens: what was bound there is gone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "http://127.0.0.1:%d" % listener.getsockname()[1]


if __name__ == "__main__":
    unittest.main()
