"""Lines of strace, from its versions 5.10 to 6.x, and what they say."""

from __future__ import annotations

import pytest

from jupyter_attest.tracer.acts import ops_of
from jupyter_attest.tracer.strace import Call, End, Parser, split, strings_in

AT = b"1795555782.274484 "
AT_NS = 1795555782_274484000


def call(text: bytes) -> Call:
    """The call of one line."""
    made = Parser().feed(b"42    " + AT + text)
    assert isinstance(made, Call)
    return made


def test_an_open_tells_its_real_path() -> None:
    made = call(rb'openat(AT_FDCWD</tmp/a b>, "d\303\251\"ta<1>.csv", O_RDONLY) = 3</tmp/d\74x>')
    assert (made.tid, made.at, made.name, made.result) == (42, AT_NS, "openat", 3)
    assert made.path(1) == 'dé"ta<1>.csv'.encode()
    assert made.folder(0) == b"/tmp/a b"
    assert made.returned == b"/tmp/d<x"


@pytest.mark.parametrize(
    ("line", "returned"),
    [
        (rb'open("a) = 7</x>", O_RDONLY) = 3</real>', b"/real"),
        (rb'openat(AT_FDCWD</w>, "x, \"y\"", O_RDONLY) = 12</w/a) = 3>', b"/w/a) = 3"),
        (rb'open("x", O_RDONLY) = 3</tmp/gone>(deleted)', b"/tmp/gone"),
    ],
)
def test_paths_that_look_like_the_end_of_a_call(line: bytes, returned: bytes) -> None:
    assert call(line).returned == returned


def test_a_failed_call_names_its_error() -> None:
    made = call(b'open("no", O_RDONLY) = -1 ENOENT (No such file or directory)')
    assert (made.result, made.error, made.returned) == (-1, "ENOENT", None)


def test_a_call_that_another_line_interrupts_is_one_call() -> None:
    parser = Parser()
    assert parser.feed(b"7 1.000001 vfork( <unfinished ...>") is None
    assert isinstance(
        parser.feed(b'8 1.000002 execve("/bin/a", ["a"], 0x1 /* 3 vars */) = 0'), Call
    )
    made = parser.feed(b"7 1.000009 <... vfork resumed>) = 8")
    assert isinstance(made, Call)
    assert (made.tid, made.at, made.name, made.result) == (7, 1_000_001_000, "vfork", 8)


def test_ends() -> None:
    parser = Parser()
    assert parser.feed(b"7 1.000001 +++ exited with 3 +++") == End(7, 1_000_001_000, 3)
    assert parser.feed(b"7 1.000001 +++ killed by SIGKILL (core dumped) +++") == End(
        7, 1_000_001_000, None
    )


@pytest.mark.parametrize("line", [b"", b"no line of strace", b"1 2 3", b"7 1.000001 openat(AT_FDC"])
def test_what_is_no_whole_line_is_passed_over(line: bytes) -> None:
    assert Parser().feed(line) is None


def test_a_string_that_was_cut_short_is_no_path() -> None:
    assert call(b'open("/very/long"..., O_RDONLY) = 3</x>').path(0) is None


def test_arguments_are_cut_outside_of_lists_only() -> None:
    assert split(b'"a, b", ["c", "d"], {x=1, y=2}, 3</a,b>') == [
        b'"a, b"',
        b'["c", "d"]',
        b"{x=1, y=2}",
        b"3</a,b>",
    ]
    assert strings_in(rb'["sh", "-c", "echo \"hi\"\n"]') == [b"sh", b"-c", b'echo "hi"\n']


@pytest.mark.parametrize(
    ("flags", "ops"),
    [
        (b"O_RDONLY|O_CLOEXEC", ["read"]),
        (b"O_WRONLY|O_CREAT|O_TRUNC, 0666", ["write", "truncate", "create"]),
        (b"O_WRONLY|O_APPEND", ["append"]),
        (b"O_RDWR", ["read", "write"]),
        (b"O_RDONLY|O_DIRECTORY", None),
        (b"O_RDWR|O_TMPFILE|O_EXCL, 0600", None),
        (b"O_PATH", None),
    ],
)
def test_flags_say_the_direction(flags: bytes, ops: list[str] | None) -> None:
    assert ops_of(call(b'openat(AT_FDCWD</w>, "O_WRONLY", ' + flags + b") = 3</w/x>")) == ops


def test_openat2_names_its_flags_in_a_structure() -> None:
    made = call(b'openat2(AT_FDCWD</w>, "x", {flags=O_RDWR, resolve=0}, 24) = 3</w/x>')
    assert ops_of(made) == ["read", "write"]
