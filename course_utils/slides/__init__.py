"""Lectures as slides: one HTML file each, which asks the network for nothing.

Python turns cells into blocks of HTML, mathematics into MathML, and puts
reveal.js, our style and the pictures into the file. How much fits on a slide
depends on the fonts of the computer that shows it, so `pages.js` deals the
blocks out when the file is opened.
"""

from __future__ import annotations

import base64
import html
import re
import struct
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from course_utils import style

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import (
    IPythonRenderer,
    MarkdownWithMath,
)
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

HERE = Path(__file__).parent
# Pygments' colours, chosen for contrast with white; a test measures them.
CODE = HtmlFormatter(style="default", nowrap=True)
HINT = "Space: next · S: your notes · Esc: overview · ?: all keys"
# Nothing may be fetched. Only the window with the speaker's notes may show
# this very file, twice.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src "
    "'unsafe-inline'; img-src data:; frame-src 'self' file:"
)


def build(notebook: dict[str, Any]) -> str:
    """Return a lecture as one HTML page of slides.

    Args:
        notebook: What the file of a lecture holds, outputs included.

    Returns:
        The text of an HTML file that needs no other file.
    """
    stacks = _stacks(notebook["cells"])
    body = "\n".join(_stack(stack) for stack in stacks)
    heading = re.search(r"<h1>(.*?)</h1>", body)
    title = re.sub("<[^>]+>", "", heading[1]) if heading else "Slides"
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{title}</title>",
            f"<style>\n{_css()}\n</style>\n</head>\n<body>",
            '<div class="reveal"><div class="slides">',
            body,
            f'</div></div>\n<p class="hint">{HINT}</p>',
            *(
                f"<script>\n{_asset(name)}\n</script>"
                for name in (
                    "reveal/reveal.js",
                    "reveal/notes.js",
                    "pages.js",
                )
            ),
            "</body>\n</html>\n",
        ]
    )


def _asset(name: str) -> str:
    text = (HERE / name).read_text("utf-8")
    return re.sub(r"(?m)^//# sourceMappingURL=.*\n?", "", text)


def _css() -> str:
    names = "INK", "PAPER", "GREY", "FAINT", "BLUE", "RED"
    colours = [f"--{name.lower()}: {getattr(style, name)};" for name in names]
    return "\n".join(
        [
            _asset("reveal/reveal.css"),
            f":root {{ {' '.join(colours)} }}",
            CODE.get_style_defs(".source"),
            _asset("slides.css"),
        ]
    )


def _stacks(cells: list[dict[str, Any]]) -> list[list[list[dict]]]:
    """Return the columns of slides; each slide is a list of cells."""
    stacks: list[list[list[dict]]] = []
    for cell in cells:
        kind = _slide_type(cell)
        if (kind == "slide" and _source(cell).strip()) or not stacks:
            stacks.append([[]])
        elif kind == "subslide":
            stacks[-1].append([])
        stacks[-1][-1].append(cell)
    return stacks


def _slide_type(cell: dict[str, Any]) -> str:
    slideshow = cell.get("metadata", {}).get("slideshow", {})
    return slideshow.get("slide_type") or "-"


def _source(cell: dict[str, Any]) -> str:
    return _text(cell.get("source", ""))


def _text(lines: str | list[str]) -> str:
    return lines if isinstance(lines, str) else "".join(lines)


def _stack(slides: list[list[dict]]) -> str:
    """Return a column of slides, and what the speaker should know there."""
    sections, notes = [], []
    for cells in slides:
        blocks, fragment = [], 0
        for cell in cells:
            kind = _slide_type(cell)
            fragment += kind == "fragment"
            if kind == "notes":
                notes.append(markdown(_source(cell)))
            elif kind == "skip":
                notes += _left_out(cell)
            else:
                mark = f' data-step="{fragment}"' if fragment else ""
                inner = _cell(cell)
                if inner:
                    blocks.append(f"<div{mark}>\n{inner}</div>")
        if blocks:
            text = "\n".join(blocks)
            sections.append(f"<section>\n{text}\n</section>")
    if not sections:
        return ""
    aside = "".join(notes)
    return (
        "<section>\n"
        + "\n".join(sections)
        + f'\n<aside class="notes">{aside}</aside>\n</section>'
    )


def _left_out(cell: dict[str, Any]) -> list[str]:
    """Tell the speaker which exercise or quiz follows in the notebook."""
    found = re.match(r"#+ +(Exercise .*|Check yourself)", _source(cell))
    if not found:
        return []
    return [f"<p>Next in the notebook: {html.escape(found[1])}.</p>"]


