"""A lecture as slides in JupyterLab: a key turns them, the sliders move."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from course_utils import __main__ as commands
from tests.browser import lab as browser
from tests.browser.lab import PICTURE, Lab

import pytest
from jupyter_core.paths import jupyter_path
from playwright.sync_api import Locator, expect

EXTENSION = "jupyterlab-slideshow"
HAS_IT = any(Path(p, EXTENSION).exists() for p in jupyter_path("labextensions"))
# A command may never answer, so nobody waits for it.
RUN = "name => { window.jupyterapp.commands.execute(name); }"
SHOWN = re.compile("jp-deck-mod-visible")  # the others are transparent
EXPLORER = "explorers.learning_rate("


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Run the beginning of a teacher's lecture 02, and show it as slides."""
    if not HAS_IT:
        pytest.skip(f"{EXTENSION} is not installed: docs/presenting.md")
    folder = tmp_path_factory.mktemp("work")
    (original,) = commands.lectures(["02"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_TEACHER", "1")
        notebook = commands.fresh(original)
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    end = next(i for i, text in enumerate(sources) if EXPLORER in text)
    notebook["cells"] = notebook["cells"][: end + 6]
    commands.write(folder / original.name, notebook)
    with (
        browser.chromium(1280, 720) as tab,
        browser.jupyterlab(folder) as server,
    ):
        lab = tab(server)
        lab.open(original.name)
        lab.run_all(300)
        lab.page.evaluate("course.panel().content.activeCellIndex = 0")
        lab.page.evaluate(RUN, "deck:start")
        lab.page.wait_for_selector(".jp-deck-mod-visible")
        yield lab


def cell(lab: Lab, text: str) -> Locator:
    """Return the cell with a text, whether it can be seen or not."""
    return lab.page.locator(".jp-Notebook .jp-Cell", has_text=text).first


def turn_to(lab: Lab, wanted: Locator) -> None:
    """Press the space bar until a cell is shown."""
    for _ in range(30):
        if SHOWN.search(wanted.get_attribute("class")):
            break
        lab.page.keyboard.press("Space")
        lab.page.wait_for_timeout(1000)
    expect(wanted).to_have_class(SHOWN)


def test_slides_are_turned_and_a_slider_moves(lab: Lab) -> None:
    page = lab.page
    expect(cell(lab, "2 · Gradient descent")).to_have_class(SHOWN)
    expect(cell(lab, "import check, explorers")).not_to_have_class(SHOWN)
    # Cells that continue a slide are on it, notes for the teacher are not.
    turn_to(lab, cell(lab, "A slope tells you"))
    expect(cell(lab, "def loss(w)")).to_have_class(SHOWN)
    shown = cell(lab, EXPLORER)
    turn_to(lab, shown)
    expect(cell(lab, "For the teacher.")).not_to_have_class(SHOWN)
    lab.screenshot("presenting")
    picture = shown.locator(PICTURE).first
    old = browser.pixels(picture)
    handle = shown.locator(".noUi-handle").first
    box = handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    old = browser.new_pixels(picture, old)
    handle.focus()
    page.keyboard.press("ArrowRight")  # moves the slider, not the slides
    browser.new_pixels(picture, old)
    expect(shown).to_have_class(SHOWN)
    assert lab.complaints == []
