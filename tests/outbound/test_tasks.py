"""What becomes of background jobs whose worker is gone?"""

from django.db import connection
from procrastinate import PsycopgConnector

from postroom.jobs import app
from postroom.outbound import tasks
from tests.outbound.office import Courier, Office, conninfo

VANISHED = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
JOB = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, status, worker_id)"
    " VALUES ('chores', %s, %s, %s, %s)"
)


def run_task(courier: Courier) -> None:
    async def run() -> None:
        with app.replace_connector(PsycopgConnector(conninfo=conninfo())):
            async with app.open_async():
                await tasks.retry_stalled_jobs(timestamp=0)

    courier.background.run(run())


def test_each_is_put_back_whatever_is_wrong_with_another(busy_office: Office, courier: Courier) -> None:
    """Of the first, the same job waits already: two with one queueing lock may not."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")  # another test's: its table is not Django's to empty
        cursor.execute(VANISHED)
        worker = cursor.fetchone()[0]
        cursor.execute(JOB, ["outbound.prune", "outbound.prune", "doing", worker])
        cursor.execute(JOB, ["outbound.prune", "outbound.prune", "todo", None])
        cursor.execute(JOB, ["outbound.fold_usage", "outbound.fold_usage", "doing", worker])
    run_task(courier)
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status FROM procrastinate_jobs ORDER BY task_name")
        assert cursor.fetchall() == [("outbound.fold_usage", "todo"), ("outbound.prune", "todo")]
