"""The exercises of lecture 06."""

from __future__ import annotations

import contextlib
import dis
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from course_utils import scratch
from course_utils.check.exercise import (
    Exercise,
    NotAttempted,
    Wrong,
    against,
    attempt,
    call,
    explained,
    quietly,
)

import numpy as np

# What helps, by a pattern of the message, which begins with what raised.
_ADVICE = {
    "already built": "call runs for every batch. Make the weights in build, "
    "which Keras calls once, before the first batch.",
    r"super\(\).__init__|_tracker": "super().__init__() comes first in "
    "__init__.",
    "to a shape": "A shape with one number needs a comma: (self.units,). "
    "input_shape is a tuple; its last entry is input_shape[-1].",
    "^on_.*NoneType": "None is no number: let the lowest value start with "
    "float('inf').",
    "^(?!.*unsupported).*NoneType": "The size of the batch is None in "
    "input_shape: leave it out.",
    "^on_.*object has no attribute": "What on_epoch_end reads from self, "
    "on_train_begin has to put there, under the same name.",
    "object has no attribute": "Only what was put into self before can be "
    "used, under the same name.",
    "^on_(epoch|train)_end raised KeyError": "logs has the keys 'accuracy', "
    "'loss', 'val_accuracy', 'val_loss'.",
    "^on_.*KeyError": "logs is empty here. on_epoch_end gets the values.",
    "^on_.*argument": "Keras calls on_train_begin(logs) and "
    "on_epoch_end(epoch, logs).",
    "^on_.*'dict'": 'logs is a dict: logs["val_loss"] is a number in it.',
}


def _advised(what: str, otherwise: str, function: Callable, *args: Any) -> Any:
    """Call something of a learner's; explain what it raises."""
    with explained({**_ADVICE, "": otherwise}):
        return attempt(what, function, *args)


_MIXED = ((2, -1, 0.5, 0), (-0.5, 3, 1, 0.5), (-1, 0.3, -2.5, 1))
# Nothing in here is negative, or larger than 1.
_SMALL = ((0.9, 0.1, 0.4, 0.2), (0.3, 0.8, 0.1, 0.7), (0.2, 0.1, 0.4, 0.9))
# Some are negative here, but none is larger than 1.
_LOW = ((-0.5, 0.7, 0.2, -1.5), (0.9, -0.3, -2, 0.1), (-1, 0.4, -0.2, 0.6))
# Logits with rows that add up to 1, as those of probabilities do.
_ONES = ((1.5, -1, 0.5, 0), (-0.5, 0.5, 1.5, -0.5), (2, 1, -2.5, 0.5))
_FIRST_ONE = ((0.2, 0.3, 0.4, 0.1), (0.4, 0.9, 0.1, 0.3), (1.6, 0.3, 0, 0.2))
# Three sums that are not 1, and whose mean is.
_MEAN_ONE = ((0.2, 0.3, 0.2, 0), (0.4, 0.3, 0.1, 0.4), (0.6, 0.3, 0.1, 0.1))
# Probabilities whose sums are exactly 1, and some that are not, in float32.
_EXACT = (
    (0.5, 0.25, 0.125, 0.125),
    (0.125, 0.125, 0.25, 0.5),
    (0.25, 0.5, 0.125, 0.125),
)
_ROUNDED = (
    (0.08, 0.13, 0.53, 0.26),
    (0.13, 0.53, 0.08, 0.26),
    (0.08, 0.53, 0.26, 0.13),
)
_SQUARE = ((0.5, 0.25, 0.25), (0.25, 0.5, 0.25), (0.25, 0.25, 0.5))


def _batch(
    labels: Sequence[int],
    outputs: Sequence[Sequence[float]],
    dtype: str,
    *,
    one_hot: bool = False,
) -> tuple:
    """Return the labels and the outputs of one batch as arrays."""
    rows = np.array(outputs, "float32")
    if one_hot:
        return np.eye(rows.shape[1], dtype=dtype)[list(labels)], rows
    return np.array(labels, dtype), rows


# Few shapes: under JAX, each is compiled anew.
_BATCHES = [
    _batch((0, 2, 1), _EXACT, "int64"),
    _batch((0, 2, 1), _MIXED, "int64"),
    _batch((0, 2, 1), _EXACT, "float32", one_hot=True),
    _batch((0, 2, 1), _MIXED, "float32", one_hot=True),
    _batch((3, 0, 1), _SMALL, "uint8"),
    _batch((3, 0, 1), _SMALL, "int64", one_hot=True),
    _batch((3, 0, 2), _LOW, "int64"),
    _batch((2, 0, 0), _ONES, "int32"),
    _batch((2, 0, 1), _ONES, "uint8", one_hot=True),
    _batch((1, 0, 2), _FIRST_ONE, "int64"),
    _batch((1, 0, 2), _MEAN_ONE, "float32", one_hot=True),
    _batch((1, 0, 3), _ROUNDED, "int32"),
    _batch((1, 0, 3), _ROUNDED, "uint8", one_hot=True),
    # Class numbers that look like one-hot ones; as many rows as columns.
    _batch((1, 0, 1), _EXACT, "int64"),
    _batch((1, 0, 2), _SQUARE, "int64"),
    _batch((1, 0, 2), _SQUARE, "int32", one_hot=True),
]


def _are_one_hot(labels: np.ndarray, outputs: np.ndarray) -> bool:
    return labels.ndim == 2


def _are_logits(labels: np.ndarray, outputs: np.ndarray) -> bool:
    sums = outputs.sum(axis=1)
    return not (np.allclose(sums, 1, atol=1e-4) and outputs.min() >= 0)


