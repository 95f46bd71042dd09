"""The run profile is the one asked for, and looking for it is cheap."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

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
