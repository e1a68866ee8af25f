"""What is kept, and under which keys.

`bucket` is a private bucket, `directory` the parameter of the recipient directory. `keys` is the
KMS key of a stack that has its own, `link_keys` are those of download links. `malware` has
GuardDuty scan what is stored.
"""
