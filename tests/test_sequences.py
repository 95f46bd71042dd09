"""The cells of lectures 10 and 11 are those of Keras; windows copy nothing."""

from __future__ import annotations

import inspect
import itertools
import re
import time
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType

from course_utils import scratch, sequences

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.metrics import r2_score, root_mean_squared_error

# n, steps, features, units
SIZES = [(1, 1, 1, 1), (2, 1, 3, 2), (1, 7, 2, 5), (4, 5, 5, 3), (3, 60, 1, 80)]
LAYERS = {
    "rnn": layers.SimpleRNN,
    "lstm": layers.LSTM,
    "gru": layers.GRU,
}
CELLS = {
    "rnn_step": layers.SimpleRNNCell,
    "lstm_step": layers.LSTMCell,
    "gru_step": layers.GRUCell,
}


@pytest.fixture(autouse=True)
def loud() -> Iterator[None]:
    """Turn every warning into an error, as a learner would see it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def with_mistake(right: str, wrong: str) -> ModuleType:
    """Return the module with a mistake planted at the first such place."""
    source = inspect.getsource(sequences)
    assert right in source, "the mistake cannot be planted any more"
    module = ModuleType("wrong")
    exec(source.replace(right, wrong, 1), vars(module))
    return module


def drawn(layer: keras.Layer, rng: np.random.Generator) -> list[np.ndarray]:
    """Give a layer that is built random weights, biases too; return them."""
    spread = 1 / np.sqrt(layer.units)
    weights = [rng.normal(0, spread, w.shape) for w in layer.get_weights()]
    layer.set_weights(weights)
    return layer.get_weights()


def far_from_layer(
    module: ModuleType, name: str, size: tuple[int, int, int, int]
) -> float:
    """Return the largest difference from the layer of Keras."""
    n, steps, features, units = size
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, steps, features)).astype("float32")
    layer = LAYERS[name](units, return_sequences=True)
    layer.build(x.shape)
    weights = drawn(layer, rng)
    found = getattr(module, name)(x, *weights)
    found = found[0] if name == "lstm" else found
    assert found.shape == (n, steps, units)
    return np.abs(found - keras.ops.convert_to_numpy(layer(x))).max()


def far_from_cell(module: ModuleType, name: str) -> float:
    """Return the largest difference from a cell that remembers something."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 2)).astype("float32")
    states = [rng.normal(size=(3, 4)).astype("float32")]
    states += [states[0] - 1] * (name == "lstm_step")
    cell = CELLS[name](4)
    cell.build(x.shape)
    weights = drawn(cell, rng)
    found = getattr(module, name)(x, *states, *weights)
    found = list(found) if name == "lstm_step" else [found]
    _, expected = cell(x, states)
    expected = expected if isinstance(expected, list | tuple) else [expected]
    pairs = zip(found, expected, strict=True)
    return max(
        np.abs(a - keras.ops.convert_to_numpy(b)).max() for a, b in pairs
    )


@pytest.mark.parametrize("size", SIZES, ids=lambda s: "x".join(map(str, s)))
@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_those_of_keras(
    name: str, size: tuple[int, int, int, int]
) -> None:
    assert far_from_layer(sequences, name, size) < 1e-5


@pytest.mark.parametrize("name", CELLS)
def test_steps_are_the_cells_of_keras(name: str) -> None:
    assert far_from_cell(sequences, name) < 1e-5


def test_what_the_lstm_keeps_is_the_state_of_keras_after_every_step() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    layer = layers.LSTM(5, return_state=True)
    layer.build(x.shape)
    _, cs = sequences.lstm(x, *drawn(layer, rng))
    for t in range(4):
        expected = keras.ops.convert_to_numpy(layer(x[:, : t + 1])[2])
        np.testing.assert_allclose(cs[:, t], expected, atol=1e-5)


