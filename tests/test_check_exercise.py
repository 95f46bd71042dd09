"""A checker gives a useful verdict on anything, and the kernel lives on.

The answers go to a real exercise, the mean squared error of lecture 00.
"""

from __future__ import annotations

import functools
import html
import inspect
import os
import re
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from course_utils import check as lectures
from course_utils.check import exercise, start_here
from course_utils.check.exercise import Exercise, NotAttempted, Verdict, Wrong

import nbclient
import numpy as np
import pytest
from nbformat import v4

check = start_here.mean_squared_error


def right(predicted: list[float], y: list[float]) -> float:
    """Return the mean squared error, as the task asks."""
    pairs = zip(predicted, y, strict=True)
    return sum((p - t) ** 2 for p, t in pairs) / len(y)


def still_works() -> None:
    """The main thread lives, and the next check is not disturbed."""
    verdict = check(right)
    assert verdict, verdict
    assert verdict.status == "right"


@pytest.fixture(autouse=True)
def undisturbed() -> Iterator[None]:
    yield
    still_works()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait five seconds for an answer that never ends."""
    monkeypatch.setattr(exercise, "TIME_LIMIT", 0.3)


def message(answer: Any) -> str:
    """Check a wrong answer and return what the learner reads about it."""
    verdict = check(answer)
    assert not verdict
    assert verdict.status == "wrong", verdict
    assert 10 < len(verdict.message) < 1000
    return verdict.message


def raising(error: BaseException) -> Callable:
    def answer(predicted: list, y: list) -> float:
        raise error

    return answer


def giving(value: Any) -> Callable:
    return lambda predicted, y: value


# Ordinary answers ----------------------------------------------------------


def test_a_right_answer_earns_an_insight() -> None:
    verdict = check(right)
    assert bool(verdict) is True
    assert repr(verdict).startswith("✓ right: Squaring")


@pytest.mark.parametrize(
    "form",
    [np.float64, np.float32, np.array, complex, lambda x: np.array(x)[()]],
)
def test_the_type_of_a_number_does_not_matter(form: Callable) -> None:
    assert check(lambda predicted, y: form(right(predicted, y)))


def test_tensors_are_numbers_too() -> None:
    import tensorflow as tf

    def answer(predicted: list[float], y: list[float]) -> tf.Tensor:
        return tf.reduce_mean(tf.square(tf.subtract(predicted, y)))

    assert check(answer)
    assert check(lambda p, y: tf.Variable(answer(p, y)))
    assert "shape (1,)" in message(lambda p, y: answer(p, y)[tf.newaxis])


def test_arrays_lists_and_tuples_are_compared_by_value() -> None:
    doubled = Exercise(
        exercise.against(
            lambda x: 2 * np.asarray(x),
            cases=[([1.0, 2.0],), ([0.5, -4.0],)],
            mistakes={},
            insight="Twice.",
        ),
        hints=["Use *."],
    )
    assert doubled(lambda x: [2 * v for v in x])
    assert doubled(lambda x: tuple(2 * v for v in x))
    assert doubled(lambda x: np.add(x, x))
    assert not doubled(lambda x: 2 * x)
    assert "(4,)" in doubled(lambda x: 2 * x).message
    both = Exercise(
        exercise.against(
            lambda x: (min(x), max(x)),
            cases=[([3.0, 1.0, 2.0],)],
            mistakes={},
            insight="Both.",
        ),
        hints=["Two values."],
    )
    assert both(lambda x: [min(x), max(x)])
    assert "2 values" in both(lambda x: min(x)).message
    assert not both(lambda x: (max(x), min(x)))


@pytest.mark.parametrize(
    "answer", [giving(...), ..., lambda *anything: ...], ids=range(3)
)
def test_the_stub_is_not_attempted_yet(answer: Any) -> None:
    verdict = check(answer)
    assert verdict.status == "not attempted yet"
    assert not verdict
    assert ".hint()" in verdict.message


def differences(predicted: list[float], y: list[float]) -> list[float]:
    return [p - t for p, t in zip(predicted, y, strict=True)]


PLANTED = {
    "no mean": (
        lambda p, y: sum(d**2 for d in differences(p, y)),
        "did not divide",
    ),
    "no square": (
        lambda p, y: np.mean(differences(p, y)),
        "without squaring",
    ),
    "absolute": (
        lambda p, y: np.mean(np.abs(differences(p, y))),
        "absolute value",
    ),
    "square of the mean": (
        lambda p, y: np.mean(differences(p, y)) ** 2,
        "square each difference first",
    ),
    "root": (
        lambda p, y: np.sqrt(np.mean(np.square(differences(p, y)))),
        "root",
    ),
    "one too few": (
        lambda p, y: sum(d**2 for d in differences(p, y)) / (len(y) - 1),
        "one too few",
    ),
    "return in the loop": (
        lambda p, y: (p[0] - y[0]) ** 2,
        "inside the loop",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_typical_mistake_is_named(name: str) -> None:
    answer, words = PLANTED[name]
    assert words in message(answer)


def test_every_typical_mistake_has_a_message_of_its_own() -> None:
    messages = {message(answer) for answer, _ in PLANTED.values()}
    assert len(messages) == len(PLANTED)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (giving(None), ["None", "return missing"]),
        (giving("0.5"), ["'0.5'", "type str", "numbers"]),
        (giving({"mse": 1}), ["type dict"]),
        (giving([1.0, 2.0]), ["shape (2,)"]),
        (giving([[1.0], [1.0, 2.0]]), ["type list"]),
        (giving(np.nan), ["nan", "not finite"]),
        (giving(np.inf), ["inf", "not finite"]),
        (giving(17.0), ["17", "expected 1.3333"]),
        (giving(1 + 2j), ["expected 1.3333"]),
        (lambda p, y: (yield 1.0), ["generator"]),
        (lambda only: 1.0, ["TypeError", "1 positional argument"]),
        (raising(KeyError("loss")), ["KeyError", "'loss'"]),
        (raising(ValueError("x" * 10**6)), ["ValueError", "xxx"]),
        (giving(10**5000), ["int"]),
        (lambda p, y: p - y, ["TypeError", "no arithmetic with whole lists"]),
        (lambda p, y: [0] * 10**15, ["MemoryError"]),
        (5, ["function was expected", "type int", "without calling"]),
        (None, ["function was expected", "NoneType"]),
        ("mse", ["function was expected", "'mse'"]),
        ([right], ["function was expected", "list"]),
        (np.zeros(3), ["function was expected", "[0., 0., 0.]"]),
    ],
)
def test_a_wrong_answer_is_told_what_came_back(
    answer: Any, words: list[str]
) -> None:
    said = message(answer)
    for word in words:
        assert word in said


def test_callables_of_every_kind_are_functions() -> None:
    class Answer:
        def __call__(self, predicted: list, y: list) -> float:
            return right(predicted, y)

    assert check(Answer())
    assert check(functools.partial(right))
    assert check(np.vectorize(right, signature="(n),(n)->()"))


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.sort(reverse=True),
        lambda x: x.append(7.0),
        lambda x: x.clear(),
        lambda x: x.__setitem__(0, "text"),
        lambda x: x.__setitem__(0, None),
    ],
)
def test_an_answer_that_changes_its_input_is_told_so(
    change: Callable[[list], None],
) -> None:
    def answer(predicted: list[float], y: list[float]) -> float:
        result = right(predicted, y)
        change(predicted)
        return result

    assert "changed its input" in message(answer)


def test_a_changed_array_is_noticed_and_never_reaches_the_next_check() -> None:
    given = np.array([1.0, 2.0, np.nan])
    checker = Exercise(
        exercise.against(
            lambda x: np.nansum(x),
            cases=[(given,)],
            mistakes={},
            insight="The sum.",
        ),
        hints=["Add."],
    )

    def answer(x: np.ndarray) -> float:
        total = np.nansum(x)
        x *= 2
        return total

    assert "changed its input" in checker(answer).message
    np.testing.assert_array_equal(given, [1.0, 2.0, np.nan])
    assert checker(np.nansum)


def differences_in_place(z: np.ndarray, back: float) -> float:
    """Move z itself by h, perhaps without coming back."""
    z[0] += 1e-5
    above = z.sum()
    z[0] -= 2e-5
    slope = (above - z.sum()) / 2e-5
    z[0] += back
    return slope


@pytest.fixture
def slope() -> Exercise:
    return Exercise(
        exercise.against(
            lambda z: 1.0,
            cases=[(np.array([-0.5, 1.5]),), (np.array([0.1, 0.2]),)],
            mistakes={},
            insight="One.",
        ),
        hints=["Move."],
    )


def test_a_rounding_error_is_no_changed_input(slope: Exercise) -> None:
    assert slope(lambda z: differences_in_place(z, back=1e-5))


def test_a_change_too_small_to_see_is_measured(slope: Exercise) -> None:
    said = slope(lambda z: differences_in_place(z, back=0)).message
    assert "changed its input, by only 1e-05. Was a small h" in said
    assert "z.copy()" in said


def test_a_change_in_a_part_that_is_not_shown_is_measured() -> None:
    checker = Exercise(
        exercise.against(
            lambda x: 3.0,
            cases=[(np.arange(20.0),), ([1.0, 2.0, 3.0, 4.0, 5.0],)],
            mistakes={},
            insight="Three.",
        ),
        hints=["Three."],
    )

    def change(x: np.ndarray, much: float) -> float:
        x[3] += much
        return 3.0

    said = checker(lambda x: change(x, 7.0)).message
    assert "changed its input by up to 7." in said
    assert "small" not in said
    said = checker(lambda x: change(x, np.nan)).message
    assert "changed its input. Work" in said

    def change_list(x: Any) -> float:
        if isinstance(x, list):
            x[3] = "text"
        return 3.0

    assert "changed its input. Work" in checker(change_list).message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: x.max() @ x, "one of the two is a single number"),
        (
            lambda x: np.zeros(2).__setitem__(0, np.ones(2)),
            "does not fit into the place of one number",
        ),
    ],
    ids=["number @ array", "array into a place"],
)
def test_an_error_of_numpy_is_explained(answer: Callable, words: str) -> None:
    assert words in sums()(answer).message


# Answers of several values --------------------------------------------------


def both() -> Exercise:
    """Ask for sum and difference of a matrix product's factors."""

    def part(reference: Callable, mistake: Callable, words: str) -> Callable:
        return exercise.against(
            reference,
            cases=[(np.eye(2), 2 * np.eye(2)), (np.ones((2, 3)), np.eye(3))],
            mistakes={words: mistake},
            insight=f"Not {words}",
        )

    return Exercise(
        exercise.in_parts(
            ("product", "total"),
            {
                "total": part(
                    lambda a, b: a.sum() + b.sum(),
                    lambda a, b: a.sum(),
                    "The total is without b.",
                ),
                "product": part(
                    lambda a, b: a @ b,
                    lambda a, b: a + b,
                    "The product is a sum.",
                ),
            },
        ),
        hints=["Two."],
    )