def _cell(cell: dict[str, Any]) -> str:
    if cell["cell_type"] == "markdown":
        return markdown(_source(cell))
    if cell["cell_type"] != "code":
        return ""
    blocks = []
    hidden = cell.get("metadata", {}).get("jupyter", {}).get("source_hidden")
    if _source(cell).strip() and not hidden:
        code = highlight(_source(cell), PythonLexer(), CODE).rstrip("\n")
        blocks.append(f'<pre class="source">{code}</pre>\n')
    for output in cell.get("outputs", []):
        blocks.append(_output(output))
    return "".join(blocks)


def _output(output: dict[str, Any]) -> str:
    """Return a picture, or text in a box; warnings are left out."""
    kind, data = output["output_type"], output.get("data", {})
    if kind == "stream":
        text = "" if output["name"] == "stderr" else _text(output["text"])
    elif kind == "error":
        text = f"{output['ename']}: {output['evalue']}"
    elif "image/png" in data:
        return _picture(output)
    else:
        text = _text(data.get("text/plain", ""))
    text = re.sub(r"\x1b\[[0-9;]*m", "", text).strip("\n")
    return f'<pre class="output">{html.escape(text)}</pre>\n' if text else ""


def _picture(output: dict[str, Any]) -> str:
    """Return a picture with its alternative text, and an explorer's readout.

    The size is told, so that the slides can be laid out before it is decoded.
    """
    code = re.sub(r"\s", "", _text(output["data"]["image/png"]))
    if not code.startswith("iVBORw0KGgo"):
        raise ValueError("a picture in it is no PNG")
    width, height = struct.unpack(">2I", base64.b64decode(code[:32])[16:24])
    said = _text(output["data"].get("text/plain", ""))
    metadata = output.get("metadata", {}).get("image/png", {})
    alt = metadata.get("alt") or said or "A picture without description"
    caption = ""
    if said and not said.startswith("<"):  # <Figure size …> tells nothing
        caption = f"<figcaption>{html.escape(alt)}</figcaption>"
    return (
        f'<figure class="output"><img alt="{html.escape(alt)}" '
        f'width="{width}" height="{height}" '
        f'src="data:image/png;base64,{code}">{caption}</figure>\n'
    )


class _Renderer(IPythonRenderer):
    """Draws mathematics, and links lectures with each other's slides."""

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    def link(self, text: str, url: str, title: str | None = None) -> str:
        url = re.sub(r"^([^:/]+)\.ipynb\b", r"\1.html", url)
        return super().link(text, url, title)


def markdown(text: str) -> str:
    """Return markdown as HTML, with its mathematics as MathML.

    Args:
        text: What a markdown cell holds.
    """
    renderer = _Renderer(escape=False, exclude_anchor_links=True)
    found = MarkdownWithMath(renderer=renderer).render(text)
    return re.sub(r"(<h\d) id=\"[^\"]*\"", r"\1", found)


def mathml(tex: str, display: str = "inline") -> str:
    """Return a formula as MathML, which browsers draw without any library.

    Args:
        tex: The formula in LaTeX, without dollar signs.
        display: "inline", or "block" for a line of its own.

    Raises:
        ValueError: It cannot be drawn, or a command in it is not known.
    """
    # The upright d of mathrm would be drawn as an italic one.
    source = re.sub(r"\\mathrm\b", r"\\text", tex.strip())
    try:
        text = convert(source, display=display)
    except Exception as error:  # its errors have nothing in common
        raise ValueError(f"cannot draw the formula {tex}: {error!r}") from None
    if "\\" in text or "&#x0005C;" in text:
        raise ValueError(f"cannot draw all of the formula {tex}")
    tree = ElementTree.fromstring(re.sub(' xmlns="[^"]*"', "", text, count=1))
    for row in tree.iter():
        _space(row)
    # A prime is raised by every font; a superscript would be raised twice.
    for prime in tree.iter("msup"):
        if prime[1].text == "\u2032":
            prime.tag = "mrow"
    return ElementTree.tostring(tree, encoding="unicode")


def _space(row: ElementTree.Element) -> None:
    """Mend the spaces in a row: ln x, |x|, [−1], as TeX would set them."""
    if row.tag not in ("mrow", "math", "msqrt"):
        return
    before = None
    for part in list(row):
        if part.tag == "mo" and part.text in "|‖/":
            part.set("lspace", "0")
            part.set("rspace", "0")
        elif part.tag == "mo" and part.text in "−-+±":
            opens = before is not None and before.tag == "mo"
            if before is None or (opens and before.text not in ")]|‖"):
                part.set("form", "prefix")
        elif part.tag != "mo" and _is_function(before):
            space = ElementTree.Element("mspace", width="0.17em")
            row.insert(list(row).index(part), space)
        before = part


def _is_function(part: ElementTree.Element | None) -> bool:
    """Tell whether a part is a name such as ln, or one with an index."""
    if part is not None and part.tag in ("msub", "msup", "msubsup"):
        part = part[0]
    if part is None or part.tag != "mi":
        return False
    return bool(re.fullmatch("[a-z]{2,}", part.text or ""))
