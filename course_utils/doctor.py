"""Checks whether the course can run on this computer."""

import importlib.metadata
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


def examine(work: Path) -> int:
    """Print one line for each check; return 1 if there is a problem, else 0.

    work: the folder of the learner's copies.
    """
    checks = {
        "Python": python,
        "packages": packages,
        "TensorFlow": tensorflow,
        "settings": settings,
        "disk": lambda: disk(work),
        "work folder": lambda: writable(work),
        "network": loopback,
        "kernel": kernel,
    }
    problems = 0
    for name, check in checks.items():
        try:
            mark, text = "ok", check()
        except Exception as error:
            mark, text = "problem", str(error) or type(error).__name__
            problems += 1
        print(f"{mark:8} {name:12} {text}", flush=True)
    print(f"{problems} problems." if problems else "Everything is fine.")
    return int(problems > 0)


def python() -> str:
    """Return version and place of Python, and the system."""
    return f"{platform.python_version()} ({sys.executable}), " + (
        platform.platform()
    )


def packages() -> str:
    """Return the versions of what matters most."""
    found = []
    cpu = importlib.metadata.packages_distributions().get("tensorflow")
    for name in (*(cpu or ["tensorflow"])[:1], "keras", "jupyterlab"):
        found.append(f"{name} {importlib.metadata.version(name)}")
    version = importlib.metadata.version("ipywidgets")
    return ", ".join([*found, f"ipywidgets {version}"])


def tensorflow() -> str:
    """Import TensorFlow, in a process of its own because it may crash."""
    code = (
        "from course_utils import device as d;"
        "print(d.accelerator(), 'and profile', d.profile())"
    )
    run = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if run.returncode < 0:
        raise RuntimeError(
            "it crashes: the processor may be too old for it (it needs AVX)"
        )
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{last}: delete .venv, then python3 start.py")
    text = run.stdout.strip().splitlines()[-1]
    if text.startswith("CPU") and shutil.which("nvidia-smi"):
        text += "; to use the NVIDIA GPU: python3 start.py gpu"
    return f"imports, {text}"


def settings() -> str:
    """Return the variables that change what the course does."""
    found = [
        f"{k}={v}" for k, v in os.environ.items() if k.startswith("COURSE_")
    ]
    return " ".join(sorted(found)) or "no COURSE_... variable is set"


def disk(work: Path) -> str:
    """Return how much is free where the copies and the data are kept."""
    folder = next(p for p in (work, *work.parents) if p.exists())
    free = shutil.disk_usage(folder).free / 1e9
    if free < 0.5:
        raise OSError(f"only {free:.1f} GB are free in {folder}: make room")
    return f"{free:.1f} GB are free"


def writable(work: Path) -> str:
    """Return the folder of the copies if files can be made there."""
    folder = next(Path(p) for p in (work, *work.parents) if p.exists())
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OSError(
            f"cannot write in {folder} ({error.strerror}): set COURSE_WORK_DIR"
            " to a folder of your own"
        ) from None
    return str(work)


def loopback() -> str:
    """Talk to this computer over its own network, as JupyterLab does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        try:
            socket.create_connection(server.getsockname(), 3).close()
        except OSError as error:
            raise OSError(
                f"programs here cannot talk to each other ({error}): let "
                "Python through the firewall for 127.0.0.1"
            ) from None
    return "programs on this computer can talk to each other"


def kernel() -> str:
    """Start a notebook's Python and let it compute."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(
        startup_timeout=60, stderr=subprocess.DEVNULL
    )
    try:
        reply = client.execute("import course_utils", reply=True, timeout=30)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(
                "the kernel cannot import course_utils: delete .venv, then "
                "python3 start.py"
            )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "starts and finds course_utils"
