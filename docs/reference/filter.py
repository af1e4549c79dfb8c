"""What Doxygen reads instead of a file of ours: filter.py FILE writes it to standard output.

The headers and the guide are written for people who read them as they are. Doxygen is told here what they know: that
"name: text" is about a parameter, that "Threads: any." is a fixed word and its answer, what belongs to what, and which heading
a link means. What is not understood becomes a command that Doxygen does not know, which it warns of, and that is an error.
"""
import os
import re
import sys

# The chapter of each name: the first pattern counts.
GROUPS = [
    (r"OTC_VERSION|otc_(init|destroy|version|last_error|set_)", "library"),
    (r"otc_log|otc_get_log", "logging"),
    (r"otc_(session_)?error_code$|otc_error$", "errors"),
    (r"otc_(constant|bool|status)$", "basics"),
    (r"otc_session_settings|otc_custom_ice_config$", "settings"),
    (r"otc_session_(send_)?signal|otc_signal_options$", "signals"),
    (r"otc_session_(force_|disable_force_)|otc_on_mute_forced", "moderation"),
    (r"otc_stream", "streams"),
    (r"otc_connection_status$", "sessions"),
    (r"otc_connection|otc_session_get_connections$", "connections"),
    (r"otc_session|otc_disconnect_reason|otc_(released|status_changed|signal_failed)_callback|ENCRYPTION_SECRET", "sessions"),
    (r"on_reconnection_started$", "sessions"),
]
TAGS = ("Threads", "Callback-safe", "Blocks", "Owns", "Errors")
COMMENT = re.compile(r"^( *)/\*\*(.*?)\*/\n", re.DOTALL | re.MULTILINE)


def declared(code):
    """The name that a piece of C declares first, and the names of its parameters."""
    head = re.split(r"[;{]", code, maxsplit=1)[0]
    patterns = (
        r"#define (\w+)",
        r"typedef [^(]*\(\*(\w+)\)\((.*)\)",  # a type of functions
        r"typedef (?:enum|struct) (\w+)",
        r"typedef .*?(\w+)$",
        r"(?:enum|struct) (\w+)\s*$",
        r"\(\*(\w+)\)\((.*)\)",  # a field that is a function
        r"(\w+)\((.*)\)",
        r"(\w+)(?:\s*=.*)?[,\s]*$",  # a field, an enumerator
    )
    for pattern in patterns:
        found = re.search(pattern, head.strip().split("\n")[0] if pattern.startswith("#") else head.strip(), re.DOTALL)
        if found:
            break
    else:
        return "", []
    arguments = found.group(2) if found.lastindex == 2 else ""
    return found.group(1), [argument.split()[-1].strip("*[]") for argument in arguments.split(",") if argument.strip()]


def group_of(name):
    for pattern, group in GROUPS:
        if re.match(pattern, name):
            return f"@ingroup {group}"
    return f"@belongs_to_no_chapter_of_filter_py {name}"


def paragraphs(comment):
    lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in comment.strip().split("\n")]
    return re.split(r"\n{2,}", "\n".join(lines))


def with_parameters(text, names):
    """ "name: text. other, third: text." as @param commands, if the text begins with a parameter's name."""
    name = r"(?:%s)" % "|".join(map(re.escape, names))
    start = rf"(?:^|(?<=[.;:!?)]\s))({name}(?:, {name})*): "
    if not names or not re.match(start, text):
        return text
    parts = re.split(start, text)[1:]
    described = zip(parts[::2], parts[1::2])
    return "\n".join(f"@param {names.replace(', ', ',')} {about.strip().rstrip(';')}" for names, about in described)


def with_tags(text):
    """ "Threads: any. Owns: nothing." as paragraphs of their own, if the text begins with a tag."""
    start = rf"(?:^|(?<=\s))({'|'.join(TAGS)}): "
    if not re.match(start, text):
        return text
    parts = re.split(start, text)[1:]
    return "\n".join(f"@par {tag}\n{about.strip()}\n" for tag, about in zip(parts[::2], parts[1::2]))


def header(text):
    # What a header says of itself, before everything else.
    text = re.sub(r"^/\* ", f"/** @file\n * ", text, count=1)
    written, end = [], 0
    for comment in COMMENT.finditer(text):
        written.append(text[end:comment.start()])
        end = comment.end()
        indent, body = comment.groups()
        if "@file" in body:
            written.append(comment.group())
            continue
        name, names = declared(text[end:end + 4000])
        parts = [with_tags(with_parameters(part, names)) for part in paragraphs(body)]
        if not indent:
            parts.append(group_of(name))
        body = "\n\n".join(parts).replace("\n", f"\n{indent} * ")
        written.append(f"{indent}/**\n{indent} * {body}\n{indent} */\n")
    return with_shared_comments("".join(written) + text[end:])


def cpp_header(text):
    """Its comments are Doxygen's already. What is in otc::detail is hidden, but not the bases of public classes."""

    def hidden(found):
        return found[0] if re.search(r"^class \w+ \{", found[0], re.MULTILINE) else f"/** @cond */ {found[0]} /** @endcond */"

    text = re.sub(r"^(?:/// [^\n]*\n)?namespace detail \{$.*?^\} // namespace detail$", hidden, text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^/\* ", "/** @file\n * ", text, count=1)


def with_shared_comments(text):
    """Of several #defines in a row the first has the comment."""
    written, first = [], None
    for line in text.split("\n"):
        defined = re.match(r"#define (\w+) ", line)
        if defined and first:
            written.append(f"/** See {first}.\n * {group_of(defined[1])}\n */")
        first = (first or defined[1]) if defined else None
        written.append(line)
    return "\n".join(written)


def label(page, heading=None):
    """What Doxygen calls a page, or a heading of it; by the same rule as code-hosting sites."""
    if heading is None:
        return f"guide_{page}"
    slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    return f"guide_{page}_{slug}".replace("-", "_")


def page(text, name):
    written, in_code = [], False
    for line in text.split("\n"):
        if line.startswith("```"):
            in_code = not in_code
        elif not in_code:
            heading = re.match(r"(#+) (.*)", line)
            if heading:
                level, words = heading.groups()
                line = f"{line} {{#{label(name, None if level == '#' else words)}}}"
            line = line.replace("](../../include/", "](@ref ")
            line = re.sub(r"\]\((\w+)\.md#([\w-]+)\)", lambda link: f"](@ref {label(link[1], link[2])})", line)
        written.append(line)
    return "\n".join(written)


def main(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    name, extension = os.path.splitext(os.path.basename(path))
    if extension == ".md":
        text = page(text, name.lower())
    elif extension == ".h":
        text = header(text)
    elif extension == ".hpp":
        text = cpp_header(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv[1])
