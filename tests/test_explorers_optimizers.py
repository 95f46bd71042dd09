"""The explorers of lecture 05 race, measure and say what is true."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

from course_utils import explorers, scratch, style, toy
from course_utils.explorers import Explorer, optimizers
from tests.explored import (
    assert_caption_is_whole,
    assert_made_alike,
    assert_quick,
    click,
    drag,
    shared,
    shown,
)

import ipywidgets as widgets
import numpy as np
import pytest

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

NAMES = (
    "sgd",
    "momentum",
    "nesterov",
    "adagrad",
    "adadelta",
    "rmsprop",
    "adam",
    "adamw",
)
RULES = {name: getattr(scratch, name) for name in NAMES}


def make_race(**arguments: object) -> Explorer:
    return explorers.race(**({"rules": RULES} | arguments))


def make_range_test() -> Explorer:
    return explorers.range_test()


MAKERS = [make_race, make_range_test]
every = pytest.mark.parametrize("make", MAKERS, ids=lambda f: f.__name__)


def rates(rate: float) -> dict[str, float]:
    return {f"{name}_rate": rate for name in NAMES}


def lines(explorer: Explorer, axes: int, label: str) -> np.ndarray:
    """Return the visible points of a line by its label, shape (points, 2)."""
    (line,) = (
        line
        for line in explorer.live.figure.axes[axes].lines
        if line.get_label() == label
    )
    return line.get_xydata() if line.get_visible() else np.empty((0, 2))


def parts(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """Yield a widget and all that it contains."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def press(explorer: Explorer, description: str) -> None:
    """Press a button by what is written on it."""
    (button,) = (
        part
        for part in parts(explorer.widget)
        if isinstance(part, widgets.Button) and part.description == description
    )
    button.click()


def walk(name: str, surface: str, rate: float) -> np.ndarray:
    """Return the path that `optimise` walks from the usual start."""
    here = toy.RACES[surface]
    with np.errstate(all="ignore"):
        return scratch.optimise(
            RULES[name], here.slope, here.start, rate, steps=200
        )


def gap(path: np.ndarray, surface: str) -> np.ndarray:
    here = toy.RACES[surface]
    with np.errstate(all="ignore"):
        return here.loss(*path.T) - here.loss(*here.minima[0])


# The race ------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("surface", toy.RACES)
def test_every_racer_walks_exactly_as_optimise_does(
    name: str, surface: str
) -> None:
    explorer = shared(make_race)
    if explorer.controls["surface"].value != surface:
        drag(explorer, surface=surface)
    explorer.set(step=200, **rates(0.01))
    path = walk(name, surface, 0.01)
    height = gap(path, surface)
    usable = int(np.argmin(np.append(np.isfinite(height), False)))
    near = np.abs(path[:usable]).max(axis=1) < 1e4
    drawn = lines(explorer, 0, name)
    np.testing.assert_array_equal(drawn[near], path[:usable][near])
    fall = lines(explorer, 1, name)
    np.testing.assert_array_equal(fall[:, 0], np.arange(usable))
    np.testing.assert_array_equal(
        fall[:, 1], np.maximum(height[:usable], optimizers.FLOOR)
    )


@pytest.mark.parametrize("step", [0, 1, 77, 199, 200])
def test_scrubbing_shows_the_race_up_to_that_step(step: int) -> None:
    explorer = shared(make_race)
    drag(explorer, surface="saddle")
    explorer.set(step=50, **rates(0.1))
    readout = drag(explorer, step=step)
    for name in NAMES:
        path = walk(name, "saddle", 0.1)
        np.testing.assert_array_equal(
            lines(explorer, 0, name), path[: step + 1]
        )
        assert len(lines(explorer, 1, name)) == step + 1
    now = explorer.live.figure.axes[1].lines[-1]
    assert list(now.get_xdata()) == [step, step]
    assert readout.startswith(f"Step {step}:")
    assert ("all start" in readout) == (step == 0)


def test_a_racer_has_one_marker_and_it_is_at_its_head() -> None:
    explorer = make_race()
    for axes in explorer.live.figure.axes:
        racers = [line for line in axes.lines if line.get_label() in NAMES]
        assert len(racers) == 8
        assert all(line.get_markevery() == [-1] for line in racers)


def test_racers_differ_even_without_colour() -> None:
    looks = [(line, marker) for _, line, marker in style.RACERS]
    assert len({marker for _, marker in looks}) == len(looks) == 8
    for one, other in itertools.combinations(style.RACERS, 2):
        if one[0] == other[0]:
            assert one[1] != other[1], "relatives differ in their lines, too"


