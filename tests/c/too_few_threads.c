/* A system that gives too few threads: otc_init() says so, and leaves none behind. */
#include "support/check.h"
#include "support/clock.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <opentok.h>
#include <pthread.h>
#include <stdlib.h>

typedef int (*create_function)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* How many threads the system still gives; below zero there is no bound. */
static int left = -1;

#if defined(__cplusplus)
extern "C" int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) noexcept;
extern "C"
#endif
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
#if defined(__cplusplus)
noexcept
#endif
{
    void *found = dlsym(RTLD_NEXT, "pthread_create");
    create_function real;
    *(void **)&real = found;
    if (left == 0) return EAGAIN;
    if (left > 0) left -= 1;
    return real(thread, attributes, start, argument);
}

static int threads(void) {
    int count = 0;
    struct dirent *entry;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    while ((entry = readdir(tasks)) != NULL) count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static int as_few_as(void *number) { return threads() <= *(int *)number; }

int main(void) {
    int before = threads(), round;
    for (round = 0; round < 5; round++) {
        left = round % 3;
        CHECK_NUMBER(otc_init(NULL), OTC_FATAL);
        CHECK_HOLDS(otc_last_error_text(), "start");
        CHECK(ask_until(as_few_as, &before, patience_ms()));
    }
    left = -1;
    CHECK_NUMBER(otc_init(NULL), OTC_SUCCESS);
    CHECK_NUMBER(otc_destroy(), OTC_SUCCESS);
    CHECK(ask_until(as_few_as, &before, patience_ms()));
    return 0;
}
