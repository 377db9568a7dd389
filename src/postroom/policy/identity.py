"""Under which addresses of its own does a company send?"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

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


class Speaker(NamedTuple):
    """A mailbox that a message can be from, with what routing asks of it again and again, made once."""

    mailbox: Mailbox
    address: str
    key: str
    """The match key."""
    text: str
    """The address as people read it, an IDN in Unicode."""

    @classmethod
    def of(cls, mailbox: Mailbox) -> "Speaker":
        address = text = mailbox.address
        if "xn--" in mailbox.domain:
            text = address.removesuffix(mailbox.domain) + domain_to_unicode(mailbox.domain)
        return cls(mailbox, address, match_key(mailbox), text)

    def in_place_of(self, author: "Speaker") -> "Speaker":
        """This address under the author's name, or under the author's local part where there is no name.

        An author who already has the address stays as written.
        """
        if author.key == self.key:
            return author
        name = author.mailbox.name if author.mailbox.name.strip() else author.mailbox.local
        return Speaker(Mailbox(name, self.mailbox.local, self.mailbox.domain), self.address, self.key, self.text)


@dataclass(frozen=True, slots=True)
class Identity:
    """The addresses that follow from an alias domain; None where there is none."""

    notification: Speaker | None
    bounce: Speaker | None
    catchall: Speaker | None
    overrides_from: bool
    """Whether the Default From Alias is a complete address, which replaces every From."""


@lru_cache(maxsize=1024)
def find_identity(alias_domain: AliasDomain | None, platform_from: Mailbox | None) -> Identity:
    """The company's addresses; `platform_from` notifies and takes the bounces where the alias domain gives no address.

    Raises AddressError whose `field` is the alias domain's field that makes no address.
    """
    platform = Speaker.of(Mailbox("", platform_from.local, platform_from.domain)) if platform_from else None
    if alias_domain is None:
        return Identity(platform, platform, None, overrides_from=False)
    return Identity(
        notification=_read_alias(alias_domain, "default_from") or platform,
        bounce=_read_alias(alias_domain, "bounce") or platform,
        catchall=_read_alias(alias_domain, "catchall"),
        overrides_from="@" in alias_domain.default_from,
    )


def _read_alias(alias_domain: AliasDomain, field: str) -> Speaker | None:
    alias = getattr(alias_domain, field).strip()
    if not alias:
        return None
    is_complete = field == "default_from" and "@" in alias
    try:
        return Speaker.of(parse_mailbox(alias if is_complete else f"{alias}@{alias_domain.name}"))
    except AddressError as error:
        raise AddressError(error.message, field=f"alias_domain.{field}") from error
