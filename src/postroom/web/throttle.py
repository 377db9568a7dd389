"""Whether someone may try a password now, or has guessed too often."""

from datetime import timedelta

from django.db.models.functions import Now

from postroom.errors import PostroomError
from postroom.web.models import FailedSignIn

MAX_TRIES = 5
WINDOW = timedelta(minutes=10)


class TooManyTriesError(PostroomError):
    """Too many tries for this address. Wait ten minutes, then try again."""

    code = "too_many_tries"


def count_try(address: str, ip: str) -> None:
    """Count a try as failed before its password is looked at, so that many at once cannot slip through together.

    TooManyTriesError when there were five in ten minutes. `forgive` it when the password was right.
    """
    FailedSignIn.objects.filter(at__lt=Now() - WINDOW).delete()
    this = FailedSignIn.objects.create(address=address, ip=ip)
    if FailedSignIn.objects.filter(address=address, ip=ip, at__gte=Now() - WINDOW).count() > MAX_TRIES:
        this.delete()  # a refused try is no guess: it does not lengthen the wait
        raise TooManyTriesError


def forgive(address: str, ip: str) -> None:
    FailedSignIn.objects.filter(address=address, ip=ip).delete()
