"""Comparison of the pictures stored in a notebook with freshly drawn ones.

nbval ignores ``image/png``.  A course that teaches with figures cannot.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

MIME = "image/png"

# Root of the mean squared difference of all RGB values, on a scale of 0 to
# 255.  Measured on a figure of 600 x 350 pixels with a curve, five markers
# and a title (matplotlib 3.11.2), as it is and with 128 colours, as explorers
# store theirs; fewer colours magnify small differences:
#
#                                                       full   128
#   the same program again                              0      0
#   curve off by a factor of 1 + 1e-6                   0.007  0.09
#   curve off by a factor of 1 + 1e-4                   0.09   0.22
#   everything shifted by 1/100 pixel                   0.14   0.41
#   ---- tolerance ----------------------------------------------
#   colour of the curve off by 16 of 255, one channel   0.62   0.66
#   curve off by a factor of 1.001                      0.79   0.94
#   line 1.6 instead of 1.5 points wide                 0.84
#   last of five markers moved by 0.01                  0.98   1.04
#   everything shifted by 1/10 pixel                    1.2    1.4
#   one digit changed in the title (0.2224 -> 0.2227)   3.0    3.0
#   curve off by a factor of 1.01                       6.8
#   other font hinting                                 11 to 13
#   everything shifted by one pixel                    12
#
# Other hinting moves more pixels than a changed digit, so no tolerance lets
# the one pass and catches the other.  None has to: matplotlib is pinned and
# brings its own fonts and its own FreeType.  A new matplotlib may need new
# stored pictures, and whoever changes the pin looks at them.
TOLERANCE = 0.5


class NotAPicture(ValueError):
    """Stored data that cannot be decoded."""


def decode(data: str) -> np.ndarray:
    """Turn base64 PNG data into an array, transparent parts on white.

    Args:
        data: What a notebook stores under ``image/png``.

    Returns:
        RGB values from 0 to 255 as floats, shape ``(height, width, 3)``.

    Raises:
        NotAPicture: If the data is not a complete picture.
    """
    try:
        raw = base64.b64decode(data)
        with Image.open(io.BytesIO(raw)) as picture:
            layer = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError) as error:
        raise NotAPicture(f"cannot be decoded ({error})") from error
    paper = Image.new("RGBA", layer.size, "white")
    flat = Image.alpha_composite(paper, layer).convert("RGB")
    return np.asarray(flat, dtype=float)


def rms(first: np.ndarray, second: np.ndarray) -> float:
    """Return the root mean squared difference of two equal-sized arrays."""
    return float(np.sqrt(np.mean((first - second) ** 2)))


def pictures(outputs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the base64 data of every PNG in a cell's outputs, in order."""
    found = []
    for output in outputs:
        data = output.get("data", {}).get(MIME)
        if data is not None:
            found.append(data if isinstance(data, str) else "".join(data))
    return found


def differences(stored: list[str], fresh: list[str], folder: Path) -> list[str]:
    """Compare the pictures of one cell and keep those that differ.

    Args:
        stored: Base64 data from the notebook.
        fresh: Base64 data from the run.
        folder: Where to write both pictures, made only if they differ.

    Returns:
        One sentence for each difference; empty if there is none.
    """
    if len(stored) != len(fresh):
        return [
            f"{len(stored)} picture(s) stored, but this run drew {len(fresh)}"
        ]
    found = []
    for number, pair in enumerate(zip(stored, fresh, strict=True), start=1):
        reason = _difference(*pair)
        if reason:
            paths = _write(pair, folder, number)
            found.append(f"picture {number}: {reason}\n  see {paths}")
    return found


def _difference(stored: str, fresh: str) -> str | None:
    arrays = []
    for name, data in (("stored", stored), ("new", fresh)):
        try:
            arrays.append(decode(data))
        except NotAPicture as error:
            return f"the {name} picture {error}"
    sizes = [f"{a.shape[1]} x {a.shape[0]}" for a in arrays]
    if sizes[0] != sizes[1]:
        return f"stored with {sizes[0]} pixels, now {sizes[1]}"
    distance = rms(*arrays)
    if distance > TOLERANCE:
        return f"RMS difference {distance:.2f}, allowed is {TOLERANCE}"
    return None


def _write(pair: tuple[str, str], folder: Path, number: int) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for name, data in zip(("stored", "new"), pair, strict=True):
        path = folder / f"{number}-{name}.png"
        try:
            path.write_bytes(base64.b64decode(data))
        except ValueError:
            path = path.with_suffix(".txt")
            path.write_text(data, encoding="utf-8")
        names.append(str(path))
    return " and ".join(names)
