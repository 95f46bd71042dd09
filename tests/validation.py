"""The pytest plugin that validates notebooks on top of nbval.

nbval runs every code cell and compares what it prints with what is stored.
This plugin adds what nbval leaves out: the same surroundings on every machine,
the comparison of pictures, the refusal of notebooks whose outputs are not
stored, a guard that lets nothing leave this machine, a table at the end, and
the switch for the browser tests.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import pictures
from tests.rules import Lecture, stored

import nbformat
import pytest
from nbval import plugin as nbval

SECONDS_PER_LECTURE = 60
PROPERTY = "notebook cell"
BROWSER_TESTS = Path(__file__).parent / "browser"
GUARD = Path(__file__).parent / "guard"


def _matplotlibrc() -> str:
    """Return matplotlib's own settings file, without the slow import."""
    spec = importlib.util.find_spec("matplotlib")
    return str(Path(spec.origin).parent / "mpl-data" / "matplotlibrc")


def prepare_environment() -> None:
    """Give kernels the same surroundings on every machine.

    Reference outputs must be written under the same settings: these change
    what a cell prints or draws.
    """
    home = tempfile.mkdtemp(prefix="course-tests-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ.update(
        COURSE_OFFLINE="1",
        COURSE_PROFILE="quick",
        COURSE_HEADLESS="1",
        # The order of sets of strings.
        PYTHONHASHSEED="0",
        # Sums depend on how many threads share them, and the number of
        # cores must not decide whether a lecture is correct.
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        TF_NUM_INTRAOP_THREADS="1",
        TF_NUM_INTEROP_THREADS="1",
        # A user's own settings, start-up scripts and kernels.
        IPYTHONDIR=str(Path(home, "ipython")),
        JUPYTER_CONFIG_DIR=str(Path(home, "jupyter")),
        JUPYTER_NO_CONFIG="1",
        KERAS_HOME=str(Path(home, "keras")),
        MATPLOTLIBRC=_matplotlibrc(),
    )
    os.environ.pop("PYTHONSTARTUP", None)
    _stay_here(Path(home))


