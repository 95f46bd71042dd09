"""Does every lecture run everywhere, and twice?

Each lecture is run top to bottom in a fresh kernel, as Run All does; with
`--twice` then once more in the same kernel, where all names are taken and all
widgets are there. Nothing is stored. Profile and data are those of the
environment, as `COURSE_PROFILE=laptop COURSE_DATA_DIR=…`, and Python is the
one that runs this. It prints a row for each lecture, and fails if a cell does.
"""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path

import common

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from course_utils.__main__ import own_kernel  # noqa: E402
from course_utils.device import profile  # noqa: E402

import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import CellExecutionError  # noqa: E402


def run(path: Path, rounds: int, limit: int) -> tuple[list[float], str, int]:
    """Run a lecture so many times in one kernel.

    Args:
        path: The notebook.
        rounds: How many times.
        limit: Seconds that a cell may take.

    Returns:
        Seconds of each round, what went wrong (or nothing), and how many
        cells wrote to standard error.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=limit,
        resources={"metadata": {"path": str(path.parent)}},
    )
    seconds, loud = [], 0
    with client.setup_kernel():
        for _ in range(rounds):
            start = time.monotonic()
            for place, cell in enumerate(notebook.cells):
                try:
                    client.execute_cell(cell, place)
                except CellExecutionError as error:
                    last = str(error).strip().splitlines()[-1]
                    return seconds, f"cell {place}: {last[:120]}", loud
                loud += any(
                    output.get("name") == "stderr"
                    for output in cell.get("outputs", [])
                )
            seconds.append(time.monotonic() - start)
    return seconds, "", loud


def main() -> int:
    """Run what is asked for, and return 1 if a cell fails."""
    parser = common.parser(__doc__)
    parser.add_argument("lectures", nargs="*", help="such as 02; all if none")
    parser.add_argument(
        "--twice", action="store_true", help="and again in the same kernel"
    )
    parser.add_argument(
        "--limit",
        type=common.count,
        default=1200,
        help="seconds that a cell may take (1200)",
    )
    options = parser.parse_args()
    wanted = [number.zfill(2) for number in options.lectures]
    rounds = 2 if options.twice else 1
    problems = []
    own_kernel()
    common.head(
        f"{profile()} form, Python {platform.python_version()}",
        *("lecture", "seconds", "cells on stderr", "what went wrong"),
    )
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if wanted and path.name[:2] not in wanted:
            continue
        seconds, problem, loud = run(path, rounds, options.limit)
        spent = ", ".join(f"{one:.0f}" for one in seconds)
        common.row(path.name[:2], spent, loud, problem)
        if problem:
            problems.append(f"Lecture {path.name[:2]}, {problem}")
    return common.verdict(problems, options)


if __name__ == "__main__":
    sys.exit(main())
