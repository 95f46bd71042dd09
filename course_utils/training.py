"""Watch a model while it trains, and change its learning rate meanwhile.

`LivePlot` is a Keras callback that draws loss and accuracy. `TrainingLab` adds
buttons and a slider: `model.fit` runs in a thread of its own, so the notebook
stays free. Only that thread touches the model. Buttons and slider write down
what is wanted, and the thread looks there after every batch.
"""

from __future__ import annotations

import atexit
import base64
import html
import math
import threading
import time
import weakref
from collections.abc import Mapping
from typing import Any

from course_utils import style
from course_utils.explorers.explorer import exact, headless, told
from course_utils.live import LiveFigure, script

import anywidget
import ipywidgets as widgets
import keras
import numpy as np
import traitlets
from IPython import get_ipython
from IPython.display import display

FRAME = 0.1  # seconds between two pictures
POINTS = 300  # of one curve; more would only show noise
PATIENCE = 10.0  # seconds to wait for a batch to end
PARTS = {"training": "", "validation": "val_"}
COLOURS = {"training": style.LOSS, "validation": style.ORANGE}
_LABS: weakref.WeakSet[TrainingLab] = weakref.WeakSet()


class Canvas(anywidget.AnyWidget):
    """What the browser draws: `curve.js` says how a frame is made up."""

    _esm = script("curve.js")
    frame = traitlets.Dict().tag(sync=True)
    colours = traitlets.Dict().tag(sync=True)
    log = traitlets.Bool(False).tag(sync=True)


