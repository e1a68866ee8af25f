"""Runs the deployed program on this machine, on an emulator of AWS. No AWS account is needed.

`python -m sandbox` starts the emulator (`sandbox.emulator.running`) and deploys the Pulumi program
on it (`sandbox.deploy.mocked`, or Pulumi's own engine with `sandbox.engine`). Around it run the
parts that the emulator lacks: SES (`sandbox.ses`) with its SMTP interface (`sandbox.smtp.server`),
and the background work of other services (`sandbox.services`).

`sandbox.create` creates the program's resources; `sandbox.lifecycles` updates and deletes them.
`sandbox.console` is the web console, `sandbox.terminal` the terminal output. `app` starts and
stops all parts in order, `start_services` the parts around the emulator, and `deployers` chooses
how the program is deployed. `events` carries what the parts report, `stop` a request to stop, and
`data_folder` locks the folder of the data. `ses_verdicts` are SES's, as header fields.

`command` is the command line. `up`, `preview` and `demo` are the programs behind `make up`,
`make preview` and `make demo`; `download_client` opens a download page as a browser does.
`interface` is what users of a sandbox import.

Everything listens on 127.0.0.1 only.
"""
