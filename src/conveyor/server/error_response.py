"""Errors as the protocol of a request has them."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from conveyor.errors import InputError

MLFLOW_ERRORS = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    409: "RESOURCE_CONFLICT",
    429: "RESOURCE_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}


def error_response(path: str, status: int, message: str) -> JSONResponse:
    """An error in the form of KServe's protocol below /v2, and of MLflow's elsewhere."""
    if path.startswith("/v2"):
        return JSONResponse({"error": message}, status)
    code = MLFLOW_ERRORS.get(status, "BAD_REQUEST")
    return JSONResponse({"error_code": code, "message": message}, status)


@contextmanager
def refused_input() -> Iterator[None]:
    """Answer 400 with the message of an InputError of the body of the `with`."""
    try:
        yield
    except InputError as error:
        raise HTTPException(400, str(error)) from None
    except RecursionError:
        raise HTTPException(400, "request body: expected fewer nested lists") from None
