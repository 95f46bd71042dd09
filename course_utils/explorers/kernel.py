"""The explorer of lecture 08 that lays a kernel on a photo: kernel."""

from __future__ import annotations

from collections.abc import Sequence

from course_utils import scratch, style
from course_utils.explorers.explorer import Explorer
from course_utils.explorers.tensors import Cells, canvas
from course_utils.live import LiveFigure

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.image import AxesImage

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
    with many negative values is shown in orange (positive), white (0) and
    blue (negative), any other one in grey. Click into a picture to mark a
    pixel: below stands how its value is computed. White cells with an outline
    are zeros of the padding.

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
    live, page = canvas(7.2, (tall + 202) / 100)
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
    moving = [drawn, ramp, *rings, *cells.artists]
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
        ramp.set_data(palette[None])

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
        tints = "in grey" if palette is GREYS else "orange above 0, blue below"
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
            explorer.place(**dict(zip(WEIGHTS, numbers, strict=True)))

    # It comes before the explorer, which then draws the kernel's numbers.
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
    others = ("stride", "padding", "relu", "row", "column")
    columns = (
        [controls["kernel"], square],
        [controls[name] for name in others],
    )
    return widgets.HBox(
        [widgets.VBox(column) for column in columns],
        layout=widgets.Layout(flex_flow="row wrap", grid_gap="0 1.5em"),
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
    texts += [
        f"{n:.2f}".replace("-", "−") if 0 < abs(n) < 100 else _short(n)
        for n in products.round(2)
    ]
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


class Plain(AxesImage):
    """An image enlarged by whole pixels.

    Matplotlib enlarges in floats, which takes several times as long.
    """

    def draw(self, renderer: RendererBase) -> None:
        """Copy the pixels into the picture.

        Args:
            renderer: Matplotlib's.
        """
        if not self.get_visible():
            return
        box, axes = self.axes.bbox, self.axes
        left, right, bottom, top = self.get_extent()
        # A transparent frame, for where the image does not reach.
        pixels = np.pad(np.asarray(self.get_array()), ((1, 1), (1, 1), (0, 0)))
        for axis, size, limits, first, last in (
            (1, box.width, axes.get_xlim(), left, right),
            (0, box.height, axes.get_ylim(), top, bottom),
        ):
            middles = np.linspace(*limits, 2 * round(size) + 1)[1::2]
            count = pixels.shape[axis] - 2
            place = np.floor(count * (middles - first) / (last - first))
            place = np.clip(place, -1, count).astype(int) + 1
            pixels = pixels.take(place, axis)
        corner = round(box.x0), round(box.y0)
        renderer.draw_image(renderer.new_gc(), *corner, pixels)


def _image(axes: Axes, pixels: np.ndarray) -> Plain:
    image = Plain(axes)
    image.set_data(pixels)
    image.set_extent(image.get_extent())
    return axes.add_image(image)


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
