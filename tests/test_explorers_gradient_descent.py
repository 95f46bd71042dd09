"""The explorers of lecture 02 compute, draw and say what is true.

A test moves a control the way a front end does, then looks at the drawn data
and at the readout.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable

from course_utils import explorers, scratch, toy
from course_utils.explorers import Explorer
from course_utils.live import LiveFigure
from tests.explored import (
    assert_caption_is_whole,
    assert_made_alike,
    assert_quick,
    click,
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
from matplotlib.contour import ContourSet

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

ABSURD = [0.0, -1.0, 1e9, math.nan, math.inf, -math.inf]
SCHEDULES = {
    "constant": scratch.constant,
    "exponential": scratch.exponential,
    "stepwise": scratch.stepwise,
    "cosine": scratch.cosine,
    "warm up": scratch.warm_up,
}


def loss(w: np.ndarray) -> np.ndarray:
    return (w + 1) ** 2


def slope(w: np.ndarray) -> np.ndarray:
    return 2 * (w + 1)


def explore_rate(**arguments: float) -> Explorer:
    return explorers.learning_rate(loss, slope, **arguments)


def explore_schedules(**arguments: float) -> Explorer:
    return explorers.schedules(SCHEDULES, slope, **arguments)


def explore_surface(**arguments: float) -> Explorer:
    return explorers.surface(scratch.descend, **arguments)


MAKERS = [explore_rate, explore_schedules, explore_surface]
every = pytest.mark.parametrize("make", MAKERS, ids=lambda f: f.__name__)


def lines(explorer: Explorer) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the data of every moving line, left to right, in order."""
    return [
        line.get_data()
        for ax in explorer.live.figure.axes
        for line in ax.lines
        if line.get_animated()
    ]


# Learning rate -------------------------------------------------------------


def test_the_walk_has_the_values_of_the_lecture() -> None:
    explorer = explore_rate(start=5.0, rate=0.2)
    (w, height), start, (steps, gap) = lines(explorer)
    np.testing.assert_allclose(w[:5], [5.0, 2.6, 1.16, 0.296, -0.2224])
    assert len(w) == 41
    assert w[-1] == pytest.approx(-1, abs=1e-7)
    np.testing.assert_allclose(height, loss(w))
    np.testing.assert_allclose(np.ravel(start), [5.0, 36.0])
    np.testing.assert_array_equal(steps, np.arange(41))
    above_floor = loss(w) > 1e-8
    np.testing.assert_allclose(gap[above_floor], loss(w)[above_floor])
    assert "converges" in explorer.readout
    assert "0.600" in explorer.readout
    assert "w = -1.0000" in explorer.readout


@pytest.mark.parametrize("rate", [0.001, 0.3, 0.5, 0.999, 1.0, 1.15])
def test_the_drawn_walk_is_the_one_of_the_formula(rate: float) -> None:
    explorer = shared(explore_rate)
    readout = drag(explorer, rate=rate)
    expected = -1 + 6 * (1 - 2 * rate) ** np.arange(41)
    w, height = lines(explorer)[0]
    np.testing.assert_allclose(w, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(height, loss(expected), rtol=1e-6, atol=1e-9)
    assert readout.startswith(f"rate {rate:g} ")
    assert f"{1 - 2 * rate:.3f}" in readout
    if abs(1 - 2 * rate) < 1:
        assert f"w = {expected[-1]:.4f}" in readout
    else:
        assert "w =" not in readout


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0.0, "stands still"),
        (0.001, "crawls"),
        (0.049, "crawls"),
        (0.051, "converges"),
        (0.47, "converges"),
        (0.49, "converges"),
        (0.5, "lands at once"),
        (0.51, "oscillates and converges"),
        (0.949, "oscillates and converges"),
        (0.951, "bounces"),
        (0.999, "bounces"),
        (1.0, "for ever"),
        (1.0000000000000002, "for ever"),
        (1.001, "diverges"),
        (1.2, "diverges"),
    ],
)
def test_the_regime_is_named(rate: float, words: str) -> None:
    assert words in drag(shared(explore_rate), rate=rate)


