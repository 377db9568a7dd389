"""What is known of a mail while it is handled: its words, what it is, and where it belongs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from postroom.domains.addresses import Destination, resolve
from postroom.domains.addresses import Kind as AddressKind
from postroom.inbound.letter import Letter, read_letter, read_original
from postroom.inbound.models import IncomingContent, IncomingMessage, State
from postroom.policy.bounce.mail import addresses_in
from postroom.policy.classification import Classification, Kind, classify
from postroom.rfc.auto_submitted import is_auto_reply, is_auto_submitted
from postroom.rfc.encoded_word import decode_encoded_words
from postroom.rfc.headers import field_value, iter_fields, split_message
from postroom.workspaces.access import company_of
from postroom.workspaces.models import Company, Workspace

# What servers write of the envelope, the surest first; then what the author wrote. RFC 8098 §2.3 has
# Original-Recipient, Fastmail X-Delivered-To, CommuniGate X-Real-To; in X-Forwarded-For Gmail tells whose mailbox
# forwards.
_ENVELOPE_FIELDS = (
    "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to", "original-recipient",
    "x-delivered-to", "x-rcpt-to", "x-real-to", "x-forwarded-for",
)  # fmt: skip
_RECIPIENT_FIELDS = ("to", "cc", "resent-to", "resent-cc", "apparently-to")
# An address of ours that says what its mail is for; the others take what is meant for one of these.
_TELLING = frozenset({AddressKind.ALIAS, AddressKind.REPLY, AddressKind.PROBE})
MAX_ADDRESSES = 100
_FOR = re.compile(r"\bfor\s+<([^<>\s]{3,320})>")  # of whom a server on the way took it for (RFC 5321 §4.4)


@dataclass(frozen=True)
class Incoming:
    """One mail for one recipient. `fields` are the first of each name, by lower-case name, decoded."""

    row: IncomingMessage
    raw: bytes
    fields: Mapping[str, str]
    found: Classification
    destination: Destination

    @property
    def content(self) -> IncomingContent:
        return self.row.content

    @property
    def workspace(self) -> Workspace | None:
        return self.destination.workspace or self.row.workspace

    @property
    def owner(self) -> Workspace:
        """The workspace, for the steps after `settle_nobodys`."""
        if self.workspace is None:
            raise LookupError("The mail is nobody's here.")
        return self.workspace

    @cached_property
    def kind(self) -> Kind:
        return Kind(self.row.forced_kind) if self.row.forced_kind else self.found.kind

    @cached_property
    def letter(self) -> Letter:
        return read_letter(self.raw)

    @cached_property
    def original(self) -> Letter | None:
        """The message that a person passes on with it; of a report it is no more than its proof."""
        return read_original(self.raw) if self.kind is Kind.ORDINARY else None

    @property
    def author(self) -> str:
        """Address of its From, in small letters; "" where it names none."""
        return self.letter.author.address.lower() if self.letter.author else ""

    @property
    def is_automatic(self) -> bool:
        """A program wrote it."""
        is_reply = self.kind in (Kind.AUTOREPLY, Kind.CHALLENGE)
        return is_reply or is_auto_submitted(self.fields) or is_auto_reply(self.fields)

    @property
    def company(self) -> Company:
        """In whose name it is answered: whose domain it came to, else the workspace's first."""
        domain = self.destination.alias_domain
        choice = domain and domain.company_choices.select_related("company").order_by("company").first()
        return choice.company if choice else company_of(self.owner, None)


@dataclass(frozen=True, slots=True)
class Settled:
    """What has become of a mail, and why, in plain words; `kind` None: as it was classified."""

    state: State
    reason: str = ""
    kind: Kind | None = None


def reopen(row: IncomingMessage) -> Incoming:
    """A mail that was handled before, as the steps saw it."""
    raw = bytes(row.content.raw)
    destination = next(iter(destinations(row, raw).values()))
    return Incoming(row, raw, read_fields(raw), classify(raw), destination)


def read_fields(raw: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, field in iter_fields(split_message(raw)[0]):
        fields.setdefault(name, decode_encoded_words(field_value(field)))
    return fields


def destinations(row: IncomingMessage, raw: bytes) -> dict[str, Destination]:
    """Where the mail belongs, by address; at least one, the envelope's own where nothing else is known.

    A mail that was redirected to the catchall address, or was fetched from a mailbox, says in its header for whom it
    is. Each place counts once, however many of its addresses are named.
    """
    own = _resolve(row.recipient, row)
    if own.kind in _TELLING or own.kind is AddressKind.BOUNCE:
        return {row.recipient: own}
    workspace = own.workspace
    places: dict[str, tuple[str, Destination]] = {}
    for address in _named_addresses(raw):
        named = resolve(address, workspace)
        is_ours = workspace is None or named.workspace == workspace
        if is_ours and (named.kind in _TELLING or (not row.recipient and named.kind is not AddressKind.UNKNOWN)):
            places.setdefault(place_of(named), (address, named))
    telling = {key: found for key, found in places.items() if found[1].kind in _TELLING}
    return dict((telling or places).values()) or {row.recipient: own}


def _resolve(address: str, row: IncomingMessage) -> Destination:
    """What comes by a way that belongs to a workspace reaches nobody else's addresses."""
    found = resolve(address, row.workspace)
    is_foreign = row.workspace is not None and found.workspace != row.workspace
    return Destination(kind=AddressKind.UNKNOWN, workspace=row.workspace) if is_foreign else found


def place_of(destination: Destination) -> str:
    """Names a place to which a mail goes once, whatever the address it came to."""
    match destination.kind:
        case AddressKind.ALIAS if destination.alias is not None:
            return f"alias {destination.alias.pk}"
        case AddressKind.REPLY | AddressKind.PROBE:
            return f"{destination.kind} {destination.tag}"
        case _:
            return destination.kind.value


def _named_addresses(raw: bytes) -> Iterator[str]:
    """Every address in the fields that name recipients, those of the envelope first; MAX_ADDRESSES at most."""
    by_name: dict[str, list[str]] = {}
    for name, field in iter_fields(split_message(raw)[0]):
        by_name.setdefault(name, []).append(field_value(field))
    fields = (text for name in (*_ENVELOPE_FIELDS, *_RECIPIENT_FIELDS) for text in by_name.get(name, ()))
    texts = chain(fields, (each[1] for text in by_name.get("received", ()) for each in _FOR.finditer(text)))
    seen = dict.fromkeys(address.lower() for text in texts for address in addresses_in(text))
    yield from list(seen)[:MAX_ADDRESSES]
