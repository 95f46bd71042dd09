"""The explorer of lecture 11 that opens gates of an LSTM cell: gates."""

from __future__ import annotations

import math

from course_utils import style
from course_utils.explorers.explorer import Explorer, exact
from course_utils.live import LiveFigure

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

MOST = 200  # steps, for whose bars there is room
WIDE = 0.64  # of a bar, in steps
SMOOTH = 300  # points of the curve


def gates(steps: int = 20) -> Explorer:
    """Open the gates of a memory cell and see what it keeps.

    At every step a candidate g comes by. The input gate is open at one step
    and closed at all others, so the cell c = f · c + i · g takes in one
    number and keeps what the forget gate f leaves of it. The output gate o
    shows h = o · tanh(c). Click into the picture to choose the step.

    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; the forget
    gate is of Gers, Schmidhuber and Cummins, "Learning to Forget", 2000.

    Args:
        steps: How many steps there are, from 2 to 200.

    Returns:
        An explorer with the controls `forget` (the gate f, with a box that
        takes it exactly), `opens` (the step at which the input gate opens,
        from 1), `input` (how far) and `output` (the gate o).

    Raises:
        ValueError: There are fewer steps, or more.
    """
    whole = isinstance(steps, int | np.integer) and not isinstance(steps, bool)
    if not whole or not 2 <= steps <= MOST:
        raise ValueError(
            f"steps is {steps!r}, expected a whole number from 2 to {MOST}."
        )
    steps = int(steps)
    comes = _candidates(steps)
    live = LiveFigure(7.2, 4.6)
    # By hand, because finding room takes most of the time of a drawing.
    live.figure.set_layout_engine("none")
    upper, middle, lower = live.figure.subplots(
        3,
        1,
        sharex=True,
        gridspec_kw={"left": 0.09, "right": 0.99, "top": 0.94, "hspace": 0.36},
    )
    for axes, title, name in (
        (upper, "What comes by, and what the input gate lets in", "i · g"),
        (middle, "What the cell keeps", "cell c"),
        (lower, "What the output gate shows", "output h"),
    ):
        axes.set_title(title, fontsize=11)
        axes.set_ylabel(name)
        axes.set(ylim=(-1.15, 1.15), yticks=(-1, 0, 1))
        axes.set_xlim(0.4, steps + 0.6)
        axes.grid(visible=False, axis="x")
        axes.axhline(0, color=style.GREY, lw=0.8)
    ticks = np.unique(np.linspace(1, steps, min(steps, 20)).round())
    if steps > 20:
        ticks = np.append(1, np.arange(steps // 10, steps + 1, steps // 10))
    lower.set(xlabel="step", xticks=ticks)
    passing = _bars(upper, style.FAINT, "candidate g")
    passing.set(edgecolor=style.GREY, linewidth=0.5)
    passing.set_verts(_verts(comes))
    moving = (
        _bars(upper, style.START, "let in"),
        _bars(middle, style.BLUE),
        _bars(lower, style.MODEL),
    )
    (curve,) = middle.plot(
        [], [], color=style.INK, lw=1.2, label="$f^{\\,k}$ of it"
    )
    (half,) = middle.plot(
        [], [], "D", color=style.ORANGE, ms=8, label="half is left"
    )
    half.set(markeredgecolor=style.INK, zorder=5)
    for axes in (upper, middle):
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0.62, 0.96),
            ncols=2,
            borderaxespad=0,
        )
    live.moving(*moving, curve, half)

    def update(forget: float, opens: int, input: float, output: float) -> str:
        if not 0 <= forget <= 1:  # NaN is not, either
            for artist in (*moving, curve, half):
                artist.set_visible(False)
            return (
                f"No picture: the forget gate is {_number(forget)}. A gate "
                "is a sigmoid: type a number from 0 to 1, such as 0.99."
            )
        for artist in (*moving, curve, half):
            artist.set_visible(True)
        lets = np.zeros(steps)
        lets[opens - 1] = input * comes[opens - 1]
        cell = _cell(lets, forget)
        shows = output * np.tanh(cell)
        for bars, values in zip(moving, (lets, cell, shows), strict=True):
            bars.set_verts(_verts(values))
        x = np.linspace(opens, steps, SMOOTH)
        curve.set_data(x, lets[opens - 1] * forget ** (x - opens))
        life = _half_life(forget)
        at = opens + life
        inside = life > 0 and at <= steps and input > 0
        half.set_data(
            [at] if inside else [], [lets[opens - 1] / 2] if inside else []
        )
        return _said(steps - opens, forget, life, lets[opens - 1]) + (
            f" At step {steps} the cell holds {_number(cell[-1])} and "
            f"the output shows {_number(shows[-1])}."
        )

    controls = {
        "forget": widgets.FloatSlider(
            value=0.9, max=1, step=0.01, description="forget gate f"
        ),
        "opens": widgets.IntSlider(
            value=min(3, steps),
            min=1,
            max=steps,
            description="input gate opens at step",
        ),
        "input": widgets.FloatSlider(
            value=1.0, max=1, step=0.05, description="how far, i"
        ),
        "output": widgets.FloatSlider(
            value=1.0, max=1, step=0.05, description="output gate o"
        ),
    }
    slider = controls["forget"]
    controls["forget"] = exact(slider)
    explorer = Explorer(
        "gates", controls, live, update, sliders={"forget": slider}
    )

    def click(axes: Axes, x: float, y: float) -> None:
        controls["opens"].value = min(max(round(x), 1), steps)

    live.on_click(click)
    return explorer


