"""What benchmarks share: options, tables, and how they end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def parser(doc: str) -> argparse.ArgumentParser:
    """Return a parser that knows --no-bar.

    Args:
        doc: The docstring of a benchmark; its first line is the help.
    """
    made = argparse.ArgumentParser(description=doc.splitlines()[0])
    made.add_argument(
        "--no-bar",
        action="store_true",
        help="only print, whatever the result",
    )
    return made


def count(text: str) -> int:
    """Read a whole number from 1, as the type of an option.

    Raises:
        ArgumentTypeError: It is less; argparse says so.
        ValueError: It is no whole number; argparse says that, too.
    """
    if int(text) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def verdict(problems: Sequence[str], options: argparse.Namespace) -> int:
    """Print what is too bad, and return 1 if there is any and bars count."""
    if problems and not options.no_bar:
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    return 0


def row(*cells: object) -> None:
    """Print a row of a table as soon as it is there."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def head(title: str, *cells: str) -> None:
    """Begin a table."""
    print(f"\n### {title}\n")
    row(*cells)
    row(*["---"] * len(cells))
