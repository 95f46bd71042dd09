"""Small synthetic data and loss surfaces, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

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


def parabola(
    num_samples: int = 300, noise: float = 0.05, seed: int = 0
) -> Data:
    """Draw points near y = x².

    Args:
        num_samples: How many points.
        noise: Standard deviation of what is added to y.
        seed: Seed of the random numbers.

    Returns:
        x, evenly spaced from -1 to 1, and y, each of shape `(num_samples,)`.
    """
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, num_samples)
    return x, x**2 + rng.normal(0, noise, num_samples)


def yoghurt(num_samples: int = 32, seed: int = 23455) -> Data:
    """Draw days on which yoghurt was asked for: y = x1 + x2 ± 0.05.

    Args:
        num_samples: How many days.
        seed: Seed of the random numbers.

    Returns:
        Two features between 0 and 1, shape `(num_samples, 2)`, and how much,
        shape `(num_samples,)`. The noise is uniform.
    """
    rng = np.random.RandomState(seed)
    x = rng.rand(num_samples, 2)
    return x, x.sum(axis=1) + rng.rand(num_samples) / 10 - 0.05


def dots(num_samples: int = 300, noise: float = 0.0, seed: int = 2) -> Data:
    """Draw normal points, class 1 inside the circle x1² + x2² < 2.

    Args:
        num_samples: How many points.
        noise: Share of the labels that are turned over.
        seed: Seed of the random numbers.

    Returns:
        Points, shape `(num_samples, 2)`, and their classes 0 or 1, shape
        `(num_samples,)`.
    """
    rng = np.random.RandomState(seed)
    x = rng.randn(num_samples, 2)
    label = (np.sum(x**2, axis=1) < 2).astype(int)
    return x, np.where(rng.rand(num_samples) < noise, 1 - label, label)


def moons(num_samples: int = 200, noise: float = 0.1, seed: int = 0) -> Data:
    """Draw two half circles that reach into each other.

    Args:
        num_samples: How many points; half of them in each class.
        noise: Standard deviation of what is added to both coordinates.
        seed: Seed of the random numbers.

    Returns:
        Points, shape `(num_samples, 2)`, and their classes 0 or 1, shape
        `(num_samples,)`.
    """
    rng = np.random.default_rng(seed)
    label = np.arange(num_samples) % 2
    angle = rng.uniform(0, np.pi, num_samples)
    side = 1 - 2 * label
    x = np.stack([np.cos(angle) * side, np.sin(angle) * side], axis=1)
    x += np.stack([label - 0.5, label * 0.5 - 0.25], axis=1)
    return x + rng.normal(0, noise, x.shape), label


def circles(num_samples: int = 200, noise: float = 0.1, seed: int = 0) -> Data:
    """Draw a small circle inside a large one; see `moons`."""
    rng = np.random.default_rng(seed)
    label = np.arange(num_samples) % 2
    angle = rng.uniform(0, 2 * np.pi, num_samples)
    radius = 1.4 - 0.8 * label
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return x + rng.normal(0, noise, x.shape), label


def xor(num_samples: int = 200, noise: float = 0.1, seed: int = 0) -> Data:
    """Draw a square of four fields, opposite ones alike; see `moons`."""
    rng = np.random.default_rng(seed)
    label = np.arange(num_samples) % 2
    x = rng.uniform(0.15, 1.4, (num_samples, 2))
    x *= rng.choice([-1, 1], (num_samples, 1))
    x[:, 1] *= 1 - 2 * label
    return x + rng.normal(0, noise, x.shape), label


def spiral(num_samples: int = 200, noise: float = 0.05, seed: int = 0) -> Data:
    """Draw two arms that wind around each other; see `moons`."""
    rng = np.random.default_rng(seed)
    label = np.arange(num_samples) % 2
    radius = rng.uniform(0.15, 1.5, num_samples)
    angle = 4 * radius + np.pi * label
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return x + rng.normal(0, noise, x.shape), label


CLASSES: dict[str, Callable[..., Data]] = {
    "moons": moons,
    "circles": circles,
    "xor": xor,
    "spiral": spiral,
}


def spring(hours: int = 2000, noise: float = 1.0, seed: int = 0) -> np.ndarray:
    """Measure the level of a pond that a spring fills and a siphon empties.

    Water runs in, more at some hours of the day than at others, and more in
    some weeks. When the pond is full, the siphon starts, and runs until the
    pond is nearly empty. Half full, the level rises or falls: which of the
    two, the last measurement does not tell, only what came before.

    Args:
        hours: How many hours, one measurement each.
        noise: Standard deviation of a measurement, in cm.
        seed: Seed of the random numbers.

    Returns:
        Levels in cm, between 0 and about 115, shape `(hours,)`.
    """
    rng = np.random.default_rng(seed)
    level, running, weather = rng.uniform(20, 100), False, 0.0
    levels = np.empty(hours)
    for hour, change in enumerate(rng.normal(0, 0.3, hours)):
        levels[hour] = level
        running = level > 20 if running else level >= 100
        weather = 0.95 * weather + change
        inflow = 8 + 4 * np.sin(2 * np.pi * hour / 24) + weather
        level = max(level + max(inflow, 0) - 26 * running, 0)
    return levels + rng.normal(0, noise, hours)


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


def turned(surface: Surface, degrees: float) -> Surface:
    """Turn a surface around (0, 0), anticlockwise.

    Args:
        surface: Any surface; its limits stay as they are.
        degrees: By how much.

    Returns:
        The same landscape in another direction, start and minima included.
    """
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))

    def back(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return c * u + s * v, c * v - s * u

    def there(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return c * u - s * v, s * u + c * v

    return replace(
        surface,
        loss=lambda u, v: surface.loss(*back(u, v)),
        gradient=lambda u, v: there(*surface.gradient(*back(u, v))),
        start=there(*surface.start),
        minima=tuple(there(*point) for point in surface.minima),
    )


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


def _beale(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return sum(
        (c - u + u * v**power) ** 2
        for power, c in enumerate((1.5, 2.25, 2.625), start=1)
    )


def _beale_gradient(
    u: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    du, dv = 0.0, 0.0
    for power, c in enumerate((1.5, 2.25, 2.625), start=1):
        error = c - u + u * v**power
        du = du + 2 * error * (v**power - 1)
        dv = dv + 2 * error * power * u * v ** (power - 1)
    return du, dv


# Where 0.3 u + π sin(πu) is 0 and rises.
_HOLES = (0.0, 1.94066779521, -1.94066779521)

# Where optimizers race, in lecture 05.
RACES = {
    "ravine": SURFACES["ravine"],
    "saddle": replace(SURFACES["saddle"], start=(2.0, 0.02)),
    # A long curved valley between cliffs: Beale, 1958.
    "Beale": Surface(
        loss=_beale,
        gradient=_beale_gradient,
        start=(1.0, 1.5),
        limits=4.5,
        minima=((3.0, 0.5),),
    ),
    "plateau": SURFACES["plateau"],
    # A bowl with a wave on it, a hole every 2 units.
    "many valleys": Surface(
        loss=lambda u, v: (
            0.15 * (u**2 + v**2) + 2 - np.cos(np.pi * u) - np.cos(np.pi * v)
        ),
        gradient=lambda u, v: (
            0.3 * u + np.pi * np.sin(np.pi * u),
            0.3 * v + np.pi * np.sin(np.pi * v),
        ),
        start=(2.6, -2.4),
        limits=3.0,
        minima=tuple((u, v) for u in _HOLES for v in _HOLES),
    ),
}
