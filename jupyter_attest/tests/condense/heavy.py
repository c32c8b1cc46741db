"""Reference notebooks of large libraries; they run in the environment of ``npm run test:heavy``."""

from __future__ import annotations

from .case import WRITE, Case, case

_TORCH = "import torch; torch.manual_seed(3); model = torch.nn.Linear(2, 1)"

#: Training with batches that workers load; each batch is read from a file.
_LOADER = """import torch
class Rows(torch.utils.data.Dataset):
    def __len__(self): return 4
    def __getitem__(self, at): return torch.tensor([float(open(f'{at}.txt').read())])
"""


def _loader(context: str) -> Case:
    return case(
        "1 2 3 4",
        "%%writefile rows.py\n" + _LOADER,
        "import torch\nfrom rows import Rows\n"
        f"loader = torch.utils.data.DataLoader(Rows(), batch_size=2, num_workers=2,"
        f" multiprocessing_context={context!r})",
        "x = [batch.tolist() for batch in loader]",
        WRITE,
        inputs={f"{at}.txt": str(at) for at in range(4)},
    )


HEAVY: dict[str, Case] = {
    "a torch model by an ASCII path": case(
        "1 3 4",
        _TORCH,
        "print(model.weight)",
        "with torch.no_grad(): model.weight.zero_()",
        "torch.save(model.state_dict(), 'out.pt'); import os; os.replace('out.pt', 'out')",
    ),
    "a torch model by another path": case(
        "1 2 3",
        _TORCH,
        "torch.save(model.state_dict(), 'größe.pt')",
        "torch.save(torch.load('größe.pt'), 'out.pt'); import os; os.replace('out.pt', 'out')",
    ),
    "workers that fork load batches": _loader("fork"),
    "workers that are spawned load batches": _loader("spawn"),
    "a Keras model with the date of its saving": case(
        "1 2 3",
        "import os; os.environ['KERAS_BACKEND'] = 'torch'\n"
        "import keras; keras.utils.set_random_seed(3)",
        "model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])",
        "model.save('out.keras'); os.replace('out.keras', 'out')",
        replay="same-content",
    ),
}
