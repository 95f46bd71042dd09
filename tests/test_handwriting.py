"""Simulated digits look written, stay the same, and can be read."""

from __future__ import annotations

import itertools

from course_utils import handwriting, scratch, standins

import numpy as np
import pytest
from sklearn.svm import SVC

digits = pytest.mark.parametrize("digit", range(10))
# Of the strokes with seed 7: how many points, and the sum of all places.
COUNTS = [49, 44, 17, 46, 31, 37, 26, 36, 72, 57, 96, 34]
TOTAL = [263.22, 274.84]


def read_photo(photo: np.ndarray) -> np.ndarray:
    """Find ink in a photo as lecture 07 does: away from the paper's grey."""
    grey = photo.mean(axis=2)
    away = np.abs(grey - np.median(grey))
    away = away / away.max()
    return np.where(away < 0.25, 0, away).astype("float32")


@digits
def test_strokes_are_places_in_the_square(digit: int) -> None:
    for seed in range(12):
        strokes = handwriting.strokes(digit, seed)
        assert 1 <= len(strokes) <= 3
        for stroke in strokes:
            assert stroke.ndim == 2
            assert stroke.shape[1] == 2
            assert len(stroke) >= 4
        points = np.concatenate(strokes)
        assert np.isfinite(points).all()
        # Half a pen's width stays free, so that no ink is cut off.
        assert points.min() > handwriting.PEN / 2
        assert points.max() < 1 - handwriting.PEN / 2
        assert 0.49 < np.ptp(points, axis=0).max() < 0.86


@digits
def test_a_seed_decides_the_digit(digit: int) -> None:
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first, again, other = (handwriting.strokes(digit, s) for s in (3, 3, 4))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(
        handwriting.drawn(first), handwriting.drawn(other)
    )
    np.testing.assert_array_equal(
        handwriting.photo(digit, 3), handwriting.photo(digit, 3)
    )


@digits
def test_every_way_of_writing_occurs(digit: int) -> None:
    ways = {handwriting.variant(digit, seed) for seed in range(60)}
    assert ways == set(handwriting.VARIANTS[digit])


def test_a_seven_with_a_bar_has_two_strokes() -> None:
    for seed in range(20):
        barred = handwriting.variant(7, seed) == "with a bar"
        assert len(handwriting.strokes(7, seed)) == 1 + barred


def test_the_pen_has_the_pace_of_a_hand() -> None:
    # A 7: fast along the lines, slow at the corner and at both ends.
    for seed in range(8):
        stroke = handwriting.strokes(7, seed)[0]
        steps = np.hypot(*np.diff(stroke, axis=0).T)
        assert steps[0] < 0.7 * np.median(steps)
        assert steps[-1] < 0.7 * np.median(steps)
        assert steps.max() > 2 * steps.min()


def turns(stroke: np.ndarray) -> np.ndarray:
    """Return by how many degrees the pen turns between two steps."""
    step = np.diff(stroke, axis=0)
    angle = np.unwrap(np.arctan2(step[:, 1], step[:, 0]))
    return np.degrees(np.abs(np.diff(angle)))


def test_lines_are_smooth() -> None:
    rng = np.random.default_rng(0)
    for digit, seed in itertools.product((0, 8), range(10)):
        for stroke in handwriting.strokes(digit, seed):
            assert np.median(turns(stroke)) < 20
            assert turns(stroke).max() < 75
            # A tremble of a hundredth would show.
            shaky = stroke + rng.uniform(-0.01, 0.01, stroke.shape)
            assert np.median(turns(shaky)) > np.median(turns(stroke)) + 5


