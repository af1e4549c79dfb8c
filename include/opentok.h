/* The names of the OpenTok / Vonage Video native SDK on top of libotc. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A program that was written for that SDK's session functions compiles with this header unchanged. The functions whose
 * spelling differs (otc_session_send_signal, ...) are declared in otc.h as functions of their own; what is left is one field
 * of struct otc_session_callbacks. Publishers, subscribers and media are not part of libotc yet.
 *
 * This project is not affiliated with the vendor of that SDK. */
#ifndef OTC_OPENTOK_H
#define OTC_OPENTOK_H

#include "otc.h"

/** The name of the field on_reconnecting in the native SDK of the vendor. */
#define on_reconnection_started on_reconnecting

/** An error without a number of its own, in the native SDK of the vendor; nothing of libotc returns it. */
enum otc_error {
    /** There is only this one. */
    OTC_GENERIC_ERROR = 0
};

#endif
