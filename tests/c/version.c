/* The version in all its forms is one. */
#include "support/check.h"
#include <otc.h>
#include <stdio.h>

int main(void) {
    char text[64];
    int major, minor, patch, length = 0;
    CHECK_TEXT(otc_version(), OTC_VERSION);
    snprintf(text, sizeof text, "%d.%d.%d", OTC_VERSION_MAJOR, OTC_VERSION_MINOR, OTC_VERSION_PATCH);
    CHECK_TEXT(otc_version(), text);
    CHECK(sscanf(otc_version(), "%d.%d.%d%n", &major, &minor, &patch, &length) == 3 && otc_version()[length] == '\0');
    CHECK_NUMBER(OTC_VERSION_NUMBER, major * 65536 + minor * 256 + patch);
    CHECK_NUMBER(otc_version_number(), OTC_VERSION_NUMBER);
    CHECK(minor < 256 && patch < 256);
    return 0;
}
