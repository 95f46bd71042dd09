"""The explorers of lecture 04 compute, draw and say what is true."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from course_utils import explorers, scratch, toy
from course_utils.explorers import Explorer, losses
from tests.explored import (
    assert_caption_is_whole,
    assert_made_alike,
    assert_quick,
    drag,
    shown,
)

import ipywidgets as widgets
import numpy as np
import pytest
from matplotlib.lines import Line2D
from numpy.polynomial import legendre
from sklearn.linear_model import QuantileRegressor

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

LINEAR, CONSTANT = "w1 · x1 + w2 · x2", "one number for all days"
PRICES = [(1, 99), (1, 9), (1, 1), (2, 1), (9, 1), (99, 1)]
prices = pytest.mark.parametrize(
    ("cost", "profit"), PRICES, ids=[f"{c}-to-{p}" for c, p in PRICES]
)


def explore_yoghurt(**arguments: int) -> Explorer:
    return explorers.cost_profit(*toy.yoghurt(), **arguments)


MAKERS = {
    "cost_profit": explore_yoghurt,
    "cross_entropy": explorers.cross_entropy,
    "regularisation": explorers.regularisation,
    "polynomial": explorers.polynomial,
}
every = pytest.mark.parametrize("name", MAKERS)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train less where what is learnt does not matter."""
    monkeypatch.setattr(losses, "STEPS", 60)


def moving(explorer: Explorer, ax: int) -> list[Line2D]:
    """Return the lines of one axes that move, in the order of making."""
    lines = explorer.live.figure.axes[ax].lines
    return [line for line in lines if line.get_animated()]


def number(text: str, before: str) -> float:
    """Return the number that stands in a readout after some words."""
    return float(re.search(re.escape(before) + r"(-?[\d.e+-]*\d)", text)[1])


# Cost and profit -----------------------------------------------------------


def pinball(
    y: np.ndarray, predicted: np.ndarray, cost: float, profit: float
) -> float:
    much, little = np.maximum(predicted - y, 0), np.maximum(y - predicted, 0)
    return float(np.mean(cost * much + profit * little))


def made(explorer: Explorer) -> tuple[np.ndarray, np.ndarray]:
    """Return what was asked for and made, too little first, as drawn."""
    return np.concatenate([line.get_data() for line in moving(explorer, 0)], 1)


@prices
def test_no_linear_programme_finds_better_weights(
    cost: int, profit: int
) -> None:
    x, y = toy.yoghurt()
    explorer = explore_yoghurt(cost=cost, profit=profit)
    oracle = QuantileRegressor(
        quantile=profit / (cost + profit), alpha=0, fit_intercept=False
    ).fit(x, y)
    expected = pinball(y, oracle.predict(x), cost, profit)
    asked, predicted = made(explorer)
    assert pinball(asked, predicted, cost, profit) == pytest.approx(expected)
    text = explorer.readout
    assert number(text, "Mean loss ") == pytest.approx(expected, abs=6e-4)
    w = [number(text, f"w{i} = ") for i in (1, 2)]
    order = np.argsort(asked)
    by_readout = x @ w
    np.testing.assert_allclose(
        predicted[order], by_readout[np.argsort(y)], atol=2e-3
    )


@prices
def test_one_number_for_all_days_is_the_quantile(
    cost: int, profit: int
) -> None:
    _, y = toy.yoghurt()
    explorer = explore_yoghurt()
    text = drag(explorer, model=CONSTANT, cost=cost, profit=profit)
    best = number(text, "prediction = ")
    share = profit / (cost + profit)
    low, high = (
        np.quantile(y, share, method=how) for how in ("inverted_cdf", "higher")
    )
    assert low - 6e-4 <= best <= high + 6e-4
    grid = np.linspace(0, 2, 4001)
    lowest = min(pinball(y, guess, cost, profit) for guess in grid)
    assert number(text, "Mean loss ") <= lowest + 6e-4
    enough = int(re.search(r"on (\d+) of 32", text)[1])
    assert abs(enough / 32 - share) <= 1 / 32


