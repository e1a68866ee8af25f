"""`relayctl`, the operator's command line.

`inspection` tells what the relay would do with a raw message, `preview` writes what a
recipient would get, `extraction` keeps attachments in a folder, `presentation` shows an
inspection to a person, and `cli` is what is typed.
"""
