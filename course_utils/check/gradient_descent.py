"""The exercises of lecture 02."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from course_utils.check.exercise import (
    Exercise,
    Wrong,
    against,
    call,
    number,
    parts,
)

import numpy as np


def slope(w: float) -> float:
    """Return the slope of the lecture's loss; checkers show its name."""
    return 2 * (w + 1)


def another_slope(w: float) -> float:
    """Return the slope of another loss, to see which one is used."""
    return 6 * w - 4


step = Exercise(
    against(
        reference=lambda w, slope, rate: w - rate * slope(w),
        cases=[
            (5.0, slope, 0.2),
            (-3.0, another_slope, 0.05),
            (0.5, slope, 0.7),
        ],
        mistakes={
            "You added the slope: that climbs.": (
                lambda w, slope, rate: w + rate * slope(w)
            ),
            "The learning rate is missing: the step is the whole slope.": (
                lambda w, slope, rate: w - slope(w)
            ),
            "The slope is missing: every step has the same length.": (
                lambda w, slope, rate: w - rate
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
            "You used the slope of the lecture, not the one you were given.": (
                lambda w, _, rate: w - rate * slope(w)
            ),
            "You used the loss. The step is the rate times the slope.": (
                lambda w, _, rate: w - rate * (w + 1) ** 2
            ),
        },
        insight="On a parabola the slope is large far away and small close "
        "by, so the steps shrink by themselves although the learning rate "
        "stays the same.",
    ),
    hints=[
        "Which way does the loss fall if the slope is positive?",
        "How far: the slope at w, which is slope(w), times the learning rate.",
        "The new weight is the old one minus that.",
    ],
)


curvature = Exercise(
    against(
        reference=lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / h**2,
        cases=[
            (np.sin, 0.3, 0.1),
            (np.exp, 1.0, 0.2),
            (np.cos, -2.0, 0.05),
        ],
        mistakes={
            "The middle counts twice: two differences meet there.": (
                lambda f, x, h: (f(x + h) - f(x) + f(x - h)) / h**2
            ),
            "You divided by h once. A difference of slopes, each divided by "
            "h, is divided by h again.": (
                lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / h
            ),
            "You divided by 2h. Here it is h, squared.": (
                lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / (2 * h)
            ),
            "This is half the curvature: the slope on the left belongs to "
            "x − h/2, the one on the right to x + h/2. They lie h apart, not "
            "2h.": lambda f, x, h: (
                (f(x + h) - 2 * f(x) + f(x - h)) / (2 * h**2)
            ),
            "The two slopes are h apart, not 2h: divide by h².": (
                lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / (2 * h) ** 2
            ),
            "This is the slope. The curvature says how fast it changes.": (
                lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h)
            ),
            "The sign is turned round: the slope on the right minus the one "
            "on the left.": (
                lambda f, x, h: (2 * f(x) - f(x + h) - f(x - h)) / h**2
            ),
            "Mind the brackets: only the last term is divided.": (
                lambda f, x, h: f(x + h) - 2 * f(x) + f(x - h) / h**2
            ),
            "The division by h² is missing or has no effect: divide by h**2 "
            "(a / h * h is (a / h) · h).": (
                lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / h * h
            ),
            "You took a slope of slopes, over the distance 2h each time. "
            "With the slopes at x − h/2 and x + h/2, three points suffice.": (
                lambda f, x, h: (
                    (f(x + 2 * h) - 2 * f(x) + f(x - 2 * h)) / (2 * h) ** 2
                )
            ),
        },
        insight="Near a minimum the largest stable learning rate is 2 divided "
        "by this number: three values of a loss tell how fast you may walk.",
    ),
    hints=[
        "What is the slope between x and x + h, and the one between x − h "
        "and x?",
        "Subtract the left slope from the right one. They belong to points "
        "that are h apart, so divide by h once more.",
        "Written out, f(x) appears twice with a minus, and everything is "
        "divided by h**2.",
    ],
)


_largest_rate = against(
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
        "This grows with a. 2a is the curvature itself; the limit is 2 "
        "divided by it.": lambda a: 2 * a,
    },
    insight="The limit is 2 / curvature, here 2 / (2a). In a landscape "
    "of many directions the steepest one sets it for all.",
)


