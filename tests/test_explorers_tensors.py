"""The explorers of lecture 01 compute and say what NumPy does."""

from __future__ import annotations

import itertools
import random
import warnings

from course_utils import explorers
from course_utils.explorers import tensors
from tests.test_accessibility import contrast

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.transforms import Bbox

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


def words(explorer: explorers.Explorer) -> list[str]:
    """Return what stands in the picture outside the boxes."""
    axes = explorer.live.figure.axes[0]
    return [text.get_text() for text in axes.texts if text.get_text()]


def boxed(explorer: explorers.Explorer) -> list[Bbox]:
    """Return the boxes in pixels, without the small ones of a legend."""
    axes = explorer.live.figure.axes[0]
    boxes = [
        Bbox(axes.transData.transform(path.vertices[[0, 2]]))
        for group in axes.collections
        if isinstance(group, PolyCollection)
        for path in group.get_paths()
    ]
    return [
        Bbox(np.sort(b.get_points(), axis=0)) for b in boxes if b.width > 15
    ]


def assert_nothing_overlaps(explorer: explorers.Explorer) -> None:
    """Check that each text has its own place, inside box or picture."""
    figure = explorer.live.figure
    axes = figure.axes[0]
    boxes = boxed(explorer)
    letters = []
    for group in axes.collections:
        if isinstance(group, PathCollection):
            scale = group.get_transform()
            places = axes.transData.transform(group.get_offsets())
            for path, place in zip(group.get_paths(), places, strict=True):
                points = scale.transform(path.vertices) + place
                letters.append([points.min(axis=0), points.max(axis=0)])
    assert len(letters) == len(boxes)
    low, high = np.array(letters)[:, None].transpose(2, 0, 1, 3)
    around = np.array([box.get_points() for box in boxes])
    inside = (around[:, 0] < low) & (high < around[:, 1])
    assert (inside.all(axis=-1).sum(axis=1) == 1).all()
    outside = [
        text.get_window_extent() for text in axes.texts if text.get_text()
    ]
    for extent in outside:
        assert extent.x0 >= 0 and extent.x1 <= figure.bbox.x1
        assert extent.y0 >= 0 and extent.y1 <= figure.bbox.y1
        assert extent.count_overlaps(boxes) == 0
    for one, other in itertools.combinations(outside, 2):
        assert not one.overlaps(other)


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
        if tensors.CLASH not in tensors.align(one, other)[1]:
            continue
        if " would fit as " in text:
            proposals += 1
            old, new = text.split(":")[0].split(" would fit as ")
            old, new = tensors.parse_shape(old), tensors.parse_shape(new)
            assert old in (one, other)
            np.broadcast_shapes(new, other if old == one else one)
            places = range(len(new))
            assert old in [
                new[:i] + new[i + 1 :] for i in places if new[i] == 1
            ]
        else:
            assert text == " Make the two sizes equal, or one of them 1."
    assert proposals > 100


@pytest.mark.parametrize(
    ("first", "second", "advice"),
    [
        ("4, 35, 8", "35", " (35,) would fit as (35, 1): insert an axis"),
        ("3, 4", "2", " (3, 4) would fit as (3, 4, 1): insert an axis"),
        ("9, 4", "7, 3", " Make the two sizes equal, or one of them 1."),
    ],
)
def test_advice_names_the_shape(first: str, second: str, advice: str) -> None:
    assert advice in explorers.broadcasting(first, second).readout
    assert advice in explorers.broadcasting(second, first).readout


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
        ("7 、", (7,)),
        ("（４，３５，\u3000８）", (4, 35, 8)),
        ("［2，3］", (2, 3)),
        ("( )", ()),
        ("[]", ()),
        ("\u3000", ()),
        ("000001", (1,)),
        ("0000", (0,)),
        ("9999", (9999,)),
    ],
)
def test_shapes_are_read(text: str, shape: tuple[int, ...]) -> None:
    assert tensors.parse_shape(text) == shape


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("4, x, 3", "“x” is no whole number"),
        ("2.5", "“2.5” is no whole number"),
        ("4,,3", "a size is missing beside a comma"),
        (",3", "a size is missing beside a comma"),
        (",", "“,” is no shape: a size is missing beside a comma"),
        ("(,)", "“(,)” is no shape: a size is missing beside a comma"),
        ("，", "a size is missing beside a comma"),
        ("3, -1", "-1 is negative"),
        ("10000", "a size is at most 9,999"),
        ("1" * 30, "a size is at most 9,999"),
        ("1" * 9000, "a size is at most 9,999"),
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


