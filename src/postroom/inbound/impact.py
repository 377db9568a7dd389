"""Who still uses an address that is about to change: which conversations, and which mail on its way (B5)?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from postroom.domains.claims import QUIET_BEFORE_REUSE
from postroom.domains.models import Alias, AliasDomain, RetiredAddress
from postroom.domains.senders import REPLY, notification_address
from postroom.inbound.models import IncomingMessage, State
from postroom.outbound.listing import unsent
from postroom.outbound.models import Message
from postroom.threads.mail import SOURCE, alias_of, answers_to_catchall
from postroom.threads.models import Notification, Record
from postroom.workspaces.models import Workspace

# A thread of which no mail was seen for that long is not open any more: an address is free again after as long.
OPEN_FOR: timedelta = QUIET_BEFORE_REUSE
Use = RetiredAddress.Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """An address that would be given up, the open threads whose mail names it, and messages that have not left."""

    address: str
    use: Use
    threads: int
    unsent: int

    def __str__(self) -> str:
        return (
            f"{_count(self.threads, 'open thread')} and {_count(self.unsent, 'unsent message')} use {self.address} "
            f"({self.use.label})."
        )


def impact_of(
    before: AliasDomain | Alias,
    after: AliasDomain | Alias | None,
    *,
    further_domains: Iterable[AliasDomain] | None = None,
) -> list[Affected]:
    """What changing `before` into `after` (not saved; None: removing it) would affect; [] when it gives up no address.

    `further_domains` are those that an alias would have; None: those that it has. Nothing is lost by the change: each
    of the addresses is retired, and what still comes is routed as before.
    """
    kept = {address for address, _ in _addresses(after, further_domains)} if after else set()
    given_up = [(address, use) for address, use in _addresses(before) if address not in kept]
    return [_count_users(before, address, use) for address, use in given_up]


def _addresses(
    holder: AliasDomain | Alias, further_domains: Iterable[AliasDomain] | None = None
) -> list[tuple[str, Use]]:
    """What it holds, of a domain with the addresses that its aliases have there."""
    if isinstance(holder, Alias):
        further = holder.further_domains.all() if further_domains is None else further_domains
        names = [f"{holder.local_part}@{domain.name}" for domain in further]
        return [(address.lower(), Use.ALIAS) for address in (holder.address, *names)]
    own = [
        (f"{holder.bounce}@{holder.name}", Use.BOUNCE),
        (f"{holder.catchall}@{holder.name}", Use.CATCHALL),
        (notification_address(holder), Use.DEFAULT_FROM),
        (f"{REPLY}@{holder.name}", Use.REPLY),
    ]
    aliases = Alias.objects.filter(Q(alias_domain=holder.pk) | Q(further_domains=holder.pk), removed_at=None)
    locals_ = aliases.order_by("local_part").values_list("local_part", flat=True).distinct() if holder.pk else ()
    return [*((a.lower(), use) for a, use in own), *((f"{name}@{holder.name}", Use.ALIAS) for name in locals_)]


def _count_users(holder: AliasDomain | Alias, address: str, use: Use) -> Affected:
    told = _told_with(holder, address, use)
    messages = told.exclude(message=None).values("message")
    # Mail of threads says itself where answers go, whatever routing put beside it.
    by_routing = ~Q(source=SOURCE) if use == Use.CATCHALL else Q()
    named = Message.objects.filter(_names(address, use), by_routing).values("pk")
    waiting = unsent(holder.workspace).filter(Q(message__in=named) | Q(message__in=messages))
    return Affected(
        address=address,
        use=use,
        threads=_open_threads(holder.workspace, address, told).count(),
        unsent=waiting.values("message").distinct().count(),
    )


def _open_threads(workspace: Workspace, address: str, told: QuerySet[Notification]) -> QuerySet[Record]:
    """Those whose mail names the address, and those that got mail by it."""
    since = timezone.now() - OPEN_FOR
    came = IncomingMessage.objects.filter(_is(("recipient",), address), state=State.HANDLED, record__isnull=False)
    came = came.filter(workspace=workspace, content__received_at__gte=since)
    recently = told.filter(created_at__gte=since)
    threads = Q(pk__in=recently.values("post__record")) | Q(pk__in=came.values("record"))
    return workspace.records.filter(threads, merged_into=None)


def _told_with(holder: AliasDomain | Alias, address: str, use: Use) -> QuerySet[Notification]:
    """The mail of threads that names the address: routing put it in, or answers are asked to go there."""
    workspace = holder.workspace
    mailed = Notification.objects.filter(post__record__workspace=workspace, message__isnull=False)
    if use in (Use.BOUNCE, Use.DEFAULT_FROM):
        return mailed.filter(_names(address, use, prefix="message__"))
    return mailed.filter(_answers_go_to(holder, address, use))


def _answers_go_to(holder: AliasDomain | Alias, address: str, use: Use) -> Q:
    """As `threads.mail.reply_to` chooses."""
    types = holder.workspace.record_types.select_related("workspace").filter(owns_alias=True)
    owners = {record_type.pk: alias.address.lower() for record_type in types if (alias := alias_of(record_type))}
    if use == Use.ALIAS:
        return Q(post__record__type__in=[pk for pk, own in owners.items() if own == address])
    uses_this = answers_to_catchall(holder.workspace) == (use == Use.CATCHALL)
    if not uses_this:
        return Q(pk__in=[])
    return Q(post__record__company__domain_choice__alias_domain=holder.pk) & ~Q(post__record__type__in=[*owners])


_COLUMNS = {Use.BOUNCE: ("return_path",), Use.CATCHALL: ("reply_to",), Use.DEFAULT_FROM: ("header_from",)}


def _names(address: str, use: Use, *, prefix: str = "") -> Q:
    """Messages into which routing put the address."""
    columns = _COLUMNS.get(use, ())
    return _is([prefix + column for column in columns], address) if columns else Q(pk__in=[])


def _is(columns: Iterable[str], address: str) -> Q:
    """A column holds the address: bare, with a sub-address, or after a name."""
    local, _, domain = address.rpartition("@")
    found = Q()
    for column in columns:
        tagged = Q(**{f"{column}__istartswith": f"{local}+", f"{column}__iendswith": f"@{domain}"})
        found |= Q(**{f"{column}__iexact": address}) | Q(**{f"{column}__iendswith": f"<{address}>"}) | tagged
    return found


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
