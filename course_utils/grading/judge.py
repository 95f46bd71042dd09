"""The process with the checkers: grades notebooks, and runs nothing of them.

It reads a notebook, starts `answers` with the cells that are needed, and
lets the checkers call what is behind the fence. The verdicts go to `grade` as
lines of JSON.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils.check import exercise
from course_utils.grading import fence, handed_in, wire

PATIENCE = 10.0  # seconds for one check, four times as many with Keras
BESIDE = "(Checked beside the learner's code: docs/grading.md says why.)"
STARTING = 60.0  # seconds more until Python and Keras are there
# Their answers are classes and models of Keras.
TOGETHER = {
    ("keras_workflow", "patience"),
    ("keras_workflow", "my_dense"),
    ("classic_networks", "residual_block_of"),
    ("classic_networks", "lighter"),
    ("classic_networks", "asleep"),
}


def main() -> None:
    """Grade the notebooks that standard input names, one job in a line."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    for line in sys.stdin:
        job = json.loads(line)

        def tell(token: str = job["token"], **message: Any) -> None:
            lines.write(json.dumps({"token": token, **message}) + "\n")
            lines.flush()

        stuck = _grade(job, tell)
        tell(do="end")
        if stuck:  # a check that cannot be stopped still runs here
            os._exit(0)


def _grade(job: dict, tell: Callable[..., None]) -> bool:
    """Grade one notebook; tell whether a check could not be stopped."""
    exercise.TIME_LIMIT = _patience(job)
    stuck, lectures = False, [Path(one) for one in job["lectures"]]
    try:
        notebook = handed_in.cells_of(base64.b64decode(job["notebook"]))
        lecture = handed_in.which(notebook, lectures)
        tasks = handed_in.tasks(lecture)
        titles = [[f"{t.module}.{t.name}", t.title] for t in tasks]
        tell(do="lecture", lecture=lecture.stem, exercises=titles)
        cells = handed_in.cells_to_run(notebook)
    except handed_in.Unreadable as problem:
        tell(do="problem", message=str(problem))
        return False
    judge = Judge(job, tasks, cells, tell)
    try:
        for place in range(len(tasks)):
            try:
                status, message = judge.verdict(place)
            # The course's own, none expected, or an answer's exit().
            except (Exception, SystemExit) as error:
                status = "not graded"
                message = f"Grading failed: {type(error).__name__}: {error}"
            tell(do="verdict", place=place, status=status, message=message)
            stuck |= "still runs" in message
    finally:
        judge.end()
    return stuck


def _patience(job: dict) -> float:
    return min(PATIENCE, job["seconds"])


class Judge:
    """Asks for verdicts, and starts `answers` as often as it must.

    Args:
        job: What `grade` wants.
        tasks: The exercises of the lecture.
        cells: Those of the notebook.
        tell: Called with what `grade` should know.
    """

    def __init__(
        self,
        job: dict,
        tasks: list[handed_in.Task],
        cells: list[handed_in.Cell],
        tell: Callable[..., None],
    ) -> None:
        self._job, self._tasks = job, tasks
        self._cells, self._tell = cells, tell
        self._wanted = [handed_in.answer_to(task, cells) for task in tasks]
        self._needed = [
            handed_in.needed(*wanted, cells) for wanted in self._wanted
        ]
        self._bad: dict[int, str] = {}  # cells that ended the process, and how
        self._running: Answers | None = None
        self._ran: set[int] = set()  # the cells that it has run
        self._patience = 1  # 4 where more cells are run than an answer names

    def verdict(self, place: int) -> tuple[str, str]:
        """Return status and message for one exercise.

        Args:
            place: Which, from 0.
        """
        said = self._said(place)
        every = set(range(len(self._cells))) - set(self._bad)
        hidden = any(cell.hides_names for cell in self._cells)
        if "NameError" in said[1] and hidden and not every <= self._ran:
            self._needed[place], self._patience = every, 4
            self.end()
            again = self._said(place)
            said = said if again[0] == "wrong" else again
        return said

    def _said(self, place: int) -> tuple[str, str]:
        for _ in range(len(self._tasks) + 1):
            for bad, reason in self._bad.items():
                if bad in self._needed[place]:
                    return (
                        "wrong",
                        f"A cell that it needs does not end. {reason}",
                    )
            if self._running and self._running.usable():
                return self._ask(place)
            self._start(place)
        return "wrong", "The cells that it needs cannot be run."

    def _start(self, place: int) -> None:
        """Start `answers` for this exercise and those after it."""
        self.end()
        left = [
            (task, needed)
            for task, needed in list(
                zip(self._tasks, self._needed, strict=True)
            )[place:]
            if not needed & set(self._bad)
        ]
        self._ran = set().union(*(needed for _, needed in left))
        chosen = sorted(self._ran)
        together = any((t.module, t.name) in TOGETHER for t, _ in left)
        self._running = Answers(self._job, together)
        self._tell(do="started", process=self._running.process_id)
        sources = [[one, self._cells[one].source] for one in chosen]
        if not self._running.run(sources, self._patience):
            last = self._running.last
            if last in chosen:
                self._bad[last] = self._running.reason
            else:  # it ended before any cell, or lies
                for one in chosen or [-1]:
                    self._bad[one] = self._running.reason
        for line in self._running.missing:
            self._tell(do="note", message=line)

    def _ask(self, place: int) -> tuple[str, str]:
        task, running = self._tasks[place], self._running
        expression, checker = self._wanted[place][0], _checker(task)
        failed = [
            text
            for one, text in sorted(running.errors.items())
            if one in self._needed[place]
        ]
        try:
            if (task.module, task.name) in TOGETHER:
                said = running.ask(1, task.module, task.name, expression)
                status, message = map(str, said)
                if status not in ("right", "wrong", "not attempted yet"):
                    status = "not graded"
                if status == "right":
                    message = f"{message} {BESIDE}"
            else:
                answer = running.ask(0, expression)
                running.until = time.monotonic() + 10 * _patience(self._job)
                verdict = checker(answer)
                status, message = verdict.status, verdict.message
        except exercise.Wrong as wrong:
            return "wrong", str(wrong)
        except (Exception, SystemExit) as error:
            said = f"{type(error).__name__}: {error}"
            if isinstance(error, NameError) and not failed:
                return "not attempted", f"NameError: {error}"
            message = f"There is no answer: {expression} gives {said[:300]}."
            status = "wrong"
        if running.depth:  # a call goes on, although its time is up
            self.end()
        if status == "not attempted yet":
            return "not attempted", ""
        if failed and status != "right":
            message += f" A cell that it needs raised {failed[0]}"
        return status, message

    def end(self) -> None:
        """End what runs behind the fence."""
        if self._running:
            self._running.end("")
        self._running = None


