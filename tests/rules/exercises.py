"""Exercises: four cells each, and nothing that depends on the answer."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator

from tests.rules import Cell, Lecture, collect, headings

HEADING = re.compile(r"### Exercise (\d+)\.(\d+) · \S")
TITLE = re.compile(r"(?m)^#{1,6}\s*Exercise\b.*$")


def _heading(cell: Cell) -> str | None:
    found = TITLE.search(cell.source) if cell.is_markdown else None
    return found and found.group()


def number_of_exercises(lecture: Lecture) -> Iterator[str]:
    """Three to five, numbered, one of them a Detective."""
    titles = [(cell, t) for cell in lecture.cells if (t := _heading(cell))]
    low = 1 if lecture.is_first else 3
    if not low <= len(titles) <= 5:
        yield f"{len(titles)} exercises, expected {low} to 5"
    for place, (cell, title) in enumerate(titles, start=1):
        start = f"### Exercise {int(lecture.number)}.{place} · "
        if not title.startswith(start):
            yield f"{cell}: heading {title!r}, expected {start + '…'!r}"
    detectives = [title for _, title in titles if "Detective" in title]
    if len(detectives) != 1 and not lecture.is_first:
        yield (
            f"{len(detectives)} exercises with 'Detective' in the heading, "
            "expected exactly one"
        )


def four_cells_each(lecture: Lecture) -> Iterator[str]:
    """Task, stub that parses, checker, hidden solution."""
    seen = set()
    for cell in lecture.cells:
        if not _heading(cell):
            continue
        following = lecture.cells[cell.index : cell.index + 3]
        if len(following) < 3 or not all(c.is_code for c in following):
            yield (
                f"{cell}: must be followed by three code cells: "
                "stub, check, solution"
            )
            continue
        stub, checker, solution = following
        seen |= {stub.index, solution.index}
        yield from _stub(stub)
        if not checker.is_check:
            yield f"{checker}: expected a cell that calls check.…"
        yield from _solution(solution)
    for cell in lecture.code:
        if {"exercise", "solution"} & set(cell.tags) and (
            cell.index not in seen
        ):
            yield f"{cell}: belongs to no '### Exercise' heading"


def _stub(cell: Cell) -> Iterator[str]:
    if "exercise" not in cell.tags:
        yield f"{cell}: expected the stub, tagged exercise"
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        yield f"{cell}: the stub must be valid Python ({error.msg})"
        return
    if not any(
        isinstance(node, ast.Constant) and node.value is ...
        for node in ast.walk(tree)
    ):
        yield f"{cell}: the stub must contain ... where the answer goes"


def _solution(cell: Cell) -> Iterator[str]:
    if "solution" not in cell.tags:
        yield f"{cell}: expected the reference answer, tagged solution"
    if not cell.node.metadata.get("jupyter", {}).get("source_hidden"):
        yield (
            f"{cell}: the solution must start collapsed: metadata "
            '{"jupyter": {"source_hidden": true}}'
        )


def no_answer_is_needed(lecture: Lecture) -> Iterator[str]:
    """A cell that is no exercise runs the same whatever the answer is."""
    tainted: dict[str, Cell] = {}
    for cell in lecture.code:
        if {"exercise", "solution"} & set(cell.tags):
            for statement in cell.tree.body:
                names = _names(statement)[1]
                tainted.update(dict.fromkeys(names, cell))
            continue
        for statement in cell.tree.body:
            loaded, bound = _names(statement)
            for name in sorted(loaded & set(tainted)):
                if not cell.is_check:
                    yield (
                        f"{cell}: uses {name!r}, which {tainted[name]} "
                        "defines: another answer changes this cell"
                    )
            for name in bound:
                tainted.pop(name, None)


def _names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Return the global names that a statement reads and that it binds."""
    table = symtable.symtable(ast.unparse(statement), "cell", "exec")
    loaded, bound = set(), set()
    for symbol in table.get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            bound.add(symbol.get_name())
        if symbol.is_referenced():
            loaded.add(symbol.get_name())
    if isinstance(statement, ast.AugAssign):
        loaded |= {
            node.id
            for node in ast.walk(statement.target)
            if isinstance(node, ast.Name)
        }
    waiting = list(table.get_children())
    while waiting:
        inner = waiting.pop()
        waiting.extend(inner.get_children())
        loaded |= {
            symbol.get_name()
            for symbol in inner.get_symbols()
            if symbol.is_global() and symbol.is_referenced()
        }
    # What a loop or a function binds itself does not come from elsewhere.
    if isinstance(statement, ast.For | ast.FunctionDef | ast.With):
        loaded -= bound
    return loaded, bound


def quiz_is_shown(lecture: Lecture) -> Iterator[str]:
    """One cell shows the lecture's own quiz, and the quiz exists."""
    call = f'quiz.show("{lecture.number}")'
    shown = [cell for cell in lecture.code if "quiz.show(" in cell.source]
    if not shown:
        yield f"no quiz, expected a cell {call}"
    for cell in shown:
        if cell.source.strip() != call:
            yield f"{cell}: expected {call} and nothing else"
    path = lecture.root / "course_utils" / "quizzes"
    path = path / f"{lecture.number}.json"
    if not path.is_file():
        yield f"the quiz file {path.relative_to(lecture.root)} is missing"


def the_end(lecture: Lecture) -> Iterator[str]:
    """The last cells sum up and point onwards."""
    last = [title for cell in lecture.cells[-5:] for _, title in headings(cell)]
    for title in ("Summary", "Go further", "Next"):
        if title not in last:
            yield f"'## {title}' is missing among the last cells"


RULES = collect(globals())
