"""Does Django's connection have what DATABASE_URL and we ask for?"""

from django.db import connection

from postroom.config.settings import _database


def test_a_url_may_choose_other_life_signs() -> None:
    options = _database("postgresql://mary@db.example.com/mail?tcp_user_timeout=5000&sslmode=require")["OPTIONS"]
    assert isinstance(options, dict)
    assert (options["tcp_user_timeout"], options["sslmode"], options["keepalives_idle"]) == ("5000", "require", 30)


def test_a_dead_peer_is_noticed(db: None) -> None:
    connection.ensure_connection()
    assert connection.connection.info.get_parameters()["tcp_user_timeout"] == "30000"
