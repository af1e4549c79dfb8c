#!/usr/bin/env bash
# Shows two C programs talking over a server of their own, from a fresh clone; and then what to type next.
#
# Ends by itself. It asks nothing, so it needs no terminal and no standard input.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
build=$root/build/demo

scripts/setup.sh demo
echo "demo: building (the first time takes some minutes)"
cmake -S c_examples -B "$build" -DBUILD_TESTING=OFF --log-level=WARNING >/dev/null
cmake --build "$build"

# The server and the session that the last lines speak of. Secret and session stay the same from run to run, so that a
# server that goes on running stays theirs.
env_file=$build/env
unset OTC_API_SECRET OTC_SESSION
# shellcheck source=/dev/null
if [ -e "$env_file" ]; then . "$env_file"; fi
export OTC_API_KEY=12345678
export OTC_API_SECRET=${OTC_API_SECRET:-$(od -An -N 20 -tx1 /dev/urandom | tr -d ' \n')}
OTC_SESSION=${OTC_SESSION:-$(target/release/otc-server session)}
(umask 077 && cat >"$env_file") <<ENV
# For the shell that reads this: a server of one's own, a session on it, and ways in.
cd $(printf %q "$root")
export OTC_LISTEN=127.0.0.1:8080 OTC_API_URL=http://127.0.0.1:8080
export OTC_API_KEY=$OTC_API_KEY OTC_API_SECRET=$OTC_API_SECRET
export OTC_SESSION=$OTC_SESSION
# otc_token NAME: a token for the session.
otc_token() { target/release/otc-server token --session "\$OTC_SESSION" --data "\$1"; }
# otc_chat NAME: the session, for a terminal.
otc_chat() { build/demo/chat "\$OTC_API_URL" "\$OTC_API_KEY" "\$OTC_SESSION" "\$(otc_token "\$1")"; }
# otc_page NAME: the session, for a browser. The published client is fetched once.
otc_page() {
    (cd web_examples/call && { [ -e node_modules ] || npm ci --no-audit --no-fund; }) &&
        node web_examples/call/serve.mjs --session "\$OTC_SESSION" --token "\$(otc_token "\$1")"
}
ENV

scripts/with-server.sh scripts/demo-talk.sh "$build"

env_file=$(printf %q "$env_file")
cat <<NEXT

Now you. Chat with yourself, each line in a terminal of its own:

    . $env_file && target/release/otc-server serve
    . $env_file && otc_chat ada
    . $env_file && otc_chat bob

and join the same session in a web page, with camera and microphone, by the published JavaScript client (Node.js and npm; in
one more terminal):

    . $env_file && otc_page carol
NEXT
