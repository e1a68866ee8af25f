"""The Lambda functions, what each may do, and what runs in them.

`relay_function` is the relay behind its `queue`, `download_function` the page behind its URL,
`download_domain` the operator's domain in front of it;
`logged_function` is what all have in common. `archive` makes their code, the same bytes for the
same sources, `platform_wheel` fetches what of it depends on Lambda's platform, and `bytecode`
compiles it; `build_cache` says whether the archive is current. `trust_anchors` are the roots of
AWS's certificates.

`optional_functions` declares what is deployed only if the configuration asks for it:
`posting_function` posts notices and alarms to webhooks and an event bus, `watch_function` checks
once an hour that the e-mail subscriptions still exist.
"""
