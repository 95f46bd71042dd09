"""The explorer of lecture 10 that steps through a word: unrolled."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from course_utils import plots, style
from course_utils.explorers.explorer import Explorer
from course_utils.explorers.tensors import Cells, canvas
from course_utils.live import Pixels

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgb, to_rgba

LONGEST = 20  # letters of a word, for which there is room
LEFT, WIDE = 106, 388  # of all steps in the picture, pixels
# Upper and lower edge of what stands above each other, pixels.
OUTPUT, MEMORY, INPUT = (46, 136), (164, 294), (322, 412)
BARS = (552, 652)  # from 0 to 100 %
MOST = 30  # bars
# Paler than the signs elsewhere, because numbers stand on them.
BLUE, RED = (
    tuple(1 - 0.75 * (1 - part) for part in to_rgb(colour))
    for colour in (style.BLUE, style.RED)
)
# 255 colours, so that the one in the middle is exactly 0.
SIGNED, GREYS = (
    LinearSegmentedColormap.from_list("", colours, 255)(
        np.arange(255), bytes=True
    )
    for colours in ([BLUE, style.PAPER, RED], [style.PAPER, style.INK])
)

DARK = [round(255 * part) for part in to_rgba(style.GREY)]


def unrolled(
    cell: Callable, text: str = "abcd", alphabet: str = "abcde"
) -> Explorer:
    """Step through a word: input, memory and output of a cell at every step.

    The same cell stands there once for every letter. Its input is at the
    bottom, a column of zeros with a single 1, its memory above it and its
    output at the top. What it hands to the next step goes to the right. Click
    a step, or use the slider, to choose it.

    Args:
        cell: Takes a letter as a one-hot array, shape `(letters,)`, and the
            memory, shape `(units,)` or None at the first step. Returns the
            new memory and the output, probabilities of shape `(letters,)`.
        text: The word to begin with, 1 to 20 letters of the alphabet.
        alphabet: All letters, in the order of the one-hot arrays.

    Returns:
        An explorer with the controls `text` and `step` (from 1).

    Raises:
        ValueError: A letter is in the alphabet twice, the word has none or
            too many or one that is not in the alphabet, or what the cell
            returns has another form.
    """
    letters = [visible(letter) for letter in alphabet]
    if len(set(alphabet)) < len(alphabet) or not alphabet:
        raise ValueError(
            f"The alphabet is {alphabet!r}, expected every letter once."
        )
    if problem := _problem(text, alphabet):
        raise ValueError(problem)

    @lru_cache(maxsize=32)
    def run(word: str) -> tuple[np.ndarray, np.ndarray]:
        return _run(cell, word, alphabet)

    live, page = canvas(7.2, 4.46)
    _background(page, letters)
    bands = Pixels(live, "", LEFT, 446 - OUTPUT[0], WIDE)
    arrows, bars = PolyCollection([]), PolyCollection([], zorder=3)
    arrows.set(facecolor=style.GREY, linewidth=0)
    marked = PolyCollection([], zorder=3)
    marked.set(
        facecolor=["none"] + [style.INK] * 3,
        edgecolor=[style.START] + ["none"] * 3,
        linewidth=3,
    )
    for artist in (arrows, marked, bars):
        page.add_collection(artist, autolim=False)
    signs, numbers, shares = (Cells(page, size) for size in (13, 9, 9))
    for artist in (*signs.artists, *numbers.artists):
        artist.set_zorder(4)
    live.moving(bands, arrows, marked, bars)
    for texts in (signs, numbers, shares):  # nothing is seen of their boxes
        live.moving(texts.artists[1])
    shown = ""  # the last word that could be read

    def show(word: str) -> None:
        memory, output = run(word)
        places = [alphabet.index(letter) for letter in word]
        one_hot = np.eye(len(alphabet))[places]
        finite = np.abs(memory[np.isfinite(memory)])
        most = min(finite.max(initial=1.0), 1e9)
        across, pitch = _places(len(word))
        pixels = np.zeros((INPUT[1] - OUTPUT[0], WIDE, 4), np.uint8)
        for edges, values, low, high, palette in (
            (OUTPUT, output, 0.0, 1.0, GREYS),
            (MEMORY, memory, -most, most, SIGNED),
            (INPUT, one_hot, 0.0, 1.0, GREYS),
        ):
            band = pixels[edges[0] - OUTPUT[0] : edges[1] - OUTPUT[0]]
            _paint(band, _tinted(values.T, low, high, palette))
        bands.show(pixels)
        arrows.set_verts(_all_arrows(across, pitch))
        best = np.nan_to_num(output, nan=-1).argmax(axis=1)
        signs.show(
            [(x - 15, y) for y in (20, 415) for x in across],
            (30, 22),
            [letters[n] for n in (*best, *places)],
            "none",
            "none",
        )
        _write_numbers(numbers, memory, across, 0.3 * pitch)

    def update(text: str, step: int) -> str:
        nonlocal shown
        problem = _problem(text, alphabet)
        if not problem and text != shown:
            show(text)
            shown = text
        memory, output = run(shown)
        step = min(step, len(shown))
        across, pitch = _places(len(shown))
        here = _arrows(step - 1, across, pitch)
        here = [here[min(n, len(here) - 1)] for n in range(3)]
        half = min(0.3 * pitch + 4, 0.45 * pitch)
        marked.set_verts([_box(across[step - 1], half, 19, 439), *here])
        _show_bars(bars, shares, output[step - 1], letters)
        if problem:
            return f"{problem} The picture still shows {shown!r}."
        return _said(shown, step, memory, output[step - 1], alphabet)

    controls: dict[str, widgets.Widget] = {
        "text": widgets.Text(
            value=text,
            description="word",
            layout=widgets.Layout(width="20em"),
        ),
        "step": widgets.IntSlider(
            value=1, min=1, max=len(text), description="step"
        ),
    }

    def fit(change: dict) -> None:
        if not _problem(change["new"], alphabet):
            controls["step"].max = len(change["new"])

    # Before the explorer hears of a new word, the slider fits it.
    controls["text"].observe(fit, "value")
    explorer = Explorer("unrolled network", controls, live, update)

    def click(axes: Axes, x: float, y: float) -> None:
        number = int((x - LEFT) // _places(len(shown))[1]) + 1
        if axes is page and 1 <= number <= len(shown):
            controls["step"].value = number

    live.on_click(click)
    return explorer


def _problem(word: str, alphabet: str) -> str:
    """Say why a word cannot be read; nothing if it can."""
    strange = [letter for letter in word if letter not in alphabet]
    if strange:
        return f"The letter {strange[0]!r} is not in the alphabet {alphabet!r}."
    if not 1 <= len(word) <= LONGEST:
        return (
            f"The word has {len(word)} letters, expected 1 to {LONGEST}, "
            f"such as {alphabet[:4]!r}."
        )
    return ""


def _run(
    cell: Callable, word: str, alphabet: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return memories `(steps, units)` and outputs `(steps, letters)`."""
    one_hot = np.eye(len(alphabet), dtype=np.float32)
    memory, memories, outputs = None, [], []
    for letter in word:
        with np.errstate(all="ignore"):  # the readout says what came of it
            found = cell(one_hot[alphabet.index(letter)].copy(), memory)
        try:
            memory, output = found
        except (TypeError, ValueError):
            raise ValueError(
                f"The cell returned {type(found).__name__}, expected two "
                "arrays: the new memory and the output."
            ) from None
        # A copy, because a cell may go on writing into its memory.
        memories.append(np.array(memory, float))
        outputs.append(np.array(output, float))
        units = memories[0].shape
        if len(units) != 1 or 0 in units or memories[-1].shape != units:
            raise ValueError(
                f"The cell returned a memory of shape {memories[-1].shape}, "
                "expected (units,), the same at every step."
            )
        if outputs[-1].shape != (len(alphabet),):
            raise ValueError(
                f"The cell returned an output of shape {outputs[-1].shape}, "
                f"expected {(len(alphabet),)}, one for each letter."
            )
    return np.array(memories), np.array(outputs)


