"""What does `LivePlot` cost?

The same small model is trained with and without it, in alternation, and each
pair gives one ratio; the median of the ratios counts. Small batches of a small
model are the worst case: the callback runs once per batch, however much there
is to compute.

On a busy machine the ratios scatter. The time spent inside the callback, as a
share of the training, scatters less and is printed beside them.

Without a notebook the frames are made, and have no browser to go to. So every
frame is also packed as Jupyter would pack it.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

from course_utils.training import LivePlot

import common
import keras
import numpy as np
from ipywidgets.widgets.widget import _remove_buffers

DEAREST = 1.05  # times as long as without
SAMPLES, BATCH = 4096, 32


def small_model() -> keras.Model:
    """Return a compiled network for ten features and two classes."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((10,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(2),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.05),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


class Packed:
    """Packs every frame as a message and counts it."""

    def __init__(self, plot: keras.callbacks.Callback) -> None:
        self.frames = self.bytes = 0
        plot.curves.canvas.observe(self._pack, "frame")

    def _pack(self, change: dict) -> None:
        state, _, buffers = _remove_buffers({"frame": change["new"]})
        self.frames += 1
        self.bytes += len(json.dumps(state)) + sum(map(len, buffers))


class Clock:
    """Adds up the time that the hooks of a callback take."""

    def __init__(self, plot: keras.callbacks.Callback) -> None:
        self.seconds = 0.0
        for name in ("on_train_batch_end", "on_epoch_end", "on_train_end"):
            setattr(plot, name, self._timed(getattr(plot, name)))

    def _timed(self, hook: Callable[..., None]) -> Callable[..., None]:
        def timed(*args: object, **more: object) -> None:
            begin = time.perf_counter()
            hook(*args, **more)
            self.seconds += time.perf_counter() - begin

        return timed


def seconds(
    model: keras.Model,
    data: tuple[np.ndarray, np.ndarray],
    epochs: int,
    callbacks: list,
) -> float:
    """Return how long `fit` takes."""
    begin = time.perf_counter()
    model.fit(
        *data, epochs=epochs, batch_size=BATCH, verbose=0, callbacks=callbacks
    )
    return time.perf_counter() - begin


def main() -> int:
    """Measure, print, and return 1 if the bar is missed."""
    parser = common.parser(__doc__)
    parser.add_argument(
        "--pairs",
        type=common.count,
        default=15,
        help="how many pairs (default 15)",
    )
    parser.add_argument(
        "--epochs",
        type=common.count,
        default=5,
        help="per training (default 5)",
    )
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLES, 10)).astype("float32")
    data = (x, (x[:, 0] * x[:, 1] > 0).astype("int32"))
    model = small_model()
    seconds(model, data, 1, [])  # compiles
    ratios, times, shares, frames, size = [], [], [], 0, 0
    for pair in range(options.pairs):
        plot = LivePlot()
        packed, clock = Packed(plot), Clock(plot)
        took = {}
        # Whoever comes first changes, so that a machine that gets slower or
        # faster favours neither.
        for name in ("with", "without")[:: 1 if pair % 2 else -1]:
            callbacks = [plot] if name == "with" else []
            took[name] = seconds(model, data, options.epochs, callbacks)
        ratios.append(took["with"] / took["without"])
        times.append(took["without"])
        shares.append(clock.seconds / took["with"])
        frames += packed.frames
        size += packed.bytes
    ratio = statistics.median(ratios)
    batches = options.epochs * SAMPLES // BATCH
    print(
        f"{options.pairs} pairs of {batches} batches, "
        f"{1e6 * statistics.median(times) / batches:.0f} µs per batch without\n"
        f"{frames / options.pairs:.1f} frames a training, "
        f"{size / max(frames, 1):.0f} bytes each\n"
        f"time with / without LivePlot: median {ratio:.3f}, "
        f"{min(ratios):.3f} to {max(ratios):.3f}\n"
        f"inside LivePlot: median {100 * statistics.median(shares):.1f} % of "
        "the training"
    )
    problems = []
    if ratio > DEAREST:
        problems.append(
            f"LivePlot costs {100 * (ratio - 1):.1f} %, the bar is "
            f"{100 * (DEAREST - 1):.0f} %."
        )
    return common.verdict(problems, options)


if __name__ == "__main__":
    sys.exit(main())
