"""What does `postroom serve` say and decide, before any process is started?"""

import json
import shlex
from itertools import pairwise

from postroom.cli.serve import FIRST_MAIL, welcome
from postroom.cli.supervise import LONGEST_DELAY, restart_delay
from postroom.config.env import load

DEMO = {"admin_email": "admin@company-name.com", "admin_password": "a-password", "api_key": "pr_key"}


def test_waits_longer_after_each_crash_but_never_gives_up() -> None:
    delays = [restart_delay(failures) for failures in range(1, 2000)]
    assert delays[0] == 1
    assert all(earlier <= later for earlier, later in pairwise(delays))
    assert delays[-1] == LONGEST_DELAY


def test_gives_a_first_mail_that_a_shell_understands() -> None:
    said = welcome(load({"POSTROOM_HTTP_HOST": "0.0.0.0"}), DEMO)
    command = shlex.split(said.partition("/capture:\n")[2].replace("\\\n", ""))
    assert command[:2] == ["curl", "http://127.0.0.1:8080/api/v1/messages"]
    assert "Authorization: Bearer pr_key" in command
    assert json.loads(command[-1]) == FIRST_MAIL


def test_speaks_of_no_sign_in_where_there_is_no_demo() -> None:
    assert "Sign in" not in welcome(load({}), None)
