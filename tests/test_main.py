"""The commands keep a learner's work and say what they do."""

import json
import os
import re
import socket
import sys
from pathlib import Path

from course_utils import __main__ as commands
from course_utils import doctor

import nbformat
import pytest

V4 = nbformat.v4


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Return a course of two lectures, in a folder with an awkward name."""
    root = tmp_path / "my course 课程"
    folder = root / "notebooks"
    folder.mkdir(parents=True)
    monkeypatch.setattr(commands, "ROOT", root)
    monkeypatch.setattr(commands, "NOTEBOOKS", folder)
    monkeypatch.delenv("COURSE_WORK_DIR", raising=False)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in "00_start_here", "02_gradient_descent":
        cell = V4.new_code_cell("1 + 1", execution_count=3)
        cell.outputs = [V4.new_output("stream", text="the answer: 2")]
        notebook = V4.new_notebook(cells=[V4.new_markdown_cell("# 梯"), cell])
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return root


@pytest.fixture
def launched(monkeypatch):
    """Return a list of what would have been launched."""
    calls = []

    def note(command, folder):
        calls.append((command, folder))
        return 0

    monkeypatch.setattr(commands, "hand_over", note)
    return calls


def edit(path, source):
    """Change the code in a notebook, as a learner or an author does."""
    notebook = nbformat.read(path, 4)
    notebook.cells[1].source = source
    nbformat.write(notebook, path)


# lab


def test_lab_copies_lectures_without_their_answers(course, launched, capsys):
    assert commands.main(["lab", "--no-browser"]) == 0
    copied = course / "work" / "02_gradient_descent.ipynb"
    notebook = nbformat.read(copied, 4)
    assert notebook.cells[1].outputs == []
    assert notebook.cells[1].execution_count is None
    assert notebook.cells[0].source == "# 梯"
    assert len(list((course / "work").iterdir())) == 2
    shown = capsys.readouterr().out
    assert str(course / "work") in shown
    assert "python3 start.py reset" in shown


def test_copies_continue_slides_as_jupyterlab_wants_it(course, launched):
    original = course / "notebooks" / "02_gradient_descent.ipynb"
    notebook = nbformat.read(original, 4)
    for cell, kind in zip(notebook.cells, ("slide", "-"), strict=True):
        cell.metadata["slideshow"] = {"slide_type": kind}
    nbformat.write(notebook, original)
    commands.main(["lab", "--no-browser"])
    copied = nbformat.read(course / "work" / original.name, 4)
    kinds = [cell.metadata.get("slideshow") for cell in copied.cells]
    assert kinds == [{"slide_type": "slide"}, None]


@pytest.mark.parametrize(("teacher", "cells"), [("", 2), ("1", 3)])
def test_only_teachers_get_the_notes_for_teachers(
    course, launched, monkeypatch, teacher, cells
):
    original = course / "notebooks" / "02_gradient_descent.ipynb"
    notebook = nbformat.read(original, 4)
    note = V4.new_markdown_cell(
        "The answer is 2.", metadata={"slideshow": {"slide_type": "notes"}}
    )
    notebook.cells.append(note)
    nbformat.write(notebook, original)
    monkeypatch.setenv("COURSE_TEACHER", teacher)
    commands.main(["lab"])
    copied = nbformat.read(course / "work" / original.name, 4)
    assert len(copied.cells) == cells


def test_lab_never_overwrites(course, launched, capsys):
    commands.main(["lab"])
    mine = course / "work" / "02_gradient_descent.ipynb"
    edit(mine, "my own work")
    before = mine.read_bytes()
    capsys.readouterr()
    commands.main(["lab"])
    assert mine.read_bytes() == before
    assert "Copied" not in capsys.readouterr().out


def test_lab_says_which_lectures_have_changed(course, launched, capsys):
    commands.main(["lab"])
    original = course / "notebooks" / "02_gradient_descent.ipynb"
    notebook = nbformat.read(original, 4)
    notebook.cells[1].outputs = []
    nbformat.write(notebook, original)
    capsys.readouterr()
    commands.main(["lab"])
    assert "updated" not in capsys.readouterr().out, "only outputs changed"
    edit(original, "a better lecture")
    commands.main(["lab"])
    shown = capsys.readouterr().out
    assert "02_gradient_descent has been updated" in shown
    assert "python3 start.py reset 02" in shown
    assert "00_start_here" not in shown
    commands.main(["reset", "02"])
    capsys.readouterr()
    commands.main(["lab"])
    assert "updated" not in capsys.readouterr().out


def test_lab_keeps_the_token_and_stays_on_this_computer(course, launched):
    commands.main(["lab", "--", "--ServerApp.shutdown_no_activity_timeout=9"])
    command, folder = launched[0]
    options = {option.split("=")[0] for option in command}
    assert "--ip=127.0.0.1" in command
    assert not [o for o in options if "token" in o or "password" in o]
    assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in command
    assert "--no-browser" not in command
    assert command[-1] == "--ServerApp.shutdown_no_activity_timeout=9"
    assert folder == course / "work"


def test_lab_in_a_container_can_be_reached_from_outside(course, launched):
    commands.main(["lab", "--ip=0.0.0.0"])
    command, _ = launched[0]
    assert [o for o in command if "--ip" in o] == ["--ip=0.0.0.0"]


def test_lab_asks_for_no_news(course):
    folder = Path(commands.__file__).parent / "jupyter" / "labconfig"
    settings = json.loads(
        (folder / "default_setting_overrides.json").read_text("utf-8")
    )
    news = settings["@jupyterlab/apputils-extension:notification"]
    assert news == {"fetchNews": "false", "checkForUpdates": False}


def test_lab_as_root_warns_and_starts(course, launched, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    commands.main(["lab"])
    assert "Warning: you are root" in capsys.readouterr().out
    assert "--allow-root" in launched[0][0]
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    commands.main(["lab"])
    assert "Warning" not in capsys.readouterr().out
    assert "--allow-root" not in launched[1][0]


def test_a_taken_port_is_told_with_a_free_one(course, launched):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(commands.Stop) as problem:
            commands.main(["lab", "--port", str(port)])
    assert f"Port {port} is taken" in str(problem.value)
    free = int(re.search(r"--port (\d+)", str(problem.value)).group(1))
    assert commands.is_free(free)
    assert not launched
    commands.main(["lab", "--port", str(free)])
    assert f"--port={free}" in launched[0][0]
    assert "--ServerApp.port_retries=0" in launched[0][0]
    with pytest.raises(commands.Stop, match="does not exist"):
        commands.main(["lab", "--port", "70000"])


def test_copies_can_live_elsewhere(course, launched, monkeypatch, tmp_path):
    monkeypatch.setitem(os.environ, "COURSE_WORK_DIR", str(tmp_path / "课 1"))
    commands.main(["lab"])
    assert (tmp_path / "课 1" / "00_start_here.ipynb").exists()
    assert not (course / "work").exists()
    assert launched[0][1] == tmp_path / "课 1"


def test_a_folder_that_cannot_be_written_is_told(course, launched):
    (course / "work").write_text("a file where the folder should be")
    with pytest.raises(commands.Stop, match="Set COURSE_WORK_DIR"):
        commands.main(["lab"])
    assert not launched


@pytest.mark.parametrize("junk", ["", "{", "[]", "{}", '{"cells": [1]}', "\0"])
def test_damaged_notebooks_are_told_in_a_line(course, launched, capsys, junk):
    commands.main(["lab"])
    mine = course / "work" / "00_start_here.ipynb"
    mine.write_text(junk)
    capsys.readouterr()
    commands.main(["lab"])
    shown = capsys.readouterr().out
    assert "damaged" in shown and "reset 00" in shown
    assert mine.read_text() == junk
    (course / "notebooks" / "02_gradient_descent.ipynb").write_text(junk)
    commands.main(["lab"])
    assert "git restore" in capsys.readouterr().out
    assert len(launched) == 3


def test_a_course_without_lectures_is_told(course, launched):
    for path in (course / "notebooks").iterdir():
        path.unlink()
    with pytest.raises(commands.Stop, match="There are no lectures"):
        commands.main(["lab"])


# reset


def test_reset_keeps_every_old_copy(course, launched, capsys):
    commands.main(["lab"])
    mine = course / "work" / "02_gradient_descent.ipynb"
    for number in range(3):
        edit(mine, f"attempt {number}")
        commands.main(["reset", "2"])
    kept = sorted(mine.parent.glob("02_gradient_descent-*.ipynb"))
    sources = {nbformat.read(p, 4).cells[1].source for p in kept}
    assert sources == {"attempt 0", "attempt 1", "attempt 2"}
    assert nbformat.read(mine, 4).cells[1].source == "1 + 1"
    assert str(kept[0]) in capsys.readouterr().out


def test_reset_understands_names_and_refuses_unknown_ones(course):
    commands.main(["reset", "02_gradient_descent.ipynb", "00"])
    assert len(list((course / "work").iterdir())) == 2
    with pytest.raises(commands.Stop, match=r"no lecture 77; .*00_start_here"):
        commands.main(["reset", "77"])


def test_reset_replaces_a_damaged_copy(course, launched):
    mine = course / "work" / "00_start_here.ipynb"
    mine.parent.mkdir()
    mine.write_text("{")
    commands.main(["reset", "00"])
    assert nbformat.read(mine, 4).cells
    assert len(list(mine.parent.iterdir())) == 2


# test


def test_test_passes_everything_on_to_pytest(course, launched):
    commands.main(["test", "-k", "a or b", "-x", "tests/test_toy.py"])
    commands.main(["test", "--browser", "--", "--durations=3"])
    (plain, folder), (browser, _) = launched
    assert plain[:3] == [sys.executable, "-m", "pytest"]
    assert plain[-4:] == ["-k", "a or b", "-x", "tests/test_toy.py"]
    assert "-n" in plain
    assert "--browser" not in plain
    # Alone and one after the other: they measure how fast a page answers.
    assert "-n" not in browser
    assert browser[-3:] == ["tests/browser", "--browser", "--durations=3"]
    assert folder == course


def test_a_wrong_option_is_refused(course, launched, capsys):
    with pytest.raises(SystemExit):
        commands.main(["lab", "--prot", "1"])
    assert "--prot" in capsys.readouterr().err


# render


def test_render_stores_the_same_bytes_twice(course):
    path = course / "notebooks" / "00_start_here.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.metadata = {
        "widgets": {"junk": 1},
        "language_info": {"name": "python", "version": "3.9.1"},
        "title": "kept",
    }
    widget = (
        "from IPython.display import display\n"
        f"display({{{commands.WIDGET_VIEW!r}: {{'model_id': 'x'}}, "
        "'text/plain': 'a slider'}, raw=True)"
    )
    notebook.cells += [
        V4.new_code_cell("for i in range(50): print('é', i, flush=True)"),
        V4.new_code_cell(widget),
        V4.new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]}),
    ]
    nbformat.write(notebook, path)
    assert commands.render_one(path)
    first = path.read_bytes()
    assert commands.render_one(path)
    assert path.read_bytes() == first
    stored = nbformat.read(path, 4)
    nbformat.validate(stored)
    assert [c.id for c in stored.cells] == [c.id for c in notebook.cells]
    assert stored.metadata.language_info == {"name": "python"}
    assert stored.metadata.title == "kept"
    assert "widgets" not in stored.metadata
    assert len(stored.cells[2].outputs) == 1
    assert stored.cells[3].outputs[0].data == {"text/plain": "a slider"}
    assert stored.cells[4].outputs[0].ename == "ZeroDivisionError"
    assert b'execution"' not in first and b"\r" not in first


def test_render_leaves_a_failing_notebook_alone(course, capsys):
    path = course / "notebooks" / "00_start_here.ipynb"
    edit(path, "# a comment\nraise ValueError('no such thing')")
    before = path.read_bytes()
    assert not commands.render_one(path)
    assert path.read_bytes() == before
    shown = capsys.readouterr().out
    assert "cell 1" in shown and "ValueError: no such thing" in shown
    assert [p.name for p in path.parent.glob(".saving*")] == []


# doctor


def test_doctor_names_a_problem_and_goes_on(capsys, monkeypatch, tmp_path):
    def broken():
        raise RuntimeError("no kernel: do this")

    monkeypatch.setattr(doctor, "tensorflow", lambda: "imports")
    monkeypatch.setattr(doctor, "kernel", lambda: "starts")
    assert doctor.examine(tmp_path / "not" / "yet") == 0
    assert "Everything is fine" in capsys.readouterr().out
    monkeypatch.setattr(doctor, "packages", broken)
    assert doctor.examine(tmp_path) == 1
    shown = capsys.readouterr().out
    assert re.search(r"problem +packages +no kernel: do this", shown)
    assert re.search(r"ok +kernel", shown)
