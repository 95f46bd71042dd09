"""The exercises of lecture 01."""

from __future__ import annotations

from collections.abc import Callable

from course_utils.check.exercise import Exercise, against

import numpy as np


def _ranked(probabilities: np.ndarray) -> np.ndarray:
    """Return the classes of each sample, the most probable first."""
    return np.argsort(-probabilities, axis=1)


def _hits(probabilities: np.ndarray, target: np.ndarray, k: int) -> np.ndarray:
    """Tell for each sample whether its class is among the first k."""
    return (_ranked(probabilities)[:, :k] == target[:, None]).any(axis=1)


# float32, as the marks and probabilities of TensorFlow are.
_PROBABILITIES = np.array([[0.1, 0.2, 0.7], [0.2, 0.7, 0.1]], np.float32)
_TARGET = np.array([2, 0], dtype=np.int32)
_MANY = np.array(
    [
        [0.05, 0.50, 0.30, 0.15],
        [0.40, 0.10, 0.20, 0.30],
        [0.10, 0.25, 0.45, 0.20],
        [0.28, 0.24, 0.22, 0.26],
        [0.02, 0.08, 0.30, 0.60],
    ],
    np.float32,
)
_MANY_TARGETS = np.array([2, 0, 2, 1, 2], dtype=np.int32)

top_k_accuracy = Exercise(
    against(
        reference=lambda p, target, k: _hits(p, target, k).mean(),
        cases=[
            (_PROBABILITIES, _TARGET, 1),
            (_PROBABILITIES, _TARGET, 2),
            (_PROBABILITIES, _TARGET, 3),
            (_MANY, _MANY_TARGETS, 1),
            (_MANY, _MANY_TARGETS, 2),
            (_MANY, _MANY_TARGETS, 3),
            # Here comparing values instead of places would find hits, too.
            (
                np.eye(2, dtype=np.float32)[::-1],
                np.array([1, 1], dtype=np.int32),
                1,
            ),
        ],
        mistakes={
            "You compare with the most probable class alone, whatever k is.": (
                lambda p, target, k: _hits(p, target, 1).mean()
            ),
            "You take the k least probable classes: argsort puts the smallest "
            "first.": lambda p, target, k: _hits(-p, target, k).mean(),
            "You averaged over samples and places. A sample is a hit if any "
            "of its k places is right: reduce that axis with any first.": (
                lambda p, target, k: (
                    _ranked(p)[:, :k] == target[:, None]
                ).mean()
            ),
            "You counted the hits. An accuracy is their share: divide by the "
            "number of samples.": lambda p, target, k: _hits(
                p, target, k
            ).sum(),
            "You divided by the number of classes instead of samples.": (
                lambda p, target, k: _hits(p, target, k).sum() / p.shape[1]
            ),
            "The fraction is cut off. Divide with /, not //, and cast to "
            "float32 before tf.reduce_mean.": lambda p, target, k: int(
                _hits(p, target, k).mean()
            ),
            "You asked for all of the k places. One hit is enough: any.": (
                lambda p, target, k: (
                    (_ranked(p)[:, :k] == target[:, None]).all(axis=1).mean()
                )
            ),
            "This is 1 as soon as there is any hit in the whole table. Ask "
            "for each sample: axis=1.": lambda p, target, k: float(
                _hits(p, target, k).any()
            ),
            "A class counts as found here if it is among the top k of any "
            "sample. Look in its own row: target[i] in top[i].": (
                lambda p, target, k: np.isin(target, _ranked(p)[:, :k]).mean()
            ),
            "You sorted the columns. The classes of a sample stand in its "
            "row: axis=1.": lambda p, target, k: (
                (np.argsort(-p, axis=0)[:, :k] == target[:, None])
                .any(axis=1)
                .mean()
            ),
            "This looks at place k alone. Every place up to k counts.": (
                lambda p, target, k: (_ranked(p)[:, k - 1] == target).mean()
            ),
            "This is in per cent. Give back a share between 0 and 1.": (
                lambda p, target, k: 100 * _hits(p, target, k).mean()
            ),
            "This is one value per sample. Average them.": (
                lambda p, target, k: _hits(p, target, k)
            ),
            "You compared the probabilities with the target. Compare the "
            "places where they stand: the indices.": (
                lambda p, target, k: (
                    (-np.sort(-p)[:, :k] == target[:, None]).any(axis=1).mean()
                )
            ),
        },
        insight="With k equal to the number of classes it is always 1, so a "
        "top-5 accuracy says little where there are six classes.",
    ),
    hints=[
        "Which k classes does a sample find most probable? tf.math.top_k "
        "gives values and indices, both of shape (samples, k).",
        "Compare the indices with target[:, None], which broadcasts to "
        "(samples, k). Is any of the k right?",
        "top = tf.math.top_k(probabilities, k).indices.numpy()\n"
        "The share is the mean of (top == target[:, None]).any(axis=1).",
    ],
)


