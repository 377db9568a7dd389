"""Who still uses the addresses that a change would give up, in words?"""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from postroom.inbound.impact import Affected


def impact_sentences(affected: Iterable[Affected]) -> list[str]:
    """A sentence for each address."""
    return [_sentence(each) for each in affected]


def _sentence(affected: Affected) -> str:
    if not affected.threads and not affected.unsent:
        return _("%(address)s is used by no open conversation and no unsent message.") % {"address": affected.address}
    threads = ngettext("%(count)s open conversation", "%(count)s open conversations", affected.threads)
    unsent = ngettext("%(count)s unsent message", "%(count)s unsent messages", affected.unsent)
    return _("%(address)s is used by %(threads)s and %(unsent)s.") % {
        "address": affected.address,
        "threads": threads % {"count": f"{affected.threads:,}"},
        "unsent": unsent % {"count": f"{affected.unsent:,}"},
    }
