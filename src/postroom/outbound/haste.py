"""How long do workers wait, when somebody must see within a minute what otherwise takes many?"""

from django.conf import settings


def hurried(seconds: float) -> float:
    """A worker's wait under POSTROOM_HASTE (`postroom chaos` sets it): the same code, only sooner."""
    return seconds / float(settings.POSTROOM.haste)