def test_a_wrong_value_does_not_hide_another() -> None:
    def wrong(a: np.ndarray, b: np.ndarray) -> tuple:
        return a - b, a.sum()

    assert "The total is without b." in both()(wrong).message
    assert "total of wrong(" in both()(wrong).message
    verdict = both()(lambda a, b: [a @ b, a.sum() + b.sum()])
    assert verdict.message == "Not The product is a sum."


def test_a_crash_does_not_hide_a_wrong_value() -> None:
    # The product of the second case raises, the total was right until then.
    verdict = both()(lambda a, b: (a + b, a.sum() + b.sum()))
    assert "The product is a sum." in verdict.message

    def crash(a: np.ndarray, b: np.ndarray) -> tuple:
        return b @ a, a.sum() + b.sum()

    said = both()(crash).message
    assert said.startswith("crash(")
    assert "rows of b must be equally many" in said


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ((1.0,), "2 values, (product, total)"),
        (1.0, "2 values, (product, total)"),
        ((1.0, 2.0, 3.0), "2 values, (product, total)"),
        ((..., 1.0), "Value 1 of 2 is still the ..."),
        (("a", 1.0), "expected 6"),
        (None, "None"),
    ],
    ids=repr,
)
def test_an_incomplete_pair_is_explained(result: Any, words: str) -> None:
    verdict = both()(lambda a, b: result)
    assert verdict.status == "wrong"
    assert words in verdict.message


