"""Are IMAP folders named as RFC 3501 wants it?"""

import pytest

from postroom.rfc.mailbox_name import encode_mailbox_name


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("INBOX", b'"INBOX"'),
        ("A & B", b'"A &- B"'),
        ("~peter/mail/台北/日本語", b'"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'),  # RFC 3501 §5.1.3
        ('a "b" \\', b'"a \\"b\\" \\\\"'),
    ],
)
def test_writes_modified_utf_7_as_a_quoted_string(name: str, encoded: bytes) -> None:
    assert encode_mailbox_name(name) == encoded
