"""What a reference notebook is: cells as they were run, and what must come of them.

The file ``out`` is the subject. Runs are told by their places, from 1, over all of its sessions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: Stands between cells where another kernel and another notebook begin.
RESTART = "<another kernel>"


@dataclass(frozen=True)
class Case:
    cells: tuple[str, ...]
    #: Runs without which the subject can't be made.
    needed: frozenset[int]
    #: Files that are there before, by path.
    inputs: dict[str, str] = field(default_factory=dict)
    #: Runs that must be left out with their proof.
    dropped: frozenset[int] = frozenset()
    #: Codes of the gaps that the record must state.
    gaps: frozenset[str] = frozenset()
    #: What a replay of the kept runs must say.
    replay: str = "same-digest"
    #: Kernel's environment beyond the usual.
    environment: dict[str, str] = field(default_factory=dict)
    #: Python that somebody else runs in the folder between the last run and the record.
    meanwhile: str = ""
    #: Python that somebody else runs in the folder beside the kernels.
    beside: str = ""
    #: A text that is saved in place of another one before the kernel ends.
    saved: tuple[str, str] | None = None
    #: Whether a record can be made at all.
    refused: bool = False

    @property
    def sessions(self) -> list[list[str]]:
        """The cells of each kernel."""
        found: list[list[str]] = [[]]
        for cell in self.cells:
            if cell == RESTART:
                found.append([])
            else:
                found[-1].append(cell)
        return found

    @property
    def runs(self) -> int:
        return sum(map(len, self.sessions))


def case(
    needed: str,
    *cells: str,
    inputs: dict[str, str] | None = None,
    dropped: str = "",
    gaps: str = "",
    replay: str = "same-digest",
    environment: dict[str, str] | None = None,
    meanwhile: str = "",
    beside: str = "",
    saved: tuple[str, str] | None = None,
    refused: bool = False,
) -> Case:
    """A case whose sets are written as words."""

    def places(text: str) -> frozenset[int]:
        return frozenset(map(int, text.split()))

    return Case(
        cells, places(needed), inputs or {}, places(dropped), frozenset(gaps.split()), replay,
        environment or {}, meanwhile, beside, saved, refused,
    )  # fmt: skip


WRITE = "with open('out', 'w') as f: f.write(str(x))"
TABLE = {"t.csv": "a,b\n1,2\n3,4\n5,6\n"}
READ = "import pandas as pd\ndf = pd.read_csv('t.csv')"
SAVE = "df.to_csv('out', index=False)"