@pytest.mark.parametrize("curvature", [0.5, 2.0, 40.0])
def test_stable_means_a_rate_between_0_and_2_by_curvature(
    curvature: float,
) -> None:
    for share in (-0.1, 0.0, 0.01, 0.3, 0.5, 0.9, 0.999, 1.001, 1.5):
        rate = share * 2 / curvature
        path = scratch.descend(lambda w: curvature * w, 1.0, rate, 5000)
        arrives = abs(path[-1]) < 1e-3
        assert arrives == (0 < share < 1)
        said = explorers.regime(1 - rate * curvature)
        unstable = ("climbs", "stands", "diverges")
        assert said.startswith(unstable) == (not arrives), (share, said)


@pytest.mark.parametrize("rate", ABSURD)
def test_an_absurd_rate_is_named_and_the_axes_stay(rate: float) -> None:
    explorer = shared(explore_rate)
    drag(explorer, rate=0.2)
    before, picture = limits(explorer), shown(explorer)
    readout = drag(explorer, rate=rate)
    assert limits(explorer) == before
    assert "raised" not in readout
    if math.isnan(rate):
        assert "no number" in readout
    else:
        names = {0.0: "stands still", -1.0: "climbs", -math.inf: "climbs"}
        assert names.get(rate, "diverges") in readout
        assert readout.startswith(f"rate {rate:g} ")
        assert rate == 0 or "leaves the picture at step 1." in readout
    drag(explorer, rate=0.2)
    assert shown(explorer) == picture


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1 - 2 * 1e9, "diverges"),
        (1 + 2 * 1e9, "climbs"),
        (math.inf, "climbs"),
        (-math.inf, "diverges"),
        (math.nan, "no number"),
    ],
)
def test_every_factor_has_a_name(factor: float, words: str) -> None:
    assert words in explorers.regime(factor)


@pytest.mark.parametrize("rate", [0.0, -1.0, 1e9])
def test_an_absurd_rate_to_begin_with_shows_a_named_regime(
    rate: float,
) -> None:
    explorer = explore_rate(rate=rate)
    assert limits(explorer) == limits(shared(explore_rate))
    names = {0.0: "stands still", -1.0: "climbs", 1e9: "diverges"}
    assert names[rate] in explorer.readout


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["start", "rate"])
def test_what_is_no_number_to_begin_with_is_explained(
    name: str, value: float
) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}, "):
        explore_rate(**{name: value})


def test_a_start_without_slope_is_explained() -> None:
    with pytest.raises(ValueError, match=r"slope at the start -1.0 is zero"):
        explore_rate(start=-1.0)


@pytest.mark.parametrize(
    ("height", "slope"),
    [
        (lambda w: -(w**2), lambda w: -2 * w),
        (lambda w: (w + 1) ** 4, lambda w: 4 * (w + 1) ** 3),
        (np.cosh, np.sinh),
        (np.abs, np.sign),
    ],
)
def test_a_loss_that_is_no_valley_of_a_parabola_is_explained(
    height: Callable, slope: Callable
) -> None:
    with pytest.raises(ValueError, match="slope of a parabola"):
        explorers.learning_rate(height, slope)


def test_a_diverging_walk_says_when_it_leaves() -> None:
    explorer = explore_rate()
    readout = drag(explorer, rate=1.1)
    left, right, *_ = limits(explorer)[0]
    path = -1 + 6 * (-1.2) ** np.arange(41)
    first_outside = int(np.argmax((path < left) | (path > right)))
    assert f"leaves the picture at step {first_outside}." in readout
    assert np.isfinite(lines(explorer)[0]).all()


def test_the_curve_and_its_minimum_are_in_the_picture() -> None:
    ax = explore_rate().live.figure.axes[0]
    curve, star = (ln for ln in ax.lines if not ln.get_animated())
    np.testing.assert_allclose(curve.get_ydata(), loss(curve.get_xdata()))
    np.testing.assert_allclose(np.ravel(star.get_data()), [-1, 0], atol=1e-9)
    assert ax.get_xlim()[0] < -7, "a rate of 1 swings between 5 and -7"
    assert ax.get_ylim()[1] > 36


