"""The explorer of gradients tells what vanishes, explodes and arrives."""

from __future__ import annotations

from collections.abc import Callable

from course_utils import explorers
from course_utils.explorers import Explorer
from tests.explored import (
    assert_caption_is_whole,
    assert_comes_back,
    assert_every_control_moves,
    assert_made_alike,
    assert_quick,
    drag,
    limits,
    shared,
)

import numpy as np
import pytest

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")


def powers(radius: float, steps: int) -> np.ndarray:
    """Return the norms of a network of one unit without a tanh."""
    return radius ** np.arange(1, steps + 1)


def make() -> Explorer:
    return explorers.gradient_distance(powers)


def drawn(explorer: Explorer, style: str) -> np.ndarray:
    """Return what the moving line with a marker or a style goes through."""
    axes = explorer.live.figure.axes[0]
    (line,) = (
        artist
        for artist in axes.lines
        if artist.get_animated()
        and style in (artist.get_marker(), artist.get_linestyle())
    )
    return np.array(line.get_data())


@pytest.mark.parametrize(
    ("radius", "told", "ends"),
    [
        (0.5, "multiplies it by 0.500 on average: it halves every 1.0", "van"),
        (0.9, "10 back 0.349, 40 back 0.0148. A step multiplies", "arrives."),
        (1.0, "multiplies it by 1.000 on average. It", "arrives."),
        (1.2, "it doubles every 3.8 steps", "explodes."),
        (0.0, "It is exactly 0 at d = 1. It", "vanishes."),
        (1e300, "It is infinite at d = 2. It", "explodes."),
    ],
    ids=["half", "below", "one", "above", "zero", "infinite"],
)
def test_a_radius_vanishes_arrives_or_explodes(
    radius: float, told: str, ends: str
) -> None:
    readout = drag(shared(make), radius=radius)
    assert told in readout
    assert ends in readout.split()[-1]


def test_lines_are_the_norms_and_the_powers() -> None:
    explorer = explorers.gradient_distance(
        lambda radius, steps: 0.9 * powers(radius, steps), 12
    )
    drag(explorer, radius=0.8)
    back = np.arange(1, 13)
    np.testing.assert_allclose(drawn(explorer, "o"), [back, 0.9 * 0.8**back])
    np.testing.assert_allclose(drawn(explorer, "--"), [back, 0.8**back])


def test_what_is_beyond_stands_at_the_edge() -> None:
    explorer = shared(make)
    ((_, _, low, high),) = limits(explorer)
    drag(explorer, radius=3)
    back = np.arange(1, 41)
    assert drawn(explorer, "^")[0].tolist() == back[3.0**back > high].tolist()
    assert not drawn(explorer, "v").size
    drag(explorer, radius=0)
    assert (drawn(explorer, "v")[1] == low).all()
    assert drawn(explorer, "v").shape == (2, 40)
    assert limits(explorer)[0][2:] == (low, high)


def test_what_is_no_number_is_told() -> None:
    def norms(radius: float, steps: int) -> np.ndarray:
        return np.where(np.arange(steps) % 4, radius, np.nan)

    readout = explorers.gradient_distance(norms).readout
    assert "Not a number at 10 of 40 distances." in readout


@pytest.mark.parametrize("radius", [-1, np.nan, np.inf], ids=str)
def test_radii_that_there_are_not(radius: float) -> None:
    explorer = make()
    before = explorer.readout
    assert "There is no spectral radius" in drag(explorer, radius=radius)
    assert drag(explorer, radius=0.9) == before


@pytest.mark.parametrize(
    ("norms", "steps", "words"),
    [
        (powers, 1, "steps is 1"),
        (lambda r, n: powers(r, n - 1), 40, r"shape \(39,\)"),
        (lambda r, n: -powers(r, n), 40, "no length is negative"),
    ],
    ids=["steps", "shape", "negative"],
)
def test_what_does_not_fit_is_refused(
    norms: Callable, steps: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        explorers.gradient_distance(norms, steps)


def test_the_control_moves_the_picture() -> None:
    assert_every_control_moves(make())
    assert_comes_back(make, {"radius": 1.3}, {"radius": 0.9})


def test_a_notebook_stores_picture_and_words() -> None:
    explorer, _ = assert_made_alike(make)
    for radius in (0.9, 1e300, 0.001234567, -1):
        drag(explorer, radius=radius)
        assert_caption_is_whole(explorer)


def test_a_move_is_much_faster_than_a_full_drawing() -> None:
    assert_quick(make(), "radius", np.linspace(0.6, 1.4, 12).tolist())
