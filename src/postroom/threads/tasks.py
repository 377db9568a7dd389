"""Which background jobs this app has; each may run twice without harm."""

from postroom.jobs import app, in_thread
from postroom.threads import learning


@app.periodic(cron="* * * * *")
@app.task(name="threads.learn_identifiers", queue="chores", queueing_lock="threads.learn_identifiers")
async def learn_identifiers(timestamp: int) -> None:
    """Read in servers' answers under which Message-IDs our mail left."""
    while await in_thread(learning.learn_identifiers) == learning.AT_ONCE:
        pass