MISTAKES = {
    "no tanh": ("rnn", "np.tanh(x @ wx + h @ wh + b)", "x @ wx + h @ wh + b"),
    "no bias": ("rnn", "h @ wh + b)", "h @ wh)"),
    "no memory": ("rnn", "x @ wx + h @ wh", "x @ wx"),
    "turned": ("rnn", "h @ wh", "h @ wh.T"),
    "backwards": ("rnn", "rnn_step(x[:, t]", "rnn_step(x[:, -1 - t]"),
    "order": ("lstm", "i, f, g, o =", "i, g, f, o ="),
    "gates swapped": ("lstm", "i, f, g, o =", "f, i, g, o ="),
    "candidate": ("lstm", "* np.tanh(g)", "* scratch.sigmoid(g)"),
    "no tanh of c": ("lstm", "* np.tanh(c), c", "* c, c"),
    "h is c": ("lstm", "h, c = lstm_step", "c, h = lstm_step"),
    "gru order": (
        "gru",
        "r = scratch.sigmoid(new[1] + old[1])",
        "z, r = 1-z, z",
    ),
    "reset before": ("gru", "r * old[2]", "old[2]"),
    "one bias": ("gru", "h @ recurrent + bias[1]", "h @ recurrent + bias[0]"),
    "mixed": ("gru", "z * h + (1 - z) * g", "z * g + (1 - z) * h"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_planted_mistakes_differ_from_keras(mistake: str) -> None:
    name, right, wrong = MISTAKES[mistake]
    module = with_mistake(right, wrong)
    assert far_from_layer(module, name, (4, 5, 5, 3)) > 1e-3


def test_the_worked_example() -> None:
    b = np.eye(5)[[1]]
    wx = np.zeros((5, 3))
    wx[1] = [-2.3, 0.8, 1.1]
    bias = np.array([0.5, 0.3, -0.2])
    h = sequences.rnn_step(b, np.zeros((1, 3)), wx, np.ones((3, 3)), bias)
    np.testing.assert_array_equal(h.round(1), [[-0.9, 0.8, 0.7]])
    scores = np.array([-0.7, -0.5, 3.3, 0.0, -0.7])
    y = sequences.tempered(scores, 1)
    np.testing.assert_array_equal(y.round(2), [0.02, 0.02, 0.91, 0.03, 0.02])


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1, 3, 100])
def test_temperature_divides_the_scores(temperature: float) -> None:
    scores = np.random.default_rng(0).normal(0, 5, (3, 7)).astype("float32")
    expected = keras.ops.softmax(scores / temperature)
    found = sequences.tempered(scores, temperature)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("temperature", [0, 0.0, 1e-320, 1e-9])
def test_at_temperature_0_the_largest_score_has_it_all(
    temperature: float,
) -> None:
    scores = np.array([[1.0, 3.0, 2.0], [9.0, 9.0, -9e9]], "float32")
    found = sequences.tempered(scores, temperature)
    assert found.tolist() == [[0, 1, 0], [1, 0, 0]]


def test_scores_of_any_size_survive() -> None:
    found = sequences.tempered(np.array([-np.inf, 1e4, 1e4]), 0.001)
    assert found.tolist() == [0, 0.5, 0.5]
    assert sequences.tempered(np.array([1, 2]), np.inf).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("temperature", [-1, -1e-9, float("nan")], ids=str)
def test_a_wrong_temperature_is_refused(temperature: float) -> None:
    message = re.escape(f"temperature {temperature}: expected 0 or more")
    with pytest.raises(ValueError, match=message):
        sequences.tempered(np.array([1.0, 2.0]), temperature)


def chain(text: str) -> np.ndarray:
    """Score a, b, c so that one of them fits each last letter best."""
    table = {"a": [0, 2, 1.9], "b": [0.3, 0.2, 0.25], "c": [4, 0, 0]}
    return np.array(table[text[-1]], "float32")


def test_greedy_writing_takes_the_likeliest_letters() -> None:
    rng = np.random.default_rng(0)
    assert sequences.generate(chain, "abc", "a", 4, 0, rng) == "ababa"
    assert sequences.generate(chain, "abc", "xa", 0, 0, rng) == "xa"


def test_writing_draws_letters_as_often_as_the_scores_say() -> None:
    scores = np.log(np.array([0.1, 0.2, 0.7], "float32"))
    for temperature in (1, 2):
        rng = np.random.default_rng(0)
        text = sequences.generate(
            lambda _: scores, "abc", "", 1500, temperature, rng
        )
        shares = [text.count(letter) / 1500 for letter in "abc"]
        expected = scratch.softmax(scores / temperature)
        np.testing.assert_allclose(shares, expected, atol=0.04)


def test_the_same_seed_writes_the_same_text_and_float32_is_enough() -> None:
    alphabet = "abcdefghijklmnopqrstuvwxyz ,.'"

    def predict(text: str) -> np.ndarray:
        rng = np.random.default_rng(len(text))
        return rng.normal(0, 9, 30).astype("float32")

    def write(seed: int) -> str:
        rng = np.random.default_rng(seed)
        return sequences.generate(predict, alphabet, "a", 200, 1.5, rng)

    assert write(0) == write(0) != write(1)
    assert set(write(0)) <= set(alphabet)


