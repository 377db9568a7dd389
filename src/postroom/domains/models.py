"""In whose name mail is sent: alias domains, the companies that use them, aliases and DKIM keys."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from postroom.policy.dns.facts import KeyState
from postroom.policy.dns.findings import Verdict
from postroom.vault import SealedField
from postroom.workspaces.models import Company, Workspace


class AliasDomain(models.Model):
    """A domain with the three addresses that mail in its name uses (requirement B1)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="alias_domains")
    name = models.CharField(max_length=253, help_text="In A-label form, lower case")
    priority = models.IntegerField(default=10)
    bounce = models.CharField(max_length=64, default="bounce", help_text="Local part that delivery errors return to")
    catchall = models.CharField(max_length=64, default="catchall", help_text="Local part that answers come to")
    default_from = models.CharField(
        max_length=320, default="notifications", help_text="Local part, or a complete address for all outgoing mail"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["priority", "name", "id"]

    def __str__(self) -> str:
        return self.name


class CompanyAliasDomain(models.Model):
    """The alias domain a company sends under; a company without one uses the workspace's sub-domain."""

    company = models.OneToOneField(Company, on_delete=models.CASCADE, primary_key=True, related_name="domain_choice")
    alias_domain = models.ForeignKey(AliasDomain, on_delete=models.CASCADE, related_name="company_choices")

    def __str__(self) -> str:
        return f"{self.company} → {self.alias_domain}"


class Alias(models.Model):
    """A local part that takes mail in: answers go to what they answer, other mail creates a record of a type."""

    class Policy(models.TextChoices):
        """Who may write to it. Whoever answers our mail is known."""

        EVERYONE = "everyone", "everyone"
        KNOWN = "known", "known contacts"
        FOLLOWERS = "followers", "followers of the record"

    class Status(models.TextChoices):
        NOT_TESTED = "not_tested", "not tested"
        VALID = "valid", "valid"
        INVALID = "invalid", "invalid"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="aliases")
    local_part = models.CharField(max_length=64)
    alias_domain = models.ForeignKey(
        AliasDomain, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases",
        help_text="The domain of its address; none: the workspace's sub-domain",
    )  # fmt: skip
    further_domains = models.ManyToManyField(
        AliasDomain, blank=True, related_name="further_aliases", help_text="Where it takes mail in, too"
    )
    record_type = models.CharField(
        max_length=100, blank=True, db_default="", help_text="What new mail creates, such as crm.lead; empty: nothing"
    )
    forced_record = models.BigIntegerField(
        null=True, blank=True, help_text="The record that all mail goes to; none: each mail creates one"
    )
    defaults = models.JSONField(default=dict, blank=True, db_default={}, help_text="Values of the records it creates")
    policy = models.CharField(
        max_length=10, choices=Policy.choices, default=Policy.EVERYONE, db_default=Policy.EVERYONE
    )
    refusal = models.TextField(blank=True, db_default="", help_text="Told to whom the policy refuses; empty: our words")
    matches_local_part = models.BooleanField(
        default=False, db_default=False, help_text="Takes in what comes for this local part at other domains as well"
    )
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.NOT_TESTED, db_default=Status.NOT_TESTED,
        help_text="Whether mail to it was seen to arrive and to do what it should",
    )  # fmt: skip
    status_at = models.DateTimeField(null=True, blank=True, help_text="When that was seen")
    removed_at = models.DateTimeField(null=True, blank=True, help_text="Its addresses are retired")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.local_part

    @property
    def address(self) -> str:
        """Where answers are asked to go."""
        name = self.alias_domain.name if self.alias_domain else self.workspace.subdomain
        return f"{self.local_part}@{name}"


