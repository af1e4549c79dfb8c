/* Randomness with a seed, so that what has failed once can fail again. */
#ifndef OTC_TEST_DICE_H
#define OTC_TEST_DICE_H

#include <stdint.h>

struct dice {
    uint64_t state;
};

/* The seed of this run: OTC_TEST_SEED, or one of the clock's; printed, for the next run. */
uint64_t dice_seed(void);
/* Dice of their own for each thread. */
struct dice dice_of(uint64_t seed, uint64_t number);
/* 0 to sides - 1. */
unsigned dice_roll(struct dice *dice, unsigned sides);

#endif
