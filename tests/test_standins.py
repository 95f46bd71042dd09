"""The stand-ins have the form of the real data, and their difficulty."""

from __future__ import annotations

import subprocess
import sys
import time

from course_utils import standins
from course_utils.standins import CLOTHING, SHAPES

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import NearestCentroid

SIZES = {"clothing": (28, 28), "shapes10": (32, 32, 3)}
makers = pytest.mark.parametrize("name", SIZES)


@pytest.fixture(scope="module")
def shapes() -> standins.Split:
    return standins.shapes10(num_train=1000, num_test=300)


@pytest.fixture(scope="module")
def clothes() -> standins.Split:
    return standins.clothing(num_train=1000, num_test=300)


@makers
def test_images_have_the_form_of_the_real_data(name: str) -> None:
    x, y, u, v = getattr(standins, name)(num_train=200, num_test=53, seed=3)
    assert x.shape == (200, *SIZES[name])
    assert u.shape == (53, *SIZES[name])
    assert y.shape == (200,)
    assert v.shape == (53,)
    assert {a.dtype for a in (x, y, u, v)} == {np.dtype(np.uint8)}
    np.testing.assert_array_equal(np.bincount(y), 20)
    assert sorted(np.bincount(v)) == [5] * 7 + [6] * 3
    # Shuffled, or a batch would hold one class.
    assert len(set(y[:20].tolist())) > 4


@makers
def test_the_defaults_are_2000_and_500(name: str) -> None:
    before = time.perf_counter()
    x, _, u, _ = getattr(standins, name)()
    # It takes half a second; machines may be busy.
    assert time.perf_counter() - before < 8
    assert len(x) == 2000
    assert len(u) == 500