_TABLE = np.array([[150.0, 2.0], [160.0, 3.0], [185.0, 10.0]])

standardise = Exercise(
    against(
        reference=lambda x: (x - x.mean(axis=0)) / x.std(axis=0),
        cases=[
            (_TABLE,),
            (np.array([[1.0, -5.0, 0.2], [3.0, 5.0, 0.6]]),),
            (np.arange(12.0).reshape(4, 3) ** 2,),
        ],
        mistakes={
            "You standardised the rows. axis=0 runs down the rows and gives "
            "one value per column.": lambda x: (
                (x - x.mean(axis=1, keepdims=True))
                / x.std(axis=1, keepdims=True)
            ),
            "You used one mean and one deviation for the whole table. Each "
            "column needs its own: axis=0.": lambda x: (x - x.mean()) / x.std(),
            "The means are per column, but the deviation is that of the whole "
            "table.": lambda x: (x - x.mean(axis=0)) / x.std(),
            "You divided by the variance. The standard deviation is its "
            "square root.": lambda x: (x - x.mean(axis=0)) / x.var(axis=0),
            "You divided by n − 1. That estimates the spread of a population; "
            "here the columns themselves shall have deviation 1.": (
                lambda x: (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
            ),
            "The mean is gone. Now divide by the standard deviation, too.": (
                lambda x: x - x.mean(axis=0)
            ),
            "You divided, but the mean is still there. Subtract it first.": (
                lambda x: x / x.std(axis=0)
            ),
            "Mind the brackets: subtract first, divide the difference.": (
                lambda x: x - x.mean(axis=0) / x.std(axis=0)
            ),
            "This maps each column to 0 … 1. Asked are mean 0 and standard "
            "deviation 1.": lambda x: (
                (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0))
            ),
        },
        insight="Two shapes meet, (samples, features) and (features,), and "
        "broadcasting aligns them from the right. You need this in lecture 02.",
    ),
    hints=[
        "Which axis has to disappear so that one number per column is left?",
        "x.mean(axis=0) has shape (features,). Subtract it from x.",
        "Then divide, in brackets, by x.std(axis=0), which broadcasts alike.",
    ],
)


def _whole_rows(labels: np.ndarray, depth: int) -> np.ndarray:
    rows = np.zeros((len(labels), depth))
    rows[labels[labels < len(labels)]] = 1
    return rows


def _whole_columns(labels: np.ndarray, depth: int) -> np.ndarray:
    rows = np.zeros((len(labels), depth))
    rows[:, labels] = 1
    return rows


