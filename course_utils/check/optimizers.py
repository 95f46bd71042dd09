"""The exercises of lecture 05."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from course_utils import scratch
from course_utils.check.exercise import (
    Exercise,
    NotAttempted,
    Wrong,
    against,
    call,
    explained,
    in_parts,
    number,
)

import numpy as np

_COAST_CASES = [
    (0.5, 0.8),
    (-0.3, 0.9),
    (np.array([1.0, -2.0, 0.25]), 0.5),
    (np.array([[0.2], [-0.1]]), 0.99),
    (0.4, 0.0),
]


def _coast(m: Any, beta: float) -> Any:
    return m * beta / (1 - beta)


def _first_steps(count: int) -> Callable[[Any, float], Any]:
    """Return the sum of so many of the steps to come."""
    return lambda m, beta: sum(m * beta**k for k in range(1, count + 1))


_SUMS = "The sum 1 + beta + beta² + … is 1 / (1 − beta)"

_grade_coast = against(
    reference=_coast,
    cases=_COAST_CASES,
    mistakes={
        "This counts the step m, too, which has been made already. The "
        "first step to come is beta * m.": lambda m, beta: m / (1 - beta),
        "This is the next step alone. After it comes beta * beta * m, and "
        "so on without end.": lambda m, beta: m * beta,
        "This is the step that has been made. The next one is beta * m.": (
            lambda m, beta: m
        ),
        "It does not stop at once: the gradient is 0, but the memory is "
        "not, and the next step is beta * m.": lambda m, beta: 0 * m,
        f"You multiplied by 1 − beta. {_SUMS}, a division.": (
            lambda m, beta: m * beta * (1 - beta)
        ),
        f"You multiplied by 1 − beta, and m has been made already. {_SUMS}"
        ", and the first step to come is beta * m.": (
            lambda m, beta: m * (1 - beta)
        ),
        "You begin one step too late: beta * m is still to come.": (
            lambda m, beta: m * beta**2 / (1 - beta)
        ),
        "1 + beta would be right for steps that change their sign. These "
        "keep it: divide by 1 − beta.": (lambda m, beta: m * beta / (1 + beta)),
        "The direction is turned round. m is the step itself, with its "
        "sign, and what comes goes on in that direction.": (
            lambda m, beta: -_coast(m, beta)
        ),
        "The direction is lost: a negative m coasts to smaller numbers, so "
        "the sum is negative.": lambda m, beta: np.abs(_coast(m, beta)),
        "m is missing: a step twice as long coasts twice as far.": (
            lambda m, beta: beta / (1 - beta)
        ),
        "4 is right for beta = 0.8 only. How does it depend on beta?": (
            lambda m, beta: 4 * m
        ),
        "9 is right for beta = 0.9 only. How does it depend on beta?": (
            lambda m, beta: 9 * m
        ),
        "10 is 1 / (1 − beta) for beta = 0.9 only, and it counts the step "
        "m, which has been made already.": lambda m, beta: 10 * m,
    }
    | {
        f"You added the first {count} steps. At beta = 0.99 many more are "
        f"worth adding; {_SUMS}, without a loop.": _first_steps(count)
        for count in (2, 3, 10, 20, 30, 50, 60, 90, 99, 100, 200, 500)
    },
    insight="With 0.9 a weight coasts nine times its last step, with 0.99 "
    "ninety-nine times: momentum overshoots, and a rate that is lowered "
    "late is obeyed later still.",
    not_finite="Is something divided by beta? It may be 0.",
)

_NO_DIVISION = {
    "ZeroDivisionError": "1 − beta is never 0, but beta may be: do not divide "
    "by it."
}

coast = Exercise(
    explained(_NO_DIVISION)(_grade_coast),
    hints=[
        "With the gradient 0, m becomes beta * m in every step. What is the "
        "next step, and the one after it?",
        "In the lecture 1 + 0.9 + 0.81 + … was 10. Which formula with beta "
        "gives 10 for 0.9, and 2 for 0.5?",
        "1 + beta + beta² + … is 1 / (1 - beta), and the first step to come is "
        "beta * m: return beta * m / (1 - beta).",
    ],
)


def _adam_case(seed: int, shape: tuple, t: int, *settings: float) -> tuple:
    rng = np.random.default_rng(seed)
    w, g, m = rng.normal(0, 1, (3, *shape)).round(2)
    return w, g, m, rng.uniform(0.1, 2, shape).round(2), t, *settings


_ADAM_CASES = [
    (1.0, 2.0, 0.0, 0.0, 1, 0.1, 0.9, 0.999, 1e-8),
    _adam_case(0, (3,), 2, 0.2, 0.8, 0.99, 1e-8),
    _adam_case(1, (2, 3), 5, 0.05, 0.9, 0.999, 1e-8),
    # So late that no correction is left, a large ε is the same beside the
    # root of V as it is and of the corrected one: the last grader asks that.
    _adam_case(2, (4,), 400, 0.1, 0.9, 0.9, 0.05),
    # A weight that never had a gradient stays where it is.
    (np.ones(2), *np.zeros((3, 2)), 3, 0.1, 0.9, 0.999, 1e-8),
]


def _moments(
    w: Any, g: Any, m: Any, V: Any, t: int, rate: float, *settings: float
) -> tuple[Any, Any]:
    beta1, beta2, _ = settings
    return beta1 * m + (1 - beta1) * g, beta2 * V + (1 - beta2) * g**2


def _adam(
    step: Callable[..., Any] | None = None,
    late: int = 0,
) -> Callable[..., Any]:
    """Return the new w of Adam, perhaps with another formula for the step.

    Args:
        step: Takes m, V, both corrected, and ε.
        late: What is added to t.
    """

    def new_w(w: Any, g: Any, m: Any, V: Any, t: int, *rest: float) -> Any:
        rate, beta1, beta2, epsilon = rest
        new_m, new_V = _moments(w, g, m, V, t, *rest)
        # As arrays, so that a division by 0 is infinite and does not raise.
        new_m, new_V = np.asarray(new_m), np.asarray(new_V)
        m_hat = new_m / np.asarray(1.0 - beta1 ** (t + late))
        V_hat = new_V / np.asarray(1.0 - beta2 ** (t + late))
        if step is None:
            return w - rate * m_hat / (V_hat**0.5 + epsilon)
        return w - rate * step(new_m, new_V, m_hat, V_hat, epsilon)

    return new_w


def _exchanged(w: Any, g: Any, m: Any, V: Any, t: int, *rest: float) -> Any:
    """Correct each moment with the other's beta."""
    rate, beta1, beta2, epsilon = rest
    new_m, new_V = _moments(w, g, m, V, t, *rest)
    V_hat = new_V / (1 - beta1**t)
    return w - rate * new_m / (1 - beta2**t) / (V_hat**0.5 + epsilon)


