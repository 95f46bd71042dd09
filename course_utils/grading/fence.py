"""Puts a fence around the process that runs a learner's code.

There are three layers, and each works where the others do not. Python itself
refuses what a notebook has no business with (everywhere; a hook that C code
can go around). Linux gives the process a world of its own: no network, no
other processes, files that cannot be changed (where the system allows that to
ordinary users). And somebody outside counts processes and memory, looks at the
clock, and ends everything (`watch`).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

CLONE = {
    "files": 0x00020000,  # CLONE_NEWNS
    "messages": 0x08000000,  # CLONE_NEWIPC
    "user": 0x10000000,  # CLONE_NEWUSER
    "processes": 0x20000000,  # CLONE_NEWPID
    "network": 0x40000000,  # CLONE_NEWNET
}
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 4096, 16384, 1 << 18, 2
# Where programs and their libraries are, on all kinds of Linux.
SYSTEM = (
    *("usr", "bin", "sbin", "lib", "lib32", "lib64", "opt", "sys"),
    *("nix", "gnu", "home/linuxbrew"),
)
# Of /etc, without what only its owner should read.
SETTINGS = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "fonts"),
    *("passwd", "group", "nsswitch.conf", "hosts", "localtime", "os-release"),
)
DEVICES = ("null", "zero", "full", "random", "urandom")
BOX_SIZE = 256  # megabytes that a notebook may write
FILES = 256  # that it may have open
PROCESSES = 4  # that it may have, in place of none: a margin for the system
THREADS = 200 + 10 * (os.cpu_count() or 1)  # TensorFlow starts some per core

REFUSED = {
    **dict.fromkeys(
        (
            *("socket.connect", "socket.bind", "socket.sendto"),
            *("socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"),
            "socket.gethostbyaddr",
        ),
        "use the network",
    ),
    **dict.fromkeys(
        (
            *("os.fork", "os.forkpty", "os.exec", "os.system", "os.startfile"),
            *("os.posix_spawn", "os.spawn", "subprocess.Popen", "pty.spawn"),
        ),
        "start a program",
    ),
    **dict.fromkeys(("os.kill", "os.killpg"), "end a program"),
}
# Events that change files, and which of their arguments are paths.
CHANGES = {
    **dict.fromkeys(
        (
            *("os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.chown"),
            *("os.truncate", "os.utime", "os.setxattr", "os.removexattr"),
            "shutil.rmtree",
        ),
        (0,),
    ),
    **dict.fromkeys(("os.rename", "os.link", "os.symlink"), (0, 1)),
}


def enclose(box: Path, hidden: Sequence[Path]) -> list[str]:
    """Give this process, which must have one thread, a world of its own.

    Args:
        box: The one folder in which it may write. What stands beside it can
            be read.
        hidden: Folders that look empty from now on.

    Returns:
        One line for each layer that this system does not have.
    """
    missing, fonts = [], {}
    known = Path(os.environ.get("COURSE_FONTS") or os.devnull)
    if known.is_file():  # Matplotlib looks for them for long
        fonts[known.name] = known.read_bytes()
    _limit_resources()
    try:
        if sys.platform != "linux":
            raise OSError("this is not Linux")
        _end_with_parent()
        _own_world(box, hidden)
    except (OSError, AttributeError) as error:
        missing.append(
            f"This system gives notebooks no world of their own ({error}): "
            "only Python refuses the network, programs and other files, and "
            "C code goes around that. Grade so only what people handed in "
            "whom you trust (docs/grading.md)."
        )
    os.environ["MPLCONFIGDIR"] = str(box)
    for name, data in fonts.items():
        (box / name).write_bytes(data)
    return missing


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    size = BOX_SIZE * 2**20
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_NOFILE, FILES),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit, limit))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    if sys.platform == "linux":  # first to go if memory is short
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")


def _own_world(box: Path, hidden: Sequence[Path]) -> None:
    """Leave the namespaces of Linux that the rest of the system lives in.

    The new world begins empty, and gets what Python needs: so there are no
    sockets, pipes and terminals of others, whose writers no file system that
    is read-only would stop, and nothing of the instructor's to read.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def must(result: int) -> None:
        if result:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def mount(
        what: Path | str,
        where: Path | str,
        kind: str | None,
        flags: int,
        how: str = "",
    ) -> None:
        must(
            libc.mount(
                os.fsencode(what),
                os.fsencode(where),
                kind and kind.encode(),
                ctypes.c_ulong(flags),
                how.encode() or None,
            )
        )

    user, group = os.geteuid(), os.getegid()
    must(libc.unshare(sum(CLONE.values())))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    child = os.fork()  # the first process of the new world: all end with it
    if child:
        _wait_for(child)
    _end_with_parent()
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    careful = MS_NOSUID | MS_NODEV
    mount("none", box, "tmpfs", careful, "size=4m,mode=755")

    def here(path: Path) -> Path:
        return box / path.relative_to("/")

    for path in _needed_by_python():
        if here(path).exists():  # in a folder that is there already
            continue
        here(path).parent.mkdir(parents=True, exist_ok=True)
        here(path).mkdir() if path.is_dir() else here(path).touch()
        mount(path, here(path), None, MS_BIND | MS_REC)
    files = box.parent  # where checkers put what an answer has to read
    if not here(files).exists():
        here(files).mkdir(parents=True)
        mount(files, here(files), None, MS_BIND)
    here(Path("/proc")).mkdir()
    try:
        mount("proc", here(Path("/proc")), "proc", careful | MS_NOEXEC)
    except OSError:  # not allowed in some containers
        mount("/proc", here(Path("/proc")), None, MS_BIND | MS_REC)
    for folder in hidden:
        if here(folder).is_dir() and not box.is_relative_to(folder):
            mount("none", here(folder), "tmpfs", careful, "size=0,mode=555")
    here(box).mkdir(parents=True, exist_ok=True)
    os.chdir(box)
    must(libc.pivot_root(b".", b"."))
    must(libc.umount2(b".", MNT_DETACH))  # the world as it was
    _read_only(libc, must)
    mount("none", box, "tmpfs", careful, f"size={BOX_SIZE}m,mode=700")
    os.chdir(box)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    # The rights that this process has over its own world end here.
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    must(libc.capset(header, (ctypes.c_uint32 * 6)()))


