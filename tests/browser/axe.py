"""axe-core looks for barriers in a page: what has no name, no contrast, …

The package axe-playwright-python brings axe-core (MPL 2.0), so that nothing is
loaded from the network.
"""

from __future__ import annotations

from dataclasses import dataclass

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# What axe calls minor is left to the eye.
COUNTED = {"moderate", "serious", "critical"}


@dataclass(frozen=True)
class Finding:
    """One element that breaks one rule of axe."""

    rule: str
    selector: str
    html: str

    def __str__(self) -> str:
        """Say what is wrong and where."""
        return f"{self.rule}: {self.html[:150]}"

    def is_in(self, page: Page, selector: str) -> bool:
        """Return whether the element is what a selector means, or in it."""
        return page.evaluate(
            "([mine, other]) =>"
            " Boolean(document.querySelector(mine).closest(other))",
            [self.selector, selector],
        )


def findings(
    page: Page, include: str = "body", contrast: bool = True
) -> list[Finding]:
    """Return what axe finds in a page, without what it calls minor.

    Args:
        page: A tab that shows it.
        include: A selector: axe looks only there.
        contrast: Whether it looks at colours, which takes most of the time.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    report = page.evaluate(
        "([include, enabled]) => axe.run({include: [include]}, {"
        "resultTypes: ['violations'], rules: {'color-contrast': {enabled}}})",
        [include, contrast],
    )
    return [
        Finding(rule["id"], node["target"][-1], node["html"])
        for rule in report["violations"]
        if rule["impact"] in COUNTED
        for node in rule["nodes"]
    ]
