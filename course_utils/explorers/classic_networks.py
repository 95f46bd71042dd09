"""The explorer of lecture 09, classic networks: architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from course_utils import style
from course_utils.explorers.explorer import Explorer
from course_utils.inspection import Layer
from course_utils.live import LiveFigure

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

NONE = "none"
COUNTS = "counts, logarithmic"
SHARES = "shares of the total"
MERGING = {"Add", "Concatenate", "Multiply", "Average", "Maximum", "Subtract"}
QUIET = {"Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"}

# What stands for what in the picture.
KINDS = {
    "convolution": style.BLUE,
    "pooling": style.GREEN,
    "dense": style.ORANGE,
    "branches meet": style.PURPLE,
    "other": style.GREY,
}
TALLEST = 96  # pixels of the longest edge of all blocks
THICKEST = 36  # pixels of the most channels, where there is room
LEFT, RIGHT, GAP = 58, 748, 22  # pixels: edges of the axes, between networks
ROWS = ((238, 148), (142, 72), (40, 72))  # blocks and bars: lower edge, height


class Step(NamedTuple):
    """A layer that computes or changes the shape, and what belongs to it.

    Attributes:
        name: Of the layer.
        kinds: Its kind, and those of the layers that are folded into it.
        shape: Of what it gives, height, width and channels.
        parameters: Of all of these layers.
        operations: Multiply-adds of all of these layers for one image.
    """

    name: str
    kinds: tuple[str, ...]
    shape: tuple[int, ...]
    parameters: int
    operations: int


def folded(table: Sequence[Layer]) -> list[Step]:
    """Fold activations, normalisation and dropout into the layer before.

    Where branches stand side by side, Keras lists first the convolutions and
    then what follows them: a layer goes to the last one of its shape that
    has no layer of its kind yet.

    Args:
        table: What `inspection.layer_table` returned.

    Returns:
        The layers that compute, pool, merge or change the shape.
    """
    steps: list[Step] = []
    for layer in table:
        if not steps or not _folds(layer, steps[-1]):
            steps.append(
                Step(
                    layer.name,
                    (layer.kind,),
                    tuple(layer.shape),
                    layer.parameters,
                    layer.operations,
                )
            )
            continue
        fitting = [k for k, s in enumerate(steps) if s.shape == layer.shape]
        free = [k for k in fitting if layer.kind not in steps[k].kinds]
        place = (free or fitting or [len(steps) - 1])[-1]
        step = steps[place]
        steps[place] = step._replace(
            kinds=(*step.kinds, layer.kind),
            parameters=step.parameters + layer.parameters,
        )
    return steps


def _folds(layer: Layer, before: Step) -> bool:
    kind = layer.kind
    if layer.operations or "Pooling" in kind or kind in MERGING:
        return False
    if kind in QUIET or kind.endswith(("Normalization", "Dropout")):
        return True
    return not layer.parameters and tuple(layer.shape) == before.shape


def architecture(tables: Mapping[str, Sequence[Layer]]) -> Explorer:
    """Step through a network, or through two side by side.

    Every block is what a layer gives: its height and width are the edges,
    its channels the thickness, all on a logarithmic scale. Below stand the
    parameters and the multiply-adds of each layer. Activations,
    normalisation and dropout are counted with the layer before them.

    Args:
        tables: For the name of each network what `inspection.layer_table`
            returns for it.

    Returns:
        An explorer with the controls `first` and `second` (networks; the
        second may be "none"), `layer` (0 is the input) and `bars`.

    Raises:
        ValueError: There are no tables, one is empty or holds something
            else, or the size of an image is not fixed.
    """
    networks = _checked(tables)
    live = LiveFigure(7.6, 4.3)
    live.figure.set_layout_engine("none")
    columns = [Column(live), Column(live)]
    live.figure.legend(
        handles=[
            *(
                Patch(color=colour, label=kind)
                for kind, colour in KINDS.items()
            ),
            Patch(color=style.INK, label="chosen"),
        ],
        loc="lower center",
        ncols=len(KINDS) + 1,
        fontsize=8,
        handlelength=1,
        columnspacing=1.4,
        borderaxespad=0.2,
    )
    before = None

    def update(first: str, second: str, layer: int, bars: str) -> str:
        nonlocal before
        names = [first] if second == NONE else [first, second]
        shown = [networks[name] for name in names]
        if before != (first, second, bars):
            before = (first, second, bars)
            _arrange(columns, names, shown, bars)
            live.still_changed()
        for column, steps in zip(columns, shown, strict=False):
            column.choose(min(layer, len(steps) - 1))
        if second == NONE:
            return _said(first, shown[0], layer)
        return _compared(names, shown, layer)

    controls = {
        "first": widgets.Dropdown(options=list(networks)),
        "second": widgets.Dropdown(options=[NONE, *networks]),
        "layer": widgets.IntSlider(),
        "bars": widgets.Dropdown(options=[COUNTS, SHARES]),
    }
    for name, control in controls.items():
        control.description = name

    def fit(change: dict | None = None) -> None:
        names = controls["first"].value, controls["second"].value
        longest = max(len(networks.get(name, [])) for name in names)
        controls["layer"].max = longest - 1

    # Before the explorer hears of another network, the layer fits it.
    fit()
    for name in ("first", "second"):
        controls[name].observe(fit, "value")
    return Explorer("architecture", controls, live, update)


class Column:
    """The picture of one network: a row of blocks above two rows of bars.

    Args:
        live: The figure.
    """

    def __init__(self, live: LiveFigure) -> None:
        self._size = live.canvas.get_width_height()
        self.axes: list[Axes] = []
        self._still: list[PolyCollection] = []
        self._chosen: list[PolyCollection] = []
        self._polygons: list[list[np.ndarray]] = []
        for _ in ROWS:
            axes = live.figure.add_axes((0, 0, 1, 1))
            axes.grid(visible=False, axis="x")
            axes.tick_params(labelsize=8)
            self.axes.append(axes)
            for drawn in (self._still, self._chosen):
                shapes = PolyCollection([], edgecolors=style.PAPER, lw=0)
                axes.add_collection(shapes, autolim=False)
                drawn.append(shapes)
        blocks = self.axes[0]
        blocks.set_axis_off()
        self._shape = blocks.text(0, 0, "", fontsize=10, ha="center")
        self._shape.set_y(ROWS[0][1] - 14)
        faces = _faces([style.INK])
        for chosen, colours in zip(
            self._chosen, (faces, style.INK, style.INK), strict=True
        ):
            chosen.set_facecolor(colours)
        live.moving(self._shape, *self._chosen)

    def hide(self) -> None:
        """Leave the place of this network empty."""
        for artist in (*self.axes, self._shape, *self._chosen):
            artist.set_visible(False)

    def show(self, left: float, width: float) -> None:
        """Give the network a place.

        Args:
            left: Left edge, pixels.
            width: Pixels.
        """
        for artist in (*self.axes, self._shape, *self._chosen):
            artist.set_visible(True)
        across, up = self._size
        for axes, (low, height) in zip(self.axes, ROWS, strict=True):
            axes.set_position(
                (left / across, low / up, width / across, height / up)
            )
        self.axes[0].set(xlim=(0, width), ylim=(0, ROWS[0][1]))

    def draw(
        self,
        name: str,
        steps: list[Step],
        edges: np.ndarray,
        bars: list[np.ndarray],
    ) -> None:
        """Draw a network.

        Args:
            name: Of the network.
            steps: What `folded` made of its table.
            edges: Height, depth and thickness of each block, pixels, shape
                `(steps, 3)`.
            bars: Heights of the parameters and of the multiply-adds, each
                of shape `(steps,)`.
        """
        self._steps = steps
        parameters, operations = _totals(steps)
        self.axes[0].set_title(
            f"{_cut(name)}\n{_short(parameters)} parameters, "
            f"{_short(operations)} multiply-adds",
            fontsize=10,
        )
        blocks, *below = self.axes
        slot = blocks.get_xlim()[1] / len(steps)
        colours = [KINDS[_kind(step)] for step in steps]
        self._polygons = [
            [_prism(slot * (k + 0.5), *block) for k, block in enumerate(edges)]
        ]
        self._still[0].set_facecolor(_faces(colours))
        for shapes in (self._still[0], self._chosen[0]):
            shapes.set_linewidth(min(0.6, slot / 25))
        wide = min(0.38, 14 / slot)  # of a bar, half, in layers
        for axes, shapes, heights in zip(
            below, self._still[1:], bars, strict=True
        ):
            low, top = axes.get_ylim()
            self._polygons.append(
                [
                    # The bar, and a line that shows where it would be.
                    np.stack(
                        [
                            _bar(k, wide, low, max(height, low)),
                            _bar(k, 0.4 / slot, low, top),
                        ]
                    )
                    for k, height in enumerate(heights)
                ]
            )
            shapes.set_facecolor(colours)
            axes.set_xlim(-0.5, len(steps) - 0.5)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        below[0].tick_params(labelbottom=False)
        prisms, *rows = self._polygons
        self._still[0].set_verts(np.concatenate(prisms))
        for shapes, polygons in zip(self._still[1:], rows, strict=True):
            shapes.set_verts([bar for bar, _ in polygons])

    def choose(self, layer: int) -> None:
        """Mark a layer.

        Args:
            layer: Its number, 0 is the first.
        """
        for chosen, polygons in zip(self._chosen, self._polygons, strict=True):
            chosen.set_verts(polygons[layer])
        block, *after = self._polygons[0][layer : layer + 2]
        if after and block[..., 0].max() > after[0][..., 0].min():
            # Its top and side would hide the next block: mark the front.
            self._chosen[0].set_verts(block[:1])
        # The only text that moves: texts take longer than all the rest.
        self._shape.set_text(_shape(self._steps[layer].shape))
        corners = self._polygons[0][layer]
        width = self.axes[0].get_xlim()[1]
        middle = (corners[..., 0].min() + corners[..., 0].max()) / 2
        self._shape.set_x(min(max(middle, 40), width - 40))


def _arrange(
    columns: list[Column],
    names: list[str],
    shown: list[list[Step]],
    bars: str,
) -> None:
    """Draw one or two networks, to the same scales."""
    width = (RIGHT - LEFT - GAP * (len(shown) - 1)) / len(shown)
    shapes = [np.array([_three(step.shape) for step in s]) for s in shown]
    longest = max(s[:, :2].max() for s in shapes)
    deepest = max(s[:, 2].max() for s in shapes)
    counts = [
        [np.array([step[place] for step in s], float) for place in (-2, -1)]
        for s in shown
    ]
    if bars == SHARES:
        counts = [
            [100 * count / max(count.sum(), 1) for count in two]
            for two in counts
        ]
    for column in columns[len(shown) :]:
        column.hide()
    for number, column in enumerate(columns[: len(shown)]):
        column.show(LEFT + number * (width + GAP), width)
        for row, (axes, word) in enumerate(
            zip(column.axes[1:], ("Parameters", "Multiply-adds"), strict=True)
        ):
            _scale(axes, [two[row] for two in counts], bars)
            unit = ", % of the network" if bars == SHARES else ""
            axes.set_title(f"{word} of each layer{unit}", fontsize=9)
            axes.tick_params(labelleft=number == 0)
        slot = width / len(shown[number])
        tall, wide, deep = shapes[number].T
        edges = np.stack(
            [
                TALLEST * _logarithmic(tall, longest),
                # Not so far that a block hides more than its neighbours.
                np.minimum(
                    0.28 * TALLEST * _logarithmic(wide, longest), 1.6 * slot
                ),
                min(THICKEST, 0.8 * slot) * _logarithmic(deep, deepest),
            ],
            axis=1,
        )
        column.draw(names[number], shown[number], edges, counts[number])


def _scale(axes: Axes, heights: list[np.ndarray], bars: str) -> None:
    """Choose an axis on which all bars can be seen."""
    heights = np.concatenate(heights)
    if bars == SHARES:
        axes.set_yscale("linear")
        axes.set_ylim(0, 1.08 * max(heights.max(), 1))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        return
    heights = heights[heights > 0]
    axes.set_yscale("log")
    axes.minorticks_off()
    low, high = (heights.min(), heights.max()) if heights.size else (1, 1)
    axes.set_ylim(10 ** np.floor(np.log10(low / 2)), 1.5 * high + 1)


def _logarithmic(sizes: np.ndarray, largest: int) -> np.ndarray:
    """Return lengths up to 1: doubling adds the same, and 1 is not nothing."""
    return (np.log2(sizes) + 0.6) / (np.log2(largest) + 0.6)


def _prism(x: float, tall: float, far: float, thick: float) -> np.ndarray:
    """Return front, top and side of a block in pixels, shape `(3, 4, 2)`."""
    left, right = x - thick / 2, x + thick / 2
    low, high = 4 + (TALLEST - tall) / 2, 4 + (TALLEST + tall) / 2
    return np.array(
        [
            [(left, low), (left, high), (right, high), (right, low)],
            [
                (left, high),
                (left + far, high + far),
                (right + far, high + far),
                (right, high),
            ],
            [
                (right, low),
                (right, high),
                (right + far, high + far),
                (right + far, low + far),
            ],
        ]
    )


def _bar(middle: float, half: float, low: float, high: float) -> np.ndarray:
    left, right = middle - half, middle + half
    return np.array([(left, low), (left, high), (right, high), (right, low)])


def _faces(colours: list[str]) -> list[np.ndarray]:
    """Return three shades for each block: front, top and side."""
    faces = []
    for colour in colours:
        full, paper = np.array(to_rgb(colour)), np.array(to_rgb(style.PAPER))
        faces += [full, 0.55 * full + 0.45 * paper, 0.75 * full]
    return faces


def _kind(step: Step) -> str:
    kind = step.kinds[0]
    if kind in MERGING:
        return "branches meet"
    for part, word in (
        ("Pooling", "pooling"),
        ("Conv", "convolution"),
        ("Dense", "dense"),
    ):
        if part in kind:
            return word
    return "other"


def _three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return height, width and channels; units are channels of one pixel."""
    *sides, channels = shape
    height, width, *_ = [*sides, 1, 1]
    return height, width, channels


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) + (" units" if len(shape) == 1 else "")


