#!/usr/bin/env python3
"""Make the environment of the course if it is missing, then start a command.

Needs nothing but Python: `python3 start.py --help` lists the commands. It must
parse and run on old Pythons too, to tell their owners which one to use.
"""

import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

SUPPORTED = ((3, 11), (3, 12), (3, 13))
COMMANDS = {
    "lab": "open JupyterLab on your copies of the lectures (the default)",
    "reset": "NN: start a lecture afresh; your old copy is kept beside it",
    "test": "run every test; --browser: those in a real browser",
    "render": "[NN ...]: run the lectures and store what they print",
    "slides": "[NN ...] [--to FOLDER]: make slides for any browser",
    "data": "status: which data sets are here; fetch [--to FOLDER]: get all",
    "grade": "FOLDER: check handed-in notebooks, and write tables",
    "doctor": "check this computer and say what to do about problems",
    "gpu": "remake the environment with TensorFlow for NVIDIA GPUs (Linux)",
    "cpu": "remake the environment without it",
}
WINDOWS = os.name == "nt"
ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements.txt"
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
LOG = VENV / "setup.log"
STAMP = VENV / "course.json"  # written last: without it, setup is unfinished
# Gigabytes to download and on disk (pip's cache included): measured for
# cpu, estimated for gpu.
SIZE = {"cpu": (0.5, 3.0), "gpu": (3.5, 11.0)}
NO_VENV = (
    "This Python lacks venv or pip. On Debian and Ubuntu type: sudo apt "
    "install python{}.{}-venv; elsewhere install Python from python.org. "
    "Then start again.".format(*sys.version_info[:2])
)
DISK_FULL = "The disk is full: make room, then start again."
# What pip or venv wrote, and what that means; the first that fits counts.
CAUSES = (
    (r"No space left|Errno 28\b|WinError 112|not enough space", DISK_FULL),
    (r"ensurepip", NO_VENV),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLCertVerification",
        "The network replaces certificates, as some company networks do. Ask "
        "for its certificate file, set PIP_CERT to it, and start again.",
    ),
    (
        r"Retrying|Max retries|ConnectionError|ProxyError|[Tt]imed out|getaddr"
        r"info|Temporary failure in name|Connection (reset|refused|broken)",
        "No answer from the package index: connect to the network (behind a "
        "proxy set HTTPS_PROXY), then start again.",
    ),
    (
        r"No matching distribution found for (?P<what>\S+)",
        "The package index has no {what} for this computer: if you use a "
        "mirror, it may be out of date.",
    ),
    (r"(?m)^ERROR: (?P<what>.*)", "Setup failed: {what} Start again."),
)


class Stop(Exception):
    """A problem that the user can mend, told in one line."""


def say(text):
    """Print a line at once."""
    print(text, flush=True)


def environment():
    """Return the variables for a child, without those that mislead it."""
    env = dict(os.environ, PIP_USER="0")
    for name in "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__":
        env.pop(name, None)
    env.setdefault("PYTHONUTF8", "1")  # Windows would use another encoding
    return env


def ask(command):
    """Run a command for at most 20 s; return its output, or None."""
    try:
        return subprocess.check_output(
            command,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=20,
            universal_newlines=True,
            env=environment(),
        ).strip()
    except (OSError, subprocess.SubprocessError):
        return None


def python_version(command):
    """Return "3.12 64" for the Python that a command starts, or None."""
    code = "import sys; print('%d.%d' % sys.version_info[:2], "
    code += "64 if sys.maxsize > 2**32 else 32)"
    return ask([*command, "-I", "-S", "-c", code])


