"""The explorers of lecture 03, neural networks from scratch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import islice, pairwise

from course_utils import scratch, style, toy
from course_utils.explorers.explorer import Explorer, exact
from course_utils.live import LiveFigure

import ipywidgets as widgets
import numpy as np
from contourpy import contour_generator
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.image import PcolorImage

Layers = list[tuple[np.ndarray, np.ndarray]]

# What bends, and its slope computed from what it gives out.
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "relu": (scratch.relu, lambda a: a > 0),
    "sigmoid": (scratch.sigmoid, lambda a: a * (1 - a)),
}

# Activations ----------------------------------------------------------------

WIDTH, SIGNALS, DEEPEST = 100, 20, 30
TINIEST, HUGEST = 1e-12, 1e8  # what the picture of the layers shows
GAINS = {
    "0.5": 0.5,
    "0.7": 0.7,
    "1 (Glorot)": 1.0,
    "1.2": 1.2,
    "1.41 (He)": 2**0.5,
    "1.7": 1.7,
    "2": 2.0,
    "2.8": 2.8,
    "4": 4.0,
}


def activation(functions: Mapping[str, Callable]) -> Explorer:
    """Explore what an activation does to a signal and to a gradient.

    On the right, random numbers go through layers of 100 units, and a random
    gradient comes back through them: what is left of each at every layer.
    The weights have the standard deviation gain / √100. Glorot's is gain 1,
    He's is gain √2 (He et al., "Delving Deep into Rectifiers", 2015).

    Args:
        functions: Activations by name. Each takes an array and returns one of
            the same shape.

    Returns:
        An explorer with the controls `function`, `z`, `layers` and `gain`.

    Raises:
        ValueError: No functions, or one that does not work on arrays.
    """
    if not functions:
        raise ValueError(
            'No functions to explore. Give some by name, {"tanh": np.tanh}.'
        )
    rng = np.random.default_rng(0)
    weights = rng.normal(0, WIDTH**-0.5, (DEEPEST, WIDTH, WIDTH))
    signal, gradient = rng.normal(size=(2, SIGNALS, WIDTH))
    # An even number: none of them is 0, where some have no slope.
    ground = np.linspace(-4, 4, 400)
    for name, f in functions.items():
        _check(name, f, ground)
    live = LiveFigure()
    left, right = live.figure.subplots(1, 2)
    # The same scale for all, so that their slopes can be compared.
    left.set(title="The function and its slope", xlabel="z")
    left.set(xlim=(-4, 4), ylim=(-1.5, 4.2))
    (slope_line,) = left.plot([], [], "--", color=style.RED, label="slope")
    (curve,) = left.plot([], [], color=style.BLUE, label="function")
    (tangent,) = left.plot([], [], color=style.INK, lw=1, label="tangent")
    (point,) = left.plot([], [], "o", color=style.INK, ms=7)
    left.legend(handles=[curve, slope_line, tangent], loc="upper left")
    right.set(title="After each layer", xlabel="layer")
    note = right.set_title("gain", loc="right", fontsize=9)
    right.set(yscale="log", xlim=(-0.7, DEEPEST + 0.7))
    right.set(ylim=(TINIEST, HUGEST))
    right.axhline(1, color=style.GREY, lw=1)
    (back,) = right.plot(
        [], [], "s--", color=style.RED, ms=4, label="← size of the gradient"
    )
    (spread,) = right.plot(
        [], [], "o-", color=style.BLUE, ms=4, label="→ difference of samples"
    )
    right.legend(handles=[spread, back], loc="upper center")
    live.moving(slope_line, curve, tangent, point, back, spread, note)
    names = {value: text for text, value in GAINS.items()}

    @lru_cache(maxsize=64)
    def through(
        name: str, layers: int, gain: float
    ) -> tuple[np.ndarray, np.ndarray]:
        return through_layers(
            functions[name], gain * weights[:layers], signal, gradient
        )

    @np.errstate(all="ignore")
    def update(function: str, z: float, layers: int, gain: float) -> str:
        f = functions[function]
        around = np.array([z - 1e-9, z, z + 1e-9])
        before, here, after = np.asarray(f(around), float)
        curve.set_data(ground, _finite(f(ground)))
        slope_line.set_data(ground, _finite(slope(f, ground)))
        down = float(slope(f, np.array([z]), -1)[0])
        up = float(slope(f, np.array([z]), 1)[0])
        point.set_data([z], _finite([here]))
        jumps = abs(after - before) > 1e-3
        smooth = abs(up - down) < 1e-3 and not jumps
        ends = np.array([-1.2, 0, 1.2])
        steep = np.where(ends < 0, down, up)
        shown = [] if jumps else here + ends * steep
        tangent.set_data(z + ends[: len(shown)], _finite(shown))
        sizes, norms = through(function, layers, gain)
        ticks = np.arange(layers + 1)
        spread.set_data(ticks, _in_view(sizes))
        back.set_data(ticks, _in_view(norms))
        note.set_text(f"gain {names[gain]}")
        at = f"{function} at z = {z:z.1f}: "
        if jumps:
            at += f"a jump from {before:z.3g} to {after:z.3g}."
        elif smooth:
            at += f"value {here:z.3g}, slope {up:z.2g}."
        else:
            at += f"a kink, slope {down:z.2g} on its left, {up:z.2g} on its"
            at += " right."
        return f"{at} {_what_is_left(layers, sizes[-1], norms[0])}"

    controls = {
        "function": widgets.Dropdown(
            options=list(functions), description="activation"
        ),
        "z": widgets.FloatSlider(
            value=0.0, min=-4.0, max=4.0, step=0.1, description="z"
        ),
        "layers": widgets.IntSlider(
            value=10, min=1, max=DEEPEST, description="layers"
        ),
        "gain": widgets.SelectionSlider(
            options=list(GAINS.items()), value=1.0, description="gain"
        ),
    }
    return Explorer("activation", controls, live, update)


def _check(name: str, f: Callable, z: np.ndarray) -> None:
    advice = "Use np.where or np.maximum, which work on every number of it."
    try:
        with np.errstate(all="ignore"):
            found = np.shape(f(z))
    except (TypeError, ValueError) as error:
        message = f"{name} cannot take an array: {error} {advice}"
        raise ValueError(message) from error
    if found != z.shape:
        raise ValueError(
            f"{name} took an array of shape {z.shape} and returned one of "
            f"shape {found}. {advice}"
        )


def slope(
    f: Callable, z: np.ndarray, side: np.ndarray | None = None
) -> np.ndarray:
    """Estimate the slope of a function of one number, from one side only.

    Differences that look away from zero do not see the kink or the jump that
    activations have there: the parabola through three values gives the slope
    at the first of them, with an error of the order h².

    Args:
        f: Takes an array, returns one of the same shape.
        z: Where the slope is wanted.
        side: On which side to look, 1 or −1, in a shape that fits to z. Away
            from zero if not given.

    Returns:
        The slopes, in the shape of z; 0 where f jumps.
    """
    z = np.asarray(z, float)
    side = np.where(z < 0, -1, 1) if side is None else side
    h = 1e-5 * np.maximum(1, np.abs(z)) * side
    with np.errstate(all="ignore"):
        here, near, far = (
            np.asarray(f(z + times * h), float) for times in (0, 1, 2)
        )
        steps = 4 * (near - here) - (far - here)
        # A thousand times too steep for an activation: no slope but a jump.
        return np.where(np.abs(steps) > 2e3 * np.abs(h), 0.0, steps / (2 * h))


def through_layers(
    f: Callable,
    weights: np.ndarray,
    signal: np.ndarray,
    gradient: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Send a signal through layers and a gradient back.

    Args:
        f: The activation.
        weights: Shape `(layers, width, width)`.
        signal: What goes in, shape `(samples, width)`.
        gradient: What comes back into the last layer, in the same shape.

    Returns:
        For the input and after every layer, shape `(layers + 1,)`: how much
        the samples differ (the standard deviation over samples, root mean
        square over the units), and the norm of the gradient with respect to
        the signal, as a multiple of the norm of `gradient`.
    """
    slopes, sizes = [], [_difference(signal)]
    norms = [np.linalg.norm(gradient)]
    with np.errstate(all="ignore"):
        for W in weights:
            z = signal @ W
            slopes.append(slope(f, z))
            signal = np.asarray(f(z), float)
            sizes.append(_difference(signal))
        for W, bend in zip(weights[::-1], slopes[::-1], strict=True):
            gradient = (gradient * bend) @ W.T
            norms.append(np.linalg.norm(gradient))
        return np.array(sizes), np.array(norms[::-1]) / norms[0]


