"""Lets two processes call each other's functions and exchange plain data.

Nothing that arrives is run: there is no pickle here. A function stays where it
is, and the other side gets a stand-in that asks for each call. What is changed
in an argument comes back, too, as it would with a real call.
"""

from __future__ import annotations

import base64
import builtins
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

LIMIT = 16 * 2**20  # bytes of one message
DEPTH = 40  # lists in lists
KEYS = 5000  # of dicts and sets in one message; equal hashes take time
NONSENSE = "What it gave back cannot be read."


class Gone(Exception):
    """The other side has ended, or sends what nobody can read."""


class Odd:
    """Stands for a value that is no plain data, such as an open file."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def send(stream: BinaryIO, message: dict) -> None:
    """Write one message.

    Args:
        stream: Where the other side reads.
        message: What JSON can express.
    """
    data = json.dumps(message).encode()
    try:
        stream.write(struct.pack(">I", len(data)) + data)
        stream.flush()
    except (OSError, ValueError, struct.error) as error:
        raise Gone from error


def receive(stream: BinaryIO) -> dict:
    """Read one message, of at most `LIMIT` bytes.

    Args:
        stream: Where the other side writes.

    Returns:
        What was sent.

    Raises:
        Gone: There is nothing more, or it is no message.
    """
    try:
        (length,) = struct.unpack(">I", _exactly(stream, 4))
        if length > LIMIT:
            raise Gone("It gave back too much.")
        message = json.loads(_exactly(stream, length))
    except (OSError, ValueError, RecursionError) as error:
        raise Gone from error
    if not isinstance(message, dict):
        raise Gone
    return message


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = stream.read(length - len(data))
        if not more:
            raise Gone
        data += more
    return data


class Link:
    """One end of the wire.

    Args:
        read: Returns the next message, or raises `lost`.
        write: Sends one, or raises `lost`.
        lost: Raised where the other side sends what nobody can read.
    """

    def __init__(
        self,
        read: Callable[[], dict],
        write: Callable[[dict], None],
        lost: type[Exception] = Gone,
    ) -> None:
        self._read, self._write, self._lost = read, write, lost
        self._things: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._raised: list[BaseException] = []
        self.depth = 0  # calls without an answer yet
        self._keys = 0  # in what is being decoded

    def offer(self, thing: Any) -> int:
        """Let the other side call something, and return its number."""
        if id(thing) not in self._numbers:
            self._numbers[id(thing)] = len(self._things)
            self._things.append(thing)  # so its id stays its own
        return self._numbers[id(thing)]

    def call(self, number: int, *arguments: Any, **named: Any) -> Any:
        """Call a thing of the other side, and serve what it asks meanwhile.

        Args:
            number: Which thing.
            *arguments: Plain data and functions; changed if that side does.
            **named: The same, by name.

        Returns:
            What the call returned.

        Raises:
            Gone: The other side has ended.
            Exception: What the call raised, with the same name and text.
        """
        given = [list(arguments), named]
        self.depth += 1
        self._write({"do": "call", "what": number, "given": self.encode(given)})
        while True:
            message = self._read()
            if message.get("do") == "call":
                self._serve(message)
            elif message.get("do") == "result":
                break
            else:
                raise self._lost(NONSENSE)
        self._keys = 0
        try:
            after = self.decode(message["given"])
            for old, new in zip(given[0], after[0], strict=True):
                _put_back(old, new)
            for name, old in named.items():
                _put_back(old, after[1][name])
            if "raised" in message:
                value, error = None, self._error(**message["raised"])
            else:
                value, error = self.decode(message["value"]), None
        except Exception as problem:
            raise self._lost(NONSENSE) from problem
        self.depth -= 1
        if error is not None:
            raise error
        return value

    def serve(self) -> None:
        """Do what the other side asks for until it has gone."""
        while True:
            self._serve(self._read())

    def _serve(self, message: dict) -> None:
        self._keys = 0
        try:
            function = self._things[message["what"]]
            arguments, named = given = self.decode(message["given"])
        except Exception as error:
            raise self._lost(NONSENSE) from error
        try:
            value = self.encode(function(*arguments, **named))
            reply = {"value": value}
        except self._lost:
            raise
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            reply = {"raised": self._told(error)}
        self._write({"do": "result", "given": self.encode(given)} | reply)

    def _told(self, error: BaseException) -> dict:
        """Describe an exception; one that came from there goes back as it."""
        origin = getattr(error, "_origin", None)
        if isinstance(origin, int):
            return {"name": "", "text": "", "back": origin}
        self._raised.append(error)
        try:
            text = str(error)[:2000]
        except Exception:
            text = ""
        name = type(error).__name__
        return {"name": name, "text": text, "number": len(self._raised) - 1}

    def _error(
        self, name: str, text: str, back: int | None = None, number: int = 0
    ) -> BaseException:
        if back is not None:
            return self._raised[back]
        if name in ("SystemExit", "KeyboardInterrupt"):
            return SystemExit()
        base = getattr(builtins, name, Exception)
        if not (isinstance(base, type) and issubclass(base, Exception)):
            base = Exception
        if issubclass(base, UnicodeError | BaseExceptionGroup):
            base = Exception  # they cannot be made of a text
        kind = type(_word(name), (base,), {"__str__": lambda self: text})
        error = kind(text)
        error._origin = number
        return error

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Write a value in what JSON can express.

        Args:
            value: Anything.
            depth: How many lists are around it.

        Returns:
            Plain data; a function becomes a number to call it by.
        """
        try:
            return self._encode(value, depth)
        except Exception:  # such as a list that changes, or a strange class
            return _odd(value)

    def _encode(self, value: Any, depth: int) -> Any:
        if value is None or type(value) in (bool, int, float, str):
            if type(value) is int and abs(value) > 10**4000:
                return _odd(value)
            return value
        if depth > DEPTH:
            return _odd(value)

        def each(values: Any) -> list:
            return [self.encode(one, depth + 1) for one in values]

        if value is ...:
            return {"!": "ellipsis"}
        if isinstance(value, complex):
            return {"!": "complex", "of": [value.real, value.imag]}
        for kind in (list, tuple, set):
            if isinstance(value, kind):
                return {"!": kind.__name__, "of": each(value)}
        if isinstance(value, dict):
            pairs = [each(pair) for pair in dict.items(value)]
            return {"!": "dict", "of": pairs}
        if isinstance(value, range):
            return {"!": "range", "of": [value.start, value.stop, value.step]}
        if isinstance(value, Path):
            return {"!": "path", "of": str(value)}
        number = getattr(value, "_of_other_side", None)
        if type(number) is int:
            return {"!": "yours", "of": number}
        if callable(value):
            name = getattr(value, "__name__", type(value).__name__)
            return {"!": "mine", "of": self.offer(value), "name": str(name)}
        array = np.asarray(value)
        if array.dtype.kind not in "biufcSU":
            return _odd(value)
        return {
            "!": "array" if isinstance(value, np.ndarray) else "numbers",
            "dtype": array.dtype.str,
            "shape": array.shape,
            "of": base64.b64encode(array.tobytes()).decode(),
        }

    def decode(self, value: Any) -> Any:
        """Read what `encode` of the other side wrote.

        Args:
            value: What arrived. It may be wrong in any way.

        Returns:
            The value, with stand-ins for functions.
        """
        if not isinstance(value, dict):
            return value
        kind, of = value["!"], value.get("of")
        if kind == "ellipsis":
            return ...
        if kind == "complex":
            return complex(*of)
        if kind in ("set", "dict"):
            self._keys += len(of)
            if self._keys > KEYS:
                raise ValueError(f"more than {KEYS} keys")
        if kind in ("list", "tuple", "set"):
            whole = {"list": list, "tuple": tuple, "set": set}[kind]
            return whole(self.decode(one) for one in of)
        if kind == "dict":
            return {self.decode(key): self.decode(one) for key, one in of}
        if kind == "range":
            return range(*of)
        if kind == "path":
            return Path(of)
        if kind == "yours":
            return self._things[of]
        if kind == "mine":
            return self._stand_in(int(of), str(value["name"]))
        if kind in ("array", "numbers"):
            if not re.fullmatch(r"[<>|=][biufcSU]\d{1,4}", value["dtype"]):
                raise ValueError(value["dtype"])
            flat = np.frombuffer(base64.b64decode(of), value["dtype"])
            array = flat.reshape(value["shape"]).copy()
            return array[()] if kind == "numbers" else array
        kind = type(_word(value["type"]), (Odd,), {})
        return kind(str(value["text"])[:200])

    def _stand_in(self, number: int, name: str) -> Callable[..., Any]:
        def ask(*arguments: Any, **named: Any) -> Any:
            return self.call(number, *arguments, **named)

        ask.__name__ = ask.__qualname__ = name[:100]
        ask._of_other_side = number
        return ask


