"""The process with a learner's code: runs cells, and answers for them.

Whatever happens here is what the learner's code does, and is believed by
nobody. `judge` starts it and asks it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from course_utils.grading import fence


def main() -> None:
    """Run the cells that the judge sends, then serve its calls."""
    job = json.loads(sys.argv[1])
    box, hidden = Path(job["box"]), [Path(one) for one in job["hidden"]]
    missing = fence.enclose(box, hidden)  # before anything starts a thread
    from course_utils.grading import wire

    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    order = wire.receive(incoming)
    notebook = _Notebook(order["together"])
    os.chdir(box)
    fence.refuse(box, hidden)
    errors = notebook.run(
        order["cells"],
        lambda place: wire.send(outgoing, {"do": "cell", "place": place}),
    )
    link = wire.Link(
        lambda: wire.receive(incoming),
        lambda message: wire.send(outgoing, message),
    )
    link.offer(notebook.value)  # number 0
    link.offer(notebook.check)  # number 1
    wire.send(outgoing, {"do": "ready", "errors": errors, "missing": missing})
    try:
        link.serve()
    finally:
        os._exit(0)  # without what a notebook wants to do at the end


class _Notebook:
    """A place where cells run, as in a kernel."""

    def __init__(self, together: bool) -> None:
        import types

        self._module = types.ModuleType("__main__")
        sys.modules["__main__"] = self._module
        self._names = vars(self._module)
        self._names.update(
            display=lambda *_, **__: None,
            get_ipython=lambda: None,
            input=_no_input,
            __builtins__=__builtins__,
        )
        self._genuine = None
        if together:
            from course_utils.grading import together as genuine

            self._genuine = genuine.Together()
        _silence_checkers()

    def run(
        self, cells: list[list], begin: Callable[[int], None]
    ) -> dict[str, str]:
        """Run cells, each by its place and text; return what went wrong."""
        import linecache

        errors = {}
        for place, source in cells:
            begin(place)
            name = f"<cell {place}>"
            lines = source.splitlines(keepends=True)
            # TensorFlow reads the text of functions.
            linecache.cache[name] = (len(source), None, lines, name)
            try:
                exec(compile(source, name, "exec"), self._names)
            except BaseException as error:
                try:
                    text = f"{type(error).__name__}: {error}"[:500]
                except BaseException:
                    text = type(error).__name__
                errors[str(place)] = text
        return errors

    def value(self, expression: str) -> object:
        """Return what an expression of the notebook stands for."""
        return eval(expression, self._names)

    def check(self, module: str, name: str, expression: str) -> list[str]:
        """Let the genuine checker see what no wire can carry."""
        return self._genuine.verdict(
            module, name, lambda: self.value(expression)
        )


def _no_input(*_: object) -> str:
    raise EOFError("there is nobody to ask while a notebook is graded")


def _silence_checkers() -> None:
    """Put something that says nothing in the place of the checkers."""
    import types

    import course_utils

    class Silent(types.ModuleType):
        def __getattr__(self, name: str) -> Silent:
            if name.startswith("__"):
                raise AttributeError(name)
            return Silent(name)

        def __call__(self, *_: object, **__: object) -> None:
            return None

    for name in [m for m in sys.modules if m.startswith("course_utils.check")]:
        del sys.modules[name]
    silent = Silent("course_utils.check")
    silent.__path__ = []
    sys.modules["course_utils.check"] = silent
    course_utils.check = silent


if __name__ == "__main__":
    main()