def _stay_here(home: Path) -> None:
    """Let no Python started from here on, nor this one, use the network.

    home: the folder for the notes of who tried.
    """
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    others = [path for path in paths if path and path != str(GUARD)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(GUARD), *others])
    # Processes that share the work write into the notes of the first one.
    os.environ.setdefault("COURSE_NETWORK_NOTES", str(home / "network.txt"))
    # A proxy, even one on this machine, would be a way out.
    for name in [n for n in os.environ if n.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ["no_proxy"] = "*"
    from tests.guard import sitecustomize  # noqa: F401 (guards this process)


prepare_environment()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--browser``."""
    parser.addoption(
        "--browser",
        action="store_true",
        help="also drive a real JupyterLab in Chromium (tests/browser)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Switch nbval to this Python and teach it to look at pictures."""
    # The kernel called "python3" can be somebody else's Python.
    config.option.nbval_current_env = True
    patterns = config.option.nbval_sanitize_with
    if patterns:
        # Relative to the project, wherever pytest was started.
        config.option.nbval_sanitize_with = str(config.rootpath / patterns)
    config.pluginmanager.register(LectureTable(config), "lecture-table")
    if not hasattr(config, "workerinput"):
        notes = Path(os.environ["COURSE_NETWORK_NOTES"])
        config.pluginmanager.register(NetworkNotes(notes), "network-notes")
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    patch.setattr(nbval.IPyNbFile, "collect", _collect)
    patch.setattr(nbval.IPyNbCell, "compare_outputs", _compare_outputs)


def pytest_ignore_collect(
    collection_path: Path, config: pytest.Config
) -> bool | None:
    """Leave the browser tests out unless they are asked for."""
    if collection_path == BROWSER_TESTS and not config.option.browser:
        return True
    return None


# Cells


class StoredOutputs(pytest.Item):
    """Refuses a notebook that nbval would pass for want of outputs."""

    def runtest(self) -> None:
        """Check the notebook as it is stored, before any cell runs."""
        lecture = Lecture(self.path, self.parent.nb)
        problems = [
            problem
            for rule in stored.RULES.values()
            for problem in rule(lecture)
        ]
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the item as nbval names its cells."""
        name = self.path.relative_to(self.config.rootpath)
        return self.path, 0, f"{name}::{self.name}"


_nbval_collect = nbval.IPyNbFile.collect
_nbval_compare = nbval.IPyNbCell.compare_outputs


def _collect(self: nbval.IPyNbFile) -> Iterator[pytest.Item]:
    cells = list(_nbval_collect(self))
    yield StoredOutputs.from_parent(self, name="stored outputs")
    yield from cells


def _compare_outputs(
    self: nbval.IPyNbCell,
    test: list[nbformat.NotebookNode],
    ref: list[nbformat.NotebookNode],
    skip_compare: tuple[str, ...] | None = None,
) -> bool:
    same = _nbval_compare(self, test, ref, skip_compare)
    kept = pictures.pictures(ref)
    folder = self.config.cache.mkdir("pictures")
    folder = folder / self.path.stem / f"cell-{self.cell_num}"
    shutil.rmtree(folder, ignore_errors=True)
    found = pictures.differences(kept, pictures.pictures(test), folder)
    self.user_properties.append(("pictures", len(kept)))
    for text in found:
        self.comparison_traceback.append(
            f"Cell {self.cell_num} of {self.path.name}: {text}"
        )
    return same and not found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """Note on each report which notebook it belongs to.

    The note travels with the report, so the table also works when several
    processes share the work.
    """
    report = yield
    if report.when == "teardown":
        if isinstance(item, nbval.IPyNbCell):
            kind = "compared" if item.options["check"] else "ignored"
            report.user_properties.append((PROPERTY, kind))
        elif isinstance(item, StoredOutputs):
            report.user_properties.append((PROPERTY, "stored"))
    return report


# Network


class NetworkNotes:
    """Fails a run in which something tried to leave the machine.

    An error that the guard raises can be caught, and often is; a note stays.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[str]:
        """Return who tried what, once each."""
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        return list(dict.fromkeys(text.splitlines()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a green run red."""
        if self.lines() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Say who tried what."""
        if self.lines():
            terminalreporter.section("tried to leave this machine")
        for line in self.lines():
            terminalreporter.write_line(f"FAILED {line}")


# Table


@dataclass
class Row:
    """What the table says about one notebook."""

    seconds: float = 0.0
    compared: int = 0
    ignored: int = 0
    pictures: int = 0


@dataclass
class LectureTable:
    """Collects reports, prints the table, and fails slow lectures."""

    config: pytest.Config
    rows: dict[str, Row] = field(default_factory=dict)
    measured: list[str] = field(default_factory=list)

    @property
    def slow(self) -> list[str]:
        """Names of the notebooks over the limit."""
        return [
            name
            for name, row in self.rows.items()
            if row.seconds > SECONDS_PER_LECTURE
        ]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add one report; runs in the process that prints."""
        if report.when == "teardown":
            self.measured += [
                value
                for key, value in report.user_properties
                if key == "measured"
            ]
        name = report.nodeid.split("::")[0]
        if not name.endswith(".ipynb"):
            return
        row = self.rows.setdefault(name, Row())
        row.seconds += report.duration
        if report.when != "teardown":
            return
        for key, value in report.user_properties:
            if key == "pictures":
                row.pictures += value
            elif key == PROPERTY and value == "compared":
                row.compared += 1
            elif key == PROPERTY and value == "ignored":
                row.ignored += 1

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a green run red if a lecture takes too long."""
        if self.slow and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Print the table, what was measured, and what was not run."""
        write = terminalreporter.write_line
        if self.rows:
            terminalreporter.section("lectures")
            write(f"{'lecture':32} seconds  compared  ignored  pictures     kB")
        for name, row in sorted(self.rows.items()):
            path = self.config.rootpath / name
            write(
                f"{path.stem:32} {row.seconds:7.1f}  {row.compared:8}"
                f"  {row.ignored:7}  {row.pictures:8}"
                f"  {path.stat().st_size / 1000:5.0f}"
            )
        for name in self.slow:
            write(
                f"FAILED {name}: {self.rows[name].seconds:.0f} s in profile "
                f"quick, allowed are {SECONDS_PER_LECTURE}. Less data, fewer "
                "epochs, or device.budget(quick=...)."
            )
        for text in self.measured:
            write(f"measured: {text}")
        if not self.config.option.browser:
            write("Not run: the browser tests, which are `test --browser`.")
