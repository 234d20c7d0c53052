"""How a destination is reached, as a technician writes it."""

import pytest

from edge.delivery.connection import Connection

SHA = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"


@pytest.mark.parametrize(
    "pinned",
    [SHA, SHA.upper(), f"sha256:{SHA}", "SHA256:" + ":".join([SHA[:2]] * 32), f" {SHA} "],
)
def test_fingerprints_as_programs_show_them(pinned: str) -> None:
    connection = Connection(pinned=pinned)
    assert connection.problems() == []
    assert connection.fingerprint
    assert len(connection.fingerprint) == 32


@pytest.mark.parametrize(
    ("field", "connection"),
    [
        ("pinned", Connection(pinned=SHA[:-1])),
        ("pinned", Connection(pinned="sha1:" + SHA[:40])),
        ("pinned", Connection(pinned="")),
        ("ca_file", Connection(ca_file="ca.pem")),
        ("ca_file", Connection(ca_file="/ca.pem", pinned=SHA)),
        ("proxy", Connection(proxy="192.168.1.1:3128")),
        ("proxy", Connection(proxy="https://192.168.1.1:3128")),
        ("proxy", Connection(proxy="http://branch:made-up@192.168.1.1:3128")),
        ("proxy", Connection(proxy="http://192.168.1.1:99999")),
        ("proxy", Connection(proxy="http://192.168.1.1/path")),
        ("proxy", Connection(proxy_user="branch")),
        ("proxy_user", Connection(proxy="http://192.168.1.1", proxy_user="a:b")),
    ],
)
def test_what_cannot_be_is_told_with_its_field(field: str, connection: Connection) -> None:
    assert [name for name, _ in connection.problems()] == [field]


def test_nothing_set_is_no_problem() -> None:
    assert Connection().problems() == []
    assert Connection(proxy="http://[2001:db8::1]:3128/").problems() == []
