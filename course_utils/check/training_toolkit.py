"""The exercises of lecture 07."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import operator
import os
import reprlib
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from course_utils.check.exercise import (
    Exercise,
    Raised,
    Wrong,
    against,
    call,
    explained,
)

import numpy as np


def _as_ink(far: np.ndarray, cut: float = 0.25) -> np.ndarray:
    """Divide by the largest value and forget what is faint."""
    ink = far / (far.max() or 1)
    return np.where(ink < cut, 0, ink)


def _to_median(photo: np.ndarray) -> np.ndarray:
    return np.abs(photo - np.median(photo))


def _ink(photo: np.ndarray) -> np.ndarray:
    return _as_ink(_to_median(photo))


def _page(seed: int, shape: tuple, paper: int, ink: int, noise: int) -> tuple:
    """Draw a noisy page with two thick strokes, one of them pale."""
    rng = np.random.default_rng(seed)
    height, width = shape
    page = np.full(shape, paper, dtype=float)
    page[height // 5 : -height // 5, : width // 4] = ink
    page[height // 5 : height // 3, : -width // 4] = (paper + ink) / 2
    page += rng.integers(-noise, noise + 1, shape)
    return (page.clip(0, 255).astype("uint8"),)


_PHOTOS = [
    (
        np.array(
            [
                [200, 205, 200, 200],
                [200, 10, 150, 200],
                [185, 200, 200, 200],
            ],
            dtype="uint8",
        ),
    ),
    # Chalk, and it reaches into the corner.
    (
        np.array(
            [
                [240, 235, 40, 42],
                [40, 38, 230, 40],
                [80, 40, 140, 40],
                [40, 40, 40, 40],
            ],
            dtype="uint8",
        ),
    ),
    # Grey paper, pale ink, and the most frequent value is not the median.
    (
        np.array(
            [
                [147, 149, 150, 147, 153, 152],
                [151, 70, 72, 110, 147, 150],
                [147, 74, 152, 108, 149, 147],
                [150, 153, 151, 133, 152, 151],
            ],
            dtype="uint8",
        ),
    ),
    _page(1, (160, 120), paper=215, ink=40, noise=9),
]

# How far each value is from what was taken for the background.
_DISTANCES = {
    "": _to_median,
    "The subtraction wraps round. uint8 has no negative numbers, so "
    "10 − 200 is 66 there, 256 more than −190, and abs comes too late. "
    'Make floats first: photo.astype("float32"). ': (
        lambda photo: photo - np.median(photo).astype("uint8")
    ),
    "The subtraction wraps round. uint8 has no negative numbers, so "
    "200 − 205 is 251 there, 256 more than −5, and abs comes too late. "
    'Make floats first: photo.astype("float32"). ': (
        lambda photo: np.median(photo).astype("uint8") - photo
    ),
    "You measured from 255, as if paper were always white. Then grey paper "
    "counts as ink, and chalk is what is left out. Measure from the median. ": (
        lambda photo: 255.0 - photo
    ),
    "You took the brightness itself. Ink is what differs from the "
    "background: subtract the median. ": lambda photo: 1.0 * photo,
    "The mean is not the background: ink pulls it away from the paper. The "
    "median stays, as long as ink covers less than half of the page. ": (
        lambda photo: np.abs(photo - photo.mean())
    ),
    "You measured from the brightest value. That is a speck on the paper, "
    "or chalk. Measure from the median. ": (
        lambda photo: 1.0 * photo.max() - photo
    ),
    "You measured from the darkest value. On paper that is ink. Measure from "
    "the median. ": lambda photo: 1.0 * photo - photo.min(),
    "You took one corner for the background. Ink may reach into it: take the "
    "median of all. ": lambda photo: np.abs(1.0 * photo - photo[0, 0]),
    "You took one corner for the background, where ink may reach into it. "
    "And uint8 wraps round: 10 − 200 is 66 there. Make floats first, and "
    "measure from the median. ": lambda photo: photo - photo[0, 0],
    "You took the most frequent value for the background. In a noisy photo "
    "that is partly luck: take the median. ": (
        lambda photo: np.abs(1.0 * photo - np.bincount(photo.ravel()).argmax())
    ),
    "Chalk is lost: what is brighter than the background became 0. Take the "
    "absolute difference. ": (
        lambda photo: np.maximum(np.median(photo) - photo, 0)
    ),
    "Ink is lost: what is darker than the background became 0. Take the "
    "absolute difference. ": (
        lambda photo: np.maximum(photo - np.median(photo), 0)
    ),
    "What is brighter than the background is negative here, so chalk is "
    "lost. Take the absolute difference. ": (
        lambda photo: np.median(photo) - photo
    ),
    "What is darker than the background is negative here, so ink is lost. "
    "Take the absolute difference. ": lambda photo: photo - np.median(photo),
}
_THEN_CUT = "What is below 0.25 after the division should become 0."
# What was done with the distances.
_SCALES = {
    "": _as_ink,
    "The faint values are still there. " + _THEN_CUT: (
        lambda far: _as_ink(far, -np.inf)
    ),
    "The threshold came before the division, so that it depends on the "
    "contrast: pale ink is lost. " + _THEN_CUT: (
        lambda far: _as_ink(np.where(far < 0.25 * 255, 0, far), -np.inf)
    ),
    "You divided by 255. Divide by the largest difference: then the clearest "
    "stroke is 1 on any paper.": lambda far: np.where(
        far < 63.75, 0, far / 255
    ),
    "You divided by 255. Divide by the largest difference: then the clearest "
    "stroke is 1 on any paper. " + _THEN_CUT: lambda far: far / 255,
    "The values are not between 0 and 1. Divide by the largest difference. "
    + _THEN_CUT: lambda far: 1.0 * far,
    "The threshold is right, but the values are not between 0 and 1. Divide "
    "by the largest difference.": lambda far: np.where(
        far < 0.25 * far.max(), 0, far
    ),
}


def _hidden(distance: str, scale: str) -> bool:
    """Tell whether another pair gives the same, and a simpler sentence."""
    if "is negative here" in distance:
        return not scale.endswith(_THEN_CUT) or "came before" in scale
    return bool(distance) and "came before" in scale


_grade_ink = against(
    reference=_ink,
    cases=_PHOTOS,
    mistakes={
        (distance + scale).strip(): (
            lambda photo, far=far, scaled=scaled: scaled(
                far(photo).astype(float)
            )
        )
        for distance, far in _DISTANCES.items()
        for scale, scaled in _SCALES.items()
        if distance + scale and not _hidden(distance, scale)
    }
    | {
        "The values are right, but from 0 to 255. The network was trained on "
        "values from 0 to 1.": lambda photo: 255 * _ink(photo),
        "0 and 1 are exchanged: ink should be 1, the background 0.": (
            lambda photo: 1 - _ink(photo)
        ),
        "0 and 1 are exchanged: ink should be 1, the background 0. And what "
        "is faint should end as background.": (
            lambda photo: 1 - _as_ink(_to_median(photo), -np.inf)
        ),
        "Only 0 and 1 are left. Keep the values from 0.25 on as they are: "
        "MNIST's strokes have grey edges, too.": (
            lambda photo: 1.0 * (_ink(photo) > 0)
        ),
        "The threshold works the wrong way round: the values below 0.25 "
        "become 0, the others stay.": (
            lambda photo: np.where(
                _ink(photo) > 0, 0, _as_ink(_to_median(photo), -np.inf)
            )
        ),
        "You subtracted 0.25 from everything. Values from 0.25 on stay as "
        "they are.": lambda photo: np.maximum(
            _as_ink(_to_median(photo), -np.inf) - 0.25, 0
        ),
        "The faint values became 1. What is below 0.25 is background: 0.": (
            lambda photo: np.where(_ink(photo) > 0, _ink(photo), 1.0)
        ),
        "Only the very largest value is left: an array of whole numbers cuts "
        'the fractions off. Use float32: photo.astype("float32").': (
            lambda photo: np.floor(_ink(photo))
        ),
    },
    insight="",
)
# Asked last: almost everybody forgets it, beside other mistakes.
_grade_empty_page = against(
    reference=_ink,
    cases=[
        (np.full((5, 4), brightness, dtype="uint8"),)
        for brightness in (180, 255, 0)
    ],
    mistakes={
        "On an empty page there is no ink. Give back zeros there.": (
            lambda photo: np.ones(photo.shape)
        ),
        "On an empty page there is no ink. Give back zeros there, not the "
        "photo itself.": lambda photo: photo,
        "On an empty page zeros of the same shape are expected, not one "
        "number.": lambda photo: 0.0,
        "On an empty page zeros are expected, not nothing.": lambda photo: [],
    },
    insight="The same lines serve ink, pencil and chalk, because they ask "
    "only what differs from the background. A shadow differs, too: then one "
    "median for the whole page is not enough.",
    not_finite="On an empty page the largest difference is 0, and 0 / 0 is "
    "NaN. Give back zeros there.",
)


def _both_kinds_of_page(answer: Any) -> str:
    """Grade a function on pages with ink, then on empty ones."""
    _grade_ink(answer)
    empty = (
        "This page is empty: nothing differs from the background. Give back "
        "zeros there."
    )
    with explained({"": empty}):
        return _grade_empty_page(answer)


ink = Exercise(
    _both_kinds_of_page,
    hints=[
        'What is np.array([10], "uint8") - 200? Try it. Then start with '
        'photo.astype("float32").',
        "far = np.abs(grey - np.median(grey)) is large for ink and for chalk. "
        "What is far.max() on an empty page?",
        "If far.max() is 0, return far. Else divide by it, and then "
        "np.where(far < 0.25, 0, far).",
    ],
)


def _whole_checkpoint() -> bytes:
    """Make the smallest file that keras.models.load_model loads."""
    nothing, content = io.BytesIO(), io.BytesIO()
    np.savez(nothing)
    model = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "tiny", "layers": []},
        "registered_name": None,
    }
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(model))
        archive.writestr("model.weights.npz", nothing.getvalue())
    return content.getvalue()


_WHOLE = _whole_checkpoint()
_HALF = _WHOLE[: len(_WHOLE) // 2]


class _Folder(NamedTuple):
    """A folder with checkpoints, as an interrupted training left it."""

    name: str
    files: dict[str, bytes] | None  # in the order in which they were written
    epochs: int

    def lay_out(self, home: Path) -> Path:
        """Write the files, a minute apart."""
        folder = home / self.name
        if self.files is None:
            return folder
        folder.mkdir(parents=True)
        for minute, (name, content) in enumerate(self.files.items()):
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            os.utime(path, (1.7e9 + 60 * minute,) * 2)
        return folder

    def __str__(self) -> str:
        if self.files is None:
            return "The folder does not exist yet."
        if not self.files:
            return "The folder is empty."
        marks = {_HALF: " (half-written)", b"": " (0 bytes)"}
        names = (
            name + marks.get(content, "")
            for name, content in self.files.items()
        )
        return f"In the folder: {', '.join(names)}."


_FOLDERS = [
    _Folder("run 1", {f"epoch-{n}.keras": _WHOLE for n in (1, 2, 3)}, 10),
    # Copied back from somewhere, so that the newest was not written last.
    _Folder("run-2", {f"epoch-{n}.keras": _WHOLE for n in (7, 18, 20, 12)}, 25),
    _Folder(
        "训练 7",
        {
            # No first digit twice, or the order of glob would decide.
            "epoch-8.keras": _WHOLE,
            "epoch-19.keras": _WHOLE,
            "epoch-20.keras": b"",
            "epoch-21.keras": _HALF,
        },
        30,
    ),
    _Folder(
        "others",
        {
            ".DS_Store": b"Bud1",
            "epoch-2.keras": _WHOLE,
            "old/epoch-50.keras": _WHOLE,
            "best.keras": _WHOLE,
            "epoch-3.keras.new": _WHOLE,
            "notes.txt": b"ran all night",
        },
        8,
    ),
    _Folder("finished", {f"epoch-{n}.keras": _WHOLE for n in (4, 5)}, 5),
    _Folder("broken", {"epoch-1.keras": _HALF, "epoch-2.keras": b""}, 6),
    _Folder("empty", {}, 7),
    _Folder("new", None, 4),
]


def _done(path: Path | None) -> int:
    return 0 if path is None else int(path.name.split("-")[1].split(".")[0])


def _written(path: Path) -> float:
    return path.stat().st_mtime


def _picked(
    key: Callable[[Path], Any] = _done,
    whole: Callable[[Path], Any] = zipfile.is_zipfile,
    pattern: str = "epoch-*.keras",
) -> Callable[[Path], Path | None]:
    """Return a function that picks the largest file in a folder.

    Args:
        key: What files are compared by.
        whole: Takes a file, tells whether it may be picked.
        pattern: Which files are looked at.
    """
    return lambda folder: max(
        filter(whole, folder.glob(pattern)), key=key, default=None
    )


def _unless_broken(folder: Path) -> Path | None:
    """Look at the newest only."""
    newest = _picked(whole=bool)(folder)
    return newest if newest and zipfile.is_zipfile(newest) else None


def _one_back(folder: Path) -> Path | None:
    """Take the one before the newest without a look at it."""
    paths = sorted(folder.glob("epoch-*.keras"), key=_done)
    if paths and not zipfile.is_zipfile(paths[-1]):
        paths.pop()
    return paths[-1] if paths else None


def _counted_up(
    there: Callable[[Path], bool] = zipfile.is_zipfile,
) -> Callable[[Path], Path | None]:
    """Return a function that counts up until a file is missing."""

    def last(folder: Path) -> Path | None:
        paths = (folder / f"epoch-{n}.keras" for n in itertools.count(1))
        return max(itertools.takewhile(there, paths), key=_done, default=None)

    return last


def _numbered_by_count(
    whole: Callable[[Path], Any] = bool,
) -> Callable[[Path], Path | None]:
    """Return a function that takes how many files there are for N."""

    def last(folder: Path) -> Path | None:
        count = len(list(filter(whole, folder.glob("epoch-*.keras"))))
        return folder / f"epoch-{count}.keras" if count else None

    return last


_newest_whole = _picked()
_AS_TEXT = (
    "You compared the names as text, or only the first digit: then epoch-7 "
    "comes after epoch-20, for 7 comes after 2. Compare the whole number, "
    "int(path.stem[6:]). "
)
_BY_TIME = (
    "You took the file that was written last. A copied folder has other "
    "times: only the number in the name tells how many epochs were finished. "
)
_TAKES_BROKEN = (
    "And half-written files count as whole: zipfile.is_zipfile(path) tells."
)
_STOPPED = (
    "You stopped at the first number that is missing. Older checkpoints may "
    "have been deleted: look at all files, with glob. "
)
_WRONG_PATHS = {
    _AS_TEXT: _picked(key=lambda path: path.name),
    _AS_TEXT + _TAKES_BROKEN: _picked(lambda path: path.name, bool),
    _BY_TIME: _picked(key=_written),
    _BY_TIME + "And look only at names of the form epoch-N.keras.": (
        _picked(key=_written, pattern="*.keras")
    ),
    _BY_TIME + _TAKES_BROKEN: _picked(_written, bool),
    _BY_TIME
    + "And look only at names of the form epoch-N.keras. "
    + _TAKES_BROKEN: _picked(_written, bool, "*.keras"),
    "You took a half-written file: loading it fails. "
    "zipfile.is_zipfile(path) is False for it.": _picked(whole=bool),
    "An empty file is left out, but one that was written half is not empty. "
    "zipfile.is_zipfile(path) is False for both.": (
        _picked(whole=lambda path: path.stat().st_size)
    ),
    "The newest is broken, and you gave up. The one before may be whole: go "
    "on to the next.": _unless_broken,
    "You skipped one broken file, but the one before may be broken as well. "
    "Look at each.": _one_back,
    "The newest is the one with the most epochs. You took the one with the "
    "fewest.": _picked(key=lambda path: -_done(path)),
    "You compared the last digit alone, so that 18 is larger than 20. Take "
    "the whole number.": _picked(key=lambda path: path.stem[-1]),
    "epoch-3.keras.new is still being written: it gets its real name when it "
    "is whole. Take only what ends with .keras.": (
        _picked(pattern="epoch-*.keras*")
    ),
    "You looked into sub-folders as well. Look only at the folder itself: "
    "glob, not rglob.": _picked(pattern="**/epoch-*.keras"),
    _STOPPED: _counted_up(),
    _STOPPED + _TAKES_BROKEN: _counted_up(Path.exists),
    "You counted files; some are missing in the folder, so read the number "
    "in the name.": _numbered_by_count(),
    "You counted whole files; some are missing in the folder, so read the "
    "number in the name.": _numbered_by_count(zipfile.is_zipfile),
    "You never find a checkpoint: the path is always None.": (
        lambda folder: None
    ),
}


def _left(
    start: Callable[..., int],
) -> Callable[[Path, Path | None, int], range]:
    """Return a function that says what is left, from what is done."""
    return lambda folder, path, epochs: range(start(_done(path)), epochs)


def _one_late(
    before_all: int,
) -> Callable[[Path, Path | None, int], range]:
    """Leave out an epoch; without a checkpoint, start with a given one."""
    return lambda folder, path, epochs: range(
        _done(path) + 1 if path else before_all, epochs
    )


_FROM_ZERO = (
    "Epochs count from 0, as in Keras's initial_epoch. After epoch-3.keras "
    "the epochs 0, 1 and 2 are finished, and the next is number 3. "
)
_WRONG_LEFT = {
    "One epoch is left out. " + _FROM_ZERO: _one_late(1),
    "One epoch is left out after a checkpoint. " + _FROM_ZERO: _one_late(0),
    "One epoch is done twice. " + _FROM_ZERO: _left(lambda done: done - 1),
    "One epoch is done twice after a checkpoint. " + _FROM_ZERO: (
        _left(lambda done: max(done - 1, 0))
    ),
    "There is one epoch too many at the end: range(done, epochs) already "
    "ends before epochs.": lambda folder, path, epochs: range(
        _done(path), epochs + 1
    ),
    "These count from 1. " + _FROM_ZERO: lambda folder, path, epochs: range(
        _done(path) + 1, epochs + 1
    ),
    "These are as many epochs as are left, but they start with 0. They "
    "should go on counting: range(done, epochs).": (
        lambda folder, path, epochs: range(epochs - _done(path))
    ),
    "These are the epochs that were finished. Asked are those that are "
    "left.": lambda folder, path, epochs: range(_done(path)),
    "Here all epochs are left, as if there were no checkpoint. Start with "
    "the number in its name.": _left(lambda done: 0),
    "You counted the files. Some checkpoints may have been deleted or be "
    "broken: the number in the name tells how many epochs were finished.": (
        lambda folder, path, epochs: range(
            len(list(folder.glob("epoch-*.keras"))), epochs
        )
    ),
    "You counted the whole files. Some checkpoints may have been deleted: "
    "the number in the name tells how many epochs were finished.": (
        lambda folder, path, epochs: range(
            sum(map(zipfile.is_zipfile, folder.glob("epoch-*.keras"))), epochs
        )
    ),
    "You counted from the newest file, which is broken. Count from the one "
    "that you return.": lambda folder, path, epochs: range(
        _done(_picked(whole=bool)(folder)), epochs
    ),
    "Without a checkpoint all epochs are left: range(0, epochs).": (
        lambda folder, path, epochs: range(_done(path), epochs if path else 0)
    ),
    "Without a checkpoint 0 epochs are finished, so the first one that is "
    "left is 0.": lambda folder, path, epochs: range(
        _done(path) if path else 1, epochs
    ),
    "Without a checkpoint 0 epochs are finished, not −1: the first one that "
    "is left is 0.": lambda folder, path, epochs: range(
        _done(path) if path else -1, epochs
    ),
}


class _Given(NamedTuple):
    """What an answer gave back, in a form that can be compared."""

    path: Path | None
    left: list[int]
    shown: str


def _read_path(path: Any) -> Path | None:
    """Take a path in any form, or say what is wrong with it."""
    if path is None:
        return None
    if not isinstance(path, str | Path):
        raise Wrong(
            "The first value should be the path of a checkpoint, or None if "
            f"there is no whole one, but it is {reprlib.repr(path)} of type "
            f"{type(path).__name__}."
        )
    if Path(path).parent == Path():
        raise Wrong(
            f"The first value, {reprlib.repr(str(path))}, is a name alone, "
            "which would be looked for where the notebook lies. Return "
            "folder / name, or None if there is no whole checkpoint."
        )
    return Path(path).resolve()


def _read_left(left: Any) -> list[int]:
    """Take the epochs in any form, or say what is wrong with them."""
    what = "The second value should be the epochs that are left, a range"
    if not isinstance(left, range | list | tuple | np.ndarray):
        raise Wrong(
            f"{what}, but it is {reprlib.repr(left)} of type "
            f"{type(left).__name__}."
        )
    try:
        # A range can be as long as it likes.
        return [operator.index(n) for n in itertools.islice(left, 100)]
    except TypeError as error:
        raise Wrong(
            f"{what} of whole numbers, but it is {reprlib.repr(left)}."
        ) from error


def _read_given(result: Any, folder: Path) -> _Given:
    """Take apart what an answer gave back."""
    if isinstance(result, str | Path):
        raise Wrong("Only a path came back. Return both, (path, left).")
    if isinstance(result, range):
        raise Wrong("Only a range came back. Return both, (path, left).")
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong(
            "Two values should come back, (path, left), but it was "
            f"{reprlib.repr(result)}."
        )
    first, second = result
    if isinstance(first, range) and not isinstance(second, range):
        raise Wrong("The two values are exchanged: return (path, left).")
    path, left = _read_path(first), _read_left(second)
    home = folder.resolve()
    name = path
    if path is not None and path.is_relative_to(home):
        name = path.relative_to(home).as_posix()
    return _Given(path, left, f"({name}, {reprlib.repr(second)})")


def _look_for_changes(case: _Folder, folder: Path) -> None:
    """Raise if an answer has not left the files alone."""
    before = case.files or {}
    after = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            how = "has another content"
            if name not in after:
                how = "is gone"
            elif name not in before:
                how = "is new"
            raise Wrong(
                f"After the call {name} {how}. resume should only look at "
                "the files and change nothing."
            )


def _crash_advice(text: str, case: _Folder, path: Path | None) -> str:
    """Say what an exception usually means in this folder."""
    if case.files is None and "FileNotFound" in text:
        return (
            "On the very first run there is no folder yet. folder.glob(…) "
            "finds nothing then, where listdir and iterdir raise."
        )
    if "FileNotFound" in text:
        return "Is it a name alone? The whole path is folder / name."
    if "zip" in text:
        return (
            "Some files are half-written: zipfile.is_zipfile(path) is False "
            "for them, and does not raise."
        )
    if case.name == "others":
        return (
            "There may be other files: look only at those that "
            'folder.glob("epoch-*.keras") finds, and take the number out of '
            "path.stem, the name without .keras."
        )
    if path is None:
        return "There is no whole checkpoint: None and all epochs are expected."
    return ""


def _answered(answer: Any, case: _Folder, folder: Path) -> _Given:
    """Call an answer; whatever goes wrong is told with what it was given."""
    try:
        given = _read_given(call(answer, folder, case.epochs), folder)
        _look_for_changes(case, folder)
    except Wrong as wrong:
        if not callable(answer):
            raise
        text = str(wrong)
        # The path of a temporary folder tells nothing, and is long.
        for name in (reprlib.repr(folder), repr(str(folder)), str(folder)):
            text = text.replace(name, "folder")
        advice = ""
        if isinstance(wrong, Raised):
            advice = _crash_advice(text, case, _newest_whole(folder))
        raise Wrong(
            "\n".join(filter(None, (text, advice, f"{case}")))
        ) from wrong
    return given


@contextlib.contextmanager
def _directory_stays() -> Iterator[None]:
    """Undo a chdir, or the kernel would work in a folder that is gone."""
    before = Path.cwd()
    try:
        yield
    finally:
        os.chdir(before)


def _judge_resume(
    tried: list[tuple[_Folder, Path]], given: list[_Given]
) -> None:
    """Raise with the likely mistake if something differs."""
    right = [
        _newest_whole(folder.resolve()) if folder.exists() else None
        for _, folder in tried
    ]
    expected = [
        _Given(
            path,
            list(range(_done(path), case.epochs)),
            f"({path and path.name}, {range(_done(path), case.epochs)})",
        )
        for path, (case, _) in zip(right, tried, strict=True)
    ]

    def example(part: str) -> str:
        case, one, other = next(
            (case, one, other)
            for (case, _), one, other in zip(
                tried, given, expected, strict=True
            )
            if getattr(one, part) != getattr(other, part)
        )
        return (
            f"\n{case}\nresume(folder, {case.epochs}) gave {one.shown}, "
            f"expected {other.shown}."
        )

    paths = [one.path for one in given]
    if paths != right:
        for message, mistake in _WRONG_PATHS.items():
            if paths == [mistake(folder.resolve()) for _, folder in tried]:
                raise Wrong(message.strip() + example("path"))
        raise Wrong("The path is not the expected one." + example("path"))
    lefts = [one.left for one in given]
    if lefts != [one.left for one in expected]:
        for message, mistake in _WRONG_LEFT.items():
            if lefts == [
                list(mistake(folder, path, case.epochs))
                for path, (case, folder) in zip(right, tried, strict=True)
            ]:
                raise Wrong(
                    f"The path is right. {message.strip()}{example('left')}"
                )
        raise Wrong(
            "The path is right, but the epochs that are left are not."
            + example("left")
        )


def _resume(answer: Any) -> str:
    """Grade a function on real folders."""
    with (
        tempfile.TemporaryDirectory(
            prefix="course-", ignore_cleanup_errors=True
        ) as home,
        _directory_stays(),
    ):
        tried: list[tuple[_Folder, Path]] = []
        given: list[_Given] = []
        crash = None
        for case in _FOLDERS:
            folder = case.lay_out(Path(home))
            try:
                given.append(_answered(answer, case, folder))
            except Wrong as wrong:
                crash = wrong
                break
            tried.append((case, folder))
        # Something is wrong before it crashed, and tells more than the crash.
        _judge_resume(tried, given)
        if crash is not None:
            raise crash
    return (
        "Killed at any moment, a training goes on from here, if each "
        "checkpoint is first saved under another name and then renamed: then "
        "no half-written file ever has the name of a whole one."
    )


resume = Exercise(
    _resume,
    hints=[
        'folder.glob("epoch-*.keras") finds the files, also none at all. For '
        "each: how many epochs does its name tell, and is it whole?",
        'int(path.stem.split("-")[1]) is the number, and '
        "zipfile.is_zipfile(path) is False for a half-written file.",
        "Start with done, newest = 0, None. Go through the files; if one is "
        "whole and its number is larger than done, remember both. Return "
        "(newest, range(done, epochs)).",
    ],
)


def _predicted(probabilities: np.ndarray) -> np.ndarray:
    return probabilities.argmax(axis=1)


def _confidence(probabilities: np.ndarray) -> np.ndarray:
    return probabilities.max(axis=1)


def _at_label(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return probabilities[np.arange(len(labels)), labels]


def _mistakes(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.flatnonzero(_predicted(probabilities) != labels)


def _ranked(
    score: Callable[[np.ndarray, np.ndarray], np.ndarray] = (
        lambda p, y: _confidence(p)
    ),
    among: Callable[[np.ndarray, np.ndarray], np.ndarray] = _mistakes,
) -> Callable[..., np.ndarray]:
    """Return a function that picks the k images with the largest scores.

    Args:
        score: Takes probabilities and labels, gives one number per image.
        among: Takes the same, gives the images that may be picked.
    """

    def best(p: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
        numbers = among(p, labels)
        order = np.argsort(-score(p, labels)[numbers], kind="stable")
        return numbers[order[:k]]

    return best


def _everything(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.arange(len(labels))


def _hits(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.flatnonzero(_predicted(probabilities) == labels)


_worst = _ranked()


def _of_the_worst(
    value: Callable[[np.ndarray, np.ndarray, np.ndarray], Any],
) -> Callable[..., Any]:
    """Return a function that gives something else than their numbers."""
    return lambda p, y, k: value(p, y, _worst(p, y, k))


def _first_k_then_mistakes(
    p: np.ndarray, labels: np.ndarray, k: int
) -> np.ndarray:
    surest = _ranked(among=_everything)(p, labels, k)
    return surest[_predicted(p)[surest] != labels[surest]]


def _places(p: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Forget that the list of mistakes is shorter than that of images."""
    return np.argsort(-_confidence(p)[_mistakes(p, labels)], kind="stable")[:k]


