"""Mail on its way out: messages, bodies, one delivery a recipient, one attempt a try; outlets, lanes and limits."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models.functions import Now

from postroom.policy.status import FAILED, NEEDS_A_PERSON, WAITING, Status
from postroom.policy.suppression import Scope
from postroom.servers.models import OutgoingServer
from postroom.workspaces.models import Company, Workspace

MAX_TAGS = 20  # a message
MAX_TAG_LENGTH = 100
# Which messages the index of tags holds: what asks for a tag says so, too.
TAGGED = ~models.Q(tags=[])


class Stream(models.TextChoices):
    TRANSACTIONAL = "transactional"
    MASS = "mass"


class Outlet(models.Model):
    """An outgoing server as the queue sees it: open or closed, and how fast it may be fed. None: the default server."""

    server = models.OneToOneField(OutgoingServer, null=True, on_delete=models.CASCADE, related_name="outlet")
    # A fault of the server closes its outlet: its mail waits untouched until the server is tried again.
    closed_until = models.DateTimeField(null=True)
    closed_version = models.BigIntegerField(
        null=True, help_text="routing_version then: a change of settings reopens it"
    )
    faults = models.PositiveIntegerField(default=0, help_text="Faults in a row; each doubles the wait")
    fault = models.TextField(blank=True, help_text="The last one, in plain words")
    fallback = models.TextField(blank=True, db_default="", help_text="What becomes of its mail meanwhile")
    # What the server taught us by refusing; policy.pacing says how it is unlearned with time.
    learned_per_minute = models.PositiveIntegerField(null=True)
    learned_connections = models.PositiveSmallIntegerField(null=True)
    learned_at = models.DateTimeField(null=True)
    lesson = models.TextField(blank=True, help_text="The server's words that taught it")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["server"], nulls_distinct=False, name="one_outlet_per_server")]

    def __str__(self) -> str:
        return str(self.server_id or "default")


class Lane(models.Model):
    """One server's transactional or mass mail: each has its own turn, so that neither waits in the other's queue."""

    outlet = models.ForeignKey(Outlet, on_delete=models.CASCADE, related_name="lanes")
    stream = models.CharField(max_length=13, choices=Stream.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["outlet", "stream"], name="one_lane_per_outlet_stream")]

    def __str__(self) -> str:
        return f"{self.outlet_id}/{self.stream}"


class Share(models.Model):
    """The connections to a server that one worker may use; it renews them before their time is over."""

    outlet = models.ForeignKey(Outlet, on_delete=models.CASCADE, db_index=False)
    worker = models.UUIDField()
    connections = models.PositiveSmallIntegerField()
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["outlet", "worker"], name="one_share_per_worker")]

    def __str__(self) -> str:
        return f"{self.outlet_id}: {self.connections}"


class Usage(models.Model):
    """Messages a workspace let go through a metered server within one second, later folded to a minute, then a day.

    A row a second, not a counter: workers that share a limit never wait for each other's count of the same row long.
    """

    outlet = models.ForeignKey(Outlet, on_delete=models.CASCADE, db_index=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    at = models.DateTimeField()
    messages = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["outlet", "workspace", "at"], name="one_usage_per_second")]
        indexes = [models.Index(fields=["outlet", "at"], name="usage_by_age")]  # read_usage.sql

    def __str__(self) -> str:
        return f"{self.outlet_id} {self.at}: {self.messages}"


class DomainPause(models.Model):
    """A recipient domain that a server's answers say to leave alone for a while."""

    outlet = models.ForeignKey(Outlet, on_delete=models.CASCADE, db_index=False)
    domain = models.CharField(max_length=255)
    until = models.DateTimeField()
    faults = models.PositiveIntegerField(default=1, help_text="Pauses in a row; each doubles the next")
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["outlet", "domain"], name="one_pause_per_domain")]

    def __str__(self) -> str:
        return self.domain