def _at_labels(p: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return p[np.arange(len(p)), labels]


def _cross_entropy(
    labels: np.ndarray, outputs: np.ndarray, *, logits: bool
) -> np.ndarray:
    """Return the cross-entropy of each row."""
    shares = outputs.astype("float64")
    if logits:
        shares = scratch.softmax(shares)
    numbers = labels.argmax(axis=1) if labels.ndim == 2 else labels
    return -np.log(_at_labels(shares, numbers))


# What decides whether a loss for one-hot labels is returned. What is right
# comes first, with nothing to say.
_ONE_HOT_RULES: dict[str, Callable[..., bool]] = {
    "": _are_one_hot,
    "You always take the loss for class numbers. One-hot rows, shape (n, k), "
    "need CategoricalCrossentropy.": lambda y, z: False,
    "You always take the loss for one-hot rows. Class numbers, shape (n,), "
    "need SparseCategoricalCrossentropy.": lambda y, z: True,
    "The two losses are exchanged: SparseCategoricalCrossentropy takes class "
    "numbers, shape (n,), and CategoricalCrossentropy one-hot rows, shape "
    "(n, k).": lambda y, z: not _are_one_hot(y, z),
    "Your decision about the labels follows their dtype. One-hot rows may "
    "consist of whole numbers. Their shape tells: labels.ndim.": (
        lambda y, z: y.dtype.kind == "f"
    ),
    "Your decision about the labels follows their values. Class numbers may "
    "be nothing but 0 and 1 in a batch. The shape tells: labels.ndim.": (
        lambda y, z: y.max() <= 1
    ),
    "Your decision about the labels follows the outputs: one-hot for "
    "probabilities. The labels themselves tell: labels.ndim.": (
        lambda y, z: not _are_logits(y, z)
    ),
    "Your decision about the labels follows the outputs: one-hot for logits. "
    "The labels themselves tell: labels.ndim.": _are_logits,
}
# What decides whether from_logits is True.
_LOGITS_RULES: dict[str, Callable[..., bool]] = {
    "": _are_logits,
    "from_logits is always True. Of probabilities in plain arrays, as here, "
    "the loss then takes the softmax a second time. (On TensorFlow, Keras may "
    "notice and warn where its own softmax made them.)": lambda y, z: True,
    "from_logits was True for none of the batches. Then logits count as if "
    "they were probabilities.": lambda y, z: False,
    "from_logits is turned round: it should be True for logits.": (
        lambda y, z: not _are_logits(y, z)
    ),
    "You look for a value above 1. Logits may all be smaller. The rows of "
    "probabilities add up to 1, and nothing in them is negative.": (
        lambda y, z: z.max() > 1
    ),
    "You look for a value below 0 or above 1. Logits may all lie between. "
    "Only the rows of probabilities add up to 1.": (
        lambda y, z: z.min() < 0 or z.max() > 1
    ),
    "You look for a negative value. Logits may all be positive. Look at the "
    "sum of each row, too.": lambda y, z: z.min() < 0,
    "You look at the sums of the rows only. Those of logits may happen to be "
    "1, too: look for negative values as well.": (
        lambda y, z: not np.allclose(z.sum(axis=1), 1)
    ),
    "You ask for sums that are exactly 1. In float32 a sum may come out as "
    "0.9999999: np.allclose allows for that.": (
        lambda y, z: z.min() < 0 or (z.sum(axis=1) != 1).any()
    ),
    "You look for negative values, and for sums that are exactly 1 in the "
    "first row only. Look at every row, with np.allclose.": (
        lambda y, z: z.min() < 0 or z[0].sum() != 1
    ),
    "You look at the first row only. Look at all of them.": (
        lambda y, z: z[0].min() < 0 or not np.isclose(z[0].sum(), 1)
    ),
    "You look at the sum of the first row only. Look at all rows, and for "
    "negative values.": lambda y, z: not np.isclose(z[0].sum(), 1),
    "You add all rows up together. Rows that are too large and rows that are "
    "too small make up for each other then: outputs.sum(axis=1).": (
        lambda y, z: z.min() < 0 or not np.isclose(z.sum(), len(z))
    ),
    "You add up the columns. Probabilities stand in rows: "
    "outputs.sum(axis=1).": (
        lambda y, z: z.min() < 0 or not np.allclose(z.sum(axis=0), 1)
    ),
    "from_logits follows the labels here, True for class numbers. It is the "
    "outputs that are logits or not.": lambda y, z: y.ndim == 1,
    "from_logits follows the labels here, True for one-hot rows. It is the "
    "outputs that are logits or not.": lambda y, z: y.ndim == 2,
}


def _as_loss(given: Any) -> Callable:
    """Make of what was returned what `compile` would make of it."""
    import keras

    wanted = (
        "Return the loss itself, as compile takes it: "
        "keras.losses.CategoricalCrossentropy(…), for instance."
    )
    if isinstance(given, str) or callable(given):
        try:
            return keras.losses.get(given)
        except Exception as error:
            shown = given if isinstance(given, str) else type(given).__name__
            raise Wrong(
                f"Keras knows no loss {shown[:40]!r}. {wanted}"
            ) from error
    size = 0
    with contextlib.suppress(Exception):
        size = np.asarray(given, "float64").size
    if size == 1:
        raise Wrong(
            f"You returned the value of a loss, {float(np.squeeze(given)):.4g}."
            " Return the loss itself, without calling it with labels and "
            "outputs: compile wants something to call for every batch."
        )
    what = "numbers" if size else f"something of type {type(given).__name__}"
    raise Wrong(f"You returned {what}, not a loss. {wanted}")


def _value(loss: Callable, labels: np.ndarray, outputs: np.ndarray) -> float:
    """Return the mean of a loss, or NaN where it does not fit the shapes."""
    from keras import ops

    for ready in (np.copy, ops.convert_to_tensor):
        with contextlib.suppress(Exception):
            return float(np.mean(loss(ready(labels), ready(outputs))))
    return np.nan


def _reads(
    loss: Callable, labels: np.ndarray, outputs: np.ndarray, factor: int = 1
) -> tuple:
    """Find out what a loss, divided by a factor, takes its arguments for.

    Returns:
        Whether one-hot labels and whether logits, each None if it is neither.
    """
    # Of probabilities both readings are known, and they differ.
    numbers, rows = _batch((1, 0, 2), _ROUNDED, "int64")
    for one_hot in (_are_one_hot(labels, outputs), labels.ndim == 1):
        target = np.eye(4, dtype="float32")[numbers] if one_hot else numbers
        value = _value(loss, target, rows)
        for logits in (True, False):
            right = _cross_entropy(numbers, rows, logits=logits).mean()
            if np.isclose(value, factor * right, rtol=1e-4):
                return one_hot, logits
    return None, None


def _other_loss(loss: Callable) -> str:
    """Say which loss was returned, if it is no cross-entropy of classes."""
    from keras import losses

    batch = _batch((1, 0, 2), _ROUNDED, "float32", one_hot=True)
    binary = losses.BinaryCrossentropy
    for said, others in {
        "This is the mean squared error, a loss for numbers. ": [
            losses.MeanSquaredError()
        ],
        "This is the binary cross-entropy, which takes every class for a "
        "question of its own. ": [binary(), binary(from_logits=True)],
        "This is the cross-entropy with labels and outputs exchanged: Keras "
        "calls a loss with the labels first. ": [
            lambda y, z: losses.categorical_crossentropy(z, y)
        ],
    }.items():
        values = [_value(other, *batch) for other in others]
        if np.isclose(_value(loss, *batch), values, rtol=1e-4).any():
            return said
    if _reads(loss, *batch, factor=len(batch[0])) != (None, None):
        return "You add the rows up. Leave reduction as it is. "
    return ""


@quietly()
def _loss_for(answer: Any) -> str:
    """Grade the choice among four losses."""
    losses = []
    for labels, outputs in _BATCHES:
        advice = {
            "truth value": "np.allclose(…, 1) asks about all sums at once.",
            "Index|axis": f"labels has shape {labels.shape}: look at "
            "labels.ndim.",
        }
        with explained(advice):
            losses.append(_as_loss(call(answer, labels, outputs)))
    for loss, (labels, outputs) in zip(losses, _BATCHES, strict=True):
        logits = _are_logits(labels, outputs)
        right = _cross_entropy(labels, outputs, logits=logits).mean()
        value = _value(loss, labels, outputs)
        if not np.isclose(value, right, rtol=1e-4):
            break
    else:
        return (
            "The wrong form of the labels ends with an error. The wrong "
            "from_logits often trains on without a word, only worse: look at "
            "your last layer, where softmax means probabilities."
        )
    read = [_reads(one, *b) for one, b in zip(losses, _BATCHES, strict=True)]
    said = ""
    for given, rules in zip(
        zip(*read, strict=True), (_ONE_HOT_RULES, _LOGITS_RULES), strict=True
    ):
        for message, rule in rules.items():
            if given == tuple(bool(rule(*batch)) for batch in _BATCHES):
                said += message + "\n" * bool(message)
                break
    example = (
        f"For labels of shape {labels.shape} and outputs whose first row is "
        f"{_row(outputs)} your loss "
    )
    if np.isfinite(value):
        example += f"gives {value:.4g}, the cross-entropy is {right:.4g}."
    else:
        example += "gives no number: it does not fit them."
    if not said:
        said = _other_loss(loss) + "This is not the loss that fits.\n"
    raise Wrong(said + example)


loss_for = Exercise(
    _loss_for,
    hints=[
        "Two questions, each with its own answer: are the labels class "
        "numbers or one-hot rows, and are the outputs probabilities or "
        "logits?",
        "labels.ndim is 1 for class numbers and 2 for one-hot rows. "
        "Probabilities: (outputs >= 0).all() and "
        "np.allclose(outputs.sum(axis=1), 1).",
        "Put the second answer into logits, True or False. Then return "
        "keras.losses.SparseCategoricalCrossentropy(from_logits=logits) for "
        "class numbers, and CategoricalCrossentropy likewise for rows.",
    ],
    needs="keras",
)


def _class(answer: Any, base: type, wanted: str, ready: type) -> type:
    """Return the learner's class, or say what was handed over instead.

    It begins with `wanted` in the notebook, and so is derived from `base`, but
    not from `ready`, the class of Keras that does the task already.
    """
    if answer is ...:
        raise NotAttempted
    if isinstance(answer, base):
        name = type(answer).__name__
        raise Wrong(
            f"This is one {name} that was made from the class. Give the "
            f"checker the class itself: {name}, without brackets."
        )
    if not isinstance(answer, type) or not issubclass(answer, base):
        what = f"This is of type {type(answer).__name__}"
        if isinstance(answer, type):
            what = f"Keras cannot use {answer.__name__}"
        raise Wrong(f"{what}. Asked is a class which begins with {wanted}")
    if issubclass(answer, ready):
        raise Wrong(
            f"{ready.__name__} of Keras does the work here. Later that is "
            f"what you use. This once, write it yourself: {wanted}"
        )
    return answer


_EMPTY = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}


