"""What may be kept of a server's words? Not the secrets it was told: servers echo commands that they do not like."""

from itertools import groupby

from postroom.rfc.reply import Reply

HIDDEN = "(hidden)"
# Echoes are cut short or wrapped: so many characters in a row that are in a secret too are taken for a piece of it.
PIECE = 8


class Redactor:
    """Hides the secrets it has learned, and pieces of them."""

    __slots__ = ("_secrets",)

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def learn(self, *secrets: str) -> None:
        self._secrets.update(filter(None, secrets))

    def text(self, text: str) -> str:
        if not self._secrets:
            return text
        for secret in self._secrets:
            if len(secret) < PIECE:
                text = text.replace(secret, HIDDEN)
        return self._without_pieces(text)

    def reply(self, reply: Reply) -> Reply:
        return Reply(reply.code, tuple(map(self.text, reply.lines)))

    def _without_pieces(self, text: str) -> str:
        secret_at = set[int]()
        for start in range(len(text) - PIECE + 1):
            if any(text[start : start + PIECE] in secret for secret in self._secrets):
                secret_at.update(range(start, start + PIECE))
        runs = groupby(range(len(text)), key=secret_at.__contains__)
        return "".join(HIDDEN if is_secret else "".join(text[at] for at in run) for is_secret, run in runs)
