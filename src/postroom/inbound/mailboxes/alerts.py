"""Which alerts tell of an incoming server, and when has their cause gone without a visit that went well?"""

from postroom.inbound.models import IncomingServer
from postroom.workspaces.alerts import clear_alert

SERVER_ALERT = "incoming_server"
MAIL_ALERT = "incoming_mail"


def clear_server_alert(server: IncomingServer) -> None:
    """The server is visited again as usual, set up anew, or gone."""
    clear_alert(server.workspace, SERVER_ALERT, str(server.pk))


def clear_mail_alert(server: IncomingServer) -> None:
    """No mail on the server is given up any more."""
    clear_alert(server.workspace, MAIL_ALERT, str(server.pk))
