"""Interactive pictures: controls, a function, and what it draws."""

from course_utils.explorers.explorer import Explorer
from course_utils.explorers.gradient_descent import (
    learning_rate,
    regime,
    schedules,
    surface,
)
from course_utils.explorers.start_here import line_fit

__all__ = [
    "Explorer",
    "learning_rate",
    "line_fit",
    "regime",
    "schedules",
    "surface",
]
