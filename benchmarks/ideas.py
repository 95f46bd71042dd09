"""What is one idea worth in a short training, and how much is chance?

Lecture 09 changes one idea at a time in a small network, and tells what came
out. This is where its numbers come from: sigmoid or ReLU, with and without
batch normalisation, plain and residual stacks, with and without bottlenecks,
the five classic networks side by side, a frozen and a mended Inception. Every
network is trained from several starts. It prints tables in Markdown.

The images are the stand-in for CIFAR-10, drawn shapes and patterns, also
where the real ones are at hand. A loss is what `fit` tells: the mean over the
steps of the last epoch.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
import time
from collections.abc import Callable
from functools import partial

from course_utils import inspection, models, standins

import common
import keras
import numpy as np
from keras import layers

SGD = 0.1  # its learning rate; where none is given, it is Adam 0.001
SHORT = {"size": 384, "epochs": 3}  # 36 steps, for batches are of 32
LONG = {"size": 2000, "epochs": 8}  # 504 steps, as the lecture on a laptop
STACK = {"input_shape": (16, 16, 3), "width": 1 / 4}

x_train, Y_TRAIN, x_test, Y_TEST = standins.shapes10()
X_TRAIN, X_TEST = x_train / np.float32(255), x_test / np.float32(255)


def compiled(
    build: Callable[[], keras.Model], rate: float | None = None
) -> tuple[keras.Model, Callable[[int], None], slice]:
    """Build a network once, for a new graph takes longer than its training.

    Returns:
        The model, what starts it anew from a seed, and the pixels it takes
        of a row or column.
    """
    keras.utils.set_random_seed(0)
    model = build()
    rule = keras.optimizers.SGD(rate) if rate else "adam"
    model.compile(rule, "sparse_categorical_crossentropy", metrics=["accuracy"])
    pixels = slice(None, None, 32 // model.input_shape[1])
    return model, models.restarter(model), pixels


def train(
    build: Callable[[], keras.Model],
    seeds: int,
    size: int,
    epochs: int,
    rate: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Train on `size` images from several starts; without a rate with Adam.

    Returns:
        Training loss and test accuracy, both of shape `(epochs, seeds)`.
    """
    model, restart, pixels = compiled(build, rate)
    data = X_TRAIN[:size, pixels, pixels], Y_TRAIN[:size]
    settings = {"batch_size": 32, "epochs": epochs, "verbose": 0}
    settings["validation_data"] = X_TEST[:, pixels, pixels], Y_TEST
    logs = []
    for seed in range(seeds):
        restart(seed)
        log = model.fit(*data, **settings).history
        logs.append((log["loss"], log["val_accuracy"]))
    return tuple(np.transpose(logs, (1, 2, 0)))


def gradients(build: Callable[[], keras.Model], seeds: int) -> np.ndarray:
    """Return how long fresh gradients are, shape `(kernels, seeds)`."""
    model, restart, pixels = compiled(build)
    batch = X_TRAIN[:64, pixels, pixels], Y_TRAIN[:64]
    found = []
    for seed in range(seeds):
        restart(seed)
        found.append([*inspection.gradient_norms(model, *batch).values()])
    return np.transpose(found)


def spread(values: np.ndarray, form: str = ".2f") -> str:
    """Return mean, least and greatest in words."""
    mean, least, most = values.mean(), values.min(), values.max()
    return f"{mean:{form}} ({least:{form}} to {most:{form}})"


def listed(values: np.ndarray) -> str:
    """Return all values, one start after the other."""
    return ", ".join(f"{value:.2f}" for value in values)


def activation(seeds: int = 7) -> None:
    """Compare sigmoid with ReLU in LeNet."""
    common.head(
        f"LeNet-5: fresh gradients; then 5 epochs with Adam, {seeds} starts",
        *("activation", "conv1", "dense5", "dense5 / conv1"),
        *("loss", "test accuracy"),
    )
    for name in ("sigmoid", "relu"):
        build = partial(models.lenet5, activation=name)
        norms = gradients(build, seeds)
        sizes = norms[0], norms[-1], norms[-1] / norms[0]
        loss, right = train(build, seeds, size=2000, epochs=5)
        ends = spread(loss[-1]), spread(right[-1])
        common.row(name, *(spread(size, ".3g") for size in sizes), *ends)


def normalisation(seeds: int = 6) -> None:
    """Leave batch normalisation out of a plain stack of 8 layers."""
    title = f"Plain stack of 8 layers: 504 steps of SGD {SGD}, {seeds} starts"
    common.head(title, "stack", "loss", "each start")
    for on in (True, False):
        build = partial(
            models.residual, 8, shortcuts=False, normalised=on, **STACK
        )
        loss, _ = train(build, seeds, rate=SGD, **LONG)
        name = "normalised" if on else "bare"
        common.row(name, spread(loss[-1]), listed(loss[-1]))


