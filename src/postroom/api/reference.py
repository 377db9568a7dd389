"""How does a person read the description of the API? One plain page that loads nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase


class Reference(DocsBase):
    """The OpenAPI description as HTML; django-ninja's own pages need a megabyte of script or somebody else's server."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        description = api.get_openapi_schema(path_params=kwargs)
        style = _read("reference.css")
        page = _template().render(
            Context(
                {
                    "info": description["info"],
                    "style": style,
                    "openapi_url": self.get_openapi_url(api, kwargs),
                    "operations": list(_operations(description["paths"])),
                    "schemas": [_schema(*item) for item in sorted(description["components"]["schemas"].items())],
                }
            )
        )
        style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{style_hash}'; base-uri 'none'; frame-ancestors 'none'"
        return HttpResponse(page, headers={"Content-Security-Policy": policy})


def say_type(schema: dict[str, Any]) -> str:
    """A JSON Schema in a few words: `list of string`, `Stream`, `string or null`."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(say_type, schema["anyOf"])))
    if "enum" in schema:
        return " or ".join(f"“{value}”" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {say_type(schema['items'])}"
    if "properties" in schema:
        return str(schema.get("title") or "{" + ", ".join(schema["properties"]) + "}")
    words = [schema.get("type", "anything"), f"({schema['format']})" if "format" in schema else ""]
    return " ".join(filter(None, words))


def _operations(paths: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, operations in paths.items():
        for method, operation in operations.items():
            yield {
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "description": operation.get("description", ""),
                "parameters": [_parameter(parameter) for parameter in operation["parameters"]],
                "body": _body(operation.get("requestBody")),
                "answers": _answers(operation["responses"]),
            }


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "place": parameter["in"],
        "type": say_type(parameter["schema"]),
        "required": parameter["required"],
        "description": parameter.get("description") or parameter["schema"].get("description", ""),
    }


def _answers(responses: dict[int, Any]) -> dict[str, str]:
    """The statuses that each kind of body comes with: `{"Accepted": "202", "Refusal": "400, 401"}`."""
    answers: dict[str, list[str]] = {}
    for status, answer in responses.items():
        answers.setdefault(_body(answer) or "", []).append(str(status))
    return {body: ", ".join(statuses) for body, statuses in answers.items()}


def _body(described: dict[str, Any] | None) -> str | None:
    """The type of a JSON body; None where there is none, or a file instead."""
    content = (described or {}).get("content")
    return say_type(content["application/json"]["schema"]) if content else None


def _schema(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    required = schema.get("required", [])
    fields = [
        {
            "name": field,
            "type": say_type(described),
            "required": field in required,
            "description": described.get("description", ""),
        }
        for field, described in schema.get("properties", {}).items()
    ]
    return {
        "name": name,
        "description": schema.get("description", ""),
        "fields": fields,
        "type": "" if fields else say_type(schema),
    }


@cache
def _template() -> Template:
    return Template(_read("reference.html"))


@cache
def _read(name: str) -> str:
    return files("postroom.api").joinpath(name).read_text(encoding="utf-8")