@pytest.mark.parametrize("stub", [(..., ...), [...], [..., ..., ...]], ids=repr)
def test_a_stub_of_several_values_is_not_attempted_yet(stub: Any) -> None:
    assert check(lambda *anything: stub).status == "not attempted yet"
    if len(stub) == 2:
        assert both()(lambda *a: stub).status == "not attempted yet"


# What a grader can be told ---------------------------------------------------


def sums(**settings: Any) -> Exercise:
    return Exercise(
        exercise.against(
            lambda x: x.sum(),
            cases=[(np.ones(1),), (np.array([1.0, 3.0]),)],
            mistakes={
                "A mistake of one shape.": lambda x: x.reshape(1, 1)[0, 0],
                "The first entry.": lambda x: x[0],
            },
            insight="Sum.",
            **settings,
        ),
        hints=["Add."],
    )


def test_a_mistake_whose_shapes_do_not_fit_is_passed_over() -> None:
    assert "The first entry." in sums()(lambda x: x[0]).message


def test_one_result_for_all_calls_is_noticed() -> None:
    assert "whatever you are given" in sums()(lambda x: 7.0).message
    assert "whatever" not in sums()(lambda x: 7.0 * x[-1]).message


def test_the_tolerance_can_be_set() -> None:
    def nearly(x: np.ndarray) -> float:
        return x.sum() + 0.01

    assert not sums()(nearly)
    assert sums(tolerance=0.02)(nearly)


