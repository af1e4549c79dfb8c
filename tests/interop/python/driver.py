"""Calls the published Python SDKs as the tests ask: one JSON line in, one out, in order.

In:   {"open": "opentok" | "vonage", "args": {...}} answers a number, by which the calls that follow name that SDK:
      {"sdk": 0, "call": "signal", "args": [...]}
Out:  {"value": ...}, or {"failure": {"name": CLASS, "status": NUMBER or null, "message": TEXT}}
"""

import json
import sys

from opentok_sdk import OpenTokSdk
from vonage_sdk import VonageSdk

KINDS = {"opentok": OpenTokSdk, "vonage": VonageSdk}


def status_of(error):
    """The HTTP status that an SDK's exception knows, if it does."""
    response = getattr(error, "response", None)
    if response is not None:
        return response.status_code
    # What `opentok` did not expect has the status as its second argument.
    numbers = [argument for argument in error.args[1:] if isinstance(argument, int)]
    return numbers[0] if numbers else None


def answer(sdks, request):
    if "open" in request:
        sdks.append(KINDS[request["open"]](**request["args"]))
        return len(sdks) - 1
    return getattr(sdks[request["sdk"]], request["call"])(*request["args"])


def main():
    sdks = []
    for line in sys.stdin:
        try:
            outcome = {"value": answer(sdks, json.loads(line))}
        except Exception as error:  # whatever the SDK raises is what the test wants to know
            message = str(error.args[0]) if error.args else str(error)
            outcome = {
                "failure": {"name": type(error).__name__, "status": status_of(error), "message": message}
            }
        print(json.dumps(outcome), flush=True)


main()
