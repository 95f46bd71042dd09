"""What do the networks of the course reach on the real images?

It trains the first one, 784-128-10, on MNIST and Fashion-MNIST from several
seeds, plain and with light augmentation, and lets it read digits that nobody
has written before: those of `course_utils.handwriting`. With `classic` it
trains those of lecture 09 on CIFAR-10 instead, at full width. It prints
tables in Markdown.

It needs the real images: set COURSE_DATA_DIR to a folder with mnist.npz and
fashion_mnist.npz, or with cifar10.npz, or download them first.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from course_utils import datasets, handwriting, inspection, models, scratch

import common
import keras
import numpy as np
from keras import layers

SETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}
ACCURACY = {"mnist": 0.975, "fashion_mnist": 0.87}  # at least, after 5 epochs
RIGHT = 8  # of ten drawings, at least
BATCH = 32
BLOCK = 6000  # images that are augmented at once
PHOTOS = 5  # hands whose ten digits are photographed
CLASSIC = {  # with the epochs and seeds for which two processor cores suffice
    "LeNet-5": (models.lenet5, 5, 3),
    "LeNet-5 with ReLU": (partial(models.lenet5, activation="relu"), 5, 3),
    "baseline": (models.baseline, 5, 3),
    "AlexNet-8": (models.alexnet8, 2, 1),
    "VGG-16": (models.vgg16, 1, 1),
    "Inception-10": (models.inception10, 5, 3),
    "Inception-10, frozen": (partial(models.inception10, frozen=True), 5, 3),
    "ResNet-18": (models.resnet18, 1, 1),
}


class Log:
    """Remembers what was measured, in a file with a line of JSON for each."""

    def __init__(self, path: Path | None) -> None:
        """Read what the file holds, if there is one."""
        self.path = path
        lines = path.read_text().splitlines() if path and path.exists() else []
        self.all = [json.loads(line) for line in lines]

    def add(self, **row: object) -> None:
        """Write down a result as soon as it is there."""
        self.all.append(row)
        if self.path:
            with self.path.open("a") as file:
                file.write(json.dumps(row) + "\n")

    def rows(self, name: str) -> list[dict]:
        """Return the results of one network."""
        return [row for row in self.all if row["network"] == name]

    def right(self, name: str) -> dict[tuple[int, int], float]:
        """Return the test accuracies of one network by seed and epoch."""
        return {
            (row["seed"], row["epoch"]): row["test"]
            for row in self.rows(name)
            if "epoch" in row
        }


def network(**settings: int) -> keras.Model:
    """Build and compile 784-128-10, which answers with logits."""
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(0.001),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        **settings,
    )
    return model


def augmenter() -> keras.Model:
    """Build the light augmentation; what moves in from outside is black."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.RandomRotation(0.04, fill_mode="constant"),  # 14 degrees
            layers.RandomTranslation(0.07, 0.07, fill_mode="constant"),
            layers.RandomZoom(0.1, fill_mode="constant"),
        ]
    )


def augmented(images: np.ndarray, augment: keras.Model) -> np.ndarray:
    """Change every image a little; in blocks, which is faster."""
    done = [
        keras.ops.convert_to_numpy(
            augment(images[i : i + BLOCK, ..., None], training=True)
        )
        for i in range(0, len(images), BLOCK)
    ]
    return np.concatenate(done)[..., 0]


def train(
    data: datasets.Images, seed: int, epochs: int, augment: bool
) -> tuple[keras.Model, float]:
    """Train one network; return it and its accuracy on the test images."""
    keras.utils.set_random_seed(seed)
    # Fifty batches a call are the same arithmetic, and faster.
    model = network(steps_per_execution=50)
    x = (data.x_train / 255).astype("float32")
    change = augmenter() if augment else None
    for _ in range(epochs):
        seen = augmented(x, change) if augment else x
        model.fit(seen, data.y_train, batch_size=BATCH, verbose=0)
    x_test = (data.x_test / 255).astype("float32")
    return model, model.evaluate(x_test, data.y_test, verbose=0)[1]


