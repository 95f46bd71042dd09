"""Exported lectures can be read without seeing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.browser import axe
from tests.browser import lab as browser
from tests.pictures import MIME
from tests.rules import Lecture

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat import v4
from playwright.sync_api import Page

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
# nbconvert's usual template, "lab", drops the text alternatives of pictures.
EXPORTER = HTMLExporter(template_name="classic")
# What the template does and we cannot mend from inside of a notebook: the rule
# of axe and where it is broken. Small text needs a contrast of 4.5.
TEMPLATE = {
    ("color-contrast", ".output_prompt"): "Out[1]: is red, contrast 4.0",
    ("color-contrast", ".highlight .ow"): "in, and, not: contrast 4.4",
}
SAID_WITHOUT_ALT = "No description has been provided for this image"
DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAC"
    "hwGA60e6kgAAAABJRU5ErkJggg=="
)

Show = Callable[[nbformat.NotebookNode], Page]


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Show]:
    """Export a notebook and show it, without any network."""
    path = tmp_path_factory.mktemp("exports") / "lecture.html"
    with browser.chromium() as tab:
        page = tab(browser.Server(0, "")).page
        # MathJax, jQuery and RequireJS would come from the network.
        page.route("http*://**", lambda route: route.abort())

        def export(notebook: nbformat.NotebookNode) -> Page:
            html, _ = EXPORTER.from_notebook_node(notebook)
            path.write_text(html, "utf-8")
            page.goto(path.as_uri())
            return page

        yield export


def notebook(text: str, code: str, html: str) -> nbformat.NotebookNode:
    """Make a notebook of a text, and a cell that puts out some HTML."""
    output = v4.new_output("execute_result", {"text/html": html})
    cell = v4.new_code_cell(code, outputs=[output], execution_count=1)
    return v4.new_notebook(
        cells=[v4.new_markdown_cell(text), cell],
        metadata={"language_info": {"name": "python"}},
    )


def ours(page: Page, found: list[axe.Finding]) -> list[str]:
    """Leave out what the template does."""
    return [
        str(finding)
        for finding in found
        if not any(
            finding.rule == rule and finding.is_in(page, selector)
            for rule, selector in TEMPLATE
        )
    ]


def test_what_is_left_to_the_template_still_is_its_fault(show: Show) -> None:
    text = "# Title\n\nSome words with [a link](other.ipynb) among them."
    page = show(notebook(text, "2.5 in [1, 2]  # a comment", "<p>False</p>"))
    found = axe.findings(page)
    assert ours(page, found) == []
    assert {
        (rule, selector)
        for rule, selector in TEMPLATE
        for finding in found
        if finding.rule == rule and finding.is_in(page, selector)
    } == set(TEMPLATE), "what no longer occurs can go from the list"


def test_the_usual_template_still_drops_alternatives() -> None:
    data, about = {MIME: DOT}, {MIME: {"alt": "A dot"}}
    picture = v4.new_output("display_data", data, metadata=about)
    dotted = notebook("# Title", "dot", "")
    dotted.cells[1].outputs = [picture]
    assert 'alt="A dot"' in EXPORTER.from_notebook_node(dotted)[0]
    usual = HTMLExporter().from_notebook_node(dotted)[0]
    assert SAID_WITHOUT_ALT in usual, "else CONTRIBUTING can recommend it"


@pytest.mark.parametrize(
    ("html", "rule"),
    [
        ('<svg role="img"></svg>', "svg-img-alt"),
        ('<p style="color: #999">pale</p>', "color-contrast"),
        ('<a href="more.html"></a>', "link-name"),
        ("<button></button>", "button-name"),
        ('<input type="text">', "label"),
        ("<h4>deep</h4>", "heading-order"),
    ],
    ids=["image", "contrast", "link", "button", "input", "heading"],
)
def test_a_barrier_of_ours_is_found(show: Show, html: str, rule: str) -> None:
    page = show(notebook("# Title", "show()", html))
    found = ours(page, axe.findings(page))
    assert [finding.split(":")[0] for finding in found] == [rule]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_lecture_has_no_barriers(show: Show, path: Path) -> None:
    lecture = Lecture(path)
    page = show(nbformat.read(path, as_version=4))
    # The template gives words their colours, except for what cells put out;
    # and without the many coloured words of the code this is much faster.
    page.evaluate(
        "document.querySelectorAll('.highlight').forEach((n) => n.remove())"
    )
    found = axe.findings(page, contrast=False)
    if page.locator(".output_html").count():
        found += axe.findings(page, ".output_html")
    assert ours(page, found) == []
    told = page.eval_on_selector_all(
        ".output img", "images => images.map((image) => image.alt)"
    )
    assert told == [
        output.metadata[MIME]["alt"]
        for cell in lecture.cells
        for output in cell.outputs
        if MIME in output.get("data", {})
    ]
