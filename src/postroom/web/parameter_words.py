"""What does each known system parameter mean, and which values does it take?"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from postroom.errors import AddressError
from postroom.policy.loop_budget import DEFAULT_MINUTES, DEFAULT_THRESHOLD
from postroom.rfc.address import domain_to_ascii
from postroom.web.server_words import malformed
from postroom.workspaces import parameters

MOST = 100_000  # minutes of ten weeks, and more mails than any person writes


@dataclass(frozen=True, slots=True)
class Known:
    """A parameter that the program reads; `faults` says in sentences what is wrong with a value, "" never."""

    meaning: Promise | str
    faults: Callable[[str], list[str]]
    default: Promise | str = ""


def _domain_faults(text: str) -> list[str]:
    return [
        _("“%(entry)s” is no domain.") % {"entry": entry} for entry in map(str.strip, text.split(",")) if not _is(entry)
    ]


def _is(domain: str) -> bool:
    try:
        domain_to_ascii(domain)
    except AddressError:
        return False
    return True


def _number_faults(text: str) -> list[str]:
    is_number = text.isascii() and text.isdecimal() and 0 < int(text[:7]) <= MOST
    return [] if is_number else [_("Write a whole number from 1 to %(most)s.") % {"most": MOST}]


def _one_of(*words: str) -> Callable[[str], list[str]]:
    return lambda text: [] if text in words else [_("Write one of: %(words)s.") % {"words": ", ".join(words)}]


KNOWN = {
    parameters.DEFAULT_FROM_FILTER: Known(
        gettext_lazy(
            "Without an outgoing server, mail from these domains or addresses keeps its sender; any other sender is "
            "replaced by the notification address. Separate them by commas."
        ),
        malformed,
        gettext_lazy("every sender is kept"),
    ),
    parameters.CATCHALL_DOMAINS: Known(
        gettext_lazy(
            "At these domains, which are not yours here, the part before the @ alone says where mail belongs."
        ),
        _domain_faults,
        gettext_lazy("none"),
    ),
    parameters.REPLY_ADDRESS: Known(
        gettext_lazy("Where answers to a conversation's mail go: an address signed for each mail, or the catchall."),
        _one_of("signed", "catchall"),
        "signed",
    ),
    parameters.LOOP_MINUTES: Known(
        gettext_lazy("Mails within so many minutes count together when a loop of automatic answers is looked for."),
        _number_faults,
        str(DEFAULT_MINUTES),
    ),
    parameters.LOOP_THRESHOLD: Known(
        gettext_lazy("So many mails of one sender, or to one thread, within that time are taken for a loop."),
        _number_faults,
        str(DEFAULT_THRESHOLD),
    ),
    parameters.KEEP_UNKNOWN: Known(
        gettext_lazy(
            "Whether mail to unknown addresses of your domains is kept for a person instead of being refused."
        ),
        _one_of("yes", "no"),
        "no",
    ),
}