def test_a_loss_that_raises_says_so_below_the_picture() -> None:
    broken = False

    def fragile(w: np.ndarray) -> np.ndarray:
        if broken:
            raise ZeroDivisionError("no <b>loss</b> today")
        return loss(w)

    explorer = explorers.learning_rate(fragile, slope)
    broken = True
    readout = drag(explorer, rate=0.4)
    assert "ZeroDivisionError" in readout
    assert "no <b>loss</b> today" in readout
    html = explorer.widget.children[-1].value
    assert "ZeroDivisionError" in html
    assert "<b>" not in html
    assert "ZeroDivisionError" in explorer.live.picture.alt
    broken = False
    assert "converges" in drag(explorer, rate=0.2)
    assert shown(explorer) == shown(explore_rate())


def test_a_wrong_slope_is_shown_walking_uphill_or_away() -> None:
    # The sign of the slope is right, but it is ten times too steep.
    explorer = explorers.learning_rate(loss, lambda w: 20 * (w + 1))
    assert "diverges" in explorer.readout


def test_a_typed_rate_is_taken_exactly_and_the_slider_follows() -> None:
    explorer = explore_rate()
    slider, box = explorer.widget.children[0].children
    assert box is explorer.controls["rate"]
    for rate in (0.001, 0.999, 0.475):
        box.value = rate
        assert explorer.readout.startswith(f"rate {rate} ")
        assert slider.value == pytest.approx(rate)
    box.value = 1e9
    assert slider.value == 1.2
    assert explorer.controls["rate"].value == 1e9
    slider.value = 1.0000000000000002  # what a front end sends for 1.00
    assert box.value == 1.0
    assert "for ever" in explorer.readout


# Schedules -----------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_drawn_schedule_is_the_chosen_one(name: str) -> None:
    explorer = shared(explore_schedules)
    readout = drag(explorer, schedule=name, rate=0.3)
    (steps, rates), _ = lines(explorer)
    expected = [SCHEDULES[name](t, 0.3) for t in range(40)]
    np.testing.assert_array_equal(steps, np.arange(40))
    np.testing.assert_allclose(rates, expected)
    assert f"{name}: the rate goes from {expected[0]:.3f}" in readout
    assert f"to {expected[-1]:.3f};" in readout


def test_without_noise_all_walks_are_the_one_of_the_formula() -> None:
    explorer = explore_schedules(start=5.0)
    readout = drag(explorer, schedule="exponential", rate=0.2, noise=0.0)
    rates = 0.2 * 0.99 ** np.arange(40)
    expected = 6 * np.cumprod([1, *(1 - 2 * rates)])
    (ticks, middle) = lines(explorer)[1]
    np.testing.assert_array_equal(ticks, np.arange(41))
    np.testing.assert_allclose(middle, np.maximum(expected, 1e-5))
    (walks,) = (
        part
        for part in explorer.live.figure.axes[1].collections
        if isinstance(part, LineCollection)
    )
    assert len(walks.get_segments()) == 50
    for walk in walks.get_segments():
        np.testing.assert_allclose(walk[:, 1], middle)
    assert f"{expected[-1]:.3g} from the minimum" in readout


def test_a_falling_rate_ends_nearer_when_slopes_are_noisy() -> None:
    explorer = explore_schedules()
    ends = {}
    for name in ("constant", "exponential", "cosine"):
        drag(explorer, schedule=name, rate=0.4, noise=2.0)
        ends[name] = lines(explorer)[1][1][-1]
    assert ends["cosine"] < ends["exponential"] < ends["constant"]


