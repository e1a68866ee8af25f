"""`relayctl`, the operator's command line.

Without a stack: `inspection` tells what the relay would do with a raw message, `preview` writes
what a recipient would get, `extraction` keeps attachments in a folder, and `presentation` shows
an inspection to a person.

With one: `stack` finds it and `desk` brings it within reach; `finding` knows what a name means,
`selection` which messages are asked for, `standing` what became of one, `redelivery` what is to
be changed about it, and `dead_letters` why a message failed.

`cli`, `message_commands` and `dlq_commands` are what is typed, `terminal` is what is said.
"""