def _difference(signal: np.ndarray) -> float:
    # Not the deviation of all numbers: units that give every sample the same
    # would count as signal.
    return np.sqrt(signal.var(axis=0).mean())


def _what_is_left(layers: int, spread: float, share: float) -> str:
    """Say what became of a signal and of a gradient on their way."""
    words = f"After {layers} layer{'s' * (layers > 1)} the gradient is "
    if not np.isfinite([spread, share]).all():
        return words + "no number any more."
    size = f"{_short(share)} times what it was" if share else "zero"
    return f"{words}{size}, the difference of samples {_short(spread)}."


def _short(value: float) -> str:
    """Write a positive number as short as it can be read: 4e-7, 0.25, 640."""
    if 1e-3 < value < 1e6:
        return f"{float(f'{value:.2g}'):,.15g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}" if value else "0"


def _in_view(values: np.ndarray) -> np.ndarray:
    """Keep numbers for a logarithmic axis just outside of it, or inside."""
    values = np.nan_to_num(values, nan=np.inf)
    return np.clip(values, TINIEST / 10, HUGEST * 10)


def _finite(values: np.ndarray) -> np.ndarray:
    """Keep numbers where matplotlib can draw them, NaN as a gap."""
    return np.clip(np.asarray(values, float), -1e6, 1e6)


