"""Which settings exist, what each means, and what this installation's environment and postroom.toml say of them.

Every setting can be given as `POSTROOM_<NAME>` in the environment or as `<name>` in postroom.toml; the environment
wins. A setting marked secret can also be given as `POSTROOM_<NAME>_FILE`, the path of a file that holds it.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from postroom.domains.nameserver import Nameserver, parse_nameserver
from postroom.errors import PostroomError
from postroom.rfc.address import domain_to_ascii
from postroom.rfc.spf import parse_spf

PREFIX = "POSTROOM_"
# Read by others under the same prefix: the test run, and the path of the file itself.
OTHER_NAMES = {"POSTROOM_TEST_DATABASE_URL", "POSTROOM_CONFIG"}


class SettingsError(PostroomError):
    """The settings cannot be used; `postroom check` explains each wrong value."""

    code = "invalid_settings"

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 < number < 65536:
        raise ValueError("write a port number from 1 to 65535")
    return number


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ValueError("write a whole number above 0")
    return int(text)


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("yes", "no"):
        raise ValueError("write yes or no")
    return text.lower() == "yes"


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _database_url(text: str) -> str:
    if urlsplit(text).scheme not in ("postgres", "postgresql"):
        raise ValueError("write postgresql://user:password@host:5432/name (PostgreSQL is the only database)")
    return text


def _web_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write the address people type, such as https://mail.example.com")
    return text.rstrip("/")


def _domain(text: str) -> str:
    return domain_to_ascii(text)


def _server_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("smtp", "smtp+starttls", "smtps") or not parts.hostname:
        raise ValueError(
            "write smtp+starttls://user:password@host:587, smtps://user:password@host:465 or, unencrypted, smtp://host:25"
        )
    _ = parts.port  # raises ValueError when it is no port number
    return text


def _spf_mechanism(text: str) -> str:
    terms = parse_spf(f"v=spf1 {text}").terms
    if len(terms) != 1 or terms[0].qualifier != "+" or terms[0].name == "all":
        raise ValueError("write one mechanism, such as include:_spf.example.com or ip4:192.0.2.1")
    return text


def _log_level(text: str) -> str:
    level = text.lower()
    if level not in ("debug", "info", "warning", "error"):
        raise ValueError("write debug, info, warning or error")
    return level


def _setting(parse: Callable[[str], Any], meaning: str, default: str | None, *, secret: bool = False) -> Any:
    return field(metadata={"parse": parse, "meaning": meaning, "default": default, "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The settings of one installation, checked. None means: not given."""

    home: Path = _setting(_path, "folder for the embedded database, keys and certificates", "~/.local/share/postroom")
    database_url: str | None = _setting(
        _database_url, "PostgreSQL to use; without it the embedded one under home is started", None, secret=True
    )
    secret_key: str | None = _setting(
        str, "encrypts stored passwords and signs tokens; without it home/secret.key is made once", None, secret=True
    )
    url: str | None = _setting(_web_url, "address at which people reach the web pages", None)
    platform_domain: str = _setting(
        _domain, "each workspace sends from <workspace>.<platform domain> until it has its own domain", "example"
    )
    hosted: bool = _setting(
        _yes_or_no, "whether workspaces belong to others, who must not reach this machine's own network", "no"
    )
    default_server: str | None = _setting(
        _server_url, "URL of the server that takes mail when a workspace has no outgoing server", None, secret=True
    )
    default_server_spf: str | None = _setting(
        _spf_mechanism, "what SPF records of domains must hold for the default server; else its host's address", None
    )
    resolver: Nameserver | None = _setting(
        parse_nameserver, "DNS server that checks of domains ask; without it the system's", None
    )
    http_host: str = _setting(str, "address the web server listens on", "127.0.0.1")
    http_port: int = _setting(_port, "port of the web pages and the HTTP API", "8080")
    http_workers: int = _setting(_positive, "processes that answer HTTP", "1")
    submission_host: str = _setting(str, "address the SMTP submission server listens on", "127.0.0.1")
    submission_port: int = _setting(_port, "port on which applications hand in mail by SMTP", "2587")
    capture_host: str = _setting(str, "address the capture server listens on", "127.0.0.1")
    capture_port: int = _setting(_port, "port of the built-in capture server", "1025")
    mx_host: str = _setting(str, "address on which other servers' mail for our domains is taken", "127.0.0.1")
    mx_port: int = _setting(_port, "port on which other servers' mail for our domains is taken", "2525")
    mx_name: str | None = _setting(
        _domain, "name by which other servers find the MX port, for MX records; without it none are proposed", None
    )
    lmtp_host: str = _setting(str, "address on which a mail server hands mail over by LMTP", "127.0.0.1")
    lmtp_port: int = _setting(_port, "port on which a mail server hands mail over by LMTP", "2424")
    tls_certificate: Path | None = _setting(_path, "PEM chain for STARTTLS on the SMTP ports; else one is made", None)
    tls_key: Path | None = _setting(_path, "PEM private key that belongs to tls_certificate", None)
    max_message_bytes: int = _setting(_positive, "largest message accepted, in bytes", str(25 * 1024 * 1024))
    # For `postroom chaos`, which shows in minutes what happens over hours.
    haste: int = _setting(_positive, "number by which workers divide their waits; for trials", "1")
    smtp_patience: int = _setting(_positive, "longest silence of an SMTP server that is borne, in seconds", "600")
    metrics_token: str | None = _setting(
        str, "token that /metrics asks for; without it only this machine is answered", None, secret=True
    )
    log_level: str = _setting(_log_level, "debug, info, warning or error", "info")

    @property
    def public_url(self) -> str:
        """The address to give to people, without a slash at the end."""
        return self.url or self.local_url

    @property
    def local_url(self) -> str:
        """The address at which a program on this machine reaches the web server, whatever proxy is in front."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.http_host, self.http_host)  # noqa: S104 – not listened on
        return f"http://[{host}]:{self.http_port}" if ":" in host else f"http://{host}:{self.http_port}"


_PORTS = ("http_port", "submission_port", "capture_port", "mx_port", "lmtp_port")


def load(environ: Mapping[str, str] | None = None) -> Environment:
    """The settings, or SettingsError with one sentence for every wrong value."""
    environ = os.environ if environ is None else environ
    faults: list[str] = []
    file_values = _read_toml(environ, faults)
    values = {f.name: _value(f.name, f.metadata, environ, file_values, faults) for f in fields(Environment)}
    if (values["tls_certificate"] is None) != (values["tls_key"] is None):
        faults.append("POSTROOM_TLS_CERTIFICATE and POSTROOM_TLS_KEY belong together: give both or neither.")
    numbers = [values[name] for name in _PORTS if values[name]]
    if len(set(numbers)) < len(numbers):
        *names, last = (PREFIX + name.upper() for name in _PORTS)
        faults.append(f"{', '.join(names)} and {last} must differ.")
    if faults:
        raise SettingsError(faults)
    return Environment(**values)


def unknown_names(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each POSTROOM_* variable that no setting has; usually a typing mistake."""
    known = {PREFIX + f.name.upper() for f in fields(Environment)}
    known |= {PREFIX + f.name.upper() + "_FILE" for f in fields(Environment) if f.metadata["secret"]} | OTHER_NAMES
    strangers = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [f"{name} is not a setting and has no effect.{_suggestion(name, known)}" for name in strangers]


