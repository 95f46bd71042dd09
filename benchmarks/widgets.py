"""How fast are the explorers, compared with `ipywidgets.interact`?

For two explorers, the same slider is moved to the same values twice: in the
explorer of the course, and in an equivalent made with `interact` and a new
figure per change, which is the usual way. Timed is everything from the change
of the slider to finished PNG bytes. The two take turns, so that whatever
else the machine does slows both.

The comparison is made easy for `interact`: no kernel, no message to a
browser, and no `bbox_inches="tight"`, which Jupyter would add.

The optimizer race draws more than any other explorer and plays by itself, so
its frames are timed as well, on every surface. The augmentation explorer
moves 13 pictures at a time and asks a network about them: timed, too, and so
are the explorers of lectures 08 and 09, each where it has most to draw: a
number of a kernel that is edited, units that see hundreds of pixels, pictures
whose 64 maps were not seen before, and two deep networks side by side. Those
of lecture 10 have 30 letters.

All times are processor time of one thread. What else the machine does still
slows that, but far less than the time on the clock.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from course_utils import (
    datasets,
    explorers,
    inspection,
    models,
    scratch,
    sequences,
    standins,
    style,
    toy,
)
from course_utils.explorers import Explorer

import common
import ipywidgets as widgets
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

SLOWEST = 16.0  # milliseconds for 95 of 100 moves: 60 pictures a second
RATIO = 4.0  # how many times faster than interact, in the median
SAME = 3.0  # how far the two pictures may differ: RMS on a scale of 0 to 255
WARM_UP = 10  # changes that are not counted
STEPS = 40
START = 5.0


def loss(w: np.ndarray) -> np.ndarray:
    return (w + 1) ** 2


def slope(w: np.ndarray) -> np.ndarray:
    return 2 * (w + 1)


def png_of(figure: plt.Figure) -> bytes:
    """Encode a figure as Jupyter does, and close it as Jupyter does."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    plt.close(figure)
    return stream.getvalue()


def draw_learning_rate(rate: float) -> bytes:
    """Draw what `explorers.learning_rate` shows, on a new figure."""
    with np.errstate(all="ignore"):
        path = scratch.descend(slope, START, rate, STEPS)
        height = loss(path)
    near = int(np.argmax(np.append(np.abs(path) >= 1e6, True)))
    reach = 1.35 * (START + 1)
    ground = np.linspace(-1 - reach, -1 + reach, 200)
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.4))
    left.plot(ground, loss(ground), color=style.LOSS)
    left.plot([-1], [0], "*", color=style.MINIMUM, ms=12)
    left.set(title="Where you walk", xlabel="weight w", ylabel="loss")
    left.set_xlim(ground[0], ground[-1])
    left.set_ylim(bottom=-0.05 * np.ptp(loss(ground)))
    left.set_ylim(top=left.get_ylim()[1])
    left.plot(path[:near], height[:near], "o-", color=style.PATH, ms=4, lw=1)
    left.plot(path[:1], height[:1], "o", color=style.START, ms=7)
    right.set(title="How fast you arrive", xlabel="step", yscale="log")
    right.set(ylabel="loss above the minimum")
    right.set(xlim=(0, STEPS), ylim=(1e-8, 1e4))
    gap = np.maximum(height[:near], 5e-9)
    right.plot(np.arange(near), gap, "o-", color=style.PATH, ms=3, lw=1)
    return png_of(figure)


def draw_surface(u: float) -> bytes:
    """Draw what `explorers.surface` shows, on a new figure."""
    here = toy.SURFACES["bowl"]
    path = scratch.descend(
        lambda p: np.array(here.gradient(*p)),
        np.array([u, here.start[1]]),
        0.1,
        60,
    )
    height = here.loss(*path.T)
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(6.8, 3.8), width_ratios=(1.25, 1)
    )
    axis = np.linspace(-here.limits, here.limits, 120)
    heights = here.loss(*np.meshgrid(axis, axis))
    left.contourf(axis, axis, heights, 24, cmap=style.SURFACE)
    for point in here.minima:
        left.plot(*point, "*", color=style.MINIMUM, ms=11)
    left.plot(*path.T, "o-", color=style.PATH, ms=3, lw=1)
    left.plot(*path[:1].T, "o", color=style.START, ms=8)
    left.set(title="The bowl from above", xlabel="u", ylabel="v")
    left.set(xlim=axis[[0, -1]], ylim=axis[[0, -1]], aspect="equal")
    gap = height - here.loss(*here.minima[0])
    right.plot(np.maximum(gap, 1e-9), color=style.PATH)
    right.set(title="Loss above the deepest point", xlabel="step")
    right.set(xlim=(0, 60), ylim=(1e-6, 1e3), yscale="log")
    return png_of(figure)


