"""The formulas say what Keras builds, and looking changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from course_utils import inspection
from course_utils.inspection import Field

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

ROOT = Path(__file__).parents[1]
KINDS = [
    layers.Conv2D,
    layers.DepthwiseConv2D,
    layers.SeparableConv2D,
    layers.MaxPooling2D,
    layers.AveragePooling2D,
]


def random_layer(rng: np.random.Generator) -> tuple[Any, dict[str, Any]]:
    """Draw a convolution or a pooling, and what it was made of."""
    kind = KINDS[rng.choice(len(KINDS), p=[0.5, 0.1, 0.1, 0.2, 0.1])]
    kernel = tuple(rng.integers(1, 6, 2).tolist())
    stride = int(rng.integers(1, 4))
    padding = str(rng.choice(["valid", "same"]))
    settings = {"strides": stride, "padding": padding}
    dilation, filters, bias = (
        1,
        int(rng.integers(1, 6)),
        bool(rng.random() < 0.5),
    )
    if kind in (layers.MaxPooling2D, layers.AveragePooling2D):
        settings |= {"pool_size": kernel}
    else:
        if stride == 1:  # Keras has no strides in dilated convolutions
            dilation = int(rng.integers(1, 4))
        settings |= {
            "kernel_size": kernel,
            "dilation_rate": dilation,
            "use_bias": bias,
        }
        if kind is not layers.DepthwiseConv2D:
            settings |= {"filters": filters}
    facts = {
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "filters": filters,
        "bias": bias,
    }
    return kind(**settings), facts


def expected_size(size: tuple[int, int], facts: dict) -> tuple[int, ...]:
    names = ("stride", "padding", "dilation")
    rest = [facts[name] for name in names]
    return tuple(
        inspection.output_size(n, k, *rest)
        for n, k in zip(size, facts["kernel"], strict=True)
    )


@pytest.fixture
def shapes_only() -> Iterator[None]:
    """Draw no weights: only their shapes count."""
    with keras.StatelessScope(initialize_variables=False):
        yield


@pytest.mark.usefixtures("shapes_only")
@pytest.mark.parametrize("seed", range(8))
def test_formulas_say_what_keras_builds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    refused = built = 0
    for _ in range(30):
        size = tuple(rng.integers(4, 24, 2).tolist())
        x = start = keras.Input((*size, int(rng.integers(1, 5))))
        total = 0
        for _ in range(rng.integers(1, 6)):
            layer, facts = random_layer(rng)
            channels = x.shape[-1]
            try:
                size = expected_size(size, facts)
            except ValueError as error:
                assert "does not fit" in str(error)
                with pytest.raises(ValueError, match="zero or negative"):
                    layer(x)
                refused += 1
                break
            x = layer(x)
            built += 1
            assert x.shape[1:3] == size
            kernel, filters = facts["kernel"], facts["filters"]
            if isinstance(layer, layers.Conv2D):
                assert layer.count_params() == inspection.conv_parameters(
                    kernel, channels, filters, facts["bias"]
                )
                total += inspection.conv_operations(
                    kernel, channels, filters, size
                )
            elif isinstance(layer, layers.DepthwiseConv2D):
                total += inspection.conv_operations(kernel, 1, channels, size)
            elif isinstance(layer, layers.SeparableConv2D):
                total += inspection.conv_operations(kernel, 1, channels, size)
                total += inspection.conv_operations(1, channels, filters, size)
        model = keras.Model(start, x)
        table = inspection.layer_table(model)
        assert table[-1].shape == x.shape[1:]
        assert [row.name for row in table] == [n.name for n in model.layers]
        parameters = model.count_params()
        assert inspection.totals(table) == (parameters, 0, total)
    assert refused > 3 and built > 40


@pytest.mark.parametrize("seed", range(4))
def test_fields_are_what_impulses_reach(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(25):
        stack = []
        for _ in range(rng.integers(1, 5)):
            stride, dilation = rng.integers(1, 4, 2).tolist()
            layer = (int(rng.integers(1, 6)), stride, dilation)
            stack.append(layer[: 3 if stride == 1 else 2])
        found = inspection.fields(stack)
        assert inspection.receptive_field(stack) == found[-1]
        # One image for each pixel, where only this pixel is not 0.
        n = found[-1].size + 2 * found[-1].jump
        y = np.eye(n, dtype="float32")[..., None]
        for (kernel, stride, *dilation), field in zip(
            stack, found, strict=True
        ):
            ones = np.ones((kernel, 1, 1), "float32")
            y = keras.ops.conv(
                y, ones, stride, dilation_rate=(dilation or [1])[0]
            )
            seen = np.asarray(y)[..., 0] > 0  # pixel, unit
            for unit in (0, 1, seen.shape[1] - 1):
                (pixels,) = np.nonzero(seen[:, unit])
                middle = field.start + unit * field.jump
                half = (field.size - 1) / 2
                assert pixels[0] == middle - half
                assert pixels[-1] == middle + half


@pytest.mark.parametrize(
    ("stack", "field"),
    [
        ([], Field(1, 1, 0.0)),
        ([(3, 1), (3, 1)], Field(5, 1, 2.0)),
        ([(2, 2), (2, 2)], Field(4, 4, 1.5)),
        ([(3, 2), (3, 1)], Field(7, 2, 3.0)),
        ([(3, 1), (3, 2), (3, 1)], Field(9, 2, 4.0)),
        ([(3, 1, 4)], Field(9, 1, 4.0)),
    ],
    ids=["pixel", "two", "pools", "stride", "late", "dilated"],
)
def test_fields_by_hand(stack: list[tuple[int, ...]], field: Field) -> None:
    assert inspection.receptive_field(stack) == field


def looped(
    x: np.ndarray, kernel: Any, stride: int = 1, same: bool = False
) -> tuple[np.ndarray, int]:
    """Convolve with loops, and count the multiplications."""
    kernel = np.asarray(kernel)
    if same:  # as much as is missing, half of it before
        missing = [
            max((-(-n // stride) - 1) * stride + k - n, 0)
            for n, k in zip(x.shape[:2], kernel.shape[:2], strict=True)
        ]
        x = np.pad(x, [*((n // 2, n - n // 2) for n in missing), (0, 0)])
    height, width = kernel.shape[:2]
    rows = range(0, x.shape[0] - height + 1, stride)
    columns = range(0, x.shape[1] - width + 1, stride)
    y, count = np.zeros((len(rows), len(columns), kernel.shape[3])), 0
    for i, j, f in np.ndindex(y.shape):
        for a, b, c in np.ndindex(kernel.shape[:3]):
            y[i, j, f] += x[rows[i] + a, columns[j] + b, c] * kernel[a, b, c, f]
            count += 1
    return y, count


def by_channel(
    x: np.ndarray, kernel: Any, stride: int = 1, same: bool = False
) -> tuple[np.ndarray, int]:
    """Convolve every channel with its own kernels."""
    parts = [
        looped(x[..., [c]], np.asarray(kernel)[..., [c], :], stride, same)
        for c in range(x.shape[-1])
    ]
    maps, counts = zip(*parts, strict=True)
    return np.concatenate(maps, -1), sum(counts)


def in_halves(x: np.ndarray, layer: Any) -> tuple[np.ndarray, int]:
    """Convolve each half of the channels with half of the kernels."""
    kernels = np.split(np.asarray(layer.kernel), 2, -1)
    first, one = looped(x[..., :2], kernels[0])
    second, two = looped(x[..., 2:], kernels[1])
    return np.concatenate([first, second], -1), one + two


def separable(x: np.ndarray, layer: Any) -> tuple[np.ndarray, int]:
    first, one = by_channel(x, layer.depthwise_kernel, 2, True)
    last, two = looped(first, layer.pointwise_kernel)
    return last, one + two


COUNTED: dict[str, tuple[Any, Callable]] = {
    "valid": (
        lambda: layers.Conv2D(3, (3, 2), 2),
        lambda x, layer: looped(x, layer.kernel, 2),
    ),
    "same": (
        lambda: layers.Conv2D(3, 4, 3, padding="same"),
        lambda x, layer: looped(x, layer.kernel, 3, True),
    ),
    "groups": (lambda: layers.Conv2D(6, 3, groups=2), in_halves),
    "depthwise": (
        lambda: layers.DepthwiseConv2D(3, depth_multiplier=2),
        lambda x, layer: by_channel(x, layer.kernel),
    ),
    "separable": (
        lambda: layers.SeparableConv2D(3, 3, 2, "same", depth_multiplier=2),
        separable,
    ),
    "dense": (  # on the channels of every pixel
        lambda: layers.Dense(3),
        lambda x, layer: looped(x, np.asarray(layer.kernel)[None, None]),
    ),
}


@pytest.mark.parametrize("name", COUNTED)
def test_operations_are_the_multiplications_of_a_loop(name: str) -> None:
    make, loop = COUNTED[name]
    layer = make()
    x = np.random.default_rng(3).normal(size=(7, 6, 4)).astype("float32")
    model = keras.Sequential([keras.Input(x.shape), layer])
    y, count = loop(x, layer)
    assert np.allclose(model(x[None])[0], y, atol=1e-5)
    assert inspection.layer_table(model)[-1].operations == count


def test_other_operations() -> None:
    model = keras.Sequential(
        [keras.Input((9, 2)), layers.Conv1D(5, 3), layers.ReLU()]
    )
    operations = [row.operations for row in inspection.layer_table(model)]
    assert operations == [0, 7 * 5 * 3 * 2, 0]
    first = layers.Conv2D(5, 3, data_format="channels_first")
    model = keras.Sequential([keras.Input((2, 9, 8)), first])
    table = inspection.layer_table(model)
    assert table[-1].operations == inspection.conv_operations(3, 2, 5, (7, 6))


@pytest.mark.usefixtures("shapes_only")
def test_mobilenet_is_as_large_as_published() -> None:
    # Howard et al., "MobileNets", 2017, table 8: 569 and 4.2 millions.
    table = inspection.layer_table(keras.applications.MobileNet(weights=None))
    parameters, frozen, operations = inspection.totals(table)
    assert (parameters, frozen) == (4_253_864, 21_888)
    assert round(operations / 1e6) == 569


def small_net() -> keras.Model:
    """Build a network with everything that has a state."""
    keras.utils.set_random_seed(5)
    x = start = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(name="relu")(x)
    x = layers.SeparableConv2D(
        4, 3, depthwise_regularizer="l2", name="separable"
    )(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dropout(0.5, seed=1, name="dropout")(x)
    return keras.Model(start, layers.Dense(3, name="out")(x), name="small")


def compiled(model: keras.Model, **more: Any) -> keras.Model:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], **more)
    return model


def values(variables: Sequence[Any]) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(v).copy() for v in variables]


def batch(n: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    return rng.random((n, 8, 8, 3), dtype="float32"), np.arange(n) % 3


def nested() -> keras.Model:
    """Build a model in a model in a model, with a layer used twice."""
    inner = small_net()
    twice = layers.Conv2D(3, 3, padding="same", name="twice")
    middle = keras.Sequential([keras.Input((8, 8, 3)), inner], name="middle")
    start = keras.Input((8, 8, 3), name="photo")
    return keras.Model(start, middle(twice(twice(start))), name="outer")


def test_table_walks_through_models() -> None:
    model = nested()
    for name in ("middle/small/conv", "middle/small/norm"):
        layer = model.get_layer("middle").get_layer("small")
        layer.get_layer(name.split("/")[-1]).trainable = False
    table = {row.name: row for row in inspection.layer_table(model)}
    assert list(table)[:3] == ["photo", "twice", "middle/small/conv"]
    assert table["middle/small/relu"].shape == (6, 6, 4)
    assert table["twice"].operations == 2 * 27 * 3 * 64
    assert table["twice"].kind == "Conv2D"
    norm = table["middle/small/norm"]
    assert (norm.parameters, norm.frozen) == (16, 16)
    parameters, frozen, _ = inspection.totals(list(table.values()))
    assert parameters == model.count_params()
    assert frozen == sum(
        np.size(weight) for weight in model.non_trainable_weights
    )


def test_table_leaves_out_uses_in_other_models() -> None:
    model = small_net()
    before = inspection.layer_table(model)
    part = keras.Sequential([keras.Input((20, 20, 3)), *model.layers[1:3]])
    assert inspection.layer_table(part)[1].shape == (18, 18, 4)
    assert inspection.layer_table(model) == before


def test_outputs_are_those_of_keras() -> None:
    model = compiled(small_net(), run_eagerly=True)
    x, y = batch()
    model.train_on_batch(x, y)  # so that the moving statistics count
    kept = values(model.variables)
    found = inspection.layer_outputs(model, x)
    assert list(found) == [layer.name for layer in model.layers[1:]]
    for name, maps in found.items():
        part = keras.Model(model.inputs[0], model.get_layer(name).output)
        assert type(maps) is np.ndarray
        assert np.allclose(maps, part(x), atol=1e-6)
    wanted = model.predict(x, verbose=0)
    assert np.allclose(found["out"], wanted, atol=1e-6)
    assert np.array_equal(found["dropout"], found["mean"])
    for old, new in zip(kept, values(model.variables), strict=True):
        assert np.array_equal(old, new)


def test_outputs_come_in_the_wanted_order() -> None:
    model = nested()
    x, _ = batch(2)
    names = ["middle/small/out", "twice", "middle/small/conv"]
    found = inspection.layer_outputs(model, tf.constant(x), names)
    assert list(found) == names
    assert np.allclose(found["middle/small/out"], model(x), atol=1e-6)
    twice = model.get_layer("twice")
    assert np.allclose(found["twice"], twice(x), atol=1e-6)  # its first use
    inner = model.get_layer("middle").get_layer("small").get_layer("conv")
    wanted = inner(twice(twice(x)))
    assert np.allclose(found["middle/small/conv"], wanted, atol=1e-5)
    with pytest.raises(ValueError, match=r"no layer called 'conv'.*twice"):
        inspection.layer_outputs(model, x, ["conv"])


def taped_norms(model: keras.Model, x: Any, y: Any) -> dict[str, float]:
    """Do the same with the tape of TensorFlow, on a copy."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        value = loss(y, copy(x, training=True)) + sum(copy.losses)
    variables = copy.trainable_variables
    gradients = tape.gradient(value, variables)
    squares: dict[str, float] = {}
    for variable, gradient in zip(variables, gradients, strict=True):
        if variable.name.endswith("kernel"):
            name = variable.path.split("/")[-2]
            square = float(tf.reduce_sum(gradient**2))
            squares[name] = squares.get(name, 0) + square
    return {name: square**0.5 for name, square in squares.items()}