def _places_turned(p: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Do the same with [::-1], so that of equal ones the last comes first."""
    order = np.argsort(_confidence(p)[_mistakes(p, labels)], kind="stable")
    return order[::-1][:k]


def _first_of_equals(p: np.ndarray, labels: np.ndarray, k: int) -> list:
    """Look for the image by its confidence, as .index does."""
    confidence = _confidence(p).tolist()
    return [confidence.index(confidence[i]) for i in _worst(p, labels, k)]


def _one_of_equals(p: np.ndarray, labels: np.ndarray, k: int) -> list:
    """Keep the images in a dict by their confidence."""
    by_confidence = {_confidence(p)[i]: i for i in _mistakes(p, labels)}
    return [by_confidence[c] for c in sorted(by_confidence, reverse=True)][:k]


def _any_order_of_equals(answer: Any) -> Any:
    """Bring images of equal confidence in the order of their numbers."""
    if not callable(answer):
        return answer

    def worst(p: np.ndarray, labels: np.ndarray, k: int) -> Any:
        confidence = _confidence(p)
        given = answer(p, labels, k)
        try:
            numbers = np.array([operator.index(i) for i in given], dtype=int)
            run = np.cumsum(np.diff(confidence[numbers], prepend=0) != 0)
        except (TypeError, ValueError, IndexError, OverflowError):
            return given  # no list of images: compared as it is
        return numbers[np.lexsort((numbers, run))]

    worst.__name__ = getattr(answer, "__name__", "your function")
    return worst


def _random_answers(seed: int, images: int, classes: int, k: int) -> tuple:
    """Draw the answers of a network that is right on about half of them."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(classes, 0.5), images)
    by_chance = rng.integers(0, classes, images)
    right = rng.random(images) < 0.4
    return (
        probabilities,
        np.where(right, _predicted(probabilities), by_chance),
        k,
    )


_ANSWERS = [
    (
        np.array(
            [
                [0.1, 0.9, 0.0],
                [0.6, 0.3, 0.1],
                [0.8, 0.1, 0.1],
                [0.2, 0.05, 0.75],
                [0.45, 0.5, 0.05],
                [0.0, 0.3, 0.7],
            ]
        ),
        np.array([1, 1, 0, 1, 2, 0]),
        2,
    ),
    _random_answers(0, 60, 10, 9),
    _random_answers(1, 8, 3, 100),
    # Images 1 and 4 are equally sure and both wrong; 0 is so, but right.
    (
        np.array(
            [
                [0.75, 0.25],
                [0.75, 0.25],
                [0.5625, 0.4375],
                [0.125, 0.875],
                [0.25, 0.75],
            ]
        ),
        np.array([0, 1, 1, 0, 0]),
        3,
    ),
    # Not a single mistake.
    (np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]), np.array([0, 1, 1]), 2),
]