@makers
def test_a_seed_decides_the_images(name: str) -> None:
    make = getattr(standins, name)
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first, again, other = (make(50, 20, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(first[0], other[0])


@makers
def test_test_images_do_not_depend_on_the_number_to_train_with(
    name: str,
) -> None:
    make = getattr(standins, name)
    few, many = make(10, 30), make(40, 30)
    np.testing.assert_array_equal(few[2], many[2])
    np.testing.assert_array_equal(few[3], many[3])


@makers
def test_no_image_is_there_twice(name: str) -> None:
    x, _, u, _ = getattr(standins, name)(300, 100)
    flat = np.concatenate([x, u]).reshape(400, -1)
    assert len(np.unique(flat, axis=0)) == 400


@makers
def test_a_set_may_be_empty(name: str) -> None:
    x, y, u, v = getattr(standins, name)(0, 3)
    assert x.shape == (0, *SIZES[name])
    assert y.shape == (0,)
    assert u.shape == (3, *SIZES[name])
    assert v.shape == (3,)


@makers
def test_negative_numbers_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="num_test is -1, expected"):
        getattr(standins, name)(num_train=10, num_test=-1)


def test_class_names_are_those_of_fashion_mnist() -> None:
    # In the order of https://github.com/zalandoresearch/fashion-mnist
    assert ", ".join(CLOTHING) == (
        "T-shirt/top, Trouser, Pullover, Dress, Coat, "
        "Sandal, Shirt, Sneaker, Bag, Ankle boot"
    )
    assert len(set(SHAPES)) == 10


# Labels of the first images, and pixels of two.
STORED = {
    "digits": {
        "labels": [3, 8, 1, 8, 1, 8, 9, 5, 2, 6, 9, 4],
        "train": [0, 133, 0, 0, 251, 86, 0, 138, 107, 0],
        "test": [0, 0, 0, 0, 255, 0, 0, 0, 65, 0],
    },
    "clothing": {
        "labels": [5, 8, 0, 3, 5, 5, 5, 7, 0, 9, 3, 1],
        "train": [84, 170, 78, 0, 202, 115, 0, 114, 185, 46],
        "test": [196, 190, 0, 0, 201, 178, 0, 210, 252, 0],
    },
    "shapes10": {
        "labels": [2, 1, 9, 8, 6, 4, 5, 9, 7, 0, 9, 4],
        "train": [58, 89, 227, 194, 132, 75, 59, 122, 239, 56],
        "test": [18, 59, 40, 16, 44, 38, 19, 56, 31, 20],
    },
}


@pytest.mark.parametrize("name", ["digits", *SIZES])
def test_every_machine_draws_the_same(name: str) -> None:
    x, y, u, _ = getattr(standins, name)()
    assert y[:12].tolist() == STORED[name]["labels"]
    for images, row in ((x, "train"), (u, "test")):
        pixels = images.reshape(len(images), -1)[7, 300:500:20].astype(int)
        np.testing.assert_allclose(pixels, STORED[name][row], atol=1)


def test_digits_are_the_real_ones_enlarged() -> None:
    x, y, u, v = standins.digits()
    assert x.shape == (1500, 28, 28)
    assert u.shape == (297, 28, 28)
    assert y.shape == (1500,)
    assert v.shape == (297,)
    assert {a.dtype for a in (x, y, u, v)} == {np.dtype(np.uint8)}

    # All 1,797 digits are there, and both sets have the same proportions.
    _, real = load_digits(return_X_y=True)
    np.testing.assert_array_equal(
        np.bincount(y) + np.bincount(v), np.bincount(real)
    )
    np.testing.assert_allclose(
        np.bincount(v), np.bincount(real) * 297 / 1797, atol=1.01
    )

    # White ink on black, in the middle.
    both = np.concatenate([x, u]).astype(float)
    # No digit is cut off: its edge may be soft, but no stroke is there.
    assert both[:, [0, -1]].max() < 80
    assert both[:, :, [0, 1, -2, -1]].max() == 0
    assert (both.max(axis=(1, 2)) > 200).mean() > 0.99
    assert 0.08 < (both / 255).mean() < 0.2
    mass = both.sum(axis=(1, 2))
    for other in (2, 1):
        centre = both.sum(axis=other) @ np.arange(28) / mass
        assert np.abs(centre - 13.5).max() < 1

    # Images and labels still belong together.
    assert by_pixels((x, y, u, v)) > 0.88
    # A one is higher than wide, and a six has its loop below, a nine above.
    ones = x[y == 1].mean(axis=0) > 100
    assert ones.any(axis=1).sum() > 1.5 * ones.any(axis=0).sum()
    high, low = slice(4, 14), slice(14, 24)
    for digit, loop, stem in ((6, low, high), (9, high, low)):
        mean = x[y == digit].mean(axis=0)
        assert mean[loop].sum() > mean[stem].sum()


def test_clothes_lie_on_black() -> None:
    x, *_ = standins.clothing(400, 0)
    assert np.median(x[:, [0, 0, -1, -1], [0, -1, 0, -1]]) == 0
    share = (x > 20).mean(axis=(1, 2))
    assert share.min() > 0.04
    assert share.max() < 0.75


def test_shapes_have_as_much_ink_as_their_geometry_says() -> None:
    """Measured on clean masks, without colours."""
    x, y = standins._grid(200)
    areas = {
        "disc": np.pi * 0.9**2,
        "ring": np.pi * (0.94**2 - 0.5**2),
        "square": 1.52**2,
        "triangle": 3**1.5 / 4 * 1.1**2,
        "star": 10 * 0.5 * 1.1 * 0.46 * np.sin(np.pi / 5),
        "cross": 4 * 0.95 * 0.54 - 0.54**2,
        "heart": 1.08**2 + np.pi * 0.54**2,
    }
    for name, outline in zip(SHAPES, standins._OUTLINES, strict=False):
        inside = outline(1.25 * x, 1.25 * y) < 0
        area = inside.mean() * (2 * 1.25) ** 2
        assert area == pytest.approx(areas[name], rel=0.02), name


def by_pixels(split: standins.Split) -> float:
    """Return the accuracy of a linear classifier of pixels."""
    x, y, u, v = split
    linear = RidgeClassifier(alpha=300.0)
    linear.fit(x.reshape(len(x), -1) / 255, y)
    return linear.score(u.reshape(len(u), -1) / 255, v)


def by_features(images: np.ndarray) -> np.ndarray:
    """Describe what stays when a shape moves, turns and changes colour."""
    grey = images.astype(float)
    grey -= grey.mean(axis=(1, 2), keepdims=True)
    # The direction of the strongest colour contrast, as one channel.
    flat = grey.reshape(len(grey), -1, 3)
    _, _, axes = np.linalg.svd(flat, full_matrices=False)
    grey = np.einsum("nhwc,nc->nhw", grey, axes[:, 0])
    skew = np.sign((grey**3).mean(axis=(1, 2)))[:, None, None]
    grey = grey * skew / grey.std(axis=(1, 2), keepdims=True)
    power = np.abs(np.fft.fft2(grey)) ** 2
    frequency = np.fft.fftfreq(32) * 32
    radius = np.hypot(frequency[:, None], frequency)
    rings = [
        np.log(power[:, (radius >= r) & (radius < r + 1)].mean(axis=1))
        for r in range(1, 14)
    ]
    ink = (grey > 0.5).mean(axis=(1, 2))
    down, right = np.gradient(grey, axis=(1, 2))
    edges = np.hypot(down, right).mean(axis=(1, 2))
    return np.stack([*rings, 5 * ink, 5 * edges], axis=1)


def test_pixels_tell_little_of_shapes_and_features_much(
    shapes: standins.Split,
) -> None:
    x, y, u, v = shapes
    pixels = by_pixels(shapes)
    features = NearestCentroid().fit(by_features(x), y)
    features = features.score(by_features(u), v)
    assert pixels < 0.45
    assert features > 0.6


def test_clothes_can_be_told_apart_but_not_by_a_linear_model(
    clothes: standins.Split,
) -> None:
    assert 0.5 < by_pixels(clothes) < 0.88


def test_no_drawing_library_is_imported() -> None:
    code = (
        "import sys, course_utils.standins; "
        "print([m for m in ('matplotlib', 'keras', 'sklearn', 'PIL')"
        " if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert run.stdout.strip() == "[]", run.stderr
