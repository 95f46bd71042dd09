"""Plots show the data they are given and carry a text alternative."""

from __future__ import annotations

import base64

from course_utils import plots, standins, style, toy

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
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
        "Loss, error against epoch, showing training (from 1 to 2)"
    )
    plots.describe(ax, "The error halves.")
    assert plots.alternative(figure) == "The error halves."


@pytest.mark.parametrize(
    ("points", "look", "said"),
    [
        (([1, 2, 3], [5, 1, 2]), "-", "from 5 to 2, lowest 1"),
        (([1, 2, 3], [5, 9, 2]), "o-", "from 5 to 2, highest 9"),
        (([1, 2, 3], [5, np.nan, 2]), "-", "from 5 to 2"),
        (([1, 2], [3, 3]), "--", "at 3"),
        (([1, 0.5], [2, 3]), "o-", "from 1, 2 to 0.5, 3"),
        (([4], [1e-4]), "o", "at 4, 0.0001"),
        (([1, 2, 3], [5, 1, 2]), "o", "3 points"),
    ],
    ids=["valley", "hill", "gap", "level", "walk", "point", "data"],
)
def test_alternative_tells_the_course_of_a_line(
    points: tuple[list[float], list[float]], look: str, said: str
) -> None:
    figure, ax = plt.subplots()
    ax.plot(*points, look, label="line")
    assert plots.alternative(figure) == f"showing line ({said})"


@pytest.mark.parametrize("values", [[], [np.nan, np.inf]], ids=["none", "nan"])
def test_alternative_of_a_line_without_points_is_its_name(
    values: list[float],
) -> None:
    figure, ax = plt.subplots()
    ax.plot(range(len(values)), values, label="line")
    ax.bar([1, 2], [3, 4], label="bars")
    assert plots.alternative(figure) == "showing line, bars"


def test_alternative_of_bare_axes_is_not_empty() -> None:
    figure = Figure()
    figure.subplots()
    assert plots.alternative(figure)


def test_jupyter_shows_figures_of_one_size_with_their_alternative() -> None:
    cells = [
        "from course_utils import plots\nimport matplotlib.pyplot as plt\n"
        "from matplotlib.backend_bases import FigureCanvasBase as Canvas\n"
        "draw, drawn = Canvas.print_figure, []\n"
        "Canvas.print_figure = lambda *a, **kw: drawn.append(0) or "
        "draw(*a, **kw)",
        "ax = plots.descent(lambda w: w**2, [1.0, 0.5])",
        "fig, ax = plt.subplots()\n_ = plots.describe(ax, 'A blank page')",
        "len(drawn)",
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells]
    )
    NotebookClient(notebook, timeout=60).execute()
    (first,), (second,), (count,) = (c.outputs for c in notebook.cells[1:])
    assert count.data["text/plain"] == "2"  # Jupyter does not draw them again
    assert "loss against weight w" in first.metadata["image/png"]["alt"]
    assert second.metadata["image/png"]["alt"] == "A blank page"
    assert first.data["text/plain"] == "<Figure size 600x350 with 1 Axes>"
    assert "text/html" not in first.data, "stored twice"


