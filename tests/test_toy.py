"""Toy data follow their formulas, and surfaces have the slopes they claim."""

from __future__ import annotations

from course_utils import scratch, sequences, toy
from course_utils.toy import CLASSES, DATA, RACES, SURFACES, Data, Surface

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

FORMULAS = {
    "line": lambda x: 0.1 * x + 0.3,
    "curve": lambda x: 0.25 + 0.8 * (x - 0.5) ** 2,
}
EVERYWHERE = SURFACES | {f"race {name}": s for name, s in RACES.items()}
surfaces = pytest.mark.parametrize(
    "surface", EVERYWHERE.values(), ids=EVERYWHERE.keys()
)
# Data with their own idea of noise.
MAKERS = DATA | CLASSES | {"parabola": toy.parabola, "dots": toy.dots}


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


@pytest.mark.parametrize("name", [*MAKERS, "yoghurt"])
def test_a_seed_decides_the_data(name: str) -> None:
    make = getattr(toy, name)

    def together(seed: int) -> np.ndarray:
        return np.column_stack(make(seed=seed))

    np.random.seed(1)
    first = together(3)
    np.random.seed(2)
    before = np.random.get_state()[1].copy()
    np.testing.assert_array_equal(first, together(3))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert not np.array_equal(first, together(4))


@pytest.mark.parametrize("num_samples", [1, 7, 32])
@pytest.mark.parametrize("name", [*MAKERS, "yoghurt"])
def test_data_have_as_many_samples_as_asked(
    name: str, num_samples: int
) -> None:
    x, y = getattr(toy, name)(num_samples)
    flat = name in [*DATA, "parabola"]
    assert x.shape == ((num_samples,) if flat else (num_samples, 2))
    assert y.shape == (num_samples,)


def test_no_straight_line_follows_the_curve() -> None:
    def miss(data: toy.Data) -> float:
        x, y = data
        return float(np.std(np.polyval(np.polyfit(x, y, 1), x) - y))

    assert miss(toy.curve(1000, noise=0.0)) > 0.04
    assert miss(toy.line(1000, noise=0.0)) < 1e-9


def test_the_parabola_is_x_squared_and_noise() -> None:
    x, y = toy.parabola(5, noise=0.0)
    np.testing.assert_allclose(x, [-1, -0.5, 0, 0.5, 1])
    np.testing.assert_allclose(y, [1, 0.25, 0, 0.25, 1])
    x, y = toy.parabola(20_000, noise=0.3, seed=7)
    assert np.mean(y - x**2) == pytest.approx(0, abs=0.01)
    assert np.std(y - x**2) == pytest.approx(0.3, rel=0.02)


def test_yoghurt_is_that_of_the_notes() -> None:
    rng = np.random.RandomState(23455)
    features = rng.rand(32, 2)
    sales = [a + b + (rng.rand() / 10.0 - 0.05) for a, b in features]
    x, y = toy.yoghurt()
    np.testing.assert_array_equal(x, features)
    np.testing.assert_allclose(y, sales, rtol=1e-14)


def test_yoghurt_sells_evenly_around_the_sum() -> None:
    x, y = toy.yoghurt(20_000, seed=1)
    assert x.min() >= 0
    assert x.max() < 1
    rest = y - x.sum(axis=1)
    assert np.abs(rest).max() <= 0.05
    # Even: each tenth of the range holds a tenth of the days.
    counts, _ = np.histogram(rest, np.linspace(-0.05, 0.05, 11))
    np.testing.assert_allclose(counts, 2000, rtol=0.1)


def test_dots_are_those_of_the_notes() -> None:
    x, label = toy.dots()
    np.testing.assert_array_equal(x, np.random.RandomState(2).randn(300, 2))
    inside = [1 if a * a + b * b < 2 else 0 for a, b in x]
    np.testing.assert_array_equal(label, inside)
    # The first two lines of the file of the notes, and its count.
    np.testing.assert_allclose(
        x[:2],
        [[-0.416757847, -0.056266827], [-2.136196096, 1.640270808]],
        atol=2e-9,
    )
    assert label[:2].tolist() == [1, 0]
    assert label.sum() == 188


def test_noise_turns_labels_of_dots_over() -> None:
    x, clean = toy.dots(20_000)
    same_x, noisy = toy.dots(20_000, noise=0.2)
    np.testing.assert_array_equal(x, same_x)
    assert set(noisy.tolist()) == {0, 1}
    assert np.mean(clean != noisy) == pytest.approx(0.2, abs=0.01)
    _, all_wrong = toy.dots(300, noise=1.0)
    np.testing.assert_array_equal(all_wrong, 1 - toy.dots()[1])


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_two_of_one_size(name: str) -> None:
    x, label = CLASSES[name]()
    assert label.sum() == len(label) / 2 == 100
    assert set(label.tolist()) == {0, 1}
    # They fit into one picture, and fill it.
    assert 1 < np.abs(x).max() < 2
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=0.25)


