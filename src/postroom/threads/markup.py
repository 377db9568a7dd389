"""Which part of foreign HTML may be shown on our pages, or sent on to others, in our name?"""

import nh3

# The words and their order; what a page may not do (its policy forbids styles and pictures from elsewhere) is left out.
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "ins", "li", "ol", "p", "pre", "q", "s", "small", "span", "strong", "sub", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto", "tel"}
# Not only the tags: what stands in them is no text.
_DROPPED = {"script", "style", "title", "template", "noscript", "textarea", "select", "object", "svg", "math"}
_SPANS = {"colspan", "rowspan"}
# What mail programs write in `style`. Nothing that moves, hides or loads: a reader must see what the writer sent.
_STYLES = {
    "background-color", "border", "border-collapse", "border-left", "color", "font-family", "font-size", "font-style",
    "font-weight", "height", "line-height", "margin", "margin-left", "padding", "padding-left", "text-align",
    "text-decoration", "vertical-align", "white-space", "width",
}  # fmt: skip

_FOR_PAGES = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_DROPPED,
    attributes={"a": {"href"}, "td": _SPANS, "th": _SPANS, "*": {"dir", "lang"}},
    url_schemes=_SCHEMES,
    link_rel="noopener noreferrer nofollow",
)
_FOR_MAIL = nh3.Cleaner(
    tags=_TAGS | {"img", "font", "center"},
    clean_content_tags=_DROPPED,
    attributes={
        "a": {"href"},
        "img": {"src", "alt", "width", "height"},
        "font": {"color", "face", "size"},
        "table": {"border", "cellpadding", "cellspacing", "width"},
        "td": {*_SPANS, "width", "align", "valign", "bgcolor"},
        "th": {*_SPANS, "width", "align", "valign", "bgcolor"},
        "*": {"dir", "lang", "style"},
    },
    filter_style_properties=_STYLES,
    url_schemes=_SCHEMES | {"cid"},
    link_rel=None,
)


def clean_for_page(html: str) -> str:
    """The words of a post as a fragment that a page may hold: formatting and links, nothing that runs or loads."""
    return _FOR_PAGES.clean(html)


def clean_for_mail(html: str) -> str:
    """A post's HTML as mail of ours may carry it: also with its colours and pictures, and every tag closed.

    What is left open or commented out would swallow what stands below it, such as the link to unfollow.
    """
    return _FOR_MAIL.clean(html)
