"""SES as the relay meets it, both of its sides.

Receiving: `receipt` follows the receipt rules, `keys` says whether SES may encrypt what it stores,
`strangers` what SES finds out about mail from outside. Sending: `endpoint` is the API, `sending`
checks and delivers to the `outbox`, by `iam` and `identities`; `faults` are errors on request,
`events` what SES tells afterwards. `device_hop` is the way from one side to the other.
"""
