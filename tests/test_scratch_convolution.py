"""The convolution of lecture 08 is the convolution of Keras."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from course_utils import scratch

import keras
import numpy as np
import pytest

IMAGE = np.arange(9.0).reshape(3, 3)
KERNEL = np.arange(4.0).reshape(2, 2)


@pytest.fixture(autouse=True)
def loud() -> Iterator[None]:
    """Turn every warning into an error, as a learner would see it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def one_map(image: np.ndarray, kernel: np.ndarray, **more: object) -> list:
    """Convolve one image with one kernel, a channel last in both."""
    x = np.reshape(image, (1, *np.shape(image)))
    return scratch.conv2d(x, kernel[..., None], **more)[0, ..., 0].tolist()


def test_the_first_value_of_the_worked_example_is_19() -> None:
    found = one_map(IMAGE[..., None], KERNEL[..., None])
    assert found == [[19, 25], [37, 43]]


def test_two_channels_are_added_up_to_56() -> None:
    image = np.stack([IMAGE, IMAGE + 1], axis=-1)
    kernel = np.stack([KERNEL, KERNEL + 1], axis=-1)
    assert one_map(image, kernel) == [[56, 72], [104, 120]]


def test_the_three_by_three_example_of_the_notes_is_1() -> None:
    image = np.array([[1.0, 0, 2], [5, 4, 2], [3, 4, 5]])
    kernel = np.array([[-1.0, 0, 1]] * 3)
    found = one_map(image[..., None], kernel[..., None], bias=np.array([1.0]))
    assert found == [[1]]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(
    "window",
    [(1, 1), (2, 2), (3, 3), (5, 5), (1, 4), (4, 3), (6, 2)],
    ids=lambda window: "x".join(map(str, window)),
)
def test_it_is_equal_to_keras(
    window: tuple[int, int], stride: int, padding: str
) -> None:
    rng = np.random.default_rng(0)
    for size, channels, filters in (
        ((6, 6), 1, 1),
        ((7, 10), 3, 4),
        ((28, 28), 1, 2),
    ):
        x = rng.normal(size=(2, *size, channels)).astype(np.float32)
        kernel = rng.normal(size=(*window, channels, filters))
        bias = rng.normal(size=filters)
        layer = keras.layers.Conv2D(filters, window, stride, padding)
        layer.build(x.shape)
        layer.set_weights([kernel, bias])
        before = x.copy()
        ours = scratch.conv2d(x, kernel, bias, stride, padding)
        theirs = keras.ops.convert_to_numpy(layer(x))
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(x, before)


def test_same_takes_a_kernel_larger_than_the_image() -> None:
    x = np.random.default_rng(0).normal(size=(1, 2, 3, 1))
    kernel = np.random.default_rng(1).normal(size=(5, 7, 1, 1))
    theirs = keras.ops.conv(x, kernel, padding="same", data_format=None)
    ours = scratch.conv2d(x, kernel, padding="same")
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_the_kernel_is_not_turned() -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 3))
    impulse = np.zeros((5, 5))
    impulse[2, 2] = 1
    found = one_map(impulse[..., None], kernel[..., None])
    np.testing.assert_array_equal(found, kernel[::-1, ::-1])


def test_whole_numbers_stay_whole() -> None:
    x = IMAGE.astype(int)[None, ..., None]
    found = scratch.conv2d(x, KERNEL.astype(int)[..., None, None])
    assert found.dtype.kind == "i"
    assert found[0, ..., 0].tolist() == [[19, 25], [37, 43]]


@pytest.mark.parametrize(
    ("x", "kernel", "more", "words"),
    [
        ((3, 3), (2, 2, 1, 1), {}, r"x \(n, h, w, c\)"),
        ((1, 3, 3, 1), (2, 2), {}, r"kernel \(k, l, c, f\)"),
        ((1, 3, 3, 3), (2, 2, 1, 4), {}, "3 channels.* 1"),
        ((1, 3, 3, 1), (4, 2, 1, 1), {}, r"\(4, 2\) is larger .*\(3, 3\)"),
        ((1, 3, 3, 1), (2, 4, 1, 1), {}, r"\(2, 4\) is larger .*\(3, 3\)"),
        ((1, 3, 5, 1), (4, 2, 1, 1), {}, r"\(4, 2\) is larger .*\(3, 5\)"),
        ((1, 5, 3, 1), (2, 4, 1, 1), {}, r"\(2, 4\) is larger .*\(5, 3\)"),
        ((1, 3, 3, 1), (2, 2, 1, 1), {"stride": 0}, "stride 0.* 1 or more"),
        ((1, 3, 3, 1), (2, 2, 1, 1), {"stride": -1}, "stride -1"),
        ((1, 3, 3, 1), (2, 2, 1, 1), {"padding": "full"}, "'full'.*'same'"),
    ],
    ids=[
        "rank of x",
        "rank of the kernel",
        "channels",
        "too high",
        "too wide",
        "too high, and wide enough for it",
        "too wide, and high enough for it",
        "stride 0",
        "stride -1",
        "padding",
    ],
)
def test_what_does_not_fit_is_said_in_words(
    x: tuple, kernel: tuple, more: dict, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        scratch.conv2d(np.zeros(x), np.zeros(kernel), **more)
