"""What wakes an operator, and what they look at.

`metrics` are what the functions count, `alarms` what is watched of them and what each alarm says,
`columns` are what the dashboard shows of a mail's way, `dashboard` writes them for CloudWatch, and
`topics` tell the operator by mail.
"""
