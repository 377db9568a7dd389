"""What does every test find ready: PostgreSQL, a Postfix, certificates, ports, and a word when a program is missing?"""

import os
import runpy
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import database
from tests.peers import programs
from tests.peers.certificates import TlsFiles, issue_tls_files
from tests.peers.postfix import Postfix, run_postfix, why_unavailable

# Folders whose tests never load Django: asked for alone, they start at once.
DJANGO_FREE = {"rfc", "policy", "smtp", "peers", "guards"}
# Whose stories start whole installations and do not touch the test process's own database.
SLOW = {"stories", "serve", "chaos"}

# No deadline for a single example: a busy machine is no bug.
settings.register_profile("postroom", deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
# The gate judges a change by the same examples each time; who calls pytest looks for new ones.
settings.register_profile("gate", settings.get_profile("postroom"), derandomize=True)
settings.load_profile("postroom")


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Called as soon as this file is loaded: before the folders' conftests, which may import models."""
    if database.RUN_DIRECTORY not in os.environ:  # xdist's workers share what the first process prepared
        database.prepare_run()
    config = pluginmanager.get_plugin("pytestconfig")
    assert isinstance(config, pytest.Config)
    if not _is_django_free(config):
        _build_page_files()
        _set_up_django()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requires(*programs): skipped, with a word, when one of them is not installed")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        database.end_run()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow tests first: the browser's where one process begins, other stories where the next does.

    xdist gives each process a quarter of its share at once, and then what comes next: no process goes back to tests
    that share the database's transaction once it has emptied the database.
    """
    share = len(items) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    browser = [item for item in items if item.path.parent.name == "browser"]
    stories = [item for item in items if item.path.parent.name in SLOW and item.get_closest_marker("story")]
    quick = [item for item in items if item not in browser and item not in stories]
    before = max(0, share // 4 - len(browser))
    items[:] = [*browser, *quick[:before], *stories, *quick[before:]]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("requires"):
        if why := programs.explain_missing(*mark.args):
            pytest.skip(why)


@pytest.fixture(autouse=True)
def no_known_lanes() -> None:
    """What a process remembers of its database: the next test finds another, or an emptied one."""
    if queue := sys.modules.get("postroom.outbound.queue"):
        queue._lanes.clear()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """pytest-django asks for this just before it makes its database, which needs a server, and not all migrations."""
    from django.db import connection  # noqa: PLC0415 - Django is set up by now

    connection.settings_dict["TEST"]["TEMPLATE"] = database.migrated_template()


@pytest.fixture
def database_url() -> Iterator[str]:
    """A new, empty database for programs that a test starts; dropped at the end, whoever is still connected."""
    with database.new_database() as url:
        yield url


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return issue_tls_files(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def postfix(tls_files: TlsFiles) -> Iterator[Postfix]:
    """A Postfix for customer.example.com and other.example.com, with STARTTLS; its mail stays for the session.

    Tests share it: send to an address of your own. It refuses `gone@` with 550 and puts off `later@` with 450.
    """
    if why := why_unavailable():
        pytest.skip(why)
    replies = {"gone@": "550 5.1.1 User unknown", "later@": "450 4.2.0 Mailbox busy, try again later"}
    with run_postfix("customer.example.com", "other.example.com", tls=tls_files, replies=replies) as server:
        yield server


@pytest.fixture
def free_port() -> int:
    return programs.free_port()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A TCP port of 127.0.0.1 that refuses connections: it is taken, so nobody else can listen on it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def _is_django_free(config: pytest.Config) -> bool:
    """Whether the command line names folders, and none of them needs Django."""
    here = Path(__file__).parent
    named = [Path(argument.partition("::")[0]).resolve() for argument in config.known_args_namespace.file_or_dir]
    return bool(named) and all(any(path.is_relative_to(here / name) for name in DJANGO_FREE) for path in named)


def _build_page_files() -> None:
    """What `make` does before the tests, for who calls pytest alone after a change."""
    scripts = Path(__file__).parent.parent / "scripts"
    assert runpy.run_path(str(scripts / "assets.py"))["main"]() == 0, "stylesheet and scripts could not be fetched"
    runpy.run_path(str(scripts / "messages.py"))["main"]("compile")


def _set_up_django() -> None:
    """Load the settings with nothing of the person's own installation; pytest-django then guards the database."""
    for name in [name for name in os.environ if name.startswith("POSTROOM_") and name != "POSTROOM_TEST_DATABASE_URL"]:
        del os.environ[name]
    configuration = database.run_directory() / "postroom.toml"
    configuration.touch()
    os.environ["POSTROOM_CONFIG"] = str(configuration)
    os.environ["POSTROOM_HOME"] = str(database.run_directory() / "home")
    os.environ["POSTROOM_DATABASE_URL"] = database.url()
    os.environ["DJANGO_SETTINGS_MODULE"] = "postroom.config.settings"

    import django  # noqa: PLC0415 - not before the lines above, and not at all for the Django-free folders

    django.setup()
