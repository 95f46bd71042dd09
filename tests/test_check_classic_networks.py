"""The checkers of lecture 09 tell each typical mistake from the others."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils.check import classic_networks as lecture
from tests.checked import assert_wrong, planted

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True, scope="module")
def keras() -> Any:
    """Import Keras before anything is timed, as a lecture does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras

    return keras


def bottleneck(channels, reduced, filters, kernel):
    return (channels + 1) * reduced + (kernel**2 * reduced + 1) * filters


def by_keras(channels, reduced, filters, kernel):
    import keras

    layers = (
        keras.layers.Conv2D(reduced, 1),
        keras.layers.Conv2D(filters, kernel),
    )
    model = keras.Sequential([keras.Input((8, 8, channels)), *layers])
    return model.count_params()


def residual_block_of(x, filters):
    from keras import layers

    y = layers.Conv2D(filters, 3, padding="same")(x)
    y = layers.BatchNormalization()(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(filters, 3, padding="same")(y)
    y = layers.BatchNormalization()(y)
    if x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1)(x)
    return layers.ReLU()(layers.Add()([y, x]))


def block(
    branch="cnrcn",
    join="add",
    end="relu",
    shortcut=lambda x, y, first: x,
    narrow=None,
    middle=None,
    kernel=3,
    norm=None,
    activation=None,
    **how,
):
    """Return a block with other decisions; a branch is spelt by its steps."""

    def residual_block_of(x, filters):
        from keras import layers, ops

        y = first = x
        settings = {"padding": "same", "activation": activation, **how}
        convolutions = iter((middle or filters, filters))
        for step in branch:
            if step == "c":
                y = layers.Conv2D(next(convolutions), kernel, **settings)(y)
            elif step == "n":
                y = (norm or layers.BatchNormalization)()(y)
            else:
                y = layers.ReLU()(y)
                first = y
        s = shortcut(x, y, first)
        if narrow(x, filters) if narrow else x.shape[-1] != filters:
            s = layers.Conv2D(filters, 1)(s)
        joins = {
            "average": lambda a, b: (a + b) / 2,
            "concatenate": lambda a, b: ops.concatenate([a, b], axis=-1),
            "none": lambda a, b: a,
        }
        y = joins.get(join, getattr(ops, join, None))(y, s)
        return getattr(ops, end)(y) if end else y

    return residual_block_of


def overwrites(x, filters):
    from keras import layers

    if x.shape[-1] != filters:
        return residual_block_of(x, filters)
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(layers.Add()([x, x]))


def same_layer_twice(x, filters):
    from keras import layers

    convolve = layers.Conv2D(x.shape[-1], 3, padding="same")
    y = layers.ReLU()(layers.BatchNormalization()(convolve(x)))
    y = layers.BatchNormalization()(convolve(y))
    return layers.ReLU()(layers.Add()([y, x]))


def with_operators(x, filters):
    """As He et al. do: no biases, and normalisation in the shortcut."""
    from keras import Sequential, layers, ops

    def steps(size, count):
        return [
            layers.Conv2D(filters, size, padding="same", use_bias=False),
            layers.BatchNormalization(epsilon=1e-5, momentum=0.9),
        ][:count]

    shortcut = x
    if x.shape[-1] != filters:
        shortcut = Sequential(steps(1, 2))(x)
    branch = Sequential([*steps(3, 2), layers.Activation("relu"), *steps(3, 2)])
    return ops.relu(shortcut + branch(x))


def as_a_layer(x, filters):
    import keras

    class Block(keras.Model):
        def __init__(self):
            super().__init__()
            self.n2, self.n1 = (keras.layers.BatchNormalization() for _ in "12")
            self.c2, self.c1 = (
                keras.layers.Conv2D(filters, 3, padding="same") for _ in "12"
            )
            self.s = None
            if x.shape[-1] != filters:
                self.s = keras.layers.Conv2D(filters, 1)

        def call(self, x):
            y = keras.ops.relu(self.n1(self.c1(x)))
            y = self.n2(self.c2(y))
            return keras.ops.relu(y + (self.s(x) if self.s else x))

    return Block()(x)


