"""The validation of notebooks can fail, each time for the right reason.

A small notebook is run once.  Copies of it, each with one thing wrong, are
then validated in one pytest process, in a project that consists of the
course's own settings and plugin.
"""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

from tests import pictures, validation

import nbclient
import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode, v4
from PIL import Image

ROOT = Path(__file__).parents[1]
CELLS = {
    "imports": """
import base64, io
import matplotlib.pyplot as plt
import numpy as np
rng = np.random.default_rng(116)
""",
    "formula": """
def loss(w):
    return (w + 1) ** 2
loss(5.0)
""",
    "random": "rng.normal(size=3).round(4)",
    "printed": "print('a line on stdout')",
    "picture": """
figure, ax = plt.subplots(figsize=(6, 3.5))
w = np.linspace(-7, 5, 100)
ax.plot(w, loss(w))
_ = ax.set_title("Loss 0.2224")
""",
    "explorer": """
class Explorer:
    def __repr__(self):
        return f"Explorer(value={loss(1.0)})"
    def _repr_mimebundle_(self, **kwargs):
        stream = io.BytesIO()
        figure.savefig(stream)
        data = base64.b64encode(stream.getvalue()).decode()
        return {"text/plain": repr(self), "image/png": data}
Explorer()
""",
    "ignored": """
import time
print(time.perf_counter_ns())
figure
""",
    "band": "assert time.perf_counter_ns() > 0",
}


def tiny_notebook() -> NotebookNode:
    """Make the notebook and run it."""
    nb = v4.new_notebook()
    nb.cells = [
        v4.new_code_cell(text.strip(), id=name) for name, text in CELLS.items()
    ]
    cell(nb, "ignored").metadata.tags = ["nbval-ignore-output"]
    nbclient.NotebookClient(nb, timeout=60, record_timing=False).execute()
    return nb


def cell(nb: NotebookNode, name: str) -> NotebookNode:
    """Return the cell with this id."""
    return next(c for c in nb.cells if c.id == name)


def png(nb: NotebookNode, name: str) -> str:
    """Return the picture stored in a cell."""
    return cell(nb, name).outputs[-1].data["image/png"]


def set_png(nb: NotebookNode, name: str, data: str) -> None:
    """Replace the picture stored in a cell."""
    cell(nb, name).outputs[-1].data["image/png"] = data


def encode(pixels: np.ndarray) -> str:
    """Turn RGB values into base64 PNG data."""
    stream = io.BytesIO()
    Image.fromarray(pixels.round().astype("uint8")).save(stream, "png")
    return base64.b64encode(stream.getvalue()).decode()


def garbage() -> str:
    """Return data that is no picture."""
    return base64.b64encode(b"this is no picture").decode()


def change_stored_text(nb: NotebookNode) -> None:
    """Store another number than the cell gives."""
    data = cell(nb, "formula").outputs[0].data
    assert data["text/plain"] == "36.0"
    data["text/plain"] = "36.5"


def change_stored_stream(nb: NotebookNode) -> None:
    """Store another text than the cell prints."""
    cell(nb, "printed").outputs[0].text = "another line\n"


def change_explorer_state(nb: NotebookNode) -> None:
    """Store another state than the explorer starts in."""
    data = cell(nb, "explorer").outputs[0].data
    data["text/plain"] = data["text/plain"].replace("4.0", "4.1")


def shift_picture(nb: NotebookNode) -> None:
    """Store the picture shifted by one pixel."""
    pixels = pictures.decode(png(nb, "picture"))
    set_png(nb, "picture", encode(np.roll(pixels, 1, axis=1)))


def small_picture(nb: NotebookNode) -> None:
    """Store a picture of another size."""
    pixels = pictures.decode(png(nb, "picture"))
    set_png(nb, "picture", encode(pixels[:-1]))


def garbage_picture(nb: NotebookNode) -> None:
    """Store something that is no picture at all."""
    set_png(nb, "picture", garbage())


