"""The digit pad draws, asks the network, and explains what went wrong."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

from course_utils import explorers, handwriting, scratch, style
from course_utils.explorers.digit_pad import DigitPad
from tests.pictures import decode, rms

import numpy as np
import pytest

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

THREE = handwriting.strokes(3, seed=5)
UNSURE = [0.02, 0.01, 0.03, 0.87, 0.01, 0.01, 0.01, 0.01, 0.02, 0.01]
SCRIPT = Path(explorers.__file__).with_name("digit_pad.js").read_text("utf-8")


class Network:
    """Gives what it is told to give, and remembers what it was given."""

    def __init__(self, gives: object = (UNSURE,)) -> None:
        self.gives = gives
        self.given: list[np.ndarray] = []

    def __call__(self, x: np.ndarray) -> object:
        self.given.append(x.copy())
        x[...] = -1  # what it does to its input is its own affair
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


def centred(drawing: np.ndarray) -> np.ndarray:
    found = scratch.centred(drawing / 255)
    drawing[...] = 7
    return found


def send(pad: DigitPad, picture: np.ndarray, number: int = 50) -> dict:
    """Draw as the browser does, and return what it is answered."""
    pixels = memoryview(picture.astype(np.uint8).tobytes())
    content = {"number": number, "strokes": [[0.5, 0.5]]}
    message = {"content": {"data": {"method": "custom", "content": content}}}
    pad.pad._handle_msg({**message, "buffers": [pixels]})
    return pad.pad.answer


# What the network is given --------------------------------------------------


def test_the_network_is_given_what_prepare_makes_of_the_drawing() -> None:
    network = Network()
    pad = explorers.digit_pad(network, centred)
    pad.draw(THREE)
    drawn = handwriting.drawn(THREE)
    np.testing.assert_array_equal(pad.picture, drawn)
    assert pad.picture.dtype == np.uint8
    (x,) = network.given
    assert x.shape == (1, 28, 28)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x[0], scratch.centred(drawn / 255))
    np.testing.assert_array_equal(pad.seen, x[0])


def test_the_switch_shows_it_the_drawing_as_it_is() -> None:
    network = Network()
    pad = explorers.digit_pad(network, centred)
    pad.draw(THREE)
    assert pad.pad.choice and pad.prepared
    pad.pad.set_state({"prepared": False})
    as_drawn = handwriting.drawn(THREE) / 255
    np.testing.assert_allclose(network.given[-1][0], as_drawn, atol=1e-7)
    pad.prepared = True
    np.testing.assert_array_equal(
        network.given[-1][0], scratch.centred(as_drawn)
    )


def test_without_prepare_it_is_given_the_drawing_and_there_is_no_switch() -> (
    None
):
    network = Network()
    pad = explorers.digit_pad(network)
    pad.draw(THREE)
    (x,) = network.given
    np.testing.assert_allclose(x[0], handwriting.drawn(THREE) / 255, atol=1e-7)
    assert not pad.pad.choice


@pytest.mark.parametrize(
    "strokes",
    [[], [np.array([[1.5, 1.5], [1.9, 1.2]])]],
    ids=["nothing", "outside"],
)
def test_an_empty_pad_asks_nobody(strokes: list) -> None:
    network = Network()
    pad = explorers.digit_pad(network, centred)
    assert pad.readout == "Draw a digit."
    assert pad.probabilities is None
    pad.draw(strokes)
    pad.prepared = False
    assert pad.readout == "Draw a digit."
    assert network.given == []
    assert pad.picture.shape == pad.seen.shape == (28, 28)
    assert not pad.picture.any()


def test_clear_forgets_the_digit() -> None:
    pad = explorers.digit_pad(Network())
    pad.draw(THREE)
    pad.clear()
    assert pad.readout == "Draw a digit."
    assert pad.probabilities is None
    assert not pad.picture.any()
    assert pad.pad.drawing["strokes"] == []
    pad.draw(THREE)
    assert pad.readout == "3, 87 %"


# What it answers ------------------------------------------------------------


@pytest.mark.parametrize(
    ("highest", "expected"),
    [
        (0.87, "4, 87 %"),
        (0.994, "4, 99 %"),
        (0.9996, "4, > 99 %"),
        (1.0, "4, 100 %"),
    ],
    ids=["unsure", "99", "nearly-sure", "sure"],
)
def test_the_readout_says_digit_and_probability(
    highest: float, expected: str
) -> None:
    p = np.full((1, 10), (1 - highest) / 9, "float32")
    p[0, 4] = highest
    pad = explorers.digit_pad(Network(p))
    pad.draw(THREE)
    assert pad.readout == expected
    assert repr(pad) == f"digit pad: {expected}"
    np.testing.assert_array_equal(pad.probabilities, p[0])
    assert pad.pad.answer["text"] == expected
    assert pad.pad.answer["probabilities"] == pytest.approx(p[0].tolist())
    assert pad.pad.answer["shares"][4] == expected.split(", ")[1]


def test_a_drawing_from_the_browser_is_answered_with_its_number() -> None:
    network = Network()
    pad = explorers.digit_pad(network)
    picture = handwriting.drawn(THREE)
    answer = send(pad, picture, number=50)
    assert answer["number"] == 50
    assert answer["text"] == pad.readout == "3, 87 %"
    np.testing.assert_array_equal(pad.picture, picture)
    assert np.frombuffer(answer["seen"], np.uint8).tolist() == (
        picture.ravel().tolist()
    )
    assert send(pad, 0 * picture, number=51)["text"] == "Draw a digit."
    pad.draw(THREE)
    assert pad.pad.answer["number"] == pad.pad.drawing["number"] > 51


def test_the_browser_is_given_the_strokes_to_draw() -> None:
    pad = explorers.digit_pad(Network())
    pad.draw([[(0.25, 0.5), (0.75, 0.5)], [(0.5, 0.25)]])
    assert pad.pad.drawing["strokes"] == [[0.25, 0.5, 0.75, 0.5], [0.5, 0.25]]


def test_pixels_that_nobody_scaled_are_shown_all_the_same() -> None:
    network = Network()
    pad = explorers.digit_pad(network, lambda drawing: drawing)
    pad.draw(THREE)
    assert network.given[0].max() == 255
    seen = np.frombuffer(pad.pad.answer["seen"], np.uint8)
    assert seen.tolist() == pad.picture.ravel().tolist()
    pad = explorers.digit_pad(network, lambda drawing: drawing / 127.5 - 1)
    pad.draw(THREE)
    seen = np.frombuffer(pad.pad.answer["seen"], np.uint8).astype(int)
    assert abs(seen - pad.picture.ravel()).max() <= 1


# What goes wrong ------------------------------------------------------------

NAN = np.full((28, 28), np.nan)
WRONG = {
    "raises": (
        ValueError("no\n  such layer"),
        "predict raised ValueError: no such layer",
    ),
    "long": (RuntimeError("x" * 5000), "x …"),
    "no-batch": (UNSURE, "predict gave the shape (10,), expected (1, 10)."),
    "nothing": (None, "predict gave"),
    "words": ("three", "predict gave str, expected numbers of shape (1, 10)."),
    "ragged": ([[1, 2], [3]], "predict gave list, expected numbers"),
    "nan": ([[np.nan] * 10], "predict gave values that are not finite"),
    "huge": ([[1e300] * 10], "predict gave values that are not finite"),
    "logits": ([[5, -3, *[0] * 8]], "from -3 to 5, with the sum 2. If these"),
    "sum": ([[0.5] * 10], "no probabilities: from 0.5 to 0.5, with the sum 5"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_answer_is_explained_and_the_pad_goes_on(case: str) -> None:
    gives, expected = WRONG[case]
    network = Network()
    pad = explorers.digit_pad(network, centred)
    pad.draw(THREE)
    network.gives = gives
    answer = send(pad, handwriting.drawn(THREE))
    assert expected in pad.readout
    assert "\n" not in pad.readout and len(pad.readout) < 300
    assert pad.probabilities is None
    assert answer["text"] == pad.readout
    assert answer["probabilities"] == answer["shares"] == []
    assert pad._repr_mimebundle_()[0]["text/plain"] == (
        f"digit pad: {pad.readout}"
    )
    network.gives = [UNSURE]
    assert send(pad, handwriting.drawn(THREE), 51)["text"] == "3, 87 %"


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (lambda x: x.missing, "prepare raised AttributeError: "),
        (lambda x: x[:20], "prepare gave the shape (20, 28), expected"),
        (lambda x: x[None], "prepare gave the shape (1, 28, 28), expected"),
        (lambda x: NAN, "prepare gave values that are not finite"),
        (lambda x: None, "prepare gave"),
        (lambda x: x / 0.0, "prepare gave values that are not finite"),
    ],
    ids=["raises", "cut", "batch", "nan", "nothing", "zero"],
)
def test_a_wrong_preparation_is_explained_and_can_be_left_out(
    prepare: Callable, expected: str
) -> None:
    network = Network()
    pad = explorers.digit_pad(network, prepare)
    pad.draw(THREE)
    assert pad.readout.startswith(expected)
    assert network.given == []
    assert pad.probabilities is None
    pad.prepared = False
    assert pad.readout == "3, 87 %"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((None,), "predict is NoneType, expected a function"),
        ((np.eye(3),), "predict is ndarray, expected a function"),
        ((Network(), "centre"), "prepare is str, expected a function"),
        ((Network(), 255), "prepare is int, expected a function"),
    ],
    ids=["none", "array", "name", "number"],
)
def test_what_is_no_function_is_refused_at_once(
    arguments: tuple, expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        explorers.digit_pad(*arguments)


@pytest.mark.parametrize(
    ("strokes", "expected"),
    [
        (THREE[0], r"Stroke 1 has shape \(2,\), expected \(points, 2\)"),
        ([THREE[0], np.zeros((0, 2))], r"Stroke 2 has shape \(0, 2\)"),
        ([np.zeros((4, 3))], r"Stroke 1 has shape \(4, 3\)"),
        (["three"], "Stroke 1 is not made of numbers"),
        ([[(0.1, 0.2), (0.3,)]], "Stroke 1 is not made of numbers"),
        ([[(0.1, np.nan)]], "Stroke 1 has a place that is not a number"),
    ],
    ids=["no-list", "no-points", "3d", "words", "ragged", "nan"],
)
def test_strokes_that_are_none_leave_the_drawing(
    strokes: object, expected: str
) -> None:
    pad = explorers.digit_pad(Network())
    pad.draw(THREE)
    with pytest.raises(ValueError, match=expected):
        pad.draw(strokes)
    np.testing.assert_array_equal(pad.picture, handwriting.drawn(THREE))
    assert pad.readout == "3, 87 %"


# Where no script runs -------------------------------------------------------


def stored(pad: DigitPad) -> np.ndarray:
    return decode(pad._repr_mimebundle_()[0]["image/png"])


def test_a_page_without_a_kernel_shows_the_digit_being_read() -> None:
    pad = explorers.digit_pad(Network(), centred)
    empty = stored(pad)
    pad.draw(THREE)
    data, metadata = pad._repr_mimebundle_()
    assert data["text/plain"] == "digit pad: 3, 87 %"
    assert "application/vnd.jupyter.widget-view+json" in data
    alt = metadata["image/png"]["alt"]
    assert alt == "digit pad: a drawn digit, read as 3, 87 %; 2, 3 %; 0, 2 %."
    assert len(base64.b64decode(data["image/png"])) < 30_000
    three = decode(data["image/png"])
    assert rms(three, stored(pad)) == 0
    assert rms(three, empty) > 20
    best = [int(style.MODEL[i : i + 2], 16) for i in (1, 3, 5)]
    is_bar = (abs(three - best) < 12).all(axis=2)
    assert is_bar.sum() > 1000, "the longest bar"
    pad.prepared = False
    assert rms(three, stored(pad)) > 20, "what the network sees"


def test_an_empty_pad_has_a_picture_too() -> None:
    pad = explorers.digit_pad(Network())
    data, metadata = pad._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == "digit pad: Draw a digit."
    picture = decode(data["image/png"])
    dark = (picture.max(axis=2) < 60).mean()
    assert 0.2 < dark < 0.6, "two empty boards on paper"
    pad.draw(THREE)
    pad.clear()
    assert rms(stored(pad), picture) == 0


def test_drawings_of_the_browser_are_stored_as_well() -> None:
    pad = explorers.digit_pad(Network())
    before = stored(pad)
    send(pad, handwriting.drawn(THREE))
    assert rms(stored(pad), before) > 5


# The script -----------------------------------------------------------------


def test_the_script_takes_its_colours_from_the_style() -> None:
    code = re.sub(r"//.*", "", SCRIPT)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", code)
    assert not re.findall(r"rgba?\(|hsla?\(", code)
    used = set(re.findall(r"var\(--(?!jp-)([a-z]+)", code))
    used |= set(re.findall(r"\bcolours\.([a-z]+)", code))
    assert used == set(explorers.digit_pad(Network()).pad.colours)
