"""Grading: right answers get their points, and hostile ones harm nothing.

One folder is handed in for all of these tests, with a notebook for each kind
of attack, because starting processes is what takes the time.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from course_utils import __main__ as commands
from course_utils.grading import fence, handed_in, judge, together, wire
from course_utils.grading.grade import grade

import nbformat
import numpy as np
import psutil
import pytest

V4 = nbformat.v4
LECTURES = commands.lectures()
FIRST, SECOND = LECTURES[0], LECTURES[2]
FOLDERS = LECTURES[7]  # one of its checkers hands a folder with files over
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
RIGHT = """
def mean_squared_error(p, y, after=DONE):
    return sum((one - t) ** 2 for one, t in zip(p, y)) / len(y)
"""
WRONG = RIGHT.replace("** 2", "** 4")
CHECK = "check.start_here.mean_squared_error(mean_squared_error)"
SECONDS = 7  # for a cell, and for an answer
MEMORY = 0.15  # gigabytes


# By name: what goes with a right answer, and must not do harm.
HARMS = {
    "deletes": """
import os, shutil, pathlib
for path in (OTHERS, COURSE):
    shutil.rmtree(path, ignore_errors=True)
    for change in (os.remove, lambda one: open(one, "w").write("mine")):
        try: change(path + "/file.ipynb")
        except OSError: pass
""",
    "deletes with C": """
import ctypes, os
for folder in (OTHERS, COURSE):
    ctypes.CDLL(None).unlink(os.fsencode(folder + "/file.ipynb"))
""",
    "huge output": """
for _ in range(100):
    print("x" * 10**6)
""",
    "exits": "import sys\nsys.exit(0)",
    "waits for input": "name = input('Who are you? ')",
    "connects": """
import socket
s = socket.create_connection(("127.0.0.1", PORT), timeout=2)
s.sendall(b"hello")
""",
    "connects with C": """
import ctypes
C = ctypes.CDLL(None)
s = C.socket(2, 1, 0)
here = b"\\x7f\\0\\0\\1" + bytes(8)
C.connect(s, b"\\2\\0" + PORT.to_bytes(2, "big") + here, 16)
C.send(s, b"hello", 5, 0)
""",
    "writes to a socket with C": """
import ctypes, os
C = ctypes.CDLL(None)
s = C.socket(1, 1, 0)
there = (1).to_bytes(2, "little") + os.fsencode(SOCKET) + bytes(1)
C.connect(s, there, len(there))
C.send(s, b"hello", 5, 0)
""",
    "writes to a pipe with C": """
import ctypes, os
C = ctypes.CDLL(None)
pipe = C.open(os.fsencode(OTHERS + "/../../pipe"), 0o4001)
C.write(pipe, b"hello", 5)
""",
    "forks": """
import os
while True:
    os.fork()