def _background(page: Axes, letters: list[str]) -> None:
    """Write what never moves."""
    for (top, bottom), name, words in (
        (OUTPUT, "output", "white 0,\nblack 1"),
        (MEMORY, "memory", "blue below 0\nwhite 0\norange above"),
        (INPUT, "input", "white 0,\nblack 1"),
    ):
        middle = (top + bottom) / 2
        page.text(8, middle - 8, name, fontsize=12, va="bottom")
        page.text(8, middle - 3, words, fontsize=8, va="top", color=style.GREY)
    page.text(8, 31, "most likely", fontsize=9, va="center")
    page.text(8, 426, "the word", fontsize=9, va="center")
    page.text(526, 14, "output at this step", fontsize=11, va="center")
    count = len(letters)
    named = range(count) if count <= 8 else (0, count - 1)
    for top, bottom in (OUTPUT, INPUT):
        for n in named:
            y = top + (n + 0.5) * (bottom - top) / count
            y = min(max(y, top + 5), bottom - 5)
            page.text(100, y, letters[n], fontsize=8, ha="right", va="center")
    page.plot(2 * [BARS[0]], [30, 440], color=style.GREY, lw=0.8)


def _tinted(
    values: np.ndarray, low: float, high: float, palette: np.ndarray
) -> np.ndarray:
    """Return the colour of every value, RGBA bytes; grey if not finite."""
    near = np.clip(np.nan_to_num(values), low, high)
    place = (near - low) * (254 / (high - low)) + 0.5
    colours = palette[place.astype(np.uint8)]
    colours[~np.isfinite(values)] = DARK
    return colours


