/* Time, for deadlines only: nothing here waits for time to pass. */
#ifndef OTC_TEST_CLOCK_H
#define OTC_TEST_CLOCK_H

#include <pthread.h>

/* How long a test waits for what must happen: 30 s, more under valgrind (OTC_TEST_PATIENCE times as long). */
int patience_ms(void);

/* How many times as long as usual things may take here: OTC_TEST_PATIENCE, 1 without. */
int patience(void);

/* Milliseconds of a clock that never goes back. */
long long now_ms(void);

/* A latch: threads pass it, others wait until enough have. */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t news;
    int passed;
};

void gate_init(struct gate *gate);
void gate_end(struct gate *gate);
void gate_pass(struct gate *gate);
int gate_count(struct gate *gate);
/* Whether `count` have passed in time. */
int gate_wait_within(struct gate *gate, int count, long long milliseconds);

/* Ends the test when they have not. */
#define GATE_WAIT(gate, count) CHECK(gate_wait_within((gate), (count), patience_ms()))

/* A condition variable on the clock of now_ms(), and a wait for news with a deadline on it; 0 when time is up. */
void news_init(pthread_cond_t *news);
int news_wait(pthread_cond_t *news, pthread_mutex_t *mutex, long long deadline_ms);

/* Asks again and again, without a pause that is any longer than the scheduler's, until `holds` says yes; 0 when time is up. */
int ask_until(int (*holds)(void *), void *what, long long milliseconds);

#endif
