"""Who may send what to whom.

`authentication` reads what SES proved about the sender, `author` whom the mail says it is from,
`arrival` by which of the relay's addresses and labels it came. `admission` decides on that, on the
settings and on the mail's recipients: admitted, refused with reasons, or ignored (the log says so,
no notice does).
`directory` is the document of groups and default recipients that an operator edits while the relay
runs. `sender` is as whom a mail goes out.

A new rule about whether a mail or a recipient is served goes into `admission`.
"""
