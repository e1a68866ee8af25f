"""The certificate authorities that the functions trust: Amazon's roots, from botocore's store."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import botocore
import pytest

from infra.functions.trust_anchors import AMAZON_ROOTS, amazon_roots
from tests.infra.conftest import Deploy
from tests.infra.functions.test_relay_function import FUNCTION

STORE = (Path(botocore.__file__).parent / "cacert.pem").read_bytes()


def names_in(pem: bytes) -> list[str]:
    """The common names of the certificates that OpenSSL finds in it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem.decode("ascii"))
    found: list[Any] = context.get_ca_certs()
    return [dict(one[0] for one in each["subject"])["commonName"] for each in found]


def test_they_are_the_five_that_amazon_asks_for_and_no_other() -> None:
    assert sorted(names_in(amazon_roots(STORE))) == sorted(AMAZON_ROOTS)


def test_a_store_without_one_of_them_is_refused_by_its_name() -> None:
    kept = b"".join(amazon_roots(STORE).partition(b"-----END CERTIFICATE-----\n")[2:])
    with pytest.raises(LookupError, match="Amazon Root CA 1"):
        amazon_roots(kept)


@pytest.mark.parametrize("trust_store", ["amazon", "system"])
def test_every_function_is_given_the_store_that_it_trusts(
    deploy: Deploy, trust_store: str
) -> None:
    functions = deploy(trustStore=trust_store, eventBus="default", watchSubscriptions=True).all(
        FUNCTION
    )
    assert len(functions) == 4
    for function in functions:
        assert function.inputs["environment"]["variables"]["RELAY_TRUST_STORE"] == trust_store
