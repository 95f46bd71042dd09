"""The explorer of lecture 10 that watches letters find places: embedding."""

from __future__ import annotations

from collections.abc import Sequence

from course_utils import style
from course_utils.explorers.explorer import Explorer
from course_utils.explorers.tensors import Cells, canvas
from course_utils.explorers.unrolled import visible

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

# The plane in the picture: left and upper edge, width and height, pixels.
LEFT, TOP, WIDE, HIGH = 80, 16, 626, 372
POINTS = 60  # of a trail
NEAREST = 3
FARTHEST = 1e9  # numbers beyond have no place in a picture
NEAR = to_rgba(style.SKY)
PALE = tuple(1 - 0.25 * (1 - part) for part in NEAR)


def embedding(paths: np.ndarray, names: Sequence[str]) -> Explorer:
    """Watch an embedding in the plane while it learns.

    Every letter stands at its two numbers, with its trail behind it. Lines
    lead from the chosen letter to the three that are nearest. Click a letter
    to choose it.

    Args:
        paths: The embedding after every epoch, the untrained one first, shape
            `(epochs, letters, 2)`.
        names: Of the letters, two or more, each once.

    Returns:
        An explorer with the controls `epoch` (from 0) and `letter`.

    Raises:
        ValueError: The shape does not fit, no number is finite, or there is
            not one name for each letter.
    """
    paths, names = _checked(paths, names)
    epochs, count, _ = paths.shape
    live, page = canvas(7.2, 4.4)
    places = _placed(live.figure.add_axes(_share()), paths)
    wide = 10 + 8 * min(max(map(len, names)), 6)
    # All trails, that of the chosen letter once more, and lines to the nearest.
    lines = LineCollection(
        [],
        lw=[0.8] * count + [1.8] + [1.2] * NEAREST,
        colors=[to_rgba(style.GREY, 0.45)] * count
        + [style.START]
        + [style.INK] * NEAREST,
        linestyles=["-"] * (count + 1) + ["--"] * NEAREST,
    )
    page.add_collection(lines, autolim=False)
    (origin,) = page.plot([], [], "o", color=style.START, ms=7, mfc=style.PAPER)
    boxes, on_top = Cells(page, 11), Cells(page, 11)
    live.moving(lines, origin)
    for zorder, cells in ((3, boxes), (4, on_top)):
        for artist in cells.artists:
            artist.set_zorder(zorder)
        live.moving(*cells.artists)

    def update(epoch: int, letter: str) -> str:
        chosen = names.index(letter)
        order, apart = _neighbours(paths[epoch], chosen)
        passed = np.unique(np.linspace(0, epoch, POINTS).round().astype(int))
        origin.set_data(*places[:1, chosen].T)
        now = places[epoch]
        near = order[:NEAREST]
        links = [now[[chosen, other]] for other in near]
        trails = places[passed].swapaxes(0, 1)
        lines.set_segments([*trails, trails[chosen], *links])
        there = np.isfinite(now).all(axis=1)
        fills = np.full((count, 4), PALE)
        fills[near] = NEAR
        fills[chosen] = to_rgba(style.START)
        others = [n for n in range(count) if n != chosen]
        for cells, which in ((boxes, others), (on_top, [chosen])):
            some = [n for n in which if there[n]]
            cells.show(
                now[some] - (wide / 2, 9),
                (wide, 18),
                [names[n] for n in some],
                fills[some],
            )
        text = f"Epoch {epoch} of {epochs - 1}: "
        return text + _said(paths, epoch, chosen, order, apart, names)

    controls: dict[str, widgets.Widget] = {
        "epoch": widgets.IntSlider(max=epochs - 1, description="epoch"),
        "letter": widgets.Dropdown(
            options=names,
            description="letter",
            layout=widgets.Layout(width="12em"),
        ),
    }
    explorer = Explorer(
        "embedding", controls, live, update, panel=_panel(controls)
    )

    def click(axes: Axes, x: float, y: float) -> None:
        if axes is page:
            apart = np.hypot(*(places[explorer.values()["epoch"]] - (x, y)).T)
            nearest = int(np.nan_to_num(apart, nan=np.inf).argmin())
            if apart[nearest] < 25:
                controls["letter"].value = names[nearest]

    live.on_click(click)
    return explorer


