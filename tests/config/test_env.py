"""Does every setting take what it should, and say what is wrong with what it should not?"""

from pathlib import Path

import pytest

from postroom.config.env import SettingsError, load, unknown_names


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No postroom.toml of whoever runs the tests may be read."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def faults_of(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        load(environ)
    return refusal.value.faults


def test_needs_no_setting_at_all() -> None:
    env = load({})
    assert (env.http_port, env.submission_port, env.capture_port) == (8080, 2587, 1025)
    assert env.home == Path("~/.local/share/postroom").expanduser()
    assert env.database_url is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("POSTROOM_HTTP_PORT", "http", "write a port number from 1 to 65535"),
        ("POSTROOM_HTTP_PORT", "0", "write a port number from 1 to 65535"),
        ("POSTROOM_SUBMISSION_PORT", "65536", "write a port number from 1 to 65535"),
        ("POSTROOM_CAPTURE_PORT", "-1", "write a port number from 1 to 65535"),
        ("POSTROOM_CAPTURE_PORT", "٢٥", "write a port number from 1 to 65535"),
        ("POSTROOM_HTTP_WORKERS", "0", "write a whole number above 0"),
        ("POSTROOM_MAX_MESSAGE_BYTES", "25M", "write a whole number above 0"),
        ("POSTROOM_DATABASE_URL", "mysql://root@localhost/mail", "PostgreSQL is the only database"),
        ("POSTROOM_URL", "mail.example.com", "write the address people type"),
        ("POSTROOM_URL", "ftp://mail.example.com", "write the address people type"),
        ("POSTROOM_PLATFORM_DOMAIN", "not a domain", "each workspace sends from"),
        ("POSTROOM_DEFAULT_SERVER", "mail.example.com:587", "smtp+starttls://user:password@host:587"),
        ("POSTROOM_DEFAULT_SERVER", "smtp://mail.example.com:99999", "Port out of range"),
        ("POSTROOM_DEFAULT_SERVER_SPF", "v=spf1 mx -all", "write one mechanism"),
        ("POSTROOM_DEFAULT_SERVER_SPF", "include:", "include"),
        ("POSTROOM_RESOLVER", "dns.example:53", "write a DNS server as 127.0.0.1:53"),
        ("POSTROOM_LOG_LEVEL", "loud", "write debug, info, warning or error"),
    ],
)
def test_says_in_one_sentence_what_is_wrong_with_a_value(name: str, value: str, words: str) -> None:
    [fault] = faults_of(**{name: value})
    assert fault.startswith(f"{name}: ")
    assert words in fault


def test_names_every_wrong_value_at_once() -> None:
    faults = faults_of(POSTROOM_HTTP_PORT="x", POSTROOM_LOG_LEVEL="loud", POSTROOM_URL="here")
    assert [fault.split(":")[0] for fault in faults] == ["POSTROOM_URL", "POSTROOM_HTTP_PORT", "POSTROOM_LOG_LEVEL"]


def test_never_repeats_a_secret() -> None:
    [fault] = faults_of(POSTROOM_DEFAULT_SERVER="ftp://mary:hunter2@mail.example.com")
    assert "hunter2" not in fault


def test_wants_certificate_and_key_together() -> None:
    assert faults_of(POSTROOM_TLS_KEY="/key.pem") == [
        "POSTROOM_TLS_CERTIFICATE and POSTROOM_TLS_KEY belong together: give both or neither."
    ]


def test_refuses_one_port_for_two_servers() -> None:
    assert faults_of(POSTROOM_HTTP_PORT="1025") == [
        "POSTROOM_HTTP_PORT, POSTROOM_SUBMISSION_PORT, POSTROOM_CAPTURE_PORT, POSTROOM_MX_PORT and "
        "POSTROOM_LMTP_PORT must differ."
    ]


def test_reads_a_secret_from_the_file_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("kept apart\n")
    assert load({"POSTROOM_SECRET_KEY_FILE": str(file)}).secret_key == "kept apart"


def test_prefers_a_secret_over_the_file_that_is_named(tmp_path: Path) -> None:
    environ = {"POSTROOM_SECRET_KEY": "here", "POSTROOM_SECRET_KEY_FILE": str(tmp_path / "missing")}
    assert load(environ).secret_key == "here"


def test_says_when_the_file_of_a_secret_cannot_be_read(tmp_path: Path) -> None:
    [fault] = faults_of(POSTROOM_SECRET_KEY_FILE=str(tmp_path / "missing"))
    assert fault.startswith("POSTROOM_SECRET_KEY_FILE: ")
    assert "No such file" in fault


def test_reads_postroom_toml_where_it_is_started(tmp_path: Path) -> None:
    (tmp_path / "postroom.toml").write_text('http_port = 9000\nplatform_domain = "Mail.Example"\n')
    env = load({})
    assert (env.http_port, env.platform_domain) == (9000, "mail.example")


def test_prefers_the_environment_over_postroom_toml(tmp_path: Path) -> None:
    (tmp_path / "postroom.toml").write_text("http_port = 9000\n")
    assert load({"POSTROOM_HTTP_PORT": "9001"}).http_port == 9001


def test_says_when_the_named_file_does_not_exist(tmp_path: Path) -> None:
    missing = tmp_path / "other.toml"
    assert faults_of(POSTROOM_CONFIG=str(missing)) == [f"POSTROOM_CONFIG names {missing}, which does not exist."]


def test_says_where_postroom_toml_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "postroom.toml").write_text("http_port: 9000\n")
    [fault] = faults_of()
    assert fault.startswith("postroom.toml cannot be read: ")
    assert "line 1" in fault


def test_suggests_the_setting_that_was_meant_in_postroom_toml(tmp_path: Path) -> None:
    (tmp_path / "postroom.toml").write_text("htp_port = 9000\n")
    assert faults_of() == ["postroom.toml: htp_port is not a setting. Did you mean http_port?"]


def test_suggests_the_variable_that_was_meant() -> None:
    environ = {"POSTROOM_DATABSE_URL": "", "POSTROOM_HTTP_PORT": "1", "POSTROOM_SECRET_KEY_FILE": "", "HOME": "/"}
    assert unknown_names(environ) == [
        "POSTROOM_DATABSE_URL is not a setting and has no effect. Did you mean POSTROOM_DATABASE_URL?"
    ]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("2001:db8::1", "http://[2001:db8::1]:8080"),
    ],
)
def test_gives_an_address_that_a_program_here_can_reach(host: str, url: str) -> None:
    assert load({"POSTROOM_HTTP_HOST": host}).local_url == url


def test_gives_people_the_address_that_was_set() -> None:
    assert load({"POSTROOM_URL": "https://mail.example.com/"}).public_url == "https://mail.example.com"