@pytest.mark.parametrize("surface", toy.RACES)
@pytest.mark.parametrize("step", [1, 25, 200])
def test_the_leader_is_the_lowest_and_all_are_listed_in_order(
    surface: str, step: int
) -> None:
    explorer = shared(make_race)
    drag(explorer, surface=surface)
    explorer.set(**rates(0.1))
    readout = drag(explorer, step=step)
    heights = {n: gap(walk(n, surface, 0.1), surface)[step] for n in NAMES}
    alive = {n: h for n, h in heights.items() if np.isfinite(h)}
    best = min(alive.values())
    head, listed = readout.split(" Above the minimum: ")
    assert min(alive, key=alive.get) in head
    for name, height in alive.items():
        level = max(height, 1e-8) <= 1.01 * max(best, 1e-8)
        assert (name in head.split(":")[1].replace(",", "").split()) == level
        said = f"{height:.2g}" if height > 1e-8 else "< 1e-08"
        assert f"{name} {said}" in listed
    for name in heights.keys() - alive.keys():
        assert f"{name} overflowed at step" in listed
    order = sorted(alive, key=lambda n: listed.index(f"{n} "))
    floored = [max(alive[name], 1e-8) for name in order]
    np.testing.assert_allclose(floored, sorted(floored), rtol=1e-9)


def test_racers_can_be_left_out_and_come_back() -> None:
    explorer = make_race()
    before = shown(explorer)
    readout = drag(explorer, adam=False, sgd=False)
    assert "adam 0" not in readout
    assert "sgd" not in readout
    assert "momentum" in readout
    for axes in (0, 1):
        assert len(lines(explorer, axes, "adam")) == 0
        assert len(lines(explorer, axes, "momentum")) == 31
    assert shown(explorer) != before
    drag(explorer, adam_rate=0.3)
    drag(explorer, adam=True, sgd=True, adam_rate=0.2)
    assert shown(explorer) == before


def test_a_race_of_nobody_says_so() -> None:
    explorer = make_race()
    readout = drag(explorer, **dict.fromkeys(NAMES, False))
    assert readout == "Nobody runs. Tick at least one optimizer."


def test_rates_that_overflow_are_told_and_the_picture_stays() -> None:
    explorer = make_race()
    drag(explorer, surface="Beale")
    explorer.set(**rates(0.01))
    before = [axes.axis() for axes in explorer.live.figure.axes]
    readout = drag(explorer, sgd_rate=1.0, momentum_rate=100.0, step=200)
    for name, rate in (("sgd", 1.0), ("momentum", 100.0)):
        lost = np.flatnonzero(
            ~np.isfinite(gap(walk(name, "Beale", rate), "Beale"))
        )
        assert f"{name} overflowed at step {lost[0]}." in readout
        assert f"{name} inf" not in readout
        for axes in (0, 1):
            data = lines(explorer, axes, name)
            assert len(data) == lost[0]
            assert np.isfinite(data).all()
    assert [axes.axis() for axes in explorer.live.figure.axes] == before
    early = drag(explorer, step=1)
    assert "overflowed" not in early


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_rule_that_gives_no_numbers_is_told(bad: float) -> None:
    def broken(
        w: np.ndarray, g: np.ndarray, state: dict, rate: float
    ) -> np.ndarray:
        state["t"] = state.get("t", 0) + 1
        return w + (bad if state["t"] > 5 else 0.0)

    explorer = make_race(rules={"mine": broken, "sgd": scratch.sgd})
    assert "mine overflowed at step 6." in explorer.readout
    assert "sgd leads." in explorer.readout
    assert len(lines(explorer, 0, "mine")) == 6
    readout = drag(explorer, sgd=False)
    assert readout == "Step 30: mine overflowed at step 6."


def test_a_start_that_is_no_number_is_told() -> None:
    explorer = make_race()
    before = shown(explorer)
    readout = drag(explorer, u=math.nan)
    assert "sgd overflowed at step 0." in readout
    assert "raised" not in readout
    drag(explorer, u=-2.5)
    assert shown(explorer) == before


def test_a_rule_with_a_mistake_says_so_below_the_picture() -> None:
    mistake: Callable | None = None

    def mine(w: np.ndarray, *rest: object) -> np.ndarray:
        return mistake(w) if mistake else scratch.sgd(w, *rest)

    explorer = make_race(rules={"mine": mine})
    mistake = np.sum
    assert "mine returned weights" in drag(explorer, u=1.0)
    assert "expected (2,)" in explorer.readout
    mistake = np.linalg.inv
    assert "LinAlgError" in drag(explorer, u=1.1)
    mistake = None
    assert "mine leads" in drag(explorer, u=1.2)