def _suggestion(name: str, known: set[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]}?" if close else ""


def _read_toml(environ: Mapping[str, str], faults: list[str]) -> dict[str, str]:
    named = environ.get("POSTROOM_CONFIG")
    path = Path(named).expanduser() if named else Path("postroom.toml")
    if not path.exists():
        if named:
            faults.append(f"POSTROOM_CONFIG names {path}, which does not exist.")
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        faults.append(f"{path} cannot be read: {error}.")
        return {}
    known = {f.name for f in fields(Environment)}
    faults += [f"{path}: {name} is not a setting.{_suggestion(name, known)}" for name in content if name not in known]
    return {name: str(value) for name, value in content.items()}


def _value(
    name: str, meta: Mapping[str, Any], environ: Mapping[str, str], file_values: Mapping[str, str], faults: list[str]
) -> Any:
    variable = PREFIX + name.upper()
    text = environ.get(variable)
    secret_path = environ.get(variable + "_FILE") if meta["secret"] and text is None else None
    if secret_path:
        variable += "_FILE"
        try:
            text = Path(secret_path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            faults.append(f"{variable}: {error}.")
            return None
    text = text or file_values.get(name) or meta["default"]
    if text is None:
        return None
    try:
        return meta["parse"](text)
    except (ValueError, PostroomError) as error:
        shown = "its value" if meta["secret"] else repr(text)
        faults.append(f"{variable}: {shown} cannot be used – {error}. It is the {meta['meaning']}.")
        return None
