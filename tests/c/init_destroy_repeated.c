/* The library starts and stops again and again in one process, with a session each time, and leaves neither threads nor open
 * files behind. */
#include "support/check.h"
#include "support/member.h"
#include <dirent.h>
#include <string.h>

enum { ROUNDS = 30 };

struct left {
    int threads;
    int files;
};

static int entries(const char *path) {
    DIR *directory = opendir(path);
    int count = 0;
    CHECK(directory != NULL);
    while (readdir(directory) != NULL) {
        count += 1;
    }
    closedir(directory);
    return count;
}

/* A thread that has been joined may be listed for a moment longer. */
static int as_before(void *argument) {
    const struct left *left = (const struct left *)argument;
    return entries("/proc/self/task") <= left->threads && entries("/proc/self/fd") <= left->files;
}

int main(void) {
    struct member member;
    struct left left;
    int round;
    memset(&member, 0, sizeof member);
    left.threads = left.files = 0;
    for (round = 0; round < ROUNDS; round++) {
        CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
        CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS); /* once more changes nothing */
        member_join(&member);
        member_fence(&member, "round");
        if (round % 2 == 0) {
            member_delete(&member);
            CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
        } else {
            CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
            member_forget(&member);
        }
        CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
        if (round == 1) {
            left.threads = entries("/proc/self/task");
            left.files = entries("/proc/self/fd");
        }
    }
    if (!ask_until(as_before, &left, patience_ms())) {
        CHECK_NUMBER(entries("/proc/self/task"), left.threads);
        CHECK_NUMBER(entries("/proc/self/fd"), left.files);
    }
    return 0;
}
