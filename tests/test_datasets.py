"""Data sets arrive whole or not at all, and the lecture always goes on.

The downloads are real ones, from a server in this process. No other computer
is asked for anything.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import io
import os
import pickle
import pickletools
import re
import signal
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from course_utils import datasets

import numpy as np
import pytest
import requests

ROOT = Path(__file__).parents[1]
REAL = dict(datasets.RECIPES)
IMAGES = {"train": 40, "test": 20}
TAR = "cifar-10-python.tar.gz"
PIXELS = "train-images-idx3-ubyte.gz"  # the first file to be downloaded


def images(shape: tuple[int, ...]) -> datasets.Arrays:
    """Return a small data set; its noise cannot be compressed."""
    rng = np.random.default_rng(3)
    found = {}
    for half, count in IMAGES.items():
        found[f"x_{half}"] = rng.integers(0, 256, (count, *shape), np.uint8)
        found[f"y_{half}"] = rng.integers(0, 10, count, np.uint8)
    return found


GREY = images((28, 28))
COLOUR = images((32, 32, 3))


def idx(values: np.ndarray) -> bytes:
    """Write an array as MNIST's authors did."""
    head = bytes([0, 0, 8, values.ndim])
    sizes = np.array(values.shape, ">u4").tobytes()
    return gzip.compress(head + sizes + values.tobytes(), mtime=0)


def python2(thing: object) -> bytes:
    """Pickle as Python 2 and an old NumPy did when CIFAR-10 was made."""
    data = bytearray(pickle.dumps(thing, protocol=3))
    old = {"BINUNICODE": b"T", "BINBYTES": b"T", "SHORT_BINBYTES": b"U"}
    for opcode, _, position in pickletools.genops(bytes(data)):
        if opcode.name in old:
            data[position : position + 1] = old[opcode.name]
    return bytes(data).replace(b"numpy._core", b"numpy.core")


def batch(x: np.ndarray, y: np.ndarray) -> bytes:
    """Write one file of the CIFAR-10 archive."""
    rows = np.ascontiguousarray(x.transpose(0, 3, 1, 2)).reshape(len(x), -1)
    return python2({b"data": rows, b"labels": y.tolist()})


def tar(**changed: bytes) -> bytes:
    """Write a CIFAR-10 archive; `changed` adds or replaces members."""
    x, y = COLOUR["x_train"], COLOUR["y_train"]
    members = {
        "data_batch_2": batch(x[25:], y[25:]),
        "data_batch_1": batch(x[:25], y[:25]),
        "test_batch": batch(COLOUR["x_test"], COLOUR["y_test"]),
        "batches.meta": b"not read",
    } | changed
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


FILES = {
    f"{prefix}-{kind}-ubyte.gz": idx(GREY[f"{part}_{half}"])
    for half, prefix in (("train", "train"), ("test", "t10k"))
    for part, kind in (("x", "images-idx3"), ("y", "labels-idx1"))
}


