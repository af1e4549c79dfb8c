#include "check.h"

#include <otc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A test that loads the library itself is not linked with it. */
#pragma weak otc_last_error_text

/* exit() would run handlers while other threads go on, and would wait for the very callback that failed. */
static void end(void) {
    const char *words = otc_last_error_text != NULL ? otc_last_error_text() : "";
    if (words[0] != '\0') {
        fprintf(stderr, "    the library's last error on this thread: %s\n", words);
    }
    fflush(NULL);
    _Exit(1);
}

void check_that(int holds, const char *condition, const char *file, int line) {
    if (!holds) {
        fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
        end();
    }
}

void check_number(long long actual, long long expected, const char *what, const char *file, int line) {
    if (actual != expected) {
        fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, actual, expected);
        end();
    }
}

static const char *shown(const char *text) {
    return text == NULL ? "(NULL)" : text;
}

void check_text(const char *actual, const char *expected, const char *what, const char *file, int line) {
    int same = actual == NULL || expected == NULL ? actual == expected : strcmp(actual, expected) == 0;
    if (!same) {
        fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", file, line, what, shown(actual), shown(expected));
        end();
    }
}

void check_holds(const char *text, const char *word, const char *what, const char *file, int line) {
    if (text == NULL || strstr(text, word) == NULL) {
        fprintf(stderr, "%s:%d: %s is \"%s\", in which \"%s\" is not\n", file, line, what, shown(text), word);
        end();
    }
}
