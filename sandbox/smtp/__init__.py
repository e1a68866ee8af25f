"""The SMTP fronts: where devices hand over mail, and where other mail servers do.

`server` takes mail as SES's SMTP interface does, `tls` secures it, and `access` says how to hand a
mail in.
"""
