"""Interactive pictures: controls, a function, and what it draws."""

from course_utils.explorers.classic_networks import architecture
from course_utils.explorers.digit_pad import digit_pad
from course_utils.explorers.embedding import embedding
from course_utils.explorers.explorer import Explorer
from course_utils.explorers.feature_maps import feature_maps
from course_utils.explorers.forecast_lab import forecast_lab
from course_utils.explorers.gates import gates
from course_utils.explorers.gradient_descent import (
    learning_rate,
    regime,
    schedules,
    surface,
)
from course_utils.explorers.gradient_distance import gradient_distance
from course_utils.explorers.kernel import kernel
from course_utils.explorers.losses import (
    cost_profit,
    cross_entropy,
    polynomial,
    regularisation,
)
from course_utils.explorers.neural_networks import (
    activation,
    approximator,
    boundary,
)
from course_utils.explorers.optimizers import race, range_test
from course_utils.explorers.receptive_field import receptive_field
from course_utils.explorers.start_here import line_fit
from course_utils.explorers.temperature import temperature
from course_utils.explorers.tensors import (
    axis,
    broadcasting,
    reshape_or_transpose,
)
from course_utils.explorers.training_toolkit import augmentation
from course_utils.explorers.unrolled import unrolled

__all__ = [
    "Explorer",
    "activation",
    "approximator",
    "architecture",
    "augmentation",
    "axis",
    "boundary",
    "broadcasting",
    "cost_profit",
    "cross_entropy",
    "digit_pad",
    "embedding",
    "feature_maps",
    "forecast_lab",
    "gates",
    "gradient_distance",
    "kernel",
    "learning_rate",
    "line_fit",
    "polynomial",
    "race",
    "range_test",
    "receptive_field",
    "regime",
    "regularisation",
    "reshape_or_transpose",
    "schedules",
    "surface",
    "temperature",
    "unrolled",
]
