"""What the forecast lab says of a forecast: a score, words and a table."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import Any

from course_utils import plots, sequences

import numpy as np

HUGE = 1e100  # its square can still be computed
TRIES = 8  # rows of the table


def checked(found: Any) -> tuple[np.ndarray, ...]:
    """Take apart what a learner's function returned.

    Args:
        found: Days, what came, the forecast and the naive forecast, each of
            shape `(n,)`, or `(n, 1)` as a network returns it.

    Returns:
        The four as arrays of shape `(n,)`.

    Raises:
        ValueError: It has another form, or what came or the naive forecast
            is not finite; the forecast itself may be anything.
    """
    try:
        days, *series = found
        series = [np.asarray(values, float) for values in series]
    except (TypeError, ValueError):
        series = []
    if len(series) != 3:
        raise ValueError(
            f"the function returned {type(found).__name__}, expected four "
            "arrays: days, actual, predicted, naive."
        )
    days = np.asarray(days)
    shapes = [values.shape for values in (days, *series)]
    # A network returns (n, 1). With (n,) it would make a square of (n, n).
    days, *series = (
        values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
        for values in (days, *series)
    )
    if days.ndim != 1 or len({v.shape for v in (days, *series)}) > 1:
        raise ValueError(
            "days, actual, predicted and naive have the shapes "
            f"{', '.join(map(str, shapes))}, expected (n,) for all."
        )
    if len(days) < 2:
        raise ValueError(
            f"there are {len(days)} forecasts, expected 2 or more."
        )
    for name, values in (("actual", series[0]), ("naive", series[2])):
        if not (np.abs(values) < HUGE).all():  # NaN is not, either
            raise ValueError(f"{name} has values that are not finite.")
    return days, *series


def judge(
    actual: np.ndarray, predicted: np.ndarray, naive: np.ndarray
) -> dict[str, Any]:
    """Compare a forecast with the naive one.

    Args:
        actual: What came, shape `(n,)`.
        predicted: The forecast, `(n,)`. It need not be finite.
        naive: What was known last, `(n,)`.

    Returns:
        `n`; `wild`, how many forecasts are not finite; `rmse` and `skill`,
        NaN if any is wild; `naive`, the RMSE of the naive forecast; `judged`
        and `right`, on how many steps there was a direction, and it was right.
    """
    wild = ~(np.abs(predicted) < HUGE)
    judged = {"n": len(actual), "wild": int(wild.sum())}
    judged["naive"] = sequences.rmse(naive, actual)
    judged["rmse"] = judged["skill"] = math.nan
    if not judged["wild"]:
        judged["rmse"] = sequences.rmse(predicted, actual)
        judged["skill"] = round(sequences.skill(predicted, actual, naive), 3)
    up, said = np.sign(actual - naive), np.sign(predicted - naive)
    moved = (up != 0) & (said != 0) & ~wild
    judged["judged"] = int(moved.sum())
    judged["right"] = int((up == said)[moved].sum())
    return judged


def _interval(right: int, count: float) -> tuple[float, float]:
    """Return where 95 of 100 such intervals hold the true share.

    Wilson, "Probable Inference, the Law of Succession, and Statistical
    Inference", 1927.
    """
    z = 1.96
    share = right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    half *= z / (1 + z**2 / count)
    return middle - half, middle + half


def settings(values: Mapping[str, Any], step: str) -> str:
    """Name what a network was trained with.

    Args:
        values: Those of the lab's controls.
        step: What a step is called, such as "day".
    """
    ahead = values["horizon"]
    target = f", {values['target']}" if "target" in values else ""
    return (
        f"{values['kind']}{target}, {values['units']} "
        f"unit{'s' * (values['units'] != 1)}, window {values['window']}, "
        f"{ahead} {step}{'s' * (ahead > 1)} ahead"
    )


def verdict(judged: Mapping[str, Any], step: str) -> str:
    """Say how good a forecast is.

    Args:
        judged: What `judge` returned, and the `horizon`.
        step: What a step is called.
    """
    if judged["wild"]:
        return (
            f"the forecast is not finite for {judged['wild']} of "
            f"{judged['n']} {step}s, so it has no RMSE. Most likely the "
            "training diverged."
        )
    text = f"RMSE {_number(judged['rmse'])}, naive {_number(judged['naive'])}"
    skill = judged["skill"]
    if math.isnan(skill):
        text += "; naive is perfect, so there is no skill."
    elif abs(skill) < 0.005:
        text += f", skill {_number(skill)}: as good as naive."
    else:
        better = "better" if skill > 0 else "worse"
        text += f", skill {_number(skill)}: {better} than naive."
    if not judged["judged"]:
        return f"{text} It says no direction."
    # Forecasts of several steps overlap, so they count as fewer.
    count = judged["judged"] / judged["horizon"]
    share = judged["right"] / judged["judged"]
    low, high = _interval(share * count, count)
    return (
        f"{text} Direction right on {judged['right']} of {judged['judged']} "
        f"{step}s: {plots.percent(share)}, 95 % interval {100 * low:.0f} to "
        f"{100 * high:.0f} %."
    )


def table(tries: list[dict[str, Any]]) -> str:
    """Return the last tries as a table of HTML, the best of all in bold.

    Args:
        tries: For each what `judge` returned, and the values of the controls.
    """
    head = ("network", "predicts", "units", "window", "ahead", "RMSE", "naive")
    head += ("skill", "direction")
    keys = ("kind", "target", "units", "window", "horizon")
    chosen = [k for k in range(9) if k != 1 or "target" in tries[0]]
    skills = [t["skill"] for t in tries]
    best = max((s for s in skills if not math.isnan(s)), default=None)
    rows = []
    for number, t in list(enumerate(tries))[-TRIES:]:
        direction = t["right"] / t["judged"] if t["judged"] else math.nan
        cells = [str(t.get(key, "")) for key in keys]
        cells += [_number(t[key]) for key in ("rmse", "naive", "skill")]
        cells.append("–" if math.isnan(direction) else plots.percent(direction))
        weight = "bold" if skills[number] == best else "normal"
        cells = [f"<td>{html.escape(cells[k])}</td>" for k in chosen]
        rows.append(f'<tr style="font-weight:{weight}">{"".join(cells)}</tr>')
    caption = ""
    if len(tries) > 1:
        caption = (
            f"<caption>Best of {len(tries)} tries in bold. It was chosen on "
            "these very numbers, so it looks better than it is.</caption>"
        )
    heads = "".join(f'<th scope="col">{head[k]}</th>' for k in chosen)
    spaced = 'style="border-spacing:1em 0; text-align:right"'
    return f"<table {spaced}>{caption}<tr>{heads}</tr>{''.join(rows)}</table>"


def _number(value: float) -> str:
    """Write a number with a real minus, or a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    long = 1000 <= abs(value) < 1e9
    text = f"{value:,.0f}" if long else f"{value + 0:.4g}"
    return text.replace("-", "−")
