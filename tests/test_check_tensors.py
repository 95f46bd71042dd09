"""The checkers of lecture 01 name each typical mistake, and never raise."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
from collections.abc import Callable
from pathlib import Path

from course_utils import scratch
from course_utils.check import tensors

import numpy as np
import pytest

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "01_tensors.ipynb"


def _detective(
    table: Callable, gap: Callable = lambda d: np.abs(d).max()
) -> Callable:
    """Make an answer to the Detective from two parts."""

    def answer(scores: np.ndarray) -> tuple:
        broken = scores.reshape(scores.shape[2], -1).mean(axis=1)
        return table(scores), gap(scores.mean(axis=(0, 1)) - broken)

    return answer


def _mended(s: np.ndarray) -> np.ndarray:
    return np.stack([s[..., i].ravel() for i in range(s.shape[2])])


def _top_k_loop(p: np.ndarray, target: np.ndarray, k: int) -> float:
    hits = [t in np.argsort(row)[-k:] for row, t in zip(p, target, strict=True)]
    return sum(hits) / len(hits)


def _top_k_tf(p: np.ndarray, target: np.ndarray, k: int) -> object:
    import tensorflow as tf

    top = tf.math.top_k(p, k).indices
    hits = tf.reduce_any(top == target[:, None], axis=1)
    return tf.reduce_mean(tf.cast(hits, tf.float32))


def _standardise_tf(x: np.ndarray) -> object:
    import tensorflow as tf

    x = tf.convert_to_tensor(x, tf.float32)
    return (x - tf.reduce_mean(x, 0)) / tf.math.reduce_std(x, 0)


def _one_hot_tf(labels: np.ndarray, depth: int) -> object:
    import tensorflow as tf

    return tf.cast(labels[:, None] == tf.range(depth), tf.float32)


def _rows_by_label(labels: np.ndarray, depth: int) -> np.ndarray:
    out = np.zeros((len(labels), depth))
    out[labels] = 1  # raises where a label is larger than the number of rows
    return out


def _columns_by_label(labels: np.ndarray, depth: int) -> np.ndarray:
    out = np.zeros((len(labels), depth))
    out[:, labels] = 1
    return out


def _distances_tf(a: np.ndarray, b: np.ndarray) -> object:
    import tensorflow as tf

    return tf.norm(tf.expand_dims(a, 1) - b, axis=-1)


def _detective_tf(scores: np.ndarray) -> tuple:
    import tensorflow as tf

    shape = (scores.shape[2], -1)
    table = tf.reshape(tf.transpose(scores, [2, 0, 1]), shape)
    broken = tf.reshape(scores, shape)
    gap = tf.reduce_mean(table, 1) - tf.reduce_mean(broken, 1)
    return table, tf.reduce_max(tf.abs(gap))


RIGHT = {
    "top_k_accuracy": [_top_k_loop, _top_k_tf],
    "standardise": [
        lambda x: (x - x.mean(axis=0)) / x.std(axis=0),
        _standardise_tf,
    ],
    "one_hot": [
        lambda labels, depth: np.eye(depth)[labels],
        lambda labels, depth: labels[:, None] == np.arange(depth),
        lambda labels, depth: np.eye(depth, dtype=int)[labels].tolist(),
        _one_hot_tf,
    ],
    "pairwise_distances": [
        lambda a, b: np.linalg.norm(a[:, None] - b, axis=2),
        _distances_tf,
    ],
    "detective": [_detective(_mended), _detective_tf],
}
MISTAKES = {
    "top_k_accuracy": [
        (lambda p, t, k: (p.argmax(axis=1) == t).mean(), "whatever k is"),
        (
            lambda p, t, k: (
                (np.argsort(p)[:, :k] == t[:, None]).any(axis=1).mean()
            ),
            "least probable",
        ),
        (
            lambda p, t, k: np.mean(
                [label in np.argsort(-p)[:, :k] for label in t]
            ),
            "among the top k of any sample",
        ),
        (
            lambda p, t, k: (np.argsort(-p)[:, :k] == t[:, None]).mean(),
            "samples and places",
        ),
        (lambda p, t, k: _top_k_loop(p, t, k) * len(p), "counted the hits"),
        (lambda p, t, k: _top_k_loop(p, t, k) * 100, "per cent"),
        (
            lambda p, t, k: (np.argsort(-p)[:, k - 1] == t).mean(),
            "place k alone",
        ),
        (lambda p, t, k: p[:, :k] == t[:, None], "shape (2, 1)"),
        (
            lambda p, t, k: (
                (-np.sort(-p)[:, :k] == t[:, None]).any(axis=1).mean()
            ),
            "probabilities with the target",
        ),
        (lambda p, t, k: 0.0, "not the expected one"),
        (lambda p, t, k: int(_top_k_loop(p, t, k)), "fraction is cut off"),
        (
            lambda p, t, k: (
                (np.argsort(-p)[:, :k] == t[:, None]).all(axis=1).mean()
            ),
            "all of the k places",
        ),
        (lambda p, t, k: 1.0 * (_top_k_loop(p, t, k) > 0), "in the whole"),
        (
            lambda p, t, k: (
                (np.argsort(-p, axis=0)[:, :k] == t[:, None]).any(1).mean()
            ),
            "sorted the columns",
        ),
    ],
    "standardise": [
        (lambda x: x / x.std(0), "mean is still there"),
        (lambda x: (x - x.mean()) / x.std(), "whole table"),
        (lambda x: (x - x.mean(0)) / x.std(), "deviation is that of the whole"),
        (lambda x: ((x.T - x.mean(1)) / x.std(1)).T, "standardised the rows"),
        (lambda x: (x - x.mean(0)) / x.std(0) ** 2, "variance"),
        (lambda x: (x - x.mean(0)) / x.std(0, ddof=1), "n − 1"),
        (lambda x: x - x.mean(0), "The mean is gone"),
        (lambda x: x - x.mean(0) / x.std(0), "brackets"),
        (lambda x: (x - x.min(0)) / np.ptp(x, 0), "0 … 1"),
        (lambda x: (x - x.mean(1)) / x.std(1), "raised ValueError"),
        (lambda x: x, "gave"),
    ],
    "one_hot": [
        (_rows_by_label, "picks whole rows"),
        (_columns_by_label, "whole columns"),
        (lambda n, d: np.arange(d)[:, None] == n, "on its side"),
        (lambda n, d: n[:, None] == np.arange(max(n) + 1), "Use depth"),
        (lambda n, d: n[:, None] == np.arange(d) + 1, "counted from 0"),
        (lambda n, d: n[:, None] != np.arange(d), "exchanged"),
        (
            lambda n, d: (n[:, None] == np.arange(d)) * n[:, None],
            "The label itself",
        ),
        (lambda n, d: n == np.arange(d), "shape"),
    ],
    "pairwise_distances": [
        (lambda a, b: a[:, None] - b, "square, and reduce"),
        (lambda a, b: (a[:, None] - b) ** 2, "add the squares up"),
        (lambda a, b: ((a[:, None] - b) ** 2).sum(-1), "square root"),
        (lambda a, b: np.linalg.norm(b[:, None] - a, axis=2), "turned"),
        (lambda a, b: abs(a[:, None] - b).sum(-1), "1-norm"),
        (lambda a, b: abs(a[:, None] - b).max(-1), "∞-norm"),
        (lambda a, b: abs((a[:, None] - b).sum(-1)), "cancel"),
        (lambda a, b: a - b, "raised ValueError"),
        (lambda a, b: abs(a[:, None] - b), "still there"),
        (
            lambda a, b: np.sqrt(((a[:, None] - b) ** 2).mean(-1)),
            "averaged the squares",
        ),
    ],
    "detective": [
        (
            lambda s: (s.reshape(s.shape[2], -1), 0.0),
            "colleague's table again: reshape",
        ),
        (
            _detective(lambda s: s.reshape(s.shape[2], -1)),
            "though your measurement is right",
        ),
        (_detective(lambda s: s.T.reshape(s.shape[2], -1)), "another order"),
        (_detective(lambda s: s.reshape(-1, s.shape[2])), "row per person"),
        (_detective(_mended, lambda d: abs(d).mean()), "not the average"),
        (_detective(_mended, lambda d: d.max()), "absolute differences"),
        (_detective(_mended, lambda d: -d.min()), "absolute differences"),
        (_detective(_mended, lambda d: d.mean()), "finds nothing"),
        (_mended, "2 values"),
        (lambda s: _detective(_mended)(s)[::-1], "wrong order"),
        (
            lambda s: (_mended(s), abs(s.reshape(3, -1) - _mended(s)).max()),
            "not the single marks",
        ),
        (
            lambda s: (
                _mended(s),
                abs(s.reshape(3, -1).mean(0) - _mended(s).mean(0)).max(),
            ),
            "take the means along",
        ),
    ],
}
CASES = [
    pytest.param(name, answer, piece, id=f"{name}-{piece[:24]}")
    for name, cases in MISTAKES.items()
    for answer, piece in cases
]


def _changes(first: np.ndarray, *rest: object) -> np.ndarray:
    first[0] = 7
    return first


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers(name: str) -> None:
    # A lecture has imported it long before; the time limit is for answers.
    importlib.import_module("tensorflow")
    for answer in RIGHT[name]:
        verdict = getattr(tensors, name)(answer)
        assert verdict, verdict


@pytest.mark.parametrize(("name", "answer", "piece"), CASES)
def test_mistakes_are_named(name: str, answer: Callable, piece: str) -> None:
    verdict = getattr(tensors, name)(answer)
    assert verdict.status == "wrong"
    assert piece in verdict.message, verdict.message


@pytest.mark.parametrize("name", RIGHT)
def test_each_mistake_has_its_own_message(name: str) -> None:
    check = getattr(tensors, name)
    first_lines = [
        check(answer).message.splitlines()[0] for answer, _ in MISTAKES[name]
    ]
    assert len(set(first_lines)) == len(first_lines)


@pytest.mark.parametrize("name", RIGHT)
def test_changed_input_is_named(name: str) -> None:
    assert "changed its input" in getattr(tensors, name)(_changes).message


def test_values_of_the_lecture() -> None:
    p = np.array([[0.1, 0.2, 0.7], [0.2, 0.7, 0.1]])
    found = [_top_k_loop(p, np.array([2, 0]), k) for k in (1, 2, 3)]
    assert found == [0.5, 1.0, 1.0]


# The notebook


def _solutions() -> dict[str, ast.FunctionDef]:
    """Return the solutions in the notebook by the name of the exercise."""
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    nodes = [
        node
        for cell in cells
        if {"solution", "exercise"} & set(cell["metadata"].get("tags", []))
        for node in ast.parse("".join(cell["source"])).body
        if isinstance(node, ast.FunctionDef)
    ]
    return {node.name: node for node in nodes}


def _run(name: str) -> Callable:
    import tensorflow as tf

    found = _solutions()
    scope = {"np": np, "tf": tf}
    for node in (found["colleague"], found[f"{name}_solution"]):
        exec(ast.unparse(node), scope)
    return scope[f"{name}_solution"]


@pytest.mark.parametrize("name", RIGHT)
def test_solution_passes(name: str) -> None:
    assert getattr(tensors, name)(_run(name))


@pytest.mark.parametrize("name", RIGHT)
def test_solution_has_the_signature_of_the_stub(name: str) -> None:
    found = _solutions()
    stub, solution = found[name], found[f"{name}_solution"]
    assert ast.dump(stub.args) == ast.dump(solution.args)


def test_examples_of_the_tasks() -> None:
    p = np.array([[0.1, 0.2, 0.7], [0.2, 0.7, 0.1]])
    shares = [_run("top_k_accuracy")(p, np.array([2, 0]), k) for k in (1, 2)]
    assert shares == [0.5, 1.0]
    x = np.array([[1.0, 10.0], [3.0, 30.0]])
    assert np.array_equal(_run("standardise")(x), [[-1, -1], [1, 1]])
    rows = _run("one_hot")(np.array([2, 0]), 3)
    assert np.array_equal(rows, [[0, 0, 1], [1, 0, 0]])
    a, b = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]])
    assert np.array_equal(_run("pairwise_distances")(a, b), [[5, 1]])
    table, gap = _run("detective")(np.array([[[50.0, 80.0], [60.0, 90.0]]]))
    assert np.array_equal(table, [[50, 60], [80, 90]])
    assert gap == 10


def test_scratch_is_what_the_learner_wrote() -> None:
    wrote = _solutions()["standardise_solution"].body
    (kept,) = ast.parse(inspect.getsource(scratch.standardise)).body
    without_docstring = kept.body[1:]
    assert [*map(ast.dump, wrote)] == [*map(ast.dump, without_docstring)]
