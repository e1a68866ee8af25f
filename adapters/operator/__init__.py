"""What only an operator needs of AWS, and no function may do.

`account` lists buckets, announces a mail again and knows the caller's name; `dead_letters` reads
and empties the dead-letter queue, `directory` reads and replaces the recipient directory.
`relayctl` uses them.
"""