def test_an_even_number_of_days_has_the_usual_median() -> None:
    x, y = toy.yoghurt()
    explorer = explorers.cost_profit(x, y, cost=7, profit=7)
    text = drag(explorer, model=CONSTANT)
    assert number(text, "prediction = ") == pytest.approx(
        np.median(y), abs=6e-4
    )


def test_dear_shortage_makes_more_and_dear_waste_makes_less() -> None:
    explorer = explore_yoghurt()
    greedy = drag(explorer, cost=1, profit=99)
    assert min(number(greedy, f"w{i} = ") for i in (1, 2)) > 1
    careful = drag(explorer, cost=99, profit=1)
    assert max(number(careful, f"w{i} = ") for i in (1, 2)) < 1
    even = drag(explorer, cost=50, profit=50)
    assert [number(even, f"w{i} = ") for i in (1, 2)] == pytest.approx(
        [1, 1], abs=0.03
    )


@prices
def test_the_colours_say_on_which_side_a_day_is(cost: int, profit: int) -> None:
    explorer = explore_yoghurt(cost=cost, profit=profit)
    for model in (CONSTANT, LINEAR):
        text = drag(explorer, model=model)
        below, above = (line.get_data() for line in moving(explorer, 0))
        assert (below[1] < below[0]).all()
        assert (above[1] >= above[0] - 1e-8).all()
        assert len(below[0]) + len(above[0]) == 32
        assert f"on {len(above[0])} of 32 days" in text
        short, enough, wanted = (
            line.get_data() for line in moving(explorer, 1)
        )
        assert (short[0] > 0).all()
        assert (enough[0] <= 1e-8).all()
        assert len(enough[0]) == len(above[0])
        every_day = np.concatenate([enough, short], axis=1)
        assert (np.diff(every_day, axis=1) >= 0).all(), "sorted"
        np.testing.assert_allclose(
            every_day[0], np.sort(np.subtract(*made(explorer)))
        )
        np.testing.assert_allclose(wanted[1], profit / (cost + profit))
        low, high = explorer.live.figure.axes[1].get_xlim()
        assert low < every_day[0].min() <= every_day[0].max() < high


def test_the_dashed_line_meets_the_days_where_nothing_is_missing() -> None:
    explorer = explore_yoghurt()
    drag(explorer, model=CONSTANT)
    for cost, profit in PRICES:
        drag(explorer, cost=cost, profit=profit)
        short, enough, wanted = moving(explorer, 1)
        last = enough.get_ydata().max()
        first = short.get_ydata().min(initial=1.0)
        assert last - 0.5 / 32 <= wanted.get_ydata()[0] <= first + 0.5 / 32


@pytest.mark.parametrize("seed", range(5), ids=str)
def test_other_data_has_its_best_weights_too(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(21, 2))
    y = x @ rng.normal(size=2) + rng.normal(size=21)
    explorer = explorers.cost_profit(x, y, cost=3, profit=8)
    oracle = QuantileRegressor(quantile=8 / 11, alpha=0, fit_intercept=False)
    expected = pinball(y, oracle.fit(x, y).predict(x), 3, 8)
    assert pinball(*made(explorer), 3, 8) == pytest.approx(expected)


def test_days_without_noise_are_hit_exactly() -> None:
    x = np.random.default_rng(0).uniform(size=(10, 2))
    explorer = explorers.cost_profit(x.tolist(), (x @ [1, 1]).tolist())
    assert "w1 = 1.000, w2 = 1.000" in explorer.readout
    assert "10 of 10 days" in explorer.readout
    assert "Mean loss 0.000" in drag(explorer, cost=99)


X, Y = toy.yoghurt()
BAD = {
    "no-days": (X[:0], Y[:0]),
    "one-feature": (X[:, :1], Y),
    "flat": (X[:, 0], Y),
    "other-number": (X, Y[1:]),
    "column": (X, Y[:, None]),
    "too-many": (np.tile(X, (7, 1)), np.tile(Y, 7)),
    "nan": (X, np.where(Y > 1, np.nan, Y)),
    "infinite": (X * [np.inf, 1], Y),
    "proportional": (X[:, :1] * [1, 2], Y),
}


