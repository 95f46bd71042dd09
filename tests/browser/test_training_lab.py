"""The training lab in a real JupyterLab: keys, clicks, and a model at work."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator

from tests.browser import lab as browser
from tests.browser.lab import Lab

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

SETUP = """\
import threading
import keras
import numpy as np
from course_utils import training
rng = np.random.default_rng(0)
x = rng.normal(size=(2000, 10)).astype("float32")
y = x[:, :1] * x[:, 1:2]
def make_model():
    model = keras.Sequential([keras.layers.Input((10,)),
        keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01), "mean_squared_error",
        metrics=["accuracy"])
    return model"""
LAB = """\
lab = training.TrainingLab(make_model(), x, y, epochs=2000,
    validation_data=(x[:100], y[:100]))
lab"""
PLOT = """\
_ = make_model().fit(x, y, epochs=3, verbose=0,
    callbacks=[training.LivePlot()])"""
KEYS = ["ArrowRight", "ArrowRight", "ArrowLeft"] * 3 + ["ArrowLeft"]
SLOWEST = 100  # milliseconds from a key to the optimizer


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Open a notebook with a lab and a plot, and run it."""
    folder = tmp_path_factory.mktemp("work")
    with browser.opened(folder, [SETUP, LAB, PLOT]) as lab:
        yield lab


def area(lab: Lab, text: str = "TrainingLab(") -> Locator:
    """Scroll to what a cell shows."""
    place = lab.find(text)[0]
    return lab.show(place).locator(".jp-Cell-outputArea").first


def button(lab: Lab, name: str) -> Locator:
    return area(lab).get_by_role("button", name=re.compile(name))


def number(canvas: Locator, name: str) -> int:
    """Return what the drawing script counts."""
    return int(canvas.get_attribute(f"data-{name}"))


