"""What do people read before and after they steer mail?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from postroom.outbound.steer import Action

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class SteeringWords:
    """The button, what will happen and what has happened: `consequence % {"n": 3}`."""

    label: Promise | str
    icon: str
    consequence: "_StrPromise"
    done: "_StrPromise"
    is_danger: bool = False


STEERING = {
    Action.RETRY: SteeringWords(
        _("Try again now"),
        "refresh",
        ngettext_lazy(
            "%(n)d delivery that was put off, refused or is unknown will be tried again at once.",
            "%(n)d deliveries that were put off, refused or are unknown will be tried again at once.",
            "n",
        ),
        ngettext_lazy("%(n)d delivery is tried again.", "%(n)d deliveries are tried again.", "n"),
    ),
    Action.HOLD: SteeringWords(
        _("Hold"),
        "player-pause",
        ngettext_lazy(
            "%(n)d delivery will wait until a person releases it.",
            "%(n)d deliveries will wait until a person releases them.",
            "n",
        ),
        ngettext_lazy("%(n)d delivery is held.", "%(n)d deliveries are held.", "n"),
    ),
    Action.RELEASE: SteeringWords(
        _("Release"),
        "player-play",
        ngettext_lazy(
            "%(n)d held delivery will leave as soon as it is its turn.",
            "%(n)d held deliveries will leave as soon as it is their turn.",
            "n",
        ),
        ngettext_lazy("%(n)d delivery is released.", "%(n)d deliveries are released.", "n"),
    ),
    Action.CANCEL: SteeringWords(
        _("Cancel"),
        "ban",
        ngettext_lazy(
            "%(n)d delivery that has not left will be taken back: its recipient gets nothing. It can be restored "
            "as long as its content is kept.",
            "%(n)d deliveries that have not left will be taken back: their recipients get nothing. They can be "
            "restored as long as their content is kept.",
            "n",
        ),
        ngettext_lazy("%(n)d delivery is canceled.", "%(n)d deliveries are canceled.", "n"),
        is_danger=True,
    ),
    Action.RESTORE: SteeringWords(
        _("Restore"),
        "arrow-back-up",
        ngettext_lazy(
            "%(n)d canceled delivery will be sent after all.",
            "%(n)d canceled deliveries will be sent after all.",
            "n",
        ),
        ngettext_lazy("%(n)d delivery is restored.", "%(n)d deliveries are restored.", "n"),
    ),
}
