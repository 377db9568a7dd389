"""Registers the app with Django."""

from django.apps import AppConfig


class DomainsConfig(AppConfig):
    name = "postroom.domains"
    label = "domains"
