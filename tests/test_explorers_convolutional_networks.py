"""The explorers of lecture 08 show a true map, and all that a unit sees.

The oracles are Keras, and impulses that are sent through a stack of layers.
"""

from __future__ import annotations

import re

from course_utils import datasets, explorers, inspection, scratch, style
from course_utils.explorers import Explorer
from course_utils.explorers import convolutional_networks as lecture
from tests.explored import (
    assert_caption_is_whole,
    assert_made_alike,
    click,
    drag,
    limits,
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


def make_kernel() -> Explorer:
    return explorers.kernel(PHOTO)


def make_edge() -> Explorer:
    return explorers.kernel(EDGE)


def make_field() -> Explorer:
    return explorers.receptive_field()


every = pytest.mark.parametrize(
    "make", [make_kernel, make_field], ids=["kernel", "receptive field"]
)


def image(explorer: Explorer, axes: int) -> np.ndarray:
    """Return the colours of photo (1) or map (2), 0 to 255."""
    (found,) = explorer.live.figure.axes[axes].images
    return found.get_array()[..., :3].astype(int)


def numbers(kernel: np.ndarray) -> dict[str, float]:
    return dict(zip(lecture.WEIGHTS, kernel.ravel().tolist(), strict=True))


def formula(readout: str) -> str:
    return readout.split("Rows: ")[1].split(". Map")[0]


def extremes(readout: str) -> tuple[float, float]:
    words = readout.replace("−", "-")
    low, high = re.search(r"from (\S+) to (\S+), ", words).groups()
    return float(low), float(high)


# The kernel ----------------------------------------------------------------


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_the_map_is_the_one_of_keras(stride: int, padding: str) -> None:
    explorer = shared(make_kernel)
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
    explorer = shared(make_kernel)
    explorer.set(stride=stride, padding=padding, kernel="blur")
    assert formula(explorer.readout) == words


@pytest.mark.parametrize("name", lecture.KERNELS)
def test_a_ready_made_kernel_fills_the_nine_fields(name: str) -> None:
    explorer = shared(make_kernel)
    explorer.set(stride=1, padding="valid", relu=False)
    readout = drag(explorer, kernel=name)
    weights, words = lecture.KERNELS[name]
    values = explorer.values()
    assert tuple(values[w] for w in lecture.WEIGHTS) == weights
    total = f"{sum(weights):g}"
    assert readout.startswith(f"{name}, sum {total}: {words}")
    drag(explorer, k22=values["k22"] + 0.5)
    assert explorer.controls["kernel"].value == lecture.OWN
    assert explorer.readout.startswith(lecture.OWN)
    # Typing the numbers of a ready-made kernel finds its name again.
    drag(explorer, k22=values["k22"])
    assert explorer.controls["kernel"].value == name


def test_each_ready_made_kernel_does_what_its_words_say() -> None:
    maps = {
        name: scratch.conv2d(
            PHOTO[None, ..., None], np.reshape(weights, (3, 3, 1, 1))
        )[0, ..., 0]
        for name, (weights, _) in lecture.KERNELS.items()
    }
    inner = PHOTO[1:-1, 1:-1]
    np.testing.assert_allclose(maps["identity"], inner)
    np.testing.assert_allclose(maps["shift"], PHOTO[1:-1, 2:])
    assert maps["blur"].std() < inner.std() < maps["sharpen"].std()
    assert maps["blur"].mean() == pytest.approx(inner.mean(), abs=0.01)
    ramp = np.broadcast_to(np.arange(9.0), (9, 9))

    def constant(name: str, x: np.ndarray) -> float:
        kernel = np.reshape(lecture.KERNELS[name][0], (3, 3, 1, 1))
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
    laplacian = np.reshape(lecture.KERNELS["Laplacian"][0], (3, 3, 1, 1))
    assert scratch.conv2d(dot[None, ..., None], laplacian)[0, 1, 1, 0] < 0


def test_red_is_positive_blue_is_negative_and_white_is_0() -> None:
    explorer = shared(make_edge)
    explorer.set(kernel="vertical edges", relu=False, padding="valid", stride=1)
    assert "red above 0, blue below" not in explorer.readout  # nothing below
    explorer.set(**numbers(-np.reshape(explorer_weights(explorer), (3, 3))))
    assert "red above 0, blue below" in explorer.readout
    colours = image(explorer, 2)
    blue = np.round(255 * np.array(to_rgb(style.BLUE)))
    np.testing.assert_allclose(colours[5, 6], blue, atol=1)
    assert (colours[5, 2] == 255).all()


def explorer_weights(explorer: Explorer) -> list[float]:
    return [explorer.values()[name] for name in lecture.WEIGHTS]


def test_relu_leaves_nothing_below_0() -> None:
    explorer = make_kernel()
    assert extremes(explorer.readout)[0] < 0
    readout = drag(explorer, relu=True)
    assert extremes(readout)[0] == 0
    assert "Map after ReLU" in readout and "in grey" in readout


def test_identity_shows_the_photo_as_it_is() -> None:
    explorer = shared(make_kernel)
    explorer.set(kernel="identity", stride=1, padding="same", relu=False)
    np.testing.assert_array_equal(image(explorer, 2), image(explorer, 1))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_the_marked_value_is_the_one_under_the_window(
    stride: int, padding: str
) -> None:
    explorer = shared(make_kernel)
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
    explorer = make_kernel()
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
    explorer = shared(make_kernel)
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


# The receptive field -------------------------------------------------------


def seen_of(stack: list[tuple[int, int]], unit: int) -> tuple[int, np.ndarray]:
    """Send an impulse from every pixel; return which reach the unit."""
    size = lecture.UNITS
    for kernel, stride in reversed(stack):
        size = (size - 1) * stride + kernel
    x = np.eye(size)[..., None, None]  # one picture, size × 1, per pixel
    for kernel, stride in stack:
        x = scratch.conv2d(x, np.ones((kernel, 1, 1, 1)))[:, ::stride]
    assert x.shape == (size, lecture.UNITS, 1, 1)
    return size, x[:, unit - 1, 0, 0]


def stacks(count: int) -> list[list[tuple[int, int]]]:
    rng = np.random.default_rng(0)
    return [
        [
            (int(rng.choice(lecture.SIZES)), int(rng.choice(lecture.STRIDES)))
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
    explorer = shared(make_field)
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
        np.testing.assert_array_equal(lecture._paths(stack, unit - 1)[0], ways)
        sums = re.search(r"a field of ([\d +·]+)", readout).group(1)
        total = eval(sums.replace("·", "*"))
        assert total == field.size


def test_two_threes_see_what_one_five_sees() -> None:
    explorer = shared(make_field)
    threes = put(explorer, [(3, 1), (3, 1)], 3)
    five = put(explorer, [(5, 1)], 3)
    assert "pixels 2 to 6 of 9, a field of 1 + 2 · 1 + 2 · 1 = 5" in threes
    assert "pixels 2 to 6 of 9, a field of 1 + 4 · 1 = 5" in five


def test_layers_that_do_not_count_cannot_be_changed() -> None:
    explorer = make_field()
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
    explorer = shared(make_field)
    page = explorer.live.figure.axes[0]
    width, height = 100 * explorer.live.figure.get_size_inches()
    for stack in ([(7, 2)] * 6, [(1, 1)], [(7, 1)] * 6, [(1, 2)] * 6):
        put(explorer, stack, 5)
        for found in page.collections[:3]:  # the others hold words
            for path in found.get_paths():
                x, y = path.vertices.T
                assert x.min() >= 0 and x.max() <= width
                assert y.min() >= 0 and y.max() <= height


# Both ----------------------------------------------------------------------


@every
def test_axes_stand_still(make: object) -> None:
    explorer = make()
    before = limits(explorer)
    for name, control in explorer.controls.items():
        for value in options_of(control):
            drag(explorer, **{name: value})
            assert "raised" not in explorer.readout
    assert limits(explorer) == before


def options_of(control: object) -> list:
    """Return the first, the last and a middle value of a control."""
    if hasattr(control, "options"):
        return list(control.options)
    if hasattr(control, "max"):
        return [control.min, (control.min + control.max) // 2, control.max]
    return [True, False] if isinstance(control.value, bool) else [0.5, -3.0]


@every
def test_the_whole_readout_is_in_the_stored_picture(make: object) -> None:
    explorer = make()
    assert_caption_is_whole(explorer)
    if "kernel" in explorer.controls:
        for name in ("vertical edges", "emboss"):  # the longest words
            explorer.set(kernel=name, stride=4, relu=True)
            assert_caption_is_whole(explorer)
    else:
        put(explorer, [(7, 2)] * 6, 5)
        assert_caption_is_whole(explorer)
        put(explorer, [(1, 2)] * 5 + [(7, 2)], 5)
        assert_caption_is_whole(explorer)


@every
def test_a_notebook_stores_picture_and_words(make: object) -> None:
    explorer, _ = assert_made_alike(make)
    data, metadata = explorer._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == explorer.live.picture.alt
    assert explorer.readout in explorer.live.picture.alt
    assert explorer.readout in data["text/plain"]


@every
def test_every_control_has_a_name_for_a_screen_reader(make: object) -> None:
    for control in shared(make).controls.values():
        assert control.description or control.tooltip
