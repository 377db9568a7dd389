"""How do tests look at a page as a person does? With Debian's Chromium, at a desk's and a phone's width."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from tests.peers.programs import find
from tests.peers.waiting import PATIENCE_SECONDS

Scheme = Literal["light", "dark"]

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
AXE = ROOT / ".tools/assets/node_modules/axe-core/axe.min.js"
WCAG_2_2_AA = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
# Those of them that look at colours: nothing else changes between light and dark.
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
DESK, PHONE, SMALL_PHONE = (1440, 900), (390, 844), (360, 800)
SCHEMES: dict[Scheme, dict[str, Any]] = {"light": WCAG_2_2_AA, "dark": OF_COLOURS}
# It needs no sandbox of its own among tests, and nothing from outside.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(slots=True)
class Window:
    """A page in a window, and what the browser complained about: a blocked script, a missing file, an error."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self._complain(message.text, is_fault=message.type == "error"))
        self.page.on("pageerror", lambda error: self._complain(str(error)))
        # A part of the page that was being asked for when a person went elsewhere is no fault.
        self.page.on(
            "requestfailed",
            lambda request: self._complain(
                f"{request.url}: {request.failure}", is_fault=request.failure != "net::ERR_ABORTED"
            ),
        )

    def _complain(self, words: str, *, is_fault: bool = True) -> None:
        if is_fault:
            self.complaints.append(words)


@contextmanager
def open_chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find("chromium"), args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def open_window(
    browser: Browser, *, size: tuple[int, int] = DESK, signed_in: StorageState | None = None
) -> Iterator[Window]:
    """AssertionError on leaving when the browser complained about anything."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        storage_state=signed_in,
        locale="en-GB",
        reduced_motion="reduce",  # a colour on its way to another is not looked at
    )
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    window = Window(context.new_page())
    yield window
    context.close()
    assert not window.complaints, window.complaints


def assert_accessible(page: Page, rules: dict[str, Any] = WCAG_2_2_AA) -> None:
    """No violation of WCAG 2.2 A and AA that axe-core can see."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    violations: list[dict[str, Any]] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(found => found.violations)",
        rules,
    )
    assert not violations, "\n".join([page.url, *map(_describe, violations)])


def assert_fits(page: Page) -> None:
    """The page does not scroll sideways."""
    width, window = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width <= window, f"{page.url} is {width} px wide in a window of {window}"


def look_at(
    browser: Browser, address: str, *, name: str, signed_in: StorageState | None = None, status: int = 200
) -> None:
    """The page at both widths, light and dark: is it accessible, does it fit, does the browser complain?

    `status` is what it must answer with; Chromium itself counts one from 400 on as an error, which is passed over.
    Writes screenshots/<name>-<width>-<scheme>.png: look at them.
    """
    with open_window(browser, signed_in=signed_in) as window:
        look_through(window, address, name=name, status=status)


def look_through(window: Window, address: str, *, name: str, status: int = 200) -> None:
    """As `look_at`, in a window that is open; whoever closes it hears what the browser complained about."""
    page = window.page
    _show(page, DESK, "light")
    response = page.goto(address)
    assert response is None or response.status == status, address  # None: only the part behind # is another
    if status >= 400:
        window.complaints.clear()
    for size in (DESK, PHONE):
        for scheme, rules in SCHEMES.items():
            _show(page, size, scheme)
            page.screenshot(path=SCREENSHOTS / f"{name}-{size[0]}-{scheme}.png", full_page=True)
            assert_fits(page)
            assert_accessible(page, rules)
    _show(page, SMALL_PHONE, "light")
    assert_fits(page)
    assert not window.complaints, window.complaints


def _show(page: Page, size: tuple[int, int], scheme: Scheme) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)


def _describe(fault: dict[str, Any]) -> str:
    places = "\n    ".join(f"{node['html'][:160]}  {node['failureSummary'][-160:]}" for node in fault["nodes"][:4])
    return f"{fault['id']}: {fault['help']}\n    {places}"
