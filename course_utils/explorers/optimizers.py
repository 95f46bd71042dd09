"""The explorers of lecture 05, optimizers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from course_utils import scratch, style, toy
from course_utils.explorers.explorer import Explorer
from course_utils.live import LiveFigure
from course_utils.toy import RACES, Surface

import ipywidgets as widgets
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

FLOOR = 1e-8  # the bottom of the logarithmic axis of the race

# What the sliders offer: 61 round numbers from 0.0001 to 100.
RATES = [
    float(f"{digit}e{power}")
    for power in range(-4, 2)
    for digit in (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
] + [100.0]

# The rates at which the optimizers of `scratch` do well from the usual start:
# of those in RATES up to 3 (Adadelta: 100) the one that stays within 0.001 of
# the lowest loss soonest or, where none does, is lowest after 200 steps.
TUNED = {
    "ravine": {
        "sgd": 0.07,
        "momentum": 0.007,
        "nesterov": 0.05,
        "adagrad": 2.0,
        "adadelta": 60.0,
        "rmsprop": 0.015,
        "adam": 0.2,
        "adamw": 0.09,
    },
    "saddle": {
        "sgd": 0.4,
        "momentum": 0.08,
        "nesterov": 0.2,
        "adagrad": 1.0,
        "adadelta": 20.0,
        "rmsprop": 0.02,
        "adam": 1.0,
        "adamw": 0.7,
    },
    "Beale": {
        "sgd": 0.03,
        "momentum": 0.003,
        "nesterov": 0.004,
        "adagrad": 2.0,
        "adadelta": 80.0,
        "rmsprop": 0.7,
        "adam": 0.5,
        "adamw": 0.4,
    },
    "plateau": {
        "sgd": 1.0,
        "momentum": 0.7,
        "nesterov": 0.8,
        "adagrad": 0.7,
        "adadelta": 40.0,
        "rmsprop": 0.05,
        "adam": 0.6,
        "adamw": 0.9,
    },
    "many valleys": {
        "sgd": 0.1,
        "momentum": 0.4,
        "nesterov": 0.1,
        "adagrad": 2.0,
        "adadelta": 20.0,
        "rmsprop": 0.5,
        "adam": 3.0,
        "adamw": 3.0,
    },
}

# What Keras begins with if nobody says anything else; 0.001 for the others.
KERAS = {"sgd": 0.01, "momentum": 0.01, "nesterov": 0.01}

# How each marker of a racer looks in a line of text.
GLYPHS = dict(zip("osD^vP*X", "●■◆▲▼✚★✖", strict=True))


def race(
    rules: Mapping[str, Callable],
    surfaces: Mapping[str, Surface] = RACES,
    steps: int = 200,
) -> Explorer:
    """Let optimizers race on a surface and watch them step by step.

    Click into the left picture, or use the sliders, to choose the start.

    Args:
        rules: One to eight optimizers by name, each of the form of
            `scratch.sgd`: `rule(w, g, state, rate)` returns the new weights,
            shape `(2,)`.
        surfaces: What can be chosen, by name.
        steps: How long a race is.

    Returns:
        An explorer with the controls `surface`, `u`, `v`, `step`, and for
        each racer its name (does it take part?) and its name with `_rate`.

    Raises:
        ValueError: There are no rules, or more than eight.
    """
    if not 1 <= len(rules) <= len(style.RACERS):
        raise ValueError(
            f"{len(rules)} rules were given, expected 1 to "
            f"{len(style.RACERS)}: so many can be told apart."
        )
    live = LiveFigure(7.2, 3.9)
    left, right = live.figure.subplots(1, 2, width_ratios=(1.05, 1))
    walks, falls = {}, {}
    for name, look in zip(rules, style.RACERS, strict=False):
        walks[name] = _racer(left, name, look)
        falls[name] = _racer(right, name, look)
    (first,) = left.plot([], [], "o", color=style.START, ms=5, zorder=4)
    now = right.axvline(0, color=style.GREY, lw=1)
    right.set(title="Loss above the minimum", xlabel="step", yscale="log")
    right.set_xlim(0, steps)
    live.figure.legend(
        handles=list(walks.values()),
        loc="outside lower center",
        ncols=len(rules),
        columnspacing=1.0,
        handletextpad=0.4,
        fontsize=8,
    )
    live.moving(first, now, *walks.values(), *falls.values())
    drawn: list = []
    paths: dict[str, tuple] = {}
    shown = ""

    def update(
        surface: str, u: float, v: float, step: int, **racers: float
    ) -> str:
        nonlocal shown
        here = surfaces[surface]
        if surface != shown:
            while drawn:
                drawn.pop().remove()
            drawn.extend(_draw_ground(here, surface, left, right))
            live.still_changed()
            shown = surface
        first.set_data([u], [v])
        now.set_xdata([step, step])
        gaps = {}
        for name, rule in rules.items():
            for line in (walks[name], falls[name]):
                line.set_visible(racers[name])
            if not racers[name]:
                continue
            # A frame only draws: a path is computed when its racer changed.
            key = (surface, u, v, racers[f"{name}_rate"])
            if name not in paths or paths[name][0] != key:
                paths[name] = (key, *_run(name, rule, here, *key[1:], steps))
            _, path, gap = paths[name]
            gaps[name] = gap[: step + 1]
            end = len(gaps[name])
            walks[name].set_data(*path[:end].T)
            falls[name].set_data(np.arange(end), np.maximum(gap[:end], FLOOR))
        return _standings(step, gaps)

    example = next(iter(surfaces))
    reach = max(here.limits for here in surfaces.values())
    controls = {
        "surface": widgets.Dropdown(
            options=list(surfaces), description="surface"
        ),
        "u": _start_slider("start u", surfaces[example].start[0], reach),
        "v": _start_slider("start v", surfaces[example].start[1], reach),
        "step": widgets.IntSlider(
            value=min(30, steps), max=steps, description="step"
        ),
    }
    for name, rule in rules.items():
        controls[name] = widgets.Checkbox(
            value=True, description=name, indent=False
        )
        controls[f"{name}_rate"] = _rate_slider("rate", _tuned(example, rule))
        controls[f"{name}_rate"].tooltip = f"learning rate of {name}"
    presets = {
        "tuned here": lambda rule: _tuned(controls["surface"].value, rule),
        "all 0.01": lambda rule: 0.01,
        "all 0.1": lambda rule: 0.1,
        "as in Keras": lambda rule: KERAS.get(_name(rule), 0.001),
    }
    buttons = [widgets.Button(description=name) for name in presets]
    explorer = Explorer(
        "race", controls, live, update, panel=_panel(controls, buttons)
    )

    def choose(change: dict) -> None:
        u, v = surfaces[change["new"]].start
        explorer.set(u=u, v=v)

    def click(axes: Axes, u: float, v: float) -> None:
        if axes is left:
            explorer.set(u=round(u, 2), v=round(v, 2))

    def preset(button: widgets.Button) -> None:
        rate = presets[button.description]
        explorer.set(**{f"{name}_rate": rate(rules[name]) for name in rules})

    controls["surface"].observe(choose, "value")
    live.on_click(click)
    for button in buttons:
        button.on_click(preset)
    return explorer


def _name(rule: Callable) -> str:
    return getattr(rule, "__name__", "")


def _tuned(surface: str, rule: Callable) -> float:
    return TUNED.get(surface, {}).get(_name(rule), 0.01)


def _racer(axes: Axes, name: str, look: tuple[str, str, str]) -> Line2D:
    """Add a line with one marker, at its head."""
    colour, line, marker = look
    (racer,) = axes.plot(
        [0],
        [1],
        linestyle=line,
        linewidth=1.4,
        color=colour,
        marker=marker,
        markersize=10 if marker == "*" else 7,
        markevery=[-1],
        markeredgecolor=style.PAPER,
        markeredgewidth=0.7,
        label=name,
        zorder=5,
    )
    return racer


def _draw_ground(here: Surface, name: str, left: Axes, right: Axes) -> list:
    """Draw a surface from above and fit both axes to it."""
    axis = np.linspace(-here.limits, here.limits, 150)
    lowest = here.loss(*here.minima[0])
    heights = here.loss(*np.meshgrid(axis, axis)) - lowest
    highest = heights.max()
    if highest > 100:  # other levels would all be on the cliffs
        levels = np.geomspace(0.01, highest, 25)
        heights = np.maximum(heights, levels[0])
    else:
        levels = highest * np.linspace(0, 1, 25) ** 2
    # The darkest blues would hide the racers.
    blues = matplotlib.colormaps[style.SURFACE](np.linspace(0, 0.55, 24))
    drawn = [left.contourf(axis, axis, heights, levels, colors=blues)]
    for point in here.minima:
        look = "*" if here.loss(*point) < lowest + 1e-6 else "x"
        drawn += left.plot(*point, look, color=style.MINIMUM, ms=10, zorder=3)
    title = f"{name[:1].upper()}{name[1:]} from above"
    left.set(title=title, xlabel="u", ylabel="v")
    left.set(xlim=axis[[0, -1]], ylim=axis[[0, -1]], aspect="equal")
    right.set_ylim(FLOOR, 10 ** np.ceil(np.log10(2 * highest)))
    return drawn


def _run(
    name: str,
    rule: Callable,
    here: Surface,
    u: float,
    v: float,
    rate: float,
    steps: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return a path and its loss above the minimum, until it overflows."""
    start = np.array([u, v])
    with np.errstate(all="ignore"):
        shape = np.shape(rule(start, here.slope(start), {}, rate))
        if shape != (2,):
            raise ValueError(
                f"{name} returned weights of the shape {shape}, expected "
                "(2,), the shape of the weights that it was given."
            )
        path = scratch.optimise(rule, here.slope, start, rate, steps)
        gap = here.loss(*path.T) - here.loss(*here.minima[0])
    finite = np.isfinite(path).all(axis=1) & np.isfinite(gap)
    end = steps + 1 if finite.all() else int(finite.argmin())
    # Far outside of the picture, but near enough to be drawn.
    return np.clip(path[:end], -1e4, 1e4), gap[:end]


