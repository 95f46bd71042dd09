"""Does a recurrent network foretell the price of a share?

Lecture 11 asks that, and this is where its numbers come from. It prints tables
in Markdown. The parts:
- speed: how long it takes to make a million windows, and to train an LSTM on
  windows as `sequences.windows` makes them, against `fit` on a copy of them,
  and how much memory a million of them need;
- google: the share that matplotlib brings, three networks, prices and log
  returns, walking forward over three folds;
- google_large: the same with the networks of the notes;
- starts: the networks for prices of lecture 11 from eight other seeds;
- large: the same with the network of the notes;
- band: how far the correlation of a return with those before it may lie from 0;
- spring: a series with a structure that can be learned, `toy.spring`;
- pond: what lecture 11 does with that series, for five of them;
- notes: the recipe of the notes on SH600519.csv in COURSE_DATA_DIR;
- ideas: formulations that might beat the naive forecast, on the same file.

Naive is the forecast that tomorrow's price is today's. Skill is 1 minus the
ratio of mean squared errors, network to naive.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from course_utils import datasets, sequences, toy

import common
import keras
import numpy as np
import psutil
from keras import layers

KINDS = ("SimpleRNN", "LSTM", "GRU")
WINDOWS, SECONDS = 1_000_000, 0.5  # so many windows of 60, at most so long
RATIO = 1.1  # at most; timings of one and the same training scatter so much


def spread(values: Sequence[float], form: str = ".3f") -> str:
    """Return mean, least and greatest in words."""
    least, most = min(values), max(values)
    return f"{np.mean(values):{form}} ({least:{form}} to {most:{form}})"


def small(kind: str, units: int) -> keras.Model:
    """Build one recurrent layer and one neuron that foretells no change."""
    layer = getattr(layers, kind)(units)
    last = layers.Dense(1, kernel_initializer="zeros")
    return keras.Sequential([keras.Input((None, 1)), layer, last])


def plain(kind: str) -> keras.Model:
    """Build the network of the lecture."""
    layer = getattr(layers, kind)(16)
    return keras.Sequential([keras.Input((None, 1)), layer, layers.Dense(1)])


def deep(kind: str) -> keras.Model:
    """Build the network of the notes."""
    layer = getattr(layers, kind)
    return keras.Sequential(
        [
            keras.Input((None, 1)),
            layer(80, return_sequences=True),
            layers.Dropout(0.2),
            layer(100),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )


def compiled(
    build: Callable[[], keras.Model], rate: float
) -> tuple[keras.Model, Callable[[int], None]]:
    """Compile once, for a new graph takes longer than a short training.

    Returns:
        The model, and what starts it anew from a seed. The weights are drawn
        as Keras draws them: shuffled ones would not be orthogonal.
    """
    model = build()
    model.compile(keras.optimizers.Adam(rate), "mse", metrics=["mae"])
    model.optimizer.build(model.trainable_variables)
    first = [variable.numpy() for variable in model.optimizer.variables]

    def restart(seed: int) -> None:
        keras.utils.set_random_seed(seed)
        # Among the variables is what a dropout draws from.
        fresh = build().variables
        for variable, value in zip(
            [*model.variables, *model.optimizer.variables],
            [*fresh, *first],
            strict=True,
        ):
            variable.assign(value)

    return model, restart


def foretold(
    model: keras.Model, xs: list, ys: list, epochs: int, batch: int
) -> list[np.ndarray]:
    """Train on the first part, choose the epoch on the second.

    Returns:
        What the model says of the second and the third part, both `(n,)`.
    """
    xs = [np.asarray(x, "float32")[..., None] for x in xs]
    best = keras.callbacks.EarlyStopping(
        patience=epochs, restore_best_weights=True
    )
    model.fit(
        xs[0],
        ys[0],
        batch_size=batch,
        epochs=epochs,
        verbose=0,
        validation_data=(xs[1], ys[1]),
        callbacks=[best],
    )
    return [
        model.predict(x, verbose=0, batch_size=len(x))[:, 0].astype(float)
        for x in xs[1:]
    ]


def linear(x: np.ndarray, y: np.ndarray, x_new: np.ndarray) -> np.ndarray:
    """Fit a linear autoregression by least squares, and let it foretell."""

    def with_one(x: np.ndarray) -> np.ndarray:
        return np.column_stack([x, np.ones(len(x))])

    weights = np.linalg.lstsq(with_one(x), y, rcond=None)[0]
    return with_one(x_new) @ weights


def wilson(share: float, days: int) -> tuple[float, float]:
    """Return the 95 % interval of a share: Wilson, 1927.

    Several networks see the same days, so that more seeds make it no shorter.
    """
    z = 1.96
    middle = share + z**2 / (2 * days)
    half = z * np.sqrt(share * (1 - share) / days + (z / (2 * days)) ** 2)
    return tuple((middle + side * half) / (1 + z**2 / days) for side in (-1, 1))


def opening_prices() -> np.ndarray:
    """Read Google's share, which matplotlib brings, without a report."""
    with contextlib.redirect_stdout(io.StringIO()):
        return datasets.stock().values


