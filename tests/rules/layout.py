"""Cells: how many, how long, in which order, with which metadata."""

from __future__ import annotations

import ast
import io
import itertools
import json
import re
import statistics
import tokenize
from collections.abc import Iterator

from tests.pictures import MIME
from tests.rules import Cell, Lecture, collect, headings

import nbformat

SLIDE_TYPES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
# The best-read notebooks have 110 to 180 lines in 45 to 70 cells.  A topic
# that the curriculum makes larger may go up to these limits, no further.
CELLS = (45, 90)
LINES = (110, 240)
BYTES = 400_000
TIMING = {"execution", "ExecuteTime", "papermill", "elapsed"}
PLACES = re.compile(
    r"(?<![\w.~:/-])/(?:home|work|root|Users|tmp)/\w"
    r"|(?<!\w)[A-Z]:\\(?:Users|home|work|Program|[a-z]+\\)"
)


def valid_notebook(lecture: Lecture) -> Iterator[str]:
    """The file is a valid notebook, and each cell has its own id."""
    ids = [cell.node.get("id") for cell in lecture.cells]
    for cell, name in zip(lecture.cells, ids, strict=True):
        if name is None:
            yield f"{cell}: has no id: save the notebook as nbformat 4.5"
        elif ids.count(name) > 1:
            yield f"{cell}: the id {name!r} is used more than once"
    if not any(name is None or ids.count(name) > 1 for name in ids):
        try:
            nbformat.validate(lecture.nb)
        except nbformat.ValidationError as error:
            yield f"not a valid notebook: {error.message}"


def no_empty_cells(lecture: Lecture) -> Iterator[str]:
    """An empty cell on a projector is a question mark."""
    for cell in lecture.cells:
        if not cell.lines:
            yield f"{cell}: remove the empty cell"


def small_file(lecture: Lecture) -> Iterator[str]:
    """A reader behind a slow line opens the notebook, too."""
    size = len(json.dumps(lecture.nb, indent=1, ensure_ascii=False).encode())
    if size >= BYTES:
        yield f"{size / 1000:.0f} kB, expected less than {BYTES // 1000}"


def no_traces_of_a_machine(lecture: Lecture) -> Iterator[str]:
    """No running times in the metadata, no paths of one computer."""
    for cell in lecture.cells:
        left = TIMING & set(cell.node.metadata)
        if left:
            yield f"{cell}: timing metadata {sorted(left)}: render again"
        texts = {"source": re.sub(r"\$[^$]*\$", "", cell.source)}
        for output in cell.outputs:
            data = {
                kind: value
                for kind, value in output.get("data", {}).items()
                if not kind.startswith("image/")
            }
            shown = [data, output.get("text"), output.get("traceback")]
            texts["output"] = texts.get("output", "") + str(shown)
        for name, text in texts.items():
            found = PLACES.search(text)
            if found:
                around = text[found.start() : found.start() + 30]
                yield f"{cell}: the {name} names a place {around!r}"


def slide_types(lecture: Lecture) -> Iterator[str]:
    """Each cell says what a slide deck does with it."""
    for cell in lecture.cells:
        if cell.slide_type not in SLIDE_TYPES:
            yield (
                f"{cell}: slideshow.slide_type is {cell.slide_type!r}, "
                f"expected one of {sorted(SLIDE_TYPES)}"
            )
    if not any(cell.slide_type == "notes" for cell in lecture.markdown):
        yield "no cell with notes for the teacher (slide type notes)"


def notes_are_marked(lecture: Lecture) -> Iterator[str]:
    """Notes for the teacher give answers away and must say whose they are."""
    for cell in lecture.markdown:
        marked = cell.source.startswith("**For the teacher.**")
        if cell.slide_type == "notes" and not marked:
            yield f"{cell}: must start with '**For the teacher.**'"


def first_cell(lecture: Lecture) -> Iterator[str]:
    """Title, promise, three abilities, needs and minutes on one slide."""
    cell = lecture.cells[0]
    title = f"# {int(lecture.number)} · "
    if not cell.is_markdown or not cell.source.startswith(title):
        yield f"{cell}: must start with {title + 'Title'!r}"
    if cell.slide_type != "slide":
        yield f"{cell}: slide type {cell.slide_type!r}, expected 'slide'"
    if len(cell.lines) > 10:
        yield f"{cell}: {len(cell.lines)} lines, expected at most 10"
    text = cell.source.lower()
    for word in ("able to", "need", "minutes"):
        if word not in text:
            yield f"{cell}: does not say {word!r}"
    items = len(re.findall(r"(?m)^\s*(?:[-*]|\d+\.)\s", cell.source))
    if items < 3:
        yield f"{cell}: {items} list items, expected three abilities"


def second_cell(lecture: Lecture) -> Iterator[str]:
    """All imports in one short cell that slides skip."""
    cell = lecture.cells[1]
    if not cell.is_code or not any(_imports(cell)):
        yield f"{cell}: expected the imports"
    if len(cell.lines) > 8:
        yield f"{cell}: {len(cell.lines)} lines, expected at most 8"
    if cell.slide_type != "skip":
        yield f"{cell}: slide type {cell.slide_type!r}, expected 'skip'"


