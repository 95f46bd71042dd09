"""Digits as a hand writes them, and photographs of them: all simulated.

No person wrote these digits and no camera saw them. They show, without
network and without anybody's data, what becomes of a drawing or a photo on
its way into a network. x grows to the right and y grows downwards, as in an
image; the pen writes into the unit square.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

# How digits are written: points through which the pen goes, in hundredths of
# the height. "/" is a corner, where the pen turns; ";" is where it is lifted.
VARIANTS = {
    0: {
        "closed": "32,2 14,10 3,35 3,65 14,92 31,99 48,90 58,62 56,32 46,9 "
        "30,2",
        "overlapping": "42,6 24,1 8,17 2,50 10,86 30,99 50,86 59,50 50,14 "
        "34,2 18,5",
        "with a gap": "36,3 16,8 4,34 4,66 14,91 32,98 50,87 58,58 54,27 43,8",
    },
    1: {
        "plain": "30,0 30,35 29,70 29,100",
        "with a flag": "8,30 22,14 33,0 / 33,35 33,70 32,100",
        "with flag and foot": "12,24 24,13 32,2 / 32,35 32,70 32,98 ; "
        "8,99 30,98 56,98",
    },
    2: {
        "with a corner": "5,24 12,7 30,1 49,10 51,30 38,55 20,78 3,98 / "
        "20,97 40,97 60,96",
        "with a loop": "6,22 14,6 32,1 50,12 50,34 36,60 18,84 8,93 3,88 "
        "8,80 20,84 38,96 50,98 62,90",
        "with a wave": "4,20 18,3 38,3 50,20 44,44 24,72 4,94 / "
        "16,88 30,90 44,98 60,92",
    },
    3: {
        "round": "6,14 20,2 40,3 50,18 42,38 24,46 / 44,50 56,70 46,92 24,99 "
        "4,88",
        "with a loop": "6,12 22,1 42,6 48,22 38,40 24,47 18,43 26,42 46,54 "
        "54,74 42,94 20,99 3,88",
        "with a flat top": "5,3 28,2 52,2 / 38,20 24,40 / 46,46 57,66 48,90 "
        "26,99 4,90",
    },
    4: {
        "open": "12,3 10,22 6,42 4,56 / 24,56 44,55 62,54 ; "
        "44,6 43,36 42,68 41,100",
        "closed": "42,0 24,28 4,64 / 24,65 44,64 64,63 ; "
        "42,2 42,36 42,68 41,100",
        "in one stroke": "58,62 36,63 6,64 / 22,36 40,2 / 41,36 41,68 40,100",
    },
    5: {
        "with a hat": "12,5 10,25 8,44 / 24,38 44,42 56,64 46,90 24,99 3,90 "
        "; 12,5 30,4 54,3",
        "in one stroke": "54,3 32,3 14,5 / 11,24 8,45 / 26,38 46,46 56,68 "
        "46,92 24,99 4,90",
        "flowing": "54,4 34,3 17,6 11,17 12,34 24,41 43,48 55,67 46,90 24,99 "
        "4,91",
    },
    6: {
        "curved": "46,2 26,16 10,42 4,70 12,94 32,99 50,88 52,68 38,56 20,60 "
        "7,76",
        "straight": "40,0 24,26 10,54 4,74 12,95 32,99 52,86 50,66 32,58 "
        "14,66 5,80",
        "round": "50,10 36,2 18,14 6,42 4,72 16,95 36,98 52,82 48,64 30,58 "
        "14,66 8,80",
    },
    7: {
        "plain": "3,5 28,4 58,3 / 46,30 34,62 24,100",
        "with a bar": "3,5 28,4 58,3 / 46,30 34,62 24,100 ; 16,52 36,50 56,48",
        "with a hook": "4,16 5,4 / 30,4 58,3 / 44,32 32,64 26,100",
        "curved": "4,8 22,3 40,6 57,3 / 40,30 28,60 24,100",
    },
    8: {
        "in one stroke": "46,12 30,1 12,10 10,28 28,44 46,60 52,82 34,99 "
        "12,92 6,74 20,54 40,38 50,22 46,10 36,3",
        "two rings": "30,2 13,10 10,28 20,43 34,46 49,34 50,16 40,4 28,2 ; "
        "30,46 10,58 4,80 18,97 38,98 54,82 52,60 36,47 28,46",
        "from the middle": "30,46 12,34 10,14 28,1 46,10 48,28 32,46 12,62 "
        "6,82 20,98 42,97 55,80 48,60 30,46",
    },
    9: {
        "straight": "52,18 40,2 18,3 6,22 12,42 30,48 46,36 53,16 / "
        "52,45 50,72 48,100",
        "with a tail": "50,16 36,2 16,6 6,26 16,44 36,44 50,26 53,12 / "
        "54,45 48,80 28,98 8,92",
        "slanted": "50,20 36,3 14,8 6,30 20,46 42,36 52,14 / "
        "44,44 34,72 26,100",
    },
}
PEN = 2.3 / 28  # width of a felt pen, as a share of the square
MARGIN = 0.05  # that the middle of the pen keeps from the edge
STEP = 0.005  # between points of a path, before the pen has a pace
# Reflected red, green and blue light.
PAPER = (0.95, 0.94, 0.905)
INKS = ((0.10, 0.15, 0.38), (0.12, 0.12, 0.13))
HEIGHT, WIDTH = 480, 360


def variant(digit: int, seed: int) -> str:
    """Say which way of writing a digit this seed takes.

    Args:
        digit: 0 to 9.
        seed: Seed of the random numbers.

    Returns:
        A name in `VARIANTS[digit]`.

    Raises:
        ValueError: `digit` is no digit.
    """
    return _begin(digit, seed)[0]


def strokes(digit: int, seed: int) -> list[np.ndarray]:
    """Simulate how a hand writes one digit.

    The seed decides on the way of writing, the slant (20° at most), size,
    place, proportions and pace. The pen is slower where its path bends: its
    speed goes with the curvature to the power of -1/3 (Lacquaniti, Terzuolo
    and Viviani, "The law relating the kinematic and figural aspects of
    drawing movements", 1983).

    Args:
        digit: 0 to 9.
        seed: Seed of the random numbers.

    Returns:
        For each stroke of the pen the places where it is after equal times,
        in the unit square: shape `(points, 2)`, x to the right and y down.

    Raises:
        ValueError: `digit` is no digit.
    """
    name, rng = _begin(digit, seed)
    haste = rng.uniform(0.5, 2.2)
    paths = [
        _path(text, haste, rng) for text in VARIANTS[digit][name].split(";")
    ]
    paths = _placed(_bent(paths, haste, rng), rng)
    return [np.round(_paced(path, haste), 5) for path in paths]


def drawn(strokes: list[np.ndarray], size: int = 28) -> np.ndarray:
    """Draw strokes with a felt pen on a small pad.

    Args:
        strokes: Each of shape `(points, 2)`, in the unit square, y down.
        size: Width and height of the pad in pixels.

    Returns:
        uint8, shape `(size, size)`: ink up to 255 on 0.

    Raises:
        ValueError: A stroke has another shape, or a place that is no number.
    """
    large = Image.new("L", (10 * size, 10 * size))
    for number, stroke in enumerate(strokes):
        points = 10 * size * np.asarray(stroke, float)
        if points.shape[1:] != (2,) or not np.isfinite(points).all():
            raise ValueError(
                f"stroke {number} cannot be drawn, expected numbers of shape "
                "(points, 2)."
            )
        if not len(points):
            continue
        _draw(large, points, np.full(len(points), PEN * 10 * size))
    return np.array(large.resize((size, size), Image.Resampling.BOX))


def photo(
    digit: int, seed: int, shadow: float = 0.0, turn: float = 0.0
) -> np.ndarray:
    """Simulate a photo that a phone takes of a digit on a sheet of paper.

    Paper, light, shadow, camera and noise are all computed: this is no photo.
    The strokes are those of `strokes(digit, seed)`.

    Args:
        digit: 0 to 9.
        seed: Seed of the random numbers.
        shadow: How dark the shadow is that falls across the sheet: 0 to 1.
        turn: How far the sheet is turned, in degrees, counter-clockwise.

    Returns:
        uint8, shape `(480, 360, 3)`: red, green, blue.

    Raises:
        ValueError: `digit` is no digit, `shadow` is not 0 to 1, or `turn` is
            no number.
    """
    if not 0 <= shadow <= 1:
        raise ValueError(f"shadow is {shadow}, expected a number 0 to 1.")
    if not np.isfinite(turn):
        raise ValueError(f"turn is {turn}, expected degrees.")
    lines = strokes(digit, seed)
    rng = np.random.default_rng([seed, digit, 1])

    ink = _written(lines, turn, rng)[..., None]
    light = _lit(shadow, rng)
    paper = np.array(PAPER, "float32")
    colour = np.array(INKS[rng.integers(2)], "float32")
    picture = light * (paper + ink * (colour - paper))
    # The sensor's noise; the file format has made its grains soft.
    grain = 0.008 * _noise(rng, 1) + 0.008 * _noise(rng, 2)
    picture = picture + grain[..., None]
    return (255 * np.clip(picture, 0, 1) + 0.5).astype(np.uint8)


def _written(
    lines: list[np.ndarray], turn: float, rng: np.random.Generator
) -> np.ndarray:
    """Return how much ink the camera sees at every pixel, 0 to 1."""
    turned = np.radians(turn)
    turning = np.array(
        [
            [np.cos(turned), -np.sin(turned)],
            [np.sin(turned), np.cos(turned)],
        ]
    )
    # The camera looks at the sheet a little from the side.
    tilt = rng.uniform(-0.1, 0.1, 2)
    lines = [(line - 0.5) @ turning for line in lines]
    lines = [line / (1 + line @ tilt)[:, None] for line in lines]
    low = np.min([line.min(axis=0) for line in lines], axis=0)
    high = np.max([line.max(axis=0) for line in lines], axis=0)
    # Whoever takes the photo sees to it that all of it is in the picture.
    frame = np.array([WIDTH, HEIGHT])
    scale = min(0.92 * WIDTH, *(frame - 48) / (high - low))
    middle = np.clip(frame / 2, 24 - scale * low, frame - 24 - scale * high)
    seen = [middle + scale * line for line in lines]

    width = rng.uniform(18, 24)
    large = Image.new("L", (2 * WIDTH, 2 * HEIGHT))
    for line in seen:
        # Where the pen is slow, the paper drinks more ink.
        steps = np.hypot(*np.diff(line, axis=0).T)
        slow = 1 / (1 + np.append(steps[:1], steps) / steps.mean())
        _draw(large, 2 * line, 2 * width * (0.85 + 0.25 * slow))
    ink = large.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    ink = ink.filter(ImageFilter.GaussianBlur(0.9))  # the lens is not perfect
    ink = np.asarray(ink, "float32") / 255
    # It dries unevenly, and follows the fibres of the paper.
    return ink * (0.93 + 0.03 * _noise(rng, 24) + 0.03 * _noise(rng, 3))


def _lit(shadow: float, rng: np.random.Generator) -> np.ndarray:
    """Return the light on every pixel, `(HEIGHT, WIDTH, 3)`."""
    y, x = np.meshgrid(
        np.linspace(-0.67, 0.67, HEIGHT, dtype="float32"),
        np.linspace(-0.5, 0.5, WIDTH, dtype="float32"),
        indexing="ij",
    )
    lamp = rng.uniform(0, 2 * np.pi)
    light = 0.91 + 0.06 * (np.cos(lamp) * x + np.sin(lamp) * y)
    light = light - 0.07 * (x**2 + y**2)  # the lens takes light from corners
    # Paper is neither quite flat nor quite smooth.
    light = light * (1 + 0.01 * _noise(rng, 60) + 0.008 * _noise(rng, 3))
    edge = rng.uniform(-0.6, 0.6)
    across = np.cos(edge) * x + np.sin(edge) * y - rng.uniform(-0.1, 0.15)
    across = across + 0.04 * np.sin(3 * y + lamp)
    dark = 0.6 * shadow / (1 + np.exp(-across / 0.02))
    # Some light of the sky comes into the shadow, and it is blue.
    sky = np.array([1.0, 0.97, 0.92], "float32")
    return light[..., None] * (1 - dark[..., None] * sky)


def _begin(digit: int, seed: int) -> tuple[str, np.random.Generator]:
    """Choose the way of writing; return it with the random numbers."""
    if digit not in VARIANTS:
        raise ValueError(f"digit is {digit!r}, expected 0 to 9.")
    rng = np.random.default_rng([seed, digit])
    names = list(VARIANTS[digit])
    return names[rng.integers(len(names))], rng


def _path(text: str, haste: float, rng: np.random.Generator) -> np.ndarray:
    """Turn one stroke of `VARIANTS` into many points at equal distances."""
    start, path = [], []
    for piece in text.split("/"):
        points = [tuple(map(float, p.split(","))) for p in piece.split()]
        points = np.array(points) / 100
        points = points + haste * rng.uniform(-0.018, 0.018, points.shape)
        points = np.array([*start, *points])
        path.append(_spline(points)[len(path) > 0 :])
        start = [points[-1]]
    path = np.concatenate(path)
    # A hand cuts its corners.
    reach = rng.integers(2, 9)
    ends = np.pad(path, ((reach, reach), (0, 0)), mode="edge")
    bell = np.hanning(2 * reach + 3)[1:-1]
    smooth = [np.convolve(c, bell / bell.sum(), "valid") for c in ends.T]
    return np.stack(smooth, axis=1)


def _spline(points: np.ndarray) -> np.ndarray:
    """Lay a natural cubic spline through points; return it in equal steps."""
    t = np.append(0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    h, n = np.diff(t), len(t)
    # The second derivatives, 0 at both ends, make the slopes continuous.
    matrix, right = np.eye(n), np.zeros((n, 2))
    for i in range(1, n - 1):
        matrix[i, i - 1 : i + 2] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
        right[i] = 6 * (
            (points[i + 1] - points[i]) / h[i]
            - (points[i] - points[i - 1]) / h[i - 1]
        )
    bend = np.linalg.solve(matrix, right)
    s = np.linspace(0, t[-1], max(2, round(t[-1] / STEP)))
    i = np.clip(np.searchsorted(t, s) - 1, 0, n - 2)
    width, a, b = (v[:, None] for v in (h[i], t[i + 1] - s, s - t[i]))
    return (
        bend[i] * (a**3 / width - a * width) / 6
        + bend[i + 1] * (b**3 / width - b * width) / 6
        + (points[i] * a + points[i + 1] * b) / width
    )


def _bent(
    paths: list[np.ndarray], haste: float, rng: np.random.Generator
) -> list[np.ndarray]:
    """Shift the plane smoothly, so that what meets still nearly meets."""
    waves = rng.uniform(-5, 5, (3, 2))
    phases = rng.uniform(0, 2 * np.pi, 3)
    strength = haste * rng.uniform(-0.022, 0.022, (3, 2))
    return [
        path
        + np.sin(path @ waves.T + phases) @ strength
        + haste * rng.uniform(-0.012, 0.012, 2)
        for path in paths
    ]


def _placed(
    paths: list[np.ndarray], rng: np.random.Generator
) -> list[np.ndarray]:
    """Give the digit proportions, slant, size and a place in the square."""
    # One hand has its waist high, another low; one writes wide, one narrow.
    waist = rng.uniform(-0.45, 0.45)
    paths = [
        np.stack([x, y + waist * y * (1 - y)], axis=1)
        for x, y in (path.T for path in paths)
    ]
    wide = np.exp(rng.uniform(-0.35, 0.35))
    slant = np.tan(np.radians(rng.triangular(-20, 5, 20)))
    lean = np.radians(rng.uniform(-4, 4))
    matrix = np.array([[wide, 0.0], [-slant, 1.0]]) @ np.array(
        [[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]]
    )
    paths = [path @ matrix for path in paths]
    low = np.min([path.min(axis=0) for path in paths], axis=0)
    high = np.max([path.max(axis=0) for path in paths], axis=0)
    scale = rng.uniform(0.5, 0.85) / (high - low).max()
    free = 1 - 2 * MARGIN - scale * (high - low)
    # Most people aim at the middle.
    place = MARGIN + free * rng.triangular(0, 0.5, 1, 2)
    return [place + scale * (path - low) for path in paths]


def _paced(path: np.ndarray, haste: float) -> np.ndarray:
    """Pick the points where the pen is after equal times."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    middle = (path[2:] - path[:-2]) / 2
    second = path[2:] - 2 * path[1:-1] + path[:-2]
    area = np.abs(middle[:, 0] * second[:, 1] - middle[:, 1] * second[:, 0])
    bend = area / np.maximum(np.hypot(*middle.T), 1e-4) ** 3
    bend = np.append(np.append(bend[:1], bend), bend[-1:])
    speed = (0.5 + haste) / (4 + np.minimum(bend, 200)) ** (1 / 3)
    # It starts from rest and comes to rest.
    along = np.linspace(0, 1, len(speed))
    speed = speed * (0.25 + 0.75 * np.sin(np.pi * along) ** 0.5)
    time = np.append(0, np.cumsum(steps * (1 / speed[1:] + 1 / speed[:-1])))
    # About sixty points a second, as a mouse or a finger gives them.
    ticks = np.linspace(0, time[-1], max(4, round(14 * time[-1])))
    return np.stack([np.interp(ticks, time, c) for c in path.T], axis=1)


def _draw(image: Image.Image, points: np.ndarray, widths: np.ndarray) -> None:
    """Draw a line with round ends, as a row of discs close together."""
    draw = ImageDraw.Draw(image)
    along = np.append(0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    places = np.linspace(0, along[-1], 2 + int(along[-1] / 2))
    columns = (*points.T, widths / 2)
    for x, y, r in zip(
        *(np.interp(places, along, column).tolist() for column in columns),
        strict=True,
    ):
        # Pillow counts pixels by their middle.
        box = (x - r - 0.5, y - r - 0.5, x + r - 0.5, y + r - 0.5)
        draw.ellipse(box, fill=255)


def _noise(rng: np.random.Generator, cell: int) -> np.ndarray:
    """Return noise, about -1 to 1, in grains of this many pixels."""
    size = (-(-HEIGHT // cell) + 2, -(-WIDTH // cell) + 2)
    grains = rng.uniform(-1, 1, size).astype("float32")
    if cell == 1:
        return grains[:HEIGHT, :WIDTH]
    image = Image.fromarray(grains).resize(
        (cell * size[1], cell * size[0]), Image.Resampling.BICUBIC
    )
    return np.asarray(image)[:HEIGHT, :WIDTH]