def test_a_frame_computes_nothing_and_a_rate_only_its_racer() -> None:
    calls = dict.fromkeys(NAMES, 0)

    def counting(name: str) -> Callable:
        def rule(*arguments: object) -> np.ndarray:
            calls[name] += 1
            return RULES[name](*arguments)

        return rule

    explorer = make_race(rules={name: counting(name) for name in NAMES})
    computed = set(calls.values())
    assert len(computed) == 1
    for step in range(50):
        drag(explorer, step=step)
    assert set(calls.values()) == computed
    before = dict(calls)
    drag(explorer, adam_rate=0.5)
    assert {n for n in NAMES if calls[n] > before[n]} == {"adam"}
    before = dict(calls)
    drag(explorer, u=1.0)
    assert {n for n in NAMES if calls[n] > before[n]} == set(NAMES)


@pytest.mark.parametrize("surface", toy.RACES)
def test_choosing_a_surface_shows_it_and_moves_to_its_start(
    surface: str,
) -> None:
    explorer = make_race()
    drag(explorer, surface="plateau" if surface == "ravine" else "ravine")
    drag(explorer, surface=surface)
    here = toy.RACES[surface]
    left, right = explorer.live.figure.axes
    assert (
        explorer.controls["u"].value,
        explorer.controls["v"].value,
    ) == here.start
    np.testing.assert_array_equal(lines(explorer, 0, "adam")[0], here.start)
    assert left.get_title(loc="left").lower().startswith(surface.lower())
    limits = [-here.limits, here.limits] * 2
    np.testing.assert_allclose(left.axis(), limits)
    stars = [m for m in left.lines if not m.get_animated()]
    assert len(stars) == len(here.minima), "nothing is left of another surface"
    top = right.get_ylim()[1]
    axis = np.linspace(-here.limits, here.limits, 30)
    highest = here.loss(*np.meshgrid(axis, axis)).max()
    assert highest - here.loss(*here.minima[0]) < top


def test_a_click_sets_the_start() -> None:
    explorer = make_race()
    click(explorer, 0, -1.2, 2.3)
    assert explorer.controls["u"].value == pytest.approx(-1.2)
    assert explorer.controls["v"].value == pytest.approx(2.3)
    np.testing.assert_allclose(lines(explorer, 0, "sgd")[0], [-1.2, 2.3])
    after = shown(explorer)
    click(explorer, 1, 30, 1.0)
    assert shown(explorer) == after, "the right picture is no map"


@pytest.mark.parametrize(
    ("words", "sgd", "adam"),
    [
        ("all 0.01", 0.01, 0.01),
        ("all 0.1", 0.1, 0.1),
        ("as in Keras", 0.01, 0.001),
        ("tuned here", 0.4, 1.0),
    ],
    ids=["0.01", "0.1", "keras", "tuned"],
)
def test_a_button_sets_all_rates(words: str, sgd: float, adam: float) -> None:
    explorer = make_race()
    drag(explorer, surface="saddle")
    press(explorer, words)
    assert explorer.controls["sgd_rate"].value == sgd
    assert explorer.controls["adam_rate"].value == adam
    np.testing.assert_array_equal(
        lines(explorer, 0, "adam"), walk("adam", "saddle", adam)[:31]
    )


@pytest.mark.parametrize("surface", toy.RACES)
@pytest.mark.parametrize("name", NAMES)
def test_tuned_rates_are_the_best_of_many(name: str, surface: str) -> None:
    def merit(rate: float) -> tuple[int, float]:
        height = gap(walk(name, surface, rate), surface)
        outside = np.flatnonzero(~(height <= 1e-3))
        arrival = outside[-1] + 1 if outside.size else 0
        return int(arrival), round(float(np.nan_to_num(height[-1], nan=9)), 3)

    tuned = optimizers.TUNED[surface][name]
    assert tuned in optimizers.RATES
    for rate in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0):
        assert merit(tuned) <= merit(rate), rate


def test_as_in_keras_is_what_keras_has() -> None:
    keras = pytest.importorskip("keras")
    classes = {
        "sgd": keras.optimizers.SGD,
        "adagrad": keras.optimizers.Adagrad,
        "adadelta": keras.optimizers.Adadelta,
        "rmsprop": keras.optimizers.RMSprop,
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
    }
    explorer = make_race()
    press(explorer, "as in Keras")
    for name, make in classes.items():
        rate = float(make().learning_rate)
        assert explorer.controls[f"{name}_rate"].value == pytest.approx(rate)
    for name in ("momentum", "nesterov"):
        assert explorer.controls[f"{name}_rate"].value == 0.01


