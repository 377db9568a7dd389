"""In whose name mail is sent: alias domains, the companies that use them, aliases and DKIM keys."""

from django.db import models

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
        return f"{self.company_id} → {self.alias_domain_id}"


class Alias(models.Model):
    """A local part that takes mail in; None as alias domain means the workspace's sub-domain."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="aliases")
    local_part = models.CharField(max_length=64)
    alias_domain = models.ForeignKey(
        AliasDomain, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.local_part


class ClaimedAddress(models.Model):
    """Who holds an address: makes bounce, catchall and alias addresses unique over all of them (requirement B4)."""

    address = models.CharField(max_length=320, unique=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    alias_domain = models.ForeignKey(AliasDomain, null=True, on_delete=models.CASCADE, related_name="claims")
    alias = models.ForeignKey(Alias, null=True, on_delete=models.CASCADE, related_name="claims")
    use = models.CharField(max_length=10, choices=[(use, use) for use in ("bounce", "catchall", "alias")])

    def __str__(self) -> str:
        return self.address


class DkimKey(models.Model):
    """A key that signs mail whose From is in `domain` (RFC 6376)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="dkim_keys")
    domain = models.CharField(max_length=253, help_text="In A-label form, lower case")
    selector = models.CharField(max_length=63)
    private_key = SealedField()
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "domain", "selector"], name="dkim_selector_once_per_domain")
        ]

    def __str__(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"
