"""The checkers of lecture 11 tell each typical mistake from the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from course_utils import scratch, sequences
from course_utils.check import lstm_stock as lecture
from tests.checked import assert_all_right, assert_wrong, planted

import numpy as np
import pytest


def cut_up(
    parts: Callable | None = None, last: int = 0, target: int = 0, step: int = 1
) -> Callable:
    """Return a `windows_within`, perhaps with a mistake."""

    def windows_within(series, length, cuts):
        x, y = [], []
        pairs = list(zip([0, *cuts], [*cuts, len(series)], strict=True))
        for start, end in parts(pairs) if parts else pairs:
            for i in range(start, end - length + last, step or length):
                x.append(series[i : i + length])
                y.append(series[i + length + target])
        return np.array(x), np.array(y)

    return windows_within


good_windows = cut_up()


def windows_by_slices(series, length, cuts):
    pieces = [p for p in np.split(series, cuts) if len(p) > length]
    views = [
        np.lib.stride_tricks.sliding_window_view(p, length + 1) for p in pieces
    ]
    both = np.concatenate(views)
    return both[:, :-1], both[:, -1]


def windows_by_mask(series, length, cuts):
    """Name the part of each day, and keep windows with one name."""
    name = np.searchsorted(cuts, np.arange(len(series)), side="right")
    starts = [
        i for i in range(len(series) - length) if name[i] == name[i + length]
    ]
    x = [series[i : i + length].tolist() for i in starts]
    return [x, [float(series[i + length]) for i in starts]]


def target_in_next_part(series, length, cuts):
    x, y = [], []
    for i in range(len(series) - length):
        if not any(i < cut < i + length for cut in cuts):
            x.append(series[i : i + length])
            y.append(series[i + length])
    return np.array(x), np.array(y)


def with_target(series, length, cuts):
    x, y = good_windows(series, length, cuts)
    return np.column_stack([x, y]), y


def series_changed(series, length, cuts):
    series /= series.max()
    return good_windows(series, length, cuts)


def windows_of_each(series, length, cuts):
    pieces = [sequences.windows(p, length) for p in np.split(series, cuts)]
    return [np.concatenate(both) for both in zip(*pieces, strict=True)]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(x, h, c, w, b):
    i, f, g, o = np.split(np.hstack([h, x]) @ w + b, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def step_by_keras(x, h, c, w, b):
    import keras

    units = h.shape[1]
    cell = keras.layers.LSTMCell(units)
    cell.build(x.shape)
    cell.set_weights([w[units:], w[:units], b])
    return cell(x, [h, c])[1]


def step_by_columns(x, h, c, w, b):
    n = h.shape[1]

    def block(k):
        columns = slice(k * n, (k + 1) * n)
        return h @ w[:n, columns] + x @ w[n:, columns] + b[columns]

    new = (1 + np.tanh(block(1) / 2)) / 2 * c
    new = new + sigmoid(block(0)) * np.tanh(block(2))
    return [sigmoid(block(3)) * np.tanh(new), new]


def split_by_rows(x, h, c, w, b):
    i, f, g, o = np.split(np.hstack([h, x]) @ w + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def stepping(
    cell: Callable = lambda i, f, g, c: f * c + i * g,
    out: Callable = lambda i, f, o, c, old: o * np.tanh(c),
    order: str = "ifgo",
    gate: Callable = sigmoid,
    candidate: Callable = np.tanh,
    both: Callable = lambda x, h: np.hstack([h, x]),
    bias: float = 1.0,
) -> Callable:
    def lstm_step_of(x, h, c, w, b):
        z = np.split(both(x, h) @ w + bias * b, 4, axis=1)
        i, f, g, o = (z[order.index(name)] for name in "ifgo")
        i, f, g, o = gate(i), gate(f), candidate(g), sigmoid(o)
        new = cell(i, f, g, c)
        return out(i, f, o, new, c), new

    return lstm_step_of


def score(predicted, actual, reference):
    below = ((reference - actual) ** 2).mean()
    if below == 0:
        return np.nan
    return 1 - ((predicted - actual) ** 2).mean() / below


def score_by_lists(predicted, actual, reference):
    rows = list(zip(predicted, actual, reference, strict=True))
    above = sum((p - a) ** 2 for p, a, r in rows)
    below = sum((r - a) ** 2 for p, a, r in rows)
    return (below - above) / below if below else float("nan")


def error(one, other):
    return np.mean((one - other) ** 2)


def where_perfect(value):
    def skill(predicted, actual, reference):
        if np.array_equal(actual, reference):
            return value
        return score(predicted, actual, reference)

    return skill


def python_division(predicted, actual, reference):
    above, below = error(predicted, actual), error(reference, actual)
    return 1 - float(above) / float(below)


def look(prepare, series, cut):
    before, rng = prepare(series.copy(), cut)[:cut], np.random.default_rng(0)
    for _ in range(20):
        changed = series.copy()
        changed[cut:] *= 10 ** rng.uniform(-3, 3, len(series) - cut)
        after = prepare(changed, cut)[:cut]
        if not np.array_equal(before, after, equal_nan=True):
            return True
    return False


def look_at_random(prepare, series, cut):
    rng, seen = np.random.default_rng(0), set()
    for _ in range(9):
        changed = np.append(series[:cut], rng.normal(0, 1e4, len(series) - cut))
        seen.add(str(prepare(changed, cut)[:cut].tolist()))
    return int(len(seen) > 1)


def look_at_shuffled(prepare, series, cut):
    """Shuffle what comes after the cut, and scale it by one factor."""
    before, rng = prepare(series.copy(), cut)[:cut], np.random.default_rng(1)
    for factor in (100, 0.01) * 5:
        changed = series.copy()
        changed[cut:] = factor * rng.permutation(series[cut:])
        after = prepare(changed, cut)[:cut]
        if not np.array_equal(before, after, equal_nan=True):
            return True
    return False


def look_up_and_down(prepare, series, cut):
    """Multiply every other day by a large factor, the others by a small one."""
    before, found = prepare(series.copy(), cut)[:cut], False
    for first in (0, 1):
        factors = np.where(np.arange(len(series)) % 2 == first, 1e3, 1e-3)
        factors[:cut] = 1
        after = prepare(series * factors, cut)[:cut]
        found |= not np.allclose(before, after, equal_nan=True)
    return found


def look_at_each_day(prepare, series, cut):
    before = np.nan_to_num(prepare(series.copy(), cut))[:cut]
    for day in range(cut, len(series)):
        for value in (1e6, -1e6):
            changed = series.copy()
            changed[day] = value
            after = np.nan_to_num(prepare(changed, cut))[:cut]
            if np.abs(after - before).max() > 0:
                return np.True_
    return np.False_


def looking(
    *changes: Callable,
    shift: int = 0,
    same: Callable = lambda one, other, cut: np.array_equal(
        one[:cut], other[:cut], equal_nan=True
    ),
) -> Callable:
    """Return a `peeks` that puts what `changes` say after the cut."""

    def peeks(prepare, series, cut):
        before, found = prepare(series.copy(), cut), False
        for change in changes:
            changed = series.copy()
            changed[cut + shift :] = change(changed[cut + shift :])
            if not same(before, prepare(changed, cut), cut):
                found = True
        return found

    return peeks


def without_nan(one, other, cut):
    return np.array_equal(one[:cut], other[:cut])


def factors(low, high):
    def draw(future):
        return future * 10 ** rng.uniform(low, high, len(future))

    rng = np.random.default_rng(3)
    return [draw] * 15


def times(factor):
    return lambda future: factor * future


def plus(amount):
    return lambda future: future + amount


def always(value):
    return lambda future: np.full(len(future), value)


def early_return(*changes):
    """Return a `peeks` whose return stands inside the loop."""

    def peeks(prepare, series, cut):
        before = prepare(series.copy(), cut)
        for change in changes:
            changed = np.append(series[:cut], change(series[cut:]))
            after = prepare(changed, cut)
            return not np.array_equal(before[:cut], after[:cut], equal_nan=True)

    return peeks


def shuffled(prepare, series, cut):
    changed = np.append(series[:cut], np.sort(series[cut:]))
    one, other = prepare(series.copy(), cut), prepare(changed, cut)
    return not np.array_equal(one[:cut], other[:cut], equal_nan=True)


def shortened(prepare, series, cut):
    one, other = prepare(series.copy(), cut), prepare(series[:cut].copy(), cut)
    return not np.array_equal(one[:cut], other, equal_nan=True)


def on_the_series(prepare, series, cut):
    before = prepare(series, cut)[:cut]
    found = False
    for value in (1e6, -1e6):
        changed = series.copy()
        changed[cut:] = value
        after = prepare(changed, cut)[:cut]
        found |= not np.array_equal(before, after, equal_nan=True)
    return found


def entry_by_entry(prepare, series, cut):
    changed = np.append(series[:cut], 0 * series[cut:])
    return bool(
        prepare(series.copy(), cut)[:cut] != prepare(changed, cut)[:cut]
    )


RIGHT = {
    "windows_within": [good_windows, windows_by_slices, windows_by_mask],
    "lstm_step_of": [step, step_by_keras, step_by_columns],
    "skill": [score, score_by_lists],
    "peeks": [
        look,
        look_at_random,
        look_at_each_day,
        look_at_shuffled,
        look_up_and_down,
    ],
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_may_look_different(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_all_right(getattr(lecture, name), RIGHT[name], monkeypatch)


MISTAKES = {
    "windows_within": [
        (cut_up(lambda parts: [(0, parts[-1][1])]), "cuts have no effect"),
        (target_in_next_part, "first day of the next part here"),
        (cut_up(last=-1), "The last window of each part is missing"),
        (cut_up(last=-1, target=1), "The last window of each part is missing"),
        (cut_up(last=1, target=-1), "There is a window too many in each part"),
        (cut_up(step=0), "do not overlap"),
        (with_target, "The target is in x as well"),
        (cut_up(lambda parts: parts[:1]), "Only the windows of the first"),
        (cut_up(lambda parts: parts[:-1]), "windows of the last part"),
        (cut_up(lambda parts: parts[1:]), "windows of the first part"),
        (
            lambda s, n, cuts: good_windows(s, n, [c + 1 for c in cuts]),
            "The parts are shifted by a day",
        ),
        (lambda *a: good_windows(*a)[::-1], "x and y are exchanged"),
        (cut_up(target=-1), "would only have to copy it"),
        (cut_up(last=1), "the target is series[i + length]"),
        (cut_up(target=1), "the target is series[i + length]"),
        (lambda *a: good_windows(*a)[0], "should give back 2 values"),
        (
            lambda *a: (good_windows(*a)[0], good_windows(*a)[1][:, None]),
            "gave back shape (4, 1), expected (4,)",
        ),
        (series_changed, "changed its input"),
        (windows_of_each, "A part with too few days gives none"),
    ],
    "lstm_step_of": [
        (stepping(both=lambda x, h: np.hstack([x, h])), "h comes first"),
        (stepping(lambda i, f, g, c: i * c + f * g), "gate are exchanged"),
        (stepping(order="figo"), "gate are exchanged"),
        (
            stepping(order="ifog"),
            "as input, forget, output, candidate. Here they are input, forget, "
            "candidate, output.",
        ),
        (stepping(order="fgio"), "as forget, candidate, input, output."),
        (stepping(order="ogfi"), "as output, candidate, forget, input."),
        (stepping(candidate=sigmoid), "candidate went through a sigmoid"),
        (stepping(gate=np.tanh), "The gates went through tanh"),
        (stepping(gate=lambda z: z), "The gates lack their sigmoid"),
        (stepping(candidate=lambda z: z), "The candidate lacks its tanh"),
        (
            stepping(out=lambda i, f, o, c, old: o * sigmoid(c)),
            "c goes through tanh, not sigmoid",
        ),
        (split_by_rows, "The blocks are columns: np.split(z, 4, axis=1)."),
        (stepping(bias=0), "The bias is missing"),
        (stepping(lambda i, f, g, c: i * g), "The old c has no effect"),
        (
            stepping(lambda i, f, g, c: f * c + (1 - f) * g),
            "That of 1 − f is the way of a GRU",
        ),
        (
            stepping(lambda i, f, g, c: (1 - f) * c + i * g),
            "The forget gate is turned round",
        ),
        (
            stepping(lambda i, f, g, c: np.tanh(f * c + i * g)),
            "The new c went through tanh",
        ),
        (lambda *a: step(*a)[::-1], "which is h. Return (h, c)"),
        (stepping(out=lambda i, f, o, c, old: o * c), "tanh of c is missing"),
        (
            stepping(out=lambda i, f, o, c, old: o * np.tanh(old)),
            "h is made from the old c",
        ),
        (
            stepping(out=lambda i, f, o, c, old: np.tanh(c)),
            "The output gate has no effect",
        ),
        (
            stepping(out=lambda i, f, o, c, old: i * np.tanh(c)),
            "The input gate, or its block",
        ),
        (lambda *a: step(*a)[0], "should give back 2 values, (h, c)"),
    ],
    "skill": [
        (lambda p, a, r: error(p, a) / error(r, a), "divided by that of the"),
        (
            lambda p, a, r: 1 - np.sqrt(error(p, a) / error(r, a)),
            "You compare roots of the MSE",
        ),
        (
            lambda p, a, r: 1 - np.abs(p - a).sum() / np.abs(r - a).sum(),
            "mean absolute errors",
        ),
        (lambda p, a, r: score(r, a, p), "are exchanged"),
        (
            lambda p, a, r: 1 - np.mean(p - a) ** 2 / np.mean(r - a) ** 2,
            "Square each error first, then take the mean",
        ),
        (
            lambda p, a, r: 1 - np.mean((p - a) ** 2 / (r - a) ** 2),
            "Take both means first, then divide",
        ),
        (
            lambda p, a, r: 1 - error(p, r) / error(a, r),
            "against actual, that of the prediction as well",
        ),
        (
            lambda p, a, r: 1 - error(p, a) / error(p, r),
            "against actual, that of the reference as well",
        ),
        (lambda p, a, r: score(p, a, a.mean()), "This is R²"),
        (lambda p, a, r: 1 - error(p, a) / error(r, a), "gave -inf. Here the"),
        (python_division, "Here the reference is perfect"),
        (lambda p, a, r: np.nan_to_num(score(p, a, r)), "gave 0.0. Here"),
        (where_perfect(None), "gave back None. Here the reference is perfect"),
        (where_perfect("np.nan"), "gave 'np.nan'. Here the reference is"),
        (where_perfect([np.nan, 1]), "gave [nan, 1]. Here the reference is"),
        (lambda p, a, r: None, "Is a return missing?"),
        (lambda p, a, r: 1 - (p - a) ** 2, "but one number was expected"),
        (
            lambda p, a, r: np.corrcoef(p, a)[0, 1],
            "gave 0.65465, expected 0.16667",
        ),
    ],
    "peeks": [
        (lambda *a: not look(*a), "The answers are turned round"),
        (
            looking(
                *factors(-3, 3),
                same=lambda one, other, cut: np.array_equal(
                    one, other, equal_nan=True
                ),
            ),
            "All prepared values are compared",
        ),
        (
            looking(
                *factors(-3, 3),
                same=lambda one, other, cut: (one[:cut] == other[:cut]).all(),
            ),
            "NaN is not equal to NaN",
        ),
        (looking(times(10), times(0.1)), "600 and 300, so their ratio stays"),
        (
            looking(times(1000), times(0.001)),
            "as if every day after the cut were multiplied by the same "
            "factor: 60",
        ),
        (looking(plus(1000), plus(-1000)), "moved by the same amount: 60"),
        (
            looking(always(1e6), always(-1e6)),
            "became the same value, or NaN: the",
        ),
        (looking(times(7)), "same factor, and none became far smaller"),
        (looking(times(2), times(0.5)), "none became far smaller. A minimum"),
        (
            early_return(times(10), times(0.1)),
            "Or does the function return before the second try?",
        ),
        (
            early_return(*factors(-0.5, 0.5)),
            "Draw factors several times. Or does the function return before",
        ),
        (
            looking(times(2), same=without_nan),
            "All later prices got the same factor, and none fell. Draw",
        ),
        (
            looking(times(2), times(0.5), times(0.9), same=without_nan),
            "All later prices got the same factor. Draw one for each day",
        ),
        (
            looking(*factors(0.5, 3), same=without_nan),
            "In 15 tries the factors lie between 3",
        ),
        (looking(times(0.1)), "same factor, and none became far larger"),
        (looking(plus(1e6)), "same amount, and none became far smaller"),
        (looking(plus(-1e6)), "same amount, and none became far larger"),
        (looking(always(1e6)), "or NaN, and none became far smaller"),
        (looking(always(0.0)), "or NaN, and none became far larger"),
        (looking(times(1.01)), "same factor, and all stayed near"),
        (looking(plus(1)), "same amount, and all stayed near"),
        (looking(always(np.nan)), "or NaN, and all stayed near"),
        (looking(*factors(0.5, 3)), "No day after the cut becomes far smaller"),
        (
            looking(*factors(-3, -0.5)),
            "No day after the cut becomes far larger",
        ),
        (
            looking(*factors(-0.075, 0.075)),
            "The days after the cut stay too near",
        ),
        (shortened, "are taken away"),
        (
            lambda *a: np.arange(a[2]) < 1,
            "one True or False was expected. Compare whole",
        ),
        (shuffled, "You only change the order"),
        (
            looking(*factors(-3, 3), shift=1),
            "The first value after the cut stays",
        ),
        (looking(*factors(-3, 3), shift=-1), "The last value before the cut"),
        (on_the_series, "hand copies to prepare"),
        (entry_by_entry, "np.array_equal(a, b, equal_nan=True)"),
        (lambda *a: True, "whatever you are given"),
        (lambda *a: False, "whatever you are given"),
    ],
}


@planted(MISTAKES)
def test_each_mistake_gets_its_own_message(
    name: str, mistake: Any, words: str
) -> None:
    assert_wrong(getattr(lecture, name)(mistake), words)


def test_a_message_shows_the_numbers_of_the_first_wrong_call() -> None:
    # The squares are 1, 0, 9 against 4, 4, 4.
    message = lecture.skill(lambda p, a, r: error(p, a) / error(r, a)).message
    assert "gave 0.83333, expected 0.16667" in message
    message = lecture.windows_within(cut_up(target=-1)).message
    assert "[1., 2., 4., 8., 9., 7., 5., 3.], 2, [5])" in message
    assert "gave [2., 4., 8., 5.], expected [4., 8., 9., 3.]" in message
    message = lecture.peeks(looking(times(0.1))).message
    assert "divided_by_maximum([" not in message
    assert "(divided_by_maximum, [50., 20., 90., 40., 60., 55., 45.], 4)" in (
        message
    )
    assert "gave False, expected True" in message
    message = lecture.peeks(
        lambda *a: np.bool_(looking(times(0.1))(*a))
    ).message
    assert "gave False, expected True" in message
    message = lecture.peeks(looking(times(10), times(0.1))).message
    assert "(times_growth_after_cut, [50., 20., ..., 25., 30.], 4)" in message


def test_the_last_hint_of_the_step_runs_as_it_is_written() -> None:
    hint = lecture.lstm_step_of._hints[-1]
    code = hint.partition("Return")[0].strip().removesuffix(".")

    def as_told(x, h, c, w, b):
        names = {"np": np, "scratch": scratch, "c": c}
        names["z"] = np.concatenate([h, x], axis=1) @ w + b
        exec(code, names)
        return names["h"], names["c"]

    assert lecture.lstm_step_of(as_told)


def test_the_insight_about_cuts_is_true() -> None:
    series = np.arange(100.0)
    for cuts in ([], [60], [60, 80]):
        x, y = good_windows(series, 7, cuts)
        assert len(x) == len(y) == 100 - 7 * (len(cuts) + 1)


def test_the_insight_about_keras_is_true() -> None:
    import keras

    cell = keras.layers.LSTMCell(2)
    cell.build((None, 3))
    shapes = [weight.shape for weight in cell.get_weights()]
    assert shapes == [(3, 8), (2, 8), (8,)]
