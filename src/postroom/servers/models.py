"""Through whom mail leaves: outgoing servers, and the one reserved for mass mail."""

from django.db import models
from django.db.models.functions import Now

from postroom.policy.dns.facts import SignedBy
from postroom.vault import SealedField
from postroom.workspaces.models import User, Workspace


class OutgoingServer(models.Model):
    """An SMTP server a workspace sends through (requirement C1)."""

    class Encryption(models.TextChoices):
        NONE = "none", "None"
        STARTTLS = "starttls", "TLS (STARTTLS)"
        OPPORTUNISTIC = "opportunistic", "TLS (STARTTLS) if offered, unverified"
        TLS = "tls", "SSL/TLS"

    class Authentication(models.TextChoices):
        LOGIN = "login", "Username"
        CERTIFICATE = "certificate", "SSL Certificate"
        DEFAULT_SERVER = "default_server", "Command Line Interface"
        GMAIL = "gmail", "Gmail OAuth Authentication"
        OUTLOOK = "outlook", "Outlook OAuth Authentication"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="outgoing_servers")
    owner = models.ForeignKey(
        User,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.CASCADE,
        related_name="personal_servers",
        help_text="Their own mailbox, for mail of their address alone; None: everybody's",
    )
    name = models.CharField(max_length=200)
    priority = models.IntegerField(default=10)
    from_filter = models.TextField(blank=True, help_text="Domains or complete addresses, separated by commas")
    host = models.CharField(max_length=253, blank=True)
    port = models.PositiveIntegerField(default=587)
    encryption = models.CharField(max_length=13, choices=Encryption.choices, default=Encryption.STARTTLS)
    verifies_certificate = models.BooleanField(default=True)
    ca_certificate = models.TextField(blank=True, help_text="PEM; trusted instead of the system's authorities")
    authentication = models.CharField(max_length=20, choices=Authentication.choices, default=Authentication.LOGIN)
    username = models.CharField(max_length=320, blank=True)
    password = SealedField(blank=True)
    client_certificate = models.TextField(blank=True, help_text="PEM")
    client_key = SealedField(blank=True)
    oauth_account = models.ForeignKey(
        "servers.OAuthAccount", null=True, blank=True, on_delete=models.SET_NULL, related_name="servers"
    )
    archived_at = models.DateTimeField(null=True, blank=True)
    is_being_set_up = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Step by step; archived until that is done"
    )
    max_message_bytes = models.PositiveIntegerField(null=True, blank=True)
    max_connections = models.PositiveSmallIntegerField(default=5)
    max_messages_per_connection = models.PositiveIntegerField(default=100)
    # In any second, minute, hour or day on end, over all workers; what is over waits.
    max_messages_per_second = models.PositiveIntegerField(null=True, blank=True)
    max_messages_per_minute = models.PositiveIntegerField(null=True, blank=True)
    max_messages_per_hour = models.PositiveIntegerField(null=True, blank=True)
    max_messages_per_day = models.PositiveIntegerField(null=True, blank=True)
    allows_sub_addresses = models.BooleanField(default=True, help_text="The provider lets bounce+token@ through")
    signed_by = models.CharField(
        max_length=10,
        choices=[(signer.value, signer.value) for signer in SignedBy],
        default=SignedBy.BOTH.value,
        db_default=SignedBy.BOTH.value,
        help_text="Who signs with DKIM; both: whoever has a key",
    )
    dkim_selectors = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Selectors of the provider's DKIM keys, as its console shows them, separated by commas",
    )
    logs_dialog = models.BooleanField(default=False, help_text="Write each SMTP dialog to the log too")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["priority", "name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "owner"],
                condition=models.Q(owner__isnull=False, archived_at=None),
                name="one_personal_server_each",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.archived_at is None


class DedicatedServer(models.Model):
    """The server for mass mail (Email Marketing → Dedicated Server); without a row it is routed like other mail."""

    workspace = models.OneToOneField(
        Workspace, on_delete=models.CASCADE, primary_key=True, related_name="dedicated_server"
    )
    server = models.ForeignKey(OutgoingServer, on_delete=models.PROTECT, related_name="dedicated_for")

    def __str__(self) -> str:
        return str(self.server)


class ConnectionTest(models.Model):
    """A trial of a server on a person's wish: what each of its identities met with, growing while it runs."""

    server = models.ForeignKey(OutgoingServer, on_delete=models.CASCADE, related_name="connection_tests")
    recipient = models.CharField(max_length=320, help_text="Whom RCPT TO names; nothing is sent to them")
    by = models.CharField(max_length=320)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    refusal = models.TextField(blank=True, help_text="Why it could not even begin")
    security = models.CharField(max_length=13, blank=True, help_text="The encryption it was tried with")
    trials = models.JSONField(default=list, help_text="As `connection_tests.tell` writes them")

    class Meta:
        # The newest of a server, and the oldest to forget.
        indexes = [models.Index(fields=["server", "-id"], name="newest_test_of_server")]

    def __str__(self) -> str:
        return f"{self.server_id} {self.created_at:%Y-%m-%d %H:%M}"


class OAuthApp(models.Model):
    """Postroom as a provider knows it: registered in its console by a workspace, or once for the installation."""

    class Provider(models.TextChoices):
        GOOGLE = "google", "Google"
        MICROSOFT = "microsoft", "Microsoft"

    workspace = models.ForeignKey(
        Workspace, null=True, on_delete=models.CASCADE, related_name="oauth_apps", help_text="None: for all of them"
    )
    provider = models.CharField(max_length=20, choices=Provider.choices)
    client_id = models.CharField(max_length=500)
    client_secret = SealedField()
    secret_expires_on = models.DateField(null=True, blank=True, help_text="As the provider's console says; None: never")
    tenant = models.CharField(max_length=100, default="common", help_text="Microsoft: whose accounts may be connected")
    # Instead of the provider's own: national clouds, a proxy that may reach it.
    authorization_url = models.CharField(max_length=500, blank=True)
    token_url = models.CharField(max_length=500, blank=True)
    revocation_url = models.CharField(max_length=500, blank=True)
    scopes = models.CharField(max_length=500, blank=True)
    warned_days = models.PositiveSmallIntegerField(
        null=True, editable=False, help_text="The countdown's last step told"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "provider"], nulls_distinct=False, name="one_oauth_app_per_provider"
            )
        ]

    def __str__(self) -> str:
        return f"{self.Provider(self.provider).label} {self.client_id}"


