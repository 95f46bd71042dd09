"""The explorer of lecture 11 that trains a forecaster again: forecast_lab.

The training runs in a thread of its own, so that the notebook stays free. Only
that thread calls the function of the learner and draws its result. Buttons
write down what is wanted, and the function looks there by calling `stop`.
"""

from __future__ import annotations

import atexit
import math
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from course_utils import style
from course_utils.explorers import forecast_score
from course_utils.explorers.explorer import Explorer, headless, told
from course_utils.live import LiveFigure

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

KINDS = ("SimpleRNN", "LSTM", "GRU")
CLOSE = 30  # steps in the close-up
BEFORE = 100  # steps of naive that are shown before a training
WINDOW, UNITS, AHEAD = 120, 128, 30  # at most
EVERY = 1.0  # seconds between two signs of life
PATIENCE = 10.0  # seconds to wait for another training to end
LOOKS = {
    "actual": {"color": style.DATA, "lw": 2.2, "marker": "o"},
    "network": {"color": style.MODEL, "lw": 1.6, "marker": "o"},
    "naive": {"color": style.INK, "lw": 1.2, "ls": "--"},
}
_LABS: weakref.WeakSet[ForecastLab] = weakref.WeakSet()


def forecast_lab(
    forecast: Callable | Mapping[str, Callable],
    series: np.ndarray,
    window: int = 20,
    units: int = 16,
    horizon: int = 1,
    step: str = "day",
) -> ForecastLab:
    """Train a forecaster with other settings, and compare it with naive.

    At the top is one question as the controls ask it: the window that the
    network sees, and what it has to foretell. Train calls your function in a
    thread of its own with what the controls say. The picture in the middle
    shows all of its forecasts, the lower one the last 30, where one can see
    whether the network is ahead or a step late; before the first training
    both have the naive forecast alone. All tries are in a table.

    Args:
        forecast: Takes the kind ("SimpleRNN", "LSTM" or "GRU"), the window
            and the units (whole numbers), the horizon in steps and `stop`, a
            function that says whether Stop was pressed: call it after every
            epoch. Returns days, what came, the forecast and the naive
            forecast, each of shape `(n,)`; or None if it was stopped before
            there was anything to show. Give several, such as `{"price": …,
            "change": …}`, to choose among what is predicted.
        series: What the network looks at, shape `(n,)`, in order of time;
            the question is shown at the end of it.
        window: How many steps the network sees at first, 2 to 120.
        units: How many units it has at first, 1 to 128.
        horizon: How many steps ahead it predicts at first, 1 to 30.
        step: What a step is called, such as "day" or "hour".

    Returns:
        An explorer with the controls `kind`, `window`, `units`, `horizon`
        and, if there are several functions, `target`; and with `start`,
        `stop`, `wait` and `run`.

    Raises:
        ValueError: There is nothing to call, the series is not one, or a
            number is out of range.
    """
    if not isinstance(forecast, Mapping):
        forecast = {"": forecast}
    if not forecast or not all(map(callable, forecast.values())):
        raise ValueError(
            "forecast must be a function, or a dict of functions by what "
            "they predict, such as {'price': …, 'change': …}."
        )
    series = np.asarray(series, float)
    if series.ndim != 1 or len(series) < 2 or not np.isfinite(series).all():
        raise ValueError(
            f"series has the shape {series.shape}, expected (n,) with at "
            "least 2 values, all of them finite."
        )
    controls: dict[str, widgets.Widget] = {
        "kind": widgets.Dropdown(
            options=KINDS, value="LSTM", description="network"
        )
    }
    if "" not in forecast:
        controls["target"] = widgets.Dropdown(
            options=list(forecast), description="predicts the"
        )
    for name, value, least, most, words in (
        ("window", window, 2, WINDOW, f"window ({step}s)"),
        ("units", units, 1, UNITS, "units"),
        ("horizon", horizon, 1, AHEAD, f"{step}s ahead"),
    ):
        if not least <= value <= most or value != int(value):
            raise ValueError(
                f"{name} is {value!r}, expected a whole number from {least} "
                f"to {most}."
            )
        controls[name] = widgets.IntSlider(
            value=int(value), min=least, max=most, description=words
        )
    return ForecastLab(dict(forecast), series, controls, step)


