"""Storage: buckets, parameters and keys.

`bucket` is a private bucket, `directory` the parameter of the recipient directory. `keys` is the
stack's own KMS key, if it has one. `link_keys` are the keys of download links. `malware` is
GuardDuty's scan of stored files.
"""
