"""The kernel explorer shows the map that Keras computes."""

from __future__ import annotations

import re

from course_utils import datasets, explorers, inspection, scratch, style
from course_utils.explorers import Explorer
from course_utils.explorers.kernel import KERNELS, OWN, WEIGHTS
from tests.explored import (
    assert_axes_stand_still,
    assert_caption_is_whole,
    assert_every_control_moves,
    assert_made_alike,
    click,
    drag,
    shared,
    shown,
)

import keras
import numpy as np
import pytest
from matplotlib.colors import to_rgb

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

PHOTO = np.random.default_rng(0).random((40, 61)).astype(np.float32)
EDGE = np.zeros((12, 16))
EDGE[:, 8:] = 1  # dark on the left, bright on the right


def make() -> Explorer:
    return explorers.kernel(PHOTO)


def make_edge() -> Explorer:
    return explorers.kernel(EDGE)


def image(explorer: Explorer, axes: int) -> np.ndarray:
    """Return the colours of photo (1) or map (2), 0 to 255."""
    (found,) = explorer.live.figure.axes[axes].images
    return found.get_array()[..., :3].astype(int)


def numbers(kernel: np.ndarray) -> dict[str, float]:
    return dict(zip(WEIGHTS, kernel.ravel().tolist(), strict=True))


def formula(readout: str) -> str:
    return readout.split("Rows: ")[1].split(". Map")[0]


def extremes(readout: str) -> tuple[float, float]:
    words = readout.replace("−", "-")
    low, high = re.search(r"from (\S+) to (\S+), ", words).groups()
    return float(low), float(high)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_the_map_is_the_one_of_keras(stride: int, padding: str) -> None:
    explorer = shared(make)
    kernel = np.random.default_rng(stride).normal(size=(3, 3)).round(2)
    explorer.set(stride=stride, padding=padding, relu=False, **numbers(kernel))
    layer = keras.layers.Conv2D(1, 3, stride, padding, use_bias=False)
    layer.build((1, *PHOTO.shape, 1))
    layer.set_weights([kernel[..., None, None]])
    theirs = np.asarray(layer(PHOTO[None, ..., None]))[0, ..., 0]
    assert image(explorer, 2).shape[:2] == theirs.shape
    low, high = extremes(explorer.readout)
    assert low == pytest.approx(theirs.min(), rel=0.01)
    assert high == pytest.approx(theirs.max(), rel=0.01)
    for i, size in enumerate(PHOTO.shape):
        there = inspection.output_size(size, 3, stride, padding)
        assert f" {there}" in formula(explorer.readout)
        assert theirs.shape[i] == there
    # The marked value, and the nine products on the screen, are of that map.
    marked = float(explorer.readout.split("Marked: ")[1][:-1].replace("−", "-"))
    assert np.abs(theirs - marked).min() < 0.006


@pytest.mark.parametrize(
    ("stride", "padding", "words"),
    [
        (1, "valid", "40 − 3 + 1 = 38; columns: 59"),
        (2, "valid", "⌈(40 − 3 + 1) / 2⌉ = 19; columns: 30"),
        (1, "same", "⌈40 / 1⌉ = 40; columns: 61"),
        (3, "same", "⌈40 / 3⌉ = 14; columns: 21"),
    ],
    ids=["valid", "valid by 2", "same", "same by 3"],
)
def test_the_size_is_said_with_its_formula(
    stride: int, padding: str, words: str
) -> None:
    explorer = shared(make)
    explorer.set(stride=stride, padding=padding, kernel="blur")
    assert formula(explorer.readout) == words


