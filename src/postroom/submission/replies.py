"""What does a client hear when its mail or key is refused? (RFC 5321 §4.2.3, RFC 3463, RFC 6409)."""

from postroom.errors import PostroomError

UNAVAILABLE = "451 4.3.0 The database cannot be reached and nothing was stored; send it again later"
CANNOT_CHECK_KEY = "454 4.7.0 The database cannot be reached to check the key; try again later"
WRONG_KEY = "535 5.7.8 Not a valid API key; give one as the password, the user name is free"
TOO_MANY_WRONG_KEYS = "421 4.7.0 Too many wrong keys"

# code of the PostroomError (with its field where that matters): what the client hears before the error's own words.
REPLIES = {
    "invalid_address/from": "553 5.1.7",
    "invalid_address/sender": "553 5.1.7",
    "invalid_address": "553 5.1.3",
    "missing_from": "550 5.6.0",
    "repeated_from": "550 5.6.0",
    "invalid_header": "550 5.6.0",
    "invalid_content": "550 5.6.0",
    "invalid_direction": "550 5.6.0",
    "no_recipients": "554 5.5.1",
    "message_too_large": "552 5.3.4",
    "unknown_company": "550 5.7.1",
    "revoked_key": "550 5.7.1",
}
# Unclear means temporary: a refusal that nobody foresaw here may be ours to mend.
_UNFORESEEN = "451 4.3.0"


def reply_to(refusal: PostroomError) -> str:
    reply = REPLIES.get(f"{refusal.code}/{refusal.field}") or REPLIES.get(refusal.code, _UNFORESEEN)
    return f"{reply} {refusal.message}"
