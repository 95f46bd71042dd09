"""The glossary and the lectures say the same, in the same place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
HAN = re.compile("[\u4e00-\u9fff]+")
LINK = re.compile(r"\[(\d\d)\]\(([^)]+)\)")
# Code, words, and what needs no row: school mathematics and layout.
PLAIN = re.compile(
    r"`[^`]*`|\\(text|mathrm)\{[^}]*\}|\\(cdot|dots|frac|infty|max|pm|q?quad"
    r"|sin|sqrt|tanh|textstyle|times)(?![a-z])"
)


def read_lectures() -> dict[str, str]:
    """Return what learners read in each lecture, without blocks of code."""
    lectures = {}
    for path in sorted((DOCS.parent / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts = ["".join(c["source"]) for c in cells if "outputs" not in c]
        texts = [t for t in texts if not t.startswith("**For the teacher.**")]
        text = re.sub(r"(?s)```.*?```", "", "\n\n".join(texts))
        lectures[path.name[:2]] = text
    return lectures


def glosses(text: str) -> Iterator[tuple[str, str]]:
    """Yield each bold term that has Chinese in brackets after it."""
    for term, gloss in re.findall(r"\*\*([^*\n]+)\*\* \(([^)\n]+)\)", text):
        if parts := [p for p in re.split(r"[,;] ", gloss) if HAN.search(p)]:
            yield term.casefold(), ", ".join(parts)


def signs(text: str) -> set[str]:
    """Return letters and signs of all formulas that need an explanation."""
    found = re.findall(r"\$\$?([^$]+)\$\$?", PLAIN.sub(" ", text))
    return set(re.findall(r"\\[A-Za-z]+|[A-Za-z]", " ".join(found)))


def table(title: str, glossary: str) -> list[list[str]]:
    part = glossary.split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [re.split(r" \| ", line[2:-2]) for line in lines[2:]]


def complaints(glossary: str, lectures: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with a glossary, given the lectures' prose."""
    terms, symbols = table("Terms", glossary), table("Symbols", glossary)
    for row in terms + symbols:
        if len(row) != 4 or not all(row) or not LINK.search(row[3]):
            raise ValueError(f"{row}: expected four cells, the last a link")
    for number, target in LINK.findall(glossary):
        if not ((DOCS / target).is_file() and f"/{number}_" in target):
            yield f"{target} is not lecture {number}"
    names = [row[0].casefold() for row in terms]
    if names != sorted(set(names)):
        yield "two rows for one term, or rows out of order"
    rows = {row[0].casefold(): (row[1], row[3][1:3]) for row in terms}
    first: dict[str, tuple[str, str]] = {}
    for number, text in lectures.items():
        for term, gloss in glosses(text):
            if term in first:
                yield f"{term!r} is glossed again in lecture {number}"
            first.setdefault(term, (gloss, number))
        there = " ".join(w for w, place in rows.values() if place <= number)
        yield from (
            f"{w} has no row" for w in HAN.findall(text) if w not in there
        )
        here = [r[0] for r in symbols if number in dict(LINK.findall(r[3]))]
        for sign in signs(text) - signs(" ".join(here)):
            yield f"{sign!r} of lecture {number} has no symbol"
        for cell in here:
            formulas = re.findall(r"\$[^$]+\$", cell)
            if not any(signs(one) <= signs(text) for one in formulas):
                yield f"{cell} is not in lecture {number}"
    for term, wanted in first.items():
        if rows.get(term) != wanted:
            yield f"{term!r}: expected {wanted}, found {rows.get(term)}"
    for term, (_, number) in rows.items():
        text = re.sub(r"[*`]", "", lectures[number]).casefold()
        if not re.search(rf"(?<!\w){re.escape(term)}(s|es)?(?!\w)", text):
            yield f"{term!r} is not in lecture {number}"


def test_the_glossary_keeps_step_with_the_lectures() -> None:
    assert list(complaints(GLOSSARY, read_lectures())) == []


PLANTED = {  # in the glossary what is replaced, or a text in lecture 11
    "Chinese": ("| 准确率 |", "| 精度 |", "'accuracy': expected"),
    "term": ("\n| xor |", "\n| xnor |", "'xnor' is not in lecture 03"),
    "rows": ("\n| axis |", "\n| Adam |", "two rows for one term, or rows out"),
    "file": ("03_neural_networks", "03_networks", "is not lecture 03"),
    "link": ("04_losses", "05_optimizers", "is not lecture 04"),
    "unused": ("$\\lambda$", "$\\tau$", "$\\tau$ is not in lecture 04"),
    "new": ("", "**new** (新)", "'new': expected"),
    "again": ("", "**logits** (未归一化分数)", "'logits' is glossed again"),
    "beside": ("", "**LSTM** (长短期记忆)", "'lstm' is glossed again"),
    "other": ("", "**Test data** (测试)", "'test data' is glossed again"),
    "no row": ("", "`ones` (甲乙)", "甲乙 has no row"),
    "sign": ("", "$\\tau$", "'\\\\tau' of lecture 11 has no symbol"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found(name: str) -> None:
    old, new, complaint = PLANTED[name]
    lectures = read_lectures()
    lectures["11"] += "" if old else new
    glossary = GLOSSARY.replace(old, new) if old else GLOSSARY
    assert any(complaint in one for one in complaints(glossary, lectures))
