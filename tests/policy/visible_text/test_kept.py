"""Are the author's words kept, however like a quotation or a signature they look?"""

import pytest

from postroom.policy.visible_text import visible_text, visible_text_of_html, visible_text_of_message

ATTRIBUTION = "On 03/05/2016 17:21, Mary wrote:"


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "He wrote:\n\nfine by me",
        "As I wrote on Monday: the price is 5 EUR.\n\nIs that clear?",
        "On Monday at 10:30 we meet.\nBring 2016.pdf\n\nThanks",
        "Call me at 17:21, or write to mary@example.com:\n\n+49 30 1234",
        "In 2016 we replied as follows:\n\nNo.",
        "At the meeting on 3 May 2016 John said:\n\nNo.",
        "On 3 May 2016 John wrote:\n\nNo.",
        "A reply was sent on 3 May 2016 at 17:21:\n\nNo.",
        "Das Paket habe ich\n\ngestern gesendet",
        "Yes.\n\nSent by courier yesterday",
        "네.\n\n내일 봐요",
        "The journey:\n\nFrom: Berlin\nTo: Lisbon\nDate: 3 May 2016\n\nSee you",
        "The flight is\nFrom: Berlin\nTo: Lisbon\n\nSee you",
        "Note: one\nSubject: two",
        "One\n\n---\n\nTwo",
        "One\n\n***\n\nTwo\n***\nThree",
        "One\n\n-----Read this-----\n\nTwo",
        "Sent from my desk, not from the train.",
        "I was sent from a colleague\nto you.",
        "Regards,\nMary",
        "Thanks!\n- Mary",
        "| a | b |\n| 1 | 2 |",
        "x > 3 and\ny < 4",
        "One\n>>> 1 + 1\n2\nTwo",
        "> Shall we?\n\nYes.\n\n> When?\n\nOn Friday.",
        f"{ATTRIBUTION}\n> Shall we?\n\nYes.",
        "> Shall we?",
        "> From: a@example.com\n> To: b@example.com",
        "From: a@example.com\nSent: Monday\nTo: b@example.com\nSubject: x\n\nWords",
        "On 3 May 2016 I wrote to bob@example.com, and\n\non 4 May he answered.",
        "Hello John,\n\nTuesday, May 3, 2016, 5:21:00 PM, you wrote:\n\nMS> Shall we?\n\nYes.\n\nMS> When?\n\nNow.",
        "Hi,\n\nOn Sun, 01 May 2016 00:05:03 MDT Mary <mary@example.com> wrote:\n[...]\n> Shall we?\n\nYes.\n\nNow?",
        "I ran this:\n\nSQL> select 1;\nSQL> quit;",
    ],
)
def test_keeps_all_of_it(text: str) -> None:
    assert visible_text(text) == text


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Yes.\n\n-- \nMary\nSales", "Yes."),
        ("Yes.\n\n--\nMary", "Yes."),
        ("Yes.\n\n\u2014\nReply to this email directly", "Yes."),
        ("Yes.\n\nMary\n\n-- \nSales\n\n" + ATTRIBUTION + "\n> Shall we?", "Yes.\n\nMary"),
        (f"Yes.\n\n{ATTRIBUTION}\n> Shall we?\n\n-- \nMary", "Yes."),
        (f"Yes.\n\n{ATTRIBUTION}\n\n> Shall we?\n\nBye,\nMary", "Yes.\n\nBye,\nMary"),
        ("Yes.\n\n> Shall we?\n> Mary", "Yes."),
        ("Yes.\n\n> Shall we meet next week at ten o'clock in the\nmorning\n> or later?", "Yes."),
        ("-- \nMary", "--\nMary"),
        ("> Shall we?\n\nYes.\n\n> Mary\n", "> Shall we?\n\nYes."),
        ("> Shall we?\n\nYes.\n\n-- \nJohn", "> Shall we?\n\nYes."),
        ("Yes.\n____________________\nlist mailing list\nlist@example.com", "Yes."),
        ("Yes.\n\nOn 3 May 2016, at 17:21, Mary <mary@example.com\n> wrote:\n\n> Shall we?", "Yes."),
        ("Yes.\n\nAm 03.05.2016 17:21 schrieb Mary <mary@example.com\n>:\n\n> Shall we?", "Yes."),
        ("Yes.\r\n\r\n> Shall we?\r\n", "Yes."),
        ("Yes.\n\uff1e Shall we?", "Yes."),
        (
            "I look forward\nto :-)\n\n-----Original Message-----\nFrom: Mary\nTo: me\nSubject: x",
            "I look forward\nto :-)",
        ),
        ("Yes.\n\nQuoting Mary <mary@example.com>:\n\n> Shall we?", "Yes."),
        ("Yes.\n\n------------------ Original ------------------\nShall we?", "Yes."),
    ],
)
def test_leaves_out_what_is_not_the_authors(text: str, own: str) -> None:
    assert visible_text(text) == own