@dataclass
class Way:
    """One way to draw, and what it took.

    Attributes:
        move: Sets the slider and returns the picture that results.
        times: Milliseconds per move.
        sizes: Bytes per picture.
    """

    move: Callable[[float], bytes]
    times: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def measure(self, value: float) -> bytes:
        """Move once and note what it took."""
        begin = time.thread_time()
        png = self.move(value)
        self.times.append(1000 * (time.thread_time() - begin))
        self.sizes.append(len(png))
        return png


def slider_of(explorer: Explorer, description: str) -> widgets.FloatSlider:
    """Find the slider that a learner would drag."""
    row = explorer.widget.children[0]
    return next(c for c in row.children if c.description == description)


def our_way(explorer: Explorer, slider: widgets.FloatSlider) -> Way:
    """Return the way of the course: moved artists on a saved background."""

    def move(value: float) -> bytes:
        slider.value = value
        return explorer.live.picture.png

    return Way(move)


def usual_way(
    draw: Callable[..., bytes], control: str, like: widgets.Widget
) -> Way:
    """Return the way of `interact`: the function runs at every change."""
    drawn = b""

    def function(**values: float) -> None:
        nonlocal drawn
        drawn = draw(**values)

    slider = widgets.FloatSlider(
        value=like.value, min=like.min, max=like.max, step=like.step
    )
    # Headless, interact erases its last output on the terminal.
    with contextlib.redirect_stdout(io.StringIO()):
        widgets.interactive(function, **{control: slider}).update()

    def move(value: float) -> bytes:
        with contextlib.redirect_stdout(io.StringIO()):
            slider.value = value
        return drawn

    return Way(move)


def difference(first: bytes, second: bytes) -> float:
    """Return the RMS difference of two pictures; infinite if sizes differ."""
    one, other = (
        np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), float)
        for png in (first, second)
    )
    if one.shape != other.shape:
        return float("inf")
    return float(np.sqrt(np.mean((one - other) ** 2)))


def compare(name: str, ours: Way, usual: Way, values: np.ndarray) -> list[str]:
    """Measure two ways in turns, print the result, return what is too bad."""
    for value in values[:WARM_UP]:
        ours.move(value)
        usual.move(value)
    worst = 0.0
    for value in values[WARM_UP:]:
        pair = ours.measure(value), usual.measure(value)
        worst = max(worst, difference(*pair))
    ratio = np.median(usual.times) / np.median(ours.times)
    for label, way, factor in (
        ("this course", ours, f"{ratio:.1f} x faster"),
        ("interact, new figure", usual, ""),
    ):
        print(
            f"{name:15} {label:21} {np.median(way.times):9.1f} "
            f"{np.percentile(way.times, 95):8.1f} "
            f"{np.median(way.sizes):8.0f}  {factor}"
        )
    problems = []
    slow = np.percentile(ours.times, 95)
    if slow > SLOWEST:
        problems.append(
            f"{name}: 95 of 100 moves took up to {slow:.1f} ms, the bar is "
            f"{SLOWEST:.0f} ms."
        )
    if ratio < RATIO:
        problems.append(
            f"{name}: {ratio:.1f} times faster than interact, the bar is "
            f"{RATIO:.0f}."
        )
    if worst > SAME:
        problems.append(
            f"{name}: the two pictures differ (RMS {worst:.1f}), so the "
            "comparison is not fair. Bring the drawing here in step."
        )
    return problems