""",
}
# By name: the attack, the answer, and what is said of it.
DEF = "def mean_squared_error(p, y, after=DONE):\n    "
CHEATS = {
    "redefines check": (
        "class check:\n"
        "    class start_here:\n"
        "        mean_squared_error = staticmethod(lambda a: True)",
        WRONG,
        "wrong",
    ),
    "patches the checker": (
        "from course_utils.check import exercise, start_here\n"
        "start_here.mean_squared_error = lambda a: True\n"
        "exercise.Verdict.status = 'right'\n"
        "import course_utils\n"
        "course_utils.check = None",
        WRONG,
        "wrong",
    ),
    "patches numpy": (
        "import builtins, numpy as np\n"
        "np.allclose = np.array_equal = lambda *a, **k: True\n"
        "builtins.all = lambda *a: True\n"
        "class Equal(float):\n"
        "    __eq__ = __sub__ = __rsub__ = lambda *a: 0.0",
        f"{DEF}return Equal(7)",
        "wrong",
    ),
    "says that it is right": (
        "import json, os\n"
        "line = json.dumps(dict(do='verdict', place=0, status='right', "
        "message='', token=''))\n"
        "print(line)\n"
        "for number in range(3, 60):\n"
        "    try: os.write(number, b'\\n' + line.encode() + b'\\n')\n"
        "    except OSError: pass",
        WRONG,
        "wrong",
    ),
    "asks for the reference": (
        "exec(open(CHECKERS + '/start_here.py').read())\n"
        "reference = mean_squared_error._grade",
        f"{DEF}return reference(p, y)",
        "wrong",
    ),
    "reads what others wrote": (
        "import json\n"
        "other = json.load(open(OTHERS + '/file.ipynb'))\n"
        "exec(''.join(other['cells'][1]['source']))\n"
        "stolen = mean_squared_error",
        f"{DEF}return stolen(p, y)",
        "wrong",
    ),
    "tells what the instructor may read": (
        "found = open(OTHERS + '/../../course/secret').read()",
        f"{DEF}raise ValueError(found)",
        "wrong",
    ),
    "calls the printed solution": (
        "",
        f"{DEF}return mean_squared_error_solution(p, y)",
        "wrong",
    ),
    "ends in a cell": ("import os\nos._exit(0)", RIGHT, "wrong"),
    "ends in the answer": ("import os", f"{DEF}os._exit(0)", "wrong"),
    "exits in the answer": ("", f"{DEF}exit()", "wrong"),
    "never ends": ("while True: pass", RIGHT, "wrong"),
    "never answers": ("", f"{DEF}while True: pass", "wrong"),
    "asks in the answer": ("", f"{DEF}return input()", "wrong"),
    "takes memory": (
        "held = []",
        f"{DEF}while True: held.append(bytearray(b'x') * 10**7)",
        "wrong",
    ),
    "gives back too much": ("", f"{DEF}return 'x' * 17_000_000", "wrong"),
    "forks with C": (
        "import ctypes, time\n"
        "def fork():\n"
        "    for _ in range(12):\n"
        "        if ctypes.CDLL(None).fork() == 0: break\n"
        "    time.sleep(600)",
        f"{DEF}fork()",
        "wrong",
    ),
    "does not parse": ("", "def mean_squared_error(:\n    pass", "wrong"),
    "starts another session": ("import os\nos.setsid()", RIGHT, "right"),
}


def notebook(*sources: str, heading: str = "") -> str:
    """Return a notebook with some code cells as text."""
    cells = [V4.new_code_cell(source) for source in sources]
    if heading:
        cells.insert(0, V4.new_markdown_cell(heading))
    return nbformat.writes(V4.new_notebook(cells=cells))


# By name: what is in the file, and what is said of it.
BROKEN = {
    "empty file": ("", "no JSON"),
    "broken": ('{"cells": [', "no JSON"),
    "deep": ("[" * 100_000, "no JSON"),
    "list": ("[1, 2]", "no notebook"),
    "strange cells": ('{"cells": [{"cell_type": 3}]}', "damaged"),
    "no cells": ('{"cells": []}', "empty"),
    "other bytes": ('{"cells": "\xff"}', "no JSON"),
    "much code": (notebook("x = 1\n" * 40_000), "240,000 characters of code"),
}


def solved(lecture: Path) -> str:
    """Return a lecture with the printed solutions for answers."""
    original = nbformat.read(lecture, 4)
    for place, cell in enumerate(original.cells):
        if "solution" in cell.metadata.get("tags", []):
            answer = re.sub(r"(\w+)_solution\b", r"\1", cell.source)
            original.cells[place - 2].source += f"\n\n{answer}"
    return nbformat.writes(original)


@pytest.fixture(scope="module")
def class_room(tmp_path_factory) -> Iterator[SimpleNamespace]:
    """Hand everything in, grade it once, and see what became of it."""
    root = tmp_path_factory.mktemp("class")
    folder, course = root / "handed in 作业", root / "course"
    for place in (folder / "zoe", folder / "王 小明", course):
        place.mkdir(parents=True)
    (course / "file.ipynb").write_text("the course")
    server = socket.create_server(("127.0.0.1", 0))
    (course / "secret").write_text("the marks of last year")
    # Names of sockets are short, so it stands elsewhere.
    door = Path(tempfile.mkdtemp()) / "door"
    local = socket.socket(socket.AF_UNIX) if os.name == "posix" else None
    if local:
        local.bind(str(door))
        local.listen()
        os.mkfifo(root / "pipe")
        pipe = os.open(root / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    surroundings = (
        f"SOCKET = {str(door)!r}\n"
        f"OTHERS = {str(folder / 'zoe')!r}\nCOURSE = {str(course)!r}\n"
        f"PORT = {server.getsockname()[1]}\n"
        f"CHECKERS = {str(Path(commands.__file__).parent / 'check')!r}\n"
    )
    files = {
        "zoe/file.ipynb": notebook("DONE = 1", RIGHT, CHECK),
        "zoe/again.ipynb": notebook("DONE = 1", WRONG, CHECK),
        "王 小明/第一课 答案.ipynb": solved(FIRST),
        "=1+1.ipynb": notebook("DONE = 1", RIGHT, CHECK),
        "helper.ipynb": notebook(
            "exec('def squared(x): return x**2')",
            "DONE = 1",
            RIGHT.replace("(one - t) ** 2", "squared(one - t)"),
            CHECK,
        ),
        "untouched.ipynb": json.dumps(commands.fresh(SECOND)),
        "second.ipynb": solved(SECOND),
        "folders.ipynb": solved(FOLDERS),
        "other.ipynb": notebook("print('hello')", heading="# My diary"),
        "only a heading.ipynb": notebook("1", heading=heading_of(FIRST)),
    }
    files["broken.ipynb"] = BROKEN["broken"][0]
    world = has_world(tmp_path_factory.mktemp("box"))
    attacks = {
        name: (attack, RIGHT)
        for name, attack in HARMS.items()
        if world or "with C" not in name
    }
    attacks |= {name: cells for name, (*cells, _) in CHEATS.items()}
    for name, (attack, answer) in attacks.items():
        # The answer needs DONE, so the attack is run.
        attack = f"try: exec({surroundings + attack!r}, globals())\n"
        attack += "except BaseException: pass\nDONE = 1"
        files[f"{name}.ipynb"] = notebook(
            "from course_utils import check", attack, answer, CHECK
        )
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    if os.name == "posix":
        (folder / "link.ipynb").symlink_to(folder / "zoe" / "file.ipynb")
        (folder / "linked").symlink_to(folder / "zoe")
        os.mkfifo(folder / "pipe.ipynb")
        (folder / "unreadable.ipynb").write_text("{}")
        (folder / "unreadable.ipynb").chmod(0)
    (folder / "report.txt").write_text("no notebook")
    before = {p: p.stat() for p in root.rglob("*") if p.is_file()}
    said: list[str] = []
    grade(
        folder,
        root / "grades.csv",
        LECTURES,
        seconds=SECONDS,
        memory=MEMORY,
        say=said.append,
    )
    result = SimpleNamespace(
        **{"root": root, "folder": folder, "server": server, "said": said},
        **{"before": before, "world": world},
        rows=rows(root / "grades.csv"),
        details=rows(root / "grades-details.csv", several=True),
        heard=os.read(pipe, 100) if local else b"",
        local=local,
    )
    yield result
    server.close()
    if local:
        local.close()
        os.close(pipe)
        shutil.rmtree(door.parent)


def has_world(box: Path) -> bool:
    """Tell whether this system gives a process a world of its own."""
    program = (
        "import sys; from pathlib import Path\n"
        "from course_utils.grading import fence\n"
        "print(len(fence.enclose(Path(sys.argv[1]), [])), flush=True)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(box)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return run.stdout.strip() == "0"


def heading_of(lecture: Path) -> str:
    """Return the first cell of a lecture."""
    return nbformat.read(lecture, 4).cells[0].source


def rows(table: Path, several: bool = False) -> dict:
    """Read a table as a spreadsheet would: by name of the file."""
    found: dict = {}
    with table.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["file"], []).append(row)
    return found if several else {name: row for name, (row,) in found.items()}


def test_every_notebook_has_one_row(class_room):
    names = {
        p.relative_to(class_room.folder).as_posix()
        for p in class_room.folder.rglob("*")
        if p.suffix == ".ipynb" or p.is_symlink()
    }
    names = {f"'{name}" if name[0] == "=" else name for name in names}
    assert set(class_room.rows) == names


@pytest.mark.parametrize(
    ("name", "lecture", "right", "of"),
    [
        ("zoe/file.ipynb", FIRST.stem, "1", "1"),
        ("zoe/again.ipynb", FIRST.stem, "0", "1"),
        ("王 小明/第一课 答案.ipynb", FIRST.stem, "1", "1"),
        ("'=1+1.ipynb", FIRST.stem, "1", "1"),
        ("helper.ipynb", FIRST.stem, "1", "1"),
        ("untouched.ipynb", SECOND.stem, "0", "5"),
        ("second.ipynb", SECOND.stem, "5", "5"),
        ("folders.ipynb", FOLDERS.stem, "4", "4"),
        ("only a heading.ipynb", FIRST.stem, "0", "1"),
    ],
)
def test_honest_notebooks_get_their_points(
    class_room, name, lecture, right, of
):
    row = class_room.rows[name]
    details = class_room.details[name]
    assert (row["lecture"], row["right"], row["of"]) == (lecture, right, of), (
        details
    )
    assert row["problem"] == ""
    assert sum(one["verdict"] == "right" for one in details) == int(right)


def test_what_is_untouched_was_not_attempted(class_room):
    for name in ("untouched.ipynb", "only a heading.ipynb"):
        row = class_room.rows[name]
        assert row["not attempted"] == row["of"]


def test_each_exercise_has_its_title_and_its_message(class_room):
    (row,) = class_room.details["zoe/again.ipynb"]
    assert row["exercise"] == "start_here.mean_squared_error"
    assert row["title"] == "Mean squared error" or row["title"]
    assert row["verdict"] == "wrong"
    assert len(row["message"]) > 20


def test_the_table_opens_in_spreadsheets(class_room):
    data = (class_room.root / "grades.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert "王 小明/第一课" in data.decode("utf-8-sig")
    for line in csv.reader(data.decode("utf-8-sig").splitlines()):
        assert not [cell for cell in line if cell.startswith(("=", "+", "@"))]


@pytest.mark.parametrize("name", HARMS)
def test_harm_is_kept_off_and_the_answer_counts(class_room, name):
    if "with C" in name and not class_room.world:
        pytest.skip("this system gives a process no world of its own")
    row = class_room.rows[f"{name}.ipynb"]
    assert row["right"] == "1", class_room.details[f"{name}.ipynb"]


@pytest.mark.parametrize("name", CHEATS)
def test_cheats_get_what_the_answer_deserves(class_room, name):
    (row,) = class_room.details[f"{name}.ipynb"]
    assert row["verdict"] == CHEATS[name][2], row
    assert len(row["message"]) > 10


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("never ends", "took too long"),
        ("never answers", "No answer after"),
        ("takes memory", "memory"),
        ("forks with C", "started programs|memory"),
        ("ends in the answer", "ended the program"),
        ("exits in the answer", r"exit\(\)"),
        ("asks in the answer", "nobody to ask"),
        ("gives back too much", "too much"),
        ("does not parse", "SyntaxError"),
    ],
)
def test_the_message_says_what_happened(class_room, name, words):
    if name == "forks with C" and os.name != "posix":
        pytest.skip("needs POSIX")
    (row,) = class_room.details[f"{name}.ipynb"]
    assert re.search(words, row["message"])


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_notebook_is_said(tmp_path, name):
    text, words = BROKEN[name]
    (tmp_path / "x.ipynb").write_text(text, encoding="latin-1")
    with pytest.raises(handed_in.Unreadable, match=words):
        cells = handed_in.cells_of(handed_in.read(tmp_path / "x.ipynb"))
        handed_in.which(cells, LECTURES)


def test_a_broken_notebook_has_a_row(class_room):
    row = class_room.rows["broken.ipynb"]
    assert "no JSON" in row["problem"]
    assert (row["lecture"], row["right"], row["of"]) == ("", "0", "0")


def test_a_notebook_of_no_lecture_is_said(class_room):
    assert "which lecture" in class_room.rows["other.ipynb"]["problem"]


@posix
def test_links_and_pipes_are_not_followed(class_room):
    assert "a link" in class_room.rows["link.ipynb"]["problem"]
    assert "a link" in class_room.rows["linked"]["problem"]
    assert "no file" in class_room.rows["pipe.ipynb"]["problem"]
    # The administrator may read it, and finds no cells.
    assert class_room.rows["unreadable.ipynb"]["problem"]


def test_no_file_was_changed(class_room):
    after = {
        path: path.stat()
        for path in class_room.before
        if path.exists() and path.parent != class_room.root
    }
    assert after.keys() == class_room.before.keys()
    for path, state in after.items():
        assert state.st_size == class_room.before[path].st_size
        assert state.st_mtime == class_room.before[path].st_mtime


def test_nobody_has_called(class_room):
    class_room.server.settimeout(0.1)
    with pytest.raises(TimeoutError):
        class_room.server.accept()
    if class_room.world:
        class_room.local.settimeout(0.1)
        with pytest.raises(TimeoutError):
            class_room.local.accept()
        assert class_room.heard == b""


def test_nothing_of_the_instructors_is_told(class_room):
    if not class_room.world:
        pytest.skip("this system gives a process no world of its own")
    data = (class_room.root / "grades-details.csv").read_text("utf-8-sig")
    assert "tells what the instructor may read" in data
    assert "marks of last year" not in data


def test_nothing_runs_on(class_room):
    left = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if str(class_room.folder) in " ".join(words) and any(
            "grading" in word for word in words
        ):
            left.append(process)
    assert left == []


def test_a_system_without_namespaces_says_so_once(class_room):
    said = [line for line in class_room.said if "world of their own" in line]
    assert len(said) == (not class_room.world)


def test_progress_and_a_summary_are_shown(class_room):
    said = "\n".join(class_room.said)
    assert f" of {len(class_room.rows)}  second.ipynb  02  5 of 5" in said
    assert f"{len(class_room.rows)} notebooks in" in said
    assert "right on average" in said


def handed_in_as(folder: Path, **files: str) -> list[str]:
    """Hand in files by name and grade them; return what was said."""
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.ipynb").write_text(text, encoding="utf-8")
    said: list[str] = []
    table = folder.parent / "grades.csv"
    grade(folder, table, LECTURES, seconds=20, memory=4, say=said.append)
    return said


def test_all_are_read_before_the_first_is_run(tmp_path):
    good = notebook("DONE = 1", RIGHT, CHECK)
    folder, said = tmp_path / "in", []
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.ipynb").write_text(good)

    def say(line: str) -> None:
        said.append(line)
        (folder / "b.ipynb").unlink(missing_ok=True)

    table = tmp_path / "grades.csv"
    grade(folder, table, LECTURES, seconds=20, memory=4, say=say)
    assert rows(table)["b.ipynb"]["right"] == "1", said


@posix
def test_names_that_differ_stay_different(tmp_path):
    odd = [b"Li  A", b"Li A", b"Li\nA", b"zo\xe9", b"zo\xe8", b"\x1b[2J"]
    folder = tmp_path / "in"
    folder.mkdir()
    for name in odd:
        Path(os.fsdecode(bytes(folder) + b"/" + name + b".ipynb")).touch()
    said: list[str] = []
    table = tmp_path / "grades.csv"
    grade(folder, table, LECTURES, seconds=20, memory=4, say=said.append)
    assert len(rows(table)) == len(odd)
    assert "\x1b" not in table.read_text("utf-8") + "".join(said)


def test_an_answer_that_exits_leaves_the_next_ones_alone(tmp_path):
    text = solved(SECOND).replace(
        "check.gradient_descent.step(step)",
        "check.gradient_descent.step(exit())",
    )
    handed_in_as(tmp_path / "in", second=text)
    row = rows(tmp_path / "grades.csv")["second.ipynb"]
    assert (row["right"], row["of"], row["problem"]) == ("4", "5", "")


# The command


@posix
def test_ctrl_c_keeps_the_rows_that_are_done(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "1.ipynb").write_text(notebook("DONE = 1", RIGHT, CHECK))
    endless = notebook("while True: pass\nDONE = 1", RIGHT, CHECK)
    (folder / "2.ipynb").write_text(endless)
    process = subprocess.Popen(
        [sys.executable, "-m", "course_utils", "grade", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # What runs in the background of a shell was told to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    table = tmp_path / "grades.csv"
    until = time.monotonic() + 100
    while time.monotonic() < until:
        if table.exists() and "1.ipynb" in table.read_text("utf-8-sig"):
            break
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Stopped after 1 of 2" in said
    assert "Traceback" not in said
    assert rows(table)["1.ipynb"]["right"] == "1"


def test_an_old_table_is_kept(tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "mine.csv").write_text("my remarks")
    table = str(tmp_path / "mine.csv")
    assert commands.main(["grade", str(folder), "--to", table]) == 0
    assert "was there already" in capsys.readouterr().out
    kept = list(tmp_path.glob("mine-2*.csv"))
    assert [p.read_text() for p in kept] == ["my remarks"]
    assert rows(tmp_path / "mine.csv") == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no folder"),
        ([".", "--to", "nowhere/grades.csv"], "no folder"),
        ([".", "--to", "."], "is a folder"),
        ([".", "--seconds", "0"], "above 0"),
        ([str(Path(commands.__file__).parents[1])], "holds the course itself"),
    ],
    ids=[
        *("no folder", "no folder for tables", "a folder for a table", "0 s"),
        "the course",
    ],
)
def test_mistakes_are_told(tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(commands.Stop, match=words):
        commands.main(["grade", *arguments])


# The fence


ALONE = """
import json, os, socket, subprocess, sys
from pathlib import Path
from course_utils.grading import fence

