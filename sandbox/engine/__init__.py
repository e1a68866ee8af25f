"""Pulumi's own engine, deploying a program on the emulator.

user               ─▶ pulumi (the CLI, `cli`): state, diff, order, secrets
                          │ runs the program, inline in this process (`stack`)
                          ▼
                       the providers `aws` and `random`, a gRPC server in this process (`provider`)
                          ▼
                       creators (`sandbox.create`) and lifecycles (`sandbox.lifecycles`), by boto3

`command` runs the CLI so that it can be interrupted, `inline_program` is the program that it runs,
and `wire` converts the values between engine and provider. `outcome` is the result of an
operation, `state` repairs a state after a kill.

`project` deploys as users do: in a folder (`folder`) where the CLI itself starts the program
(`language_host`) and the program's own provider, in separate processes.
"""
