"""What every checker of every lecture does with what is no answer."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from course_utils import check
from course_utils.check.exercise import Exercise

import numpy as np
import pytest

EXERCISES = {
    f"{lecture}.{name}": exercise
    for lecture, module in vars(check).items()
    if isinstance(module, ModuleType)
    for name, exercise in vars(module).items()
    if isinstance(exercise, Exercise)
}
every = pytest.mark.parametrize("name", EXERCISES)
# A dict or a class is asked for; a function is a wrong answer there.
NO_FUNCTION = {
    "keras_workflow.my_dense",
    "keras_workflow.patience",
    "optimizers.diagnose",
}


class Odd(dict):
    """A dict that fails when it is read."""

    def __getitem__(self, key: object) -> Any:
        raise RuntimeError("no")


def raises(*arguments: object) -> None:
    raise OSError("broken\nin two lines")


def changes(first: Any, *rest: object) -> Any:
    first[0] = 7
    return first


JUNK = {
    "none": None,
    "number": 3,
    "text": "x",
    "nan": float("nan"),
    "list": [],
    "ragged list": [1, [2, 3]],
    "array of nan": np.array([np.nan]),
    "odd dict": Odd(A="good"),
    "numbers": {1: 2, 3: 4},
    "long": {"A" * 10**6: "x" * 10**6},
    "class": object,
    "exit": exit,
    "print": print,
    "no arguments": lambda: 1,
    "raises": raises,
    "divides by zero": lambda *a: 1 / 0,
    "exits": lambda *a: exit(),
    "changes": changes,
    "gives none": lambda *a: None,
    "gives nan": lambda *a: float("nan"),
    "gives a table of nan": lambda *a: np.full((2, 2), np.nan),
    "gives text": lambda *a: "no",
    "gives a function": lambda *a: lambda: 3,
    "gives a dict": lambda *a: {"W": 1},
    "gives objects": lambda *a: [object(), None],
    "gives a pair of nan and text": lambda *a: (np.nan, "x"),
    "gives text thrice": lambda *a: ("a", "b", "c"),
    "gives a ragged list": lambda *a: [[1.0], [1.0, 2.0]],
}


def test_there_are_exercises_of_every_lecture_with_a_module() -> None:
    lectures = {name.split(".")[0] for name in EXERCISES}
    assert lectures == set(check.__all__)
    assert len(EXERCISES) > 20


@every
def test_the_stub_is_not_attempted_yet(name: str) -> None:
    stubs = (...,) if name in NO_FUNCTION else (..., lambda *a: ...)
    for stub in stubs:
        assert EXERCISES[name](stub).status == "not attempted yet"


@pytest.mark.parametrize("junk", JUNK)
@every
def test_junk_gets_a_sentence(name: str, junk: str) -> None:
    verdict = EXERCISES[name](JUNK[junk])
    assert verdict.status == "wrong"
    assert 20 < len(verdict.message) < 1000


@every
def test_hints_come_one_at_a_time_and_the_last_one_stays(name: str) -> None:
    hints = [EXERCISES[name].hint().message for _ in range(4)]
    assert len(set(hints)) == 3
    assert hints[2] == hints[3]
