"""The feature map explorer shows the numbers that it was given."""

from __future__ import annotations

import base64
import statistics
import time

from course_utils import explorers, style
from course_utils.explorers import Explorer
from course_utils.explorers import feature_maps as make_explorer
from course_utils.explorers.feature_maps import ALIKE, ALONE, MOST, Pixels
from tests.explored import (
    assert_caption_is_whole,
    assert_comes_back,
    assert_every_control_moves,
    click,
    drag,
    shared,
    shown,
)
from tests.pictures import decode

import numpy as np
import pytest
from matplotlib.colors import to_rgb

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(0)
PICTURES = RNG.random((3, 12, 12), np.float32)
WHITE = (255, 255, 255)


def maps() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    conv = np.maximum(rng.normal(size=(3, 10, 10, 8)), 0)
    conv[:, :, :, 5] = 0  # a channel that never fires
    conv[0, 2, 7, 3] = 9  # the brightest spot of channel 3
    return {
        "conv": conv.astype(np.float32),
        "raw": rng.normal(size=(3, 4, 6, 5)).astype(np.float32),
        "dense": np.eye(3, 4, dtype=np.float32),
    }


def make() -> Explorer:
    return make_explorer(PICTURES, maps())


def pixels(explorer: Explorer, place: int) -> np.ndarray:
    """Return picture (0), channel (1), bar (2) or sheet (3), RGB."""
    found = [
        artist
        for axes in explorer.live.figure.axes
        for artist in axes.get_children()
        if isinstance(artist, Pixels)
    ]
    return found[place].colours[..., :3].astype(int)


def large(explorer: Explorer, row: int, column: int) -> tuple[int, ...]:
    """Return the colour of one number of the large map of conv, 10 × 10."""
    middle = 195 // 20
    step = 195 / 10
    page = pixels(explorer, 1)
    y, x = int(row * step + middle), int(column * step + middle)
    return tuple(page[y, x].tolist())


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(round(255 * part) for part in to_rgb(colour))


def test_the_screen_shows_the_picture_the_right_way_up() -> None:
    picture = np.zeros((1, 2, 2))
    picture[0, 0, 1] = 1  # top right
    explorer = make_explorer(picture, {"a": picture[..., None]})
    screen = decode(base64.b64encode(shown(explorer)).decode())
    for left in (12, 219):  # the picture, and the only channel
        top, low = 37 + 40, 37 + 150
        assert screen[top, left + 40].sum() < 250
        assert screen[top, left + 150].sum() > 450
        assert screen[low, left + 150].sum() < 250


def test_the_brightest_number_has_the_last_colour() -> None:
    explorer = shared(make)
    explorer.set(picture=0, layer="conv", channel=3, colours=ALONE)
    last = tuple(pixels(explorer, 2)[0, -1].tolist())
    assert large(explorer, 2, 7) == last
    assert large(explorer, 7, 2) != last
    assert "Channel 3 runs from 0 to 9, strongest at row 2, column 7" in (
        explorer.readout
    )


def test_a_layer_below_zero_is_white_at_zero() -> None:
    given = np.zeros((3, 10, 10, 2), np.float32)
    given[0, 1, 2, 0] = -2
    given[0, 8, 9, 0] = 1
    explorer = make_explorer(PICTURES, {"raw": given})
    assert large(explorer, 1, 2) == rgb(style.BLUE)
    assert large(explorer, 5, 5) == pytest.approx(WHITE, abs=2)
    red = large(explorer, 8, 8 + 1)
    assert red[0] > red[2]
    assert red != rgb(style.RED)  # 1 is half as strong as -2
    # The same colours for a picture that has nothing below 0.
    drag(explorer, picture=1)
    assert large(explorer, 5, 5) == pytest.approx(WHITE, abs=2)


def test_all_channels_alike_can_be_compared() -> None:
    explorer = shared(make)
    explorer.set(picture=0, layer="conv", channel=0, colours=ALONE)
    alone = pixels(explorer, 1).max(axis=(0, 1))
    drag(explorer, colours=ALIKE)
    alike = pixels(explorer, 1).max(axis=(0, 1))
    assert (alike <= alone).all()
    assert (alike < alone).any()  # 9, in channel 3, outshines it
    drag(explorer, channel=3)
    before = pixels(explorer, 1)
    drag(explorer, colours=ALONE)
    assert np.array_equal(before, pixels(explorer, 1))


