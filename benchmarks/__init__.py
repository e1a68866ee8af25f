"""Every figure of docs/performance.md: `python -m benchmarks [--json]`.

Figures are ratios taken in one run, so that they say something on any machine: what the
relay's core does with a message, with pybase64 and with the standard library alone, against
the standard library's `email` doing the same, and against nothing but decoding the base64.
Times are medians. The ways take turns, so that a busy machine slows all of them alike, and
each round has a message of its own, so that nothing remembered from the last one helps.
"""
