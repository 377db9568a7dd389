"""What Django is told: the typed environment turned into its settings."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from postroom.config import runtime

_runtime = runtime.current()
POSTROOM = _runtime.env


# A connection that a firewall has dropped silently is found within a minute, while idle or with a statement under way:
# threads that share a statement share its waiting too. Nothing for Unix sockets.
_LIFE_SIGNS = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30_000}


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "postroom.config.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # Parsed and planned once a connection, values apart from the text: half the time of a short statement.
        "OPTIONS": {"server_side_binding": True, "prepare_threshold": 5, **_LIFE_SIGNS, **options},
    }


SECRET_KEY = _runtime.secret_key
DEBUG = False
ALLOWED_HOSTS = ["*"]  # Host names are the reverse proxy's business; links are built from POSTROOM_URL.
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [Path(__file__).parent.parent / "locale"]
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
ROOT_URLCONF = "postroom.config.urls"
WSGI_APPLICATION = "postroom.config.wsgi.application"
DATABASES = {"default": _database(_runtime.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "workspaces.User"
APPEND_SLASH = False

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "procrastinate.contrib.django",
    "postroom.parts",
    "postroom.workspaces",
    "postroom.webhooks",
    "postroom.domains",
    "postroom.servers",
    "postroom.outbound",
    "postroom.threads",
    "postroom.inbound",
    "postroom.mailings",
    "postroom.capture",
    "postroom.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "postroom.web.middleware.content_security_policy",
    "postroom.web.middleware.api_apart",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "postroom.web.middleware.Preferences",
    "postroom.web.middleware.explain_refused_methods",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "postroom.web.context.frame",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = POSTROOM.public_url.startswith("https://")
SESSION_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
X_FRAME_OPTIONS = "SAMEORIGIN"
# Attachments arrive as base64 inside JSON: a third larger, and a little for the rest.
DATA_UPLOAD_MAX_MEMORY_SIZE = POSTROOM.max_message_bytes * 3 // 2 + 65_536
LOGGING_CONFIG = None  # structlog is set up by config.logs
