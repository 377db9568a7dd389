"""The sample installation: a workspace with two companies whose mail ends in the capture server."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from postroom.config.env import Environment
from postroom.domains.alias_domains import assign, create_company, save_alias_domain
from postroom.domains.keys import create_dkim_key
from postroom.domains.models import AliasDomain
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.servers.save import save_server
from postroom.workspaces.create import create_workspace
from postroom.workspaces.keys import create_key, find_key
from postroom.workspaces.models import Membership, User, Workspace

WORKSPACE = "company-name"
ADMIN_EMAIL = "admin@company-name.com"
COMPANIES = {"My Company": "company-name.com", "Second Company": "second-company.com"}
SELECTOR = "postroom"


@dataclass(frozen=True, slots=True)
class DemoServer:
    name: str
    priority: int
    from_filter: str


SERVERS = (
    DemoServer("Company mail", 1, "company-name.com"),
    DemoServer("Second Company mail", 2, "second-company.com"),
    DemoServer("Mailings", 10, "news@company-name.com"),
)


def facts_path(env: Environment) -> Path:
    return env.home / "demo.json"


def set_up(env: Environment) -> None:
    """Create what is missing, and bring addresses and ports up to date with the settings."""
    with transaction.atomic():
        workspace = _workspace()
        _companies(workspace)
        _servers(workspace, env)
        facts = _facts(workspace, _known(env), env)
    _write(facts_path(env), facts)


def _workspace() -> Workspace:
    found = Workspace.objects.filter(slug=WORKSPACE).first()
    return found or create_workspace(WORKSPACE, company=next(iter(COMPANIES)))


def _companies(workspace: Workspace) -> None:
    for company_name, domain_name in COMPANIES.items():
        company = workspace.companies.filter(name=company_name).first() or create_company(workspace, company_name)
        if workspace.alias_domains.filter(name=domain_name).exists():
            continue
        domain = save_alias_domain(AliasDomain(workspace=workspace, name=domain_name))
        assign(company, domain)
        create_dkim_key(workspace, domain=domain_name, selector=SELECTOR)


def _servers(workspace: Workspace, env: Environment) -> None:
    for plan in SERVERS:
        server = OutgoingServer.objects.filter(workspace=workspace, name=plan.name).first() or OutgoingServer(
            workspace=workspace, name=plan.name, priority=plan.priority, from_filter=plan.from_filter, encryption="none"
        )
        server.host, server.port = env.capture_host, env.capture_port
        save_server(server)
    if not DedicatedServer.objects.filter(workspace=workspace).exists():
        DedicatedServer.objects.create(workspace=workspace, server=server)


def _facts(workspace: Workspace, known: dict[str, Any], env: Environment) -> dict[str, Any]:
    return {
        "url": env.public_url,
        "admin_email": ADMIN_EMAIL,
        "admin_password": _admin_password(workspace, known),
        "api_key": _api_key(workspace, known),
        "submission": {"host": env.submission_host, "port": env.submission_port},
    }


def _admin_password(workspace: Workspace, known: dict[str, Any]) -> str:
    user = User.objects.filter(email=ADMIN_EMAIL).first()
    password = str(known.get("admin_password", ""))
    if user is not None and password and user.check_password(password):
        return password
    password = secrets.token_urlsafe(12)
    user = user or User(email=ADMIN_EMAIL, name="Mitchell Admin")
    user.set_password(password)
    user.save()
    Membership.objects.get_or_create(workspace=workspace, user=user, defaults={"role": Membership.Role.OWNER})
    return password


def _api_key(workspace: Workspace, known: dict[str, Any]) -> str:
    key = str(known.get("api_key", ""))
    found = find_key(key) if key else None
    return key if found is not None and found.workspace_id == workspace.pk else create_key(workspace, name="demo")


def _known(env: Environment) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads(facts_path(env).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return facts


def _write(path: Path, facts: dict[str, Any]) -> None:
    """Replace the file in one step; it holds a password, so only its owner may read it."""
    draft = path.with_suffix(".tmp")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=2)
    draft.replace(path)