def _imports(cell: Cell) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def imports(lecture: Lecture) -> Iterator[str]:
    """Imports stand at the top and keep the origin of a name readable."""
    for cell in lecture.code:
        for node in _imports(cell):
            text = ast.unparse(node)
            if text.endswith("import *"):
                yield f"{cell}: {text!r}: import the module"
            if text.startswith(("from course_utils.", "import course_utils")):
                yield (
                    f"{cell}: {text!r}: expected "
                    "'from course_utils import module'"
                )
            if cell.index != 2 and "import" not in _before(lecture, cell):
                yield (
                    f"{cell}: {text!r} belongs in the second cell, unless "
                    "the text before the cell speaks of the import"
                )


def _before(lecture: Lecture, cell: Cell) -> str:
    """Return the learner's text directly before a cell, or nothing."""
    for other in reversed(lecture.cells[: cell.index - 1]):
        if other.slide_type != "notes":
            return other.source if other.is_markdown else ""
    return ""


def kept_out(lecture: Lecture) -> Iterator[str]:
    """Calls that break the validation, the slides, or the reader's trust."""
    for cell in lecture.code:
        for node in ast.walk(cell.tree):
            text = ast.unparse(node) if isinstance(node, ast.expr) else ""
            if text == "plt.show":
                yield f"{cell}: plt.show: leave the figure as last expression"
            elif text in {"widgets.Output", "ipywidgets.Output", "Output"}:
                yield f"{cell}: {text}: use widgets.HTML or LiveFigure"
            elif text in {"interact", "widgets.interact"}:
                yield f"{cell}: {text}: use an explorer"
        if _ends_with_semicolon(cell):
            yield f"{cell}: trailing ';' has no effect here, write '_ = …'"


def _ends_with_semicolon(cell: Cell) -> bool:
    tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
    try:
        kept = [t for t in tokens if t.type != tokenize.COMMENT]
    except (tokenize.TokenError, SyntaxError):
        return False
    ends = {tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER}
    return any(
        token.string == ";" and following.type in ends
        for token, following in itertools.pairwise(kept)
    )


def length_of_code(lecture: Lecture) -> Iterator[str]:
    """Short cells: one idea each, visible on a projector."""
    lengths = [len(cell.lines) for cell in lecture.code]
    for cell, length in zip(lecture.code, lengths, strict=True):
        if length > 30:
            yield f"{cell}: {length} lines of code, none may exceed 30"
    median = statistics.median(lengths)
    if median > 5:
        yield f"the median code cell has {median:g} lines, at most 5 expected"
    long = [cell for cell in lecture.code if len(cell.lines) >= 15]
    if len(long) > len(lengths) / 10:
        yield (
            f"{len(long)} of {len(lengths)} code cells have 15 lines or more, "
            f"expected one in ten: {', '.join(map(str, long))}"
        )


def budget(lecture: Lecture) -> Iterator[str]:
    """A lecture is one sitting."""
    found = {
        "cells": (len(lecture.cells), CELLS),
        "lines of code": (sum(len(c.lines) for c in lecture.code), LINES),
    }
    for name, (count, (low, high)) in found.items():
        if count > high or (count < low and not lecture.is_first):
            yield f"{count} {name}, expected {low} to {high}"


def prose_before_code(lecture: Lecture) -> Iterator[str]:
    """Three of four code cells follow a text that says why.

    The checker and the solution of an exercise are left out: they follow
    their stub, as the anatomy of an exercise has it.
    """
    code = [
        cell
        for cell in lecture.code
        if not cell.is_check and "solution" not in cell.tags
    ]
    bare = [cell for cell in code if not _before(lecture, cell)]
    if len(bare) > len(code) / 4:
        yield (
            f"{len(bare)} of {len(code)} code cells have no prose directly "
            f"before them, at most a quarter may: {', '.join(map(str, bare))}"
        )


def headings_do_not_skip(lecture: Lecture) -> Iterator[str]:
    """One title; a heading is at most one level deeper than the last."""
    level = 0
    for cell in lecture.markdown:
        for depth, title in headings(cell):
            if depth > level + 1:
                yield f"{cell}: {'#' * depth} {title} follows {'#' * level}"
            if depth == 1 and level:
                yield f"{cell}: a second title {title!r}, use ##"
            level = depth


def alt_texts(lecture: Lecture) -> Iterator[str]:
    """Each picture is described for those who cannot see it."""
    for cell in lecture.cells:
        for output in cell.outputs:
            for kind in output.get("data", {}):
                about = output.get("metadata", {}).get(kind, {})
                alt = str(about.get("alt", "")).strip()
                if kind == MIME and not alt:
                    yield f"{cell}: a stored picture has no alt text"
                elif kind == MIME and len(alt.split()) < 4:
                    yield (
                        f"{cell}: the alt text {alt!r} says too little: give "
                        "the figure titles and labels, or plots.describe it"
                    )
        if cell.is_markdown and re.search(r"!\[\s*\]\(", cell.source):
            yield f"{cell}: a linked picture has no alt text"


RULES = collect(globals())
