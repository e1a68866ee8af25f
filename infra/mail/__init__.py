"""SES: which domains it sends from and receives for, and how mail comes in and goes out.

`identities` and `dns` are domains and their records. `inbound` stores mail that is received,
`submission` and `smtp_user` are for devices that hand mail in, `outbound` is what the relay's own
mail goes out with. `event_destinations` is where SES tells what became of a mail.
"""
