"""Registers the app with Django."""

from django.apps import AppConfig


class PartsConfig(AppConfig):
    name = "postroom.parts"
    label = "parts"
