"""Which contact is behind an address?"""

from postroom.outbound.suppressions import normalise
from postroom.rfc.address import Mailbox
from postroom.threads.models import Contact
from postroom.workspaces.models import Workspace


def contact_of(workspace: Workspace, mailbox: Mailbox) -> Contact:
    """The contact with this address, made if need be; a name is learned where none was known."""
    contact, is_new = Contact.objects.get_or_create(
        workspace=workspace, address=normalise(mailbox.address), defaults={"name": mailbox.name[:200]}
    )
    if mailbox.name and not contact.name and not is_new:
        contact.name = mailbox.name[:200]
        contact.save(update_fields=["name"])
    return contact


def find_contact(workspace: Workspace, address: str) -> Contact | None:
    return Contact.objects.filter(workspace=workspace, address=normalise(address)).first()
