"""Registers the app with Django."""

from django.apps import AppConfig


class ServersConfig(AppConfig):
    name = "postroom.servers"
    label = "servers"