@pytest.mark.parametrize("write", ["generate", "beam"])
def test_a_long_beginning_reaches_the_network_whole(write: str) -> None:
    seen = []

    def predict(text: str) -> np.ndarray:
        seen.append(text)
        return chain(text[-4:])

    last = (0, np.random.default_rng(0)) if write == "generate" else (1,)
    start = "abc" * 50
    text = getattr(sequences, write)(predict, "abc", start, 2, *last)
    assert seen == [start, start + "a"]
    assert text == start + "ab"


def likeliest(length: int) -> str:
    """Try all continuations of "a"."""

    def surprise(added: str) -> float:
        text, total = "a", 0.0
        for letter in added:
            chances = scratch.softmax(chain(text).astype(float))
            total -= np.log(chances["abc".index(letter)])
            text += letter
        return total

    every = map("".join, itertools.product("abc", repeat=length))
    return "a" + min(every, key=surprise)


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_a_wide_beam_finds_what_all_continuations_hold(length: int) -> None:
    found = sequences.beam(chain, "abc", "a", length, 3**length)
    assert found == likeliest(length)


def test_a_beam_of_2_finds_more_than_the_greedy_choice() -> None:
    assert sequences.beam(chain, "abc", "a", 4, 1) == "ababa"
    assert sequences.beam(chain, "abc", "a", 4, 2) == "acaca" == likeliest(4)


def test_a_beam_takes_the_first_of_equals_as_greedy_does() -> None:
    found = sequences.beam(lambda _: np.zeros(3), "abc", "a", 3, 1)
    assert found == "aaaa"


def test_a_beam_that_adds_scores_is_not_the_likeliest() -> None:
    wrong = with_mistake("scores - np.logaddexp.reduce(scores)", "4 * scores")

    def boastful(text: str) -> np.ndarray:
        return chain(text) + 9 * (text[-1] == "b")

    assert sequences.beam(boastful, "abc", "a", 4, 9) == "acaca"
    assert wrong.beam(boastful, "abc", "a", 4, 9) != "acaca"


def test_a_beam_without_width_is_refused() -> None:
    with pytest.raises(ValueError, match="width 0: expected 1 or more"):
        sequences.beam(chain, "abc", "a", 4, 0)


def looped(series: np.ndarray, length: int, horizon: int) -> tuple:
    """Cut windows one by one."""
    x, y = [], []
    for first in range(len(series)):
        target = first + length - 1 + horizon
        if target < len(series):
            x.append(series[first : first + length])
            y.append(series[target])
    return np.array(x), np.array(y)


@pytest.mark.parametrize("shape", [(12,), (12, 1), (12, 3)], ids=str)
@pytest.mark.parametrize(
    ("length", "horizon"), [(1, 1), (5, 1), (3, 4), (11, 1), (1, 11), (6, 6)]
)
def test_windows_are_those_of_a_loop(
    shape: tuple, length: int, horizon: int
) -> None:
    series = np.random.default_rng(0).normal(size=shape)
    found = sequences.windows(series, length, horizon)
    for ours, theirs in zip(
        found, looped(series, length, horizon), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs, strict=True)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("length + horizon - 1 :", "length + horizon :"),
        ("length + horizon - 1 :", "length - 1 : -1"),
        ("series[:-horizon]", "series"),
        ("np.moveaxis(x, -1, 1)", "x"),
    ],
    ids=["off by one", "inside", "one too many", "features last"],
)
def test_planted_mistakes_cut_other_windows(right: str, wrong: str) -> None:
    series = np.arange(24.0).reshape(12, 2)
    found = with_mistake(right, wrong).windows(series, 5)
    expected = looped(series, 5, 1)
    assert not all(map(np.array_equal, found, expected))


def test_a_million_windows_take_no_time_and_no_memory() -> None:
    series = np.arange(1_000_060, dtype="float32")
    start = time.perf_counter()
    x, y = sequences.windows(series, 60)
    assert time.perf_counter() - start < 0.5
    assert x.shape == (1_000_000, 60)
    assert y.shape == (1_000_000,)
    assert np.shares_memory(x, series)
    assert np.shares_memory(y, series)
    assert not x.flags.writeable, "one value belongs to 60 windows"
    assert y[-1] == x[-1, -1] + 1 == series[-1]


def test_batches_hold_every_window_once_in_each_epoch() -> None:
    x, y = sequences.windows(np.arange(40.0), 6)
    batches, orders = sequences.batches(x[..., None], y, 8), []
    assert [len(batches[i][1]) for i in range(len(batches))] == [8] * 4 + [2]
    for _ in range(2):
        pairs = [batches[i] for i in range(len(batches))]
        seen, after = map(np.concatenate, zip(*pairs, strict=True))
        assert np.array_equal(seen[:, -1, 0] + 1, after)
        assert sorted(after) == y.tolist()
        orders.append(after.tolist())
        batches.on_epoch_end()
    assert orders[0] != orders[1] != sorted(orders[1])
    again = sequences.batches(x[..., None], y, 8)
    assert np.array_equal(again[0][1], orders[0][:8])