@pytest.mark.parametrize("name", KERNELS)
def test_a_ready_made_kernel_fills_the_nine_fields(name: str) -> None:
    explorer = shared(make)
    explorer.set(stride=1, padding="valid", relu=False)
    readout = drag(explorer, kernel=name)
    weights, words = KERNELS[name]
    values = explorer.values()
    assert tuple(values[w] for w in WEIGHTS) == weights
    total = f"{sum(weights):g}"
    assert readout.startswith(f"{name}, sum {total}: {words}")
    drag(explorer, k22=values["k22"] + 0.5)
    assert explorer.controls["kernel"].value == OWN
    assert explorer.readout.startswith(OWN)
    # Typing the numbers of a ready-made kernel finds its name again.
    drag(explorer, k22=values["k22"])
    assert explorer.controls["kernel"].value == name


def test_each_ready_made_kernel_does_what_its_words_say() -> None:
    maps = {
        name: scratch.conv2d(
            PHOTO[None, ..., None], np.reshape(weights, (3, 3, 1, 1))
        )[0, ..., 0]
        for name, (weights, _) in KERNELS.items()
    }
    inner = PHOTO[1:-1, 1:-1]
    np.testing.assert_allclose(maps["identity"], inner)
    np.testing.assert_allclose(maps["shift"], PHOTO[1:-1, 2:])
    assert maps["blur"].std() < inner.std() < maps["sharpen"].std()
    assert maps["blur"].mean() == pytest.approx(inner.mean(), abs=0.01)
    ramp = np.broadcast_to(np.arange(9.0), (9, 9))

    def constant(name: str, x: np.ndarray) -> float:
        kernel = np.reshape(KERNELS[name][0], (3, 3, 1, 1))
        found = scratch.conv2d(x[None, ..., None], kernel)
        assert np.ptp(found - x[None, 1:-1, 1:-1, None] * kernel.sum()) < 1e-9
        return float((found[0, 0, 0, 0] - x[1, 1] * kernel.sum()).round(9))

    assert constant("vertical edges", ramp) > 0
    assert constant("vertical edges", ramp.T) == 0
    assert constant("horizontal edges", ramp.T) > 0
    assert constant("horizontal edges", ramp) == 0
    assert constant("Laplacian", ramp) == 0
    assert constant("emboss", ramp) > 0 and constant("emboss", ramp.T) > 0
    dot = np.zeros((5, 5))
    dot[2, 2] = 1
    laplacian = np.reshape(KERNELS["Laplacian"][0], (3, 3, 1, 1))
    assert scratch.conv2d(dot[None, ..., None], laplacian)[0, 1, 1, 0] < 0


def test_orange_is_positive_blue_is_negative_and_white_is_0() -> None:
    explorer = shared(make_edge)
    explorer.set(kernel="vertical edges", relu=False, padding="valid", stride=1)
    assert "orange above 0, blue below" not in explorer.readout  # nothing below
    explorer.set(**numbers(-np.reshape(weights_of(explorer), (3, 3))))
    assert "orange above 0, blue below" in explorer.readout
    colours = image(explorer, 2)
    blue = np.round(255 * np.array(to_rgb(style.BLUE)))
    np.testing.assert_allclose(colours[5, 6], blue, atol=1)
    assert (colours[5, 2] == 255).all()


def weights_of(explorer: Explorer) -> list[float]:
    return [explorer.values()[name] for name in WEIGHTS]


def test_relu_leaves_nothing_below_0() -> None:
    explorer = make()
    assert extremes(explorer.readout)[0] < 0
    readout = drag(explorer, relu=True)
    assert extremes(readout)[0] == 0
    assert "Map after ReLU" in readout and "in grey" in readout


def test_identity_shows_the_photo_as_it_is() -> None:
    explorer = shared(make)
    explorer.set(kernel="identity", stride=1, padding="same", relu=False)
    np.testing.assert_array_equal(image(explorer, 2), image(explorer, 1))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_the_marked_value_is_the_one_under_the_window(
    stride: int, padding: str
) -> None:
    explorer = shared(make)
    explorer.set(kernel="identity", stride=stride, padding=padding, relu=False)
    middle = explorer.live.figure.axes[2].images[0].get_extent()
    for row, column in ((0, 0), (39, 60), (17, 30), (39, 0)):
        explorer.set(row=row, column=column)
        marked = float(explorer.readout.split("Marked: ")[1][:-1])
        near = PHOTO[
            max(row - stride, 0) : row + stride + 1,
            max(column - stride, 0) : column + stride + 1,
        ]
        assert np.abs(near - marked).min() < 1e-3
    # The map lies on the photo: a window's middle is where its pixel is.
    rows = image(explorer, 2).shape[0]
    assert (middle[2] - middle[3]) / rows == stride