_SORT = "Sort by how sure the network is: the largest probability of the row"
_PLACES = (
    "These are places in your shorter list of mistakes, not numbers of images. "
)
_WORST_MISTAKES = {
    "These are the mistakes, but the least sure first. argsort goes from "
    "small to large: put a minus before what it sorts.": (
        _ranked(lambda p, y: -_confidence(p))
    ),
    "These are the images that are asked, but in the wrong order: the surest "
    "one comes first.": lambda *case: _worst(*case)[::-1],
    "These are the surest answers of all, right ones included. Only "
    "mistakes are asked.": _ranked(among=_everything),
    "You took the k surest images first, and the mistakes among them "
    "after that: too few are left. Look for the mistakes first.": (
        _first_k_then_mistakes
    ),
    "These are the surest right answers. Mistakes are where the "
    "prediction is not the label.": _ranked(among=_hits),
    _PLACES + "If wrong holds the numbers of all mistakes, it is "
    "wrong[order].": _places,
    _PLACES + "Take wrong[order], where wrong holds the numbers of all "
    "mistakes.": _places_turned,
    "These are the mistakes where the true class got least. "
    + _SORT
    + ".": _ranked(lambda p, y: -_at_label(p, y)),
    "You sorted all images by the probability of the true class. Look for "
    "the mistakes first, and sort them by how sure the network is: the "
    "largest probability of the row.": _ranked(
        lambda p, y: -_at_label(p, y), _everything
    ),
    "You sorted the mistakes by the probability of the true class, largest "
    "first. " + _SORT + ".": _ranked(_at_label),
    "You sorted by how far the prediction is above the true class. "
    + _SORT
    + " alone.": _ranked(lambda p, y: _confidence(p) - _at_label(p, y)),
    "You sorted by how far the largest probability is above the second. "
    + _SORT
    + " alone.": _ranked(
        lambda p, y: np.diff(np.sort(p, axis=1)[:, -2:])[:, 0]
    ),
    "These are the first mistakes in the order of the images. Sort them by "
    "how sure the network is: the largest probability of the row.": _ranked(
        lambda p, y: -np.arange(len(y))
    ),
    "These are all mistakes in the order of the images. Sort them by "
    "how sure the network is: the largest probability of the row. And keep "
    "k.": lambda p, y, k: _mistakes(p, y),
    "The order is right, but these are all mistakes. Keep the first k.": (
        lambda p, y, k: _worst(p, y, len(y))
    ),
    "The first of them are right, but it is one too many. [:k] gives k.": (
        lambda p, y, k: _worst(p, y, k + 1)
    ),
    "The surest mistake is missing: the slice should start at 0.": (
        lambda p, y, k: _worst(p, y, k + 1)[1:]
    ),
    "You picked well, but these are their probabilities. Return the "
    "numbers of the images.": _of_the_worst(
        lambda p, y, found: _confidence(p)[found]
    ),
    "You picked well, but these are their rows. Return the numbers of the "
    "images.": (_of_the_worst(lambda p, y, found: p[found])),
    "You picked well, but these are the classes that were predicted for "
    "them. Return the numbers of the images.": _of_the_worst(
        lambda p, y, found: _predicted(p)[found]
    ),
    "You picked well, but these are their labels. Return the numbers of the "
    "images.": (_of_the_worst(lambda p, y, found: y[found])),
    "This tells for every image whether it is a mistake. Return the numbers "
    "of the k surest ones; np.flatnonzero turns the one into the "
    "other.": lambda p, y, k: _predicted(p) != y,
    "Image 0 counts as number 1 here. In Python the first image is 0.": (
        lambda *case: _worst(*case) + 1
    ),
    "Where the network is equally sure of two images, you return the "
    "first of them twice. Looking a value up finds only its first place: sort "
    "the numbers instead, with np.argsort.": _first_of_equals,
    "Where the network is equally sure of two mistakes, one of them is "
    "lost: a dict has each key once. Sort the numbers instead, with "
    "np.argsort.": _one_of_equals,
}

