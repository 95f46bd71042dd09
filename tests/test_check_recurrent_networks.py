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


def masked(x, mask, wx, wh, b):
    h = np.zeros((len(x), len(wh)))
    for t in range(x.shape[1]):
        on = mask[:, t]
        h[on] = np.tanh(x[on, t] @ wx + h[on] @ wh + b)
    return h


def masked_each(x, mask, wx, wh, b):
    """Leave the steps out, one sample after the other."""
    result = []
    for sample, on in zip(x, mask, strict=True):
        h = 0 * b
        for now in sample[on]:
            h = np.tanh(now @ wx + wh.T @ h + b)
        result.append(h.tolist())
    return result


def masked_by_keras(x, mask, wx, wh, b):
    import keras

    layer = keras.layers.SimpleRNN(len(wh))
    layer.build(x.shape)
    layer.set_weights([wx, wh, b])
    return layer(x, mask=mask)


def masked_by(rule: Callable) -> Callable:
    """Choose between the new memory and the old one in another way."""

    def last_memory(x, mask, wx, wh, b):
        h = np.zeros((len(x), len(wh)))
        for t in range(x.shape[1]):
            h = rule(mask[:, t], np.tanh(x[:, t] @ wx + h @ wh + b), h)
        return h

    return last_memory


def zeros_instead(x, mask, *weights):
    return unroll(np.where(mask[:, :, None], x, 0), *weights)[:, -1]


def all_memories(x, mask, wx, wh, b):
    h, kept = np.zeros((len(x), len(wh))), []
    for t in range(x.shape[1]):
        new = np.tanh(x[:, t] @ wx + h @ wh + b)
        h = np.where(mask[:, [t]], new, h)
        kept.append(h)
    return np.stack(kept, axis=1)


def changing(x, mask, *weights):
    x += 1
    return masked(x, mask, *weights)


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


def living_again(x_shape, layers):
    """Go on from x after a layer that cannot run."""
    result, shape = [], x_shape
    for units, sequences in layers:
        if len(shape) < 3:
            result.append(None)
            shape = x_shape
        else:
            shape = (*shape[:2], units) if sequences else (shape[0], units)
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


def zeros(gradients, limit):
    return [np.zeros(g.shape) for g in gradients]


def clip(gradients, limit):
    norm = length(gradients)
    if not np.isfinite(norm):
        return zeros(gradients, limit)
    factor = limit / norm if norm > limit else 1
    return [g * factor for g in gradients]


def clip_by_minimum(gradients, limit):
    flat = np.concatenate([np.ravel(g) for g in gradients])
    factor = min(1, limit / max(np.linalg.norm(flat), 1e-12))
    if np.isnan(flat).any() or np.isinf(flat).any():
        return tuple((0 * np.nan_to_num(g)).tolist() for g in gradients)
    return tuple((factor * g).tolist() for g in gradients)


def clip_by_keras(gradients, limit):
    import keras

    if not all(np.isfinite(g).all() for g in gradients):
        return [keras.ops.zeros_like(g) for g in gradients]
    optimizer = keras.optimizers.SGD(global_clipnorm=limit)
    return optimizer._clip_gradients(
        [keras.ops.convert_to_tensor(g) for g in gradients]
    )


def clip_unguarded(gradients, limit):
    factor = min(1, limit / max(length(gradients), 1e-12))
    return [g * factor for g in gradients]


def clip_of_lecture_05(gradients, limit):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * limit / max(norm, limit) for g in gradients]


def if_broken(rule: Callable) -> Callable:
    def clipped(gradients, limit):
        chosen = clip if np.isfinite(length(gradients)) else rule
        return chosen(gradients, limit)

    return clipped


def without_broken_numbers(gradients, limit):
    return clip([np.where(np.isfinite(g), g, 0) for g in gradients], limit)


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