def test_the_clock_counts_to_the_last_step() -> None:
    explorer = make_race(steps=100)
    (play,) = (
        part
        for part in parts(explorer.widget)
        if isinstance(part, widgets.Play)
    )
    step = explorer.controls["step"]
    assert (play.min, play.max, play.value) == (step.min, 100, step.value)
    assert step.max == 100
    drag(explorer, step=100)
    assert len(lines(explorer, 0, "adam")) == 101


def test_a_rule_of_the_learner_and_other_surfaces_can_race() -> None:
    def brake(
        w: np.ndarray, g: np.ndarray, state: dict, rate: float
    ) -> np.ndarray:
        return w - rate * g / (1 + np.abs(g))

    surfaces = {"bowl": toy.SURFACES["bowl"]}
    explorer = make_race(rules={"brake": brake}, surfaces=surfaces)
    assert "brake leads" in explorer.readout
    assert explorer.controls["brake_rate"].value == 0.01
    press(explorer, "tuned here")
    assert "brake leads" in explorer.readout


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_or_too_many_rules_are_explained(count: int) -> None:
    rules = {str(number): scratch.sgd for number in range(count)}
    with pytest.raises(ValueError, match=f"{count} rules .* 1 to 8"):
        make_race(rules=rules)


def test_a_frame_is_much_faster_than_a_full_drawing() -> None:
    assert_quick(make_race(), "step", range(0, 200, 10), share=0.5)


# The range test ------------------------------------------------------------


def test_the_smoothed_curve_is_the_weighted_mean_of_the_past() -> None:
    explorer = shared(make_range_test)
    drag(explorer, optimizer="sgd", steps=100, seed=1, smoothing=0.8)
    losses = lines(explorer, 0, "as measured")[:, 1]
    smoothed = lines(explorer, 0, "smoothed")[:, 1]
    for step in (0, 1, 7, 40):
        weights = 0.8 ** np.arange(step + 1)[::-1]
        mean = np.average(losses[: step + 1], weights=weights)
        assert smoothed[step] == pytest.approx(mean)
    drag(explorer, smoothing=0.0)
    np.testing.assert_allclose(
        lines(explorer, 0, "smoothed"), lines(explorer, 0, "as measured")
    )


@pytest.mark.parametrize("optimizer", optimizers.RULES)
def test_the_marks_are_where_the_readout_says(optimizer: str) -> None:
    explorer = shared(make_range_test)
    drag(explorer, smoothing=0.9, steps=200, seed=0, rate=0.01)
    readout = drag(explorer, optimizer=optimizer)
    curve = lines(explorer, 0, "smoothed")
    np.testing.assert_allclose(curve[[0, -1], 0], [1e-4, 10])
    np.testing.assert_allclose(np.diff(np.log(curve[:, 0]), 2), 0, atol=1e-9)
    lowest = lines(explorer, 0, "lowest")[0]
    np.testing.assert_array_equal(lowest, curve[curve[:, 1].argmin()])
    tenth = lines(explorer, 0, "a tenth of it")[0, 0]
    assert tenth == pytest.approx(lowest[0] / 10)
    lost = lines(explorer, 0, "diverges")[0, 0]
    after = curve[curve[:, 0] > lowest[0]]
    assert lost == after[after[:, 1] > 4 * lowest[1]][0, 0]
    assert f"{optimizer}: lowest at {lowest[0]:.2g}, " in readout
    assert f"a tenth of it is {tenth:.2g}, " in readout
    assert f"diverges at {lost:.2g}." in readout


def test_the_first_step_of_the_training_is_the_one_of_the_gradient() -> None:
    data = toy.moons(200, noise=0.2)
    x, y = data
    rng = np.random.default_rng(3)
    layers = scratch.make_layers(optimizers.SIZES, rng)
    batch = list(scratch.minibatches(200, 32, rng))[-1]
    flat = np.concatenate([part.ravel() for layer in layers for part in layer])

    def loss(flat: np.ndarray, chosen: np.ndarray) -> float:
        a, place = x[chosen], 0
        for number, (W, b) in enumerate(layers):
            W_new = flat[place : place + W.size].reshape(W.shape)
            place += W.size
            z = a @ W_new + flat[place : place + b.size]
            place += b.size
            a = np.tanh(z) if number < len(layers) - 1 else z
        log = a - np.log(np.exp(a).sum(axis=1, keepdims=True))
        return -float(np.mean(log[np.arange(len(a)), y[chosen]]))

    slope = scratch.numerical_gradient(lambda w: loss(w, batch), flat)
    losses, overall = optimizers._train(
        scratch.sgd, np.array([0.3]), data, seed=3
    )
    everything = np.arange(200)
    assert losses == pytest.approx([loss(flat, batch)])
    after = loss(flat - 0.3 * slope, everything)
    assert overall == pytest.approx([loss(flat, everything), after], rel=1e-6)