@pytest.mark.parametrize("rate", ABSURD)
def test_schedules_survive_absurd_settings(rate: float) -> None:
    explorer = shared(explore_schedules)
    before = limits(explorer)
    drag(explorer, rate=rate, noise=rate)
    for name in SCHEDULES:
        readout = drag(explorer, schedule=name)
        assert limits(explorer) == before
        assert "raised" not in readout
        for data in lines(explorer):
            assert np.isfinite(data).all()
        assert not math.isnan(rate) or "diverges" in readout


@pytest.mark.parametrize("value", [1e9, -1.0, math.nan, math.inf])
def test_a_schedule_with_absurd_rates_is_named(value: float) -> None:
    explorer = explorers.schedules(
        {"fine": scratch.constant, "odd": lambda step, rate: value}, slope
    )
    before = limits(explorer)
    assert "diverges" in drag(explorer, schedule="odd")
    assert limits(explorer) == before
    for data in lines(explorer):
        assert np.isfinite(data).all()
    assert "diverges" not in drag(explorer, schedule="fine")


def test_a_schedule_that_raises_says_so_below_the_picture() -> None:
    def broken(step: int, rate: float) -> float:
        raise KeyError("epoch")

    choices = {"fine": scratch.constant, "broken": broken}
    explorer = explorers.schedules(choices, slope)
    assert "KeyError: 'epoch'" in drag(explorer, schedule="broken")
    assert "from the minimum" in drag(explorer, schedule="fine")


# Surfaces ------------------------------------------------------------------


@pytest.mark.parametrize("name", toy.SURFACES)
def test_choosing_a_surface_moves_to_its_start(name: str) -> None:
    explorer = shared(explore_surface)
    other = "ravine" if name == "bowl" else "bowl"
    drag(explorer, surface=other, u=1.0, v=1.0)
    drag(explorer, surface=name)
    u, v = toy.SURFACES[name].start
    assert (explorer.controls["u"].value, explorer.controls["v"].value) == (
        pytest.approx(u),
        pytest.approx(v),
    )
    _, start, _ = lines(explorer)
    np.testing.assert_allclose(np.ravel(start), [u, v])
    assert name in explorer.live.figure.axes[0].get_title(loc="left")
    assert np.ravel(limits(explorer)[0]) == pytest.approx([-3, 3, -3, 3])


@pytest.mark.parametrize("name", toy.SURFACES)
def test_the_walk_on_a_surface_is_the_one_of_descend(name: str) -> None:
    here = toy.SURFACES[name]
    explorer = shared(explore_surface)
    drag(explorer, surface=name, u=0.7, v=-0.4, rate=0.05)
    path = scratch.descend(
        lambda p: np.array(here.gradient(*p)), np.array([0.7, -0.4]), 0.05, 60
    )
    walk, _, (steps, heights) = lines(explorer)
    np.testing.assert_allclose(np.transpose(walk), path)
    np.testing.assert_array_equal(steps, np.arange(61))
    gap = here.loss(*path.T) - here.loss(*here.minima[0])
    np.testing.assert_allclose(heights, np.maximum(gap, 1e-9))


@pytest.mark.parametrize(
    ("name", "start", "words"),
    [
        ("bowl", None, ["(0.00, 0.00)", "loss 0.000: the minimum."]),
        ("saddle", (2.0, 0.0), ["stuck", "slope is zero", "no minimum"]),
        ("saddle", (2.0, 0.05), ["(0.00, 1.41)", "loss -1.000: the minimum."]),
        ("saddle", (2.0, -0.05), ["(0.00, -1.41)", "the minimum."]),
        ("two valleys", None, ["(1.33, 0.00)", "a local minimum", "deeper"]),
        ("two valleys", (-2.5, 1.5), ["(-1.48, 0.00)", "the minimum."]),
        ("saddle", (0.0, 0.0), ["stuck", "slope is zero"]),
        ("plateau", None, ["hardly moves"]),
        ("plateau", (0.5, -0.8), ["(0.00, 0.00)", "the minimum."]),
        ("ravine", None, ["It diverges.", "leaves the picture at step 4."]),
    ],
)
def test_the_readout_says_where_a_walk_ends(
    name: str, start: tuple[float, float] | None, words: list[str]
) -> None:
    explorer = shared(explore_surface)
    drag(explorer, surface=name, rate=0.1)
    start = start or toy.SURFACES[name].start
    explorer.set(u=start[0], v=start[1])
    for part in words:
        assert part in explorer.readout
    assert "-0.00" not in explorer.readout


