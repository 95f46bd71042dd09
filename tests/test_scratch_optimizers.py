"""The eight optimizers of lecture 05 take the steps that Keras takes."""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Callable, Iterator

from course_utils import scratch, toy

import keras
import numpy as np
import pytest

STEPS = 50
# Keras turns a Python number into float32 first, even for float64 weights:
# 1 - 0.999 is then wrong by 1e-5. NumPy's float64 stays what it is.
EXACT = np.float64
KERAS = {
    "sgd": lambda rate: keras.optimizers.SGD(rate),
    "momentum": lambda rate: keras.optimizers.SGD(rate, EXACT(0.9)),
    "nesterov": lambda rate: keras.optimizers.SGD(
        rate, EXACT(0.9), nesterov=True
    ),
    "adagrad": lambda rate: keras.optimizers.Adagrad(rate, EXACT(0.1)),
    "adadelta": lambda rate: keras.optimizers.Adadelta(rate, EXACT(0.95)),
    "rmsprop": lambda rate: keras.optimizers.RMSprop(rate, EXACT(0.9)),
    "adam": lambda rate: keras.optimizers.Adam(rate, EXACT(0.9), EXACT(0.999)),
    "adamw": lambda rate: keras.optimizers.AdamW(
        rate, EXACT(0.004), EXACT(0.9), EXACT(0.999)
    ),
}
AS_THEY_COME = {
    "sgd": keras.optimizers.SGD,
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "nesterov": lambda rate: keras.optimizers.SGD(rate, 0.9, nesterov=True),
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
}
# What the gradients of one row of weights look like.
ROWS = ["usual", "tiny", "large", "zero", "some zero", "ten powers"]
rules = pytest.mark.parametrize("name", KERAS)


def gradients() -> np.ndarray:
    """Return the gradients of 50 steps; shape (50, 6, 3), a row per kind."""
    rng = np.random.default_rng(9)
    g = rng.normal(size=(STEPS, len(ROWS), 3))
    g[:, 1] *= 1e-6
    g[:, 2] *= 1e3
    g[:, 3] = 0
    g[:20, 4] = g[30:, 4, 0] = 0
    g[:, 5] *= 10.0 ** rng.integers(-8, 3, (STEPS, 1))
    return g


@pytest.fixture(autouse=True)
def loud() -> Iterator[None]:
    """Turn every warning of NumPy into an error, as a learner would see it."""
    with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


