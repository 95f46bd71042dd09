"""The forecast lab trains in a thread, and judges what comes back."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Iterator

from course_utils import explorers, sequences
from course_utils.explorers import Explorer, forecast_score
from tests.explored import (
    assert_caption_is_whole,
    assert_made_alike,
    drag,
    limits,
    shown,
)

import numpy as np
import pytest

# A warning in a thread would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

# The package's attribute of this name is the function.
module = importlib.import_module("course_utils.explorers.forecast_lab")

RNG = np.random.default_rng(3)
PRICES = 500 + np.cumsum(RNG.normal(0, 10, 160))
DAYS = np.datetime64("2008-01-01") + np.arange(160)
MISSES = RNG.normal(0, 6, 100)


def instant(
    kind: str, window: int, units: int, horizon: int, stop: Callable
) -> tuple:
    """Return a forecast that depends on all settings."""
    actual, naive = PRICES[-100:], PRICES[-100 - horizon : -horizon]
    off = len(kind) * MISSES / window + units / 10
    return DAYS[-100:], actual, (actual + off)[:, None], naive


def endless(*settings: object) -> tuple | None:
    """Train until Stop is pressed."""
    *settings, stop = settings
    while not stop():
        time.sleep(0.01)
    return instant(*settings, stop)


def tired(*settings: object) -> tuple:
    raise ValueError("no window of 60 in 50 days <b>")


def returns(value: object) -> Callable:
    return lambda *settings: value


def until(condition: Callable) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not happen within 10 seconds"
        time.sleep(0.01)


def alive() -> list:
    return [t for t in threading.enumerate() if t.name == "ForecastLab"]


@pytest.fixture(autouse=True)
def no_thread_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)
    yield
    for lab in list(module._LABS):
        lab.stop()
    for thread in alive():
        thread.join(5)
    assert alive() == []


def make() -> Explorer:
    return explorers.forecast_lab(instant, PRICES)


def forecasts(lab: Explorer) -> list[list[float]]:
    """Return what the two lower pictures show."""
    lines = [line for a in lab.live.figure.axes[1:] for line in a.lines]
    return [list(line.get_ydata()) for line in lines]


# What it says.


def test_the_readout_compares_with_naive() -> None:
    lab = make()
    lab.set(kind="GRU", window=40, units=20, horizon=3)
    result = lab.run()
    _, actual, predicted, naive = instant("GRU", 40, 20, 3, bool)
    predicted = predicted[:, 0]
    rmse, least = (sequences.rmse(p, actual) for p in (predicted, naive))
    assert result["rmse"] == pytest.approx(rmse)
    assert result["skill"] == pytest.approx(1 - (rmse / least) ** 2, abs=1e-3)
    right = np.sum((actual > naive) == (predicted > naive))
    assert lab.readout.startswith("GRU, 20 units, window 40, 3 days ahead: ")
    assert f"RMSE {rmse:.4g}, naive {least:.4g}, skill " in lab.readout
    assert ": better than naive." in lab.readout
    assert f"Direction right on {right} of 100 days" in lab.readout


@pytest.mark.parametrize(
    ("predicted", "words"),
    [
        ([2, 3, 4, 6], "skill 1: better than naive. Direction right on 4 of 4"),
        ([1, 2, 3, 4], "skill 0: as good as naive. It says no direction."),
        ([0, 1, 2, 3], ": worse than naive. Direction right on 0 of 4"),
        ([2, 3, 4, np.nan], "not finite for 1 of 4 days"),
        ([2, 3, np.inf, -np.inf], "not finite for 2 of 4 days"),
        ([1e200] * 4, "not finite for 4 of 4 days"),
        ([1e60] * 4, "worse than naive"),
    ],
    ids=["perfect", "naive", "wrong", "nan", "inf", "huge", "large"],
)
def test_every_forecast_can_be_judged_and_drawn(
    predicted: list, words: str
) -> None:
    four = np.arange(4), [2, 3, 4, 6], predicted, [1, 2, 3, 4]
    lab = explorers.forecast_lab(returns(four), PRICES)
    before = shown(lab)
    lab.run()
    assert words in lab.readout
    assert shown(lab) != before
    assert limits(lab)[1][3] < 20


def test_a_perfect_naive_forecast_leaves_no_skill() -> None:
    flat = np.arange(3), np.ones(3), np.ones(3), np.ones(3)
    lab = explorers.forecast_lab(returns(flat), PRICES)
    lab.run()
    assert "naive is perfect, so there is no skill" in lab.readout


def test_the_interval_of_the_direction_is_that_of_wilson() -> None:
    # Brown, Cai and DasGupta, "Interval Estimation for a Binomial
    # Proportion", 2001, name its ends as the roots of this equation.
    for right, count in ((5, 10), (0, 20), (98, 200)):
        for p in forecast_score._interval(right, count):
            gap = (right / count - p) ** 2
            assert gap == pytest.approx(1.96**2 * p * (1 - p) / count)


def test_the_picture_has_the_three_series_and_a_close_up() -> None:
    lab = make()
    lab.run()
    days, actual, predicted, naive = instant("LSTM", 20, 16, 1, bool)
    _, upper, lower = lab.live.figure.axes
    for axes, first in ((upper, 0), (lower, 70)):
        drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
        for name, values in (
            ("actual", actual),
            ("network", predicted[:, 0]),
            ("naive", naive),
        ):
            np.testing.assert_array_equal(drawn[name], values[first:])
        names = [text.get_text() for text in axes.get_xticklabels()]
        assert [names[0], names[-1]] == [str(days[first]), str(days[-1])]


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (DAYS[:2].astype("datetime64[ns]"), "2008-01-01"),
        (["Monday", "Tuesday"], "Monday"),
        ([7, 8], "7"),
        (np.array(["2008-01-01T06"], "M8[h]").repeat(2), "2008-01-01T06"),
    ],
    ids=["nanoseconds", "names", "numbers", "hours"],
)
def test_days_are_called_by_their_names(days: object, name: str) -> None:
    lab = explorers.forecast_lab(
        returns((days, [1, 2], [1, 2], [2, 1])), PRICES
    )
    lab.run()
    label = lab.live.figure.axes[1].get_xticklabels()[0]
    assert label.get_text() == name


@pytest.mark.parametrize(
    ("length", "window", "horizon", "seen", "wanted"),
    [
        (160, 20, 1, range(110, 130), 130),
        (160, 120, 30, range(10, 130), 159),
        (50, 60, 7, range(20), 26),
        (3, 2, 1, range(1), 1),
        (3, 2, 30, range(1), None),
    ],
    ids=["usual", "longest", "short", "tiny", "beyond"],
)
def test_the_question_shows_what_is_seen_and_what_is_asked(
    length: int, window: int, horizon: int, seen: range, wanted: int | None
) -> None:
    lab = explorers.forecast_lab(instant, PRICES[:length])
    lab.set(window=window, horizon=horizon)
    axes = lab.live.figure.axes[0]
    _, window_line, naive, ring = axes.lines
    np.testing.assert_array_equal(window_line.get_ydata(), PRICES[seen])
    assert list(naive.get_xdata()) == [0, horizon]
    assert set(naive.get_ydata()) == {PRICES[seen[-1]]}
    there = [] if wanted is None else [PRICES[wanted]]
    assert list(ring.get_ydata()) == there
    assert f"window {window}, {horizon} day" in axes.get_title("left")


@pytest.mark.parametrize("ahead", [1, 7, 30])
def test_before_a_training_the_naive_forecast_is_shown(ahead: int) -> None:
    lab = make()
    lab.set(horizon=ahead)
    actual, network, naive = (
        np.array(line.get_ydata()) for line in lab.live.figure.axes[1].lines
    )
    np.testing.assert_array_equal(actual, PRICES[-100:])
    np.testing.assert_array_equal(naive, PRICES[-100 - ahead : -ahead])
    assert np.isnan(network).all()
    lab.run()
    shown_then = forecasts(lab)
    lab.set(horizon=2)  # what was forecast stays until it is replaced
    assert forecasts(lab) == shown_then


def test_the_axes_stand_still_until_a_forecast_comes() -> None:
    lab = make()
    before, picture = limits(lab), shown(lab)
    low, high = limits(lab)[1][2:]
    assert low < PRICES[-130:].min() < PRICES[-130:].max() < high
    for ahead in (2, 17, 30):
        drag(lab, horizon=ahead)
        assert limits(lab) == before
        assert shown(lab) != picture
        title = lab.live.figure.axes[1].get_title("left")
        assert title == f"Naive alone, {ahead} days ahead: press Train"
    lab.run()
    assert limits(lab) != before


@pytest.mark.parametrize(
    "moved", ["kind", "target", "window", "units", "horizon"]
)
def test_every_control_changes_the_question(moved: str) -> None:
    lab = explorers.forecast_lab({"price": instant, "change": tired}, PRICES)
    before = shown(lab)
    other = {"kind": "GRU", "target": "change"}
    drag(lab, **{moved: other.get(moved, 7)})
    assert shown(lab) != before
    assert lab.readout.startswith("No forecast yet")


def test_what_is_predicted_can_be_chosen() -> None:
    lab = explorers.forecast_lab({"price": instant, "change": tired}, PRICES)
    lab.run()
    assert lab.readout.startswith("LSTM, price, 16 units")
    assert "press Train" in drag(lab, target="change")
    with pytest.raises(ValueError, match="no window"):
        lab.run()
    assert "press Train" in drag(lab, target="price")


def test_moved_controls_say_that_the_picture_is_older() -> None:
    lab = make()
    lab.run()
    before, readout = shown(lab), lab.readout
    drawn = forecasts(lab)
    assert drag(lab, units=32) == (
        f"{readout} The controls say something else: press Train."
    )
    assert forecasts(lab) == drawn
    assert drag(lab, units=16) == readout
    assert shown(lab) == before


def test_tries_are_kept_and_the_best_is_bold() -> None:
    lab = make()
    for units in (64, 2, 32):
        lab.set(units=units)
        lab.run()
    assert [t["units"] for t in lab.tries] == [64, 2, 32]
    table = lab.widget.children[-1].value
    (bold,) = (row for row in table.split("<tr") if "bold" in row[:30])
    assert "<td>2</td>" in bold
    assert "Best of 3 tries" in table
    assert "looks better than it is" in table


# The thread.


def test_train_and_stop_work_while_the_notebook_is_free() -> None:
    lab = explorers.forecast_lab(endless, PRICES)
    lab.button.click()
    assert lab.state == "training"
    assert lab.readout.startswith("Training for 0 s")
    assert lab.button.disabled
    assert not lab._stopper.disabled
    drag(lab, units=3)  # counts from the next training on
    lab._stopper.click()
    lab.wait(10)
    assert lab.state == "stopped"
    assert lab.readout.startswith("Stopped early. LSTM, 16 units")
    assert lab._stopper.disabled
    assert not lab.button.disabled


def test_a_long_training_gives_signs_of_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.0)
    lab = explorers.forecast_lab(endless, PRICES)
    lab.start()
    lab._began -= 42
    until(lambda: "Training for 42 s" in lab.readout)
    with pytest.raises(TimeoutError):
        lab.wait(0.0)


def test_stopped_before_there_is_anything() -> None:
    def nothing(*settings: object) -> None:
        endless(*settings)

    lab = explorers.forecast_lab(nothing, PRICES)
    lab.start()
    lab.stop()
    assert lab.wait(10) == {}
    assert lab.readout.startswith("Stopped before there was a forecast.")
    lab.start()
    assert lab.state == "training"


def test_what_the_function_raises_is_read_below_the_picture() -> None:
    lab = explorers.forecast_lab({"price": instant, "change": tired}, PRICES)
    lab.run()
    before = forecasts(lab)
    lab.set(target="change")
    lab.button.click()
    with pytest.raises(ValueError, match="no window of 60"):
        lab.wait(10)
    assert lab.state == "failed"
    assert "ended by ValueError: no window of 60 in 50 days <b>" in lab.readout
    assert "<b>" not in lab.widget.children[2].value
    assert forecasts(lab) == before
    lab.set(target="price")
    lab.start()
    lab.wait(10)
    assert lab.state == "finished"
    assert lab.error is None


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "returned NoneType"),
        (7, "returned int"),
        (([1, 2], [1, 2], [1, 2]), "expected four arrays"),
        (
            ([1, 2], [1, 2], [1, 2, 3], [1, 2]),
            r"\(2,\), \(2,\), \(3,\), \(2,\)",
        ),
        (([1], [1], [1], [1]), "expected 2 or more"),
        (([1, 2], [1, np.nan], [1, 2], [1, 2]), "actual has values"),
        (([1, 2], [1, 2], [1, 2], [1, np.inf]), "naive has values"),
        (([1, 2], ["a", "b"], [1, 2], [1, 2]), "expected four arrays"),
    ],
    ids=["none", "number", "three", "sizes", "one", "nan", "inf", "text"],
)
def test_another_form_is_told(found: object, words: str) -> None:
    lab = explorers.forecast_lab(returns(found), PRICES)
    with pytest.raises(ValueError, match=words):
        lab.run()
    assert "Training ended by ValueError" in lab.readout


def test_one_lab_trains_at_a_time() -> None:
    first = explorers.forecast_lab(endless, PRICES)
    second = explorers.forecast_lab(endless, PRICES)
    first.start()
    with pytest.raises(RuntimeError, match="training already"):
        first.run()
    first.button.disabled = False
    first.button.click()
    assert "training already" in first.readout
    second.start()
    assert first.state == "stopped"
    explorers.forecast_lab(instant, PRICES)  # such as the same cell again
    second.wait(10)
    assert second.state == "stopped"


def test_a_lab_that_cannot_be_stopped_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = threading.Event()
    deaf = explorers.forecast_lab(
        lambda *settings: go.wait(10) and None, PRICES
    )
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    other = make()
    deaf.start()
    other.button.click()
    assert "does not look at stop()" in other.readout
    assert "Stopping" in deaf.readout
    go.set()
    deaf.wait(10)


def test_an_interrupt_stops_the_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab = explorers.forecast_lab(endless, PRICES)
    lab.start()
    wait = lab._ended.wait
    calls = iter([True])

    def interrupted(timeout: float) -> bool:
        if next(calls, False):
            raise KeyboardInterrupt
        return wait(timeout)

    monkeypatch.setattr(lab._ended, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lab.wait()
    assert lab.state == "stopped"

    def cut(*settings: object) -> None:
        raise KeyboardInterrupt

    lab = explorers.forecast_lab(cut, PRICES)
    with pytest.raises(KeyboardInterrupt):
        lab.run()
    assert (lab.state, lab.readout) == ("interrupted", "You interrupted it.")


def test_without_a_front_end_train_is_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    lab = make()
    lab.start()
    assert lab.state == "finished"
    lab = explorers.forecast_lab(tired, PRICES)
    lab.button.click()
    assert lab.readout.count("no window of 60") == 1


# What every explorer does.


def test_a_notebook_stores_picture_and_words() -> None:
    lab, _ = assert_made_alike(make, 40_000)
    assert "No forecast yet: press Train." in lab.live.picture.alt
    lab.set(horizon=30, window=120, units=128)
    lab.run()
    assert_caption_is_whole(lab)
    for control in lab.controls.values():
        assert control.description


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"forecast": {}}, "must be a function"),
        ({"forecast": {"price": 3}}, "must be a function"),
        ({"series": PRICES[:, None]}, r"series has the shape \(160, 1\)"),
        ({"series": [7.0]}, r"series has the shape \(1,\)"),
        ({"series": [7.0, np.nan]}, "all of them finite"),
        ({"window": 1}, "window is 1, expected a whole number from 2 to 120"),
        ({"units": 2.5}, "units is 2.5"),
        ({"horizon": float("nan")}, "horizon is nan"),
    ],
    ids=[
        "empty",
        "number",
        "table",
        "one",
        "nan",
        "window",
        "units",
        "horizon",
    ],
)
def test_what_does_not_fit_is_refused(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        explorers.forecast_lab(
            **{"forecast": instant, "series": PRICES} | arguments
        )


@pytest.mark.filterwarnings("default")  # those of Keras are not ours
def test_a_real_network_trains_in_the_thread() -> None:
    import keras

    wave = np.sin(np.arange(200) / 3)

    def forecast(
        kind: str, window: int, units: int, horizon: int, stop: Callable
    ) -> tuple:
        x, y = sequences.windows(wave, window, horizon)
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [
                keras.layers.Input((window, 1)),
                # Unrolled, because tracing a loop takes longest of all.
                getattr(keras.layers, kind)(units, unroll=True),
                keras.layers.Dense(1),
            ]
        )
        model.compile(keras.optimizers.Adam(0.02), "mse")

        def look(epoch: int, logs: dict) -> None:
            model.stop_training = stop()

        look = keras.callbacks.LambdaCallback(on_epoch_end=look)
        model.fit(
            *(x[:150, :, None], y[:150]),
            epochs=10,
            verbose=0,
            callbacks=[look],
        )
        predicted = keras.ops.convert_to_numpy(model(x[150:, :, None]))
        return np.arange(len(y) - 150), y[150:], predicted, x[150:, -1]

    lab = explorers.forecast_lab(forecast, PRICES, window=4, units=8)
    lab.set(kind="SimpleRNN")
    lab.start()
    assert lab.wait(60)["skill"] > 0.5