def seconds_per_epoch(data: datasets.Images) -> float:
    """Time three epochs of an ordinary `fit`; return the median."""
    model = network()
    x = (data.x_train / 255).astype("float32")
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        model.fit(x, data.y_train, batch_size=BATCH, verbose=0)
        seconds.append(time.perf_counter() - begin)
    return round(float(np.median(seconds)), 1)


def read(model: keras.Model, pictures: list[np.ndarray]) -> np.ndarray:
    """Return the digits that a network reads in pictures."""
    batch = np.array(pictures, "float32")
    return model.predict(batch, verbose=0).argmax(axis=1)


def ink(photo: np.ndarray) -> np.ndarray:
    """Find the ink in a photo as exercise 7.1 does; return 0 to 1."""
    grey = photo @ [0.299, 0.587, 0.114]
    away = np.abs(grey - np.median(grey))
    away = away / away.max()
    return np.where(away < 0.25, 0, away).astype("float32")


def trained(
    name: str, data: datasets.Images, options: argparse.Namespace
) -> tuple[dict[str, list[keras.Model]], float]:
    """Train on one data set and print the table of it.

    Returns:
        The plain and the augmented networks, and the mean accuracy of the
        plain ones.
    """
    print(
        f"\n{SETS[name]}, source: {data.source}; {options.epochs} epochs, "
        f"batches of {BATCH}, Adam 0.001:\n\n"
        "| network | seeds | test accuracy, mean | least to greatest |\n"
        "| --- | --- | --- | --- |"
    )
    networks: dict[str, list[keras.Model]] = {}
    means = {}
    # Augmenting takes longer than training, so one seed has to do.
    for kind, seeds in (("plain", options.seeds), ("augmented", 1)):
        found = []
        for seed in range(seeds):
            begin = time.perf_counter()
            found.append(train(data, seed, options.epochs, kind == "augmented"))
            tell(
                f"{SETS[name]}, {kind}, seed {seed}: {found[-1][1]:.4f} "
                f"({time.perf_counter() - begin:.0f} s)"
            )
        networks[kind] = [model for model, _ in found]
        right = [accuracy for _, accuracy in found]
        means[kind] = float(np.mean(right))
        print(
            f"| {kind} | {seeds} | {means[kind]:.4f} | {min(right):.4f} to "
            f"{max(right):.4f} |",
            flush=True,
        )
    return networks, means["plain"]


def drawings(
    options: argparse.Namespace, networks: dict[str, list[keras.Model]]
) -> float:
    """Let the networks read drawings; return the right ones of ten."""
    digits = np.repeat(range(10), options.hands)
    hands = np.tile(range(options.hands), 10)
    small = [
        handwriting.drawn(handwriting.strokes(int(d), int(s))) / 255
        for d, s in zip(digits, hands, strict=True)
    ]
    ways = {
        "divided by 255": small,
        "and `centred`": [scratch.centred(picture) for picture in small],
    }
    print(
        f"\n{10 * options.hands} simulated drawings, the ten digits in "
        f"{options.hands} hands, read by each MNIST network:\n\n"
        "| MNIST network | drawing | right of ten, mean | worst hand | "
        f"hands with {RIGHT} or more | "
        + " | ".join(f"{digit}" for digit in range(10))
        + " |\n|"
        + " --- |" * 15
    )
    answers = {}
    for kind, group in networks.items():
        for way, pictures in ways.items():
            named = np.array([read(model, pictures) for model in group])
            answers[kind, way] = named
            right = named == digits
            by_hand = right.reshape(-1, 10, options.hands).sum(axis=1)
            by_digit = right.reshape(-1, 10, options.hands).mean(axis=(0, 2))
            print(
                f"| {kind} | {way} | "
                f"{by_hand.mean():.2f} | {by_hand.min()} | "
                f"{(by_hand >= RIGHT).mean():.0%} | "
                + " | ".join(f"{share:.0%}" for share in by_digit)
                + " |"
            )
    named = answers["plain", "and `centred`"]
    misread(named, digits, hands)
    return 10 * float(np.mean(named == digits))


