"""Small synthetic data and loss surfaces, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Data = tuple[np.ndarray, np.ndarray]


def line(num_samples: int = 40, noise: float = 0.02, seed: int = 0) -> Data:
    """Draw points near the straight line y = 0.1 x + 0.3.

    Args:
        num_samples: How many points.
        noise: Standard deviation of what is added to y.
        seed: Seed of the random numbers.

    Returns:
        x between 0 and 1 and y, each of shape `(num_samples,)`.
    """
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, num_samples)
    return x, 0.1 * x + 0.3 + rng.normal(0, noise, num_samples)


def curve(num_samples: int = 40, noise: float = 0.02, seed: int = 0) -> Data:
    """Draw points near a parabola, which no straight line can follow.

    Args:
        num_samples: How many points.
        noise: Standard deviation of what is added to y.
        seed: Seed of the random numbers.

    Returns:
        x between 0 and 1 and y, each of shape `(num_samples,)`.
    """
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, num_samples)
    return x, 0.25 + 0.8 * (x - 0.5) ** 2 + rng.normal(0, noise, num_samples)


DATA: dict[str, Callable[..., Data]] = {"line": line, "curve": curve}


@dataclass(frozen=True)
class Surface:
    """A loss of two parameters, for looking at gradient descent.

    Attributes:
        loss: Takes two arrays of one shape, returns the loss in that shape.
        gradient: Takes the same, returns the two partial derivatives.
        start: Where a descent begins, chosen to show what is special.
        limits: The part worth looking at: both axes run from `-limits` to
            `limits`.
        minima: The points where the loss is smallest nearby, best one first.
    """

    loss: Callable[..., np.ndarray]
    gradient: Callable[..., tuple[np.ndarray, np.ndarray]]
    start: tuple[float, float]
    limits: float
    minima: tuple[tuple[float, float], ...]

    def slope(self, point: np.ndarray) -> np.ndarray:
        """Return the gradient at a point; both have shape `(2,)`."""
        return np.array(self.gradient(*point))


SURFACES = {
    # Round: the gradient points straight at the minimum.
    "bowl": Surface(
        loss=lambda u, v: u**2 + v**2,
        gradient=lambda u, v: (2 * u, 2 * v),
        start=(-2.0, 1.5),
        limits=3.0,
        minima=((0.0, 0.0),),
    ),
    # Curvature 1 along u and 25 along v: condition number 25.
    "ravine": Surface(
        loss=lambda u, v: 0.5 * u**2 + 12.5 * v**2,
        gradient=lambda u, v: (u, 25 * v),
        start=(-2.5, 0.6),
        limits=3.0,
        minima=((0.0, 0.0),),
    ),
    # Down along v, up along u; the quartic term keeps it bounded below.
    "saddle": Surface(
        loss=lambda u, v: u**2 - v**2 + v**4 / 4,
        gradient=lambda u, v: (2 * u, -2 * v + v**3),
        start=(2.0, 0.0),
        limits=3.0,
        minima=((0.0, 2.0**0.5), (0.0, -(2.0**0.5))),
    ),
    # Two valleys; the one on the left is deeper.
    "two valleys": Surface(
        loss=lambda u, v: u**4 / 4 - u**2 + 0.3 * u + v**2,
        gradient=lambda u, v: (u**3 - 2 * u + 0.3, 2 * v),
        start=(2.5, 1.5),
        limits=3.0,
        minima=((-1.48396789, 0.0), (1.33222074, 0.0)),
    ),
    # Flat far away: almost no slope to follow.
    "plateau": Surface(
        loss=lambda u, v: 1 - np.exp(-(u**2 + v**2) / 1.5),
        gradient=lambda u, v: (
            u / 0.75 * np.exp(-(u**2 + v**2) / 1.5),
            v / 0.75 * np.exp(-(u**2 + v**2) / 1.5),
        ),
        start=(-2.0, 2.0),
        limits=3.0,
        minima=((0.0, 0.0),),
    ),
}
