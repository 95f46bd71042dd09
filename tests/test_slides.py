"""Slides hold what they should, and name nothing that would be fetched.

How they look is tested in the browser: tests/browser/test_slides.py.
"""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path

from course_utils import __main__ as commands
from course_utils import slides

import nbformat
import pytest
from bs4 import BeautifulSoup
from PIL import Image

V4 = nbformat.v4
ORIGINALS = commands.lectures()


def cell(kind: str, source: str, slide: str = "-", outputs: tuple = ()) -> dict:
    """Return a cell of a lecture."""
    metadata = {"slideshow": {"slide_type": slide}}
    if kind == "markdown":
        return V4.new_markdown_cell(source, metadata=metadata)
    return V4.new_code_cell(source, metadata=metadata, outputs=list(outputs))


def picture(tmp_path: Path, said: str = "<Figure size 6x4>") -> dict:
    """Return an output: a picture with a text alternative."""
    path = tmp_path / "picture.png"
    Image.new("RGB", (60, 40)).save(path)
    code = base64.b64encode(path.read_bytes()).decode()
    alt = {"image/png": {"alt": 'a "line" < a curve'}}
    data = {"image/png": code, "text/plain": said}
    return V4.new_output("display_data", data=data, metadata=alt)


def deck(*cells: dict) -> BeautifulSoup:
    """Return the slides of a lecture as a tree of elements."""
    text = json.loads(json.dumps(V4.new_notebook(cells=list(cells))))
    return BeautifulSoup(slides.build(text), "html.parser")


def shown(tree: BeautifulSoup) -> list[list[str]]:
    """Return the text of each slide, column by column."""
    columns = tree.select(".slides > section")
    return [
        [" ".join(s.text.split()) for s in column.select("section")]
        for column in columns
    ]


def test_slide_types_make_columns_of_slides() -> None:
    tree = deck(
        cell("markdown", "# 2 · Title", "slide"),
        cell("markdown", "first"),
        cell("markdown", "below", "subslide"),
        cell("markdown", "left out", "skip"),
        cell("markdown", "## Next", "slide"),
        cell("markdown", "one"),
        cell("markdown", "two", "fragment"),
        cell("code", "three()"),
    )
    assert shown(tree) == [
        ["2 · Title first", "below"],
        ["Next one two three()"],
    ]
    assert tree.title.text == "2 · Title"
    steps = [c.get("data-step") for c in tree.select("section section > div")]
    assert steps == [None, None, None, None, None, "1", "1"]


def test_notes_and_what_is_left_out_are_told_to_the_speaker() -> None:
    tree = deck(
        cell("markdown", "## A", "slide"),
        cell("markdown", "**For the teacher.** Ask for $x$.", "notes"),
        cell("markdown", "### Exercise 2.1 · Slope\nWrite it.", "skip"),
        cell("code", "def secret(): ...", "skip"),
        cell("markdown", "## Check yourself", "skip"),
    )
    assert shown(tree) == [["A"]]
    (notes,) = tree.select("aside.notes")
    assert "For the teacher." in notes.text and notes.select("math")
    assert "Exercise 2.1 · Slope" in notes.text
    assert "Check yourself" in notes.text
    assert "secret" not in str(tree.body)


def test_outputs_are_shown_without_warnings(tmp_path: Path) -> None:
    outputs = (
        V4.new_output("stream", name="stdout", text="\x1b[31mred\x1b[0m <b>\n"),
        V4.new_output("stream", name="stderr", text="a warning"),
        V4.new_output("execute_result", data={"text/plain": "array([1])"}),
        V4.new_output("error", ename="ValueError", evalue="no", traceback=[]),
        picture(tmp_path),
        picture(tmp_path, "explorer(rate=1): it converges"),
    )
    tree = deck(cell("code", "f('<i>')", "slide", outputs))
    assert tree.select_one(".source").text == "f('<i>')"
    texts = [pre.text for pre in tree.select("pre.output")]
    assert texts == ["red <b>", "array([1])", "ValueError: no"]
    plot, explorer = tree.select("figure.output")
    assert plot.img["alt"] == 'a "line" < a curve'
    assert (plot.img["width"], plot.img["height"]) == ("60", "40")
    assert plot.figcaption is None
    assert explorer.figcaption.text == plot.img["alt"]


def test_hidden_sources_stay_hidden() -> None:
    hidden = cell("code", "secret()", "slide")
    hidden.metadata["jupyter"] = {"source_hidden": True}
    hidden.outputs = [V4.new_output("stream", text="seen")]
    assert shown(deck(hidden)) == [["seen"]]


def test_links_between_lectures_lead_to_slides() -> None:
    text = "[a](03_neural_networks.ipynb) [b](https://b.example/x.ipynb)"
    links = deck(cell("markdown", text, "slide")).select("section a")
    assert [link["href"] for link in links] == [
        "03_neural_networks.html",
        "https://b.example/x.ipynb",
    ]


@pytest.mark.parametrize("path", ORIGINALS, ids=lambda p: p.stem)
def test_a_deck_names_nothing_to_fetch(path: Path) -> None:
    page = slides.build(commands.read(path))
    tree = BeautifulSoup(page, "html.parser")
    for element in tree.find_all(True):
        for name in "src", "srcset", "data", "poster", "action":
            address = element.get(name, "")
            assert address.startswith("data:image/png") or not address
        if element.name != "a":
            assert not element.get("href")
    assert not tree.select("link, iframe, object, embed, base")
    css = "".join(style.text for style in tree.select("style"))
    assert not re.search(r"@import|@font-face|url\((?!['\"]?data:)", css)
    assert "default-src 'none'" in str(tree.head)
    assert "sourceMappingURL" not in page
    assert len(page) < 1_000_000
    for img in tree.select("img"):
        assert len(img["alt"]) > 20
    text = " ".join(
        t
        for t in tree.body.find_all(string=True)
        if not t.find_parents(["script", "pre", "code"])
    )
    assert not re.search(r"\$\w|\\[a-z]{2}", text), "mathematics left as TeX"
    assert tree.select("aside.notes strong")


