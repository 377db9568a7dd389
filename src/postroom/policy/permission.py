"""Who may do what in a workspace: the only table of it."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is in a workspace, the most trusted first."""

    OWNER = "owner"
    ADMINISTRATOR = "administrator"  # the technical side: servers, domains, keys, people
    MANAGER = "manager"  # mailings, conversations, mail on its way
    MEMBER = "member"
    READER = "reader"


class Action(StrEnum):
    """What a page or a button asks for; to see is always an action of its own."""

    SEE_MAIL = "see_mail"
    SEE_CAPTURE = "see_capture"
    SEE_CONVERSATIONS = "see_conversations"
    SEE_CONTACTS = "see_contacts"
    SEE_MAILINGS = "see_mailings"
    WRITE_CONVERSATIONS = "write_conversations"
    CHANGE_CONTACTS = "change_contacts"
    SEND_MAIL = "send_mail"
    STEER_MAIL = "steer_mail"  # retry, hold, release, cancel
    CHANGE_MAILINGS = "change_mailings"
    SEE_SETTINGS = "see_settings"  # and everything technical
    CHANGE_SETTINGS = "change_settings"
    MANAGE_KEYS = "manage_keys"
    MANAGE_PEOPLE = "manage_people"
    SEE_AUDIT_LOG = "see_audit_log"
    MANAGE_OWNERS = "manage_owners"
    RELEASE_MAIL = "release_mail"  # let an installation in capture mode send outside


_READER = frozenset(
    {Action.SEE_MAIL, Action.SEE_CAPTURE, Action.SEE_CONVERSATIONS, Action.SEE_CONTACTS, Action.SEE_MAILINGS}
)
_MEMBER = _READER | {Action.WRITE_CONVERSATIONS, Action.CHANGE_CONTACTS, Action.SEND_MAIL}
_MANAGER = _MEMBER | {Action.STEER_MAIL, Action.CHANGE_MAILINGS, Action.SEE_SETTINGS}
_ADMINISTRATOR = _MANAGER | {
    Action.CHANGE_SETTINGS,
    Action.MANAGE_KEYS,
    Action.MANAGE_PEOPLE,
    Action.SEE_AUDIT_LOG,
}
ALLOWED: dict[Role, frozenset[Action]] = {
    Role.OWNER: frozenset(Action),
    Role.ADMINISTRATOR: _ADMINISTRATOR,
    Role.MANAGER: _MANAGER,
    Role.MEMBER: _MEMBER,
    Role.READER: _READER,
}


def may(role: Role, action: Action) -> bool:
    return action in ALLOWED[role]


def may_give(giver: Role, role: Role) -> bool:
    """Whether someone may give this role to others, take it from them, or change who has it."""
    return may(giver, Action.MANAGE_OWNERS if role is Role.OWNER else Action.MANAGE_PEOPLE)
