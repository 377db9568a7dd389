"""What the pages themselves must remember: sign-ins that failed."""

from django.db import models
from django.db.models.functions import Now


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
