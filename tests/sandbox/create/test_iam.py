from __future__ import annotations

import pytest

from sandbox.create.iam import smtp_password


@pytest.mark.parametrize(
    ("secret", "password"),
    [
        ("some+secret+key", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("another+secret+key", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
    ],
)
def test_smtp_passwords_are_those_of_the_provider(secret: str, password: str) -> None:
    # Both pairs are from the tests of Terraform's AWS provider, on which pulumi-aws is built.
    assert smtp_password(secret, "eu-central-1") == password
