"""Static drawing: data in, axes out.

A figure that a notebook shows carries a text alternative. It is the one given
with `describe`, or else it is put together from titles, labels and legends.
"""

from __future__ import annotations

import html
import math
import os
from collections.abc import Callable, Mapping, Sequence

from course_utils import style
from course_utils.toy import Surface

import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.core.pylabtools import print_figure
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator


def describe(axes: Axes, text: str) -> Axes:
    """Give the figure of some axes a text alternative.

    Args:
        axes: Any axes of the figure.
        text: What a reader who cannot see the figure should know.

    Returns:
        The same axes.
    """
    axes.figure.set_label(text)
    return axes


def alternative(figure: Figure) -> str:
    """Return the text alternative of a figure.

    Args:
        figure: The figure.

    Returns:
        What `describe` was given, or a sentence made of the titles, labels
        and legends of the figure.
    """
    return str(figure.get_label()) or "; ".join(
        _words(axes) for axes in figure.axes
    )


def descent(loss: Callable, path: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw a loss of one weight and a walk on it.

    Args:
        loss: Takes an array of weights, returns the losses.
        path: Weights that were visited, shape `(steps + 1,)`.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots()[1]
    path = np.asarray(path, float)
    middle, reach = np.mean([path.min(), path.max()]), 0.7 * np.ptp(path)
    ground = np.linspace(middle - reach, middle + reach, 200)
    ax.plot(ground, loss(ground), color=style.LOSS, label="loss")
    ax.plot(path, loss(path), "o-", color=style.PATH, lw=1, label="steps")
    ax.plot(path[0], loss(path[0]), "o", color=style.START, label="start")
    ax.set(xlabel="weight w", ylabel="loss")
    ax.legend()
    return ax


def line_fit(
    x: np.ndarray, y: np.ndarray, w: float, b: float, ax: Axes | None = None
) -> Axes:
    """Draw points and the straight line w · x + b.

    Args:
        x: Shape `(samples,)`.
        y: Shape `(samples,)`.
        w: Slope of the line.
        b: Height of the line at x = 0.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots()[1]
    ends = np.array([np.min(x), np.max(x)])
    ax.plot(x, y, "o", color=style.DATA, alpha=0.7, label="data")
    ax.plot(ends, w * ends + b, color=style.MODEL, label="model")
    ax.set(xlabel="x", ylabel="y")
    ax.legend()
    return ax


def surface(
    surface: Surface,
    paths: Mapping[str, np.ndarray] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a loss of two parameters from above, and walks on it.

    Args:
        surface: The loss.
        paths: By name, points visited, each of shape `(steps + 1, 2)`.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots()[1]
    axis = np.linspace(-surface.limits, surface.limits, 120)
    heights = surface.loss(*np.meshgrid(axis, axis))
    ax.contourf(axis, axis, heights, 24, cmap=style.SURFACE)
    ax.plot(*np.transpose(surface.minima), "*", color=style.MINIMUM, ms=11)
    ax.set_prop_cycle(color=style.WALKS)
    trace(ax, paths or {})
    ax.set(xlim=axis[[0, -1]], ylim=axis[[0, -1]], xlabel="u", ylabel="v")
    ax.set_aspect("equal")
    return ax


def trace(ax: Axes, paths: Mapping[str, np.ndarray]) -> Axes:
    """Draw walks in a plane, each with its start marked.

    Args:
        ax: Where to draw.
        paths: By name, points visited, each of shape `(steps + 1, 2)`.

    Returns:
        The axes.
    """
    for name, path in paths.items():
        path = np.asarray(path)
        (line,) = ax.plot(*path.T, "o-", ms=2.5, lw=1, label=name)
        ax.plot(*path[0], "o", color=line.get_color(), ms=7)
    if paths:
        ax.legend(frameon=True)
    return ax


def boundary(
    points: np.ndarray,
    labels: np.ndarray,
    scores: Mapping[str, Callable],
    level: float = 0.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw points of two classes and where some scores change their mind.

    Args:
        points: Shape `(samples, 2)`.
        labels: 0 or 1, shape `(samples,)`.
        scores: By name, a function that takes points and returns one score
            for each, shape `(points,)`.
        level: The score on the boundary.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes. The first boundary is solid, the others are dashed.
    """
    ax = ax or plt.subplots(figsize=(4.4, 4.4))[1]
    for label, marker, colour in ((0, "o", style.BLUE), (1, "^", style.RED)):
        these = np.asarray(labels) == label
        ax.plot(*points[these].T, marker, color=colour, ms=3, lw=0)
    reach = 1.05 * np.abs(points).max()
    axis = np.linspace(-reach, reach, 120)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    for number, (name, score) in enumerate(scores.items()):
        look = "--" if number else "-"
        heights = np.reshape(score(grid), (len(axis), len(axis)))
        ax.contour(axis, axis, heights, [level], colors="k", linestyles=look)
        ax.plot([], [], look, color="k", label=name)
    ax.set(xlabel="x1", ylabel="x2", aspect="equal", title="Boundary")
    ax.legend(frameon=True)
    return ax


def images(
    pictures: np.ndarray,
    titles: Sequence = (),
    columns: int = 10,
    alt: str = "",
) -> np.ndarray:
    """Draw pictures side by side, row after row.

    Args:
        pictures: Grey, shape `(n, height, width)` or with a last axis of 1,
            or red, green and blue, shape `(n, height, width, 3)`. Whole
            numbers from 0 to 255, or floats from 0 to 1.
        titles: What to write above each picture; nothing if empty.
        columns: How many pictures stand in a full row.
        alt: What the pictures show, for readers who cannot see them, such as
            "digits with a shadow". It comes after number and size.

    Returns:
        The axes, one for each picture, shape `(n,)`.

    Raises:
        ValueError: The shape is another one, the numbers are too large, or
            there is not one title for each picture.
    """
    shown = _shades(pictures)
    titles = [str(title) for title in titles]
    if titles and len(titles) != len(shown):
        raise ValueError(
            f"{len(titles)} titles for {len(shown)} pictures, expected one "
            "for each."
        )
    if columns < 1:
        raise ValueError(f"columns is {columns}, expected at least 1.")
    across = min(columns, len(shown))
    down = math.ceil(len(shown) / across)
    # In pixels, of which an inch has 100. Few pictures are not blown up.
    tall, wide = shown.shape[1:3]
    gap, width = 4, max(min(600 // across, 160) - 4, 1)
    scale = round(width / wide)
    if scale and (scale * wide + gap) * across <= 720:
        width = scale * wide  # sharp, and fewer bytes
    cell = width + gap
    height = max(round(width * tall / wide), 1)
    lines = max((title.count("\n") + 1 for title in titles), default=0)
    longest = max(
        (len(line) for title in titles for line in title.split("\n")),
        default=1,
    )
    size = min(max(1.3 * cell / max(longest, 1), 5), 9)
    head = round(lines * 1.75 * size) + (3 if lines else 0)
    row = height + head + gap
    figure = plt.figure(
        figsize=(across * cell / 100, (down * row + gap) / 100), layout="none"
    )
    drawn = np.empty(len(shown), dtype=object)
    for number, picture in enumerate(shown):
        at_row, at_column = divmod(number, across)
        left = at_column * cell + gap // 2
        top = gap + at_row * row + head
        axes = figure.add_axes(
            (
                left / (across * cell),
                1 - (top + height) / (down * row + gap),
                width / (across * cell),
                height / (down * row + gap),
            )
        )
        axes.imshow(picture, cmap="gray", vmin=0, vmax=1, aspect="auto")
        axes.set_axis_off()
        if titles:
            axes.set_title(titles[number], fontsize=size, pad=2, loc="center")
        drawn[number] = axes
    said = [" ".join(title.split()) for title in titles]
    many = f"{len(shown)} pictures" if len(shown) > 1 else "A picture"
    text = f"{many} of {wide} × {tall} pixels" + (alt and f", {alt}")
    if said:
        text += ": " + ", ".join(said[:40]) + (", …" if said[40:] else "")
    describe(drawn[0], text + ".")
    return drawn


def confusion(
    matrix: np.ndarray, names: Sequence = (), ax: Axes | None = None
) -> Axes:
    """Draw how often each class was taken for each other one.

    Args:
        matrix: Counts, shape `(classes, classes)`: a row for what it is, a
            column for what the model says.
        names: Of the classes; their numbers if empty.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes. The shade of a field is the square root of its share in the
        row, so that rare mistakes are seen, too.

    Raises:
        ValueError: The matrix is not square, a count is negative, or there
            is not one name for each class.
    """
    counts = np.asarray(matrix, float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(
            f"The matrix has shape {counts.shape}, expected as many rows as "
            "columns."
        )
    counts = np.where(np.isfinite(counts), counts, 0)
    if counts.size == 0 or counts.min() < 0:
        raise ValueError("Expected counts of 0 or more in the matrix.")
    names = _names(names, len(counts))
    side = min(max(1.9 + 0.25 * len(counts), 2.8), 4.4)
    ax = ax or plt.subplots(figsize=(side + 0.4, side))[1]
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-300)
    shade = np.sqrt(share)
    ax.imshow(shade, cmap=style.SURFACE, vmin=0, vmax=1)
    places = np.arange(len(counts))
    long = max(map(len, names)) > 2
    small = min(9, 95 / len(counts))
    ax.set_xticks(places, names, rotation=90 if long else 0, fontsize=small)
    ax.set_yticks(places, names, fontsize=small)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.set(xlabel="what the model says", ylabel="what it is")
    whole = np.array_equal(counts, np.round(counts))
    if len(counts) <= 15:
        longest = len(f"{counts.max():.0f}") if whole else 4
        for row, column in np.argwhere(counts):
            ax.text(
                column,
                row,
                _count(counts[row, column], whole),
                ha="center",
                va="center",
                fontsize=min(9, 260 / len(counts) / max(longest, 3)),
                color=style.PAPER if shade[row, column] > 0.6 else style.INK,
            )
    return _tell(ax, _confusions(counts, names, whole))


def probabilities(
    p: np.ndarray, names: Sequence = (), ax: Axes | None = None
) -> Axes:
    """Draw the probability of every class as a bar.

    Args:
        p: Probabilities, shape `(classes,)` or `(1, classes)`.
        names: Of the classes; their numbers if empty.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes. The highest bar has the colour of the model.

    Raises:
        ValueError: These are no probabilities of one sample, or there is not
            one name for each class.
    """
    p = np.asarray(p, float)
    if p.ndim == 2 and len(p) == 1:
        p = p[0]
    if p.ndim != 1 or p.size == 0:
        raise ValueError(
            f"The probabilities have shape {p.shape}, expected those of one "
            "sample, shape (classes,)."
        )
    wrong = p[(p < -1e-3) | (p > 1.001)]
    if wrong.size:
        raise ValueError(
            f"{wrong[0]:.3g} is no probability, expected 0 to 1. If these "
            "are logits, softmax makes probabilities of them."
        )
    names = _names(names, len(p))
    ax = ax or plt.subplots(figsize=(4.5, 0.5 + 0.22 * len(p)))[1]
    places = np.arange(len(p))
    known = np.where(np.isfinite(p), p, 0)
    best = int(known.argmax()) if known.any() else -1
    for place, value in zip(places, p, strict=True):
        ax.barh(
            place,
            known[place],
            color=style.MODEL if place == best else style.SKY,
        )
        ax.text(
            known[place] + 0.01,
            place,
            percent(value),
            va="center",
            fontsize=8,
            weight="bold" if place == best else "normal",
        )
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.set(xlim=(0, 1.12), xticks=(0, 0.5, 1), xlabel="probability")
    order = np.argsort(-known, kind="stable")[:3]
    text = ", ".join(f"{names[k]} {percent(p[k])}" for k in order)
    return _tell(ax, f"Probabilities, the highest: {text}.")


def percent(value: float) -> str:
    """Say a probability in percent, so that only what is certain is 100 %.

    Args:
        value: From 0 to 1; what rounding has left below 0 counts as 0.

    Returns:
        Such as "87 %"; "< 1 %" and "> 99 %" where the nearest whole number
        would be 0 or 100, "not a number" if it is infinite or no number.
    """
    if not math.isfinite(value):
        return "not a number"
    if 0 < value <= 0.005:
        return "< 1 %"
    if 0.995 <= value < 1:
        return "> 99 %"
    return f"{100 * max(0.0, value):.0f} %"


def history(
    history: Mapping[str, Sequence[float]], validation_freq: int | None = None
) -> np.ndarray:
    """Draw loss, and accuracy if there is any, after every epoch.

    Args:
        history: A list for each name, as in `model.fit(…).history`.
        validation_freq: Epochs between two validations, as `fit` took it. If
            None, it is concluded from the numbers; where several fit, the
            largest.

    Returns:
        The axes, shape `(1,)` or `(2,)`.

    Raises:
        ValueError: There is neither a loss nor an accuracy in it.
    """
    history = getattr(history, "history", history)
    panels = {"loss": "loss"}
    for name in history:
        if name.endswith(("accuracy", "acc")):
            panels.setdefault("accuracy", name.removeprefix("val_"))
    panels = {
        panel: {
            kind: np.asarray(history[prefix + name], float)
            for kind, prefix in (("training", ""), ("validation", "val_"))
            if len(history.get(prefix + name, ()))
        }
        for panel, name in panels.items()
    }
    panels = {panel: curves for panel, curves in panels.items() if curves}
    if not panels:
        raise ValueError(
            "Neither a loss nor an accuracy in this history, only "
            f"{sorted(history)}. Was it trained for an epoch?"
        )
    epochs = max(len(y) for curves in panels.values() for y in curves.values())
    wide = 6 if len(panels) > 1 else 4
    _, row = plt.subplots(1, len(panels), figsize=(wide, 2.9), squeeze=False)
    told = []
    for axes, (panel, curves) in zip(row[0], panels.items(), strict=True):
        for kind, y in curves.items():
            every = 1
            if kind == "validation":
                every = validation_freq or epochs // len(y)
            x = every * np.arange(1, len(y) + 1)
            validation = kind == "validation"
            axes.plot(
                x,
                np.where(np.isfinite(y), y, np.nan),
                "--" if validation else "-",
                marker="o" if len(y) <= 20 else None,
                ms=3.5,
                color=style.ORANGE if validation else style.LOSS,
                label=kind,
            )
            told.append(
                ("validation " if validation else "")
                + f"{panel} {_course(x, y)}"
            )
        axes.set(title=panel.capitalize(), xlabel="epoch")
        room = max(0.04 * epochs, 0.15)
        axes.set_xlim(1 - room, epochs + room)
        axes.xaxis.set_major_locator(
            MaxNLocator(6, integer=True, min_n_ticks=1)
        )
        axes.legend()
    many = f"{epochs} epochs" if epochs > 1 else "one epoch"
    describe(row[0, 0], f"Training of {many}: " + "; ".join(told) + ".")
    return row[0]


def _shades(pictures: np.ndarray) -> np.ndarray:
    """Return pictures as floats from 0 to 1, grey ones without a last axis."""
    try:
        values = np.asarray(pictures)
    except ValueError:
        raise ValueError(
            "The pictures differ in size, expected one size for all."
        ) from None
    shape = values.shape
    if values.ndim == 4 and shape[-1] == 1:
        values = values[..., 0]
    single = values.ndim == 2 or (
        values.ndim == 3 and shape[-1] == 3 and shape[1] > 3
    )
    if single or values.ndim < 3 or (values.ndim == 4 and shape[-1] != 3):
        raise ValueError(
            f"The pictures have shape {shape}, expected (n, height, width) "
            "or (n, height, width, 3). A single picture goes into a list, "
            "and flat ones need reshape."
        )
    if values.ndim > 4 or values.size == 0:
        raise ValueError(
            f"The pictures have shape {shape}, expected (n, height, width) "
            "or (n, height, width, 3) with at least one picture."
        )
    if values.dtype.kind in "iu":
        return np.clip(values / np.float32(255), 0, 1)
    values = values.astype(np.float32)
    values = np.where(np.isfinite(values), values, 0)
    # A little too bright may come of augmentation, 255 may not.
    if values.max() > 2:
        raise ValueError(
            f"The pictures are floats up to {values.max():.4g}, expected 0 "
            "to 1. Divide by 255."
        )
    return np.clip(values, 0, 1)


def _names(names: Sequence, count: int) -> list[str]:
    """Return a name for each class."""
    names = [str(name) for name in names]
    if names and len(names) != count:
        raise ValueError(
            f"{len(names)} names for {count} classes, expected one for each."
        )
    return names or [str(number) for number in range(count)]


def _count(value: float, whole: bool) -> str:
    return f"{value:.0f}" if whole else f"{value:.2f}"


def _confusions(counts: np.ndarray, names: list[str], whole: bool) -> str:
    """Say how much is right, and the two most frequent mistakes."""
    total = counts.sum()
    if not total:
        return "A confusion matrix without any counts."
    wrong = counts * (1 - np.eye(len(counts)))
    text = f"Confusion matrix: {percent(np.trace(counts) / total)} are right"
    if not wrong.any():
        return text + ", and none is confused."
    worst = np.argsort(-wrong, axis=None, kind="stable")[:2]
    pairs = [divmod(int(place), len(counts)) for place in worst]
    said = [
        f"{names[row]} taken for {names[column]} "
        f"({_count(wrong[row, column], whole)})"
        for row, column in pairs
        if wrong[row, column]
    ]
    return f"{text}; most often confused: {', '.join(said)}."


def _course(x: np.ndarray, y: np.ndarray) -> str:
    """Say where a curve begins, where it ends, and what is odd about it."""
    good = np.isfinite(y)
    if not good.all():
        return f"is not a number in epoch {x[~good][0]}"
    if len(y) == 1:
        return f"is {y[0]:.3g}"
    first, last = f"{y[0]:.3g}", f"{y[-1]:.3g}"
    if first == last:
        return f"stays near {last}"
    return f"{'falls' if y[-1] < y[0] else 'rises'} from {first} to {last}"


def _tell(axes: Axes, text: str) -> Axes:
    """Add a sentence to what the figure says of its other axes."""
    before = str(axes.figure.get_label())
    return describe(axes, f"{before} {text}".strip())


def _words(axes: Axes) -> str:
    """Put what is written in and around some axes into a phrase."""
    titles = [axes.get_title(loc=place) for place in ("left", "center")]
    parts = [title for title in titles if title][:1]
    if axes.get_xlabel() and axes.get_ylabel():
        parts.append(f"{axes.get_ylabel()} against {axes.get_xlabel()}")
    drawn = zip(*axes.get_legend_handles_labels(), strict=True)
    names = [f"{name}{_seen(artist)}" for artist, name in drawn if name]
    if names:
        parts.append("showing " + ", ".join(names))
    return ", ".join(parts or ["A plot"])


def _seen(artist: Artist) -> str:
    """Say where a line begins and ends, or how many points there are."""
    if not isinstance(artist, Line2D):
        return ""
    x, y = artist.get_xydata().T
    good = np.isfinite(x) & np.isfinite(y)
    x, y = x[good], y[good]
    if artist.get_linestyle() == "None" and len(y) > 1:
        return f" ({len(y)} points)"
    if len(y) == 0:
        return ""
    if len(y) == 1:
        return f" (at {x[0]:.3g}, {y[0]:.3g})"
    if (np.diff(x) < 0).any():  # a walk in the plane
        return f" (from {x[0]:.3g}, {y[0]:.3g} to {x[-1]:.3g}, {y[-1]:.3g})"
    if np.ptp(y) == 0:
        return f" (at {y[0]:.3g})"
    seen = f"from {y[0]:.3g} to {y[-1]:.3g}"
    some = 0.05 * np.ptp(y)
    if y.min() < min(y[0], y[-1]) - some:
        seen += f", lowest {y.min():.3g}"
    if y.max() > max(y[0], y[-1]) + some:
        seen += f", highest {y.max():.3g}"
    return f" ({seen})"


def _bundle(
    figure: Figure, include: object = None, exclude: object = None
) -> tuple[dict, dict]:
    """Give Jupyter a picture with its text alternative.

    JupyterLab shows an `image/png` without the alternative in its metadata.
    So where somebody watches, the picture is in a tag that has it as well.
    """
    data = {"text/plain": repr(figure)}
    png = print_figure(figure, fmt="png", bbox_inches=None, base64=True)
    if png is None:  # nothing in it
        return data, {}
    alt = alternative(figure)
    data["image/png"] = png
    if os.environ.get("COURSE_HEADLESS") != "1":
        data["text/html"] = (
            f'<img src="data:image/png;base64,{png}" alt="{html.escape(alt)}">'
        )
    return data, {"image/png": {"alt": alt}}


def _set_up() -> None:
    """Style the figures of this session and give them text alternatives."""
    style.apply()
    shell = get_ipython()
    if shell is not None:
        # Loading the backend makes Jupyter register its own way of showing
        # figures, which has no text alternative: let it, then take it away.
        plt.switch_backend(plt.get_backend())
        show = shell.display_formatter
        show.formatters["image/png"].pop(Figure, None)
        show.mimebundle_formatter.for_type(Figure, _bundle)


_set_up()
