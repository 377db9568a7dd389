"""Can a person set up webhooks from the command line?"""

from tests.cli.conftest import Postroom, run
from tests.webhooks.conftest import Listener, listener

__all__ = ["listener"]


def test_a_webhook_is_added_tried_listed_and_removed(postroom: Postroom, refused: Postroom, listener: Listener) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")
    number, secret = postroom(
        "webhook", "add", listener.url, "--workspace", "company-name", "--event", "message.bounced"
    ).split()
    assert secret.startswith("whsec_")
    assert postroom("webhook", "test", number) == "HTTP 200 OK\n"
    listener.answers = [503]
    failed = run("webhook", "test", number)
    assert (failed.exit_code, failed.output) == (1, "HTTP 503 Service Unavailable\n")
    expected = f"{number}  {listener.url}  message.bounced  (0 waiting)\n"
    assert postroom("webhook", "list", "--workspace", "company-name") == expected
    assert postroom("webhook", "enable", number) == "Enabled.\n"
    assert postroom("webhook", "remove", number) == "Removed.\n"
    assert refused("webhook", "test", number).startswith(f"There is no webhook {number}")
