"""SES: domains for sending and receiving, incoming and outgoing mail.

`identities` and `dns` are domains and their records. `inbound` stores received mail. `submission`
and `smtp_user` are for devices that submit mail. `outbound` is for sending the relay's own mail.
`event_destinations` is where SES publishes what happened to a mail.
"""
