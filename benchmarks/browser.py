"""How long does a learner wait until a picture follows the keyboard?

Every lecture is opened in a real JupyterLab in headless Chromium and run in
its short form, and every slider of every explorer is moved by keys. The time
is taken in the browser, from the key event to the first frame with other
pixels. It prints a table in Markdown, and fails where 95 of 100 moves take
longer than 100 ms, which is what a hand still calls immediate (Nielsen,
"Response Times", 1993).

With `--students 20` so many other kernels compute meanwhile, each without a
pause, as if a class shared the machine and everybody trained at once.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import common
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import lab as browser  # noqa: E402

from jupyter_client.manager import start_new_kernel  # noqa: E402
from playwright.sync_api import Locator  # noqa: E402

SLOWEST = 100.0  # milliseconds, for 95 of 100 moves
PATIENCE = 30  # seconds, for a machine that a class shares
REST = 200.0  # milliseconds between two keys, as when one looks in between
# They train a network when the key is released, which their docstrings say.
TRAINED = {"regularisation"}
# What a student does to the machine: one training after the other.
TRAINING = """
from course_utils import scratch
import keras, numpy as np
x = np.random.default_rng(0).normal(size=(512, 28, 28)).astype("float32")
model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(128),
                          keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, x[:, 0, 0], verbose=0)
"""
FOR_EVER = "while True: model.fit(x, x[:, 0, 0], verbose=0)"


@contextlib.contextmanager
def students(count: int) -> Iterator[None]:
    """Let so many kernels train until the block ends."""
    clients = []
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            manager, client = start_new_kernel(cwd=str(ROOT))
            stack.callback(manager.shutdown_kernel, now=True)
            stack.callback(client.stop_channels)
            client.execute(TRAINING, reply=True, timeout=300)
            clients.append(client)
        for client in clients:  # none has to start beside busy ones
            client.execute(FOR_EVER)
        yield


def moves(lab: browser.Lab, area: Locator, presses: int) -> list[float]:
    """Move every slider of an explorer to and fro.

    Returns:
        Milliseconds until the picture changed, for each press.
    """
    picture = area.locator(browser.PICTURE).first
    found = []
    for slider in area.locator(".noUi-handle:visible").all():
        there, back = "ArrowRight", "ArrowLeft"
        now, most = (
            float(slider.get_attribute(f"aria-value{end}"))
            for end in ("now", "max")
        )
        if now >= most:
            there, back = back, there
        slider.focus()
        # Each slider ends where it was: with the stride of another, a move
        # may change no pixel.
        way = [there, back]
        press = partial(browser.latencies, lab.page, picture, pause=REST)
        press(way, patience=PATIENCE)  # not counted
        found += press(way * (presses // 2), patience=PATIENCE)
    return found


def name(source: str) -> str:
    """Return what a cell's explorer is called."""
    return re.search(r"explorers\.(\w+)\(", source)[1]


def measure(options: argparse.Namespace) -> list[str]:
    """Print a row for each explorer; return what takes too long."""
    os.environ["COURSE_PROFILE"] = "quick"
    problems = []
    wanted = [number.zfill(2) for number in options.lectures]
    common.head(
        f"Key to pixels, with {options.students} other kernels computing",
        *("lecture", "explorer", "presses", "median ms", "95 of 100 within"),
        "slowest ms",
    )
    with tempfile.TemporaryDirectory() as folder, browser.chromium() as tab:
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            if wanted and path.name[:2] not in wanted:
                continue
            shutil.copy(path, folder)
            with browser.jupyterlab(Path(folder)) as server:
                lab = tab(server)
                lab.open(path.name)
                lab.run_all(600)
                assert not lab.errors(), lab.errors()
                with students(options.students):
                    problems += lecture(lab, path.name[:2], options.presses)
                assert not lab.complaints, lab.complaints
                lab.page.close()
    return problems


def lecture(lab: browser.Lab, number: str, presses: int) -> list[str]:
    """Print a row for each explorer of an open lecture."""
    problems = []
    for place in lab.find("explorers."):
        cell = lab.show(place)
        found = moves(lab, cell.locator(".jp-Cell-outputArea").first, presses)
        explorer = name(
            lab.page.evaluate("p => course.source(course.cells()[p])", place)
        )
        late = float(np.quantile(found, 0.95)) if found else 0.0
        common.row(
            number,
            explorer,
            len(found),
            *(f"{ms:.0f}" for ms in (np.median(found), late, max(found)))
            if found
            else ("", "", ""),
        )
        if late > SLOWEST and explorer not in TRAINED:
            problems.append(
                f"{explorer} of lecture {number} takes {late:.0f} ms, "
                f"expected at most {SLOWEST:.0f}."
            )
    return problems


def main() -> int:
    """Measure what is asked for, and return 1 if a picture is slow."""
    parser = common.parser(__doc__)
    parser.add_argument("lectures", nargs="*", help="such as 02; all if none")
    parser.add_argument(
        "--presses", type=common.count, default=20, help="for each slider (20)"
    )
    parser.add_argument(
        "--students", type=int, default=0, help="kernels that compute (0)"
    )
    options = parser.parse_args()
    return common.verdict(measure(options), options)


if __name__ == "__main__":
    sys.exit(main())