@pytest.mark.parametrize("case", BAD)
def test_days_that_make_no_sense_are_named(case: str) -> None:
    with pytest.raises(ValueError, match=r"shape|finite|proportional"):
        explorers.cost_profit(*BAD[case])


@pytest.mark.parametrize("value", [0, 100, -1, math.nan], ids=str)
def test_a_price_out_of_range_is_named(value: float) -> None:
    with pytest.raises(ValueError, match=r"profit is .*from 1 to 99"):
        explore_yoghurt(profit=value)


# Cross-entropy -------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "unit", "value"),
    [
        (0.6, "nats (base e)", "0.511 nats"),
        (0.8, "nats (base e)", "0.223 nats"),
        (0.4, "nats (base e)", "0.916 nats"),
        (0.4, "bits (base 2)", "1.322 bits"),
        (0.5, "bits (base 2)", "1.000 bits"),
        (1.0, "nats (base e)", "0.000 nats"),
        (0.0, "bits (base 2)", "inf bits"),
    ],
    ids=lambda value: str(value),
)
def test_the_values_of_the_lecture(p: float, unit: str, value: str) -> None:
    explorer = explorers.cross_entropy()
    text = drag(explorer, p=p, unit=unit)
    assert f"Cross-entropy {value}" in text
    assert f"Squared error {(1 - p) ** 2:.3f}" in text
    assert "-0.000" not in text


@pytest.mark.parametrize("z", [-10.0, -3.0, -0.5, 0.0, 2.0, 9.0], ids=str)
def test_the_slopes_are_those_of_a_numerical_gradient(z: float) -> None:
    explorer = explorers.cross_entropy(p=float(scratch.sigmoid(np.array(z))))
    text = explorer.readout
    entropy = scratch.numerical_gradient(
        lambda z: -np.log(scratch.sigmoid(z)[0]), np.array([z])
    )[0]
    squared = scratch.numerical_gradient(
        lambda z: (1 - scratch.sigmoid(z)[0]) ** 2, np.array([z])
    )[0]
    assert number(text, "nats, slope by the logit ") == pytest.approx(
        entropy, rel=6e-3
    )
    found = number(text.split("Squared error")[1], "logit ")
    assert found == pytest.approx(squared, rel=6e-3)
    points = [line.get_data() for line in moving(explorer, 1)][1:]
    np.testing.assert_allclose(
        np.squeeze(points), [[z, entropy], [z, squared]], rtol=1e-4, atol=1e-8
    )


def test_the_logit_slider_and_the_box_move_each_other() -> None:
    explorer = explorers.cross_entropy()
    row = explorer.widget.children[0].children
    (slider,) = (w for w in row if isinstance(w, widgets.FloatSlider))
    slider.value = -10.0
    assert explorer.controls["p"].value == pytest.approx(4.54e-5, rel=1e-3)
    assert "logit -10." in explorer.readout
    assert "slope by the logit -1." in explorer.readout
    assert explorer.readout.endswith("slope by the logit -9.08e-05.")
    drag(explorer, p=0.6)
    assert slider.value == pytest.approx(np.log(1.5))
    slider.value = 0.4  # a front end snaps it to a step and sends it back
    assert explorer.controls["p"].value == 0.6
    drag(explorer, p=1.0)
    assert slider.value == 10.0
    assert explorer.controls["p"].value == 1.0
    drag(explorer, p=0.0)
    assert slider.value == -10.0
    assert explorer.controls["p"].value == 0.0