one_hot = Exercise(
    against(
        reference=lambda labels, depth: np.eye(depth)[labels],
        cases=[
            (np.array([2, 0, 1, 2], dtype=np.int32), 3),
            (np.array([0, 1, 1], dtype=np.int32), 5),
            (np.array([3], dtype=np.int32), 4),
        ],
        mistakes={
            "It lies on its side: one row per label is asked, "
            "(labels, depth).": lambda labels, depth: np.eye(depth)[labels].T,
            "You made as many columns as the largest label needs. Use depth: "
            "a class that does not occur still has a column.": (
                lambda labels, depth: np.eye(labels.max() + 1)[labels]
            ),
            "The columns start at class 1. Classes are counted from 0.": (
                lambda labels, depth: (
                    (labels[:, None] == np.arange(1, depth + 1)) * 1
                )
            ),
            "Ones and zeros are exchanged.": (
                lambda labels, depth: 1 - np.eye(depth)[labels]
            ),
            "labels as an index alone picks whole rows. You want one place "
            "in each row: np.arange(len(labels)) and labels together.": (
                _whole_rows
            ),
            "You filled whole columns. You want one place in each row: "
            "np.arange(len(labels)) and labels together.": _whole_columns,
            "The label itself stands in its column. A one belongs there, also "
            "for class 0.": lambda labels, depth: (
                np.eye(depth)[labels] * labels[:, None]
            ),
        },
        insight="Compare (labels, 1) with (depth,): the result is a whole "
        "table, and no loop is needed.",
    ),
    hints=[
        "Row i is the question: is label i equal to 0, to 1, to 2, …?",
        "labels[:, None] has shape (labels, 1), np.arange(depth) has shape "
        "(depth,). What does == make of them?",
        "The comparison gives True and False; .astype(float) makes 1 and 0 "
        "of them.",
    ],
)


