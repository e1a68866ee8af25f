from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sandbox.ses.outbox import Outbox, folder_name


def test_a_mailbox_is_a_maildir_with_the_exact_bytes(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.deliver("a@example.com", b"bare \n and \r\n and \xff", "1.eml")
    outbox.deliver("a@example.com", b"second", "2.eml")
    new = tmp_path / "a@example.com" / "new"
    assert sorted(path.name for path in new.parent.iterdir()) == ["cur", "new", "tmp"]
    assert (new / "1.eml").read_bytes() == b"bare \n and \r\n and \xff"
    assert list((new.parent / "tmp").iterdir()) == []
    assert [("a@example.com", "1.eml"), ("a@example.com", "2.eml")] == [
        (mail.mailbox, mail.path.name) for mail in outbox.delivered()
    ]


@given(st.from_regex(r"[A-Za-z0-9.!#$&'*+=?^_`{|}~-]+@[a-z0-9.-]+", fullmatch=True))
def test_an_ordinary_address_is_its_own_folder(address: str) -> None:
    assert folder_name(address) == address


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_two_addresses_share_a_folder_and_none_leaves_the_outbox(one: str, two: str) -> None:
    first, second = folder_name(f"{one}@example.com"), folder_name(f"{two}@example.com")
    assert (first == second) == (one == two)
    assert "/" not in first
