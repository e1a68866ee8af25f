"""The core's ports over AWS, and the Lambda functions: every effect of the relay is here.

Lambda calls `relay_function` and `download_function`, and, where they are deployed,
`posting_function` (notices and alarms to webhooks and EventBridge) and `watch_function`
(subscriptions that are lost). Each makes its ports once (`adapters.aws`), hands every event to the
core, and logs the outcome (`adapters.telemetry`). `adapters.relaying` is the relay behind its
queue, `adapters.download` the download page as a browser sees it, `adapters.posting` the posting;
`before_timeout` calls a function shortly before Lambda ends the worker, `init_phase` reads in the
init phase within a time limit, and `imaging` makes small pictures of images. `adapters.operator`
is for `relayctl` alone.

The handlers' names are part of the deployment: do not rename them. Lambda takes a new archive and
a new configuration in two calls, and in between the function must find its handler.
"""
