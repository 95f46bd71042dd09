"""Images that stand in for the real data sets when there is no network.

Shapes are signed distances: negative inside, positive outside, in the units
of the coordinates. Coverage of a pixel follows from the distance, so edges
are smooth, and nothing jumps if two machines disagree in the last digit of a
sine. x grows to the right and y grows downwards, as in the image.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence

import numpy as np

Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Number = float | np.ndarray
Point = tuple[Number, Number]
Between = Callable[[float, float], np.ndarray]
# An outline, and what is painted on it: distances with tones, see `_shaded`.
Garment = tuple[np.ndarray, list[tuple[np.ndarray, float]]]

CLOTHING = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
SHAPES = (
    "disc",
    "ring",
    "square",
    "triangle",
    "star",
    "cross",
    "heart",
    "stripes",
    "checks",
    "dots",
)


def digits() -> Split:
    """Enlarge scikit-learn's real handwritten digits to the size of MNIST.

    Each digit of 8 × 8 pixels becomes 20 × 20 in a field of 28 × 28, and its
    centre of mass is moved to the centre of the field, by 3 pixels at most.
    Both sets hold every digit in the same proportion. Source: Alpaydin and
    Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, 1998.

    Returns:
        Train images, shape `(1500, 28, 28)`, white ink (255) on black (0),
        and their digits, shape `(1500,)`; test images, shape
        `(297, 28, 28)`, and their digits, shape `(297,)`; all uint8.
    """
    from sklearn.datasets import load_digits

    small, labels = load_digits(return_X_y=True)
    small = small.reshape(-1, 8, 8)
    order = np.argsort(np.random.default_rng(0).random(len(small)))
    small, labels = small[order], labels[order].astype(np.uint8)

    # The centre of mass along both axes, in pixels of the small image.
    mass = small.sum(axis=(1, 2))
    places = np.arange(8)
    middle = [small.sum(axis=other) @ places / mass for other in (2, 1)]
    # Three pixels of the field at most, or a high 7 would be cut off.
    middle = np.clip(middle, 3.5 - 1.2, 3.5 + 1.2)
    field = (np.arange(28) - 13.5) * 8 / 20
    # The spline blurs, so begin with values that it blurs to the given ones.
    sharp = np.linalg.inv(_weights(places, 8))
    down, right = (_weights(m[:, None] + field, 8) @ sharp for m in middle)
    ink = down @ small @ right.transpose(0, 2, 1)
    # More contrast gives strokes like those of MNIST.
    images = _bytes((ink - 2) / 12)

    # Every sixth or seventh of the digits, sorted by class.
    sort = np.argsort(labels, kind="stable")
    test = np.zeros(len(labels), bool)
    test[sort[np.arange(297) * len(labels) // 297]] = True
    return images[~test], labels[~test], images[test], labels[test]


def clothing(
    num_train: int = 2000, num_test: int = 500, seed: int = 0
) -> Split:
    """Draw silhouettes of the ten classes of Fashion-MNIST.

    Args:
        num_train: How many images to train with; the classes are as equal in
            number as can be.
        num_test: How many to test with.
        seed: Seed of the random numbers.

    Returns:
        Train images, shape `(num_train, 28, 28)`, and labels, shape
        `(num_train,)`, the place of the name in `CLOTHING`; test images and
        labels; all uint8, the background 0.

    Raises:
        ValueError: A number of images is negative.
    """
    return _split(_garments, num_train, num_test, seed)


def shapes10(
    num_train: int = 2000, num_test: int = 500, seed: int = 0
) -> Split:
    """Draw shapes and textures of any colour, size, place and direction.

    Args:
        num_train: How many images to train with; the classes are as equal in
            number as can be.
        num_test: How many to test with.
        seed: Seed of the random numbers.

    Returns:
        Train images, shape `(num_train, 32, 32, 3)`, and labels, shape
        `(num_train,)`, the place of the name in `SHAPES`; test images and
        labels; all uint8.

    Raises:
        ValueError: A number of images is negative.
    """
    return _split(_colourful, num_train, num_test, seed)


def _split(draw: Callable, num_train: int, num_test: int, seed: int) -> Split:
    """Draw two sets, each with random numbers of its own."""
    if min(num_train, num_test) < 0:
        raise ValueError(
            f"num_train is {num_train} and num_test is {num_test}, expected "
            "numbers of images: 0 or more."
        )
    train, test = np.random.default_rng(seed).spawn(2)
    return *_mixed(draw, num_train, train), *_mixed(draw, num_test, test)


def _mixed(
    draw: Callable, num_images: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw class by class, then shuffle."""
    labels = (np.arange(num_images) % 10).astype(np.uint8)
    labels.sort()
    counts = np.bincount(labels, minlength=10)
    images = np.concatenate([draw(c, n, rng) for c, n in enumerate(counts)])
    order = np.argsort(rng.random(num_images))
    return images[order], labels[order]