def _untouched(owner: type, method: str, base: type) -> bool:
    """Tell whether a method is missing, or still the ... of the stub."""
    function = getattr(owner, method, None)
    if function is None or function is getattr(base, method, None):
        return True
    # Keras wraps build to remember the shape.
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    return code is not None and all(
        step.opname in _EMPTY and step.argval in (None, 0)
        for step in dis.get_instructions(code)
    )


def _numbers(shape: Sequence[int], seed: int) -> np.ndarray:
    """Draw numbers between −1 and 1 that are exact in float32."""
    rng = np.random.default_rng(seed)
    return (rng.integers(-8, 9, shape) / 8).astype("float32")


def _run(layer: Any, x: np.ndarray, units: int) -> np.ndarray:
    """Call a layer; say in which situation it raised or what it gave back."""
    before = x.copy()
    what = f"{type(layer).__name__}({units}) with an x of shape {x.shape}"
    inputs = x.shape[-1]
    try:
        given = _advised(
            what,
            f"A kernel of shape ({inputs}, {units}) makes of an x of shape "
            f"{x.shape} an x @ kernel of shape {(*x.shape[:-1], units)}, and "
            f"a bias has shape ({units},).",
            layer,
            x,
        )
    except Wrong:
        # What is wrong with the weights tells more, once build has ended.
        if getattr(layer, "built", False) and layer.weights:
            _kernel_and_bias(layer, x, units)
        raise
    if not np.array_equal(before, x):
        raise Wrong("call changed its input. Work on a new tensor.")
    if given is ... or given is None:
        raise Wrong(
            f"{what} gives back nothing. Is the ... still in call, or a "
            "return missing?"
        )
    try:
        return np.asarray(given, "float64")
    except Exception as error:
        raise Wrong(
            f"{what} gives back something of type {type(given).__name__}. "
            "A tensor is expected."
        ) from error


