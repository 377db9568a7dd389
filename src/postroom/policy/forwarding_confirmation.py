"""Is this a provider's question whether mail may be forwarded to us, and how is it answered?

Providers write to the address that mail is to be forwarded to, with a link or a code for whoever set it up. Gmail and
Yandex are known by their sender, others by their words.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Whose question it is, with the `link` to follow, the `code` to enter, or both; "" for what there is not."""

    provider: str
    link: str
    code: str


@dataclass(frozen=True, slots=True)
class _Provider:
    name: str
    sender: re.Pattern[str]
    hosts: tuple[str, ...]


# The senders as of November 2026; links count where they lead to the provider alone.
_PROVIDERS = (
    _Provider("Gmail", re.compile(r"forwarding-noreply@google\.com"), ("google.com",)),
    _Provider("Outlook", re.compile(r".*@(?:.*\.)?(?:microsoft|outlook|live|office365)\.com"),
              ("microsoft.com", "live.com", "outlook.com", "office.com", "office365.com")),
    _Provider("Yahoo", re.compile(r".*@(?:.*\.)?(?:yahoo|yahoo-inc|aol)\.com"), ("yahoo.com", "aol.com")),
    _Provider("Zoho", re.compile(r".*@(?:.*\.)?zoho\.(?:com|eu|in)"), ("zoho.com", "zoho.eu", "zoho.in")),
    _Provider("Yandex", re.compile(r".*@(?:.*\.)?yandex\.(?:ru|com|net)"), ("yandex.ru", "yandex.com", "yandex.net")),
)  # fmt: skip
_FORWARDING = re.compile(
    r"forward|redirect|weiterleit|umleit|transfert|transférer|redirection|reenv[ií]|reencaminh|inoltr|doorstur|vidaresänd"
    r"|przekier|пересыл|переадрес|転送|转发",
    re.IGNORECASE,
)
_CONFIRMING = re.compile(
    r"confirm|verif|bestätig|vérif|conferm|bevestig|bekräft|potwierd|подтвер|確認|确认|security code", re.IGNORECASE
)
_AUTOMATIC = re.compile(r"(?:.*[-_.])?(?:no-?reply|do-?not-?reply|forwarding.*|postmaster|account.*)@", re.IGNORECASE)
_LINK = re.compile(r"https://(?P<host>[A-Za-z0-9.-]+)(?::\d+)?(?:[/?#][^\s<>\"')\]]*)?")
_CODE = re.compile(r"(?:code|Code|CODE|код|コード|代码)\D{0,40}?\b(\d{4,10})\b")
_GMAIL_CODE = re.compile(r"\(#(\d{4,12})\)")
# What a mail links beside the one thing it wants.
_ASIDE = re.compile(
    r"support|help|privacy|policies|terms|unsubscribe|cancel|/uf-|\.(?:png|gif|jpe?g|css)\b", re.IGNORECASE
)


def find_confirmation(*, author: str, subject: str, text: str) -> Confirmation | None:
    """`author` is the From's address in small letters, `text` all of the mail's words and addresses."""
    provider = next((each for each in _PROVIDERS if each.sender.fullmatch(author)), None)
    if provider is None and not _AUTOMATIC.match(author):
        return None
    is_gmails = provider is _PROVIDERS[0]
    if not is_gmails and not (_FORWARDING.search(subject) and _CONFIRMING.search(f"{subject} {text[:2_000]}")):
        return None
    link = _find_link(text, provider.hosts if provider else (author.rpartition("@")[2],))
    code = _find_code(subject, text)
    name = provider.name if provider else author.rpartition("@")[2]
    return Confirmation(name, link, code) if link or code else None


def _find_link(text: str, hosts: tuple[str, ...]) -> str:
    """The first that leads to the provider and is not about something else."""
    for match in _LINK.finditer(text):
        link = match[0].replace("&amp;", "&").rstrip(".,;")
        if any(f".{match['host'].lower()}".endswith(f".{known}") for known in hosts) and not _ASIDE.search(link):
            return link
    return ""


def _find_code(subject: str, text: str) -> str:
    match = _GMAIL_CODE.search(subject) or _CODE.search(subject) or _CODE.search(text)
    return match[1] if match else ""
