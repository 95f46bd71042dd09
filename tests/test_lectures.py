"""What a lecture shows and what the package holds are the same."""

from __future__ import annotations

import ast
import functools
import inspect
import json
import linecache
from pathlib import Path

from course_utils import scratch

import matplotlib.pyplot as plt
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
    name
    for name, _ in inspect.getmembers(scratch, inspect.isfunction)
    if not name.startswith("_")
]


@pytest.mark.parametrize("name", PUBLIC)
def test_scratch_is_what_the_lecture_teaches(name: str) -> None:
    tree = ast.parse(inspect.getsource(getattr(scratch, name)))
    assert bare(tree.body[0], name) in taught().get(name, set()), (
        f"scratch.{name} differs from the cell that teaches it: change both"
    )


@functools.cache
def names_of(path: Path) -> dict:
    """Run a lecture without its exercises; return what it has defined."""
    names: dict = {}
    for number, cell in enumerate(code_cells(path)):
        source = "".join(cell["source"])
        tags = cell["metadata"].get("tags", [])
        if not {"exercise", "solution"} & set(tags) and "check." not in source:
            # tf.function reads the source of what it turns into a graph.
            name = f"{path.name}[{number}]"
            lines = source.splitlines(keepends=True)
            linecache.cache[name] = (len(source), None, lines, name)
            exec(compile(source, name, "exec"), names)
    plt.close("all")
    return names


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
    names = dict(names_of(path))
    exec(stub, names)
    assert eval(call, names).status == "not attempted yet"
    checker, answer = call.removesuffix(")").split("(")
    exec(solution, names)
    verdict = eval(checker, names)(names[f"{answer}_solution"])
    assert verdict.status == "right", verdict
    # After Run All the stub is still what the check cell sees.
    assert eval(call, names).status == "not attempted yet"