def refusal(version, bits, system, machine, arguments=()):
    """Say in one line why a Python cannot run the course, or return None.

    version: (major, minor), bits: 32 or 64, system: as sys.platform,
    machine: as platform.machine(), arguments: what followed start.py.
    """
    if system == "darwin" and machine == "x86_64":
        return (
            "This Python is made for Intel Macs, and TensorFlow no longer is. "
            "On Apple silicon install the Python from python.org; on an Intel "
            "Mac use a Linux container."
        )
    if system == "win32" and machine == "ARM64":
        return (
            "This Python is made for ARM, and TensorFlow for Windows is not. "
            "Install the 64-bit (not ARM64) Python 3.13 from python.org."
        )
    if bits == 32:
        what = "This Python has 32 bits, and TensorFlow needs 64"
    elif version not in SUPPORTED:
        what = "This is Python {}.{}".format(*version)
        what += ", and the course needs 3.11, 3.12 or 3.13"
        if version > SUPPORTED[-1]:
            what += " (TensorFlow has no release for newer ones yet)"
    else:
        return None
    for _, minor in reversed(SUPPORTED):
        command = [f"python3.{minor}"]
        if system == "win32":
            command = ["py", f"-3.{minor}"]
        # Being there is not enough: pyenv's stand-ins may lead nowhere.
        if python_version(command) == f"3.{minor} 64":
            typed = " ".join([*command, "start.py", *arguments])
            return f"{what}. Type: {typed}"
    return f"{what}. Install Python 3.13 from python.org and start with it."


def check_computer(variant, arguments):
    """Stop if the environment cannot be made here."""
    reason = refusal(
        sys.version_info[:2],
        64 if sys.maxsize > 2**32 else 32,
        sys.platform,
        platform.machine(),
        arguments,
    )
    if reason:
        raise Stop(reason)
    if not all(importlib.util.find_spec(m) for m in ("venv", "ensurepip")):
        raise Stop(NO_VENV)
    free, needed = shutil.disk_usage(str(ROOT)).free / 1e9, SIZE[variant][1]
    if free < needed:
        raise Stop(
            f"The disk is too full: {free:.1f} GB are free for {ROOT}, and "
            f"the course needs {needed}. Make room, then start again."
        )


def packages():
    """Return (site-packages, the names in it) of .venv."""
    pattern = "Lib/site-packages" if WINDOWS else "lib/python3*/site-packages"
    folder = next(VENV.glob(pattern), VENV)
    names = os.listdir(str(folder))
    # Without pip, because a user may well upgrade that.
    return folder, {n for n in names if not re.match("pip$|pip-|__pyc", n)}


def fingerprint():
    """Return a hash of requirements.txt, whatever its line endings."""
    text = REQUIREMENTS.read_text(encoding="utf-8")
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def look(wanted=None):
    """Return (what to do with .venv, why, its variant).

    The first is "Making", "Remaking", "Updating", or "" if nothing is to be
    done. Comparing names is enough, as they hold the versions, and is quick.
    wanted: "cpu" or "gpu"; None keeps what is there.
    """
    if not VENV.exists() or (VENV.is_dir() and not os.listdir(str(VENV))):
        return "Making", "there is none yet", wanted or "cpu"
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        python, old, files = (stamp[k] for k in ("python", "pins", "files"))
        variant = wanted or stamp["variant"]
        changed = variant != stamp["variant"]
    except (OSError, ValueError, KeyError, TypeError):
        return "Remaking", "its setup was not finished", wanted or "cpu"
    if python_version([str(PYTHON)]) != python:
        return "Remaking", "its Python does not run any more", variant
    if changed:
        return "Remaking", f"it was made for {stamp['variant']}", variant
    missing = sorted(set(files) - packages()[1])
    for name in missing:
        if not name.endswith(".dist-info"):
            return "Remaking", f"{name} is missing in it", variant
    if missing:
        return "Updating", "packages in it were changed", variant
    if old != fingerprint():
        return "Updating", "requirements.txt has changed", variant
    return "", "", variant


@contextlib.contextmanager
def only_one():
    """Let one start at a time change .venv; yield the open lock file.

    The system frees the lock when the process ends, however it ends.
    """
    try:
        lock = (ROOT / ".venv.lock").open("a")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise Stop(
            f"Cannot write in {ROOT} ({error.strerror}): copy the course to "
            "a folder of your own and start there."
        ) from None
    with lock:
        if not grab(lock):
            say("Another start is setting up the course; waiting for it.")
            while not grab(lock):
                time.sleep(0.5)
        yield lock


def grab(lock):
    """Return whether this process now holds the lock on an open file."""
    try:
        if WINDOWS:
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network folders know no locks: then go on without.
        return error.errno not in (errno.EAGAIN, errno.EACCES)
    return True


