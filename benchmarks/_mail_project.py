"""The Django project in which Postroom's peers send: its settings for a database and a sink, and one message."""

import os
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings

from postroom.bench.content import AUTHOR, HTML, TEXT

__all__ = ["AUTHOR", "HTML", "TEXT", "configure", "environment", "recipient"]

SINK_PORT, DATABASE_URL = "BENCHMARK_SINK_PORT", "BENCHMARK_DATABASE_URL"


def environment(*, sink_port: int, database_url: str = "") -> dict[str, str]:
    """What a process needs that calls `configure`."""
    return {**os.environ, SINK_PORT: str(sink_port), DATABASE_URL: database_url}


def configure(*apps: str) -> None:
    settings.configure(
        INSTALLED_APPS=apps,
        DATABASES=_databases(os.environ[DATABASE_URL]),
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=int(os.environ[SINK_PORT]),
        USE_TZ=True,
    )
    django.setup()


def recipient(number: int) -> str:
    return f"customer{number}@customer.example.com"


def _databases(url: str) -> dict[str, dict[str, str]]:
    if not url:
        return {}
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    place = {"NAME": parts.path.strip("/"), "USER": parts.username or "", "HOST": host, "PORT": str(parts.port or "")}
    return {"default": {"ENGINE": "django.db.backends.postgresql", "PASSWORD": parts.password or "", **place}}
