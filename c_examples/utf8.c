#include "utf8.h"

size_t utf8_decode(const char *text, size_t length, uint32_t *character) {
    /* The smallest character that needs so many bytes: anything below it is overlong. */
    static const uint32_t smallest[UTF8_MAX + 1] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first;
    size_t size, i;
    uint32_t value;

    if (length == 0) return 0;
    first = (unsigned char)text[0];
    if (first < 0x80) {
        *character = first;
        return 1;
    }
    if ((first & 0xE0) == 0xC0) {
        size = 2;
        value = first & 0x1F;
    } else if ((first & 0xF0) == 0xE0) {
        size = 3;
        value = first & 0x0F;
    } else if ((first & 0xF8) == 0xF0) {
        size = 4;
        value = first & 0x07;
    } else {
        return 0;
    }
    if (length < size) return 0;
    for (i = 1; i < size; i++) {
        unsigned char next = (unsigned char)text[i];
        if ((next & 0xC0) != 0x80) return 0;
        value = value << 6 | (next & 0x3F);
    }
    if (value < smallest[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 0;
    *character = value;
    return size;
}

size_t utf8_encode(uint32_t character, char out[UTF8_MAX]) {
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (char)(0xC0 | character >> 6);
        out[1] = (char)(0x80 | (character & 0x3F));
        return 2;
    }
    if (character < 0x10000) {
        out[0] = (char)(0xE0 | character >> 12);
        out[1] = (char)(0x80 | (character >> 6 & 0x3F));
        out[2] = (char)(0x80 | (character & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | character >> 18);
    out[1] = (char)(0x80 | (character >> 12 & 0x3F));
    out[2] = (char)(0x80 | (character >> 6 & 0x3F));
    out[3] = (char)(0x80 | (character & 0x3F));
    return 4;
}
