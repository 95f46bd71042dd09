"""What a lecture notebook must be, one function for each rule.

A rule takes a `Lecture` and yields one sentence for each violation.  The
sentence names the cell and says what is expected, because the reader is an
author in the middle of writing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode, v4

IGNORED = "nbval-ignore-output"
RAISES = "raises-exception"


@dataclass(frozen=True)
class Cell:
    """One cell with what the rules ask about it."""

    index: int
    node: NotebookNode

    def __str__(self) -> str:
        """Name the cell as an author finds it: place and first line."""
        first = next(iter(self.lines), "(empty)")
        kind = "notes" if self.slide_type == "notes" else self.node.cell_type
        if len(first) > 40:
            first = first[:39] + "…"
        return f"cell {self.index} ({kind} {first!r})"

    @property
    def source(self) -> str:
        """The text of the cell."""
        return self.node.source

    @property
    def lines(self) -> list[str]:
        """The lines that are not empty."""
        return [line for line in self.source.splitlines() if line.strip()]

    @property
    def is_code(self) -> bool:
        """Whether the cell is run."""
        return self.node.cell_type == "code"

    @property
    def is_markdown(self) -> bool:
        """Whether the cell is text."""
        return self.node.cell_type == "markdown"

    @property
    def is_prose(self) -> bool:
        """Whether the cell is text for the learner."""
        return self.is_markdown and self.slide_type != "notes"

    @property
    def is_check(self) -> bool:
        """Whether the cell checks an answer."""
        return self.is_code and "check." in self.source

    @property
    def slide_type(self) -> str | None:
        """What a slide deck does with the cell."""
        return self.node.metadata.get("slideshow", {}).get("slide_type")

    @property
    def tags(self) -> list[str]:
        """The tags of the cell."""
        return self.node.metadata.get("tags", [])

    @property
    def outputs(self) -> list[NotebookNode]:
        """What is stored below a code cell."""
        return self.node.get("outputs", [])

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; magics and shell lines count as ``pass``."""
        plain = re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", self.source)
        try:
            return ast.parse(plain)
        except SyntaxError:
            return ast.parse("")

    def text(self) -> str:
        """Return the prose alone: no code, formulas, tables or addresses."""
        text = re.sub(r"(?ms)^\s*(```|~~~).*?^\s*\1[^\n]*$", "", self.source)
        text = re.sub(r"(?s)<!--.*?-->", "", text)
        text = re.sub(r"(?s)\$\$.*?\$\$", " formula ", text)
        text = re.sub(r"(?s)\\begin\{(\w+\*?)\}.*?\\end\{\1\}", "", text)
        text = re.sub(r"(?m)^\s*\|.*$", "", text)
        text = re.sub(r"(`+).+?\1", "code", text)
        text = re.sub(r"(?<!\\)\$[^$\n]+\$", "formula", text)
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
        text = re.sub(r"https?://\S+", "address", text)
        return re.sub(r"<[^>\n]+>", "", text)


class Lecture:
    """A stored notebook with its place in the project."""

    def __init__(self, path: Path, nb: NotebookNode | None = None) -> None:
        """Read the notebook, unless it is given."""
        self.path = path
        # nbformat.read would mend what the rules want to see.
        self.nb = v4.reads(path.read_text("utf-8")) if nb is None else nb
        self.root = path.parent.parent
        self.cells = [
            Cell(index, node) for index, node in enumerate(self.nb.cells, 1)
        ]

    @property
    def number(self) -> str:
        """Two digits: the place in the course."""
        return self.path.name[:2]

    @property
    def is_first(self) -> bool:
        """Whether this is the introduction, which some budgets spare."""
        return self.number == "00"

    @property
    def code(self) -> list[Cell]:
        """The code cells."""
        return [cell for cell in self.cells if cell.is_code]

    @property
    def markdown(self) -> list[Cell]:
        """The text cells, a teacher's notes included."""
        return [cell for cell in self.cells if cell.is_markdown]

    def sections(self) -> Iterator[tuple[str, Cell]]:
        """Yield each text cell with the ``##`` heading it stands under."""
        title = ""
        for cell in self.markdown:
            for level, heading in headings(cell):
                if level <= 2:
                    title = heading
            yield title, cell


Rule = Callable[[Lecture], Iterator[str]]


def headings(cell: Cell) -> list[tuple[int, str]]:
    """Return level and text of the headings in a text cell."""
    text = re.sub(r"(?ms)^\s*(```|~~~).*?^\s*\1[^\n]*$", "", cell.source)
    found = re.findall(r"(?m)^(#{1,6}) +(.+?) *$", text)
    return [(len(marks), title) for marks, title in found]


def collect(module: dict[str, object]) -> dict[str, Rule]:
    """Return the public functions of a module: its rules, by name."""
    return {
        name: value
        for name, value in module.items()
        if getattr(value, "__module__", None) == module["__name__"]
        and callable(value)
        and not name.startswith("_")
    }
