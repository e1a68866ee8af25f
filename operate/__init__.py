"""`relayctl`, the operator's command line.

Without a stack: `inspection` tells what the relay would do with a raw message, `preview` writes
what a recipient would get, `extraction` keeps attachments in a folder, and `presentation` shows
an inspection to a person.

With one: `stack` finds it and `desk` brings it within reach; `finding` knows what a name means,
`selection` which messages are asked for, `standing` what became of one, `downloads` what was
fetched of it, and `dead_letters` why a message failed. What is to be changed about a message is
planned by `redelivery`, `revocation` and `extension`, and `intervention` writes down that it was.

`cli`, `list_command`, `message_commands`, `link_commands` and `dlq_commands` are what is typed,
`message_options`, `policy` and `stack_options` how, `examples` is the end of their help,
`command_line` how they fail, and `terminal` what is said.
"""
