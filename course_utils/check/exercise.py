"""What all checkers share: call an answer safely, compare it, say a verdict.

A checker must survive anything that a learner can write: a wrong type, a wrong
shape, NaN, an exception, a changed input, an endless loop. So the answer runs
in a thread with a time limit, and whatever happens there becomes a sentence.
"""

from __future__ import annotations

import contextlib
import contextvars
import copy
import ctypes
import html
import importlib
import random
import re
import reprlib
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TextIO

from course_utils import style

import numpy as np
from IPython import get_ipython

TIME_LIMIT = 5.0  # seconds for one check

# What beginners meet, and what it usually means.
ADVICE = (
    (
        "unsupported operand.*'list'|can't multiply sequence",
        "\nPython does no arithmetic with whole lists: go through them in a "
        "loop, with zip if there are two, or turn them into np.array(...).",
    ),
    (
        "unsupported operand.*'(function|(numpy\\.)?ufunc)'",
        "\nA function stands where its value is meant: call it, with the "
        "argument in brackets.",
    ),
    ("unsupported operand.*'ellipsis'", "\nOne of the ... is still there."),
    (
        "attr 'T' of bool",
        "\nTensorFlow does not calculate with truth values: "
        "tf.cast(…, tf.float32) first.",
    ),
    (
        "Invalid reduction|axis .* out of bounds",
        "\nThere is no such axis: axes count from 0. Print the shape.",
    ),
    (
        "could not be broadcast|Incompatible shapes",
        "\nWrite the shapes right-aligned: where would an axis of size 1 help?",
    ),
    (
        "truth value of an array",
        "\nif asks about one value. For whole arrays there are np.where and "
        "np.maximum.",
    ),
    (
        "mismatch in its core dimension|Matrix size-incompatible",
        "\nIn a @ b the columns of a and the rows of b must be equally many. "
        "Print both shapes.",
    ),
    (
        "matmul.*\\(has 0,",
        "\n@ multiplies arrays, and one of the two is a single number here.",
    ),
    (
        "setting an array element with a sequence\\.$",
        "\nA whole array does not fit into the place of one number.",
    ),
    (
        "Cannot cast ufunc .* to dtype\\('u?int",
        "\nAn array of whole numbers cannot hold fractions. Make floats of it "
        'first: .astype("float32").',
    ),
)
PRINT_LIMIT = 10_000  # characters that one answer may print


class NotAttempted(Exception):
    """The answer is still the stub."""


class Wrong(Exception):
    """The answer is wrong; the message tells the learner how."""


class Raised(Wrong):
    """The answer raised an exception."""


class TimeUp(BaseException):
    """Raised inside an answer that runs too long.

    Not an `Exception`, so that `except Exception` in an answer cannot stop it.
    """


class Verdict:
    """What a checker says about an answer.

    Args:
        status: "right", "wrong", "not attempted yet" or "hint".
        message: One or two sentences for the learner.
    """

    LOOKS: ClassVar = {
        "right": ("✓", style.GREEN),
        "wrong": ("✗", style.RED),
        "not attempted yet": ("○", style.GREY),
        "hint": ("→", style.SKY),
    }

    def __init__(self, status: str, message: str) -> None:
        self.status = status
        self.message = message

    def __bool__(self) -> bool:
        return self.status == "right"

    def __repr__(self) -> str:
        return f"{self.LOOKS[self.status][0]} {self.status}: {self.message}"

    def _repr_html_(self) -> str:
        mark, colour = self.LOOKS[self.status]
        return (
            f'<div role="status" style="border-left: 4px solid {colour}; '
            f'padding: 0.3em 0.8em; white-space: pre-line">'
            f"<b>{mark} {self.status}</b><br>{html.escape(self.message)}</div>"
        )


