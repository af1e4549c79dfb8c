"""The guide (docs/guide): its code compiles and its programs run; its tables are complete.

A ```c or ```cpp block that begins with `#` is a file; any other is a piece of a function, and FRAGMENT stands around it.
"""
import os
import re
import subprocess
import tempfile
import unittest

from driver import Program, ProgramTest

ROOT = os.environ["OTC_TEST_ROOT"]
GUIDE = os.path.join(ROOT, "docs", "guide")
STRICT = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-I", os.path.join(ROOT, "include")]
COMPILERS = {"c": [os.environ["OTC_TEST_CC"], "-x", "c", "-std=c99"],
             "cpp": [os.environ["OTC_TEST_CXX"], "-x", "c++", "-std=c++17"]}
FRAGMENT = """\
#include <otc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
void fragment(otc_session *session, otc_session_settings *settings, const otc_connection *connection,
              const otc_stream *stream, const struct otc_session_callbacks *callbacks, const char *token);
void fragment(otc_session *session, otc_session_settings *settings, const otc_connection *connection,
              const otc_stream *stream, const struct otc_session_callbacks *callbacks, const char *token) {
    (void)session, (void)settings, (void)connection, (void)stream, (void)callbacks, (void)token;
    {
%s
    }
}
"""


class Block:
    """A block of code of a page."""

    def __init__(self, page, line, language, code):
        self.page, self.line, self.language = page, line, language
        self.is_file = code.startswith("#")
        self.is_program = "int main(" in code
        # Compilers complain of the page's own lines.
        numbered = f'#line {line} "{os.path.join(GUIDE, page)}"\n{code}'
        self.source = numbered if self.is_file else FRAGMENT % numbered

    def compile(self, *arguments):
        """What the compiler has to say; nothing when all is well."""
        command = [*COMPILERS[self.language], "-", *STRICT, *arguments]
        done = subprocess.run(command, input=self.source.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        return done.stdout.decode() if done.returncode != 0 or done.stdout else ""


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def pages():
    return sorted(name for name in os.listdir(GUIDE) if name.endswith(".md"))


def blocks(page):
    found, language, first, lines = [], None, 0, []
    for number, line in enumerate(read("docs", "guide", page).split("\n"), 1):
        if language is None and line.startswith("```"):
            language, first, lines = line[3:].strip(), number + 1, []
        elif line == "```":
            if language in COMPILERS:
                found.append(Block(page, first, language, "\n".join(lines) + "\n"))
            language = None
        else:
            lines.append(line)
    assert language is None, f"{page}: a block of code does not end"
    return found


class Code(unittest.TestCase):
    def test_every_block_compiles(self):
        count = 0
        for page in pages():
            for block in blocks(page):
                with self.subTest(f"{page}:{block.line}"):
                    said = block.compile("-c", "-o", os.devnull)
                    self.assertFalse(said, said)
                    count += 1
        self.assertGreater(count, 20)

    def test_a_fault_would_be_found(self):
        for code in ("otc_session_signal(session, 1);\n", "int unused;\n", "#include <otc.h>\nint f(void) { return otc_x(); }\n"):
            self.assertIn("x.md:7", Block("x.md", 7 - (code[0] == "#"), "c", code).compile("-c", "-o", os.devnull))


class Programs(ProgramTest):
    """What the whole programs say, on the fixture's server. The end of its input ends the one that waits for Enter."""

    SAID = {
        "joining.md": "joined as guide",
        "threads.md": "hello from the main loop",
        "cpp.md": "hello from C++",
    }

    def test_programs_run(self):
        found = [block for page in pages() for block in blocks(page) if block.is_program]
        self.assertEqual(sorted(block.page for block in found), sorted(self.SAID))
        library = os.path.dirname(os.environ["OTC_TEST_LIBRARY"])
        with tempfile.TemporaryDirectory() as directory:
            for block in found:
                with self.subTest(block.page):
                    path = os.path.join(directory, block.page + ".program")
                    flags = ["-pthread", "-o", path, "-L", library, "-lotc", f"-Wl,-rpath,{library}"]
                    said = block.compile(*flags)
                    self.assertFalse(said, said)
                    self.run_program(path, self.SAID[block.page])

    def run_program(self, path, expected):
        # Line by line, though it writes into a pipe.
        program = Program(self, "/usr/bin/env", "stdbuf", "-oL", path, self.server.key, self.session,
                          self.server.token(self.session, data="guide"), environment={"OTC_API_URL": self.server.url})
        program.expect(expected)
        program.end_input()
        self.assertEqual(program.exit_code(), 0, program.errors)
        self.assertEqual(program.lines, [expected])


class Tables(unittest.TestCase):
    def setUp(self):
        self.header = read("include", "otc.h")

    def test_every_error_is_explained(self):
        declared = set()
        for enum in ("otc_error_code", "otc_session_error_code"):
            body = re.search(rf"enum {enum} \{{(.*?)\n\}}", self.header, re.DOTALL).group(1)
            declared |= set(re.findall(r"^ +(\w+) = (\d+)", body, re.MULTILINE))
        explained = re.findall(r"^\| `(\w+)` \| (\d+) \| ([^|]+) \| ([^|]+) \|", read("docs", "guide", "errors.md"), re.MULTILINE)
        self.assertGreater(len(declared), 30)
        self.assertEqual({(name, number) for name, number, _, _ in explained}, declared)

    def test_every_function_is_in_the_guide(self):
        guide = "".join(read("docs", "guide", page) for page in pages())
        setters = re.findall(r"^\| `(\w+)` \|", read("docs", "guide", "settings.md"), re.MULTILINE)
        named = set(re.findall(r"\botc_\w+", guide)) | {f"otc_session_settings_set_{setter}" for setter in setters}
        functions = set(re.findall(r"^[a-z][^\n(#]*?\b(otc_\w+)\(", self.header, re.MULTILINE))
        self.assertGreater(len(functions), 40)
        self.assertEqual(functions - named, set())

    def test_every_setting_has_a_row(self):
        rows = re.findall(r"^\| `(\w+)` \|", read("docs", "guide", "settings.md"), re.MULTILINE)
        setters = set(re.findall(r"\botc_session_settings_set_(\w+)\(", self.header))
        self.assertEqual(set(rows), setters)


if __name__ == "__main__":
    unittest.main()