@pytest.mark.parametrize("name", CLASSES)
def test_noise_of_classes_has_the_size_it_says(name: str) -> None:
    clean, label = CLASSES[name](20_000, noise=0.0, seed=7)
    noisy, same = CLASSES[name](20_000, noise=0.3, seed=7)
    np.testing.assert_array_equal(label, same)
    np.testing.assert_allclose((noisy - clean).std(axis=0), 0.3, rtol=0.02)
    np.testing.assert_allclose((noisy - clean).mean(axis=0), 0, atol=0.01)


def without_noise(name: str) -> Data:
    return CLASSES[name](400, noise=0.0)


def test_classes_have_the_shapes_of_their_names() -> None:
    x, label = without_noise("circles")
    np.testing.assert_allclose(np.hypot(*x.T), np.where(label, 0.6, 1.4))

    x, label = without_noise("xor")
    np.testing.assert_array_equal(x[:, 0] * x[:, 1] < 0, label == 1)
    assert np.abs(x).min() >= 0.15
    fields = {(u > 0, v > 0) for u, v in x.tolist()}
    assert len(fields) == 4

    x, label = without_noise("moons")
    centres = np.array([[-0.5, -0.25], [0.5, 0.25]])[label]
    np.testing.assert_allclose(np.hypot(*(x - centres).T), 1)
    np.testing.assert_array_equal((x - centres)[:, 1] > 0, label == 0)

    x, label = without_noise("spiral")
    radius, angle = np.hypot(*x.T), np.arctan2(x[:, 1], x[:, 0])
    turned = (angle - 4 * radius - np.pi * label) / (2 * np.pi)
    np.testing.assert_allclose(turned, turned.round(), atol=1e-9)
    assert np.ptp(4 * radius) > 1.5 * np.pi, "three quarters of a turn"


@pytest.mark.parametrize("name", [*CLASSES, "dots"])
def test_a_curve_separates_the_classes_and_no_line_does(name: str) -> None:
    x, label = getattr(toy, name)()
    new_x, new_label = getattr(toy, name)(seed=1)
    line = LogisticRegression().fit(x, label).score(x, label)
    curve = KNeighborsClassifier(3).fit(x, label).score(new_x, new_label)
    assert line < 0.9
    assert curve > 0.93


