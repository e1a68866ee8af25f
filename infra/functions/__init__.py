"""The Lambda functions, what each may do, and what runs in them.

`function` is the relay behind its `queue`, `download` the page behind its URL; `logged_function`
is what all have in common. `archive` makes their code, the same bytes for the same sources, and
`platform_wheel` fetches what of it depends on Lambda's platform.

`beyond_mail` has what is deployed only if it is asked for: `posting` takes notices and alarms to
webhooks and an event bus, `subscription_watch` sees that e-mail still reaches somebody.
"""