def _make(cls: type, units: int) -> Any:
    """Make a layer from the learner's class."""
    return _advised(
        f"{cls.__name__}({units})",
        "__init__(self, units) takes the number of units only. How many "
        "inputs there are, build finds out.",
        cls,
        units,
    )


def _kernel_and_bias(layer: Any, x: np.ndarray, units: int) -> tuple:
    """Find the two weights of a layer, or say what is wrong with them."""
    inputs = x.shape[-1]
    known = {id(weight) for weight in layer.weights}
    plain = [
        f"self.{name}"
        for name, value in vars(layer).items()
        if units in (getattr(value, "shape", ()) or ())
        and not (id(value) in known or name.startswith("_") or callable(value))
    ]
    if plain:
        raise Wrong(
            f"{' and '.join(plain)} {'is' if len(plain) == 1 else 'are'} no "
            "weight for Keras: it would neither train nor save such an "
            "array. self.add_weight makes weights."
        )
    for inner in layer._flatten_layers(include_self=False):
        raise Wrong(
            f"The work is done by another layer, {type(inner).__name__}. Make "
            "kernel and bias yourself, with self.add_weight in build."
        )
    weights = list(layer.weights)
    shapes = [tuple(weight.shape) for weight in weights]
    having = f"its weights have shape {' and '.join(map(str, shapes))}"
    frozen = [tuple(one.shape) for one in weights if not one.trainable]
    if not weights:
        raise Wrong(
            "The layer has no weights. build has to make them with "
            "self.add_weight(shape=…, initializer=…)."
        )
    if frozen:
        raise Wrong(
            f"The weight of shape {frozen[0]} is not trainable: no step of "
            "an optimizer will change it. Leave trainable as it is."
        )
    if shapes.count((inputs, units)) != 1:
        said = f"With {inputs} inputs and {units} units, "
        if (units, inputs) in shapes:
            raise Wrong(
                f"{said}the kernel has shape ({units}, {inputs}). Dense "
                f"stores ({inputs}, {units}): a row for each input, a column "
                "for each unit."
            )
        if x.ndim == 3 and (x.shape[1], units) in shapes:
            raise Wrong(
                f"For an x of shape {x.shape} the kernel has shape "
                f"({x.shape[1]}, {units}): input_shape[1] is the second axis. "
                "The inputs are the last one: input_shape[-1]."
            )
        raise Wrong(
            f"{said}a kernel of shape ({inputs}, {units}) is expected, but "
            f"{having}."
        )
    kernel = weights.pop(shapes.index((inputs, units)))
    if not weights:
        raise Wrong(
            "The bias is missing: one more weight, of shape (units,), is "
            "added to x @ kernel."
        )
    if len(weights) > 1:
        raise Wrong(
            f"Two weights are expected, a kernel and a bias, but {having}."
        )
    shape = tuple(weights[0].shape)
    if shape != (units,):
        raise Wrong(
            f"The bias has shape {shape}. With {units} units it should be "
            f"({units},): one number for each unit, the same for every row."
        )
    return kernel, weights[0]


def _check_start(kernel: np.ndarray, bias: np.ndarray) -> None:
    """Look at the values that large weights have before any training."""
    inputs, units = kernel.shape
    if bias.any():
        raise Wrong(
            f"The bias starts at {bias[0]:.3g}, {bias[1]:.3g}, … Let it start "
            'at 0: initializer="zeros".'
        )
    if np.ptp(kernel) == 0:
        raise Wrong(
            f"Every value of the kernel starts at {kernel[0, 0]:.3g}. Then "
            "all units compute the same, and all learn the same. Start with "
            'random values: initializer="glorot_uniform".'
        )
    usual = np.sqrt(2 / (inputs + units))
    mean = round(float(kernel.mean()), 2) + 0.0  # never -0.00
    if not 0.7 < kernel.std() / usual < 1.4 or abs(kernel.mean()) > usual / 4:
        raise Wrong(
            f"With {inputs} inputs and {units} units, the values of the "
            f"kernel have mean {mean:.2f} and standard deviation "
            f"{kernel.std():.2f}. glorot_uniform gives 0 and {usual:.2f}."
        )


