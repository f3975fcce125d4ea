#!/usr/bin/env python3
"""Hash source files as the compiler sees them: SHA-256 over the tokens, without comments or layout.

    code_hash.py FILE...      prints "HASH  FILE" for each, as sha256sum does

C and C++: a backslash at the end of a line joins two lines, a comment is a space, and then come the
tokens of ISO C11 6.4, one a line. Layout counts in two places only: where a directive ends, and
whether a parenthesis touches the name of a macro that #define gives. A build file (meson.build)
has other tokens and comments. No compiler is asked, so all of them give the same hash.
"""
import hashlib
import re
import sys

TEXT = r'"(?:\\.|[^"\\\n])*"|' r"'(?:\\.|[^'\\\n])*'"
C = re.compile(r"""
    (?P<skip>  /\*.*?\*/ | //[^\n]* | [ \t\r\f\v]+ )
  | (?P<line>  \n )
  | (?P<macro> \#[ \t]*define[ \t]+\w+\(? )
  | (?P<token> %s | \.?\d(?:[eEpP][+-]|[\w.])* | \w+
             | %%:%%: | \.\.\. | <<= | >>= | -> | \+\+ | -- | << | >> | [<>=!+\-*/%%&|^]= | && | \|\| | \#\# | . )
""" % TEXT, re.VERBOSE | re.DOTALL)
BUILD = re.compile(r"(?P<skip>\#[^\n]*|\s+)|(?P<token>'''.*?'''|" + TEXT + r"|\w+|.)", re.DOTALL)


def tokens_of_c(text):
    directive = False
    for m in C.finditer(re.sub(r"\\\r?\n", "", text)):
        if m.lastgroup == "line":
            if directive:
                yield "end of directive"
            directive = False
        elif m.lastgroup == "macro":
            directive = True
            yield " ".join(m.group().replace("#", "# ").split())
        elif m.lastgroup == "token":
            directive = directive or m.group() == "#"
            yield m.group()


def tokens_of_build(text):
    return (m.group() for m in BUILD.finditer(text) if m.lastgroup == "token")


for path in sys.argv[1:]:
    with open(path, encoding="utf-8", newline="") as f:
        source = f.read()
    tokens = tokens_of_build(source) if path.endswith("meson.build") else tokens_of_c(source)
    print(hashlib.sha256("\n".join(tokens).encode()).hexdigest(), "", path)
