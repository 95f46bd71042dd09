"""The explorer of lecture 10 that makes a network bold or calm: temperature."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterator, Sequence

from course_utils import plots, sequences, style
from course_utils.explorers.explorer import Explorer, exact
from course_utils.explorers.tensors import Cells, canvas
from course_utils.explorers.unrolled import visible

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

MOST = 30  # bars
LARGEST = 1e9  # of a score, without its sign
# The bars in the picture: left end, 100 % and 0 %, width, in pixels.
LEFT, FULL, EMPTY, WIDE = 66, 34, 272, 588
KEPT, LONGEST = 3, 2000  # texts, and letters of a text, that are shown


def temperature(
    scores: np.ndarray,
    names: Sequence[str],
    write: Callable[[float], str] | None = None,
) -> Explorer:
    """See what a temperature makes of the scores of the next letter.

    The probabilities are the softmax of scores / temperature, the most likely
    letter on the left. Grey bars show them for temperature 1.

    Args:
        scores: Of the next letter, logits of shape `(letters,)`.
        names: One for each score.
        write: Takes a temperature and returns what a network writes with it.
            Then there is a button for it, and the last three texts stand
            below the picture.

    Returns:
        An explorer with one control, `temperature`, which takes any number
        from 0 on. `run()` writes without the button.

    Raises:
        ValueError: There are fewer than two scores, one is not finite, or
            there is not one name for each.
    """
    scores, names = _checked(scores, names)
    order = np.argsort(-scores, kind="stable")
    shown = order[:MOST]
    live, page = canvas(7.2, 3.4)
    pitch = min(WIDE / len(shown), 147.0)
    across = LEFT + pitch * (np.arange(len(shown)) + 0.5)
    _background(live.figure.add_axes(_share()), len(scores))
    _compared(
        page,
        across,
        0.46 * pitch,
        sequences.tempered(scores, 1.0)[shown],
    )
    none = ["none"] * len(shown)
    Cells(page, 11).show(
        [(x - pitch / 2, EMPTY + 4) for x in across],
        (pitch, 18),
        [names[n] for n in shown],
        none,
        none,
    )
    bars = PolyCollection([], zorder=2)
    bars.set_facecolor([style.MODEL] + [style.SKY] * (len(shown) - 1))
    page.add_collection(bars, autolim=False)
    shares = Cells(page, 9)
    for artist in shares.artists:
        artist.set_zorder(4)
    live.moving(bars, *shares.artists)
    moving = [bars, *shares.artists]

    def update(temperature: float) -> str:
        there = 0 <= temperature < math.inf
        for artist in moving:
            artist.set_visible(there)
        if not there:
            return _refused(temperature)
        chances = sequences.tempered(scores, temperature)
        tops = EMPTY - (EMPTY - FULL) * chances[shown]
        bars.set_verts(_bars(across, 0.34 * pitch, tops))
        # A row of "< 1" would hide the bars that it speaks of.
        big = np.flatnonzero(chances[shown] >= 0.005)
        shares.show(
            np.stack([across[big] - pitch / 2, tops[big] - 17], axis=1),
            (pitch, 16),
            [_share_of(p) for p in chances[shown[big]]],
            ["none"] * len(big),
            ["none"] * len(big),
        )
        return _said(temperature, chances, order, names)

    texts: list[tuple[float, str]] = []
    page_of_texts = widgets.HTML(layout=widgets.Layout(max_width="45em"))

    def work(temperature: float) -> Iterator[str]:
        if not 0 <= temperature < math.inf:
            yield _refused(temperature)
            return
        yield f"Writing with temperature {_number(temperature)} …"
        text = write(temperature)
        if not isinstance(text, str):
            raise ValueError(
                f"write returned {type(text).__name__}, expected a text."
            )
        texts.insert(0, (temperature, text))
        del texts[KEPT:]
        page_of_texts.value = "".join(_as_html(*pair) for pair in texts)
        words = "".join(visible(c) if c in "\n\t" else c for c in text[:60])
        more = "…" if len(text) > 60 else ""
        yield f"{update(temperature)} It wrote: “{words}{more}”"

    slider = widgets.FloatSlider(
        value=1.0, min=0.0, max=3.0, step=0.05, description="temperature"
    )
    explorer = Explorer(
        "temperature",
        {"temperature": exact(slider)},
        live,
        update,
        {"temperature": slider},
        work=work if write else None,
    )
    if explorer.button:
        explorer.button.description = "Write"
        explorer.widget.children += (page_of_texts,)
    return explorer


def _checked(
    scores: np.ndarray, names: Sequence[str]
) -> tuple[np.ndarray, list[str]]:
    found = np.array(scores, float)
    if found.ndim != 1 or len(found) < 2:
        raise ValueError(
            f"The scores have shape {found.shape}, expected (letters,), two "
            "or more."
        )
    if not (np.abs(found) <= LARGEST).all():
        raise ValueError(
            f"The scores go from {found.min():.3g} to {found.max():.3g}, "
            "expected finite numbers."
        )
    given = [visible(str(name)) for name in names]
    if len(given) != len(found):
        raise ValueError(
            f"{len(given)} names for {len(found)} scores, expected one for "
            "each."
        )
    return found, given


def _share() -> tuple[float, float, float, float]:
    """Return where the bars are, in shares of the figure of 720 × 340."""
    return LEFT / 720, 1 - EMPTY / 340, WIDE / 720, (EMPTY - FULL) / 340


def _background(axes: Axes, count: int) -> None:
    """Draw the axis of the bars, and where all would be alike."""
    axes.set(xlim=(0, 1), xticks=[], ylim=(0, 100), ylabel="probability, %")
    axes.set_zorder(-1)  # the grey bars are on top of its paper
    alike = 100 / count
    axes.plot([1, 1.012], 2 * [alike], color=style.INK, lw=1, clip_on=False)
    axes.text(1.018, alike, "all alike", va="center", fontsize=9)
    title = "the next letter, the most likely first"
    if count > MOST:
        title = f"the {MOST} most likely of {count} letters"
    axes.set_xlabel(title, labelpad=24)


def _bars(across: np.ndarray, half: float, tops: np.ndarray) -> np.ndarray:
    """Return the corners of bars, shape `(bars, 4, 2)`."""
    corners = np.empty((len(tops), 4, 2))
    corners[:, :2, 0] = (across - half)[:, None]
    corners[:, 2:, 0] = (across + half)[:, None]
    corners[:, ::3, 1], corners[:, 1:3, 1] = EMPTY, tops[:, None]
    return corners


def _compared(
    page: Axes, across: np.ndarray, half: float, chances: np.ndarray
) -> None:
    """Draw the probabilities for temperature 1, wide and grey."""
    tops = EMPTY - (EMPTY - FULL) * chances
    corners = _bars(across, half, tops)
    grey = PolyCollection(corners, facecolor=style.FAINT, linewidth=0)
    page.add_collection(grey, autolim=False)
    page.text(
        *(LEFT + WIDE, 18, "grey: temperature 1"),
        ha="right",
        va="center",
        fontsize=9,
    )


def _share_of(chance: float) -> str:
    """Return a probability in percent without the sign."""
    return plots.percent(chance).removesuffix(" %").replace(" ", "")


def _refused(temperature: float) -> str:
    return (
        f"There is no temperature {_number(temperature)}. Type a number from "
        "0 on, such as 0.7."
    )


def _said(
    temperature: float,
    chances: np.ndarray,
    order: np.ndarray,
    names: list[str],
) -> str:
    """Say what is likely, and how uncertain the next letter is."""
    likely = ", ".join(
        f"{names[n]} {plots.percent(chances[n])}" for n in order[:3]
    )
    positive = chances[chances > 0]
    bits = abs(float(-(positive * np.log2(positive)).sum()))
    text = f"Temperature {_number(temperature)}: {likely}. Entropy {bits:.2f} "
    text += f"of at most {math.log2(len(chances)):.2f} bits, "
    if bits < 0.005:
        return f"{text}the next letter is certain."
    return f"{text}as uncertain as {2**bits:.1f} letters that are alike."


def _as_html(temperature: float, text: str) -> str:
    """Return a text under its temperature."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + " …"
    return (
        f"<b>Written with temperature {_number(temperature)}</b>"
        '<pre style="white-space: pre-wrap; margin: 0 0 0.6em 0">'
        f"{html.escape(text)}</pre>"
    )


def _number(value: float) -> str:
    return f"{value + 0:.3g}".replace("-", "−")