class Exercise:
    """A checker: call it with an answer, or ask it for a hint.

    Args:
        grade: Takes the answer, returns one sentence of insight, or raises
            `Wrong` or `NotAttempted`.
        hints: Shown one at a time, from a nudge to nearly the answer.
        needs: A slow module that is imported before the time runs. With it
            an answer has four times as long: JAX compiles for every shape.
    """

    def __init__(
        self,
        grade: Callable[[Any], str],
        hints: Sequence[str],
        *,
        needs: str | None = None,
    ) -> None:
        self._grade = grade
        self._hints = list(hints)
        self._needs = needs
        self._given = 0

    def __call__(self, answer: Any) -> Verdict:
        """Check an answer; never raises and takes 5 seconds or 20 at most.

        Args:
            answer: Whatever the learner wrote.

        Returns:
            The verdict, which Jupyter shows as a coloured line.
        """
        if self._needs:
            importlib.import_module(self._needs)
        seconds = TIME_LIMIT * (4 if self._needs else 1)
        return _in_time(lambda: _verdict(self._grade, answer), seconds)

    def hint(self) -> Verdict:
        """Return the next hint, and the last one again after that."""
        self._given = min(self._given + 1, len(self._hints))
        hint = self._hints[self._given - 1]
        return Verdict("hint", f"{self._given} of {len(self._hints)}. {hint}")

    def __repr__(self) -> str:
        return (
            f"A checker with {len(self._hints)} hints: call it with your "
            "answer, or call .hint() on it."
        )


def against(
    reference: Callable[..., Any],
    cases: Sequence[tuple],
    mistakes: Mapping[str, Callable[..., Any]],
    insight: str,
    *,
    tolerance: float = 1e-6,
    not_finite: str = "Is something divided by zero?",
    agree: Callable[[Any, Any], bool] | None = None,
) -> Callable[[Any], str]:
    """Make a grader that compares a function with a reference on some inputs.

    Args:
        reference: A right answer.
        cases: Arguments for each call. Choose them such that no mistake gives
            the same as the reference.
        mistakes: By message, functions that make a typical mistake. If the
            answer agrees with one of them everywhere, its message is shown.
            A mistake may raise where its shapes do not fit.
        insight: Shown when the answer is right.
        tolerance: How far a value may be off, besides 0.01 % of it.
        not_finite: Advice where NaN or infinity comes back.
        agree: Takes two results, anything at all, and tells whether they are
            the same. For results that are no numbers.

    Returns:
        A function for `Exercise(grade=…)`.
    """

    numbers = agree is None
    if agree is None:

        def agree(given: Any, expected: Any) -> bool:
            return _agree(given, expected, tolerance)

    def grade(answer: Any) -> str:
        pairs, crash = [], None
        for case in cases:
            try:
                given = call(answer, *case)
            except Wrong as wrong:
                crash = wrong
                break
            pairs.append((given, reference(*copy.deepcopy(case))))
        if all(agree(given, expected) for given, expected in pairs):
            if crash is None:
                return insight
            raise crash
        # Something is wrong before it crashed, and tells more than the crash.
        tried = cases[: len(pairs)]
        for message, mistake in mistakes.items():
            try:
                wrong = [mistake(*copy.deepcopy(case)) for case in tried]
            except Exception:
                continue  # its shapes do not fit, the answer's did
            if all(
                agree(given, value)
                for (given, _), value in zip(pairs, wrong, strict=True)
            ):
                raise Wrong(message + _example(answer, tried, pairs, agree))
        for case, (given, expected) in zip(tried, pairs, strict=True):
            if numbers:
                what = _call_text(answer, case)
                _same_form(what, given, expected, not_finite)
        message = "The result is not the expected one."
        first = pairs[0][0]
        if len(pairs) > 1 and all(agree(given, first) for given, _ in pairs):
            message = (
                "The result is not the expected one: you answer "
                f"{_show(first)} whatever you are given."
            )
        raise Wrong(message + _example(answer, tried, pairs, agree))

    return grade


def in_parts(
    names: Sequence[str], graders: Mapping[str, Callable[[Any], str]]
) -> Callable[[Any], str]:
    """Make a grader for a function that gives back several values.

    So that one wrong value does not hide what is wrong with another.

    Args:
        names: What the values are, in the order in which they come back.
        graders: By name, made by `against`; asked in this order. Put first
            what the others are computed from.

    Returns:
        A function for `Exercise(grade=…)`; the last grader has the insight.
    """

    def one(answer: Any, index: int) -> Any:
        if not callable(answer):
            return answer

        def chosen(*arguments: Any) -> Any:
            result = answer(*arguments)
            if result is None or result is ...:
                return result
            values = parts(result)
            if len(values) != len(names):
                raise Wrong(
                    f"{_call_text(answer, arguments)} should give back "
                    f"{len(names)} values, ({', '.join(names)}), but it gave "
                    f"{_show(result)}."
                )
            _complete(values)
            return values[index]

        chosen.__name__ = f"{names[index]} of {_name(answer)}"
        return chosen

    def grade(answer: Any) -> str:
        crash = None
        for name, grader in graders.items():
            try:
                insight = grader(one(answer, names.index(name)))
            except Raised as raised:
                # Another value may be wrong before, and tells more. And it
                # is the whole answer that raised, not this value of it.
                crash = Raised(str(raised).removeprefix(f"{name} of "))
        if crash is not None:
            raise crash
        return insight

    return grade


