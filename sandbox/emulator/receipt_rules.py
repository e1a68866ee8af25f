"""SES's UpdateReceiptRule, which ministack lacks (1.5.33). Runs in the emulator's own process.

Without it, a rule would be deleted and created again, and mail would be refused in between.
"""
# The emulator's parts are private and untyped.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from ministack.services import ses


def install() -> None:
    """Add the call to the emulator."""
    answer = ses.handle_request

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        parameters = dict(query)
        if method == "POST" and body:
            parameters |= parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        if ses._p(parameters, "Action") == "UpdateReceiptRule":
            return _update_receipt_rule(parameters)
        return await answer(method, path, headers, body, query)

    ses.handle_request = handle_request


def _update_receipt_rule(parameters: dict[str, Any]) -> Any:
    rule = ses._receipt_rule_from_params(parameters)
    if error := ses._receipt_rule_error(rule):
        return error
    rule_set = ses._p(parameters, "RuleSetName")
    if rule_set not in ses._receipt_rule_sets:
        return ses._receipt_missing_set(rule_set)
    rules = ses._receipt_rule_sets[rule_set]["Rules"]
    for place, present in enumerate(rules):
        if present["Name"] == rule["Name"]:
            rules[place] = rule
            return ses._receipt_result("UpdateReceiptRule")
    return ses._receipt_error("RuleDoesNotExist", f"Rule does not exist: {rule['Name']}")