def without_dropout() -> keras.Model:
    model = small_net()
    model.get_layer("dropout").rate = 0.0
    return compiled(model)


def test_gradients_are_those_of_a_tape() -> None:
    model = without_dropout()
    x, y = batch()
    found = inspection.gradient_norms(model, x, y)
    assert list(found) == ["conv", "separable", "out"]
    assert found == pytest.approx(taped_norms(model, x, y), rel=1e-4)
    assert min(found.values()) > 0
    # A model in which nothing is trained has no gradients.
    model.get_layer("conv").trainable = False
    assert list(inspection.gradient_norms(model, x, y)) == ["separable", "out"]
    model.trainable = False
    assert inspection.gradient_norms(model, x, y) == {}


def test_inspected_model_trains_on_as_if_nothing_had_been() -> None:
    x, y = batch()
    ends = []
    model = compiled(small_net())
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    variables = [*model.variables, *optimizer.variables]
    start = values(variables)
    for inspected in (False, True):
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
        for _ in range(2):
            model.train_on_batch(x, y)
            if inspected:
                first = inspection.gradient_norms(model, x, y)
                assert inspection.gradient_norms(model, x, y) == first
                with pytest.raises(ValueError, match="6 images have 4 lab"):
                    inspection.gradient_norms(model, x, y[:4])
                with pytest.raises(Exception, match="shape"):
                    inspection.gradient_norms(model, x, np.zeros((6, 4)))
        assert model.optimizer is optimizer
        ends.append(values(variables))
    assert not np.array_equal(ends[0][0], start[0])
    for one, two in zip(*ends, strict=True):
        assert np.array_equal(one, two)