@surfaces
def test_gradients_agree_with_differences(surface: Surface) -> None:
    rng = np.random.default_rng(5)
    for point in rng.uniform(-surface.limits, surface.limits, (200, 2)):
        numerical = scratch.numerical_gradient(
            lambda w: surface.loss(*w), point
        )
        np.testing.assert_allclose(
            slope(surface, point),
            numerical,
            rtol=1e-5,
            # Differences of large numbers are rough.
            atol=1e-7 + 1e-10 * abs(surface.loss(*point)),
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
    # A point of the grid lower than all its neighbours is at a minimum, or
    # on the floor of a narrow valley: then Newton's step leads far away.
    inner = grid[1:-1, 1:-1]
    lower = np.ones_like(inner, bool)
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            if (down, right) != (1, 1):
                rows = grid[down : down + 299, right : right + 299]
                lower &= inner < rows
    found = [axis[[j + 1, i + 1]] for i, j in np.argwhere(lower)]
    steps = [
        np.linalg.solve(hessian(surface, p), slope(surface, p)) for p in found
    ]
    near = np.abs(steps).max(axis=1) < axis[1] - axis[0]
    assert near.sum() == len(surface.minima)


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


def test_slope_gives_both_derivatives_in_one_array() -> None:
    bowl = SURFACES["bowl"]
    result = bowl.slope(np.array([1.0, -3.0]))
    assert result.shape == (2,)
    np.testing.assert_array_equal(result, [2, -6])


def test_beale_is_the_one_of_the_literature() -> None:
    beale = RACES["Beale"]
    rng = np.random.default_rng(8)
    x, y = rng.uniform(-4.5, 4.5, (2, 50))
    np.testing.assert_allclose(
        beale.loss(x, y),
        (1.5 - x + x * y) ** 2
        + (2.25 - x + x * y**2) ** 2
        + (2.625 - x + x * y**3) ** 2,
    )
    assert beale.loss(3.0, 0.5) == 0
    assert beale.loss(0.0, 0.0) == pytest.approx(14.203125)


def test_races_are_what_their_names_say() -> None:
    # Off the ridge, or nobody would ever leave the saddle.
    saddle = RACES["saddle"]
    path = scratch.descend(saddle.slope, np.array(saddle.start), 0.1, 60)
    assert abs(path[-1][1]) == pytest.approx(2**0.5, abs=1e-3)
    on_ridge = np.array(SURFACES["saddle"].start)
    path = scratch.descend(saddle.slope, on_ridge, 0.1, 60)
    assert path[-1][1] == 0

    valleys = RACES["many valleys"]
    assert valleys.loss(0.0, 0.0) == 0
    assert len(valleys.minima) == 9
    path = scratch.descend(valleys.slope, np.array(valleys.start), 0.01, 300)
    np.testing.assert_allclose(path[-1], [1.94067, -1.94067], atol=1e-4)


@pytest.mark.parametrize("degrees", [0, 45, 90, -30])
@surfaces
def test_turned_surface_is_the_same_in_another_direction(
    surface: Surface, degrees: float
) -> None:
    new = toy.turned(surface, degrees)
    turn = np.exp(1j * np.radians(degrees))  # by a complex number
    for old in [(1.0, 0.0), (-0.7, 1.3), surface.start]:
        point = complex(*old) * turn
        point = np.array([point.real, point.imag])
        assert new.loss(*point) == pytest.approx(surface.loss(*old))
        arrow = complex(*surface.slope(old)) * turn
        np.testing.assert_allclose(
            new.slope(point), [arrow.real, arrow.imag], atol=1e-9
        )
    assert new.loss(*new.start) == pytest.approx(surface.loss(*surface.start))
    for point, before in zip(new.minima, surface.minima, strict=True):
        assert new.loss(*point) == pytest.approx(surface.loss(*before))
    assert new.limits == surface.limits


def test_ravine_turned_by_45_degrees_mixes_its_curvatures() -> None:
    turned = toy.turned(RACES["ravine"], 45)
    np.testing.assert_allclose(
        hessian(turned, np.zeros(2)), [[13, -12], [-12, 13]], atol=1e-6
    )


def test_a_seed_decides_the_spring() -> None:
    before = np.random.get_state()[1].copy()
    np.testing.assert_array_equal(
        toy.spring(99, seed=3), toy.spring(99, seed=3)
    )
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert not np.array_equal(toy.spring(99, seed=3), toy.spring(99, seed=4))


@pytest.mark.parametrize("hours", [0, 1, 100])
def test_the_spring_has_a_level_each_hour(hours: int) -> None:
    assert toy.spring(hours).shape == (hours,)


def test_noise_of_the_spring_leaves_the_water_alone() -> None:
    rest = toy.spring(5000, noise=2.0) - toy.spring(5000, noise=0.0)
    assert rest.std() == pytest.approx(2, rel=0.05)
    assert abs(np.corrcoef(rest[1:], rest[:-1])[0, 1]) < 0.05


@pytest.mark.parametrize("seed", range(5))
def test_the_siphon_starts_when_full_and_stops_when_empty(seed: int) -> None:
    levels = toy.spring(noise=0.0, seed=seed)
    assert levels.min() >= 0
    assert levels.max() < 118
    running, falls = False, np.diff(levels) < 0
    for level, fell in zip(levels, falls, strict=False):
        running = level > 20 if running else level >= 100
        assert fell == running


def test_only_memory_tells_whether_the_spring_rises() -> None:
    levels = toy.spring(noise=0.0)
    half = (levels[:-1] > 50) & (levels[:-1] < 70)
    assert 0.2 < np.mean(np.diff(levels)[half] > 0) < 0.8


@pytest.mark.parametrize("seed", range(5))
def test_no_linear_forecast_of_the_spring_knows_the_siphon(seed: int) -> None:
    levels = toy.spring(seed=seed)
    x, y = sequences.windows(levels, 24)
    x1 = np.column_stack([x, np.ones(len(x))])
    linear = x1 @ np.linalg.lstsq(x1, y, rcond=None)[0]
    last, fell = x[:, -1], x[:, -1] < x[:, -2]
    runs = np.where(fell, last > 20, last >= 100)
    rule = last + np.where(runs, -18, 8)
    assert sequences.rmse(rule, y) < 0.8 * sequences.rmse(linear, y)
    assert sequences.rmse(linear, y) < 0.8 * sequences.rmse(last, y)
    assert sequences.rmse(last, y) < 0.8 * sequences.rmse(x[:, -24], y)