@pytest.fixture
def float64() -> Iterator[None]:
    """Make Keras keep its learning rate in float64 too."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


def compare(name: str, theirs: keras.Optimizer, rate: float, **how) -> None:
    """Take 50 steps side by side, and compare after each."""
    rule, state = getattr(scratch, name), {}
    w = np.random.default_rng(10).normal(size=(len(ROWS), 3))
    variable = keras.Variable(w, dtype="float64")
    for step, g in enumerate(gradients(), start=1):
        old_w, old_g = w.copy(), g.copy()
        new = rule(w, g, state, rate)
        theirs.apply([keras.ops.convert_to_tensor(g)], [variable])
        for row, kind in enumerate(ROWS):
            np.testing.assert_allclose(
                new[row],
                variable.numpy()[row],
                **how,
                err_msg=f"step {step}, {kind} gradients",
            )
        np.testing.assert_array_equal(w, old_w, "the old weights changed")
        np.testing.assert_array_equal(g, old_g, "the gradient changed")
        w = new


@rules
@pytest.mark.parametrize("rate", [0.001, 0.1, 1.0])
def test_optimizers_take_the_steps_of_keras(
    name: str, rate: float, float64: None
) -> None:
    compare(name, KERAS[name](rate), rate, rtol=1e-11, atol=1e-11)


@rules
def test_optimizers_agree_with_keras_as_it_comes(name: str) -> None:
    # Not closer than this, and only at a small rate: see EXACT.
    compare(name, AS_THEY_COME[name](0.001), 0.001, rtol=1e-6, atol=1e-6)


def code_lines(function: Callable) -> int:
    """Count the lines of a function, without docstring and annotations."""
    tree = ast.parse(inspect.getsource(function)).body[0]
    assert ast.get_docstring(tree)
    return sum(
        statement.end_lineno - statement.lineno + 1
        for statement in tree.body[1:]
    )


@rules
def test_an_optimizer_is_a_few_lines(name: str) -> None:
    lines = code_lines(getattr(scratch, name))
    assert 1 <= lines <= 7, "with its def it must not have more than 8"


@rules
def test_optimizers_work_on_numbers_and_every_shape(name: str) -> None:
    rule = getattr(scratch, name)
    number, block = {}, {}
    w, many = 1.5, np.full((2, 1, 3), 1.5)
    for g in [0.5, -2.0, 0.0, 1.0]:
        w = rule(w, g, number, 0.1)
        many = rule(many, np.full((2, 1, 3), g), block, 0.1)
    assert np.ndim(w) == 0
    assert many.shape == (2, 1, 3)
    np.testing.assert_allclose(many, w, rtol=1e-12)


@rules
def test_two_states_do_not_disturb_each_other(name: str) -> None:
    rule = getattr(scratch, name)
    alone, first, second = {}, {}, {}
    w = v = np.ones(2)
    for _ in range(5):
        w = rule(w, 2 * w, alone, 0.1)
        v = rule(v, 2 * v, first, 0.1)
        rule(np.zeros(2), np.array([9.0, -9.0]), second, 0.1)
    np.testing.assert_array_equal(w, v)


def averaged(
    w: np.ndarray, g: np.ndarray, state: dict, rate: float, beta: float = 0.9
) -> np.ndarray:
    """Momentum as the old notes have it: an average of the gradients."""
    m = state["m"] = beta * state.get("m", 0.0) + (1 - beta) * g
    return w - rate * m


def walk(rule: Callable, rates: np.ndarray) -> np.ndarray:
    """Follow a rule along fixed gradients; returns the weights."""
    w, state = np.zeros(3), {}
    g = gradients()[:, 0]
    return np.array(
        [w := rule(w, g[i], state, rate) for i, rate in enumerate(rates)]
    )


def test_averaged_momentum_is_momentum_at_a_tenth_of_the_rate() -> None:
    steady = np.full(STEPS, 0.5)
    np.testing.assert_allclose(
        walk(averaged, steady),
        walk(scratch.momentum, steady * (1 - 0.9)),
        rtol=1e-10,
        atol=1e-12,
    )


def test_the_two_momentums_part_when_the_rate_changes() -> None:
    # Keras's m remembers the rate of its time, the average does not.
    changed = np.where(np.arange(STEPS) < 20, 0.5, 0.05)
    notes = walk(averaged, changed)
    ours = walk(scratch.momentum, changed * (1 - 0.9))
    np.testing.assert_allclose(notes[:20], ours[:20], rtol=1e-10, atol=1e-12)
    assert np.abs(notes[20] - ours[20]).max() > 0.03
    assert np.abs(notes[-1] - ours[-1]).max() > 0.03


def test_nesterov_looks_ahead() -> None:
    """Sutskever et al., 2013: the gradient is taken where m leads."""
    surface = toy.RACES["ravine"]
    path = scratch.optimise(
        scratch.nesterov, surface.slope, surface.start, 0.02, 30
    )
    w, m = np.array(surface.start), np.zeros(2)
    for ours in path[1:]:
        m = 0.9 * m - 0.02 * surface.slope(w + 0.9 * m)
        w = w + m
        # What the code carries along is the point looked at.
        np.testing.assert_allclose(ours, w + 0.9 * m, atol=1e-12)


@pytest.mark.parametrize("g", [1e-3, 0.1, 1.0, 1e6])
@pytest.mark.parametrize("sign", [1, -1], ids=["up", "down"])
def test_the_first_step_of_adam_has_the_length_of_the_rate(
    g: float, sign: int
) -> None:
    step = scratch.adam(0.0, sign * g, {}, 0.3) / 0.3
    # The 1e-7 is added before the correction, 31.6 times as strong.
    assert step == pytest.approx(-sign / (1 + 1e-7 / (g * 0.001**0.5)))
    assert step == pytest.approx(-sign, abs=0.004)


def test_weights_without_gradient_stay_except_for_the_decay() -> None:
    zero = np.zeros((STEPS, 2))
    start = np.array([3.0, -2.0])
    for name in KERAS:
        w, state = start, {}
        for g in zero:
            w = getattr(scratch, name)(w, g, state, 0.5)
        share = (1 - 0.5 * 0.004) ** STEPS if name == "adamw" else 1
        np.testing.assert_allclose(w, start * share, err_msg=name)


@rules
def test_optimise_is_the_loop_that_it_says(name: str) -> None:
    rule, surface = getattr(scratch, name), toy.RACES["Beale"]
    asked = []

    def slope(w: np.ndarray) -> np.ndarray:
        asked.append(w.copy())
        return surface.slope(w)

    start = np.array(surface.start)
    path = scratch.optimise(rule, slope, start, 0.001, 20)
    assert path.shape == (21, 2)
    np.testing.assert_array_equal(path[0], start)
    np.testing.assert_array_equal(start, surface.start)
    np.testing.assert_array_equal(path[:-1], asked)
    w, state = start, {}
    for point in path[1:]:
        w = rule(w, surface.slope(w), state, 0.001)
        np.testing.assert_array_equal(point, w)
    # A second walk must not know the first.
    np.testing.assert_array_equal(
        path, scratch.optimise(rule, surface.slope, start, 0.001, 20)
    )


def test_optimise_with_sgd_is_descend() -> None:
    surface = toy.RACES["ravine"]
    start = np.array(surface.start)
    np.testing.assert_array_equal(
        scratch.optimise(scratch.sgd, surface.slope, start, 0.03, 40),
        scratch.descend(surface.slope, start, 0.03, 40),
    )


def test_optimise_takes_whole_numbers_lists_and_no_steps() -> None:
    path = scratch.optimise(scratch.adam, lambda w: 2 * w, [3, -1], 0.1, 2)
    np.testing.assert_allclose(path[1], [2.9, -0.9], atol=1e-6)
    assert path.dtype == float
    number = scratch.optimise(scratch.sgd, lambda w: 2 * w, 3, 0.5, 2)
    np.testing.assert_array_equal(number, [3, 0, 0])
    none = scratch.optimise(scratch.sgd, lambda w: 2 * w, [1, 2], 0.5, 0)
    np.testing.assert_array_equal(none, [[1, 2]])
    assert none.dtype == float


# Rates at which each comes down the ravine in 300 steps.
RATES = {
    "sgd": 0.03,
    "momentum": 0.01,
    "nesterov": 0.01,
    "adagrad": 0.5,
    "adadelta": 20.0,
    "rmsprop": 0.02,
    "adam": 0.05,
    "adamw": 0.05,
}


@rules
def test_every_optimizer_comes_down_the_ravine(name: str) -> None:
    surface = toy.RACES["ravine"]
    path = scratch.optimise(
        getattr(scratch, name), surface.slope, surface.start, RATES[name], 300
    )
    heights = surface.loss(*path.T)
    assert heights[-1] < 0.01 * heights[0]
