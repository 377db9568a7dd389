"""What a process needs before Django: the checked settings, a running database and the secret key."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from postroom.config import embedded
from postroom.config.env import Environment, load
from postroom.errors import PostroomError


class HomeUnusableError(PostroomError):
    """The folder that POSTROOM_HOME names cannot be used."""

    code = "home_unusable"


@dataclass(frozen=True, slots=True)
class Runtime:
    env: Environment
    database_url: str
    secret_key: str


_current: Runtime | None = None


def prepare() -> Runtime:
    """Start what this process needs and set up Django; harmless when called again. SettingsError on nonsense."""
    started = start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "postroom.config.settings")
    import django  # noqa: PLC0415 – pure commands must not pay for Django

    django.setup()
    return started


def start() -> Runtime:
    """As `prepare`, for a process that needs no Django."""
    global _current  # noqa: PLW0603 – one per process, read by config.settings while Django loads it
    if _current is None:
        env = load()
        with _explaining(env.home):
            env.home.mkdir(parents=True, exist_ok=True)
            _current = Runtime(env, env.database_url or embedded.start(env.home), env.secret_key or _kept_key(env.home))
    return _current


def current() -> Runtime:
    """What `prepare` made. Tools that only read the settings (type checker, makemigrations) get it unstarted."""
    if _current is not None:
        return _current
    env = load()
    return Runtime(env, env.database_url or "postgresql:///postroom", env.secret_key or "only-for-tools")


@contextmanager
def _explaining(home: Path) -> Iterator[None]:
    """HomeUnusableError where a file or folder there cannot be made, read or written."""
    try:
        yield
    except OSError as error:
        place = Path(os.fsdecode(error.filename or "/"))
        if not (place.is_relative_to(home) or place in home.parents):
            raise
        raise HomeUnusableError(
            f"{place} cannot be used ({error.strerror}): correct its owner or POSTROOM_HOME."
        ) from error


def _kept_key(home: Path) -> str:
    path = home / "secret.key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return key