def test_nothing_is_stretched_to_size_zero() -> None:
    explorer = explorers.broadcasting("0", "1")
    assert explorer.readout == (
        "(0,) and (1,) give (0,): the second becomes 0 along axis −1."
    )
    stretched = tensors._look(0, 1, 5)
    assert tensors._look(0, 1, 0)[0] == "1 → 0"
    assert tensors._look(0, 1, 0)[1] != stretched[1]
    assert {"becomes 0", "stretched"} <= set(words(explorer))
    explorer.set(first="0, 1, 4", second="1")
    assert explorer.readout.endswith(
        "the second is stretched along axis −1; "
        "the second becomes 0 along axis −3."
    )


def test_two_scalars_have_no_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    show = tensors.Cells.show

    def spy(cells: tensors.Cells, *args: object) -> None:
        shown.append(list(args[2]))
        show(cells, *args)

    monkeypatch.setattr(tensors.Cells, "show", spy)
    explorer = explorers.broadcasting("", "()")
    assert shown[0] == ["no axes"] * 3
    assert explorer.readout == "() and () give (): nothing is stretched."
    shown.clear()
    explorer.controls["second"].value = "junk"
    assert shown[0] == ["no axes", "?", "?"]


@pytest.mark.parametrize(
    "shape", [(4, 35, 8), [4, 35, 8], tf.TensorShape([4, 35, 8]), "4, 35, 8"]
)
def test_shapes_are_given_in_several_ways(shape: object) -> None:
    explorer = explorers.broadcasting(shape, (8,))
    assert repr(explorer) == (
        "broadcasting (first='4, 35, 8', second='8'): (4, 35, 8) and (8,) "
        "give (4, 35, 8): the second is stretched along axes −3, −2."
    )


def test_scalars_and_unknown_sizes_are_given() -> None:
    explorer = explorers.broadcasting(tf.TensorShape([]), ())
    assert explorer.values() == {"first": "()", "second": "()"}
    explorer = explorers.broadcasting(tf.TensorShape([None, 8]), (8,))
    assert "“None” is no whole number" in explorer.readout


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("9999, 9999, 9999, 9999, 9999, 9999", ""),
        ("1, 1, 1, 1, 1, 1", "9999, 9999, 9999, 9999, 9999, 9999"),
        ("9999, 1", "9998, 0"),
        ("", ""),
        ("x", "5, 3"),
    ],
)
def test_sizes_fit_their_boxes(first: str, second: str) -> None:
    assert_nothing_overlaps(explorers.broadcasting(first, second))


# Axis

ALONG = [0, 1, 2, (0, 1), (0, 2), (1, 2), (0, 1, 2)]
NAMES = ["class", "student", "subject"]


def test_choices() -> None:
    controls = explorers.axis(BLOCK).controls
    assert [value for _, value in controls["axis"].options] == ALONG
    assert list(controls["operation"].options) == [
        "sum",
        "mean",
        "max",
        "min",
        "argmax",
    ]


def test_one_axis_or_several_axes() -> None:
    explorer = explorers.axis(BLOCK)
    assert explorer.readout.startswith("sum along axis 0: ")
    explorer.controls["axis"].value = (0, 1)
    assert explorer.readout.startswith("sum along axes (0, 1): ")


def test_whole_numbers_are_taken_as_floats() -> None:
    for dtype in (np.uint8, np.int64, np.float16, np.float32):
        explorer = explorers.axis(np.array([[[1, 2, 4]]], dtype))
        explorer.set(operation="mean", axis=2)
        assert explorer.readout.endswith(
            "result[0, 0] = mean(1, 2, 4) ≈ 2.333."
        )
        expected = tf.reduce_mean([1.0, 2.0, 4.0])
        assert f"{float(expected):.4g}" in explorer.readout
    explorer = explorers.axis(np.full((1, 1, 6), 200, np.uint8))
    explorer.controls["axis"].value = 2
    assert explorer.readout.endswith(" = 1200.")


def test_equal_means_equal() -> None:
    explorer = explorers.axis(np.array([[[0.1, 0.25, 1 / 3, 12345678]]]))
    for cell, end in enumerate(["= 0.1", "= 0.25", "≈ 0.3333", "≈ 1.2e+07"]):
        explorer.controls["cell"].value = cell
        assert explorer.readout.endswith(f" {end}.")


def test_half_precision_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explorer = explorers.axis(np.full((1, 2, 3), 60000, np.float16))
        explorer.set(operation="mean", axis=(0, 1, 2), keepdims=True)
    assert "≈" not in explorer.readout


@pytest.mark.parametrize("names", [["a", "b"], [], list("abcd")])
def test_three_names_are_needed(names: list) -> None:
    message = f"names has {len(names)} entries, expected 3"
    with pytest.raises(ValueError, match=message):
        explorers.axis(BLOCK, names)