def _odd(value: Any) -> dict:
    try:
        text = repr(value)[:200]
    except Exception:
        text = "something without a repr"
    return {"!": "odd", "type": type(value).__name__, "text": text}


def _word(name: Any) -> str:
    """Return a name for a class, whatever was sent for it."""
    name = str(name)[:60]
    return name if name.isidentifier() else "object"


def _put_back(old: Any, new: Any) -> None:
    """Do to an argument what the other side did to its copy."""
    if isinstance(old, np.ndarray):
        same = isinstance(new, np.ndarray) and old.shape == new.shape
        if same and old.tobytes() != new.astype(old.dtype).tobytes():
            old[...] = new
    elif isinstance(old, list) and isinstance(new, list):
        kept = [_merged(*pair) for pair in zip(old, new, strict=False)]
        old[:] = kept + new[len(kept) :]
    elif isinstance(old, dict) and isinstance(new, dict):
        merged = {
            key: _merged(old[key], one) if key in old else one
            for key, one in new.items()
        }
        old.clear()
        old.update(merged)


def _merged(old: Any, new: Any) -> Any:
    """Return the old object where it can hold the new value."""
    if isinstance(old, np.ndarray | list | dict) and type(old) is type(new):
        if isinstance(old, np.ndarray) and old.shape != new.shape:
            return new
        _put_back(old, new)
        return old
    return old if callable(old) or isinstance(new, Odd) else new
