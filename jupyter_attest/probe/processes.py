"""Programs and children that the kernel starts."""

from __future__ import annotations

import os
import stat as statmod
from typing import Any

from .files import Files
from .redaction import cut_argv, cut_text
from .references import _getpid, _ident
from .starters import is_script, is_simple, shell_text
from .values import Pattern, name_of, plain_text, try_stat

#: What stands between the words of a command, and between an option and its value.
_BETWEEN = Pattern(r"[\s'\"`<>|;&()=]+")
#: Where a shell sends output: such a file is written, not read.
_OUTPUT = Pattern(r">[>|&]?\s*(?:'[^']*'|\"[^\"]*\"|[^\s'\"`<>|;&()]+)")
#: Of a command's words at most this many are looked at.
MOST_WORDS = 64


class Processes(Files):
    """Starts of processes, secrets cut out of their arguments."""

    def started(
        self,
        how_started: str,
        words: Any,
        program: Any,
        probed: bool,
        shell: str | None = None,
        pid: int | None = None,
    ) -> None:
        """Write ``process.started``, secrets cut out of its arguments.

        ``probed`` is true where the child surely is; a Python that got the probe by its
        environment says so itself, in its own journal file with the same process id.
        """
        run, how = self.current()
        if run is not None and run.paused:
            return
        argv = None
        if shell is not None:
            argv = self.journal.text(*cut_text(shell))
        elif type(words) in (list, tuple):
            argv = self.journal.text(*cut_argv([plain_text(word) or "?" for word in words]))
        named = plain_text(program) if program is not None else None
        fields = {
            "argv": argv, "how": how_started, "program": name_of(named) if named else None,
            "pid": pid, "probed": probed,
        }  # fmt: skip
        if does_more(shell, words, named):
            fields["shell"] = True
        self.tell("process.started", run, how, fields)
        self.named_by(shell, words)

    def named_by(self, shell: str | None, words: Any) -> None:
        """Tell the files that a command names: it may read them."""
        if shell is not None:
            texts = [shell]
        elif type(words) in (list, tuple):
            texts = [plain_text(word) or "" for word in words]
        else:
            return
        named = [part for text in texts for part in _BETWEEN().split(_OUTPUT().sub(" ", text))]
        more = {"outcome": "unknown"}
        for word in [w for w in named if w and w[0] != "-"][:MOST_WORDS]:
            absolute = self.absolute(word)
            st = try_stat(absolute) if absolute else None
            if st is not None and statmod.S_ISREG(st.st_mode) and not st.st_mode & 0o111:
                self.opened(absolute, ["read"], os.O_RDONLY, "command", None, None, more)

    def on_popen(self, args: tuple[Any, ...]) -> None:
        """subprocess.Popen(executable, args, cwd, env)."""
        words = args[1]
        shell = plain_text(words) if type(words) not in (list, tuple) else None
        self.starters.look()
        if self.starters.carrier:  # told with its process id, when it has one
            self.starters.meant[_ident()] = (words, args[0], shell)
        else:
            self.started("subprocess", words, args[0], False, shell)

    def on_system(self, args: tuple[Any, ...]) -> None:
        """os.system(command)."""
        text = plain_text(args[0]) or "?"
        command = self.starters.commands.get(text, text)
        self.started("os.system", None, None, False, command)

    def on_exec_process(self, args: tuple[Any, ...]) -> None:
        """os.exec*(path, args, env)."""
        self.started("exec", args[1], args[0], False, None, _getpid())

    def on_spawn(self, args: tuple[Any, ...]) -> None:
        """os.posix_spawn(path, argv, env)."""
        if _ident() not in self.starters.inside:
            self.started("spawn", args[1], args[0], False)

    def on_spawn_mode(self, args: tuple[Any, ...]) -> None:
        """os.spawn*(mode, path, args, env), where it is native."""
        self.started("spawn", args[2], args[1], False)

    def on_fork(self, args: tuple[Any, ...]) -> None:
        """os.fork: the child is probed and tells its own story."""
        self.started("fork", None, None, True)

    def on_forkpty(self, args: tuple[Any, ...]) -> None:
        """os.forkpty: IPython's ``!command`` on a terminal; the child tells what it executes."""
        self.started("forkpty", None, None, True)

    def on_pty(self, args: tuple[Any, ...]) -> None:
        """pty.spawn(argv)."""
        self.started("pty", args[0], None, False)


def does_more(shell: str | None, words: Any, program: str | None) -> bool:
    """Tell whether a shell is started that may do more than start one other program."""
    command = shell if shell is not None else shell_text(words)
    if command is not None:
        return not is_simple(command)
    first = plain_text(words[0]) if type(words) in (list, tuple) and words else None
    return any(word is not None and is_script(word) for word in (first, program))