@pytest.mark.parametrize("unit", ["nats (base e)", "bits (base 2)"])
def test_the_curves_and_tangents_are_those_of_the_loss(unit: str) -> None:
    explorer = explorers.cross_entropy()
    drag(explorer, p=0.3, unit=unit)
    one = np.log(2) if "bits" in unit else 1
    curve = moving(explorer, 0)[0]
    p, loss = curve.get_data()
    np.testing.assert_allclose(loss, -np.log(p) / one)
    z, slope = moving(explorer, 1)[0].get_data()
    np.testing.assert_allclose(
        slope, (1 / (1 + np.exp(-z)) - 1) / one, rtol=1e-6, atol=1e-9
    )
    (tangents,) = explorer.live.figure.axes[0].collections
    steepness = [
        np.divide(*np.diff(s, axis=0)[0][::-1]) for s in tangents.get_segments()
    ]
    np.testing.assert_allclose(steepness, [-1.4, -1 / 0.3 / one])
    drag(explorer, p=0.0)
    assert len(tangents.get_segments()) == 1, "the other is vertical"


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, math.inf], ids=str)
def test_what_is_no_probability_is_named(p: float) -> None:
    with pytest.raises(ValueError, match=r"p is .*from 0 to 1"):
        explorers.cross_entropy(p)


# Regularisation ------------------------------------------------------------


def trained(
    penalty: str, strength: float, width: int = 11, noise: float = 0.2
) -> tuple[list, np.ndarray, list]:
    """Train as the explorer does; also return the gradient at the end."""
    x, y = toy.dots(noise=noise)
    parts = scratch.shuffled_split(x, y, 200, 0)
    layers, history = losses._train(*parts, penalty, strength, width, 0)
    x, y = parts[:2]
    values = scratch.forward(layers, x, scratch.relu)
    delta = (scratch.softmax(values[-1]) - np.eye(2)[y]) / len(x)
    gradients = scratch.backward(layers, values, delta, lambda a: a > 0)
    return layers, history, gradients


def objective(layers: list, penalty: str, strength: float) -> float:
    """Return what training is to minimise, computed anew."""
    x, y = toy.dots(noise=0.2)
    x, y, *_ = scratch.shuffled_split(x, y, 200, 0)
    scores = scratch.forward(layers, x, scratch.relu)[-1]
    weights = np.concatenate([W.ravel() for W, _ in layers])
    size = np.sum(weights**2) if penalty == "L2" else np.abs(weights).sum()
    return scratch.cross_entropy(scores, y) + strength * size


@pytest.mark.parametrize("penalty", ["L1", "L2"])
def test_each_strength_is_best_at_what_it_minimises(penalty: str) -> None:
    strengths = (0.0003, 0.003, 0.03)
    found = [trained(penalty, strength)[0] for strength in strengths]
    for number, strength in enumerate(strengths):
        reached = [objective(layers, penalty, strength) for layers in found]
        others = reached[:number] + reached[number + 1 :]
        assert reached[number] < min(others)


@pytest.mark.parametrize("penalty", ["L1", "L2"])
def test_biases_are_not_penalised(penalty: str) -> None:
    # At the output the slope of the loss itself must vanish, and with all
    # weights at zero only these biases are left.
    layers, _, gradients = trained(penalty, 1)
    np.testing.assert_allclose(gradients[-1][1], 0, atol=1e-3)
    assert np.abs(layers[-1][1]).max() > 0.05


def test_l1_holds_a_weight_only_where_the_loss_pulls_less() -> None:
    strength = 0.003
    layers, _, gradients = trained("L1", strength)
    for (W, _), (dW, _) in zip(layers, gradients, strict=True):
        zero = W == 0
        assert zero.any()
        assert (~zero).any()
        assert (np.abs(dW[zero]) <= strength + 1e-4).all()


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("penalty", "strength"),
    [("L2", 0), ("L1", 0), ("L2", 0.1)],
    ids=["L2-0", "L1-0", "L2-0.1"],
)
def test_it_is_adam_on_the_loss_with_the_penalty(
    penalty: str, strength: float
) -> None:
    layers = scratch.make_layers([2, 3, 2], np.random.default_rng(0))
    arrays, memory = (
        [a for layer in layers for a in layer],
        [{} for _ in "1234"],
    )

    def loss(replaced: np.ndarray, place: int) -> float:
        now = [*arrays[:place], replaced, *arrays[place + 1 :]]
        return objective([now[:2], now[2:]], penalty, strength)

    for step in range(losses.STEPS):
        rate = losses.RATE * (1 - step / losses.STEPS)
        slopes = [
            scratch.numerical_gradient(lambda a, i=i: loss(a, i), arrays[i])
            for i in range(4)
        ]
        arrays = [
            scratch.adam(*each, rate)
            for each in zip(arrays, slopes, memory, strict=True)
        ]
    found, _, _ = trained(penalty, strength, width=3)
    for ours, expected in zip(
        [a for layer in found for a in layer], arrays, strict=True
    ):
        # Numbers see the kinks of relu from a little further away.
        np.testing.assert_allclose(ours, expected, atol=1e-3)