def google(options: argparse.Namespace) -> list[str]:
    """Walk forward over three folds of Google's share."""
    size = options.units
    return walk(f"{size} units", lambda kind: small(kind, size), 0.005, options)


def google_large(options: argparse.Namespace) -> list[str]:
    """Do that with the networks of the notes."""
    return walk("80 and 100 units", deep, 0.001, options)


def walk(
    title: str,
    build: Callable[[str], keras.Model],
    rate: float,
    options: argparse.Namespace,
) -> list[str]:
    """Train anew for each fold, and judge the days after it."""
    prices = opening_prices()
    length, block, epochs = 30, 150, options.epochs or 15
    folds = []
    for end in range(len(prices) - 2 * block, len(prices) + 1, block):
        cuts = end - 2 * block, end - block
        folds.append(np.split(prices[:end], cuts))
    # The names of the forms, and for each what makes of the three parts of a
    # fold inputs, targets, and prices out of what a network says.
    forms = {"price": price_form, "log return": return_form}
    print(
        f"\nGOOG, opening price, {len(prices):,} days, windows of {length} "
        f"days, {title}, {epochs} epochs, {options.seeds} seeds"
    )
    last, actual = np.transpose(
        [known(fold, length) for fold in folds], (1, 0, 2)
    )
    found = {("naive", ""): last[None]}
    for kind in KINDS:
        model, restart = compiled(partial(build, kind), rate)
        for form, make in forms.items():
            said = np.empty((options.seeds, *last.shape))
            for seed, fold in np.ndindex(said.shape[:2]):
                xs, ys, back = make(folds[fold], length)
                restart(seed)
                _, answers = foretold(model, xs, ys, epochs, 32)
                said[seed, fold] = back(answers)
            found[kind, form] = said
    for number in (1, len(folds)):
        compare(found, last, actual, number)
    networks = list(found.items())[1:]
    common.head(
        "GOOG: skill in each fold, mean of the seeds",
        *("network", "foretells", *range(1, len(folds) + 1)),
    )
    for names, said in networks:
        skills = [
            np.mean([sequences.skill(s, now, then) for s in fold])
            for fold, now, then in zip(
                said.swapaxes(0, 1), actual, last, strict=True
            )
        ]
        common.row(*names, *(f"{skill:.3f}" for skill in skills))
    lags = range(-2, 4)
    common.head(
        "GOOG, last fold: prices foretold, against the price k days before",
        *("network", "measure", *(f"k = {k}" for k in lags)),
    )
    measures = "RMSE", "correlation of daily changes"
    for (kind, form), said in networks:
        if form == "price":
            pairs = [
                [shifted(s, actual[-1], k) for k in lags] for s in said[:, -1]
            ]
            for name, values in zip(
                measures, np.mean(pairs, axis=0).T, strict=True
            ):
                common.row(kind, name, *(f"{value:.2f}" for value in values))
    return []


