"""What is one idea worth in a short training, and how much is chance?

Lecture 09 changes one idea at a time in a small network, and tells what came
out. This is where its numbers come from: sigmoid or ReLU, with and without
batch normalisation, plain and residual stacks, a frozen and a mended
Inception, the five classic networks side by side, with and without
bottlenecks. Every network is trained from several starts. It prints tables in
Markdown.

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
from collections.abc import Callable, Iterable
from functools import partial

from course_utils import inspection, models, standins

import keras
import numpy as np
from keras import layers

BATCH = 32
SGD = 0.1  # its learning rate; without one it is Adam 0.001
SHORT = {"size": 384, "epochs": 3}  # 36 steps
LONG = {"size": 2000, "epochs": 8}  # 504 steps, the laptop form
STACK = {"input_shape": (16, 16, 3), "width": 1 / 4}

x_train, Y_TRAIN, x_test, Y_TEST = standins.shapes10()
X_TRAIN, X_TEST = x_train / np.float32(255), x_test / np.float32(255)


def compiled(build: Callable, rate: float | None = None) -> tuple:
    """Build a network; return it, what starts it anew, and its images."""
    keras.utils.set_random_seed(0)
    model = build()
    rule = keras.optimizers.SGD(rate) if rate else "adam"
    model.compile(rule, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    variables = model.weights + model.optimizer.variables
    first = [variable.numpy() for variable in variables]
    restart = partial(models.restart, variables, first)
    step = 32 // model.input_shape[1]  # small networks get every second pixel
    return (
        model,
        restart,
        (X_TRAIN[:, ::step, ::step], X_TEST[:, ::step, ::step]),
    )


def train(
    build: Callable,
    seeds: int,
    size: int,
    epochs: int,
    rate: float | None = None,
    test: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Train from several starts.

    Args:
        build: Makes the network.
        seeds: How many starts.
        size: How many images.
        epochs: How often to go through them.
        rate: Learning rate of plain SGD; None is Adam.
        test: Whether to measure the accuracy as well.

    Returns:
        Training loss and test accuracy, both of shape `(seeds, epochs)`;
        untested, the loss twice.
    """
    model, restart, (x, x_test) = compiled(build, rate)
    settings = {"batch_size": BATCH, "epochs": epochs, "verbose": 0}
    if test:
        settings["validation_data"] = x_test, Y_TEST
    logs = []
    for seed in range(seeds):
        restart(seed)
        log = model.fit(x[:size], Y_TRAIN[:size], **settings).history
        logs.append((log["loss"], log.get("val_accuracy", log["loss"])))
    return tuple(np.swapaxes(logs, 0, 1))


def gradients(build: Callable, seeds: int) -> np.ndarray:
    """Return the norms of fresh gradients, shape `(seeds, kernels)`."""
    model, restart, (x, _) = compiled(build)
    found = []
    for seed in range(seeds):
        restart(seed)
        norms = inspection.gradient_norms(model, x[:64], Y_TRAIN[:64])
        found.append([*norms.values()])
    return np.array(found)


def spread(values: np.ndarray, form: str = ".2f") -> str:
    """Return mean, least and greatest in words."""
    mean, least, most = values.mean(), values.min(), values.max()
    return f"{mean:{form}} ({least:{form}} to {most:{form}})"


def listed(values: np.ndarray) -> str:
    """Return all values, one start after the other."""
    return ", ".join(f"{value:.2f}" for value in values)


def table(title: str, head: Iterable[str], rows: Iterable[Iterable]) -> None:
    """Print a table; a row as soon as it is there."""
    head = list(head)
    print(f"\n### {title}\n")
    for row in (head, ["---"] * len(head)):
        print(f"| {' | '.join(row)} |")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |", flush=True)


def activation(seeds: int) -> None:
    """Compare sigmoid with ReLU in LeNet."""

    def rows():
        for name in ("sigmoid", "relu"):
            build = partial(models.lenet5, activation=name)
            norms = gradients(build, seeds)
            loss, right = train(build, seeds, size=2000, epochs=5, test=True)
            yield (
                name,
                spread(norms[:, 0], ".2g"),
                spread(norms[:, -1], ".2g"),
                spread(norms[:, -1] / norms[:, 0], ".2g"),
                spread(loss[:, -1]),
                spread(right[:, -1]),
            )

    head = "activation", "gradient at conv1", "at dense5", "dense5 / conv1"
    title = f"LeNet-5: fresh, and after 5 epochs with Adam, {seeds} starts"
    table(title, (*head, "loss", "test accuracy"), rows())


def normalisation(seeds: int) -> None:
    """Leave batch normalisation out of a plain stack of 8 layers."""

    def rows():
        for on in (True, False):
            build = partial(
                models.residual, 8, shortcuts=False, normalised=on, **STACK
            )
            loss, _ = train(build, seeds, rate=SGD, **LONG)
            name = "normalised" if on else "bare"
            yield name, spread(loss[:, -1]), listed(loss[:, -1])

    title = f"Plain stack of 8 layers: 504 steps of SGD {SGD}, {seeds} starts"
    table(title, ("stack", "loss", "each start"), rows())


