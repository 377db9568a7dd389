"""Which user or contact does a request mean?"""

from typing import Annotated, Any

from pydantic import Field

from postroom.api.schemas import Address, StoredBody
from postroom.errors import AddressError
from postroom.policy.composition import read_from
from postroom.threads.contacts import contact_of
from postroom.threads.follow import NotAMemberError
from postroom.threads.models import Contact
from postroom.workspaces.models import User, Workspace


class PersonIn(StoredBody):
    """One of the two."""

    user: Annotated[str | None, Field(max_length=254, description="A member of the workspace, by email")] = None
    contact: Annotated[Address | None, Field(description="Somebody outside")] = None


def find_person(workspace: Workspace, person: PersonIn) -> User | Contact:
    """The user, or the contact, which is made if need be. NotAMemberError, AddressError."""
    if person.user is not None:
        seat = workspace.memberships.select_related("user").filter(user__email__iexact=person.user).first()
        if seat is None:
            raise NotAMemberError(f"{person.user} is no member of the workspace.", field="user")
        return seat.user
    mailbox = read_from(person.contact)
    if mailbox is None:
        raise AddressError("Name a user or a contact.", field="contact")
    return contact_of(workspace, mailbox)


def tell_person(user: User | None, contact: Contact | None) -> dict[str, Any]:
    """`{"user": email, "contact": null}` or the other way round."""
    return {"user": user.email if user else None, "contact": contact.address if contact else None}
