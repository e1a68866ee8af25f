"""A stand-in for AWS on this machine: the deployed program, runnable without an account.

`python -m sandbox` starts an emulator of AWS (`sandbox.emulator.running`), deploys the Pulumi
program on it (`sandbox.deploy.mocked`, or Pulumi's own engine by `sandbox.engine`), and puts what
the emulator lacks around it: SES (`sandbox.ses`) with its SMTP interface (`sandbox.smtp.server`),
and what other services do by themselves (`sandbox.services`). `sandbox.create` makes the program's
resources, and `sandbox.lives` changes and deletes them. `sandbox.console` is the web console,
`sandbox.terminal` what a person sees in a terminal; `app` starts and ends everything, in order,
with `surroundings` for what the emulator lacks; `interface` is what users of a sandbox are given.

Everything listens on 127.0.0.1 and nowhere else.
"""
