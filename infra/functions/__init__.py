"""The Lambda functions, their permissions, and their code.

`relay_function` is the relay behind its `queue`, `download_function` the page behind its URL, and
`download_domain` the operator's domain in front of it. `logged_function` is the common part of all
functions.

`archive` makes their code, the same bytes for the same sources. `platform_wheel` downloads the
parts that depend on Lambda's platform, and `bytecode` compiles the modules. `build_cache` says
whether the archive is current. `trust_anchors` are the roots of AWS's certificates.

`optional_functions` declares functions that are off by default: `posting_function` posts notices
and alarms to webhooks and an event bus, `watch_function` checks once an hour that the e-mail
subscriptions still exist.
"""
