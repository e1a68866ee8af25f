"""`relayctl send-test`: a mail of our own, followed through the relay step by step.

`device` submits it as a device does: SMTP, STARTTLS, AUTH, with the stack's credentials. It cannot
be known by SES's message id from there on: SES receives it under another one than it answers the
device with. So a token in the mail's header finds it in the incoming bucket (`following`), and the
key there finds its manifest.
"""
