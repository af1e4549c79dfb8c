#!/usr/bin/env bash
# Runs a command beside a server of its own on a free port: with-server.sh COMMAND [ARGUMENT...]
#
# The command finds OTC_API_URL, OTC_API_KEY and OTC_API_SECRET in its environment; key and secret are made up unless they
# are there already. When the command ends the server is ended too, and the exit code is the command's. The server must
# have been built (make server).
set -euo pipefail
readonly START_S=20
root=$(cd "$(dirname "$0")/.." && pwd)
server=$root/target/release/otc-server
if [ $# = 0 ]; then
    echo "usage: with-server.sh COMMAND [ARGUMENT...]" >&2
    exit 2
fi

directory=$(mktemp -d)
server_pid=
command_pid=

end() {
    if [ -n "$1" ] && kill "$1" 2>/dev/null; then wait "$1" || true; fi
}
cleanup() {
    end "$command_pid"
    end "$server_pid"
    rm -rf "$directory"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

export OTC_API_KEY=${OTC_API_KEY:-12345678}
OTC_API_SECRET=${OTC_API_SECRET:-$(od -An -N 20 -tx1 /dev/urandom | tr -d ' \n')}
export OTC_API_SECRET
# What else the caller has set for a server of their own.
unset OTC_LISTEN OTC_CONFIG OTC_PUBLIC_URL OTC_DATA

mkfifo "$directory/out"
"$server" serve --listen 127.0.0.1:0 >"$directory/out" 2>"$directory/log" </dev/null &
server_pid=$!
exec 9<"$directory/out"
if ! read -r -t "$START_S" -u 9 line || [ "${line#listening on }" = "$line" ]; then
    echo "with-server: the server did not start:" >&2
    cat "$directory/log" >&2
    exit 1
fi
export OTC_API_URL=${line#listening on }

# In the background, so that a signal to this script is heard at once; it keeps its standard input.
"$@" <&0 9<&- &
command_pid=$!
code=0
wait "$command_pid" || code=$?
command_pid=
if ! kill -0 "$server_pid" 2>/dev/null; then
    echo "with-server: the server ended before the command did:" >&2
    cat "$directory/log" >&2
    exit 1
fi
exit "$code"
