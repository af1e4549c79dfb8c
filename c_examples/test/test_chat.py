"""chat: what people type and see."""
import os
import pty
import subprocess
import threading
import unittest

from driver import CuttableProxy, Program, ProgramTest


class Chat(ProgramTest):
    def start_chat(self, name, **options):
        chat = self.start("chat", data=name, **options)
        chat.expect("* connected as " + name)
        return chat

    def test_a_conversation(self):
        ada = self.start_chat("ada")
        bob = self.start_chat("bob")
        bob.expect("* ada is here")
        ada.expect("* bob is here")
        carol = self.start_chat("Carol of the Hills")
        ada.expect("* Carol of the Hills is here")
        bob.expect("* Carol of the Hills is here")

        ada.send("good morning, \u00fcberall \U0001F600")
        for chat, who in ((ada, "you"), (bob, "ada"), (carol, "ada")):
            chat.expect("", lambda line, who=who: line == f"{who}: good morning, \u00fcberall \U0001F600")

        bob.send("/to Carol of the Hills  a word in private")
        bob.expect("", lambda line: line == "you (private): a word in private")
        carol.expect("", lambda line: line == "bob (to you): a word in private")
        bob.send("/to ada and one for you")
        ada.expect("", lambda line: line == "bob (to you): and one for you")
        self.assertFalse([line for line in ada.lines if "a word in private" in line])

        ada.send("/who")
        ada.expect("* 3 here:")
        self.assertEqual([ada.expect("*   ") for _ in range(3)],
                         ["*   ada (you)", "*   bob", "*   Carol of the Hills"])

        bob.send("/quit")
        self.assertEqual(bob.exit_code(within=10), 0)
        self.assertEqual(bob.lines[-1], "* disconnected")
        ada.expect("* bob has left")
        carol.end_input()
        self.assertEqual(carol.exit_code(within=10), 0)
        ada.expect("* Carol of the Hills has left")
        ada.interrupt()
        self.assertEqual(ada.exit_code(within=10), 0)

    def test_what_is_typed_wrong(self):
        ada, bob, other_bob = self.start_chat("ada"), self.start_chat("bob"), self.start_chat("bob")
        for _ in range(2):
            ada.expect("* bob is here")
        ada.send("/to dora hello")
        ada.expect("* nobody here has that name")
        ada.send("/to bob hello")
        ada.expect("* 2 people have that name")
        ada.send("/dance")
        ada.expect("* there are /who, /to NAME text and /quit")
        other_bob.end_input()
        ada.expect("* bob has left")
        ada.send("/to bob")
        ada.expect("* nothing to send")
        ada.send("x" * 8193)
        ada.expect("* not sent: ")
        ada.send("x" * (1024 * 1024 + 1))
        ada.expect("* that line is too long")
        ada.send("")
        ada.send("still here")
        bob.expect("ada: still here")

    def test_other_programs_in_the_session(self):
        ada = self.start_chat("ada")
        script = self.join_cli()
        ada.expect("* guest-" + script.id[:8] + " is here")
        script.command("signal", data="no type")
        ada.expect("", lambda line: line == f"guest-{script.id[:8]}: no type")
        script.command("signal", type="weather", data="sunny")
        ada.expect("", lambda line: line == f"guest-{script.id[:8]} (weather): sunny")
        self.signal_from_server("notice", "closing at five")
        ada.expect("", lambda line: line == "the server (notice): closing at five")
        self.signal_from_server("chat", "\x1b[2J\x07two\r\nlines\u2028\u202e\u009b end")
        ada.expect("", lambda line: line == "the server (chat):  [2J two  lines    end")

    def test_reconnects(self):
        proxy = CuttableProxy(self)
        ada, bob = self.start_chat("ada", url=proxy.url), self.start_chat("bob")
        bob.expect("* ada is here")
        ada.expect("* bob is here")
        proxy.cut()
        ada.expect("* reconnecting")
        ada.send("written meanwhile")
        bob.send("heard afterwards")
        ada.expect("* reconnected")
        ada.expect("bob: heard afterwards")
        bob.expect("ada: written meanwhile")
        self.assertFalse([line for line in bob.lines if "has left" in line])

    def test_removed_by_a_moderator(self):
        watcher = self.join_cli()
        ada = self.start_chat("ada")
        self.force_disconnect(watcher.expect_event("connectionCreated")["connectionId"])
        self.assertEqual(ada.exit_code(), 0)
        self.assertEqual(ada.lines[-1], "* disconnected: removed by a moderator")

    def test_bad_token(self):
        chat = Program(self, "chat", self.server.url, self.server.key, self.session, "T1==bm9uc2Vuc2U=")
        self.assertEqual(chat.exit_code(), 1)
        self.assertIn("* error 1004: ", chat.lines[0])

    def on_a_terminal(self, environment):
        """All that a chat writes to a terminal, from connecting to /quit."""
        terminal, its_end = pty.openpty()
        chat = self.start("chat", data="ada", stdout=its_end, environment=environment)
        os.close(its_end)
        written = b""
        overdue = threading.Timer(30, chat.process.kill)
        overdue.start()
        try:
            while True:
                piece = os.read(terminal, 65536)
                written += piece
                if b"connected as ada" in written and not chat.process.stdin.closed:
                    chat.send("/quit")
                    chat.end_input()
        except OSError:  # how a terminal says that its last program has gone
            pass
        overdue.cancel()
        os.close(terminal)
        self.assertEqual(chat.exit_code(), 0)
        return written

    def test_colours_only_on_a_terminal(self):
        self.assertIn(b"\x1b[90m* connected as ada", self.on_a_terminal({"TERM": "xterm", "NO_COLOR": ""}))
        self.assertNotIn(b"\x1b", self.on_a_terminal({"TERM": "xterm", "NO_COLOR": "1"}))
        self.assertNotIn(b"\x1b", self.on_a_terminal({"TERM": "dumb", "NO_COLOR": ""}))
        piped = self.start("chat", data="ada", environment={"TERM": "xterm", "NO_COLOR": ""}, stdin=subprocess.DEVNULL)
        self.assertEqual(piped.exit_code(), 0)
        self.assertNotIn("\x1b", "".join(piped.lines))


if __name__ == "__main__":
    unittest.main()
