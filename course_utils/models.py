"""Convolutional networks from LeNet to ResNet, as the lectures write them.

Every builder takes the shape of one image, `(height, width, channels)`, and
the number of classes, and returns a `keras.Model` that is not compiled and
whose output are probabilities, shape `(n, classes)`. The networks for
CIFAR-10 are small relatives of those that won the ImageNet contests: on
32 × 32 pixels they have the numbers of parameters that their docstrings name.
`width` multiplies all numbers of channels and units, so that the same network
can be trained on a laptop.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import layers


def scaled(channels: int, width: float) -> int:
    """Multiply a number of channels or units, and keep at least one.

    Args:
        channels: The number at full width.
        width: The factor, above 0; 1.0 is the full width.

    Returns:
        The rounded product, at least 1.

    Raises:
        ValueError: `width` is not a finite number above 0.
    """
    if not 0 < width < float("inf"):
        raise ValueError(f"width must be above 0, as 1.0 or 0.25; got {width}")
    return max(1, round(channels * width))


def through(
    x: keras.KerasTensor, *steps: keras.layers.Layer
) -> keras.KerasTensor:
    """Send a tensor through layers, one after the other.

    Args:
        x: What goes in, shape `(n, …)`.
        *steps: The layers, first to last.

    Returns:
        What comes out of the last layer.

    Raises:
        ValueError: A layer cannot take what reaches it, as where the image
            is too small for so many layers; the message names the layer.
    """
    for layer in steps:
        try:
            x = layer(x)
        except ValueError as error:
            raise ValueError(
                f"Layer {layer.name} cannot take a shape of {x.shape[1:]}: "
                "use larger images or fewer layers."
            ) from error
    return x


def fashion_cnn(
    input_shape: tuple[int, int, int] = (28, 28, 1), classes: int = 10
) -> keras.Model:
    """Build the network of lecture 08 for Fashion-MNIST.

    Args:
        input_shape: Height, width and channels of an image.
        classes: Number of classes.

    Returns:
        A network of 243,786 parameters.
    """
    image = keras.Input(input_shape, name="image")
    x = through(
        image,
        layers.Conv2D(64, 3, activation="relu", name="conv1"),
        layers.MaxPooling2D(name="pool1"),
        layers.Conv2D(64, 3, activation="relu", name="conv2"),
        layers.MaxPooling2D(name="pool2"),
        layers.Flatten(name="flatten"),
        layers.Dense(128, activation="relu", name="dense3"),
        layers.Dense(classes, activation="softmax", name="dense4"),
    )
    return keras.Model(image, x, name="fashion_cnn")


def baseline(
    input_shape: tuple[int, int, int] = (32, 32, 3), classes: int = 10
) -> keras.Model:
    """Build one block of convolution, normalisation, ReLU, pooling, dropout.

    Args:
        input_shape: Height, width and channels of an image.
        classes: Number of classes.

    Returns:
        A network of 198,506 parameters, 12 of them not trainable.
    """
    image = keras.Input(input_shape, name="image")
    x = through(
        image,
        layers.Conv2D(6, 5, padding="same", name="conv1"),
        layers.BatchNormalization(name="norm1"),
        layers.ReLU(name="relu1"),
        layers.MaxPooling2D(padding="same", name="pool1"),
        layers.Dropout(0.2, name="drop1"),
        layers.Flatten(name="flatten"),
        layers.Dense(128, activation="relu", name="dense2"),
        layers.Dropout(0.2, name="drop2"),
        layers.Dense(classes, activation="softmax", name="dense3"),
    )
    return keras.Model(image, x, name="baseline")


def lenet5(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    activation: str = "sigmoid",
    width: float = 1.0,
) -> keras.Model:
    """Build LeNet-5, with max pooling and without its sparse connections.

    Source: LeCun, Bottou, Bengio and Haffner, Gradient-Based Learning Applied
    to Document Recognition, Proceedings of the IEEE, 1998.

    Args:
        input_shape: Height, width and channels of an image.
        classes: Number of classes.
        activation: "sigmoid" as then, or "relu" as today.
        width: Factor for all numbers of channels and units.

    Returns:
        A network of 62,006 parameters at full width.
    """
    image = keras.Input(input_shape, name="image")
    a, b, c, d = (scaled(size, width) for size in (6, 16, 120, 84))
    x = through(
        image,
        layers.Conv2D(a, 5, activation=activation, name="conv1"),
        layers.MaxPooling2D(name="pool1"),
        layers.Conv2D(b, 5, activation=activation, name="conv2"),
        layers.MaxPooling2D(name="pool2"),
        layers.Flatten(name="flatten"),
        layers.Dense(c, activation=activation, name="dense3"),
        layers.Dense(d, activation=activation, name="dense4"),
        layers.Dense(classes, activation="softmax", name="dense5"),
    )
    return keras.Model(image, x, name="lenet5")


def alexnet8(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    width: float = 1.0,
) -> keras.Model:
    """Build a small AlexNet: ReLU, dropout, overlapping pooling.

    Batch normalisation stands where the paper has its local response
    normalisation. Source: Krizhevsky, Sutskever and Hinton, ImageNet
    Classification with Deep Convolutional Neural Networks, NIPS 2012.

    Args:
        input_shape: Height, width and channels of an image.
        classes: Number of classes.
        width: Factor for all numbers of channels and units.

    Returns:
        A network of 9,639,178 parameters at full width, 704 of them not
        trainable.
    """
    x = image = keras.Input(input_shape, name="image")
    for place, channels in enumerate((96, 256, 384, 384, 256), start=1):
        filters, early = scaled(channels, width), place < 3
        padding = "valid" if early else "same"
        conv = layers.Conv2D(filters, 3, padding=padding, name=f"conv{place}")
        x = through(x, conv)
        if early:
            x = layers.BatchNormalization(name=f"norm{place}")(x)
        x = layers.ReLU(name=f"relu{place}")(x)
        if place in (1, 2, 5):
            x = through(x, layers.MaxPooling2D(3, 2, name=f"pool{place}"))
    x = layers.Flatten(name="flatten")(x)
    for name in ("dense6", "dense7"):
        x = layers.Dense(scaled(2048, width), activation="relu", name=name)(x)
        x = layers.Dropout(0.5, name=f"drop_{name}")(x)
    x = layers.Dense(classes, activation="softmax", name="dense8")(x)
    return keras.Model(image, x, name="alexnet8")


@keras.saving.register_keras_serializable("course_utils")
class FrozenBatchNormalization(layers.BatchNormalization):
    """Batch normalisation with a mistake: it works as in use, always.

    Its moving statistics stay at 0 and 1, also in training, so that it never
    normalises. A layer of its own, because `fit` overrules a
    `norm(x, training=False)` that is written into a functional model.
    """

    def call(
        self,
        inputs: keras.KerasTensor,
        training: bool | None = None,
        mask: keras.KerasTensor | None = None,
    ) -> keras.KerasTensor:
        """Scale and shift by learned numbers, and by 0 and 1.

        Args:
            inputs: What goes in.
            training: Ignored: this is the mistake.
            mask: What to leave out of the statistics.

        Returns:
            `gamma * inputs / sqrt(1 + epsilon) + beta`.
        """
        return super().call(inputs, training=False, mask=mask)


def conv_bn(
    x: keras.KerasTensor,
    filters: int,
    kernel: int = 3,
    strides: int = 1,
    place: str = "",
    bias: bool = True,
    normalised: bool = True,
    frozen: bool = False,
) -> keras.KerasTensor:
    """Append a convolution with zero padding, and batch normalisation.

    Args:
        x: What goes in, shape `(n, height, width, channels)`.
        filters: Number of channels that come out.
        kernel: Height and width of the kernel, in pixels.
        strides: Step of the kernel, in pixels.
        place: Ending of the layers' names, as "2_1" for `conv2_1`.
        bias: Whether the convolution has biases.
        normalised: Whether batch normalisation follows.
        frozen: Whether to plant the mistake of `FrozenBatchNormalization`.

    Returns:
        What comes out, shape `(n, ⌈height/strides⌉, ⌈width/strides⌉,
        filters)`.
    """
    x = layers.Conv2D(
        filters, kernel, strides, "same", use_bias=bias, name=f"conv{place}"
    )(x)
    if normalised and frozen:
        x = FrozenBatchNormalization(name=f"norm{place}")(x)
    elif normalised:
        x = layers.BatchNormalization(name=f"norm{place}")(x)
    return x


def conv_bn_relu(
    x: keras.KerasTensor,
    filters: int,
    kernel: int = 3,
    strides: int = 1,
    place: str = "",
    **options: bool,
) -> keras.KerasTensor:
    """Append a convolution, batch normalisation and ReLU.

    Args:
        x: What goes in, shape `(n, height, width, channels)`.
        filters: Number of channels that come out.
        kernel: Height and width of the kernel, in pixels.
        strides: Step of the kernel, in pixels.
        place: Ending of the layers' names, as "2_1" for `conv2_1`.
        **options: `bias`, `normalised` and `frozen` of `conv_bn`.

    Returns:
        What comes out, shape `(n, ⌈height/strides⌉, ⌈width/strides⌉,
        filters)`, nothing below 0.
    """
    x = conv_bn(x, filters, kernel, strides, place, **options)
    return layers.ReLU(name=f"relu{place}")(x)


def vgg16(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    width: float = 1.0,
    depths: tuple[int, ...] = (2, 2, 3, 3, 3),
) -> keras.Model:
    """Build VGG-16 with batch normalisation: 3 × 3 kernels, and many of them.

    Source: Simonyan and Zisserman, Very Deep Convolutional Networks for
    Large-Scale Image Recognition, ICLR 2015.

    Args:
        input_shape: Height, width and channels of an image.
        classes: Number of classes.
        width: Factor for all numbers of channels and units.
        depths: Number of convolutions in each stage.

    Returns:
        A network of 15,262,026 parameters at full width, 8,448 of them not
        trainable.
    """
    x = image = keras.Input(input_shape, name="image")
    for stage, depth in enumerate(depths, start=1):
        filters = scaled(min(32 * 2**stage, 512), width)
        for step in range(1, depth + 1):
            x = conv_bn_relu(x, filters, place=f"{stage}_{step}")
        x = layers.MaxPooling2D(padding="same", name=f"pool{stage}")(x)
        x = layers.Dropout(0.2, name=f"drop{stage}")(x)
    x = layers.Flatten(name="flatten")(x)
    for name in ("fc1", "fc2"):
        x = layers.Dense(scaled(512, width), activation="relu", name=name)(x)
        x = layers.Dropout(0.2, name=f"drop_{name}")(x)
    x = layers.Dense(classes, activation="softmax", name="fc3")(x)
    return keras.Model(image, x, name="vgg16")


def inception_block(
    x: keras.KerasTensor,
    filters: int,
    strides: int = 1,
    place: str = "",
    bottleneck: bool = True,
    **others: bool,
) -> keras.KerasTensor:
    """Append four branches that look at 1, 3, 5 and 3 pixels, side by side.

    Args:
        x: What goes in, shape `(n, height, width, channels)`.
        filters: Number of channels of each branch.
        strides: Step of each branch, in pixels.
        place: Middle of the layers' names, as "1a" for `conv1a_3x3`.
        bottleneck: Whether 1 × 1 convolutions reduce the channels before the
            3 × 3 and the 5 × 5 convolution.
        **others: `normalised` and `frozen` of `conv_bn`.

    Returns:
        The branches' channels, one after the other, shape
        `(n, ⌈height/strides⌉, ⌈width/strides⌉, 4 * filters)`.
    """

    def conv(x, kernel, strides, name):
        name = f"{place}_{name}"
        return conv_bn_relu(x, filters, kernel, strides, name, **others)

    branches = [conv(x, 1, strides, "1x1")]
    for kernel in (3, 5):
        y, step, name = x, strides, f"{kernel}x{kernel}"
        if bottleneck:
            y, step = conv(x, 1, strides, f"{name}_reduce"), 1
        branches.append(conv(y, kernel, step, name))
    pooled = layers.MaxPooling2D(3, 1, "same", name=f"pool{place}")(x)
    branches.append(conv(pooled, 1, strides, "pool"))
    return layers.Concatenate(name=f"concat{place}")(branches)


def inception10(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    width: float = 1.0,
    blocks: int = 2,
    **options: bool,
) -> keras.Model:
    """Build a small Inception network of pairs of blocks.

    Source of the block: Szegedy et al., Going Deeper with Convolutions, CVPR
    2015, with batch normalisation as in their later versions.

    Args:
        input_shape: Height, width and channels of an image.
        classes: Number of classes.
        width: Factor for all numbers of channels.
        blocks: Number of pairs; each halves the map and doubles the channels.
        **options: `bottleneck` of `inception_block`, `frozen` of `conv_bn`.

    Returns:
        A network of 121,418 parameters at full width, 1,184 of them not
        trainable.
    """
    image = keras.Input(input_shape, name="image")
    frozen = options.get("frozen", False)
    x = conv_bn_relu(image, scaled(16, width), place="0", frozen=frozen)
    for pair in range(blocks):
        filters = scaled(16 * 2**pair, width)
        for half, strides in (("a", 2), ("b", 1)):
            place = f"{pair + 1}{half}"
            x = inception_block(x, filters, strides, place, **options)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(classes, activation="softmax", name="softmax")(x)
    return keras.Model(image, x, name="inception10")


def residual_block(
    x: keras.KerasTensor,
    filters: int,
    strides: int = 1,
    place: str = "",
    shortcut: bool = True,
    normalised: bool = True,
) -> keras.KerasTensor:
    """Append two convolutions, and add what went in to what comes out.

    Source: He, Zhang, Ren and Sun, Deep Residual Learning for Image
    Recognition, CVPR 2016, section 3.2.

    Args:
        x: What goes in, shape `(n, height, width, channels)`.
        filters: Number of channels that come out.
        strides: Step of the first convolution, in pixels.
        place: Middle of the layers' names, as "2_1" for `conv2_1a`.
        shortcut: Whether to add what went in; a 1 × 1 convolution gives it
            the shape of what comes out, where the two differ.
        normalised: Whether there is batch normalisation. Convolutions have
            biases only without it.

    Returns:
        What comes out, shape `(n, ⌈height/strides⌉, ⌈width/strides⌉,
        filters)`, nothing below 0.
    """
    options = {"bias": not normalised, "normalised": normalised}
    y = conv_bn_relu(x, filters, 3, strides, f"{place}a", **options)
    y = conv_bn(y, filters, 3, 1, f"{place}b", **options)
    if shortcut:
        if strides > 1 or x.shape[-1] != filters:
            x = conv_bn(x, filters, 1, strides, f"{place}s", **options)
        y = layers.Add(name=f"add{place}")([x, y])
    return layers.ReLU(name=f"relu{place}")(y)


def resnet18(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    width: float = 1.0,
    depths: tuple[int, ...] = (2, 2, 2, 2),
) -> keras.Model:
    """Build ResNet-18 with a first layer for small images.

    Source: He, Zhang, Ren and Sun, Deep Residual Learning for Image
    Recognition, CVPR 2016, table 1; the first convolution is 3 × 3 and
    nothing is pooled, so that 32 × 32 pixels last.

    Args:
        input_shape: Height, width and channels of an image.
        classes: Number of classes.
        width: Factor for all numbers of channels.
        depths: Number of blocks in each stage; every stage after the first
            halves the map and doubles the channels.

    Returns:
        A network of 11,183,562 parameters at full width, 9,600 of them not
        trainable.
    """
    image = keras.Input(input_shape, name="image")
    x = conv_bn_relu(image, scaled(64, width), place="0", bias=False)
    for stage, depth in enumerate(depths, start=1):
        filters = scaled(32 * 2**stage, width)
        for step in range(1, depth + 1):
            strides = 2 if stage > 1 and step == 1 else 1
            x = residual_block(x, filters, strides, f"{stage}_{step}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(classes, activation="softmax", name="softmax")(x)
    return keras.Model(image, x, name="resnet18")


def residual(
    depth: int,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    shortcuts: bool = True,
    width: float = 1.0,
    normalised: bool = True,
) -> keras.Model:
    """Build the residual network for CIFAR-10, or the plain one beside it.

    Source: He, Zhang, Ren and Sun, Deep Residual Learning for Image
    Recognition, CVPR 2016, section 4.2; where the shape changes, the shortcut
    is a 1 × 1 convolution here, and zeros there.

    Args:
        depth: Number of layers with weights, 6n + 2: 8, 14, 20, 32, …
        input_shape: Height, width and channels of an image.
        classes: Number of classes.
        shortcuts: False builds the plain network.
        width: Factor for all numbers of channels.
        normalised: False leaves batch normalisation out.

    Returns:
        A network of 3 stages with 16, 32 and 64 channels at full width.

    Raises:
        ValueError: `depth` is not 6n + 2 with n at least 1.
    """
    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"depth must be 6n + 2, as 8, 20, 32; got {depth}")
    options = {"normalised": normalised}
    image = keras.Input(input_shape, name="image")
    x = conv_bn_relu(
        image, scaled(16, width), place="0", bias=not normalised, **options
    )
    for stage in (1, 2, 3):
        filters = scaled(8 * 2**stage, width)
        for step in range(1, (depth - 2) // 6 + 1):
            strides = 2 if stage > 1 and step == 1 else 1
            place = f"{stage}_{step}"
            x = residual_block(x, filters, strides, place, shortcuts, **options)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(classes, activation="softmax", name="softmax")(x)
    return keras.Model(image, x, name="residual" if shortcuts else "plain")


def restarter(model: keras.Model) -> Callable[[int], None]:
    """Return what draws first weights again, without building anew.

    First weights are independent random numbers, so that a shuffled array of
    them is as good a draw. Zeros and ones stay what they are. What the
    optimizer remembers is set back, too.

    Args:
        model: A compiled network that names one of several classes, before
            its training.

    Returns:
        A function of a seed, which also is that of what `fit` draws
        afterwards.
    """
    # Else `fit` would run the whole network once more to learn of these.
    model.optimizer.build(model.trainable_variables)
    guess = np.full((1, model.output_shape[-1]), 0.5, "float32")
    model.compute_metrics(None, np.zeros(1, "int32"), guess)
    variables = model.weights + model.optimizer.variables
    first = [keras.ops.convert_to_numpy(variable) for variable in variables]

    def restart(seed: int) -> None:
        keras.utils.set_random_seed(seed)
        rng = np.random.default_rng(seed)
        for variable, values in zip(variables, first, strict=True):
            again = rng.permutation(values.ravel())
            variable.assign(again.reshape(values.shape))

    return restart


def load_weights(model: keras.Model, path: str | Path) -> None:
    """Load weights that were saved from the same architecture.

    Keras alone stops half-way if some layer does not fit, says nothing if
    the file has layers that the model has not, and loses the memory of an
    optimizer that has made no step yet. Here a compiled model gets it, with
    the learning rate; to start anew, compile after loading.

    Args:
        model: The network to load into.
        path: A file that `model.save_weights` (.weights.h5) or `model.save`
            (.keras) has written.

    Raises:
        ValueError: The weights are of another architecture; the model is as
            it was.
    """
    path = Path(path)
    stored, memory = _stored(path)
    own = Counter(tuple(weight.shape) for weight in model.weights)
    if stored != own:
        raise ValueError(
            f"{path.name} holds {stored.total()} arrays of weights, "
            f"{model.name} has {own.total()}, and "
            f"{(stored & own).total()} are of the same shape: the weights "
            "belong to another network, width or image size. Build the "
            "network that was saved."
        )
    optimizer = getattr(model, "optimizer", None)
    if optimizer and memory > len(optimizer.variables):
        optimizer.build(model.trainable_variables)
    model.load_weights(path)


def _stored(path: Path) -> tuple[Counter[tuple[int, ...]], int]:
    """Count the shapes of weights in a file, and the optimizer's arrays."""
    import h5py

    source = path
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            source = io.BytesIO(archive.read("model.weights.h5"))
    shapes = []
    with h5py.File(source) as file:
        # Dropout keeps the state of its dice beside the weights.
        file["layers"].visititems(
            lambda name, item: (
                shapes.append(item.shape)
                if isinstance(item, h5py.Dataset)
                and "seed_generator" not in name
                else None
            )
        )
        memory = len(file.get("optimizer/vars", ()))
    return Counter(shapes), memory
