"""How is a list of wordings written down so that people can read it, and compared with a text in one step?

A line is one wording, a regular expression in lower case with three liberties: `<name>` stands for one of a class of
words below, ` ... ` for up to six words in between, and brackets only group. From one place of a text nothing in it
takes more than a few hundred steps.
"""

import re

_BETWEEN = r"(?: \S{1,60}){0,6}? "
_CLASSES = {
    "user": (
        "user|recipient|mail ?box|e-?mail ?box|address|account|addressee|alias|person|userid|username|login|customer"
        "|e-?mail|local[ -]?part|member|subscriber|spectator|id"
    ),
    "missing": (
        "unknown|non-?existent|invalid|unavailable|unavaiable|wrong|do(?:es|s|se)? ?(?:n['o]?t|'nt) exist"
        "|did ?n[o']t match|is ?n[o']t valid"
        r"|not (?:be )?(?:found|known|exist\w*|valid|recogni[sz]ed|listed|local|here|present|ok|hosted|registered)"
        "|not (?:deliverable|our customer)|not (?:a|an) (?:known|valid|active|registered)"
        "|no longer (?:valid|exists?|available|active|in use)|(?:was|could) ?n[o']t (?:be )?found"
    ),
    "wrong": ("unknown|no such|invalid|bad|non-?existent|incorrect|unrecogni[sz]ed|unregistered|illegal|wrong"),
    "box": (
        "mail ?box|in-?box|mail ?folder|maildrop|mail ?directory|mail ?file|mail ?spool|account|postfach|user|recipient"
    ),
    "closed": "disabled|suspended|de-?activated|inactive|locked|frozen|terminated|closed|discontinued|archived",
    "be": "is|are|was|were|be|been|being|has been|have been|is being",
    "host": "host|domain|host/domain|host name|domain name|destination domain|remote domain|mail domain",
    "ip": "ip|ip address|ips|ip addresses",
    "list": "(?:black|block|deny|bad)[ -]?list(?:ed|s)?",
    "refused": "rejected|refused|blocked|banned|denied",
    "message": "message|mail|e-?mail|attachment|attachments|size",
    "large": "large|big|long",
}


def compile_phrases(lines: str) -> re.Pattern[str]:
    """A pattern that finds any of the wordings; empty lines do not count."""
    wordings = (line.strip() for line in lines.strip().splitlines() if line.strip())
    return re.compile("|".join(_expand(wording) for wording in wordings))


def _expand(wording: str) -> str:
    grouped = re.sub(r"(?<!\\)\((?!\?)", "(?:", wording).replace(" ... ", _BETWEEN)
    return re.sub(r"<([a-z]+)>", lambda match: f"(?<![a-z])(?:{_CLASSES[match[1]]})", grouped)
