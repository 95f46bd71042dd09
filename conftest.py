"""Loads the validation of the notebooks however pytest is called.

It stands in the root, and not in ``tests/``, so that
``pytest notebooks/02_gradient_descent.ipynb`` is as strict as the whole run.
"""

pytest_plugins = ["tests.validation"]
