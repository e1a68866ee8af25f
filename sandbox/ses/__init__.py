"""SES for the relay: receiving and sending.

Receiving: `receipt` applies the receipt rules, `keys` checks whether SES may encrypt what it
stores, `strangers` gives SES's verdicts on mail from outside. Sending: `endpoint` is the API,
`sending` checks a mail by `iam` and `identities` and delivers it to the `outbox`; `faults` are
errors on request, `events` are bounces and complaints. `device_hop` is the path of a device's mail
from sending to receiving.
"""
