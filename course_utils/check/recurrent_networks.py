"""The exercises of lecture 10."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from course_utils.check.exercise import Exercise, Wrong, against, explained

import numpy as np


def _memories(x: Any, wx: Any, wh: Any, b: Any) -> np.ndarray:
    """Return the memories of all steps, (n, steps, units)."""
    h, kept = np.zeros((len(x), len(wh))), []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ wx + h @ wh + b)
        kept.append(h)
    return np.stack(kept, axis=1)


def _masked(
    rule: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray] = np.where,
) -> Callable[..., np.ndarray]:
    """Return a `last_memory` in which this tells what a step leaves.

    Args:
        rule: Takes whether the step counts, (n, 1), the memory that it would
            make, and the one before it, both (n, units).
    """

    def last_memory(x: Any, mask: Any, wx: Any, wh: Any, b: Any) -> np.ndarray:
        h = np.zeros((len(x), len(wh)))
        for t in range(x.shape[1]):
            new = np.tanh(x[:, t] @ wx + h @ wh + b)
            h = rule(mask[:, t, None], new, h)
        return h

    return last_memory


def _masked_case(seed: int, n: int, steps: int, units: int) -> tuple:
    rng = np.random.default_rng(seed)
    shapes = (n, steps, 2), (2, units), (units, units), (units,)
    x, *weights = (rng.normal(0, 0.8, shape).round(1) for shape in shapes)
    return x, rng.random((n, steps)) < 0.6, *weights


_grade_last_memory = against(
    reference=_masked(),
    cases=[
        (
            np.array([[[1.0], [2.0], [0.0]]] * 2),
            np.array([[True, True, True], [True, False, True]]),
            *map(np.array, ([[1.0]], [[-2.0]], [0.5])),
        ),
        # With gaps in front, inside and behind.
        _masked_case(0, 3, 4, 2),
        _masked_case(1, 4, 5, 3),
        _masked_case(5, 2, 6, 5),
    ],
    mistakes={
        "The mask has no effect here: steps that do not count change the "
        "memory, too. Keep the old h there.": (
            lambda x, mask, *w: _memories(x, *w)[:, -1]
        ),
        "Where a step does not count, only its input is 0 here. h @ wh and "
        "the bias change the memory all the same: keep the old h, with "
        "np.where.": (
            lambda x, mask, *w: _memories(x * mask[..., None], *w)[:, -1]
        ),
        "The memory is emptied at a step that does not count. It stays as it "
        "was before that step.": _masked(lambda on, new, h: new * on),
        "The mask is turned round: True is a step that counts.": _masked(
            lambda on, new, h: np.where(on, h, new)
        ),
        "A step is left out for all samples if it does not count for one of "
        "them. Each sample has a row of its own in the mask.": _masked(
            lambda on, new, h: new if on.all() else h
        ),
        "A step is taken for all samples if it counts for one of them. Each "
        "sample has a row of its own in the mask.": _masked(
            lambda on, new, h: new if on.any() else h
        ),
        "All memories are here, (n, steps, units). Asked is the last one.": (
            lambda x, mask, *w: np.stack(
                [_masked()(x[:, : t + 1], mask, *w) for t in range(x.shape[1])],
                axis=1,
            )
        ),
        "Steps that do not count at the end make the memory 0 here, or come "
        "out as 0. The memory stays as it was.": (
            lambda x, mask, *w: _masked()(x, mask, *w) * mask[:, -1:]
        ),
        "Rows and columns of wh are exchanged: it is h @ wh.": (
            lambda x, mask, wx, wh, b: _masked()(x, mask, wx, wh.T, b)
        ),
        "The bias is missing.": lambda x, mask, wx, wh, b: _masked()(
            x, mask, wx, wh, 0 * b
        ),
    },
    insight="This is keras.layers.SimpleRNN(units) with a mask, as "
    "layers.Masking or Embedding(…, mask_zero=True) make one. A row of zeros "
    "is not nothing: the bias and the memory itself would go on changing h.",
)

_ROWS = {
    "core dimension|mismatch|broadcast": "Is mask[:, t] used as it is? That "
    "is (n,): mask[:, t, None] is (n, 1) and belongs to the samples.",
    "truth value": "Each sample has its own True or False: "
    "np.where(mask[:, t, None], new, h).",
}

last_memory = Exercise(
    explained(_ROWS)(_grade_last_memory),
    hints=[
        "Which memory does a sample have after a step that does not count?",
        "Compute the new memory for all samples, then choose for each sample "
        "between new and old.",
        "new = np.tanh(x[:, t] @ wx + h @ wh + b), and then "
        "h = np.where(mask[:, t, None], new, h).",
    ],
)


def _shapes(x_shape: tuple, layers: list) -> list:
    shape, result = tuple(x_shape), []
    for units, sequences in layers:
        if shape is None or len(shape) != 3:
            shape = None
        else:
            shape = (*shape[:2], units) if sequences else (shape[0], units)
        result.append(shape)
    return result


def _alone(rule: Callable[[int, int, int, bool], tuple]) -> Callable:
    """Return a `shapes` in which each layer gets x, whatever came before."""
    return lambda x_shape, layers: [
        rule(*x_shape[:2], units, sequences) for units, sequences in layers
    ]


def _recovered(x_shape: tuple, layers: list) -> list:
    """Let only the layer right after one without sequences be None."""
    result, before = [], True
    for units, sequences in layers:
        shape = (*x_shape[:2], units) if sequences else (x_shape[0], units)
        result.append(shape if before else None)
        before = sequences
    return result


def _revived(x_shape: tuple, layers: list) -> list:
    """Let only the first layer of those that find no steps be None."""
    result, steps = [], True
    for units, sequences in layers:
        shape = (*x_shape[:2], units) if sequences else (x_shape[0], units)
        result.append(shape if steps else None)
        steps = sequences or not steps
    return result


def _stopped(x_shape: tuple, layers: list) -> list:
    """End the list at the first None."""
    found = _shapes(x_shape, layers)
    return found[: found.index(None) + 1] if None in found else found


def _plain(result: Any) -> Any:
    """Write shapes as tuples, whatever they were; leave junk alone."""
    if isinstance(result, list | tuple):
        return [
            tuple(one) if isinstance(one, list | tuple | np.ndarray) else one
            for one in result
        ]
    return result


def _same_shapes(given: Any, expected: Any) -> bool:
    return type(_plain(given)) is list and _plain(given) == _plain(expected)


_grade_shapes = against(
    reference=_shapes,
    cases=[
        ((2, 5, 3), [(8, False)]),
        ((4, 7, 2), [(8, True)]),
        ((32, 4, 5), [(3, True), (6, False)]),
        ((9, 6, 2), [(8, True), (4, False), (5, True)]),
        ((3, 8, 4), [(7, False), (5, False), (6, True), (2, True)]),
    ],
    mistakes={
        "return_sequences is turned round: True gives the memories of all "
        "steps, False only the last.": lambda x_shape, layers: _shapes(
            x_shape, [(units, not sequences) for units, sequences in layers]
        ),
        "Here each layer gives the memories of all steps, whatever "
        "return_sequences says.": _alone(
            lambda n, steps, units, s: (n, steps, units)
        ),
        "Here each layer gives only the last memory, whatever "
        "return_sequences says.": _alone(lambda n, steps, units, s: (n, units)),
        "Here every layer finds the steps of x. But after one with "
        "return_sequences=False there are no steps any more: None for the "
        "layers behind it.": _alone(
            lambda n, steps, units, s: (n, steps, units) if s else (n, units)
        ),
        "A layer that gets (n, units) gives (n, units) here. But it finds no "
        "steps to go through, and cannot run: None.": lambda x_shape, layers: [
            shape or (x_shape[0], units)
            for shape, (units, _) in zip(
                _shapes(x_shape, layers), layers, strict=True
            )
        ],
        "A layer that gets None cannot run either: after the first None all "
        "are None.": _recovered,
        "The layer behind one that cannot run gives a shape again. It gets "
        "None and cannot run either: after the first None all are None.": (
            _revived
        ),
        "The list ends where a layer cannot run. Each layer has its place in "
        "it: None for that one, and for all that follow.": (
            lambda *given: [s for s in _shapes(*given) if s]
        ),
        "The list ends at the first None. Each layer has its place in it: "
        "None for all that follow, too.": _stopped,
        "With return_sequences=False no axis of steps is left, not even one of "
        "size 1: (n, units).": _alone(
            lambda n, steps, units, s: (n, steps if s else 1, units)
        ),
        "Steps and units are exchanged: (n, steps, units).": (
            lambda *given: [s and s[:1] + s[:0:-1] for s in _shapes(*given)]
        ),
        "n is missing: each sample of the batch has its own memories.": (
            lambda *given: [s and s[1:] for s in _shapes(*given)]
        ),
        "This is the shape after the last layer only. Return a list with the "
        "shape after each.": lambda *given: _shapes(*given)[-1],
        "The list begins with the shape of x. Return those after each "
        "layer.": lambda x_shape, layers: [x_shape, *_shapes(x_shape, layers)],
    },
    insight="A recurrent layer needs (n, steps, features), and only "
    "return_sequences=True hands the steps on. So in a stack all recurrent "
    "layers but the last one have it; the last one only if every step is to "
    "be answered.",
    agree=_same_shapes,
)

_APART = {
    "not enough values to unpack|NoneType|out of range": "Is a shape of two "
    "numbers, or None, taken apart as if it had three? What comes after "
    "return_sequences=False finds no steps: None."
}

shapes = Exercise(
    explained(_APART)(_grade_shapes),
    hints=[
        "Which shape comes out with return_sequences=True, which with False? "
        "And which of the two can a recurrent layer take?",
        "shape = x_shape at first. For each layer, look whether shape has "
        "three numbers, set the next shape, and append it.",
        "if shape is None or len(shape) != 3: shape = None, elif sequences: "
        "shape = (n, steps, units), else: shape = (n, units).",
    ],
)


def _norm(gradients: Sequence[np.ndarray]) -> float:
    return np.sqrt(sum(np.sum(g**2) for g in gradients))


def _scaled(
    factor: Callable[[float, float], float],
    norm: Callable[..., float] = _norm,
    each: bool = False,
) -> Callable[..., tuple]:
    """Return a `clipped` that multiplies all by this factor.

    Args:
        factor: Takes the norm and the limit.
        norm: Takes a list of arrays.
        each: Whether each array has a factor of its own.
    """

    def clipped(gradients: list, limit: float) -> tuple:
        groups = [[g] for g in gradients] if each else [gradients]
        return tuple(
            g * factor(norm(group), limit) for group in groups for g in group
        )

    return clipped


def _above(norm: float, limit: float) -> float:
    return limit / norm if norm > limit else 1.0


_PAIR = [np.array([3.0, 0.0]), np.array([4.0])]

_clip = against(
    reference=_scaled(_above),
    cases=[
        (_PAIR, 2.0),
        (_PAIR, 10.0),
        # Together 3, alone √5 and 2: none is above the limit alone.
        ([np.array([2.0, -1.0]), np.array([[2.0]])], 2.5),
        # Above the limit, and below 1.
        ([np.array([[0.3, -0.1], [0.1, 0.5]]), np.array([0.8])], 0.4),
        ([np.zeros(2), np.zeros((1, 1))], 1.0),
        ([np.array([8.0, -1.0]), np.array([0.5]), np.array([4.0])], 3.0),
    ],
    mistakes={
        "A long gradient becomes 0 here. Scale it to the limit: a step is "
        "skipped only where the norm is not finite.": (
            _scaled(lambda n, limit: 0.0 if n > limit else 1.0)
        ),
        "You scale short gradients up, too, and where all are 0 you "
        "divide by their norm of 0. Leave them as they are unless the "
        "norm is larger.": _scaled(lambda n, limit: np.divide(limit, n)),
        "Each array is scaled by its own norm. That turns the direction: "
        "take one norm, of all numbers together.": (_scaled(_above, each=True)),
        "Each array is scaled by its own norm, short ones too, and one of "
        "zeros is divided by 0. Take one norm, of all together, and scale "
        "only if it is larger.": (
            _scaled(lambda n, limit: np.divide(limit, n), each=True)
        ),
        "Each number is cut at the limit. That turns the direction: scale "
        "all by the same factor.": lambda gradients, limit: tuple(
            np.clip(g, -limit, limit) for g in gradients
        ),
        "Large gradients get the norm 1. They should get the limit: "
        "multiply by limit / norm.": (
            _scaled(lambda n, limit: 1 / n if n > limit else 1.0)
        ),
        "You divide all by the norm, whatever the limit; that is 0 where "
        "all are 0. Multiply by limit / norm, and only if the norm is "
        "larger.": _scaled(lambda n, limit: np.divide(1, n)),
        "The factor is upside down: norm / limit makes large gradients "
        "larger.": _scaled(lambda n, limit: n / limit if n > limit else 1),
        "The root is missing: the norm is the root of the sum of the "
        "squares.": _scaled(_above, lambda gs: _norm(gs) ** 2),
        "You add up the norms of the arrays. Add up the squares of all "
        "numbers, then take one root.": (
            _scaled(_above, lambda gs: sum(_norm([g]) for g in gs))
        ),
        "You add up absolute values. The norm is the root of the sum of "
        "the squares.": _scaled(
            _above, lambda gs: sum(np.abs(g).sum() for g in gs)
        ),
        "You take the norm of the longest array. Take that of all numbers "
        "together.": _scaled(_above, lambda gs: max(_norm([g]) for g in gs)),
        "This is the first array only. Return a list of all: is the "
        "return inside the loop?": (lambda *given: _scaled(_above)(*given)[0]),
        "Nothing is clipped: this gives the gradients back as they "
        "are.": _scaled(lambda n, limit: 1.0),
        "All numbers stand in one array here. Return a list of arrays "
        "with the shapes that came in.": lambda gradients, limit: (
            np.concatenate([g.ravel() for g in gradients])
            * _above(_norm(gradients), limit)
        ),
    },
    insight="",
    not_finite="The norm of gradients that are all 0 is 0: do not divide "
    "by it.",
)


def _is_broken(norm: float) -> bool:
    return not np.isfinite(norm)


def _unless(
    broken: Callable[[float], bool], rule: Callable[[list, float], tuple]
) -> Callable[..., tuple]:
    """Return a `clipped` that does something else with broken gradients.

    Args:
        broken: Takes the norm, tells whether something else is done.
        rule: What is done then.
    """

    def clipped(gradients: list, limit: float) -> tuple:
        chosen = rule if broken(_norm(gradients)) else _scaled(_above)
        return chosen(gradients, limit)

    return clipped


def _zeros(gradients: list, limit: float) -> tuple:
    return tuple(map(np.zeros_like, gradients))


_FINITE = "Finite gradients are right."

_skip = against(
    reference=_zeros,
    cases=[
        ([np.array([np.inf, 1.0]), np.array([2.0])], 2.0),
        # What is finite is above the limit, and below it.
        ([np.array([3.0, 0.0]), np.array([4.0]), np.array([np.nan])], 2.0),
        ([np.array([0.3]), np.array([[np.nan, -0.1]])], 1.0),
        ([np.array([-np.inf, np.nan]), np.array([[0.5], [-0.5]])], 3.0),
    ],
    mistakes={
        f"{_FINITE} But inf and NaN come through here: with a norm of inf the "
        "factor limit / norm is 0, and 0 · inf is NaN; with a norm of NaN "
        "nothing changes, since comparisons with NaN are False. Ask "
        "np.isfinite(norm) first.": _scaled(_above),
        f"{_FINITE} But with a norm of inf what is infinite becomes NaN, and "
        "with a norm of NaN everything does. Ask np.isfinite(norm) first.": (
            _scaled(lambda n, limit: limit / np.maximum(n, limit))
        ),
        f"{_FINITE} But a norm of inf is larger than the limit as well, "
        "limit / inf is 0, and 0 · inf is NaN. np.isfinite(norm) tells both, "
        "inf and NaN.": _unless(np.isnan, _zeros),
        f"{_FINITE} But a norm of NaN is not equal to inf: comparisons with "
        "NaN are False. np.isfinite(norm) tells both, inf and NaN.": (
            _unless(np.isinf, _zeros)
        ),
        f"{_FINITE} But 0 · inf and 0 · NaN are NaN. Return new zeros, which "
        "are no products: np.zeros_like(g).": _unless(
            _is_broken, _scaled(lambda n, limit: 0.0)
        ),
        f"{_FINITE} Where the norm is not finite, the gradients come back as "
        "they are: return zeros there, so that the step is skipped.": _unless(
            _is_broken, _scaled(lambda n, limit: 1.0)
        ),
    },
    insight="Keras's global_clipnorm scales by one factor, too, but skips "
    "nothing: one inf or NaN in a gradient, and all weights are NaN.",
    not_finite="Ask np.isfinite(norm) first, and return new zeros, "
    "np.zeros_like(g): 0 · inf and 0 · NaN are NaN.",
)


def _grade_clipped(answer: Any) -> str:
    """Grade finite gradients first, and then those that are not."""
    _clip(answer)
    try:
        return _skip(answer)
    except Wrong as wrong:
        # Shapes are right, all is finite: so something is not 0.
        said = str(wrong).replace(
            "The result is not the expected one.",
            f"{_FINITE} Where the norm is not finite, some numbers still make "
            "a step: return zeros for all of them.",
        )
        raise type(wrong)(said) from None


clipped = Exercise(
    _grade_clipped,
    hints=[
        "All numbers of all arrays make one long vector. How long is it? And "
        "what is 0 * np.nan?",
        "norm = the root of the sum, over all arrays, of np.sum(g**2). One "
        "inf or NaN anywhere, and np.isfinite(norm) is False.",
        "If the norm is not finite, return [np.zeros_like(g) for g in "
        "gradients]. Else factor = limit / norm if norm > limit else 1; "
        "return [g * factor for g in gradients].",
    ],
)


_WX = np.array([[0.9, -0.4, 0.3], [0.2, 0.7, -0.6]])
_WH = np.array([[0.5, -0.3, 0.2], [0.4, 0.6, -0.1], [-0.2, 0.3, 0.5]])
_B = np.array([0.1, -0.2, 0.3])
_SUM_0 = np.array([0.0, 1.0, -1.0])


def _network(name: str, output: Callable[[np.ndarray], Any]) -> Callable:
    """Return a `run` with this name that looks at its input first."""

    def run(x: Any) -> np.ndarray:
        if np.ndim(x) != 2 or np.shape(x)[1] != 2:
            shape = np.shape(x)
            raise ValueError(f"run wants shape (steps, 2), not {shape}")
        return output(np.asarray(x, dtype=float))

    run.__name__ = name
    return run


def _last(x: np.ndarray, wh: np.ndarray = _WH) -> np.ndarray:
    return _memories(x[None], _WX, wh, _B)[0, -1]


def _far(x: np.ndarray) -> np.ndarray:
    """Listen to the last step and to the one four before it, no other."""
    return np.tanh(x[-1] @ _WX + x[-5] @ _WX @ _WH)


def _word(seed: int, steps: int, first: float | None = None) -> np.ndarray:
    x = (
        np.random.default_rng(seed).uniform(-0.9, 0.9, (steps, 2)).round(1)
        + 0.0
    )
    if first is not None:
        x[0] = first
    return x


def _probed(
    where: Callable[[int], Any] = lambda t: t,
    value: float | None = None,
    differ: Callable = lambda one, other: (one != other).any(),
    choose: Callable[[list, int], int] | None = None,
) -> Callable[[Callable, np.ndarray], int]:
    """Return a `reach` that changes one step after the other.

    Args:
        where: Takes t; which part of x is changed.
        value: What is put there; 1 is added if left out.
        differ: Tells whether an output differs from that of x.
        choose: Takes all d that have an effect, in order, and the number of
            steps; returns the answer.
    """

    def reach(run: Callable, x: np.ndarray) -> int:
        before, heard = run(x.copy()), []
        for d in range(len(x)):
            changed, place = x.copy(), where(len(x) - 1 - d)
            changed[place] = changed[place] + 1 if value is None else value
            if differ(run(changed), before):
                heard.append(d)
        return choose(heard, len(x)) if choose else max(heard, default=-1)

    return reach


def _counted_wrong(run: Callable, x: np.ndarray) -> int:
    before, far = run(x), -1
    for d in range(len(x)):
        changed = x.copy()
        changed[-d] += 1
        if not np.array_equal(run(changed), before):
            far = d
    return far


_grade_reach = against(
    reference=_probed(),
    cases=[
        # Its memory is 0 again before each step, so the last step is all.
        (_network("tutorial_rnn", lambda x: _last(x[-1:])), _word(0, 5)),
        (_network("mended_rnn", _last), _word(1, 4, 0)),
        (_network("mended_rnn", _last), _word(2, 6, 1)),
        (_network("mended_rnn", _last), _word(3, 1)),
        (_network("without_the_first", lambda x: _last(x[1:])), _word(4, 5)),
        (_network("last_and_four_before", _far), _word(5, 7)),
        (_network("only_a_bias", lambda x: _B + 0 * _last(x)), _word(6, 4)),
        (_network("sum_of_zero", lambda x: _last(x)[0] * _SUM_0), _word(7, 5)),
        (_network("second_feature", lambda x: _last(x * [0, 1])), _word(8, 4)),
        (_network("forgetful", lambda x: _last(x, _WH / 10)), _word(9, 6)),
    ],
    mistakes={
        "You count from the first step. Asked is the distance from the "
        "last: steps − 1 − t.": _probed(
            choose=lambda heard, n: n - 1 - max(heard) if heard else -1
        ),
        "This is how many steps there are from the furthest one that is heard "
        "to the end, both counted. The last step itself is 0 steps back.": (
            _probed(choose=lambda heard, n: max(heard, default=-1) + 1)
        ),
        "This is how many steps are heard. Asked is how far back the furthest "
        "of them lies.": _probed(choose=lambda heard, n: len(heard)),
        "The last step is left out: it is d = 0, and it counts, too.": (
            _probed(
                choose=lambda heard, n: max((d for d in heard if d), default=-1)
            )
        ),
        "x[-d] is the first step for d = 0. The step d before the last is "
        "x[-1 - d].": _counted_wrong,
        "You stop at the first step without effect. One further back may "
        "have one: go through all.": _probed(
            choose=lambda heard, n: (
                next((d for d in range(n) if d not in heard), n) - 1
            ),
        ),
        "This is the nearest step with an effect. Asked is the one furthest "
        "back.": _probed(choose=lambda heard, n: min(heard, default=-1)),
        "You answer 0 for a network to which no input matters, not even the "
        "last. There it is −1.": (
            _probed(choose=lambda heard, n: max(heard, default=0))
        ),
        "More than one step is changed at a time. Take a new copy of x for "
        "each, and change x[t] alone, not x[t:].": _probed(
            lambda t: slice(t, None)
        ),
        "Only the first feature of a step is changed. The network may listen "
        "to another one: change all of x[t].": _probed(lambda t: (t, 0)),
        "A step that is 0 already stays as it is here. Is it set to 0, or "
        "multiplied? Add something to it.": _probed(value=0.0),
        "A step that is 1 already stays as it is here. Add something to it "
        "instead of setting it to 1.": _probed(value=1.0),
        "Here a step counts as heard even if its weights are 0. Changing it "
        "has no effect. (NaN does not tell: NaN · 0 is NaN.)": (
            _probed(value=np.nan)
        ),
        "Are only sums of outputs compared here, or their first values, or "
        "must all values differ? One that differs is enough: "
        "not np.array_equal(a, b).": (
            _probed(differ=lambda one, other: one.sum() != other.sum())
        ),
        "A small effect counts, too. Compare exactly, with np.array_equal "
        "and not np.allclose, and change the step by 1, not by 1e-9.": (
            _probed(differ=lambda one, other: not np.allclose(one, other))
        ),
        "You answer that every network hears the first step, whatever run "
        "does. Compare two outputs of run: for x, and for x with one step "
        "changed. An output that is not 0 says nothing.": (
            _probed(choose=lambda heard, n: n - 1)
        ),
        "You answer that every network hears the last step alone, whatever "
        "run does.": _probed(choose=lambda heard, n: 0),
    },
    insight="The tutorial's network reaches 0 steps back: its memory starts "
    "from 0 at each step, so wh never has an effect, and it is a dense layer "
    "on the last letter. Nothing complains, and where the last letter is "
    "enough, even the accuracy is 1.",
)

# Where == gives an array, what uses it raises.
_WHOLE = {
    "truth value": "Compare whole outputs: np.array_equal(a, b) is one True "
    "or False.",
    "need at least one array|out of range": "Keep all steps: change one of "
    "them, do not take it out.",
}

reach = Exercise(
    explained(_WHOLE)(_grade_reach),
    hints=[
        "What does run give for x, and what for x with one step changed?",
        "Loop over d from 0 to steps − 1: a copy of x, 1 added to the step "
        "x[steps − 1 − d], and the two outputs compared.",
        "best = −1; for each d, best = d if not np.array_equal(run(changed), "
        "run(x)). Return best.",
    ],
)
