"""Is every page looked at, with what an office has after some weeks?"""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests import database
from tests.browser.chromium import ROOT, Window, look_at, look_through, open_window
from tests.browser.conftest import sign_in
from tests.browser.gallery import GALLERY, PUBLIC
from tests.installation import Installation
from tests.web.samples import PASSWORD

pytestmark = pytest.mark.story

FILL = """
from postroom.config import runtime
runtime.prepare()
from tests.browser import sample_office
sample_office.main()
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with database.new_database(migrated=True) as url:
        yield Installation.in_folder(tmp_path_factory.mktemp("office"), POSTROOM_DATABASE_URL=url)


@pytest.fixture(scope="module")
def office(installation: Installation) -> Iterator[dict[str, Any]]:
    """Ids of what there is; filled before anything runs, so that nothing of it is touched while it is made."""
    assert installation.run("demo").returncode == 0
    filled = subprocess.run(
        [sys.executable, "-c", FILL], env=installation.environ, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    with installation.serving() as served:
        served.wait_healthy()
        yield json.loads(filled.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def window(chromium: Browser, installation: Installation, office: dict[str, Any]) -> Iterator[Window]:
    facts = json.loads((installation.home / "demo.json").read_text())
    with open_window(chromium) as window:
        sign_in(window.page, installation.url, facts["admin_email"], facts["admin_password"])
        window.page.wait_for_url(lambda url: "/login" not in url)
        yield window


@pytest.mark.parametrize("name", GALLERY)
def test_the_page_looks_right(window: Window, installation: Installation, office: dict[str, Any], name: str) -> None:
    window.complaints.clear()
    look_through(window, installation.url + GALLERY[name].format(**office), name=name)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_stranger_sees_it_right(
    chromium: Browser, installation: Installation, office: dict[str, Any], name: str
) -> None:
    look_at(chromium, installation.url + PUBLIC[name].format(**office), name=name)


def test_the_page_that_asks_for_a_code(chromium: Browser, installation: Installation, office: dict[str, Any]) -> None:
    with open_window(chromium) as window:
        sign_in(window.page, installation.url, office["guarded"], PASSWORD)
        expect(window.page.get_by_label("Code")).to_be_visible()
        look_through(window, window.page.url, name="sign-in-code")


@pytest.mark.parametrize("status", [404])
def test_the_pages_of_errors(
    chromium: Browser, installation: Installation, office: dict[str, Any], status: int
) -> None:
    look_at(chromium, f"{installation.url}/nowhere", name=f"error-{status}", status=status)
