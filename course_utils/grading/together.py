"""Runs a checker in the process of a learner's code, where it cannot be apart.

A few exercises ask for a class or a model of Keras, which no wire can carry.
So the checker is imported before the learner's code, and looks afterwards
whether something that it relies on has been replaced. Who knows Python well
can deceive it, which docs/grading.md says.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

# What a checker uses; the names may stand inside of packages.
RELIED_ON = (
    *("course_utils", "numpy", "keras", "builtins", "contextlib", "copy"),
    *("ctypes", "dis", "itertools", "random", "threading", "warnings"),
)


class Together:
    """Holds the genuine checkers, and remembers what they rely on."""

    def __init__(self) -> None:
        from course_utils import check

        import keras  # noqa: F401, so that it is remembered

        self._checkers = {
            module: vars(getattr(check, module)).copy()
            for module in check.__all__
        }
        self._parts = list(_parts())

    def verdict(
        self, module: str, name: str, answer: Callable[[], Any]
    ) -> list[str]:
        """Check an answer.

        Args:
            module: Of `course_utils.check`.
            name: Of the checker in it.
            answer: Returns what the learner made.

        Returns:
            The status and the message.
        """
        checker = self._checkers[module][name]
        given = answer()
        changed = self._changed()
        if not changed:
            verdict = checker(given)
            said = [verdict.status, verdict.message]
            changed = self._changed()
        if changed:
            return [
                "not graded",
                f"The notebook replaces {changed}, which the checker relies "
                "on. Look at it yourself.",
            ]
        return said

    def _changed(self) -> str:
        """Name one thing that is not what it was, or nothing."""
        for owner, name, value, code in self._parts:
            if vars(owner).get(name) is not value:
                return f"{getattr(owner, '__name__', 'something')}.{name}"
            if code is not None and value.__code__ is not code:
                return f"the code of {name}"
        return ""


def _parts() -> Iterator[tuple[Any, str, Any, Any]]:
    """Yield owner, name, value and code of functions, classes and modules."""
    seen = set()
    for title, module in list(sys.modules.items()):
        if title.split(".")[0] not in RELIED_ON or module is None:
            continue
        for name, value in list(vars(module).items()):
            if not (callable(value) or isinstance(value, types.ModuleType)):
                continue
            # Not the package that cells get a silent stand-in for.
            if name in ("__builtins__", "check"):
                continue
            yield module, name, value, _code(value)
            # Methods count as well, of the classes that stand here.
            if isinstance(value, type) and id(value) not in seen:
                seen.add(id(value))
                if str(value.__module__).split(".")[0] not in RELIED_ON:
                    continue
                for inner, method in list(vars(value).items()):
                    if isinstance(method, types.FunctionType):
                        yield value, inner, method, _code(method)


def _code(value: Any) -> Any:
    return value.__code__ if isinstance(value, types.FunctionType) else None
