"""The exercises of lecture 03."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod
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


def _count(
    of_layer: Callable[[int, int], int],
) -> Callable[[list[int]], int]:
    """Return a count that adds up something over the layers."""
    return lambda sizes: sum(of_layer(m, n) for m, n in pairwise(sizes))


_parameters = _count(lambda inputs, outputs: inputs * outputs + outputs)
_weights = _count(lambda inputs, outputs: inputs * outputs)

parameters = Exercise(
    against(
        reference=_parameters,
        cases=[
            ([3, 4, 2],),
            ([4, 3],),
            ([2, 5, 6, 3],),
            ([784, 128, 10],),
        ],
        mistakes={
            "These are the weights. Every neuron also has a bias.": _weights,
            "You gave the inputs biases, too. Only neurons have one, and the "
            "inputs are given numbers.": (
                lambda sizes: _weights(sizes) + sum(sizes)
            ),
            "You counted a bias for each number that goes into a layer. It "
            "belongs to each neuron, so to each number that comes out.": (
                _count(lambda inputs, outputs: inputs * outputs + inputs)
            ),
            "You counted one bias per layer. Each neuron has its own.": (
                _count(lambda inputs, outputs: inputs * outputs + 1)
            ),
            "The biases of the last layer are missing.": (
                lambda sizes: _weights(sizes) + sum(sizes[1:-1])
            ),
            "Only the last layer has got its biases.": (
                lambda sizes: _weights(sizes) + sizes[-1]
            ),
            "Only the first layer has got its biases.": (
                lambda sizes: _weights(sizes) + sizes[1]
            ),
            "Only the first layer is counted. Is the return inside the "
            "loop?": lambda sizes: _parameters(sizes[:2]),
            "Only the last layer is counted. Add up over the layers.": (
                lambda sizes: _parameters(sizes[-2:])
            ),
            "You multiplied all sizes. Multiply neighbours, and add the "
            "layers up.": prod,
            "You added the sizes up. Each neuron of a layer has one weight "
            "for every number that comes in.": sum,
            "These are the neurons, which is the number of biases. Add the "
            "weights.": lambda sizes: sum(sizes[1:]),
        },
        insight="Doubling the width of all hidden layers doubles their "
        "biases, but quadruples the weights between two of them: there sit "
        "most parameters of a wide and deep network.",
    ),
    hints=[
        "How many numbers does one neuron need that sees three inputs?",
        "Three weights and a bias. A layer of four such neurons has 3 · 4 "
        "weights and 4 biases.",
        "zip(sizes[:-1], sizes[1:]) gives the pairs (inputs, outputs). Add "
        "inputs * outputs + outputs up over them.",
    ],
)


def _relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0)


def _exact_softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _two_layers(
    x: np.ndarray,
    W1: np.ndarray,
    b1: np.ndarray,
    W2: np.ndarray,
    b2: np.ndarray,
) -> np.ndarray:
    return _relu(x @ W1 + b1) @ W2 + b2


def _bent_by(activation: Callable) -> Callable[..., np.ndarray]:
    """Return the network with another activation in its hidden layer."""
    return lambda x, W1, b1, W2, b2: activation(x @ W1 + b1) @ W2 + b2


def _whole_numbers(seed: int, *shapes: tuple[int, ...]) -> tuple:
    """Draw numbers that are easily read, none of them 0."""
    rng = np.random.default_rng(seed)
    return tuple(
        rng.integers(1, 6, shape) * rng.choice([-1.0, 1.0], shape)
        for shape in shapes
    )


def _two_layers_case(seed: int, sizes: tuple[int, ...]) -> tuple:
    samples, inputs, hidden, outputs = sizes
    return _whole_numbers(
        seed,
        (samples, inputs),
        (inputs, hidden),
        (hidden,),
        (hidden, outputs),
        (outputs,),
    )


two_layers = Exercise(
    against(
        reference=_two_layers,
        # Everything square first: there a wrong side shows as a wrong value
        # and is explained, where other shapes could only raise.
        cases=[
            _two_layers_case(1, (2, 2, 2, 2)),
            _two_layers_case(2, (3, 4, 5, 2)),
            _two_layers_case(3, (1, 3, 4, 1)),
            _two_layers_case(4, (40, 4, 8, 3)),
        ],
        mistakes={
            "relu also stands at the output. Scores may be negative: leave "
            "the last layer without activation.": (
                lambda *args: _relu(_two_layers(*args))
            ),
            "relu is missing. Without a bend between them, two layers are "
            "one linear layer.": _bent_by(lambda z: z),
            "b1 is missing: x @ W1 + b1, then relu.": (
                lambda x, W1, b1, W2, b2: _relu(x @ W1) @ W2 + b2
            ),
            "b2 is missing: add it at the end.": (
                lambda x, W1, b1, W2, b2: _relu(x @ W1 + b1) @ W2
            ),
            "Both biases are missing.": (
                lambda x, W1, b1, W2, b2: _relu(x @ W1) @ W2
            ),
            "relu comes too early: first add b1, then let relu bend.": (
                lambda x, W1, b1, W2, b2: (_relu(x @ W1) + b1) @ W2 + b2
            ),
            "You sent x through relu. It bends what the first layer gives "
            "out.": lambda x, W1, b1, W2, b2: _relu(x) @ W1 @ W2 + b1 @ W2 + b2,
            "You sent x through relu, too. It bends only what the first layer "
            "gives out.": lambda x, W1, b1, W2, b2: _two_layers(
                _relu(x), W1, b1, W2, b2
            ),
            "W1 is transposed. Its shape (inputs, hidden) already fits: "
            "x @ W1.": lambda x, W1, b1, W2, b2: _relu(x @ W1.T + b1) @ W2 + b2,
            "W2 is transposed. Its shape (hidden, outputs) already fits: "
            "hidden @ W2.": lambda x, W1, b1, W2, b2: (
                _relu(x @ W1 + b1) @ W2.T + b2
            ),
            "Both W are transposed. Their shapes fit as they are: x @ W1.": (
                lambda x, W1, b1, W2, b2: _relu(x @ W1.T + b1) @ W2.T + b2
            ),
            "Both W stand on the wrong side. A sample is a row of x, so x "
            "comes first: x @ W1.": lambda x, W1, b1, W2, b2: (
                W2 @ _relu(W1 @ x + b1) + b2
            ),
            "W1 stands on the wrong side. A sample is a row of x, so x comes "
            "first: x @ W1.": lambda x, W1, b1, W2, b2: (
                _relu(W1 @ x + b1) @ W2 + b2
            ),
            "W2 stands on the wrong side. A sample is a row, so the hidden "
            "layer comes first: hidden @ W2.": lambda x, W1, b1, W2, b2: (
                W2 @ _relu(x @ W1 + b1) + b2
            ),
            "The values are right, but they lie on their side: one row per "
            "sample is asked.": lambda *args: _two_layers(*args).T,
            "* multiplies entry by entry. The product of matrices is @.": (
                lambda x, W1, b1, W2, b2: _relu(x * W1 + b1) * W2 + b2
            ),
            "There is a softmax at the end. Asked are the scores before "
            "it.": lambda *args: _exact_softmax(_two_layers(*args)),
            "There is a sigmoid in the hidden layer. Asked is relu.": (
                _bent_by(lambda z: 1 / (1 + np.exp(-z)))
            ),
            "There is a tanh in the hidden layer. Asked is relu.": (
                _bent_by(np.tanh)
            ),
            "You kept the negative numbers. relu keeps the positive ones: "
            "np.maximum(z, 0).": _bent_by(lambda z: np.minimum(z, 0)),
            "You took absolute values. relu turns negative numbers into 0.": (
                _bent_by(np.abs)
            ),
            "np.max(z, 0) finds the largest number of each column. relu is "
            "np.maximum(z, 0), which compares each number with 0.": (
                _bent_by(lambda z: np.max(z, axis=0))
            ),
            "There is a step in the hidden layer, which gives 0 or 1. Asked "
            "is relu, which keeps how large a positive number is.": (
                _bent_by(lambda z: 1.0 * (z > 0))
            ),
            "This is the hidden layer. Send it through W2 and b2, too.": (
                lambda x, W1, b1, W2, b2: _relu(x @ W1 + b1)
            ),
        }
        | {
            f"There is a leaky relu of slope {slope} in the hidden layer. "
            "Asked is relu, which makes 0 of every negative number.": (
                _bent_by(lambda z, slope=slope: np.where(z > 0, z, slope * z))
            )
            for slope in (0.01, 0.1, 0.2, 0.3)
        },
        insight="All samples that switch on the same hidden neurons meet the "
        "same straight map: a network of relus is a patchwork of linear "
        "pieces, and more neurons make more pieces.",
    ),
    hints=[
        "Start with the shapes: (samples, inputs) @ (inputs, hidden) is "
        "(samples, hidden).",
        "b1 has shape (hidden,) and is added to every row. Then "
        "np.maximum(z, 0) is relu.",
        "hidden = np.maximum(x @ W1 + b1, 0); the result is hidden @ W2 + b2, "
        "without another relu.",
    ],
)


def _naive_softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)


def _shares(z: np.ndarray, **how: Any) -> np.ndarray:
    """Divide exp(z) by a sum, which may be the wrong one."""
    e = np.exp(z)
    return e / e.sum(**how)


def _less_column_maximum(z: np.ndarray) -> np.ndarray:
    return _exact_softmax(z - z.max(axis=0))


def _shifted(z: np.ndarray) -> np.ndarray:
    return z - z.max(axis=1, keepdims=True)


_OVERFLOW = (
    "Mind the exponentials: exp(10000) is infinite, exp(-10000) is 0, and "
    "neither ∞ / ∞ nor 0 / 0 is a number. Subtract the largest score of each "
    "row first."
)

_softmax = against(
    reference=_exact_softmax,
    cases=[
        # Square first, where a missing keepdims gives numbers, not an error.
        (np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0], [2.0, 2.0, -2.0]]),),
        (np.array([[1.01, 2.008, -0.66]]),),
        (np.array([[0.0, 1.0], [3.0, -2.0], [1.5, 1.0], [-4.0, -3.0]]),),
        (np.arange(24.0).reshape(6, 4) % 7 / 2,),
    ],
    mistakes={
        "The whole table adds up to 1. Each row should: sum along axis=1, "
        "with keepdims=True.": lambda z: _shares(z),
        "The columns add up to 1. A sample is a row: sum along axis=1.": (
            lambda z: _shares(z, axis=0)
        ),
        "Each column is divided by the sum of a row: without keepdims=True "
        "the sums, shape (samples,), are aligned with the columns.": (
            lambda z: _shares(z, axis=1)
        ),
        "You divided the scores by their sum. First take exp of them: only "
        "then are all positive.": lambda z: z / z.sum(axis=1, keepdims=True),
        "These are the exponentials. Divide each by the sum of its row.": (
            np.exp
        ),
        "The largest result of each row is 1. Divide the exponentials by "
        "their sum, so that the row adds up to 1.": lambda z: np.exp(
            z - z.max(axis=1, keepdims=True)
        ),
        "These are logarithms of the probabilities. Leave the log out.": (
            lambda z: np.log(_exact_softmax(z))
        ),
        "This is a sigmoid for each score alone. In a softmax the scores of "
        "a row share 1 among them.": lambda z: 1 / (1 + np.exp(-z)),
        "You gave everything to the largest score. The others have a share, "
        "too.": lambda z: np.eye(z.shape[1])[z.argmax(axis=1)],
        "The sign is turned: the largest score has got the smallest "
        "probability.": lambda z: _exact_softmax(-z),
        "You took powers of 2. The base is e: np.exp(z).": (
            lambda z: _exact_softmax(z * np.log(2))
        ),
        "You subtracted the largest score of each column. That changes the "
        "probabilities; take the largest of each row.": _less_column_maximum,
        "You divided by the largest score of the table. That changes the "
        "probabilities; subtract the largest score of each row.": (
            lambda z: _exact_softmax(z / z.max())
        ),
        "You divided by the largest score of each row. That changes the "
        "probabilities; subtract it.": (
            lambda z: _exact_softmax(z / z.max(axis=1, keepdims=True))
        ),
        "The maxima of the rows, shape (samples,), are aligned with the "
        "columns: keepdims=True is missing in the maximum.": (
            lambda z: _exact_softmax(z - z.max(axis=1))
        ),
        "Both the maxima and the sums, shape (samples,), are aligned with the "
        "columns: keepdims=True is missing twice.": (
            lambda z: _shares(z - z.max(axis=1), axis=1)
        ),
        "The largest score of each row is subtracted, but then each column is "
        "divided by the sum of a row: keepdims=True is missing in the sum.": (
            lambda z: _shares(_shifted(z), axis=1)
        ),
        "The largest score of each row is subtracted, but then the columns "
        "add up to 1. A sample is a row: sum along axis=1.": (
            lambda z: _shares(_shifted(z), axis=0)
        ),
        "The largest score of each row is subtracted, but then the whole "
        "table adds up to 1. Each row should: sum along axis=1, with "
        "keepdims=True.": lambda z: _shares(_shifted(z)),
        "You applied softmax twice.": (
            lambda z: _exact_softmax(_exact_softmax(z))
        ),
    },
    insight="",
    # exp(z − 1000) is 0 everywhere, so it need not be an overflow.
    not_finite="Scores as small as these do not overflow. Is there a division "
    "by 0, a logarithm of 0 or less, or a root of a negative number? What you "
    "subtract before exp should be the largest score of each row, not a fixed "
    "number.",
)

_softmax_of_large_scores = against(
    reference=_exact_softmax,
    cases=[
        (np.array([[1e4, 1e4 - 1, 0.0], [-1e4, 1 - 1e4, -1e4]]),),
        (np.array([[0.0, 1e4, -1e4]]),),
    ],
    mistakes={
        "For small scores it is right. At 10,000 exp overflows, and ∞ / ∞ is "
        "NaN: subtract the largest score of each row first, which changes "
        "no probability.": _naive_softmax,
        "You subtracted the largest score of the whole table. Where a row "
        "lies far below it, all its exponentials are 0, and 0 / 0 is NaN: "
        "subtract the largest of each row.": (
            lambda z: _naive_softmax(z - z.max())
        ),
        "For small scores it is right. Cutting large scores off makes 10,000 "
        "and 9,999 equal; subtract the largest score of each row instead.": (
            lambda z: _naive_softmax(np.clip(z, -500, 500))
        ),
        "You subtracted the smallest score, and the largest still overflows: "
        "subtract the largest score of each row.": (
            lambda z: _naive_softmax(z - z.min(axis=1, keepdims=True))
        ),
        "For small scores it is right. At 10,000 you put 0 in the place of "
        "NaN, which hides the overflow: subtract the largest score of each "
        "row first.": lambda z: np.nan_to_num(_naive_softmax(z)),
    },
    insight="Only differences between the scores of a row count, so one "
    "score is superfluous: with two classes, softmax is the sigmoid of the "
    "difference.",
    not_finite=_OVERFLOW,
)


def _grade_softmax(answer: Any) -> str:
    """Grade the formula first, and then whether it survives large scores."""
    _softmax(answer)
    return _softmax_of_large_scores(answer)


softmax = Exercise(
    _grade_softmax,
    hints=[
        "All results are positive and each row adds up to 1: which function "
        "makes any score positive, and what do you divide by?",
        "e = np.exp(z), divided by e.sum(axis=1, keepdims=True). At 10,000 "
        "that overflows. What happens to the fraction if you subtract the "
        "same number from all scores of a row?",
        "Nothing. So subtract z.max(axis=1, keepdims=True) from z before exp: "
        "the largest exponential is then 1.",
    ],
)


def _backward_case(seed: int, samples: int, inputs: int, outputs: int) -> tuple:
    return _whole_numbers(
        seed, (samples, inputs), (inputs, outputs), (samples, outputs)
    )


# Square first, for the same reason as in two_layers.
_BACKWARD_CASES = [
    _backward_case(1, 2, 2, 2),
    _backward_case(2, 3, 4, 2),
    _backward_case(3, 1, 3, 2),
    _backward_case(4, 30, 2, 5),
    _backward_case(5, 4, 3, 1),
]

_ORDER = "Return (dW, db, dx), in this order."


def _dW(x: np.ndarray, W: np.ndarray, delta: np.ndarray) -> np.ndarray:
    return x.T @ delta


def _db(x: np.ndarray, W: np.ndarray, delta: np.ndarray) -> np.ndarray:
    return delta.sum(axis=0)


def _dx(x: np.ndarray, W: np.ndarray, delta: np.ndarray) -> np.ndarray:
    return delta @ W.T


def _times(factor: float, gradient: Callable) -> Callable[..., np.ndarray]:
    return lambda *args: factor * gradient(*args)


def _averaged(gradient: Callable) -> Callable[..., np.ndarray]:
    return lambda x, W, delta: gradient(x, W, delta) / len(x)


_grade_dW = against(
    reference=_dW,
    cases=_BACKWARD_CASES,
    mistakes={
        "dW is divided by the number of samples once too often: delta "
        "already holds the 1/n of the loss.": _averaged(_dW),
        "dW lies on its side. It has the shape of W, (inputs, outputs): "
        "x.T @ delta.": lambda x, W, delta: delta.T @ x,
        "For dW, x has to be transposed, so that the samples meet and are "
        "added up: x.T @ delta.": lambda x, W, delta: x @ delta,
        "For dW, the transposed x comes first: x.T @ delta.": (
            lambda x, W, delta: delta @ x.T
        ),
        "For dW, * multiplies entry by entry. The product of matrices is @, "
        "and x has to be transposed: x.T @ delta.": (
            lambda x, W, delta: x * delta
        ),
        "For dW, * multiplies entry by entry. The product of matrices is @: "
        "x.T @ delta.": lambda x, W, delta: x.T * delta,
        f"The first value is dx. {_ORDER}": _dx,
        f"The first value is db. {_ORDER}": _db,
        "W has got into its own gradient. y is linear in W, so dW needs only "
        "x and delta.": lambda x, W, delta: x.T @ delta * W,
        "For dW you multiplied two sums. Multiply x and delta of the same "
        "sample, and add the products up.": (
            lambda x, W, delta: np.outer(x.sum(axis=0), delta.sum(axis=0))
        ),
        "For dW you multiplied two means. Multiply x and delta of the same "
        "sample, and add the products up.": (
            lambda x, W, delta: np.outer(x.mean(axis=0), delta.mean(axis=0))
        ),
        "Only the first sample has got into dW.": (
            lambda x, W, delta: np.outer(x[0], delta[0])
        ),
        "Only the last sample has got into dW.": (
            lambda x, W, delta: np.outer(x[-1], delta[-1])
        ),
        "The sign of dW is turned. Asked is the gradient; the minus comes "
        "with the step.": _times(-1, _dW),
        "dW is twice what it should be. The 2 of a squared error is already "
        "in delta.": _times(2, _dW),
    },
    insight="",
)

_grade_db = against(
    reference=_db,
    cases=_BACKWARD_CASES,
    mistakes={
        "dW is right. db is divided by the number of samples once too often: "
        "delta already holds the 1/n of the loss.": _averaged(_db),
        "dW is right. db is still delta, one row per sample: b is added to "
        "every sample, so add delta up over the samples.": (
            lambda x, W, delta: delta
        ),
        "dW is right. For db you added everything up: b has one number per "
        "output, so sum along axis=0 only.": lambda x, W, delta: delta.sum(),
        "dW is right. For db you added the outputs up: the samples have to "
        "go, and they are axis 0.": lambda x, W, delta: delta.sum(axis=1),
        "dW is right, and so are the values of db, but it has the shape of "
        "one row. b has the shape (outputs,): sum without keepdims.": (
            lambda x, W, delta: delta.sum(axis=0, keepdims=True)
        ),
        f"dW is right, but the second value is dx. {_ORDER}": _dx,
        "dW is right. Only the first sample has got into db.": (
            lambda x, W, delta: delta[0]
        ),
        "dW is right. For db you added x up: b is not multiplied by x, so "
        "its gradient needs delta alone.": lambda x, W, delta: x.sum(axis=0),
        "dW is right. db does not depend on x: b is added, whatever x is.": (
            lambda x, W, delta: (x.T @ delta).sum(axis=0)
        ),
        "dW is right. db counts the samples, as if delta were 1.": (
            lambda x, W, delta: np.full(delta.shape[1], 1.0 * len(x))
        ),
        "dW is right. The sign of db is turned.": _times(-1, _db),
    },
    insight="",
)

_grade_dx = against(
    reference=_dx,
    cases=_BACKWARD_CASES,
    mistakes={
        "dW and db are right. For dx, W has to be transposed: the way back "
        "goes from outputs to inputs.": lambda x, W, delta: delta @ W,
        "dW and db are right. dx lies on its side: it has the shape of x, "
        "one row per sample.": lambda x, W, delta: W @ delta.T,
        "dW and db are right. For dx, delta comes first: "
        "delta @ W.T.": lambda x, W, delta: W.T @ delta,
        "dW and db are right. For dx, * multiplies entry by entry. The "
        "product of matrices is @, and W has to be transposed.": (
            lambda x, W, delta: delta * W
        ),
        "dW and db are right. For dx, * multiplies entry by entry. The "
        "product of matrices is @: delta @ W.T.": (
            lambda x, W, delta: delta * W.T
        ),
        "dW and db are right. For dx nothing is averaged: each sample has a "
        "row of its own.": _averaged(_dx),
        "dW and db are right. For dx nothing is added up: each sample has a "
        "row of its own.": lambda x, W, delta: (delta @ W.T).sum(axis=0),
        "dW and db are right. dx contains the slope of an activation, and "
        "this layer has none.": lambda x, W, delta: delta @ W.T * (x > 0),
        "dW and db are right. dx does not contain x: y is linear in x.": (
            lambda x, W, delta: delta @ W.T * x
        ),
        "dW and db are right. The factor 1 − x² in dx is the slope of a tanh, "
        "and this layer has no activation: leave it out.": (
            lambda x, W, delta: delta @ W.T * (1 - x**2)
        ),
        "dW and db are right. For dx you took W without delta: the chain "
        "rule multiplies by what arrives from behind.": lambda x, W, delta: (
            np.ones_like(delta) @ W.T
        ),
        "dW and db are right. In place of dx you computed forwards: x @ W.": (
            lambda x, W, delta: x @ W
        ),
        "dW and db are right, and the third value is delta again. Send it "
        "back through W.": lambda x, W, delta: delta,
        "dW and db are right. The sign of dx is turned.": _times(-1, _dx),
    },
    insight="Forwards costs one product of matrices, backwards two of the "
    "same size: a training step takes about three times the arithmetic of a "
    "prediction.",
)

_grade_parts = in_parts(
    ("dW", "db", "dx"),
    {"dW": _grade_dW, "db": _grade_db, "dx": _grade_dx},
)


# Somebody may hand over the lecture's own function.
_ADVICE = {
    "missing 1 required positional argument: 'slope'": "The backward of the "
    "lecture, which goes through all layers, needs a slope. Asked here is "
    "layer_backward, which is called with (x, W, delta)."
}

backward = Exercise(
    explained(_ADVICE)(_grade_parts),
    hints=[
        "A gradient has the shape of what it belongs to. Which product of x "
        "and delta, one of them transposed, has the shape of W?",
        "x.T @ delta adds up over the samples. b is added to each sample: add "
        "delta up over the same axis. For dx, which product of delta and W "
        "has the shape of x?",
        "dW = x.T @ delta, db = delta.sum(axis=0), dx = delta @ W.T.",
    ],
)


def right_jacobian(z: np.ndarray) -> np.ndarray:
    """Return the Jacobian of softmax; checkers show its name."""
    p = _exact_softmax(z)
    return np.diag(p) - np.outer(p, p)


def claimed_jacobian(z: np.ndarray) -> np.ndarray:
    """Repeat the tutorial's mistake: p[0] on the whole diagonal."""
    p = _exact_softmax(z)
    return np.diag(p**2 + p * (1 - p[0])) - np.outer(p, p)