def time_race(count: int) -> list[str]:
    """Measure the frames of the race, return the surfaces that are too slow."""
    rules = (
        *(scratch.sgd, scratch.momentum, scratch.nesterov, scratch.adagrad),
        *(scratch.adadelta, scratch.rmsprop, scratch.adam, scratch.adamw),
    )
    race = explorers.race({rule.__name__: rule for rule in rules})
    step = race.controls["step"]
    steps = np.arange(WARM_UP + count) % (step.max + 1)
    problems = []
    for surface in toy.RACES:
        race.controls["surface"].value = surface
        way = our_way(race, step)
        for value in steps[:WARM_UP].tolist():
            way.move(value)
        for value in steps[WARM_UP:].tolist():
            way.measure(value)
        slow = np.percentile(way.times, 95)
        print(
            f"{surface:15} {'race, one step on':21} "
            f"{np.median(way.times):9.1f} {slow:8.1f} "
            f"{np.median(way.sizes):8.0f}"
        )
        if slow > SLOWEST:
            problems.append(
                f"race on {surface}: 95 of 100 frames took up to "
                f"{slow:.1f} ms, the bar is {SLOWEST:.0f} ms."
            )
    return problems


def time_augmentation(count: int) -> list[str]:
    """Measure the turns of a picture with a network of 101,770 parameters."""
    rng = np.random.default_rng(0)
    pictures, labels, *_ = standins.digits()
    layers = scratch.make_layers([784, 128, 10], rng)
    layers = [(W.astype(np.float32), b.astype(np.float32)) for W, b in layers]

    def predict(x: np.ndarray) -> np.ndarray:
        flat = x.reshape(len(x), -1)
        return scratch.softmax(scratch.forward(layers, flat, scratch.relu)[-1])

    explorer = explorers.augmentation(pictures, labels, predict)
    explorer.set(right=3, zoom=1.2)
    turns = 5 * np.arange(WARM_UP + count) % 360 - 180
    return time_moves("augmentation", explorer, "turn", turns)


def time_kernel(count: int) -> list[str]:
    """Measure edits of a kernel on a photo, as fast as they can be typed."""
    explorer = explorers.kernel(datasets.photos()["temple"])
    weights = np.arange(WARM_UP + count) * 0.07 % 6 - 3
    return time_moves("kernel", explorer, "k22", weights.round(2))


def time_receptive_field(count: int) -> list[str]:
    """Measure another unit chosen, above as many pixels as there can be."""
    explorer = explorers.receptive_field([(7, 2)] * 6)
    units = 1 + np.arange(WARM_UP + count) % 5
    return time_moves("receptive field", explorer, "unit", units)


def time_feature_maps(count: int) -> list[str]:
    """Measure other pictures, so many that none is remembered."""
    pictures = standins.digits()[0][:200]
    kernels = np.random.default_rng(0).normal(size=(3, 3, 1, 64))
    maps = scratch.relu(scratch.conv2d(pictures[..., None] / 255, kernels))
    explorer = explorers.feature_maps(pictures, {"conv1": maps})
    numbers = np.arange(WARM_UP + count) % len(pictures)
    return time_moves("feature maps", explorer, "picture", numbers)


def time_architecture(count: int) -> list[str]:
    """Measure another layer chosen in two deep networks at once."""
    networks = models.resnet18, models.vgg16
    tables = {f.__name__: inspection.layer_table(f()) for f in networks}
    explorer = explorers.architecture(tables)
    explorer.set(second="vgg16")
    layers = np.arange(WARM_UP + count) % (explorer.controls["layer"].max + 1)
    return time_moves("architecture", explorer, "layer", layers)


