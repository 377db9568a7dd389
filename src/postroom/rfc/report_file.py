"""Which kind of report is this attachment, and what does it say?"""

from postroom.rfc.compressed import unpack
from postroom.rfc.dmarc_report import DmarcReport, read_dmarc_report
from postroom.rfc.tls_report import TlsReport, read_tls_report


def read_report(content: bytes) -> DmarcReport | TlsReport:
    """Told by what it holds, whatever it is called. ReportSyntaxError, ReportTooLargeError."""
    text = unpack(content)
    is_json = text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return read_tls_report(text) if is_json else read_dmarc_report(text)
