#!/bin/sh
# A keypad code's life at the Nuki Web API, in curl: create, find, edit, restrict, disable, delete.
#
#     ostiary simulate nuki --port 8421
#     sh examples/nuki/pins.sh
#
# With URL=https://api.nuki.io and TOKEN=<your API token> the same calls go to Nuki, and to your own door.
set -eu
. "$(dirname "$0")/common.sh"

say "Which of my locks has a keypad?"
nuki GET /smartlock
expect 200
lock=$(jq 'map(select(.config.keypadPaired or .config.keypad2Paired))[0].smartlockId' "$answer")

say "Create a code. The answer is empty: the lock has not heard of it yet"
nuki PUT "/smartlock/$lock/auth" '{"name": "Guest 4711", "type": "13", "code": "384756"}'
expect 204

say "Find its id by its name, once the list has it"
listed="/smartlock/$lock/auth?types=13"
mine='map(select(.name == "Guest 4711" and .operationId == null))[0].id // empty'
until_listed "$listed" "$mine"
auth=$found

say "The same digits a second time are refused"
nuki PUT "/smartlock/$lock/auth" '{"name": "Another guest", "type": 13, "code": 384756}'
expect 409

say "Digits that a keypad cannot have are refused: no zero, not beginning with 12, six of them"
nuki PUT "/smartlock/$lock/auth" '{"name": "Another guest", "type": 13, "code": 120456}'
expect 400

say "Other digits for the same guest"
nuki POST "/smartlock/$lock/auth/$auth" '{"name": "Guest 4711", "code": 495867}'
expect 204
until_listed "$listed" "map(select(.code == 495867 and .operationId == null))[0].code // empty"

say "Only from check-in to check-out: dates are UTC, and count only together with the days of the week"
nuki POST "/smartlock/$lock/auth/$auth" '{"name": "Guest 4711",
    "allowedFromDate": "2036-07-01T13:00:00.000Z", "allowedUntilDate": "2036-07-05T09:00:00.000Z",
    "allowedWeekDays": 127, "allowedFromTime": 0, "allowedUntilTime": 0}'
expect 204
until_listed "$listed" "map(select(.allowedUntilDate != null and .operationId == null))[0].allowedUntilDate // empty"

say "A change that leaves the window out takes it away"
nuki POST "/smartlock/$lock/auth/$auth" '{"name": "Guest 4712"}'
expect 204
until_listed "$listed" 'map(select(.name == "Guest 4712" and .operationId == null and .allowedUntilDate == null))[0].name // empty'

say "Out of use, but still there"
nuki POST "/smartlock/$lock/auth/$auth" '{"name": "Guest 4712", "enabled": false}'
expect 204
until_listed "$listed" 'map(select(.enabled == false and .operationId == null))[0].name // empty'

say "Gone"
nuki DELETE "/smartlock/$lock/auth/$auth"
expect 204
until_listed "$listed" 'if length == 0 then "none left" else empty end'
