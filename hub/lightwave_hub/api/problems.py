"""Refusals as problem documents (RFC 9457): status, title, detail, and the field at fault."""

from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from lightwave_hub.errors import RequestError, ShowBusyError
from lightwave_hub.log import api_log, failure

_PAGE_FREE_PATHS = ("/api/", "/health", "/metrics")


def problem(status: int, detail: str, field: str = "") -> web.Response:
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    if field:
        document["field"] = field
    return web.json_response(document, status=status, content_type="application/problem+json")


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into a problem document."""
    try:
        return await handler(request)
    except RequestError as error:
        return problem(error.status, error.detail, error.field)
    except ShowBusyError as error:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    except web.HTTPRequestEntityTooLarge as error:
        return problem(error.status, f"a body has at most {request.client_max_size} bytes")
    except web.HTTPMethodNotAllowed as error:
        answer = problem(error.status, f"{request.path} takes {', '.join(sorted(error.allowed_methods))}")
        answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return answer
    except web.HTTPNotFound as error:
        return problem(error.status, f"there is no {request.path}")
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST or not request.path.startswith(_PAGE_FREE_PATHS):
            raise
        return problem(error.status, error.text or error.reason)
    except Exception:
        failure(api_log, "request failed", method=request.method, path=request.path)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the hub failed on this request; its log says more")