_grade_worst = against(
    reference=_worst,
    cases=_ANSWERS,
    mistakes={
        message: _any_order_of_equals(mistake)
        for message, mistake in _WORST_MISTAKES.items()
    },
    insight="Look at these images before any others. Some have a wrong label, "
    "some are hard for you as well, and the rest show what the network has "
    "not understood. How sure it is does not tell which.",
)


def _mistakes_kept(answer: Any) -> Any:
    """Drop the right answers that fill a list up to k."""

    def worst(p: np.ndarray, labels: np.ndarray, k: int) -> Any:
        numbers, found = np.array(answer(p, labels, k)), _mistakes(p, labels)
        return numbers[np.isin(numbers, found)] if len(found) < k else numbers

    return worst


def _only_filled_up(answer: Any) -> bool:
    """Tell whether an answer is right but for what fills it up."""
    try:
        _grade_worst(_any_order_of_equals(_mistakes_kept(answer)))
    except Wrong:
        return False
    return True


def _explained_worst(answer: Any) -> str:
    """Grade a function, and say which case is easily forgotten."""
    advice = {
        # c[wrong] works with the tuple, wrong[order] and wrong[0] do not.
        "scalar index|tuple index out": "np.where(condition) gives a tuple of "
        "arrays: take np.flatnonzero(condition).",
        "IndexError|out of bounds|empty": "There may be fewer mistakes than "
        "k, or none: a slice, order[:k], takes what there is.",
    }
    try:
        with explained(advice):
            return _grade_worst(_any_order_of_equals(answer))
    except Wrong as wrong:
        # Only where the shape is wrong: what an answer prints comes twice.
        if "gave back shape" in str(wrong) and _only_filled_up(answer):
            raise Wrong(
                "There are fewer mistakes than k, and right answers fill the "
                f"list up. Keep the mistakes only.\n{wrong}"
            ) from wrong
        raise


