"""Reads daily prices out of a CSV file, and says what it mended.

What can mean one thing only is mended and told. What can mean two things is
refused, with the numbers of its lines. It reads bytes, not files.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from datetime import date

import numpy as np

LONG_GAP = 14  # days; the holidays of an exchange are shorter
JUMP = 100  # times; the largest splits of shares are 50 for 1
NAMES = {
    **dict.fromkeys(("日期", "交易日期", "tradedate", "timestamp"), "date"),
    **dict.fromkeys(("开盘", "开盘价"), "open"),
    **dict.fromkeys(("最高", "最高价"), "high"),
    **dict.fromkeys(("最低", "最低价"), "low"),
    **dict.fromkeys(("收盘", "收盘价"), "close"),
    "成交量": "volume",
}
MISSING = {"", "-", "--", "na", "n/a", "nan", "null", "none"}
YEAR_FIRST = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d\d)(\d\d)"
)
YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
TIME = re.compile(r"[T ]+\d{1,2}:\d\d.*")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")

Cells = list[tuple[int, str]]  # line in the file, text


def read(data: bytes, column: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Read the dates and one column of prices.

    Args:
        data: The contents of a CSV file with a header: UTF-8 or GBK,
            separated by comma, semicolon, tabulator or bar.
        column: The wanted column. Case, spaces and `_` do not count, and
            "open" is also 开盘.

    Returns:
        The days, datetime64[D], ascending, each once; the prices, float64;
        and one sentence for each kind of thing that was mended or is odd.

    Raises:
        ValueError: The file cannot be used. The message names the lines and
            says what was expected.
    """
    header, rows = _table(_text(data))
    if not rows:
        raise ValueError("it holds no prices below its header.")
    when, what = find(header, "date"), find(header, column)
    told: list[str] = []
    prices = _prices([(line, row[what]) for line, row in rows], column, told)
    dates = _dates([(line, row[when]) for line, row in rows], told)
    lines = np.array([line for line, _ in rows])
    return *_in_order(dates, prices, lines, told), told


def find(names: Sequence[str], wanted: str) -> int:
    """Find the place of a column by its name.

    Args:
        names: Of all columns, as they are in the file.
        wanted: Case, spaces and `_` do not count, and 开盘 is "open".

    Returns:
        The place, counted from 0.

    Raises:
        ValueError: There is none, or more than one. The message lists all.
    """
    places = [i for i, name in enumerate(names) if _key(name) == _key(wanted)]
    if len(places) != 1:
        count = "no column" if not places else f"{len(places)} columns"
        known = ", ".join(name for name in names if name)
        raise ValueError(
            f'it has {count} called "{wanted}", expected one. '
            f"Its columns are {known}."
        )
    return places[0]


def _key(name: str) -> str:
    key = re.sub(r"[\s_]+", "", name).casefold()
    return NAMES.get(key, key)