def call(function: Any, *arguments: Any) -> Any:
    """Call a learner's function and turn what goes wrong into a sentence.

    Args:
        function: The answer; anything at all.
        *arguments: What it is called with. They must come back unchanged.

    Returns:
        What the function returned.

    Raises:
        NotAttempted: The stub is untouched.
        Wrong: Not a function, it raised, or it changed its input.
    """
    if function is ...:
        raise NotAttempted
    if not callable(function):
        raise Wrong(
            f"A function was expected, but this is {_show(function)} of type "
            f"{type(function).__name__}. Give the checker the function "
            "itself, without calling it."
        )
    handed_over = copy.deepcopy(arguments)
    result = attempt(_call_text(function, arguments), function, *handed_over)
    if result is ...:
        raise NotAttempted
    if isinstance(result, tuple | list):
        _complete(result)
    for before, after in zip(arguments, handed_over, strict=True):
        if not callable(before) and not _unchanged(before, after):
            raise Wrong(_changed_text(before, after))
    if result is None:
        raise Wrong(
            f"{_call_text(function, arguments)} gave back None. Is a return "
            "missing?"
        )
    return result


def attempt(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call something of a learner's, and say what it raised in a sentence.

    `call` does this for functions, and looks at the result as well.

    Args:
        what: Says what raised, e.g. "MyDense(3)": how the sentence begins.
        function: What is called.
        *arguments: What it is called with.

    Returns:
        What the function returned.

    Raises:
        Raised: It raised an exception.
        Wrong: It ended the program.
    """
    try:
        return function(*arguments)
    except (NotAttempted, Wrong):
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {_shortened(_plain(str(error)))}"
        advice = next((a for p, a in ADVICE if re.search(p, text)), "")
        raise Raised(f"{what} raised {text}{advice}") from error
    except SystemExit as error:
        raise Wrong("The function ended the program with exit().") from error


@contextlib.contextmanager
def explained(advice: Mapping[str, str]) -> Iterator[None]:
    """Add a sentence to what an answer raises in this block.

    Args:
        advice: By a pattern of the message, what helps; the first that is
            found counts, and "" is found in every message.

    Raises:
        Wrong: What was raised, with the advice, if a pattern is found.
    """
    try:
        yield
    except Raised as raised:
        for pattern, said in advice.items():
            if re.search(pattern, str(raised), re.DOTALL):
                raise Wrong(f"{raised}\n{said}".strip()) from raised
        raise


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Keep back warnings, and leave no trace in the random numbers.

    Keras takes seeds from `random`: without this, a check would change what
    the cells after it give. For a block, or a whole grader: `@quietly()`.
    """
    state, numpy_state = random.getstate(), np.random.get_state()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)


def number(value: Any, what: str) -> float:
    """Read a learner's value as one finite number.

    Args:
        value: Anything.
        what: How to name it in a message, e.g. "The learning rate".

    Returns:
        The number as a float.

    Raises:
        NotAttempted: The value is the untouched `...`.
        Wrong: It is no number, has a shape, or is not finite.
    """
    if value is ...:
        raise NotAttempted
    read = _array(value)
    if read is None or isinstance(value, str | bytes):
        raise Wrong(f"{what} should be a number, but it is {_show(value)}.")
    if read.size != 1:
        raise Wrong(
            f"{what} should be one number, but it has shape {read.shape}."
        )
    if read.dtype.kind == "c":
        raise Wrong(f"{what} should be a real number, not {read.item()}.")
    if not np.isfinite(read).all():
        raise Wrong(f"{what} is {read.item()}, not a finite number.")
    return float(read.item())


def parts(value: Any) -> list:
    """Take a tuple, a list or an array apart.

    Args:
        value: Anything.

    Returns:
        Its elements; an empty list if it is a single value.
    """
    if isinstance(value, tuple | list):
        return list(value)
    array = _array(value)
    return [] if array is None or array.ndim == 0 else list(array)