def _totals(steps: list[Step]) -> tuple[int, int]:
    return sum(s.parameters for s in steps), sum(s.operations for s in steps)


def _cut(name: str) -> str:
    return name if len(name) <= 16 else f"{name[:15]}…"


def _short(number: int) -> str:
    """Write a large number in four signs or so."""
    for size, sign in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= 0.9995 * size:
            return f"{number / size:#.3g}".rstrip(".") + sign
    return str(number)


def _share(part: int, whole: int) -> str:
    percent = 100 * part / whole if whole else 0
    if 0 < percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.2g} %" if percent < 99.5 else f"{percent:.0f} %"


def _said(name: str, steps: list[Step], layer: int) -> str:
    """Say what a layer is, gives and costs."""
    step = steps[layer]
    parameters, operations = _totals(steps)
    shape = _shape(step.shape)
    # Where branches stand side by side, the layer before may be in another.
    if layer and not any(s.kinds[0] in MERGING for s in steps):
        shape = f"{_shape(steps[layer - 1].shape)} → {shape}"
    kinds = ", ".join(dict.fromkeys(step.kinds))
    text = f"{name}, layer {layer} of {len(steps) - 1}: {_cut(step.name)} "
    text += f"({kinds}), {shape}. "
    if not (step.parameters or step.operations):
        text += "No parameters and no multiply-adds; the network has "
        return text + f"{parameters:,} and {_short(operations)}."
    text += f"{step.parameters:,} parameters, "
    text += f"{_share(step.parameters, parameters)} of {parameters:,}. "
    text += f"{_short(step.operations)} multiply-adds, "
    return (
        text
        + f"{_share(step.operations, operations)} of "
        + f"{_short(operations)}."
    )


