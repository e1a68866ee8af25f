"""Pulumi's own engine, deploying a program on the emulator.

user at a desk      ─▶ pulumi (the CLI, `cli`): state, diff, order, secrets
                          │ asks the program what it declares: inline, in this process (`stack`)
                          ▼
                       the providers `aws` and `random`, a gRPC server in this process (`provider`)
                          ▼
                       creators (`sandbox.create`) and lives (`sandbox.lives`) over boto3

`outcome` is what the engine did in an operation, `state` what a kill leaves of a state.

`project` is the way that users go: a folder (`folder`) in which the CLI itself starts the program
(`language_host`) and the program's own provider, in processes of their own.
"""
