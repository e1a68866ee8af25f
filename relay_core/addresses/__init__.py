"""Mail addresses: what is one, which ones a pattern means, and the one that is a secret.

`mailbox` reads addr-specs and domains (RFC 5322 section 3.4, RFC 6531). `patterns` are what a
configuration allows: an address, a domain, or everybody. `subaddress` takes the label off an
address (RFC 5233). `secrecy` finds the inbound address in any spelling, so that no text that goes
out holds it.
"""