def _standings(step: int, gaps: dict[str, np.ndarray]) -> str:
    """Say who leads, given the losses above the minimum up to this step."""
    if not gaps:
        return "Nobody runs. Tick at least one optimizer."
    running = {n: max(g[-1], FLOOR) for n, g in gaps.items() if len(g) > step}
    order = sorted(running, key=running.get)
    words = f"Step {step}:"
    if step == 0 and order:
        words += f" all start {running[order[0]]:.2g} above the minimum."
    elif order:
        front = [n for n in order if running[n] <= 1.01 * running[order[0]]]
        if len(front) == 1:
            words += f" {front[0]} leads."
        else:
            words += f" {', '.join(front[:-1])} and {front[-1]} are level."
        listed = [f"{n} {_height(running[n])}" for n in order]
        words += f" Above the minimum: {', '.join(listed)}."
    for name in (n for n in gaps if n not in running):
        words += f" {name} overflowed at step {len(gaps[name])}."
    return words


def _height(gap: float) -> str:
    return f"{gap:.2g}" if gap > FLOOR else f"< {FLOOR:.0e}"


def _start_slider(
    description: str, value: float, reach: float
) -> widgets.FloatSlider:
    return widgets.FloatSlider(
        value=value, min=-reach, max=reach, step=0.01, description=description
    )


