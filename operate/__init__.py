"""`relayctl`, the operator's command line.

`cli` has the list of commands; `operate.commands` has each of them. Two work without a stack:
`inspect` and `rewrite` read a message from a file (`operate.mail_file`). The others ask and change
a deployed stack: `operate.stack.outputs` finds it, `operate.messages` says which messages are
meant, what became of them and what is to be changed about them. `operate.presentation`
prints the answer, for a person or a script.

`operate.doctor` checks a stack from outside, `operate.send_test` follows a mail through it, and
`operate.directory` checks the recipient directory that an operator edits. `examples` is the end of
each command's help, `command_line` how a command line fails, `version` the version of the project.
"""
