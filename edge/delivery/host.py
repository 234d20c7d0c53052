"""What can be said of the host in a destination's address without asking anybody."""

from ipaddress import ip_address


def is_name(host: str) -> bool:
    """Whether it can be asked for: no empty part between dots, none over 63 letters."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def is_near(host: str) -> bool:
    """Whether it is this box or has a private address. Names are not looked up."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return False
