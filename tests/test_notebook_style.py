"""Every lecture keeps the budgets and the anatomy that the course promises.

The rules live in ``tests/rules``.  The second half of this file plants one
mistake at a time into a sound notebook, because a rule that cannot fail
guards nothing.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

from tests.rules import Lecture, exercises, layout, prose, stored

import nbformat
import pytest
from nbformat import NotebookNode, v4

ROOT = Path(__file__).parents[1]
LECTURES = sorted((ROOT / "notebooks").glob("*.ipynb"))
RULES = {**layout.RULES, **prose.RULES, **exercises.RULES}


def violations(lecture: Lecture, rule: str) -> list[str]:
    """Return what one rule has against a lecture."""
    return list({**RULES, **stored.RULES}[rule](lecture))


def test_there_are_lectures() -> None:
    assert LECTURES, f"no notebooks in {ROOT / 'notebooks'}"


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", RULES)
def test_lecture(rule: str, path: Path) -> None:
    found = violations(Lecture(path), rule)
    if found:
        title = f"{path.name}: {RULES[rule].__doc__}"
        pytest.fail("\n".join([title, *found]), pytrace=False)


@pytest.mark.parametrize("command", ["check", "format --check"])
def test_ruff(command: str) -> None:
    folders = ["course_utils", "tests", "benchmarks", "notebooks"]
    files = ["start.py", "conftest.py"]
    present = [name for name in folders + files if (ROOT / name).exists()]
    run = subprocess.run(
        [sys.executable, "-m", "ruff", *command.split(), *present],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, f"{run.stdout}{run.stderr}"


# A sound notebook, and what can be wrong with it


def text(source: str, slide: str = "-") -> NotebookNode:
    """Make a text cell."""
    return v4.new_markdown_cell(
        source, metadata={"slideshow": {"slide_type": slide}}
    )


def code(source: str, *tags: str, slide: str = "-") -> NotebookNode:
    """Make a code cell."""
    cell = v4.new_code_cell(
        source, metadata={"slideshow": {"slide_type": slide}}
    )
    if tags:
        cell.metadata.tags = list(tags)
    return cell


def exercise(number: int, title: str) -> list[NotebookNode]:
    """Make the four cells of an exercise."""
    solution = code(f"def answer{number}(w):\n    return w", "solution")
    solution.metadata.jupyter = {"source_hidden": True}
    return [
        text(f"### Exercise 2.{number} · {title}\nReturn $w$.", "skip"),
        code(f"def answer{number}(w):\n    return ...", "exercise"),
        code(f"check.gradient_descent.step(answer{number})"),
        solution,
    ]


def sound_notebook() -> NotebookNode:
    """Make a notebook that no rule complains about."""
    nb = v4.new_notebook()
    nb.cells = [
        text(
            "# 2 · Gradient descent\nFind the way down.\n\n"
            "You will be able to\n- step,\n- stop,\n- explain.\n\n"
            "Needs lecture 01.\nTakes 60 minutes, runs in 20 s.",
            "slide",
        ),
        code(
            "import numpy as np\nfrom course_utils import check", slide="skip"
        ),
        text("**For the teacher.** Ask where down is.", "notes"),
    ]
    for number in range(15):
        nb.cells += [
            text(
                f"## Claim {number}\n\n"
                "Stand at $w = 5$, e.g. Here, and look at `a. B!` again.\n"
                "See [Dr. Who](https://example.org/a!) in Fig. A, i.e. here.",
                "slide",
            ),
            code("w = 5\n\n" + "w = w / 2\n" * (13 if number < 2 else 4)),
        ]
    picture = {"data": {"image/png": "", "text/plain": "<Figure>"}}
    nb.cells[-1].outputs = [
        v4.new_output(
            "execute_result",
            execution_count=1,
            metadata={"image/png": {"alt": "A loss that falls to 0."}},
            **picture,
        )
    ]
    for number, title in enumerate(["Step", "Detective", "Rate"], start=1):
        nb.cells += exercise(number, title)
    nb.cells += [
        text("## Quiz", "skip"),
        code('quiz.show("02")'),
        text("## Summary\n- One.\n\n## Go further\n- Rosenblatt (1958). A."),
        text("## Next\nLecture 03."),
    ]
    counts = iter(range(1, 100))
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.execution_count = next(counts)
    return nb


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project that has a quiz for lecture 02."""
    root = tmp_path_factory.mktemp("course")
    quizzes = root / "course_utils" / "quizzes"
    quizzes.mkdir(parents=True)
    (quizzes / "02.json").touch()
    return root


