"""The checkers of lecture 05 tell each typical mistake from the others."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

from course_utils import scratch
from course_utils.check import optimizers as lecture
from tests.checked import assert_wrong, planted

import numpy as np
import pytest


def coast(m, beta):
    return m * beta / (1 - beta)


def coasted(steps):
    """Add up so many steps, one after the other."""

    def answer(m, beta):
        way = 0.0
        for _ in range(steps):
            m = beta * m
            way = way + m
        return way

    return answer


def coast_in_place(m, beta):
    m *= beta
    return m / (1 - beta)


def means(g, m, V, b1, b2):
    return b1 * m + (1 - b1) * g, b2 * V + (1 - b2) * g**2


def adam(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    m_hat, V_hat = m / (1 - b1**t), V / (1 - b2**t)
    return w - rate * m_hat / (V_hat**0.5 + eps), m, V


def in_keras_form(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    rate = rate * np.sqrt(1 - b2**t) / (1 - b1**t)
    return w - rate * m / (np.sqrt(V) + eps), m, V


def uncorrected(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    return w - rate * m / (V**0.5 + eps), m, V


def only_m(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    return w - rate * m / (1 - b1**t) / (V**0.5 + eps), m, V


def only_V(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    return w - rate * m / ((V / (1 - b2**t)) ** 0.5 + eps), m, V


def from_zero(w, g, m, V, t, *rest):
    return adam(w, g, m, V, np.float64(t - 1), *rest)


def from_zero_in_python(w, g, m, V, t, *rest):
    return adam(w, g, m, V, t - 1, *rest)


def from_two(w, g, m, V, t, *rest):
    return adam(w, g, m, V, t + 1, *rest)


def always_first(w, g, m, V, t, *rest):
    return adam(w, g, m, V, 1, *rest)


def corrected(w, g, m, V, t, rate, b1, b2, eps):
    w, m, V = adam(w, g, m, V, t, rate, b1, b2, eps)
    return w, m / (1 - b1**t), V / (1 - b2**t)


def V_corrected(w, g, m, V, t, rate, b1, b2, eps):
    w, m, V = adam(w, g, m, V, t, rate, b1, b2, eps)
    return w, m, V / (1 - b2**t)


def by_products(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    m_hat, V_hat = m / (1 - b1 * t), V / (1 - b2 * t)
    return w - rate * m_hat / (V_hat**0.5 + eps), m, V


def m_by_a_product(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    m_hat, V_hat = m / (1 - b1 * t), V / (1 - b2**t)
    return w - rate * m_hat / (V_hat**0.5 + eps), m, V


def V_by_a_product(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    m_hat, V_hat = m / (1 - b1**t), V / (1 - b2 * t)
    return w - rate * m_hat / (V_hat**0.5 + eps), m, V


def with_betas_exchanged(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    m_hat, V_hat = m / (1 - b2**t), V / (1 - b1**t)
    return w - rate * m_hat / (V_hat**0.5 + eps), m, V


def without_root(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    return w - rate * m / (1 - b1**t) / (V / (1 - b2**t) + eps), m, V


def inside(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    return w - rate * m / (1 - b1**t) / (V / (1 - b2**t) + eps) ** 0.5, m, V


def without_epsilon(w, g, m, V, t, rate, b1, b2, eps):
    return adam(w, g, m, V, t, rate, b1, b2, 0.0)


def early_root(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    return w - rate * m / (1 - b1**t) / (V**0.5 / (1 - b2**t) + eps), m, V


def multiplied(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    root = (V * (1 - b2**t)) ** 0.5
    return w - rate * m * (1 - b1**t) / (root + eps), m, V


def adam_up(w, *rest):
    new, m, V = adam(w, *rest)
    return 2 * w - new, m, V


def linear_V(w, g, m, V, t, rate, b1, b2, eps):
    m = b1 * m + (1 - b1) * g
    V = b2 * V + (1 - b2) * g
    return w - rate * m / (1 - b1**t), m, V


def m_squared(w, g, m, V, t, rate, b1, b2, eps):
    m = b1 * m + (1 - b1) * g
    V = b2 * V + (1 - b2) * m**2
    return w - rate * m, m, V


def m_of_squares(w, g, m, V, t, rate, b1, b2, eps):
    return w - rate * m, *means(g**2, m, V, b1, b2)


def m_weights_exchanged(w, g, m, V, t, rate, b1, b2, eps):
    return adam(w, g, m, V, t, rate, 1 - b1, b2, eps)


def V_weights_exchanged(w, g, m, V, t, rate, b1, b2, eps):
    return adam(w, g, m, V, t, rate, b1, 1 - b2, eps)


def root_of_V(*arguments):
    w, m, V = adam(*arguments)
    return w, m, V**0.5


def m_by_beta2(w, g, m, V, t, rate, b1, b2, eps):
    return adam(w, g, m, V, t, rate, b2, b2, eps)


def V_by_beta1(w, g, m, V, t, rate, b1, b2, eps):
    return adam(w, g, m, V, t, rate, b1, b1, eps)


def like_adagrad(w, g, m, V, t, rate, b1, b2, eps):
    m, V = b1 * m + (1 - b1) * g, V + g**2
    return w - rate * m / (V**0.5 + eps), m, V


def along_g(w, g, m, V, t, rate, b1, b2, eps):
    m, V = means(g, m, V, b1, b2)
    return w - rate * g / ((V / (1 - b2**t)) ** 0.5 + eps), m, V


def m_in_place(w, g, m, V, t, rate, b1, b2, eps):
    m *= b1
    m += (1 - b1) * g
    return adam(w, g, m, V, t, rate, b1, b2, eps)[0], m, V


def words(**changed: str) -> dict:
    right = ("too large", "too small", "good", "diverges")
    return dict(zip("ABCD", right, strict=True)) | changed


def first(step, g=1.0, rate=0.01, w=0.0):
    return (w - step(w, g, {}, rate)) / rate


def after(steps):
    def answer(step):
        w, state = 0.0, {}
        for _ in range(steps):
            before, w = w, step(w, 1.0 + w, state, 0.1)
        return (before - w) / 0.1

    return answer


def whole_way(step):
    w, state = 0.0, {}
    for _ in range(5):
        w = step(w, 1.0 + w, state, 0.1)
    return -w / 0.1


MISTAKES = {
    "coast": [
        (lambda m, b: m / (1 - b), "counts the step m, too"),
        (lambda m, b: b * m, "the next step alone"),
        (lambda m, b: m, "that has been made. The next"),
        (lambda m, b: m * 0, "does not stop at once"),
        (lambda m, b: m * b * (1 - b), "a division"),
        (lambda m, b: m - m * b, "multiplied by 1 − beta, and m"),
        (lambda m, b: m * b**2 / (1 - b), "one step too late"),
        (lambda m, b: m * b / (1 + b), "change their sign"),
        (lambda m, b: m * b / (b - 1), "turned round"),
        (lambda m, b: abs(m) * b / (1 - b), "direction is lost"),
        (lambda m, b: b / (1 - b), "m is missing"),
        (lambda m, b: m * 4, "4 is right for beta = 0.8 only"),
        (lambda m, b: m * 9, "9 is right for beta = 0.9 only"),
        (lambda m, b: m * 10, "10 is 1 / (1 − beta) for beta = 0.9 only"),
        (coasted(10), "first 10 steps"),
        (coasted(100), "first 100 steps"),
        (lambda m, b: m / (1 / b - 1), "do not divide by it"),
        (lambda m, b: m * np.float64(b) / b, "divide"),
        (lambda m, b: 2.0, "expected"),
        (lambda m, b: [coast(m, b)] * 2, "expected"),
        (coast_in_place, "changed its input"),
    ],
    "adam_step": [
        (uncorrected, "The correction is missing"),
        (only_m, "Only m is corrected"),
        (only_V, "Only V is corrected"),
        (from_zero, "corrected with t − 1"),
        (from_zero_in_python, "t counts from 1"),
        (from_two, "corrected with t + 1"),
        (always_first, "as if it were the first"),
        (by_products, "Is it 1 − beta2 * t? The correction needs the power"),
        (V_by_a_product, "the root of a negative number"),
        (m_by_a_product, "m is divided by 1 − beta1 * t, a product"),
        (corrected, "returned the corrected m"),
        (V_corrected, "returned the corrected V"),
        (without_root, "The root is missing"),
        (inside, "inside the root"),
        (in_keras_form, "up to epsilon: yours stands beside the root of"),
        (without_epsilon, "epsilon is missing"),
        (early_root, "before you corrected it"),
        (multiplied, "multiplied by the corrections"),
        (adam_up, "that climbs"),
        (linear_V, "has to be squared"),
        (m_squared, "In V you squared m"),
        (m_by_beta2, "computed with beta2"),
        (V_by_beta1, "computed with beta1"),
        (m_weights_exchanged, "In m the two weights are exchanged"),
        (V_weights_exchanged, "In V the two weights are exchanged"),
        (m_of_squares, "In m the gradient is squared"),
        (root_of_V, "You returned the root of V"),
        (with_betas_exchanged, "beta1 and beta2 are exchanged"),
        (like_adagrad, "Adagrad"),
        (along_g, "along the gradient itself"),
        (lambda *a: (adam(*a)[0], a[2], adam(*a)[2]), "returned the old m"),
        (lambda *a: (adam(*a)[0], adam(*a)[1], a[3]), "returned the old V"),
        (lambda *a: (a[0], *adam(*a)[1:]), "w has not moved"),
        (lambda *a: (*adam(*a)[1:], adam(*a)[0]), "The second value is V"),
        (lambda *a: adam(*a)[:2], "3 values, (w, m, V)"),
        (m_in_place, "changed its input"),
    ],
    "diagnose": [
        (words(A="good"), "A falls fast at first, then hovers"),
        (words(B="too large"), "B falls smoothly"),
        (words(C="too small"), "C falls fast and then lies flat"),
        (words(D="too large"), "D rises far above"),
        (words(A="too small", B="too large"), 'You call B "too large". B'),
        (words(A=...), "A is still without a word"),
        (words(A=..., C=None), "A and C are still"),
        ({"A": "too large"}, "B and C and D are still"),
        (words(E="good"), "no curve E"),
        (words(B="slow"), "none of the four words"),
        (words(B=3), "none of the four words"),
        (dict.fromkeys("ABCD", "good"), 'all four curves "good"'),
        (["too large", "too small", "good", "diverges"], "type list"),
        ("too large", "type str"),
        (lambda: words(), "type function"),
    ],
    "suggest": [
        (lambda r, v: r[np.nanargmin(v)], "which is the brink"),
        (lambda r, v: r[np.argmin(v)] / 10, "takes NaN for the smallest of"),
        (lambda r, v: r[np.argmin(v)], "And take a tenth"),
        (lambda r, v: np.nanargmin(v), "stands in the array"),
        (
            lambda r, v: r[np.argmin(np.nan_to_num(v))] / 10,
            "nan_to_num turns it into 0",
        ),
        (lambda r, v: np.nanargmin(v) / 10, "a tenth of the place in the"),
        (
            lambda r, v: r[np.nanargmin(v) // 10],
            "a tenth of the place in the array",
        ),
        (lambda r, v: np.nanmin(v), "This is the lowest loss"),
        (lambda r, v: np.nanmin(v) / 10, "a tenth of the lowest loss"),
        (lambda r, v: r[np.nanargmin(v)] * 10, "ten times"),
        (lambda r, v: r[np.nanargmin(v)] / 2, "half"),
        (lambda r, v: r[np.nanargmin(np.diff(v))], "falls most steeply"),
        (lambda r, v: r[np.isfinite(v)][-1] / 10, "gave a finite loss"),
        (lambda r, v: r[-1] / 10, "a tenth of the largest rate."),
        (lambda r, v: r[0] / 10, "a tenth of the smallest rate"),
        (lambda r, v: r[np.nanargmax(v)] / 10, "the largest loss"),
        (lambda r, v: 0.01, "whatever you are given"),
        (lambda r, v: r[v == v.min()] / 10, "shape"),
        (lambda r, v: r[list(v).index(min(v))], "brink"),
        (lambda r, v: r[np.nanargmin(v)] / 10 * v[-1], "np.nanargmin does"),
    ],
    "measure": [
        (lambda step: 3.16, "without calling step"),
        (
            lambda step: first(lecture.tutorial_adam),
            "optimizer that is given to you",
        ),
        (lambda step: first(step) * 0 + 3.16, "3.16 whatever you are given"),
        (lambda step: first(step) * 0 + 1, "1 whatever you are given"),
        (lambda step: first(step) * 0.01, "Divide it by the rate"),
        (lambda step: step(5.0, 1.0, {}, 0.01), "where the weight arrives"),
        (lambda step: step(5.0, 1.0, {}, 0.1) / 0.1, "the new weight by"),
        (lambda step: -first(step), "The sign is turned"),
        (lambda step: first(step) * 0.01**2, "multiplied by the rate"),
        (lambda step: first(step, g=4.0) / 4, "divided by the gradient"),
        (after(5), "measured the last one"),
        (whole_way, "measured the whole way"),
        (lambda step: whole_way(step) / 5, "measured their mean"),
        (lambda step: first(step) ** 2, "divided by the rate, was"),
        (
            lambda step: first(step) * (2 if first(step) < 0.2 else 1),
            "For only_m_uncorrected you measured",
        ),
        (
            lambda step: -step(0.0, 1.0, {"t": 5}, 0.1) / 0.1,
            "not empty before",
        ),
        (lambda step: first(step, g=0.0), "gradient of 0"),
        (lambda step: 3.16 + step(0.0, 1.0, {}, 0.0), "rate of 0"),
        (lambda step: first(step, g=np.ones(3)), "shape (3,)"),
        (
            lambda step: np.linalg.norm(first(step, g=np.ones(3))),
            "One weight is enough",
        ),
        (lambda step: first(step, rate=0.0), "ZeroDivisionError"),
        (lambda step: first(step, rate=np.float64(0)), "not a finite"),
        (lambda step: -step(0.0, 1.0, None, 0.1) / 0.1, "raised"),
    ],
}


@planted(MISTAKES)
def test_each_mistake_gets_its_own_message(
    name: str, mistake: Any, words: str
) -> None:
    assert_wrong(getattr(lecture, name)(mistake), words)


def adam_by_keras(w, g, m, V, t, rate, b1, b2, eps):
    import keras

    optimizer = keras.optimizers.Adam(rate, b1, b2, eps)
    variable = keras.Variable(np.asarray(w, "float32"))
    optimizer.build([variable])
    optimizer.iterations.assign(t - 1)
    optimizer._momentums[0].assign(np.asarray(m, "float32"))
    optimizer._velocities[0].assign(np.asarray(V, "float32"))
    optimizer.apply([np.asarray(g, "float32")], [variable])
    return tuple(
        found.value.numpy()
        for found in (
            variable,
            optimizer._momentums[0],
            optimizer._velocities[0],
        )
    )


RIGHT = {
    "coast": [
        coast,
        coasted(2000),
        lambda m, b: m / (1 - b) - m,
        lambda m, b: np.asarray(coast(m, b)).tolist(),
        lambda m, b: np.float32(coast(m, b)),
    ],
    "adam_step": [
        adam,
        lambda *a: [np.float32(v) for v in adam(*a)],
    ],
    "diagnose": [
        words(),
        words(A="Too large", B=" too  small "),
        {key.lower(): word for key, word in words().items()},
    ],
    "suggest": [
        lambda r, v: r[np.nanargmin(v)] / 10,
        lambda r, v: 0.1 * r[np.argmin(np.nan_to_num(v, nan=np.inf))],
        lambda r, v: (
            np.float32(r[np.isfinite(v)][v[np.isfinite(v)].argmin()]) / 10
        ),
        lambda r, v: (
            min(
                (loss, rate)
                for rate, loss in zip(r, v, strict=True)
                if loss == loss
            )[1]
            / 10
        ),
    ],
    "measure": [
        first,
        lambda step: first(step, g=1e3, rate=1.0, w=7.0),
        lambda step: abs(first(step, g=-2.0)),
        lambda step: first(step, g=np.array([0.5])),
        lambda step: np.linalg.norm(
            step(np.zeros(1), np.ones(1), {}, 0.1) / 0.1
        ),
        lambda step: first(step, g=1e-6),
    ],
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_may_look_different(name: str) -> None:
    # A lecture has imported it long before; the time limit is for answers.
    importlib.import_module("keras")
    for answer in RIGHT[name]:
        verdict = getattr(lecture, name)(answer)
        assert verdict, verdict


STUBS = {
    "coast": [..., lambda *a: ...],
    "adam_step": [..., lambda *a: ..., lambda *a: (..., ..., ...)],
    "diagnose": [..., dict.fromkeys("ABCD", ...), {}],
    "suggest": [..., lambda *a: ...],
    "measure": [..., lambda *a: ...],
}


@pytest.mark.parametrize("name", STUBS)
def test_the_stub_is_not_attempted_yet(name: str) -> None:
    for stub in STUBS[name]:
        verdict = getattr(lecture, name)(stub)
        assert verdict.status == "not attempted yet"


def test_a_changed_input_is_named() -> None:
    def change(first: np.ndarray, *rest: Any) -> tuple:
        first *= 2
        return first, first

    assert "changed its input" in lecture.suggest(change).message
    assert "changed its input" in lecture.coast(coast_in_place).message


def test_numpy_says_nothing_beside_the_verdict() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lecture.adam_step(without_epsilon)
        lecture.adam_step(from_zero)


def test_the_adam_of_the_tutorial_has_the_name_it_has_in_the_notebook() -> None:
    assert "3.16 for tutorial_adam" in lecture.measure(first).message
    raised = lecture.measure(lambda step: step(0.0, 1.0, None, 0.1)).message
    assert "(tutorial_adam) raised" in raised


def test_keras_and_the_lecture_put_epsilon_beside_the_root_of_V() -> None:
    case = 0.0, 1e-6, 0.0, 0.0, 1, 1.0, 0.9, 0.999, 1e-7
    asked, other = adam(*case)[0], in_keras_form(*case)[0]
    assert (round(asked, 3), round(other, 3)) == (-0.909, -0.24)
    assert scratch.adam(0.0, 1e-6, {}, 1.0) == pytest.approx(other)
    assert adam_by_keras(*case)[0] == pytest.approx(other, rel=1e-4)
    # In the first step its ε acts 1 / √(1 − 0.999) times as much.
    far = *case[:-1], 1e-7 / np.sqrt(1 - 0.999)
    assert adam(*far)[0] == pytest.approx(other)


def test_momentum_coasts_as_far_as_the_exercise_says() -> None:
    for beta in (0.0, 0.8, 0.99):
        w, state = 0.0, {"m": 0.5}
        for _ in range(3000):
            w = scratch.momentum(w, 0.0, state, 0.1, beta)
        assert w == pytest.approx(coast(0.5, beta))


def test_first_steps_are_as_the_insight_says() -> None:
    assert first(lecture.tutorial_adam) == pytest.approx(3.162, abs=1e-3)
    assert first(scratch.rmsprop) == pytest.approx(3.162, abs=1e-3)
    assert first(scratch.adam) == pytest.approx(1, abs=1e-3)
    assert first(lecture.only_m_uncorrected) == pytest.approx(0.1, abs=1e-4)
    share = 1 - 0.999**1000  # of what V should be, if it is not corrected
    assert share == pytest.approx(0.63, abs=0.005)
