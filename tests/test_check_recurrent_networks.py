"""The checkers of lecture 10 tell each typical mistake from the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from course_utils.check import recurrent_networks as lecture
from tests.checked import assert_all_right, assert_wrong, planted

import numpy as np
import pytest


def unroll(x, wx, wh, b):
    h, kept = np.zeros((len(x), len(wh))), []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ wx + h @ wh + b)
        kept.append(h)
    return np.stack(kept, axis=1)


def unroll_each(x, wx, wh, b):
    """Go through the samples, then through the steps of one."""
    result = []
    for sample in x:
        h = 0 * b
        result.append([])
        for now in sample:
            h = np.tanh(now @ wx + wh.T @ h + b)
            result[-1].append(h.tolist())
    return result


def unroll_by_keras(x, wx, wh, b):
    import keras

    layer = keras.layers.SimpleRNN(len(wh), return_sequences=True)
    layer.build(x.shape)
    layer.set_weights([wx, wh, b])
    return layer(x)


def unrolled(step: Callable, first: float = 0.0) -> Callable:
    def memories(x, wx, wh, b):
        result = np.zeros((*x.shape[:2], len(wh)))
        h = np.full((len(x), len(wh)), first)
        for t in range(x.shape[1]):
            h = result[:, t] = step(x[:, t] @ wx, h @ wh, b)
        return result

    return memories


def from_zero(x, wx, wh, b):
    kept = []
    for t in range(x.shape[1]):
        h = np.zeros((len(x), len(wh)))
        h = np.tanh(x[:, t] @ wx + h @ wh + b)
        kept.append(h)
    return np.stack(kept, axis=1)


def one_array(x, wx, wh, b):
    h, kept = np.zeros((len(x), len(wh))), []
    for t in range(x.shape[1]):
        h[:] = np.tanh(x[:, t] @ wx + h @ wh + b)
        kept.append(h)
    return np.stack(kept, axis=1)


def over_samples(x, wx, wh, b):
    h, kept = 0.0 * b, []
    for sample in x:
        h = np.tanh(sample @ wx + h @ wh + b)
        kept.append(h)
    return np.array(kept)


def before(x, wx, wh, b):
    h, kept = np.zeros((len(x), len(wh))), []
    for t in range(x.shape[1]):
        kept.append(h)
        h = np.tanh(x[:, t] @ wx + h @ wh + b)
    return np.stack(kept, axis=1)


def changing(x, wx, wh, b):
    x += b[0]
    return unroll(x, wx, wh, b)


def after(x_shape, layers):
    result, steps = [], True
    n, length = x_shape[:2]
    for units, sequences in layers:
        if not steps:
            result.append(None)
        elif sequences:
            result.append((n, length, units))
        else:
            result.append((n, units))
            steps = False
    return result


def after_by_keras(x_shape, layers):
    import keras

    result, x = [], keras.KerasTensor(x_shape)
    for units, sequences in layers:
        try:
            x = keras.layers.SimpleRNN(units, return_sequences=sequences)(x)
        except (ValueError, AttributeError):
            return result + [None] * (len(layers) - len(result))
        result.append(x.shape)
    return result


def after_lists(*given):
    return tuple(s and np.array(s) for s in after(*given))


def unguarded(x_shape, layers):
    shape, result = x_shape, []
    for units, sequences in layers:
        n, steps, _ = shape
        shape = (n, steps, units) if sequences else (n, units)
        result.append(shape)
    return result


def one_none(x_shape, layers):
    """Look only at the layer before."""
    result = []
    for k, (units, sequences) in enumerate(layers):
        if k and not layers[k - 1][1]:
            result.append(None)
        else:
            shape = (*x_shape[:2], units) if sequences else (x_shape[0], units)
            result.append(shape)
    return result


def flat(x_shape, layers):
    shape, result = list(x_shape), []
    for units, sequences in layers:
        shape[-1] = units
        if len(shape) == 3 and not sequences:
            del shape[1]
        result.append(tuple(shape))
    return result


def length(gradients):
    return np.sqrt(sum((g * g).sum() for g in gradients))


def clip(gradients, limit):
    norm = length(gradients)
    factor = limit / norm if norm > limit else 1
    return [g * factor for g in gradients]


def clip_by_minimum(gradients, limit):
    flat = np.concatenate([np.ravel(g) for g in gradients])
    factor = min(1, limit / max(np.linalg.norm(flat), 1e-12))
    return tuple((factor * g).tolist() for g in gradients)


def clip_by_keras(gradients, limit):
    import keras

    optimizer = keras.optimizers.SGD(global_clipnorm=limit)
    return optimizer._clip_gradients(
        [keras.ops.convert_to_tensor(g) for g in gradients]
    )


def clip_by(norm: Callable, factor: Callable = lambda n, c: c / n) -> Callable:
    def clipped(gradients, limit):
        n = norm(gradients)
        return [g * factor(n, limit) if n > limit else g for g in gradients]

    return clipped


def clip_in_place(gradients, limit):
    for g in gradients:
        g *= min(1, limit / length(gradients))
    return gradients


def listen(run, x):
    answer, far = run(x), -1
    for d in range(len(x)):
        changed = x.copy()
        changed[len(x) - 1 - d] += 1
        if not np.array_equal(run(changed), answer):
            far = d
    return far


def listen_from_the_front(run, x):
    """Return at the first step that is heard; change it at random."""
    rng = np.random.default_rng(0)
    for t in range(len(x)):
        changed = x.copy()
        changed[t] = rng.normal(0, 1, x.shape[1])
        if (run(changed) != run(x)).any():
            return np.array(len(x) - 1 - t)
    return -1


def listen_all_before(run, x):
    """Change everything up to t: the same answer."""
    far = [
        len(x) - 1 - t
        for t in range(len(x))
        if run([*(x[: t + 1] - 2), *x[t + 1 :]]).tolist() != run(x).tolist()
    ]
    return max(far, default=-1.0)


def listener(
    change: Callable | None = None,
    same: Callable = np.array_equal,
    choose: Callable = lambda heard: max(heard, default=-1),
) -> Callable:
    def reach(run, x):
        heard = []
        for d in range(len(x)):
            t, changed = len(x) - 1 - d, x.copy()
            if change:
                change(changed, t)
            else:
                changed[t] -= 0.5
            if not same(run(changed), run(x)):
                heard.append(d)
        return choose(heard)

    return reach


def until_silence(run, x):
    for d in range(len(x)):
        changed = x.copy()
        changed[len(x) - 1 - d] += 1
        if np.array_equal(run(changed), run(x)):
            return d - 1
    return len(x) - 1


def not_set_back(run, x):
    changed, far = x.copy(), -1
    for d in range(len(x)):
        changed[len(x) - 1 - d] += 1
        if not np.array_equal(run(changed), run(x)):
            far = d
    return far


def first_step(run, x):
    for t in range(len(x)):
        changed = x.copy()
        changed[t] += 1
        if not np.array_equal(run(changed), run(x)):
            return t
    return -1


def without_comparison(run, x):
    far = -1
    for d in range(len(x)):
        changed = x.copy()
        changed[len(x) - 1 - d] += 1
        if run(changed).any():
            far = d
    return far


def entry_by_entry(run, x):
    changed = x.copy()
    changed[0] += 1
    return len(x) - 1 if run(changed) != run(x) else 0


def put(value: float) -> Callable:
    def change(x, t):
        x[t] = value

    return change


def all_after(x, t):
    x[t:] += 1


def one_feature(x, t):
    x[t, 0] += 1


def doubled(x, t):
    x[t] *= 2


RIGHT = {
    "memories": [unroll, unroll_each, unroll_by_keras],
    "shapes": [after, after_by_keras, after_lists],
    "clipped": [clip, clip_by_minimum, clip_by_keras],
    "reach": [listen, listen_from_the_front, listen_all_before],
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_may_look_different(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_all_right(getattr(lecture, name), RIGHT[name], monkeypatch)


def never_emptied(x, wx, wh, b):
    h, kept = np.zeros(len(wh)), []
    for sample in x:
        kept.append([])
        for letter in sample:
            h = np.tanh(letter @ wx + h @ wh + b)
            kept[-1].append(h)
    return np.array(kept)


def one_too_far(run, x):
    far = -1
    for d in range(len(x)):
        changed = x.copy()
        changed[-d] += 1
        if (run(changed) != run(x)).any():
            far = d
    return far


def always_scaled(gradients, limit):
    return [g * limit / length(gradients) for g in gradients]


def each(gradients, limit):
    return [clip([g], limit)[0] for g in gradients]


MISTAKES = {
    "memories": [
        (from_zero, "each step starts from 0 again"),
        (lambda *a: unroll(*a)[:, -1], "This is the last memory only"),
        (one_array, "one array many times"),
        (lambda *a: np.swapaxes(unroll(*a), 0, 1), "np.stack(list, axis=1)"),
        (over_samples, "You go through the samples"),
        (never_emptied, "Each sample begins with zeros"),
        (unrolled(lambda x, h, b: x + h + b), "The tanh is missing"),
        (
            lambda *a: np.tanh(unrolled(lambda x, h, b: x + h + b)(*a)),
            "only after the last step",
        ),
        (unrolled(lambda x, h, b: np.tanh(x + h)), "The bias is missing"),
        (
            lambda x, wx, wh, b: unroll(x, wx, wh.T, b),
            "Rows and columns of wh",
        ),
        (
            unrolled(lambda x, h, b: np.tanh(x + h + b), 1.0),
            "starts with ones",
        ),
        (before, "memories before each step"),
        (lambda x, *a: unroll(x[:, ::-1], *a), "The steps go backwards"),
        (changing, "changed its input"),
        (lambda *a: list(a[0]), "gave back shape (2, 3, 2)"),
    ],
    "shapes": [
        (
            lambda x, some: after(x, [(u, not s) for u, s in some]),
            "return_sequences is turned round",
        ),
        (
            lambda x, some: [(*x[:2], u) for u, _ in some],
            "gives the memories of all steps, whatever",
        ),
        (
            lambda x, some: [(x[0], u) for u, _ in some],
            "gives only the last memory, whatever",
        ),
        (
            lambda x, some: [(*x[:2], u) if s else (x[0], u) for u, s in some],
            "finds the steps of x",
        ),
        (flat, "A layer that gets (n, units) gives (n, units)"),
        (one_none, "A layer that gets None cannot run either"),
        (lambda *a: [s for s in after(*a) if s], "The list ends where"),
        (
            lambda *a: [
                (s[0], s[2], s[1]) if s and s[2:] else s for s in after(*a)
            ],
            "Steps and units are exchanged",
        ),
        (lambda *a: [s and s[1:] for s in after(*a)], "n is missing"),
        (lambda *a: after(*a)[-1], "after the last layer only"),
        (lambda x, some: [x, *after(x, some)], "begins with the shape of x"),
        (unguarded, "taken apart as if it had three"),
        (lambda *a: after(*a)[:1], "expected [(32, 4, 3), (32, 6)]."),
        (lambda *a: [(2, 8)], "whatever you are given"),
    ],
    "clipped": [
        (always_scaled, "You scale short gradients up, too"),
        (each, "That turns the direction: take one norm"),
        (
            lambda gs, c: [always_scaled([g], c)[0] for g in gs],
            "by its own norm, short ones too",
        ),
        (
            lambda gs, c: [np.minimum(np.maximum(g, -c), c) for g in gs],
            "Each number is cut at the limit",
        ),
        (clip_by(length, lambda n, c: 1 / n), "get the norm 1"),
        (lambda gs, c: [g / length(gs) for g in gs], "whatever the limit"),
        (clip_by(length, lambda n, c: n / c), "upside down"),
        (clip_by(lambda gs: length(gs) ** 2), "The root is missing"),
        (
            clip_by(lambda gs: sum(np.linalg.norm(g) for g in gs)),
            "You add up the norms",
        ),
        (lambda gs, c: [1 * g for g in gs], "Nothing is clipped"),
        (
            lambda gs, c: np.hstack([np.ravel(g) for g in clip(gs, c)]),
            "All numbers stand in one array",
        ),
        (clip_in_place, "changed its input"),
        (lambda gs, c: 3.0, "should give back 2 values"),
    ],
    "reach": [
        (first_step, "You count from the first step"),
        (lambda *a: listen(*a) + 1, "The last step itself is 0 steps back"),
        (
            listener(choose=lambda heard: len(heard)),
            "This is how many steps are heard",
        ),
        (
            listener(choose=lambda heard: max(filter(None, heard), default=-1)),
            "The last step is left out",
        ),
        (one_too_far, "x[-d] is the first step for d = 0"),
        (until_silence, "You stop at the first step without effect"),
        (
            listener(choose=lambda heard: min(heard, default=-1)),
            "This is the nearest step",
        ),
        (lambda *a: max(listen(*a), 0), "not even the last. There it is −1"),
        (not_set_back, "More than one step is changed"),
        (listener(all_after), "More than one step"),
        (listener(one_feature), "Only the first feature"),
        (listener(put(0)), "A step that is 0 already"),
        (listener(doubled), "or multiplied"),
        (listener(put(1)), "A step that is 1 already"),
        (listener(put(np.nan)), "NaN does not tell"),
        (
            listener(same=lambda one, other: one.sum() == other.sum()),
            "Are only sums of outputs",
        ),
        (listener(same=np.allclose), "A small effect counts, too"),
        (without_comparison, "every network hears the first step"),
        (lambda run, x: len(x) - 1, "whatever run does. Compare"),
        (lambda run, x: 0, "hears the last step alone"),
        (entry_by_entry, "np.array_equal(a, b)"),
        (lambda run, x: run(x[0]), "(steps, 2), not (2,)"),
        (lambda run, x: run(x), "shape (3,), but one number"),
        (
            listener(same=lambda one, other: one[0] == other[0]),
            "or their first values, or must all",
        ),
    ],
}


@planted(MISTAKES)
def test_each_mistake_gets_its_own_message(
    name: str, mistake: Any, words: str
) -> None:
    assert_wrong(getattr(lecture, name)(mistake), words)


def test_the_insight_of_the_detective_is_true() -> None:
    rng = np.random.default_rng(0)
    wx, wh, b = (rng.normal(0, 1, s) for s in ((2, 3), (3, 3), (3,)))

    def tutorial(x):
        return from_zero(np.array([x]), wx, wh, b)[0, -1]

    x = rng.normal(0, 1, (7, 2))
    assert listen(tutorial, x) == 0
    assert listen(lambda x: unroll(np.array([x]), wx, wh, b)[0, -1], x) == 6
    assert np.array_equal(tutorial(x), np.tanh(x[-1] @ wx + b))
    assert "reaches 0 steps back" in lecture.reach(listen).message


def test_a_message_shows_the_numbers_of_the_first_wrong_call() -> None:
    message = lecture.memories(from_zero).message
    given = from_zero(*map(np.array, ([[[1], [2], [0]]], [[1]], [[-2]], [0.5])))
    assert np.round(given.ravel(), 4).tolist() == [0.9051, 0.9866, 0.4621]
    assert "gave [[[0.9051], [0.9866], [0.4621]]]" in message
    assert "((2, 5, 3), [(8, False)]) gave" in (
        lecture.shapes(lambda x, some: [(*x[:2], u) for u, _ in some]).message
    )
    assert (
        "gave [array([0.6, 0. ]), array([0.8])], expected ([1.2, 0. ], [1.6])"
        in (lecture.clipped(clip_by(length, lambda n, c: 1 / n)).message)
    )
