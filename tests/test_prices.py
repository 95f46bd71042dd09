"""Prices from a file are the right ones, and nothing is mended in silence."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from course_utils import datasets

import numpy as np
import pytest

CSV = """\
date,open,close
2010-04-26,88.7,87.4
2010-04-27,87.4,84.8
2010-04-28,84.2,84.3
2010-04-29,84.6,85.7
"""
DAYS = ["2010-04-26", "2010-04-27", "2010-04-28", "2010-04-29"]
OPEN = [88.7, 87.4, 84.2, 84.6]


def stored(folder: Path, data: str | bytes, name: str = "share.csv") -> Path:
    """Write a file as it is, without translating its line ends."""
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def holds(
    found: datasets.Prices, days: list[str] = DAYS, prices: list[float] = OPEN
) -> bool:
    """Tell whether the prices are these, and of the documented type."""
    return (
        found.dates.dtype == np.dtype("datetime64[D]")
        and found.values.dtype == np.float64
        and found.dates.astype(str).tolist() == days
        and found.values.tolist() == prices
    )


def test_google_comes_without_a_file(capsys: pytest.CaptureFixture) -> None:
    from matplotlib import cbook

    table = cbook.get_sample_data("goog.npz")["price_data"]
    for column, name in (("open", "open"), ("Adj Close", "adj_close")):
        found = datasets.stock(column=column)
        assert (found.name, found.source) == ("GOOG", "matplotlib")
        assert np.array_equal(found.dates, table["date"])
        assert np.array_equal(found.values, table[name])
        assert found.values.dtype == np.float64
    assert capsys.readouterr().out.splitlines()[0] == (
        "GOOG: 1,047 days from 2004-08-19 to 2008-10-14, open 99.19 to "
        "741.13, from matplotlib (its sample data)"
    )
    with pytest.raises(ValueError, match=r'called "opne".* open, high, low'):
        datasets.stock(column="opne")


def test_google_needs_no_import_of_matplotlib() -> None:
    program = (
        "import sys; from course_utils import datasets; datasets.stock(); "
        "print('matplotlib' in sys.modules)"
    )
    command = [sys.executable, "-X", "utf8", "-c", program]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout.split()[-1] == b"False"


def test_a_good_file_is_read_and_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = stored(tmp_path, CSV, "My share 股.csv")
    found = datasets.stock(str(path))
    assert holds(found)
    assert (found.name, found.source) == ("My share 股", "your copy")
    assert capsys.readouterr().out == (
        "My share 股: 4 days from 2010-04-26 to 2010-04-29, open 84.2 to "
        f"88.7, from your copy ({path})\n"
    )
    assert datasets.stock(path, "close").values[0] == 87.4


CHINESE = CSV.replace("date,open,close", "日期,开盘,收盘")
CASES = {
    "bom": b"\xef\xbb\xbf" + CSV.encode(),
    "gbk": CHINESE.encode("gbk"),
    "utf-8": CHINESE.encode(),
    "chinese-units": CHINESE.replace("开盘", "开盘价").encode("gbk"),
    "windows": CSV.replace("\n", "\r\n"),
    "old-mac": CSV.replace("\n", "\r"),
    "no-last-end": CSV.rstrip(),
    "semicolon": CSV.replace(",", ";"),
    "tabs": CSV.replace(",", "\t"),
    "spaces": CSV.replace(",", " , "),
    "quoted": re.sub(r"[^,\n]+", r'"\g<0>"', CSV),
    "capitals": CSV.replace("date,open", "Date, OPEN "),
    "index": re.sub("^(?=.)", "0,", CSV, flags=re.M).replace("0,date", ",date"),
    "blank-lines": "\n" + CSV.replace("\n", "\n\n,,\n"),
    "last-comma": CSV.replace("\n", ",\n").replace("close,", "close"),
    "slashes": CSV.replace("2010-04-", "2010/4/"),
    "points": CSV.replace("2010-04-", "2010.04."),
    "no-separator": CSV.replace("2010-04-", "201004"),
    "chinese-dates": re.sub("2010-04-(..)", r"2010年4月\1日", CSV),
    "midnight": re.sub("(2010-04-..)", r"\1 00:00:00", CSV),
    "exponent": CSV.replace("88.7", "8.87e1"),
}


@pytest.mark.parametrize("name", CASES)
def test_usual_ways_to_write_a_file_need_no_mending(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert holds(datasets.stock(stored(tmp_path, CASES[name])))
    assert len(capsys.readouterr().out.splitlines()) == 1


LINES = CSV.splitlines(keepends=True)
MENDED = {
    "newest-first": (
        "".join([LINES[0], *LINES[:0:-1]]),
        "Sorted the days: the newest came first.",
    ),
    "unsorted": (
        "".join([LINES[0], LINES[2], LINES[1], *LINES[3:]]),
        "Sorted the days: the order broke at line 3.",
    ),
    "repeated": (
        CSV + LINES[3] + LINES[4],
        "Left out rows that repeat a day and its price: lines 6 and 7.",
    ),
    "missing": (
        LINES[0] + "2010-04-23,,1\n" + "".join(LINES[1:]) + "2010-05-01,null,",
        "Left out rows without a price: lines 2 and 7.",
    ),
    "signs": (
        CSV.replace("88.7", "$88.7"),
        "Read numbers with commas or signs, 1 in all, such as $88.7 in line 2 "
        "as 88.7.",
    ),
    "american": (
        re.sub("2010-(..)-(..)", r"\1/\2/2010", CSV),
        'Read dates such as "04/26/2010" as month, day, year.',
    ),
    "european": (
        re.sub("2010-(..)-(..)", r"\2.\1.2010", CSV),
        'Read dates such as "26.04.2010" as day, month, year.',
    ),
    "times": (
        CSV.replace("2010-04-26", "2010-04-26 16:00"),
        "Left out the times of day: line 2.",
    ),
}


@pytest.mark.parametrize("name", MENDED)
def test_what_is_harmless_is_mended_and_told(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    data, said = MENDED[name]
    assert holds(datasets.stock(stored(tmp_path, data)))
    told = capsys.readouterr().out.splitlines()
    expected = [f"share: {said}"]
    if name == "repeated":  # line 6 repeats the day before the last
        expected.insert(0, "share: Sorted the days: the order broke at line 6.")
    assert told[:-1] == expected


def test_thousand_separators_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    data = 'date,open\n2010-04-26,"1,234,567"\n2010-04-27,"98,765"\n'
    found = datasets.stock(stored(tmp_path, data))
    assert found.values.tolist() == [1234567, 98765]
    mended, _ = capsys.readouterr().out.splitlines()
    assert mended == (
        "share: Read numbers with commas or signs, 2 in all, such as "
        "1,234,567 in line 2 as 1234567.0."
    )


@pytest.mark.parametrize("price", ["0", "-3.25"])
def test_prices_that_cannot_be_are_kept_and_explained(
    price: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = stored(tmp_path, CSV.replace("88.7", price))
    assert datasets.stock(path).values[0] == float(price)
    warning, _ = capsys.readouterr().out.splitlines()
    assert "WARNING: zero or negative prices in line 2 are kept" in warning
    assert "adjusted" in warning


def test_a_point_that_separates_thousands_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = "date,open\n2010-04-27,992\n2010-04-26,987.5\n2010-04-28,1.004\n"
    found = datasets.stock(stored(tmp_path, rows))
    assert found.values.tolist() == [987.5, 992, 1.004]
    _, warning, _ = capsys.readouterr().out.splitlines()
    assert "WARNING: from 992 in line 2 to 1.004 in line 4" in warning
    assert "such changes: 1." in warning
    # A split of fifty for one is none.
    datasets.stock(stored(tmp_path, rows.replace("1.004", "19.9")))
    assert "WARNING" not in capsys.readouterr().out


def test_gaps_are_told_and_not_filled(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = CSV + "2010-05-13,1,1\n2010-06-28,1,1\n2010-07-30,1,1\n"
    assert len(datasets.stock(stored(tmp_path, rows)).values) == 7
    gap, _ = capsys.readouterr().out.splitlines()
    assert gap == (
        "share: Gaps of more than 14 days: 2, the longest from 2010-05-13 "
        "to 2010-06-28. Nothing is filled in."
    )


REFUSED = {
    "column": (
        CSV.replace("open", "first"),
        'no column called "open", expected one. '
        "Its columns are date, first, close.",
    ),
    "two-columns": (
        CSV.replace("close", "Open"),
        '2 columns called "open", expected one.',
    ),
    "no-dates": (
        CSV.replace("date", "when"),
        'no column called "date", expected one. Its columns are when, open',
    ),
    "no-header": (CSV[len(LINES[0]) :], "Its columns are 2010-04-26, 88.7"),
    "text": (
        CSV.replace("87.4,84", "eighty,84"),
        'must hold numbers such as 1234.5, and there are "eighty" in line 3.',
    ),
    "infinite": (CSV.replace("88.7", "inf"), 'there are "inf" in line 2.'),
    "too-large": (CSV.replace("88.7", "1e999"), '"1e999" in line 2.'),
    "python": (CSV.replace("88.7", "8_8"), 'there are "8_8" in line 2.'),
    "decimal-comma": (
        CSV.replace(",", ";").replace("88.7", "88,7"),
        '"88,7" in line 2. Mend them in the file; a decimal comma must',
    ),
    "thousand-or-not": (
        "date;open\n2010-04-26;1,234\n2010-04-27;5\n",
        '"1,234" in line 2. Mend them in the file; a decimal comma must',
    ),
    "odd-groups": (CSV.replace("88.7", '"12,34.5"'), '"12,34.5" in line 2'),
    "no-quotes": (
        CSV.replace("88.7", "1,088.7"),
        "it has 3 columns, but another number of fields in line 2. Mend",
    ),
    "footer": (
        CSV + "from the exchange\n",
        "another number of fields in line 6.",
    ),
    "long": (CSV.replace("88.7", "x" * 9999), f'"{"x" * 20}" in line 2.'),
    "many": (
        CSV.replace(".", "?"),
        '"88?7" in line 2, "87?4" in line 3, "84?2" in line 4 and 1 more.',
    ),
    "no-day": (
        CSV.replace("04-27", "02-30"),
        '20100426, and there are "2010-02-30" in line 3.',
    ),
    "no-date": (CSV.replace("2010-04-27", ""), 'there are "" in line 3.'),
    "short-year": (CSV.replace("2010", "10"), 'there are "10-04-26" in line 2'),
    "seven-digits": (
        CSV.replace("2010-04-27", "2010427"),
        '"2010427" in line 3.',
    ),
    "excel-days": (CSV.replace("2010-04-27", "40295"), '"40295" in line 3.'),
    "either-order": (
        "date,open\n04/05/2010,1\n05/05/2010,2\n",
        '"04/05/2010" in line 2, may be day and month or month and day.',
    ),
    "both-orders": (
        "date,open\n04/26/2010,1\n27/04/2010,2\n",
        '"04/26/2010" in line 2, may be day and month or month and day.',
    ),
    "two-prices": (
        CSV + "2010-04-27,87.5,1\n",
        "87.4 and 87.5 on 2010-04-27 (lines 3 and 6). Expected is one share",
    ),
    "only-missing": (
        "date,open\n2010-04-26,\n2010-04-27,NaN\n",
        'its column "open" holds no number at all.',
    ),
    "only-header": (LINES[0], "it holds no prices below its header."),
    "empty": ("", "it is empty."),
    "blank": (" \n\n", "it is empty."),
    "excel": (b"PK\x03\x04\x14\x00\x06\x00\xff\xfe\x80\x00", "is no text in"),
    "utf-16": (CSV.encode("utf-16"), 'save the table as "CSV UTF-8"'),
    "open-quote": (
        CSV.replace("88.7", '"88.7'),
        "another number of fields in line 5.",
    ),
    "endless": (CSV + '"' + "x" * 200_000, "is no line of a CSV file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_mean_two_things_is_refused_with_its_lines(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    data, said = REFUSED[name]
    path = stored(tmp_path, data)
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        datasets.stock(path)
    assert str(caught.value).startswith(f"{path} cannot be used: it")
    assert len(str(caught.value)) < len(str(path)) + 300
    assert capsys.readouterr().out == ""


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*none\.csv\. Exp"):
        datasets.stock(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="cannot be read"):
        datasets.stock(tmp_path)


def test_a_path_may_begin_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for home in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(home, str(tmp_path))
    stored(tmp_path, CSV)
    assert holds(datasets.stock("~/share.csv"))