def test_the_sheet_holds_every_channel_in_reading_order() -> None:
    given = np.zeros((1, 4, 4, 9), np.float32)
    for channel in range(9):
        given[..., channel] = channel
    explorer = make_explorer(PICTURES[:1], {"steps": given})
    drag(explorer, colours=ALIKE)
    sheet = pixels(explorer, 3)
    step = len(sheet) // 3
    middles = [
        sheet[row * step + step // 2, column * step + step // 2].tolist()
        for row in range(3)
        for column in range(3)
    ]
    bar = pixels(explorer, 2)[0]
    places = [np.abs(bar - colour).sum(axis=1).argmin() for colour in middles]
    assert places == sorted(places)
    assert len(set(places)) == 9


def test_a_click_on_the_sheet_chooses_the_channel() -> None:
    explorer = make()
    click(explorer, 3, 0.5, 0.9)  # of 3 × 3 tiles, the middle of the top
    assert explorer.controls["channel"].value == 1
    click(explorer, 3, 0.1, 0.1)
    assert explorer.controls["channel"].value == 6
    click(explorer, 3, 0.9, 0.1)  # there are eight channels
    assert explorer.controls["channel"].value == 6
    click(explorer, 0, 0.5, 0.5)  # the picture is nothing to choose
    assert explorer.controls["channel"].value == 6


def test_the_channel_fits_every_layer() -> None:
    explorer = make()
    drag(explorer, channel=7)
    readout = drag(explorer, layer="raw")
    assert explorer.controls["channel"].max == 4
    assert "raw (layer 2 of 3): 5 channels of 4 × 6. Channel 4" in readout
    explorer.set(layer="conv", channel=7)
    assert "Channel 7" in explorer.readout


def test_units_of_a_dense_layer_are_maps_of_one_pixel() -> None:
    explorer = make()
    explorer.set(layer="dense", picture=2, channel=2)
    assert "4 units. Unit 2 gives 1; no unit gives more." in explorer.readout
    assert "unit 2 gives most, 1" in drag(explorer, channel=0)
    assert (large(explorer, 5, 5)) == tuple(pixels(explorer, 2)[0, 0])
    one = make_explorer(PICTURES, {"pooled": np.ones((3, 1, 1, 1))})
    assert "1 unit. Unit 0 gives 1" in one.readout


def test_channels_that_say_nothing_are_counted() -> None:
    explorer = shared(make)
    explorer.set(picture=1, layer="conv", channel=5, colours=ALONE)
    assert (
        "Channel 5 is 0 everywhere. Constant channels: 1." in explorer.readout
    )
    dark = tuple(pixels(explorer, 2)[0, 0].tolist())
    assert large(explorer, 5, 5) == dark


@pytest.mark.parametrize("value", [0.0, 3.0, -3.0, 1e38], ids=str)
def test_a_constant_map_can_be_seen(value: float) -> None:
    given = np.full((3, 5, 5, 2), value)
    explorer = make_explorer(PICTURES, {"constant": given})
    assert "everywhere" in explorer.readout
    assert "raised" not in drag(explorer, colours=ALIKE)


def test_what_is_no_number_is_grey() -> None:
    given = maps()
    given["conv"][0, 4, 4, 0] = np.nan
    given["conv"][0, 0, 4, 0] = np.inf
    given["conv"][0, :, :, 1] = np.nan
    given["dense"][0, 1] = np.nan
    explorer = make_explorer(PICTURES, given)
    assert large(explorer, 4, 4) == rgb(style.GREY)
    assert large(explorer, 4, 6) != rgb(style.GREY)
    assert "2 of 100 not finite." in explorer.readout
    for colours in (ALIKE, ALONE):
        readout = drag(explorer, channel=1, colours=colours)
        assert "Channel 1 has not a single finite number." in readout
    assert large(explorer, 4, 4) == rgb(style.GREY)
    assert "Not finite: 1 of 4 units." in drag(explorer, layer="dense")


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 1), (3, 200, 1), (200, 3, 2), (7, 7, 512), (150, 150, 3)],
    ids=str,
)
def test_maps_of_any_size_fit(shape: tuple[int, ...]) -> None:
    given = RNG.normal(size=(3, *shape))
    explorer = make_explorer(PICTURES, {"maps": given})
    sheet = pixels(explorer, 3)
    assert max(sheet.shape[:2]) <= 285
    drag(explorer, channel=shape[-1] - 1, colours=ALIKE)
    assert "raised" not in explorer.readout


