"""The explorers of lecture 04, losses and generalisation."""

from __future__ import annotations

from itertools import combinations

from course_utils import scratch, style, toy
from course_utils.explorers.explorer import Explorer
from course_utils.live import LiveFigure

import ipywidgets as widgets
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from numpy.polynomial.legendre import legvander

# The same two things in two explorers.
TRAINING, VALIDATION = style.BLUE, style.PURPLE
TOO_MUCH, TOO_LITTLE = style.ORANGE, style.BLUE

MAX_DAYS = 200  # all pairs of days are tried

NUM_TRAINING = 100  # of 300 dots; the others are for validation
STEPS, RATE = 1000, 0.03
EVERY = 20  # steps between two points of the loss curves
NEARLY_ZERO = 1e-3
LAMBDAS = (0, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1)

DEGREES = np.arange(16)
MAX_POINTS = 60
LOWEST, HIGHEST = 1e-4, 1e5  # what the axis of the errors shows


def cost_profit(
    x: np.ndarray, y: np.ndarray, cost: int = 1, profit: int = 1
) -> Explorer:
    """Explore what is predicted when too much and too little cost unequally.

    The prediction minimises the mean of cost · (too much) or profit · (too
    little) exactly. This is the loss of quantile regression: Koenker and
    Bassett, "Regression Quantiles", 1978, who also show that a best
    prediction hits as many days exactly as it has weights. So all pairs of
    days are tried.

    Args:
        x: Two features of each day, shape `(days, 2)`, 2 to 200 days.
        y: What was asked for, shape `(days,)`.
        cost: What one too much costs to begin with, 1 to 99.
        profit: What one too little loses to begin with, 1 to 99.

    Returns:
        An explorer with the controls `model`, `cost` and `profit`.

    Raises:
        ValueError: The arrays do not fit each other or hold no numbers, the
            features are proportional to each other, or a price is outside
            its range.
    """
    _within(1, 99, cost=cost, profit=profit)
    x, y = _days(x, y)
    models = {
        "w1 · x1 + w2 · x2": _Quantiles(x, y),
        "one number for all days": _Quantiles(np.ones((len(y), 1)), y),
    }
    live = LiveFigure(6.8, 3.6)
    left, right = live.figure.subplots(1, 2)
    low, high = min(0, y.min()), 1.15 * y.max()
    left.axline((0, 0), slope=1, color=style.GREY, lw=1)
    left.set(title="Made and asked for", xlabel="asked for")
    left.set(ylabel="made", xlim=(low, high), ylim=(low, high))
    left.text(0.04, 0.94, "too much", c=TOO_MUCH, transform=left.transAxes)
    left.text(
        0.96,
        0.04,
        "too little",
        color=TOO_LITTLE,
        ha="right",
        transform=left.transAxes,
    )
    right.axvline(0, color=style.GREY, lw=1)
    right.set(title="All days, sorted", xlabel="asked for − made")
    right.set(ylabel="share of days up to here", ylim=(-0.03, 1.03))
    below = left.plot([], [], "o", color=TOO_LITTLE)
    above = left.plot([], [], "o", color=TOO_MUCH)
    short = right.plot([], [], "o", color=TOO_LITTLE)
    enough = right.plot([], [], "o", color=TOO_MUCH)
    (wanted,) = right.plot([], [], "--", color=style.RED, lw=1.2)
    label = right.text(
        0.04,
        0.0,
        r"$\frac{\mathrm{profit}}{\mathrm{cost\;+\;profit}}$",
        color=style.RED,
        fontsize=14,
        transform=right.transAxes,
    )
    live.moving(*below, *above, *short, *enough, wanted, label)
    ranks = (np.arange(len(y)) + 0.5) / len(y)
    shown = ""

    def update(model: str, cost: int, profit: int) -> str:
        nonlocal shown
        fitted = models[model]
        if model != shown:
            right.set_xlim(-fitted.reach, fitted.reach)
            live.still_changed()
            shown = model
        weights, loss = fitted.best(cost, profit)
        made = fitted.features @ weights
        missing = y - made
        # What is hit exactly is hit up to the last digit only.
        is_enough = missing < 1e-9
        order = np.argsort(missing)
        for points, which in ((enough, is_enough), (short, ~is_enough)):
            these = which[order]
            points[0].set_data(missing[order][these], ranks[these])
        for points, which in ((above, is_enough), (below, ~is_enough)):
            points[0].set_data(y[which], made[which])
        share = profit / (cost + profit)
        wanted.set_data([-fitted.reach, fitted.reach], [share, share])
        # The points rise from the lower left to the upper right, so two
        # corners are free; take the one without the dashed line.
        label.set_position((0.04, 0.82) if share < 0.5 else (0.62, 0.1))
        names = ("w1", "w2") if len(weights) == 2 else ("prediction",)
        numbers = ", ".join(
            f"{name} = {w:z.3f}" for name, w in zip(names, weights, strict=True)
        )
        return (
            f"cost {cost}, profit {profit}: {numbers}. Enough was made on "
            f"{is_enough.sum()} of {len(y)} days, {is_enough.mean():.0%}; "
            f"profit / (cost + profit) is {share:.0%}. Mean loss {loss:.3f}."
        )

    controls = {
        "model": widgets.Dropdown(options=list(models), description="model"),
        "cost": widgets.IntSlider(
            value=cost, min=1, max=99, description="cost of one too much"
        ),
        "profit": widgets.IntSlider(
            value=profit, min=1, max=99, description="profit of one sold"
        ),
    }
    return Explorer("cost and profit", controls, live, update)


