"""How does the capture server answer? It takes everything but what a recipient's address asks it to refuse."""

import asyncio

import structlog
from django.db import DatabaseError

from postroom.capture.models import CapturedMessage, Outcome
from postroom.capture.outcomes import Wish, combine, read_wish
from postroom.capture.store import Store
from postroom.smtp.reception import Conversation, Peer, ReceivedMail

log = structlog.get_logger()


class Sink(Conversation):
    """One connection to the capture server. AUTH is offered always, also in clear, and any credentials are right."""

    def __init__(self, peer: Peer, *, store: Store) -> None:
        super().__init__(peer)
        self._store = store
        self._login = ""

    def offers_auth(self) -> bool:
        return True

    async def authenticate(self, user: str, password: str) -> str:
        self._login = user.replace("\0", "")
        return "235 2.7.0 Any credentials do here"

    async def recipient(self, address: str) -> str:
        return read_wish(address).refused_at_rcpt or "250 2.1.5 OK"

    async def deliver(self, mail: ReceivedMail) -> str | None:
        wish = combine(map(read_wish, mail.recipients))
        message = self._compose(mail, wish)
        try:
            await self._store.add(message)
        except DatabaseError as error:
            log.warning("capture.failed", error=str(error).strip())
            return "451 4.3.0 The message could not be stored; try again later"
        await asyncio.sleep(wish.delay_seconds)
        return message.reply or None

    def _compose(self, mail: ReceivedMail, wish: Wish) -> CapturedMessage:
        reply = "" if wish.is_dropped else wish.refused_after_data or "250 2.0.0 Captured"
        return CapturedMessage(
            mail_from=mail.mail_from,
            recipients=list(mail.recipients),
            raw=mail.content,
            peer=mail.peer.address,
            tls=mail.peer.tls or "",
            login=self._login,
            outcome=_outcome(reply),
            reply=reply,
        )


def _outcome(reply: str) -> Outcome:
    if not reply:
        return Outcome.DROPPED
    return Outcome.ACCEPTED if reply.startswith("2") else Outcome.REFUSED