@pytest.mark.parametrize(
    ("rate", "steps", "words"),
    [
        (0.001, 60, "still on the way"),
        (0.07, 60, "the minimum"),
        (0.079, 60, "to and fro"),
        (0.08, 600, "to and fro"),
        (0.079, 600, "the minimum"),
        (0.081, 600, "diverges"),
    ],
)
def test_the_ravine_allows_rates_below_2_by_25(
    rate: float, steps: int, words: str
) -> None:
    explorer = explore_surface(rate=rate, steps=steps)
    assert words in drag(explorer, surface="ravine")


@pytest.mark.parametrize("value", ABSURD)
def test_an_absurd_rate_or_start_on_a_surface_is_named(value: float) -> None:
    explorer = shared(explore_surface)
    for name in ("saddle", "plateau"):
        drag(explorer, surface=name, rate=0.1)
        before = limits(explorer)
        for control in ("rate", "u"):
            usual = explorer.controls[control].value
            readout = drag(explorer, **{control: value})
            assert limits(explorer) == before
            assert readout.startswith(("After 60 steps", "It diverges"))
            assert not math.isnan(value) or "diverges" in readout
            drag(explorer, **{control: usual})


@pytest.mark.parametrize("rate", [math.nan, math.inf])
def test_an_absurd_rate_for_a_surface_to_begin_with(rate: float) -> None:
    with pytest.raises(ValueError, match=r"rate is .*finite"):
        explore_surface(rate=rate)


def test_the_picture_shows_the_surface_that_was_chosen() -> None:
    explorer = shared(explore_surface)
    ax, curve = explorer.live.figure.axes
    seen = set()
    for name in [*reversed(toy.SURFACES), "bowl", "plateau"]:
        drag(explorer, surface=name)
        seen.add(shown(explorer))
        here = toy.SURFACES[name]
        # Exactly one map, one row of stars; nothing is left of another.
        (contours,) = (
            part for part in ax.collections if isinstance(part, ContourSet)
        )
        axis = np.linspace(-here.limits, here.limits, 120)
        heights = here.loss(*np.meshgrid(axis, axis))
        assert contours.zmax == pytest.approx(heights.max(), rel=0.02)
        assert contours.zmin == pytest.approx(heights.min(), abs=0.02)
        marks = [ln for ln in ax.lines if not ln.get_animated()]
        places = [np.ravel(mark.get_data()) for mark in marks]
        np.testing.assert_allclose(places, here.minima)
        deepest = min(here.loss(*point) for point in here.minima)
        for mark, point in zip(marks, here.minima, strict=True):
            is_deepest = here.loss(*point) < deepest + 1e-3
            assert mark.get_marker() == ("*" if is_deepest else "x")
        assert curve.get_yscale() == "log"
    assert len(seen) >= len(toy.SURFACES)


def test_a_click_sets_the_start() -> None:
    explorer = explore_surface()
    before = shown(explorer)
    click(explorer, 0, -1.2, 2.3)
    assert explorer.controls["u"].value == pytest.approx(-1.2)
    assert explorer.controls["v"].value == pytest.approx(2.3)
    np.testing.assert_allclose(np.ravel(lines(explorer)[1]), [-1.2, 2.3])
    assert shown(explorer) != before
    after = shown(explorer)
    click(explorer, 1, 30, 1.0)
    assert shown(explorer) == after, "the curve of the loss is no map"
    drag(explorer, u=1.0)
    np.testing.assert_allclose(np.ravel(lines(explorer)[1]), [1.0, 2.3])


