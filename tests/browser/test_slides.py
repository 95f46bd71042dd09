"""Every slide of every lecture in a real browser, without network.

`COURSE_SCREENSHOTS=FOLDER` keeps a picture of every slide.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from course_utils import __main__ as commands
from tests.browser import lab as browser

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Page, expect

LECTURES = [path.stem for path in commands.lectures()]
# Goes through a deck and returns what is wrong with each slide.
INSPECT = """async () => {
  const [found, alone] = [[], []];
  const pages = [...document.querySelectorAll("section.page")];
  for (const page of pages) {
    const {h, v} = deck.getIndices(page);
    deck.slide(h, v, 99);
    const say = (what, e) => found.push(
      `${h + 1}.${v + 1}: ${what}: ${(e?.textContent || "").slice(0, 60)}`);
    if (page.dataset.squeezed) say("squeezed", page);
    if (page.getBoundingClientRect().height !== 720) say("not 16:9");
    const blocks = [...page.querySelectorAll(".block")];
    if (blocks.every((b) => b.classList.contains("fragment"))) {
      say("begins with nothing", page);
    }
    for (const e of page.querySelectorAll(":scope > :not(.notes), "
        + ":scope > :not(.notes) *")) {
      const box = e.getBoundingClientRect();
      if (box.left < 0 || box.right > 1280 || box.top < 0
          || box.bottom > 690) say("off the slide", e);
      const display = getComputedStyle(e).display;
      if (/block|flow-root|grid|list/.test(display) && !e.closest("math")
          && (e.scrollWidth > e.clientWidth + 1
          || e.matches("pre") && e.scrollHeight > e.clientHeight + 1)
          && !/^(code|math)$/i.test(e.tagName)) say("cut off", e);
    }
    for (const parent of new Set(blocks.map((b) => b.parentElement))) {
      const boxes = [...parent.children]
        .filter((b) => b.matches(".block, .again"))
        .map((b) => b.getBoundingClientRect());
      boxes.slice(1).forEach((box, i) => {
        const beside = box.left >= boxes[i].right;
        if (box.top < boxes[i].bottom - 1 && !beside) {
          say("overlaps", parent.children[i]);
        }
      });
    }
    const walker = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const [text, e] = [walker.currentNode, walker.currentNode.parentElement];
      if (!text.data.trim() || e.closest("aside, math")) continue;
      const code = e.closest("pre, code");
      const size = parseFloat(getComputedStyle(e).fontSize);
      if (size < (code ? 14 : 18)) say(`only ${size} pixels`, text);
      if (!code && /\\$|\\\\/.test(text.data)) say("raw TeX", text);
    }
    for (const img of page.querySelectorAll("img")) {
      await img.decode().catch(() => say(`broken picture ${img.alt}`));
      if (!img.naturalWidth || img.alt.length < 20) say("picture", img);
      const shape = img.naturalWidth / img.naturalHeight;
      const box = img.getBoundingClientRect();
      if (Math.abs(box.width / box.height / shape - 1) > 0.03) {
        say("distorted", img);
      }
    }
    for (const e of page.querySelectorAll(".predict")) {
      const all = [...page.querySelectorAll(".predict, .source")];
      if (all.at(-1) === e) alone.push(e.textContent);
    }
  }
  return [pages.length, found, alone];
}"""
# The text of each column as it is after the blocks were dealt out.
TEXTS = """() => [...document.querySelectorAll(".slides > section")].map(
  (stack) => [...stack.querySelectorAll("section.page > :not(.again, .notes)")]
    .map((e) => e.textContent).join(" "))"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the slides of every lecture, in a folder with an awkward name."""
    folder = tmp_path_factory.mktemp("decks") / "my slides 幻灯片"
    assert commands.main(["slides", "--to", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def tab() -> Iterator[Callable]:
    """Start a browser whose window is as large as a slide."""
    with browser.chromium(1280, 720) as tab:
        yield tab


class Visit:
    """A tab without network that notes complaints and requests."""

    def __init__(self, tab: Callable, path: Path, query: str = "") -> None:
        """Open a file."""
        lab = tab(None)
        self.page: Page = lab.page
        self.complaints, self.requests = lab.complaints, []
        self.page.context.set_offline(True)
        self.page.context.on(
            "request", lambda request: self.requests.append(request.url)
        )
        self.page.goto(path.as_uri() + query)
        self.page.wait_for_selector(".reveal.ready")

    def close(self, path: Path) -> None:
        """Close the tab, after a look at what it asked for."""
        asked = {u for u in self.requests if not u.startswith("data:")}
        # The file itself, and about:blank for the speaker's window.
        asked = {u.split("#")[0].split("?")[0] for u in asked}
        assert asked <= {path.as_uri(), "about:blank"}
        assert self.complaints == []
        self.page.context.close()


def words(text: str) -> str:
    """Return what must not be lost when blocks are cut into pieces."""
    return "".join(text.split())


@pytest.mark.parametrize("name", LECTURES)
def test_every_slide_is_whole(tab: Callable, folder: Path, name: str) -> None:
    path = folder / f"{name}.html"
    visit = Visit(tab, path)
    keep(visit.page, name)
    count, problems, alone = visit.page.evaluate(INSPECT)
    print(f"{name}: {count} slides")
    assert count >= 10
    assert problems == []
    tree = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    columns = tree.select(".slides > section")
    expected = [
        words("".join(s.text for s in column.select("section")))
        for column in columns
    ]
    assert [words(t) for t in visit.page.evaluate(TEXTS)] == expected
    # A question stands with its code, unless the author has parted them.
    for block in tree.select("section section > div + div > .source"):
        asked = block.parent.find_previous_sibling("div").text
        assert not [text for text in alone if text in asked]
    assert visit.page.locator("aside.notes").count() >= 2
    visit.close(path)


def keep(page: Page, name: str) -> None:
    """Keep a picture of each slide if COURSE_SCREENSHOTS asks for it."""
    folder = os.environ.get("COURSE_SCREENSHOTS")
    if not folder:
        return
    for number in range(page.evaluate("deck.getTotalSlides()")):
        page.evaluate("while (deck.availableFragments().next) deck.next()")
        page.screenshot(path=Path(folder) / f"{name}-{number + 1:02}.png")
        page.evaluate("deck.next()")


@pytest.mark.parametrize("letters", ["wide", "narrow"])
def test_other_fonts_cut_nothing_off(
    tab: Callable, folder: Path, tmp_path: Path, letters: str
) -> None:
    space = {"wide": "0.08em", "narrow": "-0.05em"}[letters]
    rule = f".page * {{ font-family: serif; letter-spacing: {space} }}"
    for name in LECTURES[2], LECTURES[-1]:
        page = (folder / f"{name}.html").read_text("utf-8")
        path = tmp_path / f"{name}.html"
        style = f"<style>{rule}</style></head>"
        path.write_text(page.replace("</head>", style), "utf-8")
        visit = Visit(tab, path)
        _, problems, _ = visit.page.evaluate(INSPECT)
        assert problems == []
        visit.close(path)


def test_the_answer_waits_for_a_key(tab: Callable, folder: Path) -> None:
    path = folder / f"{LECTURES[2]}.html"
    visit = Visit(tab, path)
    page = visit.page
    place = page.evaluate(
        "() => { const page = document.querySelector('.predict')"
        ".closest('section'); const {h, v} = deck.getIndices(page);"
        " deck.slide(h, v, -1); return [h, v]; }"
    )
    question = page.locator("section.page.present .predict")
    answer = page.locator("section.page.present .output")
    assert question.is_visible()
    hidden = "e => getComputedStyle(e.closest('.fragment')).visibility"
    assert answer.first.evaluate(hidden) == "hidden"
    page.keyboard.press("Space")
    assert answer.first.evaluate(hidden) == "visible"
    indices = page.evaluate("deck.getIndices()")
    assert [indices["h"], indices["v"]] == place
    visit.close(path)


def test_arrows_and_remotes_reach_every_slide(
    tab: Callable, folder: Path
) -> None:
    path = folder / f"{LECTURES[0]}.html"
    visit = Visit(tab, path)
    page = visit.page
    total = page.evaluate("deck.getTotalSlides()")
    seen = set()
    for press in range(5 * total):
        seen.add(page.evaluate("deck.getSlidePastCount()"))
        page.keyboard.press(["PageDown", "ArrowRight", "Space"][press % 3])
    assert seen == set(range(total))
    visit.close(path)


def test_notes_appear_in_a_window_of_the_speaker(
    tab: Callable, folder: Path
) -> None:
    path = folder / f"{LECTURES[2]}.html"
    visit = Visit(tab, path)
    page = visit.page
    complaints = visit.complaints
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    speaker.on("pageerror", lambda error: complaints.append(str(error)))
    notes = speaker.locator(".speaker-controls-notes .value")
    page.keyboard.press("PageDown")
    expect(notes).to_contain_text("collect three guesses", timeout=30_000)
    # Both pictures of the deck are there: this slide and the next.
    for name in "#current-slide", "#upcoming-slide":
        frame = speaker.frame_locator(f"{name} iframe")
        frame.locator(
            "section.page.present h2, section.page.present .again"
        ).first.wait_for()
    # Its keys move the slides, too.
    before = page.locator(".slide-number-a").inner_text()
    speaker.keyboard.press("PageDown")
    speaker.keyboard.press("PageDown")
    expect(page.locator(".slide-number-a")).not_to_have_text(
        before, timeout=30_000
    )
    visit.close(path)


def test_paper_shows_every_slide(tab: Callable, folder: Path) -> None:
    path = folder / f"{LECTURES[2]}.html"
    visit = Visit(tab, path, "?print-pdf")
    page = visit.page
    page.wait_for_selector(".pdf-page")
    slides = page.locator(".pdf-page").count()
    assert slides == page.locator("section.page").count() > 20
    cut = page.evaluate(
        "() => [...document.querySelectorAll('.pdf-page')].filter(p => "
        "[...p.querySelectorAll('.block')].some(b => "
        "b.getBoundingClientRect().bottom > p.getBoundingClientRect().bottom"
        ")).length"
    )
    assert cut == 0
    visit.close(path)
