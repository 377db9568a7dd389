"""How does mail that tells of something look: its words, and below them what the reader can do?

The marker is a last means to find the thread of an answer whose other signs were lost on the way (RFC 5322 asks nobody
to keep References).
"""

import re
from dataclasses import dataclass
from html import escape, unescape

from postroom.rfc.html_text import html_to_text

_MARKER = re.compile(r"\[\s*#\s*([0-9a-f]{21,36})\s*\]", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>|</html\s*>", re.IGNORECASE)
_STYLE = "margin-top:24px;padding-top:8px;border-top:1px solid #d0d0d0;color:#6b6b6b;font-size:12px"
_BUTTON = (
    "display:inline-block;padding:6px 12px;border-radius:4px;background:#714b67;color:#ffffff;text-decoration:none"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What stands below the words; "" leaves a line out. `view_url` is for users alone."""

    marker: str = ""
    told_why: str = ""
    view_url: str = ""
    view_label: str = "View"
    unfollow_url: str = ""
    unfollow_label: str = "Unfollow"


def lay_out(text: str, html: str, footer: Footer) -> tuple[str, str]:
    """Text and html of the mail; where one of `text` and `html` is empty it is made of the other."""
    words = text or html_to_text(html)
    markup = html or f'<div style="white-space:pre-wrap">{escape(text)}</div>'
    return f"{words.rstrip()}\n\n{_text_footer(footer)}\n", _append(markup, _html_footer(footer))


def find_markers(text: str) -> tuple[str, ...]:
    """What may be markers in the text of an answer, in order; html will do as well as text."""
    return tuple(dict.fromkeys(token.lower() for token in _MARKER.findall(unescape(text))))


def _text_footer(footer: Footer) -> str:
    lines = [
        f"{footer.view_label}: {footer.view_url}" if footer.view_url else "",
        footer.told_why,
        f"{footer.unfollow_label}: {footer.unfollow_url}" if footer.unfollow_url else "",
        f"[#{footer.marker}]" if footer.marker else "",
    ]
    return "\n".join(filter(None, lines))


def _html_footer(footer: Footer) -> str:
    button = f'<p><a href="{escape(footer.view_url)}" style="{_BUTTON}">{escape(footer.view_label)}</a></p>'
    unfollow = f' <a href="{escape(footer.unfollow_url)}" style="color:#6b6b6b">{escape(footer.unfollow_label)}</a>'
    marker = f' <span style="color:#b0b0b0;font-size:10px">[#{footer.marker}]</span>'
    return (
        f'<div style="{_STYLE}">{button if footer.view_url else ""}{escape(footer.told_why)}'
        f"{unfollow if footer.unfollow_url else ''}{marker if footer.marker else ''}</div>"
    )


def _append(markup: str, footer: str) -> str:
    """Inside of the document's body, where it is a document."""
    end = _BODY_END.search(markup)
    return f"{markup[: end.start()]}{footer}{markup[end.start() :]}" if end else markup + footer
