"""How does the submission server answer: who may hand in mail here, and what has become of it?"""

from functools import partial

import structlog
from django.db import InterfaceError, OperationalError

from postroom.database_threads import DatabaseThreads
from postroom.errors import AddressError, PostroomError
from postroom.rfc.address import parse_mailbox
from postroom.smtp.reception import Conversation, Peer, ReceivedMail
from postroom.submission import replies
from postroom.submission.accept import Account, accept, find_account

log = structlog.get_logger()

MAX_WRONG_KEYS = 3
DATABASE_AWAY = (OperationalError, InterfaceError)


class SubmissionConversation(Conversation):
    """One connection to the submission server."""

    needs_auth = True

    def __init__(self, peer: Peer, *, threads: DatabaseThreads) -> None:
        super().__init__(peer)
        self._threads = threads
        self._account: Account | None = None
        self._wrong_keys = 0

    def offers_auth(self) -> bool:
        """A key in clear may only cross the machine itself."""
        return self.peer.tls is not None or self.peer.is_loopback

    async def authenticate(self, user: str, password: str) -> str:
        """The password is an API key; the user name is free, for clients that insist on one."""
        try:
            self._account = await self._threads.run(partial(find_account, password))
        except DATABASE_AWAY as error:
            return _unavailable(error, replies.CANNOT_CHECK_KEY)
        if self._account is not None:
            return f"235 2.7.0 Workspace {self._account.workspace}"
        self._wrong_keys += 1
        log.warning("submission.key_refused", peer=self.peer.address, wrong_keys=self._wrong_keys)
        return replies.WRONG_KEY if self._wrong_keys < MAX_WRONG_KEYS else replies.TOO_MANY_WRONG_KEYS

    async def recipient(self, address: str) -> str:
        try:
            parse_mailbox(address)
        except AddressError as refusal:
            return replies.reply_to(refusal)
        return "250 2.1.5 OK"

    async def deliver(self, mail: ReceivedMail) -> str:
        assert self._account is not None, "AUTH comes before MAIL"  # noqa: S101
        try:
            message = await self._threads.run(partial(accept, self._account, mail))
        except PostroomError as refusal:
            reply = replies.reply_to(refusal)
            log.info("submission.refused", workspace=self._account.workspace, reply=reply)
            return reply
        except DATABASE_AWAY as error:
            return _unavailable(error, replies.UNAVAILABLE)
        log.info("submission.accepted", workspace=self._account.workspace, message=str(message))
        return f"250 2.0.0 Accepted as {message}"


def _unavailable(error: Exception, reply: str) -> str:
    log.warning("submission.unavailable", error=str(error).strip())
    return reply
