"""Change code in one place at a time, and count what the tests notice.

Only what stands in functions is changed, and there no texts. Outside of them
checkers have the numbers of their examples, for which others are as good.
Every change is tried in a copy of a process that has collected the tests of
the module, with those tests that call the changed function. Linux and macOS.
"""

from __future__ import annotations

import argparse
import ast as a
import contextlib
import gc
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, FunctionType

import common

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests import validation  # noqa: E402, F401 (the surroundings of tests)

import keras  # noqa: E402, F401 (once, and not for every change again)
import pytest  # noqa: E402

GROUPS = {  # files of course_utils, and how many changes of them are tried
    "scratch": ("scratch.py", 150),
    "datasets": ("datasets.py", 150),
    "check": ("check/*.py", 400),
}
MORE = {  # tests that have another name than the module
    "datasets": ["test_prices.py"],
    "start_here": ["test_check_exercise.py"],
}
BAR = 0.85  # of the changes must be noticed
PAIRS = (
    *((a.Lt, a.LtE), (a.Gt, a.GtE), (a.Eq, a.NotEq), (a.Is, a.IsNot)),
    *((a.In, a.NotIn), (a.Add, a.Sub), (a.Mult, a.Div), (a.And, a.Or)),
    *((a.BitOr, a.BitAnd), (a.USub, a.UAdd)),
)
OTHER = {a.FloorDiv: a.Div, a.Mod: a.Mult, a.Pow: a.Mult, a.MatMult: a.Mult}
OTHER |= dict(PAIRS) | {two: one for one, two in PAIRS}


def change(node: a.AST) -> bool:
    """Change a node of a tree in place; tell whether that can be done."""
    match node:
        case a.Compare():
            node.ops[0] = OTHER[type(node.ops[0])]()
        case a.BinOp() | a.AugAssign() | a.BoolOp() | a.UnaryOp(op=a.USub()):
            node.op = OTHER[type(node.op)]()
        case a.Constant(value=bool()):
            node.value = not node.value
        case a.Constant(value=int() | float()):
            node.value += 1
        case a.Return(value=a.expr()):
            node.value = a.Constant(None)
        case a.If() | a.While() | a.IfExp():
            node.test = a.UnaryOp(a.Not(), node.test)
        case _:
            return False
    return True


def nodes(tree: a.AST, inside: bool = False) -> Iterator[a.AST]:
    """Yield the nodes in functions that are in no text and no type."""
    if inside:
        yield tree
    for name, part in a.iter_fields(tree):
        for node in part if isinstance(part, list) else [part]:
            if (
                isinstance(node, a.AST)
                and name not in {"annotation", "returns", "decorator_list"}
                and not isinstance(node, a.JoinedStr)
                and getattr(node, "name", "") != "__repr__"
            ):
                body = name == "body" and isinstance(tree, a.FunctionDef)
                yield from nodes(node, inside or body)


def places(path: Path) -> list[int]:
    """Return the numbers of the nodes that can be changed."""
    tree = a.parse(path.read_text("utf-8"))
    return [i for i, node in enumerate(list(nodes(tree))) if change(node)]


def changed(path: Path, number: int) -> tuple[CodeType, str]:
    """Return the code of a module with one node changed, and the change."""
    tree = a.parse(path.read_text("utf-8"))
    node = list(nodes(tree))[number]
    what = f"{a.unparse(getattr(node, 'test', node))}  →  "
    change(node)
    what = f"{node.lineno}: `{what}{a.unparse(getattr(node, 'test', node))}`"
    tree = a.fix_missing_locations(tree)
    return compile(tree, path, "exec", dont_inherit=True), what


def exchanged(old: CodeType, new: CodeType) -> dict[CodeType, CodeType]:
    """Return which code stands for which, of all functions that differ."""

    def held(code: CodeType) -> list[CodeType]:
        return [c for c in code.co_consts if isinstance(c, CodeType)]

    found = {} if old == new else {old: new}
    if len(held(old)) == len(held(new)):  # else a function in it is gone
        for one, other in zip(held(old), held(new), strict=True):
            found |= exchanged(one, other)
    return found


def in_child(work: Callable[[], int], limit: float) -> int:
    """Do something in a copy of this process; 1 if it takes too long."""
    child = os.fork()
    if not child:
        code = 1
        try:
            os.setsid()
            code = work()
        finally:
            os._exit(code)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 1