def _compared(names: list[str], shown: list[list[Step]], layer: int) -> str:
    """Say what two layers give and cost, and how the networks compare."""
    chosen = [steps[min(layer, len(steps) - 1)] for steps in shown]
    texts = []
    for name, steps, step in zip(names, shown, chosen, strict=True):
        ended = " (its last)" if layer >= len(steps) else ""
        texts.append(
            f"{_cut(name)} {_cut(step.name)}{ended} {_shape(step.shape)}"
        )
    text = f"Layer {layer}: {', '.join(texts)}."
    wholes = [_totals(steps) for steps in shown]
    for place, word in enumerate(("Parameters", "Multiply-adds")):
        parts = [_short(step[place - 2]) for step in chosen]
        one, two = (whole[place] for whole in wholes)
        text += f" {word} {' : '.join(parts)}, in all "
        text += f"{_short(one)} : {_short(two)}"
        text += f" = {one / two:.3g}." if two else "."
    return text


def _checked(
    tables: Mapping[str, Sequence[Layer]],
) -> dict[str, list[Step]]:
    """Return the layers to show of every network."""
    networks = {}
    for name, table in dict(tables).items():
        name, table = str(name), list(table)
        if name == NONE:
            raise ValueError(f'A network cannot be called "{NONE}".')
        fields = Layer._fields
        if not table or not all(
            all(hasattr(row, field) for field in fields) for row in table
        ):
            raise ValueError(
                f"The table of {name} is no list of layers. Give what "
                "inspection.layer_table(model) returns."
            )
        for row in table:
            sizes = tuple(row.shape)
            if not sizes or not all(size and size > 0 for size in sizes):
                raise ValueError(
                    f"Layer {row.name} of {name} gives the shape {sizes}, "
                    "expected sizes above 0. Build the network for images "
                    "of a fixed size."
                )
        networks[name] = folded(table)
    if not networks:
        raise ValueError(
            "There are no networks to show. Give a dictionary from names to "
            "what inspection.layer_table returns."
        )
    return networks