def test_a_network_learns_from_batches() -> None:
    keras.utils.set_random_seed(0)
    x, y = sequences.windows(np.sin(np.arange(400.0)), 6)
    model = keras.Sequential([keras.Input((6,)), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    log = model.fit(sequences.batches(x, y, 32), epochs=20, verbose=0)
    assert log.history["loss"][-1] < 0.1 * log.history["loss"][0]


@pytest.mark.parametrize(("targets", "size"), [(9, 4), (10, 0)])
def test_batches_that_do_not_exist_are_refused(targets: int, size: int) -> None:
    with pytest.raises(ValueError, match="as many windows as targets"):
        sequences.batches(np.zeros((10, 3)), np.zeros(targets), size)


@pytest.mark.parametrize(
    ("length", "horizon"), [(0, 1), (3, 0), (-2, 1), (3, -1), (10, 1), (1, 10)]
)
def test_windows_that_do_not_exist_are_refused(
    length: int, horizon: int
) -> None:
    message = f"no window of {length} with a target {horizon} after it in 10"
    with pytest.raises(ValueError, match=message):
        sequences.windows(np.arange(10), length, horizon)


def test_errors_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    actual, predicted = rng.normal(5, 2, (2, 50))
    mean = np.full_like(actual, actual.mean())
    found = sequences.rmse(predicted, actual)
    assert found == pytest.approx(root_mean_squared_error(actual, predicted))
    # Against the mean of what came, skill is what statistics calls R².
    found = sequences.skill(predicted, actual, mean)
    assert found == pytest.approx(r2_score(actual, predicted))


def test_skill_has_a_sign_that_says_who_wins() -> None:
    actual = np.array([1.0, 2.0, 4.0])
    near, far = actual + 1, actual - 2
    assert sequences.skill(actual, actual, far) == 1
    assert sequences.skill(near, actual, far) == 0.75
    assert sequences.skill(far, actual, far) == 0
    assert sequences.skill(far, actual, near) == -3
    assert np.isnan(sequences.skill(near, actual, actual))


@pytest.mark.parametrize(
    "measure",
    [
        lambda wide, flat: sequences.rmse(wide, flat),
        lambda wide, flat: sequences.skill(wide, flat, flat),
        lambda wide, flat: sequences.skill(flat, flat, wide),
    ],
    ids=["rmse", "skill", "reference"],
)
def test_a_column_is_not_compared_with_a_row(measure: Callable) -> None:
    wide = np.ones((3, 1))
    with pytest.raises(ValueError, match=r"\(3, 1\) and \(3,\) differ"):
        measure(wide, wide[:, 0])


def stacked(kind: type) -> list:
    """Return the layers of lecture 11."""
    return [
        keras.Input((60, 1)),
        kind(80, return_sequences=True),
        layers.Dropout(0.2),
        kind(100),
        layers.Dropout(0.2),
        layers.Dense(1),
    ]


def letters(count: int, units: int, embedded: bool) -> list:
    """Return the layers of lecture 10, from 4 letters to the next."""
    first = [keras.Input((4, count))]
    if embedded:
        first = [keras.Input((4,)), layers.Embedding(count, 2)]
    return [*first, layers.SimpleRNN(units), layers.Dense(count)]


@pytest.mark.parametrize(
    ("parts", "total", "expected"),
    [
        (lambda: letters(5, 3, embedded=False), 47, [27, 20]),
        (lambda: letters(5, 3, embedded=True), 48, [10, 18, 20]),
        (lambda: letters(26, 10, embedded=True), 468, [52, 130, 286]),
        (lambda: stacked(layers.SimpleRNN), 24_761, [6_560, 0, 18_100, 0, 101]),
        (lambda: stacked(layers.LSTM), 98_741, [26_240, 0, 72_400, 0, 101]),
        (lambda: stacked(layers.GRU), 74_621, [19_920, 0, 54_600, 0, 101]),
    ],
    ids=["one-hot", "embedded", "26 letters", "rnn", "lstm", "gru"],
)
def test_the_networks_of_the_lectures_have_these_parameters(
    parts: Callable, total: int, expected: list[int]
) -> None:
    model = keras.Sequential(parts())
    assert [layer.count_params() for layer in model.layers] == expected
    assert model.count_params() == total
