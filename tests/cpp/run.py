"""Runs a test of tests/cpp: run.py PROGRAM [ARGUMENT...]

The program finds in its environment (OTC_TEST_*) a session of its own and tokens for it, at the server that the fixture has
started (c_examples/test/server.py; OTC_TEST_SERVER names its state file), and takes this process's place.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "c_examples", "test"))
from driver import Server


def main():
    server = Server()
    session = server.new_session()
    # Without the settings of whoever runs the tests.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTC_")}
    environment.update(OTC_TEST_URL=server.url, OTC_TEST_KEY=server.key, OTC_TEST_SESSION=session)
    for role in ("publisher", "moderator"):
        environment[f"OTC_TEST_{role.upper()}_TOKEN"] = server.token(session, data=role, role=role)
    os.execvpe(sys.argv[1], sys.argv[1:], environment)


if __name__ == "__main__":
    main()