class Trial:
    """Tries changes of a module, as a plugin of pytest.

    Args:
        path: Of the module.
        numbers: Of the changes.
        notes: A file for what becomes of them: whether they survive, or null
            if no test calls the function.
    """

    def __init__(self, path: Path, numbers: list[int], notes: Path) -> None:
        self.path, self.numbers, self.notes = path, numbers, notes

    def pytest_collection_modifyitems(self, items: list) -> None:
        """Leave out what the tests of all checkers ask of other checkers."""
        items[:] = [
            item
            for item in items
            if item.path.name != "test_check_all.py"
            or self.path.stem in item.name
        ]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests as they are, then some of them for each change."""
        items = {item.nodeid: item for item in session.items}
        if in_child(lambda: self.usual(session, items), 1800):
            sys.exit(f"The tests of {self.path} fail without a change.")
        seconds, calls = json.loads(self.notes.read_text())
        old = compile(self.path.read_text("utf-8"), self.path, "exec", 0, True)
        functions = [
            thing
            for thing in gc.get_objects()
            if isinstance(thing, FunctionType)
            and thing.__code__.co_filename == str(self.path)
        ]
        gc.freeze()
        alive = {}
        for number in self.numbers:
            new, _ = changed(self.path, number)
            codes = exchanged(old, new)
            names = {code.co_qualname for code in codes}
            some = [t for t in items if names & set(calls[t])]
            some.sort(key=seconds.get)

            def work(tests: list = some, codes: dict = codes) -> int:
                for function in functions:
                    code = function.__code__
                    function.__code__ = codes.get(code, code)
                return self.run(session, [items[test] for test in tests])

            limit = 20 + 10 * sum(map(seconds.get, some))
            alive[number] = in_child(work, limit) == 0 if some else None
        self.notes.write_text(json.dumps(alive))
        return True

    def run(self, session: pytest.Session, items: list) -> int:
        """Run tests until one fails; return 1 if one does."""
        for item, after in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if session.testsfailed:
                return 1
        return 0

    def usual(self, session: pytest.Session, items: dict) -> int:
        """Note the seconds of each test, and which functions it calls."""
        called: set[str] = set()

        def look(frame: FrameType, event: str, _: object) -> None:
            code = frame.f_code
            if event == "call" and code.co_filename == str(self.path):
                called.add(code.co_qualname)

        threading.setprofile(look)
        sys.setprofile(look)
        seconds, calls = {}, {}
        for name, item in items.items():
            called.clear()
            start = time.monotonic()
            if self.run(session, [item]):
                return 1
            seconds[name] = time.monotonic() - start
            calls[name] = sorted(called)
        sys.setprofile(None)
        self.notes.write_text(json.dumps([seconds, calls]))
        return 0


def tried(path: Path, numbers: list[int]) -> dict[int, bool | None]:
    """Try changes of a module, and return which survive; see `Trial`."""
    stem = path.relative_to(ROOT / "course_utils").with_suffix("")
    found = (ROOT / "tests").glob(f"test_{'_'.join(stem.parts)}*.py")
    more = [ROOT / "tests" / name for name in MORE.get(path.stem, ())]
    if stem.parts[0] == "check":
        more.append(ROOT / "tests" / "test_check_all.py")
    quiet = "-q -x -p no:cacheprovider -p no:xdist --tb=no -rN -W ignore"

    def work() -> int:
        arguments = [*quiet.split(), f"--basetemp={folder}/tests"]
        with (
            open(os.devnull, "w") as nothing,
            contextlib.redirect_stdout(nothing),
            contextlib.redirect_stderr(nothing),
        ):
            files = map(str, {*found, *more})
            return pytest.main([*arguments, *files], [trial])

    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"
        trial = Trial(path, numbers, notes)
        in_child(work, 1e9)
        alive = json.loads(notes.read_text())
    if isinstance(alive, list):
        sys.exit(f"The tests of {path} stopped before the end.")
    return {number: alive[str(number)] for number in numbers}


def main() -> int:
    """Sample changes, try them, and print what survives."""
    parser = common.parser(__doc__)
    parser.add_argument(
        "groups", nargs="*", help=f"{', '.join(GROUPS)}; or all"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--sample", type=common.count, help="changes, in place of 150 or 400"
    )
    options = parser.parse_args()
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(f"there is no group {', '.join(unknown)}")
    problems = []
    for group in options.groups or GROUPS:
        problems += measured(group, options)
    return common.verdict(problems, options)


def measured(group: str, options: argparse.Namespace) -> list[str]:
    """Try changes of one group, and return what is too bad."""
    pattern, size = GROUPS[group]
    sites = [
        (path, number)
        for path in sorted((ROOT / "course_utils").glob(pattern))
        for number in places(path)
    ]
    size = min(options.sample or size, len(sites))
    chosen = random.Random(options.seed).sample(sites, size)
    common.head(f"{group}: survivors", "module", "change")
    alive = called = 0
    for path in sorted({path for path, _ in chosen}):
        found = tried(path, sorted(n for p, n in chosen if p == path))
        called += sum(survives is not None for survives in found.values())
        for number in (n for n, survives in found.items() if survives):
            alive += 1
            common.row(path.stem, changed(path, number)[1])
    print(
        f"\n{group}: {called - alive} of {called} noticed; of {len(sites):,}, "
        f"{size} were drawn, {size - called} are called by imports alone"
    )
    if called - alive < BAR * called:
        return [f"{group}: less than {BAR:.0%} noticed"]
    return []


if __name__ == "__main__":
    sys.exit(main())
