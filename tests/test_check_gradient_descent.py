"""The checkers of lecture 02 tell each typical mistake from the others."""

from __future__ import annotations

from collections.abc import Callable

from course_utils.check import gradient_descent as lecture

import numpy as np
import pytest


def matrix_epoch(x, y, w, b, rate, batches):
    p = np.array([w, b])
    for rows in batches:
        A = np.stack([np.asarray(x)[rows], np.ones(len(rows))], axis=1)
        p = p - rate * 2 * A.T @ (A @ p - y[rows]) / len(rows)
    return p


def step_up(w, slope, rate):
    return w + rate * slope(w)


def step_without_rate(w, slope, rate):
    return w - slope(w)


def step_alone(w, slope, rate):
    return rate * slope(w)


def step_backwards_alone(w, slope, rate):
    return -(rate * slope(w))


def step_scaling_w(w, slope, rate):
    return w - rate * w


def step_by_global(w, s, rate):
    return w - rate * 2 * (w + 1)


def step_by_loss(w, s, rate):
    return w - rate * (w + 1) ** 2


def step_without_slope(w, s, rate):
    return w - rate


def middle_once(f, x, h):
    return (f(x + h) - f(x) + f(x - h)) / h**2


def by_h(f, x, h):
    return ((f(x + h) - f(x)) - (f(x) - f(x - h))) / h


def by_2h(f, x, h):
    return ((f(x + h) - f(x)) - (f(x) - f(x - h))) / (2 * h)


def by_4h2(f, x, h):
    return (f(x + h) - 2 * f(x) + f(x - h)) / (2 * h) ** 2


