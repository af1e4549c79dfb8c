/* Strict UTF-8, for what comes from a terminal, a pipe or another participant. */
#ifndef EXAMPLES_UTF8_H
#define EXAMPLES_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Longest encoding of one character. */
#define UTF8_MAX 4

/* Decodes the character that starts at text[0]. Returns its length in bytes, or 0 when the bytes are not UTF-8
 * (truncated, overlong, a surrogate, above U+10FFFF). */
size_t utf8_decode(const char *text, size_t length, uint32_t *character);

/* Encodes a character that is not a surrogate and at most U+10FFFF. Returns the number of bytes written. */
size_t utf8_encode(uint32_t character, char out[UTF8_MAX]);

#endif
