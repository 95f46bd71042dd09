"""Real data sets by name, wherever they can be had.

`load` looks for your own copy, then in the cache, then downloads, and at last
falls back on images that need no network. It says in one line what it used.
This is the only module that reads or writes data files or uses the network.
"""

from __future__ import annotations

import errno
import gzip
import importlib.util
import io
import math
import os
import pickle
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils import prices, standins

import numpy as np

DATA = Path(__file__).parents[1] / "data"
CACHE = DATA / "cache"
# When a mirror is given up:
TIMEOUT = 10.0  # seconds without an answer
SLOWEST = 1000  # bytes per second
PATIENCE = 30.0  # seconds during which it was slower than that
PARTS = ("x_train", "y_train", "x_test", "y_test")
DIGITS = tuple("0123456789")
OBJECTS = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Images:
    """A data set of images.

    Attributes:
        x_train: uint8, shape `(samples, height, width)` for grey images,
            `(samples, height, width, 3)` for colour.
        y_train: uint8, shape `(samples,)`: class numbers from 0.
        x_test: As `x_train`.
        y_test: As `y_train`.
        names: What the classes are called.
        source: "your copy", "cache", "download" or "stand-in".
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    names: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Prices:
    """The daily prices of one share.

    Attributes:
        dates: datetime64[D], shape `(days,)`, ascending, each once. Days
            without trade are not there.
        values: float64, shape `(days,)`: one price a day.
        name: What the share is called, or the name of the file.
        source: "matplotlib" or "your copy".
    """

    dates: np.ndarray
    values: np.ndarray
    name: str
    source: str


@dataclass(frozen=True)
class Recipe:
    """How a data set is had.

    Attributes:
        shape: Of one image.
        names: Of the classes.
        mirrors: Addresses of folders that hold the files, in order.
        files: Name and sha256 of each file.
        read: Takes the folder with the files, returns the arrays.
        stand_in: Returns x_train, y_train, x_test, y_test without network.
        stand_in_names: Of the classes of the stand-in.
        stand_in_is: What the stand-in is, for the line that says so.
    """

    shape: tuple[int, ...]
    names: tuple[str, ...]
    mirrors: tuple[str, ...]
    files: dict[str, str]
    read: Callable[[Path], Arrays]
    stand_in: Callable[[], tuple[np.ndarray, ...]]
    stand_in_names: tuple[str, ...]
    stand_in_is: str


class Unusable(Exception):
    """A file or a mirror that cannot be used; the message says why."""


def load(name: str) -> Images:
    """Get a data set of images, and say in one line where it comes from.

    It looks for `$COURSE_DATA_DIR/<name>.npz`, then into `data/cache`, then
    downloads (unless `COURSE_OFFLINE=1`), and else takes a stand-in. A file
    that is damaged or has a wrong checksum is never used.

    Args:
        name: "mnist", "fashion_mnist" or "cifar10".

    Returns:
        The images. Without network and copy they are the stand-in.

    Raises:
        ValueError: There is no data set of that name.
    """
    if name not in RECIPES:
        raise ValueError(
            f"There is no data set {name!r}. Known are {', '.join(RECIPES)}."
        )
    recipe = RECIPES[name]
    for path, source in _places(name):
        try:
            return _told(name, _read_npz(path, recipe), source, str(path))
        except FileNotFoundError:
            continue
        except Unusable as problem:
            print(f"{path} is not used: {problem}")
    if os.environ.get("COURSE_OFFLINE") != "1":
        try:
            path = fetch(name)
            return _told(name, _read_npz(path, recipe), "download", str(path))
        except Unusable as problem:
            print(problem)
    arrays = dict(zip(PARTS, recipe.stand_in(), strict=True))
    return _told(name, arrays, "stand-in", recipe.stand_in_is)


def fetch(name: str, folder: Path | None = None) -> Path:
    """Download a data set and store it as one file.

    Nothing half-done is left behind, whatever happens: the files go into a
    folder of their own, and the result is put in its place when it is whole.

    Args:
        name: "mnist", "fashion_mnist" or "cifar10".
        folder: Where to store it; `data/cache` if None.

    Returns:
        The path of `<name>.npz`.

    Raises:
        Unusable: It cannot be downloaded or stored. The message says what to
            do.
    """
    recipe, folder = RECIPES[name], Path(folder or CACHE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as inside:
            for file, checksum in recipe.files.items():
                _download(name, file, checksum, Path(inside))
            whole = Path(inside) / f"{name}.npz"
            try:
                arrays = recipe.read(Path(inside))
            except Unusable as problem:
                raise Unusable(
                    f"{name} is not used: {problem} Go on with the stand-in, "
                    "or set COURSE_DATA_DIR to a folder with a copy."
                ) from problem
            np.savez_compressed(whole, **arrays)
            os.replace(whole, folder / whole.name)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Unusable(
                f"{name} cannot be stored: the disk with {folder} is full. "
                "Make room, or set COURSE_DATA_DIR to a folder with a copy."
            ) from error
        raise Unusable(
            f"{name} cannot be stored in {folder} "
            f"({error.strerror or error}). Make the folder writable, or set "
            "COURSE_DATA_DIR to one with a copy."
        ) from error
    return folder / f"{name}.npz"


def status() -> dict[str, str]:
    """Say of every data set where it would come from now.

    Returns:
        By name: "your copy", "cache", "to be downloaded" or "stand-in".
    """
    found = {}
    for name, recipe in RECIPES.items():
        offline = os.environ.get("COURSE_OFFLINE") == "1"
        found[name] = "stand-in" if offline else "to be downloaded"
        for path, source in reversed(_places(name)):
            try:
                _read_npz(path, recipe)
                found[name] = source
            except (FileNotFoundError, Unusable):
                continue
    return found


def _places(name: str) -> list[tuple[Path, str]]:
    """Return where a copy may lie, in the order of looking."""
    own = os.environ.get("COURSE_DATA_DIR")
    places = [(Path(own).expanduser(), "your copy")] if own else []
    places.append((CACHE, "cache"))
    return [(folder / f"{name}.npz", source) for folder, source in places]


def _told(name: str, arrays: Arrays, source: str, where: str) -> Images:
    """Make the result and print the one line about it."""
    sizes = f"{len(arrays['x_train']):,} + {len(arrays['x_test']):,} images"
    shape = " × ".join(map(str, arrays["x_train"].shape[1:]))
    if source == "stand-in":
        print(f"{name}: STAND-IN, {where}: {sizes} of {shape}")
        names = RECIPES[name].stand_in_names
    else:
        print(f"{name}: {sizes} of {shape}, from {source} ({where})")
        names = RECIPES[name].names
    return Images(**arrays, names=names, source=source)


def _read_npz(path: Path, recipe: Recipe) -> Arrays:
    """Read and examine the four arrays of a data set."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {part: file[part] for part in PARTS}
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unusable(
            f"it cannot be read ({error.strerror or error}). Make it "
            "readable, or delete it."
        ) from error
    except KeyError as error:
        raise Unusable(
            f"it lacks one of the arrays {', '.join(PARTS)}. Delete it, or "
            "copy the right one."
        ) from error
    except Exception as error:  # damaged bytes raise nearly anything
        raise Unusable(
            "it is damaged or no npz file. Delete it, or copy it again."
        ) from error
    for half in ("train", "test"):
        x, y = arrays[f"x_{half}"], arrays[f"y_{half}"]
        if x.dtype != np.uint8 or x.shape[1:] != recipe.shape:
            raise Unusable(
                f"x_{half} is {x.dtype} {x.shape}, expected uint8 "
                f"(samples, {', '.join(map(str, recipe.shape))})."
            )
        if y.dtype.kind not in "iu" or y.size != len(x) or not len(x):
            raise Unusable(
                f"y_{half} is {y.dtype} {y.shape}, expected whole numbers, "
                f"one for each of the {len(x)} images."
            )
        if y.min() < 0 or y.max() >= len(recipe.names):
            raise Unusable(
                f"y_{half} goes from {y.min()} to {y.max()}, expected class "
                f"numbers 0 to {len(recipe.names) - 1}."
            )
        arrays[f"y_{half}"] = y.reshape(-1).astype(np.uint8)
    return arrays


