"""The commands of the course: `python -m course_utils COMMAND`.

`python3 start.py COMMAND` makes the environment first and then comes here.
"""

import argparse
import copy
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
ELSEWHERE = "Set COURSE_WORK_DIR to a folder of your own for your copies."
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

Notebook = dict[str, Any]  # as nbformat stores it; also one cell of it


class Stop(Exception):
    """A problem that the user can mend, told in one line."""


def work_folder() -> Path:
    """Return where the learner's copies are: $COURSE_WORK_DIR or work/."""
    return Path(os.environ.get("COURSE_WORK_DIR") or ROOT / "work").absolute()


def lectures(wanted: Iterable[str] = ()) -> list[Path]:
    """Return the originals in order.

    wanted: numbers or names ("2", "02", "02_gradient_descent"); empty for all.
    """
    every = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    if not wanted:
        return every
    chosen = []
    for name in wanted:
        stem = Path(name).stem
        stem = stem.zfill(2) if stem.isdigit() else stem
        found = [p for p in every if stem in (p.stem, p.stem[:2])]
        if not found:
            numbers = ", ".join(p.stem for p in every) or "none"
            raise Stop(f"There is no lecture {name}; there are: {numbers}.")
        chosen += found
    return chosen


def read(path: Path) -> Notebook:
    """Return the notebook in a file as plain dictionaries."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        # What the rest of this module takes for granted.
        assert isinstance(notebook["metadata"], dict)
        assert all("cell_type" in cell for cell in notebook["cells"])
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise Stop(f"{path} is damaged ({error}).") from None
    except OSError as error:
        raise Stop(f"Cannot read {path} ({error.strerror}).") from None
    return notebook


def write(path: Path, notebook: Notebook) -> None:
    """Store a notebook whole or not at all.

    path: the file, replaced if it exists, notebook: plain dictionaries.
    """
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    write_text(path, text + "\n", ELSEWHERE)


def write_text(path: Path, text: str, advice: str) -> None:
    """Store a text whole or not at all.

    path: the file, replaced if it exists, text: all of it, advice: what to
    do if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".saving-")
        try:
            with open(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            if os.name == "posix":  # mkstemp lets nobody else read it
                mask = os.umask(0)
                os.umask(mask)
                os.chmod(name, 0o666 & ~mask)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Stop(
            f"Cannot write {path} ({error.strerror}). {advice}"
        ) from None


def fresh(original: Path) -> Notebook:
    """Return a learner's copy: without outputs, so predicting is honest.

    The notes for the teacher give answers away, so they are left out, too,
    unless COURSE_TEACHER is set.

    original: the path of a lecture. The copy remembers a hash of what it
    was made from, to tell later that the lecture has changed.
    """
    notebook = read(original)
    if not os.environ.get("COURSE_TEACHER"):
        notebook["cells"] = [
            c for c in notebook["cells"] if not is_for_teacher(c)
        ]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    text = json.dumps(notebook["cells"], sort_keys=True)
    made_from = hashlib.sha256(text.encode()).hexdigest()
    for cell in notebook["cells"]:
        # The same as none, but JupyterLab's slides would not show the cell.
        if cell.get("metadata", {}).get("slideshow") == {"slide_type": "-"}:
            del cell["metadata"]["slideshow"]
    notebook["metadata"].pop("widgets", None)
    notebook["metadata"]["course"] = {"made_from": made_from}
    return notebook


def is_for_teacher(cell: Notebook) -> bool:
    """Return whether a cell holds notes for the teacher."""
    slideshow = cell.get("metadata", {}).get("slideshow", {})
    return slideshow.get("slide_type") == "notes"


def fill_work_folder() -> None:
    """Copy the lectures that are missing, and say which have changed."""
    work, copied, changed = work_folder(), [], []
    for original in lectures():
        mine = work / original.name
        try:
            new = fresh(original)
        except Stop as problem:
            say(f"{problem} Get it again: download the course, or git restore.")
            continue
        if not mine.exists():
            write(mine, new)
            copied.append(original.stem)
            continue
        try:
            old = read(mine)["metadata"].get("course", {}).get("made_from")
        except Stop as problem:
            say(f"{problem} {reset_command(original)} gives you a new one.")
            continue
        if old and old != new["metadata"]["course"]["made_from"]:
            changed.append(original)
    if copied:
        say(f"Copied into {work}: {', '.join(copied)}.")
        say(
            "These copies are yours. To start one afresh: "
            f"{reset_command(original)} (it keeps your old one beside it)"
        )
    for original in changed:
        say(
            f"{original.stem} has been updated since you copied it: "
            f"{reset_command(original)} gives you the new one and keeps yours."
        )


def reset_command(original: Path) -> str:
    """Return what to type to start a lecture afresh."""
    return f"python3 start.py reset {original.stem[:2]}"


def lab(args: argparse.Namespace, extra: list[str]) -> int:
    """Open JupyterLab on the learner's copies."""
    port = []
    if args.port is not None:
        if not 0 < args.port < 65536:
            raise Stop(f"Port {args.port} does not exist: use 1024 to 65535.")
        if not is_free(args.port):
            raise Stop(
                f"Port {args.port} is taken or not allowed. This one is free: "
                f"python3 start.py lab --port {free_port(args.port)}"
            )
        port = [f"--port={args.port}", "--ServerApp.port_retries=0"]
    fill_work_folder()
    work = work_folder()
    if not work.is_dir():
        raise Stop(f"There are no lectures in {NOTEBOOKS}: nothing to open.")
    if not os.access(work, os.W_OK):
        raise Stop(f"Nothing can be saved in {work}. {ELSEWHERE}")
    command = [sys.executable, "-m", "jupyterlab", f"--ip={args.ip}", *port]
    command += [f"--ServerApp.root_dir={work}"]
    first = next((p.name for p in lectures() if (work / p.name).exists()), "")
    command += [f"--LabApp.default_url=/lab/tree/{first}"] if first else []
    command += ["--no-browser"] if args.no_browser else []
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        say(
            "Warning: you are root (administrator), so notebooks may change "
            "anything on this system. In a container that is usual."
        )
        command += ["--allow-root"]
    own_settings()
    return hand_over([*command, *extra], work)


def own_settings() -> None:
    """Prepare the variables for a server: no news, and our kernel."""
    # No update checks either, so being offline is fine.
    config = [str(ROOT / "course_utils" / "jupyter")]
    config += filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(config)
    own_kernel()
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # a needless warning


def own_kernel() -> None:
    """Use the kernel of this environment, not a namesake elsewhere."""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"


def is_free(port: int) -> bool:
    """Return whether a server can be started on this port."""
    with socket.socket() as probe:
        if os.name == "posix":  # as JupyterLab does; elsewhere it would lie
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(taken: int) -> int:
    """Return the first free port after a taken one."""
    return next((p for p in range(taken + 1, 65536) if is_free(p)), 8888)


def hand_over(command: list[str], folder: Path) -> int:
    """Become another program; on Windows, run it and return its exit code.

    command: program and arguments, folder: where it runs.
    """
    sys.stdout.flush()
    if os.name == "posix":
        os.chdir(folder)
        os.execv(command[0], command)
    process = subprocess.Popen(command, cwd=folder)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # the child got it too, and decides


def reset(args: argparse.Namespace) -> int:
    """Put a fresh copy of lectures into work/, and keep the old ones."""
    for original in lectures(args.lecture):
        new, mine = fresh(original), work_folder() / original.name
        if mine.exists():
            stamp = time.strftime("%Y-%m-%d-%H%M%S")
            old = mine.with_stem(f"{mine.stem}-{stamp}")
            number = 1
            while old.exists():
                number += 1
                old = mine.with_stem(f"{mine.stem}-{stamp}-{number}")
            try:
                mine.rename(old)
            except OSError as error:
                raise Stop(
                    f"Cannot rename {mine} ({error.strerror})."
                ) from None
            say(f"Your old copy is {old}.")
        write(mine, new)
        say(f"{mine} is as new. If it is open, reload the page.")
    return 0


def test(args: argparse.Namespace, extra: list[str]) -> int:
    """Run the tests; with --browser those in a real browser instead."""
    command = [sys.executable, "-m", "pytest"]
    if args.browser:
        # Alone: how fast a page answers means nothing on busy processors.
        command += ["tests/browser", "--browser"]
    else:
        command += ["-n", "2", "--dist", "loadfile"]
    return hand_over([*command, *extra], ROOT)


def render(args: argparse.Namespace) -> int:
    """Run lectures as the tests do, and store what they print."""
    sys.path.insert(0, str(ROOT))
    # Kernels must have the same surroundings as in the tests.
    from tests.validation import prepare_environment

    prepare_environment()
    own_kernel()
    failed = [p for p in lectures(args.lecture) if not render_one(p)]
    return int(bool(failed))


def render_one(path: Path) -> bool:
    """Run a notebook and store it; return whether every cell was fine.

    path: the file, left as it is if a cell fails.
    """
    import nbformat
    from nbclient import NotebookClient

    try:
        text = json.dumps(read(path))
    except Stop as problem:
        say(str(problem))
        return False
    notebook = nbformat.reads(text, as_version=4)
    started, place = time.monotonic(), {}
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=120,
        startup_timeout=60,
        resources={"metadata": {"path": str(path.parent)}},
        coalesce_streams=True,
        record_timing=False,
        store_widget_state=False,
        on_cell_start=lambda cell, cell_index: place.update(number=cell_index),
    )
    try:
        client.execute(stderr=subprocess.DEVNULL)
    except Exception as error:
        number = place.get("number", 0)
        source = notebook.cells[number].source if notebook.cells else ""
        head = next(iter(source.strip().splitlines()), "")
        what = getattr(error, "ename", type(error).__name__)
        value = str(getattr(error, "evalue", error)).strip().split("\n")[0]
        say(f"{path.stem}: cell {number} failed, the file is left as it was.")
        say(f"    {head}\n    {what}: {value}")
        return False
    write(path, tidy(notebook))
    seconds, size = time.monotonic() - started, path.stat().st_size / 1000
    say(f"{path.stem:32} {seconds:6.1f} s  {size:5.0f} kB")
    return True


