"""
Every operation of the vendor's definition (13), served or not.

So that a path of the vendor's that nobody has simulated is told from one that the vendor does not have.
"""

_TABLE = """
GET POST DELETE /account
POST /account/email/change
POST /account/email/verify
GET DELETE /account/integration
PUT POST DELETE /account/otp
POST /account/password/reset
GET PUT DELETE /account/setting
GET PUT /account/sub
GET POST DELETE /account/sub/{accountId}
GET PUT /account/user
GET POST DELETE /account/user/{accountUserId}
GET PUT /address
GET /address/token/{id}
GET POST /address/token/{id}/redeem
POST DELETE /address/{addressId}
GET /address/{addressId}/reservation
POST /address/{addressId}/reservation/{id}/issue
POST /address/{addressId}/reservation/{id}/revoke
POST /address/{addressId}/reservation/{id}/update/accesstimes
GET /address/{addressId}/token
GET PUT DELETE /address/{addressId}/unit
DELETE /address/{addressId}/unit/{id}
GET PUT /api/decentralWebhook
DELETE /api/decentralWebhook/{id}
GET PUT /api/key
POST DELETE /api/key/{apiKeyId}
GET PUT POST DELETE /api/key/{apiKeyId}/advanced
POST /api/key/{apiKeyId}/advanced/reactivate
GET PUT /api/key/{apiKeyId}/token
POST DELETE /api/key/{apiKeyId}/token/{id}
GET /api/key/{apiKeyId}/webhook/logs
POST /bulk-web-config
GET /company
GET PUT /notification
GET POST DELETE /notification/{notificationId}
GET /opener/brand
GET /opener/brand/{brandId}
GET /opener/intercom
GET /opener/intercom/{intercomId}
GET /service
GET /service/{serviceId}
POST /service/{serviceId}/link
POST /service/{serviceId}/sync
POST /service/{serviceId}/unlink
GET /smartlock
GET PUT POST DELETE /smartlock/auth
PUT /smartlock/auth/advanced
GET /smartlock/auth/paged
GET /smartlock/log
GET POST DELETE /smartlock/{smartlockId}
POST /smartlock/{smartlockId}/action
POST /smartlock/{smartlockId}/action/advanced
POST /smartlock/{smartlockId}/action/lock
POST /smartlock/{smartlockId}/action/lock/advanced
POST /smartlock/{smartlockId}/action/unlock
POST /smartlock/{smartlockId}/action/unlock/advanced
POST /smartlock/{smartlockId}/admin/pin
POST /smartlock/{smartlockId}/advanced/config
POST /smartlock/{smartlockId}/advanced/openerconfig
POST /smartlock/{smartlockId}/advanced/smartdoorconfig
GET PUT /smartlock/{smartlockId}/auth
POST /smartlock/{smartlockId}/auth/advanced/sharedkey
GET POST DELETE /smartlock/{smartlockId}/auth/{id}
POST /smartlock/{smartlockId}/config
GET /smartlock/{smartlockId}/log
POST /smartlock/{smartlockId}/sync
POST /smartlock/{smartlockId}/web/config
"""

OPERATIONS: tuple[tuple[str, str], ...] = tuple(
    (method, words[-1]) for words in map(str.split, _TABLE.split("\n")) for method in words[:-1]
)
"""Method and path of each."""

# Why some are not served and will not be; by the beginning of their paths.
_REASONS = {
    "/notification": "Nuki has given notifications up in favour of webhooks.",
    "/service": "No booking services stand behind it.",
    "/address": "Of addresses, no reservations and nothing that needs a booking service is simulated.",
}


def reason(template: str) -> str:
    """Why an operation is not served, as a sentence; empty if there is no more to say than that."""
    return next((text for prefix, text in _REASONS.items() if template.startswith(prefix)), "")
