"""What differs on a connection by which a mail server on the same network hands mail over for its users (RFC 2033)?"""

from postroom.smtp.server_session import ServerSession

_WRONG_PROTOCOL = "500 5.5.1 This is LMTP: introduce yourself with LHLO"


class LmtpSession(ServerSession):
    """LHLO instead of EHLO, and one reply a recipient after the message."""

    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802 – aiosmtpd finds commands by these names
        await super().smtp_EHLO(hostname)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        await self.push(_WRONG_PROTOCOL)

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802
        await self.push(_WRONG_PROTOCOL)

    def _replies_to_message(self) -> int:
        """RFC 2033 §4.2. What was stored was stored for all of them, so that each hears the same."""
        return len(self.envelope.rcpt_tos)