def _checker(task: handed_in.Task) -> exercise.Exercise:
    import importlib

    module = importlib.import_module(f"course_utils.check.{task.module}")
    return getattr(module, task.name)


class Answers:
    """The process with the learner's code, seen from the judge.

    Args:
        job: What `grade` wants.
        together: Whether it needs the checkers itself.
    """

    def __init__(self, job: dict, together: bool) -> None:
        self._job, self._together = job, together
        self.reason, self.last = "", -1
        self.errors: dict[int, str] = {}
        self.missing: list[str] = []
        hidden = [*job["hidden"], *([] if together else job["checkers"])]
        order = {"box": job["box"], "hidden": hidden}
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "course_utils.grading.answers"),
                json.dumps(order),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=os.environ
            | dict.fromkeys(("HOME", "TMPDIR", "TEMP"), job["box"]),
        )
        self._messages: queue.Queue[dict | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        fence.watch(self._process.pid, job["memory"], self.end)
        self._link = wire.Link(self._read, self._write, exercise.Wrong)
        self.until = 0.0

    def _listen(self) -> None:
        try:
            while True:
                self._messages.put(wire.receive(self._process.stdout))
        except wire.Gone as gone:
            self.reason = self.reason or str(gone)
            self._messages.put(None)
        finally:
            self._process.stdout.close()

    def _read(self) -> dict:
        # In short waits: a checker's time may be up between two of them.
        while time.monotonic() < self.until:
            with contextlib.suppress(queue.Empty):
                message = self._messages.get(timeout=0.1)
                if message is None:
                    self._messages.put(None)
                    break
                return message
        else:
            self.end("It took too long.")
        self.reason = self.reason or "It ended the program."
        raise exercise.Wrong(self.reason)

    def _write(self, message: dict) -> None:
        try:
            wire.send(self._process.stdin, message)
        except wire.Gone:
            raise exercise.Wrong(
                self.reason or "It ended the program."
            ) from None

    def run(self, cells: list[list], patience: int) -> bool:
        """Run cells; tell whether the process is there afterwards.

        Args:
            cells: Place and text of each.
            patience: How many times as long as usual they may take.
        """
        limit = patience * self._job["seconds"]
        self.until = time.monotonic() + limit + STARTING
        try:
            self._write({"together": self._together, "cells": cells})
            while True:
                message = self._read()
                if message.get("do") == "cell" and self.last < 0:
                    # Now Python is there, and the clock of the cells starts.
                    self.until = time.monotonic() + limit
                if message.get("do") == "cell":
                    self.last = int(message["place"])
                elif message.get("do") == "ready":
                    break
                else:
                    raise exercise.Wrong(wire.NONSENSE)
            self.errors = {
                int(one): str(text) for one, text in message["errors"].items()
            }
            self.missing = [str(one) for one in message["missing"]]
        except (exercise.Wrong, ValueError, KeyError, TypeError) as error:
            self.end(self.reason or str(error))
            return False
        return True

    def usable(self) -> bool:
        """Tell whether it can be asked."""
        return not self.reason and self._process.poll() is None

    def ask(self, number: int, *arguments: Any) -> Any:
        """Call one of its two functions; see `answers`."""
        self.until = time.monotonic() + 8 * _patience(self._job)
        return self._link.call(number, *arguments)

    @property
    def process_id(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def depth(self) -> int:
        """How many calls have not come back."""
        return self._link.depth

    def end(self, reason: str) -> None:
        """End it, if it has not ended.

        Args:
            reason: What is said of an answer that waits for it.
        """
        self.reason = self.reason or reason
        fence.end(self._process.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        with contextlib.suppress(OSError):
            self._process.stdin.close()


if __name__ == "__main__":
    main()
