"""Prose: short, calm, one sentence on each source line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.rules import Lecture, collect, headings

SECTION_WORDS = 60
LAST_SECTIONS = {"Summary", "Go further", "Next"}
ABBREVIATIONS = re.compile(
    r"\b(?:e\.\s?g|i\.\s?e|etc|vs|cf|al|approx|resp|[Ff]igs?|Eqs?|Nos?|Secs?"
    r"|Chs?|Dr|Prof|Mr|Mrs|Ms|St|Jr|pp?|vol|ed|eds|[A-Z])\."
)
# What may stand at the start of a line and is no sentence of its own: list
# marks, quotation marks, headings, and a lead-in such as "**Predict.**".
LEAD_IN = re.compile(
    r"^\s*(?:>\s*)*(?:#{1,6}\s+|[-*+]\s+|\d+[.)]\s+)?"
    r"(?:\[[ x]\]\s+)?(?:\*\*[^*]{1,60}[.?:]\*\*\s+)?"
)
NEXT_SENTENCE = re.compile(
    r"[.?…]['\"’”)*_]*\s+['\"‘“(*_]*[A-ZÀ-Þ]|[。？]\s*\w"
)


def one_sentence_per_line(lecture: Lecture) -> Iterator[str]:
    """A changed sentence is then one changed line in a review."""
    for section, cell in lecture.sections():
        if section == "Go further":
            continue  # Author, title and year end in full stops.
        for line in cell.text().splitlines():
            rest = LEAD_IN.sub("", line)
            rest = ABBREVIATIONS.sub("abbreviation", rest)
            found = NEXT_SENTENCE.search(rest)
            if found:
                where = rest[max(0, found.start() - 25) : found.end() + 15]
                yield f"{cell}: two sentences on one line: …{where}…"


def calm_words(lecture: Lecture) -> Iterator[str]:
    """No exclamation marks, and nothing is "simply" so."""
    for cell in lecture.markdown:
        for line in cell.text().splitlines():
            if re.search(r"[!！](?!=)", line):
                yield f"{cell}: exclamation mark in {line.strip()!r}"
            if re.search(r"\bsimply\b", line, re.IGNORECASE):
                yield f"{cell}: 'simply' in {line.strip()!r}"


def short_introductions(lecture: Lecture) -> Iterator[str]:
    """A section starts with a claim and two or three sentences."""
    for cell in lecture.markdown:
        titles = [title for level, title in headings(cell) if level == 2]
        if not titles or set(titles) & LAST_SECTIONS:
            continue
        words = len(re.sub(r"(?m)^#.*$", "", cell.text()).split())
        if words > SECTION_WORDS:
            yield (
                f"{cell}: {words} words introduce the section, expected at "
                f"most {SECTION_WORDS}"
            )


RULES = collect(globals())