def test_advice_for_nan_can_be_set() -> None:
    assert "divided by zero?" in sums()(lambda x: np.nan).message
    checker = sums(not_finite="Mind the overflow.")
    assert "Mind the overflow." in checker(lambda x: np.exp(1e4 * x[0])).message


def test_an_overflow_is_told_by_the_verdict_alone() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "not finite" in sums()(lambda x: np.exp(1e4 * x[0])).message


def graders() -> Iterator:
    """List the graders made by `against`, of all lectures."""
    for module in map(lectures.__dict__.get, lectures.__all__):
        for name, value in vars(module).items():
            grader = inspect.unwrap(getattr(value, "_grade", value))
            if "against.<locals>.grade" in getattr(grader, "__qualname__", ""):
                short = module.__name__.rsplit(".")[-1]
                yield pytest.param(grader, id=f"{short}.{name}")


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize("grader", [*graders()])
def test_no_mistake_is_hidden_by_another(grader: Callable) -> None:
    mistakes = inspect.getclosurevars(grader).nonlocals["mistakes"]
    for message, mistake in mistakes.items():
        with np.errstate(all="ignore"), pytest.raises(Wrong) as told:
            grader(mistake)
        assert str(told.value).startswith(message)


# Hostile answers -----------------------------------------------------------


class Odd:
    """An object with methods that raise or never end."""


def odd(method: str, deed: Callable) -> Any:
    """Make an object with one method replaced."""
    return type("Odd", (Odd,), {method: deed})()


def refuse(*_: Any, **__: Any) -> None:
    raise ValueError("no")


def leave(*_: Any, **__: Any) -> None:
    sys.exit(1)


def loop(*_: Any, **__: Any) -> None:
    while True:
        pass


METHODS = [
    "__repr__",
    "__eq__",
    "__array__",
    "__getattribute__",
    "__len__",
    "__bool__",
    "__float__",
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("deed", [refuse, leave])
@pytest.mark.parametrize("way", [lambda x: x, giving])
def test_objects_that_refuse_get_a_verdict(
    method: str, deed: Callable, way: Callable
) -> None:
    thing = odd(method, deed)
    assert message(way(thing))


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("method", ["__repr__", "__array__"])
def test_objects_that_never_end_get_a_verdict(method: str) -> None:
    for way in (lambda x: x, giving):
        assert "No answer after" in message(way(odd(method, loop)))


def test_errors_that_refuse_to_be_printed_get_a_verdict() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert "cannot read" in message(raising(Silent()))


def test_a_result_without_end_gets_a_verdict() -> None:
    nested: list = []
    nested.append(nested)
    assert message(giving(nested))
    deep: list = []
    for _ in range(10**5):
        deep = [deep]
    assert message(giving(deep))


def test_recursion_without_end_gets_a_verdict() -> None:
    def answer(predicted: list, y: list) -> float:
        return answer(predicted, y)

    assert "RecursionError" in message(answer)


@pytest.mark.parametrize("code", [None, 0, 3, "bye"])
def test_exit_ends_the_answer_only(code: Any) -> None:
    assert "exit()" in message(lambda p, y: sys.exit(code))


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), GeneratorExit(), BaseException("odd")]
)
def test_exceptions_that_are_no_errors_get_a_verdict(
    error: BaseException,
) -> None:
    assert type(error).__name__ in message(raising(error))


@pytest.mark.skipif(
    os.name != "posix", reason="sends a signal to one thread, as POSIX can"
)
def test_an_interrupt_ends_the_check_with_a_verdict() -> None:
    def answer(predicted: list, y: list) -> float:
        time.sleep(0.2)  # until the main thread waits
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(2)
        return right(predicted, y)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    begin = time.monotonic()
    try:
        assert "interrupted" in message(answer)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begin < 2


