"""What the tests of all checkers do with a checker and its mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from course_utils.check.exercise import Verdict

import pytest


def planted(
    mistakes: Mapping[str, Sequence[tuple[Any, str]]],
) -> pytest.MarkDecorator:
    """Run a test for every `name`, `mistake` and the `words` it is to get.

    Args:
        mistakes: By name of the exercise, wrong answers and words of what is
            said of each.
    """
    return pytest.mark.parametrize(
        ("name", "mistake", "words"),
        [
            pytest.param(name, mistake, words, id=f"{name}: {words}")
            for name, pairs in mistakes.items()
            for mistake, words in pairs
        ],
    )


def assert_all_right(
    check: Callable[[Any], Verdict],
    answers: Sequence[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Look whether right answers pass that are written in different ways."""
    # Some import Keras, which a lecture has done long before.
    monkeypatch.setattr("course_utils.check.exercise.TIME_LIMIT", 60)
    for answer in answers:
        verdict = check(answer)
        assert verdict, verdict


def assert_wrong(verdict: Verdict, words: str) -> None:
    """Look whether a wrong answer is explained, in words a learner can read."""
    assert verdict.status == "wrong"
    assert words in verdict.message, verdict.message
    assert len(verdict.message) < 1000
    assert "\x1b" not in verdict.message
