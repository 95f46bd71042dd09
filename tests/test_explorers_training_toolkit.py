"""The explorer of lecture 07 moves pictures, asks, and says what is true.

The oracles are SciPy and the augmenting layers of Keras.
"""

from __future__ import annotations

import base64

from course_utils import explorers, standins
from course_utils.explorers import Explorer
from course_utils.explorers import training_toolkit as toolkit
from course_utils.explorers.training_toolkit import moved
from tests.explored import (
    assert_caption_is_whole,
    assert_quick,
    drag,
    limits,
    shared,
    shown,
)

import numpy as np
import pytest
from scipy import ndimage

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

# A network could not tell these digits apart; an arrow has one way only.
ARROW = np.zeros((28, 28), np.float32)
ARROW[12:16, 6:22] = 1
ARROW[8:20, 16:18] = 0.7
ARROW[3, 5] = 0.4
LOPSIDED = np.random.default_rng(0).random((3, 9, 14)).astype(np.float32)


def by_ink(pictures: np.ndarray) -> np.ndarray:
    """Say 9 if there is more ink above than below, else 6."""
    above = pictures[:, :14].sum(axis=(1, 2))
    below = pictures[:, 14:].sum(axis=(1, 2))
    p = np.zeros((len(pictures), 10))
    p[:, 9] = above / np.maximum(above + below, 1e-9)
    p[:, 6] = 1 - p[:, 9]
    return p


def six() -> np.ndarray:
    """Draw a 6 of sorts: a stem, and a heavy foot."""
    picture = np.zeros((28, 28), np.float32)
    picture[4:14, 10:13] = 1
    picture[14:24, 10:18] = 1
    return picture


def make() -> Explorer:
    return explorers.augmentation([six(), ARROW], [6, 1], by_ink)


def make_alone() -> Explorer:
    return explorers.augmentation([six(), ARROW], [6, 1])


both = pytest.mark.parametrize(
    "make", [make, make_alone], ids=["asking", "alone"]
)


def large(explorer: Explorer) -> np.ndarray:
    """Return the shades of the large picture, 0 to 1."""
    (image,) = explorer.live.figure.axes[0].images
    return image.get_array()[..., 0] / 255


def draws(explorer: Explorer) -> np.ndarray:
    """Return the shades of the random draws, shape (12, 28, 28)."""
    (image,) = explorer.live.figure.axes[-1].images
    sheet = image.get_array()[..., 0] / 255
    step = 28 + round(28 * toolkit.GAP)
    return np.array(
        [
            sheet[y : y + 28, x : x + 28]
            for y in range(0, 3 * step - 3, step)
            for x in range(0, 4 * step - 3, step)
        ]
    )


def bars(explorer: Explorer) -> np.ndarray:
    """Return how long the bars are."""
    (found,) = explorer.live.figure.axes[1].collections
    return np.array([p.vertices[:, 0].max() for p in found.get_paths()])


# Moving pictures -----------------------------------------------------------


