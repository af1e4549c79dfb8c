#include "proxy.h"

#include "check.h"
#include "clock.h"
#include "member.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 128, CHUNK = 16384 };

/* What has been read on one side and not yet been written on the other. */
struct way {
    char bytes[CHUNK];
    size_t from;
    size_t until;
};

/* A client's socket and the server's. */
struct link {
    int sockets[2];
    struct way ways[2]; /* ways[0]: what sockets[0] has said */
};

struct proxy {
    int listener;
    int wake[2];
    struct sockaddr_in server;
    char url[64];
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t done;
    int stopping;
    int asked;
    int obeyed;
    int cut;
    int refusing;
    int holding;
    int connections;
    struct link *links[MOST];
};

static int close_on_exec(int descriptor) {
    CHECK(descriptor >= 0);
    CHECK(fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0);
    return descriptor;
}

static void at_once(int socket) {
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    CHECK(fcntl(socket, F_SETFL, O_NONBLOCK) == 0);
}

static void end_link(struct proxy *proxy, int index) {
    struct link *link = proxy->links[index];
    close(link->sockets[0]);
    close(link->sockets[1]);
    free(link);
    proxy->links[index] = NULL;
}

static void end_links(struct proxy *proxy) {
    int index;
    for (index = 0; index < MOST; index++) {
        if (proxy->links[index] != NULL) {
            end_link(proxy, index);
        }
    }
}

static void take(struct proxy *proxy, int refusing) {
    int client = accept(proxy->listener, NULL, NULL);
    int server;
    int index;
    if (client < 0) {
        return;
    }
    close_on_exec(client);
    pthread_mutex_lock(&proxy->mutex);
    proxy->connections += 1;
    pthread_mutex_unlock(&proxy->mutex);
    for (index = 0; index < MOST && proxy->links[index] != NULL; index++) {
    }
    if (refusing || index == MOST) {
        close(client);
        return;
    }
    server = close_on_exec(socket(AF_INET, SOCK_STREAM, 0));
    CHECK(connect(server, (struct sockaddr *)&proxy->server, sizeof proxy->server) == 0);
    at_once(client);
    at_once(server);
    proxy->links[index] = (struct link *)calloc(1, sizeof(struct link));
    CHECK(proxy->links[index] != NULL);
    proxy->links[index]->sockets[0] = client;
    proxy->links[index]->sockets[1] = server;
}

/* Reads on one side if there is room, writes on the other if there is something; 0 when either side has ended. */
static int pass(struct link *link, int side, short reads, short writes) {
    struct way *way = &link->ways[side];
    ssize_t count;
    if (way->from == way->until && (reads & (POLLIN | POLLHUP | POLLERR)) != 0) {
        count = recv(link->sockets[side], way->bytes, CHUNK, 0);
        if (count == 0 || (count < 0 && errno != EAGAIN)) {
            return 0;
        }
        way->from = 0;
        way->until = count < 0 ? 0 : (size_t)count;
        writes |= POLLOUT;
    }
    if (way->from < way->until && (writes & POLLOUT) != 0) {
        count = send(link->sockets[1 - side], way->bytes + way->from, way->until - way->from, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN) {
            return 0;
        }
        way->from += count < 0 ? 0 : (size_t)count;
    }
    return 1;
}

static short wanted(const struct link *link, int side) {
    short events = 0;
    if (link->ways[side].from == link->ways[side].until) {
        events |= POLLIN;
    }
    if (link->ways[1 - side].from < link->ways[1 - side].until) {
        events |= POLLOUT;
    }
    return events;
}

/* What the test has asked for; 0 when the proxy is to stop. */
static int obey(struct proxy *proxy, int *refusing, int *holding) {
    int stopping;
    pthread_mutex_lock(&proxy->mutex);
    stopping = proxy->stopping;
    *refusing = proxy->refusing;
    *holding = proxy->holding;
    if (proxy->cut || stopping) {
        end_links(proxy);
        proxy->cut = 0;
    }
    proxy->obeyed = proxy->asked;
    pthread_cond_broadcast(&proxy->done);
    pthread_mutex_unlock(&proxy->mutex);
    return !stopping;
}

