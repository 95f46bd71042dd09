"""Static drawing: data in, axes out.

A figure that a notebook shows carries a text alternative. It is the one given
with `describe`, or else it is put together from titles, labels and legends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from course_utils import style
from course_utils.toy import Surface

import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.core.pylabtools import print_figure
from matplotlib.axes import Axes
from matplotlib.figure import Figure


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


def _words(axes: Axes) -> str:
    """Put what is written in and around some axes into a phrase."""
    titles = [axes.get_title(loc=place) for place in ("left", "center")]
    title = next(filter(None, titles), "A plot")
    parts = [title]
    if axes.get_xlabel() and axes.get_ylabel():
        parts.append(f"{axes.get_ylabel()} against {axes.get_xlabel()}")
    names = [name for name in axes.get_legend_handles_labels()[1] if name]
    if names:
        parts.append("showing " + ", ".join(names))
    return ", ".join(parts)


def _png_with_alternative(figure: Figure) -> tuple[bytes, dict]:
    return print_figure(figure, fmt="png", bbox_inches=None), {
        "alt": alternative(figure)
    }


def _set_up() -> None:
    """Style the figures of this session and give them text alternatives."""
    style.apply()
    shell = get_ipython()
    if shell is not None:
        # Loading the backend makes Jupyter register its own way of showing
        # figures, which has no text alternative: let it, then replace it.
        plt.switch_backend(plt.get_backend())
        pictures = shell.display_formatter.formatters["image/png"]
        pictures.for_type(Figure, _png_with_alternative)


_set_up()
