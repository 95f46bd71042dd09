"""The networks are those of the lectures, whole, and can be used again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from course_utils import models, standins

import keras
import numpy as np
import pytest
from keras import layers

ROOT = Path(__file__).parents[1]
FULL = {
    "fashion_cnn": (models.fashion_cnn, 243_786, 0),
    "baseline": (models.baseline, 198_506, 12),
    "lenet5": (models.lenet5, 62_006, 0),
    "alexnet8": (models.alexnet8, 9_639_178, 704),
    "vgg16": (models.vgg16, 15_262_026, 8_448),
    "inception10": (models.inception10, 121_418, 1_184),
    "resnet18": (models.resnet18, 11_183_562, 9_600),
}
# Text, because a process with another backend builds some of them too.
LECTURE = {
    "lenet5": "models.lenet5(SHAPE, activation='relu', width=0.25)",
    "alexnet8": "models.alexnet8(SHAPE, width=1 / 64)",
    "vgg16": "models.vgg16(SHAPE, width=1 / 32, depths=(1, 1))",
    "inception10": "models.inception10(SHAPE, width=1 / 8, blocks=1)",
    "resnet18": "models.resnet18(SHAPE, width=1 / 32, depths=(1, 1))",
}
SMALL = LECTURE | {
    "fashion_cnn": "models.fashion_cnn(SHAPE)",
    "baseline": "models.baseline(SHAPE)",
    "frozen": "models.inception10(SHAPE, width=1 / 8, blocks=1, frozen=True)",
    "stem": "models.inception10(SHAPE, width=1 / 8, blocks=0, frozen=True)",
    "residual": "models.residual(8, SHAPE, width=1 / 8)",
    "plain": "models.residual(8, SHAPE, shortcuts=False, normalised=False)",
}
SHAPE = (24, 24, 3)
APPLICATIONS = {
    "VGG16": 138_357_544,
    "VGG19": 143_667_240,
    "ResNet50": 25_636_712,
    "InceptionV3": 23_851_784,
    "Xception": 22_910_480,
}


def small(name: str, seed: int = 0) -> keras.Model:
    """Build and compile a network, without the dice of dropout."""
    keras.utils.set_random_seed(seed)
    model = eval(SMALL[name])
    for layer in model.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0
    model.compile(
        keras.optimizers.Adam(0.003),
        "sparse_categorical_crossentropy",
        run_eagerly=True,  # for a few steps quicker than a graph
    )
    return model


def shapes_only(build: Callable[[], keras.Model]) -> keras.Model:
    """Build a model without drawing its weights, to count them."""
    with keras.StatelessScope(initialize_variables=False):
        return build()


@cache
def whole(name: str) -> keras.Model:
    return shapes_only(FULL[name][0])


def count(weights: list) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)


def with_weights(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers that count for depth: no shortcut, no statistics."""
    return [
        layer
        for layer in model.layers
        if isinstance(layer, layers.Conv2D | layers.Dense)
        and not layer.name.endswith("s")
    ]


def norms(model: keras.Model) -> list[layers.BatchNormalization]:
    return [
        layer
        for layer in model.layers
        if isinstance(layer, layers.BatchNormalization)
    ]


@pytest.mark.parametrize("name", FULL)
def test_parameters_are_those_of_the_lecture(name: str) -> None:
    _, total, fixed = FULL[name]
    model = whole(name)
    assert model.count_params() == total
    assert count(model.non_trainable_weights) == fixed
    assert model.output_shape == (None, 10)


def test_layers_of_the_fashion_network() -> None:
    sizes = [layer.count_params() for layer in models.fashion_cnn().layers]
    assert [size for size in sizes if size] == [640, 36_928, 204_928, 1_290]


@pytest.mark.parametrize(
    ("name", "depth"),
    [("lenet5", 5), ("alexnet8", 8), ("vgg16", 16), ("resnet18", 18)],
)
def test_numbers_in_names_are_depths(name: str, depth: int) -> None:
    found = with_weights(whole(name))
    shortcuts = [layer for layer in found if layer.kernel.shape[0] == 1]
    assert len(found) == depth
    assert not shortcuts or name != "resnet18"