def _row(table: np.ndarray) -> list[float]:
    """Return the first row, rounded, for a message."""
    first = table.reshape(-1, table.shape[-1])[0]
    return [round(float(value), 3) for value in first]


# What a layer may compute from x, kernel and bias.
_LAYER_MISTAKES: dict[str, Callable[..., np.ndarray]] = {
    **{
        f"There is a {what}. This layer has no activation: x @ kernel + "
        "bias.": rule
        for what, rule in {
            "ReLU in call": lambda x, k, b: scratch.relu(x @ k + b),
            "ReLU before the bias": lambda x, k, b: scratch.relu(x @ k) + b,
            "sigmoid in call": lambda x, k, b: scratch.sigmoid(x @ k + b),
            "tanh in call": lambda x, k, b: np.tanh(x @ k + b),
            "softmax in call": lambda x, k, b: scratch.softmax(x @ k + b),
        }.items()
    },
    "The bias is made, but not added.": lambda x, k, b: x @ k,
    "The bias is subtracted. Add it.": lambda x, k, b: x @ k - b,
    "The bias is multiplied. Add it.": lambda x, k, b: x @ k * b,
    "The bias is added to the product of every input. Add it once, after "
    "x @ kernel.": lambda x, k, b: x @ (k + b),
    "The kernel is not used.": lambda x, k, b: b + np.zeros_like(x @ k),
}


def _check_values(cls: type, shape: Sequence[int], units: int) -> tuple:
    """Compare one layer, with weights other than at its start, with NumPy.

    Returns:
        What its kernel and its bias were at the start.
    """
    x = _numbers(shape, 1)
    layer = _make(cls, units)
    early = [tuple(w.shape) for w in layer.weights if np.size(w) > units]
    if early:
        raise Wrong(
            f"A weight of shape {early[0]} is there before the layer has met "
            "an input. How many inputs there will be, __init__ can only "
            "guess: make the kernel in build, with input_shape[-1]."
        )
    first = _run(layer, x, units)
    kernel, bias = _kernel_and_bias(layer, x, units)
    if not np.allclose(first, _run(layer, x, units), atol=1e-6):
        raise Wrong(
            "The same x gave two different results: is something random in "
            "call? Make the weights in build."
        )
    start = np.array(kernel), np.array(bias)
    kernel.assign(_numbers(kernel.shape, 2))
    # Nowhere 0, and not the same for two units.
    bias.assign((np.arange(units, dtype="float32") + 1.5) / 4)
    k, b = np.asarray(kernel), np.asarray(bias)

    def fits(result: np.ndarray, wanted: np.ndarray) -> bool:
        same = result.shape == wanted.shape
        return same and np.allclose(result, wanted, atol=1e-4)

    # Another number of rows, too: build has seen only the first.
    for batch in (x, _numbers((7, *shape[1:]), 3)):
        given, right = _run(layer, batch, units), batch @ k + b
        if fits(given, right):
            continue
        for message, mistake in _LAYER_MISTAKES.items():
            if fits(given, mistake(batch, k, b)):
                raise Wrong(message)
        if given.shape != right.shape:
            raise Wrong(
                f"Of an x of shape {batch.shape}, {units} units make shape "
                f"{right.shape}, but the result has shape {given.shape}."
            )
        raise Wrong(
            "The result is not x @ kernel + bias. For the row "
            f"{_row(batch)} it is {_row(given)}, expected {_row(right)}."
        )
    return start


def _check_training(cls: type) -> None:
    """Make a model of the layer before any data, and train one step."""
    import keras

    inputs, units, rate = 5, 3, 0.1
    layer = _make(cls, units)
    what = f"{cls.__name__}({units}) in a model, with keras.Input(({inputs},)),"
    too_early = (
        "A model is laid out before there are numbers: the size of the batch "
        "is None then, and x is only a placeholder. Use input_shape[-1] in "
        "build, and keras.ops, not NumPy, in call."
    )
    with explained({"": too_early}):
        entry = keras.Input((inputs,))
        model = keras.Model(entry, attempt(what, layer, entry))
    x, y = _numbers((4, inputs), 4), _numbers((4, units), 5)
    kernel, bias = _kernel_and_bias(layer, x, units)
    k, b = np.array(kernel), np.array(bias)
    model.compile(keras.optimizers.SGD(rate), "mse")
    with explained({"": "Keras finds no slope through NumPy: use keras.ops."}):
        attempt(f"{what} in a training step", model.train_on_batch, x, y)
    error = 2 * (x @ k + b - y) / y.size
    for weight, right, name in (
        (kernel, k - rate * x.T @ error, "kernel"),
        (bias, b - rate * error.sum(axis=0), "bias"),
    ):
        if not np.allclose(np.asarray(weight), right, atol=1e-4):
            raise Wrong(
                f"One step of SGD does not move the {name} as it does that of "
                "Dense. Is there NumPy in call, or a stop_gradient?"
            )


def _my_dense(answer: Any) -> str:
    """Grade a layer of the learner's own."""
    from keras import layers

    wanted = "class MyDense(layers.Layer):"
    cls = _class(answer, layers.Layer, wanted, layers.Dense)
    empty = [_untouched(cls, name, layers.Layer) for name in ("build", "call")]
    if all(empty):
        raise NotAttempted
    with quietly():
        if empty[0] and not _make(cls, 3).weights:
            raise Wrong(
                "build is still empty. It makes the two weights, with "
                "self.add_weight."
            )
        if empty[1]:
            raise Wrong("call is still empty. It gives back x @ kernel + bias.")
        for shape, units in (((4, 5), 3), ((2, 6, 5), 3), ((4, 64), 32)):
            start = _check_values(cls, shape, units)
        _check_start(*start)
        _check_training(cls)
    return (
        "Equal to keras.layers.Dense, with 5 · 3 + 3 = 18 parameters for 5 "
        "inputs and 3 units. Because build waits for the first input, nobody "
        "has to say how many inputs there are."
    )


