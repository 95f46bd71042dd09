"""The explorer of lecture 00."""

from __future__ import annotations

from course_utils import explorers, toy

import numpy as np
import pytest


def test_readout_is_the_mean_squared_error_of_the_drawn_line() -> None:
    explorer = explorers.line_fit()
    x, y = toy.line()
    explorer.set(w=0.25, b=0.2)
    error = 1000 * np.mean((0.25 * x + 0.2 - y) ** 2)
    assert f"mean squared error {error:.2f} thousandths" in explorer.readout
    model = explorer.live.figure.axes[0].lines[1]
    np.testing.assert_allclose(model.get_ydata(), [0.2, 0.45])


@pytest.mark.parametrize("points", toy.DATA)
def test_no_line_beats_the_best_one_named(points: str) -> None:
    explorer = explorers.line_fit()
    explorer.set(points=points)
    best = float(explorer.readout.split("line has ")[1].removesuffix("."))
    x, y = toy.DATA[points]()
    columns = np.stack([x, np.ones_like(x)], axis=1)
    residual = np.linalg.lstsq(columns, y)[1] / len(y)
    assert best == pytest.approx(1000 * float(residual[0]), abs=0.005)


def test_choosing_other_points_draws_them() -> None:
    explorer = explorers.line_fit()
    before = explorer.live.picture.png
    explorer.controls["points"].value = "curve"
    dots = explorer.live.figure.axes[0].lines[0]
    np.testing.assert_allclose(dots.get_ydata(), toy.curve()[1])
    assert explorer.live.picture.png != before