@pytest.mark.parametrize("depth", [8, 20, 32])
def test_plain_and_residual_differ_in_projections_only(depth: int) -> None:
    residual, plain = (
        shapes_only(partial(models.residual, depth, shortcuts=shortcuts))
        for shortcuts in (True, False)
    )
    assert len(with_weights(residual)) == len(with_weights(plain)) == depth
    # Twice 1 × 1 × in × out, and four numbers per channel.
    extra = 16 * 32 + 4 * 32 + 32 * 64 + 4 * 64
    assert residual.count_params() - plain.count_params() == extra
    assert not any(isinstance(x, layers.Add) for x in plain.layers)


def test_normalisation_of_residual_networks_can_be_left_out() -> None:
    with_it, without = (
        models.residual(8, normalised=normalised)
        for normalised in (True, False)
    )
    assert len(norms(with_it)) == 9
    assert not norms(without)
    convs = (layers.Conv2D, layers.Dense)
    for model, biases in ((with_it, 1), (without, 10)):
        found = [x for x in model.layers if isinstance(x, convs) and x.use_bias]
        assert len(found) == biases


@pytest.mark.parametrize("name", APPLICATIONS)
def test_big_relatives_by_count(name: str) -> None:
    build = getattr(keras.applications, name)
    model = shapes_only(partial(build, weights=None))
    assert model.count_params() == APPLICATIONS[name]
    if name == "VGG16":
        kernels = [
            [tuple(x.kernel.shape) for x in network.layers if "conv" in x.name]
            for network in (model, whole("vgg16"))
        ]
        assert kernels[0] == kernels[1]


@pytest.mark.parametrize("name", SMALL)
def test_names_are_chosen_and_outputs_are_probabilities(name: str) -> None:
    one, two = eval(SMALL[name]), shapes_only(partial(eval, SMALL[name]))
    names = [layer.name for layer in one.layers]
    assert names == [layer.name for layer in two.layers]
    assert not one.compiled
    assert not any(isinstance(layer, keras.Model) for layer in one.layers)
    given = np.random.default_rng(0).random((3, *SHAPE), np.float32)
    out = keras.ops.convert_to_numpy(one(given))
    assert out.shape == (3, 10)
    assert out.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert out.min() >= 0


