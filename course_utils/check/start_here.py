"""The exercises of lecture 00."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from course_utils.check.exercise import Exercise, against

Numbers = Sequence[float]


def _mean(
    cost: Callable[[float], float],
) -> Callable[[Numbers, Numbers], float]:
    """Return the mean of a cost of the differences."""
    return lambda predicted, y: (
        sum(cost(p - t) for p, t in zip(predicted, y, strict=True)) / len(y)
    )


_right = _mean(lambda miss: miss**2)

mean_squared_error = Exercise(
    against(
        reference=_right,
        cases=[
            ([1.0, 2.0, 3.0], [1.0, 2.0, 5.0]),
            ([4.0, 0.0, 2.5, -1.0], [2.0, 1.0, 2.5, 2.0]),
        ],
        mistakes={
            "You added the squares up, but did not divide by how many there "
            "are: the mean is wanted.": lambda predicted, y: (
                _right(predicted, y) * len(y)
            ),
            "You averaged the differences without squaring them: a miss "
            "above and a miss below cancel.": _mean(lambda miss: miss),
            "You averaged the differences without squaring them (and turned "
            "them round): misses above and below cancel.": (
                _mean(lambda miss: -miss)
            ),
            "You took the absolute value instead of the square.": _mean(abs),
            "You squared the mean difference; square each difference first, "
            "then take the mean.": lambda predicted, y: (
                _mean(lambda miss: miss)(predicted, y) ** 2
            ),
            "You took the root at the end. That is the root mean squared "
            "error; leave the root out.": lambda predicted, y: (
                _right(predicted, y) ** 0.5
            ),
            "You divided by one too few. The mean divides by how many there "
            "are.": lambda predicted, y: (
                _right(predicted, y) * len(y) / (len(y) - 1)
            ),
            "Only the first pair counted. Is the return inside the loop?": (
                lambda predicted, y: (predicted[0] - y[0]) ** 2
            ),
        },
        insight="Squaring makes one large miss cost more than many small "
        "ones that add up to the same: an error twice as large counts four "
        "times.",
    ),
    hints=[
        "Take one pair first: how far is the prediction from the truth?",
        "Square each difference, add the squares, divide by how many there "
        "are. zip(predicted, y) gives the pairs.",
        "One way: squares = [(p - t) ** 2 for p, t in zip(predicted, y)]. "
        "The mean of squares is what you return.",
    ],
)
