"""How is it noticed that a mail is opened, and was it a machine that opened it?

By an image that belongs to one message: a mail program that loads it has shown the message. That proves less than it
seems. Some providers load every image in advance; scanners do so within seconds of the mail's arrival; many people's
programs load none at all.
"""

import re
from datetime import timedelta
from enum import StrEnum

SCANNED_WITHIN = timedelta(seconds=5)  # nobody reads so soon
# Apple's Mail Privacy Protection calls itself this and no more; Gmail's and Yahoo's proxies give their names.
_APPLE = "Mozilla/5.0"
_PROXIES = ("googleimageproxy", "yahoomailproxy")
_END_OF_BODY = re.compile(r"</body\s*>", re.IGNORECASE)


class Followed(StrEnum):
    """Of which mail a workspace wants to know whether it is opened."""

    NONE = "none"
    MASS = "mass"
    ALL = "all"


def follows(wish: str, *, is_mass: bool) -> bool:
    return wish == Followed.ALL or (wish == Followed.MASS and is_mass)


def add_image(html: str, address: str) -> str:
    """The HTML with an invisible image from `address` (of letters that need no escape) as the last thing in it."""
    image = f'<img src="{address}" width="1" height="1" alt="">'
    ends = list(_END_OF_BODY.finditer(html))
    end = ends[-1].start() if ends else len(html)
    return html[:end] + image + html[end:]


def may_be_machine(user_agent: str, *, after: timedelta) -> bool:
    """Whether what loaded the image `after` the mail had left may not have been a person's mail program.

    A browser or mail program tells in brackets what it runs on; most other programs do not.
    """
    name = user_agent.strip()
    is_proxy = name == _APPLE or any(word in name.lower() for word in _PROXIES)
    return is_proxy or "(" not in name or after < SCANNED_WITHIN