# Answers without end -------------------------------------------------------


def swallow(predicted: list, y: list) -> None:
    while True:
        try:
            loop()
        except Exception:
            continue


def comprehend(predicted: list, y: list) -> list:
    return [0 for _ in iter(int, 1)]


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("answer", [loop, swallow, comprehend])
def test_an_endless_loop_is_stopped(answer: Callable) -> None:
    threads = threading.active_count()
    begin = time.monotonic()
    said = message(answer)
    assert time.monotonic() - begin < 5
    assert "No answer after" in said
    assert "was stopped" in said
    assert "loop that never ends" in said
    assert threading.active_count() == threads, "nothing goes on in the dark"


@pytest.mark.usefixtures("short")
def test_a_sleep_that_cannot_be_stopped_gets_a_verdict() -> None:
    begin = time.monotonic()
    said = message(lambda p, y: time.sleep(2.5))
    assert time.monotonic() - begin < 2.4
    assert "cannot be stopped" in said
    assert "Restart" in said


@pytest.mark.usefixtures("short")
def test_a_loop_that_swallows_everything_gets_a_verdict() -> None:
    end = time.monotonic() + 2.5

    def answer(predicted: list, y: list) -> None:
        while time.monotonic() < end:
            try:
                while time.monotonic() < end:
                    pass
            except BaseException:
                continue

    # Whether it can be stopped depends on where the exception finds it.
    begin = time.monotonic()
    said = message(answer)
    assert time.monotonic() - begin < 2.4
    assert "No answer after" in said
    assert ("was stopped" in said) != ("cannot be stopped" in said)


def test_the_time_limit_is_five_seconds() -> None:
    assert exercise.TIME_LIMIT == 5


def test_a_slow_answer_is_given_its_time() -> None:
    def answer(predicted: list, y: list) -> float:
        time.sleep(0.2)
        return right(predicted, y)

    assert check(answer)


def test_an_answer_may_start_a_thread() -> None:
    stop = threading.Event()

    def answer(predicted: list, y: list) -> float:
        threading.Thread(target=stop.wait, args=(20,), daemon=True).start()
        return right(predicted, y)

    try:
        assert check(answer)
        still_works()
    finally:
        stop.set()


# What an answer prints -----------------------------------------------------


def test_prints_of_an_answer_are_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def answer(predicted: list, y: list) -> float:
        print("looking at", predicted, flush=True)
        return right(predicted, y)

    assert check(answer)
    assert "looking at [1.0, 2.0, 3.0]\n" in capsys.readouterr().out


