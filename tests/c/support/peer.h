/* A member of the session that publishes: a program of its own (peer.py), which speaks the protocol as it is told to. */
#ifndef OTC_TEST_PEER_H
#define OTC_TEST_PEER_H

#include <stddef.h>
#include <sys/types.h>

struct peer {
    char id[64]; /* its connection's */
    pid_t pid;
    int to;
    int from;
    char answers[16384];
    size_t length;
};

/* Starts one, which joins with a token of the world: "TOKEN" for example. */
void peer_join(struct peer *peer, const char *token);
/* Has it leave, and waits until it has ended. */
void peer_leave(struct peer *peer);

/* Has it ask for something: path is what comes after the session, content JSON. The answer's status, 200 for example; 0 when
 * the server has sent it away. */
int peer_ask(struct peer *peer, const char *method, const char *path, const char *content);
/* Waits until the server has told it something; the message, JSON, until the next call. */
const char *peer_told(struct peer *peer, const char *method, const char *path);
/* How many such messages it has been told that were not asked for. */
int peer_waiting(struct peer *peer, const char *method, const char *path);

/* Has it publish a stream with video1 (640x480, camera), audio1 and caption1 (off). The status. */
int peer_publish(struct peer *peer, const char *stream);
/* The status of a change of a channel of such a stream. */
int peer_update(struct peer *peer, const char *stream, const char *channel, const char *content);

#endif
