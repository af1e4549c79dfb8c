/* Lines from a file descriptor that is watched with poll(): each read takes what is there and never waits for a whole line. */
#ifndef EXAMPLES_LINE_READER_H
#define EXAMPLES_LINE_READER_H

#include <stddef.h>

/* Longest line, without its line feed. The rest of a longer one is thrown away. */
#define LINE_MAX_LENGTH (1024 * 1024)

struct line_reader {
    int fd;
    char *buffer;
    size_t start, scanned, end, capacity;
    int discarding; /* inside a line that was too long */
    int ended;      /* end of input */
};

enum line_result {
    LINE_READY,    /* `line` and `length` are set and hold until the next call; a NUL follows the line */
    LINE_TOO_LONG, /* said once for each such line */
    LINE_PARTIAL,  /* nothing complete: fill again when there is input */
    LINE_END       /* the input has ended and every line has been handed out */
};

void line_reader_init(struct line_reader *reader, int fd);
void line_reader_free(struct line_reader *reader);

/* Reads once. A read error counts as the end of input. */
void line_reader_fill(struct line_reader *reader);

/* Takes the next line out of what was read. A last line without a line feed counts. */
enum line_result line_reader_next(struct line_reader *reader, char **line, size_t *length);

#endif