class _Quantiles:
    """All candidates for the best weights, whatever cost and profit are.

    Args:
        features: Shape `(days, weights)`.
        y: Shape `(days,)`.
    """

    def __init__(self, features: np.ndarray, y: np.ndarray) -> None:
        self.features = features
        days = np.array([*combinations(range(len(y)), features.shape[1])])
        solvable = np.abs(np.linalg.det(features[days])) > 1e-9
        days = days[solvable]
        self._weights = np.linalg.solve(features[days], y[days][..., None])
        self._weights = self._weights[..., 0]
        errors = self._weights @ features.T - y
        self._much = np.maximum(errors, 0).mean(axis=1)
        self._little = np.maximum(-errors, 0).mean(axis=1)
        # How far the errors go when cost and profit differ most.
        extremes = [self.best(*pair)[0] for pair in ((1, 99), (99, 1))]
        worst = max(np.abs(features @ w - y).max() for w in extremes)
        self.reach = 1.1 * max(worst, 1e-6)

    def best(self, cost: float, profit: float) -> tuple[np.ndarray, float]:
        """Return the best weights, shape `(weights,)`, and their loss."""
        losses = cost * self._much + profit * self._little
        # Between equally good ones everything is as good; take the middle.
        equal = losses <= losses.min() * (1 + 1e-9) + 1e-15
        return self._weights[equal].mean(axis=0), float(losses.min())


