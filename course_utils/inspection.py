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
    # Keras keeps the graph of a Sequential model inside it.
    graph = getattr(model, "_functional", None) or model
    if not hasattr(graph, "_nodes_by_depth"):
        raise ValueError(
            f'The model "{model.name}" does not know its input yet. Begin a '
            "Sequential model with keras.Input, or make a model with "
            "keras.Model(inputs, outputs)."
        )
    used: dict[int, list[Any]] = {}
    # A layer also remembers its uses in other models: those do not count.
    for nodes in graph._nodes_by_depth.values():
        for node in nodes:
            used.setdefault(id(node.operation), []).append(node)
    for layer in graph.layers:
        yield layer, used[id(layer)]


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
