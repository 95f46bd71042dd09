"""The explorer of lecture 11 that trains a forecaster again: forecast_lab.

The training runs in a thread of its own, so that the notebook stays free. Only
that thread calls the function of the learner and draws its result. Buttons
write down what is wanted, and the function looks there by calling `stop`.
"""

from __future__ import annotations

import atexit
import html
import math
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from course_utils import plots, sequences, style
from course_utils.explorers.explorer import Explorer, headless, told
from course_utils.live import LiveFigure

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

KINDS = ("SimpleRNN", "LSTM", "GRU")
CLOSE = 30  # steps in the close-up
HUGE = 1e100  # its square can still be computed
EVERY = 1.0  # seconds between two signs of life
PATIENCE = 10.0  # seconds to wait for another training to end
TRIES = 8  # rows of the table
LOOKS = {
    "actual": {"color": style.DATA, "lw": 2.2, "marker": "o"},
    "network": {"color": style.MODEL, "lw": 1.6, "marker": "o"},
    "naive": {"color": style.INK, "lw": 1.2, "ls": "--"},
}
_LABS: weakref.WeakSet[ForecastLab] = weakref.WeakSet()


def forecast_lab(
    forecast: Callable | Mapping[str, Callable],
    window: int = 20,
    units: int = 16,
    horizon: int = 1,
    step: str = "day",
) -> ForecastLab:
    """Train a forecaster with other settings, and compare it with naive.

    Train calls your function in a thread of its own with what the controls
    say. The upper picture shows all of its forecasts, the lower one the last
    30, where one can see whether the network is ahead or a step late. All
    tries are in a table.

    Args:
        forecast: Takes the kind ("SimpleRNN", "LSTM" or "GRU"), the window
            and the units (whole numbers), the horizon in steps and `stop`, a
            function that says whether Stop was pressed: call it after every
            epoch. Returns days, what came, the forecast and the naive
            forecast, each of shape `(n,)`; or None if it was stopped before
            there was anything to show. Give several, such as `{"price": …,
            "change": …}`, to choose among what is predicted.
        window: How many steps the network sees at first, 2 to 120.
        units: How many units it has at first, 1 to 128.
        horizon: How many steps ahead it predicts at first, 1 to 30.
        step: What a step is called, such as "day" or "hour".

    Returns:
        An explorer with the controls `kind`, `window`, `units`, `horizon`
        and, if there are several functions, `target`; and with `start`,
        `stop`, `wait` and `run`.

    Raises:
        ValueError: There is nothing to call, or a number is out of range.
    """
    if not isinstance(forecast, Mapping):
        forecast = {"": forecast}
    if not forecast or not all(map(callable, forecast.values())):
        raise ValueError(
            "forecast must be a function, or a dict of functions by what "
            "they predict, such as {'price': …, 'change': …}."
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
        ("window", window, 2, 120, f"window ({step}s)"),
        ("units", units, 1, 128, "units"),
        ("horizon", horizon, 1, 30, f"{step}s ahead"),
    ):
        if not least <= value <= most or value != int(value):
            raise ValueError(
                f"{name} is {value!r}, expected a whole number from {least} "
                f"to {most}."
            )
        controls[name] = widgets.IntSlider(
            value=int(value), min=least, max=most, description=words
        )
    return ForecastLab(dict(forecast), controls, step)


