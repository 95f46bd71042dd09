"""The checkers of lecture 04 tell each typical mistake from the others."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

from course_utils.check import losses as lecture
from tests.checked import assert_wrong, planted

import numpy as np
import pytest


def over(y, p):
    return np.maximum(p - y, 0)


def under(y, p):
    return np.maximum(y - p, 0)


def softmax(z, axis=1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def naive(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def one_hot(z, y):
    return np.eye(z.shape[1])[y]


def picked(table, y):
    return table[np.arange(len(y)), y]


def entropy(p, y):
    return -np.mean(np.log(picked(p, y)))


def log_sum_exp(z, y):
    shifted = z - z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - picked(shifted, y))


def keras_without_logits(z, y):
    import keras

    return keras.losses.sparse_categorical_crossentropy(y, z)


def shares_of(z, **how):
    return np.exp(z) / np.exp(z).sum(**how)


def shifted(z, **how):
    return z - z.max(axis=1, **how)


def slope(z, y):
    return (softmax(z) - one_hot(z, y)) / len(y)


def column_slope(z, y):
    p = softmax(z)
    p[:, y] -= 1
    return p / len(y)


def row_slope(z, y):
    p = softmax(z)
    p[y] -= 1
    return p / len(y)


def tensors_of_three_classes(z, y):
    import tensorflow as tf

    return (tf.nn.softmax(z) - tf.one_hot(y, 3, dtype=tf.float64)) / len(y)


def binary(z, y):
    p, t = softmax(z), one_hot(z, y)
    return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)) / len(y)


def in_place(z, y):
    z -= z.max()
    return log_sum_exp(z, y)


PINBALL = [
    (
        lambda y, p, c, g: np.mean(g * over(y, p) + c * under(y, p)),
        "cost and profit are exchanged",
    ),
    (lambda y, p, c, g: np.abs(p - y).mean(), "absolute error"),
    (lambda y, p, c, g: np.square(p - y).mean(), "squared error"),
    (lambda y, p, c, g: c * over(y, p).mean(), "Too little costs nothing"),
    (lambda y, p, c, g: g * under(y, p).mean(), "Too much costs nothing"),
    (
        lambda y, p, c, g: np.sum(c * over(y, p) + g * under(y, p)),
        "added the days up",
    ),
    (lambda y, p, c, g: c * over(y, p) + g * under(y, p), "value per day"),
    (
        lambda y, p, c, g: np.mean(np.where(p > y, c, g) * (p - y)),
        "too little make the loss smaller",
    ),
    (
        lambda y, p, c, g: np.mean(np.where(p > y, c, g) * (y - p)),
        "too much make the loss smaller",
    ),
    (
        lambda y, p, c, g: -np.mean(c * over(y, p) + g * under(y, p)),
        "a loss is what you want small",
    ),
    (
        lambda y, p, c, g: np.mean(c * over(y, p) ** 2 + g * under(y, p) ** 2),
        "squared the differences",
    ),
    (
        lambda y, p, c, g: np.mean(c * over(y, p) + g * under(y, p)) / (c + g),
        "divided by cost + profit",
    ),
    (
        lambda y, p, c, g: np.mean(over(y, p) + 99 * under(y, p)),
        "the numbers 1 and 99",
    ),
    (
        lambda y, p, c, g: (
            c * (p - y)[p > y].mean() + g * (y - p)[p < y].mean()
        ),
        "by the days of each kind",
    ),
    (
        lambda y, p, c, g: max(c * (p - y).mean(), g * (y - p).mean()),
        "added up before you compared",
    ),
    (
        lambda y, p, c, g: np.mean(np.where(p > y, c, -g)),
        "slope for one unit: cost for too much, −profit for too little, −p",
    ),
    (
        lambda y, p, c, g: np.mean(np.where(p >= y, c, -g)),
        "slope for one unit: cost for too much, −profit for too little, cost",
    ),
    (
        lambda y, p, c, g: np.mean(np.where(p > y, c, g)),
        "price of one unit: cost for too much, profit for too little, profit",
    ),
    (
        lambda y, p, c, g: np.mean(c * (p > y) + g * (p < y)),
        "price of one unit: cost for too much, profit for too little, 0",
    ),
    (lambda y, p, c, g: 9.5, "whatever you are given"),
    (lambda y, p, c, g: c * (p - y) if p > y else g * (y - p), "np.where"),
]
CROSS_ENTROPY = [
    (lambda z, y: log_sum_exp(z, y) * len(y), "added the samples up"),
    (lambda z, y: -np.log(picked(softmax(z), y)), "one value per sample"),
    (
        lambda z, y: -np.mean(one_hot(z, y) * np.log(softmax(z))),
        "samples times classes",
    ),
    (lambda z, y: -np.mean(np.log2(picked(softmax(z), y))), "in bits"),
    (lambda z, y: -log_sum_exp(z, y), "minus is missing"),
    (lambda z, y: entropy(z, y), "logarithm of the logits"),
    (lambda z, y: -np.mean(picked(z, y)), "These are the scores"),
    (lambda z, y: np.mean(picked(softmax(z), y)), "this is the mean prob"),
    (lambda z, y: 1 - np.mean(picked(softmax(z), y)), "1 minus the mean"),
    (lambda z, y: -np.log(np.mean(picked(softmax(z), y))), "mean first"),
    (
        lambda z, y: -np.sum(y * np.log(softmax(z))) / len(y),
        "as if labels were one-hot. They are class numbers",
    ),
    (
        lambda z, y: -np.mean(y * np.log(softmax(z))),
        "as if labels were one-hot, and took",
    ),
    (
        lambda z, y: -np.sum(y[:, None] * np.log(softmax(z))) / len(y),
        "each row with its class number, as if",
    ),
    (lambda z, y: -np.mean(np.log(softmax(z)[:, y])), "picks whole columns"),
    (lambda z, y: -np.mean(np.log(softmax(z)[y])), "picks whole rows"),
    (lambda z, y: entropy(softmax(z), z.argmax(1)), "largest score in place"),
    (
        lambda z, y: -np.mean((softmax(z) * np.log(softmax(z))).sum(1)),
        "entropy of the predictions",
    ),
    (lambda z, y: entropy(softmax(z, axis=0), y), "down the columns"),
    (lambda z, y: log_sum_exp(softmax(z), y), "two softmaxes"),
    (lambda z, y: log_sum_exp(z, y - 1), "classes from 1"),
    (binary, "binary cross-entropy"),
    (lambda z, y: entropy(naive(z), y), "At 10,000 exp overflows: subtract"),
    (
        lambda z, y: np.mean(np.log(np.exp(z).sum(1)) - picked(z, y)),
        "overflows in the log-sum-exp",
    ),
    (lambda z, y: entropy(softmax(z), y), "a probability rounds to 0"),
    (lambda z, y: entropy(softmax(z) + 1e-7, y), "An ε of 1e-07"),
    (
        lambda z, y: entropy(np.clip(softmax(z), 1e-12, 1), y),
        "An ε of 1e-12",
    ),
    (lambda z, y: entropy(softmax(z) + 3e-9, y), "expected 1"),
    (lambda z, y: log_sum_exp(z.clip(-100, 100), y), "Cutting them off at 100"),
    (
        lambda z, y: np.mean(
            np.log(np.exp(z - z.max()).sum(1)) - picked(z - z.max(), y)
        ),
        "whole table",
    ),
    (
        lambda z, y: np.mean(keras_without_logits(z, y)),
        "True: it takes the logits for probabilities",
    ),
    (keras_without_logits, "And take the mean"),
    (
        lambda z, y: np.mean(
            np.log(np.exp(shifted(z, keepdims=True)).sum(1)) - picked(z, y)
        ),
        "not from the score at the label",
    ),
    (
        lambda z, y: np.mean(
            np.log(np.exp(shifted(z)).sum(axis=1)) - picked(shifted(z), y)
        ),
        "missing in the maximum",
    ),
    (lambda z, y: entropy(shares_of(z, axis=1), y), "Each column is divided"),
    (
        lambda z, y: entropy(shares_of(shifted(z, keepdims=True), axis=1), y),
        "missing in the sum",
    ),
    (lambda z, y: entropy(shares_of(shifted(z), axis=1), y), "missing twice"),
    (
        lambda z, y: np.mean(np.log(np.exp(z).sum()) - picked(z, y)),
        "The exponentials of the whole table are",
    ),
    (
        lambda z, y: entropy(shares_of(shifted(z, keepdims=True)), y),
        "then the exponentials of the whole table",
    ),
    (
        lambda z, y: np.mean(np.log(np.exp(z).sum(axis=0)) - picked(z, y)),
        "The exponentials of each column are",
    ),
    (
        lambda z, y: np.mean(np.log2(np.exp(z).sum(1)) - picked(z, y)),
        "a score from np.log2",
    ),
    (
        lambda z, y: np.mean(
            np.log2(np.exp(shifted(z, keepdims=True)).sum(1))
            - picked(shifted(z, keepdims=True), y)
        ),
        "a shifted score from np.log2",
    ),
    (lambda z, y: entropy(naive(z - 1000), y), "not a fixed number"),
    (lambda z, y: 0.49, "whatever you are given"),
    (lambda z, y: log_sum_exp(z, y.argmax(axis=1)), "It is not one-hot"),
    (in_place, "changed its input"),
]
GRADIENT = [
    (lambda z, y: softmax(z) - one_hot(z, y), "The loss is a mean"),
    (lambda z, y: softmax(z) / len(y), "The one is missing"),
    (lambda z, y: softmax(z), "These are the probabilities"),
    (lambda z, y: -slope(z, y), "The sign is turned: a higher"),
    (lambda z, y: one_hot(z, y) - softmax(z), "turned, and the loss is a"),
    (lambda z, y: (z - one_hot(z, y)) / len(y), "softmax is missing: sub"),
    (lambda z, y: slope(z, y) / z.shape[1], "samples times classes"),
    (lambda z, y: (softmax(z) - y) / len(y), "as if labels were one-hot."),
    (lambda z, y: softmax(z) - y, "and the division by the samples is"),
    (
        lambda z, y: (softmax(z) - y[:, None]) / len(y),
        "class number from the whole row. Subtract",
    ),
    (column_slope, "picks whole columns"),
    (row_slope, "picks whole rows"),
    (
        lambda z, y: one_hot(z, y) * (softmax(z) - 1) / len(y),
        "Only the true classes",
    ),
    (
        lambda z, y: -one_hot(z, y) / softmax(z) / len(y),
        "with respect to the probabilities",
    ),
    (lambda z, y: 2 * slope(z, y), "A factor 2"),
    (
        lambda z, y: (softmax(z, 0) - one_hot(z, y)) / len(y),
        "down the columns",
    ),
    (lambda z, y: slope(z, z.argmax(1)), "at the largest score"),
    (lambda z, y: slope(z, y).sum(0), "added the samples up"),
    (lambda z, y: slope(z, y).T, "lie on their side"),
    (
        lambda z, y: (naive(z) - one_hot(z, y)) / len(y),
        "At 10,000 exp overflows",
    ),
    (
        lambda z, y: (naive(z - z.max()) - one_hot(z, y)) / len(y),
        "whole table",
    ),
    (
        lambda z, y: (np.nan_to_num(naive(z)) - one_hot(z, y)) / len(y),
        "hides the overflow",
    ),
    (
        lambda z, y: (softmax(z) - np.eye(3)[y]) / len(y),
        "One table has 4 columns, the other 3",
    ),
    (
        lambda z, y: (softmax(z) - np.eye(10)[y]) / len(y),
        "One table has 3 columns, the other 10",
    ),
    (tensors_of_three_classes, "as many as logits has columns"),
    (
        lambda z, y: (softmax(z) - np.eye(len(y))[y]) / len(y),
        "needs an entry for each class",
    ),
    (lambda z, y: (softmax(z) - 1) / len(y), "class only. You subtracted"),
    (lambda z, y: softmax(z) - 1, "class only, and divide"),
    (
        lambda z, y: (shares_of(z, axis=1) - one_hot(z, y)) / len(y),
        "Each column is divided",
    ),
    (
        lambda z, y: (softmax(shifted(z)) - one_hot(z, y)) / len(y),
        "missing in the maximum",
    ),
    (
        lambda z, y: (naive(z - 1000) - one_hot(z, y)) / len(y),
        "not a fixed number",
    ),
]


def at(index, error):
    """Choose by one list of errors and report another."""

    def answer(strengths, *errors):
        best = np.argmin(errors[index])
        return strengths[best], errors[error][best]

    return answer


TRAIN, VALIDATION, TEST = range(3)
CHOOSE = [
    (at(TRAIN, TEST), "chose on the training set"),
    (at(TEST, TEST), "chose on the test set"),
    (at(VALIDATION, VALIDATION), "report its validation error"),
    (at(VALIDATION, TRAIN), "report its training error"),
    (lambda s, a, v, t: (s[v.argmin()], t.min()), "the lowest test error"),
    (lambda s, a, v, t: (s[v.argmin()], t.mean()), "not the mean"),
    (lambda s, a, v, t: (s[v.argmax()], t[v.argmax()]), "largest validation"),
    (
        lambda s, a, v, t: (s[(v - a).argmin()], t[(v - a).argmin()]),
        "the smallest gap",
    ),
    (lambda s, a, v, t: (v.argmin(), t[v.argmin()]), "where the best strength"),
    (lambda s, a, v, t: (t[v.argmin()], s[v.argmin()]), "an error. Return"),
    (lambda s, a, v, t: (s.min(), t[s.argmin()]), "always take the smallest"),
    (lambda s, a, v, t: (s[(v + t).argmin()], 0.3), "validation and test tog"),
    (lambda s, a, v, t: s[v.argmin()], "2 values, (strength, error)"),
    (lambda s, a, v, t: (0.1, 0.35), "whatever you are given"),
    (lambda s, a, v, t: (s[v.argmin()], ...), "Value 2 of 2"),
]
BASE = [
    (lambda i: 2, "whatever you are given"),
    (lambda i: np.e - 0 * i(0.4), "(information_base_2) gave 2.7183"),
    (lambda i: np.e, "whatever you are given"),
    (lambda i: 0.4 ** (1 / i(0.4)), "This is 1/base"),
    (lambda i: 1 / i(1 / np.e), "natural logarithm of the base"),
    (lambda i: 1 / i(0.5), "to the base 2"),
    (lambda i: 1 / i(0.1), "to the base 10"),
    (lambda i: i(0.5), "This equals information(0.5)"),
    (lambda i: i(0.4) / -np.log2(0.4), "which is 1 / log₂ of the base"),
    (lambda i: i(0.4) / -np.log10(0.4), "which is 1 / log₁₀ of the base"),
    (lambda i: i(0.4), "This equals information(0.4)"),
    (lambda i: 2 ** i(0.5), "upside down"),
    (lambda i: 0.4 ** -i(0.4), "b is 2.5 to the power 1/i"),
    (lambda i: 10 ** i(0.1), "b is 10 to the power 1/i"),
    (lambda i: np.exp(i(np.exp(-1))), "b is e to the power 1/i"),
    (lambda i: 0.4**-1 / i(0.4), "Put the exponent in brackets"),
    (lambda i: 2**1 / i(0.5), "This is 1/0.5 divided by information(0.5)"),
    (lambda i: np.exp(i(0.4)), "e to the power of information(0.4)"),
    (lambda i: 0.5 ** (-1 / i(1.0)), "not the expected"),
    (lambda i: 1 / i(1.0), "log 1 is 0"),
    (
        lambda i: min(
            np.arange(1.01, 300, 0.02),
            key=lambda b: abs(i(0.4) + np.log(0.4) / np.log(b)),
        ),
        "search in steps",
    ),
    (
        lambda i: min(
            (2, np.e, 10),
            key=lambda b: abs(i(0.4) + np.log(0.4) / np.log(b)),
        ),
        "expected 3",
    ),
    (lambda i: 2 ** (1 / i), "call it"),
]
MISTAKES = {
    "pinball": PINBALL,
    "cross_entropy": CROSS_ENTROPY,
    "gradient": GRADIENT,
    "choose": CHOOSE,
    "base": BASE,
}


@planted(MISTAKES)
def test_each_mistake_gets_its_own_message(
    name: str, mistake: Callable, words: str
) -> None:
    # A lecture has imported it long before; the time limit is for answers.
    importlib.import_module("keras")
    with warnings.catch_warnings():
        # "mean of empty slice" is the mistake's own.
        warnings.simplefilter("ignore", RuntimeWarning)
        assert_wrong(getattr(lecture, name)(mistake), words)


def by_days(y_true, y_pred, cost, profit):
    total = 0
    for y, p in zip(y_true, y_pred, strict=True):
        total += cost * (p - y) if p > y else profit * (y - p)
    return total / len(y_true)


def by_keras(logits, labels):
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return loss(labels, logits)


def by_tape(logits, labels):
    import tensorflow as tf

    logits = tf.Variable(logits)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        )
    return tape.gradient(loss, logits)


def central(logits, labels, h=1e-5):
    found = np.zeros_like(logits)
    for i in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[i] = h
        rise = log_sum_exp(logits + step, labels)
        found[i] = (rise - log_sum_exp(logits - step, labels)) / (2 * h)
    return found


def bisected(information):
    low, high = 1.0001, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if information(1 / middle) < 1 else (low, middle)
        )
    return low


RIGHT = {
    "pinball": [
        by_days,
        lambda y, p, c, g: np.maximum(c * (p - y), g * (y - p)).mean(),
        lambda y, p, c, g: np.float32(
            np.where(p > y, c, g) @ np.abs(p - y) / len(y)
        ),
    ],
    "cross_entropy": [
        log_sum_exp,
        by_keras,
        lambda z, y: np.mean(np.logaddexp.reduce(z, axis=1) - picked(z, y)),
        lambda z, y: log_sum_exp(z.astype(np.float32), y.tolist()),
        lambda z, y: (
            -sum(
                row[k] - row.max() - np.log(np.exp(row - row.max()).sum())
                for row, k in zip(z, y, strict=True)
            )
            / len(y)
        ),
    ],
    "gradient": [
        slope,
        by_tape,
        central,
        lambda z, y: slope(z, y).astype(np.float32),
        lambda z, y: slope(z, y).tolist(),
    ],
    "choose": [
        at(VALIDATION, TEST),
        lambda s, a, v, t: [s[list(v).index(min(v))], float(t[v.argmin()])],
        lambda s, a, v, t: min(zip(v, s, t, strict=True))[1:],
    ],
    "base": [
        lambda i: 2 ** (1 / i(0.5)),
        lambda i: 0.4 ** (-1 / i(0.4)),
        lambda i: np.exp(1 / i(np.exp(-1))),
        lambda i: np.float32(10 ** (1 / i(np.array(0.1)))),
        bisected,
    ],
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_may_look_different(name: str) -> None:
    # A lecture has imported it long before; the time limit is for answers.
    importlib.import_module("keras")
    for answer in RIGHT[name]:
        verdict = getattr(lecture, name)(answer)
        assert verdict, verdict


def test_dots_for_both_values_are_not_attempted_yet() -> None:
    verdict = lecture.choose(lambda *a: (..., ...))
    assert verdict.status == "not attempted yet"


def test_tables_of_different_widths_get_no_advice_that_does_not_help() -> None:
    answers = (lambda z, y: softmax(z) - np.eye(3)[y], tensors_of_three_classes)
    for answer in answers:
        said = lecture.gradient(answer).message
        assert "axis of size 1" not in said
        assert "not one-hot" not in said


def test_no_negative_zero_is_expected() -> None:
    said = lecture.cross_entropy(lambda z, y: entropy(naive(z), y)).message
    assert "expected 0." in said
    assert "-0" not in said


def test_the_insight_has_the_number_that_the_task_asks_for() -> None:
    insight = lecture.base(RIGHT["base"][0]).message
    assert f"{-np.log2(0.4):.3f} bits" in insight


@pytest.mark.parametrize("name", ["pinball", "gradient", "choose"])
def test_a_changed_input_is_named(name: str) -> None:
    def change(values: np.ndarray, *rest: Any) -> tuple:
        values *= 2
        return values[0], values[0]

    assert "changed its input" in getattr(lecture, name)(change).message


@pytest.mark.parametrize("name", ["cross_entropy", "gradient"])
def test_labels_taken_for_one_hot_rows_are_explained(name: str) -> None:
    def answer(logits: np.ndarray, labels: np.ndarray) -> float:
        return -np.sum(labels[:, 1] * logits[:, 1])

    assert "It is not one-hot" in getattr(lecture, name)(answer).message


def test_numpy_says_nothing_beside_the_verdict() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (
            "overflows"
            in lecture.cross_entropy(lambda z, y: entropy(naive(z), y)).message
        )
