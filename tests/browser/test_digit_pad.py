"""The digit pad in a real JupyterLab: drawn on by mouse, touch, pen and keys.

A network that learnt from simulated hands reads what other simulated hands
write, at their own pace.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from course_utils import handwriting
from tests.browser import lab as browser
from tests.browser.lab import Lab

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

SETUP = """\
import time
import keras
import numpy as np
from course_utils import explorers, handwriting, scratch
keras.utils.set_random_seed(0)
digits = np.arange(400) % 10
x = np.stack([scratch.centred(handwriting.drawn(
    handwriting.strokes(digit, seed)) / 255)
    for seed, digit in enumerate(digits)])
model = keras.Sequential([keras.layers.Input((28, 28)),
    keras.layers.Flatten(), keras.layers.Dense(128, activation="relu"),
    keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
_ = model.fit(x, digits, epochs=20, verbose=0)
given, twice = [], False
def predict(pictures):
    given.append(pictures)
    return answer(pictures)
answer = model"""
PAD = """\
pad = explorers.digit_pad(predict, lambda d: scratch.centred(d / 255))
pad"""
AGAIN = "pad if twice else None"  # a second view doubles the work of the first
SLEEP = "time.sleep(3)"
NEW = 10_000  # seeds from here on are hands that the network never saw
PACE = 1 / 60  # seconds from one point of a stroke to the next
SLOWEST = 100  # milliseconds from the pen to the bars, 19 times in 20
# Times from a movement of the pen to the first frame with other bars, and from
# lifting it to bars that belong to the whole drawing.
WATCH = """board => {
  const root = board.closest(".course-pad");
  const bars = () => [...root.querySelectorAll(".bar")].map(
    bar => bar.style.width).join();
  const taken = window.taken = {moved: [], lifted: []};
  let moved = null, lifted = null, before = null;
  const start = event => {
    if (event.buttons && moved === null) {
      moved = event.timeStamp;
      before = bars();
    }
  };
  board.addEventListener("pointerdown", start, {capture: true});
  board.addEventListener("pointermove", start, {capture: true});
  board.addEventListener("pointerup", event => { lifted = event.timeStamp; },
    {capture: true});
  const look = () => {
    if (moved !== null && bars() !== before) {
      taken.moved.push(performance.now() - moved);
      moved = null;
    }
    if (lifted !== null && root.dataset.settled === "true") {
      taken.lifted.push(performance.now() - lifted);
      lifted = moved = null;
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Open a notebook with a pad that is shown twice, and run it."""
    folder = tmp_path_factory.mktemp("work")
    with browser.opened(folder, [SETUP, PAD, AGAIN, SLEEP]) as lab:
        yield lab


def show(lab: Lab, text: str = "digit_pad(") -> Locator:
    """Scroll to the pad below a cell and return it."""
    return lab.show(lab.find(text)[0]).locator(".course-pad")


@pytest.fixture
def pad(lab: Lab) -> Locator:
    """Return the pad, wiped."""
    pad = show(lab)
    pad.get_by_role("button", name="Clear").click()
    settled(pad)
    expect(words(pad)).to_have_text("Draw a digit.")
    return pad


def settled(pad: Locator, seconds: float = 5) -> None:
    """Wait until the bars belong to what is on the pad."""
    expect(pad).to_have_attribute(
        "data-settled", "true", timeout=seconds * browser.SECONDS
    )


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something that playwright does not know."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.05)


def board(pad: Locator) -> Locator:
    return pad.get_by_role("application")


def words(pad: Locator) -> Locator:
    return pad.locator(".words")


def spoken(pad: Locator) -> Locator:
    return pad.locator(".spoken")


def at_rest(pad: Locator) -> bool:
    """Look whether the board stays where it is."""
    before = board(pad).bounding_box()
    pad.page.wait_for_timeout(300)
    return before is not None and board(pad).bounding_box() == before


def bars(pad: Locator) -> list[float]:
    """Return how long the bars are, in percent."""
    widths = pad.locator(".bar").evaluate_all(
        "bars => bars.map(bar => bar.style.width)"
    )
    return [float(width.rstrip("%") or 0) for width in widths]


def count(pad: Locator, name: str) -> int:
    """Return what the script counts on the board, once it has drawn."""
    pad.page.evaluate(
        "() => new Promise(done => requestAnimationFrame("
        "() => requestAnimationFrame(done)))"
    )
    return int(board(pad).get_attribute(f"data-{name}"))


def picture(lab: Lab) -> np.ndarray:
    return np.array(lab.ask("pad.picture.tolist()"), float)


def place(pad: Locator, point: np.ndarray) -> tuple[float, float]:
    """Return where a point of the unit square is in the window."""
    box = board(pad).bounding_box()
    return (
        box["x"] + box["width"] * float(point[0]),
        box["y"] + box["height"] * float(point[1]),
    )


def write(pad: Locator, strokes: list[np.ndarray], pace: float = PACE) -> None:
    """Draw with the mouse at the pace of a hand."""
    mouse = pad.page.mouse
    for stroke in strokes:
        points = [place(pad, point) for point in stroke[:1]]
        box = board(pad).bounding_box()
        corner = np.array([box["x"], box["y"]])
        size = np.array([box["width"], box["height"]])
        points = (corner + size * stroke).tolist()
        mouse.move(*points[0])
        mouse.down()
        begin = time.monotonic()
        for number, point in enumerate(points[1:], start=1):
            left = begin + number * pace - time.monotonic()
            if left > 0:
                pad.page.wait_for_timeout(1000 * left)
            mouse.move(*point)
        mouse.up()


LINE = [np.array([[0.5, 0.2], [0.5, 0.5], [0.5, 0.8]])]
BAR = [np.array([[0.25, 0.2], [0.75, 0.2]])]


def test_hands_are_read_while_they_write(
    lab: Lab, pad: Locator, record_property: Callable
) -> None:
    board(pad).evaluate(WATCH)
    right, rounds = 0, []
    for digit in range(10):
        strokes = handwriting.strokes(digit, NEW)
        pad.get_by_role("button", name="Clear").click()
        settled(pad)
        write(pad, strokes)
        settled(pad)
        text = words(pad).inner_text()
        expect(spoken(pad)).to_have_text(text)
        assert re.fullmatch(r"\d, (> )?\d+ %", text)
        right += text[0] == str(digit)
        assert bars(pad).index(max(bars(pad))) == int(text[0])
        rounds.append(np.abs(picture(lab) - handwriting.drawn(strokes)).mean())
        if digit == 3:
            lab.screenshot("digit_pad")
    record_property("measured", f"{right} of 10 digits are read right")
    assert right >= 8
    assert max(rounds) < 6, "both draw the same picture, of 0 to 255"


def test_a_stroke_is_answered_at_once(
    lab: Lab, pad: Locator, record_property: Callable
) -> None:
    board(pad).evaluate(WATCH)
    rounds = []
    # A machine that does something else may hold up any process for half a
    # second, so the best of three rounds counts.
    while len(rounds) < 3 and not (rounds and quick(rounds[-1])):
        lab.page.evaluate("taken.moved.length = taken.lifted.length = 0")
        for number in range(24):
            pad.get_by_role("button", name="Clear").click()
            settled(pad)
            lab.page.wait_for_timeout(50)
            write(pad, handwriting.strokes(number % 10, NEW + number)[:1])
            settled(pad)
            lab.page.wait_for_timeout(50)
        rounds.append(lab.page.evaluate("taken"))
    for taken in rounds:
        for name, values in taken.items():
            text = f"pen {name} to bars: {browser.summary(values)}"
            slow = np.percentile(values, 95)
            record_property("measured", f"{text}, 95 of 100 in {slow:.0f} ms")
    assert all(len(t["lifted"]) == 24 for t in rounds)
    assert all(len(t["moved"]) >= 100 for t in rounds)
    assert any(map(quick, rounds)), rounds


def quick(taken: dict[str, list[float]]) -> bool:
    """Say whether the answers were in time."""
    return all(np.percentile(v, 95) <= SLOWEST for v in taken.values())


def test_the_newest_drawing_is_answered_and_few_in_between(
    lab: Lab, pad: Locator
) -> None:
    lab.ask("given.clear()")
    lab.ask("globals().update(answer=lambda x: time.sleep(0.15) or model(x))")
    try:
        before = time.monotonic()
        write(pad, handwriting.strokes(8, NEW))
        wrote = time.monotonic() - before
        settled(pad)
    finally:
        lab.ask("globals().update(answer=model)")
    drawn = handwriting.drawn(handwriting.strokes(8, NEW))
    assert np.abs(picture(lab) - drawn).mean() < 6
    asked = lab.ask("len(given)")
    assert 2 <= asked <= wrote / 0.15 + 3


def touch(lab: Lab) -> Callable:
    """Return a function that touches the screen with some fingers."""
    session = lab.page.context.new_cdp_session(lab.page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": points},
        )

    return fingers


def test_a_finger_draws_and_the_page_stays(lab: Lab, pad: Locator) -> None:
    fingers = touch(lab)
    box = board(pad).bounding_box()
    strokes = handwriting.strokes(4, NEW + 1)
    for stroke in strokes:
        fingers("touchStart", place(pad, stroke[0]))
        for point in stroke[1:]:
            fingers("touchMove", place(pad, point))
        fingers("touchEnd")
    settled(pad)
    assert board(pad).bounding_box() == box, "nothing scrolled"
    assert count(pad, "strokes") == len(strokes)
    drawn = handwriting.drawn(strokes)
    assert np.abs(picture(lab) - drawn).mean() < 6
    expect(spoken(pad)).to_have_text(words(pad).inner_text())


def test_a_second_finger_does_not_draw(lab: Lab, pad: Locator) -> None:
    fingers = touch(lab)
    one, two = (place(pad, p) for p in ((0.3, 0.3), (0.8, 0.8)))
    fingers("touchStart", one)
    fingers("touchStart", one, two)
    fingers("touchMove", place(pad, (0.3, 0.5)), place(pad, (0.8, 0.6)))
    fingers("touchEnd")
    settled(pad)
    assert count(pad, "strokes") == 1
    ink = picture(lab) > 0
    assert ink[:, :14].any() and not ink[:, 14:].any()


def test_a_pen_draws(lab: Lab, pad: Locator) -> None:
    session = lab.page.context.new_cdp_session(lab.page)
    for kind, point in (
        ("mousePressed", (0.3, 0.5)),
        ("mouseMoved", (0.5, 0.5)),
        ("mouseMoved", (0.7, 0.5)),
        ("mouseReleased", (0.7, 0.5)),
    ):
        x, y = place(pad, point)
        session.send(
            "Input.dispatchMouseEvent",
            {
                "type": kind,
                "x": x,
                "y": y,
                "button": "left",
                "buttons": 1,
                "pointerType": "pen",
                "clickCount": 1,
            },
        )
    settled(pad)
    drawn = handwriting.drawn([np.array([[0.3, 0.5], [0.5, 0.5], [0.7, 0.5]])])
    assert np.abs(picture(lab) - drawn).mean() < 3


def test_a_stroke_may_leave_the_pad_and_come_back(
    lab: Lab, pad: Locator
) -> None:
    there = np.array(
        [[0.5, 0.3], [0.9, 0.3], [1.1, 0.3], [1.1, 0.7], [0.9, 0.7], [0.5, 0.7]]
    )
    write(pad, [there])
    settled(pad)
    assert count(pad, "strokes") == 1
    ink = picture(lab)
    assert np.abs(ink - handwriting.drawn([there])).mean() < 3
    assert not ink[12:16, 24:].any(), "no shortcut along the edge"
    write(pad, [np.array([[0.2, 0.5], [0.2, -0.1]])])
    lab.page.mouse.move(*place(pad, (0.5, 0.5)))  # the pen is lifted
    settled(pad)
    assert count(pad, "strokes") == 2
    assert not picture(lab)[12:16, 12:16].any()


def test_a_right_click_does_not_draw(pad: Locator) -> None:
    board(pad).click(button="right")
    pad.page.keyboard.press("Escape")
    assert count(pad, "strokes") == 0


def test_keys_draw_and_the_notebook_stays(lab: Lab, pad: Locator) -> None:
    cell = lab.page.evaluate("course.panel().content.activeCellIndex")
    canvas = board(pad)
    assert "Space" in canvas.get_attribute("aria-description")
    canvas.focus()
    keys = lab.page.keyboard
    keys.press("ArrowLeft")
    keys.press("Shift+ArrowUp")
    outline = "board => getComputedStyle(board).outlineStyle"
    assert canvas.evaluate(outline) == "solid"
    keys.press("Space")
    expect(spoken(pad)).to_have_text("pen down in column 14, row 11")
    for key in ("Shift+ArrowDown", "Shift+ArrowDown", "ArrowRight"):
        keys.press(key)
    lab.screenshot("digit_pad_keys")
    settled(pad)
    expect(spoken(pad)).to_have_text(re.compile("pen down"))
    keys.press("Space")
    expect(spoken(pad)).to_have_text(words(pad).inner_text())
    keys.press("ArrowLeft")  # the pen is lifted, so this draws nothing
    settled(pad)
    cells = np.array([[13, 10], [13, 14], [13, 18], [14, 18]]) + 0.5
    expected = handwriting.drawn([cells / 28])
    assert np.abs(picture(lab) - expected).mean() < 3
    active = lab.page.evaluate("course.panel().content.activeCellIndex")
    assert active == cell, "the arrows are the pad's"
    keys.press("Space")
    expect(spoken(pad)).to_have_text("pen down in column 14, row 19")
    keys.press("Tab")  # leaves the pad and lifts the pen
    expect(pad.get_by_role("button", name="Undo")).to_be_focused()
    assert count(pad, "strokes") == 2
    canvas.focus()
    keys.press("Backspace")
    keys.press("Control+z")
    expect(spoken(pad)).to_have_text("Draw a digit.")
    assert count(pad, "strokes") == 0
    keys.press("Space")
    keys.press("Delete")
    expect(spoken(pad)).to_have_text(re.compile("Draw a digit."))
    assert bars(pad) == [0] * 10


def test_undo_takes_back_one_stroke(lab: Lab, pad: Locator) -> None:
    write(pad, LINE)
    settled(pad)
    one, first = words(pad).inner_text(), picture(lab)
    assert bars(pad)[1] > 50
    write(pad, BAR)
    settled(pad)
    assert (picture(lab) != first).any()
    pad.get_by_role("button", name="Undo").click()
    settled(pad)
    expect(words(pad)).to_have_text(one)
    np.testing.assert_array_equal(picture(lab), first)
    for _ in range(2):  # once more than there are strokes
        pad.get_by_role("button", name="Undo").click()
    expect(words(pad)).to_have_text("Draw a digit.")


def test_a_dot_is_a_drawing(lab: Lab, pad: Locator) -> None:
    lab.page.mouse.click(*place(pad, (0.5, 0.5)))
    settled(pad)
    expected = handwriting.drawn([np.array([[0.5, 0.5]])])
    assert np.abs(picture(lab) - expected).max() < 60
    expect(words(pad)).to_have_text(re.compile(" %"))


def test_the_switch_shows_what_centring_does(lab: Lab, pad: Locator) -> None:
    small = [0.05 + 0.4 * stroke for stroke in handwriting.strokes(2, NEW)]
    write(pad, small)
    settled(pad)
    expect(words(pad)).to_have_text(re.compile("^2, "))
    levels = (
        "seen => Array.from(seen.getContext('2d').getImageData(0, 0, 28, 28)"
        ".data).filter((v, i) => i % 4 === 0)"
    )
    seen = pad.locator(".seen")
    centred = np.array(lab.ask("given[-1][0].tolist()"))
    shown = np.reshape(seen.evaluate(levels), (28, 28)) / 255
    np.testing.assert_allclose(shown, centred, atol=0.003)
    pad.get_by_label("as drawn").check()
    until(lambda: seen.evaluate(levels) == picture(lab).ravel().tolist())
    assert not picture(lab)[15:, 15:].any(), "it stayed in its corner"
    lab.screenshot("digit_pad_as_drawn")
    pad.get_by_label("as the network was trained").check()
    expect(words(pad)).to_have_text(re.compile("^2, "))


def test_python_draws_and_both_views_show_it(lab: Lab, pad: Locator) -> None:
    lab.ask(f"pad.draw(handwriting.strokes(7, {NEW}))")
    expect(words(pad)).to_have_text(lab.ask("pad.readout"))
    points = lab.ask("sum(map(len, handwriting.strokes(7, 10000)))")
    assert count(pad, "points") == points
    lab.ask("globals().update(twice=True)")
    run_cell(lab, AGAIN)
    other = show(lab, AGAIN)
    expect(words(other)).to_have_text(lab.ask("pad.readout"))
    assert count(other, "points") == points
    write(other, BAR)
    settled(other)
    settled(show(lab))
    assert count(pad, "points") == count(other, "points") == points + 2
    assert bars(pad) == bars(other)


def test_what_goes_wrong_is_said_and_the_pad_goes_on(
    lab: Lab, pad: Locator
) -> None:
    lab.ask("globals().update(answer=lambda x: model.layers[9])")
    write(pad, LINE)
    expect(words(pad)).to_contain_text("predict raised IndexError")
    assert bars(pad) == [0] * 10
    expect(spoken(pad)).to_contain_text("predict raised IndexError")
    lab.screenshot("digit_pad_error")
    lab.ask("globals().update(answer=model)")
    write(pad, BAR)
    expect(words(pad)).to_have_text(re.compile(" %"))


def run_cell(lab: Lab, text: str) -> None:
    lab.page.evaluate(
        "place => course.show(place)",
        lab.find(text)[0],
    )
    lab.page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")


def test_a_wait_is_explained_and_forgotten(lab: Lab, pad: Locator) -> None:
    slow = "lambda x: time.sleep(2.5) or model(x)"
    lab.ask(f"globals().update(answer={slow})")
    try:
        write(pad, LINE)
        write(pad, BAR)
        expect(pad.locator(".trouble")).to_contain_text("No answer yet")
    finally:
        # JupyterLab asks this in another thread than it draws in.
        lab.ask("globals().update(answer=model)")
    settled(pad, 15)
    expect(pad.locator(".trouble")).to_have_text("")
    expected = handwriting.drawn([*LINE, *BAR])
    assert np.abs(picture(lab) - expected).mean() < 3
    expect(words(pad)).to_have_text(lab.ask("pad.readout"))


def test_what_is_drawn_while_a_cell_runs_is_read(
    lab: Lab, pad: Locator
) -> None:
    run_cell(lab, SLEEP)
    pad = show(lab)
    write(pad, LINE)
    write(pad, BAR)
    settled(pad, 15)
    expected = handwriting.drawn([*LINE, *BAR])
    assert np.abs(picture(lab) - expected).mean() < 3
    expect(words(pad)).to_have_text(lab.ask("pad.readout"))


def test_the_cell_run_again_gives_a_new_pad(lab: Lab, pad: Locator) -> None:
    write(pad, LINE)
    settled(pad)
    run_cell(lab, "digit_pad(")
    pad = show(lab)
    expect(words(pad)).to_have_text("Draw a digit.")
    assert count(pad, "strokes") == 0
    write(pad, LINE)
    settled(pad)
    assert lab.ask("pad.readout") == words(pad).inner_text()


def test_a_narrow_dark_window_shows_all_of_it(lab: Lab, pad: Locator) -> None:
    theme = "apputils:change-theme"
    command = "([c, t]) => window.jupyterapp.commands.execute(c, {theme: t})"
    lab.page.evaluate(command, [theme, "JupyterLab Dark"])
    lab.page.set_viewport_size({"width": 620, "height": 900})
    try:
        lab.page.wait_for_function(
            "() => document.body.dataset.jpThemeName === 'JupyterLab Dark'"
        )
        board(show(lab)).scroll_into_view_if_needed()
        until(lambda: at_rest(pad))
        write(pad, LINE)
        expect(words(pad)).to_have_text(re.compile(" %"))
        lab.screenshot("digit_pad_dark")
        room = pad.bounding_box()
        for part in (".board", ".seen", ".answer", ".help"):
            box = pad.locator(part).bounding_box()
            assert box["x"] >= room["x"]
            assert box["x"] + box["width"] <= room["x"] + room["width"] + 1
        colour = words(pad).evaluate("e => getComputedStyle(e).color")
        assert min(map(int, re.findall(r"\d+", colour)[:3])) > 150, "light"
    finally:
        lab.page.set_viewport_size({"width": 1280, "height": 900})
        lab.page.evaluate(command, [theme, "JupyterLab Light"])


def test_a_kernel_that_restarts_is_noticed(lab: Lab, pad: Locator) -> None:
    write(pad, LINE)
    settled(pad)
    lab.page.evaluate("course.panel().sessionContext.session.kernel.restart()")
    expect(pad.locator(".trouble")).to_contain_text("Run this cell again")
    lab.page.evaluate("course.greetKernel()")
    # The sentence takes room, and a pad that moves is missed by the mouse.
    board(show(lab)).scroll_into_view_if_needed()
    until(lambda: at_rest(pad))
    before = count(pad, "strokes")
    write(pad, BAR)
    until(lambda: count(pad, "strokes") == before + 1)
    lab.screenshot("digit_pad_restarted")


def test_nothing_complained(lab: Lab) -> None:
    assert lab.errors() == []
    assert [c for c in lab.complaints if "WebSocket" not in c] == []