@pytest.mark.parametrize("name", [n for n in FULL if n not in list(FULL)[:2]])
def test_width_multiplies_channels_and_units(name: str) -> None:
    build = FULL[name][0]
    full, half, least = (
        [getattr(x, "filters", None) or x.units for x in with_weights(model)]
        for model in (
            whole(name),
            shapes_only(partial(build, width=0.5)),
            shapes_only(partial(build, width=1e-9)),
        )
    )
    assert half == [*(size // 2 for size in full[:-1]), 10]
    assert least == [*(1 for _ in full[:-1]), 10]


def test_bottlenecks_can_be_left_out() -> None:
    kernels = []
    for bottleneck in (True, False):
        model = shapes_only(partial(models.inception10, bottleneck=bottleneck))
        kernels.append(tuple(model.get_layer("conv2a_5x5").kernel.shape))
    assert kernels == [(5, 5, 32, 32), (5, 5, 64, 32)]


def test_residual_block_without_its_branch_is_relu() -> None:
    image = keras.Input((8, 8, 4))
    block = models.residual_block(image, 4, place="1")
    model = keras.Model(image, block)
    model.get_layer("norm1b").gamma.assign(np.zeros(4))
    given = np.random.default_rng(0).normal(size=(2, 8, 8, 4))
    out = keras.ops.convert_to_numpy(model(given))
    assert out == pytest.approx(np.maximum(given, 0), abs=1e-6)


def steps(model: keras.Model, times: int) -> list[float]:
    x, y, *_ = standins.shapes10(32, 0)
    x = x[:, 4:28, 4:28].astype("float32") / 255
    return [float(model.train_on_batch(x, y)) for _ in range(times)]


def assert_same_weights(one: keras.Model, two: keras.Model) -> None:
    weights = zip(one.get_weights(), two.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in weights)


@pytest.mark.parametrize("name", ["lenet5", "vgg16", "stem"])
def test_training_lowers_the_loss_and_resumes(
    name: str, tmp_path: Path
) -> None:
    model = small(name)
    losses = steps(model, 3)
    assert losses[-1] < losses[0]

    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.models.load_model(path)
    assert steps(model, 1) == steps(again, 1)
    assert_same_weights(model, again)
    if norms(model):
        moved = [bool(np.any(n.moving_mean.numpy())) for n in norms(again)]
        assert set(moved) == {name != "stem"}


PROGRAM = f"""
import json, sys
sys.modules["tensorflow"] = None  # not needed, and slow to import
from course_utils import models
import keras, numpy as np
SHAPE = {SHAPE}
# All weights are loaded; JAX would compile the drawing for every shape.
def zeros(self, shape, dtype=None):
    return np.zeros(shape, dtype)
keras.initializers.GlorotUniform.__call__ = zeros
x = np.random.default_rng(0).random((4, *SHAPE), np.float32)
for name, text in json.loads(sys.argv[1]).items():
    model = eval(text)
    model.load_weights(name + ".weights.h5")
    model.compile("sgd", "sparse_categorical_crossentropy")
    out = model.predict(x, verbose=0)
    # Compiling takes seconds: train a chain, and the one that adds.
    trains = name in ("lenet5", "resnet18")
    loss = float(model.train_on_batch(x, np.arange(4))) if trains else 0.0
    model.save(name + ".keras")
    again = keras.models.load_model(name + ".keras")
    same = all(map(np.array_equal, model.get_weights(), again.get_weights()))
    print(json.dumps([keras.backend.backend(), name, out.tolist(), loss, same]))
"""


def test_networks_run_on_jax_as_on_tensorflow(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((4, *SHAPE), np.float32)
    expected = {}
    for name in LECTURE:
        model = small(name)
        model.save_weights(tmp_path / f"{name}.weights.h5")
        expected[name] = model.predict_on_batch(x)
    path = os.environ.get("PYTHONPATH")
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(LECTURE)],
        env=os.environ
        | {
            "KERAS_BACKEND": "jax",
            # Compile quickly: each program runs once.
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), path))),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    told = [json.loads(line) for line in run.stdout.splitlines()]
    assert [name for _, name, *_ in told] == list(LECTURE)
    for backend, name, out, loss, same in told:
        assert backend == "jax"
        assert np.array(out) == pytest.approx(expected[name], abs=1e-4), name
        assert np.isfinite(loss)
        assert same, name


@pytest.mark.parametrize("name", ["inception10", "frozen"])
def test_frozen_normalisation_never_moves(name: str) -> None:
    model = small(name)
    healthy = shapes_only(partial(eval, SMALL["inception10"]))
    assert model.count_params() == healthy.count_params()
    x = np.random.default_rng(0).random((8, *SHAPE), np.float32)
    loss = "sparse_categorical_crossentropy"
    model.compile("sgd", loss, run_eagerly=True)  # quicker than Adam
    model.train_on_batch(x, np.arange(8))
    assert len(norms(model)) == 13
    for norm in norms(model):
        mean, variance = norm.moving_mean.numpy(), norm.moving_variance.numpy()
        still = np.all(mean == 0) and np.all(variance == 1)
        assert still == (name == "frozen")
        # What is learned is learned in both.
        assert np.any(norm.gamma.numpy() != 1)


def test_fit_overrules_what_a_functional_model_says_of_training() -> None:
    # Why the mistake needs a layer of its own.
    image = keras.Input((3,))
    norm = layers.BatchNormalization()
    model = keras.Model(image, norm(image, training=False))
    model.compile("sgd", "mse", run_eagerly=True)
    model.train_on_batch(np.ones((4, 3)), np.ones((4, 3)))
    assert np.all(norm.moving_mean.numpy() > 0)


