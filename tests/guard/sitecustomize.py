"""Refuses to let a Python program leave this machine, and notes who tried.

`tests/validation.py` puts this folder first into PYTHONPATH, and Python
imports a module of this name at every start. So the guard is in each kernel
and each other Python that a test starts. Programs that are no Python, and
Pythons that are told to ignore PYTHONPATH, are not guarded. A name given to
`connect` itself is looked up before Python asks the guard, then refused.

It also hides JAX from them, which tests install and learners do not have.
"""

from __future__ import annotations

import errno
import os
import sys

NOTES = os.environ.get("COURSE_NETWORK_NOTES")
HERE = os.path.dirname(os.path.realpath(__file__))
TO_ADDRESS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
TO_NAME = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


def guard(event: str, arguments: tuple) -> None:
    """Refuse what would leave the machine; an audit hook of Python."""
    if event in TO_ADDRESS:
        import socket

        sock, address = arguments
        if sock.family not in {socket.AF_INET, socket.AF_INET6} or not address:
            return  # such as a Unix socket, or one that is connected
        host = address[0]
    elif event in TO_NAME:
        host = arguments[0]
    elif event == "socket.getnameinfo":
        host = arguments[0][0]
    else:
        return
    if is_here(host):
        return
    host = os.fsdecode(host)
    note(f"{event.removeprefix('socket.')} {host}")
    raise OSError(
        errno.ENETUNREACH,
        f"Tests must not leave this machine, and this asks for {host}",
    )


def is_here(host: str | bytes | None) -> bool:
    """Return whether a name or an address is this machine's own."""
    import ipaddress
    import socket

    name = os.fsdecode(host or "")
    if name in {"", "localhost", socket.gethostname()}:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def note(what: str) -> None:
    """Write one line: the test, what was tried, and in which line."""
    import traceback

    if not NOTES:
        return
    libraries = (os.path.dirname(os.__file__), "site-packages", "<frozen")
    own = [
        frame
        for frame in traceback.extract_stack()[:-2]
        if not any(part in frame.filename for part in libraries)
    ]
    test = os.environ.get("PYTEST_CURRENT_TEST", "outside of tests")
    where = " ".join(sys.argv)
    if own:
        where = f"{own[-1].filename}:{own[-1].lineno}: {own[-1].line}"
    with open(NOTES, "a", encoding="utf-8") as file:
        file.write(f"{test}: {what}, by {where}\n")


def call_the_next() -> None:
    """Run the sitecustomize that this one hides, such as Debian's."""
    from importlib import machinery, util

    path = [p for p in sys.path if os.path.realpath(p) != HERE]
    spec = machinery.PathFinder.find_spec("sitecustomize", path)
    if spec and spec.loader:
        spec.loader.exec_module(util.module_from_spec(spec))


class HideJax:
    """Lets no JAX be found by a Python that does not ask for it.

    TensorFlow imports it where it is, which took a second of every lecture.
    """

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Be asked by Python for every module, before the other finders."""
        if name == "jax":
            raise ModuleNotFoundError("tests hide JAX", name=name)


sys.addaudithook(guard)
if os.environ.get("KERAS_BACKEND") != "jax":
    sys.meta_path.insert(0, HideJax)
if __name__ == "sitecustomize":
    call_the_next()
