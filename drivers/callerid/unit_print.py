"""How each make writes down what happens on its lines; the counterpart of the profiles.

It shares nothing with the engine: a mistake in a profile must show as a call that is wrong.
"""

from collections.abc import Callable

from drivers.callerid.day import Happening

Print = Callable[[Happening], bytes]
_WHEN = "11/21 12:00 PM"
"""Units have clocks of their own; their time is shown and never used."""


def segal(happening: Happening) -> bytes:
    """New format; the old one has no C."""
    line, text = happening.line, happening.text
    body = {
        "number": f"C{text}",
        "ring": f"R{happening.count:02d}",
        "lift": "HF",
        "key": f"D{text}",
        "put_back": f"HND:{text} T{happening.count:04d}",
    }.get(happening.what)
    return f"L{line}{body}@\r\n\r\n".encode() if body else b""


def segal_plain(happening: Happening) -> bytes:
    return segal(happening).replace(b"C", b"", 1)


def danjeh(happening: Happening) -> bytes:
    """Only the first sign of a call is written, with its number if it is known by then."""
    line, text = happening.line, happening.text
    body = {
        "number": f"L{line}:{text}@",
        "ring": f"L{line}:@" if happening.count == 1 else "",
        "lift": f"L{line} hook-off",
        "dialled": f"L{line} Dialed {text}",
        "put_back": f"L{line} hook-on",
    }.get(happening.what)
    return f"{body}\n".encode() if body else b""


def yasna(happening: Happening) -> bytes:
    line, text, count = happening.line, happening.text, happening.count
    body = {
        "number": f"CallerID:{text} ",
        "ring": f"Ringing RingsCount:{count} ",
        "lift": "HookOff ",
        "dialled": f"Dialed:{text} ",
        "put_back": f"HookOn Duration:{count} ",
    }.get(happening.what)
    return f"L{line} {body}\n".encode() if body else b""


def techno(happening: Happening) -> bytes:
    line, text, count = happening.line, happening.text, happening.count
    body = {
        "number": f"CallerID={text}",
        "ring": f"Ring={count}",
        "stopped": f"MissCall,Ring={count}",
        "lift": "Answer" if happening.incoming else "HangUp",
        "key": f"Dial={text}",
        "put_back": f"HangDown,Time={count:04d}",
    }.get(happening.what)
    return f"D1:L{line}:{body}.".encode() if body else b""


def whozz(happening: Happening) -> bytes:
    """Detail mode with both directions; the first ring only, and no N for a call nobody took."""
    line, text, count = f"{happening.line:02d}", happening.text, happening.count
    if happening.what == "ring" and count > 1:
        return b""
    ended = happening.what in {"stopped", "put_back"}
    seconds = count if happening.what == "put_back" else 0
    way = "I" if happening.incoming else "O"
    records = {
        "number": [f"{line} I S 0000 G A0 {_WHEN} {text:<14} {'':15}"],
        "ring": [f"{line} R {_WHEN}"],
        "lift": [f"{line} F {_WHEN}"],
        "dialled": [f"{line} O S 0000 G A0 {_WHEN} {text:<14} {'':15}"],
        "put_back": [f"{line} N {_WHEN}"],
    }.get(happening.what, [])
    if ended:
        records.append(f"{line} {way} E {seconds:04d} G A1 {_WHEN} {text:<14} {'':15}")
    return "".join(f"{record}\r\n" for record in records).encode()


def netcallerid(happening: Happening) -> bytes:
    if happening.what != "number":
        return b""
    return f"###DATE11211200...NMBR{happening.text}...NAME+++\r".encode()


def modem(happening: Happening) -> bytes:
    """It hears rings and numbers, and nothing of its own line's telephones."""
    if happening.what == "ring":
        return b"\r\nRING\r\n"
    if happening.what == "number":
        return f"\r\nDATE = 1121\r\nTIME = 1200\r\nNMBR = {happening.text}\r\n".encode()
    return b""


def ad101(happening: Happening) -> bytes:
    """As lines of hex, the form in which drivers/wire/hid.py hands reports over."""
    text = happening.text.encode()
    body = {
        "number": b"\x09" + text,
        "ring": b"\x08\x07",
        "lift": b"\x08\x04",
        "key": b"\x0a" + text,
        "put_back": b"\x08\x01",
    }.get(happening.what)
    if body is None:
        return b""
    report = (bytes([happening.line - 1]) + body).ljust(32, b"\0")
    return report.hex().encode() + b"\n"


PRINTS: dict[str, Print] = {
    "segal-c": segal,
    "segal-plain": segal_plain,
    "danjeh-text": danjeh,
    "yasna-text": yasna,
    "techno-text": techno,
    "whozz": whozz,
    "netcallerid": netcallerid,
    "modem-vcid": modem,
    "ad101": ad101,
}