def cut_off_picture(nb: NotebookNode) -> None:
    """Store the first half of a picture."""
    raw = base64.b64decode(png(nb, "explorer"))
    half = raw[: len(raw) // 2]
    set_png(nb, "explorer", base64.b64encode(half).decode())


def missing_picture(nb: NotebookNode) -> None:
    """Keep the text of an output and drop its picture."""
    del cell(nb, "explorer").outputs[0].data["image/png"]


def replace_source(name: str, old: str, new: str) -> Callable:
    """Return a function that changes what a cell computes."""

    def change(nb: NotebookNode) -> None:
        target = cell(nb, name)
        assert old in target.source
        target.source = target.source.replace(old, new)

    return change


def remove_outputs(nb: NotebookNode) -> None:
    """Clear every output, as an editor's menu does."""
    for target in nb.cells:
        target.outputs, target.execution_count = [], None


def change_ignored_cell(nb: NotebookNode) -> None:
    """Store other things in the one cell that is not compared."""
    cell(nb, "ignored").outputs[0].text = "0\n"
    set_png(nb, "ignored", garbage())


STORED = "stored outputs"
# What is wrong, which items go red for it, and what the first one says.
CASES = {
    "good": (lambda nb: None, [], ""),
    "ignored": (change_ignored_cell, [], ""),
    "text": (change_stored_text, ["Cell 1"], "mismatch 'text/plain'"),
    "stream": (change_stored_stream, ["Cell 3"], "mismatch 'stdout'"),
    "state": (change_explorer_state, ["Cell 5"], "mismatch 'text/plain'"),
    "picture": (shift_picture, ["Cell 4"], "picture 1: RMS difference"),
    "size": (small_picture, ["Cell 4"], "pixels, now"),
    "garbage": (garbage_picture, ["Cell 4"], "picture cannot be decoded"),
    "half": (cut_off_picture, ["Cell 5"], "picture cannot be decoded"),
    "missing": (missing_picture, ["Cell 5"], "0 picture(s) stored, but"),
    "seed": (
        replace_source("imports", "116", "117"),
        ["Cell 2"],
        "mismatch 'text/plain'",
    ),
    "formula": (
        replace_source("formula", "+ 1", "- 1"),
        ["Cell 1", "Cell 4", "Cell 5"],
        "mismatch 'text/plain'",
    ),
    "title": (
        replace_source("picture", "0.2224", "0.2225"),
        ["Cell 4", "Cell 5"],
        "RMS difference",
    ),
    "removed": (remove_outputs, [STORED], "never run, no output stored"),
}


@dataclass
class Run:
    """What one run of pytest over all copies said."""

    failures: dict[str, dict[str, str]]
    printed: str


def copy_settings(project: Path) -> None:
    """Make a folder a project with the course's own settings and plugin."""
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, project)
    (project / "tests").mkdir()
    for name in ("__init__.py", "validation.py", "pictures.py", "sanitize.cfg"):
        shutil.copy(ROOT / "tests" / name, project / "tests")
    for name in ("rules", "guard"):
        shutil.copytree(ROOT / "tests" / name, project / "tests" / name)
    (project / "notebooks").mkdir()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Validate the notebook and its spoilt copies with the real settings."""
    project = tmp_path_factory.mktemp("project")
    copy_settings(project)
    good = tiny_notebook()
    for name, (change, _, _) in CASES.items():
        nb = deepcopy(good)
        change(nb)
        nbformat.write(nb, project / "notebooks" / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "notebooks", "--color=no"]
    command += ["-n2", "--dist=loadfile", "--junitxml=report.xml"]
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, (
        done.stdout + done.stderr
    )
    failures: dict[str, dict[str, str]] = {name: {} for name in CASES}
    for case in ElementTree.parse(project / "report.xml").iter("testcase"):
        notebook = case.get("classname", "").split(".")[1]
        for bad in [*case.findall("failure"), *case.findall("error")]:
            failures[notebook][case.get("name", "")] = bad.text or ""
    return Run(failures, done.stdout)


@pytest.mark.parametrize("name", CASES)
def test_spoilt_notebook_is_red_for_the_right_reason(
    name: str, run: Run
) -> None:
    _, expected, reason = CASES[name]
    found = run.failures[name]
    assert list(found) == expected
    if expected:
        assert reason in found[expected[0]]


def test_both_pictures_are_kept_and_named(run: Run) -> None:
    text = run.failures["picture"]["Cell 4"]
    assert "Cell 4 of picture.ipynb" in text
    paths = re.search(r"see (.+\.png) and (.+\.png)", text)
    assert paths, text
    for path in paths.groups():
        with Image.open(path) as picture:
            assert picture.size > (400, 200)


def test_table_counts_what_was_compared(run: Run) -> None:
    row = re.search(r"^good .*$", run.printed, re.MULTILINE)
    assert row, run.printed
    seconds, compared, ignored, drawn, size = row.group().split()[1:]
    assert 0 < float(seconds) < 60
    assert (int(compared), int(ignored), int(drawn)) == (7, 1, 2)
    assert int(size) > 10


def test_what_is_not_run_is_said(run: Run) -> None:
    assert "Not run: the browser tests" in run.printed


def test_slow_lecture_turns_the_run_red() -> None:
    table = validation.LectureTable(SimpleNamespace())
    session = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    table.rows = {"quick.ipynb": validation.Row(seconds=59)}
    table.pytest_sessionfinish(session)
    assert session.exitstatus == pytest.ExitCode.OK
    table.rows["slow.ipynb"] = validation.Row(seconds=61)
    table.pytest_sessionfinish(session)
    assert session.exitstatus == pytest.ExitCode.TESTS_FAILED
    assert table.slow == ["slow.ipynb"]


def test_transparent_picture_is_compared_on_white() -> None:
    clear = np.zeros((4, 4, 4), dtype="uint8")
    stream = io.BytesIO()
    Image.fromarray(clear).save(stream, "png")
    data = base64.b64encode(stream.getvalue()).decode()
    assert pictures.decode(data).min() == 255
