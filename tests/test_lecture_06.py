"""The models of lecture 06 run on JAX, and its log holds what it says."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from tests.test_lectures import code_cells

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.graph import keras_util
from tensorboard.util import tensor_util

ROOT = Path(__file__).parents[1]
LECTURE = ROOT / "notebooks" / "06_keras_workflow.ipynb"


def cells() -> list[str]:
    """Return the cells of the lecture and its solutions, without checks."""
    return [
        "".join(cell["source"])
        for cell in code_cells(LECTURE)
        if "exercise" not in cell["metadata"].get("tags", [])
        and "check." not in "".join(cell["source"])
    ]


def needs_tensorflow(cell: str) -> bool:
    return "tf." in cell or "by_hand" in cell


def run(tmp_path: Path, program: str, **variables: str) -> str:
    """Run a program in a process of its own, and return what it prints."""
    path = tmp_path / "lecture.py"
    path.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(path)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(
                filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
            ),
            "PYTHONIOENCODING": "utf-8",
            "MPLBACKEND": "agg",
            **variables,
        },
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


FACTS = """
layer = MyDense_solution(3)
layer.build((5, 4))
print(keras.backend.backend(), layer.count_params())
print(dense_network().count_params(), len(list(logs.rglob("events*"))))
"""


def test_models_of_the_lecture_run_on_jax(tmp_path: Path) -> None:
    pure = [cell for cell in cells() if not needs_tensorflow(cell)]
    # Without the loop by hand, and what compares it with fit.
    assert len(cells()) - len(pure) == 2
    told = run(tmp_path, "\n\n".join([*pure, FACTS]), KERAS_BACKEND="jax")
    assert told.split()[-4:] == ["jax", "15", "101770", "1"]


@pytest.fixture(scope="module")
def log(
    tmp_path_factory: pytest.TempPathFactory,
) -> event_accumulator.EventAccumulator:
    """Train as the lecture does, and read what was written."""
    folder = tmp_path_factory.mktemp("log")
    words = ("import", "datasets.load", "fitting_loss =", "def dense_network")
    needed = [
        cell
        for cell in cells()
        if cell.startswith(words[0]) or any(word in cell for word in words[1:])
    ]
    (training,) = (cell for cell in cells() if "TensorBoard(" in cell)
    where = f"logs = Path({str(folder)!r})"
    # The lecture seeds before; without, its first asserted training may fail.
    seed = "keras.utils.set_random_seed(0)"
    training = training.replace(training.splitlines()[0], where)
    program = [needed[0], seed, *needed[1:], training]
    run(folder, "\n\n".join(program))
    found = event_accumulator.EventAccumulator(str(folder / "train"))
    return found.Reload()


def test_log_holds_the_curves(log: event_accumulator.EventAccumulator) -> None:
    losses = [
        float(tensor_util.make_ndarray(record.tensor_proto))
        for record in log.Tensors("epoch_loss")
    ]
    assert len(losses) == 3
    assert losses[0] > losses[1] > losses[2] > 0


def test_log_holds_histograms_of_all_weights(
    log: event_accumulator.EventAccumulator,
) -> None:
    names = [n for n in log.Tags()["tensors"] if n.endswith("/histogram")]
    sizes = []
    for name in names:
        (first, *_) = log.Tensors(name)
        bins = tensor_util.make_ndarray(first.tensor_proto)
        sizes.append(int(bins[:, 2].sum()))  # left end, right end, count
    assert sorted(sizes) == [10, 128, 1280, 100_352]


def test_log_holds_pictures_of_the_weights(
    log: event_accumulator.EventAccumulator,
) -> None:
    names = [n for n in log.Tags()["tensors"] if n.endswith("kernel/image")]
    sizes = []
    for name in names:
        (first, *_) = log.Tensors(name)
        png = tensor_util.make_ndarray(first.tensor_proto)[2]  # after its size
        image = Image.open(io.BytesIO(png))
        assert np.ptp(image) > 0
        sizes.append(sorted(image.size))
    assert sorted(sizes) == [[10, 128], [128, 784]]


def test_log_holds_the_graph(log: event_accumulator.EventAccumulator) -> None:
    (record,) = log.Tensors("keras")
    text = tensor_util.make_ndarray(record.tensor_proto).item().decode()
    graph = keras_util.keras_model_to_graph_def(json.loads(text))
    layers = [node.attr["keras_class"].s for node in graph.node]
    assert layers == [b"InputLayer", b"Flatten", b"Dense", b"Dense"]
    for before, node in pairwise(graph.node):
        assert list(node.input) == [before.name]