# Training, for both of the others -------------------------------------------


def train(
    layers: Layers,
    x: np.ndarray,
    delta: Callable[[np.ndarray], np.ndarray],
    activation: str,
    rate: float,
) -> Iterator[tuple[Layers, np.ndarray]]:
    """Train a network with Adam on all samples at once, step by step.

    Args:
        layers: First weights and biases.
        x: Samples, shape `(samples, inputs)`.
        delta: Takes what the network says, shape `(samples, outputs)`, and
            returns the gradient of the loss with respect to it.
        activation: A name in `ACTIVATIONS`.
        rate: Learning rate.

    Yields:
        Without end: the layers, and what they say about x, before a step.
    """
    bend, steepness = ACTIVATIONS[activation]
    sizes = [len(layers[0][0]), *(len(b) for _, b in layers)]
    # One long vector, so that a step is one call and not one per layer.
    w, state = _flat(layers), {}
    while True:
        layers = _shaped(w, sizes)
        values = scratch.forward(layers, x, bend)
        yield layers, values[-1]
        g = scratch.backward(layers, values, delta(values[-1]), steepness)
        w = scratch.adam(w, _flat(g), state, rate)


def _flat(layers: Layers) -> np.ndarray:
    return np.concatenate([part.ravel() for layer in layers for part in layer])


def _shaped(w: np.ndarray, sizes: list[int]) -> Layers:
    """Cut one long vector into the weights and biases of layers."""
    layers, first = [], 0
    for inputs, outputs in pairwise(sizes):
        middle = first + inputs * outputs
        last = middle + outputs
        W = w[first:middle].reshape(inputs, outputs)
        layers.append((W, w[middle:last]))
        first = last
    return layers


# Approximation ----------------------------------------------------------------

TARGETS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "parabola": np.square,
    "sine": lambda x: np.sin(2 * np.pi * x),
    "step": lambda x: np.heaviside(x, 0.5),
    "absolute value": np.abs,
    "bump": lambda x: np.exp(-20 * x**2),
}
EVERY, LAST = 10, 2000  # steps between snapshots, steps in all
SAMPLES = 100


