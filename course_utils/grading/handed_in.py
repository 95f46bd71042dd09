"""Reads lectures and handed-in notebooks, and runs nothing of them."""

from __future__ import annotations

import ast
import functools
import json
import re
import stat
import symtable
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LARGEST = 50 * 2**20  # bytes of a notebook
# Characters of code. A lecture has 20,000; Python takes seconds and hundreds
# of megabytes to read a text of ten times that, if it means to annoy.
LONGEST = 200_000


class Unreadable(Exception):
    """A file is no notebook of the course; the message says why."""


@dataclass(frozen=True)
class Task:
    """One exercise of a lecture."""

    module: str  # of course_utils.check
    name: str  # of the checker in it
    answer: str  # what the lecture hands to it
    title: str


@dataclass
class Cell:
    """A code cell: what it says, what it makes, and what it needs for it."""

    source: str
    tree: ast.Module | None  # None: it is no Python
    binds: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)  # what it changes
    at_once: set[str] = field(default_factory=set)  # names needed to run it
    later: set[str] = field(default_factory=set)  # needed by its functions
    always: bool = False  # nobody can tell what it makes

    @property
    def hides_names(self) -> bool:
        """Whether it may make names that its text does not show."""
        words = r"\b(exec|eval|globals|locals|setattr|vars|reload)\("
        return bool(re.search(words, self.source))


@functools.cache
def tasks(lecture: Path) -> list[Task]:
    """Return the exercises of a lecture, in order.

    Args:
        lecture: The original notebook.
    """
    found, title = [], ""
    for cell in cells_of(lecture.read_bytes()):
        text = _text(cell)
        if cell["cell_type"] == "markdown":
            heading = re.search(r"(?m)^### Exercise [\d.]+ · (.*)$", text)
            title = heading.group(1).strip() if heading else title
        elif cell["cell_type"] == "code":
            for module, name, answer in _checks(_parsed(plain(text))):
                found.append(Task(module, name, answer, title))
    return found


def which(cells: Sequence[dict], lectures: Sequence[Path]) -> Path:
    """Tell which lecture a notebook is a copy of.

    Its checkers decide; if it has none, its first heading.

    Args:
        cells: Those of the notebook.
        lectures: The originals.

    Returns:
        One of them.

    Raises:
        Unreadable: It cannot be told.
    """
    if not cells:
        raise Unreadable("The notebook is empty.")
    called = Counter(
        module
        for cell in cells
        if cell["cell_type"] == "code"
        for module, _, _ in _checks(_parsed(plain(_text(cell))))
    )
    for module, _ in called.most_common():
        for lecture in lectures:
            if any(task.module == module for task in tasks(lecture)):
                return lecture
    title = _title(cells)
    for lecture in lectures:
        if title and title == _title(cells_of(lecture.read_bytes())):
            return lecture
    raise Unreadable(
        "It cannot be told which lecture this is: no cell calls a checker, "
        "and no lecture begins with its heading."
    )


def cells_to_run(notebook: Sequence[dict]) -> list[Cell]:
    """Return the code of a notebook without the printed solutions.

    Args:
        notebook: Its cells.
    """
    cells = [
        _cell(part)
        for cell in notebook
        if cell["cell_type"] == "code"
        and "solution" not in _tags(cell)
        and not re.search(r"\b(def|class) \w+_solution\b", _text(cell))
        for part in _parts(_text(cell))
    ]
    imported = {
        name
        for cell in cells
        for node in (cell.tree.body if cell.tree else ())
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in cell.binds
    }
    for cell in cells:  # np.random.seed(0) does not make np
        cell.changes -= imported
        cell.binds |= cell.changes
    return cells


def _parts(source: str) -> list[str]:
    """Take a cell apart: each import at its top, each function, the rest.

    An answer that needs NumPy should not wait for TensorFlow, nor one that
    stands beside a training for the training.
    """
    source = plain(source)
    tree, top = _parsed(source), True
    if tree is None:
        return [source]
    lines = source.splitlines(keepends=True)
    parts: list[str] = []
    ends = 0  # the line where the last statement ended
    rest_from = None  # the line where statements begin that stay together

    def cut(start: int, end: int) -> str:
        return "\n" * start + "".join(lines[start:end])  # keeps the numbers

    for node in tree.body:
        decorators = getattr(node, "decorator_list", [])
        start = min([node.lineno, *(one.lineno for one in decorators)]) - 1
        if start < ends:
            return [source]  # two statements on one line
        imports = isinstance(node, ast.Import | ast.ImportFrom)
        top &= imports
        apart = top or isinstance(node, ast.FunctionDef | ast.ClassDef)
        if apart and rest_from is not None:
            parts.append(cut(rest_from, ends))
            rest_from = None
        elif not apart and rest_from is None:
            rest_from = start
        ends = node.end_lineno
        if top:
            parts += _one_by_one(node)
        elif apart:
            parts.append(cut(start, ends))
    if rest_from is not None:
        parts.append(cut(rest_from, ends))
    return parts


