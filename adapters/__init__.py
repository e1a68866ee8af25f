"""The core's ports over AWS, and the two Lambda functions: every effect of the relay is here.

`relay_function` and `download_function` are what Lambda calls. Each makes its ports once
(`adapters.aws`), hands every event to the core, and tells what became of it
(`adapters.telemetry.relay`). `adapters.relaying` is the relay behind its queue,
`adapters.download` the download page as a browser sees it,
`last_words` what a worker does shortly before Lambda ends it. `adapters.operator.account` is for
`relayctl` alone.

The handlers' names are part of the deployment: a function is updated in two calls, and must find
its handler in between.
"""
