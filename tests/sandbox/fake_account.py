"""An empty account, for code that does not call AWS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from sandbox.create import MalwarePlan


@dataclass
class FakeAccount:
    region: str = "eu-central-1"
    account_id: str = "000000000000"
    malware_plans: list[MalwarePlan] = field(default_factory=list)
    smtp_passwords: dict[str, str] = field(default_factory=dict)
    default_sets: dict[str, str] = field(default_factory=dict)

    def client(self, service_name: str) -> NoReturn:
        raise AssertionError(f"nothing is to be asked of {service_name}")

    def function_url(self, url_id: str) -> str:
        return f"http://127.0.0.1/{url_id}/"