def _verdict(grade: Callable[[Any], str], answer: Any) -> Verdict:
    """Grade an answer, whatever it does, except running for ever."""
    try:
        # The verdict says what overflowed; NumPy need not say it as well.
        with np.errstate(all="ignore"):
            return Verdict("right", grade(answer))
    except NotAttempted:
        return Verdict(
            "not attempted yet",
            "Replace the ... in the cell above, run it, and run this again. "
            "Stuck? Call .hint() on this checker.",
        )
    except Wrong as wrong:
        return Verdict("wrong", str(wrong))
    except TimeUp:
        raise
    except BaseException as error:
        return Verdict(
            "wrong",
            "The checker cannot read this answer "
            f"({type(error).__name__}). Does it have the form that the task "
            "asks for?",
        )


def _in_time(job: Callable[[], Verdict], seconds: float) -> Verdict:
    """Run a job in a thread and stop it when the time is over."""
    done: list[Verdict] = []

    def work() -> None:
        # TimeUp may arrive at any line; the verdict below then says so.
        with contextlib.suppress(TimeUp):
            done.append(job())

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), daemon=True)
    try:
        # What it prints is limited until it has ended, the stopping included.
        with _kernel_stays(), contextlib.redirect_stdout(_Tap(sys.stdout)):
            thread.start()
            thread.join(seconds)
            ended = bool(done) or _stop(thread)
    except KeyboardInterrupt:
        _stop(thread)
        return Verdict("wrong", "The check was interrupted.")
    if done:
        return done[0]
    if ended:
        advice = (
            "It was stopped. Look for a loop that never ends, or for "
            "something that waits, such as input()."
        )
    else:
        advice = (
            "It cannot be stopped from here and still runs. Restart the "
            "kernel if it gets slow (Kernel, Restart Kernel)."
        )
    return Verdict("wrong", f"No answer after {seconds:.0f} seconds. {advice}")


class _Tap:
    """Lets through what an answer prints, up to `PRINT_LIMIT`.

    An endless loop with a print in it writes hundreds of megabytes before its
    time is up, which no browser survives.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._left = PRINT_LIMIT

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if self._left > 0:
            self._stream.write(text[: self._left])
            self._left -= len(text)
            if self._left <= 0:
                self._stream.write("\n… and more, which is not shown.\n")
        return len(text)


@contextlib.contextmanager
def _kernel_stays() -> Iterator[None]:
    """Make exit() raise SystemExit, as in a program; Jupyter's ends all."""
    shell = get_ipython()
    if not hasattr(shell, "ask_exit"):
        yield
        return

    def refuse() -> None:
        raise SystemExit

    shell.ask_exit = refuse
    try:
        yield
    finally:
        del shell.ask_exit


def _stop(thread: threading.Thread) -> bool:
    """Raise `TimeUp` in a thread until it ends; tell whether it did."""
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    for _ in range(10):
        raise_in(ctypes.c_ulong(thread.ident), ctypes.py_object(TimeUp))
        thread.join(0.1)
        if not thread.is_alive():
            return True
    return False


def _array(value: Any) -> np.ndarray | None:
    """Read numbers out of a value, or return None if it has none."""
    try:
        array = np.asarray(value)
    except Exception:
        return None
    return array if array.dtype.kind in "biufc" else None


def _complete(values: Sequence[Any]) -> None:
    """Raise if some of the values are still the `...` of the stub."""
    open_ones = [value is ... for value in values]
    if any(open_ones):
        if all(open_ones):
            raise NotAttempted
        raise Wrong(
            f"Value {open_ones.index(True) + 1} of {len(open_ones)} is "
            "still the ... of the stub."
        )


def _agree(given: Any, expected: Any, tolerance: float = 1e-6) -> bool:
    """Tell whether two results have the same shape and nearly the values."""
    if isinstance(expected, tuple):
        given = parts(given)
        return len(given) == len(expected) and all(
            _agree(one, other, tolerance)
            for one, other in zip(given, expected, strict=True)
        )
    left, right = _array(given), _array(expected)
    return (
        left is not None
        and left.shape == right.shape
        and np.allclose(left, right, rtol=1e-4, atol=tolerance, equal_nan=True)
    )


