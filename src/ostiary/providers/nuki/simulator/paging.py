"""The list of all authorizations, page by page (4.1)."""

from urllib.parse import urlencode

from ostiary.simulation.answers import Answer, json_answer
from ostiary.simulation.calls import Route

from . import auths
from .bodies import query_integer
from .call import Call
from .refusals import bad_parameter
from .shapes import present
from .state import Home

_SIZE = 100
_MOST = 1000  # assumed


def list_paged(call: Call) -> Answer:
    """Pages are numbered from 0; one behind the last is empty."""
    page, size = query_integer(call.query, "page"), query_integer(call.query, "size")
    page, size = 0 if page is None else page, _SIZE if size is None else size
    if page < 0:
        raise bad_parameter("page", page)
    if not 0 < size <= _MOST:
        raise bad_parameter("size", size)
    found = auths.all_auths(call)
    pages = -(-len(found) // size)
    pagination = {
        "totalItems": len(found),
        "totalPages": pages,
        "currentPage": page,
        "pageSize": size,
        "nextPage": _link(call, page + 1, size) if page + 1 < pages else None,
        "prevPage": _link(call, page - 1, size) if 0 < page <= pages else None,
    }
    results = found[page * size : (page + 1) * size]
    return json_answer({"results": results, "pagination": present(pagination)})


def _link(call: Call, page: int, size: int) -> str:
    """The definition says no more than "string"; that it is an address is assumed."""
    return f"{call.url}{call.path}?{urlencode({**call.query, 'page': page, 'size': size})}"


ROUTES: tuple[Route[Home], ...] = (Route("GET", "/smartlock/auth/paged", ("smartlock.auth",), list_paged),)