def wrong_signs(z: np.ndarray) -> np.ndarray:
    """Be wrong off the diagonal."""
    p = _exact_softmax(z)
    off = np.outer(p, p) * (1 - np.eye(len(z)))
    return right_jacobian(z) + 2 * off


def only_the_diagonal(z: np.ndarray) -> np.ndarray:
    """Leave out that the classes share 1 among them."""
    return np.diag(np.diag(right_jacobian(z)))


def one_wrong_entry(z: np.ndarray) -> np.ndarray:
    """Be wrong in the last entry of the first row only, and too small."""
    wrong = right_jacobian(z)
    wrong[0, -1] -= 0.5
    return wrong


def _gap(jacobian: Callable, z: np.ndarray) -> np.ndarray:
    return jacobian(z) - right_jacobian(z)


_THREE = np.array([1.0, 2.0, 3.0])
_EQUAL = np.zeros(3)
_FIVE = np.array([0.5, -1.0, 2.0, 0.0, 1.0])
_TWO = np.array([-0.5, 1.5])

_ERROR_CASES = [
    (right_jacobian, _THREE),
    (claimed_jacobian, _THREE),
    (claimed_jacobian, _EQUAL),
    (wrong_signs, _TWO),
    (only_the_diagonal, _FIVE),
    (one_wrong_entry, _THREE),
    (claimed_jacobian, _FIVE),
    (right_jacobian, _EQUAL),
]