static void *run(void *argument) {
    struct proxy *proxy = (struct proxy *)argument;
    int refusing, holding;
    while (obey(proxy, &refusing, &holding)) {
        struct pollfd polled[2 + 2 * MOST];
        int whose[2 + 2 * MOST];
        nfds_t count = 2;
        nfds_t at;
        int index;
        memset(polled, 0, sizeof polled);
        polled[0].fd = proxy->wake[0];
        polled[0].events = POLLIN;
        polled[1].fd = proxy->listener;
        polled[1].events = POLLIN;
        for (index = 0; index < MOST && !holding; index++) {
            int side;
            for (side = 0; side < 2 && proxy->links[index] != NULL; side++) {
                polled[count].fd = proxy->links[index]->sockets[side];
                polled[count].events = wanted(proxy->links[index], side);
                whose[count++] = index;
            }
        }
        CHECK(poll(polled, count, -1) > 0);
        if (polled[0].revents != 0) {
            char bytes[64];
            CHECK(read(proxy->wake[0], bytes, sizeof bytes) > 0);
            continue; /* what was asked for comes first */
        }
        for (at = 2; at < count; at += 2) {
            struct link *link = proxy->links[whose[at]];
            if (!pass(link, 0, polled[at].revents, polled[at + 1].revents) ||
                !pass(link, 1, polled[at + 1].revents, polled[at].revents)) {
                end_link(proxy, whose[at]);
            }
        }
        if (polled[1].revents != 0) {
            take(proxy, refusing);
        }
    }
    return NULL;
}

static void tell(struct proxy *proxy) {
    CHECK(write(proxy->wake[1], "", 1) == 1);
}

struct proxy *proxy_start(void) {
    struct proxy *proxy = (struct proxy *)calloc(1, sizeof *proxy);
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    sigset_t all, before;
    char host[32];
    int port;
    CHECK(proxy != NULL);
    CHECK(sscanf(world("URL"), "http://%31[0-9.]:%d", host, &port) == 2);
    proxy->server.sin_family = AF_INET;
    proxy->server.sin_port = htons((unsigned short)port);
    CHECK(inet_pton(AF_INET, host, &proxy->server.sin_addr) == 1);
    proxy->listener = close_on_exec(socket(AF_INET, SOCK_STREAM, 0));
    memset(&own, 0, sizeof own);
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(proxy->listener, (struct sockaddr *)&own, sizeof own) == 0);
    CHECK(listen(proxy->listener, MOST) == 0);
    CHECK(getsockname(proxy->listener, (struct sockaddr *)&own, &length) == 0);
    snprintf(proxy->url, sizeof proxy->url, "http://127.0.0.1:%d", ntohs(own.sin_port));
    CHECK(pipe(proxy->wake) == 0);
    close_on_exec(proxy->wake[0]);
    close_on_exec(proxy->wake[1]);
    CHECK(pthread_mutex_init(&proxy->mutex, NULL) == 0);
    news_init(&proxy->done);
    /* Signals are for the threads of the test. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    CHECK(pthread_create(&proxy->thread, NULL, run, proxy) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return proxy;
}

void proxy_stop(struct proxy *proxy) {
    pthread_mutex_lock(&proxy->mutex);
    proxy->stopping = 1;
    pthread_mutex_unlock(&proxy->mutex);
    tell(proxy);
    CHECK(pthread_join(proxy->thread, NULL) == 0);
    close(proxy->listener);
    close(proxy->wake[0]);
    close(proxy->wake[1]);
    pthread_cond_destroy(&proxy->done);
    pthread_mutex_destroy(&proxy->mutex);
    free(proxy);
}

const char *proxy_url(struct proxy *proxy) {
    return proxy->url;
}

/* Asks for what has been set under the mutex, and waits until it is so: nothing passes by the old rules any more. */
static void ask(struct proxy *proxy) {
    long long deadline = now_ms() + patience_ms();
    int mine = ++proxy->asked;
    tell(proxy);
    while (proxy->obeyed < mine) {
        CHECK(news_wait(&proxy->done, &proxy->mutex, deadline));
    }
    pthread_mutex_unlock(&proxy->mutex);
}

void proxy_cut(struct proxy *proxy) {
    pthread_mutex_lock(&proxy->mutex);
    proxy->cut = 1;
    ask(proxy);
}

void proxy_refuse(struct proxy *proxy, int refuse) {
    pthread_mutex_lock(&proxy->mutex);
    proxy->refusing = refuse;
    ask(proxy);
}

void proxy_hold(struct proxy *proxy, int hold) {
    pthread_mutex_lock(&proxy->mutex);
    proxy->holding = hold;
    ask(proxy);
}

int proxy_connections(struct proxy *proxy) {
    int connections;
    pthread_mutex_lock(&proxy->mutex);
    connections = proxy->connections;
    pthread_mutex_unlock(&proxy->mutex);
    return connections;
}