def _bytes(brightness: np.ndarray) -> np.ndarray:
    """Turn 0 to 1 into 0 to 255; what lies outside is cut off."""
    return np.round(255 * np.clip(brightness, 0, 1)).astype(np.uint8)


def _weights(places: np.ndarray, size: int) -> np.ndarray:
    """Weigh `size` values to interpolate between them with a cubic B-spline.

    places: where to interpolate, in steps from the first value, any shape;
    the result has one axis more. The spline is smooth and never negative.
    """
    distance = np.abs(places[..., None] - np.arange(size))
    return (
        np.maximum(2 - distance, 0) ** 3 - 4 * np.maximum(1 - distance, 0) ** 3
    ) / 6


def _clouds(
    rng: np.random.Generator, num_images: int, size: int, cells: int
) -> np.ndarray:
    """Draw smooth noise around 0, shape `(num_images, size, size)`."""
    coarse = rng.uniform(-1, 1, (num_images, cells + 4, cells + 4))
    places = 1.5 + np.arange(size) * cells / size
    weights = _weights(places, cells + 4)
    return weights @ coarse @ weights.T


def _wave(phase: np.ndarray, sharpness: float = 2.5) -> np.ndarray:
    """Return soft stripes between -1 and 1; one period is one unit."""
    return np.clip(sharpness * np.sin(2 * np.pi * phase), -1, 1)


def _squared(
    x: np.ndarray, y: np.ndarray, start: Point, end: Point
) -> np.ndarray:
    """Return the squared distance to the line from one point to another."""
    across, along = end[0] - start[0], end[1] - start[1]
    u, v = x - start[0], y - start[1]
    part = (u * across + v * along) / (across**2 + along**2)
    part = np.clip(part, 0, 1)
    return (u - across * part) ** 2 + (v - along * part) ** 2


def _strap(
    x: np.ndarray, y: np.ndarray, points: Sequence[Point], radius: Number
) -> np.ndarray:
    """Return the distance to a band with round ends through some points."""
    lines = (_squared(x, y, *pair) for pair in itertools.pairwise(points))
    return np.sqrt(functools.reduce(np.minimum, lines)) - radius


def _polygon(
    x: np.ndarray, y: np.ndarray, corners: Sequence[Point]
) -> np.ndarray:
    """Return the distance to a polygon, which may have dents.

    Source: Inigo Quilez, 2D distance functions.
    """
    distance = _strap(x, y, [*corners, corners[0]], 0)
    sign = 1.0
    for a, b in itertools.pairwise([*corners, corners[0]]):
        # Each edge that a ray to the left crosses turns the sign over.
        level = (y >= a[1]) != (y >= b[1])
        slope = (x - a[0]) * (b[1] - a[1]) < (y - a[1]) * (b[0] - a[0])
        sign = np.where(level & (slope != (b[1] < a[1])), -sign, sign)
    return sign * distance


def _box(
    x: np.ndarray, y: np.ndarray, width: Number, height: Number
) -> np.ndarray:
    """Return the distance to a box around 0 (half width, half height)."""
    return np.maximum(np.abs(x) - width, np.abs(y) - height)


def _ellipse(
    x: np.ndarray, y: np.ndarray, width: Number, height: Number
) -> np.ndarray:
    """Return roughly the distance to an ellipse around 0 (half axes)."""
    return (np.hypot(x / width, y / height) - 1) * np.minimum(width, height)