class ForecastLab(Explorer):
    """Buttons that train a forecaster, and pictures of what it says.

    Made by `forecast_lab`. A lab that is made or started stops all others:
    one network is trained at a time.

    Args:
        forecasts: See `forecast_lab`, by what they predict.
        series: What the network looks at, shape `(n,)`.
        controls: Widgets by name.
        step: What a step is called.

    Attributes:
        state: One of "ready", "training", "stopping", "stopped", "finished",
            "failed", "interrupted".
        error: The exception that ended the last training, or None.
        tries: For every forecast that was shown the settings and `rmse`,
            `naive`, `skill`, `right` and `judged` (steps on which the
            direction was right, and on which there was one).
    """

    def __init__(
        self,
        forecasts: dict[str, Callable],
        series: np.ndarray,
        controls: dict[str, widgets.Widget],
        step: str,
    ) -> None:
        self.state = "ready"
        self.error: BaseException | None = None
        self.tries: list[dict[str, Any]] = []
        self._forecasts, self._step = forecasts, step
        self._text = "No forecast yet: press Train."
        self._used: dict[str, Any] = {}  # what the picture was made with
        self._naive = 0  # steps ahead of the naive forecast shown before
        self._stop = False
        self._began = self._told = 0.0
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._ended.set()
        self._lock = threading.RLock()
        for lab in list(_LABS):  # its cell may be gone, and its Stop with it
            lab.stop()
        live = self._make_picture(series[-WINDOW - AHEAD :])
        buttons = [
            widgets.Button(
                description="Train", icon="play", button_style="primary"
            ),
            widgets.Button(description="Stop", icon="stop", disabled=True),
        ]
        for button, action in zip(
            buttons, (self.start, self.stop), strict=True
        ):
            button.layout.width = "7em"
            button.on_click(self._safely(action))
        for control in controls.values():
            control.style.description_width = "initial"
            if hasattr(control, "readout"):  # a slider
                control.layout.width = "24em"
        wrap = widgets.Layout(flex_flow="row wrap", grid_gap="0 1em")
        panel = widgets.VBox(
            [
                widgets.HBox(list(controls.values()), layout=wrap),
                widgets.HBox(buttons),
            ]
        )
        super().__init__(
            "forecast lab", controls, live, self._describe, panel=panel
        )
        self.button, self._stopper = buttons
        self._table = widgets.HTML()
        self.widget.children += (self._table,)
        _LABS.add(self)

    # What a program can do, and the buttons too.

    def start(self) -> None:
        """Train in the background with what the controls say now.

        Without a front end (`COURSE_HEADLESS=1`) it is `run()`.

        Raises:
            RuntimeError: A training is under way and does not end.
        """
        if headless():
            self.run()
            return
        values = self._begin()
        self._thread = threading.Thread(
            target=self._train, args=(values,), daemon=True, name="ForecastLab"
        )
        self._thread.start()

    def stop(self) -> None:
        """Ask the function to end; what it returns then is shown."""
        with self._lock:
            if self.state == "training":
                self._stop = True
                self._change("stopping")

    def run(self) -> dict[str, Any]:
        """Train here and now, and return when it is done.

        Returns:
            The last of `tries`.

        Raises:
            RuntimeError: A training is under way and does not end.
            Exception: Whatever ended the training.
        """
        self._train(self._begin())
        return self._outcome()

    def wait(self, timeout: float | None = None) -> dict[str, Any]:
        """Wait until the training in the background has ended.

        An interrupt of the kernel stops the training.

        Args:
            timeout: How many seconds to wait at most; for ever if None.

        Returns:
            The last of `tries`; empty if there is none.

        Raises:
            KeyboardInterrupt: You interrupted it.
            TimeoutError: It is still training.
            Exception: Whatever ended the training.
        """
        end = math.inf if timeout is None else time.monotonic() + timeout
        try:
            while not self._ended.wait(0.1):
                if time.monotonic() > end:
                    raise TimeoutError("The lab is still training.")
        except KeyboardInterrupt:
            self.stop()
            self._ended.wait(PATIENCE)
            raise
        return self._outcome()

    def refresh(self) -> None:
        """Compute, draw and describe what the controls say now."""
        with self._lock:  # both threads draw
            super().refresh()

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict, dict]:
        with self._lock:
            return super()._repr_mimebundle_(include, exclude)

    # The state.

    def _safely(self, action: Callable[[], Any]) -> Callable:
        """Wrap a handler: what it raises is read below the picture."""

        def handler(_: widgets.Button) -> None:
            try:
                action()
            except Exception as error:
                if error is not self.error:  # that one is told already
                    self._say(f"{self.readout} {error}")

        return handler

    def _begin(self) -> dict[str, Any]:
        """Note that a training begins, and return what the controls say."""
        for lab in list(_LABS):
            if lab is not self:
                lab.stop()
                if not lab._ended.wait(PATIENCE):
                    raise RuntimeError(
                        "Another lab is still training: its function does "
                        "not look at stop(). Try again in a moment."
                    )
        with self._lock:
            if not self._ended.is_set():
                raise RuntimeError(
                    "This lab is training already: press Stop or call stop() "
                    "and wait() first."
                )
            self._ended.clear()
            self.error, self._stop = None, False
            self._began = self._told = time.monotonic()
            self._change("training")
            return self.values()

    def _change(self, state: str) -> None:
        """Take on a state and show it."""
        self.state = state
        busy = state in {"training", "stopping"}
        self.button.disabled = busy
        self._stopper.disabled = state != "training"
        self.refresh()

    def _describe(self, **values: Any) -> str:
        """Show the question that the controls ask, and say how it stands."""
        self._ask(values)
        seconds = time.monotonic() - self._began
        if self.state == "training":
            return f"Training for {seconds:.0f} s. Stop ends it."
        if self.state == "stopping":
            return "Stopping: waiting until the function looks at stop() …"
        if self._used and values != self._used:
            return f"{self._text} The controls say something else: press Train."
        return self._text

    def _asked(self) -> bool:
        """Say whether Stop was pressed, and give a sign of life."""
        if time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            with self._lock:
                self._say(self._describe(**self.values()))
        return self._stop

    def _outcome(self) -> dict[str, Any]:
        if self.error is not None:
            raise self.error
        return dict(self.tries[-1]) if self.tries else {}

    # The training, in whichever thread.

    def _train(self, values: dict[str, Any]) -> None:
        outcome = "failed"
        try:
            found = self._forecasts[values.get("target", "")](
                values["kind"],
                values["window"],
                values["units"],
                values["horizon"],
                self._asked,
            )
            outcome = "stopped" if self._stop else "finished"
            if found is None and self._stop:
                self._text = "Stopped before there was a forecast."
            else:
                series = forecast_score.checked(found)
                with self._lock:
                    self._show(values, series)
        except BaseException as error:
            self.error, outcome = error, "failed"
            self._text = (
                f"Training ended by {told(error)} (The picture is as it was. "
                "wait() raises the error with its traceback.)"
            )
            if isinstance(error, KeyboardInterrupt):
                outcome, self._text = "interrupted", "You interrupted it."
        finally:
            with self._lock:
                self._used = values
                try:
                    self._change(outcome)
                finally:
                    self._ended.set()

    def _show(
        self, values: dict[str, Any], series: tuple[np.ndarray, ...]
    ) -> None:
        """Judge and draw a forecast."""
        days, actual, predicted, naive = series
        early = "Stopped early. " if self._stop else ""
        judged = values | forecast_score.judge(actual, predicted, naive)
        self.tries.append(judged)
        settings = forecast_score.settings(values, self._step)
        self._draw(days, (actual, predicted, naive), settings)
        self._text = (
            f"{early}{settings}: {forecast_score.verdict(judged, self._step)}"
        )
        self._table.value = forecast_score.table(self.tries)

    # The picture.

    def _make_picture(self, series: np.ndarray) -> LiveFigure:
        live = LiveFigure(7.2, 5.6)
        live.figure.set_layout_engine("none")
        question, *self._axes = live.figure.subplots(
            3,
            1,
            gridspec_kw={
                **{"left": 0.1, "right": 0.94, "top": 0.94, "bottom": 0.06},
                **{"hspace": 0.55, "height_ratios": (2, 3, 3)},
            },
        )
        self._series = series
        self._today = max(0, len(series) - 1 - AHEAD)
        question.plot(
            np.arange(len(series)) - self._today, series, color=style.GREY
        )
        question.yaxis.set_major_locator(MaxNLocator(3))
        question.margins(y=0.15)
        self._title = question.set_title(" ", fontsize=11)
        (self._seen,) = question.plot([], [], color=style.DATA, lw=2.2)
        (self._held,) = question.plot([], [], **LOOKS["naive"])
        (self._wanted,) = question.plot(
            [], [], "o", mfc="none", mec=style.MODEL, mew=2, ms=9
        )
        live.moving(self._title, self._seen, self._held, self._wanted)
        self._lines, self._titles = [], []
        self._background: list[tuple] = []  # of what the lines move on
        for axes in self._axes:
            title = axes.set_title(" ", fontsize=11, loc="left")
            self._titles.append(title)
            axes.set(xlim=(0, 1), xticks=[], yticks=[])
            for label, look in LOOKS.items():
                self._lines += axes.plot([], [], label=label, ms=3.5, **look)
        for line in self._lines[:3]:  # too many for markers
            line.set_marker("")
        self._axes[1].legend(
            handles=self._lines[:3],
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=3,
            fontsize=10,
        )
        live.moving(*self._lines, *self._titles)
        return live

    def _ask(self, values: Mapping[str, Any]) -> None:
        """Mark what the network sees, and what it has to foretell."""
        now, ahead = self._today, values["horizon"]
        first = max(0, now + 1 - values["window"])
        self._seen.set_data(
            np.arange(first, now + 1) - now, self._series[first : now + 1]
        )
        self._held.set_data([0, ahead], [self._series[now]] * 2)
        wanted = self._series[now + ahead : now + ahead + 1]
        self._wanted.set_data([ahead] * len(wanted), wanted)
        asked = forecast_score.settings(values, self._step)
        self._title.set_text(f"The question: {asked}")
        if not self.tries and ahead != self._naive:
            self._naive = ahead
            self._show_naive(ahead)

    def _show_naive(self, ahead: int) -> None:
        """Draw the forecast that needs no training."""
        count = min(BEFORE, len(self._series) - ahead)
        if count < 2:
            return
        actual, held = self._series[ahead:], self._series[:-ahead]
        nothing = np.full(count, np.nan)
        steps = f"{ahead} {self._step}{'s' * (ahead > 1)}"
        self._draw(
            np.arange(1 - count, 1),
            (actual[-count:], nothing, held[-count:]),
            f"Naive alone, {steps} ahead: press Train",
            room=self._series,
        )

    def _draw(
        self,
        days: np.ndarray,
        series: tuple[np.ndarray, ...],
        settings: str,
        room: Sequence[float] = (),
    ) -> None:
        """Draw what came, the forecast and naive.

        Both axes keep room for the last values of `room` as well, so that
        they stand still while another naive forecast is asked for.
        """
        near = min(CLOSE, len(days))
        before, self._background = self._background, []
        for axes, title, lines, text, first in zip(
            self._axes,
            self._titles,
            (self._lines[:3], self._lines[3:]),
            (settings, f"The last {near} {self._step}s"),
            (0, len(days) - near),
            strict=True,
        ):
            title.set_text(text)
            shown = [values[first:] for values in series]
            low, high = _limits(*shown, room[-len(days) + first - AHEAD :])
            for line, values in zip(lines, shown, strict=True):
                # What lies far outside is drawn there; matplotlib would fail.
                values = np.clip(values, 2 * low - high, 2 * high - low)
                line.set_data(np.arange(first, len(days)), values)
            axes.set(ylim=(low, high))
            axes.set_xlim(first - 0.5, len(days) - 0.5)
            _name_days(axes, days, first)
            self._background.append((low, high, first, *days))
        if self._background != before:
            self.live.still_changed()


def _limits(
    actual: np.ndarray,
    predicted: np.ndarray,
    naive: np.ndarray,
    room: Sequence[float],
) -> tuple[float, float]:
    """Return limits for the y-axis that what came fits into with ease."""
    known = np.concatenate([actual, naive, room])
    low, high = known.min(), known.max()
    span = high - low or max(abs(high), 1.0)
    near = predicted[np.isfinite(predicted)].clip(low - span, high + span)
    low, high = near.min(initial=low), near.max(initial=high)
    return low - 0.06 * span, high + 0.06 * span


def _name_days(axes: Axes, days: np.ndarray, first: int) -> None:
    """Write a few days below the axis, as they are called."""
    count = len(days) - first
    places = (
        np.linspace(first, len(days) - 1, min(count, 5)).round().astype(int)
    )
    names = [str(days[n])[:16].removesuffix("T00:00") for n in places]
    axes.set_xticks(places, names)
    axes.yaxis.set_major_locator(MaxNLocator(5))


@atexit.register
def _end_threads() -> None:
    """Let no thread compute while Python is taken down."""
    for lab in list(_LABS):
        lab._stop = True
        if lab._thread is not None:
            lab._thread.join(2.0)
