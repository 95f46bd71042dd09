"""How much memory do the students of one server need?

Each student gets a JupyterLab of their own and runs a lecture in it to the
end, all at once, as on a JupyterHub. What counts is the proportional set size
(PSS) of server and kernel: pages that several processes share, TensorFlow's
code above all, are divided among them. It prints a table in Markdown.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import common
import psutil
import websocket

EVERY = 0.5  # seconds between two looks at the memory
PATIENCE = 900  # seconds for a cell, on a machine that others use, too
TOKEN = "only-on-this-computer-and-only-now"
MIB = 2**20


class Student:
    """A JupyterLab and a kernel on this computer."""

    def __init__(self, folder: Path) -> None:
        """Start the server.

        Args:
            folder: Where the copies of the lectures go.
        """
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        command = ["-m", "course_utils", "lab", "--no-browser"]
        env = dict(os.environ, COURSE_WORK_DIR=str(folder), JUPYTER_TOKEN=TOKEN)
        self.server = subprocess.Popen(
            [sys.executable, *command, "--port", str(port)],
            env=env,
            cwd=Path(__file__).parents[1],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, what: str, data: dict[str, Any] | None = None) -> Any:
        """Ask the server, waiting until it has started; return its answer."""
        request = urllib.request.Request(
            f"http://{self.address}/api/{what}",
            json.dumps(data).encode() if data else None,
            {"Authorization": f"token {TOKEN}"},
        )
        end = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:
                    return json.load(answer)
            except OSError:
                if time.monotonic() > end or self.server.poll() is not None:
                    raise
                time.sleep(0.5)

    def run(self, lecture: str) -> None:
        """Open a lecture and run all its cells, as the browser does."""
        notebook = self.ask(f"contents/{lecture}")["content"]
        session = {"path": lecture, "name": "", "type": "notebook"}
        session["kernel"] = {"name": "python3"}
        number = self.ask("sessions", session)["kernel"]["id"]
        line = websocket.create_connection(
            f"ws://{self.address}/api/kernels/{number}/channels?token={TOKEN}",
            timeout=PATIENCE,
        )
        for place, cell in enumerate(notebook["cells"]):
            if cell["cell_type"] == "code":
                answer = execute(line, f"cell-{place}", "".join(cell["source"]))
                if answer["status"] != "ok":
                    raise RuntimeError(f"{lecture}, cell {place}: {answer}")

    def memory(self) -> tuple[int, int]:
        """Return the PSS in bytes of the server and of its kernels."""
        try:
            children = psutil.Process(self.server.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return 0, 0
        return pss(self.server.pid), sum(pss(child.pid) for child in children)


def execute(line: websocket.WebSocket, name: str, code: str) -> dict[str, Any]:
    """Run a cell; return what the kernel replies once it is idle again."""
    header = {"msg_id": name, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": "benchmark", "date": ""}
    content = {"code": code, "silent": False, "store_history": True}
    message = {"header": header, "parent_header": {}, "metadata": {}}
    line.send(json.dumps(message | {"content": content, "channel": "shell"}))
    reply, idle = None, False
    while reply is None or not idle:
        received = line.recv()
        if isinstance(received, bytes):  # the picture of a widget
            continue
        message = json.loads(received)
        if message["parent_header"].get("msg_id") != name:
            continue
        if message["header"]["msg_type"] == "execute_reply":
            reply = message["content"]
        idle |= message["content"].get("execution_state") == "idle"
    return reply


def pss(process: int) -> int:
    """Return the proportional set size of a process in bytes."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:  # it has ended
        return 0
    return int(re.search(r"(?m)^Pss:\s+(\d+)", text).group(1)) * 1024


def measure(lecture: str, number: int) -> list[int]:
    """Let students run a lecture at once.

    Args:
        lecture: The name of the file.
        number: How many students.

    Returns:
        PSS in bytes of all servers at the end, of all kernels at the end,
        and the highest sum of both.
    """
    with tempfile.TemporaryDirectory(prefix="course-students-") as folder:
        students = []
        try:
            for i in range(number):
                students.append(Student(Path(folder, str(i))))
            with ThreadPoolExecutor(number) as pool:
                runs = [pool.submit(s.run, lecture) for s in students]
                highest = 0
                while not all(run.done() for run in runs):
                    now = sum(sum(s.memory()) for s in students)
                    highest = max(highest, now)
                    time.sleep(EVERY)
            for run in runs:
                run.result()  # raises what went wrong
            servers, kernels = zip(*(s.memory() for s in students), strict=True)
            return [sum(servers), sum(kernels), highest]
        finally:
            for student in students:
                stop(student.server)


def stop(server: subprocess.Popen[bytes]) -> None:
    """End a server and its kernels."""
    family = [psutil.Process(server.pid)]
    family += family[0].children(recursive=True)
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=10)


def main() -> int:
    """Measure, and print the table."""
    parser = common.parser(__doc__)
    parser.add_argument("lectures", nargs="*", default=["02", "09"])
    parser.add_argument(
        "--students", nargs="+", type=common.count, default=[1, 3, 5]
    )
    parser.add_argument("--memory", type=float, default=24, help="GiB")
    parser.add_argument(
        "--kept", type=float, default=2, help="GiB for everything else"
    )
    options = parser.parse_args()
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("Only Linux tells the proportional set size.")
    os.environ.setdefault("COURSE_PROFILE", "quick")
    files = Path(__file__).parents[1] / "notebooks"
    room = (options.memory - options.kept) * 2**30
    common.head(
        f"PSS in MiB, profile {os.environ['COURSE_PROFILE']}",
        *("lecture", "students", "servers", "kernels", "both", "highest"),
        *("a further student", "highest", f"fit into {options.memory:g} GiB"),
    )
    for number in options.lectures:
        (lecture,) = (path.name for path in files.glob(f"{number}_*.ipynb"))
        first = None
        for count in sorted(set(options.students)):
            found = measure(lecture, count)
            end, highest = found[0] + found[1], found[2]
            further = ["", "", ""]
            if first is None:
                first = count, end, highest
            else:
                more = count - first[0]
                after, most = (
                    (end - first[1]) / more,
                    (highest - first[2]) / more,
                )
                fit = first[0] + (room - first[2]) // most
                further = [
                    f"{after / MIB:.0f}",
                    f"{most / MIB:.0f}",
                    f"{fit:.0f}",
                ]
            sizes = [f"{size / MIB:.0f}" for size in (*found[:2], end, highest)]
            common.row(number, count, *sizes, *further)
    return 0


if __name__ == "__main__":
    sys.exit(main())