my_dense = Exercise(
    _my_dense,
    hints=[
        "build makes what is learnt, and call uses it. The kernel needs the "
        "number of inputs, input_shape[-1], and the number of units.",
        "self.kernel = self.add_weight(shape=(input_shape[-1], self.units), "
        'initializer="glorot_uniform"). The bias has shape (self.units,) and '
        "starts with zeros.",
        "call returns keras.ops.matmul(x, self.kernel) + self.bias.",
    ],
    needs="keras",
)


def _fit(val_loss: Sequence[float], loss: Sequence[float] = ()) -> list[dict]:
    """Return what Keras reports after each epoch; loss falls if not given."""
    loss = loss or [2.0 * 0.9**epoch for epoch in range(len(val_loss))]
    return [
        {
            "accuracy": round(1 / (1 + one) - 0.2 * (epoch % 3 == 2), 4),
            "loss": one,
            "val_accuracy": (0.6, 0.7, 0.8, 0.5, 0.9)[epoch % 5],
            "val_loss": other,
        }
        for epoch, (one, other) in enumerate(zip(loss, val_loss, strict=True))
    ]


_DOWN = [0.9, 0.8, 0.7, 0.6, 0.5, 0.45, 0.4, 0.35]
# patience, and one or two trainings with the same callback.
_TRAININGS: list[tuple[int, list[list[dict]]]] = [
    (2, [_fit([1.0, 0.8, 0.9, 0.85, 0.7, 0.6, 0.5, 0.4])]),
    (3, [_fit([1.0, 1.1, 0.9, 1.0, 0.8, 0.9, 0.7, 0.6, 0.5])]),
    (1, [_fit([0.9, 0.7, 0.8, 0.6, 0.5])]),
    (3, [_fit([0.9, 0.7, 0.8, 0.85, 0.95, 0.6, 0.5, 0.4])]),
    (2, [_fit(_DOWN, [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2])]),
    (2, [_fit([0.6, 0.6, 0.6, 0.6, 0.5, 0.4])]),
    (2, [_fit([2500.0, 2400.0, 2300.0, 2350.0, 2340.0, 2330.0, 2200.0])]),
    (3, [_fit([0.3, 0.2, 0.5, 0.4, 0.3, 0.25, 0.22, 0.21])]),
    (2, [_fit(_DOWN), _fit([1.9, 1.8, 1.7, 1.6, 1.5, 1.4])]),
    (3, [_fit([0.5, 0.6, 0.7, 0.8, 0.9]), _fit([0.45, 0.46, 0.47, 0.48, 0.3])]),
    (2, [_fit([0.9, 0.8, 0.85, 0.7, 0.75]), _fit([0.6, 0.65, 0.5, 0.4, 0.3])]),
    (3, [_fit([0.9, 0.8, 0.85]), _fit([1.9, 1.8, 0.5, 0.4])]),
    (4, [_fit([1.0, 1.3, 1.2, 1.1, 1.05, 1.04, 0.9, 0.8])]),
]


def _ends(
    patience: int,
    trainings: Sequence[Sequence[dict]],
    *,
    key: str = "val_loss",  # what is watched
    against_last: bool = False,  # the epoch before is to be beaten
    reset: bool = True,  # the count, at a new lowest value
    late: int = 0,  # epochs more until the training ends
    keep: str = "",  # what the next training finds: "best count"
    start: float = np.inf,  # what the first value has to beat
    tie: bool = False,  # the same value again is a new lowest one
    highest: bool = False,  # the highest value is to be beaten
    wait: int | None = None,  # in place of patience
) -> list[int]:
    """Return after how many epochs each training ends, by a rule."""
    best, count, ends = start, 0, []
    sign = -1 if highest else 1
    limit = (patience if wait is None else wait) + late
    for reports in trainings:
        if "best" not in keep:
            best = start
        if "count" not in keep:
            count = 0
        for ended, report in enumerate(reports, 1):  # noqa: B007
            value = sign * report[key]
            better = value < best or (tie and value == best)
            count = count * (not reset) if better else count + 1
            if better or against_last:
                best = value
            if count >= limit:
                break
        ends.append(ended)
    return ends


_PATIENCE_MISTAKES: dict[str, dict[str, Any]] = {
    "You compare with the epoch before. Compare with the lowest val_loss so "
    "far: a small fall after a rise is no progress.": {"against_last": True},
    "The count goes on after a new lowest value. It counts epochs in a row: "
    "set it back to 0 there.": {"reset": False},
    "You watch loss. The training loss usually keeps falling; val_loss tells "
    "when to stop.": {"key": "loss"},
    **{
        f"You watch {key}{how}. Asked is the lowest val_loss.": {
            "key": key,
            "highest": bool(how),
        }
        for key in ("accuracy", "val_accuracy")
        for how in ("", ", and wait for a new highest value")
    },
    **{
        f"Training ends one epoch too {when}. With patience = 1, the first "
        "epoch without a new lowest value is the last one.": {"late": late}
        for when, late in (("late", 1), ("early", -1))
    },
    "The lowest value and the count survive into the next fit. Set both back "
    "in on_train_begin.": {"keep": "best count"},
    "The lowest value survives into the next fit. Set it back in "
    "on_train_begin.": {"keep": "best"},
    **{
        f"Training ends after `patience`{more} epochs, whatever val_loss does. "
        "Count those without a new lowest val_loss only. If you do: does the "
        "lowest value start at 0, below every loss? Start with "
        "float('inf').": {"start": 0.0, "late": late}
        for late, more in enumerate(("", " + 1", " + 2"))
    },
    "The lowest value starts at 1, and a loss may start far above that. Start "
    "with float('inf'): then the first epoch sets it.": {"start": 1.0},
    "The lowest value starts too low: a loss may be in the thousands. Start "
    "with float('inf'): then the first epoch sets it.": {"start": 100.0},
    "The same value again counts as a new lowest one here. Ask for a smaller "
    "one.": {"tie": True},
    "You wait for a new highest val_loss. It should fall.": {"highest": True},
    "You do not wait: the first epoch without a new lowest value ends the "
    "training, whatever patience is.": {"wait": 1},
    **{
        f"You always wait for {n} epochs. Wait for self.patience.": {"wait": n}
        for n in (2, 3)
    },
}