def misread(named: np.ndarray, digits: np.ndarray, hands: np.ndarray) -> None:
    """Print which ways of writing were taken for which other digits."""
    wrong, written = Counter(), Counter()
    for answers in named.tolist():
        for digit, hand, answer in zip(
            digits.tolist(), hands.tolist(), answers, strict=True
        ):
            way = handwriting.variant(digit, hand)
            written[digit, way] += 1
            if answer != digit:
                wrong[digit, way, answer] += 1
    print("\nWhat the plain networks misread, centred:\n")
    for (digit, way, answer), count in sorted(wrong.items()):
        print(f"- {digit} {way} as {answer}: {count} of {written[digit, way]}")
    if not wrong:
        print("- nothing")


def photos(networks: dict[str, list[keras.Model]]) -> None:
    """Let the MNIST networks read simulated photos; print the table."""
    print(
        f"\n{10 * PHOTOS} simulated photos, through the ink of exercise 7.1 "
        "and `centred`:\n\n"
        "| MNIST network | shadow | turned | right of ten, mean |\n"
        "| --- | --- | --- | --- |"
    )
    digits = np.repeat(range(10), PHOTOS)
    hands = np.tile(range(PHOTOS), 10)
    for shadow, turn in ((0, 0), (0.3, 0), (0.6, 0), (0, 15), (0, 30)):
        pictures = [
            scratch.centred(
                ink(handwriting.photo(int(d), int(s), shadow, turn))
            )
            for d, s in zip(digits, hands, strict=True)
        ]
        for kind, group in networks.items():
            right = [
                10 * np.mean(read(model, pictures) == digits) for model in group
            ]
            print(f"| {kind} | {shadow} | {turn}° | {np.mean(right):.2f} |")


def built(build: Callable[[], keras.Model]) -> keras.Model:
    """Build a network of lecture 09 and compile it as there."""
    model = build()
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def speed(model: keras.Model, x: np.ndarray, y: np.ndarray, size: int) -> float:
    """Return on how many images a second `fit` trains; median of five."""
    model.fit(x[:BATCH], y[:BATCH], batch_size=BATCH, verbose=0)  # compiles
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        model.fit(x[:size], y[:size], batch_size=BATCH, verbose=0)
        seconds.append(time.perf_counter() - begin)
    return size / float(np.median(seconds))


def speeds(x: np.ndarray, y: np.ndarray, log: Log) -> None:
    """Print the table of what the networks are and how fast they train."""
    print(
        "\n| network | parameters | not trainable | multiply-adds | images "
        "per second | seconds per epoch |\n|" + " --- |" * 6
    )
    for name, (build, _, _) in CLASSIC.items():
        model = built(build)
        parameters, frozen, operations = inspection.totals(
            inspection.layer_table(model)
        )
        rates = [row["rate"] for row in log.rows(name) if "rate" in row]
        if not rates:
            batches = min(64, max(2, round(4e9 / operations / BATCH)))
            rates = [speed(model, x, y, BATCH * batches)]
            log.add(network=name, rate=round(rates[0], 1))
        print(
            f"| {name} | {parameters:,} | {frozen:,} | {operations:,} | "
            f"{rates[-1]:,.0f} | {len(x) / rates[-1]:,.1f} |",
            flush=True,
        )


def learn(
    name: str, seed: int, epochs: int, data: datasets.Images, log: Log
) -> None:
    """Train one network from one seed; log the accuracy of every epoch."""
    keras.utils.set_random_seed(seed)
    model = built(CLASSIC[name][0])
    x = (data.x_train / 255).astype("float32")
    x_test = (data.x_test / 255).astype("float32")
    for epoch in range(1, epochs + 1):
        begin = time.perf_counter()
        model.fit(x, data.y_train, batch_size=BATCH, verbose=0)
        seconds = time.perf_counter() - begin
        _, right = model.evaluate(x_test, data.y_test, verbose=0)
        log.add(network=name, seed=seed, epoch=epoch, test=round(right, 4))
        tell(f"{name}, seed {seed}: {epoch}: {right:.4f} ({seconds:.0f} s)")


