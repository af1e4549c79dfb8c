"""vendor_style: a program written for the vendor's SDK, on our library and server."""
import os
import subprocess
import unittest

from driver import Program, ProgramTest


class VendorStyle(ProgramTest):
    def start_vendor_style(self, token):
        return Program(self, "vendor_style", self.server.key, self.session, token,
                       environment={"OTC_API_URL": self.server.url})

    def test_receives_its_own_signals(self):
        other = self.join_cli()
        program = self.start_vendor_style(self.server.token(self.session, data="vendor"))
        arrived = other.expect_event("connectionCreated", data="vendor")
        other.expect_event("signal", type="chat", data="to all", **{"from": arrived["connectionId"]})
        other.expect_event("signal", type="last", data="to all, with options")
        other.expect_event("connectionDropped", connectionId=arrived["connectionId"])
        self.assertEqual(program.exit_code(), 0)
        self.assertEqual(program.lines, [
            f"connected to {self.session}, may publish: yes",
            f"connection created: {other.id}",
            "signal chat: to all",
            "signal last: to all, with options",
            "signal direct: to one",
            "signal bye: to one, with options",
            "disconnected",
        ])
        self.assertFalse([event for event in other.events() if event.get("type") in ("direct", "bye")])

    def test_bad_token(self):
        program = self.start_vendor_style("T1==bm9uc2Vuc2U=")
        self.assertEqual(program.exit_code(), 1)
        self.assertIn(b"error 1004: ", program.errors)

    @unittest.skipUnless(os.environ["OTC_TEST_SONAME"], "the library was given by its path (OTC_LIBRARY), not by its names")
    def test_library_names(self):
        """-lopentok gives a program that asks for libotc by its soname, and both names lie beside the library."""
        library, soname = os.environ["OTC_TEST_LIBRARY"], os.environ["OTC_TEST_SONAME"]
        program = os.path.join(os.environ["OTC_TEST_PROGRAMS"], "vendor_style")
        self.assertIn(f"Library soname: [{soname}]", dynamic_section(library))
        self.assertIn(f"Shared library: [{soname}]", dynamic_section(program))
        for link in (soname, "libopentok.so"):
            self.assertEqual(os.readlink(os.path.join(os.path.dirname(library), link)), "libotc.so")


def dynamic_section(path):
    return subprocess.run(["readelf", "-d", path], env=dict(os.environ, LC_ALL="C"), stdout=subprocess.PIPE, check=True).stdout.decode()


if __name__ == "__main__":
    unittest.main()
