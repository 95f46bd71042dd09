"""The checkers of lecture 03 tell each typical mistake from the others."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from course_utils import scratch
from course_utils.check import neural_networks as lecture
from tests.checked import assert_wrong, planted

import numpy as np
import pytest


def relu(z):
    return np.maximum(z, 0)


def exp_shares(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def stable(z):
    return exp_shares(z - z.max(axis=1, keepdims=True))


def jacobian(z):
    p = stable(z[None])[0]
    return np.diag(p) - np.outer(p, p)


def jacobian_by_differences(z, h=1e-5):
    columns = []
    for e in np.eye(len(z)):
        above, below = stable((z + h * e)[None]), stable((z - h * e)[None])
        columns.append((above - below)[0] / (2 * h))
    return np.stack(columns, axis=1)


def return_in_loop(sizes):
    for m, n in pairwise(sizes):
        return m * n + n


def bias_of_inputs(sizes):
    return sum(m * n for m, n in pairwise(sizes)) + sum(sizes)


def shares_of(z, **how):
    return np.exp(z) / np.exp(z).sum(**how)


def all_at_once(J, z, h=1e-5):
    return np.abs(J(z) - (probabilities(z + h) - probabilities(z - h))).max()


def through_an_alias(J, z, h=1e-5):
    above = below = z
    worst = 0
    for j in range(len(z)):
        above[j] += h
        below[j] -= h
        column = (probabilities(above) - probabilities(below)) / (2 * h)
        worst = max(worst, np.abs(J(z)[:, j] - column).max())
    return worst


def probabilities(z):
    return stable(z[None])[0]


def in_place_and_back(J, z, h=1e-5):
    worst = 0
    for k in range(len(z)):
        z[k] += h
        above = probabilities(z)
        z[k] -= 2 * h
        column = (above - probabilities(z)) / (2 * h)
        z[k] += h
        worst = max(worst, np.abs(J(z)[:, k] - column).max())
    return worst


def in_place(J, z, h=1e-5):
    worst = in_place_and_back(J, z, h)
    z += h
    return worst


def two(x, W1, b1, W2, b2):
    return relu(x @ W1 + b1) @ W2 + b2


def layer(x, W, delta):
    return x.T @ delta, delta.sum(axis=0), delta @ W.T


PARAMETERS = [
    (lambda s: sum(m * n for m, n in pairwise(s)), "These are the weights"),
    (bias_of_inputs, "gave the inputs biases"),
    (
        lambda s: sum((m + 1) * n for m, n in pairwise(s)) + 1,
        "not the expected",
    ),
    (lambda s: sum(m * (n + 1) for m, n in pairwise(s)), "goes into a layer"),
    (lambda s: sum(m * n + 1 for m, n in pairwise(s)), "one bias per layer"),
    (
        lambda s: sum(m * n for m, n in pairwise(s)) + sum(s[1:-1]),
        "biases of the last layer are missing",
    ),
    (return_in_loop, "return inside the loop"),
    (lambda s: (s[-2] + 1) * s[-1], "Only the last layer is counted"),
    (np.prod, "multiplied all sizes"),
    (sum, "added the sizes up"),
    (lambda s: sum(s[1:]), "These are the neurons"),
    (lambda s: 26, "you answer 26 whatever you"),
    (lambda s: s[0] * s[1] + s[1] + s[1] * s[2] + s[2], "IndexError"),
    (lambda s: [(m + 1) * n for m, n in pairwise(s)], "shape"),
    (lambda s: s.pop(), "changed its input"),
]
TWO_LAYERS = [
    (lambda *a: relu(two(*a)), "relu also stands at the output"),
    (lambda x, W, b, V, c: (x @ W + b) @ V + c, "relu is missing"),
    (lambda x, W, b, V, c: relu(x @ W) @ V + c, "b1 is missing"),
    (lambda x, W, b, V, c: relu(x @ W + b) @ V, "b2 is missing"),
    (lambda x, W, b, V, c: relu(x @ W) @ V, "Both biases"),
    (lambda x, W, b, V, c: (relu(x @ W) + b) @ V + c, "too early"),
    (lambda x, W, b, V, c: relu(x @ W.T + b) @ V + c, "W1 is transposed"),
    (lambda x, W, b, V, c: relu(x @ W + b) @ V.T + c, "W2 is transposed"),
    (lambda x, W, b, V, c: relu(x @ W.T + b) @ V.T + c, "Both W are"),
    (lambda x, W, b, V, c: V @ relu(W @ x + b) + c, "Both W stand"),
    (lambda x, W, b, V, c: relu(W @ x + b) @ V + c, "W1 stands"),
    (lambda x, W, b, V, c: V @ relu(x @ W + b) + c, "W2 stands"),
    (
        lambda x, W, b, V, c: V.T @ relu(W.T @ x.T + b[:, None]) + c[:, None],
        "lie on their side",
    ),
    (lambda x, W, b, V, c: relu(x * W + b) * V + c, "entry by entry"),
    (lambda *a: stable(two(*a)), "softmax at the end"),
    (lambda x, W, b, V, c: np.tanh(x @ W + b) @ V + c, "a tanh"),
    (
        lambda x, W, b, V, c: 1 / (1 + np.exp(-x @ W - b)) @ V + c,
        "a sigmoid in the hidden",
    ),
    (lambda x, W, b, V, c: np.minimum(x @ W + b, 0) @ V + c, "kept the neg"),
    (lambda x, W, b, V, c: relu(x @ W + b), "This is the hidden layer"),
    (lambda x, W, b, V, c: np.max(x @ W + b, 0) @ V + c, "np.max(z, 0) finds"),
    (lambda x, W, b, V, c: np.max(x @ W + b) @ V + c, "a single number here"),
    (lambda x, W, b, V, c: (x @ W + b > 0) @ V + c, "a step in the hidden"),
    (
        lambda x, W, b, V, c: (
            np.where(x @ W + b > 0, x @ W + b, (x @ W + b) / 10) @ V + c
        ),
        "leaky relu of slope 0.1 in",
    ),
    (lambda x, W, b, V, c: two(x[:1], W, b, V, c), "shape (1, 2)"),
    (lambda x, W, b, V, c: two(x, W, b, V, c) * np.nan, "not finite"),
]
SOFTMAX = [
    (lambda z: np.exp(z) / np.exp(z).sum(), "whole table adds up"),
    (lambda z: np.exp(z) / np.exp(z).sum(axis=0), "columns add up"),
    (lambda z: np.exp(z) / np.exp(z).sum(axis=1), "without keepdims"),
    (lambda z: z / z.sum(axis=1, keepdims=True), "First take exp"),
    (np.exp, "These are the exponentials"),
    (lambda z: np.exp(z - z.max(1, keepdims=True)), "largest result"),
    (lambda z: np.log(stable(z)), "These are logarithms"),
    (lambda z: 1 / (1 + np.exp(-z)), "sigmoid"),
    (lambda z: np.eye(z.shape[1])[z.argmax(1)], "to the largest score"),
    (lambda z: stable(-z), "sign is turned"),
    (lambda z: 2**z / (2**z).sum(1, keepdims=True), "powers of 2"),
    (lambda z: stable(z - z.max(axis=0)), "each column"),
    (lambda z: stable(z / z.max()), "divided by the largest score of the tab"),
    (
        lambda z: stable(z / z.max(axis=1, keepdims=True)),
        "divided by the largest score of each row",
    ),
    (lambda z: stable(stable(z)), "twice"),
    (exp_shares, "For small scores it is right. At 10,000 exp overflows"),
    (lambda z: exp_shares(z - z.max()), "largest score of the whole table"),
    (lambda z: exp_shares(np.clip(z, -700, 700)), "Cutting large scores"),
    (lambda z: exp_shares(z - z.min(1, keepdims=True)), "smallest score"),
    (lambda z: np.nan_to_num(exp_shares(z)), "hides the overflow"),
    (
        lambda z: exp_shares(z - z.mean(1, keepdims=True)),
        "Mind the exponentials",
    ),
    (
        lambda z: exp_shares(z - z.max(axis=1)),
        "missing in the maximum",
    ),
    (lambda z: shares_of(z - z.max(axis=1), axis=1), "is missing twice"),
    (
        lambda z: shares_of(z - z.max(1, keepdims=True), axis=1),
        "missing in the sum",
    ),
    (
        lambda z: shares_of(z - z.max(1, keepdims=True), axis=0),
        "but then the columns",
    ),
    (
        lambda z: shares_of(z - z.max(1, keepdims=True)),
        "but then the whole",
    ),
    (lambda z: exp_shares(z - 1000), "not a fixed number"),
    (lambda z: exp_shares(np.sqrt(z)), "a root of a negative number"),
    (lambda z: exp_shares(np.log(z)), "a logarithm of 0 or less"),
    (lambda z: exp_shares(z - 100), "which changes no"),
    (lambda z: stable(z)[0], "expected (3, 3)"),
]
BACKWARD = [
    (lambda x, W, d: [g / len(x) for g in layer(x, W, d)], "once too often"),
    (lambda x, W, d: (d.T @ x, *layer(x, W, d)[1:]), "lies on its side"),
    (lambda x, W, d: (x @ d, d.sum(0), d @ W.T), "x has to be transposed"),
    (lambda x, W, d: layer(x, W, d)[::-1], "The first value is dx"),
    (
        lambda x, W, d: (d.sum(0), x.T @ d, d @ W.T),
        "The first value is db",
    ),
    (lambda x, W, d: (x.T @ d, d @ W.T, d.sum(0)), "second value is dx"),
    (
        lambda x, W, d: (np.outer(x.sum(0), d.sum(0)), d.sum(0), d @ W.T),
        "multiplied two sums",
    ),
    (lambda x, W, d: (x.T @ d * W, d.sum(0), d @ W.T), "into its own"),
    (
        lambda x, W, d: (x.T @ d, d.sum(0), [W.sum(1)] * len(x)),
        "you took W without delta",
    ),
    (lambda x, W, d: (-x.T @ d, d.sum(0), d @ W.T), "sign of dW"),
    (lambda x, W, d: (x.T @ d, d.mean(0), d @ W.T), "db is divided"),
    (lambda x, W, d: (x.T @ d, d, d @ W.T), "db is still delta"),
    (lambda x, W, d: (x.T @ d, d.sum(), d @ W.T), "added everything up"),
    (lambda x, W, d: (x.T @ d, d.sum(1), d @ W.T), "added the outputs up"),
    (
        lambda x, W, d: (x.T @ d, d.sum(0, keepdims=True), d @ W.T),
        "shape of one row",
    ),
    (lambda x, W, d: (x.T @ d, d.sum(0), d @ W), "W has to be transposed"),
    (lambda x, W, d: (x.T @ d, d.sum(0), W @ d.T), "dx lies on its side"),
    (
        lambda x, W, d: (x.T @ d, d.sum(0), d @ W.T * (x > 0)),
        "slope of an activation",
    ),
    (
        lambda x, W, d: (x.T @ d, d.sum(0), (d @ W.T).sum(0)),
        "nothing is added up",
    ),
    (
        lambda x, W, d: (x.T @ d, d.sum(0), d @ W.T * (1 - x**2)),
        "slope of a tanh",
    ),
    (
        lambda x, W, d: (x.T @ d, d.sum(0), d * W),
        "@, and W has to be transposed",
    ),
    (lambda x, W, d: (x.T @ d, d.sum(0), d * W.T), "@: delta @ W.T"),
    (lambda x, W, d: (x * d, d.sum(0), d @ W.T), "@, and x has to be"),
    (lambda x, W, d: (x.T * d, d.sum(0), d @ W.T), "@: x.T @ delta"),
    (lambda x, W, d: (x.T @ d, d.sum(0), x @ W), "computed forwards"),
    (lambda x, W, d: (x.T @ d, d.sum(0)), "3 values, (dW, db, dx)"),
    (lambda x, W, d: (x.T @ d, d.sum(0), ...), "Value 3 of 3"),
    (scratch.backward, "Asked here is layer_backward"),
    # Two mistakes at once: the first is named.
    (lambda x, W, d: (x.T @ d, d.mean(0), d @ W), "db is divided"),
]
LARGEST_ERROR = [
    (lambda J, z: (J(z) - jacobian(z)).max(), "an entry can also be too small"),
    (lambda J, z: (jacobian(z) - J(z)).max(), "whichever you subtract"),
    (lambda J, z: np.abs(J(z) - jacobian(z)).mean(), "average difference"),
    (lambda J, z: np.abs(J(z) - jacobian(z)).sum(), "sum of the differences"),
    (lambda J, z: ((J(z) - jacobian(z)) ** 2).max(), "These are squares"),
    (lambda J, z: np.linalg.norm(J(z) - jacobian(z)), "norm"),
    (lambda J, z: np.abs(np.diag(J(z) - jacobian(z))).max(), "diagonal only"),
    (
        lambda J, z: np.abs(
            (J(z) - jacobian(z))[~np.eye(len(z), dtype=bool)]
        ).max(),
        "did not look at the diagonal",
    ),
    (lambda J, z: np.abs((J(z) - jacobian(z))[:, 0]).max(), "first column"),
    (
        lambda J, z: np.abs(J(z) - lecture.claimed_jacobian(z)).max(),
        "acquit claimed_jacobian and",
    ),
    (
        lambda J, z: np.abs(J(z) - np.diag(np.diag(jacobian(z)))).max(),
        "0 off the diagonal",
    ),
    (
        lambda J, z: np.abs(J(0 * z) - jacobian(0 * z)).max(),
        "not at the z",
    ),
    (lambda J, z: np.abs(J(z)).max(), "compare with 0"),
    (all_at_once, "changes no probability"),
    (through_an_alias, "a = z is no copy"),
    (in_place, "changed its input, by only 1e-05. Was a small h"),
    (lambda J, z: np.abs(J(z) - 2 * jacobian(z)).max(), "twice as large"),
    (lambda J, z: np.allclose(J(z), jacobian(z)), "True or False"),
    (lambda J, z: np.abs(J(z) - jacobian(z)), "shape (3, 3)"),
    (lambda J, z: 0.38, "whatever you are given"),
    (
        lambda J, z: np.abs(J(z) - jacobian_by_differences(z, 0.3)).max(),
        "off by up to",
    ),
    (
        lambda J, z: np.abs(J(z) - jacobian_by_differences(z, 1e-14)).max(),
        "far too small",
    ),
    (lambda J, z: np.abs(J - jacobian(z)).max(), "call it"),
]
MISTAKES = {
    "parameters": PARAMETERS,
    "two_layers": TWO_LAYERS,
    "softmax": SOFTMAX,
    "backward": BACKWARD,
    "largest_error": LARGEST_ERROR,
}


@planted(MISTAKES)
def test_each_mistake_gets_its_own_message(
    name: str, mistake: Callable, words: str
) -> None:
    assert_wrong(getattr(lecture, name)(mistake), words)


def loops(x, W1, b1, W2, b2):
    rows = []
    for sample in x:
        hidden = [max(0, sample @ W1[:, j] + b) for j, b in enumerate(b1)]
        rows.append([hidden @ W2[:, k] + b for k, b in enumerate(b2)])
    return rows


def outer_products(x, W, delta):
    dW = sum(np.outer(a, d) for a, d in zip(x, delta, strict=True))
    return [dW.tolist(), delta.sum(0).tolist(), (W @ delta.T).T]


def by_keras(x, W1, b1, W2, b2):
    import tensorflow as tf

    x, W1, b1, W2, b2 = (tf.cast(v, tf.float32) for v in (x, W1, b1, W2, b2))
    return tf.nn.relu(x @ W1 + b1) @ W2 + b2


def by_tape(x, W, delta):
    import tensorflow as tf

    x, W = tf.Variable(x), tf.Variable(W)
    b = tf.Variable(tf.zeros(W.shape[1], tf.float64))
    with tf.GradientTape() as tape:
        y = x @ W + b
    return tape.gradient(y, (W, b, x), output_gradients=tf.constant(delta))


def keras_softmax(z):
    import tensorflow as tf

    return tf.nn.softmax(tf.constant(z, tf.float32))


def forward_differences(J, z, h=1e-6):
    p = stable(z[None])[0]
    worst = 0.0
    for j in range(len(z)):
        moved = z.copy()
        moved[j] += h
        column = (stable(moved[None])[0] - p) / h
        worst = max(worst, max(abs(J(z)[:, j] - column)))
    return worst


RIGHT = {
    "parameters": [
        lambda s: sum((m + 1) * n for m, n in pairwise(s)),
        lambda s: np.float32(
            sum((s[i] + 1) * s[i + 1] for i in range(len(s) - 1))
        ),
        lambda s: np.array(s[:-1]) @ np.array(s[1:]) + np.sum(s[1:]),
    ],
    "two_layers": [two, loops, by_keras, lambda *a: two(*a).tolist()],
    "softmax": [
        stable,
        keras_softmax,
        lambda z: stable(z).astype(np.float32),
        lambda z: [list(stable(row[None])[0]) for row in z],
        lambda z: np.exp(z - np.logaddexp.reduce(z, axis=1)[:, None]),
        lambda z: (
            1 / np.exp(np.clip(z[:, None] - z[:, :, None], -700, 700)).sum(2)
        ),
    ],
    "backward": [layer, outer_products, by_tape],
    "largest_error": [
        lambda J, z: np.abs(J(z) - jacobian(z)).max(),
        lambda J, z: np.array(abs(jacobian(z) - J(z)).max()),
        lambda J, z: np.abs(J(z) - jacobian_by_differences(z)).max(),
        lambda J, z: np.abs(J(z) - jacobian_by_differences(z, 1e-3)).max(),
        forward_differences,
        in_place_and_back,
    ],
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_may_look_different(name: str) -> None:
    # A lecture has imported it long before; the time limit is for answers.
    importlib.import_module("tensorflow")
    for answer in RIGHT[name]:
        verdict = getattr(lecture, name)(answer)
        assert verdict, verdict


def test_dots_for_all_three_gradients_are_not_attempted_yet() -> None:
    verdict = lecture.backward(lambda *a: (..., ..., ...))
    assert verdict.status == "not attempted yet"


@pytest.mark.parametrize("name", ["two_layers", "softmax", "backward"])
def test_a_changed_input_is_named(name: str) -> None:
    def change(x: np.ndarray, *rest: Any) -> Any:
        x -= x.max()
        return (x, x, x) if name == "backward" else x

    assert "changed its input" in getattr(lecture, name)(change).message


def test_numpy_says_nothing_beside_the_verdict() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "overflow" in lecture.softmax(exp_shares).message
        lecture.softmax(lambda z: exp_shares(z - 1000))


def test_the_claimed_jacobian_hides_where_all_scores_are_equal() -> None:
    assert np.allclose(
        lecture.claimed_jacobian(np.zeros(3)), jacobian(np.zeros(3))
    )
    z = np.array([1.0, 2.0, 3.0])
    gap = np.abs(lecture.claimed_jacobian(z) - jacobian_by_differences(z)).max()
    assert gap == pytest.approx(0.38, abs=0.005)  # as the insight says


def test_numerical_gradient_needs_what_the_hint_says() -> None:
    z = np.array([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="sequence"):
        scratch.numerical_gradient(scratch.softmax, z)
    rows = [
        scratch.numerical_gradient(lambda z, i=i: scratch.softmax(z)[i], z)
        for i in range(3)
    ]
    np.testing.assert_allclose(rows, jacobian(z), atol=1e-8)
