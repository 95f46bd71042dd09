"""The explorer of lecture 08 that says what a unit sees: receptive field."""

from __future__ import annotations

from collections.abc import Sequence

from course_utils import inspection, style
from course_utils.explorers.explorer import Explorer
from course_utils.explorers.tensors import Cells, canvas
from course_utils.live import Pixels

import ipywidgets as widgets
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba

MOST = 6  # layers
SIZES = (1, 3, 5, 7)
STRIDES = (1, 2)
UNITS = 5  # after the last layer
# Where they are drawn: the first and last pixel, the last layer, the input.
FIRST, LAST, HIGHEST, LOWEST = 172, 602, 50, 366
FILLED = 0.84  # of the distance between units, by a unit
TALL = 12  # half the height of a unit
EDGE = FIRST - 14  # no unit is drawn to the left of it


def receptive_field(
    layers: Sequence[tuple[int, int]] = ((3, 1), (3, 1)),
) -> Explorer:
    """Build a stack of layers and see which pixels one of its units sees.

    It is drawn along one axis, with five units after the last layer and just
    the pixels that they need. A unit of any other layer, or a pixel, is the
    darker the more ways lead from it to the chosen unit.

    Args:
        layers: Kernel (1, 3, 5 or 7) and stride (1 or 2) of each of one to
            six layers to begin with, the first layer first.

    Returns:
        An explorer with the controls `layers` (how many), `unit` (1 to 5),
        and `kernel1`, `stride1` to `kernel6`, `stride6`.

    Raises:
        ValueError: There are too many layers, or none, or one cannot be
            chosen here.
    """
    begin = [tuple(layer) for layer in layers]
    if not 1 <= len(begin) <= MOST:
        raise ValueError(f"{len(begin)} layers were given, expected 1 to 6.")
    for layer in begin:
        if layer not in [(k, s) for k in SIZES for s in STRIDES]:
            raise ValueError(
                f"There is a layer {layer}, expected (kernel, stride) with a "
                "kernel of 1, 3, 5 or 7 and a stride of 1 or 2."
            )
    live, page = canvas(7.2, 4.1)
    cones = PolyCollection(
        [], facecolors=[(*to_rgba(style.SKY)[:3], 0.18)], zorder=1
    )
    (ways,) = page.plot([], [], color=style.SKY, lw=0.8, zorder=2)
    boxes = PolyCollection([], lw=0.8, zorder=3)
    for artist in (cones, boxes):
        page.add_collection(artist, autolim=False)
    bars = Pixels(live, "", EDGE, 410 - HIGHEST + TALL, LAST - FIRST + 28)
    bars.set_zorder(3)
    for x, words in (
        (76, "layer"),
        (380, "darker: more ways lead to the orange unit"),
        (664, "seen"),
    ):
        page.text(x, 16, words, ha="center", va="center", fontsize=9)
    names, counts, ends = (Cells(page, size) for size in (10, 10, 9))
    live.moving(cones, ways, boxes, bars)
    for texts in (names, counts, ends):
        live.moving(*texts.artists)

    def update(layers: int, unit: int, **sizes: int) -> str:
        stack = [
            (sizes[f"kernel{n}"], sizes[f"stride{n}"])
            for n in range(1, layers + 1)
        ]
        for n in range(1, MOST + 1):
            for name in (f"kernel{n}", f"stride{n}"):
                controls[name].disabled = n > layers
        paths = _paths(stack, unit - 1)
        seen = [np.flatnonzero(row) for row in paths]
        fields = [inspection.receptive_field(()), *inspection.fields(stack)]
        step = min(36.0, (LAST - FIRST) / (len(paths[0]) - 1))
        left = (FIRST + LAST - step * (len(paths[0]) - 1)) / 2
        places = [
            left + step * (field.start + field.jump * np.arange(len(row)))
            for field, row in zip(fields, paths, strict=True)
        ]
        sides = [min(28.0, FILLED * step * field.jump) for field in fields]
        gap = min(158.0, (LOWEST - HIGHEST) / layers)
        heights = HIGHEST + gap * np.arange(layers, -1, -1)
        _show_units(boxes, bars, paths, places, sides, heights)
        cones.set_verts(
            [
                [
                    (places[n][seen[n][0]] - sides[n] / 2, heights[n]),
                    (places[n][seen[n][-1]] + sides[n] / 2, heights[n]),
                    (places[n + 1][seen[n + 1][-1]], heights[n + 1]),
                    (places[n + 1][seen[n + 1][0]], heights[n + 1]),
                ]
                for n in range(layers)
            ]
        )
        few = stack if len(paths[0]) < 100 else []
        links = [np.empty((0, 3, 2))]
        for n, (kernel, stride) in enumerate(few):
            above = seen[n + 1][:, None]
            link = np.full((len(above), kernel, 3, 2), np.nan)  # and a gap
            link[..., 0, 0] = places[n][above * stride + np.arange(kernel)]
            link[..., 1, 0] = places[n + 1][above]
            link[..., :2, 1] = heights[n : n + 2]
            links.append(link.reshape(-1, 3, 2))
        ways.set_data(*np.concatenate(links).reshape(-1, 2).T)
        words = ["input"]
        words += [
            f"{n}: kernel {kernel}, stride {stride}"
            for n, (kernel, stride) in enumerate(stack, start=1)
        ]
        _write(names, 76, heights, words)
        _write(
            counts,
            664,
            heights,
            [f"{len(s)} of {len(p)}" for s, p in zip(seen, paths, strict=True)],
        )
        first, last = int(seen[0][0]), int(seen[0][-1])
        middle = (places[0][first] + places[0][last]) / 2
        pixels = (
            f"pixels {first} to {last}" if last > first else f"pixel {first}"
        )
        _write(ends, middle, heights[:1] + 26, [pixels])
        return _sight(stack, unit, paths[0], fields)

    controls: dict[str, widgets.Widget] = {
        "layers": widgets.IntSlider(
            value=len(begin), min=1, max=MOST, description="layers"
        ),
        "unit": widgets.IntSlider(
            value=(UNITS + 1) // 2,
            min=1,
            max=UNITS,
            description="unit after the last layer",
        ),
    }
    for n in range(1, MOST + 1):
        chosen = begin[n - 1] if n <= len(begin) else (3, 1)
        for name, value, options in zip(
            ("kernel", "stride"), chosen, (SIZES, STRIDES), strict=True
        ):
            controls[f"{name}{n}"] = widgets.Dropdown(
                options=options, value=value, description=f"{name} {n}"
            )
    return Explorer(
        "receptive field", controls, live, update, panel=_stack_panel(controls)
    )


