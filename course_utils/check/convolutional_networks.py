"""The exercises of lecture 08."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from course_utils.check.exercise import (
    Exercise,
    Raised,
    Wrong,
    against,
    explained,
)

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as windows_of


def _map(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return np.einsum("ijkl,kl->ij", windows_of(image, kernel.shape), kernel)


def _correlate_case(seed: int, image: tuple, kernel: tuple) -> tuple:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 2, image).round(1), rng.normal(0, 1, kernel).round(1)


_CORRELATE_CASES = [
    (np.arange(9.0).reshape(3, 3), np.array([[0.0, 1.0], [2.0, 3.0]])),
    _correlate_case(0, (4, 6), (3, 3)),
    _correlate_case(1, (5, 7), (2, 3)),
    _correlate_case(2, (6, 5), (3, 2)),
    _correlate_case(3, (2, 4), (2, 1)),
]

_grade_correlate = against(
    reference=_map,
    cases=_CORRELATE_CASES,
    mistakes={
        "This is a true convolution: it turns the kernel upside down and left "
        "to right first. Take the kernel as it stands.": (
            lambda x, k: _map(x, k[::-1, ::-1])
        ),
        "The kernel is upside down.": lambda x, k: _map(x, k[::-1]),
        "Rows and columns of the kernel are exchanged.": (
            lambda x, k: _map(x, k.T)
        ),
        "Rows and columns of the map are exchanged.": (
            lambda x, k: _map(x, k).T
        ),
        "The last row and the last column of the map are missing. range(n) "
        "ends at n − 1, and there are h − k + 1 places for the kernel.": (
            lambda x, k: _map(x, k)[:-1, :-1]
        ),
        "The last row and the last column of the map are still 0. Do the "
        "loops end one place too early?": (
            lambda x, k: np.pad(_map(x, k)[:-1, :-1], (0, 1))
        ),
        "Zeros are put around the image, so the map is as large as the image. "
        "Only whole windows are asked.": lambda x, k: _map(
            np.pad(x, [((n - 1) // 2, n // 2) for n in k.shape]), k
        ),
        "The kernel hangs over the edge at the bottom and on the right, as "
        "if zeros were there. Only whole windows are asked.": (
            lambda x, k: _map(np.pad(x, [(0, n - 1) for n in k.shape]), k)
        ),
        "Every place counts where kernel and image overlap at all, so the map "
        "is larger than the image. Only whole windows are asked.": (
            lambda x, k: _map(np.pad(x, [(n - 1, n - 1) for n in k.shape]), k)
        ),
        "You took the mean of the products. Take their sum.": (
            lambda x, k: _map(x, k) / k.size
        ),
        "The kernel has no effect: this adds up each window as it is.": (
            lambda x, k: _map(x, np.ones_like(k))
        ),
        "You multiplied window and kernel as matrices. Multiply element by "
        "element, with *.": (
            lambda x, k: (windows_of(x, k.shape) @ k).sum((2, 3))
        ),
        "The windows do not overlap: the kernel moves by its own size. Move "
        "it by one pixel.": (
            lambda x, k: _map(x, k)[:: k.shape[0], :: k.shape[1]]
        ),
        "Negative sums have become 0. That is ReLU, which comes later.": (
            lambda x, k: np.maximum(_map(x, k), 0)
        ),
        "The fractions are cut off. Is the map an array of whole numbers?": (
            lambda x, k: np.trunc(_map(x, k))
        ),
        "Only as many columns of the kernel as it has rows are used. A kernel "
        "need not be square.": lambda x, k: _map(x, k[:, : len(k)]),
    },
    insight="Each filter of a convolutional layer does this on every channel "
    "and adds the results and a bias. A true convolution turns the kernel "
    "first; where kernels are learnt, the network learns the turned one.",
)
_grade_squares = against(_map, _CORRELATE_CASES[:2], {}, insight="")


def _correlated(answer: Any) -> str:
    """Grade the map, and explain what raises for some shapes only."""
    try:
        return _grade_correlate(answer)
    except Raised as raised:
        try:
            _grade_squares(answer)
        except Wrong:
            raise raised from None
        raise Wrong(
            f"{raised}\nSquare kernels work. This one is not square: "
            "k, l = kernel.shape."
        ) from raised


correlate = Exercise(
    _correlated,
    hints=[
        "Two loops go over the places (i, j) of the map. How many rows has "
        "it, how many columns?",
        "The window at (i, j) is image[i : i + k, j : j + l]. Multiply it "
        "with the kernel, element by element, and add up.",
        "k, l = kernel.shape; a map of zeros with the shape (h − k + 1, "
        "w − l + 1); result[i, j] = np.sum(window * kernel).",
    ],
)


def _by(valid: Callable | None = None, same: Callable | None = None) -> Any:
    """Return an `output_shape`, perhaps with a wrong rule for one layer.

    Args:
        valid: Takes length, kernel and stride; the right rule if left out.
        same: The same for the other padding.
    """
    rules = {"valid": valid or _valid, "same": same or _same}

    def output_shape(size: tuple, kernels: list) -> tuple:
        h, w = size
        for k, stride, padding in kernels:
            h, w = (rules[padding](n, k, stride) for n in (h, w))
        return h, w

    return output_shape


def _valid(n: int, k: int, stride: int) -> int:
    return math.ceil((n - k + 1) / stride)


def _same(n: int, k: int, stride: int) -> int:
    return math.ceil(n / stride)


_shape = _by()

output_shape = Exercise(
    against(
        reference=_shape,
        cases=[
            ((28, 28), [(5, 1, "valid")]),
            ((32, 41), [(3, 2, "valid")]),
            ((33, 41), [(4, 3, "same")]),
            ((8, 10), [(2, 1, "same")]),
            ((32, 40), [(3, 1, "valid"), (2, 2, "valid"), (3, 1, "same")]),
            ((97, 60), [(7, 2, "same"), (5, 2, "valid"), (2, 2, "same")]),
            ((27, 50), [(2, 2, "valid"), (2, 3, "same"), (1, 2, "valid")]),
        ],
        mistakes={
            "valid lost a whole kernel. A kernel of k takes k − 1: in a row "
            "of k pixels it has one place.": (
                _by(valid=lambda n, k, s: math.ceil((n - k) / s))
            ),
            "valid lost a whole kernel, and is rounded down. It is "
            "n − k + 1, divided by the stride, rounded up.": (
                _by(valid=lambda n, k, s: (n - k) // s)
            ),
            "For valid you rounded (n − k + 1) / stride down. Round it up: "
            "the first place counts, however long the stride.": (
                _by(valid=lambda n, k, s: (n - k + 1) // s)
            ),
            "For same you rounded n / stride down. Round it up: the first "
            "place counts, however long the stride.": (
                _by(same=lambda n, k, s: n // s)
            ),
            "You rounded down, for valid and for same. Round up: the first "
            "place counts, however long the stride.": _by(
                lambda n, k, s: (n - k + 1) // s, lambda n, k, s: n // s
            ),
            "You did not round. A map has whole pixels: round up.": _by(
                lambda n, k, s: (n - k + 1) / s, lambda n, k, s: n / s
            ),
            "You did not round (n − k) / stride + 1: round it down.": (
                _by(valid=lambda n, k, s: (n - k) / s + 1)
            ),
            "You did not round: (n − k) / stride + 1 down, n / stride up.": _by(
                lambda n, k, s: (n - k) / s + 1, lambda n, k, s: n / s
            ),
            "You rounded to the nearest whole number. Round up.": _by(
                lambda n, k, s: round((n - k + 1) / s),
                lambda n, k, s: round(n / s),
            ),
            "For same you rounded to the nearest whole number. Round up.": (
                _by(same=lambda n, k, s: round(n / s))
            ),
            # Rounded up, n − k + 1 / stride is the same number.
            "For valid the stride has no effect. Is it missing, or are "
            "brackets? (n − k + 1) / stride, rounded up.": (
                _by(valid=lambda n, k, s: n - k + 1)
            ),
            "Brackets are missing: for valid only the 1 is divided by the "
            "stride. It is (n − k + 1) / stride, rounded up.": (
                _by(valid=lambda n, k, s: n - k + 1 / s)
            ),
            "Brackets are missing: for valid only the 1 is divided, and "
            "rounded down. It is (n − k + 1) / stride, rounded up.": (
                _by(valid=lambda n, k, s: n - k + 1 // s)
            ),
            "The padding is ignored: this treats same like valid.": (
                _by(same=_valid)
            ),
            "The padding is ignored: this treats valid like same.": (
                _by(valid=_same)
            ),
            "valid and same are exchanged: valid takes whole windows only.": (
                _by(valid=_same, same=_valid)
            ),
            "With same the size stays only if the stride is 1. Divide it by "
            "the stride, and round up.": _by(same=lambda n, k, s: n),
            "The stride is ignored.": _by(
                lambda n, k, s: n - k + 1, lambda n, k, s: n
            ),
            "same depends on the kernel here, as if k // 2 zeros stood on "
            "both sides. For an even kernel that is one too many: same is "
            "n / stride, rounded up.": (
                _by(same=lambda n, k, s: (n + k // 2 * 2 - k) // s + 1)
            ),
            "same depends on the kernel here, as if (k − 1) // 2 zeros stood "
            "on both sides. For an even kernel that is one too few: same is "
            "n / stride, rounded up.": _by(
                same=lambda n, k, s: (n + (k - 1) // 2 * 2 - k) // s + 1
            ),
            "h and w are exchanged: return (h, w).": (
                lambda size, kernels: _shape(size[::-1], kernels)
            ),
            "h stands for both. Compute w as well.": (
                lambda size, kernels: _shape((size[0], size[0]), kernels)
            ),
            "w stands for both. Compute h as well.": (
                lambda size, kernels: _shape((size[1], size[1]), kernels)
            ),
            "Only the first layer has an effect. Is the return inside the "
            "loop?": lambda size, kernels: _shape(size, kernels[:1]),
            "Only the last layer has an effect. Give every layer the size "
            "that the one before has left.": (
                lambda size, kernels: _shape(size, kernels[-1:])
            ),
        },
        insight="With same the kernel does not matter, only the stride "
        "shrinks the map. With valid every kernel takes k − 1 pixels, also "
        "with a stride of 1: 28 − 5 + 1 is 24.",
    ),
    hints=[
        "A kernel of 3 in a row of 5 pixels: at how many places does it fit? "
        "And how many are left if you take every second one?",
        "valid: n − k + 1 places. same: n places. Every stride-th of them "
        "counts, from the first one on.",
        "for kernel, stride, padding in kernels: subtract kernel − 1 from h "
        "and w if the padding is valid, then divide by the stride and round "
        "up, int(np.ceil(h / stride)).",
    ],
)


def _fold(step: Callable[..., tuple], first: int = 1) -> Callable[..., int]:
    """Return a `field` that goes from layer to layer by this rule.

    Args:
        step: Takes size, jump, kernel and stride; returns size and jump.
        first: The size before the first layer.
    """

    def field(layers: list) -> int:
        size, jump = first, 1
        for kernel, stride in layers:
            size, jump = step(size, jump, kernel, stride)
        return size

    return field


def _rule(size: int, jump: int, k: int, s: int) -> tuple[int, int]:
    return size + (k - 1) * jump, jump * s


_late = _fold(lambda n, jump, k, s: (n * s + k - 1, 1))

field = Exercise(
    against(
        reference=_fold(_rule),
        cases=[
            ([(3, 1), (2, 2), (3, 1)],),
            ([(7, 2)],),
            ([(5, 3), (3, 2), (4, 1)],),
            ([(3, 2), (1, 1), (3, 2), (2, 2), (5, 1)],),
            ([(11, 4), (3, 2), (5, 1), (3, 2), (3, 1)],),
        ],
        mistakes={
            "You added the kernels up. Neighbouring windows overlap: after a "
            "stride of 1, a kernel of 3 adds 2 pixels, not 3.": (
                lambda layers: sum(k for k, _ in layers)
            ),
            "You multiplied the kernels. Neighbouring windows overlap.": (
                lambda layers: math.prod(k for k, _ in layers)
            ),
            "The strides are missing. After a stride of 2 neighbours are 2 "
            "pixels apart, so later kernels reach twice as far.": (
                _fold(lambda n, jump, k, s: (n + k - 1, 1))
            ),
            "The strides are missing, and so is the pixel that one starts "
            "with.": lambda layers: sum(k - 1 for k, _ in layers),
            "You multiply what is seen by the stride. A stride does not widen "
            "what a unit sees; it widens the steps of later kernels.": (
                _fold(lambda n, jump, k, s: ((n + k - 1) * s, 1))
            ),
            "A layer's own stride comes too early. It sets its units apart, "
            "and only the kernels of later layers feel it.": (
                _fold(lambda n, jump, k, s: _rule(n, jump * s, k, 1))
            ),
            "Each kernel is stretched by the stride of its own layer. All "
            "strides before it stretch it, multiplied.": (
                _fold(lambda n, jump, k, s: (n + (k - 1) * s, 1))
            ),
            "Only the stride of the layer before stretches a kernel here. "
            "All strides before it do, multiplied.": (
                _fold(lambda n, jump, k, s: (n + (k - 1) * jump, s))
            ),
            "You added the strides. After two strides of 2 neighbours are 4 "
            "pixels apart, after three 8: multiply.": (
                _fold(lambda n, jump, k, s: (n + (k - 1) * jump, jump + s))
            ),
            "A kernel adds k − 1 steps, not k: one of its places was seen "
            "already.": _fold(lambda n, jump, k, s: (n + k * jump, jump * s)),
            "Later kernels add one step too many. A kernel adds k − 1.": (
                _fold(lambda n, jump, k, s: (n + k * jump, jump * s), first=0)
            ),
            "You count from 0. Before the first layer a unit is a pixel, and "
            "sees 1.": _fold(_rule, first=0),
            # The backward formula, taken forwards, gives the same.
            "The layers go the wrong way round: here the strides of later "
            "layers stretch a kernel. Those of the layers before it do.": (
                lambda layers: _fold(_rule)(layers[::-1])
            ),
            "This is how many pixels lie between two neighbours of the last "
            "layer. Asked is how many one unit sees.": (
                lambda layers: math.prod(s for _, s in layers)
            ),
            "You go from the first layer on with n · stride + kernel − 1. "
            "Such a rule is right only if you start at the last layer, and "
            "then it is (n − 1) · stride + kernel.": _late,
            "From the last layer to the first it is (n − 1) · stride + "
            "kernel. You subtract the 1 after the multiplication.": (
                lambda layers: _late(layers[::-1])
            ),
            "This is the area. Asked is the size in one direction.": (
                lambda layers: _fold(_rule)(layers) ** 2
            ),
            "Only the first layer has an effect. Is the return inside the "
            "loop?": lambda layers: layers[0][0],
        },
        insight="Kernels add, strides multiply. So two 3 × 3 see 5 × 5 with "
        "18 weights in place of 25, and an early stride of 2 doubles what "
        "every later kernel adds.",
    ),
    hints=[
        "Two kernels of 3 with stride 1: draw the pixels that one unit of the "
        "second layer sees. How many does the second kernel add?",
        "A kernel adds (kernel − 1) times the distance, in pixels, between "
        "two neighbours of the layer below. What does a stride do to it?",
        "size, jump = 1, 1; for each layer size += (kernel - 1) * jump first, "
        "then jump *= stride.",
    ],
)


def _convolution(
    name: str,
    kernel: list,
    *,
    stride: int = 1,
    bias: float = 0.0,
    padding: int = 0,
    lost: int = 0,
) -> Callable[[Any], np.ndarray]:
    """Return a convolution whose map lacks the last `lost` rows, columns."""

    def convolve(image: Any) -> np.ndarray:
        if np.ndim(image) != 2:
            shape = np.shape(image)
            raise ValueError(f"convolve wants shape (size, size), not {shape}")
        padded = np.pad(np.asarray(image, dtype=float), padding)
        result = _map(padded, np.array(kernel))[::stride, ::stride] + bias
        return result[: len(result) - lost, : result.shape[1] - lost]

    convolve.__name__ = name
    return convolve


def _probed(
    differ: Callable = lambda one, other: (one != other).any(),
    value: float = 1.0,
    stays: bool = False,
) -> Callable[[Callable, int], np.ndarray]:
    """Return an `unseen` that switches pixels on.

    Args:
        differ: Tells whether a map differs from that of a black image.
        value: What a pixel is set to.
        stays: Whether it is left on.
    """

    def unseen(convolve: Callable, size: int) -> np.ndarray:
        image = np.zeros((size, size))
        black, mask = convolve(image), np.zeros((size, size), bool)
        for place in np.ndindex(size, size):
            image[place] = value
            mask[place] = not differ(convolve(image), black)
            image[place] = value if stays else 0
        return mask

    return unseen


_unseen = _probed()

_grade_unseen = against(
    reference=_unseen,
    cases=[
        # Small images, so that a wrong mask can be shown as a whole.
        (_convolution("stride_of_2", [[2]], stride=2), 4),
        (_convolution("with_bias", [[1, 2], [3, 4]], bias=0.5, lost=1), 4),
        (_convolution("edges", [[1, -1]]), 4),
        (_convolution("same_padding", [[1, 2], [3, 4]], padding=1), 4),
        (_convolution("no_weight_above", [[0, 0], [2, 1]]), 4),
        (_convolution("tutorial_convolve", [[0.04] * 5] * 5, lost=1), 7),
        (_convolution("mended_convolve", [[0.04] * 5] * 5), 7),
    ],
    mistakes={
        "The mask is turned round: True is for the pixels without any "
        "effect.": lambda convolve, n: ~_unseen(convolve, n),
        "Rows and columns of the mask are exchanged.": (
            lambda convolve, n: _unseen(convolve, n).T
        ),
        "Here a pixel counts as seen if the map is not 0. But a map may "
        "have a bias: compare it with the map of the black image.": (
            _probed(lambda one, other: one.any())
        ),
        "Here a pixel counts as unseen if the sum of the map is 0. But "
        "the map of a black image need not be 0, and a sum of other "
        "numbers can be: compare with the map of the black image.": (
            _probed(lambda one, other: one.sum() != 0)
        ),
        "Here a pixel counts as seen if the sum of the map changes. But "
        "one value may rise by what another falls: compare whole maps.": (
            _probed(lambda one, other: one.sum() != other.sum())
        ),
        "Here a pixel counts as seen as soon as one before it was seen. "
        "Is each pixel switched off again?": _probed(stays=True),
        "Here a pixel counts as seen even if its weights are 0. Changing "
        "it has no effect. (NaN does not tell: NaN · 0 is NaN.)": (
            _probed(value=np.nan)
        ),
        "You answer that the last row and the last column are unseen, "
        "whatever convolve does. Call it, and compare maps.": (
            lambda convolve, n: np.pad(
                np.zeros((n - 1, n - 1)), (0, 1), constant_values=1
            )
        ),
        "You answer that every pixel is unseen, whatever convolve does.": (
            lambda convolve, n: np.ones((n, n))
        ),
        "You answer that every pixel is seen, whatever convolve does.": (
            lambda convolve, n: np.zeros((n, n))
        ),
    },
    insight="The suspect never looks at the last row and the last column, "
    "55 of 784 pixels in 28 × 28: its loops end one place too early. A "
    "formula and a code that agree may share a mistake.",
)


# Where == gives a map of its own, what uses it raises.
_ADVICE = {
    "setting an array element|truth value": "Compare whole maps: "
    "np.array_equal(a, b) is one True or False."
}

unseen = Exercise(
    explained(_ADVICE)(_grade_unseen),
    hints=[
        "What does convolve give for a black image, and what for one with a "
        "single white pixel?",
        "Loop over all pixels: a new image of zeros, one pixel set to 1, and "
        "the two maps compared, for example with np.array_equal.",
        "mask[i, j] = np.array_equal(convolve(image), black), where black = "
        "convolve(np.zeros((size, size))).",
    ],
)