class Message(models.Model):
    """What an author handed in, and how it was routed."""

    id = models.UUIDField(primary_key=True, editable=False, help_text="UUIDv7: sorts by time of submission")
    # Foreign keys here and in Delivery have no index of their own where nothing is looked up by them: each costs at
    # every change of a row, and what they lead to is archived rather than deleted.
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, db_index=False)
    stream = models.CharField(max_length=13, choices=Stream.choices)
    source = models.CharField(max_length=10, help_text="The way it came in: http, smtp, web, …")
    author_from = models.TextField(help_text="From as the author gave it; empty when the system speaks")
    subject = models.TextField(blank=True)
    message_id = models.TextField(help_text="Message-ID with its angle brackets")
    forced_server = models.ForeignKey(
        OutgoingServer, null=True, on_delete=models.PROTECT, db_index=False, related_name="forced_messages"
    )
    # The decision of routing, made anew when the workspace's routing_version has changed before sending (D8).
    server = models.ForeignKey(
        OutgoingServer, null=True, on_delete=models.PROTECT, db_index=False, related_name="messages"
    )
    header_from = models.TextField()
    from_rewritten = models.BooleanField()
    return_path = models.TextField()
    reply_to = models.TextField(blank=True)
    trace = models.JSONField()
    routed_version = models.BigIntegerField()
    size_bytes = models.PositiveIntegerField()
    tags = ArrayField(models.CharField(max_length=MAX_TAG_LENGTH), default=list)
    is_automatic = models.BooleanField(
        db_default=False, help_text="Answers mail: it has the null return path, and nobody is told of its failure"
    )
    scheduled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            # The list of a workspace's mail, newest first, paged by id.
            models.Index(fields=["workspace", "-id"], name="message_by_workspace"),
            # Finding the message a reply or bounce names.
            models.Index(fields=["message_id"], name="message_by_message_id"),
            # listing.py, api/search.py, steer.py: what has a tag. Mail without one pays nothing, and none waits for a
            # list of pending entries to be worked in (fastupdate).
            GinIndex(fields=["tags"], name="message_by_tag", fastupdate=False, condition=TAGGED),
        ]

    def __str__(self) -> str:
        return str(self.id)


class MessageContent(models.Model):
    """The bytes of a message, apart from its facts: rows of Message stay small, bodies are read once a send."""

    message = models.OneToOneField(Message, primary_key=True, on_delete=models.CASCADE, related_name="content")
    head = models.BinaryField(help_text="Header block as submitted, with Message-ID and Date, without Bcc")
    body = models.BinaryField()
    body_hash = models.BinaryField(max_length=32, help_text="SHA-256 of the relaxed body, for DKIM")

    def __str__(self) -> str:
        return str(self.message_id)


class Opening(models.Model):
    """How often the image in a message was fetched; none: never, or it has no image."""

    message = models.OneToOneField(Message, primary_key=True, on_delete=models.CASCADE, related_name="opening")
    people = models.PositiveIntegerField(db_default=0, help_text="Times by what looks like a person's mail program")
    machines = models.PositiveIntegerField(db_default=0, help_text="Times by what may be a machine")
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.message_id} {self.people}"