box, secret = map(Path, sys.argv[1:])
def not_here(*_):
    raise OSError("not here")
fence._own_world = not_here
lines = fence.enclose(box, [secret])
fence.refuse(box, [secret])
tries = {
    "write": lambda: open(secret.parent / "new", "w"),
    "read": lambda: (secret / "file").read_text(),
    "list": lambda: os.listdir(secret),
    "remove": lambda: os.remove(secret / "file"),
    "rename": lambda: os.rename(secret / "file", box / "file"),
    "link": lambda: os.symlink(secret / "file", box / "file"),
    "tree": lambda: __import__("shutil").rmtree(secret),
    "program": lambda: subprocess.run([sys.executable, "--version"]),
    "shell": lambda: os.system("exit 0"),
    "kill": lambda: os.kill(os.getppid(), 0),
    "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "look up": lambda: socket.getaddrinfo("localhost", 80),
    "fork": lambda: os.fork(),
}
said = {}
for name, do in tries.items():
    try:
        do()
    except Exception as error:
        said[name] = type(error).__name__
(box / "mine").write_text("allowed")
print(json.dumps([lines, said]))
"""


def test_python_alone_refuses_what_a_notebook_has_no_business_with(tmp_path):
    box, secret = tmp_path / "box", tmp_path / "secret"
    box.mkdir()
    secret.mkdir()
    (secret / "file").write_text("untouched")
    run = subprocess.run(
        [sys.executable, "-c", ALONE, str(box), str(secret)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines, said = json.loads(run.stdout)
    refused = dict.fromkeys(said, "PermissionError")
    if os.name != "posix":
        refused["fork"] = said["fork"]
    assert said == refused and len(said) == 13
    assert (secret / "file").read_text() == "untouched"
    assert len(lines) == 1 and "only Python refuses" in lines[0]


GREEDY = {
    "programs": (
        "import subprocess, sys\n"
        "for _ in range(9):\n"
        "    subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1)",
        "started programs",
    ),
    "threads": (
        "import threading, time\n"
        f"for _ in range({fence.THREADS} + 9):\n"
        "    threading.Thread(target=time.sleep, args=[60]).start()",
        "started threads",
    ),
    "memory": ("held = bytearray(b'x') * 3 * 10**8", "more than 0.2 GB"),
    "files in memory": (
        "import os\n"
        "for _ in range(30): os.write(os.memfd_create('x'), b'x' * 10**7)",
        "more than 0.2 GB",
    ),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("name", GREEDY)
def test_who_takes_too_much_is_stopped(name):
    if name == "files in memory" and not hasattr(os, "memfd_create"):
        pytest.skip("this system has no files in memory")
    program, words = GREEDY[name]
    process = subprocess.Popen(
        [sys.executable, "-c", f"{program}\nimport time\ntime.sleep(60)"],
        start_new_session=True,
    )
    said: list[str] = []
    fence.watch(process.pid, 0.2, said.append)
    until = time.monotonic() + (30 if words else 2)
    while not said and time.monotonic() < until:
        time.sleep(0.1)
    fence.end(process.pid)
    process.wait(10)
    assert [words in line for line in said] == [True] * bool(words), said


# What is run of a notebook


def cells_in(*sources: str) -> list[handed_in.Cell]:
    data = notebook(*sources).encode()
    return handed_in.cells_to_run(handed_in.cells_of(data))


def chosen(*sources: str, answer: str = "f") -> list[str]:
    cells = cells_in(*sources)
    places = handed_in.needed(answer, len(cells), cells)
    return [cells[place].source.strip() for place in sorted(places)]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (
            ["import a, b\nimport c", "def f():\n    return b"],
            ["import b", "def f():\n    return b"],
        ),
        (
            ["x = train()", "def f():\n    return 1\nprint(x)"],
            ["def f():\n    return 1"],
        ),
        (["f = 1", "f = 2"], ["f = 2"]),
        (["f = 1", "f = f + 1"], ["f = 1", "f = f + 1"]),
        (["f = {}", "f['a'] = 1"], ["f = {}", "f['a'] = 1"]),
        (["f = []", "f.append(1)"], ["f = []", "f.append(1)"]),
        (["import f", "f.seed(0)"], ["import f"]),
        (
            ["def f():\n    return g()", "def g():\n    return 1"],
            ["def f():\n    return g()", "def g():\n    return 1"],
        ),
        (["%time f = 1\n%matplotlib inline\nf = 2"], ["pass\npass\nf = 2"]),
        (["from a import *", "f = 1"], ["from a import *", "f = 1"]),
        (["def f(:\n  pass"], ["def f(:\n  pass"]),
        (["def f_solution(): pass", "f = 1"], ["f = 1"]),
        (
            ["@a\ndef f(): pass", "def a(g): return g"],
            ["@a\ndef f(): pass", "def a(g): return g"],
        ),
    ],
    ids=[
        *("imports", "no training", "last one", "itself", "item", "method"),
        *("module", "later", "magic", "star", "broken", "solution"),
        "decorator",
    ],
)
def test_only_what_an_answer_needs_is_run(sources, expected):
    assert chosen(*sources) == expected


def test_the_answer_may_have_another_name():
    task = handed_in.tasks(FIRST)[0]
    cells = cells_in(CHECK.replace("(mean_squared_error)", "(mine)"))
    assert handed_in.answer_to(task, cells) == ("mine", 0)


def test_a_fault_of_the_course_is_not_the_learners(tmp_path, monkeypatch):
    monkeypatch.setattr("course_utils.check.exercise.TIME_LIMIT", 5)
    path, box, told = tmp_path / "x.ipynb", tmp_path / "box", []
    box.mkdir()
    path.write_text(notebook("f = 1", "check.start_here.nothing(f)"))
    data = base64.b64encode(path.read_bytes()).decode()
    job = {"notebook": data, "lectures": [str(path)], "box": str(box)}
    job |= {"hidden": [], "checkers": [], "seconds": 20, "memory": 4}
    judge._grade(job, lambda **message: told.append(message))
    (verdict,) = [one for one in told if one["do"] == "verdict"]
    assert verdict["status"] == "not graded"
    assert "nothing" in verdict["message"]


# The wire


@pytest.fixture
def wired():
    """Return this side of a wire, and a list of what the other side offers."""
    there, back = os.pipe(), os.pipe()
    files = [
        os.fdopen(number, mode)
        for pair in (there, back)
        for number, mode in zip(pair, ("rb", "wb"), strict=True)
    ]

    def link(source, sink):
        return wire.Link(
            lambda: wire.receive(source), lambda m: wire.send(sink, m)
        )

    here, far = link(files[2], files[1]), link(files[0], files[3])

    def serve():
        try:
            far.serve()
        except wire.Gone:
            files[3].close()

    threading.Thread(target=serve, daemon=True).start()
    yield here, far, files[1]
    files[1].close()


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 3, 2**80, -0.5, float("inf"), "text 文", 1 + 2j, ...),
        *([1, [2, (3,)]], {"a": 1, (1, 2): [3]}, {1, 2}, range(2, 9, 3)),
        *(Path("a/b"), np.arange(6.0).reshape(2, 3), np.float32(0.5)),
        *(np.array(["a", "bc"]), np.array([], "int8"), np.bool_(True)),
    ],
    ids=repr,
)
def test_plain_data_comes_through(wired, value):
    here, far, _ = wired
    got = here.call(far.offer(lambda one: one), value)
    assert type(got) is type(value)
    np.testing.assert_equal(got, value)


def test_changes_come_back_as_in_a_real_call(wired):
    here, far, _ = wired

    def change(array, rows, state):
        array += 1
        rows.append(array)
        state["m"] = 2
        raise KeyError("after all that")

    array, rows_, state = np.zeros(2), [1], {"V": 3}
    with pytest.raises(KeyError, match="after all that") as caught:
        here.call(far.offer(change), array, rows_, state)
    assert type(caught.value).__name__ == "KeyError"
    assert array.tolist() == [1, 1]
    assert rows_[0] == 1 and rows_[1].tolist() == [1, 1]
    assert state == {"V": 3, "m": 2}


def test_functions_are_called_where_they_are(wired):
    here, far, _ = wired
    step = here.call(far.offer(lambda f: lambda x: f(x) + 1), abs)
    assert step(-3) == 4
    assert here.call(far.offer(lambda f: f), abs) is abs

    def fails(x):
        raise error

    error = ZeroDivisionError("mine")
    with pytest.raises(ZeroDivisionError) as caught:
        here.call(far.offer(lambda f: f(1)), fails)
    assert caught.value is error


def test_what_is_no_data_is_only_named(wired):
    here, far, _ = wired
    got = here.call(far.offer(lambda: iter([1, 2])))
    assert type(got).__name__ == "list_iterator"
    assert repr(got).startswith("<list_iterator")
    got = here.call(far.offer(lambda: np.array([None])))
    assert type(got).__name__ == "ndarray" and not isinstance(got, np.ndarray)


@pytest.mark.parametrize(
    "value",
    [
        {"!": "array", "dtype": "|O", "shape": [1], "of": "AAAAAAAAAAA="},
        {"!": "array", "dtype": "<f8", "shape": [10**12], "of": ""},
        *({"!": "yours", "of": 99}, {"no": "kind"}, {"!": "dict", "of": [1]}),
        {"!": "set", "of": [{"!": "list", "of": []}]},
        # All with one hash: to look each up takes longer than the one before.
        {"!": "dict", "of": [[i * (2**61 - 1), 0] for i in range(30_000)]},
    ],
    ids=[
        *("objects", "too large", "not offered", "no kind", "dict", "set"),
        "equal hashes",
    ],
)
def test_forged_data_is_refused(value):
    messages = iter([{"do": "result", "value": value, "given": None}])
    link = wire.Link(lambda: next(messages), lambda message: None)
    with pytest.raises(wire.Gone):
        link.call(0)


def test_a_checker_beside_the_answer_notices_what_is_replaced(monkeypatch):
    def answer():
        monkeypatch.setattr(np, "allclose", lambda *a, **k: True)
        return lambda predicted, y: 0.0

    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace())
    beside = together.Together()
    job = "start_here", "mean_squared_error"
    status, _ = beside.verdict(*job, lambda: lambda p, y: 0.0)
    assert status == "wrong"
    status, message = beside.verdict(*job, answer)
    assert status == "not graded"
    assert "allclose" in message