def _without_t(w: Any, g: Any, m: Any, V: Any, t: int, *rest: float) -> Any:
    """Correct every step as if it were the first."""
    return _adam()(w, g, m, V, 1, *rest) if t else w


def _by_products(w: Any, g: Any, m: Any, V: Any, t: int, *rest: float) -> Any:
    """Correct with products in place of powers: negative from t = 2 on."""
    rate, beta1, beta2, epsilon = rest
    new_m, new_V = _moments(w, g, m, V, t, *rest)
    root = np.asarray(new_V / (1 - beta2 * t)) ** 0.5
    return w - rate * new_m / (1 - beta1 * t) / (root + epsilon)


def _m_by_a_product(
    w: Any, g: Any, m: Any, V: Any, t: int, *rest: float
) -> Any:
    """Correct m with a product in place of a power."""
    rate, beta1, beta2, epsilon = rest
    new_m, new_V = _moments(w, g, m, V, t, *rest)
    root = (new_V / (1 - beta2**t)) ** 0.5
    return w - rate * new_m / (1 - beta1 * t) / (root + epsilon)


def _with_g(w: Any, g: Any, m: Any, V: Any, t: int, *rest: float) -> Any:
    """Step along the gradient, not along its average."""
    rate, _, beta2, epsilon = rest
    _, new_V = _moments(w, g, m, V, t, *rest)
    return w - rate * g / ((new_V / (1 - beta2**t)) ** 0.5 + epsilon)


