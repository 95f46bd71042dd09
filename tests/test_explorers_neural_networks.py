"""The explorers of lecture 03 compute, draw and say what is true.

The oracles are formulas, finite differences, Adam layer by layer, and the
functions of `scratch` that the learner writes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from course_utils import explorers, scratch, toy
from course_utils.explorers import Explorer
from course_utils.explorers import neural_networks as networks
from course_utils.live import LiveFigure
from tests.explored import (
    assert_quick,
    drag,
    limits,
    shared,
    shown,
)
from tests.pictures import decode, rms

import ipywidgets as widgets
import numpy as np
import pytest
from matplotlib.collections import LineCollection

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")


def step(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, 1, 0)


def leaky_relu(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, z, 0.1 * z)


FUNCTIONS = {
    "step": step,
    "sigmoid": scratch.sigmoid,
    "tanh": np.tanh,
    "relu": scratch.relu,
    "leaky relu": leaky_relu,
}
SLOPES = {
    "step": np.zeros_like,
    "sigmoid": lambda z: scratch.sigmoid(z) * (1 - scratch.sigmoid(z)),
    "tanh": lambda z: 1 / np.cosh(np.minimum(np.abs(z), 300)) ** 2,
    "relu": lambda z: np.where(z > 0, 1.0, 0.0),
    "leaky relu": lambda z: np.where(z > 0, 1.0, 0.1),
}


def explore_activation() -> Explorer:
    return explorers.activation(FUNCTIONS)


MAKERS = [explore_activation, explorers.approximator, explorers.boundary]
every = pytest.mark.parametrize("make", MAKERS, ids=lambda f: f.__name__)


def lines(explorer: Explorer, axes: int) -> list:
    """Return the moving lines of one of the axes, in order."""
    ax = explorer.live.figure.axes[axes]
    return [line for line in ax.lines if line.get_animated()]


def segments(explorer: Explorer) -> list[np.ndarray]:
    """Return the parts of the one moving collection on the left."""
    (found,) = (
        part
        for part in explorer.live.figure.axes[0].collections
        if isinstance(part, LineCollection)
    )
    return found.get_segments()


# Activation ----------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_slope_is_the_one_of_the_formula(name: str) -> None:
    z = np.concatenate(
        [np.linspace(-8, 8, 400), [1e-14, -1e-14, 1e9, -1e9, 1e13, -1e13]]
    )
    np.testing.assert_allclose(
        networks.slope(FUNCTIONS[name], z), SLOPES[name](z), atol=1e-9
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_slope_and_tangent_are_drawn(name: str) -> None:
    explorer = shared(explore_activation)
    for z in (-2.3, -0.5, 0.4, 3.1):
        readout = drag(explorer, function=name, z=z)
        steep, curve, tangent, point = lines(explorer, 0)
        x, height = curve.get_data()
        np.testing.assert_allclose(height, FUNCTIONS[name](x))
        x, height = steep.get_data()
        np.testing.assert_allclose(height, SLOPES[name](x), atol=1e-9)
        here, there = FUNCTIONS[name](np.array(z)), SLOPES[name](np.array(z))
        np.testing.assert_allclose(np.ravel(point.get_data()), [z, here])
        x, height = tangent.get_data()
        np.testing.assert_allclose(height, here + (x - z) * there, atol=1e-9)
        assert f"{name} at z = {z}: value {here:.3g}, " in readout
        assert f"slope {there:.2g}." in readout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("step", "a jump from 0 to 1."),
        ("relu", "a kink, slope 0 on its left, 1 on its right."),
        ("leaky relu", "a kink, slope 0.1 on its left, 1 on its right."),
        ("sigmoid", "value 0.5, slope 0.25."),
        ("tanh", "value 0, slope 1."),
    ],
)
def test_what_happens_at_zero_is_named(name: str, words: str) -> None:
    explorer = shared(explore_activation)
    assert words in drag(explorer, function=name, z=0.0)
    tangent = lines(explorer, 0)[2].get_data()
    assert (len(tangent[0]) == 0) == (name == "step")


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "leaky relu"])
@pytest.mark.parametrize("gain", [0.5, 1.4, 4.0])
def test_the_gradient_of_every_layer_is_the_numerical_one(
    name: str, gain: float
) -> None:
    f, width = FUNCTIONS[name], 5
    rng = np.random.default_rng(3)
    weights = gain * rng.normal(0, width**-0.5, (4, width, width))
    signal, gradient = rng.normal(size=(2, 3, width))
    sizes, norms = networks.through_layers(f, weights, signal, gradient)
    for first in range(5):

        def loss(a: np.ndarray, first: int = first) -> float:
            for W in weights[first:]:
                a = f(a @ W)
            return float(np.sum(a * gradient))

        numerical = scratch.numerical_gradient(loss, signal)
        assert norms[first] == pytest.approx(
            np.linalg.norm(numerical) / np.linalg.norm(gradient), rel=1e-5
        )
        between = np.sqrt(np.mean(signal.var(axis=0)))
        assert sizes[first] == pytest.approx(between)
        if first < 4:
            signal = f(signal @ weights[first])


def share(readout: str) -> float:
    """Return what the readout says is left of the gradient."""
    found = re.search(r"gradient is (\S+) times", readout).group(1)
    return float(found.replace(",", ""))


def test_what_ten_layers_do_is_what_the_lecture_says() -> None:
    explorer = shared(explore_activation)
    drag(explorer, layers=10, gain=1.0)
    assert 1e-7 < share(drag(explorer, function="sigmoid")) < 1e-6
    assert 0.1 < share(drag(explorer, function="tanh")) < 1
    assert share(drag(explorer, function="relu")) == pytest.approx(
        0.5**5, rel=0.5
    )
    assert "gradient is zero" in drag(explorer, function="step")


def test_he_keeps_relu_alive_through_thirty_layers() -> None:
    explorer = shared(explore_activation)
    drag(explorer, function="relu", layers=30)
    ends = {}
    for gain in networks.GAINS.values():
        readout = drag(explorer, gain=gain)
        back, spread = lines(explorer, 1)
        assert len(back.get_xdata()) == len(spread.get_xdata()) == 31
        assert np.isfinite([back.get_ydata(), spread.get_ydata()]).all()
        ends[gain] = share(readout)
    he = 2**0.5
    assert 0.2 < ends[he] < 5
    for gain, end in ends.items():
        assert end == pytest.approx((gain / he) ** 30, rel=0.8)


def test_the_layers_are_drawn_as_they_are_said() -> None:
    explorer = shared(explore_activation)
    readout = drag(explorer, function="tanh", layers=7, gain=2.0)
    back, spread = lines(explorer, 1)
    np.testing.assert_array_equal(back.get_xdata(), np.arange(8))
    assert back.get_ydata()[-1] == pytest.approx(1)
    assert back.get_ydata()[0] == pytest.approx(share(readout), rel=0.06)
    said = float(re.search(r"samples (\S+)\.", readout).group(1))
    assert spread.get_ydata()[-1] == pytest.approx(said, rel=0.06)
    assert spread.get_ydata()[0] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.25"),
        (0.00412, "0.0041"),
        (4.1e-7, "4e-7"),
        (64123.0, "64,000"),
        (100.4, "100"),
        (2.7e13, "3e13"),
        (0.0, "0"),
        (1.0, "1"),
    ],
)
def test_numbers_are_written_short(value: float, text: str) -> None:
    assert networks._short(value) == text


@pytest.mark.parametrize(
    "f",
    [
        lambda z: z * math.nan,
        lambda z: np.full(z.shape, math.inf),
        lambda z: np.exp(np.exp(np.abs(z) + 2)),
        lambda z: np.log(z),
    ],
    ids=["nan", "infinity", "overflow", "log"],
)
def test_a_function_that_breaks_down_is_named(f: Callable) -> None:
    explorer = explorers.activation({"fine": np.tanh, "odd": f})
    before = limits(explorer)
    for z in (-1.0, 0.0, 2.0):
        readout = drag(explorer, function="odd", z=z)
        assert "gradient is no number any more" in readout
        assert limits(explorer) == before
    assert "slope" in drag(explorer, function="fine")


def test_a_function_for_single_numbers_is_explained() -> None:
    with pytest.raises(ValueError, match=r"relu cannot take an array.*where"):
        explorers.activation({"relu": lambda z: z if z > 0 else 0})
    with pytest.raises(ValueError, match=r"relu took .*returned one of"):
        explorers.activation({"relu": np.max})
    with pytest.raises(ValueError, match="No functions"):
        explorers.activation({})


# Training ------------------------------------------------------------------


@pytest.mark.parametrize("name", networks.ACTIVATIONS)
def test_a_step_is_adam_on_the_numerical_gradient(name: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 2)), rng.normal(size=(6, 1))
    layers = scratch.make_layers([2, 3, 2, 1], rng)
    bend, _ = networks.ACTIVATIONS[name]

    def loss(parts: list[np.ndarray]) -> float:
        pairs = list(zip(parts[::2], parts[1::2], strict=True))
        return float(np.mean((scratch.forward(pairs, x, bend)[-1] - y) ** 2))

    training = networks.train(
        layers, x, lambda out: 2 * (out - y) / len(y), name, 0.05
    )
    parts = [part for layer in layers for part in layer]
    states: list[dict] = [{} for _ in parts]
    for _ in range(4):
        now, out = next(training)
        flat = [part for layer in now for part in layer]
        for mine, theirs in zip(parts, flat, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-7)
        assert np.mean((out - y) ** 2) == pytest.approx(loss(parts))
        slopes = []
        for i, part in enumerate(parts):

            def at(w: np.ndarray, i: int = i, parts: list = parts) -> float:
                return loss([*parts[:i], w, *parts[i + 1 :]])

            slopes.append(scratch.numerical_gradient(at, part))
        parts = [
            scratch.adam(*three, 0.05)
            for three in zip(parts, slopes, states, strict=True)
        ]


def test_the_slopes_of_the_activations_fit_their_values() -> None:
    z = np.array([-2.0, -0.3, 0.4, 1.7])
    for bend, steepness in networks.ACTIVATIONS.values():
        a = bend(z)
        expected = (bend(z + 1e-6) - bend(z - 1e-6)) / 2e-6
        np.testing.assert_allclose(steepness(a), expected, atol=1e-8)


# Approximator --------------------------------------------------------------


@pytest.mark.parametrize("target", networks.TARGETS)
@pytest.mark.parametrize("activation", networks.ACTIVATIONS)
def test_units_and_bias_add_up_to_the_curve(
    target: str, activation: str
) -> None:
    explorer = shared(explorers.approximator)
    steps = 500
    readout = drag(
        explorer, target=target, activation=activation, units=4, steps=steps
    )
    points, curve = lines(explorer, 0)
    faint, fall, here = lines(explorer, 1)
    weights = networks.fit(target, 4, activation)[0][steps // 10]
    assert f"4 {activation} units, {len(weights)} parameters" in readout
    assert len(weights) == 4 + 4 + 4 + 1
    W, b, V, c = weights[:4], weights[4:8], weights[8:12], weights[12]
    bend, _ = networks.ACTIVATIONS[activation]
    x, height = curve.get_data()
    parts = np.array(segments(explorer))
    assert parts.shape == (4, len(x), 2)
    for unit in range(4):
        np.testing.assert_allclose(parts[unit, :, 0], x)
        np.testing.assert_allclose(
            parts[unit, :, 1], V[unit] * bend(x * W[unit] + b[unit])
        )
    np.testing.assert_allclose(parts[:, :, 1].sum(axis=0) + c, height)
    # The error, from the points that are drawn.
    x, y = points.get_data()
    answer = bend(x[:, None] * W + b) @ V + c
    error = np.mean((answer - y) ** 2)
    assert here.get_data() == ([steps], [pytest.approx(error)])
    assert f"after 500 steps: mean squared error {error:.4f}," in readout
    assert fall.get_xdata()[-1] == steps
    assert faint.get_xdata()[-1] == networks.LAST


def test_the_points_scatter_around_the_target() -> None:
    for target, f in networks.TARGETS.items():
        x, y = networks.samples(target)
        assert np.std(y - f(x)) == pytest.approx(0.05, rel=0.2), target
    x, y = networks.samples("parabola")
    np.testing.assert_allclose(np.stack([x, y]), toy.parabola(100))


def test_more_units_approximate_better_down_to_the_noise() -> None:
    x, y = networks.samples("sine")
    noise = np.mean((y - np.sin(2 * np.pi * x)) ** 2)
    for name in networks.ACTIVATIONS:
        ends = [networks.fit("sine", u, name)[1][-1] for u in (1, 3, 10)]
        assert ends[0] > 1.5 * ends[1] > 3 * ends[2], name
        assert ends[2] < 5 * noise
    explorer = shared(explorers.approximator)
    assert f"the noise alone makes {noise:.4f}." in explorer.readout


def test_two_relu_make_an_absolute_value_and_one_tanh_no_parabola() -> None:
    assert networks.fit("absolute value", 2, "relu")[1][-1] < 0.003
    assert networks.fit("parabola", 1, "tanh")[1][-1] > 0.05


def test_the_steps_slider_scrubs_without_training_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    networks.fit.cache_clear()
    calls = []
    real = scratch.adam
    monkeypatch.setattr(scratch, "adam", lambda *a: calls.append(1) or real(*a))
    explorer = explorers.approximator()
    assert len(calls) <= networks.LAST
    calls.clear()
    pictures = set()
    for steps in (0, 10, 50, 200, 1000, 2000):
        assert f"after {steps} steps" in drag(explorer, steps=steps)
        pictures.add(shown(explorer))
    assert len(pictures) == 6
    assert not calls
    drag(explorer, units=11)
    assert calls


# Boundary ------------------------------------------------------------------


def trained(
    data: str, width: int, depth: int, seed: int = 0, **other: float
) -> tuple[float, float]:
    """Train without a picture; return accuracy on training and test."""
    settings = {"activation": "tanh", "rate": 0.03, "noise": 0.1, **other}
    sizes = [2, *[width] * depth, 1]
    *_, (layers, _) = networks.classify(data, sizes, seed=seed, **settings)
    bend, _ = networks.ACTIVATIONS[settings["activation"]]
    found = []
    for part in (0, 1):
        x, y = toy.CLASSES[data](noise=settings["noise"], seed=part)
        z = scratch.forward(layers, x, bend)[-1][:, 0]
        # Two scores, of which one is zero: softmax of them is the sigmoid.
        found.append(scratch.accuracy(np.stack([0 * z, z], axis=1), y))
    return found[0], found[1]


@pytest.mark.parametrize("activation", networks.ACTIVATIONS)
def test_three_layers_of_sixteen_solve_the_spiral(
    activation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    real = scratch.adam
    monkeypatch.setattr(scratch, "adam", lambda *a: calls.append(1) or real(*a))
    accuracies = trained("spiral", 16, 3, activation=activation, noise=0.05)
    assert min(accuracies) > 0.95
    # The bound on the time, as work: 600 steps on 200 points.
    assert len(calls) <= networks.STEPS == 600


def test_a_line_cannot_separate_circles_but_three_units_can() -> None:
    for seed in range(3):
        assert max(trained("circles", 1, 0, seed)) < 0.65
    assert min(trained("circles", 3, 1)) > 0.95


def test_xor_needs_more_than_two_units_and_some_luck_with_three() -> None:
    two, three, eight = (
        [trained("xor", width, 1, seed)[0] for seed in range(6)]
        for width in (2, 3, 8)
    )
    assert max(two) < 0.95
    assert min(three) < 0.9 < 0.95 < max(three)
    assert min(eight) > 0.95


def test_the_loss_is_the_cross_entropy_of_two_scores() -> None:
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 5, 20), rng.integers(0, 2, 20)
    expected = scratch.cross_entropy(np.stack([0 * z, z], axis=1), y)
    assert networks.surprise(z, y) == pytest.approx(expected)
    assert networks.surprise(1e6 * z, y) < np.inf


def test_the_readout_says_what_a_training_reaches() -> None:
    explorer = explorers.boundary()
    before = shown(explorer)
    assert "2-4-1 network, 17 parameters, not trained" in explorer.readout
    explorer.run()
    train, test = trained("moons", 4, 1)
    assert f"{train:.1%} of the training points" in explorer.readout
    assert f"{test:.1%} of the test points" in explorer.readout
    assert "600 steps in " in explorer.readout
    assert explorer.live.picture.alt.endswith(explorer.readout)
    assert shown(explorer) != before
    falls, tested = lines(explorer, 1)
    np.testing.assert_array_equal(falls.get_xdata(), np.arange(0, 601, 10))
    assert falls.get_ydata()[0] > 0.3 > 0.1 > falls.get_ydata()[-1]
    assert tested.get_ydata()[-1] < 0.1


def test_the_picture_is_the_network() -> None:
    explorer = explorers.boundary(data="xor", width=8)
    explorer.run()
    *_, (layers, _) = networks.classify("xor", [2, 8, 1], "tanh", 0.03)
    # The edge runs where the network is undecided.
    edge = np.concatenate(segments(explorer))
    assert len(edge) > 20
    assert np.abs(networks.says(layers, edge, "tanh")).max() < 2
    # Blue where it says 0, red where it says 1, in the pixels themselves.
    live = explorer.live
    pixels = np.asarray(live.canvas.buffer_rgba()).astype(int)
    ax = live.figure.axes[0]
    corners = np.array([[2.0, 2.0], [-2.0, 2.0], [-2.0, -2.0], [2.0, -2.0]])
    across, up = ax.transData.transform(corners).T.astype(int)
    red, _, blue = pixels[len(pixels) - 1 - up, across, :3].T
    said = networks.says(layers, corners, "tanh")
    assert list(said > 0) == [False, True, False, True]
    np.testing.assert_array_equal(red > blue, said > 0)


def test_filled_points_are_for_training_and_hollow_ones_for_testing() -> None:
    explorer = shared(explorers.boundary)
    drag(explorer, data="circles", noise=0.2)
    for part, marks in ((1, [0, 1]), (0, [2, 3])):
        x, y = toy.circles(noise=0.2, seed=part)
        for label, place in enumerate(marks):
            mark = lines(explorer, 0)[place]
            np.testing.assert_allclose(mark.get_data(), x[y == label].T)
            hollow = mark.get_markerfacecolor() == "none"
            assert hollow == (part == 1)


def test_the_button_trains_and_shows_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    explorer = explorers.boundary(data="circles")
    seen = []
    refresh = LiveFigure.refresh

    def watch(self: LiveFigure) -> None:
        refresh(self)
        seen.append((shown(explorer), explorer.button.disabled))

    monkeypatch.setattr(LiveFigure, "refresh", watch)
    row = explorer.widget.children[0]
    assert row.children[-1] is explorer.button
    assert explorer.button.description == "Train"
    explorer.button.click()
    assert 10 <= len({png for png, _ in seen}) <= 15
    assert all(disabled for _, disabled in seen)
    assert not explorer.button.disabled
    other = explorers.boundary(data="circles")
    other.run()
    assert shown(other) == shown(explorer)
    explorer.button.click()
    assert shown(other) == shown(explorer), "it starts from the same weights"


def test_moving_a_control_shows_a_network_that_is_not_trained() -> None:
    explorer = explorers.boundary()
    explorer.run()
    readout = drag(explorer, width=5)
    fresh = explorers.boundary(width=5)
    assert readout == fresh.readout
    assert shown(explorer) == shown(fresh)


def test_an_error_while_training_is_told_and_the_button_works_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    explorer = explorers.boundary()
    with monkeypatch.context() as patch:
        patch.setattr(scratch, "adam", lambda *a: 1 / 0)
        explorer.button.click()
    assert "ZeroDivisionError" in explorer.readout
    assert not explorer.button.disabled
    explorer.button.click()
    assert "600 steps" in explorer.readout


def test_an_explorer_without_a_button_says_so() -> None:
    explorer = shared(explorers.approximator)
    assert explorer.button is None
    with pytest.raises(ValueError, match="nothing to run"):
        explorer.run()


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (10.0, "It diverges: the loss has grown. Try the rate 0.03."),
        (1e200, "Try the rate 0.03."),
        (math.inf, "no number any more. Try the rate 0.03."),
        (-math.inf, "A negative rate climbs."),
        (math.nan, "no number any more. Try the rate 0.03."),
        (-0.03, "A negative rate climbs."),
        (0.0, "It learns slowly: try a larger rate."),
        (1e-4, "It learns slowly: try a larger rate."),
        (0.03, "on the right side."),
    ],
    ids=str,
)
def test_a_rate_that_does_not_work_gets_advice(rate: float, words: str) -> None:
    explorer = shared(explorers.boundary)
    drag(explorer, data="moons", width=8, depth=2, noise=0.1, seed=0)
    before = limits(explorer)
    drag(explorer, rate=rate)
    explorer.run()
    assert explorer.readout.endswith(words)
    assert limits(explorer) == before
    for axes in (0, 1):
        for line in lines(explorer, axes):
            assert np.isfinite(line.get_data()).all()
    assert "not trained" in drag(explorer, rate=0.02)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data": "circles", "depth": 0}, "the boundary is a straight line."),
        ({"data": "xor", "width": 2}, "Try other start weights, or more"),
        ({"width": 16, "depth": 3, "noise": 0.5}, "better than new ones."),
    ],
    ids=["line", "narrow", "overfitted"],
)
def test_a_training_that_fails_gets_advice(settings: dict, words: str) -> None:
    explorer = explorers.boundary(**settings)
    explorer.run()
    assert words in explorer.readout


@pytest.mark.parametrize("activation", networks.ACTIVATIONS)
def test_the_smallest_and_the_largest_network_train(activation: str) -> None:
    explorer = shared(explorers.boundary)
    for width, depth, noise, seed in ((1, 4, 0.0, 19), (16, 4, 0.5, 19)):
        explorer.set(
            width=width,
            depth=depth,
            noise=noise,
            seed=seed,
            activation=activation,
            data="spiral",
            rate=0.1,
        )
        explorer.run()
        assert "600 steps" in explorer.readout


# All of them ---------------------------------------------------------------


@every
def test_every_control_moves_the_picture_and_the_readout_or_a_note(
    make: Callable,
) -> None:
    explorer = make()
    names = list(explorer.controls)
    for name in names:
        control = explorer.controls[name]
        assert control.description, name
        old, before = control.value, shown(explorer)
        if isinstance(control, (widgets.Dropdown, widgets.SelectionSlider)):
            choices = [c for _, c in control._options_full if c != old]
        elif isinstance(control, widgets.FloatText):
            choices = [0.001, 1.0]
        else:
            choices = [control.min, control.max]
        for choice in choices:
            if choice != old:
                drag(explorer, **{name: choice})
                assert shown(explorer) != before, (name, choice)
                assert "raised" not in explorer.readout
        drag(explorer, **{name: old})
        assert shown(explorer) == before, name


@every
def test_jupyter_gets_widget_picture_and_text(make: Callable) -> None:
    explorer = make()
    data, metadata = explorer._repr_mimebundle_()
    view = data["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == explorer.widget.model_id
    assert data["text/plain"] == repr(explorer) == repr(make())
    alt = metadata["image/png"]["alt"]
    assert alt == f"{explorer.name}: {explorer.readout}"
    again = make()._repr_mimebundle_()[0]["image/png"]
    assert rms(decode(data["image/png"]), decode(again)) == 0


@every
def test_two_explorers_do_not_disturb_each_other(make: Callable) -> None:
    one, other = make(), make()
    before = shown(other), repr(other)
    name, control = next(
        (n, c) for n, c in one.controls.items() if hasattr(c, "options")
    )
    drag(one, **{name: control.options[-1]})
    other.refresh()
    assert (shown(other), repr(other)) == before
    assert shown(one) != before[0]


@every
def test_a_move_is_much_faster_than_a_full_drawing(make: Callable) -> None:
    explorer = make()
    name = {"activation": "z", "approximator": "steps", "boundary": "seed"}
    moved = name[explorer.name]
    control = explorer.controls[moved]
    values = np.linspace(control.min, control.max, 8)
    assert_quick(explorer, moved, map(type(control.value), values))
