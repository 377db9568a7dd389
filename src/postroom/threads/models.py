"""Conversations: record types, records, contacts, posts with files and identifiers, followers, notifications."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from postroom.outbound.models import Message
from postroom.policy.notification import Way
from postroom.workspaces.models import Company, User, Workspace


class RecordType(models.Model):
    """A kind of things of an application that people write about, such as crm.lead."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="record_types")
    key = models.CharField(max_length=100)
    label = models.CharField(max_length=200, help_text="For people: Lead")
    owns_alias = models.BooleanField(default=False, help_text="Answers go to its alias, where it has one")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="record_type_once_per_workspace")]

    def __str__(self) -> str:
        return self.key


class Subtype(models.Model):
    """What posts of a record type can be about; followers choose which they are told of."""

    record_type = models.ForeignKey(RecordType, on_delete=models.CASCADE, related_name="subtypes")
    key = models.CharField(max_length=100)
    label = models.CharField(max_length=200)
    is_default = models.BooleanField(default=True, help_text="New followers are told of it")
    is_internal = models.BooleanField(default=False, help_text="Told to users alone")
    is_hidden = models.BooleanField(default=False, help_text="Not offered for choice")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record_type", "key"], name="subtype_once_per_record_type")]

    def __str__(self) -> str:
        return self.key


class Record(models.Model):
    """One thing of an application, with its thread of posts."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="records")
    type = models.ForeignKey(RecordType, on_delete=models.CASCADE, related_name="records")
    external_id = models.CharField(max_length=200, blank=True, help_text="The application's; empty: it gave none yet")
    name = models.CharField(max_length=500)
    url = models.URLField(max_length=2000, blank=True, help_text="Where the application shows it")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", help_text="Writes in its name")
    values = models.JSONField(default=dict, help_text="What an alias gave it; for the application to read")
    root = models.CharField(
        max_length=255, help_text="Message-ID that all its mail refers to, so that clients group it"
    )
    merged_into = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="merged")
    # No mail leaves for a paused thread, until a person resumes it; people are told in the application.
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.TextField(blank=True)
    resumed_at = models.DateTimeField(null=True, help_text="What came before does not count as a loop again")
    created_at = models.DateTimeField(db_default=Now())
    active_at = models.DateTimeField(db_default=Now(), help_text="When its newest post came")

    class Meta:
        indexes = [
            # listing.list_records: the one with the newest post first.
            models.Index(
                fields=["workspace", "-active_at", "-id"],
                name="record_by_activity",
                condition=models.Q(merged_into=None),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["type", "external_id"], condition=~models.Q(external_id=""), name="record_once_per_external_id"
            ),
            models.UniqueConstraint(fields=["root"], name="record_root"),
        ]

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A person outside, known by an address."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="contacts")
    address = models.CharField(max_length=320, help_text="In small letters")
    name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "address"], name="contact_once_per_address")]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


class Post(models.Model):
    """Something that somebody wrote about a record."""

    class Kind(models.TextChoices):
        COMMENT = "comment", "comment"  # written here; goes to whom it names and to followers
        NOTE = "note", "internal note"  # for users alone
        EMAIL = "email", "email"  # came in by mail

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="posts")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    subtype = models.ForeignKey(Subtype, null=True, on_delete=models.SET_NULL)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    contact = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL, related_name="posts")
    author = models.CharField(max_length=600, help_text="As it was then; empty: the system")
    subject = models.TextField(blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True, help_text="As it was written; clean it before showing it")
    to = ArrayField(models.TextField(), default=list, help_text="Mailboxes it was addressed to")
    cc = ArrayField(models.TextField(), default=list)
    moved_from = models.ForeignKey(
        Record, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Moved here by hand from that thread"
    )
    message_id = models.TextField(blank=True, help_text="Of the mail that it came by, or of all mail that tells of it")
    fingerprint = models.CharField(max_length=16, blank=True, help_text="Same words, same fingerprint: tells echoes")
    is_automatic = models.BooleanField(default=False, help_text="Written by a program")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["record", "-id"], name="post_by_record"),  # the thread, newest first
            # loops.arrivals: what one sender wrote lately.
            models.Index(fields=["contact", "created_at"], name="post_by_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class PostFile(models.Model):
    """A file that came with a post."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=200)
    content_id = models.CharField(max_length=200, blank=True)
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.name


class Identifier(models.Model):
    """A Message-ID that stands for a post in answers."""

    class Origin(models.TextChoices):
        OWN = "own"  # of mail that we sent
        LEARNED = "learned"  # that a provider put in its place
        INCOMING = "incoming"  # of mail that came in

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="identifiers")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    message_id = models.TextField(help_text="As policy.learned_message_id.canonical writes it")
    origin = models.CharField(max_length=8, choices=Origin.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "message_id", "post"], name="identifier_once_per_post")
        ]

    def __str__(self) -> str:
        return self.message_id


class Follower(models.Model):
    """A user or contact who is told of posts of some subtypes."""

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="followers")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, null=True, on_delete=models.CASCADE, related_name="+")
    subtypes = models.ManyToManyField(Subtype, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record", "user"], name="user_follows_once"),
            models.UniqueConstraint(fields=["record", "contact"], name="contact_follows_once"),
            models.CheckConstraint(
                condition=models.Q(user=None, contact__isnull=False) | models.Q(user__isnull=False, contact=None),
                name="follower_is_user_or_contact",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user or self.contact)


class Preference(models.Model):
    """How a user wants to be told; without a row by email."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="thread_preference")
    way = models.CharField(max_length=5, choices=[(way.value, way.value) for way in Way], db_default=Way.EMAIL.value)
    wants_digest = models.BooleanField(db_default=False, help_text="A mail a day about what waits in the inbox")
    digest_sent_at = models.DateTimeField(null=True, help_text="Or looked whether there was something to tell")

    def __str__(self) -> str:
        return f"{self.user_id} {self.way}"


class Notification(models.Model):
    """One recipient told of one post, and whether it reached them."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="notifications")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="notifications")
    contact = models.ForeignKey(Contact, null=True, on_delete=models.CASCADE, related_name="+")
    way = models.CharField(max_length=5, choices=[(way.value, way.value) for way in Way])
    address = models.TextField(blank=True, help_text="Of email")
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+")
    is_learned_from = models.BooleanField(default=False, help_text="The server's answer was searched for a Message-ID")
    refusal = models.TextField(blank=True, help_text="Why no mail was made for it, in plain words")
    read_at = models.DateTimeField(null=True)
    ignored_at = models.DateTimeField(null=True, help_text="A person has seen that it failed, and leaves it so")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            # inbox.unread: what a user has not read, and how much it is.
            models.Index(
                fields=["user", "-id"], name="notification_unread", condition=models.Q(way="inbox", read_at=None)
            ),
            models.Index(fields=["message"], name="notification_by_message"),  # what a bounce concerns
            # attention.unmade: whom no mail could be made for.
            models.Index(
                fields=["post"],
                name="notification_unmade",
                condition=models.Q(way="email", message=None, ignored_at=None) & ~models.Q(refusal=""),
            ),
            # learning.learn: whose answers are still to be read.
            models.Index(
                fields=["id"],
                name="notification_to_learn_from",
                condition=models.Q(message__isnull=False, is_learned_from=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.way} {self.address or self.user_id}"