def compare(
    found: dict, last: np.ndarray, actual: np.ndarray, number: int
) -> None:
    """Print errors, skill and direction in the last `number` folds."""
    now, before = actual[-number:].ravel(), last[-number:].ravel()
    moved = now != before
    ups = np.mean(now[moved] > before[moved])
    common.head(
        f"GOOG, the last {number} of {len(last)} folds: {len(now)} days, "
        f"{ups:.1%} of the changes are up",
        *("network", "foretells", "MSE", "RMSE", "MAE"),
        *("skill: mean (least to greatest)", "direction, 95 %"),
    )
    for names, said in found.items():
        tests = said[:, -number:].reshape(len(said), -1)
        errors = tests - now
        mse, mae = np.mean(errors**2, axis=1), np.mean(abs(errors), axis=1)
        skills = [sequences.skill(test, now, before) for test in tests]
        signs = np.sign(tests - before) == np.sign(now - before)
        right = np.mean(signs[:, moved])
        low, high = wilson(right, np.sum(moved))
        way = f"{right:.1%} ({low:.1%} to {high:.1%})"
        common.row(
            *names,
            *(f"{mse.mean():.1f}", spread(mse**0.5, ".2f")),
            *(f"{mae.mean():.2f}", spread(skills)),
            way if names[1] else "says none",
        )


def shifted(
    said: np.ndarray, actual: np.ndarray, lag: int
) -> tuple[float, float]:
    """Compare what was said for a day with the price `lag` days before.

    Returns:
        RMSE, and the correlation of changes from day to day.
    """
    if lag > 0:
        said, actual = said[lag:], actual[:-lag]
    elif lag < 0:
        said, actual = said[:lag], actual[-lag:]
    both = np.corrcoef(np.diff(said), np.diff(actual))
    return sequences.rmse(said, actual), float(both[0, 1])


def known(fold: list[np.ndarray], length: int) -> tuple:
    """Return the last known and the actual prices of a fold's test part."""
    return fold[2][length:-1], fold[2][length + 1 :]


def price_form(fold: list[np.ndarray], length: int) -> tuple:
    """Prepare a fold so that a network foretells prices."""
    mean, std = fold[0].mean(), fold[0].std()
    # The first day has no return, so both forms leave it out.
    scaled = [(part[1:] - mean) / std for part in fold]
    pairs = [sequences.windows(part, length) for part in scaled]
    xs, ys = zip(*pairs, strict=True)
    return xs, ys, lambda said: said * std + mean


def return_form(fold: list[np.ndarray], length: int) -> tuple:
    """Prepare a fold so that a network foretells log returns."""
    returns = [np.diff(np.log(part)) for part in fold]
    std = returns[0].std()
    pairs = [sequences.windows(part / std, length) for part in returns]
    xs, ys = zip(*pairs, strict=True)
    last, _ = known(fold, length)
    return xs, ys, lambda said: last * np.exp(said * std)


def from_seeds(
    title: str,
    build: Callable[[str], keras.Model],
    rate: float,
    epochs: int,
    seeds: Sequence[int],
) -> list[str]:
    """Let networks foretell the prices of Google as lecture 11 does."""
    parts = np.split(opening_prices(), [-400, -200])
    low, high = parts[0].min(), parts[0].max()
    pairs = [
        sequences.windows((part - low) / (high - low), 60) for part in parts
    ]
    xs, ys = zip(*pairs, strict=True)
    last, actual = parts[2][59:-1], parts[2][60:]
    naive = sequences.rmse(last, actual)
    common.head(
        f"GOOG, opening price: {title}, {epochs} epochs, {len(actual)} days, "
        f"RMSE of naive {naive:.2f}",
        *("network", "least", "median", "greatest", "worse than naive"),
        *(f"seeds {seeds[0]} to {seeds[-1]}", "days late"),
    )
    for kind in KINDS:
        model, restart = compiled(lambda kind=kind: build(kind), rate)
        errors, late = [], []
        for seed in seeds:
            restart(seed)
            _, said = foretold(model, xs, ys, epochs, 64)
            said = low + (high - low) * said
            errors.append(sequences.rmse(said, actual))
            # By which shift its changes are most like those of the price.
            alike = {k: shifted(said, actual, k)[1] for k in range(-5, 6)}
            late.append(max(alike, key=alike.get))
        middle = min(errors), np.median(errors), max(errors)
        common.row(
            kind,
            *(f"{error:.2f}" for error in middle),
            f"{sum(error > naive for error in errors)} of {len(errors)}",
            ", ".join(f"{error:.1f}" for error in errors),
            ", ".join(map(str, late)),
        )
    return []


