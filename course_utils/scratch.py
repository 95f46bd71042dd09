"""What you wrote in a lecture and need again in a later one.

Each function is the same code as the cell that teaches it; a test compares
them. Arrays only, no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np


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
