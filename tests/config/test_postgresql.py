"""Is a kept connection replaced when it was ended and trusted when it was not, and a number stored as it is?"""

import psycopg
import pytest
from django.db import DataError, IntegrityError, close_old_connections, connection

from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Workspace
from tests.outbound.office import conninfo

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def kept_connection() -> None:
    """As in a server between two requests."""
    connection.close()
    connection.ensure_connection()
    close_old_connections()


def test_a_living_connection_is_used_again_without_a_question() -> None:
    pid = connection.connection.info.backend_pid
    before = _last_query(pid)
    close_old_connections()
    connection.close_if_health_check_failed()
    assert _last_query(pid) == before
    assert connection.connection.info.backend_pid == pid


def test_a_connection_that_the_server_ended_is_replaced() -> None:
    pid = connection.connection.info.backend_pid
    with psycopg.connect(conninfo(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() != (pid,)


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**33 + 5, 2**70])
def test_a_number_that_its_column_cannot_hold_is_an_error_and_not_another_number(number: int) -> None:
    workspace = create_workspace("company-name", company="My Company")
    limits = Workspace.objects.filter(pk=workspace.pk)
    with pytest.raises(DataError):
        limits.update(default_server_daily_limit=number)
    limits.update(default_server_daily_limit=2**31 - 1)
    with pytest.raises(IntegrityError):
        limits.update(default_server_daily_limit=-1)
    assert limits.get().default_server_daily_limit == 2**31 - 1


def _last_query(pid: int) -> object:
    with psycopg.connect(conninfo(), autocommit=True) as other:
        return other.execute("SELECT query_start FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()