def test_l1_makes_weights_zero_and_l2_makes_them_small() -> None:
    explorer = explorers.regularisation()
    counts, sizes = {}, {}
    for penalty in ("L1", "L2"):
        for strength in (0, 0.003):
            text = drag(explorer, penalty=penalty, strength=strength)
            counts[penalty, strength] = int(
                re.search(r"Of 44 weights (\d+) are exactly zero", text)[1]
            )
            (dots,) = moving(explorer, 2)
            assert len(dots.get_ydata()) == 44
            assert (np.diff(dots.get_ydata()) <= 0).all()
            sizes[penalty, strength] = dots.get_ydata()[0]
    assert counts["L1", 0] == counts["L2", 0] == counts["L2", 0.003] == 0
    assert counts["L1", 0.003] > 15
    assert sizes["L2", 0.003] < 0.5 * sizes["L2", 0]


@pytest.mark.parametrize("penalty", ["L1", "L2"])
def test_the_largest_strength_leaves_the_share_of_the_classes(
    penalty: str,
) -> None:
    explorer = explorers.regularisation(noise=0.0)
    text = drag(explorer, penalty=penalty, strength=1)
    x, y = toy.dots()
    _, y, _, y_validation = scratch.shuffled_split(x, y, 200, 0)
    share = y.mean()
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert number(text, "loss ") == pytest.approx(entropy, abs=0.006)
    assert f"right {share:.0%} and {y_validation.mean():.0%}" in text
    assert "44 below 0.001" in text


def test_the_penalty_narrows_the_gap_between_training_and_validation() -> None:
    explorer = explorers.regularisation()

    def gap() -> float:
        train, valid = (line.get_ydata() for line in moving(explorer, 1))
        assert number(explorer.readout, "loss ") == pytest.approx(
            train[-1], abs=0.006
        )
        assert number(explorer.readout, "training, ") == pytest.approx(
            valid[-1], abs=0.006
        )
        assert len(train) == len(valid) == 51
        assert train[-1] < train[0]
        return valid[-1] - train[-1]

    without = gap()
    drag(explorer, strength=0.01)
    assert gap() < 0.3 * without


@pytest.mark.usefixtures("short")
def test_the_dots_are_those_of_the_split() -> None:
    explorer = explorers.regularisation()
    drag(explorer, width=2)
    for noise in (0.0, 0.3):
        drag(explorer, noise=noise)
        drawn = [np.transpose(line.get_data()) for line in moving(explorer, 0)]
        x, y = toy.dots(noise=noise)
        assert sum(map(len, drawn[:2])) == 200, "hollow, for validation"
        assert sum(map(len, drawn[2:])) == 100
        for label in (0, 1):
            both = np.concatenate([drawn[label], drawn[2 + label]])
            assert {*map(tuple, both)} == {*map(tuple, x[y == label])}
        assert all(
            line.get_markerfacecolor() == "none"
            for line in moving(explorer, 0)[:2]
        )


@pytest.mark.usefixtures("short")
def test_nothing_is_left_of_an_earlier_boundary() -> None:
    explorer = explorers.regularisation(width=2)
    ax = explorer.live.figure.axes[0]
    before = len(ax.collections)
    for strength in (1, 0, 0.1, 0):
        drag(explorer, strength=strength)
    assert len(ax.collections) == before


