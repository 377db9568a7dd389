"""Does `postroom check` find what is wrong, and say what to do?"""

import socket
from pathlib import Path

from tests.installation import Installation
from tests.peers.certificates import TlsFiles


def test_finds_nothing_wrong_with_an_installation_that_is_ready(installation: Installation) -> None:
    found = installation.run("check")
    assert found.returncode == 0, found.stdout
    assert not [line for line in found.stdout.splitlines() if line.startswith("fault")]
    assert "migrations      All applied." in found.stdout


def test_changes_nothing(tmp_path: Path, empty: Installation) -> None:
    home = tmp_path / "home"
    del empty.environ["POSTROOM_DATABASE_URL"]
    found = empty.run("check", POSTROOM_HOME=str(home))
    assert found.returncode == 0, found.stdout
    assert "will be made at the first start" in found.stdout
    assert not home.exists()


def test_explains_every_wrong_value_and_unknown_name(empty: Installation) -> None:
    found = empty.run("check", POSTROOM_HTTP_PORT="http", POSTROOM_LOG_LEVEL="loud", POSTROOM_HTTP_PROT="80")
    assert found.returncode == 1
    assert "POSTROOM_HTTP_PROT is not a setting and has no effect. Did you mean POSTROOM_HTTP_PORT?" in found.stdout
    assert "POSTROOM_HTTP_PORT: 'http' cannot be used" in found.stdout
    assert "POSTROOM_LOG_LEVEL: 'loud' cannot be used" in found.stdout
    assert "Traceback" not in found.stderr


def test_asks_to_migrate_when_tables_are_missing(empty: Installation) -> None:
    found = empty.run("check")
    assert found.returncode == 1
    assert "run `postroom migrate`" in found.stdout


def test_says_that_the_database_is_away_and_checks_the_rest(empty: Installation) -> None:
    found = empty.run("check", POSTROOM_DATABASE_URL="postgresql://mary:hunter2@127.0.0.1:1/postroom")
    assert found.returncode == 1
    assert "The database cannot be reached" in found.stdout
    assert "web port" in found.stdout
    assert "hunter2" not in found.stdout


def test_says_which_port_is_taken_by_a_stranger(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", installation.port("CAPTURE"))):
        found = installation.run("check")
    assert found.returncode == 1
    assert f"Port {installation.port('CAPTURE')} on 127.0.0.1 is taken by another program" in found.stdout


def test_knows_the_ports_of_a_running_postroom_as_its_own(installation: Installation) -> None:
    with installation.serving() as served:
        served.wait_healthy()
        found = installation.run("check")
    assert found.returncode == 0, found.stdout
    assert found.stdout.count("is in use by the running Postroom") == 5


def test_shows_the_default_server_without_its_password(installation: Installation) -> None:
    found = installation.run("check", POSTROOM_DEFAULT_SERVER="smtps://mary:hunter2@mail.example.com:465")
    assert "smtps://mail.example.com:465, login mary" in found.stdout
    assert "hunter2" not in found.stdout


def test_says_when_certificate_and_key_do_not_belong_together(installation: Installation, tls_files: TlsFiles) -> None:
    both = {"POSTROOM_TLS_CERTIFICATE": str(tls_files.certificate), "POSTROOM_TLS_KEY": str(tls_files.key)}
    assert "belong together" in installation.run("check", **both).stdout
    found = installation.run("check", **{**both, "POSTROOM_TLS_KEY": str(tls_files.certificate)})
    assert found.returncode == 1
    assert "cannot be used" in found.stdout


def test_wants_the_secret_key_kept_from_others(installation: Installation) -> None:
    key = installation.home / "secret.key"
    key.touch(mode=0o644)
    found = installation.run("check")
    assert found.returncode == 1
    assert f"run chmod 600 {key}" in found.stdout