def depth(seeds: int) -> None:
    """Compare plain and residual stacks of three depths."""

    def build(number: int, short: bool) -> Callable:
        return partial(models.residual, number, shortcuts=short, **STACK)

    def rows():
        for number in (8, 20, 32):
            losses = [
                train(build(number, short), seeds, rate=SGD, **SHORT)[0]
                for short in (False, True)
            ]
            yield number, *(spread(loss[:, -1]) for loss in losses)

    def norms():
        for short, name in ((False, "plain"), (True, "residual")):
            found = gradients(build(32, short), seeds)
            yield name, *(spread(found[:, at], ".2g") for at in (0, -1))

    title = f"Normalised stacks: loss after 36 steps of SGD {SGD}, "
    head = "layers", "plain", "residual"
    table(f"{title}{seeds} starts", head, rows())
    title = (
        f"Fresh normalised stacks of 32: length of gradients, {seeds} starts"
    )
    table(title, ("stack", "first kernel", "last kernel"), norms())


def small(**options: bool) -> keras.Model:
    """Build one block of Inception behind one convolution."""
    image = keras.Input((16, 16, 3))
    frozen = options.get("frozen", False)
    x = models.conv_bn_relu(image, 16, 3, 2, "0", frozen=frozen)
    x = models.inception_block(x, 4, 1, "1", **options)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, "softmax")(x))


def frozen(seeds: int) -> None:
    """Compare the Inception that has a mistake with the mended one."""

    def rows(network: Callable, epochs: tuple[int, ...], **settings: float):
        for asleep, name in ((True, "frozen"), (False, "mended")):
            build = partial(network, frozen=asleep)
            loss, right = train(build, seeds, test=True, **settings)
            after = (listed(right[:, epoch - 1]) for epoch in epochs)
            yield name, *after, listed(loss[:, -1])

    for title, network, epochs, settings in (
        ("One block, SGD 0.1", small, (1, 4, 8), {"rate": SGD, **LONG}),
        (
            "Inception-10 at full width, Adam",
            models.inception10,
            (1, 4, 8, 12),
            {"size": 2000, "epochs": 12},
        ),
    ):
        head = ["network", *(f"accuracy after {n}" for n in epochs), "loss"]
        title = f"{title}: {epochs[-1]} epochs, each of {seeds} starts"
        table(title, head, rows(network, epochs, **settings))


def five(seeds: int) -> None:
    """Train the five networks side by side, all but LeNet at 1/8 width."""

    def rows():
        for name in ("lenet5", "alexnet8", "vgg16", "inception10", "resnet18"):
            width = 1 if name == "lenet5" else 1 / 8
            build = partial(getattr(models, name), width=width)
            loss, right = train(build, seeds, test=True, **SHORT)
            yield name, width, *map(listed, (loss[:, -1], right[:, -1]))

    title = f"Five networks: after 36 steps of Adam, each of {seeds} starts"
    table(title, ("network", "width", "loss", "test accuracy"), rows())


def bottleneck(seeds: int) -> None:
    """Leave the bottlenecks out of one block of Inception."""

    def rows():
        for on in (True, False):
            build = partial(small, bottleneck=on)
            counted = inspection.totals(inspection.layer_table(build()))
            losses = (
                train(build, seeds, rate=SGD, **form)[0][:, -1]
                for form in ({"size": 256, "epochs": 2}, LONG)
            )
            name = "with" if on else "without"
            counts = f"{counted[0]:,}", f"{counted[2]:,}"
            yield name, *counts, *map(spread, losses)

    head = "bottlenecks", "parameters", "multiply-adds"
    losses = "loss after 16 steps", "loss after 504 steps"
    title = f"One block of Inception: SGD {SGD}, {seeds} starts"
    table(title, (*head, *losses), rows())


PARTS = {  # with the starts that two cores manage in 25 minutes altogether
    activation: 7,
    normalisation: 6,
    depth: 6,
    bottleneck: 6,
    five: 3,
    frozen: 3,
}


def main() -> int:
    """Measure the parts that were asked for."""
    known = {part.__name__: part for part in PARTS}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "parts", nargs="*", help=f"of {', '.join(known)} (default: all six)"
    )
    parser.add_argument("--seeds", type=int, help="starts of each network")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(known):
        parser.error(f"no part {min(unknown)!r}; known: {', '.join(known)}")
    if options.seeds is not None and options.seeds < 1:
        parser.error("--seeds must be at least 1")
    print(
        f"{datetime.date.today()}, Python {platform.python_version()}, "
        f"Keras {keras.__version__} on {keras.backend.backend()}, "
        f"{os.cpu_count()} cores"
    )
    for name in options.parts or known:
        begin = time.perf_counter()
        known[name](options.seeds or PARTS[known[name]])
        seconds = time.perf_counter() - begin
        print(f"{name}: {seconds:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
