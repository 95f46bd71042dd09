"""What a lecture shows and what the package holds are the same."""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import json
import linecache
from collections.abc import Callable
from pathlib import Path
from types import CodeType

from course_utils import scratch, sequences

import pytest

NOTEBOOKS = sorted(
    (Path(__file__).parents[1] / "notebooks").glob("[0-9][0-9]_*.ipynb")
)


def code_cells(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def bare(function: ast.FunctionDef, name: str) -> str:
    """Write a function without docstring and annotations, under a name."""
    function.name = name
    function.returns = None
    for argument in ast.walk(function.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        function.body = function.body[1:]
    return ast.dump(function)


@functools.cache
def taught() -> dict[str, set[str]]:
    """Return what each function name is defined as in the lectures."""
    found: dict[str, set[str]] = {}
    for path in NOTEBOOKS:
        for cell in code_cells(path):
            for node in ast.parse("".join(cell["source"])).body:
                if isinstance(node, ast.FunctionDef):
                    name = node.name.removesuffix("_solution")
                    found.setdefault(name, set()).add(bare(node, name))
    return found


PUBLIC = [
    pytest.param(function, id=f"{module.__name__.split('.')[-1]}.{name}")
    for module in (scratch, sequences)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    # `batches` is for series longer than those of the lectures.
    if not name.startswith("_") and name != "batches"
]


@pytest.mark.parametrize("function", PUBLIC)
def test_the_package_holds_what_the_lecture_teaches(
    function: Callable,
) -> None:
    name = function.__name__
    tree = ast.parse(inspect.getsource(function))
    assert bare(tree.body[0], name) in taught().get(name, set()), (
        f"{function.__module__}.{name} differs from the cell that teaches it: "
        "change both"
    )


def statements(source: str, name: str) -> list[CodeType]:
    """Compile a cell, each of its statements on its own."""
    # tf.function reads the source of what it turns into a graph.
    lines = source.splitlines(keepends=True)
    linecache.cache[name] = (len(source), None, lines, name)
    nodes = ast.parse(source).body
    return [compile(ast.Module([node], []), name, "exec") for node in nodes]


def stored(code: CodeType) -> set[str]:
    """Return the names that a statement gives to something."""
    steps = dis.get_instructions(code)
    return {step.argval for step in steps if step.opname == "STORE_NAME"}


def loaded(code: CodeType) -> set[str]:
    """Return the names that a statement needs, in its functions as well."""
    found = {
        step.argval
        for step in dis.get_instructions(code)
        if step.opname in ("LOAD_NAME", "LOAD_GLOBAL")
    }
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    return found.union(*map(loaded, inner))


def needed(codes: list[CodeType], wanted: set[str]) -> list[CodeType]:
    """Return those statements that define names, and what these need.

    A lecture trains for minutes; its exercises need little of it.
    """
    wanted, before = set(wanted), None
    while wanted != before:
        before = set(wanted)
        chosen = [code for code in codes if stored(code) & wanted]
        wanted.update(*map(loaded, chosen))
    return chosen


def lecture(path: Path) -> list[CodeType]:
    """Return the statements of a lecture that are no part of an exercise."""
    found = []
    for number, cell in enumerate(code_cells(path)):
        source = "".join(cell["source"])
        tags = cell["metadata"].get("tags", [])
        if not {"exercise", "solution"} & set(tags) and "check." not in source:
            found += statements(source, f"{path.name}[{number}]")
    return found


def test_only_what_is_needed_is_chosen() -> None:
    source = """
import math
slow, x = train(), 3
def above(x):
    return math.ceil(x) * factor()
def factor():
    return double
double = 2
"""
    names: dict = {}
    for code in needed(statements(source, "cell"), {"above"}):
        exec(code, names)
    assert names["above"](1.5) == 4
    assert "slow" not in names


def exercises() -> list:
    """List (lecture, checker call, stub, solution) of every exercise."""
    found = []
    for path in NOTEBOOKS:
        cells = code_cells(path)
        for stub, checker, solution in zip(
            cells, cells[1:], cells[2:], strict=False
        ):
            if "exercise" in stub["metadata"].get("tags", []):
                sources = ["".join(c["source"]) for c in (stub, solution)]
                call = "".join(checker["source"]).strip()
                found.append(pytest.param(path, call, *sources, id=call))
    return found


@pytest.mark.parametrize(("path", "call", "stub", "solution"), exercises())
def test_exercises_open_empty_and_can_be_solved(
    path: Path, call: str, stub: str, solution: str
) -> None:
    checker, answer = call.removesuffix(")").split("(")
    solved = f"{answer}_solution"
    codes = lecture(path) + statements(stub, "stub")
    codes += statements(solution, "solution")
    names: dict = {}
    for code in needed(codes, {"check", answer, solved}):
        exec(code, names)
    # After Run All the stub is still what the check cell sees.
    assert eval(call, names).status == "not attempted yet"
    verdict = eval(checker, names)(names[solved])
    assert verdict.status == "right", verdict
    assert eval(call, names).status == "not attempted yet"