class OAuthAccount(models.Model):
    """A mailbox whose owner let Postroom in, with the tokens that prove it; servers of the workspace share it."""

    class State(models.TextChoices):
        CONNECTED = "connected", "Connected"
        CONSENT_REVOKED = "consent_revoked", "Consent revoked"
        NEEDS_SIGN_IN = "needs_sign_in", "Needs sign-in"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="oauth_accounts")
    app = models.ForeignKey(OAuthApp, on_delete=models.PROTECT, related_name="accounts")
    address = models.CharField(max_length=320)
    state = models.CharField(max_length=20, choices=State.choices, default=State.NEEDS_SIGN_IN)
    access_token = SealedField(blank=True)
    refresh_token = SealedField(blank=True)
    scopes = models.TextField(blank=True)
    renewed_at = models.DateTimeField(null=True, editable=False)
    renew_at = models.DateTimeField(null=True, editable=False, help_text="A while before the access token expires")
    expires_at = models.DateTimeField(null=True, editable=False, help_text="Of the access token")
    connected_at = models.DateTimeField(null=True, editable=False)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "app", "address"], name="one_oauth_account_per_mailbox")
        ]

    def __str__(self) -> str:
        return self.address


class OAuthSignIn(models.Model):
    """A person on their way to the provider and back: used once, by who began it, within minutes (RFC 6749 §10.12)."""

    state_digest = models.BinaryField(primary_key=True, max_length=32)
    begun_by_digest = models.BinaryField(max_length=32, help_text="Of the browser's session, or the command's secret")
    person = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, null=True, on_delete=models.CASCADE, related_name="+")
    server = models.ForeignKey(
        OutgoingServer, null=True, on_delete=models.CASCADE, related_name="+", help_text="None: mail is only fetched"
    )
    app = models.ForeignKey(OAuthApp, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=320)
    code_verifier = SealedField()
    redirect_uri = models.CharField(max_length=500)
    back_to = models.CharField(max_length=500, blank=True, help_text="The page to show afterwards")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(workspace=None) ^ models.Q(server=None), name="sign_in_for_server_or_workspace"
            )
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def owner(self) -> Workspace:
        """Whose account it will be."""
        owner = self.server.workspace if self.server else self.workspace
        if owner is None:
            raise LookupError("A sign-in is for a server or a workspace.")
        return owner