class Delivery(models.Model):
    """One message on its way to one recipient: the unit of the queue."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, db_index=False)
    recipient = models.TextField()
    status = models.CharField(max_length=10, choices=[(s.value, s.value) for s in Status], default=Status.QUEUED.value)
    flow = models.BigIntegerField(help_text="Who takes turns inside the lane: a workspace, or one campaign")
    priority = models.SmallIntegerField(default=5, help_text="0 to 9; lower goes first, inside its flow")
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    submitted_at = models.DateTimeField(db_default=Now(), help_text="When it was meant to leave first")
    expires_at = models.DateTimeField()
    claimed_by = models.UUIDField(null=True, help_text="The worker that has it while active")
    # Committed before the first byte of the dialog: tells an interrupted delivery from one that never began.
    talking_since = models.DateTimeField(null=True)
    reply_code = models.SmallIntegerField(null=True)
    reply_text = models.TextField(blank=True)
    reason = models.TextField(blank=True, help_text="Why it is in its state, in plain words")
    finished_at = models.DateTimeField(null=True)
    followed_at = models.DateTimeField(null=True, help_text="When its failure was followed: author told, fault counted")

    class Meta:
        constraints = [
            # claim_due.sql looks for these and no others.
            models.CheckConstraint(condition=models.Q(priority__range=(0, 9)), name="delivery_priority_known")
        ]
        indexes = [
            # next_flows.sql and claim_due.sql: whose turn it is in a lane, and what they may send now.
            models.Index(
                fields=["lane", "flow", "priority", "due_at"],
                name="delivery_turn",
                condition=models.Q(status__in=sorted(WAITING)),
            ),
            # next_due.sql and outlets_with_work.sql: when a lane has work next, however much waits for later.
            models.Index(
                fields=["lane", "due_at"], name="delivery_due", condition=models.Q(status__in=sorted(WAITING))
            ),
            # settle_unknown.sql, and the list of what may have arrived.
            models.Index(fields=["id"], name="delivery_unknown", condition=models.Q(status=Status.UNKNOWN.value)),
            # attention.py: what a workspace's people should look at. Only failures pay for it.
            models.Index(
                fields=["workspace", "status"],
                name="delivery_needs_a_person",
                condition=models.Q(status__in=sorted(NEEDS_A_PERSON)),
            ),
            # failures.follow: what failed since it last looked.
            models.Index(
                fields=["message", "id"],
                name="delivery_failed",
                condition=models.Q(status__in=sorted(FAILED), followed_at=None),
            ),
            # campaigns.py. A campaign's rows lie together, and such an index costs a change of a row nothing.
            BrinIndex(fields=["flow"], opclasses=["int8_bloom_ops"], name="delivery_by_flow", autosummarize=True),
            # recover.sql: what a dead worker held.
            models.Index(fields=["claimed_by"], name="delivery_active", condition=models.Q(status=Status.ACTIVE.value)),
        ]

    def __str__(self) -> str:
        return f"{self.recipient} {self.status}"


class Suppression(models.Model):
    """An address that a workspace sends nothing, or no mass mail, until it expires or a person releases it."""

    class Source(models.TextChoices):
        PERSON = "person"  # by command line, API or a list that was read in
        FAULTS = "faults"  # its servers said again and again that no mail reaches it
        COMPLAINT = "complaint"  # the recipient called it spam
        UNSUBSCRIBED = "unsubscribed"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    address = models.TextField(help_text="As `normalise` writes it")
    scope = models.CharField(max_length=4, choices=[(scope.value, scope.value) for scope in Scope])
    reason = models.TextField(help_text="A sentence for people")
    source = models.CharField(max_length=12, choices=Source.choices)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "address"], name="suppression_once_per_address")]

    def __str__(self) -> str:
        return self.address


class Standing(models.Model):
    """What is known against an address: `policy.suppression.Standing`, kept."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    address = models.TextField(help_text="As `normalise` writes it")
    score = models.FloatField()
    hard_score = models.FloatField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "address"], name="standing_once_per_address")]

    def __str__(self) -> str:
        return f"{self.address} {self.score:.1f}"


class Attempt(models.Model):
    """One try to hand a delivery over: what the server said, word for word."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField(db_default=Now())
    server_name = models.TextField(help_text="As it was called and where it was, then")
    outcome = models.CharField(max_length=10)
    cause = models.CharField(max_length=40, blank=True)
    reply_code = models.SmallIntegerField(null=True)
    reply_text = models.TextField(blank=True)
    dialog = models.TextField(blank=True, help_text="SMTP lines, one each, without secrets or content")

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.outcome}"


class Quarter(models.Model):
    """How many attempts of a workspace in a quarter of an hour ended so (count_quarters.sql)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    at = models.DateTimeField(help_text="When it began")
    server_name = models.TextField()
    stream = models.CharField(max_length=20)
    outcome = models.CharField(max_length=10)
    attempts = models.BigIntegerField()

    class Meta:
        constraints = [
            # Serves history.tried, too: what a workspace tried since a moment.
            models.UniqueConstraint(
                fields=["workspace", "at", "server_name", "stream", "outcome"], name="quarter_counted_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.server_name} {self.outcome}"


class CountedTo(models.Model):
    """The last attempt that is counted in a quarter of an hour: one row."""

    attempt = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.attempt)


class Tally(models.Model):
    """How many attempts ended so, ever: what a counter shows, whatever was pruned (tally_attempts.sql)."""

    outcome = models.CharField(primary_key=True, max_length=10, help_text='"": the number counted up to')
    attempts = models.BigIntegerField()

    def __str__(self) -> str:
        return self.outcome


class Worker(models.Model):
    """A process that delivers; silent for too long, it counts as dead and its deliveries are taken over."""

    id = models.UUIDField(primary_key=True)
    name = models.TextField(help_text="Host and pid")
    beat_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class IdempotencyKey(models.Model):
    """Makes a repeated submission get the first one's answer (24 hours)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    request_hash = models.BinaryField(max_length=32)
    answer = models.TextField(help_text="JSON, as it was sent")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_age")]

    def __str__(self) -> str:
        return self.key
