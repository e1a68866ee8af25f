"""The Pulumi program, deployed on the emulator.

`program` runs it. `mocked` answers it as Pulumi's engine would, and creates the resources
(`sandbox.create`). `values` converts Pulumi's values to plain Python. `checks` finds outputs that
Pulumi would drop silently. `account` creates what exists in the account before.
"""
