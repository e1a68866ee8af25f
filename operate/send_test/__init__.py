"""`relayctl send-test`: a mail of our own, followed through the relay step by step.

`device` submits it as a device does: SMTP, STARTTLS, AUTH, with the stack's credentials. SES's
answer to the device cannot identify it: SES receives the mail under another message id. So a token
in the mail's header identifies it in the incoming bucket (`following`), and its key there gives
the manifest.
"""
