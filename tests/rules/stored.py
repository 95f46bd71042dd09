"""What must be stored in a notebook so that running it can prove anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.rules import IGNORED, RAISES, Lecture, collect

WIDGET = "application/vnd.jupyter.widget-view+json"
AGAIN = "run the render command"


def outputs_are_stored(lecture: Lecture) -> Iterator[str]:
    """Every cell was run, in order; nbval passes over cells that were not."""
    for expected, cell in enumerate(lecture.code, start=1):
        count = cell.node.execution_count
        if count is None:
            yield f"{cell}: never run, no output stored: {AGAIN}"
        elif count != expected:
            yield (
                f"{cell}: execution count {count}, expected {expected}: the "
                f"cells were not run once from top to bottom: {AGAIN}"
            )
    if not any(cell.outputs for cell in lecture.code):
        yield f"no cell of {lecture.path.name} has a stored output: {AGAIN}"


def ignored_cells_have_outputs(lecture: Lecture) -> Iterator[str]:
    """A reader without a kernel sees something below an ignored cell."""
    for cell in lecture.code:
        if IGNORED in cell.tags and not cell.outputs:
            yield (
                f"{cell}: tagged {IGNORED} but no output is stored: {AGAIN}, "
                "or drop the tag if there is nothing to ignore"
            )


def errors_are_wanted(lecture: Lecture) -> Iterator[str]:
    """A stored error belongs to a cell that is there to show it."""
    for cell in lecture.code:
        errors = [o for o in cell.outputs if o.output_type == "error"]
        if errors and RAISES not in cell.tags:
            yield f"{cell}: stored {errors[0].ename}, expected no error"
        if RAISES in cell.tags and not errors:
            yield f"{cell}: tagged {RAISES}, but no error is stored"


def nothing_on_stderr(lecture: Lecture) -> Iterator[str]:
    """Warnings differ between machines and unsettle learners."""
    for cell in lecture.code:
        for output in cell.outputs:
            if output.get("name") == "stderr":
                first = output.text.strip().splitlines()[:1]
                yield f"{cell}: text on stderr {first}: mend its cause"


def no_widget_state(lecture: Lecture) -> Iterator[str]:
    """Identifiers of live widgets mean nothing outside their kernel."""
    if "widgets" in lecture.nb.metadata:
        yield f"widget state in the notebook's metadata: {AGAIN}"
    for cell in lecture.code:
        if any(WIDGET in output.get("data", {}) for output in cell.outputs):
            yield f"{cell}: stored view of a live widget: {AGAIN}"


def ignored_cells_are_asserted(lecture: Lecture) -> Iterator[str]:
    """What is not compared is held by an assertion, there or soon after."""
    code = lecture.code
    for place, cell in enumerate(code):
        tags = {IGNORED, RAISES} & set(cell.tags)
        # A cell that may raise proves nothing itself.
        following = code[place + (RAISES in tags) : place + 3]
        if tags and not any(
            isinstance(node, ast.Assert)
            for later in following
            for node in ast.walk(later.tree)
        ):
            yield (
                f"{cell}: tagged {tags.pop()}, so it or one of the next "
                "two code cells must assert what matters, as a band"
            )


def no_other_switches(lecture: Lecture) -> Iterator[str]:
    """No cell is taken out of the validation by other means."""
    for cell in lecture.code:
        for tag in cell.tags:
            if ("nbval" in tag or "raise" in tag or "skip" in tag) and (
                tag not in {IGNORED, RAISES}
            ):
                yield f"{cell}: tag {tag!r}, allowed: {IGNORED}, {RAISES}"
        if re.search(r"(?m)^\s*#\s*(NBVAL_|PYTEST_VALIDATE)", cell.source):
            yield f"{cell}: a comment switches nbval, use the tag {IGNORED}"


RULES = collect(globals())
