"""The files that describe the environment agree with each other."""

import importlib.metadata
import logging
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LINES = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
PINS = [Requirement(line) for line in LINES if line.strip()]
SYSTEMS = {
    "Linux": ("linux", "Linux", "x86_64", "posix"),
    "Linux on ARM": ("linux", "Linux", "aarch64", "posix"),
    "Windows": ("win32", "Windows", "AMD64", "nt"),
    "macOS": ("darwin", "Darwin", "arm64", "posix"),
}


def surroundings(system, python):
    """Return the variables of pip's markers on another computer."""
    platform, name, machine, os_name = SYSTEMS[system]
    return {
        "sys_platform": platform,
        "platform_system": name,
        "platform_machine": machine,
        "os_name": os_name,
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def pinned(variables=None):
    """Return {name: version} of the pins that apply."""
    return {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in PINS
        if pin.marker is None or pin.marker.evaluate(variables)
    }


def test_pins_are_exact_and_name_no_server():
    for line, pin in zip(LINES, PINS, strict=True):
        assert re.fullmatch(r"==[\w.+!]+", str(pin.specifier)), line
        assert "://" not in line and not line.startswith("-"), line


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_one_tensorflow_for_each_computer(system, python):
    found = {n for n in pinned(surroundings(system, python)) if "tensorf" in n}
    small = system in ("Linux", "Windows")
    assert found == {"tensorflow-cpu" if small else "tensorflow"}


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_pins_are_within_the_ranges_of_the_project(system, python):
    variables = surroundings(system, python)
    project = PROJECT["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    versions = pinned(variables)
    for text in wanted:
        wish = Requirement(text)
        if wish.marker is None or wish.marker.evaluate(variables):
            version = versions[canonicalize_name(wish.name)]
            assert wish.specifier.contains(version), text


def test_pins_need_nothing_that_is_not_pinned():
    # They are installed with --no-deps, so a gap would be noticed late.
    versions = pinned()
    for name in versions:
        for text in importlib.metadata.requires(name) or []:
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                version = versions.get(canonicalize_name(need.name))
                assert version, f"{name} needs {text}"
                assert need.specifier.contains(version), f"{name}: {text}"


def test_the_same_pythons_everywhere():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip, rest = conda["dependencies"]
    assert python == "python " + PROJECT["project"]["requires-python"]
    assert pip == "pip"
    assert rest["pip"] == ["-r requirements.txt", "-e ."]


def test_the_package_is_light_and_silences_tensorflow():
    code = (
        "import os, sys, course_utils; "
        "print(len(sys.modules), 'tensorflow' in sys.modules, "
        "'numpy' in sys.modules, os.environ['TF_CPP_MIN_LOG_LEVEL'], "
        "os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    modules, *rest = run.stdout.split()
    assert rest == ["False", "False", "2", "0"]
    assert int(modules) < 100
    started = time.perf_counter()
    __import__("importlib").reload(__import__("course_utils"))
    assert time.perf_counter() - started < 0.1


def test_many_graphs_are_no_reason_for_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    import course_utils  # noqa: F401

    logger = logging.getLogger("tensorflow")
    logger.warning("5 out of the last 9 calls triggered tf.function retracing")
    logger.warning("something else")
    assert [record.message for record in caplog.records] == ["something else"]


def test_the_version_is_the_same_in_both_places():
    import course_utils

    assert course_utils.__version__ == PROJECT["project"]["version"]


def test_no_package_server_is_named_in_the_project():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = [n for n in listed.stdout.split("\0") if n]
    assert not [n for n in names if n.startswith(("work/", ".venv"))]
    wrong = re.compile(r"pypi\.|pythonhosted|(?<!emit-)index-url")
    for name in names:
        if Path(name) == Path(__file__).relative_to(ROOT):
            continue
        path = ROOT / name
        if path.suffix in {".py", ".toml", ".txt", ".yml", ".md", ".cfg"}:
            assert not wrong.search(path.read_text("utf-8")), name