def _rate_slider(
    description: str, value: float, highest: float = RATES[-1]
) -> widgets.SelectionSlider:
    return widgets.SelectionSlider(
        options=[(f"{rate:g}", rate) for rate in RATES if rate <= highest],
        value=value,
        description=description,
    )


def _panel(
    controls: dict[str, widgets.Widget], buttons: list[widgets.Button]
) -> widgets.VBox:
    """Arrange the controls of the race: surface, time, one row per racer."""
    surface, u, v, step, *racers = controls.values()
    play = widgets.Play(value=step.value, max=step.max, interval=50)
    # In the browser, so that the clock does not wait for the kernel.
    widgets.jslink((play, "value"), (step, "value"))
    step.layout.width = "32em"
    for control in (u, v):
        control.layout.width = "20em"
    rows = []
    for (colour, _, marker), tick, rate in zip(
        style.RACERS, racers[::2], racers[1::2], strict=False
    ):
        mark = widgets.HTML(
            f'<span aria-hidden="true" style="color:{colour}">'
            f"{GLYPHS[marker]}</span>"
        )
        tick.layout.width = "8.5em"
        rate.layout.width = "17em"
        rows.append(widgets.HBox([mark, tick, rate]))
    for control in controls.values():
        control.style.description_width = "initial"
    for button in buttons:
        button.layout.width = "auto"
    half = widgets.Layout(
        grid_auto_flow="column",
        grid_template_rows=f"repeat({(len(rows) + 1) // 2}, auto)",
        grid_gap="0 1.5em",
    )
    wrap = widgets.Layout(flex_flow="row wrap")
    return widgets.VBox(
        [
            widgets.HBox([surface, u, v], layout=wrap),
            widgets.GridBox(rows, layout=half),
            widgets.HBox(
                [widgets.Label("learning rates:"), *buttons], layout=wrap
            ),
            widgets.HBox([play, step], layout=wrap),
        ]
    )


