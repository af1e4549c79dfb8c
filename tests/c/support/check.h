/* What a test says when something is not as it should be: where, what, and what the library thinks of it. */
#ifndef OTC_TEST_CHECK_H
#define OTC_TEST_CHECK_H

/* Ends the test unless the condition holds. Works on any thread, inside callbacks too. */
#define CHECK(condition) check_that((condition) ? 1 : 0, #condition, __FILE__, __LINE__)

/* Ends the test unless a number is what it should be; prints both. */
#define CHECK_NUMBER(actual, expected) \
    check_number((long long)(actual), (long long)(expected), #actual, __FILE__, __LINE__)

/* The same for texts; NULL is a value like others. */
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), #actual, __FILE__, __LINE__)

/* Ends the test unless the text holds the word. */
#define CHECK_HOLDS(text, word) check_holds((text), (word), #text, __FILE__, __LINE__)

/* Ends the test. */
#define FAIL(why) check_that(0, (why), __FILE__, __LINE__)

void check_that(int holds, const char *condition, const char *file, int line);
void check_number(long long actual, long long expected, const char *what, const char *file, int line);
void check_text(const char *actual, const char *expected, const char *what, const char *file, int line);
void check_holds(const char *text, const char *word, const char *what, const char *file, int line);

/* Static assertions in C11 and C++, in the language's own words. */
#if defined(__cplusplus)
#define STATIC_CHECK(condition, name) static_assert(condition, name)
#else
#define STATIC_CHECK(condition, name) _Static_assert(condition, name)
#endif

#endif
