"""The digit pad of lecture 07: draw a digit and watch a network read it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from course_utils import handwriting, plots, style
from course_utils.live import LiveFigure

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets

SIDE = 28  # pixels, as in MNIST
EMPTY = "Draw a digit."
LONGEST = 200  # characters of somebody else's error message


class Pad(anywidget.AnyWidget):
    """What the browser shows: `digit_pad.js` says how the two talk."""

    _esm = Path(__file__).with_name("digit_pad.js")
    drawing = traitlets.Dict(
        {"number": 0, "strokes": [], "pixels": bytes(SIDE * SIDE)}
    ).tag(sync=True, echo_update=False)
    answer = traitlets.Dict(
        {
            "number": 0,
            "seen": bytes(SIDE * SIDE),
            "text": EMPTY,
            "probabilities": [],
            "shares": [],
        }
    ).tag(sync=True)
    prepared = traitlets.Bool(True).tag(sync=True)
    choice = traitlets.Bool(False).tag(sync=True)
    colours = traitlets.Dict().tag(sync=True)


class _NoAnswer(Exception):
    """Why there are no probabilities, as one sentence for the learner."""


class DigitPad:
    """A pad to draw on, what a network is given of it, and what it reads.

    Made by `digit_pad`.

    Args:
        predict: See `digit_pad`.
        prepare: See `digit_pad`.

    Attributes:
        pad: What the browser shows.
        widget: The same in a box.
        picture: The drawing, uint8 of shape `(28, 28)`, bright ink on 0.
        seen: What the network was given, floats of shape `(28, 28)`.
        probabilities: What it answered, shape `(10,)`; None if there is no
            drawing or no usable answer.
        readout: The same in words, or what went wrong.
    """

    def __init__(self, predict: Callable, prepare: Callable | None) -> None:
        self._predict = predict
        self._prepare = prepare
        self.pad = Pad(
            choice=prepare is not None,
            colours={
                "board": style.INK,
                "chalk": style.PAPER,
                "hint": style.FAINT,
                "pen": style.START,
                "focus": style.START,
                "bar": style.SKY,
                "best": style.MODEL,
                "edge": style.GREY,
            },
        )
        self.widget = widgets.VBox([self.pad])
        self._lock = threading.Lock()
        self.pad.observe(self._read, ["drawing", "prepared"])
        self.pad.on_msg(self._receive)
        self._read()

    @property
    def prepared(self) -> bool:
        """Whether the network is given the drawing as `prepare` makes it."""
        return self.pad.prepared

    @prepared.setter
    def prepared(self, value: bool) -> None:
        """Turn the switch."""
        self.pad.prepared = value

    def draw(self, strokes: Sequence[np.ndarray]) -> None:
        """Draw on the empty pad, as a hand would, and let the network read.

        Args:
            strokes: Each of shape `(points, 2)`, in the unit square, x to the
                right and y down, as `handwriting.strokes` gives them.

        Raises:
            ValueError: A stroke has another shape, or is not made of numbers.
        """
        lines = [_stroke(i, line) for i, line in enumerate(strokes, start=1)]
        self._put(lines, handwriting.drawn(lines, SIDE))

    def clear(self) -> None:
        """Wipe the pad."""
        self._put([], np.zeros((SIDE, SIDE), np.uint8))

    def _put(self, lines: list[np.ndarray], picture: np.ndarray) -> None:
        self.pad.drawing = {
            "number": self.pad.drawing["number"] + 1,
            "strokes": [np.round(line, 4).ravel().tolist() for line in lines],
            "pixels": picture.tobytes(),
        }

    def _receive(self, pad: Pad, drawing: dict, pixels: list) -> None:
        """Take a drawing from the browser, which keeps it and needs no echo."""
        self.pad.set_state({"drawing": {**drawing, "pixels": bytes(pixels[0])}})

    def _read(self, change: dict | None = None) -> None:
        """Show the drawing to the network and tell the browser.

        JupyterLab may call this in a thread of its own while a cell runs.
        """
        with self._lock:
            drawing = self.pad.drawing
            pixels = np.frombuffer(drawing["pixels"], np.uint8)
            self.picture = pixels.reshape(SIDE, SIDE).copy()
            self.seen = self.picture / np.float32(255)
            self.probabilities = None
            try:
                self.readout = self._look()
            except _NoAnswer as problem:
                self.readout = str(problem)
            p = self.probabilities
            self.pad.answer = {
                "number": drawing["number"],
                "seen": _grey(self.seen).tobytes(),
                "text": self.readout,
                "probabilities": [] if p is None else p.tolist(),
                "shares": [] if p is None else [*map(plots.percent, p)],
            }

    def _look(self) -> str:
        """Prepare, predict, and say what came out."""
        if not self.picture.any():
            return EMPTY
        if self._prepare and self.prepared:
            self.seen = _result(
                "prepare", self._prepare, self.picture.copy(), (SIDE, SIDE)
            )
        p = _result("predict", self._predict, self.seen[None].copy(), (1, 10))
        if p.min() < -1e-3 or abs(p.sum() - 1) > 1e-2:
            raise _NoAnswer(
                f"predict gave no probabilities: from {p.min():.3g} to "
                f"{p.max():.3g}, with the sum {p.sum():.3g}. If these are "
                "logits, softmax makes probabilities of them."
            )
        self.probabilities = p[0]
        best = int(p[0].argmax())
        return f"{best}, {plots.percent(p[0, best])}"

    def describe(self) -> str:
        """Say what the pad shows: the text alternative of its picture."""
        if self.probabilities is None:
            return f"digit pad: {self.readout}"
        order = np.argsort(-self.probabilities, kind="stable")[1:3]
        others = "; ".join(
            f"{digit}, {plots.percent(self.probabilities[digit])}"
            for digit in order
        )
        return f"digit pad: a drawn digit, read as {self.readout}; {others}."

    def png(self) -> bytes:
        """Draw pad, what the network sees, and bars, for where no script runs.

        Returns:
            A PNG.
        """
        live = LiveFigure(7.2, 2.9)
        pad, seen, bars = live.figure.subplots(
            1, 3, width_ratios=(1, 1, 1.25), gridspec_kw={"wspace": 0.08}
        )
        lines = [
            np.reshape(line, (-1, 2)) for line in self.pad.drawing["strokes"]
        ]
        fine = handwriting.drawn(lines, 5 * SIDE) if lines else self.picture
        shown = ((pad, "the drawing", fine), (seen, "the network sees", None))
        for axes, title, picture in shown:
            picture = _grey(self.seen) if picture is None else picture
            axes.imshow(picture, "gray", vmin=0, vmax=255)
            axes.set(title=title, xticks=(), yticks=(), anchor="N")
            axes.spines[:].set_visible(False)
        known = self.probabilities is not None
        plots.probabilities(
            self.probabilities if known else np.zeros(10), ax=bars
        )
        if not known:  # an empty pad is not 0 % of anything
            for text in list(bars.texts):
                text.remove()
        bars.set(title="its probabilities", xlabel="")
        return live.captioned_png(self.readout)

    def __repr__(self) -> str:
        return f"digit pad: {self.readout}"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict, dict]:
        """Give Jupyter the widget, and a picture for where none can run."""
        data = dict(self.widget._repr_mimebundle_())
        data["text/plain"] = repr(self)
        data["image/png"] = base64.b64encode(self.png()).decode("ascii")
        return data, {"image/png": {"alt": self.describe()}}


def digit_pad(
    predict: Callable[[np.ndarray], np.ndarray],
    prepare: Callable[[np.ndarray], np.ndarray] | None = None,
) -> DigitPad:
    """Draw a digit with mouse, finger, pen or keys; a network reads along.

    Args:
        predict: Takes pictures of shape `(1, 28, 28)`, float32, and gives
            probabilities of shape `(1, 10)`. It is called at every movement
            of the pen, so it should take a few milliseconds: `model(x)`
            rather than `model.predict(x)`.
        prepare: Makes of a drawing, uint8 of shape `(28, 28)` with bright ink
            on 0, what the network was trained on: floats of shape `(28, 28)`,
            0 to 1. Then a switch shows the drawing to the network with and
            without it. Without it, drawings are divided by 255.

    Returns:
        The pad. It shows itself at the end of a cell; `draw` and `clear` draw
        on it without a hand.

    Raises:
        ValueError: One of the two is not a function.
    """
    if not callable(predict):
        raise ValueError(
            f"predict is {type(predict).__name__}, expected a function that "
            "takes pictures (1, 28, 28) and gives probabilities (1, 10)."
        )
    if prepare is not None and not callable(prepare):
        raise ValueError(
            f"prepare is {type(prepare).__name__}, expected a function that "
            "takes a drawing (28, 28) and gives floats (28, 28), or None."
        )
    return DigitPad(predict, prepare)


def _stroke(number: int, line: np.ndarray) -> np.ndarray:
    """Return one stroke as floats of shape (points, 2), if it is one."""
    try:
        points = np.asarray(line, float)
    except (TypeError, ValueError):
        raise ValueError(
            f"Stroke {number} is not made of numbers, expected points (x, y)."
        ) from None
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(
            f"Stroke {number} has shape {points.shape}, expected (points, 2): "
            "draw takes a list of strokes, and a stroke is a list of (x, y)."
        )
    if not np.isfinite(points).all():
        raise ValueError(f"Stroke {number} has a place that is not a number.")
    # Far outside there is nothing to see, and drawing there takes long.
    return np.clip(points, -1, 2)


def _result(
    name: str, function: Callable, given: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """Call the learner's function and return finite floats of this shape."""
    try:
        with np.errstate(all="ignore"):  # the readout says what came of it
            found = function(given)
    except Exception as error:
        words = " ".join(str(error).split())
        if len(words) > LONGEST:
            words = words[:LONGEST] + " …"
        raise _NoAnswer(
            f"{name} raised {type(error).__name__}: {words}"
        ) from error
    try:
        with np.errstate(over="ignore"):
            found = np.asarray(found, "float32")
    except Exception:
        raise _NoAnswer(
            f"{name} gave {type(found).__name__}, expected numbers of shape "
            f"{shape}."
        ) from None
    if found.shape != shape:
        raise _NoAnswer(
            f"{name} gave the shape {found.shape}, expected {shape}."
        )
    if not np.isfinite(found).all():
        raise _NoAnswer(f"{name} gave values that are not finite numbers.")
    return found


def _grey(picture: np.ndarray) -> np.ndarray:
    """Return floats as grey levels; 0 to 1 goes from black to white.

    What goes beyond, such as pixels that nobody divided by 255, is squeezed.
    """
    low, high = min(float(picture.min()), 0), max(float(picture.max()), 1)
    grey = 255 * ((picture.astype(float) - low) / (high - low))
    return grey.round().astype(np.uint8)