JAX = """
import sys
sys.modules["tensorflow"] = None  # not needed, and slow to import
import keras, numpy as np
from course_utils import inspection
model = keras.models.load_model("model.keras")
def state():
    return [np.array(v) for v in model.variables]
before = state()
data = np.load("batch.npz")
norms = inspection.gradient_norms(model, data["x"], data["y"])
maps = inspection.layer_outputs(model, data["x"], ["relu"])["relu"]
same = all(map(np.array_equal, before, state()))
print(keras.backend.backend(), same, maps.mean(), *norms.values())
"""


def test_models_on_jax_can_be_inspected(tmp_path: Path) -> None:
    x, y = batch()
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Conv2D(3, 3, name="conv"),
            layers.BatchNormalization(),
            layers.ReLU(name="relu"),
            layers.Flatten(),
            layers.Dense(3, name="out"),
        ]
    )
    compiled(model).save(tmp_path / "model.keras")
    np.savez(tmp_path / "batch.npz", x=x, y=y)
    path = [str(ROOT), os.environ.get("PYTHONPATH")]
    done = subprocess.run(
        [sys.executable, "-c", JAX],
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            # Compile quickly: each program runs once.
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
        },
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    backend, same, mean, *norms = done.stdout.split()
    assert (backend, same) == ("jax", "True")
    maps = inspection.layer_outputs(model, x, ["relu"])["relu"]
    assert float(mean) == pytest.approx(maps.mean(), rel=1e-4)
    wanted = inspection.gradient_norms(model, x, y)
    assert [float(n) for n in norms] == pytest.approx(
        list(wanted.values()), rel=1e-3
    )