def test_the_pen_is_as_thick_as_promised() -> None:
    line = np.array([[0.5, 0.2], [0.5, 0.8]])
    for size in (28, 56):
        picture = handwriting.drawn([line], size)
        assert picture.shape == (size, size)
        assert picture.dtype == np.uint8
        row = picture[size // 2] / 255
        assert row.sum() == pytest.approx(2.3 * size / 28, abs=0.15)
        # The ink lies around the line, half of it on either side.
        middle = row @ (np.arange(size) + 0.5) / row.sum()
        assert middle == pytest.approx(size / 2, abs=0.1)


def test_ink_is_bright_smooth_and_whole() -> None:
    for digit in range(10):
        picture = handwriting.drawn(handwriting.strokes(digit, 5))
        assert picture.max() == 255
        assert ((picture > 0) & (picture < 255)).sum() > 20
        frame = np.ones((28, 28), bool)
        frame[1:-1, 1:-1] = False
        assert not (picture[frame] > 200).any()


def test_no_strokes_and_short_strokes_can_be_drawn() -> None:
    assert not handwriting.drawn([]).any()
    dot = handwriting.drawn([np.array([[0.5, 0.5]])])
    assert 2 < (dot > 100).sum() < 9
    same = handwriting.drawn([np.full((3, 2), 0.5)])
    np.testing.assert_array_equal(same, dot)
    # A pad may send a stroke that has not begun.
    assert not handwriting.drawn([np.empty((0, 2))]).any()


@pytest.mark.parametrize(
    "stroke",
    [[0.1, 0.2], [[0.1, 0.2, 0.3]], [[0.1, float("nan")]]],
    ids=["one row", "three columns", "nan"],
)
def test_a_stroke_that_cannot_be_drawn_is_named(stroke: list) -> None:
    good = np.array([[0.1, 0.1], [0.9, 0.9]])
    with pytest.raises(ValueError, match=r"stroke 1 .*points, 2"):
        handwriting.drawn([good, np.array(stroke)])


def test_drawings_can_be_read() -> None:
    # A machine that learnt from real digits of real people.
    x, y, *_ = standins.digits()
    reader = SVC(C=10, gamma=0.02).fit(x.reshape(-1, 784) / 255, y)
    expected = np.repeat(range(10), 10)
    seen = [
        handwriting.drawn(handwriting.strokes(digit, seed)) / 255
        for digit in range(10)
        for seed in range(10)
    ]
    placed = [scratch.centred(picture) for picture in seen]
    right, raw = (
        np.mean(reader.predict(np.reshape(way, (100, 784))) == expected)
        for way in (placed, seen)
    )
    assert right > 0.7
    # Size and place of the drawing matter to what is no convolution.
    assert raw < right - 0.3


@pytest.mark.parametrize("seed", range(3))
def test_ink_can_be_told_from_evenly_lit_paper(seed: int) -> None:
    photo = handwriting.photo(4, seed)
    assert photo.shape == (480, 360, 3)
    assert photo.dtype == np.uint8
    found = read_photo(photo) > 0
    assert 0.02 < found.mean() < 0.2
    # All of the ink, and no speck of the paper, lies in the digit's box.
    rows, columns = np.nonzero(found)
    box = max(np.ptp(rows), np.ptp(columns)) / (0.92 * 360)
    strokes = np.concatenate(handwriting.strokes(4, seed))
    pen = 22 / (0.92 * 360)
    assert box == pytest.approx(np.ptp(strokes, axis=0).max() + pen, rel=0.2)


def test_a_shadow_darkens_part_of_the_sheet() -> None:
    # What is meant to go wrong in lecture 07 goes wrong.
    for seed in range(4):
        light, dark = (handwriting.photo(3, seed, s) for s in (0.0, 0.6))
        light, dark = (p.mean(axis=2) for p in (light, dark))
        ratio = dark / light
        assert 0.15 < (ratio < 0.8).mean() < 0.7
        assert (ratio > 0.95).mean() > 0.25
        assert (read_photo(handwriting.photo(3, seed, 0.6)) > 0).mean() > 0.2
    means = [handwriting.photo(3, 0, s).mean() for s in (0, 0.3, 0.6, 1)]
    assert means == sorted(means, reverse=True)


def direction(ink: np.ndarray) -> float:
    """Return the angle of the longest axis, counter-clockwise, in degrees."""
    rows, columns = np.nonzero(ink)
    x, y = columns - columns.mean(), rows.mean() - rows
    return np.degrees(0.5 * np.arctan2(2 * x @ y, x @ x - y @ y))


def test_a_sheet_turns_counter_clockwise() -> None:
    seed = next(s for s in range(50) if handwriting.variant(1, s) == "plain")
    straight, turned = (
        direction(read_photo(handwriting.photo(1, seed, turn=t)))
        for t in (0, 25)
    )
    assert (turned - straight) % 180 == pytest.approx(25, abs=4)


@pytest.mark.parametrize("turn", [0, 45, 90, 180, -130, 360])
def test_a_turned_digit_stays_in_the_picture(turn: float) -> None:
    def longest(seed: int) -> float:
        points = np.concatenate(handwriting.strokes(7, seed))
        return np.hypot(*np.ptp(points, axis=0))

    ink = read_photo(
        handwriting.photo(7, max(range(40), key=longest), turn=turn)
    )
    assert ink.any()
    ink[8:-8, 8:-8] = 0
    assert not ink.any()


@pytest.mark.parametrize("digit", [-1, 10, "3", None], ids=repr)
def test_what_is_no_digit_is_named(digit: object) -> None:
    for use in (handwriting.strokes, handwriting.variant, handwriting.photo):
        with pytest.raises(ValueError, match="expected 0 to 9"):
            use(digit, 0)


@pytest.mark.parametrize("shadow", [-0.1, 1.1, float("nan")], ids=repr)
def test_a_shadow_that_cannot_be_is_named(shadow: float) -> None:
    with pytest.raises(ValueError, match=r"shadow is .*expected"):
        handwriting.photo(3, 0, shadow=shadow)


def test_a_turn_that_is_no_number_is_named() -> None:
    with pytest.raises(ValueError, match="turn is nan"):
        handwriting.photo(3, 0, turn=float("nan"))


def test_digits_are_the_same_on_every_machine() -> None:
    # Rounded, so that the last digit of a sine does not matter.
    points = [
        np.round(stroke, 3)
        for digit in range(10)
        for stroke in handwriting.strokes(digit, 7)
    ]
    assert [len(stroke) for stroke in points] == COUNTS
    total = np.concatenate(points).sum(axis=0)
    np.testing.assert_allclose(total, TOTAL, atol=0.1)
