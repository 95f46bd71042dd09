"""How every picture of the course looks: one palette, one matplotlib style."""

from __future__ import annotations

from pathlib import Path

import matplotlib.style

# Okabe and Ito's palette, distinguishable with every common colour-vision
# deficiency (Okabe and Ito, "Color Universal Design", 2008).
BLUE = "#0072b2"
ORANGE = "#e69f00"
GREEN = "#009e73"
RED = "#d55e00"
PURPLE = "#cc79a7"
SKY = "#56b4e9"
INK = "#222222"
GREY = "#767676"
FAINT = "#dddddd"
PAPER = "#ffffff"

# The same thing has the same colour all through the course.
DATA = BLUE
MODEL = RED
LOSS = BLUE
PATH = RED
START = ORANGE
MINIMUM = GREEN
SURFACE = "Blues"
WALKS = (RED, GREEN, PURPLE, ORANGE)  # on a blue surface

# Eight racers on one surface: colour, line and marker. Relatives share a
# colour, and line and marker tell them apart without any colour.
RACERS = (
    (INK, "-", "o"),
    (RED, "-", "s"),
    (RED, "--", "D"),
    (GREEN, "-", "^"),
    (GREEN, "--", "v"),
    (ORANGE, "-", "P"),
    (PURPLE, "-", "*"),
    (PURPLE, "--", "X"),
)

STYLE_FILE = Path(__file__).with_name("course.mplstyle")


def apply() -> None:
    """Make the course style the default of matplotlib in this session."""
    matplotlib.style.use(STYLE_FILE)
