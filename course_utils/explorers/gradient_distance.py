"""The explorer of lecture 10 that looks back: gradient distance."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from course_utils import style
from course_utils.explorers.explorer import Explorer, exact
from course_utils.live import LiveFigure

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes

RADII = (0.5, 0.8, 1.0, 1.2, 1.5)  # drawn in grey, to compare with
SMALL, LARGE = 0.01, 10  # a gradient beyond them is of little use
LOWEST, HIGHEST = 1e-12, 1e9  # what the picture shows at most


def gradient_distance(
    norms: Callable[[float, int], np.ndarray], steps: int = 40
) -> Explorer:
    """See how the gradient shrinks or grows on its way back through time.

    The red line is the gradient for the chosen spectral radius of the
    recurrent weights, the dashed one what multiplying by the radius at every
    step would leave. A triangle at an edge stands for what is beyond it, such
    as 0 or infinity.

    Args:
        norms: Takes a spectral radius and how many steps to go back, and
            returns the norm of the gradient of the last memory with respect
            to the memory 1, 2, …, `steps` steps before, shape `(steps,)`.
        steps: How far to look back, at least 2.

    Returns:
        An explorer with one control, `radius`, which takes any number from 0
        on.

    Raises:
        ValueError: `steps` is less than 2, or `norms` returns another shape
            or a negative number.
    """
    if steps < 2:
        raise ValueError(f"steps is {steps}, expected at least 2.")

    @lru_cache(maxsize=256)
    def found(radius: float) -> np.ndarray:
        return _checked(norms, radius, steps)

    back = np.arange(1, steps + 1)
    live = LiveFigure(7.2, 3.8)
    axes = live.figure.subplots()
    others = {radius: found(radius) for radius in RADII}
    low, high = _range(np.concatenate(list(others.values())))
    _background(axes, back, others, low, high)
    (power,) = axes.plot([], [], "--", color=style.INK, lw=1)
    (line,) = axes.plot([], [], "o-", color=style.PATH, ms=4)
    (above,) = axes.plot([], [], "^", color=style.PATH, ms=8, clip_on=False)
    (below,) = axes.plot([], [], "v", color=style.PATH, ms=8, clip_on=False)
    axes.legend(
        [line, power],
        ["this radius", "radius to the power d"],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        borderaxespad=0,
        ncols=2,
    )
    moving = [power, line, above, below]
    live.moving(*moving)

    def update(radius: float) -> str:
        there = 0 <= radius < math.inf
        for artist in moving:
            artist.set_visible(there)
        if not there:
            return (
                f"There is no spectral radius {_number(radius)}. Type a "
                "number from 0 on, such as 0.9."
            )
        lengths = found(radius)
        with np.errstate(all="ignore"):
            linear = radius**back
        # What is beyond goes on, out of the picture; NaN is a gap.
        power.set_data(back, np.clip(linear, low / 100, high * 100))
        line.set_data(back, np.clip(lengths, low / 100, high * 100))
        for artist, beyond, edge in (
            (above, lengths > high, high),
            (below, lengths < low, low),
        ):
            artist.set_data(back[beyond], np.full(beyond.sum(), edge))
        return _said(radius, lengths)

    slider = widgets.FloatSlider(
        value=0.9, min=0.5, max=1.5, step=0.01, description="spectral radius"
    )
    return Explorer(
        "gradient distance",
        {"radius": exact(slider)},
        live,
        update,
        {"radius": slider},
    )


def _checked(norms: Callable, radius: float, steps: int) -> np.ndarray:
    """Return the norms for a radius, shape `(steps,)`."""
    with np.errstate(all="ignore"):  # the readout says what came of it
        lengths = np.array(norms(radius, steps), float)
    if lengths.shape != (steps,):
        raise ValueError(
            f"norms returned the shape {lengths.shape}, expected {(steps,)}: "
            f"a length for 1 to {steps} steps back."
        )
    if (lengths < 0).any():
        raise ValueError(
            f"norms returned {lengths.min():.3g}, but no length is negative."
        )
    return lengths


def _range(lengths: np.ndarray) -> tuple[float, float]:
    """Return the ends of an axis, powers of ten around 1."""
    some = lengths[np.isfinite(lengths) & (lengths > 0)]
    low = np.clip(some.min(initial=SMALL / 100), LOWEST, None)
    high = np.clip(some.max(initial=LARGE * 100), None, HIGHEST)
    return (
        10.0 ** math.floor(math.log10(low)),
        10.0 ** math.ceil(math.log10(high)),
    )


def _background(
    axes: Axes,
    back: np.ndarray,
    others: dict[float, np.ndarray],
    low: float,
    high: float,
) -> None:
    """Draw what never moves: two regions, and the lines to compare with."""
    axes.set(yscale="log", xlim=(0.5, back[-1] + 0.5), ylim=(low, high))
    axes.set(xlabel="steps back, d", ylabel="norm of the gradient")
    axes.set_title("In grey: other spectral radii")
    axes.axhspan(LARGE, high, color=style.ORANGE, alpha=0.12, lw=0)
    axes.axhspan(low, SMALL, color=style.BLUE, alpha=0.08, lw=0)
    axes.axhline(1, color=style.INK, lw=0.8)
    for y, words, va in (
        (0.96, "explodes", "top"),
        (0.04, "vanishes", "bottom"),
    ):
        axes.text(0.02, y, words, transform=axes.transAxes, va=va, fontsize=12)
    ends = []
    for lengths in others.values():
        shown = np.clip(lengths, low / 100, high * 100)
        axes.plot(back, shown, color=style.GREY, lw=1, alpha=0.7)
        last = shown[np.isfinite(shown)][-1:]
        ends.append(float(np.clip(last[0], low, high)) if len(last) else None)
    # From the lowest on, each label at least its own height above the last.
    place = -math.inf
    for end, radius in sorted(
        (e, r) for e, r in zip(ends, others, strict=True) if e is not None
    ):
        share = math.log(end / low) / math.log(high / low)
        place = max(share, place + 0.06)
        axes.text(
            *(1.01, place, f"{radius:g}"),
            transform=axes.transAxes,
            color=style.GREY,
            va="center",
        )


def _said(radius: float, lengths: np.ndarray) -> str:
    """Say how long the gradient is near and far, and what a step does."""
    steps = len(lengths)
    near = [n for n in (1, 10) if n < steps]
    far = ", ".join(f"{n} back {_number(lengths[n - 1])}" for n in near)
    text = f"Radius {_number(radius)}: norm {far}, "
    text += f"{steps} back {_number(lengths[-1])}. "
    missing = np.isnan(lengths).sum()
    if missing:
        return f"{text}Not a number at {missing} of {steps} distances."
    for value, word in ((0, "exactly 0"), (math.inf, "infinite")):
        if (lengths == value).any():
            first = int((lengths == value).argmax()) + 1
            text += f"It is {word} at d = {first}. "
    usable = np.isfinite(lengths) & (lengths > 0)
    last = int(usable.argmin()) - 1 if not usable.all() else steps - 1
    if last > 0:
        fall = math.log(lengths[last]) - math.log(lengths[0])
        factor = math.exp(fall / last)
        text += f"A step multiplies it by {factor:.3f} on average"
        times = abs(math.log(2) * last / fall) if fall else math.inf
        if 0.95 < times < 1000:
            word = "halves" if factor < 1 else "doubles"
            text += f": it {word} every {times:.1f} steps"
        text += ". "
    if lengths[-1] < SMALL:
        return f"{text}It vanishes."
    if lengths[-1] > LARGE:
        return f"{text}It explodes."
    return f"{text}It arrives."


def _number(value: float) -> str:
    return f"{value + 0:.3g}".replace("-", "−")