def _checked(
    paths: np.ndarray, names: Sequence[str]
) -> tuple[np.ndarray, list[str]]:
    """Return places, NaN where there is none, and names that can be seen."""
    found = np.array(paths, float)
    if found.ndim != 3 or found.shape[2] != 2 or not len(found):
        raise ValueError(
            f"The paths have shape {found.shape}, expected (epochs, letters, "
            "2): the two numbers of every letter after every epoch."
        )
    given = [visible(str(name)) for name in names]
    count = found.shape[1]
    if len(given) != count or len(set(given)) < count or count < 2:
        raise ValueError(
            f"{len(given)} names for {count} letters, expected at least 2 "
            "letters and a name of its own for each."
        )
    found[~(np.abs(found) <= FARTHEST).all(axis=2)] = np.nan
    if np.isnan(found).all():
        raise ValueError("The paths do not hold a single finite place.")
    return found, given


def _share() -> tuple[float, float, float, float]:
    """Return where the plane is, in shares of the figure of 720 × 440."""
    return LEFT / 720, 1 - (TOP + HIGH) / 440, WIDE / 720, HIGH / 440


def _placed(axes: Axes, paths: np.ndarray) -> np.ndarray:
    """Make room for all paths, and return them in pixels of the picture."""
    low, high = np.nanmin(paths, axis=(0, 1)), np.nanmax(paths, axis=(0, 1))
    # One scale for both axes, because distances are to be compared.
    scale = 1.12 * ((high - low) / (WIDE, HIGH)).max() or 2 / HIGH
    centre = (low + high) / 2
    reach = scale * np.array([WIDE, HIGH]) / 2
    left, right = (centre - reach)[0], (centre + reach)[0]
    bottom, top = (centre - reach)[1], (centre + reach)[1]
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set(xlabel="first number", ylabel="second number")
    axes.yaxis.set_label_coords(-0.1, 0.5)
    x = LEFT + (paths[..., 0] - left) / scale
    return np.stack([x, TOP + (top - paths[..., 1]) / scale], axis=-1)


def _panel(controls: dict[str, widgets.Widget]) -> widgets.HBox:
    """Arrange the controls, with a button that plays the epochs."""
    epoch, letter = controls.values()
    # Ten seconds for all of it.
    step = max(1, epoch.max // 200)
    play = widgets.Play(
        max=epoch.max,
        step=step,
        interval=max(50, 10_000 * step // (epoch.max + 1)),
    )
    # In the browser, so that the clock does not wait for the kernel.
    widgets.jslink((play, "value"), (epoch, "value"))
    epoch.layout.width = "26em"
    for control in (epoch, letter):
        control.style.description_width = "initial"
    layout = widgets.Layout(flex_flow="row wrap", grid_gap="0 1em")
    return widgets.HBox([play, epoch, letter], layout=layout)


def _neighbours(
    points: np.ndarray, chosen: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the other letters, nearest first, and all distances."""
    apart = np.hypot(*(points[:, None] - points).T)
    own = apart[chosen].copy()
    own[chosen] = np.nan
    order = np.argsort(own, kind="stable")  # NaN at the end
    return order[: np.isfinite(own).sum()], apart


def _said(
    paths: np.ndarray,
    epoch: int,
    chosen: int,
    order: np.ndarray,
    apart: np.ndarray,
    names: list[str],
) -> str:
    """Say which letters are near, and how far the chosen one has come."""
    name = names[chosen]
    lost = np.isnan(paths[epoch, :, 0])
    tail = ""
    if lost.any():
        which = [n for n, gone in zip(names, lost, strict=True) if gone]
        more = f" and {len(which) - 5} more" if len(which) > 5 else ""
        tail = f" Without a place: {', '.join(which[:5])}{more}."
    if lost[chosen]:
        return f"{name} has no place.{tail}"
    near = ", ".join(
        f"{names[n]} at {_number(apart[chosen, n])}" for n in order[:NEAREST]
    )
    text = f"nearest to {name}: {near}." if near else f"{name} is alone."
    step = np.hypot(*(paths[epoch, chosen] - paths[0, chosen]))
    if np.isfinite(step):
        text += f" It has come {_number(step)} from its start."
    pairs = apart[np.triu_indices(len(names), 1)]
    pairs = pairs[np.isfinite(pairs)]
    if len(pairs):
        text += f" Two letters are {_number(pairs.mean())} apart on average."
    return text + tail


def _number(value: float) -> str:
    return f"{value:.2f}" if 0.01 <= value < 1000 else f"{value:.3g}"
