"""One matplotlib figure inside a widget, redrawn fast.

A figure is drawn once and kept as a background. When a slider moves, only the
artists that moved are drawn on top of it, and the pixels go to the browser as
one PNG. This is four or more times faster than a new figure per change
(`benchmarks/widgets.py` measures it), and nothing flickers.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from course_utils import style

import anywidget
import numpy as np
import traitlets
from isal import isal_zlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageColor


def script(name: str) -> str:
    """Return a script of ours for the browser, with `names.js` before it.

    Args:
        name: A file beside this one, such as "picture.js".
    """
    folder = Path(__file__).parent
    return "\n".join(
        folder.joinpath(part).read_text("utf-8") for part in ("names.js", name)
    )


# The colours of the style, which stored pictures have exactly.
_KEPT = (
    *(style.BLUE, style.ORANGE, style.GREEN, style.RED, style.PURPLE),
    *(style.SKY, style.INK, style.GREY, style.FAINT, style.PAPER),
)


class Picture(anywidget.AnyWidget):
    """An image with a text alternative that reports where it is clicked.

    `ipywidgets.Image` has neither, which is why this exists.
    """

    _esm = script("picture.js")
    png = traitlets.Bytes(b"").tag(sync=True)
    alt = traitlets.Unicode("").tag(sync=True)
    width = traitlets.Int(600).tag(sync=True)
    clickable = traitlets.Bool(False).tag(sync=True)
    click = traitlets.List(traitlets.Float()).tag(sync=True)


class LiveFigure:
    """A figure whose moving artists are redrawn on a saved background.

    Args:
        width: Width in inches; 100 pixels each.
        height: Height in inches.

    Attributes:
        figure: The matplotlib figure. Add axes and static artists to it.
        picture: The widget that shows it.
    """

    def __init__(self, width: float = 6.8, height: float = 3.4) -> None:
        style.apply()
        self.figure = Figure(figsize=(width, height))
        self.canvas = FigureCanvasAgg(self.figure)
        self.picture = Picture(width=round(width * self.figure.dpi))
        self._moving: list[Artist] = []
        self._background = None

    def moving(self, *artists: Artist) -> None:
        """Name the artists that change; everything else is background.

        Args:
            *artists: Artists that are already in the figure.
        """
        for artist in artists:
            artist.set_animated(True)
        self._moving = sorted(
            [*self._moving, *artists], key=lambda artist: artist.zorder
        )
        self._background = None

    def still_changed(self) -> None:
        """Say that the background itself changed: draw it anew next time."""
        self._background = None

    def refresh(self) -> None:
        """Draw the moving artists where they are now and send the picture."""
        if self._background is None:
            self.canvas.draw()
            self._background = self.canvas.copy_from_bbox(self.figure.bbox)
        self.canvas.restore_region(self._background)
        for artist in self._moving:
            artist.axes.draw_artist(artist)
        self.picture.png = _png(self.canvas.buffer_rgba())

    def captioned_png(self, caption: str) -> bytes:
        """Return the picture with a line of text below it.

        This is what is seen where no kernel runs: on GitHub, in a PDF.

        Args:
            caption: What the controls show at the moment.
        """
        width, _ = self.figure.get_size_inches()
        strip = Figure(figsize=(width, 0.4))
        canvas = FigureCanvasAgg(strip)
        strip.text(
            0.01,
            0.5,
            caption,
            verticalalignment="center",
            fontsize=9,
            wrap=True,
        )
        canvas.draw()
        self.refresh()
        both = [np.asarray(c.buffer_rgba()) for c in (self.canvas, canvas)]
        # Stored in notebooks, so small matters more here than fast.
        image = Image.fromarray(np.vstack(both)).convert("RGB")
        stream = io.BytesIO()
        _in_few_colours(image).save(stream, "PNG", optimize=True)
        return stream.getvalue()

    def on_click(self, handler: Callable[[Axes, float, float], None]) -> None:
        """Call a function when the learner clicks into one of the axes.

        Args:
            handler: Takes the axes and the position in data units.
        """

        def clicked(change: dict) -> None:
            across, down = change["new"]
            width, height = self.canvas.get_width_height()
            pixel = (across * width, (1 - down) * height)
            for axes in self.figure.axes:
                if axes.bbox.contains(*pixel):
                    x, y = axes.transData.inverted().transform(pixel)
                    handler(axes, float(x), float(y))

        self.picture.clickable = True
        self.picture.observe(clicked, "click")


def _in_few_colours(image: Image.Image) -> Image.Image:
    """Reduce a picture to 128 colours, and keep those of the style exactly.

    Pillow's default, median cut, merges rare colours with common ones, so that
    a legend might not show its colours. Maximum coverage leaves no colour far
    from what it was, k-means brings the common ones nearer, and the files are
    about a tenth smaller (a kernel over a photograph: a fifth).
    """
    few = image.quantize(128, Image.Quantize.MAXCOVERAGE, kmeans=1)
    as_one_number = (1 << 16, 1 << 8, 1)
    pixels, places = np.asarray(image) @ as_one_number, np.asarray(few)
    palette = few.getpalette()
    for name in _KEPT:
        colour = ImageColor.getrgb(name)
        found = places[pixels == np.dot(colour, as_one_number)]
        if found.size:
            start = 3 * int(found[0])
            palette[start : start + 3] = colour
    few.putpalette(palette)
    return few


def _png(pixels: memoryview | np.ndarray) -> bytes:
    """Encode RGBA pixels of shape (height, width, 4) quickly as PNG.

    Pillow tries several filters on every row; without any, flat drawings take
    no more bytes. And isal compresses them in a fifth of the time of zlib to
    about the same size, photos to a third more.
    """
    pixels = np.asarray(pixels)
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # 0 first: no filter
    for colour in range(3):  # without opacity
        rows[:, 1 + colour :: 3] = pixels[..., colour]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n"
    for kind, data in (
        (b"IHDR", header),
        (b"IDAT", isal_zlib.compress(rows, 2)),
        (b"IEND", b""),
    ):
        check = struct.pack(">I", zlib.crc32(kind + data))
        png += struct.pack(">I", len(data)) + kind + data + check
    return png


class Pixels(Artist):
    """Pixels at a place of a figure, as they are.

    Matplotlib's own images are scaled to their axes at every drawing, which
    takes ten times as long.

    Args:
        live: The figure.
        title: What stands above it.
        x: Left edge, pixels.
        top: Upper edge, pixels above the lower edge of the figure.
        side: Of the square that the pixels are shown in.

    Attributes:
        axes: The square, from 0 to 1 across and up.
        colours: What is shown, shape `(height, width, 4)`.
    """

    def __init__(
        self, live: LiveFigure, title: str, x: int, top: int, side: int
    ) -> None:
        super().__init__()
        across, up = live.canvas.get_width_height()
        axes = live.figure.add_axes(
            (x / across, (top - side) / up, side / across, side / up)
        )
        axes.set_axis_off()
        axes.add_artist(self)
        axes.text(0, 1 + 8 / side, title, fontsize=11)
        self.colours = np.zeros((1, 1, 4), np.uint8)
        self._place = x, top

    def show(self, colours: np.ndarray) -> None:
        """Show other pixels.

        Args:
            colours: Red, green, blue and opacity as bytes, shape
                `(height, width, 4)`, not larger than the square.
        """
        self.colours = colours
        self.stale = True

    def draw(self, renderer: RendererBase) -> None:
        """Copy the pixels into the picture.

        Args:
            renderer: Matplotlib's.
        """
        x, top = self._place
        height = len(self.colours)
        upwards = np.ascontiguousarray(self.colours[::-1])
        renderer.draw_image(renderer.new_gc(), x, top - height, upwards)
