"""Grades handed-in notebooks, whose code nobody trusts.

For each notebook there is a process of the course, `judge`, that has the
checkers, and behind a fence a process with the learner's code, `answers`. They
exchange plain data only (`wire`), so what the learner's process says counts as
what the answers give back, and never as a verdict.
"""
