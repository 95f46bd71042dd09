"""What the tests of all explorers do with an explorer."""

from __future__ import annotations

import base64
import functools
import io
import statistics
import time
from collections.abc import Callable, Iterable

from course_utils.explorers import Explorer
from tests.pictures import decode

import numpy as np
from PIL import Image


@functools.cache
def shared(make: Callable[[], Explorer]) -> Explorer:
    """Return one explorer for all tests that do nothing but move it."""
    return make()


def limits(explorer: Explorer) -> list[tuple[float, ...]]:
    """Return what part of the plane every axes shows."""
    axes = explorer.live.figure.axes
    return [(*ax.get_xlim(), *ax.get_ylim()) for ax in axes]


def shown(explorer: Explorer) -> bytes:
    """Return the picture that the front end has."""
    return explorer.live.picture.png


def drag(explorer: Explorer, **values: object) -> str:
    """Move controls as the front end does and return the readout."""
    for name, value in values.items():
        explorer.controls[name].value = value
    return explorer.readout


def click(explorer: Explorer, axes: int, x: float, y: float) -> None:
    """Click into one of the axes as the front end reports it."""
    live = explorer.live
    width, height = live.canvas.get_width_height()
    across, up = live.figure.axes[axes].transData.transform((x, y))
    live.picture.set_state({"click": [across / width, 1 - up / height]})


def assert_caption_is_whole(explorer: Explorer) -> None:
    """Look whether all of the caption is in the stored picture."""
    picture = decode(explorer._repr_mimebundle_()[0]["image/png"])
    with Image.open(io.BytesIO(shown(explorer))) as live:
        caption = picture[live.height :]
    assert caption.min() < 100
    edge = np.concatenate(
        [caption[0], caption[-1], caption[:, 0], caption[:, -1]]
    )
    assert edge.min() > 200, explorer.readout


def assert_made_alike(
    make: Callable[[], Explorer], size: int = 60_000
) -> tuple[Explorer, Explorer]:
    """Make it twice, look whether both are stored alike, and return both.

    Args:
        make: Makes an explorer.
        size: How many bytes the picture may have.
    """
    one, other = make(), make()
    assert repr(one) == repr(other)
    assert "0x" not in repr(one)
    (first, metadata), (second, _) = (
        e._repr_mimebundle_() for e in (one, other)
    )
    assert first["image/png"] == second["image/png"]
    assert len(base64.b64decode(first["image/png"])) < size
    assert metadata["image/png"]["alt"] == one.live.picture.alt
    assert one.readout in one.live.picture.alt
    assert one.readout in first["text/plain"]
    return one, other


def assert_every_control_moves(explorer: Explorer) -> None:
    """Look whether every control has a name and changes the picture.

    Args:
        explorer: A fresh one, no slider of it at its upper end.
    """
    for name, control in explorer.controls.items():
        assert control.description or control.tooltip, name
        before, value = shown(explorer), control.value
        if hasattr(control, "options"):
            control.value = next(o for o in control.options if o != value)
        elif isinstance(value, bool):
            control.value = not value
        else:
            control.value = getattr(control, "max", value + 1)
        assert shown(explorer) != before, name
        assert "raised" not in explorer.readout


def assert_comes_back(
    make: Callable[[], Explorer], there: dict, back: dict
) -> None:
    """Look whether the same controls give the same picture again.

    Args:
        make: Makes an explorer.
        there: Other values of its controls.
        back: The values that it was made with.
    """
    explorer, _ = assert_made_alike(make, 40_000)
    before = shown(explorer)
    explorer.set(**there)
    assert shown(explorer) != before
    explorer.set(**back)
    assert shown(explorer) == before


def assert_axes_stand_still(explorer: Explorer) -> None:
    """Look whether no value of any control moves the axes.

    Args:
        explorer: A fresh one.
    """
    before = limits(explorer)
    for name, control in explorer.controls.items():
        if hasattr(control, "options"):
            values = control.options
        elif hasattr(control, "max"):
            middle = (control.min + control.max) // 2
            values = (control.min, middle, control.max)
        else:
            flag = isinstance(control.value, bool)
            values = (True, False) if flag else (0.5, -3.0)
        for value in values:
            assert "raised" not in drag(explorer, **{name: value})
    assert limits(explorer) == before


def assert_quick(
    explorer: Explorer, control: str, values: Iterable, share: float = 0.7
) -> None:
    """Look whether a move takes less time than a drawing of the whole figure.

    Args:
        explorer: A fresh one.
        control: What is moved.
        values: Where it is moved, one after the other.
        share: How much of that time the median move may take.
    """
    # Compared in the same run, so that a slow machine slows both.
    move, full = [], []
    for value in values:
        begin = time.perf_counter()
        drag(explorer, **{control: value})
        middle = time.perf_counter()
        explorer.live.canvas.draw()
        move.append(middle - begin)
        full.append(time.perf_counter() - middle)
    assert statistics.median(move) < share * statistics.median(full)
