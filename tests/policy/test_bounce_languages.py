"""Is it understood in other languages, and by rarer words and codes, whether an address is dead?"""

import pytest

from postroom.policy.bounce.diagnosis import Told, diagnose
from postroom.policy.bounce.reason import Reason

MISSING = """
Die E-Mail-Adresse, die Sie eingegeben haben, konnte nicht gefunden werden.
550 Empfänger nicht bekannt
550 Benutzer nicht vorhanden
L'adresse e-mail que vous avez entrée est introuvable.
No se encontró la dirección de correo electrónico que ha especificado.
El usuario no existe
Impossibile trovare l'indirizzo di posta elettronica immesso.
Utente non trovato
O endereço de email digitado não foi encontrado.
Het e-mailadres dat u hebt ingevoerd, is niet gevonden.
550 Nie ma takiego konta
550 Konto nie istnieje
550 5.1.1 Uživatel neexistuje
550 Nincs ilyen felhasználó
A címzett nem található
550 Kullan\u0131c\u0131 bulunamad\u0131
550 Utilizatorul nu există
550 Modtageren findes ikke
550 Mottagaren finns inte
550 Mottakeren finnes ikke
550 Vastaanottajaa ei löydy
Получатель не найден
Користувача не знайдено
Παραλήπτης δεν βρέθηκε
550 宛先のメールアドレスが存在しません
550 존재하지 않는 사용자입니다
550 收件人不存在
找不到收件者
"""
FULL = """
Das Postfach des Empfängers ist voll.
La boîte aux lettres du destinataire est pleine
El buzón del destinatario está lleno
La cassetta postale del destinatario è piena
A caixa de correio do destinatário está cheia
Het postvak van de geadresseerde is vol
552 Skrzynka odbiorcy jest pełna
552 Schránka je plná
552 A postafiók megtelt
552 Posta kutusu dolu
552 Postkassen er fuld
552 Brevlådan är full
552 Postkassen er full
Postilaatikko on täynnä
Почтовый ящик переполнен
550 Скринька переповнена
552 メールボックスの容量が超過しています
552 메일박스 용량 초과
552 邮箱已满
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("words", lines(MISSING))
def test_that_a_mailbox_is_missing_is_hard(words: str) -> None:
    assert diagnose(words, Told(action="failed", is_permanent=True)).is_hard is True


@pytest.mark.parametrize("words", lines(FULL))
def test_that_a_mailbox_is_full_is_not(words: str) -> None:
    found = diagnose(words, Told(action="failed", is_permanent=True))
    assert (found.reason, found.is_hard) == (Reason.MAILBOX_FULL, False)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("554 DT:SPM 163 smtp10,PygvCgD3abc", Reason.SPAM_DETECTED),
        ("550 MI:SPF mx24,abc", Reason.AUTH_FAILURE),
        ("554 HL:IPB 192.0.2.1", Reason.BLOCKED),
        ("450 RP:TRC 192.0.2.1", Reason.RATE_LIMITED),
        ("550 cuda_nsu joe@customer.example", Reason.USER_UNKNOWN),
        ("550 Not our Customer", Reason.USER_UNKNOWN),
        ("550 5.7.27 Sender address has null MX", Reason.REJECTED),
        ("550 5.7.27 Refused", Reason.REJECTED),  # RFC 7505 §4.2
        ("550 Rejected by header based manually Blocked Senders: mary@company-name.com", Reason.REJECTED),
        (
            "450 4.1.1 <joe@customer.example>: Recipient address rejected: unverified address: timed out",
            Reason.NETWORK_ERROR,
        ),
        ("Name service error for name=customer.example type=A: Host not found, try again", Reason.NETWORK_ERROR),
        ("lowest numbered MX record points to local host", Reason.NETWORK_ERROR),
        ("550 5.3.190 Journaling messages to this service isn't supported", Reason.SYSTEM_ERROR),
        ("550 5.0.350 Remote server returned an error -> 550 Blocked", Reason.BLOCKED),
        ("550 The user joe has blocked you", Reason.FILTERED),
    ],
)
def test_a_rare_reply_gives_its_reason(reply: str, reason: Reason) -> None:
    found = diagnose(reply, Told(action="failed"))
    assert found.reason is reason
    assert found.is_hard is (reason is Reason.USER_UNKNOWN)
