"""Which system parameters are known, and what they hold."""

from postroom.workspaces.models import SystemParameter, Workspace

DEFAULT_FROM_FILTER = "mail.default.from_filter"
# Domains at which a local part alone says where mail belongs, though they are not ours.
CATCHALL_DOMAINS = "mail.catchall.domain.allowed"
# What answers to a conversation's mail are asked to go to: `signed` (a sub-address of reply@) or `catchall`.
REPLY_ADDRESS = "mail.reply.address"
# Loops: this many mails of one sender, or to one thread, within so many minutes are taken for one.
LOOP_MINUTES, LOOP_THRESHOLD = "mail.gateway.loop.minutes", "mail.gateway.loop.threshold"


# "yes": mail to unknown addresses of our domains is taken, for the desk, instead of being refused.
KEEP_UNKNOWN = "mail.gateway.keep_unknown"


def parameter(workspace: Workspace, key: str) -> str | None:
    """The value, or None when the parameter is not set or empty."""
    return SystemParameter.objects.filter(workspace=workspace, key=key).values_list("value", flat=True).first() or None


def set_parameter(workspace: Workspace, key: str, value: str) -> None:
    """Set the parameter; "" unsets it."""
    SystemParameter.objects.update_or_create(workspace=workspace, key=key, defaults={"value": value})