def test_colour_pictures_and_whole_numbers_are_shown() -> None:
    colour = np.zeros((2, 6, 9, 3), np.uint8)
    colour[..., 0] = 255
    given = {"a": RNG.random((2, 6, 9, 1))}
    explorer = make_explorer(colour, given)
    assert pixels(explorer, 0)[97, 97].tolist() == [255, 0, 0]
    floats = make_explorer(colour / 255, given)
    assert shown(floats) == shown(explorer)


def test_layers_too_wide_to_be_seen_are_left_out() -> None:
    given = maps() | {"flatten": np.zeros((3, MOST + 1))}
    explorer = make_explorer(PICTURES, given)
    options = explorer.controls["layer"].options
    assert list(options) == ["conv", "raw", "dense"]


@pytest.mark.parametrize(
    ("pictures", "given", "said"),
    [
        (PICTURES, {}, "no maps to show"),
        (PICTURES, {"f": np.zeros((3, 5000))}, "no maps to show"),
        (PICTURES, {"c": np.zeros((2, 4, 4, 1))}, "of 2 pictures, but 3"),
        (PICTURES, {"c": np.zeros((3, 4, 4))}, r"maps of c .*\(3, 4, 4\)"),
        (PICTURES, {"c": np.zeros((3, 0, 4, 1))}, r"\(3, 0, 4, 1\)"),
        (PICTURES[0], maps(), r"shape \(12, 12\)"),
        (PICTURES[:0], maps(), "at least one"),
        (np.zeros((3, 8, 8, 2)), maps(), "expected .n, height"),
        (255 * PICTURES, maps(), "floats from 0 to 1"),
        (np.full((3, 8, 8), 300), maps(), "expected 0 to 255"),
    ],
    ids=[
        *("nothing", "only-wide", "too-few", "no-channels", "empty-map"),
        *("single", "none", "two-colours", "floats", "whole"),
    ],
)
def test_what_cannot_be_explored_is_explained(
    pictures: np.ndarray, given: dict, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        explorers.feature_maps(pictures, given)


def test_pixels_that_are_no_numbers_are_dark_or_bright() -> None:
    picture = PICTURES.copy()
    picture[0, 0, :3] = np.nan, np.inf, -np.inf
    page = pixels(make_explorer(picture, maps()), 0)
    assert [page[8, x, 0] for x in (8, 24, 40)] == [0, 255, 0]


def test_every_control_moves_the_picture() -> None:
    assert_every_control_moves(make())


def test_the_same_controls_give_the_same_picture() -> None:
    assert_comes_back(
        make,
        {"layer": "raw", "picture": 2, "channel": 4, "colours": ALIKE},
        {"layer": "conv", "picture": 0, "channel": 0, "colours": ALONE},
    )


def test_the_longest_caption_is_whole() -> None:
    given = RNG.normal(size=(3, 112, 112, 100)).astype(np.float32)
    given[..., 90:] = 0
    given[0, 0, :5, 89] = np.nan
    given[0, 100, 100, :90] = -1234
    given[0, 1:50, :, 89] = 0
    given = {"conv4_block6_preact_normalisation": given}
    explorer = make_explorer(PICTURES, given)
    drag(explorer, channel=89)
    assert "Constant" in explorer.readout
    assert "zero" in explorer.readout
    assert "not finite" in explorer.readout
    assert_caption_is_whole(explorer)


def test_a_move_is_much_faster_than_a_full_drawing() -> None:
    # Compared in the same run, so that a slow machine slows both.
    given = {"conv": RNG.random((16, 26, 26, 64), np.float32)}
    explorer = make_explorer(RNG.random((16, 28, 28)), given)
    move, full = [], []
    for channel in range(1, 30):
        begin = time.perf_counter()
        drag(explorer, channel=channel)
        middle = time.perf_counter()
        explorer.live.still_changed()
        explorer.refresh()
        move.append(middle - begin)
        full.append(time.perf_counter() - middle)
    assert statistics.median(move) < 0.8 * statistics.median(full)
