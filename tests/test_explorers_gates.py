"""The gates explorer shows what an LSTM cell with such gates keeps.

The oracle is `sequences.lstm_step`, whose weights are chosen so that its
gates are open as far as the controls say.
"""

from __future__ import annotations

from course_utils import explorers, sequences
from course_utils.explorers import Explorer
from tests.explored import (
    assert_caption_is_whole,
    assert_comes_back,
    assert_quick,
    click,
    drag,
    limits,
    shared,
    shown,
)

import numpy as np
import pytest

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")


def make() -> Explorer:
    return explorers.gates()


def make_long() -> Explorer:
    return explorers.gates(200)


def bars(explorer: Explorer, axes: int, which: int = -1) -> np.ndarray:
    """Return the heights of bars, with their signs."""
    drawn = explorer.live.figure.axes[axes].collections[which]
    corners = np.array([path.vertices for path in drawn.get_paths()])
    return corners[:, 1, 1]


def logit(p: float) -> float:
    with np.errstate(divide="ignore"):
        return float(np.log(p) - np.log1p(-p))


@pytest.mark.parametrize(
    ("forget", "opens", "far", "output"),
    [(0.9, 3, 1, 1), (0.5, 7, 0.4, 0.25), (1, 1, 1, 0.8), (0, 5, 1, 1)],
    ids=["usual", "half open", "keeps all", "forgets all"],
)
def test_the_cell_is_that_of_lstm_step(
    forget: float, opens: int, far: float, output: float
) -> None:
    explorer = shared(make)
    explorer.set(forget=forget, opens=opens, input=far, output=output)
    candidates = bars(explorer, 0, 0)
    h = c = np.zeros((1, 1))
    zero = np.zeros((1, 4))
    cells, outputs = [], []
    for step, g in enumerate(candidates, start=1):
        i = far if step == opens else 0
        bias = np.array([logit(i), logit(forget), np.arctanh(g), logit(output)])
        with np.errstate(over="ignore"):  # a closed gate has the logit -inf
            h, c = sequences.lstm_step(zero[:, :1], h, c, zero, zero, bias)
        cells.append(c.item())
        outputs.append(h.item())
    np.testing.assert_allclose(bars(explorer, 1), cells, atol=1e-9)
    np.testing.assert_allclose(bars(explorer, 2), outputs, atol=1e-9)
    for words, value in (("lets in", cells[opens - 1]), ("holds", cells[-1])):
        told = explorer.readout.split(words)[1].split()[0]
        if abs(value) >= 0.0005:
            number = float(told.strip(".").replace("−", "-"))
            assert number == pytest.approx(value, rel=0.01)


@pytest.mark.parametrize(
    ("forget", "opens", "words"),
    [
        (0.9, 3, "17 steps later 0.9^17 = 16.7 % is kept"),
        (0.9, 3, "half-life 6.58 steps."),
        (0.5, 3, "half-life 1 step."),
        (0.25, 19, "1 step later 25 % is kept"),
        (0.75, 20, "75 % is kept at every step"),
        (0.999, 10, "0.999^10 = 99 % is kept"),
        (0.99999999, 3, "0.99999999^17 = more than 99.99 %"),
        (0.99999999, 3, "half-life 69,314,717 steps"),
        (1e-200, 3, "less than 0.01 %"),
        (1.0, 3, "all of it is kept, for ever"),
        (0.0, 3, "nothing is left one step later"),
    ],
    ids=str,
)
def test_the_readout_tells_what_is_kept(
    forget: float, opens: int, words: str
) -> None:
    explorer = shared(make)
    explorer.set(forget=forget, opens=opens, input=1.0)
    assert words in explorer.readout


def test_half_is_left_where_the_mark_stands() -> None:
    explorer = make()
    drag(explorer, forget=0.8)
    curve, half = explorer.live.figure.axes[1].lines[-2:]
    (x,), (y,) = half.get_data()
    assert y == pytest.approx(curve.get_ydata()[0] / 2)
    assert y == pytest.approx(np.interp(x, *curve.get_data()), rel=1e-3)
    drag(explorer, forget=0.99)  # half-life 69 steps
    assert not len(half.get_xdata())


def test_a_closed_input_gate_lets_nothing_in() -> None:
    readout = drag(make(), input=0.0)
    assert "stays closed" in readout
    assert "the cell holds 0 and the output shows 0." in readout


@pytest.mark.parametrize("wrong", [-0.1, 1.5, np.nan, np.inf, -np.inf], ids=str)
def test_a_gate_is_from_0_to_1(wrong: float) -> None:
    explorer = make()
    before = shown(explorer)
    told = drag(explorer, forget=wrong)
    assert f"is {wrong:g}".replace("-", "−") in told
    assert "a number from 0 to 1" in told
    assert shown(explorer) != before
    drag(explorer, forget=0.9)
    assert shown(explorer) == before


def test_the_box_takes_what_the_slider_cannot() -> None:
    explorer = make()
    slider, box = explorer.widget.children[0].children[:2]
    box.value = 0.9995
    assert "0.9995^17" in explorer.readout
    slider.value = 0.5
    assert box.value == 0.5


def test_a_click_chooses_the_step() -> None:
    explorer = make()
    click(explorer, 1, 11.8, 0.5)
    assert explorer.values()["opens"] == 12


@pytest.mark.parametrize("steps", [1, 201, 2.5, True, "9"], ids=repr)
def test_steps_without_room_are_refused(steps: object) -> None:
    with pytest.raises(ValueError, match="whole number from 2 to 200"):
        explorers.gates(steps)


def test_the_least_there_can_be() -> None:
    explorer = explorers.gates(2)
    assert drag(explorer, opens=1).startswith("The input gate lets in")


def test_a_long_caption_is_whole() -> None:
    explorer = make_long()
    explorer.set(forget=0.99998, opens=2)
    assert_caption_is_whole(explorer)


def test_every_control_moves_the_picture_and_no_axes() -> None:
    explorer = make()
    before = limits(explorer)
    moves = {"forget": 1.0, "opens": 20, "input": 0.5, "output": 0.5}
    for name, value in moves.items():
        assert explorer.controls[name].description
        picture = shown(explorer)
        drag(explorer, **{name: value})
        assert shown(explorer) != picture, name
    assert limits(explorer) == before


def test_the_same_controls_give_the_same_picture() -> None:
    there = {"forget": 0.5, "opens": 9}
    assert_comes_back(make, there, {"forget": 0.9, "opens": 3})


def test_a_move_is_much_faster_than_a_full_drawing() -> None:
    assert_quick(make_long(), "opens", range(3, 15))
