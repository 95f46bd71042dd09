"""The checkers of lecture 08 tell each typical mistake from the others."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from course_utils.check import convolutional_networks as lecture
from tests.checked import assert_all_right

import numpy as np
import pytest


def slide(image, kernel):
    (k, l), (h, w) = kernel.shape, image.shape  # noqa: E741
    result = np.zeros((h - k + 1, w - l + 1))
    for i in range(h - k + 1):
        for j in range(w - l + 1):
            result[i, j] = np.sum(image[i : i + k, j : j + l] * kernel)
    return result


def by_lists(image, kernel):
    x, k = np.asarray(image).tolist(), np.asarray(kernel).tolist()
    rows, columns = range(len(k)), range(len(k[0]))
    return [
        [
            sum(k[a][b] * x[i + a][j + b] for a in rows for b in columns)
            for j in range(len(x[0]) - len(k[0]) + 1)
        ]
        for i in range(len(x) - len(k) + 1)
    ]


def by_shifts(image, kernel):
    (k, l), (h, w) = kernel.shape, image.shape  # noqa: E741
    return sum(
        kernel[a, b] * image[a : a + h - k + 1, b : b + w - l + 1]
        for a in range(k)
        for b in range(l)
    )


def by_keras(image, kernel):
    from keras import ops

    x, k = np.float32(image), np.float32(kernel)
    return ops.conv(x[None, :, :, None], k[:, :, None, None])[0, :, :, 0]


def on_list(image, kernel):
    return slide(np.array(image), np.array(kernel)).tolist()


def too_short(image, kernel):
    (k, l), (h, w) = kernel.shape, image.shape  # noqa: E741
    result = np.zeros((h - k, w - l))
    for i in range(h - k):
        for j in range(w - l):
            result[i, j] = np.sum(image[i : i + k, j : j + l] * kernel)
    return result


def loops_too_short(image, kernel):
    result = np.zeros_like(slide(image, kernel))
    result[:-1, :-1] = too_short(image, kernel)
    return result


def padded(image, kernel):
    around = [((n - 1) // 2, n - 1 - (n - 1) // 2) for n in kernel.shape]
    return slide(np.pad(image, around), kernel)


def cut_windows(image, kernel):
    result = np.zeros_like(image)
    for i, j in np.ndindex(image.shape):
        window = image[i : i + len(kernel), j : j + kernel.shape[1]]
        result[i, j] = np.sum(window * kernel[: len(window), : window.shape[1]])
    return result


def everywhere(image, kernel):
    rows, columns = kernel.shape
    return slide(np.pad(image, [(rows - 1,) * 2, (columns - 1,) * 2]), kernel)


def matrix_product(image, kernel):
    k, l = kernel.shape  # noqa: E741
    result = np.zeros_like(slide(image, kernel))
    for i, j in np.ndindex(result.shape):
        result[i, j] = (image[i : i + k, j : j + l] @ kernel).sum()
    return result


def square_sums(image, kernel):
    k = len(kernel)
    result = np.zeros(np.subtract(image.shape, k - 1))
    for i, j in np.ndindex(result.shape):
        for a, b in np.ndindex(k, k):
            result[i, j] += image[i + a, j + b] * kernel[a, b]
    return result


def square_windows(image, kernel):
    k = len(kernel)
    result = np.zeros(np.subtract(image.shape, k - 1))
    for i, j in np.ndindex(result.shape):
        result[i, j] = np.sum(image[i : i + k, j : j + k] * kernel)
    return result


def changing(image, kernel):
    image *= kernel[0, 0]
    return slide(image, kernel)


def sizes(size, kernels):
    for kernel, stride, padding in kernels:
        lost = kernel - 1 if padding == "valid" else 0
        size = [math.ceil((n - lost) / stride) for n in size]
    return size


def sizes_by_floor(size, kernels):
    h, w = size
    for k, s, padding in kernels:
        if padding == "valid":
            h, w = (h - k) // s + 1, (w - k) // s + 1
        else:
            h, w = (h - 1) // s + 1, (w - 1) // s + 1
    return h, w


def sizes_by_numpy(size, kernels):
    n = np.array(size)
    for k, s, padding in kernels:
        n = np.ceil((n - (k - 1) * (padding == "valid")) / s)
    return n


def sizes_by_counting(size, kernels):
    result = []
    for n in size:
        for k, s, padding in kernels:
            n = len(range(0, n if padding == "same" else n - k + 1, s))
        result.append(n)
    return tuple(result)


def sizes_by_keras(size, kernels):
    import keras

    shape = (None, *size, 1)
    for k, s, padding in kernels:
        layer = keras.layers.Conv2D(1, k, s, padding)
        shape = layer.compute_output_shape(shape)
    return shape[1:3]


def up(fraction):
    return math.ceil(fraction)


def up_valid(n, k, s):
    return up((n - k + 1) / s)


def up_same(n, k, s):
    return up(n / s)


def sized(valid: Callable = up_valid, same: Callable = up_same) -> Callable:
    def output_shape(size, kernels):
        h, w = size
        for k, s, padding in kernels:
            rule = valid if padding == "valid" else same
            h, w = rule(h, k, s), rule(w, k, s)
        return h, w

    return output_shape


def early_return(size, kernels):
    for layer in kernels:
        return sizes(size, [layer])


def last_layer(size, kernels):
    for layer in kernels:
        result = sizes(size, [layer])
    return result


def reach(layers):
    size, jump = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * jump
        jump *= stride
    return size


def reach_backwards(layers):
    size = 1
    for kernel, stride in reversed(layers):
        size = (size - 1) * stride + kernel
    return size


def late_one(layers):
    size = 1
    for kernel, stride in layers:
        size = size * stride + kernel - 1
    return size


def widened(layers):
    size = 1
    for kernel, stride in layers:
        size = (size + kernel - 1) * stride
    return size


def reach_by_sets(layers):
    pixels = {0}
    for kernel, stride in layers[::-1]:
        pixels = {stride * p + i for p in pixels for i in range(kernel)}
    return np.array(max(pixels) - min(pixels) + 1)


def reaching(
    adding: Callable, size: int = 1, jumping: Callable = int.__mul__
) -> Callable:
    def field(layers):
        seen, jump = size, 1
        for k, s in layers:
            seen += adding(k, jump, s)
            jump = jumping(jump, s)
        return seen

    return field


def wider(k, jump, s):
    return (k - 1) * jump


def probe(convolve, size):
    black = convolve(np.zeros((size, size)))
    mask = np.zeros((size, size), bool)
    for place in np.ndindex(size, size):
        image = np.zeros((size, size))
        image[place] = 1
        mask[place] = np.array_equal(convolve(image), black)
    return mask


def probe_lists(convolve, size):
    rng, mask = np.random.default_rng(3), []
    base = rng.random((size, size))
    for i in range(size):
        mask.append([])
        for j in range(size):
            image = base.copy()
            image[i, j] -= 100
            mask[-1].append(int((convolve(image) == convolve(base)).all()))
    return mask


def probe_one_after_the_other(convolve, size):
    """Leave the pixels on, and compare with the map before."""
    image, mask = np.zeros((size, size), int), np.ones((size, size))
    before = convolve(image)
    for i, j in np.ndindex(size, size):
        image[i, j] = 255
        after = convolve(image)
        if np.abs(after - before).max() > 0:
            mask[i, j] = 0
        before = after
    return mask


def without_bias(convolve, size):
    mask = np.zeros((size, size), bool)
    for place in np.ndindex(size, size):
        image = np.zeros((size, size))
        image[place] = 1
        mask[place] = not np.any(convolve(image))
    return mask


def by_sums(convolve, size):
    black = convolve(np.zeros((size, size))).sum()
    mask = np.zeros((size, size), bool)
    for place in np.ndindex(size, size):
        image = np.zeros((size, size))
        image[place] = 1
        mask[place] = convolve(image).sum() == black
    return mask


def entry_by_entry(convolve, size):
    mask, black = np.zeros((size, size), bool), convolve(np.zeros((size, size)))
    for i, j in np.ndindex(size, size):
        image = np.zeros((size, size))
        image[i, j] = 1
        mask[i, j] = convolve(image) == black
    return mask


def sum_of_zero(convolve, size):
    mask = np.zeros((size, size), bool)
    for place in np.ndindex(size, size):
        image = np.zeros((size, size))
        image[place] = 1
        mask[place] = np.sum(convolve(image)) == 0
    return mask


def left_on(convolve, size):
    image = np.zeros((size, size))
    black, mask = convolve(image), np.zeros((size, size), bool)
    for place in np.ndindex(size, size):
        image[place] = 1
        mask[place] = np.array_equal(convolve(image), black)
    return mask


def by_nan(convolve, size):
    mask = np.zeros((size, size), bool)
    for place in np.ndindex(size, size):
        image = np.zeros((size, size))
        image[place] = np.nan
        mask[place] = not np.isnan(convolve(image)).any()
    return mask


def as_told(convolve, size):
    row = np.arange(size) == size - 1
    return row[:, None] | row


RIGHT = {
    "correlate": [slide, by_lists, by_shifts, by_keras, on_list],
    "output_shape": [
        sizes,
        sizes_by_floor,
        sizes_by_numpy,
        sizes_by_counting,
        sizes_by_keras,
        lambda *given: [float(n) for n in sizes(*given)],
    ],
    "field": [
        reach,
        reach_backwards,
        reach_by_sets,
        lambda layers: float(reach(layers)),
    ],
    "unseen": [probe, probe_lists, probe_one_after_the_other],
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_may_look_different(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_all_right(getattr(lecture, name), RIGHT[name], monkeypatch)


MISTAKES = {
    "correlate": {
        "true convolution": lambda x, k: slide(x, np.flip(k)),
        "upside down.": lambda x, k: slide(x, k[::-1]),
        "of the kernel are exchanged": lambda x, k: slide(x, k.T),
        "of the map are exchanged": lambda x, k: slide(x, k).T,
        "of the map are missing": too_short,
        "still 0": loops_too_short,
        "Zeros are put around": padded,
        "at the bottom and on the right": cut_windows,
        "overlap at all": everywhere,
        "took the mean": lambda x, k: slide(x, k) / k.size,
        "no effect": lambda x, k: slide(x, k**0),
        "as matrices": matrix_product,
        "do not overlap": lambda x, k: slide(x, k)[:: len(k), :: len(k[0])],
        "ReLU": lambda x, k: slide(x, k).clip(0),
        "fractions are cut off": lambda x, k: slide(x, k).astype(int),
        "Only as many columns of the kernel": square_sums,
        "Square kernels work": square_windows,
        "changed its input": changing,
        "shape ()": lambda x, k: np.sum(x * x),
    },
    "output_shape": {
        "lost a whole kernel. A": sized(valid=lambda n, k, s: up((n - k) / s)),
        "kernel, and is rounded": sized(valid=lambda n, k, s: (n - k) // s),
        "For valid you rounded": sized(valid=lambda n, k, s: (n - k + 1) // s),
        "For same you rounded": sized(same=lambda n, k, s: n // s),
        "for valid and for same": sized(
            lambda n, k, s: (n - k + 1) // s, lambda n, k, s: n // s
        ),
        "did not round": sized(
            lambda n, k, s: (n - k + 1) / s, lambda n, k, s: n / s
        ),
        "round (n − k) / stride + 1: round": sized(
            valid=lambda n, k, s: (n - k) / s + 1
        ),
        "n / stride up": sized(
            lambda n, k, s: (n - k) / s + 1, lambda n, k, s: n / s
        ),
        "You rounded to the nearest": sized(
            lambda n, k, s: round((n - k + 1) / s), lambda n, k, s: round(n / s)
        ),
        "For same you rounded to the nearest": sized(
            same=lambda n, k, s: round(n / s)
        ),
        "the stride has no effect": sized(valid=lambda n, k, s: n - k + 1),
        "or are brackets": sized(valid=lambda n, k, s: up(n - k + 1 / s)),
        "only the 1 is divided by": sized(valid=lambda n, k, s: n - k + 1 / s),
        "and rounded down. It": sized(valid=lambda n, k, s: int(n - k + 1 / s)),
        "treats same like valid": sized(same=up_valid),
        "treats valid like same": sized(valid=up_same),
        "valid and same are": sized(valid=up_same, same=up_valid),
        "only if the stride is 1": sized(same=lambda n, k, s: n),
        "stride is ignored": sized(
            lambda n, k, s: n - k + 1, lambda n, k, s: n
        ),
        "one too many": sized(
            same=lambda n, k, s: (n + 2 * (k // 2) - k) // s + 1
        ),
        "one too few": sized(same=lambda n, k, s: (n - 2 + k % 2) // s + 1),
        "h and w are exchanged": lambda *given: sizes(*given)[::-1],
        "h stands for both": lambda *given: [sizes(*given)[0]] * 2,
        "w stands for both": lambda *given: [sizes(*given)[1]] * 2,
        "Only the first layer": early_return,
        "Only the last layer": last_layer,
        "2 values": lambda *given: 24,
    },
    "field": {
        "kernels up": lambda layers: sum(k for k, _ in layers),
        "multiplied the kernels": lambda layers: np.prod(layers, 0)[0],
        "strides are missing. After": reaching(lambda k, jump, s: k - 1),
        "and so is the pixel": reaching(lambda k, jump, s: k - 1, size=0),
        "does not widen what a unit sees": widened,
        "too early": reaching(lambda k, jump, s: (k - 1) * jump * s),
        "of its own layer": reaching(lambda k, jump, s: (k - 1) * s),
        "Only the stride of the layer before": reaching(
            wider, jumping=lambda jump, s: s
        ),
        "added the strides": reaching(wider, jumping=int.__add__),
        "one of its places": reaching(lambda k, jump, s: k * jump),
        "one step too many": reaching(lambda k, jump, s: k * jump, size=0),
        "count from 0": reaching(wider, size=0),
        "wrong way round": lambda layers: reach_backwards(layers[::-1]),
        "wrong way round: here": lambda layers: reach(layers[::-1]),
        "right only if you start": lambda layers: late_one(layers),
        "after the multiplication": lambda layers: late_one(layers[::-1]),
        "Asked is how many": lambda layers: np.prod(layers, 0)[1],
        "area": lambda layers: reach(layers) ** 2,
        "inside the loop": lambda layers: reach(layers[:1]),
        "whatever you are given": lambda layers: 8,
    },
    "unseen": {
        "turned round": lambda f, n: ~probe(f, n),
        "are exchanged": lambda f, n: probe(f, n).T,
        "may have a bias": without_bias,
        "sum of the map changes": by_sums,
        "sum of the map is 0": sum_of_zero,
        "np.array_equal(a, b)": entry_by_entry,
        "switched off again": left_on,
        "NaN does not tell": by_nan,
        "last row and the last column are unseen": as_told,
        "every pixel is unseen": lambda f, n: np.full((n, n), True),
        "every pixel is seen": lambda f, n: np.full((n, n), False),
        "shape (), expected (4, 4)": lambda f, n: probe(f, n).sum(),
        "(size, size), not (16,)": lambda f, n: f(np.zeros(n * n)),
        "expected [[": lambda f, n: probe(f, n) & (np.arange(n) < 2),
    },
}


@pytest.mark.parametrize(
    ("name", "words"),
    [(name, words) for name, few in MISTAKES.items() for words in few],
)
def test_each_mistake_gets_its_own_message(name: str, words: str) -> None:
    verdict = getattr(lecture, name)(MISTAKES[name][words])
    assert verdict.status == "wrong"
    assert words in verdict.message


def endless(*given: Any) -> None:
    while True:
        pass


@pytest.mark.parametrize("name", RIGHT)
def test_stubs_and_junk_get_a_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checker = getattr(lecture, name)
    for stub in (..., lambda *given: ...):
        assert checker(stub).status == "not attempted yet"
    for junk in (
        *(3, None, np.nan, [], "map"),
        lambda *given: None,
        lambda *given: "map",
        lambda *given: np.full((2, 2), np.nan),
        lambda *given: [[1.0], [1.0, 2.0]],
        lambda *given: 1 / 0,
        lambda: 1,
    ):
        verdict = checker(junk)
        assert verdict.status == "wrong"
        assert len(verdict.message) > 20
    monkeypatch.setattr("course_utils.check.exercise.TIME_LIMIT", 0.2)
    assert "No answer after" in checker(endless).message


def test_a_crash_that_has_nothing_to_do_with_squares_is_shown_alone() -> None:
    message = lecture.correlate(lambda x, k: slide(x, k[0])).message
    assert "raised ValueError" in message
    assert "Square kernels" not in message


def test_the_insight_of_the_detective_is_true() -> None:
    def tutorial(image):
        n = len(image) - 5
        return by_shifts(image, np.ones((5, 5)))[:n, :n]

    assert tutorial(np.zeros((28, 28))).shape == (23, 23)
    assert probe(tutorial, 28).sum() == 55
    assert "55 of 784" in lecture.unseen(probe).message
