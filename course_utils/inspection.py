"""What a convolutional network is made of, and what goes on inside it.

The formulas need NumPy only. What looks into a model needs Keras, any
backend, and leaves the model as it was. Nothing is drawn here.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np


class Field(NamedTuple):
    """What the units of a layer see of the input, along one axis.

    Unit i sees `size` pixels around the pixel `start + i * jump`.

    Attributes:
        size: Pixels from the first to the last one that a unit sees.
        jump: Pixels between the fields of two neighbouring units.
        start: The middle of the first unit's field, counted from 0, if no
            layer pads. A half is between two pixels.
    """

    size: int
    jump: int
    start: float


class Layer(NamedTuple):
    """One row of `layer_table`.

    Attributes:
        name: Its name; in a model inside the model, "outer/inner".
        kind: The name of its class, such as "Conv2D".
        shape: Shape of its output for one image.
        parameters: How many numbers it holds.
        frozen: How many of them training leaves alone.
        operations: Multiply-adds for one image.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]
    parameters: int
    frozen: int
    operations: int


def output_size(
    size: int,
    kernel: int,
    stride: int = 1,
    padding: str = "valid",
    dilation: int = 1,
) -> int:
    """Return the height or width that a convolution or a pooling leaves.

    It is ⌈(n − k + 1) / s⌉ for "valid" and ⌈n / s⌉ for "same", where k is
    the reach of the kernel: d · (kernel − 1) + 1 with dilation d
    (Dumoulin and Visin, "A guide to convolution arithmetic", 2016).

    Args:
        size: Height or width of the input n, in pixels.
        kernel: Height or width of the kernel.
        stride: Pixels from one place of the kernel to the next.
        padding: "valid" or "same".
        dilation: Pixels from one number of the kernel to the next.

    Returns:
        Height or width of the output.

    Raises:
        ValueError: The kernel is larger than the image, a number is below 1
            or not whole, or the padding has another name.
    """
    size = _whole(size, "size")
    stride = _whole(stride, "stride")
    reach = _reach(kernel, dilation)
    if padding == "same":
        return math.ceil(size / stride)
    if padding != "valid":
        raise ValueError(f'padding is "valid" or "same", not {padding!r}.')
    if reach > size:
        dilated = f" with dilation {dilation}" if dilation > 1 else ""
        raise ValueError(
            f"A kernel of {kernel}{dilated} reaches over {reach} pixels and "
            f'does not fit into {size}. Use padding="same", a smaller kernel, '
            "or a larger image."
        )
    return math.ceil((size - reach + 1) / stride)


def conv_parameters(
    kernel: int | tuple[int, int],
    channels: int,
    filters: int,
    bias: bool = True,
) -> int:
    """Return the number of weights of a 2-D convolution.

    Args:
        kernel: Side of a square kernel, or height and width.
        channels: Channels of its input.
        filters: Channels of its output.
        bias: Whether every filter has a bias.

    Returns:
        k · l · c · f, and f more with biases.

    Raises:
        ValueError: A number is below 1 or not whole.
    """
    height, width = _pair(kernel, "kernel")
    channels = _whole(channels, "channels")
    filters = _whole(filters, "filters")
    return height * width * channels * filters + bool(bias) * filters


def conv_operations(
    kernel: int | tuple[int, int],
    channels: int,
    filters: int,
    output: tuple[int, int],
) -> int:
    """Return the multiply-adds of a 2-D convolution for one image.

    A product with a zero of the padding counts as well.

    Args:
        kernel: Side of a square kernel, or height and width.
        channels: Channels of its input.
        filters: Channels of its output.
        output: Height and width of its output, in pixels.

    Returns:
        Weights of all kernels times places where they are laid.

    Raises:
        ValueError: A number is below 1 or not whole.
    """
    height, width = _pair(output, "output")
    weights = conv_parameters(kernel, channels, filters, bias=False)
    return weights * height * width


def receptive_field(layers: Sequence[tuple[int, ...]]) -> Field:
    """Return what one unit after the last layer sees of the input.

    Args:
        layers: `(kernel, stride)` or `(kernel, stride, dilation)` of every
            convolution or pooling, the first layer first.

    Returns:
        Size, jump and start, in pixels. Without layers a unit is a pixel.

    Raises:
        ValueError: A layer is not of this form.
    """
    return [Field(1, 1, 0.0), *fields(layers)][-1]