BAD_NUMBERS = {
    "kernel": (lambda: inspection.output_size(4, 5), "not fit into 4.*same"),
    "dilated": (
        lambda: inspection.output_size(4, 3, dilation=2),
        "kernel of 3 with dilation 2 reaches over 5 pixels",
    ),
    "padding": (
        lambda: inspection.output_size(4, 3, padding="full"),
        "not 'full'",
    ),
    "zero": (lambda: inspection.output_size(4, 0), "kernel is a whole .* 0"),
    "half": (lambda: inspection.output_size(4, 3, 0.5), "stride is .* 0.5"),
    "pair": (lambda: inspection.output_size((4, 4), 3), r"size is .*\(4, 4\)"),
    "channels": (lambda: inspection.conv_parameters(3, 0, 4), "channels is"),
    "output": (
        lambda: inspection.conv_operations(3, 1, 4, (5, 5, 4)),
        "output is height and width",
    ),
    "layer": (lambda: inspection.receptive_field([3, 3]), "A layer is .* 3"),
    "four": (lambda: inspection.fields([(3, 1, 1, 1)]), "A layer is"),
    "jump": (lambda: inspection.fields([(3, 0)]), "stride is"),
}


@pytest.mark.parametrize("name", BAD_NUMBERS)
def test_bad_numbers_are_told(name: str) -> None:
    call, words = BAD_NUMBERS[name]
    with pytest.raises(ValueError, match=words):
        call()


