"""Mail on its way in: what arrived, for whom, what became of it, and what it told of mail on its way out."""

from django.db import models
from django.db.models.functions import Now

from postroom.outbound.models import Delivery
from postroom.policy.classification import Kind
from postroom.workspaces.models import Workspace


class Source(models.TextChoices):
    """The way by which a mail came in."""

    MX = "mx"
    LMTP = "lmtp"
    PIPE = "pipe"
    HTTP = "http"
    IMAP = "imap"
    POP3 = "pop3"


class State(models.TextChoices):
    """What has become of a mail."""

    RECEIVED = "received"  # stored; its turn has not come
    HANDLED = "handled"
    DUPLICATE = "duplicate"  # of one that was received before
    UNROUTED = "unrouted"  # on the desk: waits for a person
    DROPPED = "dropped"  # by a person or a person's rule


class IncomingContent(models.Model):
    """One mail as it arrived, with what is known of the connection; one for all its recipients."""

    raw = models.BinaryField()
    size_bytes = models.PositiveIntegerField()
    source = models.CharField(max_length=4, choices=Source.choices)
    return_path = models.TextField(  # noqa: DJ001 - the null return path is no unknown one
        null=True, help_text="Of the envelope, empty for the null one; none: not known"
    )
    peer = models.TextField(blank=True, help_text="IP address of the client")
    helo = models.TextField(blank=True, help_text="The name by which the client introduced itself")
    message_id = models.TextField(blank=True, help_text="Message-ID with its angle brackets")
    header_from = models.TextField(blank=True)
    subject = models.TextField(blank=True)
    fingerprint = models.BinaryField(max_length=32, help_text="The same for copies of one mail that came by other ways")
    received_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.subject} from {self.header_from}"


class IncomingMessage(models.Model):
    """One mail for one recipient: the unit of handling."""

    content = models.ForeignKey(IncomingContent, on_delete=models.CASCADE, related_name="messages")
    workspace = models.ForeignKey(
        Workspace, null=True, on_delete=models.CASCADE, db_index=False, help_text="None: not known yet, or nobody's"
    )
    recipient = models.TextField(blank=True, help_text="Of the envelope; empty where only the header can tell")
    state = models.CharField(max_length=9, choices=State.choices, default=State.RECEIVED)
    kind = models.CharField(max_length=10, blank=True, choices=[(kind.value, kind.value) for kind in Kind])
    forced_kind = models.CharField(max_length=10, blank=True, help_text="What a person says that it is")
    reason = models.TextField(blank=True, help_text="Why it is in its state, in plain words")
    fingerprint = models.BinaryField(max_length=32)
    destination = models.TextField(blank=True, help_text="Whose copy it is: those for another are no duplicates")
    tries = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now(), help_text="When it is its turn while received; ahead: it is tried")
    handled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # handle.claim: what waits to be handled.
            models.Index(fields=["due_at"], name="incoming_waiting", condition=models.Q(state=State.RECEIVED.value)),
            # handle._find_first: has a copy been handled?
            models.Index(fields=["fingerprint"], name="incoming_by_fingerprint"),
            # search: the mail of a workspace, newest first.
            models.Index(fields=["workspace", "-id"], name="incoming_by_workspace"),
            # desk: what waits for a person.
            models.Index(
                fields=["workspace", "-id"], name="incoming_unrouted", condition=models.Q(state=State.UNROUTED.value)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content_id} to {self.recipient}: {self.state}"


class Notice(models.Model):
    """What an incoming mail told of one delivery: the evidence, and what undoing it needs."""

    incoming = models.ForeignKey(IncomingMessage, on_delete=models.CASCADE, related_name="notices")
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in Kind])
    address = models.TextField(blank=True, help_text="Whom it names: the recipient, or where its mail is forwarded to")
    status = models.CharField(max_length=11, blank=True, help_text="RFC 3463")
    reason = models.CharField(max_length=20, blank=True, help_text="`policy.bounce.reason`")
    diagnostic = models.TextField(blank=True)
    status_before = models.CharField(max_length=10, blank=True, help_text="The delivery's")
    created_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True, help_text="A person said that it was no such thing")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incoming", "delivery", "kind"], name="notice_once_per_delivery")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.delivery_id}"
