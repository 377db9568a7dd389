"""What the pages themselves must remember: who signed in where, and sign-ins that failed."""

from django.db import models
from django.db.models.functions import Now

from postroom.workspaces.models import User


class SignedIn(models.Model):
    """A browser in which a person is signed in, while its session lasts."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField(db_default=Now())
    ip = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=400, blank=True, help_text="As it calls itself")

    def __str__(self) -> str:
        return f"{self.user_id} from {self.ip}"


class FailedSignIn(models.Model):
    """A try to sign in that did not succeed; kept for as long as it slows the next one down."""

    address = models.CharField(max_length=320, help_text="As it was typed, in lower case: nobody may have it")
    ip = models.GenericIPAddressField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            # throttle.count_try: the tries for one address from one place, and those that are old enough to forget.
            models.Index(fields=["address", "ip", "at"], name="failed_sign_in_pair"),
            models.Index(fields=["at"], name="failed_sign_in_age"),
        ]

    def __str__(self) -> str:
        return f"{self.address} from {self.ip}"
