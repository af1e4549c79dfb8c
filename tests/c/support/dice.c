#include "dice.h"

#include "clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

uint64_t dice_seed(void) {
    const char *text = getenv("OTC_TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)now_ms() * 1000003u + (uint64_t)getpid();
    printf("again with: OTC_TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    return seed;
}

/* splitmix64. */
static uint64_t next(struct dice *dice) {
    uint64_t mixed = dice->state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

struct dice dice_of(uint64_t seed, uint64_t number) {
    struct dice dice;
    dice.state = seed;
    dice.state = next(&dice) ^ number;
    return dice;
}

unsigned dice_roll(struct dice *dice, unsigned sides) {
    return (unsigned)(next(dice) % sides);
}
