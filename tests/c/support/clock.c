#include "clock.h"

#include "check.h"
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

int patience(void) {
    const char *text = getenv("OTC_TEST_PATIENCE");
    int times = text == NULL ? 1 : atoi(text);
    return times < 1 ? 1 : times;
}

int patience_ms(void) {
    return 30000 * patience();
}

long long now_ms(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void news_init(pthread_cond_t *news) {
    pthread_condattr_t attributes;
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(news, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
}

int news_wait(pthread_cond_t *news, pthread_mutex_t *mutex, long long deadline_ms) {
    struct timespec deadline;
    deadline.tv_sec = (time_t)(deadline_ms / 1000);
    deadline.tv_nsec = (long)(deadline_ms % 1000) * 1000000;
    return pthread_cond_timedwait(news, mutex, &deadline) != ETIMEDOUT;
}

void gate_init(struct gate *gate) {
    CHECK(pthread_mutex_init(&gate->mutex, NULL) == 0);
    news_init(&gate->news);
    gate->passed = 0;
}

void gate_end(struct gate *gate) {
    pthread_cond_destroy(&gate->news);
    pthread_mutex_destroy(&gate->mutex);
}

void gate_pass(struct gate *gate) {
    pthread_mutex_lock(&gate->mutex);
    gate->passed += 1;
    pthread_cond_broadcast(&gate->news);
    pthread_mutex_unlock(&gate->mutex);
}

int gate_count(struct gate *gate) {
    int passed;
    pthread_mutex_lock(&gate->mutex);
    passed = gate->passed;
    pthread_mutex_unlock(&gate->mutex);
    return passed;
}

int gate_wait_within(struct gate *gate, int count, long long milliseconds) {
    long long deadline = now_ms() + milliseconds;
    int enough;
    pthread_mutex_lock(&gate->mutex);
    while (gate->passed < count && news_wait(&gate->news, &gate->mutex, deadline)) {
    }
    enough = gate->passed >= count;
    pthread_mutex_unlock(&gate->mutex);
    return enough;
}

int ask_until(int (*holds)(void *), void *what, long long milliseconds) {
    long long deadline = now_ms() + milliseconds;
    while (!holds(what)) {
        if (now_ms() > deadline) {
            return 0;
        }
        sched_yield();
    }
    return 1;
}
