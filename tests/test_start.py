"""start.py refuses, mends and reports as its users need it to."""

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from course_utils import __main__ as commands

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = (ROOT / "start.py").read_text("utf-8")


@pytest.fixture
def start(tmp_path):
    """Return start.py, loaded in a folder where it can do no harm."""
    folder = tmp_path / "my course 课程"
    folder.mkdir()
    for name in "start.py", "requirements.txt":
        shutil.copy(ROOT / name, folder)
    spec = importlib.util.spec_from_file_location("start", folder / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def made(start):
    """Return start.py with an environment that looks complete."""
    site = start.VENV / "lib/python3.12/site-packages"
    if start.WINDOWS:
        site = start.VENV / "Lib/site-packages"
    for name in "numpy", "numpy-2.4.6.dist-info", "keras":
        (site / name).mkdir(parents=True)
    start.PYTHON.parent.mkdir(exist_ok=True)
    start.python_version = lambda command: "3.12 64"
    stamp = {
        "python": "3.12 64",
        "variant": "cpu",
        "pins": start.fingerprint(),
        "files": ["keras", "numpy", "numpy-2.4.6.dist-info"],
    }
    start.STAMP.write_text(json.dumps(stamp), "utf-8")
    return start


def site(start):
    """Return the site-packages folder of start's environment."""
    return start.packages()[0]


# Refusals


def test_old_pythons_can_read_it():
    ast.parse(SOURCE, feature_version=(3, 6))


@pytest.mark.parametrize(
    ("version", "bits", "system", "machine", "words"),
    [
        ((3, 6), 64, "linux", "x86_64", "This is Python 3.6, and the course"),
        ((3, 10), 64, "linux", "x86_64", "needs 3.11, 3.12 or 3.13"),
        ((3, 14), 64, "darwin", "arm64", "TensorFlow has no release"),
        ((3, 12), 32, "win32", "x86", "32 bits"),
        ((3, 12), 64, "darwin", "x86_64", "Intel Macs"),
        ((3, 12), 64, "win32", "ARM64", "ARM"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(
    start, version, bits, system, machine, words
):
    line = start.refusal(version, bits, system, machine)
    assert words in line
    assert "\n" not in line


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_supported_pythons_are_welcome(start, version):
    assert start.refusal(version, 64, "linux", "x86_64") is None


@pytest.mark.parametrize(
    ("system", "there", "advice"),
    [
        ("linux", ["python3.12"], "Type: python3.12 start.py test -x"),
        ("win32", ["py", "-3.13"], "Type: py -3.13 start.py test -x"),
        ("linux", ["nothing"], "Install Python 3.13 from python.org"),
    ],
)
def test_a_refusal_names_a_python_that_is_there(start, system, there, advice):
    def fake(command):
        return f"{there[-1][-4:]} 64" if command == there else None

    start.python_version = fake
    there[-1:] = [there[-1]]
    line = start.refusal((3, 14), 64, system, "x86_64", ["test", "-x"])
    assert advice in line


def test_a_python_that_only_seems_to_be_there_is_not_named(start, tmp_path):
    fake = tmp_path / "python3.12"
    fake.write_text("#!/bin/sh\nexit 127\n")
    fake.chmod(0o755)
    assert start.python_version([str(fake)]) is None
    assert start.python_version([str(tmp_path / "missing")]) is None
    assert start.python_version([sys.executable]) is not None


def test_gpu_is_refused_where_it_does_not_exist(start, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(start.Stop, match="Linux"):
        start.main(["gpu"])


# Help and commands


def test_help_needs_no_environment(start, capsys):
    for arguments in ["--help"], ["lab", "--help"]:
        assert start.main(arguments) == 0
        assert "doctor" in capsys.readouterr().out
    assert not start.VENV.exists()


def test_start_and_package_know_the_same_commands(start):
    known = set(commands.parser()._actions[1].choices)
    assert known == set(start.COMMANDS) - set(start.SIZE)


def test_a_wrong_command_installs_nothing(start):
    with pytest.raises(start.Stop, match="There is no command tset"):
        start.main(["tset"])
    assert not start.VENV.exists()


# What .venv needs


def test_a_complete_environment_is_left_alone(made):
    assert made.look() == ("", "", "cpu")
    assert made.look("gpu")[0] == "Remaking"


def test_a_missing_or_empty_environment_is_made(start):
    assert start.look()[0] == "Making"
    start.VENV.mkdir()
    assert start.look()[0] == "Making"


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", "{", '"x"'])
def test_an_unfinished_environment_is_remade(made, content):
    made.STAMP.write_text(content)
    assert made.look()[:2] == ("Remaking", "its setup was not finished")
    made.STAMP.unlink()
    assert made.look()[0] == "Remaking"


def test_a_package_folder_that_vanished_is_noticed(made):
    (site(made) / "keras").rmdir()
    assert made.look()[:2] == ("Remaking", "keras is missing in it")


def test_another_version_of_a_package_is_put_right(made):
    (site(made) / "numpy-2.4.6.dist-info").rmdir()
    (site(made) / "numpy-2.5.0.dist-info").mkdir()
    assert made.look()[0] == "Updating"


def test_more_packages_and_a_newer_pip_are_welcome(made):
    (site(made) / "seaborn").mkdir()
    assert made.look()[0] == ""


def test_new_pins_are_installed_but_line_endings_do_not_count(made):
    text = made.REQUIREMENTS.read_bytes()
    made.REQUIREMENTS.write_bytes(text.replace(b"\n", b"\r\n"))
    assert made.look()[0] == ""
    made.REQUIREMENTS.write_bytes(text + b"seaborn==0.13.2\n")
    assert made.look()[0] == "Updating"


def test_a_python_that_does_not_run_is_noticed(made):
    made.python_version = lambda command: None
    assert made.look()[:2] == ("Remaking", "its Python does not run any more")


# Deleting


def test_removing_leaves_nothing(made):
    made.remove()
    assert sorted(os.listdir(made.ROOT)) == ["requirements.txt", "start.py"]


def test_removing_does_not_follow_a_link(made, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    made.VENV.rename(elsewhere)
    made.VENV.symlink_to(elsewhere, target_is_directory=True)
    before = sorted(elsewhere.rglob("*"))
    with pytest.raises(made.Stop, match="is a link"):
        made.remove()
    assert sorted(elsewhere.rglob("*")) == before


def test_removing_refuses_a_dangling_link_and_a_file(start, tmp_path):
    start.VENV.symlink_to(tmp_path / "gone")
    with pytest.raises(start.Stop, match="is a link or a file"):
        start.remove()
    start.VENV.unlink()
    start.VENV.write_text("")
    with pytest.raises(start.Stop, match="is a link or a file"):
        start.remove()


def test_a_folder_in_use_is_left_whole(made, monkeypatch):
    def refuse(self, target):
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(made.Stop, match="Close JupyterLab"):
        made.remove()
    assert made.look()[0] == ""


# Setting up


def test_a_full_disk_is_told_before_anything_is_made(start, monkeypatch):
    usage = shutil._ntuple_diskusage(10**10, 10**10, 10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(start.Stop, match=r"too full: 1\.0 GB"):
        start.prepare(None, [])
    assert not start.VENV.exists()


def test_a_python_without_venv_is_told_what_to_install(start, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(start.Stop, match=r"apt install python3.*-venv"):
        start.prepare(None, [])


def test_a_read_only_folder_is_told(start, monkeypatch):
    def refuse(self, *args):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(start.Stop, match="Cannot write in"):
        start.prepare(None, [])


def test_the_second_start_waits_for_the_first(start, capsys):
    order = []

    def second():
        with start.only_one():
            order.append("second")

    with start.only_one():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
    assert "waiting" in capsys.readouterr().out


def test_a_lock_of_a_process_that_died_does_not_count(start):
    code = (
        "import runpy, os; s = runpy.run_path('start.py');"
        "c = s['only_one'](); c.__enter__(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=start.ROOT)
    assert (start.ROOT / ".venv.lock").exists()
    with start.only_one():
        pass


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("[WinError 112] There is not enough space", "disk is full"),
        ("SSLError CERTIFICATE_VERIFY_FAILED Retrying", "PIP_CERT"),
        ("WARNING: Retrying (Retry(total=4\nERROR: No matching", "No answer"),
        ("ReadTimeoutError: Read timed out.", "No answer"),
        ("socket.gaierror: getaddrinfo failed", "No answer"),
        ("ERROR: No matching distribution found for gast==9", "no gast==9"),
        ("noise\nERROR: {odd} thing\nmore", "Setup failed: {odd} thing"),
        ("ensurepip is not available", "python3-venv|python3.*-venv"),
        ("", "Setup failed"),
    ],
)
def test_a_failure_is_explained_in_one_line(start, log, words):
    line = start.explain(log)
    assert re.search(words, line)
    assert str(start.LOG) in line
    assert "\n" not in line


def test_progress_follows_what_pip_writes(start):
    ignored = "Ignoring appnope: markers 'x' don't match your environment\n"
    phase, count, text = start.progress(ignored)
    assert (phase, count) == ("downloading", 0)
    total = int(text.split()[2])
    log = ignored + (
        "Collecting absl-py==2.5.1 (from -r requirements.txt (line 1))\n"
        "  Downloading absl_py-2.5.1-py3-none-any.whl.metadata (3 kB)\n"
        "  Downloading absl_py-2.5.1-py3-none-any.whl (133 kB)\n"
        "  Using cached anyio-4.16.0-py3-none-any.whl (100 kB)\n"
        "Processing /mirror/a b/arrow-1.4.0-py3-none-any.whl\n"
    )
    assert start.progress(log)[1] >= 2
    log += "  Downloading tensorflow_cpu-2.21.0-cp312.whl (274.1 MB)\n"
    assert f"of {total} tensorflow_cpu (274.1 MB)" in start.progress(log)[2]
    log += "Collecting gast==0.7.0\n  WARNING: Retrying (Retry(total=4))\n"
    assert "trying again" in start.progress(log)[2]
    log += "Installing collected packages: a, b, c\n"
    assert start.progress(log, 1) == ("installing", 2, "2 of 3 b")
    assert start.progress(log, 9) == ("installing", 3, "3 of 3 c")
    assert start.progress(log, -5) == ("installing", 1, "1 of 3 a")


def test_gpu_takes_the_same_tensorflow_with_its_libraries(made):
    command = made.pip_command("gpu")
    assert "--no-deps" not in command
    pins = Path(command[-1]).read_text("utf-8").splitlines()
    named = [pin for pin in pins if pin.startswith("tensorflow")]
    plain = made.REQUIREMENTS.read_text("utf-8")
    version = plain.split("\ntensorflow==")[1].split()[0]
    assert named == [f"tensorflow[and-cuda]=={version}"]
    assert "--no-deps" in made.pip_command("cpu")


def test_setting_up_links_the_course_relatively_and_stamps_last(
    start, monkeypatch
):
    seen = []

    def create():
        start.VENV.mkdir()
        (start.VENV / "lib/python3.12/site-packages/numpy").mkdir(parents=True)

    def install(variant, lock):
        seen.append((variant, start.STAMP.exists()))

    monkeypatch.setattr(start, "WINDOWS", False)
    monkeypatch.setattr(start, "check_computer", lambda *args: None)
    monkeypatch.setattr(start, "create", create)
    monkeypatch.setattr(start, "install", install)
    monkeypatch.setattr(start, "python_version", lambda command: "3.12 64")
    start.prepare("gpu", [])
    assert seen == [("gpu", False)]
    assert start.look() == ("", "", "gpu")
    link = (site(start) / "course.pth").read_text("ascii").strip()
    assert not os.path.isabs(link)
    assert (site(start) / link).resolve() == start.ROOT


def test_the_environment_of_a_child_is_clean(start, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    env = start.environment()
    assert not {"PYTHONPATH", "PYTHONHOME"} & set(env)
    assert env["PYTHONUTF8"] == "1"


def test_it_has_no_shell_and_no_third_party_import():
    tree = ast.parse(SOURCE)
    found = {
        name.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    }
    assert found <= set(sys.stdlib_module_names)
    assert "shell=True" not in SOURCE
