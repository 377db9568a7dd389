"""What does a person see on the web pages?"""

import re
from html import unescape
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tests.peers.waiting import PATIENCE_SECONDS


class Browser:
    """Asks for pages, follows redirects and keeps cookies."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def sign_in(self, email: str, password: str) -> None:
        form = self.page("/login")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token, form
        fields = {"username": email, "password": password, "csrfmiddlewaretoken": token[1]}
        answer = self._open("/login", urlencode(fields).encode())
        assert b"Sign in" not in answer, answer.decode()

    def page(self, path: str) -> str:
        """The page's text with its markup."""
        return self.file(path).decode()

    def file(self, path: str) -> bytes:
        return self._open(path, None)

    def press(self, page: str, button: str) -> None:
        """Send the form of `page` that leads to the address `button`, as it is."""
        form = re.search(rf'<form[^>]* action="{re.escape(button)}".*?</form>', self.page(page), re.DOTALL)
        assert form, f"no form leads from {page} to {button}"
        fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
        self._open(button, urlencode({name: unescape(value) for name, value in fields}).encode())

    def captured(self, words: str) -> list[int]:
        """The numbers of the captured messages with these words in subject, From or envelope, newest first."""
        listing = self.page(f"/capture?{urlencode({'text': words})}")
        return [int(number) for number in re.findall(r'href="/capture/(\d+)"', listing)]

    def fact(self, path: str, name: str) -> str:
        """What the page says beside `name` in a list of facts."""
        page = self.page(path)
        found = re.search(rf"<dt>{name}</dt><dd>(.*?)</dd>", page, re.DOTALL)
        assert found, page
        return unescape(re.sub(r"<[^>]*>", "", found[1])).strip()

    def _open(self, path: str, form: bytes | None) -> bytes:
        try:
            with self._opener.open(Request(self._url + path, data=form), timeout=PATIENCE_SECONDS) as response:
                content: bytes = response.read()
                return content
        except HTTPError as error:
            raise AssertionError(f"{path}: {error.code}\n{error.read().decode()}") from error
