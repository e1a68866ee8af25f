"""The deployment: read the configuration, look into the account, build the relay, export."""

from pathlib import Path

import pulumi

from infra.account.fitting import fit
from infra.account.lookup import look_up
from infra.configuration.reader import load_config
from infra.functions.archive import function_archive
from infra.relay import MailRelay, MailRelayArgs

config = load_config()
fitting = fit(config, look_up(config))
for warning in fitting.warnings:
    pulumi.log.warn(warning)

code = function_archive(Path(__file__).resolve().parent)
relay = MailRelay(config.prefix, MailRelayArgs(config=config, fitting=fitting, code=code))

for name, value in relay.exports.items():
    pulumi.export(name, value)
