"""The exercises of lecture 11."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import pairwise, permutations
from typing import Any

from course_utils.check.exercise import (
    Exercise,
    Wrong,
    against,
    call,
    explained,
    in_parts,
)

import numpy as np


def _parts(days: int, cuts: list) -> list[tuple[int, int]]:
    return list(pairwise([0, *cuts, days]))


def _windows(
    taken: int | slice,
    parts: Callable[[int, list], list] = _parts,
    overlap: bool = True,
) -> Callable[..., np.ndarray]:
    """Return a `windows_within` that gives only x, or only y.

    Args:
        taken: What is taken of a window and the day after it.
        parts: Takes the number of days and the cuts; where parts begin, end.
        overlap: Whether every day of a part starts a window.
    """
    return lambda series, length, cuts: np.array(
        [
            series[i : i + length + 1][taken]
            for start, end in parts(len(series), cuts)
            for i in range(start, end - length, 1 if overlap else length)
        ]
    )


_INPUT, _TARGET, _BOTH = np.s_[:-1], -1, np.s_[:]


def _windows_case(seed: int, days: int, length: int, cuts: list) -> tuple:
    rng = np.random.default_rng(seed)
    return rng.integers(10, 99, days) / 10, length, cuts


_WINDOWS_CASES = [
    (np.array([1.0, 2.0, 4.0, 8.0, 9.0, 7.0, 5.0, 3.0]), 2, [5]),
    _windows_case(0, 20, 3, [9, 14]),
    _windows_case(1, 9, 4, []),
    # The second part is too short for a window, the third has just one.
    _windows_case(2, 18, 3, [6, 9, 13]),
]

_windows_x = against(
    reference=_windows(_INPUT),
    cases=_WINDOWS_CASES,
    mistakes={
        "The cuts have no effect: windows, or their targets, reach across "
        "them.": _windows(_INPUT, lambda days, cuts: [(0, days)]),
        "The last target of a part is the first day of the next part here. "
        "It must lie in the same part, too.": _windows(
            _INPUT,
            lambda days, cuts: [
                (start, min(end + 1, days)) for start, end in _parts(days, cuts)
            ],
        ),
        "The last window of each part is missing, the one whose target is the "
        "part's last day. range(n) ends at n − 1.": _windows(
            _INPUT,
            lambda days, cuts: [
                (start, end - 1) for start, end in _parts(days, cuts)
            ],
        ),
        "There is a window too many in each part: no day of the part comes "
        "after it. range(start, end − length).": (
            # Such a window is as long as a shorter one and its target.
            lambda series, length, cuts: _windows(_BOTH)(
                series, length - 1, cuts
            )
        ),
        "The windows do not overlap. Every day of a part starts one, as long "
        "as window and target fit.": _windows(_INPUT, overlap=False),
        "The target is in x as well, as its last column. x has length "
        "columns, and the target is the day after.": _windows(_BOTH),
        "Only the windows of the first part are here. Is the return inside "
        "the loop?": _windows(_INPUT, lambda *given: _parts(*given)[:1]),
        "The windows of the last part are missing: it goes from the last cut "
        "to the end.": _windows(_INPUT, lambda *given: _parts(*given)[:-1]),
        "The windows of the first part are missing: it goes from day 0 to the "
        "first cut.": _windows(_INPUT, lambda *given: _parts(*given)[1:]),
        "The parts are shifted by a day: a cut is the first day of the part "
        "after it, series[cut:].": _windows(
            _INPUT, lambda days, cuts: _parts(days, [cut + 1 for cut in cuts])
        ),
        "x and y are exchanged: return (x, y).": _windows(_TARGET),
    },
    insight="",
)
_windows_y = against(
    reference=_windows(_TARGET),
    cases=_WINDOWS_CASES,
    mistakes={
        "The target is the last day of the window. The network would only "
        "have to copy it: take the day after.": _windows(-2),
    },
    insight="Every cut costs length windows. That is the price for a training "
    "that sees no day of the validation and of the test, neither as an input "
    "nor as a target.",
)

# What asks for the day after the last one raises.
_OUTSIDE = {
    "out of bounds|out of range": "Start windows in range(start, end − "
    "length) of each part; the target is series[i + length].",
    "no window of": "A part with too few days gives none: leave it out, if "
    "len(part) <= length.",
}

windows_within = Exercise(
    explained(_OUTSIDE)(
        in_parts(["x", "y"], {"x": _windows_x, "y": _windows_y})
    ),
    hints=[
        "The parts go from 0 to the first cut, from there to the second, and "
        "so on to the end. How many windows fit into a part of n days?",
        "Two loops: over (start, end) of each part, and over i from start to "
        "end − length − 1. Window and target are slices at i.",
        "for start, end in zip([0, *cuts], [*cuts, len(series)]): for i in "
        "range(start, end - length): x.append(series[i : i + length]) and "
        "y.append(series[i + length]).",
    ],
)


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def _lstm(
    cell: Callable = lambda i, f, g, c: f * c + i * g,
    out: Callable | None = None,
    order: tuple = (0, 1, 2, 3),
    activations: tuple = (_sigmoid, _sigmoid, np.tanh, _sigmoid),
    bias: float = 1.0,
    x_first: bool = False,
) -> Callable[..., np.ndarray]:
    """Return an `lstm_step_of` that gives only c, or only h.

    Args:
        cell: Takes i, f, the candidate and the old c; gives the new c.
        out: Takes o, the new c and the old c; gives h. Without it c is given.
        order: Which block of w is input, forget, candidate, output.
        activations: Of these four.
        bias: What b is multiplied by.
        x_first: Whether x stands before h.
    """

    def step(x: Any, h: Any, c: Any, w: Any, b: Any) -> np.ndarray:
        both = np.concatenate([x, h] if x_first else [h, x], axis=1)
        z = np.split(both @ w + bias * b, 4, axis=1)
        i, f, g, o = (
            activation(z[block])
            for activation, block in zip(activations, order, strict=True)
        )
        new = cell(i, f, g, c)
        return out(o, new, c) if out else new

    return step


def _out(o: np.ndarray, new: np.ndarray, c: np.ndarray) -> np.ndarray:
    return o * np.tanh(new)


def _step_case(seed: int, n: int, features: int, units: int) -> tuple:
    rng = np.random.default_rng(seed)
    shapes = (n, features), (n, units), (n, units)
    w, b = (features + units, 4 * units), (4 * units,)
    return tuple(rng.normal(0, 1, shape).round(1) for shape in (*shapes, w, b))


_STEP_CASES = [_step_case(*case) for case in ((16, 1, 1, 1), (1, 2, 3, 2))]
_NAMES = ("input", "forget", "candidate", "output")


def _other_orders() -> dict[str, Callable]:
    """Return what any other order of the blocks gives, by its message.

    Forget and input gate exchanged has a message of its own.
    """
    return {
        f"You take the four blocks of w as {', '.join(order)}. Here they are "
        f"{', '.join(_NAMES)}.": _lstm(order=tuple(map(order.index, _NAMES)))
        for order in permutations(_NAMES)
        if order not in (_NAMES, (_NAMES[1], _NAMES[0], *_NAMES[2:]))
    }


_step_c = against(
    reference=_lstm(),
    cases=_STEP_CASES,
    mistakes={
        "h and x stand side by side the wrong way round: h comes first, "
        "np.concatenate([h, x], axis=1).": _lstm(x_first=True),
        "Input and forget gate are exchanged. The forget gate multiplies the "
        "old c, the input gate the candidate; and in w the input gate comes "
        "first.": _lstm(lambda i, f, g, c: i * c + f * g),
        "The candidate went through a sigmoid. It is a value, not a gate: "
        "tanh.": _lstm(activations=(_sigmoid,) * 4),
        "The gates went through tanh. A gate is a share between 0 and 1: "
        "sigmoid.": _lstm(activations=(np.tanh,) * 4),
        "The gates lack their sigmoid: they are shares between 0 and 1.": (
            _lstm(activations=(np.positive, np.positive, np.tanh, np.positive))
        ),
        "The candidate lacks its tanh.": _lstm(
            activations=(_sigmoid, _sigmoid, np.positive, _sigmoid)
        ),
        "The bias is missing.": _lstm(bias=0.0),
        "The old c has no effect: it stays as far as the forget gate lets it, "
        "f * c + i * g.": _lstm(lambda i, f, g, c: i * g),
        "The input gate has no effect: i * g. That of 1 − f is the way of a "
        "GRU.": _lstm(lambda i, f, g, c: f * c + (1 - f) * g),
        "The forget gate is turned round: 1 keeps the old c, 0 forgets it.": (
            _lstm(lambda i, f, g, c: (1 - f) * c + i * g)
        ),
        "The new c went through tanh. c itself is not squashed, only what h "
        "sees of it.": _lstm(lambda i, f, g, c: np.tanh(f * c + i * g)),
        "The second value is o * tanh(c), which is h. Return (h, c), with the "
        "c before tanh.": _lstm(out=_out),
        **_other_orders(),
    },
    insight="",
)
_step_h = against(
    reference=_lstm(out=_out),
    cases=_STEP_CASES,
    mistakes={
        "The tanh of c is missing: o * tanh(c).": (
            _lstm(out=lambda o, new, c: o * new)
        ),
        "c goes through tanh, not sigmoid.": (
            _lstm(out=lambda o, new, c: o * _sigmoid(new))
        ),
        "h is made from the old c. Take the new one.": (
            _lstm(out=lambda o, new, c: o * np.tanh(c))
        ),
        "The output gate has no effect: o * tanh(c).": (
            _lstm(out=lambda o, new, c: np.tanh(new))
        ),
        "The input gate, or its block of w, stands in the place of the output "
        "gate. That one is the last block.": _lstm(
            out=_out, order=(0, 1, 2, 0)
        ),
    },
    insight="f * c + i * g is a sum, so with f near 1 a value, and its "
    "gradient, stay in the cell for many steps. Keras keeps the same numbers "
    "in two tables, one for x and one for h.",
)

_ROWS = {
    "array split does not result": "The blocks are columns: np.split(z, 4, "
    "axis=1)."
}

lstm_step_of = Exercise(
    explained(_ROWS)(in_parts(["h", "c"], {"c": _step_c, "h": _step_h})),
    hints=[
        "How many columns has w, and how many of them belong to each gate?",
        "z = np.concatenate([h, x], axis=1) @ w + b, split into four. Three "
        "of the parts go through a sigmoid, the candidate through tanh.",
        "i, f, g, o = np.split(z, 4, axis=1); c = scratch.sigmoid(f) * c + "
        "scratch.sigmoid(i) * np.tanh(g); h = scratch.sigmoid(o) * "
        "np.tanh(c). Return h, c.",
    ],
)


def _mse(one: Any, other: Any) -> np.floating:
    return np.mean((one - other) ** 2)


def _ratio(
    error: Callable[[Any, Any], Any] = _mse,
    score: Callable[[Any, Any], Any] = lambda mine, other: 1 - mine / other,
) -> Callable[..., np.floating]:
    """Return a `skill` with another error, or another formula.

    Args:
        error: Takes two series.
        score: Takes the error of the prediction and of the reference.
    """
    return lambda predicted, actual, reference: score(
        error(predicted, actual), error(reference, actual)
    )


_skill = _ratio()


def _days(*rows: list) -> tuple:
    return tuple(np.array(row, dtype=float) for row in rows)


_compared = against(
    reference=_skill,
    cases=[
        _days([10, 13, 12], [11, 13, 15], [9, 11, 13]),
        _days([5, 8, 4, 9], [6, 5, 7, 7], [8, 6, 5, 8]),
        _days([3, 2, 4, 1, 6], [3, 2, 4, 1, 5], [2, 3, 2, 4, 1]),
    ],
    mistakes={
        "This is the MSE divided by that of the reference. The skill is 1 "
        "minus that.": _ratio(score=lambda mine, other: mine / other),
        "You compare roots of the MSE. The skill compares the MSE itself.": (
            _ratio(lambda one, other: np.sqrt(_mse(one, other)))
        ),
        "You compare mean absolute errors. The skill compares mean squares.": (
            _ratio(lambda one, other: np.mean(np.abs(one - other)))
        ),
        "Prediction and reference are exchanged: the MSE of the reference "
        "stands below.": _ratio(score=lambda mine, other: 1 - other / mine),
        "Square each error first, then take the mean.": (
            _ratio(lambda one, other: np.mean(one - other) ** 2)
        ),
        "Take both means first, then divide.": _ratio(
            lambda one, other: (one - other) ** 2,
            lambda mine, other: 1 - np.mean(mine / other),
        ),
        "Both errors are measured against actual, that of the prediction as "
        "well.": lambda mine, actual, other: _skill(mine, other, actual),
        "Both errors are measured against actual, that of the reference as "
        "well.": lambda mine, actual, other: _skill(actual, mine, other),
        "This is R²: it compares with the mean of the actual values. Compare "
        "with the reference.": lambda predicted, actual, reference: _skill(
            predicted, actual, np.mean(actual)
        ),
    },
    insight="0 is as good as the reference, 1 is perfect, and there is no "
    "limit below. For prices the reference is the price of the day before. "
    "Against the mean price, which is R², nearly every forecast looks good.",
)
_PERFECT = "Here the reference is perfect, its MSE is 0: return np.nan."


def _graded_skill(answer: Any) -> str:
    """Grade the formula first, then what it does where it has no value."""
    insight = _compared(answer)
    try:
        with explained({"ZeroDivision": _PERFECT}):
            given = call(answer, *_days([2, 4, 7], [2, 4, 5], [2, 4, 5]))
    except Wrong as wrong:
        said = str(wrong).replace("Is a return missing?", _PERFECT)
        raise type(wrong)(said) from None
    if isinstance(given, str) or not np.array_equal(
        given, np.nan, equal_nan=True
    ):
        shown = repr(given) if isinstance(given, str) else str(given)
        raise Wrong(
            "skill([2, 4, 7], [2, 4, 5], [2, 4, 5]) gave "
            f"{shown[:30]}. {_PERFECT}"
        )
    return insight


skill = Exercise(
    _graded_skill,
    hints=[
        "Two mean squared errors: one of the prediction, one of the "
        "reference. What is their ratio if both are equally good?",
        "mse = np.mean((predicted - actual) ** 2), the same for the "
        "reference, and 1 minus the ratio of the two.",
        "Before you divide: if the MSE of the reference is 0, return np.nan. "
        "Then return 1 - mse / mse_of_reference.",
    ],
)


def _prepared(name: str, formula: Callable[[np.ndarray, int], Any]) -> Callable:
    """Return a `prepare` with this name that works on its own numbers."""

    def prepare(series: Any, cut: int) -> np.ndarray:
        return formula(np.array(series, dtype=float), cut)

    prepare.__name__ = name
    return prepare


def _minmax(series: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Scale as scikit-learn does, which leaves NaN out."""
    low, high = np.nanmin(part), np.nanmax(part)
    return (series - low) / (high - low)


