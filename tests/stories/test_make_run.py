"""Does `make run` work on a machine that has nothing of Postroom yet?"""

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.installation import STOP_SECONDS, Installation, Served, is_running, wait_until
from tests.stories.browser import Browser
from tests.stories.shell import ROOT

BUILD_SECONDS = 400
pytestmark = [pytest.mark.story, pytest.mark.timeout(2 * BUILD_SECONDS)]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    if not (ROOT / ".git").exists():
        pytest.skip("there is no repository to clone: these files came without it")
    subprocess.run(["git", "clone", "--quiet", ROOT, tmp_path / "clone"], check=True)
    return tmp_path / "clone"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """With a home folder of its own. What is installed may come from this machine's copies of it."""
    home = tmp_path / "home"
    home.mkdir()
    cache = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
    path = f"{ROOT / '.tools/uv/bin'}:{os.environ['PATH']}"
    return Installation.in_folder(home / "postroom", HOME=str(home), UV_CACHE_DIR=cache, PATH=path)


@contextmanager
def made_to_run(installation: Installation, clone: Path) -> Iterator[Served]:
    with installation.running(["make", "run"], cwd=clone) as served:
        served.wait_until(lambda: "Send the first mail" in served.output, seconds=BUILD_SECONDS)
        yield served


def facts_of(installation: Installation) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((installation.home / "demo.json").read_text())
    return facts


@pytest.mark.requires("make", "git", "curl")
def test_make_run_from_a_fresh_clone(clone: Path, installation: Installation) -> None:
    with made_to_run(installation, clone) as served:
        served.wait_healthy()
        facts = facts_of(installation)
        assert stat.S_IMODE((installation.home / "demo.json").stat().st_mode) == 0o600
        assert set(facts) == {"url", "admin_email", "admin_password", "api_key", "submission"}
        assert facts["url"] == installation.url
        assert facts["submission"] == {"host": "127.0.0.1", "port": installation.port("SUBMISSION")}
        assert "Warning" not in served.output

        sent = send_as_printed(served.output)
        browser = Browser(facts["url"])
        browser.sign_in(facts["admin_email"], facts["admin_password"])
        served.wait_until(lambda: "First mail" in browser.page("/capture"))
        [captured] = browser.captured("First mail")
        assert "It works." in browser.page(f"/capture/{captured}")
        assert sent["server"] in browser.page(f"/messages/{sent['id']}")
        family = served.descendants()
        stop(served)
        wait_until(lambda: not any(map(is_running, family)), STOP_SECONDS)

    with made_to_run(installation, clone) as served:
        assert facts_of(installation) == facts
        browser.sign_in(facts["admin_email"], facts["admin_password"])
        assert browser.captured("First mail") == [captured]
        stop(served)


def send_as_printed(output: str) -> dict[str, Any]:
    """Paste the command into a shell; the API's answer."""
    command = output.partition("/capture:\n")[2].partition("}'\n")[0] + "}'"
    ran = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def stop(served: Served) -> None:
    """As Ctrl-C or a service manager does: `make` is told, and passes it on."""
    served.stop()
    wait_until(lambda: "Postroom has stopped." in served.output, STOP_SECONDS)
    wait_until(lambda: served.installation.embedded_database() is None, STOP_SECONDS)
