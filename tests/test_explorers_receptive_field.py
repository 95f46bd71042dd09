"""The receptive field explorer shows all that a unit sees.

The oracle is impulses that are sent through a stack of layers.
"""

from __future__ import annotations

import re

from course_utils import explorers, inspection, scratch
from course_utils.explorers import Explorer
from course_utils.explorers.receptive_field import SIZES, STRIDES, UNITS, _paths
from tests.explored import (
    assert_axes_stand_still,
    assert_caption_is_whole,
    assert_every_control_moves,
    assert_made_alike,
    drag,
    shared,
)

import numpy as np
import pytest

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")


def make() -> Explorer:
    return explorers.receptive_field()


def seen_of(stack: list[tuple[int, int]], unit: int) -> tuple[int, np.ndarray]:
    """Send an impulse from every pixel; return which reach the unit."""
    size = UNITS
    for kernel, stride in reversed(stack):
        size = (size - 1) * stride + kernel
    x = np.eye(size)[..., None, None]  # one picture, size × 1, per pixel
    for kernel, stride in stack:
        x = scratch.conv2d(x, np.ones((kernel, 1, 1, 1)))[:, ::stride]
    assert x.shape == (size, UNITS, 1, 1)
    return size, x[:, unit - 1, 0, 0]


def stacks(count: int) -> list[list[tuple[int, int]]]:
    rng = np.random.default_rng(0)
    return [
        [
            (int(rng.choice(SIZES)), int(rng.choice(STRIDES)))
            for _ in range(rng.integers(1, 5))
        ]
        for _ in range(count)
    ]


def put(explorer: Explorer, stack: list[tuple[int, int]], unit: int) -> str:
    sizes = {}
    for n, (kernel, stride) in enumerate(stack, start=1):
        sizes |= {f"kernel{n}": kernel, f"stride{n}": stride}
    explorer.set(layers=len(stack), unit=unit, **sizes)
    return explorer.readout


@pytest.mark.parametrize("seed", range(12))
def test_it_sees_what_impulses_reach(seed: int) -> None:
    stack = stacks(12)[seed]
    explorer = shared(make)
    for unit in (1, 3, 5):
        readout = put(explorer, stack, unit)
        size, ways = seen_of(stack, unit)
        (seen,) = np.nonzero(ways)
        field = inspection.receptive_field(stack)
        assert f"of {size}, a field of 1" in readout
        word = (
            f"pixels {seen[0]} to {seen[-1]} of"
            if seen[-1] > seen[0]
            else f"pixel {seen[0]} of"
        )
        assert f"Unit {unit} of 5 sees {word}" in readout
        assert seen[-1] - seen[0] + 1 == field.size
        assert f"Jump {field.jump}:" in readout
        assert ("skip" in readout) == (len(seen) < field.size)
        np.testing.assert_array_equal(_paths(stack, unit - 1)[0], ways)
        sums = re.search(r"a field of ([\d +·]+)", readout).group(1)
        total = eval(sums.replace("·", "*"))
        assert total == field.size


def test_two_threes_see_what_one_five_sees() -> None:
    explorer = shared(make)
    threes = put(explorer, [(3, 1), (3, 1)], 3)
    five = put(explorer, [(5, 1)], 3)
    assert "pixels 2 to 6 of 9, a field of 1 + 2 · 1 + 2 · 1 = 5" in threes
    assert "pixels 2 to 6 of 9, a field of 1 + 4 · 1 = 5" in five


def test_layers_that_do_not_count_cannot_be_changed() -> None:
    explorer = make()
    drag(explorer, layers=3)
    off = [
        n
        for n in range(1, 7)
        if explorer.controls[f"kernel{n}"].disabled
        and explorer.controls[f"stride{n}"].disabled
    ]
    assert off == [4, 5, 6]


def test_it_begins_with_the_layers_that_are_given() -> None:
    explorer = explorers.receptive_field([(7, 2), (3, 1)])
    assert explorer.values()["layers"] == 2
    assert "a field of 1 + 6 · 1 + 2 · 2 = 11" in explorer.readout


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([], "0 layers"),
        ([(3, 1)] * 7, "7 layers"),
        ([(3, 1), (4, 1)], r"\(4, 1\)"),
        ([(3, 3)], r"\(3, 3\)"),
        ([(3, 1, 2)], r"\(3, 1, 2\)"),
    ],
    ids=["none", "seven", "even", "stride 3", "dilated"],
)
def test_layers_that_cannot_be_chosen_are_refused(
    layers: list, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        explorers.receptive_field(layers)


def test_everything_is_inside_of_the_picture() -> None:
    explorer = shared(make)
    page = explorer.live.figure.axes[0]
    width, height = 100 * explorer.live.figure.get_size_inches()
    for stack in ([(7, 2)] * 6, [(1, 1)], [(7, 1)] * 6, [(1, 2)] * 6):
        put(explorer, stack, 5)
        for found in page.collections[:2]:  # the others hold words
            for path in found.get_paths():
                x, y = path.vertices.T
                assert x.min() >= 0 and x.max() <= width
                assert y.min() >= 0 and y.max() <= height


def test_axes_stand_still() -> None:
    assert_axes_stand_still(make())


def test_every_control_moves_the_picture() -> None:
    assert_every_control_moves(explorers.receptive_field([(3, 1)] * 5))


def test_a_notebook_stores_picture_and_words() -> None:
    explorer, _ = assert_made_alike(make)
    assert_caption_is_whole(explorer)
    for stack in ([(7, 2)] * 6, [(1, 2)] * 5 + [(7, 2)]):
        put(explorer, stack, 5)
        assert_caption_is_whole(explorer)
