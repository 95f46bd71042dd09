"""Lectures and pictures can be used without seeing them, or colours.

What the rules of tests/rules ask of every notebook is not repeated here:
`alt_texts` and `headings_do_not_skip`. What axe finds in a page needs a
browser: tests/browser/test_accessibility.py and test_accessible_widgets.py.
"""

from __future__ import annotations

import itertools

from course_utils import style

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex

# Linear sRGB as seen with a complete deficiency: Machado, Oliveira and
# Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", IEEE TVCG 15 (6), 2009, severity 1.0.
SEEN = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# Linear sRGB to XYZ with the white of D65 (IEC 61966-2-1).
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
# CIEDE2000. 1 is just seen side by side; from 10 on two colours are told
# apart at a glance, thin lines at two places of a picture too.
APART = 10
HUES = ("BLUE", "ORANGE", "GREEN", "RED", "PURPLE", "SKY", "GREY", "INK")
# Too close, and what else tells them apart where they meet.
CLOSE = {
    ("deuteranopia", "GREEN", "GREY"): "9.9: grey is the frame of a plot and "
    "thin lines; of the blocks of a network the readout tells the kind",
}
# On one shade of the blue surface: 6.6 and 7.1. A walk has dots, and crosses
# many shades.
NEAR_ONE_SHADE = {
    (style.GREEN, "tritanopia"),
    (style.PURPLE, "protanopia"),
}
# Below the 3:1 of WCAG 1.4.11, and what helps. Darker ones would do worse: an
# orange of 3:1 is as good as our red without the cones for middle waves.
PALE = {
    "ORANGE": "a thick dot, or dashed where it is a curve",
    "SKY": "filled areas with a number or name beside them",
}


def linear(colour: str) -> np.ndarray:
    """Return linear sRGB of a colour such as "#0072b2", shape (3,)."""
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(
        value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4
    )


def cielab(rgb: np.ndarray) -> tuple[float, float, float]:
    """Return L*, a*, b* of linear sRGB, cut to what a screen can show."""
    t = XYZ @ np.clip(rgb, 0, 1) / XYZ.sum(axis=1)
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def ciede2000(one: tuple, other: tuple) -> float:
    """Return how different two colours look.

    The steps are those of Sharma, Wu and Dalal, "The CIEDE2000 color-difference
    formula", Color Research and Application 30 (1), 2005.

    one, other: L*, a*, b*.
    """
    (l1, a1, b1), (l2, a2, b2) = one, other
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25**7))
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1 = np.degrees(np.arctan2(b1, stretch * a1)) % 360
    h2 = np.degrees(np.arctan2(b2, stretch * a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0
    hue = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    wave = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    bow = (light - 50) ** 2
    by_light = (l2 - l1) / (1 + 0.015 * bow / np.sqrt(20 + bow))
    by_chroma = (c2 - c1) / (1 + 0.045 * chroma)
    by_hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    by_hue /= 1 + 0.015 * chroma * wave
    around_blue = np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    mixed = -2 * np.sqrt(chroma**7 / (chroma**7 + 25**7)) * around_blue
    return float(
        np.sqrt(
            by_light**2 + by_chroma**2 + by_hue**2 + mixed * by_chroma * by_hue
        )
    )


def apart(one: str, other: str, eye: str) -> float:
    """Return how different two colours look to somebody."""
    return ciede2000(*(cielab(SEEN[eye] @ linear(c)) for c in (one, other)))


def contrast(one: str, other: str = style.PAPER) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2)."""
    low, high = sorted(float(XYZ[1] @ linear(c)) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


# From the test data of Sharma, Wu and Dalal.
@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (56, -27, -3), 31.9030),
        (
            (60.2574, -34.0099, 36.2677),
            (60.4626, -34.1751, 39.4387),
            1.2644,
        ),
        (
            (22.7233, 20.0904, -46.6940),
            (23.0331, 14.9730, -42.5619),
            2.0373,
        ),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
    ids=["blue", "grey", "purple", "cyan", "green", "dark", "black"],
)
def test_ciede2000_gives_the_published_numbers(
    one: tuple, other: tuple, expected: float
) -> None:
    assert ciede2000(one, other) == pytest.approx(expected, abs=1e-4)
    assert ciede2000(other, one) == pytest.approx(expected, abs=1e-4)


def test_the_measures_know_what_everybody_knows() -> None:
    assert contrast("#000000") == pytest.approx(21)
    assert contrast("#767676") == pytest.approx(4.54, abs=0.01)
    # Red and brown, which are one colour without the cones for long waves.
    red, brown = "#b02020", "#703a10"
    assert apart(red, brown, "all cones") > 17
    assert apart(red, brown, "protanopia") < 4
    for eye, matrix in SEEN.items():
        np.testing.assert_allclose(
            matrix.sum(axis=1), 1, atol=1e-5, err_msg=f"{eye}: grey stays grey"
        )


@pytest.mark.parametrize("eye", SEEN)
def test_any_two_colours_of_the_palette_can_be_told_apart(eye: str) -> None:
    close = {
        (eye, one, other)
        for one, other in itertools.combinations(HUES, 2)
        if apart(getattr(style, one), getattr(style, other), eye) < APART
    }
    assert close == {entry for entry in CLOSE if entry[0] == eye}


def test_every_colour_of_the_palette_is_examined() -> None:
    named = {n for n, v in vars(style).items() if str(v).startswith("#")}
    values = {getattr(style, name) for name in HUES}
    background = {style.FAINT, style.PAPER}
    assert {getattr(style, name) for name in named} == values | background
    cycle = mpl.rc_params_from_file(
        style.STYLE_FILE, use_default_template=False
    )
    colours = cycle["axes.prop_cycle"].by_key()["color"]
    assert {to_hex(colour) for colour in colours} <= values


@pytest.mark.parametrize("eye", SEEN)
def test_walks_are_seen_on_the_surface(eye: str) -> None:
    shades = mpl.colormaps[style.SURFACE](np.linspace(0, 1, 25))
    least = {
        walk: min(apart(walk, to_hex(shade), eye) for shade in shades)
        for walk in style.WALKS
    }
    assert {walk for walk in least if least[walk] < APART} == {
        walk for walk, other in NEAR_ONE_SHADE if other == eye
    }
    assert min(least.values()) > APART / 2


def test_racers_of_one_colour_differ_in_line_and_marker() -> None:
    markers = [marker for _, _, marker in style.RACERS]
    assert len(set(markers)) == len(style.RACERS)
    for (one, dash, _), (other, dash2, _) in itertools.combinations(
        style.RACERS, 2
    ):
        if one == other:
            assert dash != dash2


@pytest.mark.parametrize("name", HUES)
def test_lines_and_dots_stand_out_from_the_paper(name: str) -> None:
    assert (contrast(getattr(style, name)) < 3) == (name in PALE)


@pytest.mark.parametrize("name", ["INK", "GREY"])
def test_words_stand_out_from_the_paper(name: str) -> None:
    assert contrast(getattr(style, name)) >= 4.5
