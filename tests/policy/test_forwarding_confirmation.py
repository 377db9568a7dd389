"""Are providers' questions about forwarding told from other mail, with what answers them?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.policy.forwarding_confirmation import Confirmation, find_confirmation

GMAIL = """mary@gmail.com has requested to automatically forward mail to your email address
catchall@company-name.com. Confirmation code: 123456789

To allow mary@gmail.com to automatically forward mail to your address, click the link:

https://mail-settings.google.com/mail/vf-%5BANGjdJ8%5D-abc123

If you accidentally clicked the link, cancel: https://mail-settings.google.com/mail/uf-%5BANGjdJ8%5D-abc123
To learn more: http://support.google.com/mail/bin/answer.py?answer=184973
"""


@pytest.mark.parametrize(
    "subject",
    [
        "(#123456789) Gmail Forwarding Confirmation - Receive Mail from mary@gmail.com",
        "(#123456789) Gmail-Weiterleitungsbestätigung - E-Mails empfangen von mary@gmail.com",
        "Gmail 転送の確認 (#123456789)",
    ],
)
def test_reads_gmails_link_and_code_whatever_the_language(subject: str) -> None:
    found = find_confirmation(author="forwarding-noreply@google.com", subject=subject, text=GMAIL)
    assert found == Confirmation("Gmail", "https://mail-settings.google.com/mail/vf-%5BANGjdJ8%5D-abc123", "123456789")


@pytest.mark.parametrize(
    ("author", "subject", "text", "found"),
    [
        (
            "account-security-noreply@accountprotection.microsoft.com",
            "Verify your forwarding address",
            "Security code: 4711123",
            Confirmation("Outlook", "", "4711123"),
        ),
        (
            "noreply@zoho.com",
            "Email Forwarding Confirmation",
            "Confirm at https://mail.zoho.com/verify?a=1&amp;b=2.",
            Confirmation("Zoho", "https://mail.zoho.com/verify?a=1&b=2", ""),
        ),
        (
            "no-reply@mail.provider.example",
            "Bitte bestätigen Sie die Weiterleitung",
            "Klicken Sie auf <https://mail.provider.example/c/77>",
            Confirmation("mail.provider.example", "https://mail.provider.example/c/77", ""),
        ),
    ],
)
def test_reads_other_providers(author: str, subject: str, text: str, found: Confirmation) -> None:
    assert find_confirmation(author=author, subject=subject, text=text) == found


@pytest.mark.parametrize(
    ("author", "subject", "text"),
    [
        ("mary@gmail.com", "Please confirm", "Could you forward the code 123456 to Joe and confirm?"),
        ("noreply@shop.example", "Please confirm your order", "Code: 123456 https://shop.example/o"),
        ("noreply@shop.example", "Redirecting your parcel", "It is on its way."),
        ("forwarding-noreply@google.com", "Gmail", "Nothing to confirm."),
        # A stranger's link is not the provider's.
        ("forwarding-noreply@google.com", "Gmail", "https://mail-settings.google.com.evil.example/mail/vf-1"),
    ],
)
def test_leaves_other_mail_alone(author: str, subject: str, text: str) -> None:
    assert find_confirmation(author=author, subject=subject, text=text) is None


@given(st.text(), st.text())
def test_whatever_a_mail_says_nothing_is_raised(subject: str, text: str) -> None:
    find_confirmation(author="forwarding-noreply@google.com", subject=subject, text=f"{text} https://[{text} {GMAIL}")
