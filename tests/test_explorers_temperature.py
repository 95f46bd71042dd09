"""The explorer of temperature shows probabilities, entropy and texts."""

from __future__ import annotations

import math
import re

from course_utils import explorers
from course_utils.explorers import Explorer
from tests.explored import (
    assert_axes_stand_still,
    assert_caption_is_whole,
    assert_comes_back,
    assert_every_control_moves,
    assert_made_alike,
    assert_quick,
    drag,
    shared,
)

import numpy as np
import pytest

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

NAMES = "abcdefghijklmnopqrstuvwxyz .,\n"
SCORES = 2 * np.random.default_rng(0).normal(size=30)


def make() -> Explorer:
    return explorers.temperature(SCORES, NAMES)


def softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max())
    return e / e.sum()


def heights(explorer: Explorer) -> np.ndarray:
    """Return the heights of the moving bars in percent."""
    page, axes = explorer.live.figure.axes
    bars = next(c for c in page.collections if c.get_zorder() == 2)
    tops = [path.vertices[:, 1].min() for path in bars.get_paths()]
    pixels = page.transData.transform([(0, y) for y in tops])
    return axes.transData.inverted().transform(pixels)[:, 1]


@pytest.mark.parametrize("temperature", [0.1, 0.7, 1.0, 2.95, 1e9])
def test_bars_and_entropy_are_those_of_softmax(temperature: float) -> None:
    explorer = shared(make)
    readout = drag(explorer, temperature=temperature)
    chances = softmax(SCORES / temperature)
    np.testing.assert_allclose(
        heights(explorer), 100 * np.sort(chances)[::-1], atol=1e-9
    )
    bits = -np.sum(chances * np.log2(np.maximum(chances, 1e-300)))
    assert f"Entropy {bits:.2f} of at most {math.log2(30):.2f}" in readout
    alike = re.search(r"as uncertain as (\S+) letters", readout).group(1)
    assert float(alike) == pytest.approx(2**bits, abs=0.06)
    first = NAMES[SCORES.argmax()]
    assert f": {first} {100 * chances.max():.0f} %, " in readout


def test_at_temperature_zero_the_next_letter_is_certain() -> None:
    explorer = shared(make)
    readout = drag(explorer, temperature=0)
    assert "100 %" in readout
    assert "Entropy 0.00" in readout
    assert readout.endswith("the next letter is certain.")
    np.testing.assert_allclose(heights(explorer), [100, *[0] * 29], atol=1e-9)


@pytest.mark.parametrize("wrong", [-0.1, np.nan, np.inf], ids=str)
def test_temperatures_that_there_are_not(wrong: float) -> None:
    explorer = explorers.temperature([1, 2], "ab", lambda t: "text")
    before = explorer.readout
    assert "There is no temperature" in drag(explorer, temperature=wrong)
    explorer.run()
    assert "There is no temperature" in explorer.readout
    assert drag(explorer, temperature=1) == before


def test_the_button_writes_and_keeps_three_texts() -> None:
    explorer = explorers.temperature(
        [1, 2, 0], "ab ", lambda t: f"<i>at {t}</i>\n" + "a" * 99
    )
    assert explorer.button.description == "Write"
    page = explorer.widget.children[-1]
    for temperature in (0, 0.5, 1, 2):
        drag(explorer, temperature=temperature)
        explorer.button.click()
        wrote = f"It wrote: “<i>at {float(temperature)}</i>↵aaa"
        assert wrote in explorer.readout
        assert explorer.readout.endswith("a…”")
    found = re.findall(r"temperature (\S+)</b>", page.value)
    assert found == ["2", "1", "0.5"]
    assert "&lt;i&gt;at 2.0&lt;/i&gt;\naaa" in page.value
    assert_caption_is_whole(explorer)


def test_a_text_of_a_whole_book_is_cut() -> None:
    explorer = explorers.temperature([1, 2], "ab", lambda t: "a" * 10**6)
    explorer.run()
    assert len(explorer.widget.children[-1].value) < 3000


@pytest.mark.parametrize(
    ("result", "words"),
    [(None, "write returned NoneType"), (1 / 3, "write returned float")],
    ids=["none", "number"],
)
def test_what_is_no_text_is_told(result: object, words: str) -> None:
    explorer = explorers.temperature([1, 2], "ab", lambda t: result)
    explorer.button.click()
    assert f"This raised ValueError: {words}" in explorer.readout
    assert not explorer.button.disabled


def test_without_a_function_there_is_no_button() -> None:
    assert make().button is None
    with pytest.raises(ValueError, match="nothing to run"):
        make().run()


def test_of_many_letters_the_likeliest_are_drawn() -> None:
    explorer = explorers.temperature(
        np.arange(50.0), [f"n{i}" for i in range(50)]
    )
    assert len(heights(explorer)) == 30
    assert "30 most likely of 50" in explorer.live.figure.axes[1].get_xlabel()
    assert "n49" in explorer.readout
    assert "at most 5.64 bits" in explorer.readout


@pytest.mark.parametrize(
    ("scores", "names", "words"),
    [
        ([1, 2, 3], "ab", "2 names for 3 scores"),
        ([1, np.nan], "ab", "finite"),
        ([1, np.inf], "ab", "finite"),
        ([[1, 2]], "ab", r"shape \(1, 2\)"),
        ([1], "a", r"shape \(1,\)"),
    ],
    ids=["names", "NaN", "infinite", "two axes", "one"],
)
def test_what_does_not_fit_is_refused(
    scores: list, names: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        explorers.temperature(scores, names)


def test_the_control_moves_the_picture_and_no_axes() -> None:
    assert_every_control_moves(make())
    assert_axes_stand_still(make())
    assert_comes_back(make, {"temperature": 0.3}, {"temperature": 1.0})


def test_a_notebook_stores_picture_and_words() -> None:
    explorer, _ = assert_made_alike(make)
    for temperature in (0.05, 3, -1):
        drag(explorer, temperature=temperature)
        assert_caption_is_whole(explorer)


def test_a_move_is_much_faster_than_a_full_drawing() -> None:
    assert_quick(make(), "temperature", np.linspace(0.2, 2.8, 12).tolist())
