"""Which accelerator is there, how much work is reasonable, and saying so."""

from __future__ import annotations

import gc
import importlib.metadata
import os
import platform
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")
PROFILES = ("quick", "laptop", "gpu")


def accelerator() -> str:
    """Name what TensorFlow computes on: "GPU" or "CPU".

    The first call also lets TensorFlow take GPU memory as it needs it, so
    that two notebooks can share one GPU.

    Returns:
        "GPU" if TensorFlow sees at least one, else "CPU".
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:
            # The GPU is in use already, with the memory plan it started with.
            break
    return "GPU" if gpus else "CPU"


def profile() -> str:
    """Say how much work the notebooks should do on this machine.

    Returns:
        `$COURSE_PROFILE` if it is set ("quick" for tests, "laptop", "gpu"),
        else "gpu" where TensorFlow sees a GPU, else "laptop".

    Raises:
        ValueError: `$COURSE_PROFILE` is something else.
    """
    wanted = os.environ.get("COURSE_PROFILE", "").strip().lower()
    if wanted in PROFILES:
        return wanted
    if wanted:
        raise ValueError(
            f"COURSE_PROFILE is {wanted!r}, expected one of "
            f"{', '.join(PROFILES)}. Unset it to let the course choose."
        )
    return "gpu" if accelerator() == "GPU" else "laptop"


def budget(*, quick: Value, laptop: Value, gpu: Value) -> Value:
    """Choose the amount of work that suits this machine.

    Args:
        quick: For automatic tests: seconds.
        laptop: For a machine without a GPU: at most about a minute a cell.
        gpu: The full recipe.

    Returns:
        The argument that `profile()` names.
    """
    return {"quick": quick, "laptop": laptop, "gpu": gpu}[profile()]


def banner() -> str:
    """Describe the environment in one line.

    Returns:
        Versions of Python, TensorFlow and Keras, accelerator and profile.
    """
    versions = " · ".join(
        f"{name} {_version(*packages)}"
        for name, packages in (
            ("TensorFlow", ("tensorflow-cpu", "tensorflow")),
            ("Keras", ("keras",)),
        )
    )
    return (
        f"Python {platform.python_version()} · {versions} · "
        f"{accelerator()} · profile {profile()}"
    )


def within_memory(
    train: Callable[[int], Value], batch: int, smallest: int = 8
) -> Value:
    """Train, with half the batch where the accelerator's memory is too small.

    Args:
        train: Called with a number of examples per batch. It begins anew at
            each call, and so builds its model itself.
        batch: Examples per batch of the first try.
        smallest: Examples per batch of the last try.

    Returns:
        What `train` returns.

    Raises:
        MemoryError: Not even the smallest batch fits.
        ValueError: The sizes are not `1 <= smallest <= batch`.
    """
    if not 1 <= smallest <= batch:
        raise ValueError(
            f"expected 1 <= smallest <= batch, got smallest {smallest} "
            f"and batch {batch}"
        )
    while True:
        try:
            return train(batch)
        except Exception as error:
            if not _is_out_of_memory(error):
                raise
            if batch == smallest:
                raise MemoryError(
                    f"Not even batches of {batch} fit into the accelerator's "
                    "memory. Close other notebooks, choose a smaller width, "
                    "or restart with COURSE_PROFILE=laptop."
                ) from error
        # A model is full of cycles: without this its memory stays taken.
        gc.collect()
        tried, batch = batch, max(batch // 2, smallest)
        print(
            f"Batches of {tried} need more memory than the accelerator has "
            f"left: trying {batch}. Closing other notebooks frees memory."
        )


def _is_out_of_memory(error: Exception) -> bool:
    """Recognise the errors of TensorFlow, JAX and PyTorch, not imported."""
    known = {"ResourceExhaustedError", "OutOfMemoryError"}
    text = str(error)
    return (
        type(error).__name__ in known
        or "RESOURCE_EXHAUSTED" in text
        or "out of memory" in text.lower()
    )


def _version(*packages: str) -> str:
    for package in packages:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "not installed"
