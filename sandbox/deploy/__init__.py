"""The Pulumi program, deployed on the emulator.

`program` runs it, `mocked` answers as Pulumi's engine would, with real resources behind it
(`sandbox.create`). `values` are Pulumi's as plain Python, `checks` finds what Pulumi would lose
without a word, and `account` is what the account holds before.
"""
