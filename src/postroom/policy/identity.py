"""Under which addresses of its own does a company send?"""

from dataclasses import dataclass
from functools import lru_cache

from postroom.errors import AddressError
from postroom.policy.from_filter import match_key
from postroom.rfc.address import Mailbox, domain_to_unicode, parse_mailbox


@dataclass(frozen=True, slots=True)
class AliasDomain:
    """A company's mail domain. `bounce` and `catchall` are local parts, `default_from` one or a complete address.

    An empty alias means there is no such address.
    """

    name: str
    bounce: str
    catchall: str
    default_from: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The addresses that follow from an alias domain; None where there is none."""

    notification: Mailbox | None
    bounce: Mailbox | None
    catchall: Mailbox | None
    overrides_from: bool
    """Whether the Default From Alias is a complete address, which replaces every From."""


@lru_cache(maxsize=1024)
def find_identity(alias_domain: AliasDomain | None, platform_from: Mailbox | None) -> Identity:
    """The company's addresses; `platform_from` notifies and takes the bounces where the alias domain gives no address.

    Raises AddressError whose `field` is the alias domain's field that makes no address.
    """
    if alias_domain is None:
        return Identity(platform_from, platform_from, None, overrides_from=False)
    return Identity(
        notification=_read_alias(alias_domain, "default_from") or platform_from,
        bounce=_read_alias(alias_domain, "bounce") or platform_from,
        catchall=_read_alias(alias_domain, "catchall"),
        overrides_from="@" in alias_domain.default_from,
    )


def replace_address(author: Mailbox, by: Mailbox) -> Mailbox:
    """`by` under the author's name, or under the author's local part where there is no name.

    An author who already has that address stays as written.
    """
    if match_key(author) == match_key(by):
        return author
    return Mailbox(author.name if author.name.strip() else author.local, by.local, by.domain)


def readable(mailbox: Mailbox) -> str:
    """The address as people read it, the domain in Unicode."""
    if "xn--" not in mailbox.domain:
        return mailbox.address
    return mailbox.address.removesuffix(mailbox.domain) + domain_to_unicode(mailbox.domain)


def _read_alias(alias_domain: AliasDomain, field: str) -> Mailbox | None:
    alias = getattr(alias_domain, field).strip()
    if not alias:
        return None
    is_complete = field == "default_from" and "@" in alias
    try:
        return parse_mailbox(alias if is_complete else f"{alias}@{alias_domain.name}")
    except AddressError as error:
        raise AddressError(error.message, field=f"alias_domain.{field}") from error
