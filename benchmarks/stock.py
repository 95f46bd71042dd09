"""Does a recurrent network foretell the price of a share?

Lecture 11 asks that, and this is where its numbers come from. It prints tables
in Markdown. The parts:
- speed: how long it takes to make a million windows, and to train an LSTM on
  windows as `sequences.windows` makes them, against `fit` on a copy of them;
- google: the share that matplotlib brings, three networks, prices and log
  returns, walking forward over three folds;
- spring: a series with a structure that can be learned, `toy.spring`;
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
from collections.abc import Callable
from pathlib import Path

from course_utils import datasets, sequences, toy

import common
import keras
import numpy as np
from keras import layers

KINDS = ("SimpleRNN", "LSTM", "GRU")
WINDOWS, SECONDS = 1_000_000, 0.5  # so many windows of 60, at most so long
RATIO = 1.05  # at most; repeated timings of the same training scatter by 5 %


def row(*cells: object) -> None:
    """Print a row of a table as soon as it is there."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def head(title: str, *cells: str) -> None:
    """Begin a table."""
    print(f"\n### {title}\n")
    row(*cells)
    row(*["---"] * len(cells))


def spread(values: list[float], form: str = ".3f") -> str:
    """Return mean, least and greatest in words."""
    least, most = min(values), max(values)
    return f"{np.mean(values):{form}} ({least:{form}} to {most:{form}})"


def small(kind: str, length: int, units: int) -> keras.Model:
    """Build one recurrent layer and one neuron that foretells no change."""
    layer = getattr(layers, kind)(units)
    last = layers.Dense(1, kernel_initializer="zeros")
    return keras.Sequential([keras.Input((length, 1)), layer, last])


