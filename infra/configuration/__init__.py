"""The stack's configuration: from Pulumi's text to what the functions are given.

`reader` reads the keys that `Pulumi.yaml` declares into the `config.StackConfig`, which is checked
as a whole by `rules`; `problems` are what they find. `to_settings` derives the relay's policy from
it. `timing` derives the times that have to fit each other, and `environment` is what
of all this the functions get. `stack_config` puts a configuration together as Pulumi's command
line does, for the sandbox and `relayctl`; `providers` lists mail providers that no sender can be
at.
"""