def _needed_by_python() -> list[Path]:
    """Return what the new world shows of the old one."""
    package = Path(__file__).parents[1]
    course = [package, package.parent / "data"]
    data = os.environ.get("COURSE_DATA_DIR")
    python = {sys.prefix, sys.base_prefix, *sys.path} - {str(package.parent)}
    paths = [
        *(Path(f"/{name}") for name in SYSTEM),
        *(Path("/etc", name) for name in SETTINGS),
        *(Path("/dev", name) for name in DEVICES),
        *map(Path, sorted(python)),
        *course,
        *([Path(data)] if data else []),
    ]
    return [one for one in paths if one.is_absolute() and one.exists()]


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _read_only(libc: ctypes.CDLL, must: Callable[[int], None]) -> None:
    """Make every file system read-only, for this process alone."""
    attributes = (ctypes.c_uint64 * 4)(1, 0, 0, 0)  # set MOUNT_ATTR_RDONLY
    number, recursive = 442, 0x8000  # mount_setattr, AT_RECURSIVE
    must(
        libc.syscall(
            number, -100, b"/", recursive, attributes, ctypes.sizeof(attributes)
        )
    )


def _wait_for(child: int) -> None:
    """Live as long as the child does, and end as it did."""
    _end_with_parent()
    for stream in (0, 1, 2):  # else nobody would notice that the child closed
        os.close(stream)
    while True:
        with contextlib.suppress(InterruptedError):
            _, status = os.waitpid(child, 0)
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def refuse(box: Path, hidden: Sequence[Path]) -> None:
    """Let Python refuse what a notebook has no business with, from now on.

    Args:
        box: The one folder in which it may write.
        hidden: Folders of which it may read nothing.
    """
    inside = (os.path.realpath(box), os.devnull)
    unseen = tuple(map(os.path.realpath, hidden))
    real_path = os.path.realpath

    def within(path: object, folders: Sequence[str]) -> bool:
        if isinstance(path, int):  # opened before, and asked about then
            return folders is inside
        real = real_path(os.fsdecode(path))
        return any(
            real == folder or real.startswith(folder + os.sep)
            for folder in folders
        )

    def guard(event: str, arguments: tuple) -> None:
        if event in REFUSED:
            raise PermissionError(
                f"A notebook that is graded may not {REFUSED[event]}"
            )
        if event == "open":
            path, mode, flags = arguments
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if isinstance(mode, str):
                writes = writes or set(mode) & set("wax+")
            if isinstance(path, int) or path is None:
                return
            if writes and not within(path, inside):
                raise PermissionError(
                    f"A notebook that is graded may not write {path!r}"
                )
            if within(path, unseen):
                raise PermissionError(
                    f"A notebook that is graded may not read {path!r}"
                )
        elif event in ("os.listdir", "os.scandir"):
            if arguments[0] is not None and within(arguments[0], unseen):
                raise PermissionError(
                    f"A notebook that is graded may not list {arguments[0]!r}"
                )
        elif event in CHANGES:
            for place in CHANGES[event]:
                if not within(arguments[place], inside):
                    raise PermissionError(
                        "A notebook that is graded may not change "
                        f"{arguments[place]!r}"
                    )

    sys.addaudithook(guard)


