"""The plainest way to send mail in the background: a Celery task that calls Django's mail functions.

`python -m benchmarks._celery_mail MESSAGES` fills the queue of `celery --app benchmarks._celery_mail worker`. Each mail
sent adds an octet to the file that BENCHMARK_PROGRESS names.
"""

import os
import sys
from pathlib import Path

from celery import Celery
from django.core.mail import EmailMultiAlternatives

from benchmarks._mail_project import AUTHOR, HTML, TEXT, configure, recipient

configure()
app = Celery(broker=os.environ["BENCHMARK_BROKER"])
app.conf.broker_connection_retry_on_startup = True


@app.task(name="send_quotation")  # filled as __main__, worked off as benchmarks._celery_mail
def send_quotation(number: int) -> None:
    # As django.core.mail.send_mail does it, a connection for each message.
    mail = EmailMultiAlternatives(f"Quotation {number}", TEXT, AUTHOR, [recipient(number)])
    mail.attach_alternative(HTML, "text/html")
    mail.send()
    with Path(os.environ["BENCHMARK_PROGRESS"]).open("ab", buffering=0) as progress:
        progress.write(b".")


if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        send_quotation.delay(number)