def prepare(wanted, arguments):
    """Make or mend .venv if it needs that.

    wanted: "cpu", "gpu" or None, arguments: what followed start.py.
    """
    if not look(wanted)[0]:
        return
    with only_one() as lock:
        work, why, variant = look(wanted)  # another start may have done it
        if not work:
            return
        if work != "Updating":
            check_computer(variant, arguments)
        say(f"{work} the environment in {VENV}: {why}.")
        if work != "Updating":
            down, disk = SIZE[variant]
            say(f"Once: {down} GB to download, {disk} on disk, 1-10 minutes.")
            remove()
            create()
        with contextlib.suppress(FileNotFoundError):
            STAMP.unlink()
        install(variant, lock)
        folder, _ = packages()
        # Relative, so that the course folder may be moved or renamed.
        link = os.path.relpath(str(ROOT), str(folder))
        (folder / "course.pth").write_text(link + "\n", encoding="ascii")
        stamp = {
            "python": python_version([str(PYTHON)]),
            "variant": variant,
            "pins": fingerprint(),
            "files": sorted(packages()[1]),
        }
        unfinished = STAMP.with_suffix(".new")
        unfinished.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
        unfinished.replace(STAMP)


def remove():
    """Delete .venv, but nothing outside it, and not by halves."""
    own = os.path.join(os.path.realpath(str(ROOT)), VENV.name)
    real = os.path.realpath(str(VENV))
    if VENV.is_dir() and not os.listdir(str(VENV)):
        return  # perhaps a link to a bigger disk: build there
    if not os.path.lexists(str(VENV)):
        pass
    elif os.path.normcase(real) != os.path.normcase(own) or VENV.is_file():
        raise Stop(
            f"{VENV} is a link or a file, so it is not deleted for you. "
            "Delete it, then start again."
        )
    else:
        try:
            VENV.rename(ROOT / f".venv-old-{os.getpid()}")
        except OSError as error:
            raise Stop(
                f"{VENV} is in use ({error.strerror}). Close JupyterLab and "
                "every terminal that uses it, then start again."
            ) from None
    for old in ROOT.glob(".venv-old-*"):
        shutil.rmtree(str(old), ignore_errors=True)


def create():
    """Make an empty virtual environment."""
    VENV.mkdir(exist_ok=True)
    # The real Python, should this one be the .venv that was just removed.
    python = getattr(sys, "_base_executable", None) or sys.executable
    with LOG.open("wb") as log:
        command = [python, "-m", "venv", str(VENV)]
        code = subprocess.call(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(),
        )
    if code:
        raise Stop(explain(read_log(0)))


