"""The explorer of lecture 07, the training toolkit: augmentation."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from course_utils import datasets, plots, style
from course_utils.explorers.explorer import Explorer
from course_utils.live import LiveFigure

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.image import AxesImage

FLIPS = ("none", "left to right", "top to bottom")
DOWN, ACROSS = 3, 4  # rows and columns of random draws
GAP = 0.12  # between two draws, as a share of a picture


def moved(
    pictures: np.ndarray,
    turn: np.ndarray | float = 0.0,
    right: np.ndarray | float = 0.0,
    down: np.ndarray | float = 0.0,
    zoom: np.ndarray | float = 1.0,
    mirror: np.ndarray | bool = False,
    upset: np.ndarray | bool = False,
) -> np.ndarray:
    """Flip, enlarge, turn and shift pictures, in this order.

    What is turned or enlarged keeps its place in the centre of the picture.
    Between pixels it takes the bilinear mean, outside of the picture 0: what
    the layers of Keras do with `fill_mode="constant"`.

    Args:
        pictures: Shape `(n, height, width)`.
        turn: Degrees counter-clockwise, as a positive angle is in
            `keras.layers.RandomRotation`. This and all others: one number,
            or one for each picture, shape `(n,)`.
        right: Pixels to the right; negative to the left.
        down: Pixels downwards; negative upwards.
        zoom: How many times as large.
        mirror: Whether to exchange left and right.
        upset: Whether to exchange top and bottom.

    Returns:
        The pictures, float32, shape `(n, height, width)`.
    """
    pictures = np.asarray(pictures, np.float32)
    count, height, width = pictures.shape

    def each(value: np.ndarray | float) -> np.ndarray:
        return np.reshape(np.asarray(value, np.float32), (-1, 1, 1))

    # For every pixel of the result: where is it in the given picture? So all
    # is undone, in the opposite order.
    y = np.arange(height, dtype=np.float32)[:, None] - (height - 1) / 2
    x = np.arange(width, dtype=np.float32) - (width - 1) / 2
    y, x = y - each(down), x - each(right)
    angle = np.radians(each(turn))
    cosine, sine = np.cos(angle) / each(zoom), np.sin(angle) / each(zoom)
    x, y = x * cosine - y * sine, x * sine + y * cosine
    x = np.where(each(mirror) > 0, -x, x) + (width - 1) / 2
    y = np.where(each(upset) > 0, -y, y) + (height - 1) / 2

    # A frame of zeros, so that every place has four neighbours.
    framed = np.zeros((count, height + 3, width + 3), np.float32)
    framed[:, 1:-2, 1:-2] = pictures
    x = np.clip(np.nan_to_num(x, nan=-1), -1, width) + 1
    y = np.clip(np.nan_to_num(y, nan=-1), -1, height) + 1
    column, row = np.floor(x), np.floor(y)
    x, y = x - column, y - row  # from here to the next pixel
    size = framed[0].size
    first = np.arange(count, dtype=np.int32)[:, None, None] * size
    place = first + (row * (width + 3) + column).astype(np.int32)
    flat = framed.reshape(-1)
    top = flat.take(place) * (1 - x) + flat.take(place + 1) * x
    place = place + (width + 3)
    bottom = flat.take(place) * (1 - x) + flat.take(place + 1) * x
    return top * (1 - y) + bottom * y


def augmentation(
    pictures: np.ndarray,
    labels: Sequence,
    predict: Callable[[np.ndarray], np.ndarray] | None = None,
    names: Sequence = datasets.DIGITS,
) -> Explorer:
    """Turn, shift, enlarge and flip a picture, and see what is left of it.

    On the left is the picture so moved; on the right are random draws with
    strengths up to those of the controls, as an augmenting layer would feed
    them to a training. A label stays the same whatever is done.

    Args:
        pictures: Grey, shape `(n, height, width)`: whole numbers from 0 to
            255, or floats from 0 to 1.
        labels: What each picture shows, shape `(n,)`.
        predict: Takes 13 pictures as floats from 0 to 1, shape
            `(13, height, width)`, and returns probabilities, shape
            `(13, len(names))`; None if there is no network yet.
        names: Of the classes, in the order of the probabilities.

    Returns:
        An explorer with the controls `picture`, `turn` (degrees, positive is
        counter-clockwise), `right` and `down` (pixels), `zoom` and `flip`.

    Raises:
        ValueError: There are no pictures, their shape or their numbers do
            not fit, or there is not one label for each.
    """
    pictures = _checked(pictures)
    labels = [str(label) for label in labels]
    names = [str(name) for name in names]
    if len(labels) != len(pictures):
        raise ValueError(
            f"{len(labels)} labels for {len(pictures)} pictures, expected "
            "one for each."
        )
    live = LiveFigure(7.2, 2.9 if predict else 3.2)
    axes = live.figure.subplots(
        1,
        3 if predict else 2,
        width_ratios=(3, 2, 4) if predict else (3, 4),
        squeeze=False,
    )[0]
    left, right = axes[0], axes[-1]
    height, width = pictures.shape[1:]
    large = _canvas(left, height, width)
    tall = DOWN * height + (DOWN - 1) * round(GAP * height)
    wide = ACROSS * width + (ACROSS - 1) * round(GAP * width)
    small = _canvas(right, tall, wide)
    left.set_title("Moved by the controls", fontsize=10)
    right.set_title("Random draws, up to so much", fontsize=10)
    live.moving(large, small)
    bars, wrong = None, None
    if predict:
        bars = PolyCollection([])
        says = axes[1]
        says.add_collection(bars)
        says.set_title("The network says", fontsize=10)
        says.set_yticks(range(len(names)), names, fontsize=8)
        says.set(xlim=(0, 1), xticks=(0, 0.5, 1))
        says.set(ylim=(len(names) - 0.4, -0.6), box_aspect=1.5)
        says.grid(visible=False, axis="y")
        says.tick_params(axis="y", length=0)
        says.tick_params(axis="x", labelsize=8)
        (wrong,) = right.plot([], [], "X", color=style.RED, ms=8)
        wrong.set_markeredgecolor(style.PAPER)
        right.set_xlabel("cross: read otherwise than the label", fontsize=8)
        live.moving(wrong, bars)

    # The same luck all the time: with the sliders the draws grow smoothly.
    count = DOWN * ACROSS
    evenly = np.linspace(-1, 1, count)
    rng = np.random.default_rng(7)
    luck = [rng.permutation(evenly) for _ in range(4)]
    heads = np.arange(count) % 2 > 0  # half of them are flipped
    at_row, at_column = np.divmod(np.arange(count), ACROSS)
    corner_y = at_row * (height + round(GAP * height))
    corner_x = at_column * (width + round(GAP * width))

    def update(
        picture: int, turn: int, right: int, down: int, zoom: float, flip: str
    ) -> str:
        def first(given: float, drawn: np.ndarray) -> np.ndarray:
            return np.concatenate([[given], drawn])

        flips = first(True, heads)
        views = moved(
            np.broadcast_to(pictures[picture], (1 + count, height, width)),
            first(turn, turn * luck[0]),
            first(right, right * luck[1]),
            first(down, down * luck[2]),
            first(zoom, zoom ** luck[3]),
            flips & (flip == "left to right"),
            flips & (flip == "top to bottom"),
        )
        large.set_data(_colours(views[0]))
        sheet = np.ones((tall, wide), np.float32)
        for view, y, x in zip(views[1:], corner_y, corner_x, strict=True):
            sheet[y : y + height, x : x + width] = view
        small.set_data(_colours(sheet))
        label = labels[picture]
        done = _told(label, turn, right, down, zoom, flip)
        if predict is None:
            return f"{done}. The label still says {label}."
        bars.set_verts([])
        wrong.set_data([], [])
        try:
            p = _probabilities(predict(views), (1 + count, len(names)))
        except Exception as error:  # the moved picture is shown all the same
            reason = textwrap.shorten(str(error), 120, placeholder=" …")
            return f"{done}. predict raised {type(error).__name__}: {reason}"
        best = p.argmax(axis=1)
        bars.set_verts(
            [
                [(0, k - 0.4), (share, k - 0.4), (share, k + 0.4), (0, k + 0.4)]
                for k, share in enumerate(p[0])
            ]
        )
        colours = [style.SKY] * len(names)
        colours[best[0]] = style.MODEL
        bars.set_facecolor(colours)
        read = np.array([names[k] == label for k in best])
        wrong.set_data(
            corner_x[~read[1:]] + 0.86 * width,
            corner_y[~read[1:]] + 0.14 * height,
        )
        sure = plots.percent(p[0, best[0]])
        then = (
            "as the label does" if read[0] else f"the label still says {label}"
        )
        return (
            f"{done}: the network says {names[best[0]]} ({sure}), {then}. "
            f"Of {count} draws it reads {read[1:].sum()} as {label}."
        )

    controls = {
        "picture": widgets.IntSlider(max=len(pictures) - 1),
        "turn": widgets.IntSlider(
            min=-180, max=180, step=5, description="turn (°)"
        ),
        "right": widgets.IntSlider(
            min=-10, max=10, description="shift right (pixels)"
        ),
        "down": widgets.IntSlider(
            min=-10, max=10, description="shift down (pixels)"
        ),
        "zoom": widgets.FloatSlider(value=1.0, min=0.5, max=1.5, step=0.05),
        "flip": widgets.Dropdown(options=FLIPS),
    }
    for name, control in controls.items():
        control.description = control.description or name
    return Explorer("augmentation", controls, live, update)


def _checked(pictures: np.ndarray) -> np.ndarray:
    """Return the pictures as floats from 0 to 1."""
    given = np.asarray(pictures)
    if given.ndim != 3 or given.size == 0:
        raise ValueError(
            f"The pictures have shape {given.shape}, expected grey ones, "
            "shape (n, height, width), at least one."
        )
    if given.dtype.kind in "iu":
        return given.astype(np.float32) / 255
    given = np.nan_to_num(given.astype(np.float32), posinf=1, neginf=0)
    if given.min() < 0 or given.max() > 1.001:
        raise ValueError(
            f"The pictures have values from {given.min():.4g} to "
            f"{given.max():.4g}, expected floats from 0 to 1 or whole "
            "numbers from 0 to 255."
        )
    return given


def _canvas(axes: Axes, height: int, width: int) -> AxesImage:  #
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes.imshow(
        _colours(np.zeros((height, width))), interpolation="nearest"
    )


def _colours(grey: np.ndarray) -> np.ndarray:
    """Return red, green, blue and opacity, which matplotlib draws fastest."""
    colours = np.empty((*grey.shape, 4), np.uint8)
    colours[..., :3] = (255 * grey + 0.5)[..., None]
    colours[..., 3] = 255
    return colours


def _probabilities(p: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    p = np.asarray(p, float)
    if p.shape != shape:
        raise ValueError(
            f"it returned shape {p.shape}, expected {shape}, a probability "
            "of every class for every picture."
        )
    if not (np.isfinite(p).all() and p.min() >= -1e-3 and p.max() <= 1.001):
        raise ValueError(
            "it returned numbers that are no probabilities, expected 0 to 1."
        )
    return p


def _told(
    label: str, turn: int, right: int, down: int, zoom: float, flip: str
) -> str:
    """Say what was done to a picture."""
    parts = [label]
    if flip != "none":
        parts.append(f"flipped {flip}")
    if zoom != 1:
        parts.append(f"{zoom:.3g} times as large")
    if abs(turn) == 180:
        parts.append("turned by 180°")
    elif turn:
        parts.append(
            f"turned {'left' if turn > 0 else 'right'} by {abs(turn)}°"
        )
    shifts = [
        f"{abs(shift)} {towards[shift < 0]}"
        for shift, towards in (
            (right, ("right", "left")),
            (down, ("down", "up")),
        )
        if shift
    ]
    if shifts:
        parts.append("shifted " + ", ".join(shifts))
    return ", ".join(parts) if parts[1:] else f"{label}, as it is"
