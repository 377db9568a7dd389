"""Is HTML read as text the way a browser shows it, and never slowly?"""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.rfc.html import MAX_ELEMENTS, parse_html
from postroom.rfc.html_text import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a <b>b</b>  c\n d", "a b c d"),
        ("<p>a</p><p>b<br>c</p>", "a\n\nb\nc"),
        ("<p>a<p>b", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
        ("<pre>a\n  b</pre>c", "a\n  b\n\nc"),
        ("a&nbsp;&amp;&lt;&eacute;&#x263a;", "a &<é☺"),
        ("&#99999999999;", "\ufffd"),
        ("<style>p {}</style><script>a < b</script><title>t</title>a", "a"),
        ("<STYLE>p {}</Style >a", "a"),
        ("<html><head><title>t</title><body><p>a</p>", "a"),
        ("<head>\n<meta x><style>p {}</style> a", "a"),
        ("a<!-- > -->b<!-- never closed>c", "abc"),
        ("<![if !mso]>a<![endif]><!--[if mso]>b<![endif]--><?xml x?>", "a"),
        ("<div style='display: none'>a</div><span hidden>b</span>c", "c"),
        ("a < b <3 </ >", "a < b <3 </ >"),
        ("<a title='a > b'>c</a>", "c"),
        ('<a title="never closed>b</a>', "b"),
        ("<b>a<p>b</b>c</p>", "a\n\nbc"),
        ("<table><tr><td><div>a</div></div>b</td></tr></table>", "a\nb"),
        ("<textarea>a<b>", "a"),
        ("</p></div>a", "a"),
        ("", ""),
    ],
)
def test_shows_what_a_browser_shows(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_attributes_are_read_however_they_are_written() -> None:
    html = """<A HREF = "x&amp;y" class=big id='z' DISABLED class=small/>"""
    (element,) = [element for element in parse_html(html).walk() if element.name]
    assert element.attributes == {"href": "x&y", "class": "big", "id": "z", "disabled": ""}


PIECES = [
    "<div>", "<!--", "<", "<a", '<a b="', "<a b='", "&", "&#9", "<script>", "<table><tr><td>", "<?", "<p><b id=1>",
    "</b>", "<pre>", "<td>", " ", "<a x ", "x =", "</div>", "-->", "\n", "<textarea>", "<a =", ">", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_a_hundred_kilobytes_of_anything_are_read_in_a_moment(piece: str) -> None:
    started = process_time()
    html_to_text("<div>" + piece * (100_000 // len(piece)))
    assert process_time() - started < 3  # quadratic would take many times as long


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=40).map("".join))
def test_reads_anything(html: str) -> None:
    assert isinstance(html_to_text(html), str)


def test_the_number_of_elements_is_bounded() -> None:
    assert sum(1 for _ in parse_html("<b>" * (MAX_ELEMENTS + 9)).walk()) == MAX_ELEMENTS + 1