def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of the centres of pixels; edges are at -1 and 1."""
    axis = (2 * np.arange(size) + 1) / size - 1
    return axis[None, None, :], axis[None, :, None]


def _turned(
    x: np.ndarray, y: np.ndarray, angle: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates in which a shape appears turned by an angle."""
    c, s = np.cos(angle), np.sin(angle)
    return c * x + s * y, c * y - s * x


def _top(
    x: np.ndarray,
    y: np.ndarray,
    *,
    shoulder: np.ndarray,
    waist: np.ndarray,
    hem: np.ndarray,
    bottom: np.ndarray,
    sleeve: np.ndarray,
    angle: np.ndarray,
    neck: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distances to a top, its neckline and the ends of its sleeves.

    shoulder, waist, hem: half widths; sleeve: its length; angle: of the arm
    with the body; neck: how deep it is cut.
    """
    side = np.abs(x)
    along, across = np.sin(angle), np.cos(angle)
    cuff = 0.21 + 0.1 * (sleeve < 0.7)
    outer = shoulder + sleeve * along, -0.7 + sleeve * across
    inner = outer[0] - cuff * across, outer[1] + cuff * along
    body = _polygon(
        side,
        y,
        [
            (0.16, -0.84),
            (shoulder, -0.7),
            outer,
            inner,
            (shoulder - 0.03, -0.34),
            (waist, 0.0),
            (hem, bottom),
            (-0.5, bottom),
            (-0.5, -0.84),
        ],
    )
    neckline = _ellipse(x, y + 0.86, 0.2, neck)
    reach = (side - shoulder) * along + (y + 0.7) * across
    return np.maximum(body, -neckline) - 0.01, neckline, sleeve - reach


def _t_shirt(x: np.ndarray, y: np.ndarray, between: Between) -> Garment:
    shoulder = between(0.4, 0.5)
    body, neckline, _ = _top(
        x,
        y,
        shoulder=shoulder,
        waist=shoulder + between(-0.06, 0.02),
        hem=shoulder + between(-0.04, 0.1),
        bottom=between(0.65, 0.85),
        sleeve=between(0.3, 0.6),
        angle=between(0.5, 1.15),
        neck=between(0.1, 0.3),
    )
    # Some have a print on the chest.
    chest = _box(x, y + 0.15, between(0.12, 0.24), between(0.1, 0.22)) - 0.02
    chest = chest + 9 * (between(0, 1) < 0.6)
    return body, [(np.abs(neckline) - 0.03, 0.5), (chest, 0.7)]


def _trouser(x: np.ndarray, y: np.ndarray, between: Between) -> Garment:
    side = np.abs(x)
    waist, crotch = between(0.26, 0.36), between(-0.4, -0.15)
    spread, wide = between(0.08, 0.22), between(0.18, 0.34)
    bottom = between(0.75, 0.92)
    body = _polygon(
        side,
        y,
        [
            (-0.3, -0.88),
            (waist, -0.88),
            (waist + 0.08, -0.45),
            (spread + wide, bottom),
            (spread, bottom),
            (0.01, crotch),
            (-0.3, crotch),
        ],
    )
    crease = _strap(
        side,
        y,
        [(0.5 * waist, crotch), (spread + 0.5 * wide, bottom)],
        0.012,
    )
    fly = _strap(x, y, [(0, -0.8), (0, crotch)], 0.015)
    return body, [
        (np.abs(y + 0.77) - 0.02, 0.6),
        (fly, 0.7),
        (crease, 0.4),
    ]


def _pullover(x: np.ndarray, y: np.ndarray, between: Between) -> Garment:
    shoulder, bottom = between(0.38, 0.5), between(0.6, 0.85)
    body, neckline, to_cuff = _top(
        x,
        y,
        shoulder=shoulder,
        waist=shoulder + between(-0.02, 0.06),
        hem=shoulder + between(-0.06, 0.06),
        bottom=bottom,
        sleeve=between(1.15, 1.4),
        angle=between(0.16, 0.42),
        neck=between(0.08, 0.2),
    )
    # Bands at the hem, the cuffs and the neck.
    inside = 2 * (np.abs(x) < shoulder)
    return body, [
        (bottom - 0.17 - y, 0.6),
        (to_cuff + inside - 0.16, 0.6),
        (np.abs(neckline) - 0.07, 0.6),
    ]


def _dress(x: np.ndarray, y: np.ndarray, between: Between) -> Garment:
    side = np.abs(x)
    chest, waist = between(0.22, 0.3), between(0.15, 0.26)
    bottom = between(0.8, 0.95)
    body = _polygon(
        side,
        y,
        [
            (-0.5, -0.8),
            (chest - 0.03, -0.8),
            (chest, -0.42),
            (waist, 0.0),
            (waist + between(0.1, 0.5), bottom),
            (-0.5, bottom),
        ],
    )
    body = np.maximum(
        body, -_ellipse(x, y + 0.82, chest - 0.12, between(0.12, 0.42))
    )
    reach = between(0.06, 0.3)
    sleeve = _strap(
        side,
        y,
        [(chest - 0.06, -0.7), (chest + reach, -0.7 + 1.2 * reach)],
        0.1,
    )
    # Half of them have straps in place of sleeves.
    sleeve = sleeve + 9 * (between(0, 1) < 0.5)
    belt = np.abs(y - between(-0.06, 0.06)) - between(-0.03, 0.06)
    folds = np.abs(side - (0.1 + 0.2 * y)) - 0.012
    return np.minimum(body, sleeve), [
        (belt, 0.8),
        (np.maximum(folds, 0.1 - y), 0.35),
    ]


def _coat(x: np.ndarray, y: np.ndarray, between: Between) -> Garment:
    shoulder, bottom = between(0.36, 0.48), between(0.8, 0.95)
    body, _, _ = _top(
        x,
        y,
        shoulder=shoulder,
        waist=shoulder + between(-0.08, 0.02),
        hem=shoulder + between(0.0, 0.16),
        bottom=bottom,
        sleeve=between(1.15, 1.4),
        angle=between(0.14, 0.38),
        neck=between(0.12, 0.25),
    )
    side, closed = np.abs(x), between(-0.3, 0.1)
    # It is open at the neck and at the bottom, with lapels.
    gap = np.maximum(0.1 * (y - closed), 0.42 * (closed - 0.1 - y))
    front = (side - np.maximum(gap, 0.025)) * 0.9
    lapel = _polygon(
        side,
        y,
        [(0.2, -0.84), (0.36, -0.5), (0.26, -0.42), (0.05, closed)],
    )
    pocket = _strap(side, y, [(0.16, 0.3), (0.33, 0.24)], 0.028)
    return body, [(lapel, 0.45), (front, 1.0), (pocket, 0.8)]


def _sandal(x: np.ndarray, y: np.ndarray, between: Between) -> Garment:
    heel, thick = between(0.0, 0.5), between(0.06, 0.1)
    wide, high = between(0.055, 0.09), between(0.2, 0.42)
    floor = 0.5
    back = floor - 0.08 - heel
    sole = _strap(
        x,
        y,
        [
            (-0.85, floor - 0.06),
            (-0.35, floor - 0.08),
            (0.2, back + 0.3 * heel),
            (0.8, back),
        ],
        thick,
    )
    block = _polygon(
        x,
        y,
        [
            (0.87, back),
            (0.85, floor),
            (between(0.5, 0.76), floor),
            (0.55, back),
        ],
    )
    toe = _strap(
        x,
        y,
        [
            (-0.82, 0.42),
            (-0.62, 0.42 - high),
            (-0.4, 0.34 - high),
            (-0.22, 0.4),
        ],
        wide,
    )
    middle = between(-0.1, 0.2)
    ankle = _strap(
        x,
        y,
        [
            (0.8, back),
            (0.78, back - 0.5),
            (0.42, back - 0.55),
            (middle, floor - 0.1 - 0.5 * heel),
        ],
        wide,
    )
    across = _strap(
        x, y, [(-0.5, 0.36 - high), (0.42, back - 0.55)], 0.8 * wide
    )
    # Some have no strap along the foot.
    across = across + 9 * (between(0, 1) < 0.5)
    outline = np.minimum.reduce([sole, block, toe, ankle, across])
    return outline, [(np.minimum(sole, block), 0.4)]


def _shirt(x: np.ndarray, y: np.ndarray, between: Between) -> Garment:
    shoulder = between(0.38, 0.5)
    short = between(0, 1) < 0.35
    body, _, to_cuff = _top(
        x,
        y,
        shoulder=shoulder,
        waist=shoulder + between(-0.08, 0.02),
        hem=shoulder + between(-0.06, 0.08),
        bottom=between(0.65, 0.88),
        sleeve=np.where(short, between(0.35, 0.55), between(1.15, 1.4)),
        angle=np.where(short, between(0.5, 1.0), between(0.14, 0.42)),
        neck=between(0.06, 0.1),
    )
    side = np.abs(x)
    placket = np.abs(side - 0.095) - 0.015
    step = between(0.22, 0.3)
    button = np.hypot(x, (y + 10) % step - step / 2) - 0.045
    collar = _polygon(
        side, y, [(0.02, -0.7), (0.1, -0.86), (0.24, -0.82), (0.22, -0.54)]
    )
    pocket = np.abs(_box(x - 0.27, y + 0.2, 0.1, 0.12)) - 0.015
    cuff = np.abs(to_cuff + 2 * (side < shoulder) - 0.12) - 0.02
    body = np.minimum(body, collar)
    return body, [
        (placket, 0.6),
        (button, 1.0),
        (pocket, 0.6),
        (cuff, 0.6),
        (collar, 0.35),
        (np.abs(collar) - 0.012, 0.8),
    ]


def _sneaker(x: np.ndarray, y: np.ndarray, between: Between) -> Garment:
    top, toe = between(-0.42, -0.2), between(0.0, 0.14)
    upper = _polygon(
        x,
        y,
        [
            (-0.86, 0.3),
            (-0.82, toe),
            (-0.6, toe - 0.08),
            (-0.4, toe - 0.1),
            (-0.06, top),
            (0.1, top - 0.02),
            (0.24, top + 0.16),
            (0.56, top + 0.14),
            (0.76, top - 0.02),
            (0.82, 0.3),
        ],
    )
    thick = between(0.07, 0.12)
    sole = _box(x, y - 0.34, 0.86, thick) - 0.03
    along = ((x + 0.4) * 0.34 + (y - toe + 0.1) * (top - toe + 0.1)) / (
        0.34**2 + (top - toe + 0.1) ** 2
    )
    off = y - (toe - 0.1 + (x + 0.4) * (top - toe + 0.1) / 0.34)
    lace = np.maximum(
        np.abs((4 * along) % 1 - 0.5) * 0.1 - 0.018,
        np.maximum(np.abs(off - 0.12) - 0.1, np.abs(along - 0.5) * 0.4 - 0.2),
    )
    bend = between(-0.15, 0.25)
    stripe = _strap(
        x, y, [(bend - 0.35, 0.16), (bend, 0.14), (bend + 0.4, -0.1)], 0.045
    )
    return np.minimum(upper - 0.03, sole), [
        (lace, 0.8),
        (stripe, 0.7),
        (sole, 0.8),
        (np.abs(y - 0.34 + thick) - 0.012, -0.6),
    ]


def _bag(x: np.ndarray, y: np.ndarray, between: Between) -> Garment:
    top, bottom = between(-0.3, 0.0), between(0.5, 0.75)
    wide, slant = between(0.5, 0.8), between(-0.14, 0.14)
    body = _polygon(
        np.abs(x),
        y,
        [(-0.5, top), (wide, top), (wide + slant, bottom), (-0.5, bottom)],
    )
    arch = _ellipse(x, y - top, between(0.25, 0.5), between(0.3, 0.6))
    handle = np.maximum(np.abs(arch) - between(0.035, 0.07), y - top - 0.05)
    drop = between(0.2, 0.5)
    flap = np.abs(_ellipse(x, y - top, wide * 0.98, drop)) - 0.025
    clasp = _box(x, y - top - drop, 0.07, 0.05) - 0.02
    return np.minimum(body - 0.04, handle), [
        (flap, 0.6),
        (clasp, 0.9),
        (np.abs(y - bottom + 0.06) - 0.015, 0.4),
    ]


def _ankle_boot(x: np.ndarray, y: np.ndarray, between: Between) -> Garment:
    shaft, back = between(-0.9, -0.5), between(0.5, 0.62)
    heel, floor = between(0.04, 0.3), 0.7
    instep = between(-0.2, 0.0)
    sole = floor - heel
    boot = _polygon(
        x,
        y,
        [
            (-0.84, floor - 0.05),
            (-0.82, floor - 0.28),
            (-0.55, floor - 0.4),
            (instep - 0.08, sole - 0.42),
            (instep, shaft + 0.3),
            (instep + between(-0.06, 0.04), shaft),
            (back, shaft + between(-0.05, 0.05)),
            (back, 0.0),
            (back + 0.08, sole - 0.1),
            (back + 0.06, floor),
            (back - between(0.15, 0.35), floor),
            (0.16, sole),
            (-0.2, floor - 0.02),
        ],
    )
    edge = _strap(
        x,
        y,
        [
            (-0.84, floor - 0.1),
            (-0.2, floor - 0.08),
            (0.16, sole - 0.06),
            (0.68, sole - 0.06),
        ],
        0.02,
    )
    gusset = _strap(
        x,
        y,
        [(0.5 * (instep + back), shaft), (0.5 * (instep + back), 0.1)],
        between(-0.02, 0.07),
    )
    return boot - 0.02, [(edge, 0.7), (gusset, 0.5)]


_GARMENTS = (
    _t_shirt,
    _trouser,
    _pullover,
    _dress,
    _coat,
    _sandal,
    _shirt,
    _sneaker,
    _bag,
    _ankle_boot,
)


def _garments(
    label: int, num_images: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw clothes of one class, shape `(num_images, 28, 28)`."""

    def between(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, (num_images, 1, 1))

    x, y = _grid(28)
    scale = between(0.78, 1.0)
    x, y = _turned(
        x - between(-0.16, 0.16), y - between(-0.16, 0.16), between(-0.2, 0.2)
    )
    x, y = x / (scale * between(0.9, 1.0)), y / scale
    # Cloth is never quite straight.
    x = x + between(0, 0.04) * np.sin(between(2, 4) * y + between(0, 6))
    outline, details = _GARMENTS[label](x, y, between)
    # Shoes and bags are rarely striped.
    share = 0.05 if label in (5, 7, 8, 9) else 0.25
    brightness = _shaded(x, y, outline, details, 2 / 28 / scale, share, rng)
    return _bytes(brightness)


def _shaded(
    x: np.ndarray,
    y: np.ndarray,
    outline: np.ndarray,
    details: list[tuple[np.ndarray, float]],
    pixel: np.ndarray,
    striped: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Fill an outline with cloth and paint its details on it.

    pixel: the size of a pixel; striped: the share with stripes. The tone of a
    detail is its contrast with the cloth, from 0 to 1; if it is negative, the
    detail is dark on any cloth.
    """
    shape = (len(outline), 1, 1)

    def some(share: float, low: float, high: float) -> np.ndarray:
        strength = rng.uniform(low, high, shape)
        return np.where(rng.random(shape) < share, strength, 0)

    grey = rng.uniform(0.35, 0.95, shape)
    texture = (
        some(striped, 0.1, 0.3)
        * _wave(rng.uniform(1.5, 4, shape) * y + rng.random(shape))
        + some(striped, 0.1, 0.3)
        * _wave(rng.uniform(1.5, 4, shape) * x + rng.random(shape))
        + rng.uniform(-0.25, 0.25, shape) * x
        + rng.uniform(-0.25, 0.25, shape) * y
        + some(0.7, 0.1, 0.5) * _clouds(rng, len(outline), 28, 9)
    )
    value = grey * (1 + texture)
    # Details are dark on light cloth and light on dark cloth.
    trim = np.where(grey < 0.6, 1.0, 0.1)
    for distance, tone in details:
        cover = np.clip(0.5 - distance / pixel, 0, 1)
        ink = 0.05 if tone < 0 else trim
        value = value + cover * abs(tone) * (ink - value)
    # Round bodies: the light falls off towards the edge.
    value = value * (0.7 + 0.3 * np.clip(-outline / 0.2, 0, 1))
    return value * np.clip(0.5 - outline / pixel, 0, 1)


def _disc(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.hypot(x, y) - 0.9


def _ring(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.abs(np.hypot(x, y) - 0.72) - 0.22


def _square(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _box(x, y, 0.76, 0.76)


def _corners(radii: Sequence[float]) -> list[tuple[float, float]]:
    angles = 2 * np.pi * np.arange(len(radii)) / len(radii)
    return [
        (r * np.sin(a), -r * np.cos(a))
        for r, a in zip(radii, angles, strict=True)
    ]


def _triangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _polygon(x, y, _corners([1.1] * 3))


def _star(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _polygon(x, y, _corners([1.1, 0.46] * 5))


def _cross(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.minimum(_box(x, y, 0.95, 0.27), _box(x, y, 0.27, 0.95))


def _heart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # A square on its corner, and half a disc on both its upper sides.
    side, half = np.abs(x), 0.54
    shift = half / 2**0.5
    square = (side + np.abs(y)) / 2**0.5 - half
    disc = np.hypot(side - shift, y + shift) - half
    return np.minimum(square, disc)


_OUTLINES = (_disc, _ring, _square, _triangle, _star, _cross, _heart)


def _textured(label: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the distance to a texture; one period is 2 units."""
    if SHAPES[label] == "stripes":
        return 0.5 - np.abs(x % 2 - 1)
    if SHAPES[label] == "checks":
        across, down = 0.5 - np.abs(x % 2 - 1), 0.5 - np.abs(y % 2 - 1)
        return np.maximum(np.minimum(across, down), np.minimum(-across, -down))
    return np.hypot(x % 2 - 1, y % 2 - 1) - 0.6


def _colourful(
    label: int, num_images: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw shapes of one class, shape `(num_images, 32, 32, 3)`."""

    def between(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, (num_images, 1, 1))

    x, y = _grid(32)
    if label < len(_OUTLINES):
        scale = between(0.48, 0.78)
        room = 1 - 0.9 * scale
        x, y = x - room * between(-1, 1), y - room * between(-1, 1)
        # Up to 30 degrees: a heart on its head is hard to tell from a leaf.
        x, y = _turned(x, y, between(-0.5, 0.5))
        distance = _OUTLINES[label](x / scale, y / scale)
    else:
        scale = between(0.2, 0.34)
        x, y = x - between(-1, 1), y - between(-1, 1)
        x, y = _turned(x, y, between(-np.pi, np.pi))
        distance = _textured(label, x / scale, y / scale)
    cover = np.clip(0.5 - distance * scale * 16, 0, 1)

    # Two colours far apart in hue and in brightness, the shape the lighter.
    hue = between(0, 1)
    ink = _colour(hue, between(0.2, 0.8), between(0.8, 1.0))
    ground = _colour(
        hue + between(0.25, 0.75), between(0.3, 0.9), between(0.15, 0.5)
    )
    images = ground + (ink - ground) * cover[..., None]
    # Light from one side, and clouds or grain.
    x, y = _grid(32)
    light = (
        between(-0.2, 0.2) * x
        + between(-0.2, 0.2) * y
        + between(0, 0.4) * _clouds(rng, num_images, 32, 6)
        + between(0, 0.12) * rng.uniform(-1, 1, (num_images, 32, 32))
    )
    return _bytes(images * (1 + light[..., None]))


def _colour(
    hue: np.ndarray, saturation: np.ndarray, value: np.ndarray
) -> np.ndarray:
    """Turn hue, saturation and value, 0 to 1, into red, green and blue."""
    part = (hue[..., None] * 6 + np.array([5.0, 3.0, 1.0])) % 6
    grey = np.clip(np.minimum(part, 4 - part), 0, 1)
    return value[..., None] * (1 - saturation[..., None] * grey)
