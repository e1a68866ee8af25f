"""The relay behind its queue: `batch` hands each mail of a batch to the core and answers Lambda.

`invocation` is what one call by Lambda is to the core. `adapters.relay_function` puts it together.
"""
