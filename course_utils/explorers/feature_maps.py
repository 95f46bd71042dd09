"""The explorer of lecture 08 that looks inside: feature maps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from course_utils import style
from course_utils.explorers.explorer import Explorer
from course_utils.live import LiveFigure, Pixels

import ipywidgets as widgets
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

ALONE = "each channel for itself"
ALIKE = "all channels alike"
MOST = 4096  # channels of a layer: as many as tiles of four pixels fit
SIDE = 285  # of the sheet, pixels


def feature_maps(
    pictures: np.ndarray, maps: Mapping[str, np.ndarray]
) -> Explorer:
    """See what every channel of every layer makes of a picture.

    The picture is on the left, the chosen channel beside it, and all channels
    of the layer are on a sheet on the right: click one to choose it. A layer
    that is never negative is drawn from dark to bright. In any other, blue is
    negative, white 0 and orange positive. What is not finite is grey.

    Args:
        pictures: Shape `(n, height, width)` or `(n, height, width, c)` with 1
            or 3 colours: whole numbers from 0 to 255, or floats from 0 to 1.
        maps: What each layer gives for these pictures, by the name of the
            layer, as from `inspection.layer_outputs`: shape
            `(n, height, width, channels)`, or `(n, units)`, which are shown
            as maps of one pixel. Flat layers wider than 4,096 units are left
            out.

    Returns:
        An explorer with the controls `picture`, `layer`, `channel` and
        `colours`.

    Raises:
        ValueError: There are no pictures or no maps, or a shape or the
            numbers of the pictures do not fit.
    """
    pictures = _checked(pictures)
    maps = _kept(maps, len(pictures))
    names = list(maps)
    signed = {
        name: bool(np.fmin.reduce(given, axis=None) < 0)
        for name, given in maps.items()
    }
    tables = {
        False: _table(matplotlib.colormaps[matplotlib.rcParams["image.cmap"]]),
        True: _table(
            LinearSegmentedColormap.from_list(
                "signs", [style.BLUE, style.PAPER, style.RED]
            )
        ),
    }
    live = LiveFigure(7.2, 3.35)
    live.figure.set_layout_engine("none")
    left = Pixels(live, "The picture", 12, 298, 195)
    middle = Pixels(live, "The channel", 219, 298, 195)
    bar = Pixels(live, "", 219, 93, 195)
    right = Pixels(live, "All channels of the layer", 425, 298, SIDE)
    # One text that moves, because texts take longer than all the rest.
    ends = middle.axes.text(0.5, -0.14, "", va="top", ha="center")
    mark = Rectangle((0, 0), 1, 1, fill=False, ec=style.ORANGE, lw=2)
    mark.set_path_effects([withStroke(linewidth=4, foreground=style.INK)])
    right.axes.add_artist(mark)
    mark.set_clip_on(False)
    live.moving(left, middle, bar, right, ends, mark)

    @lru_cache(maxsize=64)  # about 20 MB
    def drawn(layer: str, picture: int, colours: str) -> Sheet:
        given = maps[layer][picture]
        return _sheet(given, colours, signed[layer], tables[signed[layer]])

    def update(picture: int, layer: str, channel: int, colours: str) -> str:
        given = maps[layer][picture]
        channel = min(channel, given.shape[-1] - 1)
        sheet = drawn(layer, picture, colours)
        table = tables[signed[layer]]
        low, high = sheet.lows[channel], sheet.highs[channel]
        one = _painted(given[..., channel], low, high, table)
        left.show(_enlarged(pictures[picture], 195))
        middle.show(_enlarged(one, 195))
        gradient = table[np.linspace(0, 255, 195).round().astype(int)]
        bar.show(gradient[None].repeat(12, 0))
        right.show(sheet.colours)
        ends.set_text(f"{_number(low)}  to  {_number(high)}")
        row, column = divmod(channel, sheet.columns)
        down, across = sheet.steps
        mark.set_bounds(
            (column * across - 1) / SIDE,
            1 - ((row + 1) * down - 1) / SIDE,
            across / SIDE,
            down / SIDE,
        )
        name = layer if len(layer) <= 20 else f"{layer[:19]}…"
        place = f"{name} (layer {names.index(layer) + 1} of {len(names)})"
        says = _said(given, channel, sheet.constant)
        return f"Picture {picture}, {place}: {says}"

    controls = {
        "picture": widgets.IntSlider(max=len(pictures) - 1),
        "layer": widgets.SelectionSlider(options=names),
        "channel": widgets.IntSlider(max=maps[names[0]].shape[-1] - 1),
        "colours": widgets.Dropdown(options=[ALONE, ALIKE]),
    }
    for name, control in controls.items():
        control.description = name

    def fit(change: dict) -> None:
        controls["channel"].max = maps[change["new"]].shape[-1] - 1

    # Before the explorer hears of a new layer, the channel fits it.
    controls["layer"].observe(fit, "value")
    explorer = Explorer("feature maps", controls, live, update)

    def click(axes: Axes, x: float, y: float) -> None:
        now = explorer.values()
        sheet = drawn(now["layer"], now["picture"], now["colours"])
        down, across = sheet.steps
        row, column = int((1 - y) * SIDE // down), int(x * SIDE // across)
        channel = row * sheet.columns + column
        inside = column < sheet.columns and channel < len(sheet.lows)
        if axes is right.axes and inside:
            controls["channel"].value = channel

    live.on_click(click)
    return explorer


class Sheet(NamedTuple):
    """All channels of a layer as one picture.

    Attributes:
        colours: Shape `(height, width, 4)`.
        columns: How many channels stand side by side.
        steps: Pixels from one channel to the next, downwards and across.
        lows: For each channel, what has the first colour of the table.
        highs: For each channel, what has the last one.
        constant: How many channels are the same everywhere.
    """

    colours: np.ndarray
    columns: int
    steps: tuple[int, int]
    lows: np.ndarray
    highs: np.ndarray
    constant: int


def _sheet(
    given: np.ndarray, colours: str, signed: bool, table: np.ndarray
) -> Sheet:
    """Draw the maps of a picture, shape `(height, width, channels)`."""
    height, width, count = given.shape
    flat = given.reshape(-1, count)
    lows, highs = flat.min(axis=0), flat.max(axis=0)
    constant = int((lows == highs).sum())
    if not np.isfinite([lows, highs]).all():
        finite = np.isfinite(flat)
        lows = np.min(flat, axis=0, where=finite, initial=np.inf)
        highs = np.max(flat, axis=0, where=finite, initial=-np.inf)
        nothing = lows > highs  # not a single number is finite
        lows[nothing] = highs[nothing] = 0
    lows, highs = lows.astype(float), highs.astype(float)
    if colours == ALIKE or len(flat) == 1:  # one number alone has no contrast
        lows[:], highs[:] = min(lows.min(), 0), max(highs.max(), 0)
    # A constant map has no contrast either: compare it with 0.
    same = lows == highs
    lows[same] = np.minimum(lows[same], 0)
    highs[same] = np.maximum(highs[same], 0)
    if signed:
        highs = np.maximum(-lows, highs)
        lows = -highs
    highs[lows == highs] = 1
    lows[signed & (highs == 1) & (lows == 0)] = -1

    # The largest tiles that fit, in the proportions of the maps.
    columns = min(count, math.ceil(math.sqrt(count * height / width)))
    rows = math.ceil(count / columns)
    gap = 2 if max(columns, rows) <= 32 else 1
    step = min(SIDE / (columns * width), SIDE / (rows * height))
    steps = max(int(step * height), gap + 1), max(int(step * width), gap + 1)
    tall, wide = steps[0] - gap, steps[1] - gap
    some = _resized(given, tall, wide)
    tiles = _painted(some, lows, highs, table)
    page = np.zeros((rows * columns, *steps, 4), np.uint8)  # transparent
    page[:count] = _bytes(style.FAINT)
    edge = gap // 2
    page[:count, edge : edge + tall, edge : edge + wide] = np.moveaxis(
        tiles, 2, 0
    )
    page = page.reshape(rows, columns, *steps, 4).swapaxes(1, 2)
    page = page.reshape(rows * steps[0], columns * steps[1], 4)
    return Sheet(page, columns, steps, lows, highs, constant)


def _painted(
    values: np.ndarray,
    low: np.ndarray | float,
    high: np.ndarray | float,
    table: np.ndarray,
) -> np.ndarray:
    """Return red, green, blue and opacity of numbers."""
    with np.errstate(all="ignore"):
        place = 255 * ((values - low) / (high - low))
        place = np.clip(np.nan_to_num(place), 0, 255) + 0.5
    colours = table.take(place.astype(np.uint8), axis=0)
    colours[~np.isfinite(values)] = _bytes(style.GREY)
    return colours


def _said(given: np.ndarray, channel: int, constant: int) -> str:
    """Say what a layer gives, and what one channel looks like."""
    height, width, count = given.shape
    one = given[..., channel].astype(float)
    if height == width == 1:
        return _told(given[0, 0].astype(float), channel)
    text = f"{count} {'channel' if count == 1 else 'channels'} of "
    text += f"{height} × {width}. Channel {channel} "
    finite = np.isfinite(one)
    if not finite.any():
        return text + "has not a single finite number."
    low, high = one[finite].min(), one[finite].max()
    if low == high:
        text += f"is {_number(low)} everywhere"
    else:
        strength = np.abs(np.where(finite, one, 0))
        row, column = divmod(int(strength.argmax()), width)
        text += f"runs from {_number(low)} to {_number(high)}, "
        text += f"strongest at row {row}, column {column}"
        zeros = (one == 0).mean()
        text += f", {_percent(zeros)} zero" if zeros else ""
    if not finite.all():
        text += f", {(~finite).sum()} of {one.size:,} not finite"
    text += "."
    if constant and count > 1:
        text += f" Constant channels: {constant}."
    return text


def _told(values: np.ndarray, unit: int) -> str:
    """Say what one unit gives, and which gives most."""
    text = f"{len(values):,} {'unit' if len(values) == 1 else 'units'}. "
    text += f"Unit {unit} gives {_number(values[unit])}"
    finite = np.isfinite(values)
    if not finite.all():
        return f"{text}. Not finite: {(~finite).sum()} of {len(values)} units."
    best = int(values.argmax())
    if values[best] == values[unit]:
        return f"{text}; no unit gives more."
    return f"{text}; unit {best} gives most, {_number(values[best])}."


def _number(value: float) -> str:
    return f"{value + 0:.3g}".replace("-", "−")


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def _bytes(colour: str) -> list[int]:
    return [round(255 * part) for part in to_rgba(colour)]


def _table(colours: matplotlib.colors.Colormap) -> np.ndarray:
    return colours(np.arange(256), bytes=True)


def _resized(pixels: np.ndarray, tall: int, wide: int) -> np.ndarray:
    """Leave pixels out, or repeat them, for another height and width."""
    height, width = pixels.shape[:2]
    across = pixels.take(np.arange(wide) * width // wide, axis=1)
    return across.take(np.arange(tall) * height // tall, axis=0)


def _enlarged(colours: np.ndarray, side: int) -> np.ndarray:
    """Place pixels, shape `(height, width, 4)`, in the middle of a square."""
    height, width = colours.shape[:2]
    scale = side / max(height, width)
    tall, wide = max(round(height * scale), 1), max(round(width * scale), 1)
    page = np.zeros((side, side, 4), np.uint8)
    y, x = (side - tall) // 2, (side - wide) // 2
    place = page[y : y + tall, x : x + wide]
    place[:] = _resized(colours, tall, wide)
    # What is white at its edge has an edge all the same.
    place[[0, -1]] = place[:, [0, -1]] = _bytes(style.FAINT)
    return page


def _checked(pictures: np.ndarray) -> np.ndarray:
    """Return the pictures as bytes: red, green, blue and opacity."""
    given = np.asarray(pictures)
    if given.ndim == 3:
        given = given[..., None]
    if given.ndim != 4 or given.shape[-1] not in (1, 3) or given.size == 0:
        raise ValueError(
            f"The pictures have shape {np.shape(pictures)}, expected (n, "
            "height, width) or (n, height, width, 3), at least one."
        )
    if given.dtype.kind not in "iu":
        given = np.nan_to_num(given.astype(np.float32), posinf=1, neginf=0)
        if given.min() < -0.001 or given.max() > 1.001:
            raise ValueError(
                f"The pictures have values from {given.min():.4g} to "
                f"{given.max():.4g}, expected floats from 0 to 1 or whole "
                "numbers from 0 to 255."
            )
        given = 255 * np.clip(given, 0, 1) + 0.5
    elif given.min() < 0 or given.max() > 255:
        raise ValueError(
            f"The pictures have whole numbers from {given.min()} to "
            f"{given.max()}, expected 0 to 255."
        )
    colours = np.full((*given.shape[:3], 4), 255, np.uint8)
    colours[..., :3] = given
    return colours


def _kept(
    maps: Mapping[str, np.ndarray], pictures: int
) -> dict[str, np.ndarray]:
    """Return the maps that can be drawn, `(n, height, width, channels)`."""
    kept = {}
    for name, given in dict(maps).items():
        shape = np.shape(given)
        if len(shape) not in (2, 4) or 0 in shape:
            raise ValueError(
                f"The maps of {name} have shape {shape}, expected (n, height, "
                "width, channels) or (n, units)."
            )
        if shape[0] != pictures:
            raise ValueError(
                f"The maps of {name} are of {shape[0]} pictures, but "
                f"{pictures} pictures were given."
            )
        if len(shape) == 4 or shape[1] <= MOST:
            given = np.asarray(given).astype(np.float32, copy=False)
            sides = shape[1:3] if len(shape) == 4 else (1, 1)
            kept[str(name)] = given.reshape(pictures, *sides, shape[-1])
    if not kept:
        raise ValueError(
            "There are no maps to show. Give a dictionary from the name of "
            "a layer to what it gives, as inspection.layer_outputs returns."
        )
    return kept
