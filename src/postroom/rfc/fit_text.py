"""How is text from outside made fit for a database, a log and a screen?"""

import re

# Line ends and tabs stay; NUL and half a surrogate pair break PostgreSQL, other controls a terminal.
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def make_fit(text: str) -> str:
    """The text with a blank for each character that no database or screen should get; CRLF becomes LF."""
    return _UNFIT.sub(" ", text.replace("\r\n", "\n"))
