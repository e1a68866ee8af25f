"""Every performance figure that the README states: `python -m benchmarks [--json]`.

Figures are ratios taken in one run, so that they say something on any machine: what the
relay's core does with a message, against the standard library's `email` doing the same, and
against nothing but decoding the base64. Times are medians; the paths take turns, so that a
busy machine slows all of them alike.
"""