def only_slope(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def turned(f, x, h):
    return -(f(x + h) - 2 * f(x) + f(x - h)) / h**2


def brackets(f, x, h):
    return f(x + h) - 2 * f(x) + f(x - h) / h**2


def by_h_times_h(f, x, h):
    return (f(x + h) - 2 * f(x) + f(x - h)) / h * h


def slope_of_slopes(f, x, h):
    return (only_slope(f, x + h, h) - only_slope(f, x - h, h)) / (2 * h)


def best_rate(a):
    return 1 / (2 * a)


def from_slope_aw(a):
    return 2 / a


def grows(a):
    return a


def always_one(a):
    return 1


def all_samples(x, y, w, b, rate, batches):
    for _ in batches:
        r = w * x + b - y
        w, b = w - 2 * rate * np.mean(r * x), b - 2 * rate * np.mean(r)
    return w, b


def from_the_start(x, y, w, b, rate, batches):
    for i in batches:
        r = w * x[i] + b - y[i]
        new = w - 2 * rate * np.mean(r * x[i]), b - 2 * rate * np.mean(r)
    return new


def from_the_start_added(x, y, w, b, rate, batches):
    dw = db = 0
    for i in batches:
        r = w * x[i] + b - y[i]
        dw, db = dw + 2 * np.mean(r * x[i]), db + 2 * np.mean(r)
    return w - rate * dw, b - rate * db


def divided_by_all(x, y, w, b, rate, batches):
    for i in batches:
        r = w * x[i] + b - y[i]
        dw, db = 2 * np.sum(r * x[i]) / len(x), 2 * np.sum(r) / len(x)
        w, b = w - rate * dw, b - rate * db
    return w, b


def summed(x, y, w, b, rate, batches):
    for i in batches:
        r = w * x[i] + b - y[i]
        w, b = w - 2 * rate * np.sum(r * x[i]), b - 2 * rate * np.sum(r)
    return w, b


def w_first(x, y, w, b, rate, batches):
    for i in batches:
        w = w - 2 * rate * np.mean((w * x[i] + b - y[i]) * x[i])
        b = b - 2 * rate * np.mean(w * x[i] + b - y[i])
    return w, b


def climbing(x, y, w, b, rate, batches):
    for i in batches:
        r = w * x[i] + b - y[i]
        w, b = w + 2 * rate * np.mean(r * x[i]), b + 2 * rate * np.mean(r)
    return w, b


def half(x, y, w, b, rate, batches):
    for i in batches:
        r = w * x[i] + b - y[i]
        w, b = w - rate * np.mean(r * x[i]), b - rate * np.mean(r)
    return w, b


def return_inside(x, y, w, b, rate, batches):
    for i in batches:
        r = w * x[i] + b - y[i]
        w, b = w - 2 * rate * np.mean(r * x[i]), b - 2 * rate * np.mean(r)
        return w, b


def b_first(x, y, w, b, rate, batches):
    w, b = matrix_epoch(x, y, w, b, rate, batches)
    return b, w


def sample_by_sample(x, y, w, b, rate, batches):
    for rows in batches:
        for i in rows:
            r = w * x[i] + b - y[i]
            w, b = w - 2 * rate * r * x[i], b - 2 * rate * r
    return w, b


def two_means(x, y, w, b, rate, batches):
    for i in batches:
        r = np.mean(w * x[i] + b - y[i])
        w, b = w - 2 * rate * r * np.mean(x[i]), b - 2 * rate * r
    return w, b


def slopes_by_2h(f, x, h):
    left, right = (f(x) - f(x - h)) / h, (f(x + h) - f(x)) / h
    return (right - left) / (2 * h)


def by_trial(far):
    """Raise the rate by 0.01 until the weight runs away in 40 steps."""

    def largest_rate(a):
        rates = np.arange(0.01, 5, 0.01)
        return next(r for r in rates if abs(1 - 2 * a * r) ** 40 > far)

    return largest_rate


def as_promised(make_y):
    return 0.1, 0.3


def swapped(make_y):
    return make_y(0.0), make_y(1.0) - make_y(0.0)


def height_at_one(make_y):
    return make_y(1.0), make_y(0.0)


MISTAKES = [
    (lecture.step, step_up, "climbs"),
    (lecture.step, step_without_rate, "learning rate is missing"),
    (lecture.step, step_alone, "how far to go"),
    (lecture.step, step_backwards_alone, "step alone"),
    (lecture.step, step_scaling_w, "belongs to slope"),
    (lecture.step, step_by_global, "slope of the lecture"),
    (lecture.step, step_by_loss, "used the loss"),
    (lecture.step, step_without_slope, "slope is missing"),
    (lecture.curvature, middle_once, "middle counts twice"),
    (lecture.curvature, by_h, "by h once"),
    (lecture.curvature, by_2h, "divided by 2h"),
    (lecture.curvature, by_4h2, "The two slopes are h apart"),
    (lecture.curvature, slopes_by_2h, "half the curvature"),
    (lecture.curvature, only_slope, "This is the slope"),
    (lecture.curvature, turned, "sign is turned"),
    (lecture.curvature, brackets, "only the last term"),
    (lecture.curvature, by_h_times_h, "missing or has no effect"),
    (lecture.curvature, slope_of_slopes, "slope of slopes"),
    (lecture.largest_rate, best_rate, "lands on the minimum"),
    (lecture.largest_rate, from_slope_aw, "derivative of a·w²"),
    (lecture.largest_rate, grows, "steeper valley"),
    (lecture.largest_rate, always_one, "whatever a is"),
    (lecture.largest_rate, lambda a: 0.25, "whatever a is"),
    (lecture.largest_rate, lambda a: 0.999 / a, "asked is the formula"),
    (lecture.largest_rate, by_trial(1), "you answer 0.09, expected 0.08"),
    (lecture.largest_rate, by_trial(100), "About right"),
    (lecture.largest_rate, lambda a: 2 * a, "curvature itself"),
    (lecture.epoch, all_samples, "all samples in every step"),
    (lecture.epoch, from_the_start_added, "taken at the first w"),
    (lecture.epoch, from_the_start, "Only the last batch"),
    (lecture.epoch, divided_by_all, "mean goes over"),
    (lecture.epoch, summed, "added the samples up"),
    (lecture.epoch, w_first, "before you computed"),
    (lecture.epoch, climbing, "climbs"),
    (lecture.epoch, half, "factor 2"),
    (lecture.epoch, return_inside, "inside the loop"),
    (lecture.epoch, b_first, "swapped"),
    (lecture.epoch, sample_by_sample, "each sample"),
    (lecture.epoch, two_means, "two means"),
    (lecture.measure, as_promised, "what a text says"),
    (lecture.measure, swapped, "swapped"),
    (lecture.measure, height_at_one, "slope plus intercept"),
    (
        lecture.measure,
        lambda make_y: (make_y(1.0) - make_y(0.5), make_y(0.0)),
        "y = 1.0 x + 0.3 you measured 0.5000 and 0.3000",
    ),
]


@pytest.mark.parametrize(
    ("checker", "mistake", "words"),
    MISTAKES,
    ids=[words for _, _, words in MISTAKES],
)
def test_each_mistake_gets_its_own_message(
    checker: Callable, mistake: Callable, words: str
) -> None:
    verdict = checker(mistake)
    assert verdict.status == "wrong"
    assert words in verdict.message


def polyfit(make_y):
    x = np.linspace(-1, 1, 5)
    return np.polyfit(x, make_y(x), 1)


@pytest.mark.parametrize(
    ("checker", "answer"),
    [
        (lecture.measure, polyfit),
        (lecture.measure, lambda f: [f(3) - f(2), f(0)]),
        (lecture.epoch, matrix_epoch),
        (
            lecture.curvature,
            lambda f, x, h: ((f(x + h) - f(x)) / h - (f(x) - f(x - h)) / h) / h,
        ),
        (lecture.step, lambda w, s, r: np.float64(w) + -r * np.array(s(w))),
        (lecture.largest_rate, lambda a: 2 / (2 * a)),
    ],
)
def test_right_answers_may_look_different(
    checker: Callable, answer: Callable
) -> None:
    assert checker(answer).status == "right"


def test_a_function_in_place_of_its_value_is_explained() -> None:
    assert "call it" in lecture.step(lambda w, s, r: w - r * s).message
    assert "call it" in lecture.curvature(lambda f, x, h: h * f).message


def test_an_exact_rate_in_an_array_is_not_called_about_right() -> None:
    message = lecture.largest_rate(lambda a: np.array([1 / a])).message
    assert "About right" not in message
    assert "one number was expected" in message


def test_junk_for_the_detective_gets_a_sentence() -> None:
    for junk in (3, None, lambda f: 1, lambda f: ("a", "b"), lambda f: None):
        assert lecture.measure(junk).status == "wrong"
