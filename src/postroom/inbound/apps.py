"""Registers the app with Django."""

from django.apps import AppConfig


class InboundConfig(AppConfig):
    name = "postroom.inbound"
    label = "inbound"
