"""The checkers of lecture 06 tell each typical mistake from the others."""

from __future__ import annotations

import functools
import importlib
import itertools
import random
import warnings
from collections.abc import Callable
from typing import Any

from course_utils.check import keras_workflow as lecture
from tests.checked import assert_wrong, planted

import numpy as np
import pytest


@pytest.fixture(autouse=True, scope="module")
def keras() -> Any:
    """Import Keras before anything is timed, as a lecture does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("keras")


def losses() -> Any:
    import keras

    return keras.losses


def logits_of(outputs):
    return not (np.allclose(outputs.sum(axis=1), 1) and (outputs >= 0).all())


def solution(labels, outputs):
    logits = logits_of(outputs)
    if labels.ndim == 1:
        return losses().SparseCategoricalCrossentropy(from_logits=logits)
    return losses().CategoricalCrossentropy(from_logits=logits)


def choose(one_hot=None, logits=None):
    """Return a solution with other decisions, functions of both arrays."""

    def loss_for(labels, outputs):
        rows = one_hot(labels, outputs) if one_hot else labels.ndim == 2
        raw = logits(labels, outputs) if logits else logits_of(outputs)
        kind = "CategoricalCrossentropy"
        kind = kind if rows else f"Sparse{kind}"
        return getattr(losses(), kind)(from_logits=bool(raw))

    return loss_for


def value(labels, outputs):
    return solution(labels, outputs)(labels, outputs)


def swapped_arguments(labels, outputs):
    loss = losses().categorical_crossentropy
    return lambda y, z: loss(z, y)


def by_hand(labels, outputs):
    """Give back a function in NumPy."""

    def loss(y, z):
        e = np.exp(z) if logits_of(z) else np.asarray(z)
        p = e / e.sum(axis=1, keepdims=True)
        y = y if y.ndim == 1 else y.argmax(axis=1)
        return -np.log(p[np.arange(len(y)), y]).mean()

    return loss


def functions(labels, outputs):
    name = "categorical_crossentropy"
    name = name if labels.ndim == 2 else f"sparse_{name}"
    loss = getattr(losses(), name)
    if not logits_of(outputs):
        return loss
    return functools.partial(loss, from_logits=True)


def names(labels, outputs):
    if logits_of(outputs):
        return solution(labels, outputs)
    if labels.ndim == 2:
        return "categorical_crossentropy"
    return "sparse_categorical_crossentropy"


def lambdas(labels, outputs):
    loss = functions(labels, outputs)
    return lambda y, z: losses().CategoricalCrossentropy and loss(y, z)


def classes(labels, outputs):
    if logits_of(outputs):
        return solution(labels, outputs)
    if labels.ndim == 2:
        return losses().CategoricalCrossentropy
    return losses().SparseCategoricalCrossentropy


def one_for_all(labels, outputs):
    """Give back one function that decides when it is called."""
    return lambda y, z: solution(np.asarray(y), np.asarray(z))(y, z)


def with_(reduction=None, smoothing=0.0):
    def loss_for(labels, outputs):
        loss = solution(labels, outputs)
        if reduction:
            loss.reduction = reduction
        if smoothing and labels.ndim == 2:
            return losses().CategoricalCrossentropy(
                from_logits=logits_of(outputs), label_smoothing=smoothing
            )
        return loss

    return loss_for


def exactly(labels, outputs):
    if outputs.sum(axis=1) == 1:
        return "categorical_crossentropy"
    return None


# Bodies of the methods of a layer.
def glorot(self, input_shape):
    self.kernel = self.add_weight(
        shape=(input_shape[-1], self.units), initializer="glorot_uniform"
    )
    self.bias = self.add_weight(shape=(self.units,), initializer="zeros")


def weights(
    kernel=lambda inputs, units: (inputs, units),
    bias=lambda inputs, units: (units,),
    start="glorot_uniform",
    bias_start="zeros",
    axis=-1,
    **how,
):
    def build(self, input_shape):
        inputs = input_shape[axis]
        self.kernel = self.add_weight(
            shape=kernel(inputs, self.units), initializer=start, **how
        )
        if bias:
            self.bias = self.add_weight(
                shape=bias(inputs, self.units), initializer=bias_start
            )

    return build


def product(self, x):
    from keras import ops

    return ops.matmul(x, self.kernel)


def affine(self, x):
    return product(self, x) + self.bias


def dense(build=glorot, call=affine, init=None, base=None):
    """Make a layer class of these methods."""
    from keras import layers

    if init is None:

        def init(self, units):
            super(MyDense, self).__init__()
            self.units = units

    body = {"__init__": init, "build": build, "call": call}
    MyDense = type("MyDense", (base or layers.Layer,), body)
    return MyDense


def without_super(self, units):
    self.units = units


def guessed(self, units):
    from keras import layers

    layers.Layer.__init__(self)
    self.units = units
    glorot(self, (4, 5))


def two_sizes(self, inputs, units):
    from keras import layers

    layers.Layer.__init__(self)
    self.units = units


def no_size(self):
    from keras import layers

    layers.Layer.__init__(self)
    self.units = 3


def other_name(self, n):
    from keras import layers

    layers.Layer.__init__(self)
    self.units = n


def bias_in_init(self, units):
    from keras import layers

    layers.Layer.__init__(self)
    self.units = units
    self.bias = self.add_weight(shape=(units,), initializer="zeros")


def only_kernel(self, input_shape):
    self.kernel = self.add_weight(shape=(input_shape[-1], self.units))


def nothing(self, *arguments): ...


def misspelled_units(self, input_shape):
    only_kernel(self, input_shape)
    self.bias = self.add_weight(shape=(self.unit,), initializer="zeros")


def third_weight(self, input_shape):
    glorot(self, input_shape)
    self.more = self.add_weight(shape=(self.units,), initializer="zeros")


def whole_shape(self, input_shape):
    self.kernel = self.add_weight(shape=(input_shape, self.units))


def numpy_weights(self, input_shape):
    self.kernel = np.random.normal(size=(input_shape[-1], self.units))
    self.kernel = self.kernel.astype("float32")
    self.bias = np.zeros(self.units, "float32")


def tensors(self, input_shape):
    import keras

    self.kernel = keras.random.normal((input_shape[-1], self.units))
    self.bias = keras.ops.zeros(self.units)


def variables(self, input_shape):
    import keras

    limit = (6 / (input_shape[-1] + self.units)) ** 0.5
    start = np.random.uniform(-limit, limit, (input_shape[-1], self.units))
    self.kernel = keras.Variable(start.astype("float32"))
    self.bias = keras.Variable(np.zeros(self.units, "float32"))


def inner_layer(self, input_shape):
    from keras import layers

    self.inner = layers.Dense(self.units)
    self.inner.build(input_shape)


def weights_in_call(self, x):
    self.kernel = self.add_weight(shape=(x.shape[-1], self.units))
    self.bias = self.add_weight(shape=(self.units,))
    return affine(self, x)


def random_in_call(self, x):
    import keras

    noise = keras.random.normal((x.shape[-1], self.units))
    return affine(self, x) + keras.ops.matmul(x, noise)


def ready_dense():
    from keras import layers

    return type("MyDense", (layers.Dense,), {})


def activated(name):
    def call(self, x):
        from keras import ops

        return getattr(ops, name)(affine(self, x))

    return call


def relu_first(self, x):
    from keras import ops

    return ops.relu(product(self, x)) + self.bias


def stopped(self, x):
    from keras import ops

    return ops.matmul(x, ops.stop_gradient(self.kernel)) + self.bias


def with_its_shape():
    """Name the shape, so that Keras need not try NumPy without numbers."""

    def call(self, x):
        return np.dot(x, self.kernel) + self.bias

    MyDense = dense(call=call)
    MyDense.compute_output_shape = lambda self, shape: (*shape[:-1], self.units)
    return MyDense


def by_columns(self, x):
    from keras import ops

    return ops.matmul(x, ops.transpose(self.kernel)) + self.bias


def fixed_batch(self, x):
    from keras import ops

    return ops.reshape(affine(self, x), (4, self.units))


# A callback from its decisions.
def stopper(
    key="val_loss",
    better=lambda value, best: value < best,
    against_last=False,
    reset=True,
    late=0,
    start=float("inf"),
    begin="best count",
    base=None,
    stop=None,
    wait=None,
    where="on_train_begin",
):
    import keras

    class Patience(base or keras.callbacks.Callback):
        def __init__(self, patience):
            super().__init__()
            self.patience = patience
            self.best, self.count = start, 0

        def on_epoch_end(self, epoch, logs=None):
            if better(logs[key], self.best):
                self.best = logs[key]
                if reset:
                    self.count = 0
            else:
                self.count += 1
                if against_last:
                    self.best = logs[key]
            if self.count >= (wait or self.patience) + late:
                if stop:
                    stop(self)
                else:
                    self.model.stop_training = True

    def fresh(self, *arguments):
        getattr(super(Patience, self), where)(*arguments)
        if "best" in begin:
            self.best = start
        if "count" in begin:
            self.count = 0

    setattr(Patience, where, fresh)
    return Patience


def callback(on_epoch_end, on_train_begin=None, init=None):
    import keras

    def begin(self, logs=None):
        self.best, self.count = float("inf"), 0

    def remember(self, patience):
        super(Patience, self).__init__()
        self.patience = patience

    body = {
        "__init__": init or remember,
        "on_epoch_end": on_epoch_end,
        "on_train_begin": on_train_begin or begin,
    }
    Patience = type("Patience", (keras.callbacks.Callback,), body)
    return Patience


def stop_itself(self):
    self.stop_training = True


def misspelled(self, epoch, logs=None):
    if logs["validation_loss"] < self.best:
        self.best = logs["validation_loss"]


def unknown_attribute(self, epoch, logs=None):
    if logs["val_loss"] < self.lowest:
        self.lowest = logs["val_loss"]


def compares_the_dict(self, epoch, logs=None):
    if logs < self.best:
        self.best = logs


def below(self, epoch, logs=None):
    if logs["val_loss"] < 0.01:
        self.model.stop_training = True


def never_lower(self, epoch, logs=None):
    self.count = 0 if logs["val_loss"] < self.best else self.count + 1
    self.model.stop_training = self.count >= self.patience


def returns(self, epoch, logs=None):
    if logs["val_loss"] < self.best:
        self.best, self.count = logs["val_loss"], 0
    else:
        self.count += 1
    return self.count >= self.patience


def returns_true_once(self, epoch, logs=None):
    return returns(self, epoch, logs) or None


def low_enough(self, epoch, logs=None):
    self.model.stop_training = logs["val_loss"] < 0.6


def fixed(late):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch + 1 >= self.patience + late

    return on_epoch_end


def no_epoch(self, logs=None):
    self.model.stop_training = True


def reads_at_begin(self, logs=None):
    self.best, self.count = logs["val_loss"], 0


def with_a_list(self, epoch, logs=None):
    self.seen = [] if epoch == 0 else self.seen
    self.seen.append((logs or {})["val_loss"])
    if len(self.seen) - 1 - int(np.argmin(self.seen)) >= self.patience:
        self.model.stop_training = True


def tolerant(self, epoch, logs=None):
    """As EarlyStopping: attributes, weights, a default for logs."""
    logs = logs or {}
    current = logs.get("val_loss", np.inf)
    self.count += 1
    self.history = [*getattr(self, "history", []), current]
    if current < self.best:
        self.best, self.count = current, 0
        self.best_weights, self.best_epoch = self.model.get_weights(), epoch
    self.model.stop_training = bool(self.count >= self.patience)


def with_none(self, logs=None):
    self.best, self.count = None, 0


def infinite_begin(self, logs=None):
    self.best, self.count = np.inf, 0


def sure(p):
    return p.max(axis=1).mean()


def right(p, y):
    return np.mean(p.argmax(axis=1) == y)


def gap(p, y):
    return sure(p) - right(p, y)


def per_row(p, y):
    return np.array([max(row) for row in p]) - (p.argmax(1) == y)


def early():
    import keras

    return type("Patience", (keras.callbacks.EarlyStopping,), {})


# Each is made when its test runs: Keras is not imported to collect tests.
MISTAKES: dict[str, list[tuple[Callable[[], Any], str]]] = {
    "loss_for": [
        (
            lambda: choose(one_hot=lambda y, z: False),
            "always take the loss for class numbers",
        ),
        (
            lambda: choose(one_hot=lambda y, z: True),
            "always take the loss for one-hot",
        ),
        (lambda: choose(one_hot=lambda y, z: y.ndim == 1), "exchanged"),
        (
            lambda: choose(
                one_hot=lambda y, z: y.dtype != int and y.dtype.kind == "f"
            ),
            "follows their dtype",
        ),
        (
            lambda: choose(one_hot=lambda y, z: set(y.ravel()) <= {0, 1}),
            "follows their values",
        ),
        (
            lambda: choose(one_hot=lambda y, z: not logits_of(z)),
            "follows the outputs: one-hot for prob",
        ),
        (
            lambda: choose(one_hot=lambda y, z: logits_of(z)),
            "follows the outputs: one-hot for log",
        ),
        (lambda: choose(logits=lambda y, z: True), "always True"),
        (
            lambda: choose(logits=lambda y, z: True),
            "as here, the loss then takes the softmax a second time",
        ),
        (
            lambda: choose(logits=lambda y, z: False),
            "True for none of the batches",
        ),
        (
            lambda: choose(logits=lambda y, z: np.all(z < 0)),
            "True for none of the batches",
        ),
        (lambda: choose(logits=lambda y, z: not logits_of(z)), "turned round"),
        (
            lambda: choose(logits=lambda y, z: z.max() > 1),
            "a value above 1. Logits",
        ),
        (
            lambda: choose(logits=lambda y, z: (z < 0).any() or (z > 1).any()),
            "below 0 or above 1",
        ),
        (
            lambda: choose(logits=lambda y, z: z.min() < 0),
            "for a negative value. Logits",
        ),
        (
            lambda: choose(
                logits=lambda y, z: not np.allclose(z.sum(axis=1), 1)
            ),
            "sums of the rows only",
        ),
        (
            lambda: choose(
                logits=lambda y, z: (
                    (z < 0).any() or not (z.sum(axis=1) == 1).all()
                )
            ),
            "exactly 1. In",
        ),
        (
            lambda: choose(
                logits=lambda y, z: (z < 0).any() or z[0].sum() != 1
            ),
            "exactly 1 in the first row",
        ),
        (
            lambda: choose(logits=lambda y, z: not np.isclose(z[0].sum(), 1)),
            "sum of the first row only",
        ),
        (
            lambda: choose(logits=lambda y, z: logits_of(z[:1])),
            "at the first row only. Look",
        ),
        (
            lambda: choose(
                logits=lambda y, z: (
                    (z < 0).any() or not np.isclose(z.sum(), len(z))
                )
            ),
            "add all rows up",
        ),
        (
            lambda: choose(logits=lambda y, z: logits_of(z.T)),
            "add up the columns",
        ),
        (
            lambda: choose(logits=lambda y, z: y.ndim == 1),
            "True for class numbers",
        ),
        (
            lambda: choose(logits=lambda y, z: y.ndim == 2),
            "True for one-hot rows",
        ),
        (lambda: lambda y, z: "mse", "mean squared error"),
        (lambda: lambda y, z: "binary_crossentropy", "binary cross-entropy"),
        (
            lambda: lambda y, z: losses().BinaryCrossentropy(from_logits=True),
            "binary cross-entropy",
        ),
        (lambda: swapped_arguments, "labels and outputs exchanged"),
        (lambda: with_(reduction="sum"), "add the rows up"),
        (lambda: with_(smoothing=0.2), "not the loss that fits"),
        (lambda: value, "value of a loss"),
        (lambda: lambda y, z: 0.7, "value of a loss, 0.7"),
        (lambda: lambda y, z: np.ones(3), "You returned numbers"),
        (lambda: lambda y, z: "crossentropy", "no loss 'crossentropy'"),
        (lambda: lambda y, z: True, "value of a loss"),
        (lambda: exactly, "np.allclose(…, 1) asks"),
        (lambda: lambda y, z: y.shape[1], "look at labels.ndim"),
        (lambda: "categorical_crossentropy", "A function was expected"),
    ],
    "my_dense": [
        (lambda: dense()(3), "Give the checker the class itself: MyDense"),
        (lambda: lambda x: x, "Asked is a class"),
        (lambda: type("MyDense", (), {}), "Keras cannot use MyDense"),
        (ready_dense, "Dense of Keras does the work"),
        (lambda: dense(init=without_super), "super().__init__()"),
        (lambda: dense(init=two_sizes), "takes the number of units only"),
        (lambda: dense(init=no_size), "takes the number of units only"),
        (lambda: dense(init=guessed, build=nothing), "can only guess"),
        (lambda: dense(build=nothing), "build is still empty"),
        (lambda: dense(call=nothing), "call is still empty"),
        (
            lambda: dense(call=lambda self, x: str(affine(self, x)) and None),
            "gives back nothing",
        ),
        (
            lambda: dense(build=weights(kernel=lambda i, u: (u, i))),
            "the kernel has shape (3, 5)",
        ),
        (
            lambda: dense(weights(kernel=lambda i, u: (u, i)), by_columns),
            "the kernel has shape (3, 5)",
        ),
        (
            lambda: dense(build=weights(bias=None), call=product),
            "The bias is missing",
        ),
        (
            lambda: dense(build=weights(bias=lambda i, u: u)),
            "needs a comma: (self.units,)",
        ),
        (
            lambda: dense(build=weights(kernel=lambda i, u: u)),
            "needs a comma: (self.units,)",
        ),
        (lambda: dense(build=third_weight), "Two weights are expected"),
        (
            lambda: dense(
                build=lambda self, shape: setattr(self, "ready", True),
                call=lambda self, x: x,
            ),
            "The layer has no weights",
        ),
        (
            lambda: dense(call=lambda self, x: affine(self, x)[:1]),
            "make shape (4, 3), but the result has shape (1, 3)",
        ),
        (lambda: dense(build=misspelled_units), "no attribute 'unit'"),
        (lambda: dense(build=misspelled_units), "put into self before"),
        (lambda: dense(build=whole_shape), "its last entry is"),
        (
            lambda: dense(build=weights(bias=lambda i, u: (1, u))),
            "The bias has shape (1, 3)",
        ),
        (
            lambda: dense(build=weights(bias=lambda i, u: (1,))),
            "The bias has shape (1,)",
        ),
        (
            lambda: dense(build=weights(bias=lambda i, u: ())),
            "The bias has shape ()",
        ),
        (
            lambda: dense(build=weights(bias=lambda i, u: (i,))),
            "The bias has shape (5,)",
        ),
        (
            lambda: dense(build=weights(bias_start="random_normal")),
            "The bias starts at",
        ),
        (
            lambda: dense(build=weights(bias_start="ones")),
            "The bias starts at 1, 1",
        ),
        (
            lambda: dense(build=weights(start="zeros")),
            "of the kernel starts at 0",
        ),
        (
            lambda: dense(build=weights(start="ones")),
            "of the kernel starts at 1",
        ),
        (
            lambda: dense(build=weights(start="random_normal")),
            "standard deviation 0.05",
        ),
        (lambda: dense(build=weights(trainable=False)), "is not trainable"),
        (
            lambda: dense(build=weights(axis=1)),
            "input_shape[1] is the second axis",
        ),
        (
            lambda: dense(build=weights(axis=0)),
            "a kernel of shape (5, 3) is expected",
        ),
        (
            lambda: dense(build=numpy_weights),
            "self.kernel and self.bias are no weight",
        ),
        (
            lambda: dense(build=tensors),
            "self.kernel and self.bias are no weight",
        ),
        (
            lambda: dense(inner_layer, lambda self, x: self.inner(x)),
            "done by another layer, Dense",
        ),
        (lambda: dense(nothing, weights_in_call), "build is still empty"),
        (
            lambda: dense(lambda self, shape: print(end=""), weights_in_call),
            "call runs for every batch",
        ),
        (lambda: dense(call=random_in_call), "two different results"),
        (lambda: dense(lambda self, shape: print(end="")), "put into self"),
        (lambda: dense(call=activated("relu")), "ReLU in call. "),
        (lambda: dense(call=relu_first), "ReLU before the bias. "),
        (lambda: dense(call=activated("sigmoid")), "sigmoid in call"),
        (lambda: dense(call=activated("tanh")), "tanh in call"),
        (lambda: dense(call=activated("softmax")), "softmax in call"),
        (lambda: dense(call=product), "made, but not added"),
        (
            lambda: dense(call=lambda self, x: product(self, x) - self.bias),
            "subtracted",
        ),
        (
            lambda: dense(call=lambda self, x: product(self, x) * self.bias),
            "multiplied",
        ),
        (
            lambda: dense(
                call=lambda self, x: product(self, x) + 2 * self.bias
            ),
            "not x @ kernel + bias",
        ),
        (
            lambda: dense(call=lambda self, x: x * self.kernel + self.bias),
            "an x @ kernel of shape (4, 3)",
        ),
        (
            lambda: dense(
                call=lambda self, x: np.dot(x, self.kernel) + self.bias
            ),
            "keras.ops, not NumPy",
        ),
        (lambda: dense(call=stopped), "does not move the kernel"),
        (with_its_shape, "finds no slope through NumPy"),
        (lambda: dense(call=fixed_batch), "an x of shape (7, 5)"),
        (lambda: dense(call=lambda self: 3), "raised TypeError"),
        (lambda: dense(call=lambda self, x: "text"), "of type str"),
    ],
    "patience": [
        (
            lambda: callback(low_enough),
            "Training does not end where it should.\nWith patience = 2",
        ),
        (lambda: stopper()(3), "Give the checker the class itself: Patience"),
        (lambda: lambda epoch, logs: None, "Asked is a class"),
        (lambda: type("Patience", (), {}), "Keras cannot use Patience"),
        (early, "EarlyStopping of Keras does the work"),
        (lambda: stopper(against_last=True), "with the epoch before"),
        (lambda: stopper(reset=False), "The count goes on"),
        (
            lambda: stopper(key="loss"),
            "You watch loss. The training loss usually",
        ),
        (lambda: stopper(key="accuracy"), "You watch accuracy. "),
        (lambda: stopper(key="val_accuracy"), "You watch val_accuracy. "),
        (
            lambda: stopper(
                key="accuracy", better=lambda v, b: v > b, start=-1
            ),
            "You watch accuracy, and",
        ),
        (
            lambda: stopper(
                key="val_accuracy", better=lambda v, b: v > b, start=0
            ),
            "You watch val_accuracy, and",
        ),
        (lambda: stopper(late=1), "one epoch too late"),
        (lambda: stopper(late=-1), "one epoch too early"),
        (lambda: stopper(begin=""), "The lowest value and the count survive"),
        (lambda: stopper(begin="count"), "The lowest value survives"),
        (lambda: stopper(start=0.0), "start at 0"),
        (lambda: stopper(start=0.0, late=1), "start at 0"),
        (lambda: stopper(start=1.0), "starts at 1"),
        (lambda: stopper(start=100.0), "starts too low"),
        (lambda: stopper(start=10.0), "starts too low"),
        (lambda: stopper(better=lambda v, b: v <= b), "The same value again"),
        (
            lambda: stopper(better=lambda v, b: v > b, start=0.0),
            "a new highest val_loss",
        ),
        (lambda: stopper(wait=1), "You do not wait"),
        (lambda: stopper(wait=2), "always wait for 2"),
        (lambda: stopper(wait=3), "always wait for 3"),
        (lambda: callback(fixed(0)), "after `patience` epochs, whatever"),
        (lambda: callback(fixed(1)), "after `patience` + 1 epochs, whatever"),
        (lambda: callback(fixed(2)), "after `patience` + 2 epochs, whatever"),
        (lambda: stopper(key="loss", late=1), "You watch loss"),
        (lambda: stopper(key="loss", late=1), "one epoch too late"),
        (
            lambda: stopper(key="loss", late=1),
            "the last one.\nWith patience = 2",  # and no third mistake
        ),
        (lambda: callback(returns_true_once), "what on_epoch_end returns"),
        (lambda: stopper(stop=stop_itself), "You set self.stop_training"),
        (lambda: callback(returns), "what on_epoch_end returns"),
        (lambda: callback(below), "It never ends a training"),
        (lambda: callback(never_lower), "Does the lowest value become"),
        (lambda: callback(misspelled), "'val_loss'"),
        (
            lambda: callback(unknown_attribute),
            "on_train_begin has to put there",
        ),
        (lambda: callback(compares_the_dict), "logs is a dict"),
        (lambda: callback(tolerant, with_none), "None is no number"),
        (lambda: callback(tolerant, reads_at_begin), "logs is empty here"),
        (lambda: callback(no_epoch), "on_epoch_end(epoch, logs)"),
        (lambda: callback(nothing), "on_epoch_end is still empty"),
        (lambda: callback(tolerant, init=no_size), "takes one number"),
    ],
    "gap": [
        (lambda: lambda p, y: right(p, y) - sure(p), "The sign is turned"),
        (lambda: lambda p, y: abs(gap(p, y)), "absolute value"),
        (lambda: lambda p, y: 100 * gap(p, y), "in percent"),
        (
            lambda: lambda p, y: p.max(axis=1).sum() - (p.argmax(1) == y).sum(),
            "added the rows up",
        ),
        (lambda: per_row, "one value for each row"),
        (lambda: lambda p, y: sure(p), "how sure the program is. Subtract how"),
        (lambda: right, "This is the accuracy"),
        (lambda: lambda p, y: -right(p, y), "minus the accuracy"),
        (
            lambda: lambda p, y: sure(p) - np.mean(p.argmax(axis=0) == y),
            "argmax goes along the wrong",
        ),
        (
            lambda: lambda p, y: p.max(axis=0).mean() - right(p, y),
            "max goes along the wrong axis: the",
        ),
        (
            lambda: (
                lambda p, y: (
                    p.max(axis=0).mean() - np.mean(p.argmax(axis=0) == y)
                )
            ),
            "\nargmax goes along the wrong axis",
        ),
        (
            lambda: lambda p, y: p.max() - right(p, y),
            "largest of all probabilities",
        ),
        (
            lambda: lambda p, y: sure(p) - np.mean(p.argmax() == y),
            "argmax without an axis",
        ),
        (
            lambda: lambda p, y: p.max() - np.mean(p.argmax() == y),
            "\nargmax without an axis",
        ),
        (
            lambda: lambda p, y: p.mean() - right(p, y),
            "mean of all probabilities",
        ),
        (
            lambda: lambda p, y: p[np.arange(len(y)), y].mean() - right(p, y),
            "This is the probability of the true",
        ),
        (
            lambda: lambda p, y: sure(p) - p[np.arange(len(y)), y].mean(),
            "You subtract the probability of the true",
        ),
        (lambda: lambda p, y: sure(p) - (1 - right(p, y)), "share of errors"),
        (lambda: lambda p, y: sure(p) + right(p, y), "You add the accuracy"),
        (
            lambda: lambda p, y: sure(p[p.argmax(axis=1) != y]) - right(p, y),
            "rows with an error only",
        ),
        (
            lambda: lambda p, y: sure(p[p.argmax(axis=1) == y]) - right(p, y),
            "rows that are right only",
        ),
        (
            lambda: lambda p, y: sure(p) - sum(p.argmax(axis=1) == y),
            "number of right rows",
        ),
        (
            lambda: lambda p, y: sure(p) - np.mean(p.max(axis=1) == y),
            "Subtract how often it is right",
        ),
        (
            lambda: lambda p, y: sure(p) - np.mean(p.argmin(axis=1) == y),
            "argmin finds",
        ),
        (lambda: lambda p, y: 0.0, "whatever you are given"),
        (lambda: lambda p, y: 0.62, "whatever you are given"),
        (lambda: lambda p, y: "sure", "should give back numbers"),
    ],
}


@planted(MISTAKES)
def test_each_mistake_gets_its_own_message(
    name: str, mistake: Callable[[], Any], words: str
) -> None:
    assert_wrong(getattr(lecture, name)(mistake()), words)


RIGHT: dict[str, dict[str, Callable[[], Any]]] = {
    "loss_for": {
        "the solution": lambda: solution,
        "functions": lambda: functions,
        "names": lambda: names,
        "lambdas": lambda: lambdas,
        "classes": lambda: classes,
        "NumPy": lambda: by_hand,
        "one for all": lambda: one_for_all,
        "without reduction": lambda: with_(reduction="none"),
        "by the shapes": lambda: choose(lambda y, z: y.shape == z.shape),
    },
    "my_dense": {
        "the solution": dense,
        "variables": lambda: dense(variables),
        "another name": lambda: dense(init=other_name),
        "bias in __init__": lambda: dense(only_kernel, init=bias_in_init),
        "@": lambda: dense(call=lambda self, x: x @ self.kernel + self.bias),
        "bias first": lambda: dense(
            call=lambda self, x: self.bias + product(self, x)
        ),
        "he_normal": lambda: dense(weights(start="he_normal")),
    },
    "patience": {
        "the solution": stopper,
        "in set_model": lambda: stopper(where="set_model"),
        "np.inf": lambda: callback(tolerant, infinite_begin),
        "a list": lambda: callback(with_a_list, nothing),
        # The first epoch of a fit sets the count to 0 anyway.
        "the count set back later": lambda: stopper(begin="best"),
        "a large start": lambda: stopper(start=1e9),
    },
    "gap": {
        "the solution": lambda: gap,
        "loops": lambda: (
            lambda p, y: (
                sum(
                    max(row) - (list(row).index(max(row)) == one)
                    for row, one in zip(p, y, strict=True)
                )
                / len(y)
            )
        ),
        "float32": lambda: lambda p, y: np.float32(gap(p, y)),
    },
}


@pytest.mark.parametrize(
    ("name", "form"), [(n, f) for n, forms in RIGHT.items() for f in forms]
)
def test_right_answers_may_look_different(name: str, form: str) -> None:
    verdict = getattr(lecture, name)(RIGHT[name][form]())
    assert verdict, verdict


def test_a_wrong_from_logits_is_not_said_to_be_silent_always() -> None:
    assert "from_logits often trains on" in lecture.loss_for(solution).message


def test_the_stubs_of_the_notebook_are_not_attempted_yet() -> None:
    layer = dense(nothing, nothing)
    ends = callback(nothing, nothing)
    for exercise, stub in (
        (lecture.my_dense, layer),
        (lecture.patience, ends),
        (lecture.loss_for, lambda labels, outputs: ...),
        (lecture.gap, lambda probabilities, labels: ...),
    ):
        assert exercise(stub).status == "not attempted yet"
        assert exercise(...).status == "not attempted yet"


def test_an_endless_loop_in_a_method_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("course_utils.check.exercise.TIME_LIMIT", 1.0)

    def forever(self, x, logs=None):
        while True:
            pass

    for exercise, answer in (
        (lecture.my_dense, dense(call=forever)),
        (lecture.patience, callback(forever)),
    ):
        assert "It was stopped" in exercise(answer).message


def test_a_changed_input_is_named() -> None:
    def sorts(probabilities, labels):
        probabilities.sort()
        return gap(probabilities, labels)

    def shifts(labels, outputs):
        outputs -= 1
        return solution(labels, outputs)

    assert "changed its input" in lecture.gap(sorts).message
    assert "changed its input" in lecture.loss_for(shifts).message


def test_a_check_leaves_the_random_numbers_as_they_were() -> None:
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.rand()
    random.seed(1)
    np.random.seed(1)
    assert lecture.my_dense(dense(variables))
    assert lecture.patience(stopper())
    assert (random.random(), np.random.rand()) == expected


def test_no_two_wrong_rules_agree_on_all_batches() -> None:
    for rules in (lecture._ONE_HOT_RULES, lecture._LOGITS_RULES):
        seen = [
            tuple(bool(rule(*batch)) for batch in lecture._BATCHES)
            for rule in rules.values()
        ]
        assert len(set(seen)) == len(seen)


def test_batches_are_what_their_names_say() -> None:
    """Also in whatever order a sum of float32 is taken."""
    for row in np.array(lecture._ROUNDED, "float32"):
        for order in itertools.permutations(row):
            assert np.sum(np.array(order)) != 1
    for _, outputs in lecture._BATCHES:
        assert outputs.dtype == np.float32
    assert np.array(lecture._EXACT, "float32").sum(axis=1).tolist() == [1] * 3


def test_no_two_wrong_ways_to_wait_end_the_same_trainings() -> None:
    def fixed(patience, trainings):
        return [min(len(reports), patience + 3) for reports in trainings]

    rules = {"": {}, **lecture._PATIENCE_MISTAKES}
    # What ends whatever is reported must not pass for another mistake.
    seen = {tuple(tuple(fixed(*t)) for t in lecture._TRAININGS): "fixed"}
    for message, rule in rules.items():
        ends = tuple(
            map(tuple, (lecture._ends(*t, **rule) for t in lecture._TRAININGS))
        )
        assert ends not in seen, (message, seen[ends])
        seen[ends] = message


def test_the_rule_ends_trainings_as_early_stopping_does(keras: Any) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    for patience, trainings in lecture._TRAININGS:
        stop = keras.callbacks.EarlyStopping(patience=patience)
        ends = []
        for reports in trainings:
            model.stop_training = False
            stop.set_model(model)
            stop.on_train_begin()
            for epoch, report in enumerate(reports):
                stop.on_epoch_end(epoch, report)
                if model.stop_training:
                    break
            ends.append(epoch + 1)
        assert ends == lecture._ends(patience, trainings)


def test_cross_entropies_are_those_of_keras(keras: Any) -> None:
    for labels, outputs in lecture._BATCHES:
        numbers = labels if labels.ndim == 1 else labels.argmax(axis=1)
        for logits in {True, lecture._are_logits(labels, outputs)}:
            given = lecture._cross_entropy(labels, outputs, logits=logits)
            expected = keras.losses.sparse_categorical_crossentropy(
                numbers, outputs, from_logits=logits
            )
            assert given == pytest.approx(np.asarray(expected), rel=1e-5)


def test_a_callback_that_is_right_ends_a_real_training(keras: Any) -> None:
    """The script that checkers play is how fit calls a callback."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 1), "float32")
    # Nothing changes after the first epoch: a rate of 0.
    model.optimizer.learning_rate = 0.0
    for _ in range(2):
        history = model.fit(
            x,
            x,
            epochs=9,
            verbose=0,
            validation_data=(x, x),
            callbacks=[stopper()(3)],
        )
        assert len(history.history["val_loss"]) == 4