def logs_in_place(series: np.ndarray, cut: int) -> np.ndarray:
    """Take logarithms, and write them over what was handed in."""
    return np.log(series, out=series)


def _mean_of_3(series: np.ndarray, cut: int) -> np.ndarray:
    """Return means of three days, NaN where days are missing."""
    return np.append([np.nan] * 2, np.convolve(series, np.ones(3) / 3, "valid"))


_FORMULAS = {
    "scaled_on_training": lambda s, cut: _minmax(s, s[:cut]),
    # Tells those who compare all values from those who always answer True.
    "training_only": lambda s, cut: np.where(np.arange(len(s)) < cut, s, 0.0),
    "scaled_on_all": lambda s, cut: _minmax(s, s),
    "divided_by_maximum": lambda s, cut: s / np.nanmax(s),
    "above_minimum": lambda s, cut: s - np.nanmin(s),
    "tomorrow": lambda s, cut: np.append(s[1:], np.nan),
    "yesterday": lambda s, cut: np.append(np.nan, s[:-1]),
    "mean_of_3_days_before": _mean_of_3,
    "smoothed": lambda s, cut: np.roll(_mean_of_3(s, cut), -1),
}


def _peak(s: np.ndarray, cut: int) -> np.ndarray:
    """Return how many days it is to the highest price after the cut."""
    return cut + np.argmax(s[cut:]) - np.arange(len(s))