def starts(options: argparse.Namespace) -> list[str]:
    """Train the networks of lecture 11 from seeds that it does not take."""
    title = "16 units, as in lecture 11"
    return from_seeds(title, plain, 0.01, options.epochs or 12, range(5, 13))


def large(options: argparse.Namespace) -> list[str]:
    """Train the network of the notes as lecture 11 trains small ones."""
    title = "80 and 100 units, as in the notes"
    epochs, seeds = options.epochs or 10, range(options.seeds)
    return from_seeds(title, deep, 0.001, epochs, seeds)


def band(options: argparse.Namespace) -> list[str]:
    """Compare correlations of returns with two bands of 95 %.

    The wide one lets days differ in how wild they are: White, "A
    Heteroskedasticity-Consistent Covariance Matrix Estimator", 1980.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        returns = np.diff(np.log(datasets.stock().values))
    off = returns - returns.mean()
    common.head(
        "How far correlations of returns may lie from 0",
        *(
            "days before",
            "correlation",
            "alike days",
            "days as wild as they are",
        ),
    )
    for k in (1, 2, 3):
        wide = 1.96 * np.sqrt(off[k:] ** 2 @ off[:-k] ** 2) / (off @ off)
        common.row(
            k,
            f"{off[k:] @ off[:-k] / (off @ off):.3f}",
            f"±{1.96 / np.sqrt(len(off)):.3f}",
            f"±{wide:.3f}",
        )
    return []


def spring(options: argparse.Namespace) -> list[str]:
    """Compare an LSTM with three simple forecasts on a learnable series."""
    length, cuts, epochs = 24, (1400, 1700), options.epochs or 15
    model, restart = compiled(lambda: small("LSTM", options.units), 0.01)
    common.head(
        f"Level of the spring, in cm: LSTM({options.units}) on {length} hours, "
        f"{epochs} epochs; every seed makes a series and a network",
        *("seed", "RMSE naive", "same hour yesterday", "linear", "LSTM"),
        *("skill against naive", "against linear"),
    )
    table = []
    for seed in range(options.starts):
        parts = np.split(toy.spring(2000, seed=seed), cuts)
        pairs = [sequences.windows(part, length) for part in parts]
        mean, std = parts[0].mean(), parts[0].std()
        change = np.diff(parts[0]).std()
        xs = [(x - mean) / std for x, _ in pairs]
        ys = [(y - x[:, -1]) / change for x, y in pairs]
        restart(seed)
        _, said = foretold(model, xs, ys, epochs, 32)
        x, actual = pairs[2]
        forecasts = {
            "naive": x[:, -1],
            "yesterday": x[:, -24],
            "linear": linear(*pairs[0], x),
            "LSTM": x[:, -1] + said * change,
        }
        errors = [sequences.rmse(f, actual) for f in forecasts.values()]
        skills = [
            sequences.skill(forecasts["LSTM"], actual, forecasts[name])
            for name in ("naive", "linear")
        ]
        table.append(errors + skills)
        common.row(
            seed, *(f"{v:.2f}" for v in errors), *(f"{v:.3f}" for v in skills)
        )
    common.row(
        "all", *(spread(column, ".2f") for column in np.transpose(table))
    )
    least = min(np.transpose(table)[-1])
    if not least > 0:
        return [f"A linear autoregression wins: least skill {least:.3f}."]
    return []


def pond(options: argparse.Namespace) -> list[str]:
    """Compare the LSTM of lecture 11 with a linear forecast, in five ponds."""
    epochs, skills = options.epochs or 6, []
    model, restart = compiled(lambda: plain("LSTM"), 0.01)
    common.head(
        f"Five ponds, LSTM(16) on 24 hours, {epochs} epochs, as in the short "
        "form of lecture 11; two starts in each",
        *("pond", "RMSE naive", "linear", "LSTM", "skill against linear"),
    )
    for seed in range(5):
        parts = np.split(toy.spring(3000, seed=seed), [2000, 2500])
        mean, std = parts[0].mean(), parts[0].std()
        pairs = [sequences.windows(part, 24) for part in parts]
        xs, ys = zip(
            *[((x - mean) / std, (y - mean) / std) for x, y in pairs],
            strict=True,
        )
        x, actual = pairs[2]
        straight = linear(*pairs[0], x)
        errors, found = [], []
        for start in range(2):
            restart(start)
            _, said = foretold(model, xs, ys, epochs, 64)
            errors.append(sequences.rmse(mean + std * said, actual))
            found.append(sequences.skill(mean + std * said, actual, straight))
        common.row(
            seed,
            f"{sequences.rmse(x[:, -1], actual):.2f}",
            f"{sequences.rmse(straight, actual):.2f}",
            ", ".join(f"{error:.2f}" for error in errors),
            ", ".join(f"{skill:.3f}" for skill in found),
        )
        skills += found
    common.row("all", "", "", "", spread(skills))
    return []


def maotai() -> tuple[np.ndarray, np.ndarray]:
    """Read the opening and closing prices of the notes' file."""
    path = Path(os.environ.get("COURSE_DATA_DIR", ".")) / "SH600519.csv"
    with contextlib.redirect_stdout(io.StringIO()):
        return tuple(
            datasets.stock(path, column).values for column in ("open", "close")
        )