class Curves:
    """Loss and accuracy so far, and their pictures.

    Args:
        log: Whether the axis of the loss is logarithmic at first.

    Attributes:
        canvas: The widget that draws them.
        history: What Keras said at the end of every epoch, a list per name.
        batches: How many batches the model was trained on.
    """

    def __init__(self, log: bool = False) -> None:
        self.canvas = Canvas(
            log=log,
            colours={
                **COLOURS,
                "text": style.INK,
                "axis": style.GREY,
                "grid": style.FAINT,
                "paper": style.PAPER,
            },
        )
        self.clear(epochs=1)

    def clear(self, epochs: int) -> None:
        """Forget everything.

        Args:
            epochs: Where the axis ends.
        """
        self.history: dict[str, list[float]] = {}
        self.batches = 0
        self.epoch = 0  # whole ones
        self.epochs = epochs
        self._steps: int | None = None
        self._skipped = 0  # epochs before the first one here
        self._seen = 0  # batches of this epoch
        self._lines: dict[tuple[str, str], tuple[list, list]] = {}
        self._last: dict[str, float] = {}
        self._marks: list[float] = []
        self._pace: tuple[float, int] | None = None
        self._sent = 0.0
        self.send()

    def begin(self, params: Mapping[str, Any]) -> None:
        """Note what Keras is about to do.

        Args:
            params: The `params` of a Keras callback.
        """
        self._steps = params.get("steps") or self._steps
        self.epochs = params.get("epochs") or self.epochs
        self._pace = None

    def begin_epoch(self, epoch: int) -> None:
        """Begin the running means of Keras anew.

        Args:
            epoch: Its number, from 0.
        """
        if not self.batches:  # `fit` may begin in the middle
            self.epoch = self._skipped = epoch
        self._seen = 0
        self._counted = 0
        self._totals: dict[str, float] = {}

    def end_batch(self, batch: int, logs: Mapping[str, float]) -> None:
        """Take what Keras says after a batch.

        Args:
            batch: Its number in this epoch, from 0.
            logs: Means over the epoch so far, by name.
        """
        self.batches += batch + 1 - self._seen
        self._seen = batch + 1
        now = time.monotonic()
        if self._pace is None:  # the first batch compiles, so it is left out
            self._pace = (now, self.batches)
        if self._steps:
            every = math.ceil(self._steps * self.epochs / POINTS)
            # The first point of an epoch would be one batch, and noisy.
            if self._seen - self._counted >= min(every, self._steps):
                self._add_point(logs)
        if now - self._sent >= FRAME:
            self.send()

    def _add_point(self, logs: Mapping[str, float]) -> None:
        # Keras gives means since the epoch began. The difference of two
        # totals is the mean over the batches since the last point.
        step = self._seen - self._counted
        for panel, name in _shown(logs).items():
            total = logs[name] * self._seen
            difference = total - self._totals.get(panel, 0.0)
            self._totals[panel] = total
            # Keras counts in float32: after a huge loss nothing small is left.
            lost = abs(difference) < 1e-5 * abs(total) and panel == "loss"
            value = math.nan if lost else difference / step
            if panel == "accuracy":
                value = min(max(value, 0.0), 1.0)
            self._add(panel, "training", value)
        self._counted = self._seen

    def end_epoch(self, logs: Mapping[str, float], whole: bool = True) -> None:
        """Take what Keras says after an epoch.

        Args:
            logs: Metrics of training and validation by name.
            whole: Whether it ran to its end.
        """
        if not self._steps:
            self._steps = self._seen
            for panel, name in _shown(logs).items():
                self._add(panel, "training", logs[name])
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        own = {
            name.removeprefix("val_"): value
            for name, value in logs.items()
            if name.startswith("val_")
        }
        for panel, name in _shown(own).items():
            self._add(panel, "validation", own[name])
        if whole:
            self.epoch += 1
            self._seen = 0
        if time.monotonic() - self._sent >= FRAME:
            self.send()

    def mark(self) -> None:
        """Mark that the learning rate was changed here."""
        if self.batches and self._steps:
            self._marks = [*self._marks[-49:], self._place()]

    def _place(self) -> float:
        """Return how many epochs the model has been trained for."""
        return self._skipped + self.batches / (self._steps or math.inf)

    def _add(self, panel: str, kind: str, y: float) -> None:
        xs, ys = self._lines.setdefault((panel, kind), ([], []))
        xs.append(self._place())
        ys.append(y)
        self._last[f"{PARTS[kind]}{panel}"] = y

    def _drawn(self) -> list[tuple[str, str, np.ndarray, np.ndarray]]:
        """Return panel, kind, x and y of every curve, thinned."""
        found = []
        for (panel, kind), (xs, ys) in sorted(self._lines.items()):
            count = min(len(xs), len(ys))  # the other thread may be adding
            chosen = range(count)
            if count > POINTS:
                chosen = np.linspace(0, count - 1, POINTS).astype(int)
            with np.errstate(over="ignore"):
                x, y = (
                    np.array([values[i] for i in chosen], np.float32)
                    for values in (xs, ys)
                )
            found.append((panel, kind, x, y))
        return found

    def send(self) -> None:
        """Show the browser how it stands."""
        self._sent = time.monotonic()
        curves = self._drawn()
        self.canvas.frame = {
            "points": b"".join(
                x.tobytes() + y.tobytes() for *_, x, y in curves
            ),
            "curves": [
                {"panel": panel, "kind": kind, "count": len(x)}
                for panel, kind, x, _ in curves
            ],
            "until": self._until(),
            "marks": self._marks,
            "alt": self.describe(),
            "text": self.progress() + self._time_left(),
            "progress": self.done(),
        }

    def _until(self) -> float:
        """Return where the axis ends: a long training begins with less."""
        end = max(self.epochs, self._place())
        while end > 1 and self._place() < 0.45 * end:
            end /= 2
        return end

    def done(self) -> float:
        """Return how much of the planned training is done, 0 to 1."""
        if not self._steps:
            return 0.0
        epochs = self.epoch + self._seen / self._steps
        return min(epochs / self.epochs, 1.0)

    def progress(self) -> str:
        """Say which epoch it is, as in "epoch 3 of 20"."""
        epoch = min(self.epoch + (self._seen > 0), self.epochs)
        return f"epoch {epoch} of {self.epochs}"

    def _time_left(self) -> str:
        if self._pace is None or not self._steps:
            return ""
        begin, first = self._pace
        batches = self.batches - first
        left = round((1 - self.done()) * self.epochs * self._steps)
        if batches <= 0 or left <= 0:
            return ""
        seconds = left * (time.monotonic() - begin) / batches
        if seconds < 1.5:
            return ", about a second left"
        if seconds < 100:
            return f", about {seconds:.0f} seconds left"
        return f", about {seconds / 60:.0f} minutes left"

    def end(self) -> None:
        """Show the last picture: no time is left."""
        self._pace = None
        self.send()

    def rest(self, seconds: float) -> None:
        """Leave a pause out of the estimate of the time left.

        Args:
            seconds: How long it was.
        """
        if self._pace:
            self._pace = (self._pace[0] + seconds, self._pace[1])

    def describe(self) -> str:
        """Say in words what the curves show: their text alternative."""
        words = [f"Training curves: {self.progress()}"]
        for prefix, name in (("", ""), ("val_", "validation ")):
            for panel in ("loss", "accuracy"):
                if f"{prefix}{panel}" in self._last:
                    value = self._last[f"{prefix}{panel}"]
                    words.append(f"{name}{panel} {value:.3g}")
        return ", ".join(words) + "."

    def png(self) -> bytes:
        """Draw the curves for where no browser script runs."""
        curves = self._drawn()
        panels = sorted({"loss", *(panel for panel, *_ in curves)})[::-1]
        live = LiveFigure(6.8, 2.9)
        rows = live.figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(rows, panels, strict=True):
            axes.set(title=panel, xlabel="epoch", xlim=(0, self._until()))
            for own, kind, x, y in curves:
                if own == panel:
                    y = np.where(np.isfinite(y), y, np.nan)
                    look = {"color": COLOURS[kind], "label": kind}
                    axes.plot(x, y, "." if len(x) == 1 else "-", **look)
            if axes.lines:
                axes.legend()
            log = panel == "loss" and self.canvas.log
            if log and any((line.get_ydata() > 0).any() for line in axes.lines):
                axes.set_yscale("log")
        return live.captioned_png(self.describe())

    def bundle(self, widget: widgets.Widget, text: str) -> tuple[dict, dict]:
        """Give Jupyter a widget, a text, and the picture of the curves.

        Args:
            widget: What to show where widgets work.
            text: The plain text.

        Returns:
            Data and metadata for `_repr_mimebundle_`.
        """
        data = dict(widget._repr_mimebundle_())
        data["text/plain"] = text
        data["image/png"] = base64.b64encode(self.png()).decode("ascii")
        return data, {"image/png": {"alt": self.describe()}}