CLIENTS = {
    "Gmail": (
        "<div dir=ltr>Yes.</div><br><div class=gmail_quote><div class=gmail_attr>On 3 May 2016 Mary"
        " wrote:<br></div> <blockquote class=gmail_quote>Shall we?</blockquote></div>"
    ),
    "Gmail, forwarded": ("<div>Yes.</div><div class=gmail_quote>---------- Forwarded message ---------<br>Mary</div>"),
    "Gmail, shown by Gmail": (
        "<div>Yes.</div><div class='m_-123gmail_quote'>3 May:<blockquote>Mary</blockquote></div>"
    ),
    "Outlook": (
        "<div class=WordSection1><p class=MsoNormal>Yes.<o:p></o:p></p><div><div"
        " style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>From:</b> Mary &lt;mary@example.com&gt;"
        " <br><b>Sent:</b> Tuesday<br><b>To:</b> John<br> <b>Subject:</b> x</p></div></div><p>Shall"
        " we?</p></div>"
    ),
    "Outlook on the web": (
        "<div>Yes.</div><div id=appendonsend></div><hr><div id=divRplyFwdMsg><b>De :</b> Mary</div> Shall we?"
    ),
    "Outlook, shown by Outlook": ("<div>Yes.</div><div id=x_divRplyFwdMsg>Mary</div><div>Shall we?</div>"),
    "Outlook for Mac": ("<div>Yes.</div><span id=OLK_SRC_BODY_SECTION><div>Shall we?</div></span>"),
    "Apple Mail": (
        "Yes.<div><br><blockquote type=cite><div>On 3 May 2016, at 17:21, Mary wrote:</div>Shall we?</blockquote>"
    ),
    "Thunderbird": (
        "<p>Yes.</p><div class=moz-cite-prefix>Am 03.05.16 um 17:21 schrieb Mary:<br></div> <blockquote"
        " type=cite>Shall we?</blockquote><pre class=moz-signature>-- \nJohn</pre>"
    ),
    "Yahoo": (
        "<div>Yes.</div><div id='ydp12abyahoo_quoted_1' class='yahoo_quoted'><div>On Tuesday, Mary"
        " wrote:</div>Shall we?"
    ),
    "Proton": (
        "Yes.<div class=protonmail_signature_block>Proton</div><div class=protonmail_quote>Mary: Shall we?</div>"
    ),
    "Zimbra": (
        "<div>Yes.<hr id=zwchr data-marker=__DIVIDER__><div data-marker=__HEADERS__><b>From:"
        " </b>Mary</div>Shall we?</div>"
    ),
    "Lotus Notes": ("<p>Yes.<p>----- Forwarded by Mary/Company on 03.05.2016 -----<p>Shall we?"),
    "Roundcube": (
        "<p>Yes.</p><p id=reply-intro>Mary:</p><blockquote>Shall we?</blockquote><div id=signature>-- <br> John</div>"
    ),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_knows_the_markup_of_mail_programs(client: str) -> None:
    assert visible_text_of_html(CLIENTS[client]) == "Yes."


def test_words_between_the_quotations_of_gmail_are_kept() -> None:
    quotations = "3 May:<blockquote>Shall we?</blockquote><div>Yes.</div><blockquote>When?</blockquote>"
    text = visible_text_of_html(f"<div class=gmail_quote>{quotations}</div><div>On Friday.</div>")
    assert " ".join(text.split()) == "3 May: Shall we? Yes. When? On Friday."


def test_a_message_is_read_by_its_text_or_else_its_html() -> None:
    html = b"Content-Type: text/html\n\n<p>Yes.<blockquote>Shall we?</blockquote>"
    assert visible_text_of_message(html) == "Yes."
    flowed = (
        b"Content-Type: text/plain; format=flowed\n\nYes, \nplease.\n\nOn 3 May 2016 17:21, Mary \nwrote:\n> Shall we?"
    )
    assert visible_text_of_message(flowed) == "Yes, please."
