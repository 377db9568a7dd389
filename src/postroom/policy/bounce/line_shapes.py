"""In which shapes of line do notices name a failed recipient?

Each pattern has the group `address` and, where words about it stand on the line, `words`; all are for whole lines.
"""

import re

ADDRESS = (
    r"""(?P<address>(?:"[^"\s@]{1,60}"|[^\s<>()\[\]"',;:@|\\]{1,200})"""
    r"""@(?:\[[\d.]{7,15}\]|[^\W_](?:[\w.-]{0,250}[^\W_])?))"""
)
# Tried in order.
LISTINGS = tuple(
    re.compile(pattern.replace("ADDRESS", ADDRESS), re.IGNORECASE)
    for pattern in (
        # qmail, Postfix, Yahoo, Courier, GMX
        r"""\s*[<"]ADDRESS[>"]\s*(?:\((?:expanded|generated)\sfrom:?\s[^)]{0,300}\))?:\s*(?P<words>.*)""",
        # Sendmail: 550 5.1.1 <user@example.com>... User unknown
        r"""(?P<words>(?:[245]\d\d[ -])?(?:[245]\.\d{1,3}\.\d{1,3}\s)?<?ADDRESS>?\.\.\..*)""",
        # McAfee, X1, PowerMTA, Zoho
        r"""\s*<ADDRESS>\s+\((?P<words>[^)]{3,})\)?\s*""",
        r"""\s*ADDRESS\s+\[(?P<words>[^\]]{3,})\]?\s*""",
        r"""\s*<ADDRESS>\s+(?P<words>delivery\sfailed.*)""",
        r"""\s*ADDRESS\s(?P<words>.{0,60}ERROR_CODE\s?:.*)""",
        r"""\s*\[Status:\s\w+,\sAddress:\s<ADDRESS>,(?P<words>.*)""",
        # SendGrid, Exchange 5.5, Office 365
        r"""\S{0,80}:\d*:<ADDRESS>\s:\s(?P<words>.*)""",
        r"""\s*(?:\S{0,200};smtp=)?ADDRESS\son\s(?:[A-Z][a-z]{2},?\s|\d).*""",
        r"""\s*(?:[^<@]{0,100}\()?ADDRESS\)?\s?<mailto:[^>]{1,300}>.*""",
        # OpenSMTPD, Exim with the words on the line, Gmail
        r"""\s{0,8}<?ADDRESS>?\s?:\s+(?P<words>\S.*)""",
        # Labels and IMail's "Unknown user: user@example.com"
        r"""\s*(?:-\s*)?(?:failed\s|final-|original-|intended\s)?(?:recipient(?:'s)?(?:\saddress)?|addressed\sto|rcpt\sto"""
        r"""|address|original\saddress|error-for)\s*:\s*(?:rfc822;\s*)?\[?(?:smtp:)?<?ADDRESS>?\]?\s*(?P<words>.*)""",
        r"""\s*(?P<words>[^\s:@<>][^:@<>]{5,80}):\s<?ADDRESS>?\.?\s*""",
        # fml
        r"""(?P<words>.{0,60}\b(?:this\smailing\slist|duplicated\smessage-id\sin)\s<ADDRESS>.*)""",
    )
)
# A line of its own that begins with an address and goes on with what is wrong with it.
TOLD = re.compile(
    rf"""\s*[<"]?{ADDRESS}[>"]?[\s,;-]+(?P<words>[^@]{{0,80}}\b(?:unknown|no\ssuch|full|quota|not\sfound|rejected|invalid
    |fail\w*|undeliver\w*|exceed\w*|disabled|refused|error)\b.*)""",
    re.VERBOSE | re.IGNORECASE,
)
# Exim: what stands before is an address that this one was expanded to, or no address at all.
GENERATED = re.compile(rf"\s+\(?generated\s(?:from|by)\s<?{ADDRESS}>?\)?\s*", re.IGNORECASE)
# An address and nothing else, but for a bullet, brackets or its other form.
BARE = re.compile(
    rf"""\s*(?:[*•·o–>-]{{1,4}}\s+|->\s*|\d{{1,3}}[.)]\s+)?[<"'\[]{{0,2}}(?:smtp:|mailto:)?{ADDRESS}[>"'\]]{{0,2}}[.:,;]?\s*
    (?:[<(][^<>()]{{1,200}}[>)]:?)?\s*""",
    re.VERBOSE | re.IGNORECASE,
)
# A RCPT command in a session, as Sendmail, InterScan and Postfix's postmaster notices show it.
DIALOG = re.compile(rf"\s*(?:[^<>]{{0,30}}\s)?(?:<<<|>>>|In:)\s*RCPT TO:\s?<?{ADDRESS}>?.*", re.IGNORECASE)


def match_listing(line: str) -> re.Match[str] | None:
    """The match of the first shape that the line has, other than a bare address."""
    return next((match for pattern in LISTINGS if (match := pattern.fullmatch(line))), None)
