"""The command line: a module for each command, and the parsing of options (`*_options`).

A command reads its options, reads and changes the stack through `operate.messages` and
`operate.stack`, and prints through `operate.presentation`.
"""