def _with_old(w: Any, g: Any, m: Any, V: Any, t: int, *rest: float) -> Any:
    """Step with the moments of last time."""
    rate, beta1, beta2, epsilon = rest
    root = np.asarray(V / (1 - beta2**t)) ** 0.5
    return w - rate * m / (1 - beta1**t) / (root + epsilon)


_grade_adam_m = against(
    reference=lambda *args: _moments(*args)[0],
    cases=_ADAM_CASES,
    mistakes={
        "You returned the corrected m. The next step has to go on with the "
        "uncorrected one, or it is corrected again and again.": (
            lambda *args: _moments(*args)[0] / (1 - args[6] ** args[4])
        ),
        "The factor 1 − beta1 before g is missing in m: an average has "
        "weights that add up to 1.": (
            lambda w, g, m, V, t, rate, b1, b2, e: b1 * m + g
        ),
        "m is computed with beta2. It has beta1.": (
            lambda w, g, m, V, t, rate, b1, b2, e: b2 * m + (1 - b2) * g
        ),
        "In m the two weights are exchanged: beta1 of the old m, 1 − beta1 of "
        "g.": lambda w, g, m, V, t, rate, b1, b2, e: (1 - b1) * m + b1 * g,
        "In m the gradient is squared. That belongs to V.": (
            lambda w, g, m, V, t, rate, b1, b2, e: b1 * m + (1 - b1) * g**2
        ),
        "This m is momentum's. Adam's is an average of gradients, without the "
        "rate.": lambda w, g, m, V, t, rate, b1, b2, e: b1 * m - rate * g,
        "In m the gradient has a minus. The minus comes with the step.": (
            lambda w, g, m, V, t, rate, b1, b2, e: b1 * m - (1 - b1) * g
        ),
        "You returned the old m. The next step needs the new one.": (
            lambda w, g, m, *rest: m
        ),
        "The old m is not used.": (
            lambda w, g, m, V, t, rate, b1, b2, e: (1 - b1) * g
        ),
        "The second value is V. Return (w, m, V).": (
            lambda *args: _moments(*args)[1]
        ),
        "The second value is the new w. Return (w, m, V).": _adam(),
    },
    insight="",
    not_finite="Is something divided by 1 − beta1 to the power 0? t counts "
    "from 1.",
)

_grade_adam_V = against(
    reference=lambda *args: _moments(*args)[1],
    cases=_ADAM_CASES,
    mistakes={
        "m is right. You returned the corrected V. The next step has to go "
        "on with the uncorrected one.": (
            lambda *args: _moments(*args)[1] / (1 - args[7] ** args[4])
        ),
        "m is right. In V the gradient has to be squared, or its signs "
        "cancel.": (
            lambda w, g, m, V, t, rate, b1, b2, e: b2 * V + (1 - b2) * g
        ),
        "m is right. In V you took the absolute gradient. Take the square.": (
            lambda w, g, m, V, t, rate, b1, b2, e: b2 * V + (1 - b2) * abs(g)
        ),
        "m is right. The factor 1 − beta2 before g² is missing in V.": (
            lambda w, g, m, V, t, rate, b1, b2, e: b2 * V + g**2
        ),
        "m is right. V is computed with beta1. It has beta2.": (
            lambda w, g, m, V, t, rate, b1, b2, e: b1 * V + (1 - b1) * g**2
        ),
        "m is right. In V the two weights are exchanged: beta2 of the old V, "
        "1 − beta2 of g².": (
            lambda w, g, m, V, t, rate, b1, b2, e: (1 - b2) * V + b2 * g**2
        ),
        "m is right. In V you squared m. Square the gradient.": (
            lambda *args: (
                args[7] * args[3] + (1 - args[7]) * _moments(*args)[0] ** 2
            )
        ),
        "m is right. In V the factor 1 − beta2 is squared with the gradient: "
        "square g alone.": (
            lambda w, g, m, V, t, rate, b1, b2, e: b2 * V + ((1 - b2) * g) ** 2
        ),
        "m is right. You returned the root of V. Take it in the step only.": (
            lambda *args: _moments(*args)[1] ** 0.5
        ),
        "m is right. You returned the old V. The next step needs the new "
        "one.": lambda w, g, m, V, *rest: V,
        "m is right. You added the squares up, which is Adagrad. Adam "
        "averages.": lambda w, g, m, V, *rest: V + g**2,
        "m is right. The old V is not used.": (
            lambda w, g, m, V, t, rate, b1, b2, e: (1 - b2) * g**2
        ),
        "m is right, but the third value is the new w. Return "
        "(w, m, V).": _adam(),
    },
    insight="",
    not_finite="Is something divided by 1 − beta2 to the power 0? t counts "
    "from 1.",
)

