"""What you wrote in a lecture and need again in a later one.

Each function is the same code as the cell that teaches it; a test compares
them. Arrays only, no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from PIL import Image


def standardise(x: np.ndarray) -> np.ndarray:
    """Give every column mean 0 and standard deviation 1. Lecture 01.

    Args:
        x: Shape `(samples, features)`; no column may be constant.

    Returns:
        An array of the same shape.
    """
    return (x - x.mean(axis=0)) / x.std(axis=0)


def descend(
    gradient: Callable,
    start: float | np.ndarray,
    learning_rate: float,
    steps: int,
) -> np.ndarray:
    """Repeat w ← w − learning_rate · gradient(w). Written in lecture 02.

    Args:
        gradient: Takes the parameters, returns the slope in the same shape.
        start: Where to begin: a number or an array.
        learning_rate: Length of a step for a slope of 1.
        steps: How many steps.

    Returns:
        The path: shape `(steps + 1, *shape of start)`, the start first.
    """
    w, path = start, [start]
    for _ in range(steps):
        w = w - learning_rate * gradient(w)
        path.append(w)
    return np.array(path)


def constant(step: int, rate: float) -> float:
    """Keep the learning rate as it is. Written in lecture 02."""
    return rate


def exponential(step: int, rate: float) -> float:
    """Take one per cent off at every step. Written in lecture 02."""
    return rate * 0.99**step


def stepwise(step: int, rate: float) -> float:
    """Halve the learning rate every ten steps. Written in lecture 02."""
    return rate * 0.5 ** (step // 10)


def cosine(step: int, rate: float) -> float:
    """Go down to 0 along half a cosine in 40 steps. Written in lecture 02.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm
    Restarts", 2017.
    """
    return rate * (1 + np.cos(np.pi * min(step / 40, 1))) / 2


def warm_up(step: int, rate: float) -> float:
    """Rise over ten steps, then follow the cosine. Written in lecture 02."""
    return cosine(step, rate) * min((step + 1) / 10, 1)


def numerical_gradient(
    f: Callable, w: np.ndarray, h: float = 1e-5
) -> np.ndarray:
    """Estimate a gradient by central differences. Written in lecture 02.

    Args:
        f: Takes an array like `w`, returns a number.
        w: Where the gradient is wanted; any shape.
        h: How far to step to each side.

    Returns:
        The gradient, in the shape of `w`. Its error is of the order h².
    """
    w = np.asarray(w, dtype=float)
    gradient = np.zeros_like(w)
    for i in np.ndindex(w.shape):
        step = np.zeros_like(w)
        step[i] = h
        gradient[i] = (f(w + step) - f(w - step)) / (2 * h)
    return gradient


def minibatches(
    num_samples: int, batch_size: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Cut a shuffled list of sample numbers into pieces. Lecture 02.

    Args:
        num_samples: How many samples there are.
        batch_size: How many go into a piece; the last may be smaller.
        rng: Where the random order comes from.

    Yields:
        Sample numbers, shape `(batch_size,)`; every sample once.
    """
    order = rng.permutation(num_samples)
    for first in range(0, num_samples, batch_size):
        yield order[first : first + batch_size]


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Squeeze every number between 0 and 1. Written in lecture 03.

    This form of 1 / (1 + exp(-z)) does not overflow.

    Args:
        z: Any shape.

    Returns:
        The same shape.
    """
    return (1 + np.tanh(z / 2)) / 2


def relu(z: np.ndarray) -> np.ndarray:
    """Let positive numbers pass and stop the others. Lecture 03.

    Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann
    Machines", 2010.

    Args:
        z: Any shape.

    Returns:
        The same shape.
    """
    return np.maximum(z, 0)


def softmax(z: np.ndarray) -> np.ndarray:
    """Turn scores into probabilities. Written in lecture 03.

    Args:
        z: Scores, shape `(..., classes)`, of any size: the largest is
            subtracted first, which changes nothing and cannot overflow.

    Returns:
        The same shape; the last axis adds up to 1.
    """
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def shuffled_split(
    x: np.ndarray, y: np.ndarray, num_test: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shuffle samples and put some aside for testing. Lecture 03.

    Args:
        x: Features, shape `(samples, features)`.
        y: Labels, shape `(samples,)`.
        num_test: How many samples to put aside.
        seed: Seed of the one permutation that both arrays share.

    Returns:
        x and y for training, x and y for testing.
    """
    order = np.random.RandomState(seed).permutation(len(x))
    train, test = np.split(order, [len(x) - num_test])
    return x[train], y[train], x[test], y[test]