def pip_command(variant):
    """Return the command that installs the pins.

    They are complete, so pip needs to look for nothing else; only NVIDIA's
    libraries for variant "gpu" are not among them.
    """
    command = [str(PYTHON), "-m", "pip", "install", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off"]
    command += ["--only-binary", ":all:"]
    if variant == "cpu":
        return [*command, "--no-deps", "-r", str(REQUIREMENTS)]
    pins = REQUIREMENTS.read_text(encoding="utf-8")
    version = re.search(r"(?m)^tensorflow==(\S+)", pins).group(1)
    pins = re.sub(r"(?m)^tensorflow(-cpu)?==.*\n", "", pins)
    chosen = VENV / "requirements-gpu.txt"
    chosen.write_text(
        f"{pins}tensorflow[and-cuda]=={version}\n", encoding="utf-8"
    )
    return [*command, "-r", str(chosen)]


def install(variant, lock):
    """Run pip, show how far it is, and stop with one line if it fails."""
    before, started, shown = len(packages()[1]), time.monotonic(), None
    with LOG.open("ab") as log:
        start = log.tell()
        process = subprocess.Popen(
            pip_command(variant),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(),
            cwd=str(ROOT),
            # pip holds the lock too, should this process die before it.
            pass_fds=() if WINDOWS else (lock.fileno(),),
        )
    try:
        while process.poll() is None:
            done = [n for n in packages()[1] if n.endswith(".dist-info")]
            phase, count, text = progress(read_log(start), len(done) - before)
            if sys.stdout.isatty():
                shown = duration(time.monotonic() - started)
                line = f"  {phase} {text:.56}".ljust(68)
                print(f"\r{line}{shown:>11}", end="", flush=True)
            elif shown != (phase, count // 10):
                shown = (phase, count // 10)
                say(f"  {phase} {text}")
            time.sleep(0.2)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        if sys.stdout.isatty():
            print()
    if process.returncode:
        raise Stop(explain(read_log(start)))
    say(f"Ready after {duration(time.monotonic() - started)}.")


def read_log(start):
    """Return the log from byte `start` on."""
    with LOG.open("rb") as log:
        log.seek(start)
        return log.read().decode("utf-8", errors="replace")


def progress(log, installed=0):
    """Return (phase, number, "number of total package") from pip's log.

    installed: how many packages have appeared since pip began.
    """
    found = re.search(r"(?m)^Installing collected packages: (.*)", log)
    if found:
        names = found.group(1).strip().split(", ")
        count = min(max(installed, 0) + 1, len(names))
        text = f"{count} of {len(names)} {names[count - 1]}"
        return "installing", count, text
    pins = REQUIREMENTS.read_text(encoding="utf-8")
    total = len(re.findall(r"(?m)^\S+==", pins))
    total -= len(re.findall(r"(?m)^Ignoring ", log))
    count = len(re.findall(r"(?m)^Requirement already satisfied", log))
    wheels = re.findall(
        r"(?m)^ *(?:Downloading|Using cached|Processing) (?:\S*[/\\])?"
        r"([^-/\\\s]+)-\S*\.whl(?:$| )(\([\d.]+ \wB\))?",
        log,
    )
    count += len({name for name, _ in wheels})
    text = f"{count} of {max(total, count)} "
    if "Retrying" in log[log.rfind("\nCollecting") + 1 :]:
        text += "(no answer from the network, trying again)"
    elif wheels:
        text += " ".join(wheels[-1])
    return "downloading", count, text.strip()


def duration(seconds):
    """Return seconds as people write them."""
    minutes, seconds = divmod(int(seconds), 60)
    return (f"{minutes} min " if minutes else "") + f"{seconds} s"


def explain(log):
    """Say in one line what went wrong, from what venv or pip wrote."""
    for pattern, meaning in CAUSES:
        found = re.search(pattern, log)
        if found:
            return f"{meaning.format(**found.groupdict())} (Log: {LOG})"
    return f"Setup failed. Start again. (Log: {LOG})"


def hand_over(arguments):
    """Run `python -m course_utils` in .venv; return its exit code.

    arguments: the command and what follows it.
    """
    # -P: a folder named course_utils where the user stands is not ours.
    command = [str(PYTHON), "-P", "-m", "course_utils", *arguments]
    if not WINDOWS:
        sys.stdout.flush()
        os.execve(command[0], command, environment())
    process = subprocess.Popen(command, env=environment())
    while True:
        # The child gets every Ctrl-C too, and decides.
        with contextlib.suppress(KeyboardInterrupt):
            return process.wait()


def main(arguments):
    """Run one command and return its exit code.

    arguments: what followed start.py.
    """
    helps = {"-h", "--help"} & set(arguments)
    if helps and (arguments[0] in helps or look()[0]):
        say("python3 start.py [command] [options]\n")
        for name, text in COMMANDS.items():
            say(f"  {name:7} {text}")
        say("\npython3 start.py COMMAND --help tells more.")
        return 0
    command, rest = "lab", arguments
    if arguments and not arguments[0].startswith("-"):
        command, rest = arguments[0], arguments[1:]
    if command not in COMMANDS:
        names = ", ".join(COMMANDS)
        raise Stop(f"There is no command {command}: choose from {names}.")
    if command == "gpu" and sys.platform != "linux":
        raise Stop("TensorFlow uses NVIDIA GPUs on Linux (and WSL) only.")
    variant = command if command in SIZE else None
    prepare(variant, arguments)
    if variant:
        say(f"The environment is made for {variant}: python3 start.py")
        return 0
    return hand_over([command, *rest])


if __name__ == "__main__":
    for stream in sys.stdout, sys.stderr:
        if hasattr(stream, "reconfigure"):  # not on Python 3.6
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next start mends what is unfinished.")
    except OSError as problem:
        full = problem.errno == errno.ENOSPC
        sys.exit(DISK_FULL if full else f"Setup failed: {problem}.")
