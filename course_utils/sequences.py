"""Recurrent cells, text and windows, as lectures 10 and 11 write them.

Each function but `batches` is the same code as the cell that teaches it; a
test compares them. Arrays only, no TensorFlow. The weights are those of the
layers of Keras, in the order of `layer.get_weights()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from course_utils import scratch

import numpy as np

if TYPE_CHECKING:
    import keras


def rnn_step(
    x: np.ndarray,
    h: np.ndarray,
    wx: np.ndarray,
    wh: np.ndarray,
    b: np.ndarray,
) -> np.ndarray:
    """Renew the memory of a recurrent layer once. Written in lecture 10.

    Elman, "Finding Structure in Time", 1990.

    Args:
        x: What comes in at this step, shape `(n, features)`.
        h: The memory after the step before, shape `(n, units)`.
        wx: Weights of what comes in, shape `(features, units)`.
        wh: Weights of the memory, shape `(units, units)`.
        b: Shape `(units,)`.

    Returns:
        The new memory, shape `(n, units)`, between -1 and 1.
    """
    return np.tanh(x @ wx + h @ wh + b)


def rnn(
    x: np.ndarray, wx: np.ndarray, wh: np.ndarray, b: np.ndarray
) -> np.ndarray:
    """Send sequences through a recurrent layer. Written in lecture 10.

    The same as `keras.layers.SimpleRNN(units, return_sequences=True)`.

    Args:
        x: Sequences, shape `(n, steps, features)`.
        wx: Weights of what comes in, shape `(features, units)`.
        wh: Weights of the memory, shape `(units, units)`.
        b: Shape `(units,)`.

    Returns:
        The memory after every step, shape `(n, steps, units)`. Before the
        first step it is 0.
    """
    h, memories = np.zeros((len(x), len(wh))), []
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h, wx, wh, b)
        memories.append(h)
    return np.stack(memories, axis=1)


def tempered(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Turn scores into bolder or calmer probabilities. Lecture 10.

    Ackley, Hinton and Sejnowski, "A Learning Algorithm for Boltzmann
    Machines", 1985.

    Args:
        scores: Logits, shape `(..., letters)`.
        temperature: 1 for softmax as it is; below 1 the largest score gets
            more, at 0 all; above 1 the probabilities become more alike.

    Returns:
        The same shape; the last axis adds up to 1.

    Raises:
        ValueError: The temperature is negative or no number.
    """
    if not temperature >= 0:
        raise ValueError(f"temperature {temperature}: expected 0 or more")
    if temperature < 1e-6:  # as good as 0, and dividing could overflow
        return np.eye(scores.shape[-1])[scores.argmax(axis=-1)]
    return scratch.softmax(scores / temperature)


def generate(
    predict: Callable,
    alphabet: str,
    text: str,
    length: int,
    temperature: float,
    rng: np.random.Generator,
) -> str:
    """Let a network write, one letter after the other. Lecture 10.

    Args:
        predict: Takes the text so far, however long, and returns the scores
            of the next letter, shape `(letters,)`.
        alphabet: The letters, in the order of the scores.
        text: How the text begins.
        length: How many letters to add.
        temperature: As for `tempered`; 0 always takes the likeliest letter.
        rng: Where the dice come from.

    Returns:
        The text with what was added.
    """
    for _ in range(length):
        chances = tempered(predict(text), temperature)
        text += alphabet[rng.choice(len(alphabet), p=chances)]
    return text


def beam(
    predict: Callable, alphabet: str, text: str, length: int, width: int
) -> str:
    """Look for the likeliest continuation of a text. Lecture 10.

    Beam search: keep several beginnings, and of all their continuations by
    one letter the likeliest. Lowerre, "The HARPY Speech Recognition System",
    1976.

    Args:
        predict: As for `generate`.
        alphabet: The letters, in the order of the scores.
        text: How the text begins.
        length: How many letters to add.
        width: How many beginnings to keep; 1 is the greedy choice.

    Returns:
        The likeliest text that was found, with its beginning.

    Raises:
        ValueError: The width is below 1.
    """
    if width < 1:
        raise ValueError(f"width {width}: expected 1 or more")
    beams = [(0.0, text)]
    for _ in range(length):
        longer = []
        for total, start in beams:
            scores = predict(start)
            logs = total + scores - np.logaddexp.reduce(scores)
            texts = [start + letter for letter in alphabet]
            longer += zip(logs, texts, strict=True)
        beams = sorted(longer, key=lambda pair: -pair[0])[:width]
    return beams[0][1]