def set_source(index: int, source: str) -> Callable:
    """Return a function that rewrites one cell."""

    def change(nb: NotebookNode) -> None:
        nb.cells[index].source = source

    return change


def add(*cells: NotebookNode, at: int = 5) -> Callable:
    """Return a function that inserts cells."""

    def change(nb: NotebookNode) -> None:
        nb.cells[at:at] = deepcopy(cells)

    return change


def remove(*indices: int) -> Callable:
    """Return a function that removes cells."""

    def change(nb: NotebookNode) -> None:
        for index in sorted(indices, reverse=True):
            del nb.cells[index]

    return change


def tag(index: int, *names: str) -> Callable:
    """Return a function that replaces a cell's tags."""

    def change(nb: NotebookNode) -> None:
        nb.cells[index].metadata.tags = list(names)

    return change


def slide(index: int, kind: str | None) -> Callable:
    """Return a function that changes a slide type."""

    def change(nb: NotebookNode) -> None:
        nb.cells[index].metadata.slideshow = {"slide_type": kind}

    return change


def output(kind: str, index: int = 4, **values: object) -> Callable:
    """Return a function that stores one output."""

    def change(nb: NotebookNode) -> None:
        nb.cells[index].outputs = [v4.new_output(kind, **values)]

    return change


def both(*changes: Callable) -> Callable:
    """Return a function that makes several changes."""

    def change(nb: NotebookNode) -> None:
        for one in changes:
            one(nb)

    return change


def duplicate_id(nb: NotebookNode) -> None:
    """Give two cells the same id."""
    nb.cells[3].id = nb.cells[4].id


def timing(nb: NotebookNode) -> None:
    """Leave the times of execution behind."""
    nb.cells[4].metadata.execution = {"iopub.execute_input": "2026-01-01"}


def widget_state(nb: NotebookNode) -> None:
    """Leave widget state behind."""
    nb.metadata.widgets = {}


def open_solution(nb: NotebookNode) -> None:
    """Show a solution before the learner tries."""
    nb.cells[36].metadata.jupyter.source_hidden = False


def never_run(nb: NotebookNode) -> None:
    """Store one cell as an editor does after a change."""
    nb.cells[4].execution_count = None


def run_twice(nb: NotebookNode) -> None:
    """Store the counts of an author who ran one cell again."""
    nb.cells[4].execution_count = 40


def no_alt_text(nb: NotebookNode) -> None:
    """Describe a picture with blanks."""
    nb.cells[32].outputs[0].metadata["image/png"]["alt"] = " "


def short_alt_text(nb: NotebookNode) -> None:
    """Describe a picture as what everybody knows it is."""
    nb.cells[32].outputs[0].metadata["image/png"]["alt"] = "A plot"


def big_output(nb: NotebookNode) -> None:
    """Store half a megabyte."""
    nb.cells[32].outputs[0].data["text/plain"] = "x" * 500_000


