"""The web application as granian serves it."""

import logging
from contextlib import ExitStack
from multiprocessing.util import Finalize

from django.core.wsgi import get_wsgi_application

from postroom.config import logs, runtime

logs.set_up(runtime.prepare().env.log_level)
# Django also logs every answer from 400 on, such as /healthz while a part is away: only what broke is an event.
logging.getLogger("django.request").addFilter(lambda record: record.exc_info is not None)
application = get_wsgi_application()

# What follows needs the application to be set up. The pages and the API are loaded now, not with the first request: who
# asks first need not wait, and what cannot be loaded stops the start.
from postroom.parts.beat import beating  # noqa: E402

_running = ExitStack()
_running.enter_context(beating("web"))
# granian's workers are processes of multiprocessing, which leave without running atexit: it has this hook instead.
Finalize(None, _running.close, exitpriority=10)
