"""The explorers of lecture 08: a kernel on a photo, and what a unit sees."""

from __future__ import annotations

from collections.abc import Sequence

from course_utils import inspection, scratch, style
from course_utils.explorers.explorer import Explorer
from course_utils.explorers.tensors import Cells
from course_utils.live import LiveFigure

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.image import AxesImage

# Kernel ----------------------------------------------------------------------

OWN = "your own"
# Nine numbers row by row, and what the map shows.
KERNELS = {
    "identity": ((0, 0, 0, 0, 1, 0, 0, 0, 0), "the map is the photo."),
    "blur": (
        tuple(n / 16 for n in (1, 2, 1, 2, 4, 2, 1, 2, 1)),
        "a weighted mean of nine pixels, so details go.",
    ),
    "sharpen": (
        (0, -1, 0, -1, 5, -1, 0, -1, 0),
        "what differs from its neighbours differs more.",
    ),
    "vertical edges": (
        (-1, 0, 1, -2, 0, 2, -1, 0, 1),
        "positive where it gets brighter to the right, negative where darker.",
    ),
    "horizontal edges": (
        (-1, -2, -1, 0, 0, 0, 1, 2, 1),
        "positive where it gets brighter downwards, negative where darker.",
    ),
    "Laplacian": (
        (0, 1, 0, 1, -4, 1, 0, 1, 0),
        "negative on bright dots and lines, positive on dark ones.",
    ),
    "emboss": (
        (-2, -1, 0, -1, 1, 1, 0, 1, 2),
        "a relief: bright where it gets brighter to the lower right.",
    ),
    "shift": (
        (0, 0, 0, 0, 0, 1, 0, 0, 0),
        "the photo, moved to the left by a pixel.",
    ),
}
WEIGHTS = [f"k{row}{column}" for row in "123" for column in "123"]
LARGEST = 1000.0  # what may stand in a number field, without its sign
HIGH, WIDE = 115, 165  # the photo has at most so many pixels
ROOM = (230, 330)  # for it in the picture, height and width in pixels
TOP = 28  # upper edge of photo and map in the picture

# 255 colours, not 256, so that the one in the middle is exactly 0.
SIGNED, GREYS = (
    LinearSegmentedColormap.from_list("", colours, 255)(
        np.arange(255), bytes=True
    )
    for colours in ([style.BLUE, style.PAPER, style.RED], ["black", "white"])
)


