"""What learners write from scratch agrees with formulas, NumPy and Keras."""

from __future__ import annotations

import math
from collections.abc import Callable

from course_utils import scratch

import numpy as np
import pytest
from scipy import ndimage


def slope(w: np.ndarray) -> np.ndarray:
    """Return the derivative of (w + 1) ** 2."""
    return 2 * (w + 1)


def test_standardise_gives_mean_0_and_deviation_1() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal([5, -300, 0.01], [2, 80, 0.001], (50, 3))
    before = x.copy()
    z = scratch.standardise(x)
    assert z.shape == x.shape
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=0), 1)
    np.testing.assert_allclose(
        np.corrcoef(z, rowvar=False), np.corrcoef(x, rowvar=False)
    )
    np.testing.assert_array_equal(x, before)


def test_descend_gives_the_values_of_the_lecture() -> None:
    path = scratch.descend(slope, 5.0, 0.2, 4)
    np.testing.assert_allclose(path, [5.0, 2.6, 1.16, 0.296, -0.2224])
    assert scratch.descend(slope, 5.0, 0.2, 40)[-1] == pytest.approx(
        -1, abs=1e-8
    )


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.3, 0.5, 0.999, 1.0, 1.1, -0.1])
def test_descend_multiplies_the_distance(rate: float) -> None:
    path = scratch.descend(slope, 5.0, rate, 12)
    expected = -1 + 6 * (1 - 2 * rate) ** np.arange(13)
    np.testing.assert_allclose(path, expected, rtol=1e-9, atol=1e-9)


def test_descend_works_in_every_shape_and_keeps_its_start() -> None:
    start = np.array([[1.0, -2.0], [0.5, 4.0]])
    before = start.copy()
    path = scratch.descend(slope, start, 0.1, 6)
    assert path.shape == (7, 2, 2)
    np.testing.assert_array_equal(start, before)
    np.testing.assert_allclose(
        path[:, 1, 1], scratch.descend(slope, 4.0, 0.1, 6)
    )


@pytest.mark.parametrize("rate", [1e9, math.inf, math.nan])
def test_descend_survives_absurd_rates(rate: float) -> None:
    with np.errstate(all="ignore"):
        path = scratch.descend(slope, 5.0, rate, 60)
    assert path.shape == (61,)
    assert not abs(path[-1]) < 1e6


def test_descend_without_steps_is_the_start() -> None:
    np.testing.assert_array_equal(scratch.descend(slope, 5.0, 0.2, 0), [5.0])


FORMULAS: dict[Callable, Callable[[int], float]] = {
    scratch.constant: lambda t: 1.0,
    scratch.exponential: lambda t: math.exp(t * math.log(0.99)),
    scratch.stepwise: lambda t: 1 / 2 ** math.floor(t / 10),
    scratch.cosine: lambda t: (
        math.cos(math.pi * t / 80) ** 2 if t < 40 else 0.0
    ),
    scratch.warm_up: lambda t: (
        (math.cos(math.pi * t / 80) ** 2 if t < 40 else 0.0)
        * ((t + 1) / 10 if t < 9 else 1)
    ),
}


@pytest.mark.parametrize("schedule", FORMULAS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("rate", [0.2, 3.0])
def test_schedules_follow_their_formulas(
    schedule: Callable, rate: float
) -> None:
    rates = [schedule(t, rate) for t in range(60)]
    expected = [rate * FORMULAS[schedule](t) for t in range(60)]
    np.testing.assert_allclose(rates, expected, atol=1e-12)


def test_schedules_give_the_values_of_the_lecture() -> None:
    rates = [scratch.exponential(t, 0.2) for t in range(3)]
    np.testing.assert_allclose(rates, [0.2, 0.198, 0.19602])
    w, path = 5.0, []
    for rate in rates:
        w -= rate * slope(w)
        path.append(w)
    np.testing.assert_allclose(path, [2.6, 1.1744, 0.321948], atol=5e-7)
    assert [scratch.stepwise(t, 0.2) for t in (0, 9, 10, 19, 20)] == [
        0.2,
        0.2,
        0.1,
        0.1,
        0.05,
    ]
    assert scratch.warm_up(0, 0.2) == pytest.approx(0.02)


def test_schedules_agree_with_keras() -> None:
    from keras.optimizers import schedules

    pairs = [
        (scratch.exponential, schedules.ExponentialDecay(0.2, 1, 0.99)),
        (
            scratch.stepwise,
            schedules.ExponentialDecay(0.2, 10, 0.5, staircase=True),
        ),
        (scratch.cosine, schedules.CosineDecay(0.2, 40)),
    ]
    for ours, theirs in pairs:
        for step in (0, 1, 5, 9, 11, 20, 33, 40, 55):
            assert ours(step, 0.2) == pytest.approx(
                float(theirs(step)), abs=1e-6
            ), (ours.__name__, step)


def test_numerical_gradient_agrees_with_a_known_one() -> None:
    rng = np.random.default_rng(1)
    a, w = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))

    def loss(w: np.ndarray) -> float:
        return float(np.sum(np.sin(a * w) + w**3))

    before = w.copy()
    np.testing.assert_allclose(
        scratch.numerical_gradient(loss, w),
        a * np.cos(a * w) + 3 * w**2,
        rtol=1e-7,
        atol=1e-8,
    )
    np.testing.assert_array_equal(w, before)


def test_numerical_gradient_takes_numbers_and_integers() -> None:
    at_three = scratch.numerical_gradient(lambda w: w**2, 3)
    assert at_three.shape == ()
    assert at_three == pytest.approx(6)
    whole = scratch.numerical_gradient(lambda w: (w**2).sum(), [1, 2])
    np.testing.assert_allclose(whole, [2, 4], rtol=1e-8)


