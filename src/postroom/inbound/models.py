"""Mail on its way in: what arrived, for whom, what became of it, what it told of our own mail; rules."""

from django.db import models
from django.db.models.functions import Now

from postroom.outbound.models import Delivery
from postroom.policy.classification import Kind
from postroom.servers.models import OAuthAccount
from postroom.threads.models import Post, Record, RecordType
from postroom.vault import SealedField
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


# Microsoft has a permission for each protocol; that for IMAP is asked for with the one to send.
POP3_OF_MICROSOFT = "https://outlook.office.com/POP.AccessAsUser.All"


class IncomingServer(models.Model):
    """A mailbox elsewhere, from which mail is fetched by IMAP or POP3."""

    class Protocol(models.TextChoices):
        IMAP = "imap", "IMAP"
        POP3 = "pop3", "POP3"

    class Encryption(models.TextChoices):
        NONE = "none", "None"
        STARTTLS = "starttls", "TLS (STARTTLS)"
        TLS = "tls", "SSL/TLS"

    class Authentication(models.TextChoices):
        LOGIN = "login", "Username"
        GMAIL = "gmail", "Gmail OAuth Authentication"
        OUTLOOK = "outlook", "Outlook OAuth Authentication"

    class Afterwards(models.TextChoices):
        """What is done on the server with a mail that is safe with us."""

        SEEN = "seen", "Mark as read"  # IMAP only
        DELETE = "delete", "Delete"
        KEEP = "keep", "Leave as it is"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="incoming_servers")
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    protocol = models.CharField(max_length=4, choices=Protocol.choices, default=Protocol.IMAP)
    host = models.CharField(max_length=253, blank=True)
    port = models.PositiveIntegerField(default=993)
    encryption = models.CharField(max_length=8, choices=Encryption.choices, default=Encryption.TLS)
    verifies_certificate = models.BooleanField(default=True)
    ca_certificate = models.TextField(blank=True, help_text="PEM; trusted instead of the system's authorities")
    authentication = models.CharField(max_length=7, choices=Authentication.choices, default=Authentication.LOGIN)
    username = models.CharField(max_length=320, blank=True)
    password = SealedField(blank=True)
    oauth_account = models.ForeignKey(
        OAuthAccount, null=True, blank=True, on_delete=models.SET_NULL, related_name="incoming_servers"
    )
    folder = models.CharField(max_length=500, default="INBOX")
    afterwards = models.CharField(max_length=6, choices=Afterwards.choices, default=Afterwards.SEEN)
    record_type = models.CharField(
        max_length=100, blank=True, help_text="What mail creates that belongs nowhere else, such as crm.lead; or empty"
    )
    poll_seconds = models.PositiveIntegerField(default=300, help_text="Between visits; with IDLE between whole looks")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(db_default=Now(), help_text="Its settings: visits under older ones end")
    due_at = models.DateTimeField(db_default=Now(), help_text="When it is to be visited")
    held_by = models.UUIDField(null=True, editable=False, help_text="The fetcher that visits it")
    held_until = models.DateTimeField(null=True, editable=False, help_text="Unless that says that it lives")
    fetched_at = models.DateTimeField(null=True, editable=False, help_text="When all was well for the last time")
    failures = models.PositiveSmallIntegerField(default=0, editable=False, help_text="In a row")
    last_error = models.TextField(blank=True, editable=False)
    trial = models.JSONField(default=dict, editable=False, help_text="The last one, as `mailboxes.trial` tells it")

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="incoming_server_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def account_state(self) -> str | None:
        """Of the account at Google or Microsoft that it logs in with; None: it logs in with a password."""
        if self.authentication == self.Authentication.LOGIN:
            return None
        if self.oauth_account is None or self.lacks_permission:
            return OAuthAccount.State.NEEDS_SIGN_IN.value
        return self.oauth_account.state

    @property
    def further_scopes(self) -> tuple[str, ...]:
        """What to ask the provider for, besides what servers usually need."""
        is_microsoft = self.authentication == self.Authentication.OUTLOOK
        return (POP3_OF_MICROSOFT,) if is_microsoft and self.protocol == self.Protocol.POP3 else ()

    @property
    def lacks_permission(self) -> bool:
        """Its account was connected before it spoke this protocol, and must be so again; unknown scopes will do."""
        granted = self.oauth_account.scopes.lower().split() if self.oauth_account else []
        return bool(granted) and not {scope.lower() for scope in self.further_scopes} <= set(granted)


