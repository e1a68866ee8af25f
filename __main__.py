"""The deployment: read the configuration, build the relay, export its outputs."""

from pathlib import Path

import pulumi

from infra.archive import function_archive
from infra.config_reader import load_config
from infra.relay import MailRelay, MailRelayArgs

config = load_config()
code = function_archive(Path(__file__).resolve().parent)
relay = MailRelay(config.prefix, MailRelayArgs(config=config, code=code))

for name, value in relay.exports.items():
    pulumi.export(name, value)
