"""What Lambda imports of the download page's function: `adapters.download_entry.handler`.

To import it is Lambda's init phase, in which the processor is not throttled: what a container
needs for all its invocations is made then (AWS Lambda guide, "Understanding the Lambda execution
environment lifecycle").
"""

from .download_function import handler, prepare

__all__ = ["handler"]

prepare()