def _watch(
    cls: type, patience: int, trainings: Sequence[Sequence[dict]], model: Any
) -> tuple:
    """Play trainings to a callback, as fit would do it.

    Returns:
        After how many epochs each ended, the callback, and what it returned.
    """
    name = f"{cls.__name__}({patience})"
    said = "__init__(self, patience) takes one number."
    callback = _advised(name, said, cls, patience)

    def tell(method: str, *arguments: Any) -> Any:
        return _advised(method, "", getattr(callback, method), *arguments)

    ends, returned = [], None
    for reports in trainings:
        model.stop_training = False
        callback.set_params({"epochs": len(reports), "steps": 1, "verbose": 0})
        attempt(f"set_model of {name}", callback.set_model, model)
        tell("on_train_begin", {})
        for epoch, report in enumerate(reports):
            logs = dict(report)
            tell("on_epoch_begin", epoch, {})
            returned = tell("on_epoch_end", epoch, logs) or returned
            if model.stop_training:
                break
        tell("on_train_end", logs)
        ends.append(epoch + 1)
    return ends, callback, returned


def _patience(answer: Any) -> str:
    """Grade a callback by the epochs after which it ends trainings."""
    from keras import Input, Sequential, callbacks, layers

    base = callbacks.Callback
    wanted = "class Patience(keras.callbacks.Callback):"
    cls = _class(answer, base, wanted, callbacks.EarlyStopping)
    methods = ("on_train_begin", "on_epoch_end", "set_model", "on_epoch_begin")
    if all(_untouched(cls, method, base) for method in methods):
        raise NotAttempted
    if _untouched(cls, "on_epoch_end", base):
        raise Wrong(
            "on_epoch_end is still empty. It looks at logs after every epoch, "
            "and ends the training when it is time."
        )
    with quietly():
        # For callbacks that look at more than stop_training.
        model = Sequential([Input((1,)), layers.Dense(1)])
        seen = [_watch(cls, *training, model) for training in _TRAININGS]
    ends = [end for end, _, _ in seen]
    right = [_ends(*training) for training in _TRAININGS]
    if ends == right:
        return (
            "The weights are those of the last epoch, and so `patience` "
            "epochs past the best. EarlyStopping of Keras does what you "
            "wrote, and goes back to them with restore_best_weights=True."
        )
    raise Wrong(_what_ended(ends, seen, right))


def _what_ended(
    ends: list[list[int]], seen: list[tuple], right: list[list[int]]
) -> str:
    """Say why trainings ended too early or too late."""
    patience, reports, fit, given, expected = next(
        (patience, trainings[fit], fit, one, other)
        for (patience, trainings), *pair in zip(
            _TRAININGS, ends, right, strict=True
        )
        for fit, (one, other) in enumerate(zip(*pair, strict=True))
        if one != other
    )
    example = (
        f"\nWith patience = {patience} and val_loss "
        f"{[report['val_loss'] for report in reports]}"
        f"{', in a second fit,' if fit else ''} training ended after epoch "
        f"{given}, expected {expected}."
    )
    never = [[len(t) for t in trainings] for _, trainings in _TRAININGS]
    if ends == never:
        said = (
            "It never ends a training: self.model.stop_training stays False. "
            "Does the lowest value become logs['val_loss'] in the first epoch? "
            "Does the count rise?"
        )
        if any(vars(one).get("stop_training") for _, one, _ in seen):
            said = (
                "You set self.stop_training, of the callback. Keras looks at "
                "that of the model: self.model.stop_training = True."
            )
        elif any(returned is not None for _, _, returned in seen):
            said = (
                "Keras does not look at what on_epoch_end returns. Set "
                "self.model.stop_training = True."
            )
        return said + example
    for size in (1, 2):
        for chosen in itertools.combinations(_PATIENCE_MISTAKES.items(), size):
            both = [pair for _, rule in chosen for pair in rule.items()]
            if len(dict(both)) < len(both):
                continue  # two answers to one question
            if ends == [_ends(*t, **dict(both)) for t in _TRAININGS]:
                return "\n".join(text for text, _ in chosen) + example
    return "Training does not end where it should." + example


patience = Exercise(
    _patience,
    hints=[
        "Two things have to be remembered from epoch to epoch: the lowest "
        "val_loss so far, and for how many epochs there was no lower one.",
        "on_train_begin: self.best = float('inf') and self.count = 0. "
        "on_epoch_end: if logs['val_loss'] is smaller than self.best, keep "
        "it and set the count to 0, else add 1 to the count.",
        "At the end of on_epoch_end: if self.count >= self.patience: "
        "self.model.stop_training = True.",
    ],
    needs="keras",
)


def _accuracy(p: np.ndarray, labels: np.ndarray) -> float:
    return np.mean(p.argmax(axis=1) == labels)


