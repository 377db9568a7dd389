"""django-post-office sends its queue: `python -m benchmarks._post_office MESSAGES` prints the seconds that took.

As its documentation runs it: `send_queued_mail`, one process, its default of five threads and of logging every mail.
"""

import logging
import sys
import tempfile
import time

from benchmarks._mail_project import AUTHOR, HTML, TEXT, configure, recipient

configure("django.contrib.contenttypes", "django.contrib.auth", "post_office")

from django.core.management import call_command  # noqa: E402 - needs the settings, as what follows
from post_office import mail  # noqa: E402
from post_office.models import STATUS, Email  # noqa: E402


def main(messages: int) -> None:
    logging.getLogger("post_office").setLevel(logging.WARNING)
    call_command("migrate", verbosity=0)
    mail.send_many(
        [
            {"sender": AUTHOR, "recipients": [recipient(number)], "subject": f"Quotation {number}", "message": TEXT,
             "html_message": HTML}
            for number in range(messages)
        ]
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        mail.send_queued_mail_until_done(f"{folder}/lock")
        seconds = time.perf_counter() - started
    if Email.objects.filter(status=STATUS.sent).count() != messages:
        raise RuntimeError("django-post-office has not sent everything")
    print(seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]))