def _edge(answer: Any) -> str:
    """Grade a formula, and tell a measurement and a constant from one."""
    try:
        return _largest_rate(answer)
    except Wrong as wrong:
        rates = {a: call(answer, a) for a in (0.5, 1.0, 4.0, 12.5)}
        found = {a: number(rate, "The rate") for a, rate in rates.items()}
        if len(set(found.values())) == 1:
            raise Wrong(
                f"You answer {found[1.0]:.4g} whatever a is, and that is "
                "right for one a at most. How does the limit depend on a?"
            ) from wrong
        far = {a: abs(rate * a - 1) for a, rate in found.items()}
        worst = max(far, key=far.get)
        # As found by trial, in steps of 0.01, up to a rate that runs away.
        if far[worst] > 1e-4 and all(far[a] < 0.1 + 0.02 * a for a in found):
            raise Wrong(
                "About right; asked is the formula, exactly. Which simple one "
                f"in a is it?\nFor a = {worst:g} you answer "
                f"{found[worst]:.5g}, expected {1 / worst:g}."
            ) from wrong
        raise


largest_rate = Exercise(
    _edge,
    hints=[
        "One step: w − rate · 2a·w. Write it as (something) · w.",
        "The something is 1 − 2a·rate. The walk converges while it stays "
        "between −1 and 1.",
        "Which rate makes it −1?",
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
    if mistake == "single":
        batches = [np.array([row]) for rows in batches for row in rows]
    for rows in batches:
        if mistake == "all":
            rows = np.arange(len(x))
        if mistake == "last":
            w, b = first_w, first_b
        at_w, at_b = (first_w, first_b) if mistake == "start" else (w, b)
        error = at_w * x[rows] + at_b - y[rows]
        if mistake == "half":
            error = error / 2
        share = 1 / len(x) if mistake == "divide" else 1 / len(rows)
        if mistake == "sum":
            share = 1.0
        dw = 2 * share * (error * x[rows]).sum()
        if mistake == "late":
            error = (w - rate * dw) * x[rows] + b - y[rows]
        if mistake == "product":
            dw = 2 * error.mean() * x[rows].mean()
        db = 2 * share * error.sum()
        sign = -1 if mistake == "climb" else 1
        w, b = w - sign * rate * dw, b - sign * rate * db
        if mistake == "return":
            break
    return (b, w) if mistake == "swap" else (w, b)


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
        cases=[
            (
                np.array([1.0, 2.0]),
                np.array([1.0, 2.0]),
                0.0,
                0.0,
                0.1,
                [np.array([0]), np.array([1])],
            ),
            _epoch_case(0),
            _epoch_case(1),
        ],
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
            "Half as far as it should go: the derivative of a square has a "
            "factor 2.": _epoch_with("half"),
            "Only the first batch was used. Is the return inside the loop?": (
                _epoch_with("return")
            ),
            "w and b are swapped: return (w, b).": _epoch_with("swap"),
            "You made one step for each sample. Make one for each batch, "
            "with the mean over it.": _epoch_with("single"),
            "The gradient of w is the mean of the products error · x, not "
            "the product of two means.": _epoch_with("product"),
        },
        insight="One pass over the data made as many steps as there are "
        "batches, and each step cost only its own samples.",
    ),
    hints=[
        "for rows in batches: the samples of this step are x[rows], y[rows].",
        "r = w * x[rows] + b - y[rows]; the gradients are "
        "2 * mean(r * x[rows]) and 2 * mean(r).",
        "Compute both gradients, then change w and b, and return (w, b) "
        "after the loop.",
    ],
)


def _line(w: float, b: float) -> Callable:
    def make_y(x: Any) -> Any:
        return w * x + b

    return make_y


def _detective(answer: Any) -> str:
    """Grade an instrument that reads slope and intercept off a function."""
    lines = {(1.0, 0.3): "suspect", (0.1, 0.3): "promise", (-2.0, 5.0): "any"}
    given = {}
    for w, b in lines:
        result = parts(call(answer, _line(w, b)))
        if len(result) != 2:
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
