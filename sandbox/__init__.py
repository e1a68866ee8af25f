"""A stand-in for AWS on this machine: the deployed program, runnable without an account.

`python -m sandbox` starts an emulator of AWS, deploys the Pulumi program on it, and puts
what the emulator lacks around it: SES's SMTP interface with its receipt rules (`smtp`,
`receipt`, `verdicts`), SES's sending endpoint (`ses_endpoint` and its `ses_*` parts), the
recipients' mailboxes (`outbox`) and a subscriber of the operator's topics (`notices`).
Everything listens on 127.0.0.1 and nowhere else.
"""