def test_printing_megabytes_is_harmless(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def answer(predicted: list, y: list) -> float:
        for _ in range(300):
            print("x" * 10_000)
        return right(predicted, y)

    assert check(answer)
    printed = capsys.readouterr().out
    assert len(printed) < 2 * exercise.PRINT_LIMIT
    assert printed.count("and more") == 1
    print("afterwards")
    assert capsys.readouterr().out == "afterwards\n"


@pytest.mark.usefixtures("short")
def test_printing_without_end_is_harmless(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def answer(predicted: list, y: list) -> None:
        while True:
            print("x" * 1000)

    assert "was stopped" in message(answer)
    assert len(capsys.readouterr().out) < 2 * exercise.PRINT_LIMIT


def test_the_kernel_of_a_notebook_lives_on() -> None:
    # Jupyter's own exit() does not raise, it ends the kernel.
    notebook = v4.new_notebook()
    for source in (
        "from course_utils import check\nkept = 116",
        "def answer(predicted, y):\n    exit()\n"
        "check.start_here.mean_squared_error(answer)",
        "def answer(predicted, y):\n    return input('a number')\n"
        "check.start_here.mean_squared_error(answer)",
        "import time\ntime.sleep(0.5)\nkept",
    ):
        notebook.cells.append(v4.new_code_cell(source))
    nbclient.NotebookClient(
        notebook, timeout=60, kernel_name="python3"
    ).execute()
    _, exited, asked, kept = (cell.outputs for cell in notebook.cells)
    assert "ended the program with exit()" in exited[0].data["text/plain"]
    assert asked[0].data["text/plain"].startswith("✗ wrong")
    assert kept[0].data["text/plain"] == "116"


# Verdicts, hints, numbers --------------------------------------------------


def test_hints_come_one_at_a_time_and_the_last_one_stays() -> None:
    checker = Exercise(lambda answer: "Good.", ["Look.", "Think.", "Write."])
    hints = [repr(checker.hint()) for _ in range(5)]
    assert hints == [
        "→ hint: 1 of 3. Look.",
        "→ hint: 2 of 3. Think.",
        "→ hint: 3 of 3. Write.",
        "→ hint: 3 of 3. Write.",
        "→ hint: 3 of 3. Write.",
    ]
    assert not checker.hint()


def test_a_checker_says_how_to_use_it() -> None:
    assert ".hint()" in repr(check)


def test_what_a_learner_wrote_is_no_html() -> None:
    evil = "<script>alert('&')</script>"
    verdict = check(raising(ValueError(evil)))
    page = verdict._repr_html_()
    assert "<script>" not in page
    assert html.escape(evil) in page
    assert evil in repr(verdict)


@pytest.mark.parametrize("status", Verdict.LOOKS)
def test_a_verdict_is_told_by_words_and_not_by_colour_only(
    status: str,
) -> None:
    verdict = Verdict(status, "Because.")
    for text in (repr(verdict), verdict._repr_html_()):
        words = re.sub(r"<[^>]*>", " ", text)
        assert status in words
        assert "Because." in words
    assert bool(verdict) == (status == "right")


@pytest.mark.parametrize(
    "value", [0.5, 1, True, np.float32(0.25), np.array([2.0]), [3.0]]
)
def test_a_number_is_read(value: Any) -> None:
    read = exercise.number(value, "The rate")
    assert type(read) is float
    assert read == np.ravel(value)[0]


@pytest.mark.parametrize(
    "value",
    [
        "0.5",
        b"0.5",
        None,
        [1.0, 2.0],
        [],
        np.nan,
        -np.inf,
        1 + 1j,
        right,
        {},
        odd("__array__", refuse),
    ],
)
def test_what_is_no_number_is_named(value: Any) -> None:
    with pytest.raises(Wrong, match=r"^The rate "):
        exercise.number(value, "The rate")


def test_an_untouched_number_is_not_attempted() -> None:
    with pytest.raises(NotAttempted):
        exercise.number(..., "The rate")


@pytest.mark.parametrize(
    ("patterns", "said"),
    [
        (["zero", "division"], "f() raised ZeroDivisionError: zero\nzero!"),
        (["brake", ""], "f() raised ZeroDivisionError: zero\n!"),
        (["brake"], "f() raised ZeroDivisionError: zero"),
    ],
    ids=["first", "any", "none"],
)
def test_advice_is_added_to_what_was_raised(
    patterns: list[str], said: str
) -> None:
    def fails() -> None:
        raise ZeroDivisionError("zero")

    with (
        pytest.raises(Wrong, match=f"^{re.escape(said)}$"),
        exercise.explained({pattern: f"{pattern}!" for pattern in patterns}),
    ):
        exercise.attempt("f()", fails)


def test_results_that_are_no_numbers_can_be_compared_as_well() -> None:
    checker = Exercise(
        exercise.against(
            reference=lambda n: ["even" if n % 2 == 0 else None],
            cases=[(2,), (3,)],
            mistakes={"Turned round.": lambda n: ["even" if n % 2 else None]},
            insight="Yes.",
            agree=lambda given, expected: given == expected,
        ),
        ["a"],
    )
    assert checker(lambda n: [None if n % 2 else "even"])
    assert "Turned round." in checker(lambda n: [[None, "even"][n % 2]]).message
    assert "you answer 5 whatever" in checker(lambda n: 5).message


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((2, 8), "(2, 8)"),
        ([(8, True), (4, False)], "[(8, True), (4, False)]"),
        ([(9, 6, 8), (9, 4), None], "[(9, 6, 8), (9, 4), None]"),
        ([1, 2], "[1, 2]"),
        ((0.5, 2), "[0.5, 2. ]"),
        ([], "[]"),
    ],
    ids=["shape", "layers", "shapes", "list", "floats", "empty"],
)
def test_a_call_shows_small_tuples_as_python_writes_them(
    value: Any, text: str
) -> None:
    checker = Exercise(
        exercise.against(
            reference=lambda given: 1, cases=[(value,)], mistakes={}, insight=""
        ),
        ["a"],
    )
    assert f"({text}) gave 2, expected 1." in checker(lambda given: 2).message
