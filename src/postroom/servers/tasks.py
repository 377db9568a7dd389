"""Which background jobs this app has; each may run twice without harm."""

from django.conf import settings

from postroom.domains.models import AliasDomain
from postroom.domains.resolver import Resolver
from postroom.jobs import app, in_own_thread
from postroom.servers import connection_tests, domain_health
from postroom.servers.oauth.watch import watch


@app.periodic(cron="*/5 * * * *")
@app.task(name="servers.check_domains", queue="chores", queueing_lock="servers.check_domains")
async def check_domains(timestamp: int) -> None:
    """Check each alias domain's DNS daily, and within minutes of a change."""
    await in_own_thread(_check_due)


@app.periodic(cron="23 5 * * *")
@app.task(name="servers.watch_oauth", queue="chores", queueing_lock="servers.watch_oauth")
async def watch_oauth(timestamp: int) -> None:
    """Count client secrets down, and keep permissions alive that no mail uses."""
    await in_own_thread(watch)


def _check_due() -> None:
    domain_health.check_due(Resolver(settings.POSTROOM.resolver))


@app.task(name=domain_health.TASK, queue="chores")
async def check_domain(domain_id: int) -> None:
    await in_own_thread(_check, domain_id)


def _check(domain_id: int) -> None:
    domain = AliasDomain.objects.select_related("workspace").filter(pk=domain_id).first()
    if domain is not None:
        domain_health.check_domain(domain, Resolver(settings.POSTROOM.resolver))


@app.task(name=connection_tests.TASK, queue="chores")
async def try_server(test_id: int) -> None:
    await connection_tests.run(test_id)
