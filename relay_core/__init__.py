"""The relay's domain: from raw bytes to what was done about them.

Standard library only; no I/O, no clock, no environment. See `plan` and `relay`.
"""