def depth(seeds: int = 6) -> None:
    """Compare plain and residual stacks of three depths."""
    title = f"Normalised stacks: loss after 36 steps of SGD {SGD}, "
    common.head(f"{title}{seeds} starts", "layers", "plain", "residual")
    stack = partial(models.residual, **STACK)
    for number in (8, 20, 32):
        losses = []
        for short in (False, True):
            build = partial(stack, number, shortcuts=short)
            losses.append(train(build, seeds, rate=SGD, **SHORT)[0][-1])
        common.row(number, *map(spread, losses))
    title = (
        f"Fresh normalised stacks of 32: length of gradients, {seeds} starts"
    )
    common.head(title, "stack", "first kernel", "last kernel")
    for short, name in ((False, "plain"), (True, "residual")):
        norms = gradients(partial(stack, 32, shortcuts=short), seeds)
        common.row(name, *(spread(norms[at], ".3g") for at in (0, -1)))


def small(**options: bool) -> keras.Model:
    """Build one block of Inception behind one convolution."""
    image = keras.Input((16, 16, 3))
    frozen = options.get("frozen", False)
    x = models.conv_bn_relu(image, 16, 3, 2, "0", frozen=frozen)
    x = models.inception_block(x, 4, 1, "1", **options)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, "softmax")(x))


def bottleneck(seeds: int = 6) -> None:
    """Leave the bottlenecks out of one block of Inception."""
    title = f"One block of Inception: SGD {SGD}, {seeds} starts"
    losses = "loss after 16 steps", "loss after 504 steps"
    common.head(title, "bottlenecks", "parameters", "multiply-adds", *losses)
    for on, name in ((True, "with"), (False, "without")):
        build = partial(small, bottleneck=on)
        count, _, work = inspection.totals(inspection.layer_table(build()))
        brief, _ = train(build, seeds, rate=SGD, size=256, epochs=2)
        loss, _ = train(build, seeds, rate=SGD, **LONG)
        common.row(
            name, f"{count:,}", f"{work:,}", spread(brief[-1]), spread(loss[-1])
        )


def five(seeds: int = 3) -> None:
    """Train the five networks side by side, all but LeNet at 1/8 width."""
    title = f"Five networks: after 36 steps of Adam, each of {seeds} starts"
    common.head(title, "network", "width", "loss", "test accuracy")
    for name in ("lenet5", "alexnet8", "vgg16", "inception10", "resnet18"):
        width = 1 if name == "lenet5" else 1 / 8
        build = partial(getattr(models, name), width=width)
        loss, right = train(build, seeds, **SHORT)
        common.row(name, width, listed(loss[-1]), listed(right[-1]))


def frozen(seeds: int = 3) -> None:
    """Compare the Inception that has a mistake with the mended one."""
    quarter = partial(models.inception10, blocks=1, width=1 / 4)
    for title, network, epochs, rate in (
        (f"One block, SGD {SGD}", small, 8, SGD),
        ("One pair of blocks, 1/4 of the width, Adam", quarter, 12, None),
        ("Inception-10 at full width, Adam", models.inception10, 12, None),
    ):
        shown = [epoch for epoch in (1, 4, 8, 12) if epoch <= epochs]
        accuracies = (f"accuracy after {epoch}" for epoch in shown)
        loss_after = f"loss after {epochs}"
        common.head(
            f"{title}: {seeds} starts", "network", *accuracies, loss_after
        )
        for asleep, name in ((True, "frozen"), (False, "mended")):
            build = partial(network, frozen=asleep)
            loss, right = train(build, seeds, 2000, epochs, rate)
            common.row(
                name, *(listed(right[n - 1]) for n in shown), listed(loss[-1])
            )


def main() -> int:
    """Measure the parts that were asked for."""
    all_parts = activation, normalisation, depth, bottleneck, five, frozen
    parts = {part.__name__: part for part in all_parts}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "parts", nargs="*", help=f"of {', '.join(parts)} (default: all six)"
    )
    parser.add_argument("--seeds", type=int, help="starts of each network")
    options = parser.parse_args()
    if unknown := sorted(set(options.parts) - set(parts)):
        parser.error(f"no part {unknown[0]!r}; known: {', '.join(parts)}")
    if options.seeds is not None and options.seeds < 1:
        parser.error("--seeds must be at least 1")
    print(
        f"{datetime.date.today()}, Python {platform.python_version()}, "
        f"Keras {keras.__version__} on {keras.backend.backend()}, "
        f"{os.cpu_count()} cores"
    )
    for name in options.parts or parts:
        begin = time.perf_counter()
        parts[name](*([options.seeds] if options.seeds else []))
        seconds = time.perf_counter() - begin
        print(f"{name}: {seconds:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
