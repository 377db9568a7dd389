import os

import psycopg
import pytest

from tests import database


def test_a_new_database_is_empty_and_gone_afterwards() -> None:
    with database.new_database() as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE message (id bigint)")
            [[schemas]] = connection.execute(
                "SELECT array_agg(table_name::text) FROM information_schema.tables WHERE table_schema = 'public'"
            ).fetchall()
            assert schemas == ["message"]
            # Still connected: a program that a test forgot to stop must not keep the database alive.
            database_name = connection.info.dbname
            connection.commit()
            keep = psycopg.connect(url)
    with pytest.raises(psycopg.OperationalError):
        keep.execute("SELECT 1")
    with psycopg.connect(database.url()) as connection:
        assert not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database_name]).fetchall()


@pytest.mark.skipif("POSTROOM_TEST_DATABASE_URL" in os.environ, reason="the server is the person's own")
def test_the_embedded_server_runs_once_in_the_folder_of_the_run_and_saves_no_effort_on_disk() -> None:
    database.start()
    database.start()
    with psycopg.connect(database.url()) as connection:
        [[directory, fsync]] = connection.execute(
            "SELECT current_setting('data_directory'), current_setting('fsync')"
        ).fetchall()
    assert directory == str(database.run_directory() / "postgresql")
    assert fsync == "off"
