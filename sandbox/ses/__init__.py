"""SES for the relay: receiving and sending.

Receiving: `receipt` applies the receipt rules, `keys` checks whether SES may encrypt what it
stores, `external_mail` gives SES's verdicts on mail from outside. Sending: `endpoint` is the API,
`sending` checks a mail by `message`, `iam` and `identities`, with `encoded_words` decoded, and
delivers it to the `outbox`; `errors` are SES's, `faults` errors on request, `events` bounces and
complaints. `device_hop` is the path of a device's mail
from sending to receiving.
"""
