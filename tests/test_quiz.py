"""Quizzes: a broken file is found here, and the learner gets an answer."""

from __future__ import annotations

import copy
import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils import quiz

import ipywidgets as widgets
import pytest

FILES = sorted(quiz.FOLDER.glob("*.json"))
GOOD = [
    {
        "question": "How many <b>minima</b> has a bowl?",
        "options": [
            {"text": "one", "correct": True, "feedback": "Yes & always."},
            {"text": "two", "correct": False, "feedback": "<i>No</i>."},
            {"text": "none", "correct": False, "feedback": "Look again."},
        ],
    },
    {
        "question": "And a saddle?",
        "options": [
            {"text": "none", "correct": False, "feedback": "It has two."},
            {"text": "two", "correct": True, "feedback": "Left and right."},
        ],
    },
]


# Files ---------------------------------------------------------------------


def test_a_good_quiz_has_no_problems() -> None:
    assert quiz.problems(GOOD) == []


def first(questions: list) -> dict:
    return questions[0]["options"][0]


def drop(field: str, option: bool = False) -> Callable[[list], None]:
    def change(questions: list) -> None:
        del (first(questions) if option else questions[0])[field]

    return change


def put(field: str, value: Any, option: bool = False) -> Callable:
    def change(questions: list) -> None:
        (first(questions) if option else questions[0])[field] = value

    return change


