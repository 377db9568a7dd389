"""Which files does this winmail.dat hold?

Outlook's Transport Neutral Encapsulation Format ([MS-OXTNEF]), in which a message for another Exchange is wrapped. Only
the attached files are read; what follows the first thing that is wrong is left.
"""

import struct
from collections.abc import Iterator

from postroom.rfc.charset_guess import decode_text

_SIGNATURE = b"\x78\x9f\x3e\x22"
_ATTRIBUTE = struct.Struct("<BII")  # level, name and type, length; data and a checksum of two octets follow
_RENDERING = 0x00069002  # begins each attachment
_TITLE = 0x00018010
_CONTENT = 0x0006800F
_MAX_FILES = 500


def read_tnef(octets: bytes) -> list[tuple[str, bytes]]:
    """Name and content of each attached file, in order; [] for what is no such file."""
    files: list[dict[int, bytes]] = []
    for name, value in _attributes(octets):
        if name == _RENDERING and len(files) < _MAX_FILES:
            files.append({})
        elif files and name in (_TITLE, _CONTENT):
            files[-1].setdefault(name, value)
    return [(decode_text(file.get(_TITLE, b"")).strip(), file.get(_CONTENT, b"")) for file in files]


def _attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    position = 6 if octets.startswith(_SIGNATURE) else len(octets)
    while position + _ATTRIBUTE.size <= len(octets):
        _, name, length = _ATTRIBUTE.unpack_from(octets, position)
        start = position + _ATTRIBUTE.size
        yield name, octets[start : start + length]
        position = start + length + 2