def lighter(channels):
    return stack("3a3")(channels)


def stack(steps, filters=None, activation="relu", size=(None, None), **how):
    """Return a model of convolutions, spelt by their kernels; a activates."""

    def lighter(channels):
        import keras
        from keras import layers

        made = [keras.Input((*size, channels))] if size else []
        settings = {"padding": "same", **how}
        convolutions = sum(step != "a" for step in steps)
        for step in steps:
            if step == "a":
                made.append(layers.Activation(activation))
            else:
                convolutions -= 1
                wide = (
                    filters(channels) if filters and convolutions else channels
                )
                made.append(layers.Conv2D(wide, int(step), **settings))
        return keras.Sequential(made)

    return lighter


def model_of(*make: Callable) -> Callable:
    def lighter(channels):
        import keras

        made = [one(keras.layers, channels) for one in make]
        return keras.Sequential([keras.Input((32, 32, channels)), *made])

    return lighter


def same(kernel, **how):
    return lambda layers, c: layers.Conv2D(c, kernel, padding="same", **how)


def relu(layers, c):
    return layers.ReLU()


def separable(channels):
    def depthwise(layers, c):
        return layers.DepthwiseConv2D(5, padding="same", activation="relu")

    return model_of(depthwise, same(1))(channels)


def statistics(layer):
    return [np.array(value) for value in layer.get_weights()[-2:]]


def norms_of(model):
    import keras

    kind = keras.layers.BatchNormalization
    return [layer for layer in model.layers if isinstance(layer, kind)]


def asleep(model, x):
    return finder()(model, x)


def finder(
    rule=lambda layer, old, new: all(map(np.array_equal, old, new)),
    train=lambda model, x: model(x, training=True),
    restore=True,
    look=statistics,
    form=lambda names: names,
    layers=norms_of,
):
    """Return an instrument with other decisions."""

    def asleep(model, x):
        weights = model.get_weights()
        before = [look(layer) for layer in layers(model)]
        train(model, x)
        names = [
            layer.name
            for layer, old in zip(layers(model), before, strict=True)
            if rule(layer, old, look(layer))
        ]
        if restore:
            model.set_weights(weights)
        return form(names)

    return asleep


def on_a_clone(model, x):
    import keras

    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    for layer, twin in zip(other.layers, model.layers, strict=True):
        layer.trainable = twin.trainable
    return finder(restore=False)(other, x)


def by_batch(model, x):
    model.compile("sgd", "mse", run_eagerly=True)
    model.train_on_batch(x, x)


def double_gamma(model, x):
    model(x, training=True)
    for layer in model.layers:
        if layer.name == "norm_1":
            layer.gamma.assign_add(layer.gamma)


def by_variables(model, x):
    def mean(layer):
        return np.array(layer.moving_mean), np.array(layer.moving_variance)

    return finder(look=mean)(model, x)


def new(old):
    return not old[0].any() and (old[1] == 1).all()


def change_x(model, x):
    x /= 255


