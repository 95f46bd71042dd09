"""The run profile is the one asked for, and looking for it is cheap."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import weakref

from course_utils import device

import pytest

WORK = {"quick": 1, "laptop": 3, "gpu": 5}


@pytest.fixture(autouse=True)
def no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_PROFILE", raising=False)


def on(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that TensorFlow computes on this kind of device."""
    monkeypatch.setattr(device, "accelerator", lambda: kind)


@pytest.mark.parametrize("name", WORK)
def test_the_environment_decides(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on("GPU" if name != "gpu" else "CPU", monkeypatch)
    monkeypatch.setenv("COURSE_PROFILE", f" {name.upper()} ")
    assert device.profile() == name
    assert device.budget(**WORK) == WORK[name]


@pytest.mark.parametrize(("kind", "name"), [("GPU", "gpu"), ("CPU", "laptop")])
@pytest.mark.parametrize("setting", [None, "", "  "])
def test_else_the_machine_decides(
    kind: str,
    name: str,
    setting: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on(kind, monkeypatch)
    if setting is not None:
        monkeypatch.setenv("COURSE_PROFILE", setting)
    assert device.profile() == name
    assert device.budget(**WORK) == WORK[name]


def test_a_typing_error_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_PROFILE", "qiuck")
    with pytest.raises(ValueError, match="'qiuck'") as caught:
        device.budget(**WORK)
    for name in WORK:
        assert name in str(caught.value)


def test_the_banner_says_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    on("GPU", monkeypatch)
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    banner = device.banner()
    assert "\n" not in banner
    assert f"Python {platform.python_version()}" in banner
    assert f"Keras {keras.__version__}" in banner
    assert "TensorFlow 2." in banner
    assert banner.endswith("GPU · profile laptop")


def test_the_banner_survives_a_missing_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> str:
        raise device.importlib.metadata.PackageNotFoundError(name)

    on("CPU", monkeypatch)
    monkeypatch.setattr(device.importlib.metadata, "version", missing)
    assert "Keras not installed" in device.banner()


def answer(program: str, **environment: str) -> list[str]:
    """Run a program in a fresh Python and return what it prints."""
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_asking_for_a_set_profile_needs_no_tensorflow() -> None:
    program = (
        "import sys; from course_utils import device;"
        "print(device.profile(), 'tensorflow' in sys.modules)"
    )
    assert answer(program, COURSE_PROFILE="quick") == ["quick", "False"]


def test_the_accelerator_is_what_tensorflow_sees() -> None:
    # Twice, because the second call finds the devices in use already.
    program = """
from course_utils import device
first = device.accelerator()
import tensorflow as tf
_ = tf.ones(3) + 1
gpus = tf.config.list_physical_devices("GPU")
print(first, device.accelerator(), "GPU" if gpus else "CPU", device.profile())
"""
    first, again, seen, profile = answer(program)
    assert first == again == seen
    assert profile == {"GPU": "gpu", "CPU": "laptop"}[seen]


def failing(above: int, error: Exception) -> tuple[list[int], object]:
    """Return the sizes tried, and a training that needs too much memory."""
    tried = []

    def train(batch: int) -> str:
        tried.append(batch)
        if batch > above:
            raise error
        return f"trained with {batch}"

    return tried, train


def named(name: str, text: str, base: type = RuntimeError) -> Exception:
    return type(name, (base,), {})(text)


FULL = {
    "tensorflow": named("ResourceExhaustedError", "OOM", Exception),
    "tensorflow-xla": named("InternalError", "Out of memory while", Exception),
    "jax": named("XlaRuntimeError", "RESOURCE_EXHAUSTED: 2.1 GiB"),
    "torch": named("OutOfMemoryError", "CUDA error"),
    "torch-old": RuntimeError("CUDA out of memory. Tried 2 GiB"),
}


@pytest.mark.parametrize("error", FULL.values(), ids=FULL)
def test_a_full_accelerator_halves_the_batch(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    tried, train = failing(40, error)
    assert device.within_memory(train, 128) == "trained with 32"
    assert tried == [128, 64, 32]
    first, second = capsys.readouterr().out.splitlines()
    assert "128" in first and "trying 64" in first
    assert "64" in second and "trying 32" in second


def test_an_error_of_tensorflow_itself_is_recognised() -> None:
    import tensorflow as tf

    error = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")
    _, train = failing(16, error)
    assert device.within_memory(train, 32) == "trained with 16"


def test_enough_memory_is_not_mentioned(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, train = failing(128, FULL["jax"])
    assert device.within_memory(train, 128) == "trained with 128"
    assert capsys.readouterr().out == ""


def test_smallest_batch_is_the_last_try() -> None:
    tried, train = failing(0, FULL["jax"])
    with pytest.raises(MemoryError, match="batches of 8 ") as caught:
        device.within_memory(train, 100)
    assert tried == [100, 50, 25, 12, 8]
    assert caught.value.__cause__ is FULL["jax"]


@pytest.mark.parametrize("error", [ValueError("shape"), KeyError("loss")])
def test_other_errors_are_no_matter_of_memory(error: Exception) -> None:
    tried, train = failing(0, error)
    with pytest.raises(type(error)):
        device.within_memory(train, 64)
    assert tried == [64]


def test_memory_of_a_failed_try_is_free_for_the_next() -> None:
    alive = []

    class Model:
        def __init__(self) -> None:
            self.itself = self  # as a model is full of cycles
            alive.append(weakref.ref(self))

    def train(batch: int) -> int:
        assert not any(reference() for reference in alive)
        model = Model()
        if batch > 8:
            raise RuntimeError("out of memory")
        return len(alive) + 0 * id(model)

    assert device.within_memory(train, 32) == 3


@pytest.mark.parametrize(("batch", "smallest"), [(4, 8), (0, 0), (8, -1)])
def test_sizes_that_cannot_be_are_refused(batch: int, smallest: int) -> None:
    with pytest.raises(ValueError, match="smallest <= batch"):
        device.within_memory(lambda size: size, batch, smallest)