# One factor for all days after the cut changes none of these.
_LOOKS_AHEAD = {
    "times_growth_after_cut": lambda s, cut: s * round(s[-1] / s[cut], 6),
    "days_to_highest_after_cut": _peak,
    "plus_days_below_the_last": lambda s, cut: s + sum(s[cut:] < s[-1]),
}
_RISING = np.array([40.0, 50.0, 45.0, 60.0, 80.0])
# The smallest and the largest price lie before the cut.
_PRICES = np.array([50.0, 20.0, 90.0, 40.0, 60.0, 55.0, 45.0])
# Of the days after the cut, the first is the highest, as if all were equal.
_LONGER = np.array([50.0, 20, 90, 40, 70, 55, 45, 60, 35, 65, 25, 30])


def _differ(one: np.ndarray, other: np.ndarray, cut: int) -> bool:
    return not np.array_equal(one[:cut], other[:cut], equal_nan=True)


def _drawn(
    low: float, high: float, draws: int = 20
) -> tuple[Callable[[np.ndarray], np.ndarray], ...]:
    """Return what multiplies each day by a factor of its own.

    Args:
        low: The least power of ten.
        high: The greatest.
        draws: How many functions are returned, each with other factors.
    """

    def one(seed: int) -> Callable[[np.ndarray], np.ndarray]:
        rng = np.random.default_rng(seed)
        return lambda future: future * 10 ** rng.uniform(low, high, len(future))

    return tuple(map(one, range(draws)))


