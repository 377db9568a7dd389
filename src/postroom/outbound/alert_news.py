"""Who hears of an alert without looking? Programs by webhook; people, of broken accounts, through another server."""

from collections.abc import Iterable

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from postroom.outbound import route
from postroom.outbound.models import Outlet
from postroom.outbound.submit import Submission, submit
from postroom.policy.composition import Draft
from postroom.policy.permission import Role
from postroom.policy.webhook import Event
from postroom.rfc.address import parse_mailbox
from postroom.rfc.auto_submitted import automatic_marks
from postroom.servers.models import OAuthAccount
from postroom.servers.oauth.trouble import ACCOUNT_ALERT, APP_ALERT
from postroom.webhooks.outbox import emit
from postroom.workspaces.access import company_of
from postroom.workspaces.alerts import open_alerts
from postroom.workspaces.language import told
from postroom.workspaces.models import Alert, User, Workspace
from postroom.workspaces.sign_up import platform_workspace

log = structlog.get_logger()
AT_ONCE = 50
WHO_MENDS = (Role.OWNER.value, Role.ADMINISTRATOR.value)


def tell() -> int:
    """Tell of the alerts that nobody was told of; how many, AT_ONCE at most."""
    with transaction.atomic():
        untold = open_alerts().filter(told_at=None).select_for_update(skip_locked=True, of=("self",))
        alerts = list(untold.select_related("workspace").order_by("pk")[:AT_ONCE])
        Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(told_at=Now())
        for alert in alerts:
            _emit(alert)
            for workspace, accounts in _concerned(alert):
                _mail(alert, workspace, accounts)
    return len(alerts)


def _emit(alert: Alert) -> None:
    if alert.workspace is not None:
        names = ("kind", "subject", "what_happened", "what_to_do")
        emit(alert.workspace, Event.ALERT_RAISED, {name: getattr(alert, name) for name in names})


def _concerned(alert: Alert) -> Iterable[tuple[Workspace, list[OAuthAccount]]]:
    """Whose mail cannot leave because of it: workspaces, each with its accounts that are broken."""
    if alert.kind not in (ACCOUNT_ALERT, APP_ALERT):
        return []
    field = "pk" if alert.kind == ACCOUNT_ALERT else "app"
    accounts = OAuthAccount.objects.defer("access_token", "refresh_token").filter(**{field: int(alert.subject)})
    by_workspace: dict[Workspace, list[OAuthAccount]] = {}
    for account in accounts.select_related("workspace"):
        by_workspace.setdefault(account.workspace, []).append(account)
    return by_workspace.items()


def _mail(alert: Alert, workspace: Workspace, accounts: list[OAuthAccount]) -> None:
    """To those who can mend it, each by themselves."""
    way = _way_around(workspace, accounts)
    if way is None:
        log.warning("alert.unmailed", alert=alert.pk, workspace=workspace.pk)
        return
    sender, server = way
    people = workspace.memberships.filter(role__in=WHO_MENDS, user__is_active=True).order_by("pk")
    for membership in people.select_related("user"):
        draft = _letter(alert, workspace, membership.user)
        submit([Submission(content=draft, company=company_of(sender, None), source="web", forced_server=server)])


def _letter(alert: Alert, workspace: Workspace, user: User) -> Draft:
    """In the language of who gets it."""
    with translation.override(user.language or settings.LANGUAGE_CODE):
        return Draft(
            from_=None,
            to=(parse_mailbox(user.email),),
            subject=_("%(workspace)s: mail cannot leave") % {"workspace": workspace.name},
            text=f"{told(alert.what_happened)}\n\n{told(alert.what_to_do)}\n",
            headers=automatic_marks(),
        )


def _way_around(workspace: Workspace, accounts: list[OAuthAccount]) -> tuple[Workspace, int | None] | None:
    """Who sends, through which server: one without a fault, else the default server, as the platform's mail."""
    broken = Q(oauth_account__in=accounts) | Q(pk__in=Outlet.objects.filter(faults__gt=0).values("server"))
    without = frozenset(workspace.outgoing_servers.filter(broken).values_list("pk", flat=True))
    decision = route.decide(None, company=company_of(workspace, None), without=without)
    if decision.server is not None:
        return workspace, route.server_id(decision)
    return (platform_workspace(), None) if settings.POSTROOM.default_server else None