def fields(layers: Sequence[tuple[int, ...]]) -> list[Field]:
    """Return what one unit after every layer sees of the input.

    A layer adds (k − 1) · jump to the size, and then multiplies the jump by
    its own stride (Araujo, Norris and Sim, "Computing Receptive Fields of
    Convolutional Neural Networks", 2019).

    Args:
        layers: `(kernel, stride)` or `(kernel, stride, dilation)` of every
            convolution or pooling, the first layer first.

    Returns:
        A field for each layer.

    Raises:
        ValueError: A layer is not of this form.
    """
    found, size, jump = [], 1, 1
    for layer in layers:
        if not isinstance(layer, Sequence) or len(layer) not in (2, 3):
            raise ValueError(
                "A layer is (kernel, stride) or (kernel, stride, dilation), "
                f"not {layer!r}."
            )
        kernel, stride, *dilation = layer
        size += (_reach(kernel, *dilation) - 1) * jump
        jump *= _whole(stride, "stride")
        found.append(Field(size, jump, (size - 1) / 2))
    return found


def layer_table(model: Any) -> list[Layer]:
    """Count parameters and operations, layer by layer.

    Models inside the model are walked through. A layer that is used twice
    stands once, with the operations of both uses.

    Args:
        model: A Keras model, Sequential or functional, of fixed input size.

    Returns:
        A row for every layer, the input first. Convolutions (also depthwise
        and separable) and dense layers have operations, all others 0.

    Raises:
        ValueError: The model does not know its input, or its input may have
            any size.
    """
    return [
        Layer(
            name,
            type(layer).__name__,
            tuple(shapes[0]),
            _count(layer.weights),
            _count(layer.non_trainable_weights),
            sum(_operations(layer, shape) for shape in shapes),
        )
        for name, layer, shapes in _leaves(model)
    ]


def totals(table: Sequence[Layer]) -> tuple[int, int, int]:
    """Add up a table.

    Args:
        table: What `layer_table` returned.

    Returns:
        Parameters, those of them that are frozen, and multiply-adds.
    """
    return (
        sum(row.parameters for row in table),
        sum(row.frozen for row in table),
        sum(row.operations for row in table),
    )