def make_layers(
    sizes: list[int], rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Draw the first weights of a network. Written in lecture 03.

    The weights of a layer have the variance 2 / (inputs + outputs): Glorot
    and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", 2010.

    Args:
        sizes: How many numbers go in, how many each layer gives out.
        rng: Where the random numbers come from.

    Returns:
        For each layer W, shape `(inputs, outputs)`, and b, shape
        `(outputs,)`.
    """
    layers = []
    for inputs, outputs in pairwise(sizes):
        spread = np.sqrt(2 / (inputs + outputs))
        W = rng.normal(0, spread, (inputs, outputs))
        layers.append((W, np.zeros(outputs)))
    return layers


def forward(
    layers: list[tuple[np.ndarray, np.ndarray]],
    x: np.ndarray,
    activation: Callable,
) -> list[np.ndarray]:
    """Send samples through a network. Written in lecture 03.

    Args:
        layers: W and b of each layer, as `make_layers` gives them.
        x: Samples, shape `(samples, inputs)`.
        activation: What bends the output of every layer but the last.

    Returns:
        What each layer gives out, x first; the last has no activation.
    """
    values = [x]
    for W, b in layers[:-1]:
        values.append(activation(values[-1] @ W + b))
    W, b = layers[-1]
    return [*values, values[-1] @ W + b]


def backward(
    layers: list[tuple[np.ndarray, np.ndarray]],
    values: list[np.ndarray],
    delta: np.ndarray,
    slope: Callable,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Carry a gradient back through a network. Written in lecture 03.

    Rumelhart, Hinton and Williams, "Learning representations by
    back-propagating errors", 1986.

    Args:
        layers: W and b of each layer.
        values: What `forward` gave.
        delta: Gradient of the loss with respect to the last of the values,
            in its shape.
        slope: The derivative of the activation, computed from what the
            activation gave out: for tanh, `lambda a: 1 - a**2`.

    Returns:
        The gradients of W and b of each layer.
    """
    gradients = []
    for (W, _), a in zip(layers[::-1], values[-2::-1], strict=True):
        gradients.append((a.T @ delta, delta.sum(axis=0)))
        delta = delta @ W.T * slope(a)
    return gradients[::-1]


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """Say how often the largest score is at the label. Lecture 03.

    Args:
        scores: Logits or probabilities, shape `(samples, classes)`.
        labels: Class numbers, shape `(samples,)`.

    Returns:
        A number from 0 to 1.
    """
    return float(np.mean(scores.argmax(axis=-1) == labels))


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean surprise at the true classes, in nats. Lecture 04.

    Softmax and logarithm in one, so that logits of any size survive.

    Args:
        logits: Scores, shape `(samples, classes)`.
        labels: Class numbers, shape `(samples,)`.

    Returns:
        A number from 0 upwards.

    Raises:
        ValueError: No samples, or labels that are no class numbers.
    """
    samples, classes = logits.shape
    if samples == 0:
        raise ValueError("no samples, so there is no mean")
    if labels.shape != (samples,):
        raise ValueError(f"labels: expected ({samples},), got {labels.shape}")
    if wrong := set(labels.tolist()) - set(range(classes)):
        raise ValueError(f"label {min(wrong)}: expected 0 to {classes - 1}")
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return np.mean(log_sum - shifted[np.arange(samples), labels.astype(int)])


def sgd(w: np.ndarray, g: np.ndarray, state: dict, rate: float) -> np.ndarray:
    """Step against the gradient. Written in lecture 05.

    All eight optimizers have this form.

    Args:
        w: The weights.
        g: The gradient, in the same shape.
        state: What this optimizer remembers of these weights; empty at
            first, and changed by every call.
        rate: The learning rate.

    Returns:
        The new weights.
    """
    return w - rate * g


def momentum(
    w: np.ndarray, g: np.ndarray, state: dict, rate: float, beta: float = 0.9
) -> np.ndarray:
    """Keep rolling in the direction of the past steps. Lecture 05.

    Polyak, "Some methods of speeding up the convergence of iteration
    methods", 1964. Arguments as for `sgd`; `beta` is the share of the last
    step that is kept.
    """
    m = state["m"] = beta * state.get("m", 0.0) - rate * g
    return w + m


def nesterov(
    w: np.ndarray, g: np.ndarray, state: dict, rate: float, beta: float = 0.9
) -> np.ndarray:
    """Momentum that looks one step ahead. Written in lecture 05.

    Nesterov, "A method for solving the convex programming problem with
    convergence rate O(1/k²)", 1983, in the form of Sutskever et al., 2013.
    Arguments as for `momentum`.
    """
    m = state["m"] = beta * state.get("m", 0.0) - rate * g
    return w + beta * m - rate * g


def adagrad(
    w: np.ndarray, g: np.ndarray, state: dict, rate: float
) -> np.ndarray:
    """Divide by the root of all squared gradients so far. Lecture 05.

    Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online
    Learning and Stochastic Optimization", 2011. Arguments as for `sgd`; the
    sum begins at 0.1, as in Keras.
    """
    V = state["V"] = state.get("V", 0.1) + g**2
    return w - rate * g / (V + 1e-7) ** 0.5


def adadelta(
    w: np.ndarray, g: np.ndarray, state: dict, rate: float, rho: float = 0.95
) -> np.ndarray:
    """Give the step the size of the past steps. Written in lecture 05.

    Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012. Arguments as
    for `sgd`; `rho` is how much of the running means is kept.
    """
    V = state["V"] = rho * state.get("V", 0.0) + (1 - rho) * g**2
    D = state.get("D", 0.0)
    step = ((D + 1e-7) / (V + 1e-7)) ** 0.5 * g
    state["D"] = rho * D + (1 - rho) * step**2
    return w - rate * step


def rmsprop(
    w: np.ndarray, g: np.ndarray, state: dict, rate: float, rho: float = 0.9
) -> np.ndarray:
    """Divide by the root of a running mean of squares. Lecture 05.

    Tieleman and Hinton, "Lecture 6.5: RMSProp", 2012. Arguments as for
    `adadelta`.
    """
    V = state["V"] = rho * state.get("V", 0.0) + (1 - rho) * g**2
    return w - rate * g / (V + 1e-7) ** 0.5


def adam(
    w: np.ndarray,
    g: np.ndarray,
    state: dict,
    rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
) -> np.ndarray:
    """Momentum divided by the root of mean squares. Lecture 05.

    Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, with ε
    where the text below their Algorithm 1 and Keras have it. Arguments as
    for `sgd`; `beta1` and `beta2` are how much of the running means is kept.
    """
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
    V = state["V"] = beta2 * state.get("V", 0.0) + (1 - beta2) * g**2
    correction = (1 - beta2**t) ** 0.5 / (1 - beta1**t)
    return w - rate * correction * m / (V**0.5 + 1e-7)


def adamw(
    w: np.ndarray,
    g: np.ndarray,
    state: dict,
    rate: float,
    decay: float = 0.004,
) -> np.ndarray:
    """Adam, and all weights shrink a little. Written in lecture 05.

    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.
    Arguments as for `sgd`; `decay` times the rate is the share of the weights
    that a step takes away.
    """
    return adam(w - rate * decay * w, g, state, rate)


def optimise(
    rule: Callable,
    gradient: Callable,
    start: np.ndarray,
    rate: float,
    steps: int,
) -> np.ndarray:
    """Let an optimizer walk. Written in lecture 05.

    Args:
        rule: One of the eight optimizers.
        gradient: Takes the weights, returns the slope in the same shape.
        start: Where to begin.
        rate: The learning rate.
        steps: How many steps.

    Returns:
        The path: shape `(steps + 1, *shape of start)`, the start first.
    """
    w, state = np.asarray(start, float), {}
    path = [w]
    for _ in range(steps):
        w = rule(w, gradient(w), state, rate)
        path.append(w)
    return np.array(path)


def centred(ink: np.ndarray) -> np.ndarray:
    """Scale and place ink as MNIST's digits are. Written in lecture 07.

    LeCun, Cortes and Burges, "The MNIST database": a digit fits into a box of
    20 × 20 pixels, and its centre of mass lies at pixel 14 of 28, both ways.

    Args:
        ink: Shape `(height, width)`, 0 where there is none, at most 1.

    Returns:
        Shape `(28, 28)`, float32, 0 to 1; zeros if there is no ink.
    """
    picture = np.zeros((28, 28), "float32")
    rows, columns = np.nonzero(ink)
    if not len(rows):
        return picture
    box = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = (max(1, round(20 * n / max(box.shape))) for n in box.shape)
    small = Image.fromarray(box.astype("float32"))
    small = small.resize((width, height), Image.Resampling.LANCZOS)
    small = np.clip(small, 0, 1)
    across = small.sum(axis=0) @ np.arange(width) / small.sum()
    down = small.sum(axis=1) @ np.arange(height) / small.sum()
    left = np.clip(round(14 - across), 0, 28 - width)
    top = np.clip(round(14 - down), 0, 28 - height)
    picture[top : top + height, left : left + width] = small
    return picture


def conv2d(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int = 1,
    padding: str = "valid",
) -> np.ndarray:
    """Slide kernels over images, multiply and add up. Written in lecture 08.

    This is a cross-correlation, as `keras.layers.Conv2D` computes it: the
    kernel is not turned. Dumoulin and Visin, "A guide to convolution
    arithmetic for deep learning", 2016.

    Args:
        x: Images, shape `(n, h, w, c)`.
        kernel: Weights, shape `(k, l, c, f)`.
        bias: A number for each of the f maps, shape `(f,)`.
        stride: How many pixels the kernel moves at a time.
        padding: "valid" for none, or "same" for zeros around the image, so
            that the maps have `h / stride` rows, rounded up.

    Returns:
        The maps, shape `(n, rows, columns, f)`.

    Raises:
        ValueError: The shapes do not fit, the kernel is larger than the
            image, the stride is below 1, or the padding is another word.
    """
    if x.ndim != 4 or kernel.ndim != 4:
        raise ValueError("expected x (n, h, w, c) and kernel (k, l, c, f)")
    size, window = x.shape[1:3], kernel.shape[:2]
    if x.shape[3] != kernel.shape[2]:
        raise ValueError(f"{x.shape[3]} channels, kernel for {kernel.shape[2]}")
    if stride < 1:
        raise ValueError(f"stride {stride}: expected 1 or more")
    if padding == "same":
        ends = [(0, 0)]
        for n, k in zip(size, window, strict=True):
            last = (n - 1) // stride * stride  # where the last window starts
            zeros = max(last + k - n, 0)
            ends += [(zeros // 2, zeros - zeros // 2)]
        x = np.pad(x, [*ends, (0, 0)])
    elif padding != "valid":
        raise ValueError(f"padding {padding!r}: expected 'valid' or 'same'")
    if window[0] > x.shape[1] or window[1] > x.shape[2]:
        raise ValueError(f"the kernel {window} is larger than the image {size}")
    windows = np.lib.stride_tricks.sliding_window_view(x, window, (1, 2))
    windows = windows[:, ::stride, ::stride]  # (n, rows, columns, c, k, l)
    y = np.einsum("nrsckl,klcf->nrsf", windows, kernel, optimize=True)
    return y if bias is None else y + bias
