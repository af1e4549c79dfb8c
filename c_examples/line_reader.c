#define _POSIX_C_SOURCE 200809L

#include "line_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room asked for in one read; the buffer keeps one byte more, for the NUL after a last line without a line feed. */
#define CHUNK 65536

void line_reader_init(struct line_reader *reader, int fd) {
    memset(reader, 0, sizeof *reader);
    reader->fd = fd;
}

void line_reader_free(struct line_reader *reader) {
    free(reader->buffer);
    memset(reader, 0, sizeof *reader);
}

/* Moves what is left to the front and makes room for one chunk. A buffered line is at most LINE_MAX_LENGTH, so this is bounded. */
static void make_room(struct line_reader *reader) {
    if (reader->start > 0) {
        memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->scanned -= reader->start;
        reader->start = 0;
    }
    if (reader->capacity - reader->end < CHUNK + 1) {
        reader->capacity = reader->end * 2 + CHUNK + 1;
        reader->buffer = (char *)realloc(reader->buffer, reader->capacity);
        if (reader->buffer == NULL) {
            fputs("out of memory\n", stderr);
            abort();
        }
    }
}

void line_reader_fill(struct line_reader *reader) {
    ssize_t count;
    make_room(reader);
    do count = read(reader->fd, reader->buffer + reader->end, CHUNK);
    while (count < 0 && errno == EINTR);
    if (count > 0)
        reader->end += (size_t)count;
    else if (count == 0 || errno != EAGAIN)
        reader->ended = 1;
}

/* Consumes up to `line_end`; the line is handed out unless it is the rest of one that was too long. */
static enum line_result take_line(struct line_reader *reader, size_t line_end, size_t next, char **line, size_t *length) {
    *line = reader->buffer + reader->start;
    *length = line_end - reader->start;
    reader->buffer[line_end] = '\0';
    reader->start = reader->scanned = next;
    return *length > LINE_MAX_LENGTH ? LINE_TOO_LONG : LINE_READY;
}

static void drop(struct line_reader *reader, size_t next) {
    reader->start = reader->scanned = next;
}

enum line_result line_reader_next(struct line_reader *reader, char **line, size_t *length) {
    for (;;) {
        const char *feed = NULL;
        if (reader->end > reader->scanned)
            feed = (const char *)memchr(reader->buffer + reader->scanned, '\n', reader->end - reader->scanned);
        if (feed == NULL) break;
        if (!reader->discarding) return take_line(reader, (size_t)(feed - reader->buffer), (size_t)(feed - reader->buffer) + 1, line, length);
        drop(reader, (size_t)(feed - reader->buffer) + 1);
        reader->discarding = 0;
    }
    reader->scanned = reader->end;
    if (reader->discarding) drop(reader, reader->end);
    if (reader->end - reader->start > LINE_MAX_LENGTH) {
        drop(reader, reader->end);
        reader->discarding = 1;
        return LINE_TOO_LONG;
    }
    if (!reader->ended) return LINE_PARTIAL;
    if (reader->end == reader->start) return LINE_END;
    return take_line(reader, reader->end, reader->end, line, length);
}