def test_numerical_gradient_has_an_error_of_second_order() -> None:
    errors = [
        abs(float(scratch.numerical_gradient(np.exp, 1.0, h)) - math.e)
        for h in (1e-2, 1e-3)
    ]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize(
    ("num_samples", "batch_size", "sizes"),
    [(10, 4, [4, 4, 2]), (8, 4, [4, 4]), (3, 10, [3]), (4, 1, [1] * 4)],
)
def test_minibatches_use_every_sample_once(
    num_samples: int, batch_size: int, sizes: list[int]
) -> None:
    rng = np.random.default_rng(0)
    batches = list(scratch.minibatches(num_samples, batch_size, rng))
    assert [len(batch) for batch in batches] == sizes
    assert sorted(np.concatenate(batches)) == list(range(num_samples))


def test_minibatches_are_shuffled_anew_each_epoch_and_repeatable() -> None:
    def epochs(seed: int) -> list[list[int]]:
        rng = np.random.default_rng(seed)
        return [
            [int(i) for b in scratch.minibatches(50, 8, rng) for i in b]
            for _ in range(2)
        ]

    first, second = epochs(0)
    assert first != second
    assert first != sorted(first)
    assert epochs(0) == [first, second] != epochs(1)


def inked(picture: np.ndarray) -> tuple[int, ...]:
    """Return how many rows and columns the ink spans."""
    return tuple(int(np.ptp(axis)) + 1 for axis in np.nonzero(picture))


def ramp(height: int, width: int, seed: int) -> np.ndarray:
    """Return ink all over a box, heavier towards one corner."""
    slopes = np.random.default_rng(seed).uniform(-0.4, 0.4, 2)
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return (0.6 + 0.5 * (slopes[0] * down + slopes[1] * across)).astype("f4")


def on_paper(box: np.ndarray, top: int, left: int) -> np.ndarray:
    """Return a page of 70 × 90 pixels with a box of ink."""
    page = np.zeros((70, 90), box.dtype)
    page[top : top + box.shape[0], left : left + box.shape[1]] = box
    return page


def test_an_empty_page_is_centred_to_an_empty_picture() -> None:
    picture = scratch.centred(np.zeros((5, 9)))
    assert picture.shape == (28, 28)
    assert picture.dtype == np.float32
    assert not picture.any()


@pytest.mark.parametrize("place", [(0, 0), (3, 8), (4, 2)], ids=str)
def test_one_pixel_becomes_a_square_in_the_middle(place: tuple) -> None:
    page = np.zeros((5, 9))
    page[place] = 0.7
    picture = scratch.centred(page)
    assert inked(picture) == (20, 20)
    np.testing.assert_allclose(picture[picture > 0], 0.7, atol=1e-6)
    middle = ndimage.center_of_mass(picture)
    np.testing.assert_allclose(middle, 14, atol=0.5)


@pytest.mark.parametrize(
    ("shape", "spans"),
    [
        ((40, 40), (20, 20)),
        ((60, 15), (20, 5)),
        ((12, 50), (5, 20)),
        ((7, 4), (20, 11)),
        ((1, 30), (1, 20)),
        ((66, 1), (20, 1)),
    ],
    ids=str,
)
def test_the_longer_side_gets_20_pixels_and_the_mass_the_middle(
    shape: tuple[int, int], spans: tuple[int, int]
) -> None:
    for seed in range(20):
        box = ramp(*shape, seed)
        picture = scratch.centred(on_paper(box, seed % 4, 3 * seed % 37))
        assert inked(picture) == spans
        middle = ndimage.center_of_mass(picture)
        np.testing.assert_allclose(middle, 14, atol=0.5 + 1e-4)
        # Placing what is in the corner does not change it.
        np.testing.assert_array_equal(picture, scratch.centred(box))


def test_ink_of_20_pixels_is_moved_and_not_changed() -> None:
    box = ramp(20, 12, 0)
    picture = scratch.centred(on_paper(box, 33, 51))
    np.testing.assert_array_equal(picture[picture > 0], box.ravel())
    np.testing.assert_array_equal(scratch.centred(picture), picture)


@pytest.mark.parametrize("turns", range(4))
def test_ink_with_its_mass_at_one_end_stays_in_the_picture(turns: int) -> None:
    box = np.full((20, 20), 0.001, "f4")
    box[0] = 1
    picture = np.rot90(scratch.centred(np.rot90(box, turns)), -turns)
    assert inked(picture) == (20, 20)
    assert picture[8].max() == 1, "as low as it may stand"


@pytest.mark.parametrize("shape", [(50, 33), (6, 5)], ids=["fine", "coarse"])
def test_what_centring_returns_lies_between_0_and_1(shape: tuple) -> None:
    # Between coarse pixels the resampling swings above 1 and below 0.
    rng = np.random.default_rng(0)
    for _ in range(20):
        picture = scratch.centred((rng.random(shape) > 0.7).astype(float))
        assert picture.min() == 0
        assert 0.5 < picture.max() <= 1


def test_lines_too_fine_for_20_pixels_become_grey() -> None:
    stripes = np.where(np.arange(60) % 2, 1.0, 0.4) * np.ones((60, 1))
    picture = scratch.centred(stripes)
    np.testing.assert_allclose(picture[picture > 0].mean(), 0.7, atol=0.01)
    assert np.abs(picture[picture > 0] - 0.7).max() < 0.15
