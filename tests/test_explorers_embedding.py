"""The explorer of an embedding shows who is near whom, after every epoch."""

from __future__ import annotations

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
    click,
    drag,
    shared,
    shown,
)

import numpy as np
import pytest

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

NAMES = "abcdefghijklmnopqrstuvwxyz"
PATHS = np.cumsum(np.random.default_rng(0).normal(size=(200, 26, 2)), axis=0)


def make() -> Explorer:
    return explorers.embedding(PATHS, NAMES)


def small(paths: list) -> Explorer:
    return explorers.embedding(np.array(paths, float), "abc")


def boxes(explorer: Explorer) -> np.ndarray:
    """Return the middle of every box in units of the plane, a letter each."""
    page, plane = explorer.live.figure.axes
    found = [
        path.vertices[:4].mean(axis=0)
        for collection in page.collections
        for path in collection.get_paths()
        if len(path.vertices) == 5 and collection.get_zorder() >= 3
    ]
    pixels = page.transData.transform(np.array(found))
    return plane.transData.inverted().transform(pixels)


@pytest.mark.parametrize("epoch", [0, 60, 199])
def test_the_nearest_letters_are_told(epoch: int) -> None:
    explorer = shared(make)
    for letter in "aqz":
        readout = drag(explorer, epoch=epoch, letter=letter)
        mine = NAMES.index(letter)
        away = np.linalg.norm(PATHS[epoch] - PATHS[epoch, mine], axis=1)
        near = ", ".join(
            f"{NAMES[n]} at {away[n]:.2f}" for n in np.argsort(away)[1:4]
        )
        assert f"Epoch {epoch} of 199: nearest to {letter}: {near}." in readout
        way = np.linalg.norm(PATHS[epoch, mine] - PATHS[0, mine])
        come = re.search(r"come (\S+) from its start", readout).group(1)
        assert float(come) == pytest.approx(way, abs=0.005)


def test_letters_stand_at_their_numbers() -> None:
    explorer = shared(make)
    drag(explorer, epoch=120, letter="c")
    found = boxes(explorer)
    assert len(found) == 26
    expected = np.delete(PATHS[120], 2, axis=0)  # the chosen one is on top
    np.testing.assert_allclose(found[:-1], expected, atol=0.02)
    np.testing.assert_allclose(found[-1], PATHS[120, 2], atol=0.02)


def test_both_axes_have_one_scale() -> None:
    plane = shared(make).live.figure.axes[1]
    box = plane.get_window_extent()
    across = np.ptp(plane.get_xlim()) / box.width
    assert across == pytest.approx(np.ptp(plane.get_ylim()) / box.height)
    for size, limits in enumerate((plane.get_xlim(), plane.get_ylim())):
        assert limits[0] < PATHS[..., size].min()
        assert limits[1] > PATHS[..., size].max()


def test_a_click_chooses_a_letter() -> None:
    explorer = make()
    drag(explorer, epoch=199)
    click(explorer, 1, *PATHS[199, 7])
    assert explorer.values()["letter"] == "h"
    click(explorer, 0, 5, 5)  # nobody is there
    assert explorer.values()["letter"] == "h"


def test_a_space_has_a_sign() -> None:
    explorer = explorers.embedding(PATHS[:5, :2], "a ")
    assert "nearest to a: ␣ at" in explorer.readout


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300], ids=str)
def test_letters_without_a_place_are_told(wrong: float) -> None:
    explorer = small([[[0, 0], [3, 4], [1, 1]], [[0, wrong], [3, 4], [1, 0]]])
    readout = drag(explorer, epoch=1)
    assert readout == "Epoch 1 of 1: a has no place. Without a place: a."
    assert len(boxes(explorer)) == 2
    readout = drag(explorer, letter="b")
    assert "nearest to b: c at 4.47. It" in readout
    assert readout.endswith("Without a place: a.")


def test_all_in_one_place() -> None:
    readout = small([[[2, 2]] * 3]).readout
    assert "nearest to a: b at 0, c at 0." in readout


@pytest.mark.parametrize(
    ("paths", "names", "words"),
    [
        (np.zeros((4, 3)), "abc", r"shape \(4, 3\)"),
        (np.zeros((4, 3, 3)), "abc", r"shape \(4, 3, 3\)"),
        (np.zeros((0, 3, 2)), "abc", r"shape \(0, 3, 2\)"),
        (np.zeros((4, 3, 2)), "ab", "2 names for 3 letters"),
        (np.zeros((4, 3, 2)), "aba", "a name of its own"),
        (np.zeros((4, 1, 2)), "a", "at least 2"),
        (np.full((4, 3, 2), np.nan), "abc", "single finite"),
    ],
    ids=["2-D", "3 numbers", "none", "names", "twice", "one", "NaN"],
)
def test_what_does_not_fit_is_refused(
    paths: np.ndarray, names: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        explorers.embedding(paths, names)


def test_every_control_moves_the_picture_and_no_axes() -> None:
    assert_every_control_moves(make())
    assert_axes_stand_still(make())


def test_the_same_controls_give_the_same_picture() -> None:
    here = {"epoch": 0, "letter": "a"}
    assert_comes_back(make, {"epoch": 150, "letter": "x"}, here)


def test_a_notebook_stores_picture_and_words() -> None:
    explorer, _ = assert_made_alike(make)
    for epoch in (0, 199):
        drag(explorer, epoch=epoch)
        assert_caption_is_whole(explorer)
    play, epoch, letter = explorer.widget.children[0].children
    assert play.max == epoch.max == 199
    assert letter.description == "letter"
    assert shown(explorer)


def test_a_move_is_much_faster_than_a_full_drawing() -> None:
    assert_quick(make(), "epoch", range(10, 190, 15))