def test_where_somebody_watches_the_picture_itself_says_the_alternative(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("COURSE_HEADLESS")
    figure, ax = plt.subplots()
    plots.describe(ax, 'Under "1" & <2>')
    data, _ = plots._bundle(figure)
    assert data["image/png"] in data["text/html"]
    assert 'alt="Under &quot;1&quot; &amp; &lt;2&gt;"' in data["text/html"]


def test_an_empty_figure_is_no_picture() -> None:
    assert set(plots._bundle(Figure())[0]) == {"text/plain"}


# Pictures ------------------------------------------------------------------


def png(figure: Figure) -> bytes:
    """Return the bytes that a notebook stores."""
    return base64.b64decode(plots._bundle(figure)[0]["image/png"])


def shades(axes: Axes) -> np.ndarray:
    (image,) = axes.images
    return np.asarray(image.get_array())


def boxes(drawn: np.ndarray) -> np.ndarray:
    """Return left, bottom, width and height of axes in pixels."""
    return np.array([axes.bbox.bounds for axes in drawn])


def test_images_stand_in_rows_from_the_top_left() -> None:
    numbers = np.arange(7, dtype=np.uint8)[:, None, None]
    drawn = plots.images(
        numbers * np.ones((1, 28, 28), np.uint8), titles=range(7), columns=3
    )
    assert drawn.shape == (7,)
    for number, axes in enumerate(drawn):
        np.testing.assert_allclose(shades(axes), number / 255, rtol=1e-6)
        assert axes.get_title() == str(number)
    left, bottom, width, height = boxes(drawn).T
    np.testing.assert_array_equal(
        np.unique(left.round(), return_index=True)[1], [0, 1, 2]
    )
    np.testing.assert_allclose(left[[0, 1, 2]], left[[3, 4, 5]])
    assert bottom[0] > bottom[3] > bottom[6]
    # Every pixel of a picture is a square of whole pixels of the screen.
    np.testing.assert_allclose(width, height)
    np.testing.assert_allclose(width % 28, 0, atol=1e-6)
    figure = drawn[0].figure
    assert len(figure.axes) == 7, "nothing for the empty places"
    assert plots.alternative(figure) == (
        "7 pictures of 28 × 28 pixels: 0, 1, 2, 3, 4, 5, 6."
    )


@pytest.mark.parametrize(
    "pictures",
    [
        np.full((2, 8, 8), 51, np.uint8),
        np.full((2, 8, 8), 51),
        np.full((2, 8, 8), 0.2),
        np.full((2, 8, 8, 1), 0.2, np.float32),
        [[[0.2] * 8] * 8] * 2,
        np.full((2, 8, 8, 3), 51, np.uint8),
        np.full((2, 8, 8, 3), 0.2),
    ],
    ids=["uint8", "int", "float", "channel", "list", "colour", "colours"],
)
def test_images_may_come_as_bytes_or_as_floats(pictures: object) -> None:
    for axes in plots.images(pictures):
        np.testing.assert_allclose(shades(axes), 0.2, atol=1e-6)
        assert axes.images[0].get_clim() == (0, 1)


def test_one_picture_and_one_without_a_title_can_be_drawn() -> None:
    (axes,) = plots.images(np.zeros((1, 28, 28)))
    assert plots.alternative(axes.figure) == "A picture of 28 × 28 pixels."
    (axes,) = plots.images(np.zeros((1, 28, 28)), ["nought"])
    assert plots.alternative(axes.figure).endswith("pixels: nought.")
    (axes,) = plots.images(np.zeros((1, 28, 28)), ["nought"], alt="all black")
    assert plots.alternative(axes.figure).endswith("pixels, all black: nought.")
    assert (axes.figure.get_size_inches() < 2.5).all(), "not blown up"


@pytest.mark.filterwarnings("error")
def test_pixels_that_are_no_numbers_are_black() -> None:
    picture = np.full((1, 4, 4), 0.5)
    picture[0, 0] = np.nan, np.inf, -np.inf, 1.2
    (axes,) = plots.images(picture)
    assert shades(axes)[0].tolist() == [0, 0, 0, 1]
    assert png(axes.figure)


@pytest.mark.parametrize("columns", [3, 10])
def test_titles_of_two_lines_fit_between_the_pictures(columns: int) -> None:
    titles = [f"is {name}\nsays {name}" for name in standins.CLOTHING] * 2
    drawn = plots.images(np.zeros((20, 28, 28)), titles, columns=columns)
    figure = drawn[0].figure
    figure.canvas.draw()
    words = [axes.title.get_window_extent() for axes in drawn]
    assert max(box.y1 for box in words) <= figure.bbox.y1 + 1
    for number in range(columns, 20):
        above = drawn[number - columns].bbox
        assert words[number].y1 <= above.y0 + 1
    assert "is Dress says Dress" in plots.alternative(figure)


def test_grids_of_images_stay_small() -> None:
    digits = standins.digits()[0]
    drawn = plots.images(digits[:40], range(40))
    assert len(png(drawn[0].figure)) < 70_000
    assert (drawn[0].figure.get_size_inches() <= [7.2, 4]).all()
    colour = standins.shapes10(20, 10)[0]
    assert len(png(plots.images(colour)[0].figure)) < 100_000


@pytest.mark.parametrize(
    ("pictures", "titles", "said"),
    [
        (np.zeros((28, 28)), (), r"\(28, 28\), expected \(n, height"),
        (np.zeros((2, 784)), (), "flat ones need reshape"),
        (np.zeros((32, 32, 3)), (), "single picture goes into a list"),
        (np.zeros((2, 8, 8, 2)), (), r"\(2, 8, 8, 2\)"),
        (np.zeros((0, 28, 28)), (), "at least one picture"),
        ([np.zeros((2, 2)), np.zeros((3, 3))], (), "differ in size"),
        (np.full((1, 8, 8), 255.0), (), "floats up to 255.*Divide by 255"),
        (np.zeros((2, 8, 8)), ["one"], "1 titles for 2 pictures"),
    ],
    ids=["one", "flat", "rgb", "two", "none", "sizes", "floats", "titles"],
)
def test_what_is_no_batch_of_pictures_is_explained(
    pictures: object, titles: object, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        plots.images(pictures, titles)


def test_a_grid_has_at_least_one_column() -> None:
    with pytest.raises(ValueError, match="columns is 0"):
        plots.images(np.zeros((1, 8, 8)), columns=0)


# Confusion matrix ----------------------------------------------------------

COUNTS = np.array([[50, 0, 0], [0, 40, 10], [1, 4, 45]])
IRIS = ("setosa", "versicolor", "virginica")


def test_confusion_names_rows_columns_and_the_worst() -> None:
    ax = plots.confusion(COUNTS, IRIS)
    np.testing.assert_allclose(shades(ax)[1], [0, 0.8**0.5, 0.2**0.5])
    fields = {
        tuple(map(int, text.get_position())): text.get_text()
        for text in ax.texts
    }
    assert fields[2, 1] == "10", "x is what the model says"
    assert fields[1, 2] == "4"
    assert (0, 1) not in fields, "no noughts"
    assert [t.get_text() for t in ax.get_yticklabels()] == list(IRIS)
    assert [t.get_text() for t in ax.get_xticklabels()] == list(IRIS)
    assert ax.get_xlabel() == "what the model says"
    assert plots.alternative(ax.figure) == (
        "Confusion matrix: 90 % are right; most often confused: versicolor "
        "taken for virginica (10), virginica taken for versicolor (4)."
    )


def test_confusion_can_be_of_shares() -> None:
    shares = COUNTS / COUNTS.sum(axis=1, keepdims=True)
    ax = plots.confusion(shares)
    assert "0.20" in [text.get_text() for text in ax.texts]
    assert "1 taken for 2 (0.20)" in plots.alternative(ax.figure)


def test_confusion_without_mistakes_says_so() -> None:
    ax = plots.confusion(np.diag([3, 4]))
    assert plots.alternative(ax.figure) == (
        "Confusion matrix: 100 % are right, and none is confused."
    )
    almost = plots.confusion([[9999, 1], [0, 9999]])
    assert "> 99 % are right" in plots.alternative(almost.figure)


@pytest.mark.filterwarnings("error")
def test_confusion_without_numbers_is_empty() -> None:
    ax = plots.confusion(np.full((2, 2), np.nan))
    assert plots.alternative(ax.figure).endswith("without any counts.")
    assert not ax.texts
    assert png(ax.figure)


def test_large_confusions_have_no_numbers_but_all_names() -> None:
    ax = plots.confusion(np.ones((100, 100)))
    assert not ax.texts
    assert len(ax.get_xticks()) == 100


@pytest.mark.parametrize(
    ("matrix", "names", "said"),
    [
        (np.ones((2, 3)), (), r"shape \(2, 3\), expected as many rows"),
        (np.ones(3), (), r"shape \(3,\)"),
        (np.ones((0, 0)), (), "counts of 0 or more"),
        (-np.ones((2, 2)), (), "counts of 0 or more"),
        (np.ones((2, 2)), IRIS, "3 names for 2 classes"),
    ],
    ids=["oblong", "flat", "empty", "negative", "names"],
)
def test_what_is_no_confusion_matrix_is_explained(
    matrix: np.ndarray, names: tuple, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        plots.confusion(matrix, names)


# Probabilities -------------------------------------------------------------


def test_probabilities_are_bars_of_their_length_from_the_top() -> None:
    ax = plots.probabilities([[0.05, 0.948, 0.002]], IRIS)
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, [0.05, 0.948, 0.002])
    assert [t.get_text() for t in ax.texts] == ["5 %", "95 %", "< 1 %"]
    assert ax.yaxis_inverted()
    assert ax.patches[1].get_facecolor() == to_rgba(style.MODEL)
    assert ax.patches[0].get_facecolor() != to_rgba(style.MODEL)
    assert plots.alternative(ax.figure) == (
        "Probabilities, the highest: versicolor 95 %, setosa 5 %, virginica "
        "< 1 %."
    )


@pytest.mark.filterwarnings("error")
def test_probabilities_that_are_no_numbers_are_named() -> None:
    ax = plots.probabilities([np.nan, 0.25, np.nan])
    assert ax.texts[0].get_text() == "not a number"
    assert "highest: 1 25 %" in plots.alternative(ax.figure)
    assert png(plots.probabilities([np.nan]).figure)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0 %"),
        (-0.0009, "0 %"),
        (1e-9, "< 1 %"),
        (0.00499, "< 1 %"),
        (0.005, "< 1 %"),
        (0.0051, "1 %"),
        (0.87, "87 %"),
        (0.994, "99 %"),
        (0.9951, "> 99 %"),
        (np.nextafter(np.float32(1), np.float32(0)), "> 99 %"),
        (1.0, "100 %"),
        (1.0009, "100 %"),
        (np.inf, "not a number"),
    ],
    ids=str,
)
def test_only_what_is_certain_is_said_to_be(value: float, said: str) -> None:
    assert plots.percent(value) == said


