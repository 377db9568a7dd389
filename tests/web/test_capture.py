"""Do the capture pages show what was captured, without letting it do anything?"""

import base64

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from postroom.capture import search
from postroom.capture.models import CapturedMessage
from postroom.capture.store import insert

SCRIPT = '<script>alert("1")</script>'
PICTURE = b"\x89PNG picture"
MAIL = (
    b"""\
From: "Mary" <mary@company-name.com>
To: customer@example.com
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

In plain text
--b
Content-Type: text/html

<p>In <b>HTML</b></p><img src="cid:logo@x"><img src="https://tracker.example/1.gif">
--b
Content-Type: image/png
Content-ID: <logo@x>
Content-Transfer-Encoding: base64

%s
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="invoice.pdf"

%%PDF
--b--
""".replace(b"\n", b"\r\n")
    % base64.b64encode(PICTURE)
)

pytestmark = pytest.mark.django_db


def capture(raw: bytes = MAIL, **fields: object) -> CapturedMessage:
    message = CapturedMessage(
        **{"mail_from": "bounce@company-name.com", "recipients": ["customer@example.com"], **fields}
    )
    message.raw = raw
    insert([message])
    return CapturedMessage.objects.latest("pk")


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_tells_where_to_send_while_nothing_was_captured(member: Client) -> None:
    assert "swaks --server 127.0.0.1:1025" in page(member, "/capture")


def test_lists_the_newest_first_and_pages_without_gaps(member: Client) -> None:
    stored = [capture(b"Subject: %d\r\n\r\n" % number).pk for number in range(search.PAGE_SIZE + 1)]
    first = page(member, "/capture")
    assert first.index(f'"/capture/{stored[-1]}"') < first.index(f'"/capture/{stored[1]}"')
    assert f'"/capture/{stored[0]}"' not in first
    assert f'"?before={stored[1]}"' in first
    older = page(member, f"/capture?before={stored[1]}")
    assert f'"/capture/{stored[0]}"' in older
    assert 'rel="next"' not in older


def test_needs_seven_queries_for_a_full_list(
    member: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(search.PAGE_SIZE):
        capture(recipients=["a@example.com", "b@example.com"])
    with django_assert_max_num_queries(7):
        assert "and 1 more" in page(member, "/capture")


@pytest.mark.parametrize("query", ["before=x", "before=99999999999999999999", "before=-1", "text=%00"])
def test_passes_over_what_makes_no_sense_in_the_address(member: Client, query: str) -> None:
    capture()
    assert "Grüße" in page(member, f"/capture?{query}")


def test_says_so_when_nothing_matches(member: Client) -> None:
    capture()
    assert "No captured mail matches" in page(member, "/capture?text=nowhere")


def test_shows_envelope_headers_text_and_attachments(member: Client) -> None:
    message = capture(reply="250 2.0.0 Ok", peer="192.0.2.1", login="api")
    text = page(member, f"/capture/{message.pk}")
    for shown in (
        "Grüße",
        "bounce@company-name.com",
        "In plain text",
        "invoice.pdf",
        "250 2.0.0 Ok",
        "192.0.2.1, login api",
    ):
        assert shown in text
    assert f'<iframe class="mail" sandbox src="/capture/{message.pk}/html"' in text
    assert "<b>HTML</b>" not in text


def test_frames_html_so_that_it_can_neither_run_nor_load_anything(member: Client) -> None:
    message = capture()
    response = member.get(f"/capture/{message.pk}/html")
    directives = response["Content-Security-Policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "img-src data:"} <= set(directives)
    assert response["X-Content-Type-Options"] == "nosniff"


def test_shows_the_pictures_that_came_along_in_the_html(member: Client) -> None:
    html = page(member, f"/capture/{capture().pk}/html")
    assert f'<img src="data:image/png;base64,{base64.b64encode(PICTURE).decode()}">' in html


def test_answers_404_for_the_html_of_a_message_without_any(member: Client) -> None:
    message = capture(b"Subject: x\r\n\r\nOnly text\r\n")
    assert member.get(f"/capture/{message.pk}/html").status_code == 404
    assert "<iframe" not in page(member, f"/capture/{message.pk}")


def test_shows_every_text_of_a_message_as_text(member: Client) -> None:
    raw = (
        f'From: "{SCRIPT}" <a@b.example>\r\nSubject: {SCRIPT}\r\nX-{SCRIPT}: {SCRIPT}\r\n'
        f"Content-Type: text/plain\r\n\r\n{SCRIPT}\r\n"
    ).encode()
    message = capture(raw, mail_from=SCRIPT, recipients=[SCRIPT], reply=SCRIPT, login=SCRIPT, peer=SCRIPT)
    for address in ("/capture", f"/capture/{message.pk}"):
        text = page(member, address)
        assert "&lt;script&gt;" in text
        assert SCRIPT not in text


@pytest.mark.parametrize("name", ['a"b.html', "\u202efdp.exe", "../../etc/passwd", "Rechnung März.pdf", ""])
def test_hands_out_an_attachment_as_a_file_that_cannot_act(member: Client, name: str) -> None:
    header = f'Content-Type: text/html\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n'.encode()
    message = capture(header + SCRIPT.encode())
    response = member.get(f"/capture/{message.pk}/files/0")
    assert response.content == SCRIPT.encode()
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["Content-Type"] == "application/octet-stream"
    assert "sandbox" in response["Content-Security-Policy"]


def test_hands_out_the_message_as_it_came(member: Client) -> None:
    response = member.get(f"/capture/{capture().pk}/raw")
    assert response.content == MAIL
    assert response["Content-Type"] == "message/rfc822"


@pytest.mark.parametrize(
    "address", ["/capture/{}/files/2", "/capture/{}/files/99999999999999999999", "/capture/0", "/capture/0/raw"]
)
def test_answers_404_for_what_is_not_there(member: Client, address: str) -> None:
    assert member.get(address.format(capture().pk)).status_code == 404


@pytest.mark.parametrize(
    "raw",
    [b"", b"\r\n", b"\xff\xfe\x00", b"Content-Type: multipart/mixed\r\n\r\nno parts", b"Subject: \xff\r\n\r\n\x80"],
)
def test_shows_a_broken_message_all_the_same(member: Client, raw: bytes) -> None:
    message = capture(raw)
    page(member, "/capture")
    page(member, f"/capture/{message.pk}")