def _largest_error(jacobian: Callable, z: np.ndarray) -> float:
    return np.abs(_gap(jacobian, z)).max()


_ERROR_INSIGHT = (
    "At [1, 2, 3] it convicts claimed_jacobian of 0.38, at [0, 0, 0] of "
    "nothing: where all p are equal, p[0] may stand for p[i]. Test a gradient "
    "at a point without symmetry."
)

_grade_error = against(
    reference=_largest_error,
    cases=_ERROR_CASES,
    tolerance=1e-4,  # of forward differences, or of float32
    mistakes={
        "Take absolute differences before the maximum: an entry can also be "
        "too small.": lambda J, z: _gap(J, z).max(),
        "Take absolute differences before the maximum, whichever you "
        "subtract from which.": lambda J, z: (-_gap(J, z)).max(),
        "This is the average difference. A single wrong entry hides in it; "
        "take the largest.": lambda J, z: np.abs(_gap(J, z)).mean(),
        "This is the sum of the differences. Take the largest.": (
            lambda J, z: np.abs(_gap(J, z)).sum()
        ),
        "These are squares of the differences. Take absolute values.": (
            lambda J, z: (_gap(J, z) ** 2).max()
        ),
        "This is the mean of the squared differences. Take the largest "
        "absolute one.": lambda J, z: (_gap(J, z) ** 2).mean(),
        "This is the norm, the root of all squares. Take the largest "
        "absolute difference.": lambda J, z: np.linalg.norm(_gap(J, z)),
        "You looked at the diagonal only. The other entries can be wrong, "
        "too.": lambda J, z: np.abs(np.diag(_gap(J, z))).max(),
        "You did not look at the diagonal.": (
            lambda J, z: np.abs(_gap(J, z) * (1 - np.eye(len(z)))).max()
        ),
        "You looked at the first column only: move every score, one after "
        "the other.": lambda J, z: np.abs(_gap(J, z)[:, 0]).max(),
        "You looked at the first row only: every p[i] depends on the "
        "scores.": lambda J, z: np.abs(_gap(J, z)[0]).max(),
        "You acquit claimed_jacobian and convict the right matrix: what you "
        "compare with has the tutorial's mistake itself.": (
            lambda J, z: np.abs(J(z) - claimed_jacobian(z)).max()
        ),
        "What you compare with is 0 off the diagonal. But a score that rises "
        "takes from all others: ∂p_i/∂z_j = −p_i p_j.": (
            lambda J, z: np.abs(J(z) - only_the_diagonal(z)).max()
        ),
        "What you compare with has the wrong sign off the diagonal: a score "
        "that rises takes from the others, −p_i p_j.": (
            lambda J, z: np.abs(J(z) - wrong_signs(z)).max()
        ),
        "You measured at z = 0, not at the z that you were given.": (
            lambda J, z: _largest_error(J, np.zeros_like(z))
        ),
        "You compare with 0 everywhere. Move one score at a time, and in a "
        "copy: adding h to all scores changes no probability, and a = z is no "
        "copy, z.copy() is.": (lambda J, z: np.abs(J(z)).max()),
        "The derivatives that you compare with are twice as large as they "
        "should be: z + h and z − h are 2h apart.": (
            lambda J, z: np.abs(J(z) - 2 * right_jacobian(z)).max()
        ),
        "The derivatives that you compare with are half as large as they "
        "should be: divide by the distance between the two points.": (
            lambda J, z: np.abs(J(z) - right_jacobian(z) / 2).max()
        ),
    },
    insight=_ERROR_INSIGHT,
)
_grade_coarsely = against(
    _largest_error, _ERROR_CASES, {}, insight="", tolerance=0.03
)