worst = Exercise(
    _explained_worst,
    hints=[
        "Which images are mistakes? Compare probabilities.argmax(axis=1) with "
        "labels; np.flatnonzero gives the numbers of the images.",
        "How sure is the network of each mistake? The largest probability of "
        "its row tells: sure = probabilities[wrong].max(axis=1).",
        "order = np.argsort(-sure) are places in the list wrong. Return "
        "wrong[order[:k]].",
    ],
)


def _runs(seed: int, runs: int, epochs: int) -> tuple:
    """Draw accuracies that rise and then only fluctuate."""
    rng = np.random.default_rng(seed)
    rise = 0.9 - 0.3 * np.exp(-np.arange(epochs) / 2)
    picked_on, fresh = rise + rng.normal(0, 0.02, (2, runs, epochs))
    return picked_on.round(4), fresh.round(4)


_RUNS = [
    # Square first: there a wrong axis gives a number, not an error.
    (
        np.array([[0.7, 0.9, 0.8], [0.6, 0.7, 0.95], [0.75, 0.85, 0.8]]),
        np.array([[0.65, 0.8, 0.85], [0.7, 0.75, 0.75], [0.7, 0.88, 0.7]]),
    ),
    _runs(0, 6, 12),
    _runs(1, 3, 20),
    _runs(2, 10, 4),
    (np.array([[0.5, 0.8, 0.7, 0.6]]), np.array([[0.6, 0.7, 0.75, 0.65]])),
]