def test_a_descend_of_the_learner_with_a_mistake_says_so() -> None:
    broken = False

    def descend(*arguments: object) -> np.ndarray:
        path = scratch.descend(*arguments)
        return path[:, 0] if broken else path

    explorer = explorers.surface(descend)
    broken = True
    assert "This raised" in drag(explorer, u=1.0)
    broken = False
    assert "the minimum" in drag(explorer, u=0.5)


def test_a_descend_that_returns_a_list_is_fine() -> None:
    explorer = explorers.surface(lambda *a: list(scratch.descend(*a)))
    assert explorer.readout == explore_surface().readout


# All of them ---------------------------------------------------------------


@every
def test_jupyter_gets_widget_picture_and_text(make: Callable) -> None:
    explorer = make()
    data, metadata = explorer._repr_mimebundle_()
    view = data["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == explorer.widget.model_id
    picture = decode(data["image/png"])
    live = decode(base64.b64encode(shown(explorer)).decode())
    assert picture.shape[0] > live.shape[0]
    assert picture.shape[1] == live.shape[1]
    assert rms(picture[: live.shape[0]], live) < 6
    assert data["text/plain"] == repr(explorer)
    alt = metadata["image/png"]["alt"]
    assert alt == explorer.live.picture.alt
    assert alt == f"{explorer.name}: {explorer.readout}"


@every
def test_the_caption_is_not_cut_off(make: Callable) -> None:
    explorer = make()
    assert_caption_is_whole(explorer)


@every
def test_the_stored_state_is_the_same_every_time(make: Callable) -> None:
    one, other = assert_made_alike(make)
    drag(one, rate=0.4)
    assert repr(one) != repr(other)
    assert "rate=0.4" in repr(one).replace("0.39999", "0.4")


@every
def test_two_explorers_do_not_disturb_each_other(make: Callable) -> None:
    one, other = make(), make()
    before = shown(other), repr(other)
    drag(one, rate=0.33)
    other.refresh()
    assert (shown(other), repr(other)) == before
    assert shown(one) != before[0]
    drag(other, rate=0.33)
    assert shown(other) == shown(one)


@every
def test_a_cell_that_runs_twice_leaves_a_working_explorer(
    make: Callable,
) -> None:
    explorer = make()
    drag(explorer, rate=0.33)
    old = explorer.widget.model_id
    explorer.widget.close()
    explorer = make()
    assert explorer.widget.model_id != old
    before = shown(explorer)
    drag(explorer, rate=0.33)
    assert shown(explorer) != before
    explorer._repr_mimebundle_()
    explorer._repr_mimebundle_()
    drag(explorer, rate=0.5)
    assert "0.5" in repr(explorer)


@every
def test_every_control_moves_the_picture(make: Callable) -> None:
    for name, control in make().controls.items():
        explorer = make()
        before = shown(explorer)
        if isinstance(control, widgets.Dropdown):
            drag(explorer, **{name: control.options[-1]})
        else:
            drag(explorer, **{name: control.value * 0.7 + 0.05})
        assert shown(explorer) != before, name
        assert control.description, name


@every
def test_setting_several_controls_draws_once(
    make: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    refresh = LiveFigure.refresh
    monkeypatch.setattr(
        LiveFigure,
        "refresh",
        lambda self: (drawn.append(self), refresh(self)),
    )
    explorer = make()
    drawn.clear()
    numbers = {
        name: control.value * 0.7 + 0.05
        for name, control in explorer.controls.items()
        if not isinstance(control, widgets.Dropdown)
    }
    explorer.set(**numbers)
    assert len(drawn) == 1
    for name, value in numbers.items():
        assert explorer.values()[name] == pytest.approx(value, rel=0.03)


@every
def test_a_value_that_does_not_fit_leaves_the_control_working(
    make: Callable,
) -> None:
    explorer = make()
    with pytest.raises(Exception, match="float"):
        explorer.set(rate="fast")
    before = shown(explorer)
    drag(explorer, rate=0.4)
    assert shown(explorer) != before


def test_a_move_is_much_faster_than_a_full_drawing() -> None:
    assert_quick(explore_surface(), "rate", np.geomspace(0.01, 0.5, 15))
