"""The two Lambda functions, what each may do, and what runs in them.

`function` is the relay behind its `queue`, `download` the page behind its URL; `logged_function`
is what both have in common. `archive` makes their code, the same bytes for the same sources, and
`platform_wheel` fetches what of it depends on Lambda's platform.
"""