def _text(data: bytes) -> str:
    """Decode a file; GB18030 is GBK with more characters."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ValueError(
        "it is no text in UTF-8 or GBK. Expected is a CSV file: save the "
        'table as "CSV UTF-8" in the program that it comes from.'
    )


def _table(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Split a text into its header and its rows with their lines."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t|", key=head.count)
    reader = csv.reader(
        io.StringIO(text, newline=None),
        delimiter=separator,
        skipinitialspace=True,
    )
    try:
        rows = [
            (reader.line_num, row)
            for row in reader
            if any(field.strip() for field in row)
        ]
    except csv.Error as error:
        raise ValueError(
            f"its line {reader.line_num} is no line of a CSV file ({error})."
        ) from error
    if not rows:
        raise ValueError("it is empty. Expected is a header and rows.")
    (_, header), *rows = rows
    wrong = []
    for line, row in rows:
        while len(row) > len(header) and not row[-1].strip():
            row.pop()
        if len(row) != len(header):
            wrong.append(line)
    if wrong:
        raise ValueError(
            f"it has {len(header)} columns, but another number of fields in "
            f"{_lines(wrong)}. Mend or delete what differs; a number with "
            'commas must stand in quotation marks: "1,234.5".'
        )
    return [name.strip() for name in header], rows


def _prices(cells: Cells, column: str, told: list[str]) -> np.ndarray:
    """Turn texts into numbers; a missing one becomes NaN."""
    # "1,234" alone may be a decimal comma; beside "987.5" it is not.
    clear = any("." in text or text.count(",") > 1 for _, text in cells)
    values = np.full(len(cells), np.nan)
    missing, mended, wrong = [], [], []
    for place, (line, text) in enumerate(cells):
        bare = text.strip().lstrip("$€£¥￥")
        if THOUSANDS.fullmatch(bare) and clear:
            bare = bare.replace(",", "")
        if bare.lower() in MISSING:
            missing.append(line)
        elif NUMBER.fullmatch(bare) and math.isfinite(float(bare)):
            values[place] = float(bare)
            if bare != text.strip():
                mended.append(
                    f"{text.strip()} in line {line} as {values[place]}"
                )
        else:
            wrong.append(f'"{text:.20}" in line {line}')
    if wrong:
        raise ValueError(
            f'its column "{column}" must hold numbers such as 1234.5, and '
            f"there are {_first(wrong)}. Mend them in the file; a decimal "
            "comma must become a point, and other commas must go."
        )
    if len(missing) == len(cells):
        raise ValueError(f'its column "{column}" holds no number at all.')
    if missing:
        told.append(f"Left out rows without a price: {_lines(missing)}.")
    if mended:
        told.append(
            f"Read numbers with commas or signs, {len(mended)} in all, such "
            f"as {mended[0]}."
        )
    return values


def _dates(cells: Cells, told: list[str]) -> np.ndarray:
    """Turn texts into days; day and month are told apart by the whole file."""
    parts, late, wrong, times = [], [], [], []
    for line, text in cells:
        bare = TIME.sub("", text.strip())
        if re.search(r"[1-9]", text.strip()[len(bare) :]):
            times.append(line)
        if found := YEAR_FIRST.fullmatch(bare):
            parts.append([int(n) for n in found.groups() if n])
        elif found := YEAR_LAST.fullmatch(bare):
            first, second, year = map(int, found.groups())
            parts.append([year, first, second])
            late.append(len(parts) - 1)
        else:
            parts.append([0, 0, 0])  # is no day and so will be named
    if late:
        _turn(parts, late, cells, told)
    days = []
    for (line, text), part in zip(cells, parts, strict=True):
        try:
            days.append(date(*part))
        except ValueError:
            wrong.append(f'"{text:.20}" in line {line}')
    if wrong:
        raise ValueError(
            "its dates must be days such as 2010-04-26, 2010/4/26 or "
            f"20100426, and there are {_first(wrong)}. Mend or delete them."
        )
    if times:
        told.append(f"Left out the times of day: {_lines(times)}.")
    return np.array(days, "datetime64[D]")


def _turn(
    parts: list[list[int]], late: list[int], cells: Cells, told: list[str]
) -> None:
    """Bring dates that end with the year into the order year, month, day."""
    day_first = any(parts[place][1] > 12 for place in late)
    month_first = any(parts[place][2] > 12 for place in late)
    line, text = cells[late[0]]
    if day_first == month_first:
        raise ValueError(
            f'its dates, such as "{text:.20}" in line {line}, may be day and '
            "month or month and day. Write them as year-month-day."
        )
    if day_first:
        for place in late:
            year, day, month = parts[place]
            parts[place] = [year, month, day]
    order = "day, month, year" if day_first else "month, day, year"
    told.append(f'Read dates such as "{text}" as {order}.')


def _in_order(
    dates: np.ndarray, prices: np.ndarray, lines: np.ndarray, told: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Leave out what has no price, sort, and take each day once."""
    there = ~np.isnan(prices)
    dates, prices, lines = dates[there], prices[there], lines[there]
    steps = np.diff(dates).astype(int)
    if (steps < 0).any():
        where = f"the order broke at {_lines(lines[1:][steps < 0])}"
        if (steps <= 0).all():
            where = "the newest came first"
        told.append(f"Sorted the days: {where}.")
        order = np.argsort(dates, kind="stable")
        dates, prices, lines = dates[order], prices[order], lines[order]
    again = np.r_[False, dates[1:] == dates[:-1]]
    other = again & np.r_[False, prices[1:] != prices[:-1]]
    if other.any():
        examples = [
            f"{prices[i - 1]} and {prices[i]} on {dates[i]} "
            f"({_lines(lines[i - 1 : i + 1])})"
            for i in np.flatnonzero(other)
        ]
        raise ValueError(
            f"it has different prices for one day: {_first(examples)}. "
            "Expected is one share with one price a day: delete the lines of "
            "the others."
        )
    if again.any():
        which = _lines(lines[again])
        told.append(f"Left out rows that repeat a day and its price: {which}.")
        dates, prices, lines = dates[~again], prices[~again], lines[~again]
    odd = prices <= 0
    if odd.any():
        told.append(
            f"WARNING: zero or negative prices in {_lines(lines[odd])} are "
            "kept. No share ever costs that: subtracting dividends from older "
            "prices (adjusted data, 前复权) makes them negative, and zero "
            "often means that there was no trade. Returns and logarithms of "
            "them mean nothing. Better take prices that are not adjusted."
        )
    else:
        leaps = np.abs(np.diff(np.log(prices))) > np.log(JUMP)
        if leaps.any():
            at = int(leaps.argmax())
            told.append(
                f"WARNING: from {prices[at]:g} in line {lines[at]} to "
                f"{prices[at + 1]:g} in line {lines[at + 1]} a price changes "
                f"by more than {JUMP} times; such changes: {leaps.sum()}. "
                "They are kept. No share does that: where 1.234 means 1234, "
                "take the points out of the file."
            )
    gaps = np.diff(dates).astype(int)
    if (gaps > LONG_GAP).any():
        longest = int(gaps.argmax())
        told.append(
            f"Gaps of more than {LONG_GAP} days: {(gaps > LONG_GAP).sum()}, "
            f"the longest from {dates[longest]} to {dates[longest + 1]}. "
            "Nothing is filled in."
        )
    return dates, prices


def _lines(numbers: Sequence[int]) -> str:
    """Name the first lines, and how many more there are."""
    return f"line{'s' * (len(numbers) > 1)} {_first(numbers)}"


def _first(found: Sequence[object]) -> str:
    """Name the first things, and how many more there are."""
    shown = [str(thing) for thing in found[:3]]
    last = f"{len(found) - 3} more" if len(found) > 3 else shown.pop()
    return f"{', '.join(shown)} and {last}" if shown else last
