"""The checkers of lecture 07 tell each typical mistake from the others."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import tempfile
import time
import warnings
import zipfile
from pathlib import Path
from typing import Any

from course_utils.check import exercise
from course_utils.check import training_toolkit as lecture
from tests.checked import assert_wrong, planted

import numpy as np
import pytest


def ink(photo):
    grey = photo.astype("float32")
    far = np.abs(grey - np.median(grey))
    if far.max() == 0:
        return far
    far = far / far.max()
    return np.where(far < 0.25, 0, far)


def scaled(far, cut=0.25):
    """Finish as a beginner does: without a thought of an empty page."""
    far = far / far.max()
    return np.where(far < cut, 0, far)


def median(photo):
    return np.median(photo)


def whole_median(photo):
    return int(np.median(photo))


def far(photo):
    return np.abs(photo - np.median(photo))


def into_bytes(photo):
    result = np.zeros_like(photo)
    result[:] = ink(photo)
    return result


def in_loops(photo):
    background = float(np.median(photo))
    rows = [[abs(float(v) - background) for v in row] for row in photo]
    largest = max(map(max, rows))
    if not largest:
        return rows
    return [[v / largest * (v / largest >= 0.25) for v in row] for row in rows]


def bright_pixels_lost(photo):
    return scaled(np.clip(median(photo) - photo, 0, None))


def early_cut(photo):
    ink = far(photo) / 255
    ink[ink < 0.25] = 0
    return ink / ink.max()


def in_place(photo):
    photo[photo < 100] = 0
    return ink(photo)


INK = [
    (
        lambda photo: scaled(np.abs(photo - whole_median(photo))),
        "10 − 200 is 66 there",
    ),
    (
        lambda photo: scaled(np.uint8(median(photo)) - photo),
        "200 − 205 is 251 there",
    ),
    (
        lambda photo: np.abs(photo - np.uint8(median(photo))) / 255,
        "10 − 200 is 66 there",
    ),
    (lambda photo: 1 - photo / 255, "as if paper were always white"),
    (lambda photo: scaled(1 - photo / 255), "as if paper were always white"),
    (lambda photo: 255 - photo, "as if paper were always white"),
    (lambda photo: photo / 255, "You took the brightness itself"),
    (
        lambda photo: scaled(np.abs(photo - photo.mean())),
        "The mean is not the background",
    ),
    (
        lambda photo: scaled(np.abs(photo - photo.mean()), -1),
        "less than half of the page. The faint values are still there",
    ),
    (lambda photo: scaled(photo.max() - photo), "from the brightest value"),
    (
        lambda photo: (photo - photo.min()) / (photo.max() - photo.min()),
        "from the darkest value",
    ),
    (
        lambda photo: scaled(np.abs(photo - float(photo[0, 0]))),
        "one corner for the background. Ink may",
    ),
    (
        lambda photo: scaled(np.abs(photo - photo[0, 0])),
        "one corner for the background, where ink may reach into it. And uint8",
    ),
    (
        lambda photo: scaled(
            np.abs(1.0 * photo - np.bincount(photo.ravel()).argmax())
        ),
        "the most frequent value",
    ),
    (bright_pixels_lost, "Chalk is lost: what is brighter"),
    (
        lambda photo: scaled(np.maximum(photo - median(photo), 0)),
        "Ink is lost: what is darker",
    ),
    (
        lambda photo: scaled(median(photo) - photo, -np.inf),
        "is negative here, so chalk is lost",
    ),
    (
        lambda photo: scaled(photo - median(photo), -np.inf),
        "is negative here, so ink is lost",
    ),
    (lambda photo: scaled(far(photo), 0), "faint values are still there"),
    (early_cut, "The threshold came before the division"),
    (lambda photo: scaled(far(photo)) * 255, "but from 0 to 255"),
    (lambda photo: far(photo) / 255, "You divided by 255"),
    (
        lambda photo: np.where(far(photo) / 255 < 0.25, 0, far(photo) / 255),
        "You divided by 255",
    ),
    (far, "The values are not between 0 and 1"),
    (
        lambda photo: np.where(
            far(photo) < far(photo).max() / 4, 0, far(photo)
        ),
        "The threshold is right, but the values are not",
    ),
    (lambda photo: 1 - ink(photo), "0 and 1 are exchanged"),
    (
        lambda photo: 1 - scaled(far(photo), -1),
        "And what is faint should end as background",
    ),
    (lambda photo: ink(photo) > 0, "Only 0 and 1 are left"),
    (
        lambda photo: np.where(
            scaled(far(photo), 0) >= 0.25, 0, scaled(far(photo), 0)
        ),
        "the wrong way round",
    ),
    (
        lambda photo: np.clip(scaled(far(photo), 0) - 0.25, 0, None),
        "You subtracted 0.25",
    ),
    (
        lambda photo: np.where(ink(photo) > 0, ink(photo), 1),
        "The faint values became 1",
    ),
    (into_bytes, "Only the very largest value is left"),
    (lambda photo: ink(photo).astype(int), "Only the very largest value is"),
    (lambda photo: scaled(far(photo)), "0 / 0 is NaN"),
    (
        lambda photo: ink(photo) if np.ptp(photo) else photo,
        "not the photo itself",
    ),
    (
        lambda photo: ink(photo) if np.ptp(photo) else 0,
        "not one number",
    ),
    (lambda photo: ink(photo) if np.ptp(photo) else 1 / 0, "page is empty"),
    (lambda photo: ink(photo)[0], "gave back shape (4,), expected (3, 4)"),
    (lambda photo: 0.5, "gave back shape (), expected (3, 4)"),
    (lambda photo: np.sqrt(ink(photo)), "The result is not the expected one"),
    (in_place, "changed its input"),
    (lambda photo: np.divide(photo, 255, out=photo), "whole numbers cannot"),
]


def number(path):
    return int(path.stem.split("-")[1])


def resume(folder, epochs):
    done, newest = 0, None
    for path in folder.glob("epoch-*.keras"):
        if number(path) > done and zipfile.is_zipfile(path):
            done, newest = number(path), path
    return newest, range(done, epochs)


def lost_in_an_empty_folder(folder, epochs):
    if folder.exists() and not any(folder.iterdir()):
        return folder, range(epochs)
    return resume(folder, epochs)


def picking(key=number, pattern="epoch-*.keras", whole=zipfile.is_zipfile):
    """Pick in another way, and count right from there."""

    def answer(folder, epochs):
        paths = [path for path in folder.glob(pattern) if whole(path)]
        if not paths:
            return None, range(epochs)
        newest = max(paths, key=key)
        digits = re.findall(r"\d+", newest.name) or ["0"]
        return newest, range(int(digits[0]), epochs)

    return answer


def leaving(left):
    """Pick right, and count in another way."""

    def answer(folder, epochs):
        path, rest = resume(folder, epochs)
        return path, left(folder, path, rest.start, epochs)

    return answer


def gives_up(folder, epochs):
    paths = sorted(folder.glob("epoch-*.keras"), key=number)
    if paths and zipfile.is_zipfile(paths[-1]):
        return paths[-1], range(number(paths[-1]), epochs)
    return None, range(epochs)


def one_back(folder, epochs):
    paths = sorted(folder.glob("epoch-*.keras"), key=number)
    if paths and not zipfile.is_zipfile(paths[-1]):
        paths = paths[:-1]
    if not paths:
        return None, range(epochs)
    return paths[-1], range(number(paths[-1]), epochs)


def counting_up(there=zipfile.is_zipfile):
    def answer(folder, epochs):
        done = 0
        while there(folder / f"epoch-{done + 1}.keras"):
            done += 1
        path = folder / f"epoch-{done}.keras" if done else None
        return path, range(done, epochs)

    return answer


def numbered_by_count(whole):
    def answer(folder, epochs):
        count = sum(map(whole, folder.glob("epoch-*.keras")))
        path = folder / f"epoch-{count}.keras" if count else None
        return path, range(count, epochs)

    return answer


def age(path):
    return path.stat().st_mtime


def any_number(path):
    return int(re.search(r"\d+", path.name).group())


def number_of_whole(path):
    return zipfile.is_zipfile(path) and number(path)


def anything(path):
    return True


def crashing_on_none(folder, epochs):
    paths = [p for p in folder.glob("epoch-*.keras") if zipfile.is_zipfile(p)]
    newest = max(paths, key=number)
    return newest, range(number(newest), epochs)


def of_all_files(folder, epochs):
    paths = [p for p in folder.iterdir() if p.is_file()]
    newest = max(paths, key=number, default=None)
    return newest, range(number(newest) if newest else 0, epochs)


def listing(folder, epochs):
    names = [
        name
        for name in os.listdir(folder)
        if re.fullmatch(r"epoch-\d+\.keras", name)
        and zipfile.is_zipfile(folder / name)
    ]
    done = max((int(name[6:-6]) for name in names), default=0)
    return folder / f"epoch-{done}.keras" if done else None, range(done, epochs)


def without_is_zipfile(folder, epochs):
    done, newest = 0, None
    for path in folder.glob("epoch-*.keras"):
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is None and number(path) > done:
                done, newest = number(path), path
    return newest, range(done, epochs)


def deleting(folder, epochs):
    for path in folder.glob("epoch-*.keras"):
        if not zipfile.is_zipfile(path):
            path.unlink()
    return resume(folder, epochs)


def renaming(folder, epochs):
    for path in folder.glob("*.new"):
        path.rename(path.with_suffix(""))
    return resume(folder, epochs)


def emptying(folder, epochs):
    path, left = resume(folder, epochs)
    if path:
        path.open("w").close()
    return path, left


def removing(folder, epochs):
    answer = resume(folder, epochs)
    shutil.rmtree(folder)
    return answer


RESUME = [
    (picking(key=lambda path: path.name), "You compared the names as text"),
    (
        picking(key=lambda path: path.name, whole=anything),
        "the whole number, int(path.stem[6:]). And half-written",
    ),
    (
        lambda folder, epochs: picking(key=str, whole=anything)(folder, epochs),
        "And half-written files count",
    ),
    (
        picking(key=lambda path: int(path.name[6])),
        "as text, or only the first digit",
    ),
    (
        picking(key=lambda path: int(path.name[6]), whole=anything),
        "int(path.stem[6:]). And half-written",
    ),
    (picking(key=age), "You took the file that was written last"),
    (
        picking(key=age, pattern="*.keras"),
        "And look only at names of the form epoch-N.keras.",
    ),
    (picking(key=age, whole=anything), "And half-written files count as"),
    (
        picking(key=age, pattern="*.keras", whole=anything),
        "of the form epoch-N.keras. And half-written files",
    ),
    (picking(whole=anything), "You took a half-written file"),
    (
        picking(whole=lambda path: path.stat().st_size > 0),
        "one that was written half is not empty",
    ),
    (gives_up, "you gave up"),
    (one_back, "the one before may be broken as well"),
    (picking(key=lambda path: -number(path)), "the one with the fewest"),
    (picking(key=lambda path: int(path.stem[-1])), "the last digit alone"),
    (picking(key=any_number, pattern="epoch-*"), "still being written"),
    (picking(pattern="**/epoch-*.keras"), "glob, not rglob"),
    (counting_up(), "the first number that is missing. Older"),
    (
        counting_up(Path.exists),
        "look at all files, with glob. And half-written files",
    ),
    (numbered_by_count(Path.exists), "You counted files; some are missing"),
    (numbered_by_count(zipfile.is_zipfile), "You counted whole files; some"),
    (lambda folder, epochs: (None, range(epochs)), "always None"),
    (
        leaving(lambda f, path, done, n: range(done + 1, n)),
        "The path is right. One epoch is left out. Epochs count from 0",
    ),
    (
        leaving(lambda f, path, done, n: range(done + bool(path), n)),
        "One epoch is left out after a checkpoint",
    ),
    (
        leaving(lambda f, path, done, n: range(done - 1, n)),
        "One epoch is done twice. Epochs",
    ),
    (
        leaving(lambda f, path, done, n: range(done - bool(path), n)),
        "One epoch is done twice after a checkpoint. Epochs",
    ),
    (
        leaving(lambda f, path, done, n: range(done, n + 1)),
        "one epoch too many at the end",
    ),
    (
        leaving(lambda f, path, done, n: range(done + 1, n + 1)),
        "These count from 1",
    ),
    (leaving(lambda f, path, done, n: range(n - done)), "start with 0"),
    (leaving(lambda f, path, done, n: range(done)), "that were finished"),
    (leaving(lambda f, path, done, n: range(n)), "as if there were no"),
    (
        leaving(
            lambda f, path, done, n: range(len([*f.glob("epoch-*.keras")]), n)
        ),
        "You counted the files",
    ),
    (
        leaving(
            lambda f, path, done, n: range(
                sum(zipfile.is_zipfile(p) for p in f.glob("epoch-*.keras")), n
            )
        ),
        "You counted the whole files",
    ),
    (
        leaving(
            lambda f, path, done, n: range(
                max(map(number, f.glob("epoch-*.keras")), default=0), n
            )
        ),
        "which is broken",
    ),
    (
        leaving(lambda f, path, done, n: range(done, n) if path else []),
        "Without a checkpoint all epochs are left",
    ),
    (
        leaving(lambda f, path, done, n: range(done if path else 1, n)),
        "so the first one that is left is 0",
    ),
    (
        leaving(lambda f, path, done, n: range(done if path else -1, n)),
        "not −1",
    ),
    (
        leaving(lambda f, path, done, n: range(done, n, 2)),
        "the epochs that are left are not",
    ),
    (leaving(lambda f, path, done, n: n - done), "it is 7 of type int"),
    (leaving(lambda f, path, done, n: [0.5]), "of whole numbers"),
    (
        leaving(lambda f, path, done, n: range(10**30)),
        "the epochs that are left are not",
    ),
    (lambda folder, epochs: resume(folder, epochs)[0], "Only a path came"),
    (lambda folder, epochs: resume(folder, epochs)[1], "Only a range came"),
    (lambda folder, epochs: resume(folder, epochs)[::-1], "are exchanged"),
    (lambda folder, epochs: (1, 2, 3), "it was (1, 2, 3)"),
    (lambda folder, epochs: (3, range(3, 10)), "it is 3 of type int"),
    (
        lambda folder, epochs: ("epoch-3.keras", range(3, epochs)),
        "is a name alone",
    ),
    (lambda folder, epochs: (..., range(3)), "Value 1 of 2"),
    (
        lambda folder, epochs: (folder / "epoch-10.keras", range(10, epochs)),
        "The path is not the expected one",
    ),
    (crashing_on_none, "There is no whole checkpoint"),
    (lost_in_an_empty_folder, "The folder is empty."),
    (of_all_files, "You took a half-written file"),
    (listing, "On the very first run there is no folder"),
    (without_is_zipfile, "is_zipfile(path) is False for them"),
    (picking(pattern="*", whole=number_of_whole), "look only at those that"),
    (
        lambda folder, epochs: (
            max(map(Path, os.listdir(folder)), key=age),
            range(epochs),
        ),
        "The whole path is folder / name",
    ),
    (deleting, "epoch-20.keras is gone"),
    (renaming, "epoch-3.keras is new"),
    (emptying, "epoch-3.keras has another content"),
    (removing, "is gone"),
]


def predicted(p):
    return p.argmax(axis=1)


def wrong_ones(p, y):
    return np.flatnonzero(predicted(p) != y)


def worst(p, y, k):
    wrong = wrong_ones(p, y)
    return wrong[np.argsort(-p[wrong].max(axis=1))[:k]]


def sorting(score, among=wrong_ones, keep=slice):
    def answer(p, y, k):
        numbers = among(p, y)
        return numbers[np.argsort(score(p, y)[numbers])[keep(k)]]

    return answer


def everything(p, y):
    return np.arange(len(y))


def filtering_late(p, y, k):
    order = np.argsort(-p.max(axis=1))[:k]
    return [i for i in order if predicted(p)[i] != y[i]]


def by_index(p, y, k):
    confidence = p.max(axis=1).tolist()
    values = sorted((confidence[i] for i in wrong_ones(p, y)), reverse=True)
    return [confidence.index(value) for value in values[:k]]


def by_dict(p, y, k):
    found = {p[i].max(): i for i in wrong_ones(p, y)}
    return [found[value] for value in sorted(found, reverse=True)[:k]]


def with_a_tuple(p, y, k):
    wrong = np.where(predicted(p) != y)
    return wrong[np.argsort(-p.max(axis=1)[wrong])[:k]]


def one_by_one_of_a_tuple(p, y, k):
    wrong = np.where(predicted(p) != y)
    return [wrong[i] for i in np.argsort(-p.max(axis=1)[wrong])[:k]]


def filled_up(low=0, *, turned=False):
    def answer(p, y, k):
        score = np.where(predicted(p) != y, p.max(axis=1), low)
        return (np.argsort(score)[::-1] if turned else np.argsort(-score))[:k]

    return answer


def in_a_loop_over_k(p, y, k):
    order = worst(p, y, len(y))
    return [order[i] for i in range(k)]


def true_class(p, y):
    return p[np.arange(len(y)), y]


def confidence(p, y):
    return p.max(axis=1)


WORST = [
    (sorting(confidence), "but the least sure first"),
    (lambda *a: worst(*a)[::-1], "but in the wrong order"),
    (
        sorting(confidence, keep=lambda k: slice(-k, None)),
        "but in the wrong order",
    ),
    (
        sorting(lambda p, y: -p.max(axis=1), everything),
        "right ones included",
    ),
    (filtering_late, "too few are left"),
    (
        sorting(
            lambda p, y: -p.max(axis=1),
            lambda p, y: np.flatnonzero(predicted(p) == y),
        ),
        "surest right answers",
    ),
    (
        lambda p, y, k: np.argsort(-p[predicted(p) != y].max(axis=1))[:k],
        "places in your shorter list",
    ),
    (
        lambda p, y, k: np.argsort(p[predicted(p) != y].max(axis=1))[::-1][:k],
        "places in your shorter list",
    ),
    (
        lambda p, y, k: sorted(
            range(len(wrong_ones(p, y))),
            key=lambda i: -p[wrong_ones(p, y)[i]].max(),
        )[:k],
        "places in your shorter list",
    ),
    (with_a_tuple, "index\nnp.where(condition) gives a tuple of arrays"),
    (one_by_one_of_a_tuple, "range\nnp.where(condition) gives a tuple"),
    (filled_up(), "There are fewer mistakes than k, and right answers fill"),
    (filled_up(turned=True), "right answers fill the list up. Keep the"),
    (filled_up(-np.inf), "right answers fill the list up. Keep the"),
    (sorting(true_class), "where the true class got least"),
    (sorting(true_class, everything), "You sorted all images"),
    (
        sorting(lambda p, y: -true_class(p, y)),
        "by the probability of the true class, largest first",
    ),
    (
        sorting(lambda p, y: true_class(p, y) - p.max(axis=1)),
        "how far the prediction is above the true class",
    ),
    (
        sorting(lambda p, y: -(np.sort(p)[:, -1] - np.sort(p)[:, -2])),
        "above the second",
    ),
    (lambda p, y, k: wrong_ones(p, y)[:k], "the first mistakes in the order"),
    (lambda p, y, k: wrong_ones(p, y), "all mistakes in the order of the im"),
    (lambda p, y, k: worst(p, y, 100), "Keep the first k"),
    (lambda p, y, k: worst(p, y, k + 1), "one too many"),
    (lambda p, y, k: worst(p, y, k + 1)[1:], "should start at 0"),
    (
        lambda p, y, k: p.max(axis=1)[worst(p, y, k)],
        "these are their probabilities",
    ),
    (lambda p, y, k: p[worst(p, y, k)], "these are their rows"),
    (
        lambda p, y, k: predicted(p)[worst(p, y, k)],
        "the classes that were predicted",
    ),
    (lambda p, y, k: y[worst(p, y, k)], "these are their labels"),
    (lambda p, y, k: predicted(p) != y, "whether it is a mistake"),
    (lambda *a: worst(*a) + 1, "the first image is 0"),
    (by_index, "return the first of them twice"),
    (by_dict, "one of them is lost"),
    (in_a_loop_over_k, "fewer mistakes than k, or none"),
    (
        lambda p, y, k: worst(p, y, k) if p.max(axis=1).argmax() else [],
        "shape (0,), expected (2,)",
    ),
    (lambda p, y, k: [], "expected"),
    (lambda p, y, k: (worst(p, y, k),), "shape (1, 2), expected (2,)"),
    (lambda p, y, k: np.argwhere(predicted(p) != y), "shape (4, 1)"),
]


def optimism(picked_on, fresh):
    best = picked_on.argmax(axis=1)
    runs = np.arange(len(best))
    return np.mean(picked_on[runs, best] - fresh[runs, best])


def at(p, f, epochs):
    runs = np.arange(len(p))
    return p[runs, epochs] - f[runs, epochs]


def per_run(p, f):
    return at(p, f, p.argmax(axis=1))


def best_accuracies(p, f):
    runs = np.arange(len(p))
    return p.max(axis=1), f[runs, p.argmax(axis=1)]


OPTIMISM = [
    (
        lambda p, f: p.max(axis=1).mean() - f.max(axis=1).mean(),
        "You took the best of fresh, too",
    ),
    (
        lambda p, f: p.max() - f.max(),
        "You took the largest value of each whole table. Each run picks",
    ),
    (
        lambda p, f: at(p, f, p.mean(axis=0).argmax()).mean(),
        "one epoch for all runs, the best of their mean",
    ),
    (
        lambda p, f: at(p, f, p[0].argmax()).mean(),
        "best epoch of the first run",
    ),
    (lambda p, f: (p[:, -1] - f[:, -1]).mean(), "You took the last epoch"),
    (lambda p, f: -optimism(p, f), "The sign is turned"),
    (lambda p, f: per_run(p, f)[0], "This is the first run alone"),
    (lambda p, f: per_run(p, f)[-1], "This is the last run alone"),
    (per_run, "This is one value per run"),
    (lambda p, f: per_run(p, f).tolist(), "This is one value per run"),
    (lambda p, f: sum(per_run(p, f)), "You added the runs up"),
    (lambda p, f: max(per_run(p, f)), "the largest difference"),
    (lambda p, f: np.median(per_run(p, f)), "the median over the runs"),
    (lambda p, f: 100 * optimism(p, f), "This is in percent"),
    (
        lambda p, f: np.mean(per_run(p, f) / best_accuracies(p, f)[1]),
        "You divided by the accuracy. Asked",
    ),
    (
        lambda p, f: np.mean(per_run(p, f) / best_accuracies(p, f)[0]),
        "divided by the accuracy that was reported",
    ),
    (
        lambda p, f: np.abs(per_run(p, f)).mean(),
        "You made every difference positive",
    ),
    (
        lambda p, f: p.max() - f.ravel()[p.argmax()],
        "looks through the whole table",
    ),
    (
        lambda p, f: np.mean(
            p.max(axis=0) - f[p.argmax(axis=0), np.arange(p.shape[1])]
        ),
        "the best runs of each epoch",
    ),
    (
        lambda p, f: np.mean(p[:, p.argmax(axis=1)] - f[:, p.argmax(axis=1)]),
        "a table of runs × runs",
    ),
    (
        lambda p, f: at(p, f, f.argmax(axis=1)).mean(),
        "You chose the epochs by fresh",
    ),
    (
        lambda p, f: (p - f).max(axis=1).mean(),
        "the epoch where the two differ most",
    ),
    (lambda p, f: (p - f).mean(), "the mean over all epochs"),
    (
        lambda p, f: p.max(axis=1).mean() - f.mean(),
        "with the mean of fresh",
    ),
    (
        lambda p, f: (p.max(axis=1) - f[:, -1]).mean(),
        "with fresh at the last epoch",
    ),
    (lambda p, f: p.max(axis=1).mean(), "the accuracy that was reported"),
    (lambda p, f: best_accuracies(p, f)[1].mean(), "the honest accuracy"),
    (
        lambda p, f: at(p, f, p.argmin(axis=1)).mean(),
        "You took the worst epoch",
    ),
    (
        lambda p, f: np.mean(p[:, p.argmax()] - f[:, p.argmax()]),
        "An argmax without an axis",
    ),
    (lambda p, f: 0.07, "whatever you are given"),
    (lambda p, f: optimism(p, f) / 0, "not finite"),
    (lambda p, f: optimism(p, f) ** 2, "The result is not the expected one"),
]

MISTAKES = {
    "ink": INK,
    "resume": RESUME,
    "worst": WORST,
    "optimism": OPTIMISM,
}


@planted(MISTAKES)
def test_each_mistake_gets_its_own_message(
    name: str, mistake: Any, words: str
) -> None:
    assert_wrong(getattr(lecture, name)(mistake), words)


def with_epsilon(photo):
    ink = far(photo.astype(float))
    ink /= ink.max() + 1e-12
    ink[ink < 0.25] = 0
    return ink


def with_where(photo):
    paper = whole_median(photo)
    ink = np.where(photo > paper, photo - paper, paper - photo)
    return np.where(ink < 0.25 * ink.max(), 0, ink / max(ink.max(), 1))


def by_load_model(folder, epochs):
    import keras

    done, newest = 0, None
    for path in folder.glob("epoch-*.keras"):
        try:
            keras.models.load_model(path)
        except Exception:
            continue
        if number(path) > done:
            done, newest = number(path), path
    return newest, range(done, epochs)


def by_zip_file(folder, epochs):
    """Go through the names from the newest on, and return text and a list."""
    if not folder.exists():
        return None, list(range(epochs))
    names = [
        n for n in os.listdir(folder) if re.fullmatch(r"epoch-\d+.keras", n)
    ]
    for name in sorted(names, key=lambda name: -int(name[6:-6])):
        try:
            if zipfile.ZipFile(folder / name).testzip() is None:
                done = int(name[6:-6])
                return str(folder / name), list(range(done, epochs))
        except zipfile.BadZipFile:
            pass
    return None, np.arange(epochs)


def from_inside(folder, epochs):
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    path, left = resume(Path(), epochs)
    return path and path.resolve(), left


def worst_by_sorted(p, y, k):
    wrong = [i for i in range(len(y)) if p[i].argmax() != y[i]]
    return sorted(wrong, key=lambda i: p[i].max(), reverse=True)[:k]


def worst_backwards(p, y, k):
    wrong = wrong_ones(p, y)
    return wrong[p[wrong].max(axis=1).argsort()[::-1]][:k]


def worst_of_zeroed(p, y, k):
    score = p.max(axis=1) * (predicted(p) != y)
    return [i for i in np.argsort(-score)[:k] if score[i]]


def optimism_in_a_loop(picked_on, fresh):
    total = 0.0
    for chosen, honest in zip(picked_on.tolist(), fresh.tolist(), strict=True):
        total += max(chosen) - honest[chosen.index(max(chosen))]
    return total / len(picked_on)


RIGHT = {
    "ink": [
        ink,
        in_loops,
        with_epsilon,
        with_where,
        lambda photo: ink(photo).astype("float64"),
        lambda photo: ink(photo).tolist(),
    ],
    "resume": [
        resume,
        by_load_model,
        by_zip_file,
        from_inside,
        lambda folder, epochs: list(resume(folder.resolve(), epochs)),
        # A number in the sub-folder's files shows only where it is looked at.
        picking(key=lambda path: (number(path), path.name)),
    ],
    "worst": [
        worst,
        worst_by_sorted,
        worst_backwards,
        worst_of_zeroed,
        lambda *case: list(map(int, worst(*case))),
        lambda *case: tuple(worst(*case)),
        lambda *case: worst(*case).astype("int32"),
    ],
    "optimism": [
        optimism,
        optimism_in_a_loop,
        lambda p, f: np.mean(p.max(axis=1) - f[p == p.max(1, keepdims=True)]),
        lambda p, f: np.float32(optimism(p, f)),
        lambda p, f: np.take_along_axis(
            p - f, p.argmax(axis=1, keepdims=True), axis=1
        ).mean(),
        lambda p, f: np.diag((p - f)[:, p.argmax(axis=1)]).mean(),
    ],
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_may_look_different(name: str) -> None:
    # A lecture has imported it long before; the time limit is for answers.
    importlib.import_module("keras")
    here = Path.cwd()
    for answer in RIGHT[name]:
        verdict = getattr(lecture, name)(answer)
        assert verdict, verdict
        assert Path.cwd() == here


STUBS = [..., lambda *a: ..., lambda *a: (..., ...)]


@pytest.mark.parametrize("name", RIGHT)
def test_the_stub_is_not_attempted_yet(name: str) -> None:
    for stub in STUBS:
        verdict = getattr(lecture, name)(stub)
        assert verdict.status == "not attempted yet"


@pytest.mark.parametrize("name", RIGHT)
def test_checking_is_quick(name: str) -> None:
    answer = RIGHT[name][0]
    getattr(lecture, name)(answer)
    start = time.perf_counter()
    assert getattr(lecture, name)(answer)
    assert time.perf_counter() - start < 0.5


def test_endless_loops_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(*arguments: Any) -> Any:
        while True:
            pass

    monkeypatch.setattr(exercise, "TIME_LIMIT", 0.3)
    before = set(Path(tempfile.gettempdir()).glob("course-*"))
    for name in RIGHT:
        assert "never ends" in getattr(lecture, name)(forever).message
    # The folders of resume are gone, too.
    assert set(Path(tempfile.gettempdir()).glob("course-*")) <= before


def test_a_changed_input_is_named() -> None:
    def change(first: np.ndarray, *rest: Any) -> np.ndarray:
        first[:] = 0
        return first

    for name in ("ink", "worst", "optimism"):
        assert "changed its input" in getattr(lecture, name)(change).message


def test_python_says_nothing_beside_the_verdict() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lecture.ink(lambda photo: scaled(far(photo)))
        lecture.resume(by_load_model)
        lecture.worst(worst)


def test_messages_name_files_and_no_temporary_folder() -> None:
    for answer in (
        listing,
        crashing_on_none,
        picking(key=age),
        deleting,
        print,
    ):
        message = lecture.resume(answer).message
        assert "folder" in message
        assert "course-" not in message, message
        assert "PosixPath" not in message, message


def test_the_checkpoints_are_whole_and_half_written_for_keras(
    tmp_path: Path,
) -> None:
    import keras

    path = tmp_path / "epoch-1.keras"
    path.write_bytes(lecture._WHOLE)
    keras.models.load_model(path)
    assert zipfile.ZipFile(path).testzip() is None
    for content in (lecture._HALF, b""):
        path.write_bytes(content)
        assert not zipfile.is_zipfile(path)
        with pytest.raises(Exception, match="zip"):
            keras.models.load_model(path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_network_of_keras_cut_short_is_no_zip_file(
    tmp_path: Path, share: float
) -> None:
    import keras

    path = tmp_path / "epoch-1.keras"
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    network.compile("adam", "mse")
    network.save(path)
    assert zipfile.is_zipfile(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert not zipfile.is_zipfile(path)


def test_the_insight_about_luck_is_true() -> None:
    insight = lecture.optimism(optimism).message
    assert "the best of many is too high on average" in insight
    # It says nothing that does not fit the lecture's own numbers.
    assert not re.search(r"\d", insight)
    # No epoch is better than another: 100 images each, and luck alone.
    rng = np.random.default_rng(0)
    measured = rng.binomial(100, 0.9, (2, 20_000, 10)) / 100
    best_alone = optimism(*measured[:, :, :1])
    assert best_alone == pytest.approx(0, abs=0.001)
    assert optimism(*measured) > 0.03


def test_worst_speaks_of_the_surest_as_the_exercise_does() -> None:
    hints = lecture.worst._hints  # .hint() would use them up
    verdicts = [lecture.worst(answer).message for answer, _ in WORST]
    for text in [*hints, *verdicts, lecture.worst(worst).message]:
        # The code of an answer may use the word, the sentences may not.
        assert "confiden" not in text, text
    least = lecture.worst(sorting(true_class)).message
    assert "how sure the network is: the largest probability of the r" in least


def test_no_first_digit_decides_between_two_checkpoints() -> None:
    # max takes the first of equals, and glob has no order of its own.
    for case in lecture._FOLDERS:
        digits = [
            name[6]
            for name, content in (case.files or {}).items()
            if re.fullmatch(r"epoch-\d+\.keras", name)
        ]
        assert digits.count(max(digits, default="")) <= 1


def test_no_photo_is_a_matter_of_rounding() -> None:
    for (photo,) in lecture._PHOTOS:
        share = far(photo) / far(photo).max()
        assert np.abs(share - 0.25).min() > 0.005
        assert median(photo) == whole_median(photo)