def _shown(logs: Mapping[str, float]) -> dict[str, str]:
    """Return the names in the logs of what is drawn, by panel."""
    found = {"loss": "loss"} if "loss" in logs else {}
    for name in logs:
        if name.endswith(("accuracy", "acc")) and not name.startswith("val_"):
            found.setdefault("accuracy", name)
    return found


class LivePlot(keras.callbacks.Callback):
    """A Keras callback that draws loss and accuracy during training.

    Use it as `model.fit(x, y, callbacks=[LivePlot()])`.

    Args:
        log: Whether the axis of the loss is logarithmic at first; there is a
            switch below the picture.
    """

    def __init__(self, log: bool = False) -> None:
        super().__init__()
        self.curves = Curves(log)
        self.widget = widgets.VBox([self.curves.canvas])

    @property
    def history(self) -> dict[str, list[float]]:
        """What Keras said at the end of every epoch, a list per name."""
        return self.curves.history

    def on_train_begin(self, logs: Any = None) -> None:
        """Keras calls this first: begin with empty axes."""
        self.curves.clear(self.params.get("epochs") or 1)
        self.curves.begin(self.params)
        if not headless():
            self._show()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keras calls this before every epoch."""
        self.curves.begin_epoch(epoch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keras calls this after every batch."""
        self.curves.end_batch(batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keras calls this after every epoch."""
        self.curves.end_epoch(logs or {})

    def on_train_end(self, logs: Any = None) -> None:
        """Keras calls this last: show the whole curves."""
        self.curves.end()
        # A stored notebook should show the curves, not their beginning.
        if headless():
            self._show()

    def _show(self) -> None:
        if get_ipython() is not None:
            display(self)

    def __repr__(self) -> str:
        return "LivePlot of loss and accuracy"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict, dict]:
        return self.curves.bundle(self.widget, repr(self))


class TrainingLab:
    """Train a model with buttons, and change the learning rate meanwhile.

    The lab begins with the learning rate of the model's optimizer. From then
    on its slider is what counts. A new lab for the same model takes over from
    the old one, and so does a lab made by running its cell again: a model is
    never trained by two.

    Args:
        model: A compiled Keras model.
        x: Inputs, an array of shape `(samples, …)`, or several arrays in a
            list or dict for a model with several inputs.
        y: Targets, likewise.
        epochs: How often one press on Start goes through the data.
        batch_size: Samples per step.
        validation_data: `(x, y)` to measure on after every epoch, or None.

    Attributes:
        model: The model.
        state: One of "ready", "training", "paused", "stopping", "stopped",
            "finished", "diverged", "failed", "interrupted", "replaced".
        message: The sentence below the curves.
        error: The exception that ended the last training, or None.
        rate_log: For every change of the rate that reached the optimizer the
            time (seconds since 1970), the number of batches before it, and
            the rate as it then stood in the optimizer.

    Raises:
        ValueError: The model is not compiled, its learning rate cannot be
            set, or the data do not fit together. The message says what to do.
    """

    def __init__(
        self,
        model: keras.Model,
        x: Any,
        y: Any,
        *,
        epochs: int = 20,
        batch_size: int = 32,
        validation_data: tuple | None = None,
    ) -> None:
        _check_whole(epochs=epochs, batch_size=batch_size)
        _check_model(model)
        _check_data(x, y, validation_data)
        self._cell = _running_cell()
        older = [lab for lab in _LABS if lab._makes_way_for(self, model)]
        for lab in older:
            lab._replace()
        self.model = model
        self.state = "ready"
        self.message = ""
        self.error: BaseException | None = None
        self.rate_log: list[tuple[float, int, float]] = []
        self._x, self._y, self._validation_data = x, y, validation_data
        self._epochs, self._batch_size = epochs, batch_size
        self._optimizer = model.optimizer
        self._initial = self._snapshot(older)
        self._curves = Curves()
        self._curves.clear(epochs)
        self._thread: threading.Thread | None = None
        # Not `Thread.join`, which takes a thread for ended once it is
        # interrupted (Python 3.11 and 3.12).
        self._ended = threading.Event()
        self._ended.set()
        self._stop = self._pause = self._cut = False
        self._diverged = False
        self._rates: dict[int, float] = {}
        self._news = threading.Condition()
        self._wanted = self._applied = _rate_of(self._optimizer)
        self._make_controls()
        self._say("ready", "Press Start.")
        _LABS.add(self)

    # What a program can do, and the buttons too.

    @property
    def history(self) -> dict[str, list[float]]:
        """What Keras said at the end of every epoch, a list per name.

        An epoch that was stopped half-way is not in it; one that was ended
        by a loss that is not a number is.
        """
        return {name: list(row) for name, row in self._curves.history.items()}

    @property
    def batches(self) -> int:
        """How many batches the lab has trained on since the last reset."""
        return self._curves.batches

    @property
    def learning_rate(self) -> float:
        """The rate that the slider says; set it at any time."""
        return self._wanted

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        """Move the slider and its box to a rate, a number above 0."""
        _check_rate(rate)
        self._box.value = float(rate)

    def start(self) -> None:
        """Train in the background, or go on after a pause.

        Without a front end (`COURSE_HEADLESS=1`) it is `run()`: it trains
        here and now.

        Raises:
            RuntimeError: Another lab has taken over the model, it was
                compiled again, or its loss is not a number any more.
        """
        if self.state == "paused":
            self.resume()
        elif self.state not in {"training", "stopping"}:
            if headless():
                self.run()
                return
            self._begin(self._next_target())
            self._thread = threading.Thread(
                target=self._train, daemon=True, name="TrainingLab"
            )
            self._thread.start()

    def pause(self) -> None:
        """Stand still after this batch; `resume` goes on with the next."""
        with self._news:
            if self.state == "training":
                self._pause = True
                self._say(
                    "paused", "Paused. The rate can be changed meanwhile."
                )

    def resume(self) -> None:
        """Go on where `pause` stood still."""
        with self._news:
            if self.state == "paused":
                self._pause = False
                self._say("training")
                self._news.notify_all()

    def stop(self) -> None:
        """End the training after this batch; weights and curves stay."""
        with self._news:
            if self.state in {"training", "paused"}:
                self._stop = True
                self._say("stopping", "Stopping after this batch …")
                self._news.notify_all()

    def reset(self) -> None:
        """Restore weights and optimizer as the first lab of the model found
        them, and empty the curves. The learning rate stays.

        Raises:
            RuntimeError: A batch does not end, or see `start`.
        """
        self._check_usable()
        self.stop()
        self._join()
        for variable, value in zip(
            self._variables(), self._initial, strict=True
        ):
            variable.assign(value)
        self.rate_log.clear()
        self._curves.clear(self._epochs)
        self._diverged = False
        self.error = None
        self._apply(self._optimizer)
        self._say("ready", "The weights are as at the beginning. Press Start.")

    def run(
        self,
        epochs: int | None = None,
        rates: Mapping[int, float] | None = None,
    ) -> dict[str, list[float]]:
        """Train here and now, and return when it is done.

        It goes on from where the lab is. With the same seed it gives the same
        losses as the button and as `model.fit`, to the last bit.

        Args:
            epochs: How many more; all that are left if None.
            rates: Learning rates by the number of the batch before which they
                are set. Batches count from 0 since the last reset.

        Returns:
            `history`: what Keras said after every epoch, a list per name.

        Raises:
            RuntimeError: The lab is training already, or see `start`.
            KeyboardInterrupt: You interrupted it. Weights and curves stay.
        """
        if self._alive():
            raise RuntimeError(
                "This lab is training already: press Stop or call stop() and "
                "wait() first."
            )
        target = self._next_target()
        if epochs is not None:
            _check_whole(epochs=epochs)
            target = self._curves.epoch + epochs
        rates = dict(rates or {})
        for batch, rate in rates.items():
            _check_rate(rate)
            if batch < self.batches:
                raise ValueError(
                    f"rates has batch {batch}, and {self.batches} batches are "
                    "done already. They count from the last reset."
                )
        self._begin(target, rates)
        self._train()
        self._raise()
        return self.history

    def wait(self, timeout: float | None = None) -> dict[str, list[float]]:
        """Wait until the training in the background has ended.

        Buttons and slider have no effect meanwhile, because the cell is busy.
        An interrupt of the kernel stops the training.

        Args:
            timeout: How many seconds to wait at most; for ever if None.

        Returns:
            `history`.

        Raises:
            KeyboardInterrupt: You interrupted it. Weights and curves stay.
            Exception: Whatever ended the training.
        """
        end = math.inf if timeout is None else time.monotonic() + timeout
        try:
            while self._alive() and time.monotonic() < end:
                self._ended.wait(min(0.1, max(end - time.monotonic(), 0)))
        except KeyboardInterrupt:
            self.stop()
            self._join()
            self._say("interrupted", self._interrupted())
            raise KeyboardInterrupt(self.message) from None
        if not self._alive():
            self._raise()
        return self.history

    def __repr__(self) -> str:
        return (
            f"TrainingLab, {self.state}: {self._curves.progress()}, "
            f"learning rate {self.learning_rate:.6g}"
        )

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict, dict]:
        """Give Jupyter the widget, and a picture for where none can run."""
        return self._curves.bundle(self.widget, repr(self))

    # Controls. Their handlers run in the main thread.

    def _make_controls(self) -> None:
        self._button = widgets.Button(button_style="primary")
        self._button.on_click(self._safely(self._press))
        self._stopper = widgets.Button(description="Stop", icon="stop")
        self._stopper.on_click(self._safely(self.stop))
        resetter = widgets.Button(description="Reset", icon="undo")
        resetter.on_click(self._safely(self.reset))
        self._helper = widgets.Button(icon="undo")
        self._helper.on_click(self._safely(self._reset_with_a_tenth))
        for button in (self._button, self._stopper, resetter):
            button.layout.width = "7em"
        self._helper.layout.width = "auto"
        exponent = math.log10(self._wanted)
        self._slider = widgets.FloatLogSlider(
            value=self._wanted,
            min=min(-6.0, math.floor(exponent)),
            max=max(1.0, math.ceil(exponent)),
            step=0.1,
            description="learning rate",
            style={"description_width": "initial"},
            layout=widgets.Layout(width="26em"),
        )
        self._box = exact(self._slider)
        self._box.step = None
        self._box.layout.width = "14em"
        self._box.value = self._wanted
        self._box.observe(self._rate_moved, "value")
        self._line = widgets.HTML()
        row = widgets.Layout(flex_flow="row wrap")
        buttons = [self._button, self._stopper, resetter, self._helper]
        self._buttons = buttons
        self.widget = widgets.VBox(
            [
                widgets.HBox(buttons, layout=row),
                widgets.HBox([self._slider, self._box], layout=row),
                self._curves.canvas,
                self._line,
            ]
        )

    def _safely(self, action: Any) -> Any:
        """Wrap a handler: what it raises is read below the curves."""

        def handler(_: Any) -> None:
            try:
                action()
            except Exception as error:
                self._say(self.state, str(error), problem=True)

        return handler

    def _press(self) -> None:
        if self.state == "training":
            self.pause()
        else:
            self.start()

    def _reset_with_a_tenth(self) -> None:
        self.reset()
        self.learning_rate = float(f"{self._wanted / 10:.3g}")

    def _rate_moved(self, change: dict) -> None:
        rate = change["new"]
        if not (math.isfinite(rate) and rate > 0):
            self._say(
                self.state,
                f"The learning rate must be a number above 0, not {rate:g}. "
                f"It is still {self._wanted:g}.",
                problem=True,
            )
            return
        with self._news:
            self._wanted = rate
            self._news.notify_all()
            if not self._alive():
                self._apply(self._optimizer)
            self._say(self.state)

    def _say(
        self, state: str, message: str | None = None, problem: bool = False
    ) -> None:
        """Show a state and, unless it is to stay, another sentence."""
        self.state = state
        if message is None and state == "training":
            message = ""
        if message is not None:
            self.message = message
        words, icon = {
            "training": ("Pause", "pause"),
            "paused": ("Resume", "play"),
        }.get(state, ("Start", "play"))
        self._button.description, self._button.icon = words, icon
        self._button.disabled = state in {"stopping", "diverged", "replaced"}
        self._stopper.disabled = state not in {"training", "paused"}
        self._helper.description = f"Reset, rate {self._wanted / 10:.3g}"
        self._helper.layout.display = None if state == "diverged" else "none"
        mark = "⚠ " if problem or state in {"diverged", "failed"} else ""
        line = (
            f'<div role="status" aria-live="polite">{mark}'
            f"{html.escape(self.message)}</div>"
        )
        if self._line.value != line:
            self._line.value = line

    # Between two trainings.

    def _alive(self) -> bool:
        return not self._ended.is_set()

    def _join(self) -> None:
        if not self._ended.wait(PATIENCE):
            raise RuntimeError(
                "A batch is still being computed. Try again in a moment."
            )

    def _next_target(self) -> int:
        left = self._curves.epochs - self._curves.epoch
        return self._curves.epoch + (left if left > 0 else self._epochs)

    def _check_usable(self) -> None:
        if self.state == "replaced":
            raise RuntimeError(
                "A newer lab has taken over: use that one, or run this cell "
                "again."
            )
        if self.model.optimizer is not self._optimizer:
            raise RuntimeError(
                "The model was compiled again after this lab was made: run "
                "the cell that makes the lab again."
            )

    def _begin(
        self, target: int, rates: Mapping[int, float] | None = None
    ) -> None:
        self._check_usable()
        if self._diverged:
            raise RuntimeError(
                "The loss is not a number any more: press Reset first."
            )
        self.error = None
        self._stop = self._pause = self._cut = False
        self._rates = dict(rates or {})
        self._curves.epochs = target
        self._ended.clear()
        self._say("training")

    def _makes_way_for(self, other: TrainingLab, model: keras.Model) -> bool:
        """Say whether a new lab is for the same model, or from the same cell.

        One run of a cell may make several labs; they are not in each other's
        way.
        """
        if self.state == "replaced":
            return False
        if self.model is model:
            return True
        mine, its = self._cell, other._cell
        return bool(mine and its and mine[0] == its[0] and mine[1] != its[1])

    def _replace(self) -> None:
        self.stop()
        self._join()
        self._say("replaced", "A newer lab has taken over from this one.")
        for widget in (*self._buttons, self._slider, self._box):
            widget.disabled = True

    def _variables(self) -> list:
        return [*self.model.variables, *self._optimizer.variables]

    def _snapshot(self, older: list[TrainingLab]) -> list[np.ndarray]:
        """Return what `reset` restores: seeds of dropout are part of it."""
        if not self.model.built:
            self.model(keras.tree.map_structure(lambda a: a[:1], self._x))
        if not self._optimizer.built:
            self._optimizer.build(self.model.trainable_variables)
        # The cell was run again: Reset still means what it meant before.
        for lab in older:
            if lab.model is self.model and lab._optimizer is self._optimizer:
                return lab._initial
        numpy = keras.ops.convert_to_numpy
        return [np.array(numpy(value)) for value in self._variables()]

    # Training, in whichever thread.

    def _train(self) -> None:
        outcome = "failed"
        try:
            self.model.fit(
                self._x,
                self._y,
                batch_size=self._batch_size,
                epochs=self._curves.epochs,
                initial_epoch=self._curves.epoch,
                validation_data=self._validation_data,
                verbose=0,
                callbacks=[_Hook(self)],
            )
            outcome = "stopped" if self._stop or self._cut else "finished"
            if self._diverged:
                outcome = "diverged"
        except BaseException as error:
            self.error = error
            if isinstance(error, KeyboardInterrupt):
                outcome = "interrupted"
        finally:
            self._curves.end()
            with self._news:
                self._say(outcome, self._verdict(outcome))
                self._ended.set()

    def _verdict(self, outcome: str) -> str:
        where = self._curves.progress()
        if outcome == "finished":
            return f"Finished: {where}. Start trains {self._epochs} more."
        if outcome == "stopped":
            return f"Stopped: {where}. Weights and curves are kept."
        if outcome == "interrupted":
            return self._interrupted()
        if outcome == "diverged":
            return (
                f"The loss is not a number any more ({where}), so training "
                "stopped. Most likely the learning rate, "
                f"{self._applied:.3g}, is too large: reset, and try a tenth."
            )
        return (
            f"Training ended by {told(self.error)} Weights and curves are "
            "kept; wait() raises the error with its traceback."
        )

    def _interrupted(self) -> str:
        return (
            f"Training was interrupted in {self._curves.progress()}. Weights "
            "and curves so far are kept."
        )

    def _raise(self) -> None:
        if isinstance(self.error, KeyboardInterrupt):
            raise KeyboardInterrupt(self.message) from None
        if self.error is not None:
            raise self.error

    def _apply(self, optimizer: Any) -> None:
        """Hand the wanted rate to the optimizer and note when."""
        wanted = self._wanted
        optimizer.learning_rate = wanted
        self._applied = wanted
        now, rate = time.time(), _rate_of(optimizer)
        if not self.rate_log or self.rate_log[-1][2] != rate:
            self.rate_log.append((now, self.batches, rate))
            self._curves.mark()

    def _between_batches(self, model: keras.Model) -> None:
        """Do what is wanted: change the rate, stand still, stop."""
        due = [batch for batch in self._rates if batch <= self.batches]
        for batch in sorted(due):
            self.learning_rate = self._rates.pop(batch)
        if self._wanted != self._applied:
            self._apply(model.optimizer)
        if self._pause and not self._stop:
            begin = time.monotonic()
            self._curves.send()
            while self._pause and not self._stop:
                with self._news:
                    self._news.wait(1.0)
                if self._wanted != self._applied:
                    self._apply(model.optimizer)
            self._curves.rest(time.monotonic() - begin)

    def _batch_ended(self, model: keras.Model, batch: int, logs: dict) -> None:
        self._curves.end_batch(batch, logs)
        if not math.isfinite(logs.get("loss", 0.0)):
            self._diverged = True
        self._between_batches(model)
        if self._stop or self._diverged:
            model.stop_training = True
            self._cut |= batch + 1 < (self._curves._steps or math.inf)

    def _test_batch_ended(self, model: keras.Model) -> None:
        self._between_batches(model)
        if self._stop or self._diverged:
            model.stop_evaluating = True
            self._cut = True

    def _epoch_ended(self, logs: dict) -> None:
        if self._diverged or not self._cut:
            self._curves.end_epoch(logs, whole=not self._cut)


class _Hook(keras.callbacks.Callback):
    """Joins a lab to `model.fit`."""

    def __init__(self, lab: TrainingLab) -> None:
        super().__init__()
        self._lab = lab

    # With JAX, asking for `self.model` also brings its state up to date.
    def on_train_begin(self, logs: Any = None) -> None:
        self._lab._curves.begin(self.params)
        self._lab._applied = math.nan  # whatever the optimizer was told since
        self._lab._between_batches(self.model)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._lab._curves.begin_epoch(epoch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._lab._batch_ended(self.model, batch, logs or {})

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._lab._test_batch_ended(self.model)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._lab._epoch_ended(logs or {})


def _running_cell() -> tuple[str, int] | None:
    """Return the id of the cell that runs, and which run it is."""
    shell = get_ipython()
    try:
        return shell.get_parent()["metadata"]["cellId"], shell.execution_count
    except (AttributeError, KeyError, TypeError):
        return None  # no notebook, or a front end that does not say


def _rate_of(optimizer: Any) -> float:
    """Return the rate of an optimizer, without the noise of float32."""
    rate = keras.ops.convert_to_numpy(optimizer.learning_rate)
    return float(str(np.float32(rate)))


def _check_whole(**numbers: Any) -> None:
    for name, number in numbers.items():
        is_whole = isinstance(number, int | np.integer)
        if not is_whole or isinstance(number, bool) or number < 1:
            raise ValueError(
                f"{name} must be a whole number of at least 1, not {number!r}."
            )


def _check_rate(rate: Any) -> None:
    try:
        fits = math.isfinite(rate) and rate > 0
    except TypeError:
        fits = False
    if not fits:
        raise ValueError(
            f"A learning rate must be a number above 0, not {rate!r}."
        )


def _check_model(model: keras.Model) -> None:
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"TrainingLab needs a Keras model, not {type(model).__name__}."
        )
    if not model.compiled or model.optimizer is None:
        raise ValueError(
            "The model is not compiled: call model.compile(optimizer=…, "
            "loss=…) before you make a lab."
        )
    try:
        model.optimizer.learning_rate = _rate_of(model.optimizer)
    except TypeError:
        raise ValueError(
            "The optimizer follows a learning-rate schedule, so a slider "
            "cannot set its rate: compile the model with a number, as in "
            "keras.optimizers.SGD(0.1)."
        ) from None


def _check_data(x: Any, y: Any, validation_data: Any) -> None:
    _check_pair("x", x, "y", y)
    if validation_data is not None:
        is_pair = isinstance(validation_data, tuple | list)
        if not is_pair or len(validation_data) not in (2, 3):
            raise ValueError("validation_data must be a tuple (x, y), or None.")
        _check_pair(
            "validation x",
            validation_data[0],
            "validation y",
            validation_data[1],
        )


def _check_pair(x_name: str, x: Any, y_name: str, y: Any) -> None:
    sizes = {x_name: _samples(x_name, x), y_name: _samples(y_name, y)}
    if sizes[x_name] != sizes[y_name]:
        raise ValueError(
            f"{x_name} has {sizes[x_name]} samples and {y_name} has "
            f"{sizes[y_name]}: they must be as many."
        )
    if not sizes[x_name]:
        raise ValueError(f"{x_name} has no samples.")


def _samples(name: str, data: Any) -> int:
    """Return how many samples an array, or every array of several, has."""
    counts = set()
    for part in keras.tree.flatten(data):
        shape = getattr(part, "shape", None)
        if shape is None or not len(shape):
            raise ValueError(
                f"{name} must be an array with one row per sample, as "
                f"np.array(…) makes it; there is {type(part).__name__} in it."
            )
        counts.add(int(shape[0]))
    if len(counts) != 1:
        raise ValueError(
            f"The arrays in {name} differ in their number of samples: "
            f"{sorted(counts)}."
        )
    return counts.pop()


@atexit.register
def _end_threads() -> None:
    """Let no thread compute while Python is taken down."""
    for lab in list(_LABS):
        lab._stop = True
        with lab._news:
            lab._news.notify_all()
        if lab._thread is not None:
            lab._thread.join(2.0)
