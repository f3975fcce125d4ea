/* number.c - reads and prints numbers.
 *
 * Whole numbers are read in integers alone, so that no digit is lost:
 *
 *     value = mantissa * unit * 10^exponent,  and it must be whole.
 *
 * strtod reads the other numbers; the characters of a decimal keep out what it also takes (nan,
 * inf, hexadecimal, blanks).
 */
#define __STDC_WANT_IEC_60559_BFP_EXT__ /* strfromd */
#include "core/base/number.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Append the digits at *at to *value and count them; an underscore must have a digit on each side.
 */
static bool take_digits(int64_t *value, int *n, bool *large, const char **at)
{
    *n = 0;
    for (; is_digit(**at) || **at == '_'; ++*at) {
        if (**at == '_') {
            if (*n == 0 || !is_digit((*at)[1])) return false;
            continue;
        }
        *large = *large || __builtin_mul_overflow(*value, 10, value) ||
                 __builtin_add_overflow(*value, **at - '0', value);
        ++*n;
    }
    return true;
}

/* What follows the digits: an exponent, or a suffix.  Nothing else may come. */
static bool take_end(int64_t *unit, int64_t *exponent, const char *at)
{
    static const struct {
        const char *name;
        int64_t unit;
    } SUFFIX[] = { { "", 1 },         { "k", 1000 },     { "M", 1000000 }, { "G", 1000000000 },
                   { "Ki", 1 << 10 }, { "Mi", 1 << 20 }, { "Gi", 1 << 30 } };
    *unit = 1, *exponent = 0;
    if (*at == 'e' || *at == 'E') {
        const bool minus = *++at == '-';
        int digits;
        bool large = false;
        at += *at == '-' || *at == '+';
        if (!take_digits(exponent, &digits, &large, &at) || digits == 0 || large || *at)
            return false;
        if (*exponent > 9999) *exponent = 9999; /* too large, or too small, in any case */
        if (minus) *exponent = -*exponent;
        return true;
    }
    for (size_t i = 0; i < sizeof SUFFIX / sizeof *SUFFIX; i++) {
        if (strcmp(at, SUFFIX[i].name) != 0) continue;
        *unit = SUFFIX[i].unit;
        return true;
    }
    return false;
}

/* value * 10^exponent */
static number_answer scale(int64_t *out, int64_t value, int64_t exponent)
{
    for (; exponent < 0 && value != 0; exponent++, value /= 10)
        if (value % 10) return NUMBER_WRONG;
    for (; exponent > 0 && value != 0; exponent--)
        if (__builtin_mul_overflow(value, 10, &value)) return NUMBER_LARGE;
    *out = value;
    return NUMBER_TAKEN;
}

number_answer number_whole(int64_t *out, const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    int64_t value = 0, unit, exponent;
    int before, after = 0;
    bool large = false;
    if (!take_digits(&value, &before, &large, &at)) return NUMBER_WRONG;
    if (*at == '.') {
        at++;
        if (!take_digits(&value, &after, &large, &at) || after == 0) return NUMBER_WRONG;
    }
    if (before + after == 0 || !take_end(&unit, &exponent, at)) return NUMBER_WRONG;
    if (large || __builtin_mul_overflow(value, unit, &value)) return NUMBER_LARGE;
    if (*text == '-') value = -value;
    return scale(out, value, exponent - after);
}

bool number_real(double *out, const char *text)
{
    char *end;
    int64_t whole;
    if (*text && !text[strspn(text, "+-0123456789.eE")]) {
        *out = strtod(text, &end) + 0.0; /* -0 becomes 0 */
        return !*end && isfinite(*out);
    }
    if (number_whole(&whole, text) != NUMBER_TAKEN) return false;
    *out = (double)whole;
    return true;
}

/* If 15 digits read back as x, x is so near to their number that its 16th digit is 0, 1 or 9: the
 * spacing of doubles is at most 1.8 units of that digit.  This saves the slow conversion to 15
 * digits nearly always. */
void number_print(char text[NUMBER_TEXT], double x)
{
    enum { DIGITS = 16 };
    int digits = 0;
    char last = '0';
    strfromd(text, NUMBER_TEXT, "%.16g", x);
    for (const char *at = text; *at && *at != 'e'; at++) {
        if (*at < '0' || *at > '9' || (!digits && *at == '0')) continue;
        digits++, last = *at;
    }
    if (digits < DIGITS || last == '0' || last == '1' || last == '9' || fabs(x) < DBL_MIN) {
        char fewer[NUMBER_TEXT];
        strfromd(fewer, sizeof fewer, "%.15g", x);
        if (strtod(fewer, NULL) == x) {
            memcpy(text, fewer, sizeof fewer);
            return;
        }
    }
    if (strtod(text, NULL) != x) strfromd(text, NUMBER_TEXT, "%.17g", x);
}

int number_level_digits(double alpha)
{
    const double places = ceil(-log10(100 * alpha));
    return 3 + (places > 0 ? (int)places : 0);
}