def windows(
    series: np.ndarray, length: int, horizon: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Cut a series into windows and what comes after each. Lecture 11.

    Both are views of the series: nothing is copied, and x is read-only.

    Args:
        series: Shape `(steps,)`, or `(steps, features)`.
        length: How many steps a window has.
        horizon: How many steps after its last one the target lies.

    Returns:
        x, shape `(n, length)` or `(n, length, features)`, and y, shape
        `(n,)` or `(n, features)`; n is `steps - length - horizon + 1`.

    Raises:
        ValueError: There is no such window.
    """
    if length < 1 or horizon < 1 or length + horizon > len(series):
        raise ValueError(
            f"no window of {length} with a target {horizon} after it "
            f"in {len(series)} steps"
        )
    view = np.lib.stride_tricks.sliding_window_view
    x = view(series[:-horizon], length, axis=0)  # the steps come last
    return np.moveaxis(x, -1, 1), series[length + horizon - 1 :]


def batches(
    x: np.ndarray, y: np.ndarray, size: int, seed: int = 0
) -> keras.utils.PyDataset:
    """Cut the windows of a long series one batch at a time, for `fit`.

    From arrays `fit` makes a copy of all windows; of this it sees one batch.

    Args:
        x: Windows as `windows` makes them, shape `(n, …)`.
        y: What comes after each, shape `(n, …)`.
        size: How many windows a batch has; the last one has the rest.
        seed: Of the order, which is another one in each epoch.

    Returns:
        What `fit` takes in place of the arrays. The batches are shuffled, so
        to predict take the windows themselves.

    Raises:
        ValueError: `x` and `y` differ in length, or `size` is below 1.
    """
    if len(x) != len(y) or size < 1:
        raise ValueError(
            "expected as many windows as targets and a size of at least 1, "
            f"got {len(x)}, {len(y)} and {size}"
        )
    import keras  # takes seconds

    class Batches(keras.utils.PyDataset):
        def __init__(self) -> None:
            super().__init__()
            self._rng = np.random.default_rng(seed)
            self.on_epoch_end()

        def __len__(self) -> int:
            return -(-len(x) // size)

        def __getitem__(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
            rows = self._order[batch * size : (batch + 1) * size]
            return x[rows], y[rows]

        def on_epoch_end(self) -> None:
            self._order = self._rng.permutation(len(x))

    return Batches()


def lstm_step(
    x: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
    kernel: np.ndarray,
    recurrent: np.ndarray,
    bias: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Renew what an LSTM layer keeps and what it shows. Lecture 11.

    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; the forget
    gate is of Gers, Schmidhuber and Cummins, "Learning to Forget", 2000.

    Args:
        x: What comes in at this step, shape `(n, features)`.
        h: What the layer showed after the step before, shape `(n, units)`.
        c: What it kept, in the same shape.
        kernel: Weights of what comes in, shape `(features, 4 * units)`, in
            the order of Keras: input, forget, candidate, output.
        recurrent: Weights of h, shape `(units, 4 * units)`.
        bias: Shape `(4 * units,)`.

    Returns:
        The new h and c.
    """
    z = x @ kernel + h @ recurrent + bias
    i, f, g, o = np.split(z, 4, axis=-1)
    c = scratch.sigmoid(f) * c + scratch.sigmoid(i) * np.tanh(g)
    return scratch.sigmoid(o) * np.tanh(c), c


def lstm(
    x: np.ndarray, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Send sequences through an LSTM layer. Written in lecture 11.

    The h are those of `keras.layers.LSTM(units, return_sequences=True)`.

    Args:
        x: Sequences, shape `(n, steps, features)`.
        kernel: As for `lstm_step`, and so are `recurrent` and `bias`.
        recurrent: Shape `(units, 4 * units)`.
        bias: Shape `(4 * units,)`.

    Returns:
        h and c after every step, each of shape `(n, steps, units)`.
    """
    h = c = np.zeros((len(x), len(recurrent)))
    hs, cs = [], []
    for t in range(x.shape[1]):
        h, c = lstm_step(x[:, t], h, c, kernel, recurrent, bias)
        hs.append(h)
        cs.append(c)
    return np.stack(hs, axis=1), np.stack(cs, axis=1)


def gru_step(
    x: np.ndarray,
    h: np.ndarray,
    kernel: np.ndarray,
    recurrent: np.ndarray,
    bias: np.ndarray,
) -> np.ndarray:
    """Renew the memory of a GRU layer once. Written in lecture 11.

    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder",
    2014, with the reset gate after the product, as in Keras and cuDNN
    (`reset_after=True`).

    Args:
        x: What comes in at this step, shape `(n, features)`.
        h: The memory after the step before, shape `(n, units)`.
        kernel: Weights of what comes in, shape `(features, 3 * units)`, in
            the order of Keras: update, reset, candidate.
        recurrent: Weights of the memory, shape `(units, 3 * units)`.
        bias: One row for what comes in and one for the memory, shape
            `(2, 3 * units)`.

    Returns:
        The new memory, shape `(n, units)`.
    """
    new = np.split(x @ kernel + bias[0], 3, axis=-1)
    old = np.split(h @ recurrent + bias[1], 3, axis=-1)
    z = scratch.sigmoid(new[0] + old[0])
    r = scratch.sigmoid(new[1] + old[1])
    g = np.tanh(new[2] + r * old[2])
    return z * h + (1 - z) * g


def gru(
    x: np.ndarray, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray
) -> np.ndarray:
    """Send sequences through a GRU layer. Written in lecture 11.

    The same as `keras.layers.GRU(units, return_sequences=True)`.

    Args:
        x: Sequences, shape `(n, steps, features)`.
        kernel: As for `gru_step`, and so are `recurrent` and `bias`.
        recurrent: Shape `(units, 3 * units)`.
        bias: Shape `(2, 3 * units)`.

    Returns:
        The memory after every step, shape `(n, steps, units)`.
    """
    h, memories = np.zeros((len(x), len(recurrent))), []
    for t in range(x.shape[1]):
        h = gru_step(x[:, t], h, kernel, recurrent, bias)
        memories.append(h)
    return np.stack(memories, axis=1)


def rmse(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Return the root of the mean squared error. Written in lecture 11.

    Args:
        predicted: Any shape.
        actual: The same shape: `(n, 1)` and `(n,)` would be compared each
            with each.

    Returns:
        A number from 0 upwards, in the unit of the values.

    Raises:
        ValueError: The shapes differ.
    """
    if predicted.shape != actual.shape:
        raise ValueError(f"shapes {predicted.shape} and {actual.shape} differ")
    return float(np.sqrt(np.mean((predicted - actual) ** 2)))


def skill(
    predicted: np.ndarray, actual: np.ndarray, reference: np.ndarray
) -> float:
    """Say how much better than a reference a forecast is. Lecture 11.

    The skill score of the mean squared error: Murphy, "Skill Scores Based on
    the Mean Square Error", 1988.

    Args:
        predicted: The forecast, any shape.
        actual: What came, in the same shape.
        reference: The forecast to beat, in the same shape.

    Returns:
        1 for a perfect forecast, 0 for one as good as the reference, below 0
        for a worse one; nan where the reference is perfect.

    Raises:
        ValueError: The shapes differ.
    """
    error, limit = rmse(predicted, actual), rmse(reference, actual)
    return 1 - (error / limit) ** 2 if limit else float("nan")
