"""What Lambda imports of the relay's function: `adapters.relay_entry.handler`.

To import it is Lambda's init phase, in which the processor is not throttled: what a container
needs for all its invocations is made then (AWS Lambda guide, "Understanding the Lambda execution
environment lifecycle").
"""

from .relay_function import handler, prepare

__all__ = ["handler"]

prepare()