def start(lab: Lab) -> None:
    """Press Reset and Start, and wait until batches are trained."""
    button(lab, "Reset").click()
    expect(area(lab)).to_contain_text("as at the beginning")
    button(lab, "Start").click()
    expect(button(lab, "Pause")).to_be_visible()
    canvas = area(lab).locator("canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("loss [0-9]"))


def test_live_plot_draws_below_fit(lab: Lab) -> None:
    canvas = area(lab, "LivePlot()").locator("canvas")
    expect(canvas).to_have_attribute(
        "aria-label", re.compile(r"epoch 3 of 3, loss .*, accuracy ")
    )
    assert number(canvas, "points") > 50
    assert canvas.bounding_box()["width"] > 300


def test_a_key_press_is_in_the_optimizer_at_once(
    lab: Lab, record_property: object
) -> None:
    start(lab)
    # The first epoch also compiles what trains and what validates.
    canvas = area(lab).locator("canvas")
    expect(canvas).to_have_attribute(
        "aria-label", re.compile("epoch ([3-9]|[1-9][0-9]+) of"), timeout=20_000
    )
    lab.page.evaluate(
        "() => { window.pressed = []; document.addEventListener('keydown',"
        " () => window.pressed.push(Date.now()), {capture: true}); }"
    )
    rounds = []
    # A machine that does something else may hold up any process for half a
    # second, so the best of three rounds counts.
    while len(rounds) < 3 and not (rounds and quick(rounds[-1])):
        rounds.append(press_keys(lab))
    for taken in rounds:
        words = f"key to optimizer: {browser.summary(taken)}"
        record_property("measured", words)
    assert any(map(quick, rounds)), rounds


def quick(taken: list[float]) -> bool:
    """Say whether the median and nine of ten keys were in time."""
    in_time = sum(t < SLOWEST for t in taken)
    return statistics.median(taken) < SLOWEST and in_time >= 0.9 * len(taken)


def press_keys(lab: Lab) -> list[float]:
    """Press keys on the slider while the model trains; return the delays."""
    before, batches, first = lab.ask(
        "[len(lab.rate_log), lab.batches, lab.learning_rate]"
    )
    lab.page.evaluate("window.pressed.length = 0")
    area(lab).locator(".noUi-handle").first.focus()
    for key in KEYS:
        lab.page.keyboard.press(key)
        lab.page.wait_for_timeout(200)
    lab.page.wait_for_timeout(500)
    pressed = lab.page.evaluate("window.pressed")
    log, trained, state = lab.ask("[lab.rate_log, lab.batches, lab.state]")
    applied = log[before:]
    assert len(pressed) == len(KEYS)
    assert state == "training"
    taken = delays(pressed, applied, first)
    assert min(taken) > -5, "a rate cannot be there before its key"
    places = [batch for _, batch, _ in applied]
    assert places == sorted(places)
    assert batches <= places[0]
    assert places[-1] < trained, "the model trained all the while"
    return taken


def delays(pressed: list, applied: list, first: float) -> list[float]:
    """Return the milliseconds from each key to its rate in the optimizer.

    The browser and the kernel read the same clock. Where two keys arrive
    between two batches, the second rate counts for both.
    """
    wanted = first * 10 ** np.cumsum(
        [0.1 if key == "ArrowRight" else -0.1 for key in KEYS]
    )
    taken: list[float] = []
    for moment, _, rate in applied:
        near = np.isclose(wanted, rate, rtol=0.02)
        (left,) = np.nonzero(near[len(taken) :])
        assert left.size, f"no key asked for {rate}"
        for place in range(len(taken), len(taken) + left[0] + 1):
            taken.append(1000 * moment - pressed[place])
    assert len(taken) == len(KEYS), "the last rate never came"
    return taken


def test_curves_grow_and_a_pause_holds_them(lab: Lab) -> None:
    start(lab)
    canvas = area(lab).locator("canvas")
    frames, points = number(canvas, "frames"), number(canvas, "points")
    lab.page.wait_for_timeout(1000)
    drawn = number(canvas, "frames") - frames
    assert 4 <= drawn <= 16, f"{drawn} pictures in a second"
    assert number(canvas, "points") > points
    expect(area(lab)).to_contain_text(re.compile("epoch [0-9]+ of 2000.*left"))
    lab.screenshot("training_lab")
    button(lab, "Pause").focus()
    lab.page.keyboard.press("Enter")
    expect(button(lab, "Resume")).to_be_visible()
    stood = lab.ask("lab.batches")
    lab.page.wait_for_timeout(600)
    ended = lab.ask("lab.batches") - stood
    assert ended <= 1, f"{ended} batches after the one that was under way"
    frames = number(canvas, "frames")
    area(lab).get_by_label("logarithmic loss").press("Space")
    lab.page.wait_for_function(
        "([canvas, frames]) => canvas.dataset.frames > frames",
        arg=[canvas.element_handle(), frames],
    )
    assert lab.ask("lab._curves.canvas.log") is True
    lab.screenshot("training_lab_log")
    button(lab, "Resume").click()
    expect(button(lab, "Pause")).to_be_visible()
    button(lab, "Stop").click()
    expect(area(lab).get_by_role("status")).to_contain_text("kept")
    assert lab.ask("lab.batches") > stood


def test_a_rate_too_large_is_explained_and_mended(lab: Lab) -> None:
    start(lab)
    box = area(lab).locator("input[type=number]").first
    box.fill("1e6")
    box.press("Enter")
    expect(area(lab).get_by_role("status")).to_contain_text("too large")
    lab.screenshot("training_lab_diverged")
    expect(button(lab, "Start")).to_be_disabled()
    button(lab, "Reset, rate 1e\\+05").click()
    expect(area(lab).get_by_role("status")).to_contain_text("beginning")
    assert lab.ask("lab.learning_rate") == 1e5
    box.fill("0.01")
    box.press("Enter")


def test_the_cell_run_again_ends_the_old_training(lab: Lab) -> None:
    start(lab)
    count = "sum(t.name == 'TrainingLab' for t in threading.enumerate())"
    lab.ask("globals().update(old=lab)")
    assert lab.ask(count) == 1
    place = lab.find("TrainingLab(")[0]
    lab.page.evaluate("place => course.show(place)", place)
    lab.page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
    expect(area(lab)).to_contain_text("Press Start")
    expect(button(lab, "Start")).to_be_visible()
    assert lab.ask(count) == 0
    assert lab.ask("[old.state, lab.state]") == ["replaced", "ready"]


def test_a_kernel_that_restarts_leaves_the_picture(lab: Lab) -> None:
    start(lab)
    canvas = area(lab).locator("canvas")
    button(lab, "Stop").click()
    expect(area(lab).get_by_role("status")).to_contain_text("kept")
    points = number(canvas, "points")
    label = canvas.get_attribute("aria-label")
    lab.page.evaluate("course.panel().sessionContext.session.kernel.restart()")
    lab.page.evaluate("course.greetKernel()")
    expect(canvas).to_be_visible()
    expect(canvas).to_have_attribute("aria-label", label)
    assert number(canvas, "points") == points
    expect(area(lab)).not_to_contain_text("Error displaying widget")


def test_nothing_complained(lab: Lab) -> None:
    assert lab.errors() == []
    assert [c for c in lab.complaints if "WebSocket" not in c] == []