class MailboxEntry(models.Model):
    """A mail that an incoming server still lists: it is stored here already, or could not be fetched."""

    server = models.ForeignKey(IncomingServer, on_delete=models.CASCADE, related_name="entries", db_index=False)
    epoch = models.CharField(max_length=20, blank=True, help_text="IMAP's UIDVALIDITY")
    uid = models.CharField(max_length=70, help_text="IMAP's UID, or POP3's UIDL (RFC 1939 §7: 70 characters)")
    stored_at = models.DateTimeField(null=True, help_text="None: it could not be fetched")
    tries = models.PositiveSmallIntegerField(default=0, help_text="That failed")
    trouble = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["server", "epoch", "uid"], name="mailbox_entry_once")]

    def __str__(self) -> str:
        return f"{self.server_id} {self.epoch} {self.uid}"


class IncomingContent(models.Model):
    """One mail as it arrived, with what is known of the connection; one for all its recipients."""

    raw = models.BinaryField()
    size_bytes = models.PositiveIntegerField()
    source = models.CharField(max_length=4, choices=Source.choices)
    server = models.ForeignKey(
        IncomingServer, null=True, on_delete=models.SET_NULL, related_name="contents", help_text="It was fetched from"
    )
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
    authentication = models.JSONField(
        null=True, help_text="SPF, DKIM and DMARC of who sent it, as `authenticate.tell` writes it; none: not known yet"
    )
    authenticate_at = models.DateTimeField(
        null=True, db_default=Now(), help_text="When that is to be found out; ahead: somebody does"
    )

    class Meta:
        indexes = [
            # authenticate._claim: what waits for it.
            models.Index(
                fields=["authenticate_at"],
                name="content_to_authenticate",
                condition=models.Q(authenticate_at__isnull=False),
            ),
            # retention: what is kept no longer.
            models.Index(fields=["received_at"], name="content_by_age"),
        ]

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
    author = models.TextField(blank=True, help_text="Address of its From, in small letters; empty: it names none")
    destination = models.TextField(blank=True, help_text="Whose copy it is: those for another are no duplicates")
    record = models.ForeignKey(
        Record, null=True, on_delete=models.SET_NULL, related_name="incoming",
        help_text="Whose thread has it; on the desk: that it may belong to",
    )  # fmt: skip
    post = models.ForeignKey(
        Post, null=True, on_delete=models.SET_NULL, related_name="incoming", help_text="What it became"
    )
    answered_at = models.DateTimeField(null=True, help_text="When its author was answered automatically")
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
            # answering: was this author answered lately?
            models.Index(fields=["workspace", "author"], name="incoming_by_author"),
            # desk: what waits for a person.
            models.Index(
                fields=["workspace", "-id"], name="incoming_unrouted", condition=models.Q(state=State.UNROUTED.value)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content_id} to {self.recipient}: {self.state}"


class Rule(models.Model):
    """What is always to be done with mail that would wait on the desk; "" stands for any recipient or author."""

    class Action(models.TextChoices):
        ATTACH = "attach", "put it into the thread"
        CREATE = "create", "create a record"
        DROP = "drop", "drop it"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="inbound_rules")
    recipient = models.CharField(max_length=320, blank=True, help_text="In small letters")
    author = models.CharField(max_length=320, blank=True, help_text="In small letters")
    action = models.CharField(max_length=6, choices=Action.choices)
    record = models.ForeignKey(Record, null=True, on_delete=models.CASCADE, related_name="+", help_text="Of attach")
    record_type = models.ForeignKey(
        RecordType, null=True, on_delete=models.CASCADE, related_name="+", help_text="Of create"
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "recipient", "author"], name="rule_once_per_sort_of_mail"),
            models.CheckConstraint(
                condition=~models.Q(recipient="", author=""), name="rule_names_a_recipient_or_an_author"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient or 'anybody'} from {self.author or 'anybody'}: {self.action}"


class AddressProbe(models.Model):
    """A mail of our own to one of our addresses through the outside, to see whether what is sent there arrives."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="address_probes", db_index=False)
    address = models.CharField(max_length=320, help_text="In small letters")
    token = models.CharField(max_length=64, unique=True, help_text="What the mail bears, so that no other counts")
    message = models.UUIDField(help_text="The outgoing message")
    sent_at = models.DateTimeField(db_default=Now())
    arrived_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=4, blank=True, choices=Source.choices, help_text="The way it came back by")
    recipient = models.CharField(max_length=320, blank=True, help_text="Whom the envelope named when it came back")
    fault = models.TextField(blank=True, help_text="Why it did not arrive, once that is known")

    class Meta:
        # The newest of an address.
        indexes = [models.Index(fields=["workspace", "address", "-id"], name="newest_probe_of_address")]

    def __str__(self) -> str:
        return f"{self.address} {self.sent_at:%Y-%m-%d}"


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