def _differences(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return every a minus every b, shape (of a, of b, features)."""
    return a[:, None] - b


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sqrt((_differences(a, b) ** 2).sum(axis=-1))


_POINTS = np.array([[0.0, 0.0], [3.0, 4.0]])
_OTHERS = np.array([[0.0, 0.0], [6.0, 8.0], [3.0, 0.0]])

pairwise_distances = Exercise(
    against(
        reference=_distances,
        cases=[
            (_POINTS, _OTHERS),
            (_OTHERS, _POINTS),
            (_OTHERS, _OTHERS),
            (np.arange(8.0).reshape(2, 4), np.eye(4)[:3] * 5),
        ],
        mistakes={
            "These are squared distances. Take the square root.": (
                lambda a, b: (_differences(a, b) ** 2).sum(axis=-1)
            ),
            "Row i belongs to a[i] and column j to b[j]; yours is turned "
            "round.": lambda a, b: _distances(a, b).T,
            "You added absolute differences: that is the 1-norm. Asked is the "
            "2-norm.": lambda a, b: np.abs(_differences(a, b)).sum(axis=-1),
            "You took the largest difference: that is the ∞-norm. Asked is "
            "the 2-norm.": lambda a, b: np.abs(_differences(a, b)).max(axis=-1),
            "You added the differences and squared the sum. Square first: "
            "otherwise they cancel.": (
                lambda a, b: np.abs(_differences(a, b).sum(axis=-1))
            ),
            "You averaged the squares over the features. Add them up.": (
                lambda a, b: np.sqrt((_differences(a, b) ** 2).mean(axis=-1))
            ),
            "The features are still there: square, and reduce the last "
            "axis.": _differences,
            "The features are still there: add the squares up along the last "
            "axis.": lambda a, b: _differences(a, b) ** 2,
            "The features are still there: reduce the last axis.": (
                lambda a, b: np.abs(_differences(a, b))
            ),
        },
        insight="(m, 1, d) against (n, d) makes (m, n, d): all pairs at once. "
        "Mind the memory where m and n are large.",
    ),
    hints=[
        "Which shapes broadcast to (m, n, d)? Try them in the explorer above.",
        "a[:, None] - b holds all differences. Square them, and reduce the "
        "last axis.",
        "Add up along axis=-1, then take the square root of everything.",
    ],
)


def _two_tables(
    mend: Callable[[np.ndarray], np.ndarray],
    measure: Callable[[np.ndarray], float] = lambda gaps: np.abs(gaps).max(),
) -> Callable[[np.ndarray], tuple[np.ndarray, float]]:
    """Make an answer from a way to mend the table and one to measure."""

    def answer(scores: np.ndarray) -> tuple[np.ndarray, float]:
        broken = scores.reshape(scores.shape[2], -1)
        right = np.moveaxis(scores, 2, 0).reshape(broken.shape)
        gaps = broken.mean(axis=1) - right.mean(axis=1)
        return mend(scores), measure(gaps)

    return answer


def _mended(scores: np.ndarray) -> np.ndarray:
    return scores.reshape(-1, scores.shape[2]).T


def _single_marks(scores: np.ndarray) -> tuple[np.ndarray, float]:
    right = _mended(scores)
    return right, np.abs(scores.reshape(right.shape) - right).max()


def _means_of_columns(scores: np.ndarray) -> tuple[np.ndarray, float]:
    right = _mended(scores)
    gaps = scores.reshape(right.shape).mean(axis=0) - right.mean(axis=0)
    return right, np.abs(gaps).max()


_SCORES = np.array(
    [[[50, 80, 62.5], [54, 90, 70]], [[40, 71, 65], [45, 99, 60]]]
)

detective = Exercise(
    against(
        reference=_two_tables(_mended),
        cases=[(_SCORES,), (150 - _SCORES,)],
        mistakes={
            "This is the colleague's table again: reshape alone leaves every "
            "number where it is in memory. Print the first row: whose marks "
            "are these?": lambda scores: (
                scores.reshape(scores.shape[2], -1),
                0.0,
            ),
            "This is the colleague's table again, though your measurement is "
            "right. A reshape alone cannot bring one subject together.": (
                _two_tables(lambda s: s.reshape(s.shape[2], -1))
            ),
            "Each row holds the right marks, but the people stand in another "
            "order: asked is class by class. Full transposing turns the "
            "first two axes round, too.": (
                _two_tables(lambda s: s.T.reshape(s.shape[2], -1))
            ),
            "The table has one row per person. One row per subject is asked: "
            "transpose what you have.": (
                _two_tables(lambda s: s.reshape(-1, s.shape[2]))
            ),
            "The table is right. For the proof take the largest difference "
            "between the row means, not the average one.": (
                _two_tables(_mended, lambda gaps: np.abs(gaps).mean())
            ),
            "The table is right. Take absolute differences before the "
            "maximum: a subject can also be given too little.": (
                _two_tables(_mended, lambda gaps: gaps.max())
            ),
            "The table is right. Take absolute differences before the "
            "maximum, whichever table you subtract.": (
                _two_tables(_mended, lambda gaps: (-gaps).max())
            ),
            "The table is right. Compare the means of the rows, not the "
            "single marks.": _single_marks,
            "The table is right. A row is a subject: take the means along "
            "axis=1.": _means_of_columns,
            "The right things in the wrong order: the table comes first, the "
            "proof second.": lambda scores: _two_tables(_mended)(scores)[::-1],
            "The table is right, but your measurement finds nothing. Did you "
            "compare the means of all marks, which are the same, or a table "
            "with itself? Compare row by row.": (
                _two_tables(_mended, lambda gaps: 0.0)
            ),
        },
        insight="Shape and total agreed, and every row mixed the subjects; a "
        "row mean can even be right by chance. Merging "
        "neighbouring axes by reshape is safe; moving one needs a transpose.",
    ),
    hints=[
        "Compare colleague(scores.numpy())[0, :8] with "
        "scores.numpy()[0, :8, 0]. Where do the first eight come from?",
        "scores.reshape(-1, subjects) merges classes and students and keeps "
        "the subjects as columns. What makes columns rows?",
        "table = scores.reshape(-1, scores.shape[2]).T\n"
        "For the proof, subtract the means of the rows (axis=1) of both "
        "tables; return the largest absolute difference.",
    ],
)
