"""The explorers of lecture 02, gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from course_utils import style
from course_utils.explorers.explorer import Explorer, exact
from course_utils.live import LiveFigure
from course_utils.toy import SURFACES, Surface

import ipywidgets as widgets
import numpy as np
from matplotlib.collections import LineCollection

FLOOR, CEILING = 1e-8, 1e4  # what the logarithmic axes show


def learning_rate(
    loss: Callable,
    slope: Callable,
    start: float = 5.0,
    rate: float = 0.2,
    steps: int = 40,
) -> Explorer:
    """Explore how the learning rate decides where gradient descent goes.

    Args:
        loss: Takes a number or an array of weights, returns the loss.
        slope: The derivative of `loss`, which is a parabola.
        start: First weight; not the minimum.
        rate: Learning rate to begin with.
        steps: How many steps to take.

    Returns:
        An explorer with one control, `rate`, which takes any number.

    Raises:
        ValueError: `start` or `rate` is not finite, or the loss is no
            parabola that opens upwards: only there one factor says it all.
    """
    _finite(start=start, rate=rate)
    lowest, curvature = _parabola(slope, start)
    reach = 1.35 * abs(start - lowest)
    live = LiveFigure()
    left, right = live.figure.subplots(1, 2)
    ground = np.linspace(lowest - reach, lowest + reach, 200)
    left.plot(ground, loss(ground), color=style.LOSS)
    left.plot([lowest], [loss(lowest)], "*", color=style.MINIMUM, ms=12)
    left.set(title="Where you walk", xlabel="weight w", ylabel="loss")
    left.set_xlim(ground[0], ground[-1])
    left.set_ylim(bottom=loss(lowest) - 0.05 * np.ptp(loss(ground)))
    right.set(title="How fast you arrive", xlabel="step")
    right.set(ylabel="loss above the minimum", yscale="log")
    right.set(xlim=(0, steps), ylim=(FLOOR, CEILING))
    (walk,) = left.plot([], [], "o-", color=style.PATH, ms=4, lw=1)
    (first,) = left.plot([], [], "o", color=style.START, ms=7)
    (fall,) = right.plot([], [], "o-", color=style.PATH, ms=3, lw=1)
    live.moving(walk, first, fall)

    def update(rate: float) -> str:
        path = _walk(slope, start, rate, steps)
        with np.errstate(all="ignore"):
            height = loss(path)
        near = _drawable(path)
        gap = np.maximum(height[:near] - loss(lowest), FLOOR / 2)
        walk.set_data(path[:near], height[:near])
        first.set_data(path[:1], height[:1])
        fall.set_data(np.arange(near), gap)
        factor = 1 - rate * curvature
        words = (
            f"rate {rate:.6g} {regime(factor)}. "
            f"A step multiplies the distance by {factor:z.3f}."
        )
        if abs(factor) < 1:
            return f"{words} After {steps} steps: w = {path[-1]:z.4f}."
        return words + _gone(~(np.abs(path - lowest) <= reach))

    slider = widgets.FloatSlider(
        value=rate,
        min=0.0,
        max=1.2,
        step=0.01,
        description="learning rate",
    )
    box = exact(slider)
    box.value = rate
    return Explorer(
        "learning rate", {"rate": box}, live, update, {"rate": slider}
    )


def regime(factor: float) -> str:
    """Name what gradient descent does on a parabola.

    Args:
        factor: What one step multiplies the distance to the minimum by:
            1 − learning rate · curvature.

    Returns:
        A verb with a word of explanation.
    """
    if np.isnan(factor):
        return "gives no number at all"
    if abs(factor) < 1e-9:
        return "is the best: it lands at once"
    if abs(factor - 1) < 1e-12:
        return "stands still"
    if abs(factor + 1) < 1e-12:
        return "swings from side to side for ever"
    if factor > 1:
        return "climbs: the sign is wrong"
    if factor < -1:
        return "diverges"
    if factor > 0.9:
        return "crawls"
    if factor < -0.9:
        return "bounces from side to side"
    return "converges" if factor > 0 else "oscillates and converges"


def schedules(
    choices: Mapping[str, Callable[[int, float], float]],
    slope: Callable,
    start: float = 5.0,
    noise: float = 1.0,
    steps: int = 40,
) -> Explorer:
    """Explore learning rates that change while training goes on.

    The slope that each step sees is disturbed by random numbers, as it is
    when it is computed on a mini-batch.

    Args:
        choices: Functions `(step, initial rate) -> rate` by name.
        slope: Derivative of the loss.
        start: First weight.
        noise: Standard deviation of the disturbance to begin with, 0 to 4.
        steps: How many steps to take.

    Returns:
        An explorer with the controls `schedule`, `rate` and `noise`.
    """
    _finite(start=start, noise=noise)
    lowest, _ = _parabola(slope, start)
    disturbances = np.random.default_rng(0).normal(size=(50, steps)).T
    times = np.arange(steps)
    live = LiveFigure()
    left, right = live.figure.subplots(1, 2)
    left.set(title="The schedule", xlabel="step", ylabel="learning rate")
    left.set(xlim=(0, steps - 1), ylim=(0, 1.05))
    right.set(title="50 walks and their median", xlabel="step")
    right.set(ylabel="distance to the minimum", yscale="log")
    right.set(xlim=(0, steps), ylim=(1e-4, 20))
    (curve,) = left.plot([], [], "o-", color=style.PATH, ms=3)
    walks = LineCollection([], colors=style.FAINT, linewidths=0.7)
    right.add_collection(walks)
    (median,) = right.plot([], [], color=style.PATH)
    live.moving(curve, walks, median)

    def update(schedule: str, rate: float, noise: float) -> str:
        rates = np.array([choices[schedule](t, rate) for t in times], float)
        w = np.full(50, start)
        distance = [np.abs(w - lowest)]
        with np.errstate(all="ignore"):
            for step_rate, disturbance in zip(rates, disturbances, strict=True):
                w = w - step_rate * (slope(w) + noise * disturbance)
                distance.append(np.abs(w - lowest))
        shown = np.clip(np.nan_to_num(distance, nan=1e3), 1e-5, 1e3)
        curve.set_data(times, np.clip(np.nan_to_num(rates), -1, 2))
        ticks = np.arange(steps + 1)
        walks.set_segments([np.stack([ticks, d], 1) for d in shown.T])
        median.set_data(ticks, np.median(shown, axis=1))
        words = (
            f"{schedule}: the rate goes from {rates[0]:.3f} to "
            f"{rates[-1]:.3f}; the median of 50 walks "
        )
        end = np.median(distance[-1])
        if not end <= abs(start - lowest):  # NaN is not
            return words + "diverges."
        return words + f"ends {end:.3g} from the minimum."

    controls = {
        "schedule": widgets.Dropdown(options=list(choices)),
        "rate": widgets.FloatSlider(
            value=0.2,
            min=0.01,
            max=1.0,
            step=0.01,
            description="initial rate",
        ),
        "noise": widgets.FloatSlider(value=noise, min=0.0, max=4.0, step=0.1),
    }
    for name in ("schedule", "noise"):
        controls[name].description = name
    return Explorer("learning-rate schedules", controls, live, update)


def surface(
    descend: Callable,
    surfaces: Mapping[str, Surface] = SURFACES,
    rate: float = 0.1,
    steps: int = 60,
) -> Explorer:
    """Explore where gradient descent ends on surfaces of two parameters.

    Click into the picture, or use the sliders, to choose where it starts.

    Args:
        descend: Takes a gradient function of one array, a start of shape
            `(2,)`, a learning rate and a number of steps, and returns the
            path, shape `(steps + 1, 2)`.
        surfaces: What can be chosen, by name.
        rate: Learning rate to begin with.
        steps: How many steps to take.

    Returns:
        An explorer with the controls `surface`, `rate`, `u` and `v`.
    """
    _finite(rate=rate)
    live = LiveFigure(6.8, 3.8)
    left, right = live.figure.subplots(1, 2, width_ratios=(1.25, 1))
    (walk,) = left.plot([], [], "o-", color=style.PATH, ms=3, lw=1, zorder=5)
    (first,) = left.plot([], [], "o", color=style.START, ms=8, zorder=6)
    (fall,) = right.plot([], [], color=style.PATH)
    right.set(title="Loss above the deepest point", xlabel="step")
    right.set(xlim=(0, steps), ylim=(1e-6, 1e3), yscale="log")
    live.moving(walk, first, fall)
    drawn: list = []

    def draw_ground(name: str) -> None:
        here = surfaces[name]
        while drawn:
            drawn.pop().remove()
        axis = np.linspace(-here.limits, here.limits, 120)
        heights = here.loss(*np.meshgrid(axis, axis))
        drawn.append(left.contourf(axis, axis, heights, 24, cmap=style.SURFACE))
        for point in here.minima:
            deepest = here.loss(*point) < here.loss(*here.minima[0]) + 1e-6
            look = "*" if deepest else "x"
            drawn.extend(left.plot(*point, look, color=style.MINIMUM, ms=11))
        left.set(title=f"The {name} from above", xlabel="u", ylabel="v")
        left.set(xlim=axis[[0, -1]], ylim=axis[[0, -1]], aspect="equal")
        live.still_changed()

    shown = ""

    def update(surface: str, rate: float, u: float, v: float) -> str:
        nonlocal shown
        if surface != shown:
            draw_ground(surface)
            shown = surface
        here = surfaces[surface]
        with np.errstate(all="ignore"):
            path = np.asarray(
                descend(here.slope, np.array([u, v]), rate, steps)
            )
            height = here.loss(*path.T)
        near = _drawable(path)
        walk.set_data(*path[:near].T)
        first.set_data(*path[:1].T)
        gap = height[:near] - here.loss(*here.minima[0])
        fall.set_data(np.arange(near), np.maximum(gap, 1e-9))
        return _ending(here, path)

    example = surfaces[next(iter(surfaces))]
    slider = widgets.FloatLogSlider(
        value=rate, min=-3, max=0, step=0.02, description="learning rate"
    )
    box = exact(slider)
    box.value = rate
    controls = {
        "surface": widgets.Dropdown(
            options=list(surfaces), description="surface"
        ),
        "rate": box,
        "u": _start_slider("start u", example.start[0]),
        "v": _start_slider("start v", example.start[1]),
    }
    explorer = Explorer("surface", controls, live, update, {"rate": slider})

    def choose(change: dict) -> None:
        u, v = surfaces[change["new"]].start
        explorer.set(u=u, v=v)

    def click(axes: object, u: float, v: float) -> None:
        if axes is left:
            explorer.set(u=round(u, 2), v=round(v, 2))

    controls["surface"].observe(choose, "value")
    live.on_click(click)
    return explorer


def _start_slider(description: str, value: float) -> widgets.FloatSlider:
    return widgets.FloatSlider(
        value=value, min=-3.0, max=3.0, step=0.05, description=description
    )


def _ending(here: Surface, path: np.ndarray) -> str:
    """Say where a path of shape (steps + 1, 2) ends, and on what."""
    end = path[-1]
    outside = ~(np.abs(path) <= here.limits).all(axis=1)
    if not np.isfinite(end).all() or outside[-1]:
        return "It diverges." + _gone(outside)
    loss = float(here.loss(*end))
    steepness = float(np.hypot(*here.gradient(*end)))
    words = f"After {len(path) - 1} steps at ({end[0]:z.2f}, {end[1]:z.2f})"
    words += f", loss {loss:z.3f}: "
    distances = np.linalg.norm(np.array(here.minima) - end, axis=1)
    deeper = loss - float(here.loss(*here.minima[0])) > 0.01
    last = np.diff(path[-3:], axis=0)
    if distances.min() < 0.05 and deeper:
        return words + "a local minimum, but a deeper one exists."
    if distances.min() < 0.05:
        return words + "the minimum."
    if steepness < 0.001:
        return words + "stuck, the slope is zero though this is no minimum."
    if len(last) == 2 and last[0] @ last[1] < 0:
        return words + "jumping to and fro, the rate is too large here."
    if steepness < 0.05:
        return words + f"it hardly moves, the slope is only {steepness:.3f}."
    return words + f"still on the way, slope {steepness:.2f}."


def _gone(outside: np.ndarray) -> str:
    """Say when a path leaves the picture for the last time, if it does."""
    if not outside[-1]:
        return " It never arrives."
    last_inside = np.flatnonzero(~outside)[-1] if (~outside).any() else -1
    return f" It leaves the picture at step {last_inside + 1}."


def _drawable(path: np.ndarray) -> int:
    """Count the leading points of a path that are near enough to draw."""
    near = np.abs(path.reshape(len(path), -1)) < 1e6  # NaN is not near
    far = np.flatnonzero(~near.all(axis=1))
    return int(far[0]) if far.size else len(path)


def _walk(slope: Callable, start: float, rate: float, steps: int) -> np.ndarray:
    # A NumPy number overflows to infinity where a Python one would raise.
    w = np.float64(start)
    path = [w]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            w = w - rate * slope(w)
            path.append(w)
    return np.array(path, float)


def _parabola(slope: Callable, start: float) -> tuple[float, float]:
    """Return minimum and curvature of the parabola with this slope."""
    left, here, right = (slope(np.float64(start + d)) for d in (-1, 0, 1))
    if here == 0:
        raise ValueError(
            f"The slope at the start {start} is zero, so no step would move. "
            "Start somewhere else."
        )
    curvature = (right - left) / 2
    if not np.isclose(left + right, 2 * here) or not curvature > 0:
        raise ValueError(
            "This explorer needs the slope of a parabola that opens upwards, "
            "such as 2 * (w + 1): only there does each step multiply the "
            "distance by the same factor. Other losses are in "
            "explorers.surface."
        )
    return float(start - here / curvature), float(curvature)


def _finite(**values: float) -> None:
    for name, value in values.items():
        if not np.isfinite(value):
            raise ValueError(
                f"{name} is {value}, expected a finite number such as 0.2."
            )