@pytest.mark.parametrize(
    ("along", "keepdims", "labels"),
    [
        (0, False, ["← student", "subject →"]),
        (1, False, ["← class", "subject →"]),
        (2, False, ["← class", "student →"]),
        ((0, 1), False, ["subject →"]),
        ((0, 2), False, ["student →"]),
        ((1, 2), False, ["class →"]),
        ((0, 1, 2), False, []),
        (0, True, ["← student", "subject →"]),
        (1, True, ["← class", "subject →"]),
        (2, True, ["← class", "← student"]),
        ((0, 1, 2), True, []),
    ],
)
def test_result_is_labelled(
    along: int | tuple, keepdims: bool, labels: list[str]
) -> None:
    explorer = explorers.axis(BLOCK, NAMES)
    explorer.set(axis=along, keepdims=keepdims)
    assert [w for w in words(explorer) if w.strip("← →") in NAMES] == labels
    assert {"← axis 0: class", "axis 2: subject →"} <= set(words(explorer))


def test_result_is_labelled_in_odd_cases() -> None:
    explorer = explorers.axis(BLOCK)
    explorer.controls["axis"].value = 1
    assert {"← axis 0 of block", "axis 2 of block →"} <= set(words(explorer))
    explorer = explorers.axis(BLOCK, ["$\\x$"] * 3)
    explorer.set(axis=1, keepdims=True)
    assert {"← $\\x$", "$\\x$ →"} <= set(words(explorer))
    explorer.set(operation="argmax", axis=(1, 2))
    assert not {"← $\\x$", "$\\x$ →"} & set(words(explorer))


@pytest.mark.parametrize(
    "block",
    [
        BLOCK * 11,
        np.arange(96).reshape(4, 4, 6) * -3.7e7,
        np.random.default_rng(0).normal(size=(4, 4, 6)).astype(np.float16),
        np.full((1, 1, 1), np.nan),
        np.full((4, 1, 1), 0.1234),
        np.full((1, 4, 6), -99999.5),
    ],
)
@pytest.mark.parametrize(
    "names", [NAMES, ["W" * 40, "long name " * 3, "W" * 40]]
)
def test_nothing_overlaps_along_any_axis(
    block: np.ndarray, names: list[str]
) -> None:
    explorer = explorers.axis(block, names)
    for along in ALONG:
        for keepdims in (False, True):
            explorer.set(operation="mean", axis=along, keepdims=keepdims)
            assert_nothing_overlaps(explorer)
    explorer.set(operation="argmax")
    assert "one axis" in explorer.readout


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("along", ALONG)
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
    axes = explorer.live.figure.axes[0]
    (notice,) = (t for t in axes.texts if "one axis" in t.get_text())
    assert contrast(notice.get_color()) >= 4.5
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


def test_readout_is_true_for_all_sizes() -> None:
    explorer = explorers.reshape_or_transpose()
    for rows in range(1, 5):
        for columns in range(1, 7):
            explorer.set(rows=rows, columns=columns, operation="reshape")
            x, result = tensors.rearrange(rows, columns, "reshape")
            cut = "cut elsewhere" in explorer.readout
            assert not cut or result[0].tolist() != x[0].tolist()
            assert cut == (rows != columns and 1 not in x.shape)
            same = "the shape is the same, so nothing changes at all."
            assert explorer.readout.endswith(same) == (rows == columns)
            explorer.controls["operation"].value = "transpose"
            assert "nothing changes" not in explorer.readout
    explorer.set(rows=3, columns=3)
    assert "6 of 9 numbers move in memory" in explorer.readout


def test_no_gap_and_no_overlap_between_tables_and_memory() -> None:
    explorer = explorers.reshape_or_transpose()
    for rows in range(1, 5):
        for columns in range(1, 7):
            explorer.set(rows=rows, columns=columns, operation="transpose")
            assert_nothing_overlaps(explorer)
            boxes = boxed(explorer)
            numbers = rows * columns
            tables, strips = boxes[: 2 * numbers], boxes[2 * numbers :]
            gap = min(b.y0 for b in tables) - max(b.y1 for b in strips)
            assert 10 < gap < 40


def test_whole_numbers_of_numpy_are_sizes() -> None:
    explorer = explorers.reshape_or_transpose(np.int64(2), np.uint8(5))
    assert repr(explorer).startswith(
        "reshape or transpose (rows=2, columns=5, operation='reshape'): "
    )


@pytest.mark.parametrize(
    "size",
    [
        (0, 3),
        (5, 3),
        (2, 7),
        (2.0, 3),
        ("2", 3),
        (True, 3),
        (2, True),
        (np.True_, 3),
        (None, 3),
    ],
)
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
