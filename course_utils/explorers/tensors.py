"""The explorers of lecture 01, tensors."""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from course_utils import style
from course_utils.explorers.explorer import Explorer
from course_utils.live import LiveFigure

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import (
    LineCollection,
    PathCollection,
    PolyCollection,
)
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

MAX_RANK = 6  # what the broadcasting picture has room for
MAX_SIZE = 9_999  # longer numbers do not fit their boxes
MISSING = -1  # an axis that a shape does not have
CLASH = -2  # an axis along which two shapes do not fit
NUMERIC = frozenset("0123456789.−%")


class Cells:
    """Boxes with a text in each, for pictures of arrays.

    All texts are drawn as one collection of outlines, which takes a tenth of
    the time of as many text artists. They shrink together if the longest is
    wider than its box. Positions are pixels from the upper left corner.

    Args:
        axes: Where to draw; its units are pixels.
        fontsize: Size of the texts in points if all of them fit.

    Attributes:
        artists: The two collections, boxes and letters.
        texts: What stands in the boxes now.
    """

    def __init__(self, axes: Axes, fontsize: float = 10) -> None:
        self.texts: list[str] = []
        self._fontsize = fontsize
        self._boxes = PolyCollection([], linewidths=1.2)
        self._letters = PathCollection(
            [],
            offsets=np.empty((0, 2)),
            offset_transform=axes.transData,
            facecolors=[style.INK],
            linewidths=0,
        )
        self._scale = axes.figure.dpi / 72
        self.artists = [self._boxes, self._letters]
        for artist in self.artists:
            axes.add_collection(artist, autolim=False)

    def show(
        self,
        corners: np.ndarray,
        size: tuple[float, float],
        texts: Sequence[str],
        fills: Sequence,
        edges: Sequence | None = None,
    ) -> None:
        """Place the boxes.

        Args:
            corners: Upper left corners, shape `(boxes, 2)`.
            size: Width and height of each box.
            texts: What stands in each box.
            fills: Colour of each box.
            edges: Colour of each outline; white if not given.
        """
        corners = np.reshape(np.asarray(corners, float), (-1, 2))
        square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size
        self._boxes.set_verts(corners[:, None] + square)
        # An array of colours is taken as it is, which is faster than a list.
        self._boxes.set_facecolor(fills)
        self._boxes.set_edgecolor(style.PAPER if edges is None else edges)
        self.texts = list(texts)
        outlines = [_outline(text, self._fontsize) for text in texts]
        widest = self._scale * max((wide for _, wide in outlines), default=0)
        shrink = min(1.0, (size[0] - 4) / widest) if widest else 1.0
        self._letters.set_transform(Affine2D().scale(self._scale * shrink))
        self._letters.set_paths([path for path, _ in outlines])
        self._letters.set_offsets(corners + np.array(size) / 2)


@lru_cache(maxsize=2000)
def _outline(text: str, fontsize: float) -> tuple[Path, float]:
    """Return the letters of a text around the origin and their width."""
    if NUMERIC.issuperset(text):
        # To put known signs together is ten times as fast as a new layout,
        # and numbers are new at every move. Digits have no kerning.
        x, parts = 0.0, []
        for sign in text:
            points, codes, advance = _sign(sign, fontsize)
            parts.append((np.add(points, (x, 0)), codes))
            x += advance
        points, codes = map(np.concatenate, zip(*parts, strict=True))
    else:
        letters = TextPath((0, 0), text, size=fontsize)
        points, codes = letters.vertices, letters.codes
    # get_extents gives the same numbers and takes 40 times as long: it looks
    # how far every curve bulges, but a letter has points where it is widest.
    across = points[codes != Path.CLOSEPOLY, 0]
    left, right = across.min(), across.max()
    middle = np.array([(left + right) / 2, 0.36 * fontsize])
    return Path(points - middle, codes), right - left