def tidy(notebook: Notebook) -> Notebook:
    """Return a notebook for the repository: the same on every machine.

    notebook: nbformat's object, after it was run.
    """
    import nbformat

    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        for key in "execution", "ExecuteTime", "collapsed", "scrolled":
            cell.metadata.pop(key, None)
        for output in cell.get("outputs", []):
            # Without a kernel a widget is only an error message; the picture
            # and the text beside it are shown instead.
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return json.loads(nbformat.v4.writes(notebook))


def slides(args: argparse.Namespace) -> int:
    """Make slides of lectures: one HTML file each, for any browser."""
    from course_utils.slides import build

    folder, failed = args.to or ROOT / "slides", 0
    for original in lectures(args.lecture):
        try:
            page = build(read(original))
        except Stop as problem:
            say(str(problem))
            failed += 1
            continue
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            say(f"{original.stem} is damaged ({error}).")
            failed += 1
            continue
        write_text(folder / f"{original.stem}.html", page, "Use --to FOLDER.")
        say(f"{original.stem:32} {len(page.encode()) / 1000:5.0f} kB")
    if failed < len(lectures(args.lecture)):
        say(f"The slides are in {folder}: open one in a browser.")
    return int(bool(failed))


def data(args: argparse.Namespace) -> int:
    """Say which data sets are here, or fetch all for use without network."""
    from course_utils import datasets

    if args.what == "status":
        for name, source in datasets.status().items():
            say(f"{name:14} {source}")
        return 0
    failed = 0
    for name in datasets.RECIPES:
        say(f"{name} …")
        try:
            say(f"{name} is in {datasets.fetch(name, args.to)}.")
        except datasets.Unusable as problem:
            failed += 1
            say(str(problem))
    if args.to and not failed:
        say(f"Set COURSE_DATA_DIR to {args.to} on the other computers.")
    return int(bool(failed))