# Range test ----------------------------------------------------------------

LOWEST, HIGHEST = 1e-4, 10.0  # learning rates of the range test
TRAINING = 400  # steps of the training that checks what the test says
SIZES = [2, 16, 16, 2]  # of the network that is trained
BATCH = 32
EVERY = 10  # steps between two looks at all samples
RULES = {
    "sgd": scratch.sgd,
    "momentum": scratch.momentum,
    "rmsprop": scratch.rmsprop,
    "adam": scratch.adam,
}


def range_test(rules: Mapping[str, Callable] = RULES) -> Explorer:
    """Look for a learning rate, and try what was found.

    A small network learns the two moons. The left picture is the range test:
    the learning rate grows with every mini-batch, from 0.0001 to 10. The
    right one is a training of 400 mini-batches at one rate. Click into the
    left picture to try a rate.

    Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.

    Args:
        rules: Optimizers by name, of the form of `scratch.sgd`.

    Returns:
        An explorer with the controls `optimizer`, `steps`, `smoothing`,
        `seed` and `rate`, the one to try.
    """
    data = toy.moons(200, noise=0.2)
    live = LiveFigure(7.2, 3.6)
    left, right = live.figure.subplots(1, 2)
    left.set(title="The range test", xlabel="learning rate", xscale="log")
    left.set(ylabel="loss of a mini-batch")
    left.set(xlim=(LOWEST, HIGHEST), ylim=(0, 1.6))
    right.set(title="A training at one rate", xlabel="step")
    right.set(ylabel="loss of all samples", yscale="log")
    right.set(xlim=(0, TRAINING), ylim=(0.03, 10))
    (raw,) = left.plot([], [], color=style.GREY, lw=0.4, label="as measured")
    (smooth,) = left.plot([], [], color=style.LOSS, label="smoothed")
    tried = left.axvline(1, color=style.PATH, lw=1.4, ls="--")
    marks = {}
    for words, look, colour in (
        ("lowest", "*", style.MINIMUM),
        ("a tenth of it", "D", style.PURPLE),
        ("diverges", "X", style.INK),
    ):
        (marks[words],) = left.plot(
            [], [], look, color=colour, ms=9, label=words, zorder=4
        )
    (safe,) = right.plot(
        [], [], color=style.PURPLE, ls=":", label="at a tenth of the lowest"
    )
    (real,) = right.plot(
        [], [], color=style.PATH, ls="--", label="at the rate to try"
    )
    left.legend(loc="upper left", fontsize=8)
    right.legend(loc="upper right", fontsize=8)
    live.moving(raw, smooth, tried, *marks.values(), safe, real)

    @lru_cache(maxsize=64)
    def test(optimizer: str, seed: int, steps: int) -> np.ndarray:
        rates = np.geomspace(LOWEST, HIGHEST, steps)
        return _train(rules[optimizer], rates, data, seed)[0]

    @lru_cache(maxsize=64)
    def training(optimizer: str, seed: int, rate: float) -> np.ndarray:
        rates = np.full(TRAINING, rate)
        return _train(rules[optimizer], rates, data, seed)[1]

    def update(
        optimizer: str, steps: int, smoothing: float, seed: int, rate: float
    ) -> str:
        rates = np.geomspace(LOWEST, HIGHEST, steps)
        losses = test(optimizer, seed, steps)
        curve = _smooth(losses, smoothing)
        lowest = int(np.nanargmin(curve))
        gone = ~(curve <= 4 * curve[lowest])  # NaN is gone, too
        gone[:lowest] = False
        best, tenth = rates[lowest], rates[lowest] / 10
        raw.set_data(rates, _drawable(losses))
        smooth.set_data(rates, _drawable(curve))
        tried.set_xdata([rate, rate])
        marks["lowest"].set_data([best], [curve[lowest]])
        height = np.interp(np.log(tenth), np.log(rates), curve)
        marks["a tenth of it"].set_data([tenth], [height])
        marks["diverges"].set_data(
            rates[gone][:1], np.minimum(_drawable(curve)[gone][:1], 1.55)
        )
        ends = []
        for line, value in ((safe, float(tenth)), (real, rate)):
            losses = training(optimizer, seed, value)
            line.set_data(EVERY * np.arange(len(losses)), _drawable(losses))
            ends.append(f"{losses[-1]:.3g} at {value:.2g}")
        return (
            f"{optimizer}: lowest at {best:.2g}, a tenth of it is "
            f"{tenth:.2g}, "
            + (f"diverges at {rates[gone][0]:.2g}. " if gone.any() else "")
            + f"Loss after {TRAINING} steps: {ends[0]}, {ends[1]}."
        )

    controls = {
        "optimizer": widgets.Dropdown(options=list(rules)),
        "steps": widgets.IntSlider(value=200, min=50, max=400, step=50),
        "smoothing": widgets.FloatSlider(
            value=0.9, min=0.0, max=0.98, step=0.02
        ),
        "seed": widgets.IntSlider(value=0, max=9),
        "rate": _rate_slider("rate to try", 0.3, HIGHEST),
    }
    for name, control in controls.items():
        control.description = control.description or name
        if name != "optimizer":  # a change computes, so not while dragging
            control.continuous_update = False
    explorer = Explorer("range test", controls, live, update)

    def click(axes: Axes, x: float, y: float) -> None:
        if axes is left:
            offered = np.array([r for r in RATES if r <= HIGHEST])
            nearest = np.abs(np.log(offered / x)).argmin()
            explorer.set(rate=float(offered[nearest]))

    live.on_click(click)
    return explorer


