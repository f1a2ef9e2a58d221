#!/bin/sh
# A guest's app key at the Nuki Web API, in curl: a user, an invitation by mail, times, disable, delete.
#
#     ostiary simulate nuki --port 8421
#     sh examples/nuki/keys.sh
#
# The mail and the guest's phone are the simulator's, so this one is for the simulator alone.
set -eu
. "$(dirname "$0")/common.sh"

say "Which lock?"
nuki GET /smartlock
expect 200
lock=$(jq 'map(select(.name == "Front door"))[0].smartlockId' "$answer")

say "Create a user: who gets a key needs an address"
nuki PUT /account/user '{ \
  "email": "guest@example.org", \
  "name": "Guest" \
}'
expect 200

say "Find the user's number"
nuki GET /account/user
user=$(jq 'map(select(.email == "guest@example.org"))[0].accountUserId' "$answer")

say "Create a key for the user: an invitation goes out"
nuki PUT /smartlock/auth '{ \
  "name": "Holiday", \
  "allowedFromDate": "2026-01-01T00:00Z", \
  "allowedWeekDays": 127, \
  "allowedFromTime": 0, \
  "allowedUntilTime": 0, \
  "accountUserId": "'"$user"'", \
  "smartlockIds": ["'"$lock"'"], \
  "remoteAllowed": true, \
  "smartActionsEnabled": true \
}'
expect 204

say "Find the key by its name, once the list has it"
listed="/smartlock/$lock/auth?types=0"
until_listed "$listed" 'map(select(.name == "Holiday" and .operationId == null))[0].id // empty'
key=$found

say "The mail, and the guest who types its code into the app: it works once"
invite=$(curl --silent --fail-with-body --get "$SIMULATOR/inbox" --data-urlencode "home=$HOME_NAME" |
    jq --raw-output '.inbox | map(select(.to == "guest@example.org"))[0].invite_code')
echo "invitation $invite"
redeem() {
    curl --silent --output /dev/null --write-out '%{http_code}\n' "$SIMULATOR/redeem" \
        --data "{\"home\": \"$HOME_NAME\", \"code\": \"$invite\"}"
}
[ "$(redeem)" = 200 ]
[ "$(redeem)" = 409 ]

say "Only on weekends from ten to six, by the lock's own clock"
nuki POST "/smartlock/$lock/auth/$key" '{ \
  "name": "Weekends", \
  "allowedFromDate": "2026-01-01T00:00Z", \
  "allowedWeekDays": 3, \
  "allowedFromTime": 600, \
  "allowedUntilTime": 1080 \
}'
expect 204
until_listed "$listed" 'map(select(.allowedWeekDays == 3 and .operationId == null))[0].allowedFromTime // empty'

for word in enable enabled; do
    say "Out of use and back, with \"$word\""
    for value in false true; do
        nuki POST "/smartlock/$lock/auth/$key" "{ \"$word\": $value }"
        expect 204
        until_listed "$listed" "map(select(.id == \"$key\" and .enabled == $value and .operationId == null))[0].name // empty"
    done
done

say "The key is gone, then the user"
nuki DELETE "/smartlock/$lock/auth/$key"
expect 204
until_listed "$listed" "if any(.id == \"$key\") then empty else \"no such key\" end"
nuki DELETE "/account/user/$user"
expect 204
until_listed /account/user 'if length == 0 then "no users" else empty end'