WIDGET = {"application/vnd.jupyter.widget-view+json": {}}
ERROR = {"ename": "ValueError", "evalue": "no", "traceback": []}
MANY_LINES = "\n".join(["w = 1"] * 16)
# rule: [(what is wrong, a piece of the complaint), ...]
PLANTED = {
    "valid_notebook": [(duplicate_id, "more than once")],
    "no_empty_cells": [(set_source(4, " \n"), "remove the empty cell")],
    "small_file": [(big_output, "kB, expected less than 400")],
    "no_traces_of_a_machine": [
        (timing, "timing metadata"),
        (set_source(4, "open('/home/me/w')"), "/home/me/w"),
        (set_source(4, r"open('C:\Users\me')"), "names a place"),
        (output("stream", text="in /work/w.txt"), "output names a place"),
        (
            output("display_data", data={"text/html": "/root/x"}),
            "output names a place",
        ),
    ],
    "slide_types": [
        (slide(4, None), "slideshow.slide_type is None"),
        (slide(4, "section"), "slideshow.slide_type is 'section'"),
        (remove(2), "no cell with notes"),
    ],
    "notes_are_marked": [
        (set_source(2, "Ask where down is."), "must start with"),
    ],
    "first_cell": [
        (set_source(0, "# Gradient descent"), "'# 2 · Title'"),
        (set_source(0, "# 3 · Gradient descent"), "'# 2 · Title'"),
        (set_source(0, "# 2 · Title\n" + "x\n" * 10), "11 lines"),
        (set_source(0, "# 2 · Title\n- a\n- b"), "2 list items"),
        (set_source(0, "# 2 · Title\nable to, needs"), "'minutes'"),
        (slide(0, "-"), "expected 'slide'"),
    ],
    "second_cell": [
        (remove(1), "expected the imports"),
        (set_source(1, "import numpy\n" * 9), "9 lines"),
        (slide(1, "-"), "expected 'skip'"),
    ],
    "imports": [
        (set_source(4, "import os"), "belongs in the second cell"),
        (set_source(1, "from numpy import *"), "import the module"),
        (set_source(1, "from course_utils.plots import a"), "course_utils"),
    ],
    "kept_out": [
        (set_source(4, "plt.show()"), "plt.show"),
        (set_source(4, "out = widgets.Output()"), "widgets.Output"),
        (set_source(4, "widgets.interact(f, x=1)"), "use an explorer"),
        (set_source(4, "plt.plot(w);"), "trailing ';'"),
        (set_source(4, "plt.plot(w);  # quiet"), "trailing ';'"),
    ],
    "length_of_code": [
        (set_source(4, "w = 1\n" * 31), "31 lines of code"),
        (add(*[code("w = 1\n" * 6)] * 30), "median code cell has 6 lines"),
        (add(*[code(MANY_LINES)] * 4), "4 of 30 code cells have 15 lines"),
    ],
    "budget": [
        (remove(*range(3, 15)), "cells, expected 45 to 90"),
        (add(*[code("w = 1")] * 50), "cells, expected 45 to 90"),
        (set_source(4, "w = 1\n" * 200), "lines of code, expected 110 to 240"),
        (remove(4, 6), "lines of code, expected 110 to 240"),
    ],
    "prose_before_code": [
        (add(*[code("w")] * 9), "9 of 29 code cells have no prose"),
    ],
    "headings_do_not_skip": [
        (set_source(3, "#### Deep"), "#### Deep follows #"),
        (set_source(3, "# Again"), "a second title 'Again'"),
    ],
    "alt_texts": [
        (short_alt_text, "says too little"),
        (no_alt_text, "a stored picture has no alt text"),
        (set_source(3, "![](a.png)"), "a linked picture has no alt text"),
    ],
    "one_sentence_per_line": [
        (set_source(3, "It falls. Then it stops."), "falls. Then it stops"),
        (set_source(3, "It is $x$. Then stop."), "formula. Then"),
        (set_source(3, "Use `f`. Then stop."), "code. Then"),
        (set_source(3, "- Does it? **Yes** and no."), "it? **Yes"),
        (set_source(3, "**Predict.** Up? And down?"), "Up? And"),
        (set_source(3, "See [this](a.b). Then go."), "this. Then"),
    ],
    "calm_words": [
        (set_source(3, "It works!"), "exclamation mark in 'It works!'"),
        (set_source(3, "Simply step."), "'simply' in 'Simply step.'"),
    ],
    "short_introductions": [
        (set_source(3, "## Claim\n" + "word " * 61), "61 words introduce"),
    ],
    "number_of_exercises": [
        (remove(*range(41, 45)), "2 exercises, expected 3 to 5"),
        (set_source(37, "### Exercise 2.2 · Rate"), "0 exercises with"),
        (set_source(37, "### Exercise 2.3 · Detective"), "'### Exercise 2.2"),
        (set_source(37, "## Exercise 2.2 · Detective"), "'### Exercise 2.2"),
    ],
    "four_cells_each": [
        (remove(36), "must be followed by three code cells"),
        (tag(34), "expected the stub, tagged exercise"),
        (set_source(34, "w = # here"), "must be valid Python"),
        (set_source(34, "def answer1(w):\n    pass"), "must contain ..."),
        (set_source(35, "answer1(3)"), "expected a cell that calls check"),
        (tag(36), "tagged solution"),
        (open_solution, "must start collapsed"),
        (tag(4, "solution"), "belongs to no"),
    ],
    "no_answer_is_needed": [
        (add(code("answer1(3)"), at=37), "uses 'answer1'"),
        (add(code("[answer1(x) for x in y]"), at=37), "uses 'answer1'"),
        (add(code("def f():\n    answer1(2)"), at=37), "uses 'answer1'"),
        (
            both(
                set_source(34, "count = ..."),
                add(code("count += 1"), at=37),
            ),
            "uses 'count'",
        ),
    ],
    "quiz_is_shown": [
        (remove(46), "no quiz"),
        (set_source(46, 'quiz.show("01")'), 'expected quiz.show("02")'),
    ],
    "the_end": [(remove(48), "'## Next' is missing")],
    # What is refused before a notebook is validated.
    "outputs_are_stored": [
        (never_run, "never run, no output stored"),
        (run_twice, "execution count 40, expected 2"),
        (output("stream", 32, text=""), None),
        (remove(32), "has a stored output"),
    ],
    "ignored_cells_have_outputs": [
        (tag(4, "nbval-ignore-output"), "no output is stored"),
    ],
    "errors_are_wanted": [
        (output("error", **ERROR), "stored ValueError"),
        (tag(4, "raises-exception"), "no error is stored"),
    ],
    "nothing_on_stderr": [
        (output("stream", name="stderr", text="Warning: w"), "Warning: w"),
    ],
    "no_widget_state": [
        (widget_state, "widget state"),
        (output("display_data", data=WIDGET), "view of a live widget"),
    ],
    "ignored_cells_are_asserted": [
        (tag(4, "nbval-ignore-output"), "must assert what matters"),
        (tag(4, "raises-exception"), "must assert what matters"),
        (
            both(tag(4, "nbval-ignore-output"), set_source(4, "assert w")),
            None,
        ),
        (
            both(tag(4, "raises-exception"), set_source(4, "assert w")),
            "must assert what matters",
        ),
        (
            both(tag(4, "raises-exception"), set_source(8, "assert w")),
            None,
        ),
        (
            both(tag(4, "raises-exception"), set_source(10, "assert w")),
            "must assert what matters",
        ),
    ],
    "no_other_switches": [
        (tag(4, "nbval-skip"), "tag 'nbval-skip'"),
        (set_source(4, "# NBVAL_SKIP\nw"), "a comment switches nbval"),
    ],
}
CASES = [
    pytest.param(rule, change, complaint, id=f"{rule}-{number}")
    for rule, cases in PLANTED.items()
    for number, (change, complaint) in enumerate(cases, start=1)
]
# Looks like a violation and is none.
ALLOWED = {
    "one_sentence_per_line": [
        set_source(3, "| a. B | c. D |\n| --- | --- |"),
        set_source(3, "```\nA. B\n```\n$$A. B$$"),
        set_source(3, "1. First, e.g. TensorFlow, i.e. Keras, vs. D. Knuth."),
        set_source(3, "**Predict.** What happens?\n\n> **What you saw.** It."),
        set_source(3, "Values 2.6, 1.16 … and `x. Y`. \nNext line."),
        set_source(3, "## Go further\n- LeCun, Y. (1998). Gradient. IEEE."),
    ],
    "calm_words": [set_source(3, "`a != b`, $n!$, ![alt](a.png) <!-- a -->")],
    "imports": [both(set_source(3, "An `import`:"), set_source(4, "import a"))],
    "kept_out": [set_source(4, "a = 1; b = 2\ntext = ';'")],
    "no_answer_is_needed": [
        add(code("def answer1(w):\n    return w\nanswer1(3)"), at=37),
        add(code("def f(answer1):\n    return answer1"), at=37),
        add(code("answer1 = 3\n[answer1 for _ in w]"), at=37),
    ],
    "no_traces_of_a_machine": [
        set_source(3, "Your copy is in `work/02.ipynb` or https://a.b/home/c"),
    ],
}
HARMLESS = [
    pytest.param(rule, change, id=f"{rule}-{number}")
    for rule, changes in ALLOWED.items()
    for number, change in enumerate(changes, start=1)
]


