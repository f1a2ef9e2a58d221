# What both stories need, beside curl and jq. URL, TOKEN and HOME_NAME say where the API is and whose account is
# meant; by default that is a fresh home at the simulator that `ostiary simulate nuki --port 8421` runs.
URL=${URL:-http://127.0.0.1:8421}
SIMULATOR=$URL/_simulator

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

say() { printf '\n# %s\n' "$*"; }

# nuki METHOD PATH [BODY]: one call. The answer's body is in "$answer", its status in $status.
nuki() {
    status=$(curl --silent --show-error --output "$answer" --write-out '%{http_code}' \
        --request "$1" "$URL$2" \
        --header "Authorization: Bearer $TOKEN" \
        --header 'Accept: application/json' \
        --header 'Content-Type: application/json' \
        ${3:+--data "$3"})
    printf '%s %s %s\n  -> %s %s\n' "$1" "$2" "${3:-}" "$status" "$(cut -c 1-300 "$answer")"
}

# expect STATUS: the last call was answered so.
expect() {
    [ "$status" = "$1" ] || { echo "wanted $1, got $status" >&2; exit 1; }
}

# until_listed PATH FILTER: ask again until the filter finds something, which is then in $found. Nuki answers
# 204 when it has accepted something; what became of it only a later look tells.
until_listed() {
    for _ in $(seq 1 240); do
        found=$(curl --silent --fail-with-body "$URL$1" --header "Authorization: Bearer $TOKEN" | jq --raw-output "$2")
        if [ "$found" ]; then echo "GET $1 -> $found"; return; fi
        sleep "${PAUSE:-0.5}"
    done
    echo "gave up waiting for $2" >&2
    exit 1
}

if [ -z "${TOKEN:-}" ]; then
    HOME_NAME=story-$$@example.com
    TOKEN=$(curl --silent --fail-with-body "$SIMULATOR/homes" --data "{\"home\": \"$HOME_NAME\"}" |
        jq --raw-output .api_token)
fi