def notes(options: argparse.Namespace) -> list[str]:
    """Train as the notes do: 60 days, 80 and 100 units, 50 epochs."""
    prices, _ = maotai()
    parts = np.split(prices, [len(prices) - 300])
    least, most = parts[0].min(), parts[0].max()
    pairs = [
        sequences.windows((part - least) / (most - least), 60) for part in parts
    ]
    (x, y), tests = [
        (x[..., None].astype("float32"), y.astype("float32")) for x, y in pairs
    ]
    actual, naive = parts[1][60:], parts[1][59:-1]
    common.head(
        f"SH600519, the recipe of the notes: {len(x):,} windows to train with, "
        f"{len(actual)} to test; training prices {least:g} to {most:g}, "
        f"tested {actual.min():g} to {actual.max():g}",
        *("network", "seed", "RMSE", "MAE", "of the last five epochs"),
        *("of the epoch best in the test", "processor seconds"),
    )
    common.row(
        *("naive", "", f"{sequences.rmse(naive, actual):.2f}"),
        *(f"{np.mean(abs(naive - actual)):.2f}", "", "", ""),
    )
    made = {}
    for seed in range(options.seeds):
        for kind in KINDS:
            if kind not in made:
                made[kind] = compiled(lambda kind=kind: deep(kind), 0.001)
            model, restart = made[kind]
            restart(seed)
            begin = time.process_time()
            log = model.fit(
                *(x, y),
                batch_size=64,
                epochs=options.epochs or 50,
                verbose=0,
                validation_data=tests,
            ).history
            seconds = time.process_time() - begin
            errors = np.sqrt(log["val_loss"]) * (most - least)
            common.row(
                *(kind, seed, f"{errors[-1]:.2f}"),
                f"{log['val_mae'][-1] * (most - least):.2f}",
                ", ".join(f"{error:.1f}" for error in errors[-5:]),
                f"{errors.min():.2f} ({errors.argmin() + 1})",
                f"{seconds:.0f}",
            )
    return []