@pytest.mark.parametrize(
    ("build", "shape", "layer"),
    [
        (models.fashion_cnn, (2, 28, 1), "conv1"),
        (models.fashion_cnn, (7, 7, 1), "conv2"),
        (models.lenet5, (12, 12, 3), "conv2"),
        (models.lenet5, (32, 13, 3), "conv2"),
        (models.lenet5, (14, 14, 3), "pool2"),
        (models.alexnet8, (20, 20, 3), "pool5"),
        (models.lenet5, (32, 32), "conv1"),
        (models.lenet5, (None, None, 3), "dense3"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_an_image_too_small_is_an_error_that_names_the_layer(
    build: Callable, shape: tuple, layer: str
) -> None:
    with pytest.raises(ValueError, match=f"Layer {layer} cannot") as caught:
        shapes_only(partial(build, shape))
    assert "larger images or fewer layers" in str(caught.value)


@pytest.mark.parametrize("name", ["vgg16", "inception10", "resnet18"])
def test_networks_with_zero_padding_take_small_images(name: str) -> None:
    model = shapes_only(partial(FULL[name][0], (8, 9, 1), width=1 / 16))
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize("width", [0, -1, float("nan"), float("inf")])
def test_width_must_be_above_zero(width: float) -> None:
    for build in (models.lenet5, models.vgg16, models.resnet18):
        with pytest.raises(ValueError, match="width must be above 0"):
            build(width=width)


@pytest.mark.parametrize("depth", [-4, 2, 7, 10, 18, 8.5])
def test_depth_must_be_possible(depth: float) -> None:
    with pytest.raises(ValueError, match=r"depth must be 6n \+ 2"):
        models.residual(depth)


ENDINGS = (".weights.h5", ".keras")


def saved(model: keras.Model, folder: Path, ending: str) -> Path:
    path = folder / f"saved{ending}"
    (model.save if ending == ".keras" else model.save_weights)(path)
    return path


@pytest.mark.parametrize(
    ("name", "ending"),
    [("lenet5", ".keras"), ("resnet18", ".weights.h5")],
)
def test_weights_load_with_what_the_optimizer_remembers(
    name: str, ending: str, tmp_path: Path
) -> None:
    one, two = (small(name, seed) for seed in (1, 2))
    losses = steps(one, 2)
    assert losses[1] < losses[0]
    path = saved(one, tmp_path, ending)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        models.load_weights(two, path)
    assert_same_weights(one, two)
    assert steps(one, 1) == steps(two, 1)
    assert_same_weights(one, two)


@pytest.mark.parametrize("saver", [True, False], ids=["compiled", "bare"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_weights_that_nothing_was_learnt_with_load_without_a_word(
    ending: str, saver: bool, tmp_path: Path
) -> None:
    one, two = (small("lenet5", seed) for seed in (1, 2))
    path = saved(one if saver else eval(SMALL["lenet5"]), tmp_path, ending)
    target = two if saver else eval(SMALL["lenet5"])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        models.load_weights(target, path)


@cache  # nothing is to change them
def unchanged(build: Callable, *shape: Any, **how: Any) -> keras.Model:
    return build(*shape, **how)


thin = partial(unchanged, models.residual, width=1 / 64, shortcuts=False)
lenet = partial(unchanged, models.lenet5)
OTHERS = {
    "width": (partial(lenet, width=0.5), lenet),
    "image": (lenet, partial(lenet, (28, 28, 3))),
    "network": (partial(unchanged, models.baseline), lenet),
    # Keras alone takes these and leaves half of the file unread.
    "deeper": (partial(thin, 14), partial(thin, 8)),
    "shallower": (partial(thin, 8), partial(thin, 14)),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(("source", "target"), OTHERS.values(), ids=OTHERS)
def test_weights_of_another_architecture_are_refused(
    source: Callable, target: Callable, ending: str, tmp_path: Path
) -> None:
    model = target()
    before = model.get_weights()
    path = saved(source(), tmp_path, ending)
    with pytest.raises(ValueError, match="another network") as caught:
        models.load_weights(model, path)
    assert path.name in str(caught.value)
    assert model.name in str(caught.value)
    assert len(str(caught.value)) < 300
    weights = zip(before, model.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in weights)


def test_restart_draws_new_weights_of_the_same_kind() -> None:
    model = small("baseline")
    restart = models.restarter(model)
    variables = model.weights + model.optimizer.variables
    first = [variable.numpy() for variable in variables]
    steps(model, 1)
    restart(1)
    again = [variable.numpy() for variable in variables]
    for old, new in zip(first, again, strict=True):
        assert np.array_equal(np.sort(old, None), np.sort(new, None))
    kernel = first[0], again[0]
    assert kernel[0].ndim == 4 and not np.array_equal(*kernel)
    restart(1)
    assert np.array_equal(variables[0].numpy(), again[0])