@pytest.fixture(scope="module")
def strict() -> keras.Model:
    """Build a network once for images that it is not to take."""
    return compiled(small_net())


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2, 9, 8, 3), "images are 9 × 8 pixels and not 8 × 8.$"),
        ((2, 8, 8, 1), "channels are 1 and not 3.$"),
        ((2, 4, 4, 1), "4 × 4 pixels and not 8 × 8, and the channels are 1"),
        ((2, 3, 8, 8), "channels stand first"),
        ((8, 8, 3), r"single image.*x\[None\]"),
        ((2, 8, 8), r"shape \(n, 8, 8, 3\), and this is \(2, 8, 8\)"),
        ((2, 192), r"and this is \(2, 192\)"),
        ((2, 1, 8, 8, 3), r"and this is \(2, 1, 8, 8, 3\)"),
        ((0, 8, 8, 3), "no image"),
        ((), r"this is \(\)"),
    ],
    ids=[
        *("size", "channels", "both", "first", "one", "flat", "vectors"),
        *("five", "empty", "number"),
    ],
)
def test_images_of_another_shape_are_told(
    shape: tuple[int, ...], words: str, strict: keras.Model
) -> None:
    x = np.zeros(shape, dtype="float32")
    with pytest.raises(ValueError, match=words):
        inspection.check_images(x, strict)
    with pytest.raises(ValueError, match=words):
        inspection.layer_outputs(strict, x)
    with pytest.raises(ValueError, match=words):
        inspection.gradient_norms(strict, x, np.zeros(len(shape) and shape[0]))