def _same_form(what: str, given: Any, expected: Any, not_finite: str) -> None:
    """Raise `Wrong` if a result cannot be compared with the expected one."""
    if isinstance(expected, tuple):
        if len(parts(given)) != len(expected):
            raise Wrong(
                f"{what} should give back {len(expected)} values, "
                f"but it gave {_show(given)}."
            )
        for one, other in zip(parts(given), expected, strict=True):
            _same_form(what, one, other, not_finite)
        return
    left, right = _array(given), _array(expected)
    if left is None:
        raise Wrong(
            f"{what} should give back numbers, but it gave {_show(given)} of "
            f"type {type(given).__name__}."
        )
    if left.shape and not right.shape:
        raise Wrong(
            f"{what} gave back an array of shape {left.shape}, but one number "
            "was expected."
        )
    if left.shape != right.shape:
        raise Wrong(
            f"{what} gave back shape {left.shape}, expected {right.shape}."
        )
    if not np.isfinite(left).all() and np.isfinite(right).all():
        raise Wrong(
            f"{what} gave back {_show(given)}, which is not finite. "
            f"{not_finite}"
        )


def _unchanged(before: Any, after: Any) -> bool:
    """Tell whether an argument still holds what it held before the call.

    Adding h and taking it away again may leave a rounding error, no more.
    """
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    left, right = _array(before), _array(after)
    if left is None or right is None:
        return left is right and bool(before == after)
    if left.shape != right.shape:
        return False
    if left.dtype.kind in "fc":
        return np.allclose(left, right, rtol=1e-9, atol=1e-9, equal_nan=True)
    return np.array_equal(left, right)


def _changed_text(before: Any, after: Any) -> str:
    """Say what became of an argument, also where it is hard to see."""
    if _show(before) != _show(after):
        return (
            "The function changed its input. Work on a copy: whoever calls it "
            f"still needs {_show(before)}, which is now {_show(after)}."
        )
    left, right = _array(before), _array(after)
    how = "."
    if left is not None and right is not None and left.shape == right.shape:
        size = np.abs(1.0 * right - 1.0 * left).max()
        if np.isfinite(size):
            how = f" by up to {size:.1g}."
        if size < 1e-3:
            how = (
                f", by only {size:.1g}. Was a small h added to the array "
                "itself?"
            )
    return (
        f"The function changed its input{how} Work on a copy, such as "
        "z.copy(): whoever calls it still needs the old values."
    )


def _example(
    answer: Any,
    cases: Sequence[tuple],
    pairs: list[tuple],
    agree: Callable[[Any, Any], bool],
) -> str:
    """Show the first call whose result is wrong."""
    for case, (given, expected) in zip(cases, pairs, strict=True):
        if not agree(given, expected):
            return (
                f"\n{_call_text(answer, case)} gave {_show(given)}, "
                f"expected {_show(expected)}."
            )
    return ""


def _call_text(function: Any, arguments: tuple) -> str:
    return f"{_name(function)}({', '.join(map(_show, arguments))})"


def _name(function: Any) -> str:
    return getattr(function, "__name__", "your function")


def _plain(text: str) -> str:
    """Take what Keras and TensorFlow wrap around a message off it."""
    text = re.sub("\x1b\\[[0-9;]*m", "", text)
    text = re.sub("^Exception encountered when calling .*\\s+", "", text)
    text = re.sub("^\\{\\{.*?\\}\\} ", "", text)
    text = re.sub(" \\[Op:.*", "", text)
    return text.split("\n\nArguments received by")[0]


def _shortened(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:300]} …"


def _show(value: Any) -> str:
    """Write a value in at most about 100 characters, whatever it is."""
    if callable(value):
        return getattr(value, "__name__", "a function")
    if _tuples(value):  # such as [(8, True), (4, False)]
        return repr(value)
    array = _array(value)
    if array is not None and not isinstance(value, bool | int):
        if array.ndim == 0:
            return f"{array.item():.5g}"
        with np.printoptions(
            precision=4,
            suppress=True,
            threshold=8 if array.ndim == 1 else 24,
            edgeitems=2,
        ):
            text = np.array2string(array, separator=", ")
        return " ".join(text.split())
    if isinstance(value, tuple) and len(value) <= 4:
        return f"({', '.join(map(_show, value))})"
    if isinstance(value, list | tuple) and len(value) > 4:
        return f"a {type(value).__name__} of {len(value)} values"
    try:
        return reprlib.repr(value)
    except Exception as error:
        return f"something whose repr raises {type(error).__name__}"


def _tuples(value: Any) -> bool:
    """Tell whether a value is a tuple of few whole numbers, or such a list."""
    if type(value) is list:
        return 0 < len(value) <= 4 and all(map(_tuples, value))
    return (
        type(value) is tuple
        and 0 < len(value) <= 4
        and all(type(one) in (int, bool) for one in value)
    )
