"""How is the mailbox of an incoming server opened, with the password or the token that it wants?"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from postroom.errors import PostroomError
from postroom.inbound.mailboxes.imap import ImapMailbox
from postroom.inbound.mailboxes.mailbox import Mailbox, MailboxError, Note, Step
from postroom.inbound.mailboxes.pop3 import Pop3Mailbox
from postroom.inbound.models import IncomingServer
from postroom.servers.oauth.tokens import NotConnectedError, fresh_token, renew_refused
from postroom.smtp.endpoint import AccessToken, Credentials, Endpoint, Password, Security, Timeouts

PATIENCE_SECONDS = 60.0  # of silence: servers that search a large mailbox take their time
_KINDS: dict[str, type[ImapMailbox] | type[Pop3Mailbox]] = {
    IncomingServer.Protocol.IMAP: ImapMailbox,
    IncomingServer.Protocol.POP3: Pop3Mailbox,
}


def _ignore(_step: Step, _words: str) -> None:
    """Nobody looks on."""


@contextmanager
def open_mailbox(
    server: IncomingServer, note: Note = _ignore, *, patience: float = PATIENCE_SECONDS
) -> Iterator[Mailbox]:
    """The server's folder, open; MailboxError. May take seconds where a provider is asked for a token."""
    endpoint = _endpoint_of(server, patience)
    try:
        mailbox = _open(endpoint, server, note)
    except MailboxError as error:
        if error.step is not Step.LOGIN or not _has_other_token(server, endpoint.credentials):
            raise
        mailbox = _open(_endpoint_of(server, patience), server, note)
    try:
        yield mailbox
    finally:
        mailbox.close()


def _open(endpoint: Endpoint, server: IncomingServer, note: Note) -> Mailbox:
    kind = _KINDS[server.protocol]
    return kind(endpoint, server, max_bytes=settings.POSTROOM.max_message_bytes, note=note)


def _endpoint_of(server: IncomingServer, patience: float) -> Endpoint:
    try:
        credentials = _credentials(server)
    except PostroomError as error:  # of the OAuth account
        raise MailboxError(Step.LOGIN, error.message) from error
    return Endpoint(
        host=server.host,
        port=server.port,
        security=Security(server.encryption),
        verify=server.verifies_certificate,
        ca_data=server.ca_certificate or None,
        credentials=credentials,
        timeouts=Timeouts().at_most(patience),
        is_public_only=settings.POSTROOM.hosted,
    )


def _credentials(server: IncomingServer) -> Credentials:
    if server.authentication == IncomingServer.Authentication.LOGIN:
        return Password(server.username, server.password)
    if server.oauth_account is None:
        raise NotConnectedError
    server.oauth_account.refresh_from_db()
    if server.lacks_permission:
        raise NotConnectedError
    return AccessToken(server.username, fresh_token(server.oauth_account).access_token)


def _has_other_token(server: IncomingServer, credentials: Credentials | None) -> bool:
    """Whether the provider gives another token than the one refused: it may have been taken back early."""
    if not isinstance(credentials, AccessToken) or server.oauth_account is None:
        return False
    try:
        return renew_refused(server.oauth_account.pk, credentials.token)
    except PostroomError as error:
        raise MailboxError(Step.LOGIN, error.message) from error
