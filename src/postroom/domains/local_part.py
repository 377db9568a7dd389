"""How the name of an alias is written: accents removed, lower case, allowed characters only (requirement B4)."""

import re
import unicodedata

from postroom.errors import PostroomError

MAX_OCTETS = 64  # RFC 5321 §4.5.3.1.1
_NOT_ALLOWED = re.compile(r"[^a-z0-9!#$%&'*+/=?^_`{|}~.-]+")


class LocalPartError(PostroomError):
    """Nothing of this name can stand before the @; use letters, digits, dots and hyphens."""

    code = "invalid_local_part"


def sanitise_local_part(text: str) -> str:
    """The local part that `text` stands for: "Échéances Été" is echeances-ete. LocalPartError when none is left."""
    plain = unicodedata.normalize("NFKD", text.strip().casefold()).encode("ascii", "ignore").decode("ascii")
    local_part = _NOT_ALLOWED.sub("-", plain)
    local_part = re.sub(r"\.{2,}", ".", local_part).strip(".-")
    if not local_part:
        raise LocalPartError(f"“{text}” cannot be the part before the @; use letters, digits, dots and hyphens.")
    if len(local_part) > MAX_OCTETS:
        raise LocalPartError(f"“{text}” is longer than {MAX_OCTETS} characters; shorten it.")
    return local_part
