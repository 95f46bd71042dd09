"""Toy data follow their formulas, and surfaces have the slopes they claim."""

from __future__ import annotations

from course_utils import scratch, toy
from course_utils.toy import DATA, SURFACES, Surface

import numpy as np
import pytest

FORMULAS = {
    "line": lambda x: 0.1 * x + 0.3,
    "curve": lambda x: 0.25 + 0.8 * (x - 0.5) ** 2,
}
surfaces = pytest.mark.parametrize(
    "surface", SURFACES.values(), ids=SURFACES.keys()
)


def slope(surface: Surface, point: np.ndarray) -> np.ndarray:
    return np.array(surface.gradient(*point), float)


def hessian(surface: Surface, point: np.ndarray) -> np.ndarray:
    """Differentiate the gradient numerically; shape (2, 2)."""
    steps = 1e-5 * np.eye(2)
    return np.array(
        [
            (slope(surface, point + s) - slope(surface, point - s)) / 2e-5
            for s in steps
        ]
    )


def test_every_data_set_has_its_formula() -> None:
    assert DATA.keys() == FORMULAS.keys()


@pytest.mark.parametrize("name", DATA)
def test_data_follow_the_formula(name: str) -> None:
    x, y = DATA[name](num_samples=25, noise=0.0)
    assert x.shape == y.shape == (25,)
    assert x.min() >= 0
    assert x.max() <= 1
    np.testing.assert_allclose(y, FORMULAS[name](x), atol=1e-12)


@pytest.mark.parametrize("name", DATA)
def test_noise_has_the_size_it_says(name: str) -> None:
    x, y = DATA[name](num_samples=20_000, noise=0.3, seed=7)
    rest = y - FORMULAS[name](x)
    assert rest.mean() == pytest.approx(0, abs=0.01)
    assert rest.std() == pytest.approx(0.3, rel=0.02)
    assert abs(np.corrcoef(x, rest)[0, 1]) < 0.03


@pytest.mark.parametrize("name", DATA)
def test_a_seed_decides_the_data(name: str) -> None:
    make = DATA[name]
    np.random.seed(1)
    first = make(seed=3)
    np.random.seed(2)
    np.testing.assert_array_equal(first, make(seed=3))
    assert not np.array_equal(first, make(seed=4))


def test_no_straight_line_follows_the_curve() -> None:
    def miss(data: toy.Data) -> float:
        x, y = data
        return float(np.std(np.polyval(np.polyfit(x, y, 1), x) - y))

    assert miss(toy.curve(1000, noise=0.0)) > 0.04
    assert miss(toy.line(1000, noise=0.0)) < 1e-9


@surfaces
def test_gradients_agree_with_differences(surface: Surface) -> None:
    rng = np.random.default_rng(5)
    for point in rng.uniform(-surface.limits, surface.limits, (200, 2)):
        numerical = scratch.numerical_gradient(
            lambda w: surface.loss(*w), point
        )
        np.testing.assert_allclose(
            slope(surface, point), numerical, rtol=1e-5, atol=1e-7
        )


@surfaces
def test_gradients_work_on_whole_grids(surface: Surface) -> None:
    rng = np.random.default_rng(6)
    u, v = rng.uniform(-2, 2, (2, 3, 4))
    assert surface.loss(u, v).shape == (3, 4)
    np.testing.assert_allclose(
        np.array(surface.gradient(u, v))[:, 1, 2],
        slope(surface, np.array([u[1, 2], v[1, 2]])),
    )


@surfaces
def test_minima_are_minima(surface: Surface) -> None:
    assert surface.minima
    for point in map(np.array, surface.minima):
        assert np.abs(point).max() < surface.limits
        np.testing.assert_allclose(slope(surface, point), 0, atol=1e-7)
        assert np.linalg.eigvalsh(hessian(surface, point)).min() > 0.1


@surfaces
def test_the_best_minimum_comes_first_and_none_is_missing(
    surface: Surface,
) -> None:
    heights = [surface.loss(*point) for point in surface.minima]
    assert heights[0] == pytest.approx(min(heights))
    axis = np.linspace(-surface.limits, surface.limits, 301)
    grid = surface.loss(*np.meshgrid(axis, axis))
    assert heights[0] <= grid.min() + 1e-9
    # A cell of the grid lower than all its neighbours is a minimum.
    inner = grid[1:-1, 1:-1]
    lower = np.ones_like(inner, bool)
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            if (down, right) != (1, 1):
                rows = grid[down : down + 299, right : right + 299]
                lower &= inner < rows
    assert lower.sum() == len(surface.minima)


@surfaces
def test_starts_are_inside_and_not_at_the_end(surface: Surface) -> None:
    assert np.abs(surface.start).max() < surface.limits
    for minimum in surface.minima:
        assert np.linalg.norm(np.subtract(surface.start, minimum)) > 0.5


def test_surfaces_are_what_their_names_say() -> None:
    origin = np.zeros(2)
    ravine = np.linalg.eigvalsh(hessian(SURFACES["ravine"], origin))
    assert ravine[1] / ravine[0] == pytest.approx(25)
    bowl = np.linalg.eigvalsh(hessian(SURFACES["bowl"], origin))
    assert bowl[1] / bowl[0] == pytest.approx(1)
    saddle = SURFACES["saddle"]
    np.testing.assert_allclose(slope(saddle, origin), 0)
    falls, rises = np.linalg.eigvalsh(hessian(saddle, origin))
    assert falls < 0 < rises
    assert slope(saddle, np.array(saddle.start))[1] == 0, "on the ridge"
    valleys = SURFACES["two valleys"]
    assert valleys.loss(*valleys.minima[0]) < valleys.loss(*valleys.minima[1])
    plateau = SURFACES["plateau"]
    assert np.hypot(*slope(plateau, np.array(plateau.start))) < 0.05