def _paint(band: np.ndarray, colours: np.ndarray) -> None:
    """Paint columns of cells with a frame and gaps, shape `(rows, steps, 4)`.

    Done in pixels, because polygons and images of matplotlib take longer.
    """
    # A pixel as one number is several times as fast as its four bytes.
    band, colours, dark = (
        pixels.view(np.uint32)[..., 0]
        for pixels in (band, colours, np.array(DARK, np.uint8))
    )
    rows, steps = colours.shape
    height = len(band)
    cells = colours[np.arange(height) * rows // height]
    across, pitch = _places(steps)
    for n, x in enumerate(across - LEFT):
        left, right = round(x - 0.3 * pitch), round(x + 0.3 * pitch)
        band[:, left : right + 1] = dark
        band[1:-1, left + 1 : right] = cells[1:-1, n, None]


def _box(x: float, half: float, top: float, bottom: float) -> list:
    return [
        (x - half, top),
        (x + half, top),
        (x + half, bottom),
        (x - half, bottom),
    ]


def _arrow(tail: tuple, tip: tuple) -> np.ndarray:
    """Return the outline of an arrow."""
    # Complex numbers, because arrays of two take much longer.
    tail, tip = complex(*tail), complex(*tip)
    length = abs(tip - tail)
    along = (tip - tail) / length
    across = 1j * along
    neck = tip - along * min(6.0, 0.7 * length)
    corners = np.array(
        [
            tail + across,
            neck + across,
            neck + 4 * across,
            tip,
            neck - 4 * across,
            neck - across,
            tail - across,
        ]
    )
    return np.stack([corners.real, corners.imag], axis=1)


def _arrows(step: int, across: np.ndarray, pitch: float) -> list[np.ndarray]:
    """Return the arrows into a step's memory, from 0, and out of it."""
    x, level = across[step], sum(MEMORY) / 2
    ends = [
        ((x, INPUT[0] - 4), (x, MEMORY[1] + 4)),
        ((x, MEMORY[0] - 4), (x, OUTPUT[1] + 4)),
    ]
    if step:
        edge = 0.3 * pitch + 1
        ends += [((across[step - 1] + edge, level), (x - edge, level))]
    return [_arrow(*pair) for pair in ends]


def _all_arrows(across: np.ndarray, pitch: float) -> np.ndarray:
    """Return the arrows of all steps: those of the last one, and moved."""
    steps = len(across)
    last = np.array(_arrows(steps - 1, across, pitch))
    moves = np.stack([across - across[-1], np.zeros(steps)], axis=1)
    every = (last[:, None] + moves[:, None]).reshape(-1, *last.shape[1:])
    # Nothing comes into the first step from the left.
    return np.delete(every, 2 * steps, axis=0) if steps > 1 else every


def _places(steps: int) -> tuple[np.ndarray, float]:
    """Return the middle of every step, and how far they are apart."""
    pitch = min(96.0, WIDE / steps)
    return LEFT + pitch * (np.arange(steps) + 0.5), pitch


def _write_numbers(
    cells: Cells, memory: np.ndarray, middles: np.ndarray, half: float
) -> None:
    """Write the values of the memory into its columns where they fit."""
    steps, units = memory.shape
    there = units <= 6 and half >= 14
    top, high = MEMORY[0], (MEMORY[1] - MEMORY[0]) / units
    corners, words = [], []
    for step in range(steps if there else 0):
        for unit in range(units):
            corners.append((middles[step] - half, top + unit * high))
            words.append(_number(memory[step, unit], 2))
    cells.show(corners, (2 * half, high), words, "none", "none")


def _show_bars(
    bars: PolyCollection,
    shares: Cells,
    output: np.ndarray,
    letters: list[str],
) -> None:
    """Draw the output of a step, in the order of the alphabet."""
    order = np.argsort(-np.nan_to_num(output, nan=-1), kind="stable")[:MOST]
    order = np.sort(order)
    pitch = min(82.0, 410 / len(order))
    y = 30 + pitch * (np.arange(len(order)) + 0.5)
    clipped = np.clip(np.nan_to_num(output[order]), 0, 1)
    half = min(14.0, 0.4 * pitch)
    ends = BARS[0] + (BARS[1] - BARS[0]) * clipped
    corners = np.empty((len(order), 4, 2))
    corners[:, :2, 0], corners[:, 2:, 0] = BARS[0], ends[:, None]
    corners[:, ::3, 1] = y[:, None] - half
    corners[:, 1:3, 1] = y[:, None] + half
    bars.set_verts(corners)
    best = clipped[:, None] == clipped.max()
    bars.set_facecolor(np.where(best, to_rgba(style.MODEL), to_rgba(style.SKY)))
    # Many times "< 1 %" would hide the few that count.
    told = np.flatnonzero((clipped > 0.005) | (len(order) <= 12))
    words = [letters[n] for n in order]
    words += [_share(output[n]) for n in order[told]]
    places = [(513, m - 8) for m in y] + [(658, m - 8) for m in y[told]]
    shares.show(places, (58, 16), words, "none", "none")


def _said(
    word: str,
    step: int,
    memory: np.ndarray,
    output: np.ndarray,
    alphabet: str,
) -> str:
    """Say what goes in, is kept and comes out at a step."""
    now = memory[step - 1]
    text = f"Step {step} of {len(word)}: in goes {_quoted(word[step - 1])}. "
    if len(now) <= 6:
        text += f"Memory [{', '.join(_number(n, 2) for n in now)}]"
        if step > 1:
            before = ", ".join(_number(n, 2) for n in memory[step - 2])
            text += f", before [{before}]"
    else:
        finite = now[np.isfinite(now)]
        text += f"Memory of {len(now)} units"
        if len(finite):
            low, high = _number(finite.min()), _number(finite.max())
            text += f" from {low} to {high}"
        if len(finite) < len(now):
            text += f", not finite: {len(now) - len(finite)}"
        elif step > 1:
            with np.errstate(all="ignore"):
                change = np.abs(now - memory[step - 2]).mean()
            if np.isfinite(change):
                text += f", changed by {_number(change)} on average"
    text += " (nothing before). " if step == 1 else ". "
    if not np.isfinite(output).all():
        wrong = (~np.isfinite(output)).sum()
        return f"{text}The output is not finite for {wrong} letters."
    with np.errstate(all="ignore"):
        total = output.sum()
    if output.min() < -1e-3 or abs(total - 1) > 1e-2:
        return (
            f"{text}The output is no probabilities: from "
            f"{_number(output.min())} to {_number(output.max())}, with the "
            f"sum {_number(total)}."
        )
    order = np.argsort(-output, kind="stable")[:2]
    likely = ", ".join(
        f"{_quoted(alphabet[n])} {plots.percent(output[n])}" for n in order
    )
    text += f"Most likely next: {likely}."
    if step < len(word):
        after = word[step]
        share = plots.percent(output[alphabet.index(after)])
        text += f" The word goes on with {_quoted(after)}: {share}."
    return text


def visible(letter: str) -> str:
    """Give a letter that cannot be seen a sign.

    Args:
        letter: One character, or a longer name.

    Returns:
        The same, but a sign for a space, a tab or the end of a line.
    """
    if letter.strip():
        return letter
    return {"\n": "↵", "\t": "⇥"}.get(letter, "␣")


def _quoted(letter: str) -> str:
    return f"'{visible(letter)}'"


def _share(value: float) -> str:
    if not np.isfinite(value):
        return "?"
    return plots.percent(value) if -1e-3 <= value <= 1.001 else _number(value)


def _number(value: float, digits: int = 3) -> str:
    """Write a number with a real minus."""
    if not np.isfinite(value):
        return str(float(value)).replace("-", "−")
    fixed = digits == 2 and abs(value) < 100
    text = f"{value:z.2f}" if fixed else f"{value + 0:.3g}"
    return text.replace("-", "−")
