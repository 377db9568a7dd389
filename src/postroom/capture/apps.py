"""Registers the app with Django."""

from django.apps import AppConfig


class CaptureConfig(AppConfig):
    name = "postroom.capture"
    label = "capture"
