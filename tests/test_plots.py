"""Plots show the data they are given and carry a text alternative."""

from __future__ import annotations

from course_utils import plots, toy

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from nbclient import NotebookClient


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_descent_draws_the_path_on_the_loss() -> None:
    path = np.array([5.0, 2.6, 1.16])
    ax = plots.descent(lambda w: (w + 1) ** 2, path)
    steps = next(line for line in ax.lines if line.get_label() == "steps")
    np.testing.assert_allclose(steps.get_xdata(), path)
    np.testing.assert_allclose(steps.get_ydata(), [36, 12.96, 4.6656])


def test_line_fit_draws_the_line_between_the_outermost_points() -> None:
    ax = plots.line_fit(np.array([1.0, 3.0]), np.array([2.0, 2.0]), 0.5, 1.0)
    np.testing.assert_allclose(ax.lines[1].get_xydata(), [[1, 1.5], [3, 2.5]])


def test_surface_marks_the_minima_and_draws_into_given_axes() -> None:
    _, (left, right) = plt.subplots(1, 2)
    bowl = toy.SURFACES["bowl"]
    walk = np.array([[1.0, 1.0], [0.5, 0.5]])
    assert plots.surface(bowl, {"walk": walk}, ax=right) is right
    assert not left.lines
    drawn = [line.get_xydata().tolist() for line in right.lines]
    assert [[0.0, 0.0]] in drawn
    assert walk.tolist() in drawn


def test_boundary_runs_where_the_score_has_the_level() -> None:
    points = np.array([[-2.0, 0.0], [2.0, 1.0], [1.0, -1.0]])
    scores = {"right": lambda p: p[:, 0], "up": lambda p: p[:, 1] - 1}
    ax = plots.boundary(points, np.array([0, 1, 1]), scores, level=0.5)
    (right,), (up,) = (found.allsegs[0] for found in ax.collections)
    np.testing.assert_allclose(right[:, 0], 0.5)
    np.testing.assert_allclose(up[:, 1], 1.5)
    drawn = [line.get_xydata().tolist() for line in ax.lines]
    assert [[-2.0, 0.0]] in drawn
    assert [[2.0, 1.0], [1.0, -1.0]] in drawn
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["right", "up"]


def test_alternative_is_put_together_from_what_is_written() -> None:
    figure, ax = plt.subplots()
    ax.plot([1, 2], label="training")
    ax.set(title="Loss", xlabel="epoch", ylabel="error")
    assert plots.alternative(figure) == (
        "Loss, error against epoch, showing training"
    )
    plots.describe(ax, "The error halves.")
    assert plots.alternative(figure) == "The error halves."


def test_alternative_of_bare_axes_is_not_empty() -> None:
    figure = Figure()
    figure.subplots()
    assert plots.alternative(figure)


def test_jupyter_shows_figures_of_one_size_with_their_alternative() -> None:
    cells = [
        "from course_utils import plots\nimport matplotlib.pyplot as plt",
        "ax = plots.descent(lambda w: w**2, [1.0, 0.5])",
        "fig, ax = plt.subplots()\n_ = plots.describe(ax, 'A blank page')",
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells]
    )
    NotebookClient(notebook, timeout=60).execute()
    (first,), (second,) = (cell.outputs for cell in notebook.cells[1:])
    assert "loss against weight w" in first.metadata["image/png"]["alt"]
    assert second.metadata["image/png"]["alt"] == "A blank page"
    assert first.data["text/plain"] == "<Figure size 600x350 with 1 Axes>"
