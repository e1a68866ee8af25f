"""The emulator of AWS, a child process, and the corrections where it differs from AWS.

`running` starts it. `process` is the program of that process; it installs `guard`, `keys`,
`account`, `alarms`, `receipt_rules`, `shared_code` and `updates` there. `workers` finds the
processes of the functions, so that tests can kill them.
"""
