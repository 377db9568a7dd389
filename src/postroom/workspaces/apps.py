"""Registers the app with Django."""

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "postroom.workspaces"
    label = "workspaces"
