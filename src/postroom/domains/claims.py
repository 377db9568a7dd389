"""Who holds which address? Each has one holder over alias domains and aliases; given up, it stays routed (B4, B5)."""

from collections.abc import Collection
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from postroom.domains.models import Alias, AliasDomain, ClaimedAddress, RetiredAddress
from postroom.errors import PostroomError
from postroom.workspaces.models import Workspace

# As long as somebody writes to a retired address, who takes it would get that mail.
QUIET_BEFORE_REUSE = timedelta(days=90)

Holder = Alias | AliasDomain


class AddressTakenError(PostroomError):
    """This address is already in use; choose another name."""

    code = "address_taken"


def hold(holder: Holder, wanted: Collection[tuple[str, str]], *, reason: str) -> None:
    """Let `holder` hold exactly `wanted` (addresses with their use); what it held before is retired for `reason`.

    AddressTakenError names who holds one of them, or says that mail still comes to it as a retired one.
    """
    held = dict(holder.claims.values_list("address", "use"))
    holder.claims.all().delete()
    for address, use in wanted:
        _claim(address, use, holder)
    for address, use in held.items():
        if address not in dict(wanted):
            retire(address, use, holder, reason=reason)


def retire(address: str, use: str, holder: Holder, *, reason: str) -> None:
    """Let `address` go on routing as what it was."""
    RetiredAddress.objects.update_or_create(
        address=address,
        defaults={
            "workspace": holder.workspace,
            "use": use,
            "reason": reason,
            "retired_at": timezone.now(),
            **_as(holder),
        },
    )


def take_back(address: str, use: str, holder: Holder) -> None:
    """End the retirement of an address that `holder` is about to use; AddressTakenError while another's mail comes."""
    retired = RetiredAddress.objects.filter(address=address).first()
    _refuse_while_used(retired, use, holder)
    if retired is not None:
        retired.delete()


def why_taken(address: str, use: str, holder: Holder) -> str:
    """Why `holder`, stored or not, could not hold `address` for `use`, as a sentence; "" when it could."""
    claim = ClaimedAddress.objects.filter(address=address).first()
    if claim is not None and (claim.alias_id, claim.alias_domain_id) != _key_of(holder):
        return _who_holds(address, holder.workspace)
    try:
        _refuse_while_used(RetiredAddress.objects.filter(address=address).first(), use, holder)
    except AddressTakenError as error:
        return error.message
    return ""


def _key_of(holder: Holder) -> tuple[int | None, int | None]:
    return (holder.pk, None) if isinstance(holder, Alias) else (None, holder.pk)


def _refuse_while_used(retired: RetiredAddress | None, use: str, holder: Holder) -> None:
    """AddressTakenError while another's mail comes to the retired address."""
    if retired is None or _is_own(retired, use, holder):
        return
    if retired.last_hit_at is not None and timezone.now() - retired.last_hit_at < QUIET_BEFORE_REUSE:
        raise AddressTakenError(_why_not_yet(retired), field=use)


def _is_own(retired: RetiredAddress, use: str, holder: Holder) -> bool:
    """Whether the mail that still comes is routed as it was."""
    if retired.workspace_id != holder.workspace_id or retired.use != use:
        return False
    return isinstance(holder, AliasDomain) or retired.alias_id == holder.pk


def _why_not_yet(retired: RetiredAddress) -> str:
    return (
        f"{retired.address} was the {retired.get_use_display()} address until {retired.retired_at:%Y-%m-%d} and still "
        f"gets mail ({retired.hits} since, the last on {retired.last_hit_at:%Y-%m-%d}); choose another, or wait until "
        f"none has come for {QUIET_BEFORE_REUSE.days} days."
    )


def _claim(address: str, use: str, holder: Holder) -> None:
    take_back(address, use, holder)
    try:
        with transaction.atomic():
            ClaimedAddress.objects.create(address=address, workspace=holder.workspace, use=use, **_as(holder))
    except IntegrityError:
        raise AddressTakenError(_who_holds(address, holder.workspace), field=use) from None


def _as(holder: Holder) -> dict[str, Holder | None]:
    """The two columns that say who holds an address."""
    return {
        "alias": holder if isinstance(holder, Alias) else None,
        "alias_domain": holder if isinstance(holder, AliasDomain) else None,
    }


def _who_holds(address: str, workspace: Workspace) -> str:
    claim = ClaimedAddress.objects.select_related("alias_domain", "alias").filter(address=address).first()
    if claim is None:  # given back in this very moment
        return f"{address} was in use a moment ago; try again."
    if claim.workspace_id != workspace.pk:
        return f"{address} is used by another workspace of this installation; choose another name."
    if claim.alias_domain is not None:
        return f"{address} is already the {claim.use} address of the alias domain {claim.alias_domain}; choose another."
    return f"{address} is already the alias “{claim.alias}”; choose another name."
