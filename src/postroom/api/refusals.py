"""Which HTTP status does each refusal have, and how is it written?

The body is `{"error": {"code", "message", "field"?}}` whatever went wrong. Codes are stable: programs decide by them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.responses import Response

from postroom.api.auth import MissingKeyError
from postroom.api.schemas import Refusal
from postroom.api.validation import MalformedJsonError
from postroom.errors import PostroomError
from postroom.jobs import DATABASE_AWAY

log = structlog.get_logger()
# A restart of PostgreSQL takes a few seconds.
RETRY_AFTER_SECONDS = 5

# Every code the API answers with. docs/api.md explains the same ones; a test compares the two.
STATUS = {
    "invalid_idempotency_key": 400,
    "malformed_json": 400,
    "missing_api_key": 401,
    "unknown_api_key": 401,
    "not_allowed": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "message_too_large": 413,
    "idempotency_key_reused": 422,
    "invalid_address": 422,
    "invalid_base64": 422,
    "invalid_content": 422,
    "invalid_header": 422,
    "invalid_table": 422,
    "invalid_value": 422,
    "invalid_webhook_url": 422,
    "missing_field": 422,
    "missing_from": 422,
    "no_recipients": 422,
    "too_many_webhooks": 422,
    "address_taken": 422,
    "cannot_merge": 422,
    "incomplete_rule": 422,
    "invalid_local_part": 422,
    "invalid_server": 422,
    "not_a_member": 422,
    "not_on_desk": 422,
    "record_taken": 422,
    "unknown_account": 422,
    "unknown_alias": 422,
    "unknown_company": 422,
    "unknown_domain": 422,
    "unknown_record_type": 422,
    "unknown_subtype": 422,
    "unknown_field": 422,
    "unknown_server": 422,
    "wrong_type": 422,
    "internal_error": 500,
    "unavailable": 503,
}
# The same in the OpenAPI description of every operation.
REFUSED = dict.fromkeys(sorted(set(STATUS.values()) - {405}), Refusal)


class RequestTooLargeError(PostroomError):
    """The request is too large; send links instead of files."""

    code = "message_too_large"


class NotFoundError(PostroomError):
    """There is nothing at this address; /api/v1/docs tells what there is."""

    code = "not_found"


class MethodNotAllowedError(PostroomError):
    """This address does not know that HTTP method; /api/v1/docs tells which one it knows."""

    code = "method_not_allowed"


class UnavailableError(PostroomError):
    """The database cannot be reached. Try again, with an Idempotency-Key to be sure of no duplicate."""

    code = "unavailable"


class InternalError(PostroomError):
    """A fault of this program, which was logged; tell whoever runs it."""

    code = "internal_error"


def as_json(refusal: PostroomError) -> dict[str, Any]:
    field = {"field": refusal.field} if refusal.field else {}
    return {"error": {"code": refusal.code, "message": refusal.message, **field}}


def respond(refusal: PostroomError) -> HttpResponse:
    status = STATUS.get(refusal.code, 422)
    response = Response(as_json(refusal), status=status)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="postroom"'  # RFC 6750 §3
    elif status == 405:
        response["Allow"] = refusal.facts["allow"]  # RFC 9110 §15.5.6
    elif status == 503:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def install(api: NinjaAPI) -> None:
    """Have every exception of `api` answered in the one shape."""
    for exception, translate in _TRANSLATIONS.items():
        api.add_exception_handler(exception, partial(_respond_translated, translate))


def _respond_translated(
    translate: Callable[[Any], PostroomError], _request: HttpRequest, error: Exception | type[Exception]
) -> HttpResponse:
    return respond(translate(error))


def _from_http_error(error: HttpError) -> PostroomError:
    """The only one that django-ninja raises while it reads a request: the body cannot be parsed."""
    return MalformedJsonError(f"The body is not JSON: {error.__cause__}.")


def _from_big_request(_error: RequestDataTooBig) -> PostroomError:
    limit = settings.POSTROOM.max_message_bytes
    return RequestTooLargeError(f"The request is too large: a message may have {limit:,} bytes. Send a link instead.")


def _from_lost_database(error: Exception) -> PostroomError:
    log.warning("request.refused", error=str(error).strip())
    return UnavailableError()


def _from_bug(error: Exception) -> PostroomError:
    log.error("request.failed", exc_info=error)
    return InternalError()


_TRANSLATIONS: dict[type[Exception], Callable[[Any], PostroomError]] = {
    PostroomError: lambda refusal: refusal,
    AuthenticationError: lambda _: MissingKeyError(),
    HttpError: _from_http_error,
    RequestDataTooBig: _from_big_request,
    RecursionError: lambda _: MalformedJsonError("The body is nested too deeply."),
    UnreadablePostError: lambda _: MalformedJsonError("The body ended too early."),
    **dict.fromkeys(DATABASE_AWAY, _from_lost_database),
    Exception: _from_bug,
}