def _probe(
    futures: tuple | None = None,
    shift: int = 0,
    differ: Callable[..., bool] = _differ,
) -> Callable[[Callable, np.ndarray, int], bool]:
    """Return a `peeks` that puts other values after the cut.

    Args:
        futures: Each takes what comes after the cut, and gives other values.
            Without any: a factor of its own for each day.
        shift: How many days after the cut the change begins.
        differ: Takes both results and the cut.
    """

    def peeks(prepare: Callable, series: np.ndarray, cut: int) -> bool:
        before, found = prepare(series.copy(), cut), False
        for future in futures or _drawn(-4, 4):
            changed = series.copy()
            changed[cut + shift :] = future(changed[cut + shift :])
            found = found or differ(before, prepare(changed, cut), cut)
        return found

    return peeks


def _without_future(prepare: Callable, series: np.ndarray, cut: int) -> bool:
    short = prepare(series[:cut].copy(), cut)
    return _differ(prepare(series.copy(), cut), short, cut)


_EARLY = "Or does the function return before the second try?"
_UNSEEN = "Where the largest and the smallest price lie before the cut, "
# By what all days after the cut have in common: what that leaves as it was,
# and how it is made, with far larger, far smaller and hardly other values.
_ALIKE = {
    "were multiplied by the same factor": (
        "60 and 30 become 600 and 300, so their ratio stays, and so does the "
        "day of the highest price",
        lambda future: 10 * future,
        lambda future: future / 10,
        lambda future: future * 1.01,
    ),
    "were moved by the same amount": (
        "60 and 30 become 1060 and 1030, so the day of the highest price "
        "stays the same",
        lambda future: future + 1e4,
        lambda future: future - 1e4,
        lambda future: future + 1,
    ),
    "became the same value, or NaN": (
        "the first of equal days counts as the highest, and it may have been "
        "the highest before",
        lambda future: np.full_like(future, 1e6),
        lambda future: np.full_like(future, 1e-6),
        lambda future: np.full_like(future, 50.0),
    ),
}


