#include "peer.h"

#include "check.h"
#include "clock.h"
#include "world.h"
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A pipe that no other program that this one starts gets hold of. */
static void own_pipe(int ends[2]) {
    CHECK(pipe(ends) == 0);
    CHECK(fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0);
}

/* The next line that it says, without its end; "" when it has ended. It stays until the next call. */
static const char *next_line(struct peer *peer) {
    static char line[sizeof peer->answers];
    long long deadline = now_ms() + patience_ms();
    char *end;
    while ((end = (char *)memchr(peer->answers, '\n', peer->length)) == NULL) {
        struct pollfd polled;
        ssize_t count;
        polled.fd = peer->from;
        polled.events = POLLIN;
        polled.revents = 0;
        CHECK(deadline > now_ms());
        if (poll(&polled, 1, (int)(deadline - now_ms())) <= 0) {
            continue;
        }
        CHECK(peer->length < sizeof peer->answers);
        count = read(peer->from, peer->answers + peer->length, sizeof peer->answers - peer->length);
        if (count <= 0) {
            return "";
        }
        peer->length += (size_t)count;
    }
    memcpy(line, peer->answers, (size_t)(end - peer->answers));
    line[end - peer->answers] = '\0';
    peer->length -= (size_t)(end + 1 - peer->answers);
    memmove(peer->answers, end + 1, peer->length);
    return line;
}

static char *argument(const char *text) {
    return (char *)text; /* posix_spawn does not write to it */
}

void peer_join(struct peer *peer, const char *token) {
    posix_spawn_file_actions_t actions;
    char *arguments[8];
    int input[2], output[2];
    memset(peer, 0, sizeof *peer);
    arguments[0] = argument(world("PYTHON"));
    arguments[1] = argument("-B");
    arguments[2] = argument(world("PEER"));
    arguments[3] = argument(world("URL"));
    arguments[4] = argument(world("KEY"));
    arguments[5] = argument(world("SESSION"));
    arguments[6] = argument(world(token));
    arguments[7] = NULL;
    own_pipe(input);
    own_pipe(output);
    CHECK(posix_spawn_file_actions_init(&actions) == 0);
    CHECK(posix_spawn_file_actions_adddup2(&actions, input[0], 0) == 0);
    CHECK(posix_spawn_file_actions_adddup2(&actions, output[1], 1) == 0);
    CHECK(posix_spawn(&peer->pid, arguments[0], &actions, NULL, arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    peer->to = input[1];
    peer->from = output[0];
    CHECK(sscanf(next_line(peer), "joined %63s", peer->id) == 1);
}

void peer_leave(struct peer *peer) {
    int status;
    close(peer->to);
    CHECK_TEXT(next_line(peer), ""); /* it has closed its end: it ends */
    close(peer->from);
    CHECK(waitpid(peer->pid, &status, 0) == peer->pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static const char *command(struct peer *peer, const char *verb, const char *method, const char *path, const char *content) {
    char line[2048];
    int length = snprintf(line, sizeof line, "%s %s %s %s\n", verb, method, path, content);
    CHECK(length > 0 && (size_t)length < sizeof line);
    CHECK(write(peer->to, line, (size_t)length) == (ssize_t)length);
    return next_line(peer);
}

int peer_ask(struct peer *peer, const char *method, const char *path, const char *content) {
    const char *answer = command(peer, "ask", method, path, content);
    CHECK(answer[0] != '\0');
    return atoi(answer);
}

const char *peer_told(struct peer *peer, const char *method, const char *path) {
    const char *message = command(peer, "told", method, path, "");
    CHECK_HOLDS(message, "{");
    return message;
}

int peer_waiting(struct peer *peer, const char *method, const char *path) {
    const char *answer = command(peer, "waiting", method, path, "");
    CHECK(answer[0] >= '0' && answer[0] <= '9');
    return atoi(answer);
}

int peer_publish(struct peer *peer, const char *stream) {
    char path[128], content[1024];
    snprintf(path, sizeof path, "/stream/%s", stream);
    snprintf(content, sizeof content,
             "{\"id\":\"%s\",\"name\":\"name of %s\",\"channel\":["
             "{\"id\":\"video1\",\"type\":\"video\",\"active\":true,\"width\":640,\"height\":480,\"source\":\"camera\"},"
             "{\"id\":\"audio1\",\"type\":\"audio\",\"active\":true},{\"id\":\"caption1\",\"type\":\"data\",\"active\":false}]}",
             stream, stream);
    return peer_ask(peer, "create", path, content);
}

int peer_update(struct peer *peer, const char *stream, const char *channel, const char *content) {
    char path[128];
    snprintf(path, sizeof path, "/stream/%s/channel/%s", stream, channel);
    return peer_ask(peer, "update", path, content);
}
