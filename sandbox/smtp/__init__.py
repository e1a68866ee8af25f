"""The SMTP servers: one for devices, one for other mail servers.

`server` accepts mail as SES's SMTP interface does, `tls` secures it, and `access` has the commands
for sending a mail.
"""