def test_the_training_is_the_one_at_the_chosen_rate() -> None:
    explorer = shared(make_range_test)
    drag(explorer, optimizer="adam", steps=200, smoothing=0.9, seed=2)
    readout = drag(explorer, rate=0.05)
    curve = lines(explorer, 1, "at the rate to try")
    _, expected = optimizers._train(
        scratch.adam, np.full(400, 0.05), toy.moons(200, noise=0.2), seed=2
    )
    np.testing.assert_array_equal(curve[:, 0], np.arange(0, 401, 10))
    np.testing.assert_array_equal(curve[:, 1], expected)
    assert f"{expected[-1]:.3g} at 0.05." in readout
    assert expected[-1] < 0.5 * expected[0]
    crawling = drag(explorer, rate=0.0001)
    assert lines(explorer, 1, "at the rate to try")[-1, 1] > 0.4
    assert "at 0.0001." in crawling


def test_moving_the_smoothing_trains_nothing_again() -> None:
    calls = 0

    def counting(*arguments: object) -> np.ndarray:
        nonlocal calls
        calls += 1
        return scratch.sgd(*arguments)

    explorer = explorers.range_test({"mine": counting})
    drag(explorer, smoothing=0.5)
    before = calls
    drag(explorer, smoothing=0.5, rate=explorer.controls["rate"].value)
    drag(explorer, smoothing=0.9)
    assert calls == before, "both were seen before"
    assert before <= 6 * (200 + 3 * 400), "bounded work"


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_test_that_ends_without_numbers_says_where(bad: float) -> None:
    def fragile(
        w: np.ndarray, g: np.ndarray, state: dict, rate: float
    ) -> np.ndarray:
        return w - rate * g if rate < 0.5 else np.full_like(w, bad)

    explorer = explorers.range_test({"fragile": fragile})
    readout = drag(explorer, rate=1.0)
    place = np.geomspace(1e-4, 10, 200)
    assert f"diverges at {place[place >= 0.5][1]:.2g}." in readout
    for label in ("smoothed", "as measured"):
        assert np.isfinite(lines(explorer, 0, label)).all()
    assert np.isfinite(lines(explorer, 1, "at the rate to try")).all()


def test_a_click_tries_the_nearest_rate_on_offer() -> None:
    explorer = make_range_test()
    click(explorer, 0, 0.0213, 0.5)
    assert explorer.controls["rate"].value == 0.02
    click(explorer, 1, 100, 1.0)
    assert explorer.controls["rate"].value == 0.02


def test_the_range_test_says_what_works() -> None:
    explorer = shared(make_range_test)
    drag(explorer, optimizer="adam", smoothing=0.9, steps=200)
    for seed in range(3):
        drag(explorer, seed=seed)
        curve = lines(explorer, 1, "at a tenth of the lowest")[:, 1]
        assert curve[-1] < 0.6 * curve[0], "safe"


# Both ----------------------------------------------------------------------


@every
def test_every_control_moves_the_picture(make: Callable) -> None:
    explorer = make()
    for name, control in explorer.controls.items():
        before = shown(explorer)
        if isinstance(control, widgets.Checkbox):
            control.value = not control.value
            assert shown(explorer) != before, name
            control.value = not control.value
        elif hasattr(control, "options"):
            values = [
                o[1] if isinstance(o, tuple) else o for o in control.options
            ]
            place = values.index(control.value)
            control.value = values[place - 1 if place else -1]
        else:
            control.value += control.step
        assert shown(explorer) != before or isinstance(
            control, widgets.Checkbox
        ), name
        assert "raised" not in explorer.readout


@every
def test_controls_can_be_seen_once_and_have_a_description(
    make: Callable,
) -> None:
    explorer = make()
    seen = list(parts(explorer.widget))
    for control in explorer.controls.values():
        assert seen.count(control) == 1
        assert control.description
    for part in seen:
        if isinstance(part, widgets.SelectionSlider | widgets.IntSlider):
            assert part in explorer.controls.values()


@every
def test_the_stored_state_is_the_same_every_time(make: Callable) -> None:
    assert_made_alike(make)


@every
def test_the_caption_is_not_cut_off(make: Callable) -> None:
    explorer = make()
    assert_caption_is_whole(explorer)
