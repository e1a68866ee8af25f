"""A raw message in a file, without a stack: what the relay would do with it.

Behind `relayctl inspect` and `relayctl rewrite`. `policy` is what is decided by, `inspection` the
decision, `presentation` the same for a person. `preview` writes what one recipient would get, and
`extraction` keeps attachments in a folder.
"""
