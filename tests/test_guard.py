"""Nothing that a test starts leaves this machine unnoticed.

192.0.2.0/24 and `.invalid` are reserved: nobody is there, even unguarded.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from tests import validation
from tests.test_validation import copy_settings

import nbformat
import pytest
from nbformat import v4

FAR = {
    "connect": "s.connect(('192.0.2.1', 80))",
    "connect_ex": "s.connect_ex(('192.0.2.1', 80))",
    "public": "s.connect(('93.184.215.14', 80))",
    "neighbour": "s.connect(('192.168.1.1', 80))",
    "looks-like-loopback": "socket.getaddrinfo('127.0.0.1.invalid', 80)",
    "sendto": "u.sendto(b'', ('192.0.2.1', 53))",
    "sendmsg": "u.sendmsg([b''], [], 0, ('192.0.2.1', 53))",
    "broadcast": "u.connect(('255.255.255.255', 9))",
    "ipv6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
    "mapped": "socket.socket(socket.AF_INET6).connect(('::ffff:8.8.8.8', 80))",
    "getaddrinfo": "socket.getaddrinfo('example.invalid', 80)",
    "bytes": "socket.getaddrinfo(b'example.invalid', 80)",
    "gethostbyname": "socket.gethostbyname('example.invalid')",
    "gethostbyaddr": "socket.gethostbyaddr('192.0.2.1')",
    "getnameinfo": "socket.getnameinfo(('192.0.2.1', 80), 0)",
    "urllib": "urllib.request.urlopen('https://example.invalid/x')",
    "requests": "__import__('requests').get('https://example.invalid/x')",
    "asyncio": "asyncio.run(asyncio.open_connection('192.0.2.1', 80))",
    "child": "subprocess.run([sys.executable, '-c', CHILD], check=True)",
}
NEAR = """
def round_trip(family, address):
    with socket.create_server((address, 0), family=family) as server:
        port = server.getsockname()[1]
        socket.create_connection((address, port)).close()
round_trip(socket.AF_INET, "127.0.0.1")
round_trip(socket.AF_INET, "localhost")
if socket.has_ipv6:
    try:
        round_trip(socket.AF_INET6, "::1")
    except OSError as error:
        assert "must not leave" not in str(error)
one, other = socket.socketpair()
one.sendmsg([b"x"])
u.sendto(b"x", ("127.0.0.2", 9))
socket.getaddrinfo(None, 80)
socket.getfqdn("127.0.0.1")
try:
    socket.gethostbyname(socket.gethostname())
except socket.gaierror:
    pass
"""
HEAD = """
import asyncio, socket, subprocess, sys, urllib.request
CHILD = "import socket; socket.create_connection(('192.0.2.1', 80))"
s, u = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
"""


def python(
    program: str, notes: Path, *paths: str
) -> subprocess.CompletedProcess:
    """Run a program as a test would, with notes and paths of its own."""
    here = [os.environ["PYTHONPATH"], *paths]
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ
        | {
            "COURSE_NETWORK_NOTES": str(notes),
            "PYTHONPATH": os.pathsep.join(here),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("how", FAR)
def test_the_way_out_is_closed_and_trying_is_noted(
    how: str, tmp_path: Path
) -> None:
    done = python(HEAD + FAR[how], tmp_path / "notes")
    assert done.returncode == 1
    assert "Tests must not leave this machine, and this asks for" in done.stderr
    first = (tmp_path / "notes").read_text("utf-8").splitlines()[0]
    assert first.startswith(os.environ["PYTEST_CURRENT_TEST"] + ": ")
    assert ", by <string>:" in first


def test_this_machine_stays_within_reach(tmp_path: Path) -> None:
    done = python(HEAD + NEAR, tmp_path / "notes")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "notes").exists()


def test_a_sitecustomize_of_the_system_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('Debian was here')")
    done = python(HEAD + FAR["connect"], tmp_path / "notes", str(tmp_path))
    assert done.stdout == "Debian was here\n"
    assert "must not leave" in done.stderr


CURIOUS = """
import http.server, socket, threading, urllib.request
import requests

def test_outside():
    try:
        socket.gethostbyname("test.invalid")
    except OSError:
        pass

def test_loopback_needs_no_proxy():
    server = http.server.HTTPServer(
        ("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/pyproject.toml"
    assert requests.get(address, timeout=9).ok
    assert urllib.request.urlopen(address, timeout=9).status == 200
"""
CELL = """
import socket
try:
    socket.create_connection(("192.0.2.1", 80))
except OSError:
    print("no network")
"""


def test_a_run_that_tried_is_red_and_says_who(tmp_path: Path) -> None:
    copy_settings(tmp_path)
    (tmp_path / "tests" / "test_curious.py").write_text(CURIOUS)
    cell = v4.new_code_cell(CELL.strip(), execution_count=1, id="curious")
    cell.outputs = [v4.new_output("stream", text="no network\n")]
    notebook = v4.new_notebook(cells=[cell])
    nbformat.write(notebook, tmp_path / "notebooks" / "curious.ipynb")
    # A run of its own: its notes are not those of this one.
    env = {k: v for k, v in os.environ.items() if k != "COURSE_NETWORK_NOTES"}
    env |= {"HTTP_PROXY": "http://192.0.2.7:9", "no_proxy": "192.0.2.7"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n1", "-q"],
        cwd=tmp_path,
        env=env | {"http_proxy": env["HTTP_PROXY"]},
        capture_output=True,
        text=True,
        timeout=300,
    )
    out = done.stdout
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, out + done.stderr
    assert "4 passed" in out  # every error was caught
    assert "tried to leave this machine" in out
    failed = [line for line in out.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 2, out
    cell_said, test_said = sorted(failed)
    assert cell_said.startswith("FAILED notebooks/curious.ipynb::")
    assert "192.0.2.1, by " in cell_said
    assert 'socket.create_connection(("192.0.2.1", 80))' in cell_said
    assert "tests/test_curious.py::test_outside (call): " in test_said
    assert "gethostbyname test.invalid, by " in test_said


@pytest.mark.parametrize("tried", [False, True], ids=["nobody", "somebody"])
def test_a_run_is_as_green_as_its_notes(tried: bool, tmp_path: Path) -> None:
    notes = validation.NetworkNotes(tmp_path / "notes")
    if tried:
        notes.path.write_text("test_x: connect 192.0.2.1\n" * 2)
    session = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    notes.pytest_sessionfinish(session)
    assert session.exitstatus == int(tried)
    assert notes.lines() == ["test_x: connect 192.0.2.1"] * tried


def test_this_run_is_guarded() -> None:
    paths = os.environ["PYTHONPATH"].split(os.pathsep)
    assert paths[0] == str(validation.GUARD)
    left = [name for name in os.environ if name.lower().endswith("_proxy")]
    assert left == ["no_proxy"]


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_jax_is_there_only_for_those_who_ask(backend: str) -> None:
    program = "try: import jax\nexcept ImportError: print('none')"
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == ("" if backend == "jax" else "none")