def _all_alike() -> dict[str, Callable]:
    """Return what finds nothing that days changed alike have in common."""
    mistakes = {}
    for alike, (kept, larger, smaller, near) in _ALIKE.items():
        begin = f"It is as if every day after the cut {alike}"
        mistakes |= {
            f"{begin}: {kept}. A prepare that uses only that is not noticed. "
            "Multiply each day by a factor of its own, and do so several "
            f"times. {_EARLY}": _probe((larger, smaller)),
            f"{begin}, and none became far smaller. A minimum does not notice: "
            "draw a factor for each day, from far below 1 to far above. "
            f"{_EARLY}": _probe((larger,)),
            f"{begin}, and none became far larger. A maximum does not notice: "
            "draw a factor for each day, from far below 1 to far above. "
            f"{_EARLY}": _probe((smaller,)),
            f"{begin}, and all stayed near to what prices were. {_UNSEEN}a "
            "scaler does not notice: draw factors from far below 1 to far "
            "above, one for each day.": _probe((near,)),
        }
    return mistakes


_grade_peeks = against(
    reference=_probe(),
    cases=[
        (_prepared("scaled_on_all", lambda s, cut: _minmax(s, s)), _RISING, 3),
        *((_prepared(*one), _PRICES, 4) for one in _FORMULAS.items()),
        (logs_in_place, _PRICES, 4),
        *((_prepared(*one), _LONGER, 4) for one in _LOOKS_AHEAD.items()),
    ],
    mistakes={
        "The answers are turned round: True is for those that peek.": (
            lambda *given: not _probe()(*given)
        ),
        "All prepared values are compared. Those after the cut may change: "
        "compare the first cut ones.": _probe(
            differ=lambda one, other, cut: (
                not np.array_equal(one, other, equal_nan=True)
            ),
        ),
        "NaN is not equal to NaN. Some prepared series have it at the start: "
        "np.array_equal(a, b, equal_nan=True).": _probe(
            differ=lambda one, other, cut: (one[:cut] != other[:cut]).any(),
        ),
        f"The days after the cut are taken away. {_UNSEEN}a scaler does not "
        "notice. Keep the days, and multiply each by a factor of its own, "
        "from far below 1 to far above.": _without_future,
        f"The days after the cut stay too near to what they were. {_UNSEEN}a "
        "scaler does not notice: draw factors from far below 1 to far above.": (
            _probe(_drawn(-0.075, 0.075))
        ),
        **_all_alike(),
        "No day after the cut becomes far smaller here. A minimum does not "
        "notice: draw factors far below 1, too, several times. "
        f"{_EARLY}": _probe(_drawn(1, 4)),
        "No day after the cut becomes far larger here. A maximum does not "
        "notice: draw factors far above 1, too, several times. "
        f"{_EARLY}": _probe(_drawn(-4, -1)),
        "You only change the order of what comes after the cut. A mean, a "
        "minimum or a maximum does not notice: put other values there.": (
            _probe((np.flip,))
        ),
        "The first value after the cut stays as it was. It has the index "
        "cut: change series[cut:].": _probe(shift=1),
        "The last value before the cut is changed, too. It is part of the "
        "training: change series[cut:].": _probe(shift=-1),
    },
    insight="Scaled on everything, the training part tells how high the price "
    "will climb. Scalers, means and whatever else has numbers of its own take "
    "them from the training part, and are applied to the rest as they are.",
)


