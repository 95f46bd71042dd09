"""Grades handed-in notebooks, whose code nobody trusts.

One process, `judge`, has the checkers, and each notebook gets a process of its
own for the learner's code, `answers`, behind a fence (`fence`). They exchange
plain data only (`wire`), so what the learner's process says counts as what the
answers give back, and never as a verdict. `grade` goes through the folder and
writes the tables; `handed_in` reads notebooks.
"""
