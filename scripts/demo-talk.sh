#!/usr/bin/env bash
# What `make demo` shows: Ada and Bob, two processes of otc_cli, and Carol, hello_session, who looks in.
#
#     with-server.sh demo-talk.sh DIRECTORY_OF_THE_PROGRAMS
#
# Every line is an event of one of them, by its name. What happens next hangs on the events, never on time.
set -euo pipefail
readonly PATIENCE_S=20
programs=$1
server=$(cd "$(dirname "$0")/.." && pwd)/target/release/otc-server

if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' cyan=$'\e[36m' magenta=$'\e[35m' yellow=$'\e[33m' plain=$'\e[0m'
else
    bold='' dim='' cyan='' magenta='' yellow='' plain=''
fi

directory=$(mktemp -d)
pids=()
cleanup() {
    kill "${pids[@]}" 2>/dev/null || true
    wait
    rm -rf "$directory"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What all of them print, each line with its speaker before it.
mkfifo "$directory/said" "$directory/ada" "$directory/bob"
exec 3<>"$directory/said"

relay() {
    local line
    while IFS= read -r line; do printf '%s %s\n' "$1" "$line"; done
    printf '%s gone\n' "$1"
}
token() { "$server" token --session "$session" --data "$1"; }

# join NAME: an otc_cli whose commands come through the FIFO of its name.
join() {
    "$programs/otc_cli" --url "$OTC_API_URL" --api-key "$OTC_API_KEY" --session "$session" --token "$(token "$1")" \
        <"$directory/$1" > >(relay "$1" >&3) 2>&1 4>&- 5>&- &
    pids+=($!)
}
look_in() {
    # Line by line, though it writes into a pipe.
    stdbuf -oL "$programs/hello_session" "$OTC_API_URL" "$OTC_API_KEY" "$session" "$(token carol)" \
        </dev/null > >(relay carol >&3) 2>&1 4>&- 5>&- &
    pids+=($!)
}

show() { # NAME EVENT TEXT
    local colour=$yellow
    case $1 in
        ada) colour=$cyan ;;
        bob) colour=$magenta ;;
    esac
    printf '%s%-6s%s %s%-18s%s %s\n' "$colour" "$1" "$plain" "$bold" "$2" "$plain" "$3"
    # For eyes: a machine needs no time to read.
    if [ -n "$plain" ]; then sleep 0.3; fi
}
tell() { # NAME FD COMMAND WHAT TEXT: a line of JSON, and what people are shown of it
    show "$1" "$4" "$dim$5$plain"
    printf '%s\n' "$3" >&"$2"
}
say() { # NAME FD WHAT TEXT [MORE_JSON]
    tell "$1" "$2" "{\"cmd\":\"signal\",\"type\":\"chat\",\"data\":\"$4\"${5-}}" "$3" "$4"
}
fail() {
    echo "demo: $1" >&2
    exit 1
}

# field NAME: sets $value to a text in the JSON of $line.
field() {
    local pattern="\"$1\":\"(([^\"\\\\]|\\\\.)*)\""
    value=
    if [[ $line =~ $pattern ]]; then value=${BASH_REMATCH[1]}; fi
}
# name_of ID: sets $name to whose connection it is.
name_of() {
    case $1 in
        "$ada_id") name=ada ;;
        "$bob_id") name=bob ;;
        '') name='the server' ;;
        *) name=carol ;;
    esac
}

describe() { # NAME: sets $event and $text from the JSON of $line
    local type data
    field event
    event=$value
    field data
    data=$value
    case $event in
        connected)
            field connectionId
            printf -v "${1}_id" '%s' "$value"
            text="as connection $value"
            ;;
        connectionCreated) text="$data is here" ;;
        connectionDropped) text="$data has left" ;;
        signal)
            field type
            type=$value
            field from
            name_of "$value"
            text="$type from $name: $data"
            ;;
        disconnected)
            field reason
            text=$value
            ;;
        *) text=$line ;;
    esac
}

# What follows from an event: the whole story.
react() { # NAME EVENT TEXT
    case "$1 $2 $3" in
        'ada connected '*)
            join bob
            exec 5>"$directory/bob"
            ;;
        'ada connectionCreated bob is here')
            say ada 4 'says to everybody' 'Hello, Bob! Grüße aus C 👋'
            ;;
        'bob signal chat from ada: '*)
            say bob 5 'says to ada' 'Hello, Ada. Only you can read this.' ",\"to\":\"$ada_id\""
            ;;
        'ada signal chat from bob: '*) look_in ;;
        'bob connectionDropped carol has left') tell bob 5 '{"cmd":"disconnect"}' leaves '' ;;
        'ada connectionDropped bob has left') tell ada 4 '{"cmd":"disconnect"}' leaves '' ;;
        *' error '*) fail "$1 has met an error" ;;
    esac
}

session=$("$server" session)
ada_id='' bob_id=''
printf '%sserver%s at %s; everything below is an event of a C program, by its name\n\n' "$bold" "$plain" "$OTC_API_URL"
join ada
exec 4>"$directory/ada"
left=3
while [ "$left" -gt 0 ]; do
    read -r -t "$PATIENCE_S" -u 3 who line || fail "nothing has happened for $PATIENCE_S seconds"
    case $line in
        gone) left=$((left - 1)) ;;
        '{"event":"statusChanged"'* | '{"event":"released"'*) ;; # the other events say as much
        '{'*)
            describe "$who"
            show "$who" "$event" "$text"
            react "$who" "$event" "$text"
            ;;
        *': '*) show "$who" "${line%%: *}" "${line#*: }" ;;
        *) show "$who" "$line" '' ;;
    esac
done
for pid in "${pids[@]}"; do
    wait "$pid" || fail "a program has ended with $?"
done
