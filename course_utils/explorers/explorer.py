"""Controls, a live picture and a line of text that belong together."""

from __future__ import annotations

import base64
import html
import math
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from course_utils.live import LiveFigure

import ipywidgets as widgets


class Explorer:
    """Controls above a live figure; moving one redraws the figure.

    An explorer is made by a function such as `explorers.learning_rate`. That
    function draws the background and names the moving artists; `update` moves
    them and says in one line what can be seen.

    Args:
        name: What is explored, for the text alternative.
        controls: Widgets by name. Each has a `value`.
        live: The figure.
        update: Takes the values of the controls as keyword arguments, moves
            the artists and returns the readout, a line of plain text.
        sliders: For some names, a slider that moves that control: see `exact`.
        panel: What stands above the picture: the controls in an arrangement
            of its own, perhaps with buttons among them. Without it the
            controls stand in a row.
        work: What takes longer than a move, such as a training. It takes the
            values of the controls, moves the artists and yields a readout
            whenever they are to be shown. A button beside the controls
            starts it.

    Attributes:
        controls: The widgets by name; set `.value` to move one by program.
        live: The figure.
        readout: What the line of text says now.
        button: The button that starts the work, None if there is no work.
    """

    def __init__(
        self,
        name: str,
        controls: Mapping[str, widgets.Widget],
        live: LiveFigure,
        update: Callable[..., str],
        sliders: Mapping[str, widgets.Widget] | None = None,
        panel: widgets.Widget | None = None,
        work: Callable[..., Iterator[str]] | None = None,
    ) -> None:
        self.name = name
        self.controls = dict(controls)
        self.live = live
        self.readout = ""
        self._update = update
        self._work = work
        self.button = widgets.Button(description="Train") if work else None
        if self.button:
            self.button.on_click(self._clicked)
        self._line = widgets.HTML()
        for control in self.controls.values():
            control.observe(self._changed, "value")
        self.widget = widgets.VBox(
            [panel or self._row(sliders or {}), live.picture, self._line],
            layout=widgets.Layout(align_items="flex-start"),
        )
        self.refresh()

    def _row(self, sliders: Mapping[str, widgets.Widget]) -> widgets.HBox:
        """Place the controls one after the other, sliders before their box."""
        shown = []
        for name, control in self.controls.items():
            shown += [sliders[name]] if name in sliders else []
            shown += [control]
        for control in shown:
            control.style.description_width = "initial"
            if hasattr(control, "readout"):  # a slider
                control.layout.width = "26em"
        shown += [self.button] if self.button else []
        layout = widgets.Layout(flex_flow="row wrap", grid_gap="0 1em")
        return widgets.HBox(shown, layout=layout)

    def values(self) -> dict[str, Any]:
        """Return the value of every control by name."""
        return {name: c.value for name, c in self.controls.items()}

    def set(self, **values: Any) -> None:
        """Move several controls at once and redraw once.

        Args:
            **values: New values by the name of the control.
        """
        self.place(**values)
        self._changed()

    def place(self, **values: Any) -> None:
        """Move several controls and leave the picture to a later change.

        Args:
            **values: New values by the name of the control.
        """
        for name, value in values.items():
            control = self.controls[name]
            control.unobserve(self._changed, "value")
            try:
                control.value = value
            finally:  # a value that does not fit must not leave it deaf
                control.observe(self._changed, "value")

    def refresh(self) -> None:
        """Compute, draw and describe what the controls say now."""
        self._say(self._update(**self.values()))
        self.live.refresh()

    def run(self) -> None:
        """Do what the button starts, from beginning to end.

        Raises:
            ValueError: This explorer has no button.
        """
        if self._work is None:
            raise ValueError(f"{self.name} has nothing to run, only controls.")
        for text in self._work(**self.values()):
            self._say(text)
            self.live.refresh()

    def _clicked(self, button: widgets.Button) -> None:
        # Grey while it works: a second click would wait and start it again.
        button.disabled = True
        try:
            self.run()
        except Exception as error:  # as in _changed
            self._say(f"This raised {type(error).__name__}: {error}")
        finally:
            button.disabled = False

    def _changed(self, change: dict | None = None) -> None:
        # A front end shows nothing of an exception raised here, so the
        # learner reads about it below the picture instead.
        try:
            self.refresh()
        except Exception as error:
            self._say(f"This raised {type(error).__name__}: {error}")

    def _say(self, text: str) -> None:
        self.readout = text
        self._line.value = (
            f'<div role="status" aria-live="polite">{html.escape(text)}</div>'
        )
        self.live.picture.alt = f"{self.name}: {text}"

    def __repr__(self) -> str:
        values = ", ".join(f"{k}={v!r}" for k, v in self.values().items())
        return f"{self.name} ({values}): {self.readout}"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict, dict]:
        """Give Jupyter the widget, and a picture for where none can run."""
        png = self.live.captioned_png(self.readout)
        data = dict(self.widget._repr_mimebundle_())
        data["text/plain"] = repr(self)
        data["image/png"] = base64.b64encode(png).decode("ascii")
        return data, {"image/png": {"alt": self.live.picture.alt}}


def exact(slider: widgets.Widget) -> widgets.FloatText:
    """Make a box beside a slider that takes any number.

    A slider snaps what is typed to its steps and its range; a learner wants
    to try 0.999, and 1e9.

    Args:
        slider: A slider for numbers. Its own readout is switched off.

    Returns:
        The box. It follows the slider, and the slider follows it as far as
        its range goes.
    """
    slider.readout = False
    box = widgets.FloatText(
        value=slider.value,
        step=0.01,
        description="exactly",
        layout=widgets.Layout(width="11em"),
    )
    lowest, highest = slider.min, slider.max
    scale = float
    if isinstance(slider, widgets.FloatLogSlider):
        lowest, highest = slider.base**lowest, slider.base**highest

        def scale(value: float) -> float:
            return math.log(value, slider.base)

    def place() -> float:
        return min(max(box.value, lowest), highest)

    def from_slider(change: dict) -> None:
        # Front ends snap what they are told to the nearest step and send it
        # back. That is no move of the learner.
        moved = abs(scale(change["new"]) - scale(place()))
        if moved > 0.51 * slider.step:
            box.value = float(f"{change['new']:.3g}")

    def from_box(change: dict) -> None:
        if not math.isnan(change["new"]):
            slider.value = place()

    slider.observe(from_slider, "value")
    box.observe(from_box, "value")
    return box


def headless() -> bool:
    """Say whether nobody watches: then nothing is trained in a thread."""
    return os.environ.get("COURSE_HEADLESS") == "1"


def told(error: BaseException) -> str:
    """Name an exception for a learner, cut to a few lines.

    Args:
        error: What was raised.

    Returns:
        Its type and text, such as "ValueError: no window of 60 in 50 steps".
    """
    text = str(error).strip()
    text = text if len(text) < 400 else f"{text[:400]} …"
    return f"{type(error).__name__}: {text}"
