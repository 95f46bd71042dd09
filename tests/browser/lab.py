"""A JupyterLab on loopback, and a browser that works in it.

What had to be learnt: Run All right after opening can be swallowed, so ask the
kernel something first and repeat until a cell starts; compare decoded pixels,
never addresses of images; and a killed test must not leave a server behind.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page, TimeoutError, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SCRIPT = Path(__file__).with_name("lab.js").read_text("utf-8")
PICTURE = "img.course-picture, .widget-image"
SECONDS = 1000  # playwright counts milliseconds


class BrowserMissing(RuntimeError):
    """There is no browser to test with."""


def find_browser() -> str:
    """Return the path of an installed Chromium or Chrome.

    Raises:
        BrowserMissing: There is none; the message says what to install.
    """
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    raise BrowserMissing(
        f"--browser needs one of {', '.join(BROWSERS)} on the PATH, and there "
        "is none. Debian and Ubuntu: apt-get install chromium. Elsewhere "
        "install Google Chrome. Or leave --browser out."
    )


@dataclass(frozen=True)
class Server:
    """Where JupyterLab answers."""

    port: int
    token: str

    def url(self, path: str, query: str = "") -> str:
        """Return an address with the token that opens it."""
        base = f"http://127.0.0.1:{self.port}/{path}"
        return f"{base}?token={self.token}{query}"


@contextlib.contextmanager
def jupyterlab(folder: Path) -> Iterator[Server]:
    """Serve a folder with JupyterLab until the block ends.

    Args:
        folder: What the file browser shows. It is written to.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Server(probe.getsockname()[1], secrets.token_hex(16))
    with tempfile.TemporaryDirectory(
        prefix="course-lab-", ignore_cleanup_errors=True
    ) as home:
        log = Path(home, "server.log")
        with log.open("wb") as stream:
            process = subprocess.Popen(
                _command(server, folder),
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=_environment(Path(home), server),
                preexec_fn=_die_with_parent if os.name == "posix" else None,
                start_new_session=True,
            )
        try:
            _wait(server, process, log)
            yield server
        finally:
            _stop(process)


def _command(server: Server, folder: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        "--ip=127.0.0.1",
        f"--port={server.port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        "--expose-app-in-browser",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]


def _environment(home: Path, server: Server) -> dict[str, str]:
    """Return variables that keep the user's own JupyterLab out of it."""
    env = dict(os.environ)
    for name in ("COURSE_HEADLESS", "JUPYTER_NO_CONFIG"):
        env.pop(name, None)
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    env.update(
        JUPYTER_TOKEN=server.token,
        JUPYTER_CONFIG_DIR=str(home / "config"),
        JUPYTER_RUNTIME_DIR=str(home / "runtime"),
        JUPYTERLAB_SETTINGS_DIR=str(home / "settings"),
        JUPYTERLAB_WORKSPACES_DIR=str(home / "workspaces"),
        IPYTHONDIR=str(home / "ipython"),
    )
    return env


def _die_with_parent() -> None:
    """Ask Linux to end the server when the test process is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _wait(server: Server, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(server.url("api"), timeout=1).close()
            return
        except (urllib.error.URLError, OSError) as error:
            if process.poll() is not None or time.monotonic() > end:
                tail = log.read_text("utf-8", errors="replace")[-2000:]
                raise RuntimeError(
                    f"JupyterLab does not answer ({error}):\n{tail}"
                ) from error
            time.sleep(0.1)


def _stop(process: subprocess.Popen) -> None:
    """End the server, its kernels with it, politely if that works."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait(10)


@dataclass
class Lab:
    """One browser tab with one notebook in JupyterLab."""

    page: Page
    server: Server
    complaints: list[str] = field(default_factory=list)

    def open(self, name: str) -> None:
        """Open a notebook and wait for its kernel."""
        self.page.goto(self.server.url(f"lab/tree/{name}", "&reset"))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        idle = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
        self.page.wait_for_selector(idle, timeout=60_000)
        self.page.evaluate("course.greetKernel()")

    def run_all(self, seconds: float = 120) -> None:
        """Run every cell, until the end or the first error."""
        self.begin()
        self.wait(seconds)

    def begin(self) -> None:
        """Start to run every cell, and do not wait for the end."""
        self.page.evaluate("course.clear()")
        for _ in range(10):
            self.page.evaluate("course.runAll()")
            try:
                self.page.wait_for_function("course.started()", timeout=2000)
                break
            except TimeoutError:
                continue  # The request was swallowed: ask again.

    def wait(self, seconds: float) -> None:
        """Wait until every cell has run, or one has failed."""
        self.page.wait_for_function(
            "course.finished()", timeout=seconds * SECONDS, polling=50
        )

    def errors(self) -> list[str]:
        """Return the errors below cells that are not meant to raise."""
        return self.page.evaluate("course.errors()")

    def find(self, text: str) -> list[int]:
        """Return the places of the code cells that contain a text."""
        return self.page.evaluate("text => course.find(text)", text)

    def show(self, place: int) -> Locator:
        """Scroll to a cell and return it."""
        self.page.evaluate("place => course.show(place)", place)
        handle = self.page.evaluate_handle(
            "place => course.cells()[place].node", place
        ).as_element()
        handle.scroll_into_view_if_needed()
        mark = f"course-{place}"
        handle.evaluate("(node, mark) => node.dataset.course = mark", mark)
        return self.page.locator(f'[data-course="{mark}"]')

    def ask(self, expression: str) -> object:
        """Ask the kernel for a value, beside whatever the notebook does."""
        reply = self.page.evaluate(
            "code => course.ask(code)",
            f"__import__('json').dumps({expression})",
        )
        assert reply["status"] == "ok", reply
        return json.loads(ast.literal_eval(reply["data"]["text/plain"]))

    def screenshot(self, name: str) -> None:
        """Keep a picture of the window if COURSE_SCREENSHOTS asks for it."""
        folder = os.environ.get("COURSE_SCREENSHOTS")
        if folder:
            self.page.screenshot(path=Path(folder) / f"{name}.png")


@contextlib.contextmanager
def chromium(width: int = 1280, height: int = 900) -> Iterator:
    """Start a headless browser; yield a function that makes tabs."""
    path = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )

        def tab(server: Server) -> Lab:
            size = {"width": width, "height": height}
            page = browser.new_page(viewport=size)
            page.add_init_script(SCRIPT)
            lab = Lab(page, server)
            page.on(
                "pageerror",
                lambda error: lab.complaints.append(f"page error: {error}"),
            )
            page.on("console", lambda message: _listen(lab, message))
            return lab

        try:
            yield tab
        finally:
            browser.close()