def _chosen(
    epochs: Callable[[np.ndarray, np.ndarray], Any],
    value: Callable[[np.ndarray, np.ndarray], Any] = np.subtract,
    total: Callable[[np.ndarray], Any] = np.mean,
) -> Callable[[np.ndarray, np.ndarray], Any]:
    """Return an optimism that picks, compares or sums up in some way.

    Args:
        epochs: Takes both tables, gives the epoch of each run.
        value: Takes the accuracies on both sets at these epochs.
        total: Makes one number of the values.
    """

    def optimism(picked_on: np.ndarray, fresh: np.ndarray) -> Any:
        runs = np.arange(len(picked_on))
        at = epochs(picked_on, fresh)
        return total(value(picked_on[runs, at], fresh[runs, at]))

    return optimism


def _best(picked_on: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    return picked_on.argmax(axis=1)


def _best_run(picked_on: np.ndarray, fresh: np.ndarray) -> float:
    """Forget the axis: one place in the whole table."""
    at = np.unravel_index(picked_on.argmax(), picked_on.shape)
    return picked_on[at] - fresh[at]


def _per_epoch(picked_on: np.ndarray, fresh: np.ndarray) -> float:
    """Take the best run of each epoch."""
    return _chosen(_best)(picked_on.T, fresh.T)


def _every_pair(picked_on: np.ndarray, fresh: np.ndarray) -> float:
    """Take the best epochs of all runs in every run."""
    best = _best(picked_on, fresh)
    return np.mean(picked_on[:, best] - fresh[:, best])


_optimism = _chosen(_best)

_grade_optimism = against(
    reference=_optimism,
    cases=_RUNS,
    mistakes={
        "You took the best of fresh, too. Nobody could have chosen that "
        "epoch: take fresh at the epoch that picked_on chose.": (
            lambda picked_on, fresh: np.mean(
                picked_on.max(axis=1) - fresh.max(axis=1)
            )
        ),
        "You took the largest value of each whole table. Each run picks its "
        "own epoch, and fresh is read at that epoch.": (
            lambda picked_on, fresh: picked_on.max() - fresh.max()
        ),
        "You took one epoch for all runs, the best of their mean. Each run "
        "picks its own checkpoint: argmax(axis=1).": _chosen(
            lambda picked_on, fresh: picked_on.mean(axis=0).argmax()
        ),
        "You took the best epoch of the first run for all runs. Each run "
        "picks its own checkpoint: argmax(axis=1).": _chosen(
            lambda picked_on, fresh: picked_on[0].argmax()
        ),
        "You took the last epoch. The checkpoint that is kept is the one with "
        "the best picked_on.": _chosen(lambda picked_on, fresh: -1),
        "The sign is turned. What was reported is picked_on, and it is too "
        "high: picked_on − fresh.": (
            lambda picked_on, fresh: -_optimism(picked_on, fresh)
        ),
        "This is the first run alone. Take the mean over all runs.": (
            _chosen(_best, total=lambda values: values[0])
        ),
        "This is the last run alone. Take the mean over all runs.": (
            _chosen(_best, total=lambda values: values[-1])
        ),
        "This is one value per run. Take the mean.": (
            _chosen(_best, total=lambda values: values)
        ),
        "You added the runs up. Take the mean.": _chosen(_best, total=np.sum),
        "This is the run with the largest difference. Take the mean over all "
        "runs.": _chosen(_best, total=np.max),
        "This is the median over the runs. Take the mean.": (
            _chosen(_best, total=np.median)
        ),
        "This is in percent. The accuracies are shares, from 0 to 1: leave "
        "the difference so.": _chosen(
            _best, total=lambda values: 100 * np.mean(values)
        ),
        "You divided by the accuracy. Asked is the difference itself.": (
            _chosen(_best, lambda p, f: (p - f) / f)
        ),
        "You divided by the accuracy that was reported. Asked is the "
        "difference itself.": _chosen(_best, lambda p, f: (p - f) / p),
        "You made every difference positive. A run that was unlucky on "
        "picked_on counts as well, with its minus.": (
            _chosen(_best, lambda p, f: abs(p - f))
        ),
        "argmax without an axis looks through the whole table, so that one "
        "run decides. Each run has its own best epoch: axis=1.": _best_run,
        "axis=0 goes over the runs: these are the best runs of each epoch. "
        "The best epoch of each run is axis=1.": _per_epoch,
        "picked_on[:, best] takes the best epochs of all runs in every run, "
        "a table of runs × runs. One epoch per run is "
        "picked_on[np.arange(len(best)), best].": _every_pair,
        "You chose the epochs by fresh. Then fresh is no longer fresh: "
        "picked_on chooses.": _chosen(lambda p, fresh: fresh.argmax(axis=1)),
        "You took the epoch where the two differ most. The checkpoint that "
        "is kept is the one with the best picked_on.": (
            _chosen(lambda picked_on, fresh: (picked_on - fresh).argmax(axis=1))
        ),
        "This is the mean over all epochs. Only one epoch of each run is "
        "reported, the best of picked_on.": (
            lambda picked_on, fresh: np.mean(picked_on - fresh)
        ),
        "You compared with the mean of fresh over all epochs. Take fresh at "
        "the epoch that was picked.": lambda picked_on, fresh: np.mean(
            picked_on.max(axis=1) - fresh.mean(axis=1)
        ),
        "You compared with fresh at the last epoch. Take it at the epoch "
        "that was picked.": lambda picked_on, fresh: np.mean(
            picked_on.max(axis=1) - fresh[:, -1]
        ),
        "This is the accuracy that was reported. How much higher is it than "
        "fresh at the same epoch?": _chosen(_best, lambda p, f: p),
        "This is the honest accuracy, that of fresh. How much too high was "
        "the one that was reported?": _chosen(_best, lambda p, f: f),
        "You took the worst epoch of each run. For accuracies the best is "
        "the largest: argmax.": _chosen(lambda p, fresh: p.argmin(axis=1)),
    },
    insight="Luck alone does this. Each accuracy is measured on some images "
    "only, a little too high or too low, and the best of many is too high on "
    "average. Report what a third set says, which chose nothing.",
)


_OPTIMISM_ADVICE = {
    "out of bounds for axis": "An argmax without an axis counts through the "
    "whole table. The best epoch of each run is picked_on.argmax(axis=1)."
}

optimism = Exercise(
    explained(_OPTIMISM_ADVICE)(_grade_optimism),
    hints=[
        "Which epoch does each run keep? That is decided by picked_on alone, "
        "and it may be another one in every run.",
        "best = picked_on.argmax(axis=1) has one epoch per run. "
        "picked_on[np.arange(len(best)), best] takes one value from each row.",
        "Take the same places of fresh, subtract, and take the mean over the "
        "runs.",
    ],
)