class ForecastLab(Explorer):
    """Buttons that train a forecaster, and pictures of what it says.

    Made by `forecast_lab`. A lab that is made or started stops all others:
    one network is trained at a time.

    Args:
        forecasts: See `forecast_lab`, by what they predict.
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
        controls: dict[str, widgets.Widget],
        step: str,
    ) -> None:
        self.state = "ready"
        self.error: BaseException | None = None
        self.tries: list[dict[str, Any]] = []
        self._forecasts, self._step = forecasts, step
        self._text = "No forecast yet: press Train."
        self._used: dict[str, Any] = {}  # what the picture was made with
        self._stop = False
        self._began = self._told = 0.0
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._ended.set()
        self._lock = threading.RLock()
        for lab in list(_LABS):  # its cell may be gone, and its Stop with it
            lab.stop()
        live = self._make_picture()
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
        """Say how it stands, given what the controls say now."""
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
                series = _checked(found)
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
        judged = values | _judge(actual, predicted, naive)
        self.tries.append(judged)
        settings = _settings(values, self._step)
        self._draw(days, (actual, predicted, naive), settings)
        self._text = f"{early}{settings}: {_verdict(judged, self._step)}"
        self._table.value = _table(self.tries)

    # The picture.

    def _make_picture(self) -> LiveFigure:
        live = LiveFigure(7.2, 4.6)
        live.figure.set_layout_engine("none")
        self._axes = live.figure.subplots(
            2,
            1,
            gridspec_kw={
                **{"left": 0.1, "right": 0.94, "top": 0.87, "bottom": 0.07},
                "hspace": 0.42,
            },
        )
        self._lines = []
        for axes in self._axes:
            axes.set(xlim=(0, 1), xticks=[], yticks=[])
            for label, look in LOOKS.items():
                self._lines += axes.plot([], [], label=label, ms=3.5, **look)
        for line in self._lines[:3]:  # too many for markers
            line.set_marker("")
        live.figure.legend(
            handles=self._lines[:3],
            loc="upper right",
            bbox_to_anchor=(0.95, 1.0),
            ncols=3,
            fontsize=10,
        )
        self._axes[0].set_title("No forecast yet: press Train")
        self._axes[1].set_title("A close-up of its end")
        live.moving(*self._lines)
        return live

    def _draw(
        self, days: np.ndarray, series: tuple[np.ndarray, ...], settings: str
    ) -> None:
        near = min(CLOSE, len(days))
        self._axes[0].set_title(settings, fontsize=11)
        self._axes[1].set_title(f"The last {near} {self._step}s", fontsize=11)
        for axes, lines, first in zip(
            self._axes,
            (self._lines[:3], self._lines[3:]),
            (0, len(days) - near),
            strict=True,
        ):
            shown = [values[first:] for values in series]
            low, high = _limits(*shown)
            for line, values in zip(lines, shown, strict=True):
                # What lies far outside is drawn there; matplotlib would fail.
                values = np.clip(values, 2 * low - high, 2 * high - low)
                line.set_data(np.arange(first, len(days)), values)
            axes.set(ylim=(low, high))
            axes.set_xlim(first - 0.5, len(days) - 0.5)
            _name_days(axes, days, first)
        self.live.still_changed()


def _checked(found: Any) -> tuple[np.ndarray, ...]:
    """Return days, actual, predicted and naive as arrays of shape (n,)."""
    try:
        days, *series = found
        series = [np.asarray(values, float) for values in series]
    except (TypeError, ValueError):
        series = []
    if len(series) != 3:
        raise ValueError(
            f"the function returned {type(found).__name__}, expected four "
            "arrays: days, actual, predicted, naive."
        )
    days = np.asarray(days)
    shapes = [values.shape for values in (days, *series)]
    # A network returns (n, 1). With (n,) it would make a square of (n, n).
    days, *series = (
        values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
        for values in (days, *series)
    )
    if days.ndim != 1 or len({v.shape for v in (days, *series)}) > 1:
        raise ValueError(
            "days, actual, predicted and naive have the shapes "
            f"{', '.join(map(str, shapes))}, expected (n,) for all."
        )
    if len(days) < 2:
        raise ValueError(
            f"there are {len(days)} forecasts, expected 2 or more."
        )
    for name, values in (("actual", series[0]), ("naive", series[2])):
        if not (np.abs(values) < HUGE).all():  # NaN is not, either
            raise ValueError(f"{name} has values that are not finite.")
    return days, *series


def _judge(
    actual: np.ndarray, predicted: np.ndarray, naive: np.ndarray
) -> dict[str, Any]:
    """Compare a forecast with the naive one; NaN if it is not finite."""
    wild = ~(np.abs(predicted) < HUGE)
    judged = {"n": len(actual), "wild": int(wild.sum())}
    judged["naive"] = sequences.rmse(naive, actual)
    judged["rmse"] = judged["skill"] = math.nan
    if not judged["wild"]:
        judged["rmse"] = sequences.rmse(predicted, actual)
        judged["skill"] = round(sequences.skill(predicted, actual, naive), 3)
    up, said = np.sign(actual - naive), np.sign(predicted - naive)
    moved = (up != 0) & (said != 0) & ~wild
    judged["judged"] = int(moved.sum())
    judged["right"] = int((up == said)[moved].sum())
    return judged


def _interval(right: int, count: float) -> tuple[float, float]:
    """Return where 95 of 100 such intervals hold the true share.

    Wilson, "Probable Inference, the Law of Succession, and Statistical
    Inference", 1927.
    """
    z = 1.96
    share = right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    half *= z / (1 + z**2 / count)
    return middle - half, middle + half


def _settings(values: Mapping[str, Any], step: str) -> str:
    """Name what a network was trained with."""
    ahead = values["horizon"]
    target = f", {values['target']}" if "target" in values else ""
    return (
        f"{values['kind']}{target}, {values['units']} "
        f"unit{'s' * (values['units'] != 1)}, window {values['window']}, "
        f"{ahead} {step}{'s' * (ahead > 1)} ahead"
    )


def _verdict(judged: Mapping[str, Any], step: str) -> str:
    """Say how good a forecast is."""
    if judged["wild"]:
        return (
            f"the forecast is not finite for {judged['wild']} of "
            f"{judged['n']} {step}s, so it has no RMSE. Most likely the "
            "training diverged."
        )
    text = f"RMSE {_number(judged['rmse'])}, naive {_number(judged['naive'])}"
    skill = judged["skill"]
    if math.isnan(skill):
        text += "; naive is perfect, so there is no skill."
    elif abs(skill) < 0.005:
        text += f", skill {_number(skill)}: as good as naive."
    else:
        better = "better" if skill > 0 else "worse"
        text += f", skill {_number(skill)}: {better} than naive."
    if not judged["judged"]:
        return f"{text} It says no direction."
    # Forecasts of several steps overlap, so they count as fewer.
    count = judged["judged"] / judged["horizon"]
    share = judged["right"] / judged["judged"]
    low, high = _interval(share * count, count)
    return (
        f"{text} Direction right on {judged['right']} of {judged['judged']} "
        f"{step}s: {plots.percent(share)}, 95 % interval {100 * low:.0f} to "
        f"{100 * high:.0f} %."
    )


def _table(tries: list[dict[str, Any]]) -> str:
    """Return the last tries as a table, the best of all in bold."""
    head = ("network", "predicts", "units", "window", "ahead", "RMSE", "naive")
    head += ("skill", "direction")
    keys = ("kind", "target", "units", "window", "horizon")
    chosen = [k for k in range(9) if k != 1 or "target" in tries[0]]
    skills = [t["skill"] for t in tries]
    best = max((s for s in skills if not math.isnan(s)), default=None)
    rows = []
    for number, t in list(enumerate(tries))[-TRIES:]:
        direction = t["right"] / t["judged"] if t["judged"] else math.nan
        cells = [str(t.get(key, "")) for key in keys]
        cells += [_number(t[key]) for key in ("rmse", "naive", "skill")]
        cells.append("–" if math.isnan(direction) else plots.percent(direction))
        weight = "bold" if skills[number] == best else "normal"
        cells = [f"<td>{html.escape(cells[k])}</td>" for k in chosen]
        rows.append(f'<tr style="font-weight:{weight}">{"".join(cells)}</tr>')
    caption = ""
    if len(tries) > 1:
        caption = (
            f"<caption>Best of {len(tries)} tries in bold. It was chosen on "
            "these very numbers, so it looks better than it is.</caption>"
        )
    heads = "".join(f'<th scope="col">{head[k]}</th>' for k in chosen)
    spaced = 'style="border-spacing:1em 0; text-align:right"'
    return f"<table {spaced}>{caption}<tr>{heads}</tr>{''.join(rows)}</table>"


def _limits(*series: np.ndarray) -> tuple[float, float]:
    """Return limits for the y-axis that what came fits into with ease."""
    actual, predicted, naive = series
    low = min(actual.min(), naive.min())
    high = max(actual.max(), naive.max())
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


def _number(value: float) -> str:
    """Write a number with a real minus, or a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    long = 1000 <= abs(value) < 1e9
    text = f"{value:,.0f}" if long else f"{value + 0:.4g}"
    return text.replace("-", "−")


@atexit.register
def _end_threads() -> None:
    """Let no thread compute while Python is taken down."""
    for lab in list(_LABS):
        lab._stop = True
        if lab._thread is not None:
            lab._thread.join(2.0)
