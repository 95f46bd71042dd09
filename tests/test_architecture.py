"""The package keeps the shape that makes it readable.

One job per module, imports in one direction, light modules light, one place
for colours, and every public function explained.
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import pytest
from matplotlib import colors

PACKAGE = Path(__file__).parents[1] / "course_utils"
# From the ground up.  A module imports modules further up only.
ORDER = [
    "style",
    "toy",
    "standins",
    "handwriting",
    "scratch",
    "sequences",
    "device",
    "prices",
    "datasets",
    "models",
    "inspection",
    "plots",
    "live",
    "explorers",
    "training",
    "check",
    "grading",
    "quiz",
    "doctor",
    "slides",
    "__main__",
]
WITHOUT_SCREEN = [
    *("toy", "standins", "handwriting", "scratch", "sequences", "prices"),
    *("datasets", "models", "inspection"),
]
SCREEN = {"matplotlib", "ipywidgets", "IPython", "anywidget"}
# Pillow makes bytes for the screen in one place, and ink in two others.
PILLOW = {"live", "scratch", "handwriting"}
HEAVY = ["tensorflow", "keras"]
LIGHT = [
    *("", "style", "toy", "standins", "handwriting", "prices", "datasets"),
    *("sequences", "inspection", "plots", "live", "explorers", "quiz"),
    *("check", "grading"),
]
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    """Return the name in ORDER that a file belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def name_of(path: Path) -> str:
    """Return the file's place in the package."""
    return path.relative_to(PACKAGE).as_posix()


def imported(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, anywhere in it, in full."""
    package = ["course_utils", *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package[: len(package) - node.level + 1]
                base = ".".join([*above, base]).rstrip(".")
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def own_modules(path: Path) -> set[str]:
    """Return the course's own modules that a file imports."""
    parts = [name.split(".") for name in imported(path)]
    return {
        name[1]
        for name in parts
        if name[0] == "course_utils" and name[1:] and name[1] in ORDER
    }


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_go_up_the_list_only(path: Path) -> None:
    module = module_of(path)
    if module == "__init__":
        assert not own_modules(path), "importing the package imports nothing"
        return
    assert module in ORDER, (
        f"{module} is in no place: add it to ARCHITECTURE and to ORDER"
    )
    above = {*ORDER[: ORDER.index(module)], module}
    assert own_modules(path) <= above


@pytest.mark.parametrize("module", WITHOUT_SCREEN)
def test_mathematics_draws_nothing(module: str) -> None:
    for path in FILES:
        if module_of(path) == module:
            roots = {name.split(".")[0] for name in imported(path)}
            assert not roots & SCREEN, name_of(path)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_few_modules_need_pillow(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(path)}
    assert "PIL" not in roots or module_of(path) in PILLOW


def test_light_modules_import_no_tensorflow() -> None:
    present = [
        f"course_utils.{name}".rstrip(".")
        for name in LIGHT
        if not name or util.find_spec(f"course_utils.{name}")
    ]
    program = (
        f"import sys, {', '.join(present)}\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.strip() == "[]"


def colour_codes(source: str) -> list[str]:
    """Return the colours that a program names in its strings.

    A word such as "tan" or "linen" is a colour for matplotlib and more often
    something else, so a plain name counts only where a colour is asked for:
    as an argument or a key such as ``color``, ``facecolor``, ``fc``.
    """
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            pattern = r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b"
            found += re.findall(pattern, node.value)
            found += re.findall(r"\b(?:rgba?|hsla?)\([^)]*\)", node.value)
            pattern = r"(?:color|background|fill|stroke)\s*:\s*([a-z]+)"
            found += _named(re.findall(pattern, node.value))
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                if _asks_for_colour(keyword.arg):
                    found += _named(_strings(keyword.value))
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                name = key.value if isinstance(key, ast.Constant) else None
                if isinstance(name, str) and _asks_for_colour(name):
                    found += _named(_strings(value))
    return list(dict.fromkeys(found))


def _asks_for_colour(name: str | None) -> bool:
    return name in {"c", "fc", "ec", "mfc", "mec"} or bool(
        name and re.search(r"colou?rs?$", name)
    )


def _strings(node: ast.expr) -> list[str]:
    return [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def _named(words: list[str]) -> list[str]:
    neutral = {"none", "inherit", "transparent", "auto", "w", "k"}
    return [
        word
        for word in words
        if word not in neutral and colors.is_color_like(word)
    ]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_style_knows_colours(path: Path) -> None:
    if module_of(path) != "style":
        assert colour_codes(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("ax.plot(x, color='#0072B2')", ["#0072B2"]),
        ("HTML('<b style=\"color: red\">')", ["red"]),
        ("ax.plot(x, c='tab:blue')", ["tab:blue"]),
        ("dict(x={'facecolor': 'tan'})", ["tan"]),
        ("Button(button_color='rgb(1, 2, 3)')", ["rgb(1, 2, 3)"]),
        ("name = 'tan'; ax.plot(x, color=style.BLUE)", []),
        ("ax.fill(facecolor='none')", []),
        ("text = 'exercise #1, see #12'", []),
    ],
)
def test_colour_codes_are_recognised(source: str, expected: list[str]) -> None:
    assert colour_codes(source) == expected


def public_functions(path: Path) -> Iterator[tuple[str, ast.AST, bool]]:
    """Yield name, node and whether it is a method, for what users may call."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node, False
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{inner.name}", inner, True


def missing_hints(node: ast.FunctionDef, is_method: bool) -> list[str]:
    """Return the arguments without a type hint, and "return" if that lacks."""
    static = any(
        isinstance(mark, ast.Name) and mark.id == "staticmethod"
        for mark in node.decorator_list
    )
    arguments = [*node.args.posonlyargs, *node.args.args]
    if is_method and not static:
        arguments = arguments[1:]
    arguments += node.args.kwonlyargs
    arguments += [a for a in (node.args.vararg, node.args.kwarg) if a]
    missing = [a.arg for a in arguments if a.annotation is None]
    return missing + ["return"] * (node.returns is None)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_public_functions_are_explained(path: Path) -> None:
    problems = []
    tree = ast.parse(path.read_text("utf-8"))
    if not ast.get_docstring(tree):
        problems.append("the module has no docstring")
    for node in tree.body:
        is_public = isinstance(node, ast.ClassDef) and node.name[0] != "_"
        if is_public and not ast.get_docstring(node):
            problems.append(f"class {node.name} has no docstring")
    for name, node, is_method in public_functions(path):
        if name.split(".")[-1].startswith("_"):
            continue
        if not ast.get_docstring(node):
            problems.append(f"{name} has no docstring")
        for argument in missing_hints(node, is_method):
            problems.append(f"{name}: no type hint for {argument}")
    assert not problems, f"{name_of(path)}: " + "; ".join(problems)


def test_missing_hints_are_found() -> None:
    source = inspect.cleandoc("""
        def f(a, b: int, *rest, c=1, **more):
            pass
    """)
    (node,) = ast.parse(source).body
    found = missing_hints(node, is_method=False)
    assert found == ["a", "c", "rest", "more", "return"]