def family(process_id: int) -> list:
    """Return a process and all that it has started, as psutil knows them.

    Args:
        process_id: Its number.
    """
    import psutil

    try:
        first = psutil.Process(process_id)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []


def end(process_id: int) -> None:
    """End a process and all that it has started.

    Args:
        process_id: Its number.
    """
    import psutil

    for _ in range(20):  # some may start others meanwhile
        found = family(process_id)
        for one in found:
            with contextlib.suppress(psutil.Error):
                one.kill()
        if len(found) < 2:
            break
        time.sleep(0.01)
    if hasattr(os, "killpg"):  # those whose parent ended before
        with contextlib.suppress(OSError):
            os.killpg(process_id, signal.SIGKILL)


def watch(process_id: int, memory: float, stop: Callable[[str], None]) -> None:
    """Look at a process until it ends; stop it if it takes too much.

    Args:
        process_id: Its number; it leads a session of its own.
        memory: Gigabytes that it and all it started may hold.
        stop: Called with one sentence, once.
    """
    import psutil

    def look() -> None:
        while found := family(process_id):
            if len(found) > 2 + PROCESSES:
                stop("It started programs, again and again.")
                return
            held = threads = 0
            for one in found:
                with contextlib.suppress(psutil.Error, OSError):
                    held += one.memory_info().rss
                    threads += one.num_threads()
                    held += _in_files(one.pid)
            if held > memory * 1e9:
                stop(f"It took more than {memory:g} GB of memory.")
                return
            if threads > THREADS:
                stop("It started threads, again and again.")
                return
            with contextlib.suppress(psutil.Error):
                if found[0].status() == psutil.STATUS_ZOMBIE:
                    return
            time.sleep(0.2)  # looking through all processes is work

    threading.Thread(target=look, daemon=True).start()


def _in_files(process_id: int) -> int:
    """Return the bytes in a process's open files that are memory only."""
    folder, total = f"/proc/{process_id}/fd", 0
    for name in os.listdir(folder) if sys.platform == "linux" else ():
        with contextlib.suppress(OSError):  # closed meanwhile
            if os.readlink(f"{folder}/{name}").startswith("/memfd:"):
                total += os.stat(f"{folder}/{name}").st_blocks * 512
    return total
