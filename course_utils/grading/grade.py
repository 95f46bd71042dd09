"""Grades a folder of handed-in notebooks, one after the other, into tables."""

from __future__ import annotations

import base64
import contextlib
import csv
import json
import os
import queue
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from course_utils.grading import fence, handed_in

SUMMARY = ("file", "lecture", "right", "of", "not attempted", "problem")
DETAILS = ("file", "lecture", "exercise", "title", "verdict", "message")
PACKAGE = Path(__file__).parents[1]
# What a notebook's process gets to know of the instructor's surroundings.
SURROUNDINGS = {
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT", "KERAS_BACKEND"),
    *("COURSE_DATA_DIR", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
}


@dataclass
class Report:
    """What is known about one notebook."""

    lecture: str = ""
    exercises: list[tuple[str, str]] = field(default_factory=list)
    verdicts: dict[int, tuple[str, str]] = field(default_factory=dict)
    problem: str = ""

    def count(self, status: str) -> int:
        """Return how many exercises have got a status."""
        return sum(said == status for said, _ in self.verdicts.values())


def notebooks(folder: Path) -> list[Path]:
    """Return the notebooks in a folder and those below it, in order.

    Links to folders are not followed but named, and Jupyter's own copies are
    left out.

    Args:
        folder: Where to look.
    """
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if name != ".ipynb_checkpoints"
        )
        links = [one for one in folders if Path(place, one).is_symlink()]
        wanted = [one for one in files if one.lower().endswith(".ipynb")]
        found += [Path(place, name) for name in sorted(links + wanted)]
    return found


def grade(
    folder: Path,
    table: Path,
    lectures: Sequence[Path],
    *,
    seconds: float,
    memory: float,
    say: Callable[[str], None],
) -> None:
    """Grade all notebooks in a folder and write two tables.

    Args:
        folder: What was handed in, at any depth.
        table: The CSV file with a row for each notebook. The one with a row
            for each exercise is put beside it.
        lectures: The original notebooks of the course.
        seconds: How long the cells may take that an answer needs.
        memory: Gigabytes that a notebook may hold.
        say: Shows a line.
    """
    found, started = notebooks(folder), time.monotonic()
    # All before the first one is run: whatever that does, this is graded.
    handed = [(path, _read(path)) for path in found]
    details, reports = table.with_stem(f"{table.stem}-details"), []
    for old in filter(Path.exists, (table, details)):
        stamp = time.strftime("%Y-%m-%d-%H%M%S")
        kept = old.with_stem(f"{old.stem}-{stamp}")
        old.rename(kept)
        say(f"{old.name} was there already: it is {kept.name} now.")
    notes: set[str] = set()
    with (
        tempfile.TemporaryDirectory(prefix="grading-") as workshop,
        contextlib.ExitStack() as open_files,
    ):
        whole = _table(open_files, table, SUMMARY)
        single = _table(open_files, details, DETAILS)
        settings = {
            "lectures": [str(one) for one in lectures],
            "seconds": seconds,
            "memory": memory,
            "hidden": [str(folder.resolve())],
            "checkers": [
                str(PACKAGE / "check"),
                *{str(one.parent) for one in lectures},
            ],
        }
        judge = _Judge(settings, Path(workshop))
        open_files.callback(judge.end)
        try:
            for number, (path, data) in enumerate(handed, 1):
                begun = time.monotonic()
                report = _report(data, judge, Path(workshop), notes, say)
                reports.append(report)
                name = shown(path.relative_to(folder).as_posix())
                for row in _rows(name, report):
                    single(row)
                whole(
                    [
                        *(name, report.lecture, report.count("right")),
                        len(report.exercises),
                        report.count("not attempted"),
                        report.problem,
                    ]
                )
                result = f"{report.count('right')} of {len(report.exercises)}"
                if not report.exercises:
                    result = report.problem
                elif report.problem:
                    result += f" ({report.problem})"
                say(
                    f"{number:4} of {len(found)}  {name}  "
                    f"{report.lecture[:2]}  {result}  "
                    f"{time.monotonic() - begun:.0f} s"
                )
        finally:
            if len(reports) < len(found):
                say(
                    f"Stopped after {len(reports)} of {len(found)} notebooks; "
                    f"their rows are in {table}."
                )
    for line in _summary(reports, time.monotonic() - started):
        say(line)
    say(f"Points: {table}\nEach exercise: {details}")


def _table(
    open_files: contextlib.ExitStack, path: Path, head: Sequence[str]
) -> Callable[[Sequence[Any]], None]:
    """Begin a table; return what adds a row, which is on disk at once."""
    # The mark at the beginning tells spreadsheets that this is UTF-8.
    file: TextIO = open_files.enter_context(
        path.open("w", encoding="utf-8-sig", errors="replace", newline="")
    )
    writer = csv.writer(file)

    def add(row: Sequence[Any]) -> None:
        writer.writerow([_cell(one) for one in row])
        file.flush()

    add(head)
    return add


def _cell(value: Any) -> Any:
    """Make a text harmless: a spreadsheet runs what begins like a formula."""
    if not isinstance(value, str):
        return value
    text = " ".join(value.splitlines()).strip()
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def shown(text: str) -> str:
    r"""Return a text in which what would steer a terminal is written out.

    Two names that differ stay two: \n and \udce9 are none of the others.

    Args:
        text: Such as the name of a file.
    """
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode()
        for one in text
    )