def test_two_plots_in_one_figure_are_both_told() -> None:
    figure, (left, right) = plt.subplots(1, 2)
    assert plots.probabilities([0.3, 0.7], ax=left) is left
    assert plots.confusion(np.eye(2), ax=right) is right
    text = plots.alternative(figure)
    assert text.startswith("Probabilities, the highest: 1 70 %, 0 30 %. Conf")


@pytest.mark.parametrize(
    ("p", "names", "said"),
    [
        (np.ones((2, 3)) / 3, (), r"shape \(2, 3\), expected those of one"),
        ([], (), "shape"),
        ([0.1, 7.3], (), "7.3 is no probability.*softmax"),
        ([-2.0, 0.5], (), "-2 is no probability"),
        ([0.5, 0.5], IRIS, "3 names for 2 classes"),
    ],
    ids=["several", "none", "logits", "negative", "names"],
)
def test_what_are_no_probabilities_is_explained(
    p: object, names: tuple, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        plots.probabilities(p, names)


# History -------------------------------------------------------------------


def curves(axes: Axes) -> dict[str, list]:
    """Return the points of every curve by its label."""
    return {line.get_label(): line.get_xydata().tolist() for line in axes.lines}


def test_history_shows_loss_and_accuracy_from_epoch_1() -> None:
    loss, accuracy = plots.history(
        {
            "loss": [2.0, 1.0, 0.5],
            "accuracy": [0.2, 0.4, 0.4],
            "val_loss": [1.0, 0.9, 1.2],
            "val_accuracy": [0.3, 0.5, 0.45],
            "learning_rate": [0.1, 0.1, 0.1],
        }
    )
    assert curves(loss) == {
        "training": [[1, 2.0], [2, 1.0], [3, 0.5]],
        "validation": [[1, 1.0], [2, 0.9], [3, 1.2]],
    }
    assert curves(accuracy)["training"] == [[1, 0.2], [2, 0.4], [3, 0.4]]
    assert plots.alternative(loss.figure) == (
        "Training of 3 epochs: loss falls from 2 to 0.5; validation loss "
        "rises from 1 to 1.2; accuracy rises from 0.2 to 0.4; validation "
        "accuracy rises from 0.3 to 0.45."
    )
    names = [text.get_text() for text in loss.get_legend().get_texts()]
    assert names == ["training", "validation"]


@pytest.mark.parametrize("epochs", [1, 2, 7, 100])
def test_epochs_are_whole_numbers(epochs: int) -> None:
    (axes,) = plots.history({"loss": np.linspace(2, 1, epochs)})
    axes.figure.canvas.draw()
    low, high = axes.get_xlim()
    ticks = [x for x in axes.get_xticks() if low <= x <= high]
    assert ticks
    assert all(x == int(x) for x in ticks)
    assert low < 1 <= epochs < high
    many = "one epoch: loss is 2." if epochs == 1 else f"{epochs} epochs:"
    assert many in plots.alternative(axes.figure)
    assert png(axes.figure)


@pytest.mark.parametrize(
    ("epochs", "freq", "expected"),
    [
        (6, None, [2, 4, 6]),
        (7, None, [2, 4, 6]),
        (3, None, [1, 2, 3]),
        (11, 3, [3, 6, 9]),
    ],
    ids=["even", "odd", "all", "told"],
)
def test_rare_validations_stand_where_they_were(
    epochs: int, freq: int | None, expected: list
) -> None:
    history = {"loss": [1.0] * epochs, "val_loss": [1.0] * 3}
    (axes,) = plots.history(history, validation_freq=freq)
    assert [x for x, _ in curves(axes)["validation"]] == expected


def test_history_of_keras_with_rare_validations_is_spaced_rightly() -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["accuracy"])
    x, y = np.zeros((4, 2)), np.zeros((4, 1))
    run = model.fit(
        *(x, y),
        epochs=6,
        validation_data=(x, y),
        validation_freq=2,
        verbose=0,
    )
    for history in (run, run.history):
        loss, accuracy = plots.history(history)
        assert [x for x, _ in curves(loss)["validation"]] == [2, 4, 6]
        assert [x for x, _ in curves(accuracy)["training"]] == [*range(1, 7)]


@pytest.mark.filterwarnings("error")
def test_losses_that_are_no_numbers_leave_gaps_and_are_told() -> None:
    (axes,) = plots.history(
        {"loss": [1.0, np.nan, 2.0], "val_loss": [np.inf] * 3}
    )
    assert plots.alternative(axes.figure) == (
        "Training of 3 epochs: loss is not a number in epoch 2; validation "
        "loss is not a number in epoch 1."
    )
    assert png(axes.figure)
    (axes,) = plots.history({"loss": [0.5, 0.5], "val_loss": []})
    assert "loss stays near 0.5." in plots.alternative(axes.figure)


def test_accuracy_has_many_names() -> None:
    for name in ("acc", "sparse_categorical_accuracy", "val_accuracy"):
        axes = plots.history({"loss": [1.0], name: [0.5]})
        assert [ax.get_title("left") for ax in axes] == ["Loss", "Accuracy"]


@pytest.mark.parametrize(
    "history",
    [{}, {"loss": []}, {"mae": [1.0]}],
    ids=["nothing", "no epoch", "others"],
)
def test_a_history_without_loss_is_explained(history: dict) -> None:
    with pytest.raises(ValueError, match="Neither a loss nor an accuracy"):
        plots.history(history)
