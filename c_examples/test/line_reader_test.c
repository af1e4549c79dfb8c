/* line_reader.h: lines however the bytes arrive, the bound, and the end of input. */
#define _POSIX_C_SOURCE 200809L

#include "../line_reader.h"

#include "check.h"

#include <unistd.h>

static int ends[2];
static struct line_reader reader;

static void begin(void) {
    CHECK(pipe(ends) == 0, "pipe");
    line_reader_init(&reader, ends[0]);
}

static void finish(void) {
    line_reader_free(&reader);
    close(ends[0]);
}

/* Writes less than a pipe holds, and lets the reader take it in one read. */
static void feed(const char *bytes, size_t length) {
    CHECK(write(ends[1], bytes, length) == (ssize_t)length, "write");
    line_reader_fill(&reader);
}

static void expect_line(const char *expected) {
    char *line;
    size_t length;
    CHECK(line_reader_next(&reader, &line, &length) == LINE_READY, expected);
    CHECK(length == strlen(expected) && strcmp(line, expected) == 0, expected);
}

static void expect_result(enum line_result expected, const char *name) {
    char *line;
    size_t length;
    CHECK(line_reader_next(&reader, &line, &length) == expected, name);
}

static void end_input(void) {
    close(ends[1]);
    line_reader_fill(&reader);
}

static void test_pieces(void) {
    begin();
    expect_result(LINE_PARTIAL, "nothing read yet");
    feed("one\ntwo\n\nthr", 12);
    expect_line("one");
    expect_line("two");
    expect_line("");
    expect_result(LINE_PARTIAL, "part of a line");
    feed("ee", 2);
    expect_result(LINE_PARTIAL, "still part of a line");
    feed("\nfour", 5);
    expect_line("three");
    expect_result(LINE_PARTIAL, "part of the last line");
    end_input();
    expect_line("four");
    expect_result(LINE_END, "end");
    expect_result(LINE_END, "still the end");
    finish();
}

static void test_empty_input(void) {
    begin();
    end_input();
    expect_result(LINE_END, "end of nothing");
    finish();
}

/* A line of `length` bytes, in pieces, followed by a line feed. */
static enum line_result feed_long(size_t length) {
    static char piece[4096];
    char *line;
    size_t line_length, fed;
    enum line_result result = LINE_PARTIAL;
    memset(piece, 'x', sizeof piece);
    for (fed = 0; fed < length; fed += sizeof piece) {
        enum line_result now;
        feed(piece, length - fed < sizeof piece ? length - fed : sizeof piece);
        now = line_reader_next(&reader, &line, &line_length);
        CHECK(now == LINE_PARTIAL || (now == LINE_TOO_LONG && result == LINE_PARTIAL), "said once");
        if (now != LINE_PARTIAL) result = now;
    }
    feed("\n", 1);
    if (result == LINE_PARTIAL) {
        result = line_reader_next(&reader, &line, &line_length);
        CHECK(result != LINE_READY || line_length == length, "whole line");
    }
    return result;
}

static void test_bound(void) {
    begin();
    CHECK(feed_long(LINE_MAX_LENGTH) == LINE_READY, "the longest line");
    CHECK(feed_long(LINE_MAX_LENGTH + 1) == LINE_TOO_LONG, "one byte more");
    feed("after\n", 6);
    expect_line("after");
    CHECK(feed_long(4 * LINE_MAX_LENGTH) == LINE_TOO_LONG, "much more");
    CHECK(reader.capacity < 4 * LINE_MAX_LENGTH, "the buffer stays bounded");
    feed("and after\n", 10);
    expect_line("and after");
    end_input();
    expect_result(LINE_END, "end");
    finish();
}

static void test_end_inside_a_long_line(void) {
    static char piece[4096];
    size_t fed;
    char *line;
    size_t length;
    int said = 0;
    memset(piece, 'x', sizeof piece);
    begin();
    for (fed = 0; fed <= LINE_MAX_LENGTH; fed += sizeof piece) {
        feed(piece, sizeof piece);
        said += line_reader_next(&reader, &line, &length) == LINE_TOO_LONG;
    }
    end_input();
    CHECK(said == 1, "said once");
    expect_result(LINE_END, "the rest is thrown away");
    finish();
}

int main(void) {
    test_pieces();
    test_empty_input();
    test_bound();
    test_end_inside_a_long_line();
    puts("line_reader: ok");
    return 0;
}