_RIGHT = "m and V are right. "

_grade_adam_w = against(
    reference=_adam(),
    cases=_ADAM_CASES,
    mistakes={
        _RIGHT + "The correction is missing: divide m by 1 − beta1**t and V "
        "by 1 − beta2**t before the step.": _adam(
            lambda m, V, m_hat, V_hat, e: m / (V**0.5 + e)
        ),
        _RIGHT + "Only m is corrected. Divide V by 1 − beta2**t, too.": _adam(
            lambda m, V, m_hat, V_hat, e: m_hat / (V**0.5 + e)
        ),
        _RIGHT + "Only V is corrected. Divide m by 1 − beta1**t, too.": _adam(
            lambda m, V, m_hat, V_hat, e: m / (V_hat**0.5 + e)
        ),
        _RIGHT + "You corrected with t − 1, which is 0 in the first step: "
        "division by zero. t already counts from 1.": _adam(late=-1),
        _RIGHT + "You corrected with t + 1. t already counts from 1.": (
            _adam(late=1)
        ),
        _RIGHT + "After the first step you take the root of a negative number, "
        "which is NaN. Is it 1 − beta2 * t? The correction needs the power, "
        "1 − beta2**t.": _by_products,
        _RIGHT + "m is divided by 1 − beta1 * t, a product. The correction "
        "needs the power, 1 − beta1**t.": _m_by_a_product,
        _RIGHT + "You corrected every step as if it were the first: "
        "1 − beta1**t needs the t.": _without_t,
        _RIGHT + "In the correction beta1 and beta2 are exchanged.": (
            _exchanged
        ),
        _RIGHT + "The root is missing: divide by the root of V.": _adam(
            lambda m, V, m_hat, V_hat, e: m_hat / (V_hat + e)
        ),
        _RIGHT + "epsilon stands inside the root. Add it after the root: "
        "inside, 1e-8 acts like 1e-4.": _adam(
            lambda m, V, m_hat, V_hat, e: m_hat / (V_hat + e) ** 0.5
        ),
        _RIGHT + "epsilon is missing: a weight whose gradient was always 0 "
        "becomes 0 / 0.": _adam(
            lambda m, V, m_hat, V_hat, e: m_hat / V_hat**0.5
        ),
        _RIGHT + "You took the root of V before you corrected it. Correct V, "
        "then take the root.": _adam(
            lambda m, V, m_hat, V_hat, e: (
                m_hat / (V_hat / np.maximum(V, 1e-300) * V**0.5 + e)
            )
        ),
        _RIGHT + "You multiplied by the corrections. Divide: the averages "
        "start too small and have to grow.": _adam(
            lambda m, V, m_hat, V_hat, e: (
                m
                * (m / np.where(m_hat == 0, 1, m_hat))
                / ((V * V / np.where(V_hat == 0, 1, V_hat)) ** 0.5 + e)
            )
        ),
        _RIGHT + "You added the step: that climbs.": _adam(
            lambda m, V, m_hat, V_hat, e: -m_hat / (V_hat**0.5 + e)
        ),
        _RIGHT + "The step goes along the gradient itself. Go along the "
        "corrected m.": _with_g,
        _RIGHT + "The step uses the old ones. Use the new ones.": _with_old,
        _RIGHT + "You multiplied by the root. Divide by it, so that steep "
        "directions get smaller steps.": _adam(
            lambda m, V, m_hat, V_hat, e: m_hat * (V_hat**0.5 + e)
        ),
        _RIGHT + "w went by momentum alone: divide by the root of the "
        "corrected V.": _adam(lambda m, V, m_hat, V_hat, e: m_hat),
        _RIGHT + "The rate is missing in the step.": lambda *args: _adam()(
            *args[:5], 1.0, *args[6:]
        ),
        _RIGHT + "w has not moved.": lambda w, *rest: w,
        _RIGHT + "You returned the step in place of the new w.": (
            lambda *args: args[0] - _adam()(*args)
        ),
        _RIGHT + "You returned minus the step in place of the new w.": (
            lambda *args: _adam()(*args) - args[0]
        ),
    },
    insight="",
    not_finite="Is something divided by zero, or a root taken of a negative "
    "number? t counts from 1, and epsilon is there for a V of 0.",
)

