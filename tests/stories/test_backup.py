"""Does a backup bring an installation back, with its mail, its keys and its secrets, and nothing sent twice?"""

import shutil
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from tests import database
from tests.installation import Installation
from tests.peers.postfix import Postfix
from tests.stories.office import Office, Postroom
from tests.stories.shell import open_shell

pytestmark = pytest.mark.story


@pytest.fixture
def first(tmp_path: Path, postfix: Postfix) -> Iterator[Installation]:
    """An installation that takes mail, and has no worker to deliver it."""
    with database.new_database(migrated=True) as url:
        yield _installation(tmp_path / "first", url, postfix)


@pytest.fixture
def second(tmp_path: Path, postfix: Postfix) -> Iterator[Installation]:
    """Another, whose database has no tables yet."""
    with database.new_database() as url:
        yield _installation(tmp_path / "second", url, postfix)


def _installation(home: Path, url: str, postfix: Postfix) -> Installation:
    home.mkdir()
    default_server = f"smtp://127.0.0.1:{postfix.port}"
    return Installation.in_folder(home, POSTROOM_DATABASE_URL=url, POSTROOM_DEFAULT_SERVER=default_server)


def test_a_restored_installation_sends_what_waited_once_it_is_released(
    first: Installation, second: Installation, postfix: Postfix, mary: str
) -> None:
    file = first.home / "postroom.dump"
    with first.serving("web") as served, open_shell(first.environ) as shell:
        served.wait_until(lambda: first.health()[0] == 503)  # the web part answers; others are absent
        office = Postroom(first, shell).new_workspace("company-name")
        office.add_domain("company-name.com", "--company", "My Company")
        office.postroom.run("domain", "dkim-key", "company-name.com", "--workspace", "company-name", "--selector", "k1")
        message = office.post(from_="joe@company-name.com", to=mary)
        shell_says = office.postroom.run("backup", str(file))
        office.post(from_="joe@company-name.com", to=mary, subject="Too late for the backup")

    assert str(first.home / "secret.key") in shell_says
    assert file.stat().st_mode & 0o077 == 0
    shutil.copy(first.home / "secret.key", second.home)
    restored = second.run("restore", str(file))
    assert (restored.returncode, restored.stdout) == (0, "Restored; 1 waiting delivery is held.\n"), restored.stderr

    with second.serving() as served, open_shell(second.environ) as shell:
        served.wait_healthy()
        again = Office(Postroom(second, shell), "company-name", office.key)
        assert [found["subject"] for found in again.messages()] == ["Quotation"]
        held = again.call("GET", f"/messages/{message['id']}").body["deliveries"][0]
        assert (held["status"], "may have left since" in held["reason"]) == ("held", True)
        again.postroom.run("mail", "release", "--workspace", "company-name")
        again.settled(message["id"])
        (arrived,) = postfix.messages(mary)
        served.stop()
    assert message_from_bytes(arrived)["DKIM-Signature"]  # the key could be unsealed


def test_a_database_in_use_is_not_restored_into(first: Installation) -> None:
    file = first.home / "postroom.dump"
    assert first.run("backup", str(file)).returncode == 0

    refused = first.run("restore", str(file))

    assert refused.returncode == 1
    assert "restore into a new one" in refused.stderr


def test_a_backup_into_a_folder_that_is_not_there_is_refused_in_words(first: Installation) -> None:
    refused = first.run("backup", str(first.home / "missing" / "postroom.dump"))
    assert (refused.returncode, "make it first" in refused.stderr) == (1, True)


def test_a_file_that_is_no_backup_is_refused_in_words(second: Installation) -> None:
    file = second.home / "postroom.dump"
    file.write_bytes(b"no dump")

    refused = second.run("restore", str(file))

    assert refused.returncode == 1
    assert "pg_restore says:" in refused.stderr