def _download(name: str, file: str, checksum: str, folder: Path) -> None:
    """Get one file from the first mirror that has the right one."""
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # the progress bar says enough
    downloader = pooch.HTTPDownloader(
        progressbar=True, timeout=TIMEOUT, hooks={"response": _watch}
    )
    own = os.environ.get("COURSE_DATA_MIRROR")
    mirrors = [f"{own.rstrip('/')}/{name}/"] if own else []
    tried = []
    for mirror in (*mirrors, *RECIPES[name].mirrors):
        try:
            pooch.retrieve(
                mirror + file,
                known_hash=f"sha256:{checksum}",
                fname=file,
                path=folder,
                downloader=downloader,
            )
            return
        except requests.exceptions.RequestException as error:
            tried.append(f"{mirror}: {_reason(error)}")
        except ValueError:  # pooch's word for a wrong checksum
            tried.append(f"{mirror}: other bytes than were published")
    raise Unusable(
        f"{name} cannot be downloaded ({'; '.join(tried)}). Go on with the "
        "stand-in, or set COURSE_DATA_DIR to a folder with "
        f"{name}.npz, or COURSE_DATA_MIRROR to a server that you can reach."
    )


def _watch(response: Any, **_: object) -> None:
    """Let a download fail that trickles, each byte just in time."""
    import requests

    def stream(size: int, decode_content: bool) -> Iterator[bytes]:
        since, received = time.monotonic(), 0
        # Unlike `read`, it does not wait until it has the whole size.
        while piece := response.raw.read1(size, decode_content=decode_content):
            yield piece
            received += len(piece)
            seconds = time.monotonic() - since
            if seconds > PATIENCE and received < SLOWEST * seconds:
                raise requests.exceptions.Timeout("trickles")
            if seconds > PATIENCE:
                since, received = time.monotonic(), 0

    response.raw.stream = stream


