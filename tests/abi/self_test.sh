#!/usr/bin/env bash
# The gate of scripts/check-abi.sh has to close: every kind of change is made to a copy of the header, and must be noticed.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
failed=0

# expect CODE WHAT PERL_SUBSTITUTION: the change, made to a copy, ends the check with that code.
expect() {
    local wanted=$1 what=$2 code=0
    perl -0pe "$3" "$root/include/otc.h" >"$directory/otc.h"
    if [ "$wanted" != 0 ] && cmp -s "$root/include/otc.h" "$directory/otc.h"; then
        echo "self_test: $what: the header has no such place any more; mend this test" >&2
        failed=1
        return
    fi
    "$root/scripts/check-abi.sh" "$directory/otc.h" "$root/abi" >"$directory/said" 2>&1 || code=$?
    if [ "$code" = "$wanted" ]; then
        echo "ok: $what"
    else
        echo "self_test: $what: the check ended with $code, not $wanted:" >&2
        tail -n 20 "$directory/said" >&2
        failed=1
    fi
}

readonly SAME=0 BREAKS=1 ADDS=2
expect $SAME "nothing" 's/a/a/'
expect $SAME "a comment" 's/The session is joined\./The session has been joined./'
expect $SAME "the version" 's/OTC_VERSION_MINOR \d+/OTC_VERSION_MINOR 9/'

expect $BREAKS "a field is inserted" 's/(otc_bool publish;)/$1 otc_bool extra;/'
expect $BREAKS "a field is appended" 's/(void \*reserved;)/$1 void *more;/'
expect $BREAKS "a field is removed" 's/otc_bool force_mute;//'
expect $BREAKS "a field has another type" 's/otc_bool retry_after_reconnect;/int64_t retry_after_reconnect;/'
expect $BREAKS "two callbacks change places" 's/on_connected\)/on_SWAP)/; s/on_disconnected\)/on_connected)/; s/on_SWAP\)/on_disconnected)/'
expect $BREAKS "a callback has one more parameter" 's/(\(\*on_error\)\([^)]*)\)/$1, int more)/'
expect $BREAKS "a function has one more parameter" 's/(otc_status otc_session_disconnect\([^)]*)\)/$1, int flags)/'
expect $BREAKS "a function has one parameter less" 's/(otc_session_connect\([^,]*),[^)]*\)/$1)/'
expect $BREAKS "a parameter has another type" 's/(otc_session_connect_to_host\([^)]*)int port/$1int64_t port/'
expect $BREAKS "a function returns something else" 's/int64_t otc_connection_get_creation_time/int otc_connection_get_creation_time/'
expect $BREAKS "a function is removed" 's/otc_status otc_session_disconnect\([^)]*\);//'
expect $BREAKS "a number is changed" 's/OTC_SESSION_UNABLE_TO_SEND_SIGNAL = 1550/OTC_SESSION_UNABLE_TO_SEND_SIGNAL = 1551/'
expect $BREAKS "a number that no function mentions is changed" 's/OTC_CAMERA_FAILED = 3010/OTC_CAMERA_FAILED = 3011/'
expect $BREAKS "an enumerator is removed" 's/OTC_STREAM_VIDEO_TYPE_SCREEN = 2,//'
expect $BREAKS "two numbers change places" 's/VIDEO_TYPE_CAMERA = 1/VIDEO_TYPE_CAMERA = 0/; s/VIDEO_TYPE_SCREEN = 2/VIDEO_TYPE_SCREEN = 1/'
expect $BREAKS "the width of a basic type is changed" 's/typedef int otc_bool;/typedef signed char otc_bool;/'

expect $ADDS "a function is added" 's/(otc_status otc_init\()/otc_status otc_addition(int number);\n$1/'
expect $ADDS "an enumerator is appended" 's/(NETWORK_DISCONNECTED = 3)/$1,\n    OTC_DISCONNECT_REASON_OTHER = 4/'
expect $ADDS "a macro is added" 's/(#define OTC_VERSION )/#define OTC_ADDITION 1\n$1/'

exit $failed