def ideas(options: argparse.Namespace) -> list[str]:
    """Try formulations that might beat the naive forecast on SH600519."""
    opening, closing = maotai()
    length, end, epochs = 30, len(opening), options.epochs or 40
    # Which days are foretold: the same 240 as in the notes at the end.
    days = [
        np.arange(length + 1, end - 500),
        np.arange(end - 500, end - 300),
        np.arange(end - 240, end),
    ]

    def looks(series: np.ndarray) -> list[np.ndarray]:
        """Cut the window before each of the days."""
        return [series[d[:, None] - np.arange(length, 0, -1)] for d in days]

    last, actual = ([opening[d - shift] for d in days] for shift in (1, 0))
    evening = [closing[d - 1] for d in days]
    prices = looks(opening)
    # The one that is known by day d - 1 comes last, in all of them.
    steps = looks(np.concatenate([[0], np.diff(np.log(opening))]))
    inside = looks(np.log(closing / opening))
    returns = [np.log(a / b) for a, b in zip(actual, last, strict=True)]
    move, drift = returns[0].std(), returns[0].mean()
    least, most = prices[0].min(), prices[0].max()
    scaled = [(window - least) / (most - least) for window in prices]
    changes = [a - b for a, b in zip(actual, last, strict=True)]
    change = changes[0].std()
    relative = [window / window[:, -1:] - 1 for window in prices]
    rest = [np.log(a / b) for a, b in zip(actual, evening, strict=True)]

    straight = [linear(prices[0], actual[0], window) for window in prices]
    left = [a - b for a, b in zip(actual, straight, strict=True)]

    # Inputs, targets, and what makes a price on part i of what is said.
    forms = {
        "price → price": (
            scaled,
            [(a - least) / (most - least) for a in actual],
            lambda said, i: said * (most - least) + least,
        ),
        "price → change": (
            scaled,
            [c / change for c in changes],
            lambda said, i: said * change + last[i],
        ),
        "price → what a linear forecast leaves": (
            scaled,
            [error / left[0].std() for error in left],
            lambda said, i: said * left[0].std() + straight[i],
        ),
        "price / last price → relative change": (
            [window / relative[0].std() for window in relative],
            [(np.exp(r) - 1) / move for r in returns],
            lambda said, i: last[i] * (1 + said * move),
        ),
        "log returns → log return": (
            [window / move for window in steps],
            [r / move for r in returns],
            lambda said, i: last[i] * np.exp(said * move),
        ),
        "log returns → log return without drift": (
            [window / move for window in steps],
            [(r - drift) / move for r in returns],
            lambda said, i: last[i] * np.exp(said * move + drift),
        ),
        "open to close of each day → log return": (
            [window / inside[0].std() for window in inside],
            [r / move for r in returns],
            lambda said, i: last[i] * np.exp(said * move),
        ),
        "log returns → log of open / last close": (
            [window / move for window in steps],
            [r / rest[0].std() for r in rest],
            lambda said, i: evening[i] * np.exp(said * rest[0].std()),
        ),
    }

    def skill(said: np.ndarray, reference: list[np.ndarray]) -> float:
        return sequences.skill(said, actual[2], reference[2])

    columns = "against naive", "against last close", "shrunk, against naive"
    title = f"SH600519: skill on {len(days[2])} days"
    common.head(f"{title} without a network", "forecast", *columns[:2])
    simple = {
        "naive": last[2],
        "last close": evening[2],
        f"naive and the drift, {drift:.3%} a day": last[2] * np.exp(drift),
    }
    for count in (1, 5, length):
        train, _, test = (window[:, -count:] for window in steps)
        simple[f"linear on {count} log returns"] = last[2] * np.exp(
            linear(train, returns[0], test)
        )
        train, _, test = (window[:, -count:] for window in prices)
        simple[f"linear on {count} prices"] = linear(train, actual[0], test)
    for name, said in simple.items():
        common.row(
            name, f"{skill(said, last):.4f}", f"{skill(said, evening):.4f}"
        )
    common.head(
        f"{title}: LSTM({options.units}) on {length} days, "
        f"{options.seeds} seeds",
        *("formulation", *columns, "seeds with skill ≥ 0"),
    )
    model, restart = compiled(lambda: small("LSTM", options.units), 0.001)
    for name, (xs, ys, back) in forms.items():
        found = []
        for seed in range(options.seeds):
            restart(seed)
            answers = foretold(model, xs, ys, epochs, 64)
            check, said = back(answers[0], 1), back(answers[1], 2)
            # Which part of the way from naive would have been best before.
            way = check - last[1]
            share = np.clip(way @ changes[1] / max(way @ way, 1e-12), 0, 1)
            shrunk = last[2] + share * (said - last[2])
            found.append(
                (skill(said, last), skill(said, evening), skill(shrunk, last))
            )
        columns = np.transpose(found)
        positive = sum(columns[0] >= 0)
        common.row(
            name,
            *(spread(column, ".4f") for column in columns),
            f"{positive} of {len(found)}",
        )
    return []


