"""What makes the HTTP API one: its routers, its keys, its refusals and its description."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import ValidationErrorContext
from ninja.operation import Operation
from ninja.parser import Parser

from postroom.api import (
    alerts,
    aliases,
    campaigns,
    desk,
    domains,
    followers,
    inbound,
    incoming_servers,
    messages,
    posts,
    record_types,
    records,
    refusals,
    routes,
    servers,
    steering,
    suppressions,
    webhooks,
)
from postroom.api.auth import ApiKeyAuth
from postroom.api.reference import Reference
from postroom.api.validation import explain


class StrictParser(Parser):
    """JSON as RFC 8259 has it: without the NaN and Infinity that Python adds."""

    def parse_body(self, request: HttpRequest) -> Any:
        return json.loads(request.body, parse_constant=_refuse_constant)


class PostroomApi(NinjaAPI):
    """django-ninja's API with our words for what is wrong with a request."""

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext[Any]]) -> NoReturn:
        context = error_contexts[0]
        # Outermost is the name of the view's argument.
        raise explain(context.pydantic_validation_error, context.model, nesting=1)

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        """What django-ninja would answer with pages of Django's own is answered in JSON too."""
        patterns, app_name, namespace = super().urls
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = _refuse_other_methods(pattern.callback)
        return [path("", _find_nothing), *patterns, re_path("", _find_nothing)], app_name, namespace


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_other_methods(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def answer(request: HttpRequest, **path_parameters: Any) -> HttpResponse:
        response = view(request, **path_parameters)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        return refusals.respond(refusals.MethodNotAllowedError(allow=response["Allow"]))

    return answer


@csrf_exempt
def _find_nothing(_request: HttpRequest) -> HttpResponse:
    return refusals.respond(refusals.NotFoundError())


def _build() -> PostroomApi:
    api = PostroomApi(
        title="Postroom",
        version="1",
        description="Hand in mail, ask how it would leave, and see what became of it.",
        docs=Reference(),
        auth=ApiKeyAuth(),
        parser=StrictParser(),
    )
    api.add_router("/messages", messages.router)
    api.add_router("/campaigns", campaigns.router)
    api.add_router("/deliveries", steering.router)
    api.add_router("/route", routes.router)
    api.add_router("/suppressions", suppressions.router)
    api.add_router("/alerts", alerts.router)
    api.add_router("/domains", domains.router)
    api.add_router("/servers", servers.router)
    api.add_router("/webhooks", webhooks.router)
    api.add_router("/record-types", record_types.router)
    for router in (records.router, posts.router, followers.router):
        api.add_router("/records", router)
    api.add_router("/notifications", posts.notifications)
    api.add_router("/aliases", aliases.router)
    api.add_router("/inbound", inbound.router)
    api.add_router("/inbound/desk", desk.router)
    api.add_router("/incoming-servers", incoming_servers.router)
    refusals.install(api)
    return api


api = _build()