def _reason(error: Exception) -> str:
    """Say in a few words why a mirror did not deliver."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answers {response.status_code}"
    if "trickles" in str(error):
        return f"less than {SLOWEST:,} bytes a second"
    if "timed out" in str(error).lower():
        return f"no answer within {TIMEOUT:g} seconds"
    if "IncompleteRead" in str(error) or "broken" in str(error):
        return "the connection broke off"
    return "no connection"


def _read_idx(folder: Path) -> Arrays:
    """Read the four files of MNIST and Fashion-MNIST (LeCun's idx format)."""
    found = {}
    for half, prefix in (("train", "train"), ("test", "t10k")):
        for part, kind in (("x", "images-idx3"), ("y", "labels-idx1")):
            path = folder / f"{prefix}-{kind}-ubyte.gz"
            data = gzip.decompress(path.read_bytes())
            count = data[3]  # dimensions; each is a number of four bytes
            shape = np.frombuffer(data, ">u4", count, 4)
            values = np.frombuffer(data, np.uint8, -1, 4 + 4 * count)
            if math.prod(map(int, shape)) != len(values):
                raise Unusable(f"{path.name} has not as many bytes as it says.")
            found[f"{part}_{half}"] = values.reshape(shape)
    return found


class _ArraysOnly(pickle.Unpickler):
    """Unpickles arrays, lists and text, and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "numpy" and name in {
            *("_reconstruct", "ndarray", "dtype"),
        }:
            return super().find_class(module, name)
        raise Unusable(f"the archive holds {module}.{name}, not only arrays.")


def _read_cifar(folder: Path) -> Arrays:
    """Read the batches out of the CIFAR-10 archive; nothing is unpacked."""
    batches = {}
    with tarfile.open(folder / "cifar-10-python.tar.gz") as archive:
        for member in archive:
            short = member.name.rpartition("/")[2]
            if member.isfile() and short.startswith(("data_b", "test_b")):
                stream = io.BytesIO(archive.extractfile(member).read())
                batches[short] = _ArraysOnly(stream, encoding="bytes").load()
    found = {}
    for half, prefix in (("train", "data_batch"), ("test", "test_batch")):
        parts = [batches[n] for n in sorted(batches) if n.startswith(prefix)]
        if not parts:
            raise Unusable(f"the archive has no {prefix}.")
        x = np.concatenate([part[b"data"] for part in parts])
        x = x.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        found[f"x_{half}"] = np.ascontiguousarray(x)
        labels = np.concatenate([part[b"labels"] for part in parts])
        found[f"y_{half}"] = labels.astype(np.uint8)
    return found


def _idx_files(*checksums: str) -> dict[str, str]:
    names = [
        f"{half}-{kind}-ubyte.gz"
        for half in ("train", "t10k")
        for kind in ("images-idx3", "labels-idx1")
    ]
    return dict(zip(names, checksums, strict=True))


RECIPES = {
    "mnist": Recipe(
        shape=(28, 28),
        names=DIGITS,
        mirrors=(
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        files=_idx_files(
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
        read=_read_idx,
        stand_in=standins.digits,
        stand_in_names=DIGITS,
        stand_in_is="scikit-learn's handwritten digits, enlarged",
    ),
    "fashion_mnist": Recipe(
        shape=(28, 28),
        names=standins.CLOTHING,
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/"
            "master/data/fashion/",
        ),
        files=_idx_files(
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
        read=_read_idx,
        stand_in=standins.clothing,
        stand_in_names=standins.CLOTHING,
        stand_in_is="drawn silhouettes of clothing",
    ),
    "cifar10": Recipe(
        shape=(32, 32, 3),
        names=OBJECTS,
        mirrors=("https://www.cs.toronto.edu/~kriz/",),
        files={
            "cifar-10-python.tar.gz": (
                "6d958be074577803d12ecdefd02955f3"
                "9262c83c16fe9348329d7fe0b5c001ce"
            )
        },
        read=_read_cifar,
        stand_in=standins.shapes10,
        stand_in_names=standins.SHAPES,
        stand_in_is="drawn shapes and patterns",
    ),
}


def iris() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return Fisher's irises, which scikit-learn brings.

    Returns:
        Four measurements in cm, float32 of shape `(150, 4)`; class numbers,
        uint8 of shape `(150,)`; the names of the three kinds. They come
        sorted by kind.
    """
    from sklearn.datasets import load_iris

    found = load_iris()
    names = tuple(str(name) for name in found.target_names)
    return found.data.astype("float32"), found.target.astype("uint8"), names


def photos() -> dict[str, np.ndarray]:
    """Return two photographs, which scikit-learn brings.

    Returns:
        "temple" and "flower": uint8 of shape `(427, 640, 3)`.
    """
    from sklearn.datasets import load_sample_image

    return {
        "temple": np.array(load_sample_image("china.jpg")),
        "flower": np.array(load_sample_image("flower.jpg")),
    }


def text() -> str:
    """Return the diary of a lighthouse keeper, written for this course.

    `data/README.md` says more about it.

    Returns:
        About 23,600 characters of simple English. Lines end with a line
        feed; in small letters there are 32 different characters.

    Raises:
        FileNotFoundError: The file is not where the course keeps it.
    """
    path = DATA / "lighthouse.txt"
    try:
        return path.read_text(encoding="utf-8")  # any line ends become "\n"
    except FileNotFoundError:
        raise FileNotFoundError(
            f"There is no file {path}. It is a part of the course: copy the "
            "folder `data` again from where you have the course."
        ) from None


def stock(path: str | Path | None = None, column: str = "open") -> Prices:
    """Get the daily prices of a share, and say in one line what they are.

    What had to be mended in your file is printed before that line: days that
    were not in order, repeated lines, missing prices, thousand separators.

    Args:
        path: A CSV file with a column of dates and one of prices, UTF-8 or
            GBK. If None, Google's share from August 2004 to October 2008,
            which matplotlib brings.
        column: Such as "open", "high", "low", "close". Case and spaces do
            not count, and "open" also finds 开盘.

    Returns:
        The prices, one a day, in order.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file cannot be used. The message names the lines.
    """
    if path is None:
        name, source, where = "GOOG", "matplotlib", "its sample data"
        dates, values = _google(column)
    else:
        path = Path(path).expanduser()
        name, source, where = path.stem, "your copy", str(path)
        try:
            dates, values, told = prices.read(path.read_bytes(), column)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"There is no file {path.absolute()}. Expected is a CSV file "
                "with daily prices: mend the path."
            ) from None
        except OSError as error:
            raise ValueError(
                f"{path} cannot be read ({error.strerror or error}). Expected "
                "is a CSV file that you may read."
            ) from error
        except ValueError as problem:
            raise ValueError(f"{path} cannot be used: {problem}") from None
        for line in told:
            print(f"{name}: {line}")
    print(
        f"{name}: {len(values):,} days from {dates[0]} to {dates[-1]}, "
        f"{column} {values.min():g} to {values.max():g}, from {source} "
        f"({where})"
    )
    return Prices(dates, values, name, source)


def _google(column: str) -> tuple[np.ndarray, np.ndarray]:
    """Read matplotlib's file without importing all of matplotlib."""
    origin = importlib.util.find_spec("matplotlib").origin
    path = Path(origin).parent / "mpl-data" / "sample_data" / "goog.npz"
    with np.load(path, allow_pickle=False) as file:
        table = file["price_data"]
    names = table.dtype.names
    try:
        place = prices.find(names[1:], column) + 1
    except ValueError as problem:
        raise ValueError(f"{path.name} cannot be used: {problem}") from None
    return table["date"].copy(), table[names[place]].astype("float64")