@pytest.mark.parametrize("rule", [*RULES, *stored.RULES])
def test_sound_notebook_keeps_rule(rule: str, home: Path) -> None:
    path = home / "notebooks" / "02_sound.ipynb"
    assert violations(Lecture(path, sound_notebook()), rule) == []


@pytest.mark.parametrize(("rule", "change", "complaint"), CASES)
def test_rule_can_fail(
    rule: str, change: Callable, complaint: str | None, home: Path
) -> None:
    nb = nbformat.from_dict(sound_notebook())
    change(nb)
    found = violations(Lecture(home / "notebooks" / "02_bad.ipynb", nb), rule)
    if complaint is None:
        assert found == []
    else:
        assert any(complaint in sentence for sentence in found), found


@pytest.mark.parametrize(("rule", "change"), HARMLESS)
def test_rule_is_not_too_strict(
    rule: str, change: Callable, home: Path
) -> None:
    nb = sound_notebook()
    change(nb)
    path = home / "notebooks" / "02_fine.ipynb"
    assert violations(Lecture(path, nb), rule) == []


def test_missing_quiz_file_is_named(home: Path) -> None:
    path = home / "notebooks" / "03_other.ipynb"
    found = violations(Lecture(path, sound_notebook()), "quiz_is_shown")
    assert any("course_utils/quizzes/03.json" in text for text in found)


def test_every_rule_has_been_seen_to_fail() -> None:
    assert set(PLANTED) == {*RULES, *stored.RULES}