class ClaimedAddress(models.Model):
    """Who holds an address: makes bounce, catchall and alias addresses unique over all of them (requirement B4)."""

    address = models.CharField(max_length=320, unique=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    alias_domain = models.ForeignKey(AliasDomain, null=True, on_delete=models.CASCADE, related_name="claims")
    alias = models.ForeignKey(Alias, null=True, on_delete=models.CASCADE, related_name="claims")
    use = models.CharField(max_length=10, choices=[(use, use) for use in ("bounce", "catchall", "alias")])

    def __str__(self) -> str:
        return self.address


class RetiredAddress(models.Model):
    """An address that mail was asked to go to and no longer is; what still comes is routed as before (B5)."""

    class Use(models.TextChoices):
        BOUNCE = "bounce", "bounce"
        CATCHALL = "catchall", "catchall"
        DEFAULT_FROM = "default_from", "notification"
        REPLY = "reply", "reply"  # signed reply addresses are sub-addresses of it
        ALIAS = "alias", "alias"

    address = models.CharField(max_length=320, unique=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="retired_addresses")
    use = models.CharField(max_length=12, choices=Use.choices)
    # Who had it; nobody once that is deleted, and the address is routed all the same.
    alias_domain = models.ForeignKey(AliasDomain, null=True, on_delete=models.SET_NULL, related_name="retired")
    alias = models.ForeignKey(Alias, null=True, on_delete=models.SET_NULL, related_name="retired")
    reason = models.CharField(max_length=200, help_text="A sentence for people")
    retired_at = models.DateTimeField(db_default=Now())
    hits = models.PositiveIntegerField(default=0, help_text="Mails that came to it since")
    last_hit_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.address


class DkimKey(models.Model):
    """A key that signs mail whose From is in `domain` (RFC 6376), from its making to its end."""

    class Algorithm(models.TextChoices):
        RSA = "rsa", "rsa-sha256"
        ED25519 = "ed25519", "ed25519-sha256"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="dkim_keys")
    domain = models.CharField(max_length=253, help_text="In A-label form, lower case")
    selector = models.CharField(max_length=63)
    algorithm = models.CharField(max_length=10, choices=Algorithm.choices, default=Algorithm.RSA, db_default="rsa")
    private_key = SealedField(help_text="Empty once retired")
    pointer = models.CharField(
        max_length=253,
        blank=True,
        default="",
        db_default="",
        help_text="Where the platform publishes the record; the domain leads there by CNAME",
    )
    is_active = models.BooleanField(default=True, help_text="Signs")
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="In DNS, for the first time")
    stopped_at = models.DateTimeField(null=True, blank=True, help_text="Signs no more; the record must stay a while")
    retired_at = models.DateTimeField(null=True, blank=True, help_text="The record may go")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "domain", "selector"], name="dkim_selector_once_per_domain")
        ]

    def __str__(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def state(self) -> KeyState:
        if self.retired_at:
            return KeyState.RETIRED
        if self.stopped_at:
            return KeyState.RETIRING
        if self.is_active:
            return KeyState.ACTIVE
        return KeyState.SEEN if self.seen_at else KeyState.WAITING


class DomainCheck(models.Model):
    """What DNS held for an alias domain at one moment, compared with what it should hold."""

    alias_domain = models.ForeignKey(AliasDomain, on_delete=models.CASCADE, related_name="checks")
    checked_at = models.DateTimeField(default=timezone.now)
    verdict = models.CharField(max_length=10, choices=[(verdict.value, verdict.value) for verdict in Verdict])
    report = models.JSONField(help_text="Findings and standings, as `policy.dns.writing.tell` writes them")
    routing_version = models.BigIntegerField(help_text="The workspace's, as it was: another one asks for a new check")

    class Meta:
        # The newest of a domain, and the oldest to forget.
        indexes = [models.Index(fields=["alias_domain", "-checked_at"], name="newest_check_of_domain")]

    def __str__(self) -> str:
        return f"{self.alias_domain_id} {self.checked_at:%Y-%m-%d} {self.verdict}"


class DmarcReport(models.Model):
    """What one receiver reported of the mail it got in a domain's name in one period (RFC 9990)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="dmarc_reports")
    domain = models.CharField(max_length=253, help_text="Whose policy it is about, in A-label form")
    reporter = models.CharField(max_length=253)
    report_id = models.CharField(max_length=253)
    begin_at = models.DateTimeField()
    end_at = models.DateTimeField()
    policy = models.CharField(max_length=253, help_text="The p that the receiver found")
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "domain", "reporter", "report_id"], name="dmarc_report_kept_once"
            )
        ]
        # Those of a domain in a period.
        indexes = [models.Index(fields=["workspace", "domain", "end_at"], name="dmarc_reports_of_domain")]

    def __str__(self) -> str:
        return f"{self.reporter} {self.domain} {self.end_at:%Y-%m-%d}"


class DmarcRow(models.Model):
    """Messages of a report that were alike; the columns are those of `rfc.dmarc_report.Row`."""

    report = models.ForeignKey(DmarcReport, on_delete=models.CASCADE, related_name="rows")
    source = models.GenericIPAddressField()
    count = models.PositiveBigIntegerField()
    disposition = models.CharField(max_length=10)
    dkim_aligned = models.BooleanField()
    spf_aligned = models.BooleanField()
    header_from = models.CharField(max_length=253)
    signatures = models.JSONField(help_text="Domain, selector and result of each")
    spf_domain = models.CharField(max_length=253, blank=True)
    spf_result = models.CharField(max_length=253, blank=True)
    reasons = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.count} from {self.source}"


class TlsReport(models.Model):
    """What one sender reported of its connections to a domain's mail servers in one period (RFC 8460)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="tls_reports")
    domain = models.CharField(max_length=253, help_text="In A-label form")
    reporter = models.CharField(max_length=253)
    report_id = models.CharField(max_length=253)
    begin_at = models.DateTimeField()
    end_at = models.DateTimeField()
    successes = models.PositiveBigIntegerField()
    failures = models.PositiveBigIntegerField()
    details = models.JSONField(help_text="What failed: result, receiving_host and count of each")
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "domain", "reporter", "report_id"], name="tls_report_kept_once"
            )
        ]
        # Those of a domain in a period.
        indexes = [models.Index(fields=["workspace", "domain", "end_at"], name="tls_reports_of_domain")]

    def __str__(self) -> str:
        return f"{self.reporter} {self.domain} {self.end_at:%Y-%m-%d}"