def deep(kind: str) -> keras.Model:
    """Build the network of the notes."""
    layer = getattr(layers, kind)
    return keras.Sequential(
        [
            keras.Input((60, 1)),
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
        model.set_weights(build().get_weights())
        for variable, value in zip(
            model.optimizer.variables, first, strict=True
        ):
            variable.assign(value)

    return model, restart


def foretold(
    model: keras.Model, xs: list, ys: list, epochs: int, batch: int
) -> np.ndarray:
    """Train on the first part, choose the epoch on the second.

    Returns:
        What the model says of the third part, shape `(n,)`.
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
    said = model.predict(xs[2], verbose=0, batch_size=len(xs[2]))
    return said[:, 0].astype(float)


def linear(x: np.ndarray, y: np.ndarray, x_new: np.ndarray) -> np.ndarray:
    """Fit a linear autoregression by least squares, and let it foretell."""

    def with_one(x: np.ndarray) -> np.ndarray:
        return np.column_stack([x, np.ones(len(x))])

    weights = np.linalg.lstsq(with_one(x), y, rcond=None)[0]
    return with_one(x_new) @ weights


def wilson(right: float, days: int) -> tuple[float, float]:
    """Return the 95 % interval of a share: Wilson, 1927."""
    z, p = 1.96, right / days
    middle = (p + z**2 / (2 * days)) / (1 + z**2 / days)
    half = z * np.sqrt(p * (1 - p) / days + z**2 / (4 * days**2))
    return middle - half / (1 + z**2 / days), middle + half / (1 + z**2 / days)


def direction(
    said: np.ndarray, actual: np.ndarray, last: np.ndarray
) -> np.ndarray:
    """Return for every day with a change whether its sign was foretold."""
    moved = actual != last
    return np.sign(said - last)[moved] == np.sign(actual - last)[moved]


def google(options: argparse.Namespace) -> list[str]:
    """Walk forward over three folds of Google's share."""
    with contextlib.redirect_stdout(io.StringIO()):
        prices = datasets.stock().values
    length, block = 30, 150
    folds = []
    for end in range(len(prices) - 2 * block, len(prices) + 1, block):
        cuts = end - 2 * block, end - block
        folds.append(np.split(prices[:end], cuts))
    # The names of the forms, and for each what makes of the three parts of a
    # fold inputs, targets, and prices out of what a network says.
    forms = {"price": price_form, "log return": return_form}
    print(
        f"\nGOOG, opening price, {len(prices):,} days, windows of {length} "
        f"days, {options.units} units, {options.epochs} epochs, "
        f"{options.seeds} seeds"
    )
    found, seconds = {}, {}
    last, actual = (np.concatenate(v) for v in zip(*map(known, folds)))
    for kind in KINDS:
        begin = time.perf_counter()
        model, restart = compiled(
            lambda kind=kind: small(kind, length, options.units), options.rate
        )
        for form, make in forms.items():
            said = []
            for seed in range(options.seeds):
                said.append([])
                for fold in folds:
                    xs, ys, back = make(fold, length)
                    restart(seed)
                    answers = foretold(model, xs, ys, options.epochs, 32)
                    said[-1].append(back(answers))
            found[kind, form] = np.array(said)  # (seeds, folds, days)
        seconds[kind] = time.perf_counter() - begin
    print("seconds:", {k: round(s) for k, s in seconds.items()})
    everything = [("naive", "", last.reshape(1, len(folds), -1))]
    everything += [(*names, said) for names, said in found.items()]
    for names, part in [
        (f"the last fold", slice(-1, None)),
        (f"all {len(folds)} folds", slice(None)),
    ]:
        now = actual.reshape(len(folds), -1)[part].ravel()
        before = last.reshape(len(folds), -1)[part].ravel()
        ups = float(np.mean(now[now != before] > before[now != before]))
        head(
            f"GOOG, {names}: {len(now)} days, {ups:.1%} of the changes are up",
            *("network", "foretells", "MSE", "RMSE", "MAE"),
            *("skill: mean (least to greatest)", "direction, 95 %"),
        )
        for kind, form, said in everything:
            tests = [seed[part].ravel() for seed in said]
            errors = [test - now for test in tests]
            right = [np.mean(direction(t, now, before)) for t in tests]
            days = int(np.sum(now != before))
            low, high = wilson(np.mean(right) * days, days)
            row(
                kind,
                form,
                f"{np.mean([np.mean(e**2) for e in errors]):.1f}",
                spread([np.mean(e**2) ** 0.5 for e in errors], ".2f"),
                f"{np.mean([np.mean(abs(e)) for e in errors]):.2f}",
                spread([sequences.skill(t, now, before) for t in tests]),
                f"{np.mean(right):.1%} ({low:.1%} to {high:.1%})"
                if kind != "naive"
                else "",
            )
    head(
        "GOOG: mean skill in each fold",
        *("network", "foretells", *map(str, range(1, len(folds) + 1))),
    )
    shaped = [v.reshape(len(folds), -1) for v in (actual, last)]
    for (kind, form), said in found.items():
        skills = [
            np.mean(
                [
                    sequences.skill(seed[i], shaped[0][i], shaped[1][i])
                    for seed in said
                ]
            )
            for i in range(len(folds))
        ]
        row(kind, form, *(f"{skill:.3f}" for skill in skills))
    lags = range(-3, 4)
    head(
        "GOOG, last fold: what is foretold against the price k days before",
        *("network", "measure", *(f"k = {k}" for k in lags)),
    )
    now, before = (v[-1] for v in shaped)
    for kind in KINDS:
        said = found[kind, "price"][:, -1]
        row(
            kind,
            "RMSE",
            *(
                f"{np.mean([shifted(s, now, k)[0] for s in said]):.2f}"
                for k in lags
            ),
        )
        row(
            kind,
            "correlation of daily changes",
            *(
                f"{np.mean([shifted(s, now, k)[1] for s in said]):.2f}"
                for k in lags
            ),
        )
    return []


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


def known(fold: list[np.ndarray], length: int = 30) -> tuple:
    """Return the last known and the actual prices of a fold's test part."""
    return fold[2][length:-1], fold[2][length + 1 :]


def price_form(fold: list[np.ndarray], length: int) -> tuple:
    """Prepare a fold so that a network foretells prices."""
    mean, std = fold[0].mean(), fold[0].std()
    # The first day has no return, so both forms leave it out.
    scaled = [(part[1:] - mean) / std for part in fold]
    xs, ys = zip(*(sequences.windows(part, length) for part in scaled))
    return xs, ys, lambda said: said * std + mean


def return_form(fold: list[np.ndarray], length: int) -> tuple:
    """Prepare a fold so that a network foretells log returns."""
    returns = [np.diff(np.log(part)) for part in fold]
    std = returns[0].std()
    xs, ys = zip(*(sequences.windows(part / std, length) for part in returns))
    last, _ = known(fold, length)
    return xs, ys, lambda said: last * np.exp(said * std)


def spring(options: argparse.Namespace) -> list[str]:
    """Compare an LSTM with three simple forecasts on a learnable series."""
    length, cuts = 24, (1400, 1700)
    model, restart = compiled(lambda: small("LSTM", length, options.units), 0.01)
    head(
        f"Level of the spring, in cm: LSTM({options.units}) on {length} hours, "
        f"{options.hours} epochs; every seed makes a series and a network",
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
        said = foretold(model, xs, ys, options.hours, 32)
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
        row(seed, *(f"{v:.2f}" for v in errors), *(f"{v:.3f}" for v in skills))
    row("all", *(spread(column, ".2f") for column in np.transpose(table)))
    least = min(np.transpose(table)[-1])
    if not least > 0:
        return [f"A linear autoregression wins: least skill {least:.3f}."]
    return []