def grade(args: argparse.Namespace) -> int:
    """Check a folder of handed-in notebooks, and write tables for it."""
    from course_utils.grading.grade import grade as grade_all

    folder = args.folder.absolute()
    if not folder.is_dir():
        raise Stop(f"There is no folder {folder}.")
    for ours in (sys.prefix, sys.base_prefix, Path(__file__).parent):
        if Path(ours).resolve().is_relative_to(folder.resolve()):
            raise Stop(
                f"{folder} holds the course itself ({ours}): put what was "
                "handed in into a folder of its own."
            )
    table = (args.to or folder.resolve().parent / "grades.csv").absolute()
    if table.is_dir():
        raise Stop(f"{table} is a folder: name a file, such as grades.csv.")
    if not table.parent.is_dir():
        raise Stop(f"There is no folder {table.parent} for the tables.")
    if not (args.seconds > 0 and args.memory > 0):
        raise Stop("--seconds and --memory have to be above 0.")
    try:
        grade_all(
            folder,
            table,
            lectures(),
            seconds=args.seconds,
            memory=args.memory,
            say=say,
        )
    except OSError as error:
        raise Stop(f"Cannot write {table} ({error.strerror}).") from None
    return 0


def doctor(args: argparse.Namespace) -> int:
    """Check this computer and say what to do about problems."""
    from course_utils.doctor import examine

    own_kernel()
    return examine(work_folder())


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="python3 start.py", allow_abbrev=False, description=__doc__
    )
    commands = top.add_subparsers(dest="command", required=True)

    def add(function: Callable[..., int]) -> argparse.ArgumentParser:
        text = function.__doc__.split("\n")[0]
        new = commands.add_parser(
            function.__name__, help=text, description=text, allow_abbrev=False
        )
        new.set_defaults(function=function)
        return new

    new = add(lab)
    new.epilog = "What follows -- is passed on to JupyterLab."
    new.add_argument("--no-browser", action="store_true")
    new.add_argument("--port", type=int)
    new.add_argument(
        "--ip",
        default="127.0.0.1",
        help="who may reach it: this computer only (the default), or, in a "
        "container, 0.0.0.0",
    )
    add(reset).add_argument("lecture", nargs="+", help="such as 02")
    new = add(test)
    new.epilog = "Everything else is passed on to pytest."
    new.add_argument("--browser", action="store_true")
    add(render).add_argument("lecture", nargs="*", help="such as 02; or all")
    new = add(slides)
    new.add_argument("lecture", nargs="*", help="such as 02; or all")
    new.add_argument("--to", type=Path, help="a folder; else slides/")
    new = add(data)
    new.add_argument("what", choices=("status", "fetch"))
    new.add_argument("--to", type=Path, help="a folder; else data/cache")
    new = add(grade)
    new.add_argument("folder", type=Path, help="what was handed in")
    new.add_argument("--to", type=Path, help="a file; else grades.csv beside")
    new.add_argument(
        "--seconds",
        type=float,
        default=60,
        help="for the cells that an answer needs (60)",
    )
    new.add_argument(
        "--memory", type=float, default=4, help="gigabytes for a notebook (4)"
    )
    add(doctor)
    return top


def main(argv: Iterable[str]) -> int:
    """Run one command and return its exit code.

    argv: the command and its arguments.
    """
    argv, extra = list(argv), []
    if "--" in argv:
        place = argv.index("--")
        argv, extra = argv[:place], argv[place + 1 :]
    args, unknown = parser().parse_known_args(argv)
    if args.function is test:
        return test(args, unknown + extra)
    if unknown:
        parser().error(f"{args.command} does not know {' '.join(unknown)}")
    if args.function is lab:
        return lab(args, extra)
    return args.function(args)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
