/* PLANTED: adds one to the largest int. */
#include <limits.h>
#include <otc.h>
#include <stddef.h>

int main(int count, char **arguments) {
    volatile int largest = INT_MAX;
    (void)arguments;
    largest = largest + count;
    return otc_version() == NULL ? 77 : 0;
}
