"""Which accelerator is there, how much work is reasonable, and saying so."""

from __future__ import annotations

import importlib.metadata
import os
import platform
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


def _version(*packages: str) -> str:
    for package in packages:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "not installed"
