"""
One family of errors per reader (house style 6).

`ApiError` speaks to the caller of the API, `ProviderError` to the engine. Problems, which speak to the
owner of a lock, are state and live in `domain.problems`.
"""

from collections.abc import Mapping


class ApiError(Exception):
    """
    A refusal in the wire's vocabulary.

    Args:
        error_type: The wire's `error.type`, such as `device_not_found`.
        message: What is wrong and where, for a developer.
        status: HTTP status, 4xx.
        data: Free object for the wire's `error.data`.
        retry_after: Seconds until a repeat makes sense; becomes the `Retry-After` header.
    """

    def __init__(
        self,
        error_type: str,
        message: str,
        *,
        status: int = 400,
        data: Mapping[str, object] | None = None,
        validation_errors: Mapping[str, object] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.status = status
        self.data = data
        self.validation_errors = validation_errors
        self.retry_after = retry_after


def not_found(noun: str, message: str | None = None, **ids: str | None) -> ApiError:
    """`<noun>_not_found`, 404, with the ids that were asked for in `data`."""
    words = noun.replace("_", " ").capitalize()
    data = {name: value for name, value in ids.items() if value is not None}
    return ApiError(f"{noun}_not_found", message or f"{words} not found", status=404, data=data)


class InvalidInput(ApiError):
    """
    400 `invalid_input` about one field or, without a path, about the whole request.

    The message and the `validation_errors` tree have the wire's wording: `<issue> for "<path>"`.
    """

    def __init__(self, issue: str, *path: str) -> None:
        tree: dict[str, object] = {"_errors": [issue]}
        for name in reversed(path):
            tree = {"_errors": [], name: tree}
        message = f'{issue} for "{".".join(path)}"' if path else issue
        super().__init__("invalid_input", message, validation_errors=tree)


class ProviderError(Exception):
    """Something at a vendor. The class says what the engine does next."""

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(ProviderError):
    """Nothing was changed; the same call may work later."""


class Busy(Unreachable):
    """Nothing was changed: the vendor is at work on this very object. Waits the device, not the account."""


class RateLimited(ProviderError):
    """Nothing was changed: too many calls. Moves the whole account by `retry_after` seconds."""


class BudgetSpent(RateLimited):
    """We refuse ourselves: the request did not leave, so that doors and the vendor's patience are kept."""


class OutcomeUnknown(ProviderError):
    """The write may have happened. Only a look can tell."""


class Rejected(ProviderError):
    """
    This request will never work as it is.

    Args:
        error_code: The wire's access-code or action error code that fits.
        is_of_account: What stands in the way concerns the whole account, which is to be looked at again.
    """

    def __init__(self, error_code: str, message: str, *, is_of_account: bool = False) -> None:
        super().__init__(message)
        self.error_code = error_code
        self.is_of_account = is_of_account


class NoSuchObject(ProviderError):
    """The vendor does not know (any more) what the call was about. Nothing was changed."""


class NotPermitted(ProviderError):
    """The login is good, but does not reach that far. Nothing was changed."""


class LoginExpired(ProviderError):
    """The access token is not accepted; a refresh may help. Nothing was changed."""


class LoginRejected(ProviderError):
    """The account is cut off until its owner logs in again."""