@lru_cache(maxsize=200)
def _sign(sign: str, fontsize: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the outline of a digit, and where the one behind it begins."""
    pair, zero = (
        TextPath((0, 0), text, size=fontsize) for text in (sign + "0", "0")
    )
    end = len(pair.vertices) - len(zero.vertices)
    advance = pair.vertices[end, 0] - zero.vertices[0, 0]
    return pair.vertices[:end], pair.codes[:end], advance


def broadcasting(
    first: str | Iterable = "4, 1, 3", second: str | Iterable = "5, 3"
) -> Explorer:
    """Explore which shapes can be combined, and what comes out.

    Args:
        first: A shape: a text such as "4, 1, 3", a tuple, a list or a
            `tf.TensorShape`; "" and () are a single number.
        second: Another one.

    Returns:
        An explorer with the controls `first` and `second`.
    """
    live, axes = canvas(6.8, 3.0)
    for row, name in enumerate(("first", "second", "result")):
        axes.text(14, 74 + 70 * row, name, va="center", fontweight="bold")
    axes.plot([14, 666], [179, 179], color=style.FAINT, lw=1)
    _legend(
        axes,
        272,
        {
            "as it is": _pale(style.BLUE),
            "stretched": _pale(style.ORANGE),
            "becomes 0": style.FAINT,
            "missing, counts as 1": style.PAPER,
            "do not fit": _pale(style.RED, 0.7),
            "result": _pale(style.GREEN),
        },
    )
    boxes = Cells(axes, fontsize=12)
    heads = Cells(axes, fontsize=9)
    live.moving(*boxes.artists, *heads.artists)

    def show_rows(rows: Iterable[list[tuple]]) -> None:
        corners, looks = [], []
        for i, row in enumerate(rows):
            row = row or [("no axes", style.PAPER, style.PAPER)]
            for place, look in enumerate(row, -len(row)):
                corners.append((668 + 96 * place, 51 + 70 * i))
                looks.append(look)
        boxes.show(corners, (86, 46), *zip(*looks, strict=True))

    def update(first: str, second: str) -> str:
        shapes, complaints = [], []
        for text in (first, second):
            try:
                shapes.append(parse_shape(text))
            except ValueError as error:
                complaints.append(str(error))
                shapes.append(None)
        if complaints:
            # Draw the shape that can be read, and a question mark otherwise.
            unknown = [("?", _pale(style.RED), style.RED)]
            rows = [
                unknown if shape is None else [_look(0, n, n) for n in shape]
                for shape in shapes
            ] + [unknown]
            show_rows(rows)
            heads.show([], (86, 24), [], [])
            return " ".join(complaints)
        sizes, result = align(*shapes)
        rank = len(result)
        left = 668 - 96 * rank
        show_rows(
            [_look(row, *pair) for pair in zip(entries, result, strict=True)]
            for row, entries in enumerate([*sizes, result])
        )
        heads.show(
            [(left + 96 * c, 18) for c in range(rank)],
            (86, 24),
            [f"axis −{rank - c}" for c in range(rank)],
            [style.PAPER] * rank,
        )
        return _explain(*shapes, sizes, result)

    first, second = (
        shape if isinstance(shape, str) else ", ".join(map(str, shape)) or "()"
        for shape in (first, second)
    )
    controls = {
        "first": widgets.Text(value=first, description="first shape"),
        "second": widgets.Text(value=second, description="second shape"),
    }
    for control in controls.values():
        control.layout.width = "240px"
    return Explorer("broadcasting", controls, live, update)


def parse_shape(text: str) -> tuple[int, ...]:
    """Read a shape that somebody typed.

    Args:
        text: Whole numbers with commas or spaces between them, with or
            without brackets, e.g. "4, 1, 3" or "(5,)"; "" is a scalar.
            Full-width characters count as the usual ones.

    Returns:
        The shape.

    Raises:
        ValueError: The text is no shape; the message says why.
    """
    said = f"“{_short(text)}” is no shape:"
    inner = unicodedata.normalize("NFKC", text).strip()
    if inner[:1] + inner[-1:] in ("()", "[]"):
        inner = inner[1:-1].strip()
    if not inner:
        return ()
    inner = re.sub(r"\s*[,、]$", "", inner)
    parts = re.split(r"\s*[,、×]\s*|\s+", inner)
    for part in parts:
        if not part:
            raise ValueError(f"{said} a size is missing beside a comma.")
        if re.fullmatch(r"[-−]\s*[0-9]+", part):
            raise ValueError(f"{said} {part} is negative, sizes start at 0.")
        if not re.fullmatch(r"[0-9]+", part):
            raise ValueError(
                f"{said} “{_short(part)}” is no whole number. Write the "
                "sizes with commas between them, such as 4, 1, 3."
            )
        # Not int(part) > MAX_SIZE: Python refuses to read 5,000 digits.
        if len(part.lstrip("0")) > len(str(MAX_SIZE)):
            raise ValueError(f"{said} a size is at most {MAX_SIZE:,} here.")
    if len(parts) > MAX_RANK:
        raise ValueError(
            f"{said} the picture has room for {MAX_RANK} axes, "
            f"but this has {len(parts)}."
        )
    return tuple(map(int, parts))


def align(
    first: Sequence[int], second: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Write two shapes below each other, right-aligned, and combine them.

    Args:
        first: A shape.
        second: Another one.

    Returns:
        The sizes, shape `(2, rank)`, with −1 where an axis is missing; and
        the result, shape `(rank,)`, with −2 where two sizes do not fit.
    """
    rank = max(len(first), len(second))
    sizes = np.full((2, rank), MISSING)
    for row, shape in zip(sizes, (first, second), strict=True):
        row[rank - len(shape) :] = shape
    one, other = np.where(sizes == MISSING, 1, sizes)
    result = np.where(one == 1, other, one)
    fits = (one == other) | (one == 1) | (other == 1)
    return sizes, np.where(fits, result, CLASH)


def _look(row: int, entry: int, result: int) -> tuple[str, Any, Any]:
    """Return text, fill and outline of one box of the broadcasting picture."""
    if row == 2:
        if entry == CLASH:
            return "?", _pale(style.RED, 0.7), style.RED
        return str(entry), _pale(style.GREEN), style.GREEN
    if entry == MISSING:
        text = "(1)" if result == 1 else f"(1) → {result}"
        return text, style.PAPER, style.GREY
    if result == CLASH:
        return str(entry), _pale(style.RED, 0.7), style.RED
    if entry == 1 and result == 0:
        return "1 → 0", style.FAINT, style.GREY
    if entry == 1 and result != 1:
        return f"1 → {result}", _pale(style.ORANGE), style.ORANGE
    return str(entry), _pale(style.BLUE), style.BLUE


def _explain(
    first: tuple[int, ...],
    second: tuple[int, ...],
    sizes: np.ndarray,
    result: np.ndarray,
) -> str:
    """Say what broadcasting does with two shapes, or why it cannot."""
    rank = len(result)
    clashes = [i - rank for i in np.flatnonzero(result == CLASH)]
    if clashes:
        axis = clashes[-1]
        one, other = (int(size) for size in sizes[:, axis])
        words = (
            f"{first} and {second} do not fit: along axis {_minus(axis)} the "
            f"first has {one}, the second {other}, and neither is 1."
        )
        if len(clashes) > 1:
            words += f" {len(clashes)} axes clash in all."
        return words + _advice(first, second)
    whole = tuple(int(size) for size in result)
    words = []
    for name, row in zip(("first", "second"), sizes, strict=True):
        grows = np.isin(row, (1, MISSING))
        for what, there in (
            ("is stretched", result > 1),
            ("becomes 0", result == 0),
        ):
            moved = [_minus(i - rank) for i in np.flatnonzero(grows & there)]
            if moved:
                word = "axis" if len(moved) == 1 else "axes"
                words.append(
                    f"the {name} {what} along {word} {', '.join(moved)}"
                )
    how = "; ".join(words) or "nothing is stretched"
    return f"{first} and {second} give {whole}: {how}."


def _advice(first: tuple[int, ...], second: tuple[int, ...]) -> str:
    """Propose an axis of size 1 that makes two shapes fit, if one does."""
    short, long = sorted((first, second), key=len)
    for shape, other in ((short, long), (long, short)):
        for place in range(len(shape), -1, -1):
            longer = (*shape[:place], 1, *shape[place:])
            if len(longer) <= MAX_RANK and CLASH not in align(longer, other)[1]:
                return (
                    f" {shape} would fit as {longer}: insert an axis of size 1."
                )
    return " Make the two sizes equal, or one of them 1."


def axis(
    block: Any, names: Sequence[str] = ("axis 0", "axis 1", "axis 2")
) -> Explorer:
    """Explore which cells of a block a reduction collapses into one.

    Args:
        block: Numbers of rank 3 (array or tensor), at most 4 × 4 × 6. Whole
            numbers are taken as floats, so that the mean of 1 and 2 is 1.5;
            of integers, `tf.reduce_mean` makes an integer.
        names: What the three axes mean, e.g. "class".

    Returns:
        An explorer with the controls `operation`, `axis`, `keepdims` and
        `cell`, which chooses a cell of the result.

    Raises:
        ValueError: The block has another rank, too many cells or no numbers,
            or there are not three names.
    """
    block = _block(block)
    if len(names) != 3:
        raise ValueError(f"names has {len(names)} entries, expected 3.")
    labels, left_over = [], []
    for i, name in enumerate(names):
        plain = name == f"axis {i}"
        name = _short(name, 16)
        labels.append(name if plain else f"axis {i}: {name}")
        left_over.append(f"{name} of block" if plain else name)
    live, axes = canvas(6.8, 3.9)
    pixels = _cell_size(block.shape)
    source = _corners(block.shape, pixels) + np.array([78, 52])
    start = 414  # beside the widest block and the labels of the result
    axes.text(78, 14, f"block {block.shape}", va="center", fontweight="bold")
    _name(_axis_labels(axes, 78, (14, 36)), labels)
    for i in range(block.shape[0]):
        y = source[i * block[0].size, 1] + pixels[1] / 2
        axes.text(60, y, f"[{i}]", ha="center", va="center")
    cells = Cells(axes)
    numbers = [_number(value) for value in block.flat]
    title = axes.text(start, 14, "", va="center", fontweight="bold")
    results = Cells(axes)
    notice = axes.text(start, 60, "", va="top", fontsize=9, color=style.INK)
    kept_names = _axis_labels(axes, start, (start - 38, start - 16))
    live.moving(title, notice, *kept_names, *cells.artists, *results.artists)

    def update(operation: str, axis: Any, keepdims: bool, cell: int) -> str:
        along = (axis,) if isinstance(axis, int) else axis
        lost = operation == "argmax" and len(along) > 1
        kept = keepdims and operation != "argmax"
        left = [
            "" if i in along else name
            for i, name in enumerate(left_over)
            if (kept or i not in along) and not lost
        ]
        _name(kept_names, [""] * (3 - len(left)) + left)
        if lost:
            results.show([], pixels, [], [])
            title.set_text("no result")
            notice.set_text("argmax takes one axis")
            _mark(cells, source, pixels, numbers, style.BLUE, [])
            return (
                "argmax gives a place along one axis, so it takes one axis: "
                "choose 0, 1 or 2."
            )
        value, groups = reduce(block, operation, along, kept)
        title.set_text(f"{operation} {value.shape}")
        notice.set_text("")
        controls["cell"].max = value.size - 1
        cell = min(cell, value.size - 1)
        members = np.flatnonzero(groups.ravel() == cell)
        _mark(cells, source, pixels, numbers, style.BLUE, members)
        corners = _corners(value.shape, pixels) + np.array([start, 52])
        texts = [_number(one) for one in value.flat]
        _mark(results, corners, pixels, texts, style.GREEN, [cell])
        return _collapse(block, operation, along, value, cell, members) + (
            " (tf.argmax has no keepdims.)" if keepdims and not kept else ""
        )

    controls = {
        "operation": widgets.Dropdown(
            options=list(OPERATIONS), description="operation"
        ),
        "axis": widgets.Dropdown(
            options=[
                ("0", 0),
                ("1", 1),
                ("2", 2),
                ("(0, 1)", (0, 1)),
                ("(0, 2)", (0, 2)),
                ("(1, 2)", (1, 2)),
                ("all of them", (0, 1, 2)),
            ],
            description="axis",
        ),
        "keepdims": widgets.Checkbox(
            value=False, description="keepdims", indent=False
        ),
        "cell": widgets.IntSlider(
            value=0, min=0, max=block.size - 1, description="cell of result"
        ),
    }
    return Explorer("axis", controls, live, update)


OPERATIONS = {
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "argmax": np.argmax,
}


def reduce(
    block: np.ndarray, operation: str, along: tuple[int, ...], keepdims: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Collapse axes of a block and tell which cell went where.

    Args:
        block: Any array.
        operation: A key of `OPERATIONS`.
        along: The axes that are collapsed; one only for "argmax".
        keepdims: Whether a collapsed axis stays, with size 1.

    Returns:
        The result, and an array in the shape of `block` that gives for each
        of its cells the place in the flattened result.
    """
    chosen = along[0] if operation == "argmax" else along
    with np.errstate(all="ignore"):
        value = OPERATIONS[operation](block, axis=chosen, keepdims=keepdims)
    kept = [1 if i in along else n for i, n in enumerate(block.shape)]
    places = np.arange(np.prod(kept, dtype=int)).reshape(kept)
    return np.asarray(value), np.broadcast_to(places, block.shape)


def _mark(
    cells: Cells,
    corners: np.ndarray,
    pixels: tuple[float, float],
    texts: Sequence[str],
    colour: str,
    members: Sequence[int],
) -> None:
    """Show cells of one colour, some of them marked."""
    inside = np.zeros(len(texts), bool)
    inside[list(members)] = True
    fills = np.where(
        inside[:, None], _pale(style.ORANGE, 0.7), _pale(colour, 0.25)
    )
    edges = np.where(inside[:, None], to_rgba(style.INK), to_rgba(style.PAPER))
    # Outlines of marked cells must not be covered by their neighbours.
    order = np.argsort(inside, kind="stable")
    cells.show(
        corners[order],
        pixels,
        [texts[i] for i in order],
        fills[order],
        edges[order],
    )


def _collapse(
    block: np.ndarray,
    operation: str,
    along: tuple[int, ...],
    value: np.ndarray,
    cell: int,
    members: np.ndarray,
) -> str:
    """Say what the chosen cell of a reduction was made of."""
    which = f"axis {along[0]}" if len(along) == 1 else f"axes {along}"
    place = ", ".join(map(str, np.unravel_index(cell, value.shape)))
    place = f"[{place}]" if place else ""
    numbers = [_number(block.flat[i]) for i in members[:6]]
    if len(members) > 6:
        numbers.append("…")
    many = "1 cell stays"
    if len(members) > 1:
        many = f"{len(members)} cells become"
    found = value.flat[cell]
    text = _number(found)
    rounded = float(text.replace("−", "-"))
    same = np.isclose(rounded, found, rtol=1e-6, atol=0, equal_nan=True)
    return (
        f"{operation} along {which}: {block.shape} → {value.shape}, "
        f"{many} one. result{place} = {operation}({', '.join(numbers)}) "
        f"{'=' if same else '≈'} {text}."
    )


def _block(block: Any) -> np.ndarray:
    """Read a block that the axis picture has room for, as floats."""
    try:
        array = np.asarray(block)
    except ValueError as error:
        raise ValueError(
            "The block is ragged: every row needs the same length."
        ) from error
    if array.ndim != 3 or array.dtype.kind not in "iuf":
        raise ValueError(
            f"The block has shape {array.shape} and dtype {array.dtype}, "
            "expected numbers of rank 3, e.g. scores[:2, :3, :4]."
        )
    if 0 in array.shape or (np.array(array.shape) > (4, 4, 6)).any():
        raise ValueError(
            f"The block has shape {array.shape}; the picture has room for at "
            "most (4, 4, 6) and needs one cell. Take a part of it, e.g. "
            "scores[:2, :3, :4]."
        )
    return array.astype(float)


def _cell_size(shape: tuple[int, ...]) -> tuple[float, float]:
    """Return width and height in pixels of the cells of a block."""
    count, rows, columns = shape
    high = min(46, (330 - 14 * (count - 1)) / (count * rows))
    return min(50, 257 / columns), high


def _corners(shape: tuple[int, ...], pixels: tuple[float, float]) -> np.ndarray:
    """Return the corner of each cell; matrices stand below each other.

    Args:
        shape: Shape of an array of rank 0 to 3.
        pixels: Width and height of a cell.

    Returns:
        Upper left corners in the order of memory, shape `(cells, 2)`.
    """
    full = (1,) * (3 - len(shape)) + tuple(shape)
    sheet, row, column = np.indices(full).reshape(3, -1)
    width, height = pixels
    gap = sheet * (full[1] * height + 14)
    return np.stack([column * width, row * height + gap], axis=1)


def reshape_or_transpose(rows: int = 2, columns: int = 3) -> Explorer:
    """Explore where the numbers of a matrix go, also in memory.

    Args:
        rows: Rows of the matrix to begin with, 1 to 4.
        columns: Columns to begin with, 1 to 6.

    Returns:
        An explorer with the controls `rows`, `columns` and `operation`.

    Raises:
        ValueError: `rows` or `columns` is outside its range.
    """
    rows = _count("rows", rows, 4)
    columns = _count("columns", columns, 6)
    live, axes = canvas(6.8, 3.7)
    titles = [
        axes.text(x, 16, "", va="center", fontweight="bold") for x in (126, 410)
    ]
    strip_names = [
        axes.text(7, 0, f"memory of {name}", va="center", fontsize=9)
        for name in ("x", "result")
    ]
    matrices = Cells(axes)
    strips = Cells(axes, fontsize=9)
    ways = LineCollection([], linewidths=1.8)
    axes.add_collection(ways, autolim=False)
    live.moving(*titles, *strip_names, ways)
    live.moving(*matrices.artists, *strips.artists)

    def update(rows: int, columns: int, operation: str) -> str:
        x, result = rearrange(rows, columns, operation)
        colours = [_pale(ROWS[r], 0.5) for r in x.ravel() // columns]
        side = min(44, 192 / max(x.shape))
        corners = [
            _corners(array.shape, (side, side)) + np.array([left, 34])
            for array, left in ((x, 126), (result, 410))
        ]
        numbers = np.concatenate([x.ravel(), result.ravel()])
        texts = [str(n) for n in numbers]
        fills = [colours[n] for n in numbers]
        matrices.show(np.concatenate(corners), (side, side), texts, fills)
        wide = min(32, 544 / x.size)
        top = 34 + side * max(x.shape) + 24
        above = np.array([(126 + wide * i, top) for i in range(x.size)])
        below = above + np.array([0, 82])
        strip_names[0].set_y(top + 13)
        strip_names[1].set_y(top + 95)
        strips.show(np.concatenate([above, below]), (wide, 26), texts, fills)
        goes_to = np.argsort(result.ravel())
        begin = above + np.array([wide / 2, 28])
        end = below[goes_to] + np.array([wide / 2, -2])
        ways.set_segments(np.stack([begin, end], axis=1))
        ways.set_color([ROWS[r] for r in x.ravel() // columns])
        titles[0].set_text(f"x  {x.shape}")
        titles[1].set_text(f"{operation}  {result.shape}")
        return _moves(x, result, operation)

    controls = {
        "rows": widgets.IntSlider(value=rows, min=1, max=4, description="rows"),
        "columns": widgets.IntSlider(
            value=columns, min=1, max=6, description="columns"
        ),
        "operation": widgets.ToggleButtons(
            options=["reshape", "transpose"], description="operation"
        ),
    }
    return Explorer("reshape or transpose", controls, live, update)


def _count(name: str, value: Any, most: int) -> int:
    """Read a number of rows or columns."""
    try:
        number = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = 0
    if not 1 <= number <= most:
        raise ValueError(
            f"{name} is {value!r}, expected a whole number, 1 to {most}."
        )
    return number


ROWS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE)


def rearrange(
    rows: int, columns: int, operation: str
) -> tuple[np.ndarray, np.ndarray]:
    """Turn a matrix of 0, 1, 2, … into one with rows and columns exchanged.

    Args:
        rows: Rows of the matrix.
        columns: Its columns.
        operation: "reshape" keeps the order of the numbers in memory;
            "transpose" makes rows into columns.

    Returns:
        The matrix, shape `(rows, columns)`, and the result, shape
        `(columns, rows)`.
    """
    x = np.arange(rows * columns).reshape(rows, columns)
    if operation == "transpose":
        return x, np.ascontiguousarray(x.T)
    return x, x.reshape(columns, rows)


def _moves(x: np.ndarray, result: np.ndarray, operation: str) -> str:
    moved = int((x.ravel() != result.ravel()).sum())
    words = f"{operation} {x.shape} → {result.shape}: "
    if operation == "reshape" and x.shape == result.shape:
        return words + "the shape is the same, so nothing changes at all."
    if 1 in x.shape:
        return words + (
            "no number moves in memory; with one row or one column, reshape "
            "and transpose agree."
        )
    if operation == "reshape":
        return words + (
            "no number moves in memory, but rows are cut elsewhere: "
            f"result[0] is {result[0].tolist()}, x[0] is {x[0].tolist()}."
        )
    return words + (
        f"{moved} of {x.size} numbers move in memory, and rows become "
        f"columns: result[:, 0] is x[0], {x[0].tolist()}."
    )


def canvas(width: float, height: float) -> tuple[LiveFigure, Axes]:
    """Make a live figure that is drawn on in pixels, y pointing down."""
    live = LiveFigure(width, height)
    live.figure.set_layout_engine("none")
    axes = live.figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, 100 * width), ylim=(100 * height, 0))
    return live, axes


def _axis_labels(
    axes: Axes, left: float, sides: tuple[float, float]
) -> list[Text]:
    """Make labels for matrices that stand below each other, from y = 52.

    Args:
        axes: Where to draw.
        left: Left end of the matrices.
        sides: Where the labels of the first two axes stand.

    Returns:
        A label for each of three axes, empty so far.
    """
    look = {"fontsize": 9, "parse_math": False}
    return [
        *(
            axes.text(x, 52, "", ha="center", va="top", rotation=90, **look)
            for x in sides
        ),
        axes.text(left, 38, "", va="center", **look),
    ]


def _name(labels: Sequence[Text], names: Sequence[str]) -> None:
    """Write names, or nothing for "", and arrows into labels of axes."""
    # The first two are turned, so that this arrow points down.
    for label, name, arrow in zip(
        labels, names, ("← {}", "← {}", "{} →"), strict=True
    ):
        label.set_text(name and arrow.format(name))


def _legend(axes: Axes, y: float, entries: dict[str, Any]) -> None:
    """Draw a row of small boxes with their meanings."""
    x = 14.0
    for text, fill in entries.items():
        box = PolyCollection(
            [[(x, y), (x + 14, y), (x + 14, y + 14), (x, y + 14)]],
            facecolors=[fill],
            edgecolors=[style.GREY],
        )
        axes.add_collection(box, autolim=False)
        axes.text(x + 20, y + 7, text, va="center", fontsize=9)
        x += 40 + 6.4 * len(text)


def _pale(colour: str, strength: float = 0.4) -> tuple[float, ...]:
    """Mix a colour of the palette with white."""
    return tuple(1 - strength * (1 - part) for part in to_rgba(colour)[:3])


def _number(value: Any) -> str:
    """Write a number so that it fits into a cell."""
    if np.isfinite(value) and value == int(value) and abs(value) < 1e6:
        text = str(int(value))
    else:
        text = f"{value:.4g}"
        text = text if len(text.lstrip("-")) < 8 else f"{value:.1e}"
    return text.replace("-", "−")


def _minus(value: int) -> str:
    return str(value).replace("-", "−")


def _short(text: str, most: int = 24) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"