def _one_by_one(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Write an import of several names as several."""
    return [
        ast.unparse(
            ast.ImportFrom(node.module, [name], node.level)
            if isinstance(node, ast.ImportFrom)
            else ast.Import([name])
        )
        for name in node.names
    ]


def answer_to(task: Task, cells: Sequence[Cell]) -> tuple[str, int]:
    """Find what a notebook hands to a checker.

    Args:
        task: The exercise.
        cells: Those of the notebook.

    Returns:
        An expression, and the place of the cell after which it is meant.
    """
    for place in reversed(range(len(cells))):
        for module, name, answer in _checks(cells[place].tree):
            if (module, name) == (task.module, task.name):
                return answer, place
    return task.answer, len(cells)


def needed(expression: str, place: int, cells: Sequence[Cell]) -> set[int]:
    """Choose the cells that an answer is made of.

    The others may train networks for minutes.

    Args:
        expression: The answer.
        place: The cell that asks for it; later ones count if they alone make
            a name.
        cells: Those of the notebook.

    Returns:
        The places of the cells, to be run in order.
    """
    chosen = {place for place, cell in enumerate(cells) if cell.always}
    waiting = [(name, place + 1) for name in _cell(expression).at_once]
    for one in chosen:
        waiting += _wants(one, cells, place + 1)
    seen: set[tuple[str, int]] = set()
    while waiting:
        name, before = waiting.pop()
        if (name, before) in seen:
            continue
        seen.add((name, before))
        makers = [i for i, cell in enumerate(cells) if name in cell.binds]
        if not makers:
            continue
        one = max((i for i in makers if i < before), default=makers[0])
        if one not in chosen:
            chosen.add(one)
            waiting += _wants(one, cells, place + 1)
    return chosen


def _wants(
    one: int, cells: Sequence[Cell], finally_: int
) -> list[tuple[str, int]]:
    """Return the names that a cell needs, and before which cell each."""
    cell = cells[one]
    return [
        *((name, one) for name in cell.at_once),
        *((name, finally_) for name in cell.later),
    ]


def read(path: Path) -> bytes:
    """Return what is in a file that was handed in.

    Args:
        path: Of the file. Links are not followed.

    Raises:
        Unreadable: It is no file, or too large.
    """
    try:
        kind = path.lstat()
        if not stat.S_ISREG(kind.st_mode):
            what = "a link" if stat.S_ISLNK(kind.st_mode) else "no file"
            raise Unreadable(f"This is {what}, which is not followed.")
        if kind.st_size > LARGEST:
            raise Unreadable(
                f"The file is larger than {LARGEST // 2**20} MB: its outputs "
                "have to be cleared first."
            )
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(
            f"The file cannot be read ({error.strerror})."
        ) from None


def cells_of(data: bytes) -> list[dict]:
    """Return a notebook's cells, which have what a cell has.

    Args:
        data: What is in its file.

    Raises:
        Unreadable: It is no notebook, or has too much code.
    """
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Unreadable("The file is damaged: it is no JSON.") from None
    if not isinstance(notebook, dict) or "cells" not in notebook:
        raise Unreadable("The file is no notebook.")
    cells = notebook["cells"]
    if not isinstance(cells, list) or not all(
        isinstance(cell, dict)
        and isinstance(cell.get("cell_type"), str)
        and isinstance(cell.get("source"), str | list)
        and isinstance(cell.get("metadata", {}), dict)
        for cell in cells
    ):
        raise Unreadable("The notebook is damaged: its cells cannot be read.")
    code = sum(
        len(_text(cell)) for cell in cells if cell["cell_type"] == "code"
    )
    if code > LONGEST:
        raise Unreadable(
            f"The notebook has {code:,} characters of code, more than the "
            f"{LONGEST:,} that are read."
        )
    return cells


def _text(cell: dict) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(map(str, source))


def _tags(cell: dict) -> list:
    tags = cell.get("metadata", {}).get("tags", [])
    return tags if isinstance(tags, list) else []


def _title(cells: Sequence[dict]) -> str:
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for line in _text(cell).splitlines():
                if line.startswith("# "):
                    return line[2:].strip()
    return ""


def plain(source: str) -> str:
    """Replace the lines that only Jupyter understands, such as %time.

    Args:
        source: The text of a cell.
    """
    if _parsed(source) is not None:
        return source
    return re.sub(r"(?m)^([ \t]*)[%!].*$", r"\1pass", source)


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _checks(tree: ast.Module | None) -> list[tuple[str, str, str]]:
    """Return module, name and answer of each `check.module.name(answer)`."""
    found = []
    for node in ast.walk(tree) if tree else ():
        match node:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Attribute(
                        value=ast.Name(id="check"), attr=module
                    ),
                    attr=name,
                ),
                args=[answer],
            ):
                found.append((module, name, ast.unparse(answer)))
    return found


def _changed(tree: ast.Module) -> Iterator[str]:
    """Yield what a cell makes anew by changing it, as in x[0] = 1."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store())
            ):
                inner = node
            case ast.Expr(value=ast.Call(func=ast.Attribute() as inner)):
                pass  # such as model.fit(…)
            case _:
                continue
        while isinstance(inner, ast.Attribute | ast.Subscript):
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield inner.id


def _cell(source: str) -> Cell:
    """Find out which global names a cell makes and needs."""
    cell = Cell(source, _parsed(source))
    if cell.tree is None:
        # It fails, and what fails with it shall be told so.
        cell.binds = set(re.findall(r"(?m)^(?:def|class) +(\w+)", source))
        return cell
    try:
        table = symtable.symtable(source, "cell", "exec")
    except (SyntaxError, RecursionError):
        return cell
    for symbol in table.get_symbols():
        name = symbol.get_name()
        if symbol.is_assigned() or symbol.is_imported():
            cell.binds.add(name)
        if symbol.is_referenced():
            cell.at_once.add(name)
    cell.changes = set(_changed(cell.tree))
    waiting = list(table.get_children())
    while waiting:
        inner = waiting.pop()
        waiting.extend(inner.get_children())
        for symbol in inner.get_symbols():
            if symbol.is_global():
                if symbol.is_assigned():
                    cell.binds.add(symbol.get_name())
                if symbol.is_referenced():
                    cell.later.add(symbol.get_name())
    cell.always = any(
        isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        for node in ast.walk(cell.tree)
    )
    return cell
