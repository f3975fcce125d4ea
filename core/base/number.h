/* number.h - numbers as people write them, in configurations, options and attention specs, and
 * as programs print them without losing a bit.
 *
 *     whole = [+-] digits [. digits] [e [+-] digits] [k | M | G | Ki | Mi | Gi]
 *
 * k, M, G are powers of 1000 and Ki, Mi, Gi powers of 1024.  An underscore may stand between two
 * digits.  An exponent excludes a suffix.  K, m and B are refused, because they are read in two
 * ways.
 */
#ifndef CORE_BASE_NUMBER_H
#define CORE_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

typedef enum number_answer {
    NUMBER_TAKEN,
    NUMBER_WRONG, /* not a whole number: "abc", "1.5", "1_", "2m" */
    NUMBER_LARGE, /* a whole number that an int64_t can't hold    */
} number_answer;

/* A whole number, exactly: 4096, 1_000_000, 1e6, 4k, 1.5M, 64Ki.  *out is set if it is taken. */
number_answer number_whole(int64_t *out, const char *text);

/* A finite number: a decimal, or what number_whole takes.  False if it isn't one; nan, inf and
 * hexadecimal digits aren't. */
bool number_real(double *out, const char *text);

enum { NUMBER_TEXT = 64 }; /* characters that hold any number */

/* The fewest of 15 to 17 digits that read back as x. */
void number_print(char text[NUMBER_TEXT], double x);

/* Significant digits with which 100 (1 - alpha) tells alpha from its neighbours: 3 for 0.05, 4 for
 * 0.0064, 10 for 1e-9. */
int number_level_digits(double alpha);

#endif
