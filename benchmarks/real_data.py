"""What does the first network of the course reach on the real images?

It trains 784-128-10 on MNIST and Fashion-MNIST from several seeds, plain and
with light augmentation, and lets it read digits that nobody has written
before: those of `course_utils.handwriting`. It prints tables in Markdown.

It needs the real images: set COURSE_DATA_DIR to a folder with mnist.npz and
fashion_mnist.npz, or download them first.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import sys
import time
from collections import Counter
from importlib import import_module

from course_utils import datasets, handwriting, scratch

import keras
import numpy as np
from keras import layers

SETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}
ACCURACY = {"mnist": 0.975, "fashion_mnist": 0.87}  # at least, after 5 epochs
RIGHT = 8  # of ten drawings, at least
BATCH = 32
BLOCK = 6000  # images that are augmented at once
PHOTOS = 5  # hands whose ten digits are photographed


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
    for kind, models in networks.items():
        for way, pictures in ways.items():
            named = np.array([read(model, pictures) for model in models])
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
        for kind, models in networks.items():
            right = [
                10 * np.mean(read(model, pictures) == digits)
                for model in models
            ]
            print(f"| {kind} | {shadow} | {turn}° | {np.mean(right):.2f} |")


def tell(text: str) -> None:
    """Report progress beside the tables."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Measure everything; return 1 if a claim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--hands", type=int, default=20)
    parser.add_argument(
        "--no-bar",
        action="store_true",
        help="only print, whatever the result",
    )
    options = parser.parse_args()
    if min(options.seeds, options.epochs, options.hands) < 1:
        parser.error("--seeds, --epochs and --hands must be at least 1")
    found = datasets.status()
    if not {found[name] for name in SETS} <= {"your copy", "cache"}:
        sys.exit(
            "This measures on real images only: set COURSE_DATA_DIR to a "
            "folder with mnist.npz and fashion_mnist.npz, or download them "
            "with `python start.py data fetch`."
        )
    begin = time.perf_counter()
    modules = ("numpy", "PIL", "keras", keras.backend.backend())
    print(
        f"{datetime.date.today()}, Python {platform.python_version()}, "
        + ", ".join(f"{m} {import_module(m).__version__}" for m in modules)
    )
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
    if problems and not options.no_bar:
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