def time_letters(count: int) -> list[str]:
    """Measure the explorers of lecture 10, with 30 letters where they can."""
    rng = np.random.default_rng(0)
    alphabet = "abcdefghijklmnopqrstuvwxyz .,-"
    shapes = (30, 64), (64, 64), (64, 30)
    wx, wh, wy = (rng.normal(size=shape) / 8 for shape in shapes)

    def cell(x: np.ndarray, h: np.ndarray | None) -> tuple:
        h = np.zeros(64) if h is None else h
        h = sequences.rnn_step(x, h, wx, wh, 0)
        return h, scratch.softmax(h @ wy)

    def norms(radius: float, steps: int) -> np.ndarray:
        return 0.9 * radius ** np.arange(1, steps + 1)

    word = "a cat sat on a mat, "  # as long as a word can be
    paths = np.cumsum(rng.normal(size=(300, 30, 2)), axis=0)
    turns = np.arange(WARM_UP + count)
    typed = np.array([word[: 1 + n] for n in turns % 20])
    unrolled = explorers.unrolled(cell, word, alphabet)
    moves = (
        (unrolled, "step", 1 + turns % 20),
        (unrolled, "text", typed),
        (
            explorers.gradient_distance(norms),
            "radius",
            0.5 + 0.01 * (7 * turns % 100),
        ),
        (explorers.embedding(paths, alphabet), "epoch", 7 * turns % 300),
        (
            explorers.temperature(rng.normal(size=30), alphabet),
            "temperature",
            0.05 * (7 * turns % 60),
        ),
    )
    problems = []
    for explorer, control, values in moves:
        name = explorer.name.split()[0]
        problems += time_moves(name, explorer, control, values)
    return problems


def time_gates(count: int) -> list[str]:
    """Measure another step at which the gate opens, with all bars there are."""
    explorer = explorers.gates(200)
    explorer.set(forget=0.99)
    steps = 1 + np.arange(WARM_UP + count) % 100
    return time_moves("gates", explorer, "opens", steps)


def time_moves(
    name: str, explorer: Explorer, control: str, values: np.ndarray
) -> list[str]:
    """Measure moves of one control, return a sentence if they are slow."""
    way = our_way(explorer, explorer.controls[control])
    for value in values[:WARM_UP].tolist():
        way.move(value)
    for value in values[WARM_UP:].tolist():
        way.measure(value)
    slow = np.percentile(way.times, 95)
    print(
        f"{name:15} {control:21} {np.median(way.times):9.1f} "
        f"{slow:8.1f} {np.median(way.sizes):8.0f}"
    )
    if slow > SLOWEST:
        return [
            f"{name}: 95 of 100 moves took up to {slow:.1f} ms, the bar is "
            f"{SLOWEST:.0f} ms."
        ]
    return []


def main() -> int:
    """Run both comparisons and the rest; return 1 if a bar is missed."""
    parser = common.parser(__doc__)
    parser.add_argument(
        "--changes",
        type=common.count,
        default=150,
        help="how many moves to measure (default 150)",
    )
    options = parser.parse_args()
    matplotlib.use("agg")
    style.apply()
    count = WARM_UP + options.changes
    order = np.random.default_rng(0).permutation(count)
    rate = explorers.learning_rate(loss, slope, START, steps=STEPS)
    bowl = explorers.surface(scratch.descend)
    rate_slider = slider_of(rate, "learning rate")
    start_slider = slider_of(bowl, "start u")
    rates = np.linspace(0.005, 1.195, count)
    print(f"{options.changes} moves each, from slider to PNG")
    print(
        f"{'explorer':15} {'way':21} {'median ms':>9} {'p95 ms':>8} "
        f"{'bytes':>8}"
    )
    problems = compare(
        "learning rate",
        our_way(rate, rate_slider),
        usual_way(draw_learning_rate, "rate", rate_slider),
        # To three digits, as the explorer takes them from its slider.
        np.array([float(f"{r:.3g}") for r in rates])[order],
    )
    problems += compare(
        "surface",
        our_way(bowl, start_slider),
        usual_way(draw_surface, "u", start_slider),
        np.linspace(-2.9, 2.9, count)[order],
    )
    problems += time_race(options.changes)
    problems += time_augmentation(options.changes)
    problems += time_kernel(options.changes)
    problems += time_receptive_field(options.changes)
    problems += time_feature_maps(options.changes)
    problems += time_architecture(options.changes)
    problems += time_letters(options.changes)
    problems += time_gates(options.changes)
    return common.verdict(problems, options)


if __name__ == "__main__":
    sys.exit(main())