# An early step along a gradient about as small as ε.
_grade_epsilon = against(
    reference=_adam(),
    cases=[(0.0, 1e-6, 0.0, 0.0, 1, 1.0, 0.9, 0.999, 1e-7)],
    mistakes={
        _RIGHT + "So is the step, up to epsilon: yours stands beside the root "
        "of the uncorrected V, as in Keras and in the lecture's adam, and "
        "there 1e-7 acts like 3e-6 in the first step. Correct V, take the "
        "root, then add epsilon.": _adam(
            lambda m, V, m_hat, V_hat, e: (
                m_hat / (V_hat**0.5 + e * (V_hat / V) ** 0.5)
            )
        ),
    },
    insight="The correction lasts as long as the average remembers: with "
    "beta2 = 0.999, V is still divided by 0.63 at step 1,000, and m needs no "
    "correction after some fifty.",
)


def _grade_adam_step(answer: Any) -> str:
    """Grade the step first, and then the place of its ε."""
    _grade_adam_w(answer)
    return _grade_epsilon(answer)


_grade_adam = in_parts(
    ("w", "m", "V"),
    {"m": _grade_adam_m, "V": _grade_adam_V, "w": _grade_adam_step},
)


_ADVICE = {
    "ZeroDivisionError": "1 − beta to the power 0 is 0, but t counts from 1: "
    "1 − beta1**t and 1 − beta2**t are never 0."
}

adam_step = Exercise(
    explained(_ADVICE)(_grade_adam),
    hints=[
        "Two running averages: m of g with beta1, V of g**2 with beta2. Each "
        "keeps beta of the old value and takes 1 − beta of the new one.",
        "For the step only, m_hat = m / (1 - beta1**t) and V_hat = V / "
        "(1 - beta2**t).",
        "Return w - rate * m_hat / (V_hat**0.5 + epsilon), and the m and V "
        "without the hats.",
    ],
)


_CURVES = {
    "A": "too large",
    "B": "too small",
    "C": "good",
    "D": "diverges",
}
# True of the curve, whatever the wrong word was.
_SHOWN = {
    "A": "A falls fast at first, then hovers high and noisy: it does learn, "
    "but its steps jump across the valley and never come to rest in it.",
    "B": "B falls smoothly and is still on its way at the end: every step "
    "helps, and more of the same would go on helping.",
    "C": "C falls fast and then lies flat and low: it has got where the "
    "others would like to be.",
    "D": "D rises far above where it began: longer steps lead to steeper "
    "slopes, and steeper slopes to longer steps.",
}


def _diagnose(answer: Any) -> str:
    """Grade four words, and describe each curve that has a wrong one."""
    if answer is ...:
        raise NotAttempted
    if not isinstance(answer, Mapping):
        raise Wrong(
            'A dict is expected, {"A": …, "B": …, "C": …, "D": …}, with a '
            "word for each curve, but this is of type "
            f"{type(answer).__name__}."
        )
    words = {str(key).strip().upper(): word for key, word in answer.items()}
    unknown = sorted(set(words) - set(_CURVES))
    if unknown:
        raise Wrong(f"There is no curve {unknown[0][:20]}: only A, B, C and D.")
    missing = [
        curve for curve in _CURVES if words.get(curve, ...) in (..., None, "")
    ]
    if len(missing) == len(_CURVES):
        raise NotAttempted
    if missing:
        raise Wrong(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} "
            "still without a word. Give all four."
        )
    said = {
        curve: " ".join(str(words[curve]).lower().split()) for curve in words
    }
    for curve, word in said.items():
        if word not in _CURVES.values():
            raise Wrong(
                f"{curve}: {word[:30]!r} is none of the four words, which are "
                + ", ".join(f'"{word}"' for word in sorted(_CURVES.values()))
                + "."
            )
    if len(set(said.values())) == 1:
        raise Wrong(
            f'You call all four curves "{said["A"]}", but they differ. Where '
            "does each of them end, and is it still falling?"
        )
    wrong = [curve for curve in _CURVES if said[curve] != _CURVES[curve]]
    if wrong:
        raise Wrong(
            "\n".join(
                f'You call {curve} "{said[curve]}". {_SHOWN[curve]}'
                for curve in wrong
            )
        )
    return (
        "A and B end above C for opposite reasons: one asks for a smaller rate "
        "and one for a larger. A is not lost: lower its rate late, as a "
        "schedule does, and the noise settles."
    )