def approximator() -> Explorer:
    """Explore how units of one hidden layer add up to a function.

    The network is trained with Adam on the mean squared error of 100 points
    with noise. The steps slider scrubs through that one training.

    Returns:
        An explorer with the controls `target`, `units`, `activation` and
        `steps`.
    """
    live = LiveFigure(6.8, 3.6)
    left, right = live.figure.subplots(1, 2, width_ratios=(1.6, 1))
    left.set(title="The network and what each unit adds", xlabel="x")
    left.set(xlim=(-1, 1), ylim=(-1.6, 1.8), xticks=(-1, -0.5, 0, 0.5, 1))
    parts = LineCollection([], colors=style.SKY, linewidths=0.9, alpha=0.8)
    left.add_collection(parts, autolim=False)
    (points,) = left.plot(
        [], [], ".", color=style.GREY, ms=4, alpha=0.7, label="data"
    )
    (curve,) = left.plot([], [], color=style.MODEL, lw=2.5, label="network")
    parts.set_label("one unit's part")
    left.legend(handles=[points, curve, parts], loc="upper center", ncols=3)
    right.set(title="Mean squared error", xlabel="step", yscale="log")
    right.set(xlim=(0, LAST), ylim=(1e-3, 10))
    x, y = samples("parabola")
    floor = np.mean((y - x**2) ** 2)
    right.axhline(floor, color=style.GREY, lw=1, ls="--")
    right.text(0.03 * LAST, 0.9 * floor, "the noise", va="top", fontsize=9)
    (faint,) = right.plot([], [], color=style.FAINT, lw=1.5)
    (fall,) = right.plot([], [], color=style.LOSS)
    (here,) = right.plot([], [], "o", color=style.LOSS, ms=7, clip_on=False)
    live.moving(parts, points, curve, faint, fall, here)
    ground = np.linspace(-1, 1, 201)

    def update(target: str, units: int, activation: str, steps: int) -> str:
        x, y = samples(target)
        weights, errors = fit(target, units, activation)
        now = steps // EVERY
        layers = _shaped(weights[now], [1, units, 1])
        bend, _ = ACTIVATIONS[activation]
        _, hidden, out = scratch.forward(layers, ground[:, None], bend)
        added = (hidden * layers[1][0][:, 0]).T
        parts.set_segments([np.stack([ground, part], 1) for part in added])
        points.set_data(x, y)
        curve.set_data(ground, out[:, 0])
        ticks = EVERY * np.arange(len(errors))
        faint.set_data(ticks, errors)
        fall.set_data(ticks[: now + 1], errors[: now + 1])
        here.set_data([ticks[now]], [errors[now]])
        return (
            f"{units} {activation} unit{'s' * (units > 1)}, "
            f"{weights.shape[1]} parameters, after {EVERY * now} steps: mean "
            f"squared error {errors[now]:.4f}, where the noise alone makes "
            f"{floor:.4f}."
        )

    controls = {
        "target": widgets.Dropdown(options=list(TARGETS), description="target"),
        "units": widgets.IntSlider(
            value=10, min=1, max=30, description="hidden units"
        ),
        "activation": widgets.Dropdown(
            options=list(ACTIVATIONS), description="activation"
        ),
        "steps": widgets.IntSlider(
            value=LAST, min=0, max=LAST, step=EVERY, description="steps"
        ),
    }
    return Explorer("approximator", controls, live, update)


