"""hello_session: meets who is there, hears its own greeting, leaves."""
import unittest

from driver import Program, ProgramTest


class HelloSession(ProgramTest):
    def test_two_programs_meet(self):
        other = self.join_cli(data="the other one")
        hello = self.start("hello_session", data="a newcomer")
        arrived = other.expect_event("connectionCreated", data="a newcomer")
        other.expect_event("signal", type="greeting", data="hello, everyone", **{"from": arrived["connectionId"]})
        other.expect_event("connectionDropped", connectionId=arrived["connectionId"])
        self.assertEqual(hello.exit_code(), 0)
        self.assertEqual(hello.lines, [
            "connected",
            f"here: the other one ({other.id})",
            "signal: greeting: hello, everyone",
            "disconnected",
        ])

    def test_alone(self):
        hello = self.start("hello_session")
        self.assertEqual(hello.exit_code(), 0)
        self.assertEqual(hello.lines, ["connected", "signal: greeting: hello, everyone", "disconnected"])

    def test_bad_token(self):
        hello = Program(self, "hello_session", self.server.url, self.server.key, self.session, "T1==bm9uc2Vuc2U=")
        self.assertEqual(hello.exit_code(), 1)
        self.assertEqual(hello.lines, [])
        self.assertIn(b"error 1004: ", hello.errors)

    def test_usage(self):
        hello = Program(self, "hello_session")
        self.assertEqual(hello.exit_code(), 2)
        self.assertIn(b"usage: ", hello.errors)


if __name__ == "__main__":
    unittest.main()
