"""Interactive pictures: controls, a function, and what it draws."""

from course_utils.explorers.explorer import Explorer
from course_utils.explorers.gradient_descent import (
    learning_rate,
    regime,
    schedules,
    surface,
)
from course_utils.explorers.start_here import line_fit
from course_utils.explorers.tensors import (
    axis,
    broadcasting,
    reshape_or_transpose,
)

__all__ = [
    "Explorer",
    "axis",
    "broadcasting",
    "learning_rate",
    "line_fit",
    "regime",
    "reshape_or_transpose",
    "schedules",
    "surface",
]