def _factors(answer: Callable) -> list[np.ndarray]:
    """Return what an answer multiplies the later prices by, for each try."""
    tries = []

    def prepare(series: Any, cut: int) -> np.ndarray:
        later = np.array(series, dtype=float)[cut:] / _PRICES[cut:]
        if not (later == 1).all():
            tries.append(later)
        return np.array(series)

    call(answer, prepare, _PRICES, 4)
    return tries


def _more_draws(answer: Callable) -> str:
    """Say what is missing in the tries of an answer that finds too little."""
    several = f"Draw factors several times. {_EARLY}"
    try:
        tries = _factors(answer)
        low, high = np.min(tries), np.max(tries)
    except (Wrong, ValueError):  # it fails, another length, none at all
        return several
    if not np.isfinite([low, high]).all():
        return several
    if all(np.allclose(later, later[0]) for later in tries):
        fell = ", and none fell" if low >= 1 else ""
        return (
            f"All later prices got the same factor{fell}. Draw one for each "
            "day, from far below 1 to far above, and do so several times."
        )
    if len(tries) == 1:
        return several
    return (
        f"In {len(tries)} tries the factors lie between {low:.3g} and "
        f"{high:.3g}. Asked are twenty tries, from a thousandth to a thousand."
    )


_WHOLE = "Compare whole arrays: np.array_equal(a, b, equal_nan=True)."


def _in_plain_bool(answer: Any) -> Any:
    """Let NumPy's truth values be quoted as True and False, not 1 and 0."""

    @wraps(answer)
    def peeks(*given: Any) -> Any:
        result = answer(*given)
        return bool(result) if isinstance(result, np.bool_) else result

    return peeks if callable(answer) else answer


# Where == gives an array, what uses it raises.
@explained({"truth value": _WHOLE})
def _peeked(answer: Any) -> str:
    """Grade an instrument, which may forget that prepare writes as well."""
    try:
        return _grade_peeks(_in_plain_bool(answer))
    except Wrong as wrong:
        said = str(wrong).replace(
            "one number was expected.",
            f"one True or False was expected. {_WHOLE}",
        )
        unknown = "The result is not the expected one."
        if unknown in said and "gave False, expected True" in said:
            said = said.replace(unknown, f"{unknown} {_more_draws(answer)}", 1)
        if "changed its input" in said:
            said = (
                "The series is not what it was. Change a copy of it, and "
                "hand copies to prepare, which may write over what it gets: "
                "prepare(series.copy(), cut)."
            )
        raise type(wrong)(said) from None


peeks = Exercise(
    _peeked,
    hints=[
        "If nothing peeks, what becomes of the first cut prepared values when "
        "the prices after the cut are other ones?",
        "Prepare a copy of the series, and some copies in which each price "
        "in series[cut:] is multiplied by a factor of its own, from far below "
        "1 to far above. Compare the first cut prepared values.",
        "factors = 10 ** rng.uniform(-3, 3, len(series) - cut); changed = "
        "series.copy(); changed[cut:] *= factors; different = not "
        "np.array_equal(before[:cut], prepare(changed, cut)[:cut], "
        "equal_nan=True). The same for twenty draws of factors.",
    ],
)
