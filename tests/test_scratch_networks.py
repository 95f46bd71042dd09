"""The network, losses and optimizers of lectures 03 to 05 agree with Keras.

Everything is compared in float64, so that a wrong formula cannot hide behind
rounding.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from itertools import pairwise

from course_utils import scratch

import keras
import numpy as np
import pytest
import tensorflow as tf

Layers = list[tuple[np.ndarray, np.ndarray]]
EXACT = {"rtol": 1e-9, "atol": 1e-12}

# Activation, its derivative by what it gave out, and Keras's own.
ACTIVATIONS = {
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "relu": (scratch.relu, lambda a: (a > 0).astype(float)),
    "sigmoid": (scratch.sigmoid, lambda a: a * (1 - a)),
}
SIZES = {
    "one layer": [4, 3],
    "narrow": [3, 1, 2],
    "not square": [2, 7, 5],
    "deep": [3, 8, 2, 6, 5, 1],
}
activations = pytest.mark.parametrize("name", ACTIVATIONS)
sizes = pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())


@pytest.fixture(autouse=True)
def loud() -> Iterator[None]:
    """Turn every warning of NumPy into an error, as a learner would see it."""
    with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


def scores(shape: tuple[int, ...], size: float, seed: int = 0) -> np.ndarray:
    """Draw normal scores of a size, the extremes and ties among them."""
    z = size * np.random.default_rng(seed).normal(size=shape)
    z[0] = 0
    z[1, ..., :2] = size, -size
    return z


magnitudes = pytest.mark.parametrize(
    "size", [1e-6, 1.0, 30.0, 1e4], ids=["tiny", "1", "30", "10000"]
)


@magnitudes
@pytest.mark.parametrize("name", ["sigmoid", "relu", "softmax"])
def test_activations_agree_with_keras(name: str, size: float) -> None:
    z = scores((40, 5), size)
    before = z.copy()
    ours = getattr(scratch, name)(z)
    theirs = getattr(keras.ops, name)(z)
    assert ours.dtype == np.float64
    np.testing.assert_allclose(ours, theirs, **EXACT)
    np.testing.assert_array_equal(z, before)


def test_activations_take_other_shapes_and_whole_numbers() -> None:
    z = np.array([-2, 0, 3])
    np.testing.assert_array_equal(scratch.relu(z), [0, 0, 3])
    assert scratch.sigmoid(0) == 0.5
    np.testing.assert_allclose(
        scratch.sigmoid(z), 1 / (1 + np.exp([2.0, 0.0, -3.0])), **EXACT
    )
    np.testing.assert_allclose(
        scratch.softmax(z), np.exp(z) / np.exp(z).sum(), **EXACT
    )
    deep = scores((6, 3, 4), 5.0)
    np.testing.assert_allclose(
        scratch.softmax(deep)[3, 1], scratch.softmax(deep[3, 1]), **EXACT
    )


@magnitudes
def test_softmax_adds_up_to_1_and_ignores_a_shift(size: float) -> None:
    z = scores((40, 5), size)
    p = scratch.softmax(z)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1, **EXACT)
    np.testing.assert_allclose(scratch.softmax(z + 77.0), p, atol=1e-10)


@magnitudes
@pytest.mark.parametrize("classes", [1, 2, 5])
def test_cross_entropy_agrees_with_keras(size: float, classes: int) -> None:
    logits = scores((40, max(classes, 2)), size)[:, :classes]
    labels = np.random.default_rng(1).integers(0, classes, 40)
    theirs = keras.losses.sparse_categorical_crossentropy(
        labels, logits, from_logits=True
    )
    ours = scratch.cross_entropy(logits, labels)
    assert np.ndim(ours) == 0
    assert ours == pytest.approx(float(np.mean(theirs)), rel=1e-9, abs=1e-12)


def test_cross_entropy_has_the_values_of_the_notes() -> None:
    logits = np.log([[0.6, 0.4], [0.8, 0.2]])
    labels = np.array([0, 0])
    assert scratch.cross_entropy(logits[:1], labels[:1]) == pytest.approx(
        0.511, abs=5e-4
    )
    assert scratch.cross_entropy(logits[1:], labels[1:]) == pytest.approx(
        0.223, abs=5e-4
    )
    equal = scratch.cross_entropy(np.zeros((3, 10)), np.array([0, 4, 9]))
    assert equal == pytest.approx(math.log(10))
    assert scratch.cross_entropy(np.array([[1000.0, 0.0]]), labels[:1]) == 0
    wrong = scratch.cross_entropy(np.array([[1000.0, 0.0]]), np.array([1]))
    assert wrong == 1000


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.eye(3)[[0, 1]], r"labels: expected \(2,\), got \(2, 3\)"),
        (np.array([[0], [1]]), r"labels: expected \(2,\), got \(2, 1\)"),
        (np.array([0, 1, 2]), r"labels: expected \(2,\), got \(3,\)"),
        (np.array([0.5, 1.0]), r"label 0\.5: expected 0 to 2"),
        (np.array([0, 3]), r"label 3: expected 0 to 2"),
        (np.array([-1, 2]), r"label -1: expected 0 to 2"),
        (np.array([0.0, np.nan]), r"label nan: expected 0 to 2"),
        (np.array(["0", "1"]), r"label 0: expected 0 to 2"),
    ],
    ids=[
        "one-hot",
        "column",
        "too many",
        "fraction",
        "too large",
        "negative",
        "nan",
        "text",
    ],
)
def test_cross_entropy_refuses_other_labels(
    labels: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        scratch.cross_entropy(np.ones((2, 3)), labels)


def test_cross_entropy_refuses_an_empty_batch() -> None:
    with pytest.raises(ValueError, match="no samples"):
        scratch.cross_entropy(np.ones((0, 3)), np.array([], int))


def test_cross_entropy_takes_whole_numbers_stored_as_floats() -> None:
    logits = scores((4, 3), 2.0)
    labels = np.array([0, 2, 1, 1])
    assert scratch.cross_entropy(
        logits, labels.astype(float)
    ) == scratch.cross_entropy(logits, labels)


def test_accuracy_agrees_with_keras() -> None:
    rng = np.random.default_rng(2)
    for samples, classes in [(1, 2), (7, 3), (200, 10)]:
        logits = rng.normal(size=(samples, classes))
        labels = rng.integers(0, classes, samples)
        theirs = keras.metrics.sparse_categorical_accuracy(labels, logits)
        ours = scratch.accuracy(logits, labels)
        assert isinstance(ours, float)
        assert ours == pytest.approx(float(np.mean(theirs)))
        assert scratch.accuracy(scratch.softmax(logits), labels) == ours
    assert scratch.accuracy(np.eye(4), np.arange(4)) == 1.0
    assert scratch.accuracy(np.eye(4), np.array([1, 0, 3, 3])) == 0.25


@pytest.mark.parametrize("num_test", [0, 1, 30, 149, 150])
def test_a_split_loses_nothing_and_keeps_pairs(num_test: int) -> None:
    x = np.arange(300.0).reshape(150, 2)
    y = np.arange(150)
    before = np.random.get_state()[1].copy()
    x_train, y_train, x_test, y_test = scratch.shuffled_split(x, y, num_test, 7)
    assert len(x_train) == len(y_train) == 150 - num_test
    assert len(x_test) == len(y_test) == num_test
    for features, labels in [(x_train, y_train), (x_test, y_test)]:
        np.testing.assert_array_equal(features[:, 0], 2 * labels)
    assert sorted([*y_train, *y_test]) == list(range(150))
    np.testing.assert_array_equal(y, np.arange(150))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_a_split_is_the_one_of_shuffling_both_arrays_with_one_seed() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(150, 4)), rng.integers(0, 3, 150)
    ours = scratch.shuffled_split(x, y, 30, 116)
    for array in (x, y):
        np.random.seed(116)
        np.random.shuffle(array)
    theirs = x[:-30], y[:-30], x[-30:], y[-30:]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@sizes
def test_layers_have_the_shapes_asked_for(sizes: list[int]) -> None:
    layers = scratch.make_layers(sizes, np.random.default_rng(0))
    assert [W.shape for W, _ in layers] == list(pairwise(sizes))
    assert [b.shape for _, b in layers] == [(n,) for n in sizes[1:]]
    assert not any(b.any() for _, b in layers)


def test_layers_have_the_variance_of_glorot_and_bengio() -> None:
    layers = scratch.make_layers([300, 100, 500], np.random.default_rng(0))
    for (W, _), expected in zip(layers, [1 / 200, 1 / 300], strict=True):
        assert W.var() == pytest.approx(expected, rel=0.03)
        assert abs(W.mean()) < 4 * np.sqrt(expected / W.size)


def test_a_seed_decides_the_layers() -> None:
    def weights(seed: int) -> np.ndarray:
        return scratch.make_layers([3, 5], np.random.default_rng(seed))[0][0]

    np.testing.assert_array_equal(weights(1), weights(1))
    assert not np.allclose(weights(1), weights(2))


def network(sizes: list[int], seed: int) -> Layers:
    """Make layers whose biases matter too."""
    rng = np.random.default_rng(seed)
    return [
        (W, rng.normal(0, 0.5, b.shape))
        for W, b in scratch.make_layers(sizes, rng)
    ]


@sizes
@activations
def test_forward_agrees_with_keras(name: str, sizes: list[int]) -> None:
    layers = network(sizes, 4)
    x = np.random.default_rng(5).normal(size=(6, sizes[0]))
    model = keras.Sequential([keras.Input(sizes[:1], dtype="float64")])
    for n in sizes[1:-1]:
        model.add(keras.layers.Dense(n, activation=name, dtype="float64"))
    model.add(keras.layers.Dense(sizes[-1], dtype="float64"))
    model.set_weights([array for layer in layers for array in layer])

    values = scratch.forward(layers, x, ACTIVATIONS[name][0])
    theirs = [x]
    for layer in model.layers:
        theirs.append(layer(theirs[-1]).numpy())
    assert len(values) == len(sizes)
    for one, other in zip(values, theirs, strict=True):
        np.testing.assert_allclose(one, other, **EXACT)


def both_gradients(
    layers: Layers, x: np.ndarray, labels: np.ndarray, name: str
) -> tuple[Layers, list[np.ndarray]]:
    """Differentiate the cross-entropy of a network, by hand and by tape."""
    activation, slope = ACTIVATIONS[name]
    values = scratch.forward(layers, x, activation)
    one_hot = np.eye(values[-1].shape[1])[labels]
    delta = (scratch.softmax(values[-1]) - one_hot) / len(x)
    by_hand = scratch.backward(layers, values, delta, slope)

    variables = [[tf.Variable(W), tf.Variable(b)] for W, b in layers]
    with tf.GradientTape() as tape:
        a = tf.constant(x)
        for W, b in variables[:-1]:
            a = getattr(keras.ops, name)(a @ W + b)
        W, b = variables[-1]
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels, a @ W + b)
        )
    by_tape = tape.gradient(loss, [v for pair in variables for v in pair])
    return by_hand, [g.numpy() for g in by_tape]


@activations
def test_backward_agrees_with_the_tape(name: str) -> None:
    rng = np.random.default_rng(6)
    for trial in range(12):
        sizes = rng.integers(1, 8, rng.integers(2, 6)).tolist()
        layers = network(sizes, trial)
        x = rng.normal(size=(rng.integers(1, 9), sizes[0]))
        labels = rng.integers(0, sizes[-1], len(x))
        by_hand, by_tape = both_gradients(layers, x, labels, name)
        flat = [g for pair in by_hand for g in pair]
        for one, other in zip(flat, by_tape, strict=True):
            np.testing.assert_allclose(one, other, **EXACT, err_msg=str(sizes))


@activations
@pytest.mark.parametrize("seed", range(6))
def test_backward_agrees_with_differences(name: str, seed: int) -> None:
    activation, slope = ACTIVATIONS[name]
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 6, rng.integers(2, 5)).tolist()
    layers = network(sizes, seed)
    x = rng.normal(size=(5, sizes[0]))
    target = rng.normal(size=(5, sizes[-1]))
    values = scratch.forward(layers, x, activation)
    delta = 2 * (values[-1] - target) / target.size
    gradients = scratch.backward(layers, values, delta, slope)
    assert len(gradients) == len(layers)
    for i, k in np.ndindex(len(layers), 2):

        def loss(w: np.ndarray, i: int = i, k: int = k) -> float:
            changed = [list(pair) for pair in layers]
            changed[i][k] = w
            out = scratch.forward(changed, x, activation)[-1]
            return float(np.mean((out - target) ** 2))

        np.testing.assert_allclose(
            gradients[i][k],
            scratch.numerical_gradient(loss, layers[i][k]),
            rtol=1e-6,
            atol=1e-8,
            err_msg=f"{sizes}, layer {i}",
        )


def test_a_step_along_the_gradients_lowers_the_loss() -> None:
    layers = network([2, 6, 3], 0)
    x = np.random.default_rng(8).normal(size=(20, 2))
    labels = (x[:, 0] > 0).astype(int) + (x[:, 1] > 1)
    before = layers[0][0].copy()
    losses = []
    for _ in range(50):
        values = scratch.forward(layers, x, np.tanh)
        losses.append(scratch.cross_entropy(values[-1], labels))
        delta = (scratch.softmax(values[-1]) - np.eye(3)[labels]) / 20
        steps = scratch.backward(layers, values, delta, lambda a: 1 - a**2)
        np.testing.assert_array_equal(layers[0][0], before)
        layers = [
            (W - 0.1 * dW, b - 0.1 * db)
            for (W, b), (dW, db) in zip(layers, steps, strict=True)
        ]
        before = layers[0][0].copy()
    assert (np.diff(losses) < 0).all()
