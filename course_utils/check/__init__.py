"""Checks a learner's answer and says what is wrong: one module per lecture."""

from course_utils.check import (
    gradient_descent,
    keras_workflow,
    losses,
    neural_networks,
    optimizers,
    start_here,
    tensors,
    training_toolkit,
)

__all__ = [
    "gradient_descent",
    "keras_workflow",
    "losses",
    "neural_networks",
    "optimizers",
    "start_here",
    "tensors",
    "training_toolkit",
]