def _candidates(steps: int) -> np.ndarray:
    """Return candidates, some of each sign, none too small to be seen."""
    rng = np.random.default_rng(11)
    size = rng.uniform(0.4, 0.95, MOST)
    sign = rng.choice([-1, 1], MOST)
    found = (size * sign).round(1)
    found[2] = 0.8  # taken in at first
    return found[:steps]


def _cell(lets: np.ndarray, forget: float) -> np.ndarray:
    """Return what the cell holds after every step, shape `(steps,)`."""
    c, found = 0.0, []
    for let in lets:
        c = forget * c + let
        found.append(c)
    return np.array(found)


def _half_life(forget: float) -> float:
    """Return after how many steps half is left: 0 for none, inf for never."""
    if forget in (0, 1):
        return math.inf if forget else 0.0
    return math.log(0.5) / math.log(forget)


def _said(after: int, forget: float, life: float, let: float) -> str:
    """Say how much the cell keeps so many steps after the gate opened."""
    if not let:
        return "The input gate stays closed: nothing gets into the cell."
    text = f"The input gate lets in {_number(let)}."
    if life == math.inf:
        return f"{text} With f = 1 all of it is kept, for ever."
    if life == 0:
        return f"{text} With f = 0 nothing is left one step later."
    often = _number(life) if life < 1000 else f"{life:,.0f}"
    lasts = f"half-life {often} step{'s' * (often != '1')}"
    if not after:
        return f"{text} {_share(forget)} is kept at every step; {lasts}."
    power = f" {forget}^{after} =" if after > 1 else ""
    return (
        f"{text} {after} step{'s' * (after > 1)} later{power} "
        f"{_share(forget**after)} is kept, and as much of the gradient comes "
        f"back; {lasts}."
    )


def _share(value: float) -> str:
    """Say a share in percent; none is 0 % or 100 %."""
    if value < 0.0001:
        return "less than 0.01 %"
    if value > 0.9999:
        return "more than 99.99 %"
    return f"{100 * value:.3g} %"


def _number(value: float) -> str:
    """Write a number with a real minus, and without powers of ten."""
    if 0 < abs(value) < 0.0005:
        return "almost 0"
    return f"{value + 0:.3g}".replace("-", "−")


def _bars(axes: Axes, colour: str, label: str | None = None) -> PolyCollection:
    bars = PolyCollection([], facecolor=colour, label=label, zorder=2)
    axes.add_collection(bars, autolim=False)
    return bars


def _verts(values: np.ndarray) -> np.ndarray:
    """Return the corners of bars at the steps 1, 2, …, from 0."""
    corners = np.zeros((len(values), 4, 2))
    left = np.arange(1, len(values) + 1) - WIDE / 2
    corners[:, :2, 0], corners[:, 2:, 0] = left[:, None], left[:, None] + WIDE
    corners[:, 1:3, 1] = values[:, None]
    return corners