def _days(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both as arrays of floats if they make sense."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    fit = x.ndim == 2 and x.shape[1] == 2 and y.shape == x.shape[:1]
    if not fit or not 2 <= len(y) <= MAX_DAYS:
        raise ValueError(
            f"x has shape {x.shape} and y {y.shape}, expected (days, 2) and "
            f"(days,) with 2 to {MAX_DAYS} days."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x and y must hold finite numbers only.")
    if np.linalg.matrix_rank(x) < 2:
        raise ValueError(
            "The two columns of x are proportional, so one of the two "
            "weights could be anything."
        )
    return x, y


def cross_entropy(p: float = 0.6) -> Explorer:
    """Explore two losses of the probability given to the true class.

    The probability is the sigmoid of a logit, as in a network with one
    output. The slopes with respect to that logit z, with L the loss, are
    dL/dz = p − 1 for the cross-entropy −ln p and −2p(1 − p)² for the squared
    error (1 − p)².

    Args:
        p: Probability of the true class to begin with, 0 to 1.

    Returns:
        An explorer with the controls `p`, a box that a slider for the logit
        moves, and `unit`, nats or bits.

    Raises:
        ValueError: `p` is no probability.
    """
    _within(0, 1, p=p)
    units = {"nats (base e)": 1.0, "bits (base 2)": np.log(2)}
    live = LiveFigure(6.8, 3.5)
    left, right = live.figure.subplots(1, 2)
    grid = np.linspace(0.001, 1, 400)
    logits = np.linspace(-10, 10, 201)
    left.set(title="Loss", xlabel="probability p of the true class")
    left.set(ylabel="loss", xlim=(-0.02, 1.02), ylim=(-0.15, 6))
    right.set(
        title="Slope: what the logit feels", xlabel="logit z of the true class"
    )
    right.set(ylabel="dL / dz", xlim=(-10.4, 10.4), ylim=(-1.6, 0.12))
    left.plot(grid, (1 - grid) ** 2, color=style.ORANGE, label="squared error")
    right.plot(
        logits, _squared_slope(scratch.sigmoid(logits)), color=style.ORANGE
    )
    (height,) = left.plot([], [], color=style.BLUE, label="cross-entropy")
    (slope,) = right.plot([], [], color=style.BLUE)
    tangents = LineCollection([], colors=style.INK, linewidths=1.5, zorder=3)
    left.add_collection(tangents, autolim=False)
    points = [
        ax.plot([], [], "o", color=colour, ms=8, mec=style.PAPER, zorder=4)[0]
        for ax in (left, right)
        for colour in (style.BLUE, style.ORANGE)
    ]
    left.legend(loc="upper right")
    live.moving(height, slope, tangents, *points)

    def update(p: float, unit: str) -> str:
        one = units[unit]
        with np.errstate(divide="ignore"):
            logit = np.log(p) - np.log1p(-p)
            loss = -np.log(p) / one + 0.0  # + 0 turns −0 into 0
            steep = -1 / np.float64(p) / one
        by_logit = (p - 1) / one, _squared_slope(p)
        height.set_data(grid, -np.log(grid) / one)
        slope.set_data(logits, (scratch.sigmoid(logits) - 1) / one)
        at = float(np.clip(logit, -10, 10))
        shown = min(loss, 6.0)  # at the edge if it is outside
        squared = (1 - p) ** 2
        heights = (shown, squared)
        lines = [_tangent(p, squared, -2 * (1 - p))]
        if loss < 6:
            lines.append(_tangent(p, loss, steep))
        tangents.set_segments(lines)
        for point, place in zip(
            points,
            [(p, h) for h in heights] + [(at, g) for g in by_logit],
            strict=True,
        ):
            point.set_data([place[0]], [place[1]])
        return (
            f"p = {p:.4g}, logit {logit:z.3g}. Cross-entropy {loss:.3f} "
            f"{unit.split()[0]}, slope by the logit {by_logit[0]:z.3g}. "
            f"Squared error {squared:.3f}, slope by the logit "
            f"{by_logit[1]:z.3g}."
        )

    box = widgets.BoundedFloatText(
        value=p,
        min=0.0,
        max=1.0,
        step=0.05,
        description="probability p",
        layout=widgets.Layout(width="14em"),
    )
    slider = widgets.FloatSlider(
        value=_logit(p), min=-10.0, max=10.0, step=0.1, description="logit z"
    )

    def from_slider(change: dict) -> None:
        # Front ends snap what they are told to the nearest step and send it
        # back. That is no move of the learner.
        if abs(change["new"] - _logit(box.value)) > 0.51 * slider.step:
            box.value = float(scratch.sigmoid(np.float64(change["new"])))

    def from_box(change: dict) -> None:
        slider.value = _logit(change["new"])

    slider.observe(from_slider, "value")
    box.observe(from_box, "value")
    unit = widgets.Dropdown(options=list(units), description="unit")
    controls = {"p": box, "unit": unit}
    return Explorer("cross-entropy", controls, live, update, {"p": slider})


def _logit(p: float) -> float:
    """Return the logit of a probability, limited to what the slider shows."""
    with np.errstate(divide="ignore"):
        return float(np.clip(np.log(p) - np.log1p(-p), -10, 10))


def _squared_slope(p: np.ndarray) -> np.ndarray:
    """Derivative of (1 − p)² by z, where p is the sigmoid of z."""
    return -2 * p * (1 - p) ** 2


def _tangent(x: float, y: float, slope: float) -> np.ndarray:
    """Return the ends of a tangent about as long on the screen always."""
    # One unit of p is as wide as six units of loss are high.
    half = 0.2 / np.hypot(1, slope / 6)
    return np.array(
        [[x - half, y - half * slope], [x + half, y + half * slope]]
    )


def regularisation(
    noise: float = 0.2, width: int = 11, seed: int = 0
) -> Explorer:
    """Explore how a penalty on the weights bends the boundary of a network.

    One hidden layer with relu learns 100 of 300 dots by 1000 steps of Adam
    with all samples at once and a learning rate that falls to 0; the other
    200 show what it is worth. Biases are not penalised. L2 adds λ · Σ w² to
    the loss, as in Keras, L1 adds λ · Σ |w|. The slope of |w| jumps at zero,
    so a weight that reaches it stays there while the loss pulls less than λ,
    and L1 makes weights exactly zero: Andrew and Gao, "Scalable Training of
    L1-Regularized Log-Linear Models", 2007.

    Args:
        noise: Share of the labels that are turned over to begin with, 0 to
            0.4.
        width: Hidden units to begin with, 1 to 64.
        seed: Seed of the split and of the first weights.

    Returns:
        An explorer with the controls `penalty`, `strength`, `width` and
        `noise`. A change trains when the control is released and takes
        about a third of a second.

    Raises:
        ValueError: An argument is outside its range.
    """
    _within(0, 0.4, noise=noise)
    _within(1, 64, width=width)
    live = LiveFigure(6.8, 4.0)
    left, curves, sizes = live.figure.subplot_mosaic(
        [["left", "curves"], ["left", "sizes"]], width_ratios=(1.25, 1)
    ).values()
    left.set(title="Boundary; dashed, the true one", aspect="equal")
    left.set(xlabel="x1\nfilled: training   hollow: validation", ylabel="x2")
    left.set(xlim=(-3, 3), ylim=(-3, 3))
    left.grid(False)
    looks = (("o", style.BLUE), ("^", style.RED))
    drawn: list = []
    axis = np.linspace(-3, 3, 90)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    angle = np.linspace(0, 2 * np.pi, 100)
    left.plot(
        2**0.5 * np.cos(angle),
        2**0.5 * np.sin(angle),
        "--",
        color=style.GREY,
        lw=1,
    )
    shades = LinearSegmentedColormap.from_list(
        "classes", [style.BLUE, style.PAPER, style.ORANGE]
    )
    dots = [
        left.plot(
            [],
            [],
            marker,
            ms=4.5 if filled else 4,
            mfc=colour if filled else "none",
            mec=style.PAPER if filled else colour,
            mew=0.5 if filled else 0.7,
        )[0]
        for filled in (False, True)
        for marker, colour in looks
    ]
    curves.set(title="Loss without the penalty", xlabel="step")
    curves.set(xlim=(0, STEPS), ylim=(0, 1.8))
    (train,) = curves.plot([], [], color=TRAINING, label="training")
    (valid,) = curves.plot([], [], color=VALIDATION, label="validation")
    curves.legend(loc="upper left", ncols=2)
    sizes.set(title="Weights by size", xlabel="weight number", ylabel="|w|")
    # Exact zeros have a place of their own, below those that are only tiny.
    sizes.set(yscale="log", ylim=(3e-6, 20))
    sizes.set_yticks([1e-5, 1e-4, 0.01, 1], labels=["0", "tiny", "0.01", "1"])
    sizes.minorticks_off()
    sizes.axhline(NEARLY_ZERO, color=style.GREY, ls="--", lw=1)
    (size,) = sizes.plot([], [], ".", color=style.INK, ms=4)
    live.moving(*dots, train, valid, size)
    # Square axes would move a little at every change of the background.
    live.canvas.draw()
    live.figure.set_layout_engine("none")

    def update(penalty: str, strength: float, width: int, noise: float) -> str:
        x, y = toy.dots(noise=noise)
        parts = scratch.shuffled_split(x, y, len(x) - NUM_TRAINING, seed)
        layers, history = _train(*parts, penalty, strength, width, seed)
        weights = np.abs(np.concatenate([W.ravel() for W, _ in layers]))
        while drawn:
            drawn.pop().remove()
        scores = scratch.forward(layers, grid, scratch.relu)[-1]
        chance = scratch.softmax(scores)[:, 1].reshape(len(axis), -1)
        drawn.append(
            left.contourf(
                axis,
                axis,
                chance,
                np.linspace(0, 1, 11),
                cmap=shades,
                alpha=0.45,
            )
        )
        if chance.min() < 0.5 < chance.max():
            drawn.append(
                left.contour(
                    axis,
                    axis,
                    chance,
                    [0.5],
                    colors=style.INK,
                    linewidths=1.5,
                )
            )
        sizes.set_xlim(-0.02 * weights.size, 1.02 * weights.size)
        live.still_changed()
        pairs = [(parts[i], parts[i + 1] == c) for i in (2, 0) for c in (0, 1)]
        for line, (points, which) in zip(dots, pairs, strict=True):
            line.set_data(*points[which].T)
        steps = np.arange(0, STEPS + 1, EVERY)
        train.set_data(steps, history[:, 0])
        valid.set_data(steps, np.minimum(history[:, 1], 10))
        largest = np.sort(weights)[::-1]
        size.set_data(
            np.arange(1, weights.size + 1),
            np.where(largest > 0, np.maximum(largest, 1e-4), 1e-5),
        )
        right = [
            scratch.accuracy(
                scratch.forward(layers, a, scratch.relu)[-1], label
            )
            for a, label in (parts[:2], parts[2:])
        ]
        zeros, small = np.sum(weights == 0), np.sum(weights < NEARLY_ZERO)
        return (
            f"{penalty}, λ = {strength:g}, width {width}: loss "
            f"{history[-1, 0]:.2f} in training, {history[-1, 1]:.2f} in "
            f"validation; right {right[0]:.0%} and {right[1]:.0%}. "
            f"Of {weights.size} weights {zeros} are exactly zero, "
            f"{small} below {NEARLY_ZERO:g}."
        )

    controls = {
        "penalty": widgets.Dropdown(
            options=["L2", "L1"], description="penalty"
        ),
        "strength": _strength(),
        "width": widgets.IntSlider(
            value=width,
            min=1,
            max=64,
            description="width",
            continuous_update=False,
        ),
        "noise": widgets.FloatSlider(
            value=noise,
            min=0.0,
            max=0.4,
            step=0.05,
            description="turned labels",
            continuous_update=False,
        ),
    }
    controls["strength"].continuous_update = False
    return Explorer("regularisation", controls, live, update)


def _strength() -> widgets.SelectionSlider:
    """Make a slider for λ: 0, then from 0.00001 to 1 by factors of three."""
    return widgets.SelectionSlider(
        options=[
            (f"{value:.5f}".rstrip("0").rstrip("."), value) for value in LAMBDAS
        ],
        description="strength λ",
    )


def _train(
    x: np.ndarray,
    y: np.ndarray,
    x_validation: np.ndarray,
    y_validation: np.ndarray,
    penalty: str,
    strength: float,
    width: int,
    seed: int,
) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Train one hidden layer with a penalty on the weights.

    Returns:
        The layers, and the loss of training and validation every `EVERY`
        steps, shape `(STEPS / EVERY + 1, 2)`.
    """
    rng = np.random.default_rng(seed)
    layers = scratch.make_layers([2, width, 2], rng)
    memory = [({}, {}) for _ in layers]
    targets = np.eye(2)[y]
    history = []
    for step in range(STEPS + 1):
        values = scratch.forward(layers, x, scratch.relu)
        if step % EVERY == 0:
            scores = scratch.forward(layers, x_validation, scratch.relu)[-1]
            history.append(
                [
                    scratch.cross_entropy(values[-1], y),
                    scratch.cross_entropy(scores, y_validation),
                ]
            )
        if step == STEPS:
            break
        rate = RATE * (1 - step / STEPS)  # so that it comes to rest
        delta = (scratch.softmax(values[-1]) - targets) / len(x)
        gradients = scratch.backward(layers, values, delta, lambda a: a > 0)
        moved = []
        for (W, b), (dW, db), (state, state_b) in zip(
            layers, gradients, memory, strict=True
        ):
            if penalty == "L2":
                new = scratch.adam(W, dW + 2 * strength * W, state, rate)
            else:
                new = scratch.adam(W, dW + strength * np.sign(W), state, rate)
                # On both sides of zero the way is back to zero.
                new[(new * W <= 0) & (np.abs(dW) < strength)] = 0.0
            moved.append((new, scratch.adam(b, db, state_b, rate)))
        layers = moved
    return layers, np.array(history)


def polynomial(
    degree: int = 3, points: int = 15, noise: float = 0.2
) -> Explorer:
    """Explore how a polynomial of growing degree fits, and then overfits.

    The points lie around one period of a sine. The fit minimises the mean
    squared error plus λ times the sum of the squared coefficients of the
    Legendre polynomials of degree 1 and more: ridge regression, Hoerl and
    Kennard, 1970. With more coefficients than points and λ = 0 it is the
    smallest of all coefficients that pass through the points.

    Args:
        degree: Degree to begin with, 0 to 15.
        points: How many training points to begin with, 5 to 60.
        noise: Standard deviation of what is added to the sine to begin
            with, 0 to 0.5.

    Returns:
        An explorer with the controls `degree`, `points`, `noise` and
        `strength`, which is λ.

    Raises:
        ValueError: An argument is outside its range.
    """
    _within(0, DEGREES[-1], degree=degree)
    _within(5, MAX_POINTS, points=points)
    _within(0, 0.5, noise=noise)
    rng = np.random.default_rng(0)
    # Multiples of the golden ratio: however many are taken, they fill the
    # interval evenly, though not in equal steps.
    places = 2 * ((0.5 + np.arange(MAX_POINTS) / 1.618034) % 1) - 1
    places_validation = rng.uniform(-1, 1, 200)
    disturbance = rng.normal(size=MAX_POINTS)
    disturbance_validation = rng.normal(size=200)
    axis = np.linspace(-1, 1, 301)
    bases = [
        legvander(a, DEGREES[-1]) for a in (places, places_validation, axis)
    ]
    live = LiveFigure(6.8, 3.6)
    left, right = live.figure.subplots(1, 2)
    left.plot(axis, _truth(axis), "--", color=style.GREY, lw=1, label="truth")
    left.set(title="Points and polynomial", xlabel="x", ylabel="y")
    left.set(xlim=(-1.05, 1.05), ylim=(-2.2, 2.9))
    (hollow,) = left.plot(
        [],
        [],
        "o",
        mfc="none",
        mec=VALIDATION,
        ms=3.5,
        mew=0.7,
        alpha=0.5,
        label="validation",
    )
    (filled,) = left.plot([], [], "o", color=TRAINING, label="training")
    (curve,) = left.plot([], [], color=style.MODEL, label="polynomial")
    left.legend(loc="upper right", ncols=2)
    right.set(title="Mean squared error", xlabel="degree", yscale="log")
    right.set(xlim=(-0.5, DEGREES[-1] + 0.5), ylim=(LOWEST, HIGHEST))
    right.set_xticks(DEGREES[::3])
    (train,) = right.plot([], [], "o-", color=TRAINING, ms=4, label="training")
    (valid,) = right.plot(
        [],
        [],
        "o-",
        color=VALIDATION,
        mfc=style.PAPER,
        ms=4,
        label="validation",
    )
    (floor,) = right.plot([], [], "--", color=style.GREY, lw=1, label="noise")
    (here,) = right.plot([], [], color=style.MODEL, lw=1)
    right.legend(loc="upper left", ncols=2)
    live.moving(hollow, filled, curve, floor, here, train, valid)

    def update(degree: int, points: int, noise: float, strength: float) -> str:
        x = places[:points]
        y = _truth(x) + noise * disturbance[:points]
        y_validation = (
            _truth(places_validation) + noise * disturbance_validation
        )
        errors, coefficients = [], []
        for terms in DEGREES + 1:
            c = _ridge(bases[0][:points, :terms], y, strength)
            coefficients.append(c)
            errors.append(
                [
                    np.mean((basis[:, :terms] @ c - goal) ** 2)
                    for basis, goal in (
                        (bases[0][:points], y),
                        (bases[1], y_validation),
                    )
                ]
            )
        errors = np.array(errors)
        hollow.set_data(places_validation, y_validation)
        filled.set_data(x, y)
        fitted = bases[2][:, : degree + 1] @ coefficients[degree]
        curve.set_data(axis, np.clip(fitted, -10, 10))
        shown = np.clip(errors, LOWEST / 2, HIGHEST * 2)
        train.set_data(DEGREES, shown[:, 0])
        valid.set_data(DEGREES, shown[:, 1])
        floor.set_data([-0.5, 16], [max(noise**2, LOWEST / 2)] * 2)
        here.set_data([degree, degree], [LOWEST, HIGHEST])
        best = int(errors[:, 1].argmin())
        return (
            f"Degree {degree}, {points} points: mean squared error "
            f"{_short(errors[degree, 0])} in training, "
            f"{_short(errors[degree, 1])} in validation; the noise alone "
            f"makes {noise**2:.4f}. Validation is best at degree {best} with "
            f"{_short(errors[best, 1])}."
        )

    controls = {
        "degree": widgets.IntSlider(
            value=degree, min=0, max=15, description="degree"
        ),
        "points": widgets.IntSlider(
            value=points, min=5, max=MAX_POINTS, description="points"
        ),
        "noise": widgets.FloatSlider(
            value=noise, min=0.0, max=0.5, step=0.05, description="noise"
        ),
        "strength": _strength(),
    }
    return Explorer("polynomial", controls, live, update)


def _short(error: float) -> str:
    return f"{error:.4f}" if error < 1000 else f"{error:.3g}"


def _truth(x: np.ndarray) -> np.ndarray:
    return np.sin(np.pi * x)


def _ridge(basis: np.ndarray, y: np.ndarray, strength: float) -> np.ndarray:
    """Return the coefficients of a polynomial, shape `(terms,)`.

    The penalty is written as more equations, √(λ · samples) · c = 0, so that
    least squares does all the work. The constant is a bias: no penalty.
    """
    samples, terms = basis.shape
    pull = np.full(terms, (strength * samples) ** 0.5)
    pull[0] = 0
    rows = np.vstack([basis, np.diag(pull)])
    goal = np.concatenate([y, np.zeros(terms)])
    return np.linalg.lstsq(rows, goal, rcond=None)[0]


def _within(lowest: float, highest: float, **values: float) -> None:
    for name, value in values.items():
        if not lowest <= value <= highest:  # NaN is not
            raise ValueError(
                f"{name} is {value}, expected a number from {lowest} to "
                f"{highest}."
            )