def _sure(p: np.ndarray, labels: np.ndarray) -> float:
    return p.max(axis=1).mean()


def _true_share(p: np.ndarray, labels: np.ndarray) -> float:
    return _at_labels(p, labels).mean()


def _gap(p: np.ndarray, labels: np.ndarray) -> float:
    return _sure(p, labels) - _accuracy(p, labels)


def _gap_case(
    seed: int, samples: int, classes: int, scale: float, right: float
) -> tuple:
    """Draw probabilities, and labels of which a share is the likeliest."""
    rng = np.random.default_rng(seed)
    p = scratch.softmax(rng.normal(0, scale, (samples, classes)))
    hit = rng.random(samples) < right
    return p, np.where(hit, p.argmax(axis=1), rng.integers(0, classes, samples))


_GAP_CASES = [
    # Square first: there a wrong axis gives a number, which can be explained,
    # where other shapes could only raise.
    (
        np.array([[0.75, 0.15, 0.1], [0.55, 0.35, 0.1], [0.05, 0.85, 0.1]]),
        np.array([0, 1, 1]),
    ),
    (np.array([[0.45, 0.3, 0.25], [0.25, 0.35, 0.4]]), np.array([0, 1])),
    _gap_case(0, 40, 10, 4.0, 0.5),
    _gap_case(1, 30, 5, 0.5, 0.95),
    (np.array([[0.05, 0.9, 0.05]]), np.array([1])),
]
# What may be taken for how sure a program is, and for how often it is right.
_SURE: dict[str, Callable[..., float]] = {
    "": _sure,
    "max goes along the wrong axis: the largest of each row is "
    "max(axis=1).": lambda p, y: p.max(axis=0).mean(),
    "This takes the largest of all probabilities. Take the largest of each "
    "row, axis=1, and then the mean.": lambda p, y: p.max(),
    "This is the mean of all probabilities, which is 1 / classes whatever the "
    "program says. Take the largest of each row.": lambda p, y: p.mean(),
    "This is the probability of the true class. How sure the program is, its "
    "largest probability says, right or wrong.": _true_share,
    "You take the rows with an error only. Take the mean over all rows.": (
        lambda p, y: p.max(axis=1)[p.argmax(axis=1) != y].mean()
    ),
    "You take the rows that are right only. Take the mean over all rows.": (
        lambda p, y: p.max(axis=1)[p.argmax(axis=1) == y].mean()
    ),
}
_RIGHT: dict[str, Callable[..., float]] = {
    "": _accuracy,
    "This is how sure the program is. Subtract how often it is right: the "
    "mean of argmax(axis=1) == labels.": lambda p, y: 0.0,
    "argmax goes along the wrong axis: each row is one sample, so axis=1 "
    "finds its class.": lambda p, y: np.mean(p.argmax(axis=0) == y),
    "argmax without an axis counts through the whole table. axis=1 finds the "
    "class of each row.": lambda p, y: np.mean(p.argmax() == y),
    "argmin finds the least likely class. argmax finds the likeliest.": (
        lambda p, y: np.mean(p.argmin(axis=1) == y)
    ),
    "You subtract the probability of the true class. The accuracy is the "
    "share of rows whose largest probability is at the label.": _true_share,
    "You subtract the share of errors. Subtract the accuracy, the share of "
    "what is right.": lambda p, y: 1 - _accuracy(p, y),
    "You add the accuracy. Subtract it.": lambda p, y: -_accuracy(p, y),
    "You subtract the number of right rows. The accuracy is their share: the "
    "mean.": lambda p, y: len(y) * _accuracy(p, y),
}


_compare_gaps = against(
    reference=_gap,
    cases=_GAP_CASES,
    mistakes={
        "The sign is turned: sure minus right, so that 0.3 means too "
        "sure.": lambda p, y: -_gap(p, y),
        "The absolute value hides that a program can be more often right "
        "than it is sure. Then the gap is negative.": (
            lambda p, y: abs(_gap(p, y))
        ),
        "This is in percent. Leave it between −1 and 1.": (
            lambda p, y: 100 * _gap(p, y)
        ),
        "You added the rows up. Take the means.": (
            lambda p, y: len(y) * _gap(p, y)
        ),
        "This is one value for each row. Take the mean.": (
            lambda p, y: p.max(axis=1) - (p.argmax(axis=1) == y)
        ),
        "This is the accuracy. Subtract it from the mean of the largest "
        "probability of each row.": _accuracy,
        "This is minus the accuracy: add the mean of the largest "
        "probability of each row.": lambda p, y: -_accuracy(p, y),
        # Each wrong half with the right other one, and with a wrong one: an
        # axis is easily forgotten twice.
        **{
            f"{one}\n{other}".strip(): lambda p, y, a=a, b=b: a(p, y) - b(p, y)
            for one, a in _SURE.items()
            for other, b in _RIGHT.items()
            if (one or other) and a is not b
        },
    },
    insight="Pixels 255 times too large make scores about 255 times too "
    "large, and softmax then says 1.0 for some class, right or wrong. "
    "Accuracy alone would not have told: compare it with how sure the "
    "program is.",
    not_finite="A mean over no rows is NaN: take all rows.",
)

gap = Exercise(
    # A mistake may take the mean of no rows.
    quietly()(_compare_gaps),
    hints=[
        "Two numbers are compared: how sure the program is on average, and "
        "how often it is right.",
        "How sure: the mean of probabilities.max(axis=1). Its answer for "
        "each row is probabilities.argmax(axis=1).",
        "probabilities.max(axis=1).mean() minus "
        "(probabilities.argmax(axis=1) == labels).mean().",
    ],
)