def _detective(answer: Any) -> str:
    """Grade an instrument, and tell a blurred one from a wrong one."""
    if callable(answer):
        for case in _ERROR_CASES[:2]:
            if isinstance(call(answer, *case), bool | np.bool_):
                raise Wrong(
                    "You answer with True or False. How large is the largest "
                    "difference?"
                )
    try:
        return _grade_error(answer)
    except Wrong as wrong:
        try:
            _grade_coarsely(answer)
        except Wrong:
            raise wrong from None
        off = max(
            abs(float(call(answer, *case)) - _largest_error(*case))
            for case in _ERROR_CASES
        )
        raise Wrong(
            f"The idea is right, but the instrument is off by up to {off:.1g}. "
            "Is h far too large? Or far too small, for the digits you have? "
            "Around 1e-5 suits NumPy's 16 digits."
        ) from wrong


largest_error = Exercise(
    _detective,
    hints=[
        "You do not need to trust any formula: softmax itself is right. How "
        "do its values change when you move one score by a tiny h?",
        "Column j: (softmax of z with z[j] + h, minus softmax of z with "
        "z[j] − h) / 2h. Compare with jacobian(z)[:, j]. "
        "scratch.numerical_gradient wants a function that gives one number: "
        "take one p[i] after the other.",
        "np.abs(jacobian(z) - yours).max(). If you prefer a formula: yours = "
        "np.diag(p) - np.outer(p, p).",
    ],
)