def _rows(name: str, report: Report) -> Iterator[Sequence[str]]:
    for place, (exercise, title) in enumerate(report.exercises):
        missing = ("not graded", report.problem)
        said = report.verdicts.get(place, missing)
        yield (name, report.lecture, exercise, title, *said)


def _summary(reports: Sequence[Report], seconds: float) -> Iterator[str]:
    each: dict[str, list[Report]] = {}
    for report in reports:
        if report.exercises:
            each.setdefault(report.lecture, []).append(report)
    for lecture, those in sorted(each.items()):
        mean = sum(one.count("right") for one in those) / len(those)
        yield (
            f"{lecture}: {len(those)} notebooks, {mean:.1f} of "
            f"{len(those[0].exercises)} right on average"
        )
    problems = sum(bool(report.problem) for report in reports)
    yield (
        f"{len(reports)} notebooks in {seconds:.0f} s, {problems} of them with "
        "a problem."
    )


def _read(path: Path) -> bytes | str:
    """Return what is in a file, or why that cannot be had."""
    try:
        return handed_in.read(path)
    except handed_in.Unreadable as problem:
        return str(problem)


def _report(
    data: bytes | str,
    judge: _Judge,
    workshop: Path,
    notes: set[str],
    say: Callable[[str], None],
) -> Report:
    """Grade one notebook, whatever it is."""
    report = Report()
    if isinstance(data, str):
        report.problem = data
        return report
    box = Path(tempfile.mkdtemp(prefix="box-", dir=workshop))
    try:
        for message in judge.messages(data, box, report):
            if message["do"] == "lecture":
                report.lecture = message["lecture"]
                report.exercises = [tuple(one) for one in message["exercises"]]
            elif message["do"] == "verdict":
                said = message["status"], message["message"]
                report.verdicts[message["place"]] = said
            elif message["do"] == "problem":
                report.problem = message["message"]
            elif message["do"] == "note" and message["message"] not in notes:
                notes.add(message["message"])
                say(message["message"])
    finally:
        shutil.rmtree(box, ignore_errors=True)
    odd = report.count("not graded") or (
        len(report.verdicts) < len(report.exercises)
    )
    if odd and not report.problem:
        report.problem = "Some exercises could not be graded: look at them."
    return report


class _Judge:
    """The process `judge`, started anew if something ended it.

    It serves many notebooks, as it runs nothing of them.
    """

    def __init__(self, settings: dict, workshop: Path) -> None:
        self._settings, self._workshop = settings, workshop
        self._process: subprocess.Popen | None = None
        self._lines: queue.Queue[bytes] = queue.Queue()

    def _start(self) -> subprocess.Popen:
        known = {k: v for k, v in os.environ.items() if k in SURROUNDINGS}
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "course_utils.grading.judge"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=known
            | {
                "PYTHONPATH": str(PACKAGE.parent),
                "PYTHONUTF8": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
                "HOME": str(self._workshop),
                "TMPDIR": str(self._workshop),
                "TEMP": str(self._workshop),
                "MPLBACKEND": "Agg",
                "COURSE_PROFILE": "quick",
                "COURSE_OFFLINE": "1",
                "COURSE_FONTS": _fonts(),
            },
            cwd=self._workshop,
            start_new_session=True,
        )
        lines = self._lines = queue.Queue()

        def listen() -> None:
            for line in process.stdout:
                lines.put(line)
            lines.put(b"")

        threading.Thread(target=listen, daemon=True).start()
        return process

    def messages(
        self, data: bytes, box: Path, report: Report
    ) -> Iterator[dict]:
        """Yield what it says about a notebook.

        Args:
            data: What is in its file.
            box: The folder in which its code may write.
            report: Gets the problem if there is no more to be said.
        """
        if self._process is None or self._process.poll() is not None:
            self.end()  # its pipes, if it died
            self._process = self._start()
        token = secrets.token_hex(16)
        job = {"box": str(box), "token": token}
        job["notebook"] = base64.b64encode(data).decode()
        until = time.monotonic() + 600 + 10 * self._settings["seconds"]
        started, ended = [], False
        try:
            with contextlib.suppress(OSError):
                text = json.dumps(self._settings | job)
                self._process.stdin.write(text.encode() + b"\n")
                self._process.stdin.flush()
            while not ended:
                left = max(0.1, until - time.monotonic())
                line = self._lines.get(timeout=left)
                if not line:
                    report.problem = "Grading it ended too early."
                    return
                message = json.loads(line)
                if message["token"] != token:
                    continue
                if message["do"] == "started":
                    started.append(message["process"])
                ended = message["do"] == "end"
                yield message
        except queue.Empty:
            report.problem = "Grading it took too long."
        finally:
            if not ended:
                self.end()
                for process in started:  # if the system did not end it
                    fence.end(process)

    def end(self) -> None:
        """End it, and what it has started."""
        if self._process:
            fence.end(self._process.pid)
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
        self._process = None


def _fonts() -> str:
    """Return where Matplotlib noted the fonts, which it finds but slowly."""
    import matplotlib

    known = sorted(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))
    return str(known[-1]) if known else ""