def kernel(photo: np.ndarray) -> Explorer:
    """Edit a 3 × 3 kernel and see its map of a photo.

    The photo is made grey, and so small that its pixels can be seen. A map
    with many negative values is shown in red (positive), white (0) and blue
    (negative), any other one in grey. Click into a picture to mark a pixel:
    below stands how its value is computed. White cells with an outline are
    zeros of the padding.

    Args:
        photo: Shape `(h, w)` or `(h, w, 3)`: whole numbers from 0 to 255, or
            floats from 0 to 1. At least 3 × 3 pixels.

    Returns:
        An explorer with the controls `kernel` (a ready-made one), `k11` to
        `k33` (its numbers by row and column), `stride`, `padding`, `relu`,
        and `row` and `column` of the photo, near which the map is marked.

    Raises:
        ValueError: The photo has another shape or other numbers.
    """
    grey = _grey(photo)
    height, width = grey.shape
    scale = min(ROOM[0] // height, ROOM[1] // width)
    tall, wide = scale * height, scale * width
    live = LiveFigure(7.2, (tall + 202) / 100)
    page = _page(live)
    lefts = (180 - wide // 2, 540 - wide // 2)
    pictures = [_inset(live, left, TOP, wide, tall) for left in lefts]
    for axes in pictures:
        axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    _image(pictures[0], _tinted(grey, (0, 1), GREYS))
    drawn = _image(pictures[1], SIGNED[None])
    ramp = _image(_inset(live, 475, tall + 38, 130, 10), SIGNED[None])
    below = tall + 92
    page.text(
        *(180, 13, f"The photo in grey: {height} × {width} pixels"),
        ha="center",
        va="center",
    )
    for x, words in (
        (24, "marked pixels"),
        (208, "kernel"),
        (392, "products"),
        (600, "their sum"),
    ):
        page.text(x, below - 14, words, va="center", fontsize=9)
    for x, sign in ((184, "×"), (368, "="), (556, "→")):
        page.text(x, below + 47, sign, ha="center", va="center", fontsize=16)
    labels, cells, total = (Cells(page, size) for size in (10, 10, 18))
    rings = [
        *page.plot([], [], color=style.PAPER, lw=4),
        *page.plot([], [], color=style.INK, lw=1.6),
    ]
    moving = [drawn, *rings, *cells.artists]
    for texts in (labels, total):  # nothing is seen of their boxes
        moving.append(texts.artists[1])
    live.moving(*moving)

    def update(
        kernel: str,
        stride: int,
        padding: str,
        relu: bool,
        row: int,
        column: int,
        **numbers: float,
    ) -> str:
        # NaN is not below LARGEST, either.
        wrong = [n for n in WEIGHTS if not abs(numbers[n]) <= LARGEST]
        for artist in moving:
            artist.set_visible(not wrong)
        if wrong:
            return (
                f"No map: row {wrong[0][1]}, column {wrong[0][2]} of the "
                f"kernel is {numbers[wrong[0]]:g}. Type a number from "
                f"−{LARGEST:g} to {LARGEST:g}, such as 0.5."
            )
        weights = np.array([numbers[name] for name in WEIGHTS])
        name = _name(weights)
        if name != kernel:  # a number was edited
            controls["kernel"].value = name
        values = scratch.conv2d(
            grey[None, ..., None],
            weights.astype(np.float32).reshape(3, 3, 1, 1),
            stride=stride,
            padding=padding,
        )[0, ..., 0]
        seen = np.maximum(values, 0) if relu else values
        least, most = float(seen.min()), float(seen.max())
        palette, low, high = _map_colours(seen, weights.sum())
        drawn.set_data(_tinted(seen, (low, high), palette))
        if (ramp.get_array()[0] != palette).any():
            ramp.set_data(palette[None])
            live.still_changed()

        rows, columns = seen.shape
        i, y, top = _window(row, height, rows, stride, padding)
        j, x, left = _window(column, width, columns, stride, padding)
        drawn.set_extent(
            (left, left + stride * columns, top + stride * rows, top)
        )
        side = max(3 * scale, 12)
        for ring in rings:
            ring.set_data(
                *_squares(
                    [corner + scale * (x + 0.5) for corner in lefts],
                    TOP + scale * (y + 0.5),
                    side,
                )
            )
        nine = slice(y + 1, y + 4), slice(x + 1, x + 4)
        padded = np.pad(grey, 2, constant_values=np.nan)
        _calculate(cells, below, padded[nine].ravel(), weights)
        total.show(
            [(570, below + 30)], (120, 34), [_short(values[i, j])], ["none"]
        )
        texts = {
            (540, 13): f"The map: {rows} × {columns} pixels",
            (432, tall + 43): ("≤ " if least < low else "") + _short(low, 2),
            (648, tall + 43): ("≥ " if most > high else "") + _short(high, 2),
        }
        if relu:
            texts[(630, below + 78)] = f"after ReLU: {_short(seen[i, j])}"
        labels.show(
            np.array(list(texts)) - (100, 10),
            (200, 20),
            list(texts.values()),
            *2 * (["none"] * len(texts),),
        )
        tints = "in grey" if palette is GREYS else "red above 0, blue below"
        return (
            f"{name}, sum {_short(weights.sum())}: "
            f"{_meaning(name, weights.sum())} Rows: "
            f"{_formula(height, stride, padding)} = {rows}; columns: "
            f"{columns}. Map{' after ReLU' * relu} from {_short(least)} "
            f"to {_short(most)}, {tints}. Marked: {_short(seen[i, j])}."
        )

    controls: dict[str, widgets.Widget] = {
        "kernel": widgets.Dropdown(
            options=[*KERNELS, OWN],
            value="vertical edges",
            description="kernel",
        )
    }
    for name, value in zip(WEIGHTS, KERNELS["vertical edges"][0], strict=True):
        controls[name] = widgets.FloatText(
            value=value,
            tooltip=f"kernel, row {name[1]}, column {name[2]}",
            layout=widgets.Layout(width="5.5em"),
        )
    controls |= {
        "stride": widgets.IntSlider(
            value=1, min=1, max=4, description="stride"
        ),
        "padding": widgets.Dropdown(
            options=["valid", "same"], description="padding"
        ),
        "relu": widgets.Checkbox(
            description="ReLU: negative becomes 0", indent=False
        ),
        "row": widgets.IntSlider(
            value=height // 2, max=height - 1, description="marked row"
        ),
        "column": widgets.IntSlider(
            value=width // 2, max=width - 1, description="marked column"
        ),
    }

    def choose(change: dict) -> None:
        if change["new"] in KERNELS:
            numbers = KERNELS[change["new"]][0]
            explorer.set(**dict(zip(WEIGHTS, numbers, strict=True)))

    # It comes before the explorer, which then finds the kernel's numbers.
    controls["kernel"].observe(choose, "value")
    explorer = Explorer(
        "kernel", controls, live, update, panel=_kernel_panel(controls)
    )

    def click(axes: Axes, x: float, y: float) -> None:
        if axes in pictures:
            explorer.set(
                row=min(max(round(y), 0), height - 1),
                column=min(max(round(x), 0), width - 1),
            )

    live.on_click(click)
    return explorer


def _kernel_panel(controls: dict[str, widgets.Widget]) -> widgets.HBox:
    """Arrange the controls: the kernel as a square, the rest beside it."""
    for name, control in controls.items():
        if name not in WEIGHTS:
            control.style.description_width = "initial"
    square = widgets.GridBox(
        [controls[name] for name in WEIGHTS],
        layout=widgets.Layout(grid_template_columns="repeat(3, 6em)"),
    )
    columns = (
        [controls["kernel"], square],
        [controls[name] for name in ("stride", "padding", "relu")],
        [controls[name] for name in ("row", "column")],
    )
    return widgets.HBox(
        [widgets.VBox(column) for column in columns],
        layout=widgets.Layout(flex_flow="row wrap"),
    )


def _grey(photo: np.ndarray) -> np.ndarray:
    """Return a photo as grey floats from 0 to 1, small enough to be seen."""
    given = np.asarray(photo)
    fits = given.ndim > 1 and given.shape[2:] in ((), (3,))
    if given.dtype.kind not in "iuf" or not fits:
        raise ValueError(
            f"The photo has shape {given.shape} and type {given.dtype}, "
            "expected numbers of shape (height, width) or (height, width, 3)."
        )
    height, width = given.shape[:2]
    side = max(-(-height // HIGH), -(-width // WIDE), 1)
    rows, columns = height // side, width // side
    if min(rows, columns) < 3:
        raise ValueError(
            f"The photo has {height} × {width} pixels, shrunk to fit "
            f"{rows} × {columns}; a 3 × 3 kernel needs 3 × 3 at least."
        )
    most = 255 if given.dtype.kind in "iu" else 1
    if not (given.min() >= 0 and given.max() <= 1.001 * most):  # NaN is not
        raise ValueError(
            f"The photo has values from {given.min():.4g} to "
            f"{given.max():.4g}, expected whole numbers from 0 to 255 or "
            "floats from 0 to 1."
        )
    grey = given.astype(np.float32) / most
    if grey.ndim == 3:
        grey = grey.mean(axis=2)
    blocks = grey[: rows * side, : columns * side]
    return blocks.reshape(rows, side, columns, side).mean(axis=(1, 3))


def _map_colours(
    seen: np.ndarray, total: float
) -> tuple[np.ndarray, float, float]:
    """Choose palette and range for the map of a kernel with this sum."""
    size = np.abs(seen)
    if (size - seen).sum() > 0.4 * size.sum():  # a fifth of it is negative
        # The strongest 2 % are as dark as the rest of the strong ones.
        most = float(np.percentile(size, 98)) or _around(seen)[1]
        return SIGNED, -most, most
    # In even areas a map is at most the sum: what was white stays white.
    most = max(total, float(np.percentile(seen, 95)))
    return GREYS, 0.0, most if most > 0 else _around(seen)[1]


def _window(
    place: int, size: int, count: int, stride: int, padding: str
) -> tuple[int, int, float]:
    """Find the window nearest to a place of the photo, along one axis.

    Returns:
        Its number, the pixel in its middle, and where the map begins if it
        is laid on the photo.
    """
    last = (size - 1) // stride * stride
    missing = max(last + 3 - size, 0) if padding == "same" else 0
    first = 1 - missing // 2
    number = min(max(round((place - first) / stride), 0), count - 1)
    return number, first + stride * number, first - stride / 2


def _calculate(
    cells: Cells, top: float, patch: np.ndarray, weights: np.ndarray
) -> None:
    """Show nine pixels, NaN in the padding, times the nine weights."""
    zeros = np.isnan(patch)
    patch = np.where(zeros, 0, patch)
    products = patch * weights
    fills = [_tinted(patch, (0, 1), GREYS)]
    fills += [_tinted(n, _around(n), SIGNED) for n in (weights, products)]
    # Pale, so that black letters can be read on it.
    fills = 1 - 0.45 * (1 - np.concatenate(fills) / 255)
    edges = np.ones_like(fills)
    fills[:9][zeros] = 1
    edges[:9][zeros] = to_rgba(style.GREY)
    corners = [
        (left + 48 * column, top + 32 * row)
        for left in (24, 208, 392)
        for row in range(3)
        for column in range(3)
    ]
    texts = [f"{n:.2f}" for n in patch] + [_short(n) for n in weights]
    texts += [_short(round(n, 2)) for n in products]
    cells.show(corners, (46, 30), texts, fills, edges)


def _squares(
    across: Sequence[float], y: float, side: float
) -> tuple[list[float], list[float]]:
    """Return one line around several squares of the same height."""
    r = side / 2
    xs = [x + d for x in across for d in (-r, r, r, -r, -r, np.nan)]
    return xs, [y + d for _ in across for d in (-r, -r, r, r, -r, np.nan)]


def _name(weights: np.ndarray) -> str:
    """Return the name of a kernel of nine numbers."""
    for name, (numbers, _) in KERNELS.items():
        if np.array_equal(weights, numbers):
            return name
    return OWN


def _meaning(name: str, total: float) -> str:
    """Say what a map shows."""
    if name in KERNELS:
        return KERNELS[name][1]
    if abs(total) < 1e-9:
        return "0 wherever the photo is even."
    return f"{_short(total)} times the photo wherever it is even."


def _formula(size: int, stride: int, padding: str) -> str:
    """Write down how many places a kernel has along an axis."""
    if padding == "same":
        return f"⌈{size} / {stride}⌉"
    places = f"{size} − 3 + 1"
    return places if stride == 1 else f"⌈({places}) / {stride}⌉"


def _short(value: float, digits: int = 3) -> str:
    """Write a number with a few digits and a real minus."""
    if abs(value) < 1e-6:
        return "0"
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.{digits}g}"
    return text.replace("-", "−")


# Receptive field -------------------------------------------------------------

MOST = 6  # layers
SIZES = (1, 3, 5, 7)
STRIDES = (1, 2)
UNITS = 5  # after the last layer
# Where they are drawn: the first and last pixel, the last layer, the input.
FIRST, LAST, HIGHEST, LOWEST = 160, 600, 50, 366


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
    live = LiveFigure(7.2, 4.1)
    page = _page(live)
    cones = PolyCollection(
        [], facecolors=[(*to_rgba(style.SKY)[:3], 0.18)], zorder=1
    )
    ways = LineCollection([], colors=style.SKY, linewidths=0.8, zorder=2)
    units = PolyCollection([], linewidths=0.8, zorder=3)
    for artist in (cones, ways, units):
        page.add_collection(artist, autolim=False)
    for x, words in (
        (76, "layer"),
        (380, "darker: more ways lead to the orange unit"),
        (664, "seen"),
    ):
        page.text(x, 16, words, ha="center", va="center", fontsize=9)
    names, counts, ends = (Cells(page, size) for size in (10, 10, 9))
    live.moving(cones, ways, units)
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
        sides = [min(28.0, 0.84 * step * field.jump) for field in fields]
        gap = min(120.0, (LOWEST - HIGHEST) / layers)
        heights = HIGHEST + gap * np.arange(layers, -1, -1)
        _show_units(units, paths, places, sides, heights)
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
        links = [
            ((places[n][i * stride + d], heights[n]), (place, heights[n + 1]))
            for n, (kernel, stride) in enumerate(stack)
            for i, place in enumerate(places[n + 1])
            for d in range(kernel)
            if paths[n + 1][i] and len(paths[0]) < 100
        ]
        ways.set_segments(links)
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
    units: PolyCollection,
    paths: list[np.ndarray],
    places: list[np.ndarray],
    sides: list[float],
    heights: np.ndarray,
) -> None:
    """Draw all units as boxes, darker where more ways lead to the chosen."""
    corners, fills, edges = [], [], []
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    blue, grey = to_rgba(style.BLUE), to_rgba(style.GREY)
    faint = to_rgba(style.FAINT)
    for row, x, side, y in zip(paths, places, sides, heights, strict=True):
        middles = np.stack([x, np.full(len(x), y)], axis=1)
        corners.append(middles[:, None] + square * (side / 2, 12))
        share = (row / row.max())[:, None]
        seen = share > 0
        # From a fifth, so that every pixel that is seen is seen.
        blues = 1 - (0.2 + 0.8 * share) * (1 - np.array(blue))
        fills.append(np.where(seen, blues, 1))
        edge = np.where(seen, blue, grey)
        # Outlines of very thin boxes would hide them.
        edges.append(edge if side > 4 else np.where(seen, fills[-1], faint))
    fills[-1][paths[-1] > 0] = to_rgba(style.ORANGE)
    edges[-1][paths[-1] > 0] = to_rgba(style.INK)
    units.set_verts(np.concatenate(corners))
    units.set_facecolor(np.concatenate(fills))
    units.set_edgecolor(np.concatenate(edges))


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
        f"begins {jump} further on."
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


# Drawing in pixels -----------------------------------------------------------


def _page(live: LiveFigure) -> Axes:
    """Return axes over all of a figure, in pixels, y pointing down."""
    live.figure.set_layout_engine("none")
    axes = live.figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    width, height = 100 * live.figure.get_size_inches()
    axes.set(xlim=(0, width), ylim=(height, 0))
    return axes


def _inset(
    live: LiveFigure, left: float, top: float, wide: float, tall: float
) -> Axes:
    """Add axes for an image at a place in pixels."""
    width, height = 100 * live.figure.get_size_inches()
    axes = live.figure.add_axes(
        (
            left / width,
            1 - (top + tall) / height,
            wide / width,
            tall / height,
        )
    )
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=style.FAINT)
    return axes


def _image(axes: Axes, pixels: np.ndarray) -> AxesImage:
    return axes.imshow(pixels, interpolation="nearest", aspect="auto")


def _tinted(
    values: np.ndarray, limits: tuple[float, float], palette: np.ndarray
) -> np.ndarray:
    """Return the colour of every value, RGBA bytes, as matplotlib likes it."""
    low, high = limits
    place = (values - low) * (254 / (high - low)) + 0.5
    return palette[np.clip(place, 0, 254).astype(np.uint8)]


def _around(values: np.ndarray) -> tuple[float, float]:
    """Return a range with 0 in its middle that holds all values."""
    most = float(np.abs(values).max()) or 1.0
    return -most, most