MISTAKES: dict[str, list[tuple[Callable, str]]] = {
    "bottleneck": [
        (lambda c, r, f, k: c * r + k * k * r * f, "No biases are counted"),
        (
            lambda c, r, f, k: c * r + (k * k * r + 1) * f,
            "The 1 × 1 convolution has",
        ),
        (
            lambda c, r, f, k: (c + 1) * r + k * k * r * f,
            "The second convolution has",
        ),
        (
            lambda c, r, f, k: c * r + k * k * r * f + 2,
            "Each convolution has one bias",
        ),
        (
            lambda c, r, f, k: c * (r + 1) + r * (k * k * f + 1),
            "channels that go in",
        ),
        (lambda c, r, f, k: (c + 1) * r + (k * r + 1) * f, "is a square"),
        (
            lambda c, r, f, k: (c + 1) * r + (k * k * c + 1) * f,
            "sees all channels",
        ),
        (
            lambda c, r, f, k: (c + 1) * r + (k * k + 1) * f,
            "a filter sees all",
        ),
        (
            lambda c, r, f, k: (k * k * c + 1) * r + (k * k * r + 1) * f,
            "Both kernels are large",
        ),
        (lambda c, r, f, k: (k * k * c + 1) * f, "straight from"),
        (lambda c, r, f, k: (c + 1) * r, "1 × 1 convolution alone"),
        (lambda c, r, f, k: (k * k * r + 1) * f, "second convolution alone"),
        (lambda c, r, f, k: 67, "whatever you are given"),
    ],
    "residual_block_of": [
        (block(join="concatenate"), "one behind the other"),
        (block(padding="valid", branch="cnrcn"), "equal shapes"),
        (block(strides=2, join="none"), "padding="),
        (block(narrow=lambda x, filters: False), "equal shapes"),
        (
            block(narrow=lambda x, filters: True),
            "(3, 3, 3, 3) and (3, 3, 3, 3). Found: (1, 1, 3, 3) and (3, 3, 3, "
            "3) and (3, 3, 3, 3). Here the shortcut is x itself",
        ),
        (
            block(narrow=lambda x, filters: filters > x.shape[-1]),
            "makes the channels fit",
        ),
        (block(kernel=5), "Found: (5, 5, 3, 3)"),
        (block(activation="relu"), 'activation="relu"'),
        (block("cnrcnrcn", middle=None), "raised StopIteration"),
        (block("cnr"), "Found: (3, 3, 3, 3)."),
        (same_layer_twice, "Found: (3, 3, 3, 3)."),
        (block(middle=7), "Found: (3, 3, 3, 7) and (3, 3, 7, 3)"),
        (block("crc"), "but 0 can be found"),
        (block("crcn"), "but 1 can be found"),
        (block("cnrcn", join="none"), "shortcut is missing"),
        (block("cncn"), "In the branch there is no ReLU"),
        (block("crncn"), "the ReLU comes before the norm"),
        (block("crncrn"), "Follow x"),
        (block("cnrcnr"), "The branch ends with a ReLU"),
        (block("cnrcnr", end=None), "The ReLU after the sum is missing"),
        (block("nrcnrc"), "later form"),
        (block(end=None), "ReLU after the sum is missing"),
        (block(join="multiply"), "Follow x"),
        (block(join="average"), "Follow x"),
        (block(join="subtract"), "is taken away"),
        (block(join="maximum"), "Follow x"),
        (overwrites, "added to itself"),
        (block(shortcut=lambda x, y, first: first), "after the first ReLU"),
        (block(end="sigmoid"), "Follow x"),
        (block(dilation_rate=2), "Follow x"),
        (lambda x, filters: x, "Found: none"),
        (lambda x, filters: np.zeros((2, 6, 8, 3)), "of type ndarray"),
        (lambda x, filters: elsewhere(filters), "no tensor made of x"),
        (lambda x, filters: model_around(x), "of type Functional"),
        (lambda x, filters: x(filters), "not callable"),
        (
            block(name="conv"),
            'The name "conv" is used 2 times in the model. All operation names '
            "should be unique.\nTwo layers have the same name. Give each its "
            "own, or none.",
        ),
        (
            lambda x, filters: keras_layers().Add()(x, x),
            "Add takes one list, in its second brackets: layers.Add()([y, x])",
        ),
        (
            lambda x, filters: keras_layers().Add([x, x]),
            "were given\nAdd takes one list",
        ),
        (
            lambda x, filters: keras_layers().Add()(x),
            "not a list of shapes)\nAdd takes one list",
        ),
        (
            lambda x, filters: keras_layers().ReLU()(keras_layers().ReLU()),
            "A layer stands where a tensor is meant. Call it on a tensor",
        ),
        (lambda x, filters: None, "Is a return missing"),
    ],
    "lighter": [
        (stack("5"), "has 228 parameters, and a 5 × 5 convolution 228"),
        (stack("3a3", filters=lambda c: 2 * c), "Fewer are asked for"),
        (stack("33"), "one linear function"),
        (stack("a33"), "one linear function"),
        (stack("33a"), "only the end bends"),
        (stack("3a"), "reaches 9 outputs, in 3 rows and 3"),
        (stack("3a2"), "16 outputs, in 4 rows"),
        (stack("1a3a3a2a2", filters=lambda c: c // 3), "in 7 rows and 7"),
        (stack("4a2"), "reaches 25 outputs, in 5 rows and 5"),
        (stack("3a", dilation_rate=2), "reaches 9 outputs, in 3 rows"),
        (stack("3a3", padding="valid"), "makes shape (4, 28, 28, 3)"),
        (stack("3a3", strides=2), "makes shape (4, 8, 8, 3)"),
        (
            stack("3a3", name="twice"),
            "unique name.\nTwo layers have the same name",
        ),
        (
            lambda c: lighter(16),
            "lighter is called with several numbers of channels: use its "
            "argument, not a fixed number.",
        ),
        (
            model_of(lambda layers, c: layers.Conv2D(16, 3, padding="same")),
            "as many filters as the argument says",
        ),
        (lambda c: stack("3a3")(3), "raised ValueError"),
        (model_of(same(3), relu, lambda k, c: k.Conv2D(4, 3)), "makes shape"),
        (
            model_of(
                lambda k, c: k.Conv2D(1, 1),
                relu,
                lambda k, c: k.GlobalAveragePooling2D(keepdims=True),
                lambda k, c: k.UpSampling2D(32),
                lambda k, c: k.Conv2D(c, 1),
            ),
            "reaches 1024 outputs",
        ),
        (model_of(lambda k, c: k.Rescaling(0.0)), "reaches 0 outputs"),
        (lambda c: same(3)(keras_layers(), c), "of type Conv2D"),
        (lambda c: [same(3), same(3)], "of type list"),
        (lambda c: stack, "of type function"),
        (lambda c: 18 * c * c + 2 * c, "of type int"),
    ],
    "asleep": [
        (
            finder(lambda layer, old, new: not np.array_equal(old, new)),
            "that are awake",
        ),
        (finder(train=lambda model, x: model(x)), "training=True"),
        (
            finder(look=lambda n: [n.moving_mean, n.moving_variance]),
            "is the look",
        ),
        (
            finder(look=lambda layer: layer.get_weights()[:2]),
            "they are the last two; γ and β come first",
        ),
        (lambda model, x: [], "You found nobody asleep"),
        (
            lambda model, x: [
                n.name for n in norms_of(model) if not n.trainable
            ],
            "with trainable = False",
        ),
        (finder(lambda layer, old, now: new(old)), "1 before training"),
        (finder(lambda layer, old, now: new(now)), "1 after training"),
        (
            finder(lambda layer, old, now: (old[0] == now[0]).all()),
            "moving_mean alone",
        ),
        (
            finder(lambda layer, old, now: (old[1] == now[1]).all()),
            "moving_variance alone",
        ),
        (
            finder(lambda layer, old, now: any(map(np.array_equal, old, now))),
            "if one of its statistics",
        ),
        (
            finder(lambda layer, old, now: np.allclose(old, now, atol=0.05)),
            "by very little",
        ),
        (finder(restore=False), "of a healthy network is not as before"),
        (
            finder(train=double_gamma, restore=False),
            "norm_1/gamma of a healthy network",
        ),
        (finder(form=lambda names: names + names), "['norm_2', 'norm_2', "),
        (finder(form=len), "of type int"),
        (finder(form=lambda names: " ".join(names)), "of type str"),
        (finder(form=dict.fromkeys), "of type dict"),
        (finder(form=lambda names: names[:1]), "but the layers whose"),
        (
            lambda model, x: list(model.layers),
            "The name of a layer is layer.name",
        ),
        (lambda model, x: ["add"], "no name of a batch"),
        (lambda model, x: ["bn"], "no name of a batch"),
        (
            lambda model, x: [np.array(n.moving_mean) for n in model.layers],
            "Only batch normalisation has it",
        ),
        (
            lambda model, x: model.fit(x, x),
            "asleep for a healthy network raised",
        ),
        (finder(train=change_x), "changed x"),
    ],
}


def keras_layers():
    import keras

    return keras.layers


def elsewhere(filters):
    import keras

    return residual_block_of(keras.Input((6, 8, 3)), filters)


def model_around(x):
    import keras

    return keras.Model(x, residual_block_of(x, 3))


RIGHT: dict[str, dict[str, Callable]] = {
    "bottleneck": {"the solution": bottleneck, "by Keras": by_keras},
    "residual_block_of": {
        "the solution": residual_block_of,
        "operators and sequences": with_operators,
        "a model inside": as_a_layer,
        "by decisions": block(),
        "without bias": block(use_bias=False),
    },
    "lighter": {
        "the solution": lighter,
        "without an input": stack("3a3", size=None),
        "three": stack("3a3a1"),
        "tanh": stack("3a3", activation="tanh"),
        "gelu": stack("3a3a", activation="gelu"),
        "a bottleneck": stack("1a5", filters=lambda c: c // 3),
        "separable": separable,
        "rows and columns": model_of(same((1, 5)), relu, same((5, 1))),
        "normalised": model_of(
            same(3, use_bias=False),
            lambda layers, c: layers.BatchNormalization(),
            relu,
            same(3),
        ),
        "leaky": model_of(
            same(3), lambda layers, c: layers.LeakyReLU(), same(3)
        ),
    },
    "asleep": {
        "the solution": asleep,
        "a clone": on_a_clone,
        "a batch": finder(train=by_batch),
        "by variables": by_variables,
        "a set": finder(form=set),
        "backwards": finder(form=lambda names: tuple(names[::-1])),
    },
}


# By its name and form: what is no answer, but comes from one.
JUNK: dict[str, dict[str, Callable]] = {
    "bottleneck": {
        "nan": lambda c, r, f, k: float("nan"),
        "text": lambda c, r, f, k: "67",
        "raises": lambda c, r, f, k: c[0],
        "one argument": lambda channels: channels,
    },
    "residual_block_of": {
        "a list": lambda x, filters: [x],
        "nan": lambda x, filters: block(join="none")(x, filters) * np.nan,
        "a number": lambda x, filters: 3.0,
        "a layer": lambda x, filters: keras_layers().ReLU(),
        "a Sequential": lambda x, filters: lighter(filters),
        "other axes": lambda x, filters: keras_layers().Flatten()(x),
        "raises": lambda x, filters: x.channels,
        "a class": lambda x, filters: object,
    },
    "lighter": {
        "nan": stack("3a3", bias_initializer=lambda shape, dtype: np.nan),
        "a tensor": lambda channels: residual_block_of,
        "two inputs": lambda channels: two_inputs(),
        "raises": lambda channels: channels.size,
        "dense": model_of(lambda layers, c: layers.Dense(c), relu),
        "flat": model_of(lambda layers, c: layers.Flatten()),
        "sequences": model_of(
            lambda layers, c: layers.Reshape((1024, c)),
            lambda layers, c: layers.Conv1D(c, 3),
        ),
        "whole numbers": lambda channels: model_of(whole)(channels),
    },
    "asleep": {
        "nan": lambda model, x: [float("nan")],
        "arrays": lambda model, x: [np.zeros(2), np.ones((2, 2))],
        "a generator": lambda model, x: (layer.name for layer in model.layers),
        "true and false": finder(form=lambda names: [True for _ in names]),
        "raises": lambda model, x: model.norm,
        "fits": lambda model, x: model.fit(x, x),
        "another shape": lambda model, x: model(x[0, 0], training=True),
    },
}


def two_inputs():
    import keras

    a, b = keras.Input((32, 32, 3)), keras.Input((32, 32, 3))
    return keras.Model([a, b], a + b)


def whole(layers, channels):
    return layers.Activation(lambda x: keras_layers().Rescaling(0)(x) > 0)


@pytest.fixture(scope="module")
def built() -> dict[str, tuple[Any, list[np.ndarray]]]:
    """Build the networks of 9.4 once; return them with their weights."""
    networks = lecture._networks()
    return {name: (one, one.get_weights()) for name, one in networks.items()}


@pytest.fixture
def same_networks(built: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the checker the same networks again, with their first weights."""

    def again() -> dict[str, Any]:
        for model, weights in built.values():
            model.set_weights(weights)
        return {name: model for name, (model, _) in built.items()}

    monkeypatch.setattr(lecture, "_networks", again)


@pytest.mark.parametrize(
    ("name", "form"), [(n, f) for n, forms in RIGHT.items() for f in forms]
)
def test_right_answers_may_look_different(name: str, form: str) -> None:
    verdict = getattr(lecture, name)(RIGHT[name][form])
    assert verdict, verdict


@pytest.mark.usefixtures("same_networks")
@planted(MISTAKES)
def test_each_mistake_has_its_message(
    name: str, mistake: Callable, words: str
) -> None:
    assert_wrong(getattr(lecture, name)(mistake), words)


@pytest.mark.usefixtures("same_networks")
@pytest.mark.parametrize(
    ("name", "form"), [(n, f) for n, forms in JUNK.items() for f in forms]
)
def test_junk_gets_a_sentence(name: str, form: str) -> None:
    verdict = getattr(lecture, name)(JUNK[name][form])
    assert verdict.status == "wrong"
    assert 20 < len(verdict.message) < 900


EXERCISES = {
    "bottleneck": lecture.bottleneck,
    "residual_block_of": lecture.residual_block_of,
    "lighter": lecture.lighter,
    "asleep": lecture.asleep,
}


@pytest.mark.usefixtures("same_networks")
@pytest.mark.parametrize("name", EXERCISES)
def test_an_endless_loop_is_stopped(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("course_utils.check.exercise.TIME_LIMIT", 0.2)

    def forever(*arguments: Any) -> None:
        while True:
            time.sleep(0.01)

    assert "It was stopped" in EXERCISES[name](forever).message


def test_a_check_leaves_the_random_numbers_as_they_were() -> None:
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.rand()
    random.seed(1)
    np.random.seed(1)
    for name, forms in RIGHT.items():
        assert EXERCISES[name](forms["the solution"])
    assert (random.random(), np.random.rand()) == expected


@pytest.mark.usefixtures("same_networks")
def test_no_two_wrong_instruments_name_the_same_layers() -> None:
    seen = {}
    rules = {"": lambda fact: fact["both"], **lecture._INSTRUMENTS}
    x = lecture._balanced()
    facts = [lecture._facts(one, x) for one in lecture._networks().values()]
    for message, rule in rules.items():
        named = str(
            [[name for name in one if rule(one[name])] for one in facts]
        )
        assert named not in seen, (message, seen[named])
        seen[named] = message


@pytest.mark.usefixtures("same_networks")
def test_the_networks_sleep_as_planned() -> None:
    x = lecture._balanced()
    found = [asleep(model, x) for model in lecture._networks().values()]
    assert found == [[], ["norm_2", "norm_3", "norm_5"], ["norm_3"]]


def test_kernels_are_drawn_again_after_a_check(keras: Any) -> None:
    for name in ("residual_block_of", "lighter"):
        EXERCISES[name](lambda *arguments: 1 / 0)
    assert np.ptp(keras.layers.Dense(3)(np.ones((1, 4)))) > 0


def test_numbers_of_the_insights(keras: Any) -> None:
    assert bottleneck(192, 16, 32, 5) == by_keras(192, 16, 32, 5) == 15_920
    assert by_keras(4, 2, 3, 3) == 67
    direct = keras.Sequential(
        [keras.Input((8, 8, 192)), keras.layers.Conv2D(32, 5)]
    )
    assert direct.count_params() == 153_632
    assert lighter(16).count_params() == 4_640


JAX = """
from course_utils.check import exercise
from tests import test_check_classic_networks as here

exercise.TIME_LIMIT *= 4  # every operation is compiled, maybe on a busy machine

for name, forms in here.RIGHT.items():
    print(name, bool(here.EXERCISES[name](forms["the solution"])))
for name, place in (("residual_block_of", 0), ("lighter", 2), ("asleep", 1)):
    answer, said = here.MISTAKES[name][place]
    print(name, said in here.EXERCISES[name](answer).message)
"""


def test_the_checkers_work_on_jax() -> None:
    done = subprocess.run(
        [sys.executable, "-c", JAX],
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            # Compile quickly: each program runs once.
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    words = done.stdout.split()
    assert words[::2] == [*EXERCISES, "residual_block_of", "lighter", "asleep"]
    assert set(words[1::2]) == {"True"}
