"""The deployment: read the configuration, look into the account, build the relay, export."""

from pathlib import Path

import pulumi

from infra.account.account_plan import plan_account
from infra.account.lookup import look_up
from infra.configuration.reader import load_config
from infra.functions.archive import function_archive
from infra.relay import MailRelay, MailRelayArgs

config = load_config()
plan = plan_account(config, look_up(config))
for warning in plan.warnings:
    pulumi.log.warn(warning)

code = function_archive(Path(__file__).resolve().parent, previews=config.inline_preview)
relay = MailRelay(config.prefix, MailRelayArgs(config=config, plan=plan, code=code))

for name, value in relay.exports.items():
    pulumi.export(name, value)
