"""Who is told when a provider asks whether mail may be forwarded to one of our addresses?"""

from postroom.inbound.incoming import Incoming, Settled
from postroom.inbound.models import State
from postroom.policy.forwarding_confirmation import Confirmation, find_confirmation
from postroom.workspaces.alerts import raise_alert

CONFIRMATION_ALERT = "forwarding_confirmation"


def settle_confirmation(mail: Incoming) -> Settled | None:
    """An alert shows the link or the code, so that nobody need make a mailbox of the address first."""
    found = find_confirmation(author=mail.author, subject=mail.letter.subject, text=mail.letter.whole)
    if found is None or mail.workspace is None:
        return None
    raise_alert(
        mail.workspace,
        CONFIRMATION_ALERT,
        f"{found.provider} {mail.row.recipient}"[:255],
        what_happened=f"{found.provider} asks whether mail may be forwarded to {mail.row.recipient or 'us'}: "
        f"“{mail.letter.subject[:200]}”",
        what_to_do=_what_to_do(found),
    )
    return Settled(State.HANDLED, f"{found.provider} asks to confirm a forwarding; an alert shows how.")


def _what_to_do(found: Confirmation) -> str:
    ways = [f"open {found.link}"] if found.link else []
    ways += [f"enter the code {found.code} there"] if found.code else []
    return f"If somebody of yours set up this forwarding, {' or '.join(ways)}. Else leave it alone."