def classic(options: argparse.Namespace) -> None:
    """Train the networks of lecture 09; print the tables."""
    data = datasets.load("cifar10")
    log = Log(options.log)
    speeds((data.x_train / 255).astype("float32"), data.y_train, log)
    plan = {}
    for name, (_, epochs, seeds) in CLASSIC.items():
        plan[name] = options.epochs or epochs, options.seeds or seeds
    # Seed by seed: whoever breaks it off has something of every network.
    for seed in range(max(seeds for _, seeds in plan.values())):
        for name, (epochs, seeds) in plan.items():
            if seed < seeds and (seed, epochs) not in log.right(name):
                learn(name, seed, epochs, data, log)
    most = max(epochs for epochs, _ in plan.values())
    print(
        f"\nSource: {data.source}; {len(data.x_train):,} images to train "
        f"with, {len(data.x_test):,} to test with; batches of {BATCH}, Adam "
        "0.001. Test accuracy after each epoch, median of the seeds, and "
        "the spread after the last:\n\n| network | seeds | "
        + " | ".join(f"{epoch}" for epoch in range(1, most + 1))
        + " | least to greatest |\n|"
        + " --- |" * (most + 3)
    )
    for name, (epochs, seeds) in plan.items():
        right = log.right(name)
        columns = [
            [right[seed, epoch] for seed in range(seeds)]
            for epoch in range(1, epochs + 1)
        ]
        cells = [f"{np.median(column):.3f}" for column in columns]
        cells += [""] * (most - epochs)
        last = columns[-1]
        print(
            f"| {name} | {seeds} | {' | '.join(cells)} | "
            f"{min(last):.3f} to {max(last):.3f} |"
        )


def tell(text: str) -> None:
    """Report progress beside the tables."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Measure everything; return 1 if a claim is missed."""
    parser = common.parser(__doc__)
    parser.add_argument(
        "networks",
        nargs="?",
        choices=("first", "classic"),
        default="first",
        help="which to train (default first)",
    )
    parser.add_argument("--seeds", type=common.count)
    parser.add_argument("--epochs", type=common.count)
    parser.add_argument("--hands", type=common.count, default=20)
    parser.add_argument(
        "--log",
        type=Path,
        help="with classic: a file that keeps what is measured, and from "
        "which a training that was broken off goes on",
    )
    options = parser.parse_args()
    found = datasets.status()
    needed = SETS if options.networks == "first" else ["cifar10"]
    if not {found[name] for name in needed} <= {"your copy", "cache"}:
        sys.exit(
            "This measures on real images only: set COURSE_DATA_DIR to a "
            f"folder with {' and '.join(f'{name}.npz' for name in needed)}, "
            "or download them with `python start.py data fetch`."
        )
    begin = time.perf_counter()
    modules = ("numpy", "PIL", "keras", keras.backend.backend())
    print(
        f"{datetime.date.today()}, Python {platform.python_version()}, "
        + ", ".join(f"{m} {import_module(m).__version__}" for m in modules)
    )
    if options.networks == "classic":
        classic(options)
        tell(f"{time.perf_counter() - begin:.0f} s in all")
        return 0
    options.seeds = options.seeds or 3
    options.epochs = options.epochs or 5
    data = {name: datasets.load(name) for name in SETS}
    reached = {}
    networks, reached["mnist"] = trained("mnist", data["mnist"], options)
    right = drawings(options, networks)
    photos(networks)
    print(
        "\nOne epoch of an ordinary `fit` on MNIST takes "
        f"{seconds_per_epoch(data['mnist']):.1f} s (median of 3)."
    )
    _, reached["fashion_mnist"] = trained(
        "fashion_mnist", data["fashion_mnist"], options
    )
    tell(f"{time.perf_counter() - begin:.0f} s in all")

    problems = [
        f"{SETS[name]}: {reached[name]:.4f} on the test images, "
        f"claimed is {bar}."
        for name, bar in ACCURACY.items()
        if reached[name] < bar
    ]
    if right < RIGHT:
        problems.append(
            f"{right:.2f} of ten drawings are right, claimed is {RIGHT}."
        )
    return common.verdict(problems, options)


if __name__ == "__main__":
    sys.exit(main())