def stand_in(shape: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """Return a stand-in that is quickly made."""
    x, y = np.zeros((10, *shape), np.uint8), np.arange(10, dtype=np.uint8)
    return x, y, x, y


def recipes(address: str, archive: bytes = b"") -> dict[str, datasets.Recipe]:
    """Return recipes for the small data sets, on the server at `address`."""
    mirrors = (f"{address}/first/", f"{address}/second/")
    found = {}
    for name, recipe in REAL.items():
        files = {TAR: archive} if name == "cifar10" else FILES
        found[name] = replace(
            recipe,
            mirrors=mirrors,
            files={n: hashlib.sha256(b).hexdigest() for n, b in files.items()},
            stand_in=lambda shape=recipe.shape: stand_in(shape),
        )
    return found


class Server(ThreadingHTTPServer):
    """Serves `files` under any folder, with a fault where one is planted.

    Attributes:
        files: Contents by file name.
        faults: By start of the path: "missing", "broken", "other", "stalled",
            "trickling".
        asked: The paths that were asked for.
        stalled: Is set as soon as somebody waits for a stalled answer.
        over: Ends the waiting.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = FILES | {TAR: tar()}
        self.faults: dict[str, str] = {}
        self.asked: list[str] = []
        self.stalled = threading.Event()
        self.over = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        found = [
            fault
            for start, fault in self.server.faults.items()
            if self.path.startswith(start)
        ]
        fault = found[0] if found else ""
        data = self.server.files[self.path.rpartition("/")[2]]
        if fault == "missing":
            self.send_error(404)
            return
        if fault == "other":
            data = b"<html>Please log in to this hotel's network</html>"
        self.send_response(200)
        size = 10**6 if fault == "trickling" else len(data)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        if fault in {"broken", "stalled"}:
            data = data[: len(data) // 2]
        if fault == "trickling":
            with contextlib.suppress(OSError):  # until the other side goes
                while not self.server.over.wait(0.02):
                    self.wfile.write(b"x")
            return
        self.wfile.write(data)
        if fault == "stalled":
            self.wfile.flush()
            self.server.stalled.set()
            self.server.over.wait(20)

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.over.set()
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Server
) -> None:
    """Let a test find its own server only, and start from an empty cache."""
    for name in ("DATA_DIR", "DATA_MIRROR", "OFFLINE"):
        monkeypatch.delenv(f"COURSE_{name}", raising=False)
    known = recipes(server.address, server.files[TAR])
    monkeypatch.setattr(datasets, "RECIPES", known)
    monkeypatch.setattr(datasets, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets, "TIMEOUT", 5.0)


def same(found: datasets.Images, expected: datasets.Arrays) -> bool:
    """Tell whether the images are these, in order, and of the right type."""
    return all(
        np.array_equal(getattr(found, part), expected[part])
        and getattr(found, part).dtype == np.uint8
        for part in datasets.PARTS
    )


def cached() -> list[str]:
    """Return what lies in the cache folder, hidden files too."""
    folder = datasets.CACHE
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def store(path: Path, **changed: object) -> Path:
    """Store the grey images as npz; `changed` replaces or, None, drops."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = GREY | changed
    np.savez(path, **{n: a for n, a in arrays.items() if a is not None})
    return path


def falls_back(
    capsys: pytest.CaptureFixture, *said: str, name: str = "mnist"
) -> None:
    """Load, and demand the stand-in, its reason, and a clean cache."""
    found = datasets.load(name)
    problem, line = capsys.readouterr().out.splitlines()
    assert found.source == "stand-in"
    assert not found.x_train.any()
    assert line.startswith(f"{name}: STAND-IN, ")
    for words in (name, "COURSE_DATA_DIR", *said):
        assert words in problem
    assert "None" not in problem
    assert cached() == []


@pytest.mark.parametrize(
    ("name", "expected", "size"),
    [
        ("mnist", GREY, "28 × 28"),
        ("fashion_mnist", GREY, "28 × 28"),
        ("cifar10", COLOUR, "32 × 32 × 3"),
    ],
    ids=["mnist", "fashion_mnist", "cifar10"],
)
def test_the_first_load_downloads_and_the_second_does_not(
    name: str,
    expected: datasets.Arrays,
    size: str,
    server: Server,
    capsys: pytest.CaptureFixture,
) -> None:
    for source in ("download", "cache"):
        found = datasets.load(name)
        assert same(found, expected)
        assert found.source == source
        assert found.names == REAL[name].names
        path = datasets.CACHE / f"{name}.npz"
        assert capsys.readouterr().out == (
            f"{name}: 40 + 20 images of {size}, from {source} ({path})\n"
        )
    assert cached() == [f"{name}.npz"]
    assert len(server.asked) == len(datasets.RECIPES[name].files)


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'minst'.*mnist, fashion.*cifar10"):
        datasets.load("minst")


@pytest.mark.parametrize("folder", ["mine", "My data 数据", "~/mine"])
def test_your_own_copy_comes_first(
    folder: str,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    for home in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(home, str(tmp_path))
    path = store(tmp_path / folder.removeprefix("~/") / "mnist.npz")
    store(datasets.CACHE / "mnist.npz", y_train=GREY["y_train"][::-1])
    own = folder if folder.startswith("~") else str(path.parent)
    monkeypatch.setenv("COURSE_DATA_DIR", own)
    found = datasets.load("mnist")
    assert same(found, GREY)
    assert found.source == "your copy"
    assert str(path) in capsys.readouterr().out
    assert server.asked == []


def test_the_cache_may_have_spaces_and_chinese_characters(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(datasets, "CACHE", tmp_path / "深度 学习" / "cache")
    assert datasets.load("mnist").source == "download"
    assert same(datasets.load("mnist"), GREY)
    assert cached() == ["mnist.npz"]


@pytest.mark.parametrize("slash", ["", "/"], ids=["plain", "slash"])
def test_your_own_mirror_comes_first(
    slash: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = f"{server.address}/own{slash}"
    monkeypatch.setenv("COURSE_DATA_MIRROR", own)
    assert datasets.load("mnist").source == "download"
    assert server.asked == [f"/own/mnist/{file}" for file in FILES]


def test_an_own_mirror_that_fails_does_not_keep_the_others_from_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_DATA_MIRROR", "not an address")
    assert same(datasets.load("mnist"), GREY)
    assert server.asked == [f"/first/{file}" for file in FILES]


def test_offline_nothing_is_asked(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    found = datasets.load("cifar10")
    assert found.source == "stand-in"
    assert found.names == REAL["cifar10"].stand_in_names
    assert capsys.readouterr().out == (
        "cifar10: STAND-IN, drawn shapes and patterns: "
        "10 + 10 images of 32 × 32 × 3\n"
    )
    assert server.asked == []
    assert cached() == []


def test_status_says_what_load_would_use(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store(tmp_path / "own" / "mnist.npz")
    store(datasets.CACHE / "mnist.npz")
    store(datasets.CACHE / "fashion_mnist.npz")
    (tmp_path / "own" / "fashion_mnist.npz").write_bytes(b"damaged")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "own"))
    expected = {"mnist": "your copy", "fashion_mnist": "cache"}
    assert datasets.status() == expected | {"cifar10": "to be downloaded"}
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert datasets.status() == expected | {"cifar10": "stand-in"}
    for name, source in datasets.status().items():
        assert datasets.load(name).source == source
    assert server.asked == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("missing", "the server answers 404"),
        ("broken", "the connection broke off"),
        ("other", "other bytes than were published"),
        ("stalled", "no answer within 0.5 seconds"),
        ("trickling", "less than 1,000 bytes a second"),
    ],
)
def test_a_mirror_that_fails_is_left_for_the_next(
    fault: str,
    said: str,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setattr(datasets, "TIMEOUT", 0.5)
    monkeypatch.setattr(datasets, "PATIENCE", 0.3)
    server.faults["/first/t10k-labels"] = fault  # the last of the files
    found = datasets.load("mnist")
    assert found.source == "download"
    assert same(found, GREY)
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert cached() == ["mnist.npz"]

    (datasets.CACHE / "mnist.npz").unlink()
    server.faults["/second/t10k-labels"] = fault
    first, second = datasets.RECIPES["mnist"].mirrors
    falls_back(capsys, f"{first}: {said}; {second}: {said}", "DATA_MIRROR")


class Pieces:
    """An answer of a server, and the clock that goes on while it comes.

    Args:
        pieces: Seconds until a piece is there, and its bytes.
    """

    def __init__(self, pieces: list[tuple[float, int]]) -> None:
        self.raw, self.now, self.left = self, 0.0, [*pieces]

    def read1(self, size: int, decode_content: bool) -> bytes:
        if not self.left:
            return b""
        seconds, count = self.left.pop(0)
        self.now += seconds
        return b"x" * count

    def monotonic(self) -> float:
        return self.now


AT_THE_BAR = [(1.0, 1000)] * 40


@pytest.mark.parametrize(
    ("pieces", "trickles"),
    [
        (AT_THE_BAR, False),
        ([(1, 999), *AT_THE_BAR], True),
        ([(30, 1), *[(1, 10**5)] * 3], False),
        ([(31, 1), *[(1, 10**5)] * 3], True),
        ([*[(1, 10**5)] * 31, *AT_THE_BAR], False),
        ([*[(1, 10**5)] * 31, (1, 999), *AT_THE_BAR], True),
    ],
    ids=[
        *("at-the-bar", "below", "pause", "long-pause"),
        *("slower-later", "below-later"),
    ],
)
def test_a_slow_download_goes_on_until_it_is_too_slow_for_too_long(
    pieces: list[tuple[float, int]],
    trickles: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    response = Pieces(pieces)
    monkeypatch.setattr(datasets, "time", response)
    datasets._watch(response)
    received = response.stream(1000, decode_content=True)
    if trickles:
        with pytest.raises(requests.exceptions.Timeout, match="trickles"):
            list(received)
    else:
        assert sum(map(len, received)) == sum(count for _, count in pieces)


def test_a_download_shows_how_far_it_is(capsys: pytest.CaptureFixture) -> None:
    datasets.load("mnist")
    assert "100%" in capsys.readouterr().err


def test_without_a_network_there_is_the_stand_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr(datasets, "RECIPES", recipes(address))
        falls_back(capsys, "no connection")


def test_an_archive_writes_nothing_elsewhere(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    climbing = {f"{'../' * up}evil{up}": b"" for up in range(2, 5)}
    server.files[TAR] = tar(**climbing)
    known = recipes(server.address, server.files[TAR])
    monkeypatch.setattr(datasets, "RECIPES", known)
    assert same(datasets.load("cifar10"), COLOUR)
    assert cached() == ["cifar10.npz"]
    assert os.listdir(tmp_path) == ["cache"]
    assert not list(tmp_path.parent.glob("evil*"))


class Runs:
    """A pickle of this makes a folder when somebody trusts it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    "member", ["data_batch_1", "data_batch_9", "test_batch"]
)
def test_an_archive_cannot_run_code(
    member: str,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    trap = pickle.dumps({b"data": Runs(tmp_path / "run")}, protocol=3)
    pickle.loads(trap)
    (tmp_path / "run").rmdir()  # so the trap does work
    server.files[TAR] = tar(**{member: trap})
    known = recipes(server.address, server.files[TAR])
    monkeypatch.setattr(datasets, "RECIPES", known)
    falls_back(capsys, "mkdir, not only arrays", name="cifar10")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("module", ["other", "numpy_other"])
def test_an_archive_cannot_import(
    module: str,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    server.files[TAR] = tar(test_batch=f"c{module}\ndtype\n.".encode())
    known = recipes(server.address, server.files[TAR])
    monkeypatch.setattr(datasets, "RECIPES", known)
    falls_back(capsys, f"{module}.dtype, not only arrays", name="cifar10")


def test_an_archive_without_batches_is_refused(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    packed = io.BytesIO()
    tarfile.open(fileobj=packed, mode="w:gz").close()
    server.files[TAR] = packed.getvalue()
    known = recipes(server.address, server.files[TAR])
    monkeypatch.setattr(datasets, "RECIPES", known)
    falls_back(capsys, "no data_batch", name="cifar10")


@pytest.mark.parametrize(
    ("where", "what"),
    [(os, "replace"), (np, "savez_compressed"), (tarfile, "open")],
    ids=["replace", "savez", "read"],
)
def test_a_full_disk_is_told(
    where: object,
    what: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(where, what, full)
    said = f"the disk with {datasets.CACHE} is full. Make room"
    falls_back(capsys, said, name="cifar10")


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount a disk in memory, or skip the test where that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("Only root on Linux may mount a small disk.")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("size=16k", "is full. Make room"),  # too small for the first file
        ("size=80k", "is full. Make room"),  # for the result
        ("ro", "Read-only file system). Make the folder writable"),
    ],
    ids=["full-early", "full-late", "read-only"],
)
def test_a_real_disk_that_takes_nothing_is_told(
    options: str, said: str, capsys: pytest.CaptureFixture
) -> None:
    with mounted(datasets.CACHE, options):
        falls_back(capsys, said)


def test_a_folder_that_is_not_writable_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)
    said = f"{datasets.CACHE} (Permission denied). Make the folder writable"
    falls_back(capsys, said)


def test_a_file_in_the_place_of_the_cache_is_told(
    capsys: pytest.CaptureFixture,
) -> None:
    datasets.CACHE.write_text("mine")
    assert datasets.load("mnist").source == "stand-in"
    assert f"cannot be stored in {datasets.CACHE} (" in capsys.readouterr().out
    assert datasets.CACHE.read_text() == "mine"


START = """
import signal, sys
from pathlib import Path
from course_utils import datasets
from tests import test_datasets
signal.signal(signal.SIGINT, signal.default_int_handler)
address, cache = sys.argv[1:]
datasets.RECIPES = test_datasets.recipes(address)
datasets.CACHE = Path(cache)
datasets.TIMEOUT = 20.0
try:
    found = datasets.load("mnist")
except KeyboardInterrupt:
    print("interrupted")
else:
    assert test_datasets.same(found, test_datasets.GREY)
    print(found.source)
"""


def start(server: Server) -> subprocess.Popen:
    """Load in another process, which prints the source as its last line."""
    return subprocess.Popen(
        [sys.executable, "-c", START, server.address, str(datasets.CACHE)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )


def test_two_processes_may_download_at_once(server: Server) -> None:
    together = threading.Barrier(2, timeout=20)

    class Together(Answer):
        def do_GET(self) -> None:
            if self.path.endswith(PIXELS):
                together.wait()  # so both find the cache empty
            super().do_GET()

    server.RequestHandlerClass = Together
    both = [start(server), start(server)]
    for process in both:
        out, err = process.communicate(timeout=20)
        assert out.splitlines()[-1:] == ["download"], err
    assert len(server.asked) == 2 * len(FILES)
    assert cached() == ["mnist.npz"]
    assert same(datasets.load("mnist"), GREY)


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT.")
@pytest.mark.parametrize("file", [PIXELS, "t10k-labels"], ids=["first", "last"])
def test_an_interrupted_download_leaves_nothing(
    file: str, server: Server
) -> None:
    server.faults[f"/first/{file}"] = "stalled"
    process = start(server)
    assert server.stalled.wait(20)
    assert any(name.startswith(".new-") for name in cached())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert out.splitlines() == ["interrupted"], err
    assert cached() == []
    server.faults.clear()
    assert same(datasets.load("mnist"), GREY)


def damage(path: Path, how: str) -> None:
    """Spoil a stored file."""
    data = bytearray(path.read_bytes())
    if how == "empty":
        data.clear()
    elif how == "half":
        del data[len(data) // 2 :]
    elif how == "flipped":
        data[len(data) // 2] ^= 255
    elif how == "text":
        data[:] = b"version https://git-lfs.github.com/spec/v1"
    elif how == "npy":
        file = io.BytesIO()
        np.save(file, GREY["x_train"])
        data[:] = file.getvalue()
    path.write_bytes(data)


@pytest.mark.parametrize(
    "how", ["empty", "half", "flipped", "text", "npy", "folder"]
)
def test_a_damaged_copy_is_told_and_not_used(
    how: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    path = store(tmp_path / "own" / "mnist.npz")
    if how == "folder":
        path.unlink()
        path.mkdir()
    else:
        damage(path, how)
    monkeypatch.setenv("COURSE_DATA_DIR", str(path.parent))
    assert same(datasets.load("mnist"), GREY)
    problem, line = capsys.readouterr().out.splitlines()
    assert problem.startswith(f"{path} is not used: it ")
    assert "elete it" in problem
    assert "from download" in line
    assert path.exists()  # what is yours is never deleted


@pytest.mark.parametrize("part", range(0, 100, 5))
def test_no_flipped_byte_goes_unnoticed(
    part: int, capsys: pytest.CaptureFixture
) -> None:
    datasets.CACHE.mkdir()
    path = datasets.CACHE / "mnist.npz"
    np.savez_compressed(path, **GREY)
    data = bytearray(path.read_bytes())
    data[len(data) * part // 100] ^= 255
    path.write_bytes(data)
    assert same(datasets.load("mnist"), GREY)
    assert len(capsys.readouterr().out.splitlines()) in {1, 2}
    path.write_bytes(data[: len(data) * part // 100])
    assert same(datasets.load("mnist"), GREY)
    assert datasets.load("mnist").source == "cache"  # it was replaced


X, Y = GREY["x_train"], GREY["y_train"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"x_train": X.astype(object)}, "damaged"),
        ({"y_test": None}, "lacks one of the arrays x_train, y_train"),
        ({"x_train": X / 255}, "x_train is float64 (40, 28, 28), expected ui"),
        ({"x_test": X.reshape(40, 784)}, "x_test is uint8 (40, 784)"),
        ({"x_train": X[..., None]}, "expected uint8 (samples, 28, 28)"),
        ({"x_train": np.uint8(3)}, "x_train is uint8 ()"),
        ({"x_train": X[:0], "y_train": Y[:0]}, "y_train is uint8 (0,)"),
        ({"y_train": Y[:-1]}, "one for each of the 40 images"),
        ({"y_train": Y.astype(float)}, "expected whole numbers"),
        ({"y_train": np.eye(10)[Y]}, "y_train is float64 (40, 10)"),
        ({"y_train": np.full(40, 10)}, "expected class numbers 0 to 9"),
        ({"y_train": np.full(40, -1)}, "y_train goes from -1 to -1"),
        ({"y_train": np.full(40, 256)}, "from 256 to 256"),
    ],
    ids=[
        *("objects", "missing", "float", "flat", "channel", "number", "none"),
        *("fewer", "float-labels", "one-hot", "too-large", "negative"),
        "wraps-around",
    ],
)
def test_a_copy_of_something_else_is_told_and_not_used(
    changed: datasets.Arrays,
    said: str,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    store(datasets.CACHE / "mnist.npz", **changed)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert datasets.load("mnist").source == "stand-in"
    problem, _ = capsys.readouterr().out.splitlines()
    assert f"{datasets.CACHE / 'mnist.npz'} is not used: " in problem
    assert said in problem


@pytest.mark.parametrize("dtype", ["int64", ">i4", "uint8"])
def test_labels_in_a_column_are_accepted(dtype: str) -> None:
    column = Y.astype(dtype)[:, None]
    store(datasets.CACHE / "mnist.npz", y_train=column)
    found = datasets.load("mnist")
    assert found.source == "cache"
    assert same(found, GREY)


def test_a_file_that_claims_more_than_it_holds_is_refused(
    tmp_path: Path,
) -> None:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    short = gzip.decompress(FILES[PIXELS])[:-1]
    (tmp_path / PIXELS).write_bytes(gzip.compress(short))
    with pytest.raises(datasets.Unusable, match=f"{PIXELS} has not as many"):
        REAL["mnist"].read(tmp_path)


@pytest.mark.parametrize("name", REAL)
def test_the_real_recipes_are_whole(name: str) -> None:
    recipe = REAL[name]
    assert len(recipe.names) == len(recipe.stand_in_names) == 10
    assert all(address.startswith("https://") for address in recipe.mirrors)
    assert all(address.endswith("/") for address in recipe.mirrors)
    for checksum in recipe.files.values():
        assert len(bytes.fromhex(checksum)) == 32


@pytest.mark.parametrize("name", REAL)
def test_the_real_stand_ins_are_like_the_data(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "RECIPES", REAL)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    found = datasets.load(name)
    for x, y in ((found.x_train, found.y_train), (found.x_test, found.y_test)):
        assert x.shape == (len(y), *REAL[name].shape)
        assert x.dtype == y.dtype == np.uint8
        assert set(y.tolist()) == set(range(len(found.names)))


def test_the_irises_are_fishers() -> None:
    x, y, names = datasets.iris()
    assert (x.shape, x.dtype, y.dtype) == ((150, 4), np.float32, np.uint8)
    assert names == ("setosa", "versicolor", "virginica")
    assert np.bincount(y).tolist() == [50, 50, 50]
    np.testing.assert_allclose(x[0], [5.1, 3.5, 1.4, 0.2], rtol=1e-6)


def test_the_photographs_can_be_written_on() -> None:
    found = datasets.photos()
    assert list(found) == ["temple", "flower"]
    for photo in found.values():
        assert (photo.shape, photo.dtype) == ((427, 640, 3), np.uint8)
        photo[:] = 0
    assert datasets.photos()["flower"].any()


def test_the_text_is_the_one_that_the_readme_describes() -> None:
    text = datasets.text()
    told = (ROOT / "data" / "README.md").read_text("utf-8")
    small, words = text.lower(), re.findall("[a-z-]+", text.lower())
    assert set(small) == set("abcdefghijklmnopqrstuvwxyz \n.,?-")
    assert hashlib.sha256(text.encode()).hexdigest() in told
    assert f"{len(text):,} characters, {text.count(chr(10))} lines" in told
    assert f"{len(words):,} words, of which {len(set(words))} are" in told
    assert f"there are {len(set(small))} different characters" in told
    assert max(map(len, text.splitlines())) <= 72
    assert text.startswith("The Lamp at Gull Rock\n")
    assert text.endswith("All is well on the rock.\n")
    assert "\n\n\n" not in text and " \n" not in text


def test_the_text_is_found_from_any_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = datasets.text()
    monkeypatch.chdir(tmp_path)
    assert datasets.text() == expected


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_the_line_ends_of_the_text_do_not_matter(
    end: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = datasets.text()
    data = expected.replace("\n", end).encode()
    (tmp_path / "lighthouse.txt").write_bytes(data)
    monkeypatch.setattr(datasets, "DATA", tmp_path)
    assert datasets.text() == expected


def test_a_missing_text_is_told_with_its_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(datasets, "DATA", tmp_path)
    with pytest.raises(FileNotFoundError, match="copy the folder") as caught:
        datasets.text()
    assert str(tmp_path / "lighthouse.txt") in str(caught.value)
