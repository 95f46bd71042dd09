"""The live figure shows what a full drawing would show, and reports clicks."""

from __future__ import annotations

import io
from collections.abc import Callable

from course_utils import style
from course_utils.live import LiveFigure, Picture
from tests.pictures import rms

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

RAMP = np.linspace(0.0, 1.0, 9)


def pixels(png: bytes) -> np.ndarray:
    """Return the colours of a PNG, shape (height, width, 3)."""
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"), dtype=float)


def scene(figure: Figure) -> tuple[Axes, list[Artist]]:
    """Draw a background, and two artists that a test can move."""
    ax = figure.subplots()
    ax.contourf(RAMP, RAMP, np.outer(RAMP, RAMP))
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="x", title="A scene")
    (line,) = ax.plot([], [], "o-", zorder=5)
    (dot,) = ax.plot([], [], "s", ms=14, zorder=4)
    return ax, [line, dot]


def place(artists: list[Artist], height: float) -> None:
    """Move the artists of a scene."""
    line, dot = artists
    line.set_data(RAMP[1:-1], height * RAMP[1:-1])
    dot.set_data([0.5], [height * 0.5])


def live_scene() -> tuple[LiveFigure, Axes, list[Artist]]:
    live = LiveFigure(4.0, 3.0)
    ax, artists = scene(live.figure)
    live.moving(*artists)
    return live, ax, artists


def in_full(height: float) -> np.ndarray:
    """Draw the scene in one go on a figure of its own."""
    style.apply()
    figure = Figure(figsize=(4.0, 3.0))
    canvas = FigureCanvasAgg(figure)
    _, artists = scene(figure)
    place(artists, height)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(float)


def test_a_refresh_equals_a_full_drawing() -> None:
    live, _, artists = live_scene()
    for height in (0.9, 0.2, 0.6):
        place(artists, height)
        live.refresh()
        assert rms(pixels(live.picture.png), in_full(height)) < 0.5
    assert rms(in_full(0.2), in_full(0.6)) > 5, "the measure sees a move"


def test_pixels_change_exactly_when_artists_move() -> None:
    live, _, artists = live_scene()
    place(artists, 0.3)
    live.refresh()
    low = live.picture.png
    live.refresh()
    assert live.picture.png == low
    place(artists, 0.8)
    assert live.picture.png == low, "nothing is drawn before refresh()"
    live.refresh()
    assert live.picture.png != low
    place(artists, 0.3)
    live.refresh()
    assert live.picture.png == low


def test_the_order_of_naming_does_not_change_what_is_on_top() -> None:
    pictures = []
    for turn in (1, -1):
        live = LiveFigure(4.0, 3.0)
        _, artists = scene(live.figure)
        for artist in artists[::turn]:
            live.moving(artist)
        place(artists, 0.5)
        live.refresh()
        pictures.append(live.picture.png)
    assert pictures[0] == pictures[1]


def test_a_changed_background_is_drawn_once_it_is_announced() -> None:
    live, ax, _ = live_scene()
    live.refresh()
    before = live.picture.png
    ax.set_title("Another title")
    live.refresh()
    assert live.picture.png == before
    live.still_changed()
    live.refresh()
    assert live.picture.png != before


def test_the_size_is_the_one_asked_for() -> None:
    live, _, _ = live_scene()
    live.refresh()
    assert pixels(live.picture.png).shape == (300, 400, 3)
    assert live.picture.width == 400


def test_a_caption_goes_below_the_picture() -> None:
    live, _, artists = live_scene()
    place(artists, 0.5)
    live.refresh()
    whole = pixels(live.captioned_png("w = 2.6"))
    height, width, _ = whole.shape
    assert height > 300
    assert width == 400
    # The stored picture may have fewer colours than the live one.
    assert rms(whole[:300], pixels(live.picture.png)) < 6
    assert whole[300:].min() < 100, "the caption is written"
    other = pixels(live.captioned_png("w = 1.16"))
    assert not np.array_equal(whole[300:], other[300:])


COLOURS = [
    value
    for value in vars(style).values()
    if isinstance(value, str) and value.startswith("#")
]


def in_all_colours(surroundings: np.ndarray) -> LiveFigure:
    """Draw a small square in each colour of the style beside a large image."""
    live = LiveFigure(4.0, 3.0)
    (ax, legend) = live.figure.subplots(1, 2, width_ratios=(6, 1))
    ax.imshow(surroundings, cmap="jet")
    legend.axis("off")
    rows = np.arange(len(COLOURS))
    legend.scatter(0 * rows, rows, 9, COLOURS, marker="s", antialiased=False)
    live.refresh()
    return live


def heat() -> np.ndarray:
    x = np.linspace(0, 1, 300)
    return x[:, None] + x