def _train(
    rule: Callable, rates: np.ndarray, data: toy.Data, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Train a small network, one mini-batch at each of the rates.

    Returns:
        The loss of each mini-batch before its step, shape `rates.shape`, and
        the loss of all samples before every tenth step and at the end.
    """
    x, y = data
    rng = np.random.default_rng(seed)
    layers = scratch.make_layers(SIZES, rng)
    states: list = [({}, {}) for _ in layers]
    truth = np.eye(2)[y]
    batches: list = []
    losses, overall = [], []

    def loss_of_all() -> float:
        scores = scratch.forward(layers, x, np.tanh)[-1]
        return float(scratch.cross_entropy(scores, y))

    with np.errstate(all="ignore"):
        for step, rate in enumerate(rates):
            if step % EVERY == 0:
                overall.append(loss_of_all())
            batches = batches or list(scratch.minibatches(len(x), BATCH, rng))
            batch = batches.pop()
            values = scratch.forward(layers, x[batch], np.tanh)
            losses.append(scratch.cross_entropy(values[-1], y[batch]))
            delta = (scratch.softmax(values[-1]) - truth[batch]) / len(batch)
            gradients = scratch.backward(
                layers, values, delta, lambda a: 1 - a**2
            )
            layers = [
                tuple(map(rule, layer, gradient, state, (rate, rate)))
                for layer, gradient, state in zip(
                    layers, gradients, states, strict=True
                )
            ]
        overall.append(loss_of_all())
    return np.array(losses), np.array(overall)


def _smooth(losses: np.ndarray, share: float) -> np.ndarray:
    """Return running means that keep a share of the past at every step."""
    mean, means = 0.0, []
    for step, loss in enumerate(losses, start=1):
        mean = share * mean + (1 - share) * loss
        means.append(mean / (1 - share**step))  # it began at 0, as Adam does
    return np.array(means)


def _drawable(losses: np.ndarray) -> np.ndarray:
    """Replace what cannot be drawn by a number above every picture."""
    return np.minimum(np.nan_to_num(losses, nan=1e3, posinf=1e3), 1e3)
