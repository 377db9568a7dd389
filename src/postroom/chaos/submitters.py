"""Who hands in mail while the servers that take it are killed, and remembers what was promised?"""

import http.client
import json
import smtplib
import threading
import time
from contextlib import suppress
from itertools import count
from uuid import uuid4

from postroom.bench.content import HTML, TEXT
from postroom.chaos.fill import domain_of

AUTHOR = f"mary@{domain_of(0)}"
TIMEOUT_SECONDS = 10
PAUSE_SECONDS = 0.1  # while nobody listens
BREATH_SECONDS = 0.005  # there is more to do for this machine than to take mail


class Submitters:
    """Threads that hand in one message after the other until `stop`; `promised` were answered with 202 or 250.

    By HTTP each message is tried with its Idempotency-Key until it is answered. By SMTP one whose answer did not come
    is left alone: it may be queued or not.
    """

    def __init__(self, key: str, http_port: int, smtp_port: int) -> None:
        self.promised: set[str] = set()
        self.doubtful: set[str] = set()
        self._key = key
        self._http_port = http_port
        self._smtp_port = smtp_port
        self._numbers = count()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=run) for run in (self._post, self._post, self._mail, self._mail)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Return when each has got its last answer, or has given up waiting for it."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _post(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._http_port, timeout=TIMEOUT_SECONDS)
        while not self._stopping.is_set():
            recipient, key = self._recipient(), str(uuid4())
            self.doubtful.add(recipient)
            while not self._stopping.is_set():
                if self._is_accepted(connection, recipient, key):
                    self._note_promise(recipient)
                    break
                connection.close()
                time.sleep(PAUSE_SECONDS)

    def _is_accepted(self, connection: http.client.HTTPConnection, recipient: str, key: str) -> bool:
        message = {"from": AUTHOR, "to": [recipient], "subject": "Quotation", "text": TEXT, "html": HTML}
        head = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json", "Idempotency-Key": key}
        with suppress(OSError, http.client.HTTPException):
            connection.request("POST", "/api/v1/messages", json.dumps(message), head)
            answer = connection.getresponse()
            answer.read()
            return answer.status == http.client.ACCEPTED
        return False

    def _mail(self) -> None:
        while not self._stopping.is_set():
            with suppress(OSError, smtplib.SMTPException), self._connect() as connection:
                connection.login("chaos", self._key)
                self._mail_over(connection)
            time.sleep(PAUSE_SECONDS)

    def _connect(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self._smtp_port, timeout=TIMEOUT_SECONDS)

    def _mail_over(self, connection: smtplib.SMTP) -> None:
        while not self._stopping.is_set():
            recipient = self._recipient()
            head = f"From: {AUTHOR}\r\nTo: {recipient}\r\nSubject: Quotation\r\nMessage-ID: <{uuid4()}@example.com>\r\n"
            self.doubtful.add(recipient)
            connection.sendmail(AUTHOR, [recipient], f"{head}\r\n{TEXT}")
            self._note_promise(recipient)

    def _recipient(self) -> str:
        return f"customer{next(self._numbers)}@customer.example.com"

    def _note_promise(self, recipient: str) -> None:
        self.promised.add(recipient)
        self.doubtful.discard(recipient)
        time.sleep(BREATH_SECONDS)
