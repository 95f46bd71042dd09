"""How long does a training step wait for its data?

The networks of lecture 09 are trained on four feeds, in alternation:
- one batch that is a tensor already, which is the least that a feed can cost;
- arrays in memory, given to `fit`, as the lecture does it;
- a Python generator, given to `fit`, that opens PNG files with Pillow, one
  after the other; Keras runs it in a thread, some batches ahead;
- the same generator in a loop of one's own, where nothing runs ahead.

A step first asks the feed for a batch, and is then compiled arithmetic. Both
are timed. "asking" is the share of the first in a step; one batch that is
always ready cannot be waited for, so that what it takes is the price of the
call. "waiting" is the share of what a feed takes longer than that. What a feed
does meanwhile in other threads takes cores from the arithmetic: the
milliseconds of a whole step tell that. They scatter on a busy machine, the
shares less.

The images are noise: what is in them makes no difference to the time.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

from course_utils import models

import common
import keras
import numpy as np
import tensorflow as tf
from PIL import Image

SHARE = 0.05  # at most, of a step on arrays
SIZE = (32, 32, 3)
# The least widths of lecture 09, for wider networks wait less; and how many
# images make a round.
NETWORKS = {
    "LeNet-5": (lambda: models.lenet5(SIZE), 2048),
    "Inception-10, half": (lambda: models.inception10(SIZE, width=0.5), 512),
}
BATCHES = (32, 128)
ONE, ARRAYS = "one batch", "arrays in fit"


class Clock:
    """Takes the time of every step of `fit`, in two parts.

    Attributes:
        asked: Seconds until steps had their batches.
        worked: Seconds of arithmetic.
    """

    def __init__(self, model: keras.Model) -> None:
        """Step in between the feed and the compiled step of a model."""
        self.reset()
        model.make_train_function()
        self.step = model.train_function
        model.train_function = self.timed

    def reset(self) -> None:
        """Forget the steps so far."""
        self.asked = self.worked = 0.0

    def timed(self, feed: Iterator) -> dict:
        """Do what the model would do with the next batch of the feed."""
        begin = time.perf_counter()
        batch = next(feed)
        ready = time.perf_counter()
        logs = self.step([batch])
        self.asked += ready - begin
        self.worked += time.perf_counter() - ready
        return logs


def png(image: np.ndarray) -> bytes:
    """Return what a PNG file of this image holds."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def opened(files: list[bytes], y: np.ndarray, batch: int) -> Iterator[tuple]:
    """Open one file after the other, and yield batches, for ever."""
    while True:
        for i in range(0, len(files), batch):
            images = [
                np.array(Image.open(io.BytesIO(file))) / 255
                for file in files[i : i + batch]
            ]
            yield np.array(images, "float32"), y[i : i + batch]


def epochs(
    model: keras.Model, clock: Clock, images: np.ndarray, batch: int
) -> dict[str, Callable[[], object]]:
    """Return by the name of a feed what trains on it for one epoch."""
    x = images / np.float32(255)
    y = np.arange(len(x)) % 10
    steps = len(x) // batch
    files = [png(image) for image in images]
    one = tf.data.Dataset.from_tensors((x[:batch], y[:batch])).repeat(steps)
    endless = opened(files, y, batch)
    fit = partial(model.fit, verbose=0)
    return {
        ONE: lambda: fit(one, shuffle=False),
        ARRAYS: lambda: fit(x, y, batch_size=batch),
        "generator in fit": lambda: fit(
            opened(files, y, batch), steps_per_epoch=steps, shuffle=False
        ),
        "generator in a loop": lambda: [
            clock.timed(endless) for _ in range(steps)
        ],
    }


def compare(
    model: keras.Model, images: int, batch: int, rounds: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Train on every feed in turn.

    Returns:
        By feed: the seconds of a step, and those of them in which it asks for
        its batch, each of shape `(rounds,)`.
    """
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (images, *SIZE), dtype=np.uint8)
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    clock = Clock(model)
    ways = epochs(model, clock, noise, batch)
    found = {name: [] for name in ways}
    for turn in range(rounds + 1):
        # Whoever comes first changes, so that a machine that gets slower or
        # faster favours none.
        for name in list(ways)[:: 1 if turn % 2 else -1]:
            clock.reset()
            ways[name]()
            if turn:  # the first one compiles
                whole = clock.asked + clock.worked
                found[name].append((whole, clock.asked))
    steps = images // batch
    return {
        name: tuple(np.transpose(pairs) / steps)
        for name, pairs in found.items()
    }


def main() -> int:
    """Measure, print, and return 1 if the bar is missed."""
    parser = common.parser(__doc__)
    parser.add_argument(
        "--rounds",
        type=common.count,
        default=5,
        help="how often each (default 5)",
    )
    options = parser.parse_args()
    print(
        f"{options.rounds} rounds, {os.cpu_count()} cores, "
        f"Keras {keras.__version__} on TensorFlow {tf.__version__}\n\n"
        f"{'network':20}{'batch':>6}  {'feed':20}{'ms a step':>10}"
        f"{'asking':>9}{'waiting':>9}  least to greatest"
    )
    problems = []
    for name, (build, images) in NETWORKS.items():
        for batch in BATCHES:
            found = compare(build(), images, batch, options.rounds)
            for feed, (whole, asked) in found.items():
                shares = (asked - found[ONE][1]) / whole
                share = float(np.median(shares))
                print(
                    f"{name:20}{batch:6}  {feed:20}"
                    f"{1000 * np.median(whole):10.2f}"
                    f"{np.median(asked / whole):9.1%}{share:9.1%}"
                    f"  {min(shares):.1%} to {max(shares):.1%}",
                    flush=True,
                )
                # Written so that NaN is a problem too.
                if feed == ARRAYS and not share <= SHARE:
                    problems.append(
                        f"{name}, batches of {batch}: {share:.1%} of a step "
                        f"is waiting for arrays, the bar is {SHARE:.0%}."
                    )
    return common.verdict(problems, options)


if __name__ == "__main__":
    sys.exit(main())