def _stack_panel(controls: dict[str, widgets.Widget]) -> widgets.VBox:
    """Arrange the controls: two sliders, and below a column per layer."""
    first, unit, *sizes = controls.values()
    for control in controls.values():
        control.style.description_width = "initial"
    unit.layout.width = "26em"
    for control in sizes:
        control.layout.width = "8em"
    columns = [
        widgets.VBox(pair) for pair in zip(sizes[::2], sizes[1::2], strict=True)
    ]
    wrap = widgets.Layout(flex_flow="row wrap")
    return widgets.VBox(
        [
            widgets.HBox([first, unit], layout=wrap),
            widgets.HBox(columns, layout=wrap),
        ]
    )


def _paths(stack: Sequence[tuple[int, int]], unit: int) -> list[np.ndarray]:
    """Count the ways from every unit to one of the last, input first."""
    rows = [np.zeros(UNITS, int)]
    rows[0][unit] = 1
    for kernel, stride in reversed(stack):
        above = rows[0]
        last = stride * (len(above) - 1)  # where the last window starts
        row = np.zeros(last + kernel, int)
        for d in range(kernel):
            row[d : d + last + 1 : stride] += above
        rows.insert(0, row)
    return rows


def _show_units(
    boxes: PolyCollection,
    bars: Pixels,
    paths: list[np.ndarray],
    places: list[np.ndarray],
    sides: list[float],
    heights: np.ndarray,
) -> None:
    """Draw all units, darker where more ways lead to the chosen one.

    Units are boxes, unless their outlines would hide them. Then they are
    pixels without gaps, because hundreds of polygons take long.
    """
    corners, fills, edges = [], [], []
    size = LOWEST - HIGHEST + 2 * TALL, LAST - FIRST + 28
    pixels = np.zeros((*size, 4), np.uint8)
    columns = EDGE + 0.5 + np.arange(size[1])
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    blue, grey = to_rgba(style.BLUE), to_rgba(style.GREY)
    faint = to_rgba(style.FAINT)
    for row, x, side, y in zip(paths, places, sides, heights, strict=True):
        thin = side <= 4
        share = (row / row.max())[:, None]
        seen = share > 0
        # From a fifth, so that every pixel that is seen is seen.
        blues = 1 - (0.2 + 0.8 * share) * (1 - np.array(blue))
        colours = np.where(seen, blues, faint if thin else 1)
        if thin:
            unit = np.floor((columns - x[0]) / (x[1] - x[0]) + 0.5).astype(int)
            there = (unit >= 0) & (unit < len(x))
            top = round(y) - HIGHEST
            shown = (255 * colours[unit[there]]).round()
            pixels[top : top + 2 * TALL, there] = shown
            continue
        middles = np.stack([x, np.full(len(x), y)], axis=1)
        corners.append(middles[:, None] + square * (side / 2, TALL))
        fills.append(colours)
        edges.append(np.where(seen, blue, grey))
    fills[-1][paths[-1] > 0] = to_rgba(style.ORANGE)
    edges[-1][paths[-1] > 0] = to_rgba(style.INK)
    boxes.set_verts(np.concatenate(corners))
    boxes.set_facecolor(np.concatenate(fills))
    boxes.set_edgecolor(np.concatenate(edges))
    bars.show(pixels)


def _write(
    cells: Cells, x: float, heights: Sequence[float], words: Sequence[str]
) -> None:
    """Write a text at each of the heights, around a place across."""
    corners = [(x - 70, y - 10) for y in heights]
    cells.show(corners, (140, 20), words, *2 * (["none"] * len(words),))


def _sight(
    stack: Sequence[tuple[int, int]],
    unit: int,
    ways: np.ndarray,
    fields: Sequence[inspection.Field],
) -> str:
    """Say what a unit sees, given the ways to it from every pixel."""
    seen = np.flatnonzero(ways)
    size, jump, _ = fields[-1]
    terms = [
        f"{kernel - 1} · {field.jump}"
        for (kernel, _), field in zip(stack, fields, strict=False)
        if kernel > 1
    ]
    total = f"{' + '.join(['1', *terms])} = {size}" if terms else "1"
    pixels = f"{seen[0]} to {seen[-1]}" if terms else f"{seen[0]}"
    words = (
        f"Unit {unit} of {UNITS} sees pixel{'s' * bool(terms)} {pixels} of "
        f"{len(ways)}, a field of {total}. Jump {jump}: the next field "
        f"begins {jump} pixel{'s' * (jump > 1)} on."
    )
    if len(seen) < size:
        words += f" Strides skip {size - len(seen)} pixels of the field."
    most, first = ways.max(), ways[seen[0]]
    if most > first:
        words += (
            f" Ways to the unit: {most:,} from the busiest pixel, "
            f"{first:,} from the first."
        )
    return words
