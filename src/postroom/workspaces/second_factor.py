"""Is it really this person? A code of their authenticator app, or a recovery code, beside the password."""

import hashlib
import secrets
import time
from base64 import b32decode

from django.db import transaction
from django.db.models.functions import Now

from postroom.errors import PostroomError
from postroom.rfc import totp
from postroom.workspaces.models import RecoveryCode, SecondFactor, User

RECOVERY_CODES = 10
RECOVERY_BYTES = 8  # 64 random bits: a plain hash of it cannot be guessed


class WrongCodeError(PostroomError):
    """This code is not right. Type the six digits that the app shows now."""

    code = "wrong_code"


def is_on(user: User) -> bool:
    return SecondFactor.objects.filter(user=user).exclude(confirmed_at=None).exists()


def begin(user: User) -> bytes:
    """The key to put into an app; the one begun before while it is not confirmed, so that a reload changes nothing."""
    factor, _ = SecondFactor.objects.get_or_create(
        user=user, defaults={"secret": totp.text_of(secrets.token_bytes(totp.KEY_BYTES))}
    )
    return b32decode(factor.secret)


@transaction.atomic
def confirm(user: User, code: str) -> list[str]:
    """Turn it on, proven by a code of the app; the recovery codes, shown this once. WrongCodeError."""
    factor = SecondFactor.objects.select_for_update().get(user=user)
    if not _takes(factor, code):
        raise WrongCodeError
    SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=Now())
    return renew_recovery_codes(user)


@transaction.atomic
def renew_recovery_codes(user: User) -> list[str]:
    """New ones in place of the old, in clear: the only time they are known."""
    codes = [secrets.token_hex(RECOVERY_BYTES) for _ in range(RECOVERY_CODES)]
    user.recovery_codes.all().delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(code)) for code in codes)
    return ["-".join(code[start : start + 4] for start in range(0, len(code), 4)) for code in codes]


@transaction.atomic
def check(user: User, code: str) -> None:
    """WrongCodeError unless `code` is the app's, or a recovery code that is now used up."""
    factor = SecondFactor.objects.select_for_update().exclude(confirmed_at=None).get(user=user)
    if not _takes(factor, code) and not _use_recovery_code(user, code):
        raise WrongCodeError


@transaction.atomic
def turn_off(user: User) -> None:
    SecondFactor.objects.filter(user=user).delete()
    user.recovery_codes.all().delete()


def _takes(factor: SecondFactor, code: str) -> bool:
    digits = "".join(code.split())
    step = totp.matching_step(b32decode(factor.secret), digits, now=time.time(), after=factor.last_step)
    if step is None:
        return False
    factor.last_step = step
    factor.save(update_fields=["last_step"])
    return True


def _use_recovery_code(user: User, code: str) -> bool:
    unused = user.recovery_codes.filter(digest=_digest(code), used_at=None)
    return unused.update(used_at=Now()) == 1


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.replace("-", "").strip().lower().encode()).digest()
