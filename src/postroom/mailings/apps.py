"""Registers the app with Django."""

from django.apps import AppConfig


class MailingsConfig(AppConfig):
    name = "postroom.mailings"
    label = "mailings"
