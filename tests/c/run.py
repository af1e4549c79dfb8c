"""Runs a test of tests/c: run.py STATE_FILE PROGRAM [ARGUMENT...]

STATE_FILE says how to reach the server that the fixture has started (c_examples/test/server.py). The program gets a session
of its own and tokens for it in its environment (OTC_TEST_*), and takes this process's place. OTC_TEST_WRAPPER is put before
it: "valgrind --error-exitcode=9" for example.
"""
import json
import os
import shlex
import subprocess
import sys


def main():
    with open(sys.argv[1]) as file:
        state = json.load(file)
    # Without the settings of whoever runs the tests.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTC_") or name.startswith("OTC_TEST_")}

    def mint(*arguments):
        environment = dict(clean, OTC_API_KEY=state["key"], OTC_API_SECRET=state["secret"])
        done = subprocess.run([state["server"], *arguments], env=environment, stdout=subprocess.PIPE, check=True, timeout=60)
        return done.stdout.decode().strip()

    session = mint("session")
    # A session that is told of no server must not look for one elsewhere.
    clean.update(OTC_API_URL=state["url"], OTC_TEST_URL=state["url"], OTC_TEST_KEY=state["key"], OTC_TEST_SESSION=session)
    clean.update(OTC_TEST_PYTHON=sys.executable, OTC_TEST_PEER=os.path.join(os.path.dirname(__file__), "support", "peer.py"))
    for variable, role in (("TOKEN", "publisher"), ("SUBSCRIBER_TOKEN", "subscriber"), ("MODERATOR_TOKEN", "moderator")):
        clean["OTC_TEST_" + variable] = mint("token", "--session", session, "--role", role, "--data", role)
    command = [*shlex.split(os.environ.get("OTC_TEST_WRAPPER", "")), *sys.argv[2:]]
    os.execvpe(command[0], command, clean)


if __name__ == "__main__":
    main()
