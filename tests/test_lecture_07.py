"""The proof and the box of lecture 07 hold, wherever a training is killed."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.test_lectures import code_cells

import keras
import numpy as np
import pytest

(LECTURE,) = (Path(__file__).parents[1] / "notebooks").glob("07_*.ipynb")
# What the kill-and-resume proof is made of, in the order of the lecture.
PARTS = (
    *("import tempfile", "from course_utils import handwriting", "np.savez("),
    *("def network(", "def epoch(", "faulthandler", "subprocess.Popen"),
)


@pytest.fixture
def lecture() -> Iterator[dict]:
    """Run the cells of the proof; there is a folder with a training in it."""
    cells = ["".join(cell["source"]) for cell in code_cells(LECTURE)]
    names: dict = {}
    for part in PARTS:
        (cell,) = (cell for cell in cells if part in cell)
        tree = ast.parse(cell)
        # Pictures are drawn for the reader, not for the proof.
        tree.body = [
            node
            for node in tree.body
            if "plots." not in ast.unparse(node)
            or isinstance(node, ast.Import | ast.ImportFrom)
        ]
        exec(compile(tree, LECTURE.name, "exec"), names)
    yield names
    names["keep"].cleanup()


def test_killed_training_ends_where_an_undisturbed_one_ends(
    lecture: dict,
) -> None:
    run, work = lecture["run"], lecture["work"]
    (work / "unfinished.keras").write_bytes(b"PK\x03\x04 half a file")
    # In the moment of saving, and in the middle of an epoch.
    told = [*run("batch 2 29"), *run("batch 4 11"), *run()]
    assert set(told) <= set(lecture["losses"])
    assert told[-1] == lecture["losses"][-1]
    ended = keras.saving.load_model(work / "epoch-6.keras").get_weights()
    for ours, undisturbed in zip(
        ended, lecture["learner"].get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, undisturbed)


def test_the_box_on_large_data_runs(lecture: dict) -> None:
    cells = json.loads(LECTURE.read_text(encoding="utf-8"))["cells"]
    (text,) = (
        text
        for text in map("".join, (cell["source"] for cell in cells))
        if "In a box" in text
    )
    lecture["in_folder"] = sorted(
        path.name for path in lecture["work"].glob("*.png")
    )
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], lecture)
    pictures, labels = map(
        np.concatenate,
        zip(*lecture["pipeline"].as_numpy_iterator(), strict=True),
    )
    assert pictures.shape == (300, 28, 28, 1)
    assert pictures.max() == 1
    for name, picture, label in zip(
        lecture["in_folder"], pictures, labels, strict=True
    ):
        number = int(name.removesuffix(".png"))
        assert label == lecture["y"][number]
        np.testing.assert_allclose(
            picture[..., 0] * 255, lecture["x"][number], atol=1e-4
        )
    for record, picture, label in zip(
        lecture["bytes_of"], lecture["x"], lecture["y"], strict=True
    ):
        np.testing.assert_array_equal(record, [label, *picture.ravel()])