@contextlib.contextmanager
def opened(folder: Path, cells: list[str]) -> Iterator[Lab]:
    """Run a notebook of code cells in a tab, until the block ends.

    Args:
        folder: Where the notebook is written.
        cells: What stands in its cells. None of them may raise.
    """
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook = nbformat.v4.new_notebook(cells=code)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, folder / "lab.ipynb")
    with chromium() as tab, jupyterlab(folder) as server:
        lab = tab(server)
        lab.open("lab.ipynb")
        lab.run_all()
        assert lab.errors() == []
        yield lab


def _listen(lab: Lab, message: object) -> None:
    if message.type == "error":
        lab.complaints.append(f"console: {message.text}")


def pixels(picture: Locator) -> int:
    """Return a number for what an image shows, once it is decoded."""
    element = picture.element_handle()
    page = element.owner_frame().page
    handle = page.wait_for_function(
        # An object, because the number itself may be 0, which is false.
        "image => { const p = course.pixels(image);"
        " return p === null ? null : {p}; }",
        arg=element,
        timeout=5 * SECONDS,
    )
    return handle.json_value()["p"]


def new_pixels(picture: Locator, old: int) -> int:
    """Return the number for what an image shows once it is another one.

    The text beside it may be faster.
    """
    for _ in range(100):
        if (new := pixels(picture)) != old:
            return new
        picture.page.wait_for_timeout(50)
    raise AssertionError("the picture shows the same as before")


def latencies(
    page: Page,
    picture: Locator,
    keys: list[str],
    pause: float,
    patience: float = 5,
) -> list[float]:
    """Press keys and return the milliseconds until the pixels change.

    The time is taken in the browser, from the key event to the first frame
    that shows something else.  Without a pause the next press meets a kernel
    that is still busy with the last one, as when a key is held down.

    Args:
        page: The tab; its slider has the focus.
        picture: The image that follows.
        keys: What to press.
        pause: Milliseconds of rest before each press.
        patience: Seconds until a picture counts as one that does not follow.
    """
    element = picture.element_handle()
    found = []
    for key in keys:
        pixels(picture)
        page.wait_for_timeout(pause)
        assert page.evaluate("image => course.watch(image)", element)
        page.keyboard.press(key)
        handle = page.wait_for_function(
            "course.latency", timeout=patience * SECONDS
        )
        found.append(handle.json_value())
    return found


def summary(values: list[float]) -> str:
    """Say median and range of some times."""
    return (
        f"median {statistics.median(values):.0f} ms, "
        f"{min(values):.0f} to {max(values):.0f} ms, {len(values)} presses"
    )
