"""The emulator of AWS, a child process, and what corrects it where it differs from AWS.

`running` starts it. `process` is what runs in that process; it installs `guard`, `keys`,
`receipt_rules` and `updates` there. `workers` finds the processes of the functions, so that tests
can kill them.
"""
