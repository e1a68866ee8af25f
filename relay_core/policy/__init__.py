"""The policy: which senders may send mail to which recipients.

`authentication` reads what SES proved about the sender, `author` the author that the mail names,
`arrival` the relay's address and the labels by which it came; `mail_identity` puts them together.
`admission` decides by these, by the settings and by the mail's recipients: admitted, refused with
reasons, or ignored (logged, without a notice). `directory` is the document of groups and default
recipients that an operator edits while the relay runs. `sender` gives the From and Reply-To of the
outgoing mail.

A new rule about whether a mail or a recipient is served goes into `admission`.
"""
