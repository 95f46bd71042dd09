"""The exercises of lecture 02."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from course_utils.check.exercise import Exercise, Wrong, against, call, number

import numpy as np


def _slope(w: float) -> float:
    return 2 * (w + 1)


step = Exercise(
    against(
        reference=lambda w, slope, rate: w - rate * slope(w),
        cases=[(5.0, _slope, 0.2), (-3.0, _slope, 0.05), (0.5, _slope, 0.7)],
        mistakes={
            "You added the slope: that climbs.": (
                lambda w, slope, rate: w + rate * slope(w)
            ),
            "The learning rate is missing: the step is the whole slope.": (
                lambda w, slope, rate: w - slope(w)
            ),
            "This is the step alone. The new weight is the old one minus it.": (
                lambda w, slope, rate: -rate * slope(w)
            ),
            "This is how far to go. The new weight is the old one minus it.": (
                lambda w, slope, rate: rate * slope(w)
            ),
            "You multiplied the rate with w. It belongs to slope(w).": (
                lambda w, slope, rate: w - rate * w
            ),
        },
        insight="Far from the minimum the slope is large and so is the step; "
        "close to it, steps shrink by themselves at a constant rate.",
    ),
    hints=[
        "Which way does the loss fall if the slope is positive?",
        "How far: the slope at w, times the learning rate.",
        "return w - learning_rate * slope(w)",
    ],
)


derivative = Exercise(
    against(
        reference=lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h),
        cases=[
            (np.sin, 0.3, 0.1),
            (np.exp, 1.0, 0.2),
            (lambda x: x**3, -2.0, 0.05),
        ],
        mistakes={
            "This looks to one side only. It works, but its error is of the "
            "order h; the central difference has one of the order h².": (
                lambda f, x, h: (f(x + h) - f(x)) / h
            ),
            "This looks to the left only. Look to both sides.": (
                lambda f, x, h: (f(x) - f(x - h)) / h
            ),
            "From x − h to x + h it is 2h, not h.": (
                lambda f, x, h: (f(x + h) - f(x - h)) / h
            ),
            "The sign is turned round: right minus left.": (
                lambda f, x, h: (f(x - h) - f(x + h)) / (2 * h)
            ),
            "Mind the brackets: a / 2 * h is (a / 2) · h.": (
                lambda f, x, h: (f(x + h) - f(x - h)) / 2 * h
            ),
            "This is the difference. The slope is difference per distance.": (
                lambda f, x, h: f(x + h) - f(x - h)
            ),
        },
        insight="The errors to the left and to the right cancel, so halving "
        "h divides the error by four.",
    ),
    hints=[
        "Rise over run: how much does f change from x − h to x + h?",
        "The run is 2h. Put it in brackets.",
        "return (f(x + h) - f(x - h)) / (2 * h)",
    ],
)


largest_rate = Exercise(
    against(
        reference=lambda a: 1 / a,
        cases=[(1.0,), (0.5,), (4.0,), (12.5,)],
        mistakes={
            "At this rate the first step lands on the minimum. Up to twice "
            "that rate the walk still converges.": lambda a: 1 / (2 * a),
            "You used the slope a·w. The derivative of a·w² is 2a·w, so the "
            "limit is half as large.": lambda a: 2 / a,
            "This grows with a. A steeper valley needs smaller steps.": (
                lambda a: a
            ),
            "1.0 is the limit for a = 1 only. Try a = 4 in a loop and watch "
            "it run away.": lambda a: 1.0,
        },
        insight="The limit is 2 / curvature, here 2 / (2a). In a landscape "
        "of many directions the steepest one sets it for all.",
    ),
    hints=[
        "One step: w − rate · 2a·w. Write it as (something) · w.",
        "The something is 1 − 2a·rate. The walk converges while it stays "
        "between −1 and 1.",
        "It is −1 at rate = 1 / a. Return that.",
    ],
)


def _epoch(
    x: np.ndarray,
    y: np.ndarray,
    w: float,
    b: float,
    rate: float,
    batches: list,
    *,
    mistake: str = "",
) -> tuple[float, float]:
    """Train on each batch in turn, perhaps with a typical mistake."""
    first_w, first_b = w, b
    for rows in batches:
        if mistake == "all":
            rows = np.arange(len(x))
        if mistake == "last":
            w, b = first_w, first_b
        at_w, at_b = (first_w, first_b) if mistake == "start" else (w, b)
        error = at_w * x[rows] + at_b - y[rows]
        share = 1 / len(x) if mistake == "divide" else 1 / len(rows)
        if mistake == "sum":
            share = 1.0
        dw = 2 * share * (error * x[rows]).sum()
        if mistake == "late":
            error = (w - rate * dw) * x[rows] + b - y[rows]
        db = 2 * share * error.sum()
        sign = -1 if mistake == "climb" else 1
        w, b = w - sign * rate * dw, b - sign * rate * db
    return w, b


def _epoch_with(mistake: str) -> Callable[..., tuple[float, float]]:
    return lambda *arguments: _epoch(*arguments, mistake=mistake)


def _epoch_case(seed: int) -> tuple:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, 10)
    y = 3 * x - 1 + rng.normal(0, 0.1, 10)
    order = rng.permutation(10)
    return x, y, 0.5, -0.2, 0.1, [order[:4], order[4:8], order[8:]]


epoch = Exercise(
    against(
        reference=_epoch,
        cases=[_epoch_case(0), _epoch_case(1)],
        mistakes={
            "You used all samples in every step. Take x[rows] and y[rows].": (
                _epoch_with("all")
            ),
            "Only the last batch has an effect: every step starts again from "
            "the first w and b.": _epoch_with("last"),
            "All gradients are taken at the first w and b. Take each at the "
            "w and b that the step before has left.": _epoch_with("start"),
            "You divided by the number of all samples. The mean goes over "
            "the batch.": _epoch_with("divide"),
            "You added the samples up. With the mean, the rate does not "
            "depend on the batch size.": _epoch_with("sum"),
            "You changed w before you computed the gradient of b. Compute "
            "both first, then move both.": _epoch_with("late"),
            "You added the gradients: that climbs.": _epoch_with("climb"),
        },
        insight="One pass over the data made as many steps as there are "
        "batches, and each step cost only its own samples.",
    ),
    hints=[
        "for rows in batches: the samples of this step are x[rows], y[rows].",
        "error = w * x[rows] + b - y[rows]; the gradients are "
        "2 * mean(error * x[rows]) and 2 * mean(error).",
        "Compute both gradients, then change w and b, and return (w, b) "
        "after the loop.",
    ],
)


def _detective(answer: Any) -> str:
    """Grade an instrument that reads slope and intercept off a function."""
    lines = {(1.0, 0.3): "suspect", (0.1, 0.3): "promise", (-2.0, 5.0): "any"}
    given = {}
    for w, b in lines:
        result = call(answer, lambda x, w=w, b=b: w * x + b)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise Wrong(
                "measure should give back two numbers: slope and intercept."
            )
        given[w, b] = (
            number(result[0], "The slope"),
            number(result[1], "The intercept"),
        )
    if len(set(given.values())) == 1:
        raise Wrong(
            f"You answer {given[1.0, 0.3]} whatever you are given. That is "
            "what a text says; call make_y and measure."
        )
    if all(np.allclose(given[line], line[::-1]) for line in lines):
        raise Wrong("Slope and intercept are swapped: slope first.")
    if all(np.isclose(given[line][0], sum(line)) for line in lines):
        raise Wrong(
            "make_y(1) is slope plus intercept. Take make_y(0) off to get "
            "the slope alone."
        )
    for line in lines:
        if not np.allclose(given[line], line, atol=1e-6):
            raise Wrong(
                f"For y = {line[0]} x + {line[1]} you measured "
                f"{given[line][0]:.4f} and {given[line][1]:.4f}."
            )
    return (
        "It reads 1.0 and 0.3 off the suspect. Python takes 01. for 1.0, the "
        "fit is perfect for the wrong line, and no loss gives it away."
    )


measure = Exercise(
    _detective,
    hints=[
        "make_y is a function that you can call with any x you like.",
        "Two points fix a straight line. Which two are the handiest?",
        "b = make_y(0.0), and the slope is make_y(1.0) − make_y(0.0).",
    ],
)