# Mathematics


@pytest.mark.parametrize(
    ("tex", "part"),
    [
        (r"\ln x", '<mi>ln</mi><mspace width="0.17em" /><mi>x</mi>'),
        (r"\log_2 p", '</msub><mspace width="0.17em" /><mi>p</mi>'),
        (r"\ln(x)", "<mi>ln</mi><mo"),
        ("ab", "<mi>a</mi><mi>b</mi>"),
        ("[-1]", '<mo form="prefix">−</mo>'),
        ("2 - 1", "<mo>−</mo>"),
        ("(x) - 1", "<mo>−</mo>"),
        ("2/c", '<mo lspace="0" rspace="0">/</mo>'),
        ("f'", "<mrow><mi>f</mi><mi>′</mi></mrow>"),
        (r"\mathrm{d}x", "<mtext>d</mtext><mi>x</mi>"),
        (r"\frac{1}{n}", "<mfrac><mrow><mn>1</mn></mrow><mrow><mi>n"),
    ],
)
def test_formulas_are_spaced_as_tex_spaces_them(tex: str, part: str) -> None:
    assert part in slides.mathml(tex)


@pytest.mark.parametrize("tex", [r"\nosuchcommand x", "x_1_2", "x^"])
def test_a_wrong_formula_is_named(tex: str) -> None:
    with pytest.raises(ValueError, match=re.escape(tex)):
        slides.mathml(tex)


def test_a_formula_of_its_own_line_is_a_block() -> None:
    tree = deck(cell("markdown", "$$x^2$$ and $y$ for 5\\$", "slide"))
    kinds = [math["display"] for math in tree.select("math")]
    assert kinds == ["block", "inline"]
    assert tree.select_one("section section").text.endswith("for 5$\n\n")


# Colours


def luminance(code: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4
        for p in parts
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_code_can_be_read() -> None:
    css = (Path(slides.__file__).parent / "slides.css").read_text("utf-8")
    paper = re.search(r"pre\.source.*?background: (#\w{6})", css)[1]
    styles = slides.CODE.get_style_defs(".source")
    inks = set(re.findall(r"[ {]color: (#\w{6})", styles))
    assert len(inks) > 5
    for ink in inks - {"#bbbbbb", "#BBBBBB"}:  # white space
        light, dark = sorted([luminance(paper), luminance(ink)])[::-1]
        assert (light + 0.05) / (dark + 0.05) >= 4.5, ink


# The command


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Return a course of one lecture, in a folder with an awkward name."""
    root = tmp_path / "my course 课程"
    folder = root / "notebooks"
    folder.mkdir(parents=True)
    monkeypatch.setattr(commands, "ROOT", root)
    monkeypatch.setattr(commands, "NOTEBOOKS", folder)
    text = V4.new_notebook(cells=[cell("markdown", "# 梯度 $x$", "slide")])
    nbformat.write(text, folder / "02_gradient.ipynb")
    return root


def test_slides_are_put_into_slides(course, capsys) -> None:
    assert commands.main(["slides"]) == 0
    page = (course / "slides" / "02_gradient.html").read_text("utf-8")
    assert "<h1>梯度 <math" in page
    assert str(course / "slides") in capsys.readouterr().out


def test_slides_are_put_where_one_likes(course, tmp_path) -> None:
    folder = tmp_path / "a stick" / "幻灯片"
    assert commands.main(["slides", "2", "--to", str(folder)]) == 0
    assert [p.name for p in folder.iterdir()] == ["02_gradient.html"]
    assert not (course / "slides").exists()


def test_an_unknown_lecture_is_refused(course) -> None:
    with pytest.raises(commands.Stop, match=r"no lecture 77.*02_gradient"):
        commands.main(["slides", "77"])


def test_a_folder_that_cannot_be_written_is_named(course, tmp_path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(commands.Stop, match=r"taken.*Use --to FOLDER"):
        commands.main(["slides", "--to", str(taken)])


@pytest.mark.parametrize(
    "content",
    [
        "{",
        '{"cells": [{"cell_type": "code"}], "metadata": 3}',
        '{"cells": [{"cell_type": "code", "outputs": [{}]}], "metadata": {}}',
        '{"cells": [{"cell_type": "markdown", "source": 3}], "metadata": {}}',
        '{"cells": [{"cell_type": "markdown", "source": "$\\\\nosuch$"}], '
        '"metadata": {}}',
    ],
    ids=["no JSON", "metadata", "output", "source", "formula"],
)
def test_a_damaged_lecture_stops_none_of_the_others(
    course, capsys, content
) -> None:
    damaged = course / "notebooks" / "01_tensors.ipynb"
    damaged.write_text(content, "utf-8")
    assert commands.main(["slides"]) == 1
    (line,) = [n for n in capsys.readouterr().out.split("\n") if "01_" in n]
    assert "damaged" in line
    assert os.listdir(course / "slides") == ["02_gradient.html"]


def test_the_library_comes_with_its_licence() -> None:
    folder = Path(slides.__file__).parent / "reveal"
    assert "Permission is hereby granted" in (folder / "LICENSE").read_text()
    script = (folder / "reveal.js").read_text("utf-8")
    assert "reveal.js 5.2" in script[:200]
