"""Who uses this installation: workspaces with their companies, people, API keys, system parameters and alerts."""

from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now

from postroom.policy.opens import Followed
from postroom.policy.permission import Role
from postroom.policy.retry import LIFETIME_HOURS, MASS_LIFETIME_HOURS
from postroom.policy.routing import Policy
from postroom.vault import SealedField

# A workspace's name is a DNS label of its sub-domain (RFC 1035 §2.3.1).
SUBDOMAIN_LABEL = RegexValidator(
    r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z",
    "Write a workspace name of small letters, digits and hyphens: it becomes its sub-domain.",
)


class Plan(models.Model):
    """What workspaces of a hosted platform may send a day through its server; see policy/quota.py."""

    name = models.CharField(max_length=60, unique=True)
    base = models.PositiveIntegerField(help_text="Messages a day")
    by_feature = models.JSONField(default=dict, blank=True, help_text="How many more with each feature")
    most = models.PositiveIntegerField(help_text="Never more than these")
    is_for_new = models.BooleanField(default=False, help_text="New workspaces begin with it")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_for_new"], condition=models.Q(is_for_new=True), name="one_plan_for_new")
        ]

    def __str__(self) -> str:
        return self.name


class Workspace(models.Model):
    """One customer's set of data."""

    slug = models.CharField(max_length=63, unique=True, validators=[SUBDOMAIN_LABEL])
    name = models.CharField(max_length=200)
    routing_policy = models.CharField(
        max_length=40, choices=[(policy.value, policy.value) for policy in Policy], default=Policy.DOCUMENTED.value
    )
    uses_custom_servers = models.BooleanField(
        db_default=False, help_text="Settings → Discuss leads to the outgoing servers; with any, they are used"
    )
    signs_return_path = models.BooleanField(
        default=False, help_text="Tag the envelope sender, so that a bounce finds its delivery without reading the mail"
    )
    drops_repeats = models.BooleanField(
        db_default=False, help_text="Over SMTP, the same Message-ID to the same recipients within 24 h is one message"
    )
    # What happens to mail that may have arrived: sent again (a duplicate at worst), or held for a person.
    resends_unknown = models.BooleanField(default=True, help_text="Transactional mail")
    resends_unknown_mass = models.BooleanField(default=False, help_text="Mass mail")
    # How long mail is tried before it expires; counted from the moment it was meant to leave.
    lifetime_hours = models.PositiveSmallIntegerField(db_default=LIFETIME_HOURS, help_text="Transactional mail")
    mass_lifetime_hours = models.PositiveSmallIntegerField(db_default=MASS_LIFETIME_HOURS, help_text="Mass mail")
    bounces_to_author = models.BooleanField(
        db_default=True, help_text="Tell the author of transactional mail whom it does not reach"
    )
    follows_opens = models.CharField(
        max_length=4,
        choices=[(wish.value, wish.value) for wish in Followed],
        db_default=Followed.NONE.value,
        default=Followed.NONE.value,
        help_text="Of which HTML mail an image tells that it was opened",
    )
    grace_seconds = models.PositiveIntegerField(
        db_default=0, help_text="Mail waits so long before it leaves: time to undo"
    )
    # Of the default server (requirement G1); every mail counts, and mass mail leaves a reserve for the rest.
    default_server_daily_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Messages a day (UTC); none: unlimited"
    )
    # On a hosted platform the limit follows from these, unless an administrator of the platform gave it another.
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="workspaces")
    features = models.JSONField(default=list, db_default=[], blank=True, help_text="As policy.quota.Feature")
    has_own_limit = models.BooleanField(default=False, db_default=False, help_text="Another limit than the plan's")
    suspended_at = models.DateTimeField(null=True, blank=True, help_text="Since then nothing leaves")
    suspension = models.TextField(blank=True, default="", db_default="", help_text="Why, for its people")
    # How long mail is kept once nothing of it waits any more, from the day it was to leave.
    body_days = models.PositiveSmallIntegerField(db_default=30, help_text="Its content")
    history_days = models.PositiveSmallIntegerField(db_default=180, help_text="What became of it")
    # Raised by database triggers whenever something that routing reads changes; see domains/ and servers/ migrations.
    routing_version = models.BigIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.slug

    @property
    def subdomain(self) -> str:
        """The domain this workspace owns from its first minute on, for example company-name.example."""
        return f"{self.slug}.{settings.POSTROOM.platform_domain}"


class Installation(models.Model):
    """Where the data belongs: one row; see workspaces/identity.py."""

    identity = models.CharField(max_length=500)
    released_at = models.DateTimeField(null=True, help_text="When a person said that it belongs here")
    released_by = models.CharField(max_length=320, db_default="", blank=True)

    def __str__(self) -> str:
        return self.identity


