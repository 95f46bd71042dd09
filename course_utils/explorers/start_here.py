"""The explorer of lecture 00."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from course_utils import style
from course_utils.explorers.explorer import Explorer
from course_utils.live import LiveFigure
from course_utils.toy import DATA, Data

import ipywidgets as widgets
import numpy as np
from matplotlib.collections import LineCollection


def line_fit(data: Mapping[str, Callable[[], Data]] = DATA) -> Explorer:
    """Fit a straight line to points by hand.

    Args:
        data: Functions by name that return x and y, both of shape
            `(samples,)`, with values between 0 and 1.

    Returns:
        An explorer with the controls `points`, `w` and `b`.
    """
    live = LiveFigure(6.0, 3.4)
    ax = live.figure.subplots()
    ax.set(xlabel="x", ylabel="y", xlim=(-0.02, 1.02), ylim=(0.2, 0.6))
    (dots,) = ax.plot([], [], "o", color=style.DATA, label="data")
    misses = LineCollection([], colors=style.GREY, label="misses")
    ax.add_collection(misses)
    (model,) = ax.plot([], [], color=style.MODEL, label="w · x + b")
    ax.legend(loc="upper left", ncols=3)
    live.moving(dots, misses, model)

    def update(points: str, w: float, b: float) -> str:
        x, y = data[points]()
        predicted = w * x + b
        dots.set_data(x, y)
        misses.set_segments(
            np.stack([np.c_[x, y], np.c_[x, predicted]], axis=1)
        )
        model.set_data([0, 1], [b, w + b])
        best = np.mean((np.polyval(np.polyfit(x, y, 1), x) - y) ** 2)
        error = np.mean((predicted - y) ** 2)
        return (
            f"w = {w:.2f}, b = {b:.2f}: mean squared error "
            f"{1000 * error:.2f} thousandths; the best straight line has "
            f"{1000 * best:.2f}."
        )

    controls = {
        "points": widgets.Dropdown(options=list(data), description="points"),
        "w": widgets.FloatSlider(
            value=-0.2, min=-0.5, max=0.5, step=0.01, description="slope w"
        ),
        "b": widgets.FloatSlider(
            value=0.45, min=0.0, max=0.6, step=0.01, description="height b"
        ),
    }
    return Explorer("fit a line by hand", controls, live, update)
