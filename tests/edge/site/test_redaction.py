"""What leaves the box names no password and no token."""

from drivers.panasonic.settings import PanasonicSettings
from drivers.wire.address import TcpAddress
from edge.delivery.destinations.link.settings import LinkSettings
from edge.site.file import to_toml
from edge.site.redaction import without_secrets
from edge.site.site import Destination, Device, Site


def test_secrets_are_gone_and_the_rest_stays() -> None:
    panasonic = PanasonicSettings(model="KX-NS500", area_code="51", password="made-up-1")
    link = LinkSettings(url="https://crm.example.com", token="made-up-2")
    site = Site(
        1,
        "mashhad",
        "Asia/Tehran",
        (Device("pbx1", "panasonic", TcpAddress("192.168.1.20", 2300), panasonic),),
        (Destination("crm", "link", link),),
    )
    text = to_toml(without_secrets(site))
    assert "made-up" not in text
    assert "KX-NS500" in text
    assert 'area_code = "51"' in text
    assert "https://crm.example.com" in text
    assert to_toml(site).count("made-up") == 2
