"""The explorers of lecture 01 compute and say what NumPy does."""

from __future__ import annotations

import random

from course_utils import explorers
from course_utils.explorers import tensors

import numpy as np
import pytest

BLOCK = np.array(
    [
        [[8, 6, 5, 2], [3, 0, 0, 0], [1, 8, 6, 9]],
        [[5, 6, 9, 7], [6, 5, 5, 9], [2, 8, 6, 0]],
    ]
)


def random_shapes() -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Make pairs of shapes, about half of which fit."""
    draw = random.Random(1)
    pairs = []
    for _ in range(2000):
        sizes = draw.choice([(1, 2), (1, 3, 3), (0, 1, 4), (2, 3)])
        one, other = (
            tuple(draw.choice(sizes) for _ in range(draw.randint(0, 6)))
            for _ in range(2)
        )
        pairs.append((one, other))
    return pairs


# Broadcasting


def test_shapes_combine_as_in_numpy() -> None:
    fitting = 0
    for one, other in random_shapes():
        sizes, result = tensors.align(one, other)
        try:
            expected = np.broadcast_shapes(one, other)
        except ValueError:
            assert tensors.CLASH in result, (one, other)
            continue
        fitting += 1
        assert tuple(result) == expected
        assert tuple(sizes[0][sizes[0] != tensors.MISSING]) == one
    assert 300 < fitting < 1900


def test_explorer_says_what_numpy_says() -> None:
    explorer = explorers.broadcasting()
    for one, other in random_shapes()[:150]:
        explorer.set(first=str(one), second=", ".join(map(str, other)))
        try:
            expected = np.broadcast_shapes(one, other)
        except ValueError:
            assert "do not fit" in explorer.readout
        else:
            assert f"give {expected}:" in explorer.readout


def test_advice_is_right() -> None:
    proposals = 0
    for one, other in random_shapes():
        text = tensors._advice(one, other)
        if tensors.CLASH in tensors.align(one, other)[1] and "as (" in text:
            proposals += 1
            shape = tensors.parse_shape(text.split(" as ")[1].split(":")[0])
            short, long = sorted((one, other), key=len)
            np.broadcast_shapes(shape, long)
            assert sorted(n for n in shape if n != 1) == sorted(
                n for n in short if n != 1
            )
    assert proposals > 100


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("4, 1, 3", (4, 1, 3)),
        (" (5,) ", (5,)),
        ("[2 3]", (2, 3)),
        ("", ()),
        ("()", ()),
        ("0", (0,)),
        ("4，1，3", (4, 1, 3)),
        ("4 × 3", (4, 3)),
        ("7,", (7,)),
    ],
)
def test_shapes_are_read(text: str, shape: tuple[int, ...]) -> None:
    assert tensors.parse_shape(text) == shape


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("4, x, 3", "“x” is no whole number"),
        ("2.5", "“2.5” is no whole number"),
        ("4,,3", "missing between two commas"),
        (",", ""),
        ("3, -1", "-1 is negative"),
        ("1" * 30, "at most 99,999"),
        ("1,1,1,1,1,1,1", "room for 6 axes"),
        ("None", "no whole number"),
        ("٣", "no whole number"),
        ("(4, 1", "no whole number"),
        ("<b>" * 50, "no whole number"),
    ],
)
def test_junk_is_explained(text: str, complaint: str) -> None:
    explorer = explorers.broadcasting()
    explorer.controls["first"].value = text
    assert complaint in explorer.readout
    assert "raised" not in explorer.readout
    assert len(explorer.readout) < 160
    explorer.controls["first"].value = "5, 1"
    assert "(5, 1) and (5, 3) give (5, 3)" in explorer.readout


def test_both_fields_can_be_junk() -> None:
    explorer = explorers.broadcasting("a", "b")
    assert explorer.readout.count("is no shape") == 2


def test_size_zero_is_stretched_to() -> None:
    explorer = explorers.broadcasting("0", "1")
    assert "give (0,): the second is stretched" in explorer.readout


# Axis


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("along", [0, 1, 2, (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("operation", list(tensors.OPERATIONS))
def test_each_cell_comes_from_its_group(
    operation: str, along: int | tuple, keepdims: bool
) -> None:
    if operation == "argmax" and not isinstance(along, int):
        return  # It takes one axis; the explorer says so.
    axes = (along,) if isinstance(along, int) else along
    value, groups = tensors.reduce(BLOCK, operation, axes, keepdims)
    function = getattr(np, operation)
    expected = function(BLOCK, axis=along, keepdims=keepdims)
    assert np.array_equal(value, expected)
    assert value.shape == np.shape(expected)
    assert groups.shape == BLOCK.shape
    for place, one in enumerate(np.ravel(value)):
        assert function(BLOCK[groups == place]) == pytest.approx(one)


def test_marked_cells_and_readout() -> None:
    explorer = explorers.axis(BLOCK)
    explorer.controls["axis"].value = 1
    explorer.controls["cell"].value = 5
    assert "(2, 3, 4) → (2, 4)" in explorer.readout
    assert "result[1, 1] = sum(6, 5, 8) = 19." in explorer.readout
    explorer.controls["keepdims"].value = True
    assert "result[1, 0, 1]" in explorer.readout


def test_cell_stays_inside_the_result() -> None:
    explorer = explorers.axis(BLOCK)
    explorer.controls["cell"].value = 11
    explorer.controls["axis"].value = (1, 2)
    assert explorer.controls["cell"].value == 1
    assert explorer.controls["cell"].max == 1
    assert "result[1] = sum(5, 6, 9, 7, 6, 5, …) = 68." in explorer.readout
    explorer.controls["axis"].value = (0, 1, 2)
    assert "result = sum(8, 6, 5, 2, 3, 0, …) = 116." in explorer.readout
    explorer.controls["axis"].value = 0
    assert explorer.controls["cell"].max == 11


def test_argmax_takes_one_axis() -> None:
    explorer = explorers.axis(BLOCK)
    explorer.set(operation="argmax", axis=(1, 2))
    assert "takes one axis" in explorer.readout
    explorer.set(axis=2, keepdims=True)
    assert "no keepdims" in explorer.readout
    assert "→ (2, 3)" in explorer.readout


@pytest.mark.parametrize(
    "block",
    [
        3,
        [1, 2, 3],
        np.zeros((2, 3)),
        np.zeros((4, 35, 8)),
        np.zeros((2, 0, 3)),
        [[["a"]]],
        [[[1, 2], [3]]],
        None,
        np.zeros((1, 1, 1), complex),
    ],
)
def test_unsuitable_blocks_are_refused(block: object) -> None:
    with pytest.raises(ValueError, match="The block "):
        explorers.axis(block)


def test_strange_numbers_are_drawn() -> None:
    block = np.array([[[np.nan, np.inf, -1e30, 123456.789]]])
    explorer = explorers.axis(block)
    for operation in tensors.OPERATIONS:
        explorer.controls["operation"].value = operation
        explorer.controls["axis"].value = 2
        assert "raised" not in explorer.readout
        explorer.controls["axis"].value = 0


# Reshape or transpose


def test_rearranging_is_numpys() -> None:
    for rows in range(1, 5):
        for columns in range(1, 7):
            x, shaped = tensors.rearrange(rows, columns, "reshape")
            _, turned = tensors.rearrange(rows, columns, "transpose")
            assert shaped.ravel().tolist() == x.ravel().tolist()
            assert shaped.shape == turned.shape == (columns, rows)
            assert np.array_equal(turned, x.T)


def test_readout_counts_what_moves() -> None:
    explorer = explorers.reshape_or_transpose(2, 3)
    assert "no number moves in memory" in explorer.readout
    explorer.controls["operation"].value = "transpose"
    assert "4 of 6 numbers move" in explorer.readout
    explorer.controls["rows"].value = 1
    assert "agree" in explorer.readout


@pytest.mark.parametrize("size", [(0, 3), (5, 3), (2, 7), (2.0, 3), ("2", 3)])
def test_matrix_sizes_are_checked(size: tuple) -> None:
    with pytest.raises(ValueError, match="expected a whole number"):
        explorers.reshape_or_transpose(*size)


# All of them


@pytest.mark.parametrize(
    "make",
    [
        explorers.broadcasting,
        lambda: explorers.axis(BLOCK),
        explorers.reshape_or_transpose,
    ],
)
def test_explorer_is_repeatable_and_draws(make) -> None:
    one, other = make(), make()
    assert repr(one) == repr(other)
    assert one.live.picture.png == other.live.picture.png
    name = list(one.controls)[-1]
    control = one.controls[name]
    before = one.live.picture.png
    control.value = {
        "second": "1, 3",
        "cell": 3,
        "operation": "transpose",
    }[name]
    assert one.live.picture.png != before
    assert one.live.picture.alt.endswith(one.readout)