def photo() -> np.ndarray:
    rough = np.random.default_rng(0).random((6, 8, 3))
    small = Image.fromarray((255 * rough).astype(np.uint8))
    smooth = np.array(small.resize((400, 300), Image.Resampling.BICUBIC))
    return smooth // 2 + 60


@pytest.mark.parametrize("surroundings", [heat, photo])
def test_a_stored_picture_has_the_colours_of_the_style(
    surroundings: Callable[[], np.ndarray],
) -> None:
    live = in_all_colours(surroundings())
    stored = pixels(live.captioned_png(""))[:300]
    shown = pixels(live.picture.png)
    for colour in COLOURS:
        of_it = (shown == np.multiply(to_rgb(colour), 255).round()).all(-1)
        assert of_it.sum() >= 4, f"{colour} is drawn"
        np.testing.assert_array_equal(stored[of_it], shown[of_it])


@pytest.mark.parametrize("surroundings", [heat, photo])
def test_no_colour_of_a_stored_picture_is_far_off(
    surroundings: Callable[[], np.ndarray],
) -> None:
    live = in_all_colours(surroundings())
    png = live.captioned_png("")
    stored, shown = pixels(png)[:300], pixels(live.picture.png)
    assert rms(stored, shown) < 5  # median cut: 6.3 for the photograph
    assert np.abs(stored - shown).max() < 30  # median cut: above 60
    assert len(png) < len(live.picture.png)


def test_an_empty_picture_can_be_stored() -> None:
    assert (pixels(LiveFigure(2.0, 1.0).captioned_png("")) == 255).all()


def test_a_stored_picture_is_never_behind() -> None:
    live, _, artists = live_scene()
    first = live.captioned_png("")
    place(artists, 0.5)
    assert live.captioned_png("") != first


def click(live: LiveFigure, ax: Axes, x: float, y: float) -> None:
    """Click at a point in data units, as the front end reports it."""
    width, height = live.canvas.get_width_height()
    across, up = ax.transData.transform((x, y))
    point = [across / width, 1 - up / height]
    live.picture.set_state({"click": point})


def test_clicks_arrive_in_data_units() -> None:
    live = LiveFigure(6.0, 3.0)
    left, right = live.figure.subplots(1, 2)
    left.set(xlim=(-3, 3), ylim=(-2, 2))
    right.set(xlim=(1, 1000), ylim=(0, 1), xscale="log")
    heard: list[tuple] = []
    live.on_click(lambda *where: heard.append(where))
    live.refresh()
    wanted = [(left, -1.5, 0.25), (right, 100.0, 0.75), (left, 2.0, -1.0)]
    for ax, x, y in wanted:
        click(live, ax, x, y)
    assert [ax for ax, _, _ in heard] == [ax for ax, _, _ in wanted]
    np.testing.assert_allclose(
        [point[1:] for point in heard], [point[1:] for point in wanted]
    )
    live.picture.set_state({"click": [0.0, 0.0]})
    live.picture.set_state({"click": [0.5, 0.999]})
    assert len(heard) == len(wanted), "a click beside the axes is nothing"


def test_only_a_figure_that_listens_invites_clicks() -> None:
    live, _, _ = live_scene()
    assert not live.picture.clickable
    live.on_click(lambda *where: None)
    assert live.picture.clickable


def test_the_browser_is_told_pictures_and_text() -> None:
    state = Picture(png=b"\x89PNG", alt="A bowl").get_state()
    assert state["png"] == b"\x89PNG"
    assert state["alt"] == "A bowl"
    assert {"width", "clickable", "click"} <= set(state)
    script = state["_esm"]
    for name in ("png", "alt", "width", "clickable", "click"):
        assert f'"{name}"' in script or f"change:{name}" in script


def test_pyplot_is_left_alone() -> None:
    mine = plt.figure()
    try:
        open_figures = plt.get_fignums()
        live, _, artists = live_scene()
        place(artists, 0.5)
        live.refresh()
        live.captioned_png("text")
        assert plt.get_fignums() == open_figures
        assert plt.gcf() is mine
    finally:
        plt.close(mine)


def test_two_figures_do_not_share_anything() -> None:
    (one, _, moved), (other, _, still) = live_scene(), live_scene()
    for artists in (moved, still):
        place(artists, 0.5)
    one.refresh()
    other.refresh()
    before = other.picture.png
    assert one.picture.png == before
    place(moved, 0.9)
    one.refresh()
    other.refresh()
    assert other.picture.png == before != one.picture.png


@pytest.mark.parametrize("far", [1e5, -1e5, np.nan, np.inf])
def test_an_artist_out_of_sight_is_no_problem(far: float) -> None:
    live, ax, artists = live_scene()
    live.refresh()
    empty = pixels(live.picture.png)
    artists[1].set_data([far], [0.5])
    live.refresh()
    assert rms(pixels(live.picture.png), empty) == 0
    assert ax.get_xlim() == (0, 1)
