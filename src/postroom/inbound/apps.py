"""Registers the app with Django."""

from django.apps import AppConfig


class InboundConfig(AppConfig):
    name = "postroom.inbound"
    label = "inbound"

    def ready(self) -> None:
        from postroom.inbound.mailboxes.accounts import take_up  # noqa: PLC0415 – the models are loaded only now
        from postroom.servers.oauth.sign_in import connected  # noqa: PLC0415

        connected.connect(take_up)
