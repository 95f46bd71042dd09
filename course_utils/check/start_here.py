"""The exercises of lecture 00."""

from course_utils.check.exercise import Exercise, against

mean_squared_error = Exercise(
    against(
        reference=lambda predicted, y: (
            sum((p - t) ** 2 for p, t in zip(predicted, y, strict=True))
            / len(y)
        ),
        cases=[([1.0, 2.0, 3.0], [1.0, 2.0, 5.0]), ([0.0, 4.0], [2.0, 1.0])],
        mistakes={
            "You added the squares up, but did not divide by how many there "
            "are: the mean is wanted.": lambda predicted, y: sum(
                (p - t) ** 2 for p, t in zip(predicted, y, strict=True)
            ),
            "You averaged the differences without squaring them: a miss "
            "above and a miss below cancel.": lambda predicted, y: (
                sum(p - t for p, t in zip(predicted, y, strict=True)) / len(y)
            ),
            "You took the absolute value instead of the square.": (
                lambda predicted, y: (
                    sum(abs(p - t) for p, t in zip(predicted, y, strict=True))
                    / len(y)
                )
            ),
            "You squared the mean difference; square each difference first, "
            "then take the mean.": lambda predicted, y: (
                (sum(p - t for p, t in zip(predicted, y, strict=True)) / len(y))
                ** 2
            ),
        },
        insight="Squaring makes one large miss cost more than many small "
        "ones: an error twice as large counts four times.",
    ),
    hints=[
        "Take one pair first: how far is the prediction from the truth?",
        "Square each difference, add the squares, divide by how many there "
        "are.",
        "return sum((p - t) ** 2 for p, t in zip(predicted, y)) / len(y)",
    ],
)
