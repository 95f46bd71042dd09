"""Multiple-choice questions from `course_utils/quizzes/NN.json`."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from course_utils import style
from course_utils.live import script

import anywidget
import ipywidgets as widgets

FOLDER = Path(__file__).with_name("quizzes")


def problems(questions: Any) -> list[str]:
    """List what is wrong with the questions of one quiz.

    Args:
        questions: What the JSON file holds: a list of objects with
            `question` (text) and `options`, a list of objects with `text`,
            `correct` (exactly one is true) and `feedback`.

    Returns:
        One sentence per problem; an empty list if there is none.
    """
    if not isinstance(questions, list) or not questions:
        return ["A quiz is a list of questions."]
    found = []
    for number, question in enumerate(questions, 1):
        found += [f"Question {number}: {p}" for p in _problems_of(question)]
    return found


def load(lecture: str) -> list[dict]:
    """Read the questions of a lecture.

    Args:
        lecture: Two digits, e.g. "02".

    Returns:
        The questions, in the form that `problems` describes.

    Raises:
        ValueError: There is no such quiz, or something is wrong with it.
    """
    path = FOLDER / f"{lecture}.json"
    if not path.exists():
        there = ", ".join(sorted(p.stem for p in FOLDER.glob("*.json")))
        raise ValueError(f"There is no quiz {lecture!r}. There are: {there}.")
    questions = json.loads(path.read_text(encoding="utf-8"))
    if found := problems(questions):
        raise ValueError(f"{path.name}: {' '.join(found)}")
    return questions


def show(lecture: str) -> Quiz:
    """Show the quiz of a lecture.

    Args:
        lecture: Two digits, e.g. "02".

    Returns:
        The quiz, which Jupyter shows.

    Raises:
        ValueError: There is no such quiz, or something is wrong with it.
    """
    return Quiz(load(lecture))


class Names(anywidget.AnyWidget):
    """Tells screen readers which answers belong to which question."""

    _esm = script("quiz.js")


class Quiz:
    """Questions with radio buttons, a Check button and feedback.

    Args:
        questions: In the form that `problems` describes.
    """

    def __init__(self, questions: list[dict]) -> None:
        self.questions = questions
        asked = [_ask(n, question) for n, question in enumerate(questions, 1)]
        self.widget = widgets.VBox([*asked, Names()])

    def __repr__(self) -> str:
        lines = []
        for number, question in enumerate(self.questions, 1):
            lines.append(f"{number}. {question['question']}")
            lines += [f"   ( ) {o['text']}" for o in question["options"]]
        return "\n".join(lines)

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict:
        data = dict(self.widget._repr_mimebundle_())
        data["text/plain"] = repr(self)
        return data


def _ask(number: int, question: dict) -> widgets.VBox:
    """Make the widgets of one question."""
    options = question["options"]
    head = widgets.HTML(f"<b>{number}. {html.escape(question['question'])}</b>")
    choice = widgets.RadioButtons(
        options=[(option["text"], i) for i, option in enumerate(options)],
        value=None,
        layout=widgets.Layout(width="max-content", max_width="100%"),
    )
    button = widgets.Button(
        description="Check", tooltip=f"Check question {number}"
    )
    feedback = widgets.HTML()

    def check(_: widgets.Button) -> None:
        if choice.value is None:
            feedback.value = _say("○ Choose an answer first.", style.GREY)
            return
        option = options[choice.value]
        mark = "✓" if option["correct"] else "✗"
        colour = style.GREEN if option["correct"] else style.RED
        feedback.value = _say(f"{mark} {option['feedback']}", colour)

    def clear(_: dict) -> None:
        feedback.value = ""

    button.on_click(check)
    choice.observe(clear, "value")
    return widgets.VBox([head, choice, button, feedback])


def _say(text: str, colour: str) -> str:
    return (
        f'<div role="status" aria-live="polite" style="border-left: 4px solid '
        f'{colour}; padding: 0 0.8em; line-height: 1.5">'
        f"{html.escape(text)}</div>"
    )


def _problems_of(question: Any) -> list[str]:
    if not isinstance(question, dict):
        return ["it is not an object."]
    found = []
    if not _is_text(question.get("question")):
        found.append("the field 'question' is missing or empty.")
    options = question.get("options")
    if not isinstance(options, list) or len(options) < 2:
        return [*found, "the field 'options' needs two or more options."]
    for number, option in enumerate(options, 1):
        if not isinstance(option, dict):
            return [*found, f"option {number} is not an object."]
        found += [
            f"option {number} lacks {field!r}."
            for field in ("text", "feedback")
            if not _is_text(option.get(field))
        ]
        if not isinstance(option.get("correct"), bool):
            found.append(f"option {number} needs 'correct': true or false.")
    right = sum(option.get("correct") is True for option in options)
    if right != 1:
        found.append(f"{right} options are correct, there must be one.")
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