def test_a_click_marks_a_pixel_and_another_place_does_nothing() -> None:
    explorer = make()
    click(explorer, 1, 12.2, 7.8)
    assert (explorer.values()["row"], explorer.values()["column"]) == (8, 12)
    click(explorer, 2, 60.4, -0.4)
    assert (explorer.values()["row"], explorer.values()["column"]) == (0, 60)
    click(explorer, 0, 5, 200)
    assert (explorer.values()["row"], explorer.values()["column"]) == (0, 60)


@pytest.mark.parametrize(
    "bad", [float("nan"), float("inf"), -float("inf"), 1e300, -1000.5]
)
def test_a_number_that_does_not_fit_gets_a_sentence(bad: float) -> None:
    explorer = shared(make)
    explorer.set(kernel="identity", stride=1)
    whole = shown(explorer)
    readout = drag(explorer, k32=bad)
    assert "row 3, column 2" in readout and f"{bad:g}" in readout
    assert "−1000 to 1000" in readout
    assert shown(explorer) != whole
    explorer.set(kernel="identity", k32=0.0)
    assert shown(explorer) == whole


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        (np.zeros((2, 9)), "2 × 9 pixels"),
        (np.zeros((0, 9)), "0 × 9 pixels"),
        (np.zeros((3, 9000)), "shrunk to fit"),
        (np.zeros((9, 9, 4)), r"\(9, 9, 4\)"),
        (np.zeros(9), r"\(9,\)"),
        (np.zeros((9, 9), bool), "bool"),
        (np.full((9, 9), 255.0), "from 255 to 255"),
        (np.full((9, 9), 256), "0 to 255"),
        (np.full((9, 9), -1), "from -1"),
        (np.full((9, 9), np.nan), "nan"),
    ],
    ids=[
        "low",
        "empty",
        "long",
        "four channels",
        "line",
        "bool",
        "255 as float",
        "256",
        "negative",
        "NaN",
    ],
)
def test_a_photo_that_does_not_fit_is_refused(
    photo: np.ndarray, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        explorers.kernel(photo)


@pytest.mark.parametrize(
    "photo",
    [
        np.zeros((3, 3)),
        np.ones((28, 28), np.uint8),
        np.full((300, 90, 3), 255),
        PHOTO[..., None].repeat(3, axis=2),
    ],
    ids=["smallest", "digit", "tall", "colour"],
)
def test_photos_of_other_sizes_are_taken(photo: np.ndarray) -> None:
    before = photo.copy()
    explorer = explorers.kernel(photo)
    for stride in (1, 4):
        for padding in ("valid", "same"):
            explorer.set(stride=stride, padding=padding, row=0, column=0)
            assert "raised" not in explorer.readout
    np.testing.assert_array_equal(photo, before)


def test_the_photos_of_the_course_are_small_enough_to_be_quick() -> None:
    for photo in datasets.photos().values():
        height, width = image(explorers.kernel(photo), 1).shape[:2]
        assert 80 <= height <= 160 and 120 <= width <= 200


def test_axes_stand_still() -> None:
    assert_axes_stand_still(make())


def test_every_control_moves_the_picture() -> None:
    assert_every_control_moves(make())


def test_a_notebook_stores_picture_and_words() -> None:
    explorer, _ = assert_made_alike(make)
    assert_caption_is_whole(explorer)
    for name in ("vertical edges", "emboss"):  # the longest words
        explorer.set(kernel=name, stride=4, relu=True)
        assert_caption_is_whole(explorer)