def taken_out(run, x):
    far = -1
    for d in range(len(x)):
        others = np.delete(x, len(x) - 1 - d, axis=0)
        if not np.array_equal(run(others), run(x)):
            far = d
    return far


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
    "last_memory": [masked, masked_each, masked_by_keras],
    "shapes": [after, after_by_keras, after_lists],
    "clipped": [clip, clip_by_minimum, clip_by_keras],
    "reach": [listen, listen_from_the_front, listen_all_before],
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_may_look_different(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_all_right(getattr(lecture, name), RIGHT[name], monkeypatch)


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
    "last_memory": [
        (lambda x, mask, *w: unroll(x, *w)[:, -1], "The mask has no effect"),
        (zeros_instead, "only its input is 0 here"),
        (masked_by(lambda on, new, h: on[:, None] * new), "is emptied"),
        (
            masked_by(lambda on, new, h: np.where(on[:, None], h, new)),
            "The mask is turned round",
        ),
        (
            masked_by(lambda on, new, h: new if on.all() else h),
            "if it does not count for one of them",
        ),
        (
            masked_by(lambda on, new, h: new if on.any() else h),
            "if it counts for one of them",
        ),
        (all_memories, "Asked is the last one"),
        (
            lambda x, mask, *w: np.where(mask[:, [-1]], masked(x, mask, *w), 0),
            "at the end make the memory 0",
        ),
        (
            lambda x, mask, wx, wh, b: masked(x, mask, wx, wh.T, b),
            "Rows and columns of wh",
        ),
        (
            lambda x, mask, wx, wh, b: masked(x, mask, wx, wh, 0.0),
            "The bias is missing",
        ),
        (
            masked_by(lambda on, new, h: np.where(on, new, h)),
            "mask[:, t, None] is (n, 1)",
        ),
        (
            masked_by(lambda on, new, h: new if on else h),
            "Each sample has its own True or False",
        ),
        (changing, "changed its input"),
        (lambda *a: list(a[0]), "gave back shape (2, 3, 1)"),
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
        (living_again, "The layer behind one that cannot run gives a shape"),
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
        (
            lambda *a: after(*a)[: (*after(*a), None).index(None) + 1],
            "The list ends at the first None",
        ),
        (
            lambda x, some: [(x[0], x[1] if s else 1, u) for u, s in some],
            "not even one of size 1",
        ),
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
        (
            clip_by(lambda gs: sum(abs(g).sum() for g in gs)),
            "You add up absolute values",
        ),
        (
            clip_by(lambda gs: max(np.linalg.norm(g) for g in gs)),
            "the norm of the longest array",
        ),
        (lambda *a: clip(*a)[0], "This is the first array only"),
        (lambda gs, c: [1 * g for g in gs], "Nothing is clipped"),
        (
            lambda gs, c: np.hstack([np.ravel(g) for g in clip(gs, c)]),
            "All numbers stand in one array",
        ),
        (
            lambda gs, c: (zeros if length(gs) > c else clip)(gs, c),
            "A long gradient becomes 0 here",
        ),
        (clip_unguarded, "are right. But inf and NaN come through here"),
        (clip_of_lecture_05, "and with a norm of NaN everything does"),
        (
            lambda gs, c: (zeros if np.isnan(length(gs)) else clip_unguarded)(
                gs, c
            ),
            "a norm of inf is larger than the limit as well",
        ),
        (
            lambda gs, c: (zeros if length(gs) == np.inf else clip_unguarded)(
                gs, c
            ),
            "a norm of NaN is not equal to inf",
        ),
        (if_broken(lambda gs, c: [0 * g for g in gs]), "are no products"),
        (if_broken(lambda gs, c: gs), "the gradients come back as they are"),
        (without_broken_numbers, "some numbers still make a step"),
        (
            if_broken(lambda gs, c: [np.nan_to_num(g) for g in gs]),
            "some numbers still make a step",
        ),
        (
            if_broken(
                lambda gs, c: [
                    g if np.isfinite(g).all() else np.zeros(g.shape) for g in gs
                ]
            ),
            "some numbers still make a step",
        ),
        (if_broken(lambda gs, c: [g + np.nan for g in gs]), "new zeros, np."),
        (if_broken(lambda gs, c: [0.0 for g in gs]), "gave back shape ()"),
        (if_broken(lambda gs, c: []), "should give back 2 values"),
        (if_broken(lambda gs, c: None), "Is a return missing?"),
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
        (taken_out, "do not take it out"),
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
        from_zero = [unroll(step[None, None], wx, wh, b) for step in x]
        return from_zero[-1][0, -1]

    x = rng.normal(0, 1, (7, 2))
    assert listen(tutorial, x) == 0
    assert listen(lambda x: unroll(np.array([x]), wx, wh, b)[0, -1], x) == 6
    assert np.array_equal(tutorial(x), np.tanh(x[-1] @ wx + b))
    assert "reaches 0 steps back" in lecture.reach(listen).message


@pytest.mark.parametrize("broken", [np.inf, np.nan], ids=str)
def test_the_insight_about_clipping_by_keras_is_true(broken: float) -> None:
    import keras

    weights = [keras.Variable([1.0, 2.0]), keras.Variable([3.0])]
    optimizer = keras.optimizers.SGD(0.1, global_clipnorm=1.0)
    gradients = [keras.ops.array([broken, 1.0]), keras.ops.array([2.0])]
    optimizer.apply(gradients, weights)
    assert all(np.isnan(weight.numpy()).all() for weight in weights)


def test_a_message_shows_the_numbers_of_the_first_wrong_call() -> None:
    message = lecture.last_memory(
        masked_by(lambda on, new, h: on[:, None] * new)
    ).message
    assert round(float(np.tanh(0.5)), 4) == 0.4621  # from an empty memory
    assert "gave [[-0.6016], [ 0.4621]]" in message
    assert "((2, 5, 3), [(8, False)]) gave" in (
        lecture.shapes(lambda x, some: [(*x[:2], u) for u, _ in some]).message
    )
    assert (
        "gave [array([0.6, 0. ]), array([0.8])], expected ([1.2, 0. ], [1.6])"
        in (lecture.clipped(clip_by(length, lambda n, c: 1 / n)).message)
    )
