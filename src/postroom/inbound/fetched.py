"""What becomes of a mail from an incoming server that belongs nowhere else?"""

from postroom.domains.addresses import Kind as AddressKind
from postroom.inbound.incoming import Incoming, Settled
from postroom.inbound.models import State
from postroom.inbound.posting import begin_thread
from postroom.policy.classification import Kind
from postroom.policy.loop_budget import Verdict
from postroom.threads import loops
from postroom.threads.models import RecordType

# The workspace's own addresses never create records: what comes to them directly is for the desk.
_OWN = frozenset({AddressKind.BOUNCE, AddressKind.CATCHALL, AddressKind.NOTIFICATION, AddressKind.REPORTS})


def settle_fetched(mail: Incoming) -> Settled | None:
    """It makes a record of the type that its server was given; what programs answer, and loops, make none."""
    server = mail.content.server
    if server is None or not server.record_type or mail.letter.author is None:
        return None
    if mail.kind is not Kind.ORDINARY or mail.destination.kind in _OWN:
        return None
    types = RecordType.objects.select_related("workspace")
    record_type = types.filter(workspace=mail.owner, key=server.record_type).first()
    if record_type is None:
        return Settled(State.UNROUTED, f"“{server.name}” makes {server.record_type} of it, a type that does not exist.")
    if not mail.row.forced_kind and loops.check(mail.owner, mail.author, text=mail.letter.text) is not Verdict.GO_ON:
        return Settled(State.UNROUTED, "It looks like one mail of a loop; no record was made for it.", Kind.LOOP)
    changes = {"company": mail.company}
    begin_thread(record_type, mail.row, mail.letter, changes=changes, is_automatic=mail.is_automatic)
    return Settled(State.HANDLED, f"Mail fetched from “{server.name}” makes a {record_type.label}.")
