"""The widgets of lectures can be used in JupyterLab without seeing them."""

from __future__ import annotations

from collections.abc import Iterator

from course_utils import quiz
from tests.browser import axe
from tests.browser import lab as browser
from tests.browser.lab import Lab

import pytest
from playwright.sync_api import expect

SETUP = """
import keras
import numpy as np
from course_utils import check, explorers, plots, quiz, scratch, training

def forecast(kind, window, units, horizon, stop):
    day = np.datetime64("2008-01-01") + np.arange(100)
    return day, prices[-100:], prices[-100:, None] + 1, prices[-101:-1]

prices = 500 + np.cumsum(np.random.default_rng(3).normal(0, 10, 160))
model = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
model.compile("sgd", "mse")
rules = {"sgd": scratch.sgd, "adam": scratch.adam}
ones = np.ones((64, 2)), np.ones(64)
"""
# What a cell shows, and the names of what is reached by keyboard in it.
WIDGETS = {
    "explorers.learning_rate(lambda w: w**2, lambda w: 2 * w)": [
        ("slider", "learning rate"),
        ("spinbutton", "exactly"),
    ],
    "explorers.surface(scratch.descend)": [
        ("combobox", "surface"),
        ("slider", "learning rate"),
        ("slider", "start u"),
        ("slider", "start v"),
    ],
    "explorers.reshape_or_transpose(2, 3)": [("group", "operation")],
    "explorers.race(rules)": [
        ("button", "play or pause"),
        ("button", "stop"),
        ("slider", "step"),
    ],
    "explorers.boundary()": [("button", "Train")],
    "explorers.embedding(np.random.rand(3, 5, 2), 'abcde')": [],
    "explorers.digit_pad(lambda x: np.full((1, 10), 0.1))": [],
    "explorers.gates(steps=20)": [("slider", "forget")],
    "explorers.forecast_lab(forecast, prices)": [("slider", "window")],
    "training.TrainingLab(model, *ones, epochs=2)": [
        ("slider", "rate"),
        ("button", "Start"),
        ("progressbar", "how much of the training is done"),
    ],
    "quiz.show('02')": [("radiogroup", "1. ")],
    "check.gradient_descent.step(...)": [],
    "check.gradient_descent.step(lambda *_: 7)": [],
    "_ = plots.descent(lambda w: w**2, [1, 0.5, 0.2])": [
        ("img", "loss against weight w")
    ],
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Show the widgets in JupyterLab."""
    folder = tmp_path_factory.mktemp("work")
    with browser.opened(folder, [SETUP, *WIDGETS]) as lab:
        yield lab


@pytest.mark.parametrize("call", WIDGETS, ids=lambda call: call.split("(")[0])
def test_widget_has_no_barriers(lab: Lab, call: str) -> None:
    cell = lab.show(lab.find(call)[0])
    area = cell.locator(".jp-Cell-outputArea").first
    for role, name in WIDGETS[call]:
        expect(area.get_by_role(role, name=name).first).to_be_visible()
    if "explorers." in call:
        expect(area.get_by_role("status").first).to_be_attached()
    mark = cell.get_attribute("data-course")
    found = axe.findings(lab.page, f"[data-course={mark}] .jp-Cell-outputArea")
    assert [str(finding) for finding in found] == []


def test_every_answer_belongs_to_its_question(lab: Lab) -> None:
    cell = lab.show(lab.find("quiz.show(")[0])
    for number, asked in enumerate(quiz.load("02"), 1):
        group = cell.get_by_role(
            "radiogroup", name=f"{number}. {asked['question']}", exact=True
        )
        expect(group.get_by_role("radio")).to_have_count(len(asked["options"]))
