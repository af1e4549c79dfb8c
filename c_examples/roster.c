#define _POSIX_C_SOURCE 200809L

#include "roster.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The server bounds a session, and so this. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static otc_connection **people;
static size_t count, capacity;

/* Under the lock. `count` when nobody has that id. */
static size_t position(const char *connection_id) {
    size_t i;
    for (i = 0; i < count; i++)
        if (strcmp(otc_connection_get_id(people[i]), connection_id) == 0) return i;
    return count;
}

static void append(otc_connection *copy) {
    if (count == capacity) {
        capacity = capacity * 2 + 16;
        people = (otc_connection **)realloc(people, capacity * sizeof *people);
        if (people == NULL) {
            fputs("out of memory\n", stderr);
            abort();
        }
    }
    people[count++] = copy;
}

void roster_add(const otc_connection *connection) {
    otc_connection *copy = otc_connection_copy(connection);
    if (copy == NULL) return;
    pthread_mutex_lock(&lock);
    if (position(otc_connection_get_id(copy)) == count)
        append(copy);
    else
        otc_connection_delete(copy);
    pthread_mutex_unlock(&lock);
}

void roster_remove(const char *connection_id) {
    size_t at;
    pthread_mutex_lock(&lock);
    at = position(connection_id);
    if (at < count) {
        otc_connection_delete(people[at]);
        count--;
        memmove(people + at, people + at + 1, (count - at) * sizeof *people);
    }
    pthread_mutex_unlock(&lock);
}

otc_connection *roster_find(const char *connection_id) {
    otc_connection *copy = NULL;
    size_t at;
    pthread_mutex_lock(&lock);
    at = position(connection_id);
    if (at < count) copy = otc_connection_copy(people[at]);
    pthread_mutex_unlock(&lock);
    return copy;
}

size_t roster_count(void) {
    size_t result;
    pthread_mutex_lock(&lock);
    result = count;
    pthread_mutex_unlock(&lock);
    return result;
}

int roster_each(int (*visit)(const otc_connection *connection, void *context), void *context) {
    size_t i;
    int result = 0;
    pthread_mutex_lock(&lock);
    for (i = 0; i < count && result == 0; i++) result = visit(people[i], context);
    pthread_mutex_unlock(&lock);
    return result;
}

void roster_clear(void) {
    pthread_mutex_lock(&lock);
    while (count > 0) otc_connection_delete(people[--count]);
    free(people);
    people = NULL;
    capacity = 0;
    pthread_mutex_unlock(&lock);
}