class Company(models.Model):
    """A legal or brand unit in whose name a workspace sends."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="companies")
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("workspace", Lower("name"), name="company_name_once_per_workspace"),
        ]

    def __str__(self) -> str:
        return self.name


THEMES = ("auto", "light", "dark")  # auto: as the person's device says


class UserManager(BaseUserManager):  # type: ignore[type-arg] # takes no parameters at run time
    def create_user(self, email: str, password: str | None, **fields: Any) -> "User":
        user: User = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """A person who signs in."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=10, blank=True, db_default="", help_text="Empty: the browser's")
    time_zone = models.CharField(max_length=50, db_default="UTC", help_text="IANA name, such as Europe/Paris")
    theme = models.CharField(max_length=5, choices=[(t, t) for t in THEMES], db_default=THEMES[0])
    is_developer = models.BooleanField(db_default=False, help_text="Developer mode: shows the Technical pages")
    is_platform_administrator = models.BooleanField(
        default=False, db_default=False, help_text="Sees all workspaces' use, changes limits, suspends"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    objects = UserManager()

    def __str__(self) -> str:
        return self.email


class Membership(models.Model):
    """What a person may do in a workspace."""

    Role = Role

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="one_membership_per_workspace")]

    def __str__(self) -> str:
        return str(self.user)


class Invitation(models.Model):
    """Lets whoever has the link that was mailed to `email` join; only a hash of it is kept."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "email"], name="one_invitation_per_address")]

    def __str__(self) -> str:
        return self.email


class SignUp(models.Model):
    """Somebody on the way to a workspace of their own: whoever has the link that was mailed to `email`."""

    email = models.EmailField(unique=True)
    digest = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.email


class SecondFactor(models.Model):
    """A person's authenticator app (RFC 6238); asked for at sign-in once it was confirmed with a code."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="second_factor")
    secret = SealedField(help_text="base32")
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0, help_text="The step of the last code: none counts twice")

    def __str__(self) -> str:
        return str(self.user_id)


class RecoveryCode(models.Model):
    """Stands in for the authenticator app, once. Only a hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")]

    def __str__(self) -> str:
        return str(self.user_id)


class ApiKey(models.Model):
    """Lets an application act for a workspace. Only a hash is kept: the key itself is shown once."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, help_text="First letters of the key, to recognise it by")
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To within ten minutes")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class SystemParameter(models.Model):
    """A named value that steers the workspace, such as mail.default.from_filter."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="parameters")
    key = models.CharField(max_length=100)
    value = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="parameter_once_per_workspace")]

    def __str__(self) -> str:
        return self.key


class Change(models.Model):
    """A change of settings, for the audit log; see workspaces/audit.py."""

    workspace = models.ForeignKey(
        Workspace, null=True, on_delete=models.CASCADE, db_index=False, help_text="None: it concerns them all"
    )
    at = models.DateTimeField(db_default=Now())
    person = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, help_text="None: a program, or who is gone")
    by = models.CharField(max_length=320, help_text="Who, in words that stay")
    kind = models.CharField(max_length=60, help_text="What sort of thing: outgoing server, alias domain, …")
    subject = models.CharField(max_length=60, help_text="Its id")
    name = models.CharField(max_length=200, help_text="What it was called then")
    before = models.JSONField(null=True, help_text="The changed values; None: it was made")
    after = models.JSONField(null=True, help_text="None: it was deleted")

    class Meta:
        # The audit log of a workspace, newest first, paged by id.
        indexes = [models.Index(fields=["workspace", "-id"], name="change_by_workspace")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} by {self.by}"


class Alert(models.Model):
    """Something that a person should mend: one row from the first sign of a cause until it is gone."""

    workspace = models.ForeignKey(
        Workspace, null=True, on_delete=models.CASCADE, related_name="alerts", help_text="None: it concerns them all"
    )
    kind = models.CharField(max_length=40, help_text="What sort of fault, for programs: server_fault, …")
    subject = models.CharField(max_length=255, help_text="Which one of its kind: a server's id, a domain")
    what_happened = models.TextField()
    what_to_do = models.TextField(blank=True)
    count = models.PositiveIntegerField(default=1, help_text="How often it was seen")
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="When webhooks, and people by mail, were told")
    acknowledged_at = models.DateTimeField(null=True, help_text="Somebody sees to it: Home tells of it no more")
    acknowledged_by = models.CharField(max_length=320, db_default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "subject"],
                condition=models.Q(resolved_at=None),
                nulls_distinct=False,
                name="one_open_alert_per_cause",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
