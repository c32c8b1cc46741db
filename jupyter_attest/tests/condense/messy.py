"""The messy session of ``tests/replay`` as a reference notebook."""

from __future__ import annotations

from jupyter_attest.tests.replay.messy import DATA, needed
from jupyter_attest.tests.replay.messy import MESSY as CELLS

from .case import Case, case

MESSY: dict[str, Case] = {
    "a messy session": case(
        " ".join(map(str, needed(CELLS))),
        *[source for source, _ in CELLS[:-1]],
        "np.save('model.npy', w); import os; os.replace('model.npy', 'out')",
        inputs={"data.csv": DATA},
        dropped="4 5 7 22 24",
    )
}