def with_scipy(
    picture: np.ndarray, turn: float, right: float, down: float, zoom: float
) -> np.ndarray:
    """Move a picture as `moved` should, in the axes of SciPy: down, right."""
    angle = np.deg2rad(turn)
    back = np.array(
        [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    )
    middle = (np.array(picture.shape) - 1) / 2
    return ndimage.affine_transform(
        picture,
        back / zoom,
        middle - back / zoom @ (middle + np.array([down, right])),
        order=1,
        mode="grid-constant",
    )


@pytest.mark.parametrize(
    ("turn", "right", "down", "zoom"),
    [
        (0, 0, 0, 1),
        (33, 0, 0, 1),
        (-120, 2.5, -1.25, 0.7),
        (180, -3, 4, 1.5),
        (90, 0, 0, 0.5),
        (5, 40, 0, 1),
    ],
    ids=["still", "turn", "all", "half", "quarter", "out"],
)
@pytest.mark.parametrize("wide", [False, True], ids=["square", "wide"])
def test_pictures_move_as_scipy_moves_them(
    turn: float, right: float, down: float, zoom: float, wide: bool
) -> None:
    pictures = LOPSIDED if wide else ARROW[None]
    result = moved(pictures, turn, right, down, zoom)
    assert result.dtype == np.float32
    expected = [with_scipy(p, turn, right, down, zoom) for p in pictures]
    np.testing.assert_allclose(result, expected, atol=2e-4)


def test_every_picture_can_move_in_its_own_way() -> None:
    turn, right, zoom = [0, 45, -90], [3, 0, -2], [1, 1.2, 0.6]
    flat, upset = [False, True, True], [True, False, True]
    result = moved(LOPSIDED, turn, right, 1, zoom, flat, upset)
    for k in range(3):
        alone = moved(
            LOPSIDED[k : k + 1],
            turn[k],
            right[k],
            1,
            zoom[k],
            flat[k],
            upset[k],
        )
        np.testing.assert_array_equal(result[k], alone[0])


def test_what_each_strength_does_is_what_its_name_says() -> None:
    one = np.zeros((1, 5, 5), np.float32)
    one[0, 2, 4] = 1  # in the middle of the right edge

    def place(**move: float) -> list[int]:
        return np.argwhere(moved(one, **move)[0] > 0.99).tolist()

    assert place() == [[2, 4]]
    assert place(turn=90) == [[0, 2]], "counter-clockwise: to the top"
    assert place(turn=-90) == [[4, 2]]
    assert place(right=-3) == [[2, 1]]
    assert place(down=1) == [[3, 4]]
    assert place(zoom=0.5, right=0) == [[2, 3]]
    assert place(mirror=True) == [[2, 0]]
    assert place(upset=True, down=1) == [[3, 4]], "flipped, then shifted"
    assert place(mirror=True, turn=90) == [[4, 2]], "flipped, then turned"
    assert place(turn=90, down=1) == [[1, 2]], "turned, then shifted"
    assert place(right=1) == [], "out of the picture"


@pytest.mark.parametrize(
    ("layer", "arguments", "move"),
    [
        ("RandomRotation", {"factor": (0.1, 0.1)}, {"turn": 36}),
        ("RandomRotation", {"factor": (-0.3, -0.3)}, {"turn": -108}),
        (
            "RandomTranslation",
            {"height_factor": (0.125, 0.125), "width_factor": (-0.25, -0.25)},
            {"down": 3.5, "right": -7},
        ),
        ("RandomZoom", {"height_factor": (0.25, 0.25)}, {"zoom": 0.8}),
        ("RandomZoom", {"height_factor": (-0.2, -0.2)}, {"zoom": 1.25}),
    ],
    ids=["left", "right", "shift", "out", "in"],
)
@pytest.mark.filterwarnings("default")
def test_pictures_move_as_the_layers_of_keras_move_them(
    layer: str, arguments: dict, move: dict
) -> None:
    keras = pytest.importorskip("keras")
    augment = getattr(keras.layers, layer)(
        **arguments, fill_mode="constant", fill_value=0.0
    )
    theirs = augment(ARROW[None, ..., None], training=True)
    theirs = keras.ops.convert_to_numpy(theirs)[0, ..., 0]
    np.testing.assert_allclose(moved(ARROW[None], **move)[0], theirs, atol=2e-3)


def test_strengths_that_are_no_numbers_leave_a_black_picture() -> None:
    for bad in (np.nan, np.inf):
        with np.errstate(invalid="ignore"):
            result = moved(ARROW[None], right=bad)
        np.testing.assert_array_equal(result, 0)


# The explorer --------------------------------------------------------------


def test_the_picture_moves_as_the_controls_say() -> None:
    explorer = shared(make)
    explorer.set(picture=1, turn=40, right=-3, down=2, zoom=1.2, flip="none")
    expected = with_scipy(ARROW, 40, -3, 2, 1.2)
    np.testing.assert_allclose(large(explorer), expected, atol=0.003)
    drag(explorer, turn=0, right=0, down=0, zoom=1.0, flip="left to right")
    np.testing.assert_allclose(large(explorer), ARROW[:, ::-1], atol=0.003)
    drag(explorer, flip="top to bottom")
    np.testing.assert_allclose(large(explorer), ARROW[::-1], atol=0.003)


def test_a_six_turned_over_is_read_as_nine_and_labelled_six() -> None:
    explorer = make()
    p = by_ink(six()[None])[0]
    assert explorer.readout == (
        f"6, as it is: the network says 6 ({100 * p[6]:.0f} %), as the label "
        "does. Of 12 draws it reads 12 as 6."
    )
    np.testing.assert_allclose(bars(explorer), p)
    readout = drag(explorer, turn=180)
    assert readout.startswith(
        f"6, turned by 180°: the network says 9 ({100 * p[6]:.0f} %), the "
        "label still says 6. Of 12 draws it reads "
    )
    np.testing.assert_allclose(
        bars(explorer), by_ink(six()[None, ::-1, ::-1])[0], atol=1e-5
    )
    assert readout in explorer.live.picture.alt


@pytest.mark.parametrize(
    ("move", "words"),
    [
        ({"turn": 30}, "6, turned left by 30°:"),
        ({"turn": -5}, "6, turned right by 5°:"),
        ({"right": 3, "down": -2}, "6, shifted 3 right, 2 up:"),
        ({"right": -1}, "6, shifted 1 left:"),
        ({"down": 4}, "6, shifted 4 down:"),
        ({"zoom": 0.8}, "6, 0.8 times as large:"),
        (
            {"flip": "left to right", "turn": -180},
            "6, flipped left to right, turned by 180°:",
        ),
    ],
    ids=["left", "right", "shift", "one", "down", "zoom", "two"],
)
def test_the_readout_says_what_was_done(move: dict, words: str) -> None:
    explorer = shared(make)
    still = {"picture": 0, "turn": 0, "right": 0, "down": 0, "zoom": 1.0}
    explorer.set(**(still | {"flip": "none"} | move))
    assert explorer.readout.startswith(words)


def test_what_is_almost_certain_is_not_called_certain() -> None:
    def sure(share: float) -> str:
        row = np.append(np.zeros(8), [1 - share, share])
        explorer = explorers.augmentation(
            [ARROW], ["9"], lambda x: np.tile(row, (len(x), 1))
        )
        return explorer.readout

    assert "says 9 (> 99 %)" in sure(0.9999)
    assert "says 9 (100 %)" in sure(1.0)
    assert "says 9 (87 %)" in sure(0.87)


def test_draws_are_within_the_strengths_and_grow_with_them() -> None:
    explorer = make()
    np.testing.assert_allclose(draws(explorer), [six()] * 12, atol=0.003)
    drag(explorer, right=8)
    y, x = np.arange(28)[:, None], np.arange(28)
    ink = draws(explorer)
    centre = (ink * x).sum(axis=(1, 2)) / ink.sum(axis=(1, 2))
    shift = centre - (six() * x).sum() / six().sum()
    assert np.abs(shift).max() <= 8.01
    np.testing.assert_allclose(
        np.sort(shift), 8 * np.linspace(-1, 1, 12), atol=0.02
    )
    drag(explorer, right=4)
    ink = draws(explorer)
    centre = (ink * x).sum(axis=(1, 2)) / ink.sum(axis=(1, 2))
    half = centre - (six() * x).sum() / six().sum()
    np.testing.assert_allclose(half, shift / 2, atol=0.02)
    drag(explorer, right=0, zoom=0.5)
    size = draws(explorer).sum(axis=(1, 2)) / six().sum()
    assert size.min() == pytest.approx(0.25, rel=0.05)
    assert size.max() > 2, "up to twice as large"
    drag(explorer, zoom=1.0, flip="top to bottom")
    upside_down = [
        np.allclose(d, six()[::-1], atol=0.003) for d in draws(explorer)
    ]
    assert sum(upside_down) == 6, "a fair coin"
    del y


def test_crosses_mark_the_draws_that_are_read_otherwise() -> None:
    explorer = make()
    (crosses,) = explorer.live.figure.axes[-1].lines
    assert len(crosses.get_xydata()) == 0
    readout = drag(explorer, turn=180, down=3)
    # From the pixels that were drawn; close calls may round.
    p = by_ink(draws(explorer))
    wrong = p[:, 6] < p[:, 9]
    assert 0 < wrong.sum() < 12
    assert f"Of 12 draws it reads {12 - wrong.sum()} as 6." in readout
    marked = np.zeros(12, bool)
    step = 28 + round(28 * toolkit.GAP)
    for x, y in crosses.get_xydata():
        marked[4 * int(y // step) + int(x // step)] = True
    np.testing.assert_array_equal(marked, wrong)


def test_predict_gets_what_the_network_was_trained_on() -> None:
    asked = []

    def spy(pictures: np.ndarray) -> np.ndarray:
        asked.append(pictures.copy())
        return by_ink(pictures)

    explorer = explorers.augmentation(
        np.array([255 * six()], np.uint8), ["6"], spy
    )
    drag(explorer, zoom=1.5, turn=35)
    for pictures in asked:
        assert pictures.shape == (13, 28, 28)
        assert pictures.dtype == np.float32
        assert pictures.min() >= 0
        assert pictures.max() <= 1
    np.testing.assert_array_equal(asked[0], [six()] * 13)
    np.testing.assert_allclose(asked[-1][0], large(explorer), atol=0.003)


def fails(pictures: np.ndarray) -> np.ndarray:
    raise RuntimeError("no weights\n  at all " + "x " * 300)


@pytest.mark.parametrize(
    ("predict", "said"),
    [
        (fails, "predict raised RuntimeError: no weights at all x x"),
        (lambda x: np.ones((1, 10)), "shape (1, 10), expected (13, 10)"),
        (lambda x: np.ones((13, 3)), "shape (13, 3), expected (13, 10)"),
        (lambda x: np.full((13, 10), np.nan), "no probabilities"),
        (lambda x: 9 * by_ink(x), "no probabilities"),
        (lambda x: None, "predict raised"),
    ],
    ids=["error", "one", "classes", "nan", "logits", "nothing"],
)
def test_a_mistake_in_predict_is_told_and_the_picture_stays(
    predict: object, said: str
) -> None:
    explorer = explorers.augmentation([six()], [6], predict)
    readout = drag(explorer, down=2)
    assert readout.startswith("6, shifted 2 down. predict raised ")
    assert said in readout
    assert "\n" not in readout
    np.testing.assert_allclose(
        large(explorer), np.roll(six(), 2, axis=0), atol=0.003
    )
    assert bars(explorer).size == 0
    assert_caption_is_whole(explorer)


def test_after_a_mistake_the_bars_come_back() -> None:
    broken = False

    def predict(pictures: np.ndarray) -> np.ndarray:
        return None if broken else by_ink(pictures)

    explorer = explorers.augmentation([six()], [6], predict)
    before = shown(explorer)
    broken = True
    drag(explorer, down=2)
    broken = False
    drag(explorer, down=0)
    assert shown(explorer) == before


def test_other_classes_and_sizes_can_be_explored() -> None:
    names = standins.CLOTHING[:3]
    wide = LOPSIDED[:, :, :12]
    explorer = explorers.augmentation(
        wide,
        ["Trouser", "Pullover", "Trouser"],
        lambda x: np.tile([0.1, 0.7, 0.2], (len(x), 1)),
        names,
    )
    assert "network says Trouser (70 %), as the label does" in explorer.readout
    readout = drag(explorer, picture=1)
    assert "Trouser (70 %), the label still says Pullover" in readout
    ticks = explorer.live.figure.axes[1].get_yticklabels()
    assert [tick.get_text() for tick in ticks] == list(names)
    assert explorers.augmentation(wide[:1], ["x"]).controls["picture"].max == 0


@pytest.mark.parametrize(
    ("pictures", "labels", "said"),
    [
        (np.zeros((2, 28, 28)), ["1"], "1 labels for 2 pictures"),
        (np.zeros((28, 28)), ["1"] * 28, r"shape \(28, 28\)"),
        (np.zeros((0, 28, 28)), [], "at least one"),
        (np.zeros((1, 8, 8, 3)), ["1"], "expected grey ones"),
        (np.full((1, 8, 8), 255.0), ["1"], "to 255, expected floats from 0"),
        (np.full((1, 8, 8), -0.5), ["1"], "from -0.5"),
    ],
    ids=["labels", "single", "none", "colour", "floats", "negative"],
)
def test_what_cannot_be_explored_is_explained(
    pictures: np.ndarray, labels: list, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        explorers.augmentation(pictures, labels)


def test_pixels_that_are_no_numbers_are_dark_or_bright() -> None:
    picture = six()
    picture[0, :3] = np.nan, np.inf, -np.inf
    explorer = explorers.augmentation([picture], ["6"], by_ink)
    assert large(explorer)[0, :3].tolist() == [0, 1, 0]
    assert "raised" not in drag(explorer, turn=10)


@both
def test_every_control_moves_the_picture(make: object) -> None:
    explorer = make()
    for name, control in explorer.controls.items():
        assert control.description
        before = shown(explorer)
        if name == "flip":
            control.value = "left to right"
        else:
            control.value += control.step
        assert shown(explorer) != before, name
        assert "raised" not in explorer.readout


@both
def test_the_same_controls_give_the_same_picture(make: object) -> None:
    explorer = make()
    before, axes = shown(explorer), limits(explorer)
    first = explorer._repr_mimebundle_()[0]
    assert first["image/png"] == make()._repr_mimebundle_()[0]["image/png"]
    assert len(base64.b64decode(first["image/png"])) < 40_000
    explorer.set(turn=95, right=10, down=-10, zoom=1.5, picture=1)
    assert limits(explorer) == axes
    explorer.set(turn=0, right=0, down=0, zoom=1.0, picture=0)
    assert shown(explorer) == before


def test_the_longest_caption_is_whole() -> None:
    explorer = explorers.augmentation(
        [six()],
        ["Ankle boot"],
        lambda x: np.tile(np.eye(10)[0] * 0.999, (len(x), 1)),
        standins.CLOTHING,
    )
    assert_caption_is_whole(explorer)
    explorer.set(turn=-175, right=10, down=10, zoom=0.55, flip="top to bottom")
    assert_caption_is_whole(explorer)


def test_a_move_is_much_faster_than_a_full_drawing() -> None:
    assert_quick(make(), "turn", range(-100, 100, 10), share=0.8)