def layer_outputs(
    model: Any, x: Any, layers: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Return what the layers of a model give for a batch of images.

    The model works as it does for predictions: dropout is off, and batch
    normalisation uses its moving statistics.

    Args:
        model: A Keras model, Sequential or functional, with one input.
        x: Images `(n, height, width, channels)`.
        layers: Names of the wanted layers, as in `layer_table`. All but the
            input if left out.

    Returns:
        An array `(n, …)` for every name, in the order of the names. Of a
        layer that is used twice, the first use.

    Raises:
        ValueError: There is no such layer, the images do not fit the model,
            or the model does not know its input.
    """
    import keras

    check_images(x, model)
    names = [row[0] for row in _leaves(model)]
    wanted = names[1:] if layers is None else list(layers)
    for name in wanted:
        if name not in names:
            raise ValueError(
                f'"{model.name}" has no layer called {name!r}. It has: '
                f"{', '.join(names)}."
            )
    found = _outputs(model, x, set(wanted))
    return {name: keras.ops.convert_to_numpy(found[name]) for name in wanted}


def gradient_norms(model: Any, x: Any, y: Any) -> dict[str, float]:
    """Return how long the gradient of the loss is for every layer's kernel.

    The loss is the compiled one, penalties on weights included, for one
    batch in training mode. Weights, optimizer and moving statistics are
    afterwards as they were.

    Args:
        model: A compiled Keras model, Sequential or functional.
        x: Images `(n, height, width, channels)`.
        y: Their labels, as for `fit`.

    Returns:
        Euclidean norm of the gradient, by name of the layer as in
        `layer_table`. Of a layer with several kernels, all of them together.
        Layers without a kernel that is trained are left out.

    Raises:
        ValueError: The model is not compiled or does not know its input, or
            images and labels do not fit it.
    """
    import keras

    graph = _graph(model)
    if not getattr(model, "loss", None):
        raise ValueError(
            f'The model "{model.name}" has no loss yet: compile it first.'
        )
    check_images(x, model)
    if len(x) != len(y):
        raise ValueError(f"{len(x)} images have {len(y)} labels.")
    kernels = {
        name: [
            variable
            for variable in layer.trainable_variables
            if variable.name.endswith("kernel")
        ]
        for name, layer, _ in _leaves(model)
    }
    if not any(kernels.values()):
        return {}
    # A second model on the same layers brings an optimizer of its own.
    twin = keras.Model(_single(graph.inputs), _single(graph.outputs))
    before = [
        (variable, keras.ops.convert_to_numpy(variable).copy())
        for variable in twin.variables
    ]
    # After its first step, the momentum is minus the rate times the gradient.
    # No tape is needed, so this works with every backend. To compile a step
    # for a single batch would take longer than the step.
    optimizer = keras.optimizers.SGD(1.0, momentum=0.9)
    twin.compile(optimizer, model.loss, run_eagerly=True, auto_scale_loss=False)
    try:
        twin.train_on_batch(x, y)
    finally:
        for variable, value in before:
            variable.assign(value)
    gradients = {
        id(variable): keras.ops.convert_to_numpy(momentum)
        for variable, momentum in zip(
            twin.trainable_variables, optimizer.momentums, strict=True
        )
    }
    return {
        name: math.hypot(
            *(np.linalg.norm(gradients[id(kernel)]) for kernel in found)
        )
        for name, found in kernels.items()
        if found
    }


def check_images(
    x: Any, model: Any, low: float | None = None, high: float | None = None
) -> None:
    """Say in plain words why a batch of images does not fit a model.

    Args:
        x: The images.
        model: A Keras model with one input.
        low: The least value that the model was trained on, such as 0.
        high: The greatest one, such as 1. Values outside by more than half
            of the range are refused; without `low` and `high`, none are.

    Raises:
        ValueError: Rank, size, channels, type or range are not the model's,
            or the model does not know its input.
    """
    inputs = _graph(model).inputs
    if len(inputs) != 1:
        raise ValueError(
            f'"{model.name}" has {len(inputs)} inputs, and not one for images.'
        )
    images = _array(x)
    if images.dtype.kind not in "fiub":
        raise ValueError(
            f"The images are no real numbers: their type is {images.dtype}."
        )
    wrong = _misfit(images.shape, tuple(inputs[0].shape)[1:])
    if wrong:
        raise ValueError(wrong)
    if not images.size:
        raise ValueError("The batch holds no image.")
    least, most = float(images.min()), float(images.max())
    if low is not None or high is not None:
        low = -math.inf if low is None else low
        high = math.inf if high is None else high
        slack = (high - low) / 2 if math.isfinite(high - low) else 0.5
        if math.isnan(least):
            raise ValueError("Some values of the images are no numbers (NaN).")
        if least < low - slack or most > high + slack:
            bytes_ = low == 0 and high == 1 and least >= 0 and most <= 255
            cure = " Divide them by 255." if bytes_ else ""
            raise ValueError(
                f"The values of the images lie between {least:.4g} and "
                f"{most:.4g}, and those that the model knows between "
                f"{low:g} and {high:g}.{cure}"
            )
    elif images.dtype.kind in "iu" and most > 1 and not _scales(model):
        raise ValueError(
            f"The images are whole numbers up to {most:g} ({images.dtype}), "
            f"and the model takes {inputs[0].dtype}. Scale them as for the "
            'training, such as x.astype("float32") / 255.'
        )


def _misfit(shape: tuple[int, ...], wanted: tuple) -> str:
    """Say what is wrong with the shape of a batch; nothing if it fits."""
    if _like(shape[1:], wanted):
        return ""
    takes = f"The model takes batches of shape (n, {_any(wanted, ', ')})"
    given = f"{takes}, and this is {shape}."
    if _like(shape, wanted):
        return f"{given} For a single image, add an axis in front: x[None]."
    if wanted[-1:] == (1,) and _like(shape[1:], wanted[:-1]):
        return f"{given} The axis of the channel is missing: x[..., None]."
    if len(wanted) != 3 or len(shape) != 4:
        return given
    if _like((*shape[2:], shape[1]), wanted):
        return (
            f"{given} The channels stand first: move them to the end, "
            "np.moveaxis(x, 1, -1)."
        )
    parts = []
    if not _like(shape[1:3], wanted[:2]):
        size, other = _any(shape[1:3], " × "), _any(wanted[:2], " × ")
        parts.append(f"the images are {size} pixels and not {other}")
    if not _like(shape[3:], wanted[2:]):
        parts.append(f"the channels are {shape[3]} and not {wanted[2]}")
    return f"{takes}: {', and '.join(parts)}."


def _any(sizes: tuple, between: str) -> str:
    return between.join("any" if n is None else str(n) for n in sizes)


def _like(shape: tuple, wanted: tuple) -> bool:
    """Tell whether a shape is the wanted one, where None is any size."""
    return len(shape) == len(wanted) and all(
        there in (None, here) for here, there in zip(shape, wanted, strict=True)
    )


def _scales(model: Any) -> bool:
    """Tell whether a layer of the model brings bytes into a range."""
    from keras import layers

    kinds = layers.Rescaling | layers.Normalization
    return any(isinstance(layer, kinds) for _, layer, _ in _leaves(model))


def _outputs(
    model: Any, x: Any, wanted: set[str], prefix: str = ""
) -> dict[str, Any]:
    """Return the tensors of the wanted layers, by full name."""
    import keras

    tensors, inner = {}, []
    for layer, nodes in _layers(model):
        name = prefix + layer.name
        if name in wanted:
            tensors[name] = nodes[0].output_tensors[0]
        elif isinstance(layer, keras.Model) and any(
            other.startswith(f"{name}/") for other in wanted
        ):
            tensors[name] = nodes[0].input_tensors[0]
            inner.append((name, layer))
    graph = _graph(model)
    found = keras.Model(_single(graph.inputs), tensors)(x, training=False)
    for name, layer in inner:
        found |= _outputs(layer, found.pop(name), wanted, f"{name}/")
    return found


def _array(x: Any) -> np.ndarray:
    import keras

    if keras.ops.is_tensor(x):
        return keras.ops.convert_to_numpy(x)
    return np.asarray(x)


def _single(tensors: Sequence[Any]) -> Any:
    """Return the only one, or the list of several, as Keras wants it."""
    return tensors[0] if len(tensors) == 1 else list(tensors)


def _leaves(
    model: Any, prefix: str = "", uses: int = 1
) -> Iterator[tuple[str, Any, list[tuple]]]:
    """Yield every layer with its full name and a shape for each use."""
    import keras

    for layer, nodes in _layers(model):
        name = prefix + layer.name
        if isinstance(layer, keras.Model):
            yield from _leaves(layer, f"{name}/", uses * len(nodes))
        elif not (prefix and isinstance(layer, keras.layers.InputLayer)):
            shapes = [node.output_tensors[0].shape[1:] for node in nodes]
            yield name, layer, shapes * uses


def _layers(model: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Yield the layers of a model, each with its uses in this model."""
    graph = _graph(model)
    used: dict[int, list[Any]] = {}
    # A layer also remembers its uses in other models: those do not count.
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            used.setdefault(id(node.operation), []).append(node)
    for layer in graph.layers:
        yield layer, used[id(layer)]


def _graph(model: Any) -> Any:
    """Return the functional model that stands behind a model."""
    # Keras keeps the graph of a Sequential model inside it.
    graph = getattr(model, "_functional", None) or model
    if not hasattr(graph, "_nodes_by_depth"):
        raise ValueError(
            f'The model "{model.name}" does not know its input yet. Begin a '
            "Sequential model with keras.Input, or make a model with "
            "keras.Model(inputs, outputs)."
        )
    return graph


def _operations(layer: Any, shape: tuple) -> int:
    """Return the multiply-adds of one use that gives this shape."""
    from keras import layers

    if isinstance(layer, layers.SeparableConv1D | layers.SeparableConv2D):
        weights = [layer.depthwise_kernel, layer.pointwise_kernel]
    elif isinstance(
        layer,
        layers.Conv1D
        | layers.Conv2D
        | layers.DepthwiseConv1D
        | layers.DepthwiseConv2D
        | layers.Dense,
    ):
        weights = [layer.kernel]
    else:
        return 0
    first = getattr(layer, "data_format", None) == "channels_first"
    places = shape[1:] if first else shape[:-1]
    if None in places:
        raise ValueError(
            f'The model takes images of any size, so "{layer.name}" has no '
            "fixed number of operations. Build it for one size, such as "
            "keras.Input((32, 32, 3))."
        )
    return _count(weights) * math.prod(places)


def _count(weights: Sequence[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def _reach(kernel: int, dilation: int = 1) -> int:
    """Return how many pixels a kernel lies on, from end to end."""
    kernel = _whole(kernel, "kernel")
    return _whole(dilation, "dilation") * (kernel - 1) + 1


def _pair(value: Any, name: str) -> tuple[int, int]:
    """Return height and width; one number stands for both."""
    pair = tuple(value) if np.ndim(value) else (value, value)
    if len(pair) != 2:
        raise ValueError(f"{name} is height and width, not {value!r}.")
    return _whole(pair[0], name), _whole(pair[1], name)


def _whole(value: Any, name: str) -> int:
    """Return a whole number from 1, or say what is wrong with it."""
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError(f"{name} is a whole number from 1, not {value!r}.")
    return number
