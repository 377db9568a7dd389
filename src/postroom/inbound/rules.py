"""What is always done with mail that would wait on the desk, because a person said so once?"""

from django.db.models.functions import Length

from postroom.inbound.incoming import Incoming, Settled
from postroom.inbound.models import Rule, State
from postroom.inbound.posting import begin_thread, continue_thread

Action = Rule.Action


def settle_by_rule(mail: Incoming) -> Settled | None:
    """Follow the rule for the mail's recipient and author; one that names both before one that names either."""
    rules = Rule.objects.select_related("record", "record_type__workspace").filter(
        workspace=mail.workspace, recipient__in=["", mail.row.recipient.lower()], author__in=["", mail.author]
    )
    rule = rules.order_by(Length("recipient") * Length("author"), Length("author")).last()
    if rule is None:
        return None
    return Settled(_follow(rule, mail), f"A rule of the desk says so ({rule}).")


def _follow(rule: Rule, mail: Incoming) -> State:
    if rule.record is not None:
        continue_thread(rule.record, mail.row, mail.letter, is_automatic=mail.is_automatic)
    elif rule.record_type is not None:
        changes = {"company": mail.company}
        begin_thread(rule.record_type, mail.row, mail.letter, changes=changes, is_automatic=mail.is_automatic)
    else:
        return State.DROPPED
    return State.HANDLED
