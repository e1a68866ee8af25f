"""Notices to the operator about mail that was not relayed, or not to all recipients.

`notice` makes a notice of refusals, `summary` a summary of many notices, `address_use` the weekly
notice about previous addresses and closed labels. `quoting` makes quoted text of a mail harmless.
`moment` formats points in time in the form that `relayctl` accepts.
"""
