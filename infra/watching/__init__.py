"""What wakes an operator, and what they look at.

`metrics` are what the functions count, `alarms` what is watched of them and what each alarm says,
`dashboard` shows a mail's way, and `topics` tell the operator by mail.
"""