def speed(options: argparse.Namespace) -> list[str]:
    """Time making windows, and training on them."""
    problems, process = [], psutil.Process()
    series = np.random.default_rng(0).normal(size=WINDOWS + 60)
    taken = []
    for _ in range(5):
        begin = time.perf_counter()
        x, y = sequences.windows(series, 60)
        taken.append(time.perf_counter() - begin)
    common.head("Windows of 60", "number", "seconds, median", "copied bytes")
    copied = 0 if np.shares_memory(x, series) else x.nbytes
    common.row(f"{len(x):,}", f"{np.median(taken):.6f}", copied)
    if copied or not np.median(taken) <= SECONDS:
        problems.append(f"{len(x):,} windows take {np.median(taken):.3f} s.")

    x, y = sequences.windows(series[: 2066 + 60].astype("float32"), 60)
    views, copies = (x[..., None], y), (x[..., None].copy(), y.copy())
    model, restart = compiled(lambda: small("LSTM", options.units), 0.001)

    def seconds(data: tuple) -> float:
        restart(0)
        begin = time.process_time()
        model.fit(*data, batch_size=64, epochs=2, verbose=0)
        return time.process_time() - begin

    seconds(views)  # the first one compiles
    pairs = []
    for turn in range(options.rounds):
        # Whoever comes first changes, so that no order is favoured.
        ways = (views, copies) if turn % 2 else (copies, views)
        first, second = (seconds(way) for way in ways)
        pairs.append((first, second) if turn % 2 else (second, first))
    ratios = [a / b for a, b in pairs]
    common.head(
        f"2 epochs of LSTM({options.units}) on 2,066 windows of 60, "
        f"{options.rounds} rounds: processor seconds, medians",
        *("windows", "fit on a copy", "ratio: median (least to greatest)"),
    )
    ratio = float(np.median(ratios))
    common.row(
        *(f"{value:.2f}" for value in np.median(pairs, axis=0)),
        f"{ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f})",
    )
    if not ratio <= RATIO:
        problems.append(f"Training on windows takes {ratio:.2f} times as long.")
    long, after = sequences.windows(series.astype("float32"), 60)
    long, steps = long[..., None], 2000
    common.head(
        f"{steps:,} steps of 64 of {len(long):,} windows of 60",
        *("training on", "seconds", "MB more than before"),
    )
    simple = keras.Sequential(
        [keras.Input((60, 1)), layers.Flatten(), layers.Dense(1)]
    )
    simple.compile("sgd", "mse")
    simple.fit(*views, batch_size=64, verbose=0)  # compiles
    for name, data, size in (
        ("batches", (sequences.batches(long, after, 64),), None),
        ("the windows", (long, after), 64),
    ):
        peak, before = [], process.memory_info().rss
        look = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs, peak=peak: peak.append(
                process.memory_info().rss
            )
        )
        begin = time.perf_counter()
        simple.fit(
            *data,
            batch_size=size,
            steps_per_epoch=steps,
            verbose=0,
            callbacks=[look],
        )
        common.row(
            *(name, f"{time.perf_counter() - begin:.1f}"),
            f"{(max(peak) - before) / 1e6:.0f}",
        )
    return problems


PARTS = {
    part.__name__: part
    for part in (
        *(speed, google, google_large, starts, large, band),
        *(spring, pond, notes, ideas),
    )
}


def main() -> int:
    """Measure what is asked for, and return 1 if a bar is missed."""
    parser = common.parser(__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="part",
        help=f"{', '.join(PARTS)}; without any all",
    )
    for name, default, what in (
        ("seeds", 5, "networks of each kind on a share"),
        ("starts", 10, "series of the spring"),
        ("units", 16, "units of the small networks"),
        ("epochs", None, "other than what each part says"),
        ("rounds", 5, "timings of speed"),
    ):
        parser.add_argument(
            f"--{name}",
            type=common.count,
            default=default,
            help=f"{what} (default {default})" if default else what,
        )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    print(
        f"{os.cpu_count()} cores, Keras {keras.__version__} on "
        f"{keras.backend.backend()}"
    )
    problems = []
    for name in options.parts or PARTS:
        begin, used = time.perf_counter(), time.process_time()
        problems += PARTS[name](options)
        print(
            f"\n{name}: {time.perf_counter() - begin:.0f} s, "
            f"{time.process_time() - used:.0f} s of a processor"
        )
    return common.verdict(problems, options)


if __name__ == "__main__":
    sys.exit(main())
