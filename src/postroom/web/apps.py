"""Registers the app with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "postroom.web"
    label = "web"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in  # noqa: PLC0415 – models are loaded now, not before

        from postroom.web.signed_in import note_sign_in  # noqa: PLC0415

        user_logged_in.connect(note_sign_in, dispatch_uid="postroom.web.signed_in")
