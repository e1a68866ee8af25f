"""`relayctl`, the operator's command line.

`cli` has the list of commands; `operate.commands` has each of them. Two work without a stack:
`inspect` and `rewrite` read a message from a file (`operate.mail_file`). The others read and
change a deployed stack. `operate.stack.outputs` finds the stack. `operate.messages` selects
messages, gives their state and plans changes. `operate.presentation` prints the answer, for a
person or a script.

`operate.doctor` checks a stack from outside, `operate.send_test` follows a mail through it, and
`operate.directory` checks the recipient directory that an operator edits. `examples` has the end
of each command's help, `command_line` the texts of usage errors, `version` the project's version.
"""
