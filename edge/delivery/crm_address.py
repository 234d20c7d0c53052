"""What is wrong with a CRM's address, as somebody wrote it. Names are not looked up."""

from urllib.parse import urlsplit

from edge.delivery.host import is_name, is_near

_URL_WANTED = "write it like https://crm.example.com."


def address_problems(url: str) -> list[str]:
    """Each in a sentence that says what to write instead; none for a good base URL."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return [f"the address cannot be read; {_URL_WANTED}"]
    if parts.scheme not in ("http", "https") or not host:
        return [f"the address must begin with https:// and name a host; {_URL_WANTED}"]
    found = []
    if not is_name(host):
        found.append(f"the address names a host that cannot be; {_URL_WANTED}")
    if any(not "!" <= sign <= "~" for sign in url):
        found.append(f"the address holds a space or a sign that no address has; {_URL_WANTED}")
    if "@" in parts.netloc:
        found.append("take the user name out of the address; access has fields of its own.")
    if parts.query or parts.fragment:
        found.append(f"the address must end before ? and #; {_URL_WANTED}")
    if parts.scheme == "http" and not is_near(host):
        found.append(
            "http:// sends every call in clear over the Internet; use https://"
            " (http:// is for an IP address of the office's own network)."
        )
    return found
