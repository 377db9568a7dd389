"""Registers the app with Django."""

from django.apps import AppConfig


class ServersConfig(AppConfig):
    name = "postroom.servers"
    label = "servers"

    def ready(self) -> None:
        from django.db.models.signals import pre_delete  # noqa: PLC0415 – the models are loaded only now

        from postroom.servers.personal import retire  # noqa: PLC0415
        from postroom.workspaces.models import Membership  # noqa: PLC0415

        pre_delete.connect(lambda instance, **_: retire(instance), sender=Membership, weak=False)
