"""Is every page looked at by a browser test, or named as none that there is to see?"""

import re
from itertools import chain

from tests.browser.gallery import ELSEWHERE, GALLERY, NO_PAGE, PUBLIC
from tests.guards.source import ROOT


def test_every_address_is_looked_at_or_is_no_page() -> None:
    """A new one goes into tests/browser/gallery.py."""
    names = re.findall(r'name="([\w-]+)"', (ROOT / "src/postroom/web/urls.py").read_text(encoding="utf-8"))
    assert sorted([*GALLERY, *PUBLIC, *ELSEWHERE, *chain.from_iterable(NO_PAGE.values())]) == sorted(names)


def test_the_other_browser_tests_do_look_at_what_is_said_of_them() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests/browser").glob("test_*.py"))
    assert [name for name in ELSEWHERE.values() if f'"{name}' not in code and f"/{name}" not in code] == []