diagnose = Exercise(
    _diagnose,
    hints=[
        "For each curve ask three questions: how fast does it fall at first, "
        "is it still falling at the end, and how low does it end?",
        "Too small still falls when the training is over. Too large has "
        "stopped falling, but high up and restless.",
        "Diverging ends above its start. Good is the lowest at the end. Each "
        "word belongs to one curve.",
    ],
)


_RATES = np.geomspace(1e-5, 10.0, 13)


def _range_case(seed: int, lowest: int, ending: tuple) -> tuple:
    """Draw the losses of a range test with the lowest one at a place."""
    rng = np.random.default_rng(seed)
    away = np.abs(np.arange(len(_RATES)) - lowest)
    # Steepest well before the lowest, and a jump up right after it.
    losses = 2.3 - 1.8 / (1 + np.exp(away - 2.5)) + rng.uniform(0, 0.05, 13)
    losses[lowest] = 0.2
    losses[lowest + 1 :] += 1
    losses[len(_RATES) - len(ending) :] = ending
    return _RATES.round(8), losses.round(3)


_RANGE_CASES = [
    (np.array([0.001, 0.01, 0.1, 1.0]), np.array([2.0, 1.4, 0.6, 3.0])),
    _range_case(0, 8, (900.0, np.inf)),
    _range_case(1, 9, (1e5, np.inf, np.nan)),
    _range_case(2, 6, (np.inf, np.nan, np.nan, np.nan)),
    (np.array([0.5, 2.0]), np.array([0.7, np.nan])),
]


def _tenth(where: Callable[[np.ndarray], int]) -> Callable[..., float]:
    """Return a tenth of the rate at a place that the losses decide."""
    return lambda rates, losses: rates[where(losses)] / 10


_suggest = _tenth(np.nanargmin)

