"""The explorer of a word shows what a network does at every step.

The oracle is the recurrence written out for one letter after the other.
"""

from __future__ import annotations

from collections.abc import Callable

from course_utils import explorers
from course_utils.explorers import Explorer
from tests.explored import (
    assert_caption_is_whole,
    assert_made_alike,
    assert_quick,
    click,
    drag,
    limits,
    shared,
    shown,
)

import numpy as np
import pytest

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

LONG = "abcdefghijklmnopqrstuvwxyz .,\n"


def network(letters: int, units: int) -> Callable:
    rng = np.random.default_rng(2)
    wx, wh = rng.normal(size=(letters, units)), rng.normal(size=(units, units))
    wy = rng.normal(size=(units, letters))

    def cell(x: np.ndarray, h: np.ndarray | None) -> tuple:
        h = np.tanh(x @ wx + (0 if h is None else h @ wh))
        e = np.exp(h @ wy)
        return h, e / e.sum()

    return cell


CELL = network(5, 3)


def make() -> Explorer:
    return explorers.unrolled(CELL)


def make_long() -> Explorer:
    return explorers.unrolled(network(30, 64), "a cat sat on a mat, ", LONG)


def test_a_step_tells_input_memory_and_output() -> None:
    explorer = shared(make)
    drag(explorer, text="abcd")
    memory = None
    for step, letter in enumerate("abcd", start=1):
        before = memory
        memory, output = CELL(np.eye(5)["abcde".index(letter)], memory)
        readout = drag(explorer, step=step).replace("−", "-")
        assert f"Step {step} of 4: in goes '{letter}'" in readout
        assert ", ".join(f"{n:z.2f}" for n in memory) in readout
        if before is not None:
            assert ", ".join(f"{n:z.2f}" for n in before) in readout
        best = "abcde"[output.argmax()]
        assert f"'{best}' {100 * output.max():.0f} %" in readout
        after = "abcd"[step : step + 1]
        assert ("goes on with" in readout) == bool(after)
        assert f"goes on with '{after}'" in readout or not after


def test_the_picture_shows_every_memory() -> None:
    explorer = shared(make)
    drag(explorer, text="edcba")
    memory = None
    (heat,) = explorer.live.figure.axes[1].artists
    for step, letter in enumerate("edcba"):
        memory, _ = CELL(np.eye(5)["abcde".index(letter)], memory)
        # The memory begins 118 pixels below the output.
        x, y = round((step + 0.2) * 388 / 5) + 2, [130, 180, 230]
        colours = heat.colours[y, x].astype(int)
        # Orange has more red than blue, and blue the other way round.
        assert (np.sign(colours[:, 0] - colours[:, 2]) == np.sign(memory)).all()


def test_a_letter_from_elsewhere_loses_nothing() -> None:
    explorer = make()
    drag(explorer, text="ace", step=3)
    before = shown(explorer)
    readout = drag(explorer, text="acex")
    assert readout == (
        "The letter 'x' is not in the alphabet 'abcde'. "
        "The picture still shows 'ace'."
    )
    assert shown(explorer) == before
    assert explorer.values() == {"text": "acex", "step": 3}
    assert "Step 3 of 4: in goes 'e'" in drag(explorer, text="aced")


@pytest.mark.parametrize("word", ["", "a" * 21], ids=["empty", "too long"])
def test_words_for_which_there_is_no_room(word: str) -> None:
    readout = drag(make(), text=word)
    assert f"{len(word)} letters, expected 1 to 20" in readout


def test_a_shorter_word_ends_earlier() -> None:
    explorer = make()
    drag(explorer, step=4)
    assert "Step 2 of 2" in drag(explorer, text="ba")
    assert explorer.controls["step"].max == 2


def test_a_click_chooses_a_step() -> None:
    explorer = make()
    click(explorer, 0, 106 + 2.5 * 96, 230)
    assert explorer.values()["step"] == 3
    click(explorer, 0, 640, 230)
    assert explorer.values()["step"] == 3


def test_a_cell_may_write_into_its_memory() -> None:
    def cell(x: np.ndarray, h: np.ndarray | None) -> tuple:
        h = np.zeros(1) if h is None else h
        h += 0.25
        return h, x

    readout = drag(explorers.unrolled(cell, "aaa"), step=3)
    assert "Memory [0.75], before [0.50]" in readout


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e308], ids=str)
@pytest.mark.parametrize("units", [2, 20])
def test_numbers_that_are_none_are_told(wrong: float, units: int) -> None:
    explorer = explorers.unrolled(
        lambda x, h: (np.full(units, wrong), np.full(5, wrong)), "ab"
    )
    readout = drag(explorer, step=2)
    told = "no probabilities" if wrong == 1e308 else "not finite for 5 letters"
    assert told in readout
    assert str(wrong).replace("-", "−") in readout or "20 units" in readout


def test_logits_are_told_from_probabilities() -> None:
    explorer = explorers.unrolled(lambda x, h: (x, 3 * x - 1), "ab")
    assert "no probabilities: from −1 to 2, with the sum −2" in explorer.readout


@pytest.mark.parametrize(
    ("cell", "text", "alphabet", "words"),
    [
        (CELL, "abx", "abcde", "'x' is not in the alphabet"),
        (CELL, "", "abcde", "0 letters"),
        (CELL, "ab", "abcda", "every letter once"),
        (lambda x, h: x, "ab", "abc", "expected two arrays"),
        (lambda x, h: (x[None], x), "ab", "abc", r"memory of shape \(1, 3\)"),
        (lambda x, h: (x, x[:2]), "ab", "abc", r"output of shape \(2,\)"),
    ],
    ids=["letter", "empty", "twice", "one", "memory", "output"],
)
def test_what_does_not_fit_is_refused(
    cell: Callable, text: str, alphabet: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        explorers.unrolled(cell, text, alphabet)


def test_a_notebook_stores_picture_and_words() -> None:
    for made in (make, make_long):
        explorer, _ = assert_made_alike(made)
        before = limits(explorer)
        for step in (2, len(explorer.values()["text"]) - 1):
            drag(explorer, step=step)
            assert_caption_is_whole(explorer)
        assert limits(explorer) == before


def test_the_same_word_gives_the_same_picture() -> None:
    explorer = make()
    before = shown(explorer)
    explorer.set(text="ba", step=2)
    assert shown(explorer) != before
    explorer.set(text="abcd", step=1)
    assert shown(explorer) == before


def test_a_move_is_much_faster_than_a_full_drawing() -> None:
    assert_quick(make_long(), "step", [1 + n % 20 for n in range(12)])
