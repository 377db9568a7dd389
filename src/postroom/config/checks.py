"""What is wrong with this installation, as far as it can be seen without sending anything."""

import os
import ssl
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from postroom.config import database, ports, runtime
from postroom.config.env import Environment, SettingsError, load, unknown_names
from postroom.errors import PostroomError


class Verdict(StrEnum):
    """What a finding asks of the operator: nothing, to know it, to correct it."""

    OK = "ok"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `words` say what was found and, for a fault, what to do."""

    subject: str
    verdict: Verdict
    words: str


def findings() -> Iterator[Finding]:
    """Everything that can be checked, in the order a start would meet it; after a wrong setting only the settings."""
    for sentence in unknown_names(os.environ):
        yield Finding("settings", Verdict.FAULT, sentence)
    try:
        env = load()
    except SettingsError as error:
        for fault in error.faults:
            yield Finding("settings", Verdict.FAULT, fault)
        yield Finding("the rest", Verdict.NOTE, "Not checked: correct the settings first.")
        return
    yield Finding("settings", Verdict.OK, "Every value is understood.")
    yield _home(env)
    yield _secret_key(env)
    yield from _database(env)
    yield from _ports(env)
    yield _default_server(env)
    yield _tls(env)


def _home(env: Environment) -> Finding:
    nearest = next(path for path in (env.home, *env.home.parents) if path.exists())
    if not os.access(nearest, os.W_OK | os.X_OK) or not nearest.is_dir():
        return Finding("home", Verdict.FAULT, f"{env.home} cannot be written: correct its owner or POSTROOM_HOME.")
    if nearest != env.home:
        return Finding("home", Verdict.NOTE, f"{env.home} will be made at the first start.")
    return Finding("home", Verdict.OK, str(env.home))


def _secret_key(env: Environment) -> Finding:
    path = env.home / "secret.key"
    if env.secret_key:
        return Finding("secret key", Verdict.OK, "Given by POSTROOM_SECRET_KEY.")
    if not path.exists():
        return Finding("secret key", Verdict.NOTE, f"{path} will be made at the first start; keep a copy of it.")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding("secret key", Verdict.FAULT, f"{path} can be read by others: run chmod 600 {path}.")
    return Finding("secret key", Verdict.OK, str(path))


def _database(env: Environment) -> Iterator[Finding]:
    if not env.database_url and not (env.home / "postgres").exists():
        words = f"Embedded PostgreSQL, not made yet: `postroom migrate` makes it under {env.home}."
        yield Finding("database", Verdict.NOTE, words)
        return
    try:
        url = runtime.prepare().database_url
        database.require_reachable(url)
    except (PostroomError, OSError, subprocess.SubprocessError) as error:
        yield Finding("database", Verdict.FAULT, str(error))
        return
    kind = "POSTROOM_DATABASE_URL" if env.database_url else f"Embedded, under {env.home}"
    yield Finding("database", Verdict.OK, f"{kind}: it answers.")
    if missing := database.pending():
        yield Finding("migrations", Verdict.FAULT, f"{len(missing)} are not applied: run `postroom migrate`.")
    else:
        yield Finding("migrations", Verdict.OK, "All applied.")


def _ports(env: Environment) -> Iterator[Finding]:
    for port in ports.ports(env):
        subject = f"{port.part} port"
        why = ports.why_unusable(port)
        if why is None:
            yield Finding(subject, Verdict.OK, f"{port.number} on {port.host} is free.")
        elif _runs_here(port.part):
            yield Finding(subject, Verdict.OK, f"{port.number} on {port.host} is in use by the running Postroom.")
        else:
            yield Finding(subject, Verdict.FAULT, why)


def _runs_here(part: str) -> bool:
    """True when a process of this machine says that it does `part`; False also when the database cannot be asked."""
    from django.conf import settings  # noqa: PLC0415
    from django.db import DatabaseError  # noqa: PLC0415

    if not settings.configured:
        return False
    from postroom.parts import state  # noqa: PLC0415 – its models need Django to be set up

    try:
        return state.runs_here(part)
    except DatabaseError:
        return False


def _default_server(env: Environment) -> Finding:
    if env.default_server is None:
        words = "None: mail of a workspace without outgoing servers waits. Set POSTROOM_DEFAULT_SERVER to send it."
        return Finding("default server", Verdict.NOTE, words)
    parts = urlsplit(env.default_server)
    login = f", login {parts.username}" if parts.username else ", no login"
    return Finding(
        "default server", Verdict.OK, f"{parts.scheme}://{parts.hostname}:{parts.port or 'usual port'}{login}"
    )


def _tls(env: Environment) -> Finding:
    if env.tls_certificate is None or env.tls_key is None:
        return Finding("tls", Verdict.NOTE, "Submission offers STARTTLS with a certificate of its own making.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(env.tls_certificate, env.tls_key)
    except (OSError, ssl.SSLError) as error:
        words = f"{env.tls_certificate} and {env.tls_key} cannot be used: {error.strerror or error}."
        return Finding("tls", Verdict.FAULT, words)
    return Finding("tls", Verdict.OK, f"{env.tls_certificate} and its key are readable and belong together.")