def samples(target: str) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of a target with noise, each of shape `(100,)`.

    Args:
        target: A name in `TARGETS`.
    """
    x, y = toy.parabola(SAMPLES)
    return x, TARGETS[target](x) + y - x**2


@lru_cache(maxsize=128)
def fit(
    target: str, units: int, activation: str
) -> tuple[np.ndarray, np.ndarray]:
    """Train one hidden layer on a target and keep snapshots.

    Args:
        target: A name in `TARGETS`.
        units: How many hidden units.
        activation: A name in `ACTIVATIONS`.

    Returns:
        All parameters at steps 0, 10, 20, …, 2000, shape `(201,
        parameters)`, and the mean squared errors, shape `(201,)`.
    """
    x, y = samples(target)
    x, y = x[:, None], y[:, None]
    rng = np.random.default_rng(1)
    (W, _), output = scratch.make_layers([1, units, 1], rng)
    # With biases of zero every unit would bend at x = 0. Begin steep, and
    # with the bends spread over the data.
    W = 3 * W / np.sqrt(2 / (1 + units))
    layers = [(W, -W[0] * rng.uniform(-1, 1, units)), output]
    steps = train(
        layers, x, lambda out: 2 * (out - y) / len(y), activation, 0.02
    )
    weights, errors = [], []
    for now, out in islice(steps, 0, LAST + 1, EVERY):
        weights.append(_flat(now))
        errors.append(np.mean((out - y) ** 2))
    return np.array(weights), np.array(errors)


# Boundaries ------------------------------------------------------------------

STEPS, RECORD = 600, 10  # steps of a training, steps between two losses
FRAMES = 12  # pictures while it trains
VIEW = 2.2  # both axes run from −VIEW to VIEW
COARSE, FINE = 45, 180  # points along an axis that are computed, drawn


def boundary(
    data: str = "moons",
    width: int = 4,
    depth: int = 1,
    activation: str = "tanh",
    rate: float = 0.03,
    noise: float = 0.1,
    seed: int = 0,
) -> Explorer:
    """Explore which boundaries a network can draw between two classes.

    The button trains it from the weights that are shown: 600 steps of Adam
    on 200 points, cross-entropy. 200 other points, hollow, are for testing.

    Args:
        data: A name in `toy.CLASSES`.
        width: Units in every hidden layer, 1 to 16.
        depth: Hidden layers, 0 to 4.
        activation: "tanh", "relu" or "sigmoid".
        rate: Learning rate, any number.
        noise: Standard deviation of what is added to the points, 0 to 0.5.
        seed: Which random weights to start from, 0 to 19.

    Returns:
        An explorer with these controls. Its `run` trains, as the button does.
    """
    live = LiveFigure(6.8, 3.6)
    left, right = live.figure.subplots(1, 2, width_ratios=(1.15, 1))
    left.set(title="The boundary", xlabel="x1", ylabel="x2")
    left.set(xlim=(-VIEW, VIEW), ylim=(-VIEW, VIEW), aspect="equal")
    left.set(xticks=range(-2, 3), yticks=range(-2, 3))
    left.grid(visible=False)
    left.set_title("filled: training, hollow: test", loc="right", fontsize=8)
    # The network answers on a coarse grid; the picture interpolates. Together
    # with a table of colours this is several times faster than `imshow`.
    axis = np.linspace(-VIEW, VIEW, COARSE)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    grid = grid.astype("f4")
    borders = np.linspace(-VIEW, VIEW, FINE + 1)
    between = np.interp(borders[:-1] + VIEW / FINE, axis, np.arange(COARSE))
    finer = np.maximum(0, 1 - np.abs(between[:, None] - np.arange(COARSE)))
    image = PcolorImage(
        left, borders, borders, np.zeros((FINE, FINE, 4), np.uint8), zorder=0
    )
    image.set_in_layout(False)
    left.add_image(image)
    pale = [0.45 * np.array(to_rgb(c)) + 0.55 for c in (style.BLUE, style.RED)]
    colours = LinearSegmentedColormap.from_list(
        "classes", [pale[0], style.PAPER, pale[1]]
    )(np.arange(256), bytes=True)
    edge = LineCollection([], colors=style.INK, linewidths=1.5, zorder=1)
    left.add_collection(edge, autolim=False)
    looks = [("o", style.BLUE), ("^", style.RED)]
    unseen = [
        left.plot([], [], look, mfc="none", mec=colour, ms=4, mew=0.8)[0]
        for look, colour in looks
    ]
    seen = [
        left.plot([], [], look, color=colour, ms=5, mec=style.PAPER, mew=0.5)[0]
        for look, colour in looks
    ]
    right.set(title="Cross-entropy", xlabel="step", yscale="log")
    right.set(xlim=(0, STEPS), ylim=(1e-4, 10))
    right.axhline(np.log(2), color=style.GREY, lw=1, ls=":")
    right.text(STEPS, 0.72, "guessing", ha="right", va="bottom", fontsize=9)
    (falls,) = right.plot([], [], color=style.LOSS, label="training")
    (tested,) = right.plot([], [], "--", color=style.GREEN, label="test")
    note = right.set_title("rate", loc="right", fontsize=9)
    right.legend(loc="lower left")
    live.moving(image, edge, *unseen, *seen, falls, tested, note)

    def show(layers: Layers, activation: str, losses: np.ndarray) -> None:
        with np.errstate(all="ignore"):
            rough = [(W.astype("f4"), b.astype("f4")) for W, b in layers]
            score = says(rough, grid, activation).reshape(COARSE, COARSE)
        if not np.isfinite(score).all():
            score = np.zeros_like(score)  # no boundary
        level = 255 * scratch.sigmoid(finer @ score @ finer.T)
        image.set_data(borders, borders, colours[level.round().astype(int)])
        steps = RECORD * np.arange(len(losses))
        for line, values in zip((falls, tested), losses.T, strict=True):
            values = np.nan_to_num(values, nan=1e3)
            line.set_data(steps, np.clip(values, 1e-5, 1e3))
        lines = contour_generator(axis, axis, score).lines(0)
        edge.set_segments(lines)

    def update(
        data: str,
        width: int,
        depth: int,
        activation: str,
        rate: float,
        noise: float,
        seed: int,
    ) -> str:
        for part, marks in enumerate((seen, unseen)):
            x, y = toy.CLASSES[data](noise=noise, seed=part)
            for label, line in enumerate(marks):
                line.set_data(*x[y == label].T)
        x, y = toy.CLASSES[data](noise=noise, seed=0)
        sizes = [2, *[width] * depth, 1]
        layers = scratch.make_layers(sizes, np.random.default_rng(seed))
        show(layers, activation, np.empty((0, 2)))
        note.set_text(f"rate {rate:.3g}")
        return (
            f"{_describe(sizes)}, not trained: "
            f"{_right(layers, x, y, activation):.0%} of the training points "
            "are on the right side."
        )

    def work(
        data: str,
        width: int,
        depth: int,
        activation: str,
        rate: float,
        noise: float,
        seed: int,
    ) -> Iterator[str]:
        begin = time.perf_counter()
        sizes = [2, *[width] * depth, 1]
        for layers, losses in classify(
            data, sizes, activation, rate, noise, seed
        ):
            show(layers, activation, losses)
            step = RECORD * (len(losses) - 1)
            yield f"Step {step} of {STEPS}: loss {losses[-1, 0]:.3f}."
        shares = [
            _right(
                layers, *toy.CLASSES[data](noise=noise, seed=part), activation
            )
            for part in (0, 1)
        ]
        yield (
            f"{_describe(sizes)}, {step} steps in "
            f"{time.perf_counter() - begin:.1f} s: {shares[0]:.1%} of the "
            f"training points and {shares[1]:.1%} of the test points are on "
            f"the right side.{_advice(losses[:, 0], shares, rate, sizes)}"
        )

    slider = widgets.FloatLogSlider(
        value=rate, min=-4, max=1, step=0.05, description="learning rate"
    )
    box = exact(slider)
    box.value = rate
    controls = {
        "data": widgets.Dropdown(
            options=list(toy.CLASSES), value=data, description="data"
        ),
        "width": widgets.IntSlider(
            value=width, min=1, max=16, description="width"
        ),
        "depth": widgets.IntSlider(
            value=depth, min=0, max=4, description="hidden layers"
        ),
        "activation": widgets.Dropdown(
            options=list(ACTIVATIONS),
            value=activation,
            description="activation",
        ),
        "rate": box,
        "noise": widgets.FloatSlider(
            value=noise, min=0.0, max=0.5, step=0.05, description="noise"
        ),
        "seed": widgets.IntSlider(
            value=seed, min=0, max=19, description="start weights"
        ),
    }
    return Explorer(
        "boundary", controls, live, update, {"rate": slider}, work=work
    )


def classify(
    data: str,
    sizes: list[int],
    activation: str,
    rate: float,
    noise: float = 0.1,
    seed: int = 0,
) -> Iterator[tuple[Layers, np.ndarray]]:
    """Train a network to tell two classes apart; stop when it overflows.

    Args:
        data: A name in `toy.CLASSES`.
        sizes: 2, the units of every hidden layer, 1.
        activation: A name in `ACTIVATIONS`.
        rate: Learning rate.
        noise: Standard deviation of what is added to the points.
        seed: Seed of the first weights.

    Yields:
        Every 50 steps up to 600: the layers, and the cross-entropy on
        training and test points every ten steps so far, shape `(records, 2)`.
    """
    (x, y), (unseen, truth) = (
        toy.CLASSES[data](noise=noise, seed=part) for part in (0, 1)
    )
    y, truth = y[:, None], truth[:, None]
    layers = scratch.make_layers(sizes, np.random.default_rng(seed))
    steps = train(
        layers,
        x,
        lambda score: (scratch.sigmoid(score) - y) / len(y),
        activation,
        rate,
    )
    losses: list[tuple[float, float]] = []
    for step in range(STEPS + 1):
        # Not around the yield: there it would reach whoever listens.
        with np.errstate(all="ignore"):
            layers, score = next(steps)
            if step % RECORD == 0:
                tested = says(layers, unseen, activation)[:, None]
                losses.append((surprise(score, y), surprise(tested, truth)))
        lost = not np.isfinite(losses[-1]).all()
        if lost or (step and step % (STEPS // FRAMES) == 0):
            yield layers, np.array(losses)
        if lost:
            return


def says(layers: Layers, x: np.ndarray, activation: str) -> np.ndarray:
    """Return the score of every point, above 0 for class 1.

    Args:
        layers: A network with two inputs and one output.
        x: Points, shape `(points, 2)`.
        activation: A name in `ACTIVATIONS`.

    Returns:
        Shape `(points,)`; the sigmoid of it is the probability.
    """
    return scratch.forward(layers, x, ACTIVATIONS[activation][0])[-1][:, 0]


def surprise(score: np.ndarray, y: np.ndarray) -> float:
    """Return the cross-entropy of the sigmoid of scores.

    Args:
        score: Any shape, numbers of any size.
        y: Classes 0 or 1, in the same shape.

    Returns:
        The mean of −log(probability of the true class).
    """
    return float(np.mean(np.logaddexp(0, score) - y * score))


def _right(
    layers: Layers, x: np.ndarray, y: np.ndarray, activation: str
) -> float:
    """Return the share of points on the right side of the boundary."""
    with np.errstate(all="ignore"):
        return float(np.mean((says(layers, x, activation) > 0) == y))


def _describe(sizes: list[int]) -> str:
    count = sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))
    return f"{'-'.join(map(str, sizes))} network, {count} parameters"


def _advice(
    losses: np.ndarray, shares: list[float], rate: float, sizes: list[int]
) -> str:
    """Say what to try next after a training, if anything."""
    last, guess = losses[-1], np.log(2)
    if rate < 0:
        return " A negative rate climbs."
    if not np.isfinite(last):
        return " The loss is no number any more. Try the rate 0.03."
    if last > max(losses[0], guess) * 1.01:
        return " It diverges: the loss has grown. Try the rate 0.03."
    if last > 0.98 * guess and rate > 0.1:
        return " It only guesses. Try the rate 0.03."
    if shares[0] > 0.95 and shares[0] - shares[1] > 0.05:
        return " It fits the training points better than new ones."
    if shares[0] > 0.97:
        return ""
    if len(sizes) == 2:
        return " Without a hidden layer the boundary is a straight line."
    if rate < 0.005:
        return " It learns slowly: try a larger rate."
    return " Try other start weights, or more units."