suggest = Exercise(
    against(
        reference=_suggest,
        cases=_RANGE_CASES,
        tolerance=1e-9,  # rates are small numbers
        mistakes={
            "This is the rate of the lowest loss, which is the brink. Take a "
            "tenth of it.": lambda r, loss: r[np.nanargmin(loss)],
            # Both ways find the same place, the first NaN.
            "The lowest loss is where the training broke down here: np.argmin "
            "takes NaN for the smallest of all, and nan_to_num turns it into "
            "0. np.nanargmin leaves NaN out.": _tenth(np.argmin),
            "The lowest loss is where the training broke down here: np.argmin "
            "takes NaN for the smallest of all, and nan_to_num turns it into "
            "0. np.nanargmin leaves NaN out. And take a tenth of the rate.": (
                lambda r, loss: r[np.argmin(loss)]
            ),
            "This is where the lowest loss stands in the array. Return a "
            "tenth of the rate there.": lambda r, loss: np.nanargmin(loss),
            "This is a tenth of the place in the array. Take a tenth of the "
            "rate there.": lambda r, loss: np.nanargmin(loss) / 10,
            "This is the lowest loss. Asked is a tenth of the rate at which "
            "it occurs.": lambda r, loss: np.nanmin(loss),
            "This is a tenth of the lowest loss. Asked is a tenth of the rate "
            "at which it occurs.": lambda r, loss: np.nanmin(loss) / 10,
            "You took ten times the rate of the lowest loss. Take a tenth.": (
                lambda r, loss: 10 * r[np.nanargmin(loss)]
            ),
            "You took half the rate of the lowest loss. Take a tenth.": (
                lambda r, loss: r[np.nanargmin(loss)] / 2
            ),
            "You took the rate at which the loss falls most steeply, another "
            "rule. Asked is a tenth of the rate of the lowest loss.": (
                lambda r, loss: r[np.nanargmin(np.diff(loss))]
            ),
            "You took a tenth of the rate before the steepest fall. Asked is "
            "the lowest loss.": (
                lambda r, loss: r[np.nanargmin(np.diff(loss))] / 10
            ),
            "You took a tenth of the largest rate that gave a finite loss. "
            "There the loss may long have been rising again.": (
                lambda r, loss: r[np.isfinite(loss)][-1] / 10
            ),
            "You took a tenth of the largest rate. Look for the lowest "
            "loss.": lambda r, loss: r.max() / 10,
            "You took a tenth of the smallest rate. Look for the lowest "
            "loss.": lambda r, loss: r.min() / 10,
            "You took the rate of the largest loss. Take the lowest one.": (
                _tenth(np.nanargmax)
            ),
            "You took the rate of the largest finite loss. Take the lowest "
            "one.": _tenth(
                lambda loss: np.nanargmax(np.where(loss < np.inf, loss, np.nan))
            ),
            "You took a tenth of the place in the array. Take a tenth of the "
            "rate.": lambda r, loss: r[np.nanargmin(loss) // 10],
        },
        insight="The lowest loss lies on the brink: the next larger rates "
        "already undo the progress. And the test is short: a whole training "
        "meets steeper places, so leave room.",
        not_finite="Leave NaN out: np.nanargmin does.",
    ),
    hints=[
        "Where does np.argmin(losses) point if a loss is NaN? Try it.",
        "np.nanargmin(losses) is the place of the lowest loss that is a "
        "number.",
        "rates[np.nanargmin(losses)] / 10.",
    ],
)


def tutorial_adam(w: Any, g: Any, state: dict, rate: float) -> Any:
    """Step as Adam without bias correction; checkers show its name."""
    m = state["m"] = 0.9 * state.get("m", 0.0) + 0.1 * g
    V = state["V"] = 0.999 * state.get("V", 0.0) + 0.001 * g**2
    return w - rate * m / (V**0.5 + 1e-7)


def only_m_uncorrected(w: Any, g: Any, state: dict, rate: float) -> Any:
    """Step with a tenth of the length that Adam has at first."""
    t = state.get("t", 0) + 1  # adam counts it
    return w + (scratch.adam(w, g, state, rate) - w) * (1 - 0.9**t)


def half_sign(w: Any, g: Any, state: dict, rate: float) -> Any:
    """Step by half the rate, whatever the gradient is."""
    return w - rate * 0.5 * np.sign(g)


class _Recorder:
    """An optimizer that remembers its calls, for the gradient is not ours.

    Plain descent steps by the rate times a gradient that the learner chooses,
    so what is right is known only after the call.
    """

    def __init__(self, rule: Callable) -> None:
        self.rule = rule
        self.calls: list[tuple[Any, Any, bool, float, Any]] = []
        self.__name__ = rule.__name__

    def __call__(self, w: Any, g: Any, state: dict, rate: float) -> Any:
        fresh = not state
        new = self.rule(w, g, state, rate)
        self.calls.append((w, g, fresh, rate, new))
        return new

    def __deepcopy__(self, memo: dict) -> _Recorder:
        return self  # the calls are made to a copy of the arguments


_OPTIMIZERS = (
    tutorial_adam,
    scratch.adam,
    scratch.rmsprop,
    scratch.sgd,
    scratch.momentum,
    only_m_uncorrected,
    half_sign,
)


def _first_step(answer: Any, rule: Callable) -> dict[str, float]:
    """Let an answer measure one optimizer; return what came of it."""
    step = _Recorder(rule)
    given = number(call(answer, step), f"What you measured for {rule.__name__}")
    if not step.calls:
        raise Wrong(
            f"You answer {given:.4g} without calling step. Measure the "
            "optimizer that is given to you, whichever it is."
        )
    w, g, fresh, rate, new = step.calls[0]
    if not fresh:
        raise Wrong(
            "The state was not empty before the first step. Give an optimizer "
            "a new {} to start with."
        )
    sizes = {np.size(value) for value in (w, g, new)}
    if sizes != {1}:
        raise Wrong("One weight is enough: give step a single w and g.")
    w, g, rate, new = (float(np.squeeze(v)) for v in (w, g, rate, new))
    if g == 0:
        raise Wrong("A gradient of 0 moves nothing. Take a positive one.")
    if rate == 0:
        raise Wrong("A rate of 0 moves nothing. Take a positive one.")
    return {
        "given": given,
        "length": abs(new - w),
        "ratio": abs((new - w) / rate),
        "signed": (new - w) / rate,
        "slope": abs(g),
        "new": new,
        "new by rate": new / rate,
        "last": abs(float(np.squeeze(step.calls[-1][4])) - w) / abs(rate),
        "last step": abs(
            float(np.squeeze(step.calls[-1][4]))
            - float(np.squeeze(step.calls[-1][0]))
        )
        / abs(rate),
        "calls": len(step.calls),
    }


_MEASURED_WRONG = {
    "The sign is turned: a length is positive. With a positive gradient the "
    "weight falls: old minus new.": lambda seen: -seen["ratio"],
    "You measured the length of the step. Divide it by the rate.": (
        lambda seen: seen["length"]
    ),
    "This is where the weight arrives. How long was the way? Subtract the "
    "weight before, and divide by the rate.": lambda seen: seen["new"],
    "You divided the new weight by the rate. Divide the length of the step, "
    "the old weight minus the new one.": lambda seen: seen["new by rate"],
    "You multiplied by the rate. Divide by it.": (
        lambda seen: seen["length"] * seen["length"] / seen["ratio"]
    ),
    "You divided by the gradient, too. Then plain descent gives 1 and Adam "
    "depends on what you chose: divide by the rate alone.": (
        lambda seen: seen["ratio"] / seen["slope"]
    ),
    "You made several steps and measured the whole way. Asked is the very "
    "first step.": lambda seen: seen["last"],
    "You made several steps and measured the last one. Asked is the very "
    "first, with an empty state.": lambda seen: seen["last step"],
    "You made several steps and measured their mean. Asked is the very "
    "first.": lambda seen: seen["last"] / seen["calls"],
}


def _detective(answer: Any) -> str:
    """Grade an instrument that measures the first step of an optimizer."""
    seen = {rule: _first_step(answer, rule) for rule in _OPTIMIZERS}
    values = [measured["given"] for measured in seen.values()]

    def all_close(expected: Callable[[dict], float]) -> bool:
        return np.allclose(
            values, [expected(s) for s in seen.values()], rtol=1e-3, atol=1e-9
        )

    if all_close(lambda measured: measured["ratio"]):
        return (
            "3.16 for tutorial_adam, so its first step is too long, not too "
            "short: m is a tenth of g, but the root of V only 0.032 of it. "
            "RMSprop starts with 3.16, too: 1/√0.1."
        )
    if np.ptp(values) <= 1e-6 * abs(values[0]):
        raise Wrong(
            f"You answer {values[0]:.4g} whatever you are given. Return what "
            "the step of this optimizer measures."
        )
    for message, mistake in _MEASURED_WRONG.items():
        if all_close(mistake):
            raise Wrong(message)
    rule, measured = next(
        (rule, measured)
        for rule, measured in seen.items()
        if not np.isclose(measured["given"], measured["ratio"], rtol=1e-3)
    )
    raise Wrong(
        f"For {rule.__name__} you measured {measured['given']:.4g}. Its first "
        f"step, divided by the rate, was {measured['ratio']:.4g}."
    )


measure = Exercise(
    _detective,
    hints=[
        "step is a function: give it a weight, a gradient, an empty dict and "
        "a rate, and it gives back the new weight.",
        "With w = 0.0 and g = 1.0, how far is the new weight from the old "
        "one, and how far is that for a rate of 1?",
        "(0.0 - step(0.0, 1.0, {}, 0.01)) / 0.01.",
    ],
)