PLANTED = {
    "no question": (drop("question"), "'question'"),
    "empty question": (put("question", "  "), "'question'"),
    "question is a number": (put("question", 5), "'question'"),
    "no options": (drop("options"), "'options'"),
    "empty options": (put("options", []), "'options'"),
    "one option": (
        lambda q: q[0].update(options=q[0]["options"][:1]),
        "'options'",
    ),
    "options are text": (put("options", "one, two"), "'options'"),
    "option is text": (
        lambda q: q[0]["options"].insert(0, "one"),
        "option 1",
    ),
    "no text": (drop("text", option=True), "'text'"),
    "empty text": (put("text", "", option=True), "'text'"),
    "no feedback": (drop("feedback", option=True), "'feedback'"),
    "feedback is null": (put("feedback", None, option=True), "'feedback'"),
    "no correct": (drop("correct", option=True), "'correct'"),
    "correct is text": (put("correct", "true", option=True), "'correct'"),
    "none is correct": (
        put("correct", False, option=True),
        "0 options are correct",
    ),
    "two are correct": (
        lambda q: q[0]["options"][1].update(correct=True),
        "2 options are correct",
    ),
    "question is text": (lambda q: q.__setitem__(0, "text"), "object"),
    "the last of many options lacks feedback": (
        lambda q: q[0]["options"].extend(
            [{"text": str(n), "correct": False} for n in range(9)]
        ),
        "option 12 lacks 'feedback'",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_problem_is_found_and_located(name: str) -> None:
    change, words = PLANTED[name]
    questions = copy.deepcopy(GOOD)
    change(questions)
    found = quiz.problems(questions)
    assert any(words in problem for problem in found), found
    assert all(problem.startswith("Question 1: ") for problem in found)


@pytest.mark.parametrize("questions", [None, {}, [], "text", 5])
def test_what_is_no_quiz_is_a_problem(questions: Any) -> None:
    assert len(quiz.problems(questions)) == 1


def test_quizzes_are_shipped() -> None:
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_quiz_is_complete(path: Path) -> None:
    questions = json.loads(path.read_text("utf-8"))
    assert quiz.problems(questions) == []
    assert 3 <= len(questions) <= 5
    assert quiz.load(path.stem) == questions
    for question in questions:
        options = question["options"]
        for field in ("text", "feedback"):
            values = [option[field].strip().lower() for option in options]
            assert len(set(values)) == len(values), question["question"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_right_answer_has_no_favourite_place(path: Path) -> None:
    questions = json.loads(path.read_text("utf-8"))
    places = {
        [option["correct"] for option in question["options"]].index(True)
        for question in questions
    }
    assert len(places) > 1


def test_a_quiz_that_does_not_exist_is_explained() -> None:
    with pytest.raises(ValueError, match=r"no quiz '99'.*02"):
        quiz.show("99")


def test_a_broken_file_names_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiz, "FOLDER", tmp_path)
    broken = copy.deepcopy(GOOD)
    del first(broken)["feedback"]
    (tmp_path / "07.json").write_text(json.dumps(broken), "utf-8")
    with pytest.raises(ValueError, match=r"07\.json: Question 1: .*feedback"):
        quiz.show("07")
    (tmp_path / "08.json").write_text("[{", "utf-8")
    with pytest.raises(ValueError):
        quiz.show("08")


# Widgets -------------------------------------------------------------------


class Asked:
    """The widgets of one question, found the way a learner sees them."""

    def __init__(self, shown: quiz.Quiz, number: int) -> None:
        parts = shown.widget.children[number].children
        texts = [p for p in parts if isinstance(p, widgets.HTML)]
        self.head, self.feedback = texts
        (self.choice,) = (
            p for p in parts if isinstance(p, widgets.RadioButtons)
        )
        (self.button,) = (p for p in parts if isinstance(p, widgets.Button))

    def choose(self, text: str) -> None:
        labels = [label for label, _ in self.choice.options]
        # The front end sends the place in the list.
        self.choice.set_state({"index": labels.index(text)})

    def press(self) -> str:
        self.button.click()
        return self.feedback.value


@pytest.fixture
def shown() -> quiz.Quiz:
    return quiz.Quiz(copy.deepcopy(GOOD))


def test_nothing_is_chosen_or_said_in_the_beginning(shown: quiz.Quiz) -> None:
    asked = Asked(shown, 0)
    assert asked.choice.value is None
    assert asked.feedback.value == ""
    assert "Choose an answer first" in asked.press()


@pytest.mark.parametrize("number", [0, 1])
def test_every_option_gets_its_own_feedback(
    shown: quiz.Quiz, number: int
) -> None:
    asked = Asked(shown, number)
    for option in GOOD[number]["options"]:
        asked.choose(option["text"])
        assert asked.feedback.value == "", "old feedback would mislead"
        said = asked.press()
        assert html.escape(option["feedback"]) in said
        assert ("✓" in said) == option["correct"]
        assert ("✗" in said) == (not option["correct"])
        assert asked.press() == said


def test_questions_do_not_disturb_each_other(shown: quiz.Quiz) -> None:
    one, other = Asked(shown, 0), Asked(shown, 1)
    other.choose("two")
    said = other.press()
    one.choose("none")
    assert "Look again." in one.press()
    assert other.feedback.value == said
    assert Asked(quiz.Quiz(GOOD), 0).choice.value is None


def test_text_of_a_quiz_is_no_html(shown: quiz.Quiz) -> None:
    asked = Asked(shown, 0)
    assert "&lt;b&gt;minima&lt;/b&gt;" in asked.head.value
    asked.choose("two")
    assert "&lt;i&gt;No&lt;/i&gt;" in asked.press()
    asked.choose("one")
    assert "Yes &amp; always." in asked.press()


def test_feedback_is_read_aloud(shown: quiz.Quiz) -> None:
    assert 'aria-live="polite"' in Asked(shown, 0).press()
    tips = {Asked(shown, n).button.tooltip for n in (0, 1)}
    assert len(tips) == 2, "two Check buttons are told apart"


def test_without_a_kernel_the_questions_are_still_there(
    shown: quiz.Quiz,
) -> None:
    data = shown._repr_mimebundle_()
    view = data["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == shown.widget.model_id
    text = data["text/plain"]
    assert text == repr(quiz.Quiz(GOOD))
    for question in GOOD:
        assert question["question"] in text
        for option in question["options"]:
            assert option["text"] in text
            assert option["feedback"] not in text, "answers stay hidden"
