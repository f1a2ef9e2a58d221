"""Each operation takes the means of authentication that the official document has, of those we have."""

from typing import get_args

import pytest

from ostiary import api
from ostiary.wire import stream
from ostiary.wire.auth import BACKEND, Means
from ostiary.wire.openapi import document
from ostiary.wire.operation import OPERATIONS

from . import official

_ = api  # importing it fills the operation table
HERE = frozenset(get_args(Means))


@pytest.mark.parametrize("path", sorted(OPERATIONS))
def test_an_operation_takes_what_the_official_one_takes(path: str) -> None:
    if not official.knows(path):
        assert path.startswith("/ostiary/")
        assert OPERATIONS[path].auth == BACKEND, "what is ours alone is the backend's alone"
        return
    taken = [
        {means for needed in method["security"] for means in needed}
        for method in official.schema()["paths"][path].values()
    ]
    for means in taken:
        assert OPERATIONS[path].auth == means & HERE


def test_our_own_document_says_so_too() -> None:
    described = document("http://house.test")
    schemes = described["components"]["securitySchemes"]
    assert "security" not in described, "each operation says it for itself"
    for path, methods in described["paths"].items():
        auth = BACKEND if path == stream.PATH else OPERATIONS[path].auth
        for method in methods.values():
            needed = method["security"]
            assert len(needed) == len(auth)
            assert {name for each in needed for name in each} <= set(schemes)
            names = [set(each) for each in needed]
            assert ({"client_session"} in names) == ("client_session" in auth)
            assert ({"publishable_key"} in names) == ("publishable_key" in auth)
            assert ({"personal_access_token"} in names) == ("pat_without_workspace" in auth)
            assert ({"personal_access_token", "seam_workspace"} in names) == ("pat_with_workspace" in auth)
