"""Every figure of docs/performance.md: `python -m benchmarks [--json]`.

Figures are ratios measured in one run, so that they are valid on any machine. The relay's core is
measured with pybase64 and with the standard library alone. It is compared with the standard
library's `email` for the same job, and with base64 decoding alone.

Times are medians. The variants run alternately, so that load on the machine affects all of them,
and each round has a different message, so that no cache helps.
"""
