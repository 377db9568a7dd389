"""What does a mail program's own HTML say of its parts: quoted, introducing a quotation, a signature, the end?"""

import re

from postroom.policy.visible_text.line import ATTRIBUTION, CUT, GMAIL, QUOTE, SIGNATURE
from postroom.rfc.html import Element

# Outlook on the web puts "x_" before the names in what it shows, Gmail "m_" and a number, once for each time.
_PREFIX = re.compile(r"^(?:x_|m_-?\d+_?|yiv\d+_?|ydp[0-9a-f]+)+", re.IGNORECASE)

_MARKS = {
    QUOTE: """
        olk_src_body_section yahoo_quoted protonmail_quote tutanota_quote zmail_extra blockquote_zmail mail_quote
        mailru-blockquote ntes-mailmaster-quote alimail-quote nylas-quote front-blockquote missive_quote quote
        sh-quoted-content quoted-text gl_quote freshdesk_quote moz-email-headers-table isforwardcontent isreplycontent
        origbody mail_android_quote mail-quote-collapse orimsghtmlseparator __quoted_text__ replied-message
        messagereplysection quotedmessage reply_quote original-message
    """,
    ATTRIBUTION: """
        moz-cite-prefix gmail_attr reply-intro replyheader quoteheader moz-forward-container
    """,
    SIGNATURE: """
        gmail_signature moz-signature acompli_signature signature applemailsignature ymail_android_signature
        mobile_signature ms-outlook-mobile-signature protonmail_signature_block linebreakatbeginningofsignature
        zm_signature __sig_pre__ ms-outlook-ios-signature iosymail mail-signature gmail_signature_prefix
    """,
    GMAIL: "gmail_quote gmail_quote_container",
    CUT: """
        divrplyfwdmsg appendonsend zwchr __divider__ outlookmessageheader ms-outlook-mobile-body-separator-line
        mail-editor-reference-message-container stopspelling reply-above-line
    """,
}
_MARK_OF = {name: mark for mark, names in _MARKS.items() for name in names.split()}


def mark_of(element: Element) -> str:
    """QUOTE, ATTRIBUTION, GMAIL, SIGNATURE, CUT (nothing after it is the author's) or ""."""
    if element.name == "blockquote":
        return QUOTE
    if not element.attributes or element.name in ("a", "img", "body", "html"):
        return ""
    for name in _names(element):
        mark = _MARK_OF.get(name)
        if mark:
            return mark
    return ""


def _names(element: Element) -> list[str]:
    attributes = element.attributes
    words = attributes.get("class", "").split()[:20]
    named = [attributes[key] for key in ("id", "name", "data-marker", "data-smartmail") if key in attributes]
    return [_PREFIX.sub("", word).lower() for word in (*named, *words)]