def test_missing_channel_and_any_size() -> None:
    grey = keras.Sequential([keras.Input((None, None, 1)), layers.ReLU()])
    inspection.check_images(np.zeros((2, 5, 7, 1)), grey)
    with pytest.raises(ValueError, match=r"any, any, 1\).*x\[\.\.\., None\]"):
        inspection.check_images(np.zeros((2, 5, 7)), grey)


def test_values_are_those_of_the_training() -> None:
    model, (x, _) = small_net(), batch()
    check = inspection.check_images
    bytes_ = (x * 255).astype("uint8")
    for fine in (x, x.astype("float64"), x > 0.5, bytes_ // 200, x * 255):
        check(fine, model)
    for fine in (x, x - 0.2, x > 0.5, np.ones_like(bytes_)):
        check(fine, model, low=0, high=1)
    check(bytes_, model, low=0, high=255)
    with pytest.raises(ValueError, match=r"up to 25\d \(uint8\).*/ 255"):
        check(bytes_, model)
    for wrong in (bytes_, x * 255):
        with pytest.raises(ValueError, match=r"between 0 and 1\. Divide them"):
            check(wrong, model, low=0, high=1)
    with pytest.raises(ValueError, match=r"-1 and 1, and.*0 and 1\.$"):
        check(np.sign(x - 0.5), model, low=0, high=1)
    with pytest.raises(ValueError, match="NaN"):
        check(np.full_like(x, np.nan), model, low=0, high=1)
    for type_ in ("complex64", "U1", "object"):
        with pytest.raises(ValueError, match="no real numbers"):
            check(x.astype(type_), model)
    # A model that scales bytes itself takes them.
    scale = layers.Rescaling(1 / 255)
    check(bytes_, keras.Sequential([keras.Input((8, 8, 3)), scale, model]))


def test_models_that_cannot_be_read_are_told() -> None:
    class Own(keras.Model):
        def call(self, x: Any) -> Any:
            return x

    x, y = batch()
    for model in (keras.Sequential([layers.Dense(3)]), Own()):
        compiled(model)
        for look, data in (
            (inspection.layer_table, ()),
            (inspection.layer_outputs, (x,)),
            (inspection.gradient_norms, (x, y)),
            (lambda model, x: inspection.check_images(x, model), (x,)),
        ):
            with pytest.raises(ValueError, match="does not know its input"):
                look(model, *data)
    anything = keras.Sequential(
        [keras.Input((None, None, 3)), layers.Conv2D(2, 3, name="first")]
    )
    with pytest.raises(ValueError, match='any size, so "first"'):
        inspection.layer_table(anything)
    with pytest.raises(ValueError, match="compile it first"):
        inspection.gradient_norms(small_net(), x, y)
    two = [keras.Input((8, 8, 3)) for _ in range(2)]
    with pytest.raises(ValueError, match="2 inputs"):
        inspection.check_images(x, keras.Model(two, layers.Add()(two)))
