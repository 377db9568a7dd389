"""What is in this attachment, which may be packed as gzip or zip, and may be a bomb?"""

import zlib
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from postroom.errors import ReportSyntaxError, ReportTooLargeError

MAX_PACKED_BYTES = 10 * 1024 * 1024  # as receivers limit their mail
MAX_BYTES = 50 * 1024 * 1024  # the reports of the largest senders, unpacked, have some ten megabytes
MAX_MEMBERS = 100

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_ENCRYPTED = 0x1


def unpack(content: bytes) -> bytes:
    """The file itself, whether packed or not: told by its first bytes, as names and types of attachments lie.

    Of a zip the only file. ReportTooLargeError for a bomb, ReportSyntaxError for what cannot be unpacked.
    """
    if len(content) > MAX_PACKED_BYTES:
        raise ReportTooLargeError
    if content.startswith(_GZIP):
        return _gunzip(content)
    return _unzip(content) if content.startswith(_ZIP) else content


def _gunzip(content: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(content, MAX_BYTES + 1)
    except zlib.error as error:
        raise ReportSyntaxError("The gzip file is damaged.") from error
    if len(text) > MAX_BYTES:
        raise ReportTooLargeError
    if not unpacker.eof:
        raise ReportSyntaxError("The gzip file is cut off.")
    return text


def _unzip(content: bytes) -> bytes:
    try:
        archive = ZipFile(BytesIO(content))
        members = [member for member in archive.infolist()[:MAX_MEMBERS] if not member.is_dir()]
        if len(members) != 1 or members[0].flag_bits & _ENCRYPTED:
            raise ReportSyntaxError("The zip file holds no report, or more than one.")
        if members[0].file_size > MAX_BYTES:
            raise ReportTooLargeError
        return archive.read(members[0])  # stops at the size that the directory names
    except (BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise ReportSyntaxError("The zip file is damaged.") from error
