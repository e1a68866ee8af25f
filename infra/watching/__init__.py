"""What wakes an operator, and what they look at.

`metrics` are what the functions count; an `alarm` watches one, `alarms` are all of them and what
each says, `alarm_resources` declares them. `columns` are what the dashboard shows of a mail's way,
`dashboard` writes them for CloudWatch, and `topics` tell the operator by mail.
"""
