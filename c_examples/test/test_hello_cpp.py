"""hello_cpp: the program of README.md in C++."""
import unittest

from driver import Program, ProgramTest


class HelloCpp(ProgramTest):
    def test_says_hello_and_shows_what_is_said(self):
        other = self.join_cli(data="the other one")
        hello = self.start("hello_cpp", data="a newcomer")
        hello.expect("a newcomer: hello")
        arrived = other.expect_event("connectionCreated", data="a newcomer")
        other.expect_event("signal", type="chat", data="hello", **{"from": arrived["connectionId"]})
        other.command("signal", data="welcome")
        hello.expect("the other one: welcome")
        other.command("signal", type="nothing-said")
        hello.expect("the other one: ")
        self.signal_from_server("news", "from the server")
        hello.expect("server: from the server")
        hello.send("")
        self.assertEqual(hello.exit_code(), 0)
        other.expect_event("connectionDropped", connectionId=arrived["connectionId"])
        self.assertEqual(hello.errors, b"")

    def test_refused(self):
        hello = Program(self, "hello_cpp", "no URL", self.server.key, self.session, "token")
        self.assertEqual(hello.exit_code(), 1)
        self.assertIn(b"URL", hello.errors)

    def test_usage(self):
        self.assertEqual(Program(self, "hello_cpp").exit_code(), 2)


if __name__ == "__main__":
    unittest.main()