@pytest.mark.usefixtures("short")
def test_training_waits_for_the_release_of_a_slider() -> None:
    explorer = explorers.regularisation(width=1)
    for name in ("strength", "width", "noise"):
        assert explorer.controls[name].continuous_update is False
    drag(explorer, width=64)
    assert "Of 256 weights" in explorer.readout


# Polynomial ----------------------------------------------------------------


def data(explorer: Explorer) -> tuple[np.ndarray, ...]:
    """Return validation points, training points and the fit, as drawn."""
    return tuple(np.array(a.get_data()) for a in moving(explorer, 0))


def errors(explorer: Explorer) -> tuple[np.ndarray, np.ndarray]:
    """Return the errors in training and validation of every degree."""
    train, valid, *_ = moving(explorer, 1)
    np.testing.assert_array_equal(train.get_xdata(), range(16))
    np.testing.assert_array_equal(valid.get_xdata(), range(16))
    return train.get_ydata(), valid.get_ydata()


@pytest.mark.parametrize("degree", [0, 1, 3, 6, 10])
def test_the_fit_is_that_of_polyfit(degree: int) -> None:
    explorer = explorers.polynomial(degree)
    valid, train, fit = data(explorer)
    assert train.shape == (2, 15)
    oracle = np.polynomial.Polynomial.fit(*train, degree)
    inside = np.abs(oracle(fit[0])) < 9
    np.testing.assert_allclose(
        fit[1][inside], oracle(fit[0])[inside], rtol=1e-6, atol=1e-9
    )
    expected = [np.mean((oracle(a) - b) ** 2) for a, b in (train, valid)]
    found = [curve[degree] for curve in errors(explorer)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    text = explorer.readout
    assert f"{expected[0]:.4f} in training" in text
    assert f"{expected[1]:.4f} in validation" in text
    assert text.startswith(f"Degree {degree}, 15 points")


@pytest.mark.parametrize("strength", [1e-5, 0.001, 0.1, 1])
@pytest.mark.parametrize("degree", [2, 9, 15])
def test_the_penalty_gives_the_closed_form(
    degree: int, strength: float
) -> None:
    explorer = explorers.polynomial(degree)
    drag(explorer, strength=strength)
    _, (x, y), (axis, fit) = data(explorer)
    basis = legendre.legvander(x, degree)
    penalised = np.diag(np.arange(degree + 1) > 0)
    c = np.linalg.solve(
        basis.T @ basis / len(x) + strength * penalised, basis.T @ y / len(x)
    )
    np.testing.assert_allclose(fit, legendre.legval(axis, c), rtol=1e-6)


def test_enormous_penalties_leave_the_mean() -> None:
    basis = legendre.legvander(np.linspace(-1, 1, 9), 5)
    y = np.arange(9.0)
    c = losses._ridge(basis, y, 1e9)
    np.testing.assert_allclose(c, [4, 0, 0, 0, 0, 0], atol=1e-6)


def test_the_training_error_only_falls_and_the_validation_error_turns() -> None:
    explorer = explorers.polynomial()
    train, valid = errors(explorer)
    assert (np.diff(train) <= 1e-12).all()
    assert train[14] == train[15] == losses.LOWEST / 2  # through all points
    assert 3 <= valid.argmin() <= 6
    assert valid[15] > 100 * valid.min()
    best = re.search(r"best at degree (\d+) with ([\d.]+\d)", explorer.readout)
    assert int(best[1]) == valid.argmin()
    assert float(best[2]) == pytest.approx(valid.min(), abs=6e-5)


def test_more_points_and_a_penalty_both_help_a_high_degree() -> None:
    explorer = explorers.polynomial(degree=12)
    before = errors(explorer)[1][12]
    drag(explorer, strength=0.001)
    assert errors(explorer)[1][12] < before / 100
    drag(explorer, strength=0, points=60)
    assert errors(explorer)[1][12] < before / 100
    assert data(explorer)[1].shape == (2, 60)


def test_more_points_leave_the_first_ones_in_place() -> None:
    explorer = explorers.polynomial()
    before = data(explorer)[1]
    drag(explorer, points=16)
    np.testing.assert_array_equal(data(explorer)[1][:, :15], before)


def test_without_noise_the_points_lie_on_the_sine() -> None:
    explorer = explorers.polynomial(noise=0.0)
    valid, train, _ = data(explorer)
    for x, y in (valid, train):
        np.testing.assert_allclose(y, np.sin(np.pi * x))
    assert errors(explorer)[1][13] < 1e-3
    assert "the noise alone makes 0.0000" in explorer.readout


@pytest.mark.parametrize("degree", [0, 7, 15])
def test_the_degree_is_marked(degree: int) -> None:
    explorer = explorers.polynomial()
    drag(explorer, degree=degree)
    here = moving(explorer, 1)[-1]
    np.testing.assert_array_equal(here.get_xdata(), [degree, degree])


def test_the_most_extreme_fit_stays_finite() -> None:
    explorer = explorers.polynomial()
    text = drag(explorer, points=5, degree=15, noise=0.5)
    assert np.isfinite(data(explorer)[2]).all()
    assert np.isfinite(errors(explorer)).all()
    assert "nan" not in text
    assert "inf" not in text


WRONG = {
    "degree": (explorers.polynomial, {"degree": 16}),
    "points": (explorers.polynomial, {"points": 4}),
    "noise": (explorers.polynomial, {"noise": math.nan}),
    "width": (explorers.regularisation, {"width": 0}),
    "labels": (explorers.regularisation, {"noise": 0.7}),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_argument_out_of_range_is_named(case: str) -> None:
    make, arguments = WRONG[case]
    with pytest.raises(ValueError, match=f"{next(iter(arguments))} is "):
        make(**arguments)


# All of them ---------------------------------------------------------------


def other_values(control: widgets.Widget) -> list:
    """Return values to move a control to, its extremes among them."""
    if isinstance(control, (widgets.Dropdown, widgets.SelectionSlider)):
        values = [option for _, option in control._options_full]
    else:
        values = [control.min, control.max]
    return [value for value in values if value != control.value]


@every
@pytest.mark.usefixtures("short")
def test_every_control_moves_the_picture_at_its_extremes(name: str) -> None:
    explorer = MAKERS[name]()
    if name == "regularisation":  # with λ = 0 the penalties are the same
        drag(explorer, strength=0.01)
    for control in explorer.controls.values():
        assert control.description
        before, usual = shown(explorer), control.value
        for value in other_values(control)[-2:]:
            control.value = value
            assert "raised" not in explorer.readout
            assert "nan" not in explorer.readout
            assert shown(explorer) != before, control.description
        control.value = usual
        assert shown(explorer) == before


@every
@pytest.mark.usefixtures("short")
def test_the_stored_state_is_the_same_every_time(name: str) -> None:
    one, _ = assert_made_alike(MAKERS[name], 40_000)
    assert one.live.picture.alt == f"{one.name}: {one.readout}"


@every
@pytest.mark.usefixtures("short")
def test_the_caption_is_not_cut_off(name: str) -> None:
    explorer = MAKERS[name]()
    states = [{}] + [
        {key: other_values(control)[-1]}
        for key, control in explorer.controls.items()
    ]
    for state in states:
        drag(explorer, **state)
        assert_caption_is_whole(explorer)


@pytest.mark.parametrize(
    ("name", "control"),
    [("cost_profit", "cost"), ("cross_entropy", "p"), ("polynomial", "degree")],
    ids=["cost_profit", "cross_entropy", "polynomial"],
)
def test_a_move_is_much_faster_than_a_full_drawing(
    name: str, control: str
) -> None:
    explorer = MAKERS[name]()
    slider = explorer.controls[control]
    places = slider.min + np.array([0.3, 0.7] * 5) * (slider.max - slider.min)
    assert_quick(explorer, control, map(type(slider.value), places))


def test_a_broken_move_is_told_below_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    explorer = explorers.polynomial()

    def broken(*arguments: object) -> Callable:
        raise np.linalg.LinAlgError("no convergence")

    monkeypatch.setattr(losses, "_ridge", broken)
    explorer.controls["degree"].value = 5
    assert "raised LinAlgError" in explorer.readout
