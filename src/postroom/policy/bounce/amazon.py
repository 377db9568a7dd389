"""What does a notification of Amazon SES say that came by mail, through SNS?

The JSON of "Amazon SNS notification contents for Amazon SES"; as mail its long lines are broken by "!" and a blank.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from postroom.rfc.dsn import read_typed_address
from postroom.rfc.fit_text import make_fit

MAX_JSON = 512 * 1024

_BROKEN_LINE = re.compile(r"!\n ")
_LISTS = {
    "bounce": ("bounce", "bouncedRecipients"),
    "complaint": ("complaint", "complainedRecipients"),
    "delivery": ("delivery", "recipients"),
    "deliverydelay": ("deliveryDelay", "delayedRecipients"),
}


@dataclass(frozen=True, slots=True)
class AmazonRecipient:
    """One recipient; `category` is the bounceSubType (General, MailboxFull, Suppressed …), "" when none."""

    address: str
    status: str | None
    action: str | None
    diagnostic: str
    category: str


@dataclass(frozen=True, slots=True)
class AmazonNotification:
    """`type` is bounce, complaint, delivery or deliverydelay; `is_permanent` None where the notification is silent."""

    type: str
    is_permanent: bool | None
    recipients: tuple[AmazonRecipient, ...]
    message_id: str | None


def read_amazon_notification(text: str) -> AmazonNotification | None:
    """The notification in the text of a mail; None when it is none."""
    start = text.find("{")
    if start < 0 or text[:start].strip() or ("notificationType" not in text and "eventType" not in text):
        return None
    payload = _load(_BROKEN_LINE.sub("", text.replace("\r\n", "\n"))[:MAX_JSON])
    if isinstance(payload.get("Message"), str):
        payload = _load(payload["Message"])
    kind = str(payload.get("notificationType") or payload.get("eventType") or "").lower()
    if kind not in _LISTS:
        return None
    member, names = _LISTS[kind]
    report = _mapping(payload.get(member))
    entries = report.get(names)
    return AmazonNotification(
        type=kind,
        is_permanent={"Permanent": True, "Transient": False}.get(str(report.get("bounceType"))),
        recipients=tuple(
            recipient
            for entry in (entries if isinstance(entries, list) else [])
            if (recipient := _read_recipient(entry, report)) is not None
        ),
        message_id=_find_message_id(_mapping(payload.get("mail"))),
    )


def _load(text: str) -> Mapping[str, Any]:
    try:
        return _mapping(json.JSONDecoder().raw_decode(text.lstrip())[0])
    except (ValueError, RecursionError):
        return {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _read_recipient(entry: object, report: Mapping[str, Any]) -> AmazonRecipient | None:
    fields = {"emailAddress": entry} if isinstance(entry, str) else _mapping(entry)
    address = read_typed_address(str(fields.get("emailAddress")))
    if address is None:
        return None
    diagnostic = str(fields.get("diagnosticCode") or report.get("smtpResponse") or "")
    return AmazonRecipient(
        address=address,
        status=_text_or_none(fields.get("status")),
        action=_text_or_none(fields.get("action")),
        diagnostic=make_fit(re.sub(r"^\s*smtp;\s*", "", diagnostic, flags=re.IGNORECASE)),
        category=str(report.get("bounceSubType") or ""),
    )


def _text_or_none(value: object) -> str | None:
    return make_fit(value) if isinstance(value, str) and value else None


def _find_message_id(mail: Mapping[str, Any]) -> str | None:
    """The author's Message-ID, from the headers that the notification repeats."""
    headers = mail.get("headers")
    for header in headers if isinstance(headers, list) else []:
        fields = _mapping(header)
        if str(fields.get("name")).lower() == "message-id" and fields.get("value"):
            return make_fit(str(fields["value"]))
    return None
