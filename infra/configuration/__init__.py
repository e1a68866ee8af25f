"""The stack's configuration: from Pulumi's text to the functions' environment.

`reader` reads the keys that `Pulumi.yaml` declares into the `config.StackConfig`, and `rules`
checks it as a whole; both report `problems`. `to_settings` derives the relay's policy from it,
`derived_times` the times that depend on each other, `environment` the variables of the functions.
`stack_config` reads a configuration as Pulumi's command line does, for the sandbox and `relayctl`.
`smtp_users` and `webhooks` read the values that name several users or receivers.
`secret_addresses` keeps secret addresses out of errors. `providers` lists public mail providers,
which cannot be sender domains.
"""
