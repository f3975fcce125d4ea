/* results_file.c - CSV and JSONL to rows, strictly: a number is a number to its last character. */
#include "analysis/data/results_file.h"

#include "analysis/data/csv.h"
#include "core/base/file.h"
#include "core/base/growing.h"
#include "core/base/utf8.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST = 1 << 30 };
enum { ARM, SEED, METRIC, VALUE, TOKENS, STEP, PARAMETERS, KV_BYTES, COLUMNS };
static const char *const NAME[COLUMNS] = { "arm",    "seed", "metric",     "value",
                                           "tokens", "step", "parameters", "kv_bytes" };

/* Where we are, for messages. */
typedef struct place {
    const char *path;
    int line;
} place;

static int column_of(const char *name)
{
    int k = 0;
    while (k < COLUMNS && strcasecmp(NAME[k], name) != 0) k++;
    return k;
}

static bool is_word(const char *text, const char *word)
{
    text += *text == '-' || *text == '+';
    return strcasecmp(text, word) == 0;
}

/* A number; NaN for what is not finite. */
static bool take_real(double *x, const char *text)
{
    char *end;
    *x = NAN;
    if (!*text || is_word(text, "nan") || is_word(text, "inf") || is_word(text, "infinity"))
        return true;
    if (text[strspn(text, "+-0123456789.eE")]) return false;
    *x = strtod(text, &end);
    if (*end) return false;
    if (isinf(*x)) *x = NAN;
    return true;
}

/* A count below 2^53, also written as 1e6 or 20480.0. */
static bool take_count(int64_t *n, const char *text)
{
    double x;
    *n = -1;
    if (!*text) return true;
    if (!take_real(&x, text) || !(x >= 0 && x < 9007199254740992.0) || x != floor(x)) return false;
    *n = (int64_t)x;
    return true;
}

/* One row out of its texts; a missing column is an empty one. */
static bool add_row(results_file *r, const char *const text[COLUMNS], place at, error *e)
{
    results_row row = { .line = at.line };
    int bad = -1;
    if (!take_count(&row.seed, text[SEED]) || row.seed < 0) bad = SEED;
    if (!take_real(&row.value, text[VALUE])) bad = VALUE;
    if (!take_count(&row.tokens, text[TOKENS])) bad = TOKENS;
    if (!take_count(&row.step, text[STEP])) bad = STEP;
    if (!take_count(&row.parameters, text[PARAMETERS])) bad = PARAMETERS;
    if (!take_real(&row.kv_bytes, text[KV_BYTES]) || row.kv_bytes < 0) bad = KV_BYTES;
    if (bad >= 0)
        return error_usage(e, "%s:%d: %s: '%.60s' is not a %s", at.path, at.line, NAME[bad],
                           text[bad], bad == VALUE ? "number" : "count");
    for (int k = ARM; k <= METRIC; k += METRIC - ARM)
        if (!*text[k] || strlen(text[k]) > 200 || !utf8_is(text[k]))
            return error_usage(e, "%s:%d: %s is empty, too long or not UTF-8", at.path, at.line,
                               NAME[k]);
    row.arm = strdup(text[ARM]), row.metric = strdup(text[METRIC]);
    if (!row.arm || !row.metric) error_memory();
    r->row = growing_list(r->row, r->n, sizeof *r->row);
    r->row[r->n++] = row;
    return true;
}

/* --- CSV -------------------------------------------------------------------------------------- */

/* Which field is which column; -1: none. */
static bool read_names(int index[COLUMNS], notes *list, char *const *field, int n, place at,
                       error *e)
{
    growing other;
    growing_open(&other);
    for (int k = 0; k < COLUMNS; k++) index[k] = -1;
    bool twice = false;
    for (int i = 0; i < n; i++) {
        const int k = column_of(field[i]);
        if (k == COLUMNS)
            fprintf(other.f, "%s%.40s", ftell(other.f) > 0 ? ", " : "", field[i]);
        else {
            twice = twice || index[k] >= 0;
            index[k] = i;
        }
    }
    char *names = growing_close(&other);
    if (*names) notes_add(list, NOTE_INFO, "Columns that are not read: %s.", names);
    free(names);
    if (twice) return error_usage(e, "%s:%d: a column is there twice", at.path, at.line);
    for (int k = ARM; k <= VALUE; k++)
        if (index[k] < 0)
            return error_usage(e,
                               "%s:%d: there is no column %s; arm, seed, metric and value are "
                               "needed",
                               at.path, at.line, NAME[k]);
    return true;
}

static bool read_csv(results_file *r, notes *list, char *text, const char *path, error *e)
{
    char *field[CSV_FIELDS];
    int n, index[COLUMNS], names = 0, line = 1;
    for (bool first = true;; first = false) {
        const int before = line;
        if (!csv_record(field, &n, &text, &line)) break;
        const place at = { path, before };
        if (n < 0)
            return error_usage(e,
                               "%s:%d: a quote is not closed, something follows it, or there "
                               "are more than %d columns",
                               path, before, CSV_FIELDS);
        if (first) {
            names = n;
            if (!read_names(index, list, field, n, at, e)) return false;
            continue;
        }
        if (n != names)
            return error_usage(e, "%s:%d: %d columns, but the first line has %d", path, before, n,
                               names);
        const char *value[COLUMNS];
        for (int k = 0; k < COLUMNS; k++) value[k] = index[k] < 0 ? "" : field[index[k]];
        if (!add_row(r, value, at, e)) return false;
    }
    return true;
}

/* --- JSONL ------------------------------------------------------------------------------------ */

/* The value as text: a number with all its digits. */
static bool text_of(char out[64], const char **text, const json_t *value)
{
    *text = "";
    if (!value || json_is_null(value)) return true;
    if (json_is_string(value)) *text = json_string_value(value);
    if (json_is_integer(value))
        snprintf(out, 64, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_real(value)) snprintf(out, 64, "%.17g", json_real_value(value));
    if (json_is_number(value)) *text = out;
    return json_is_string(value) || json_is_number(value);
}

static bool read_object(results_file *r, const json_t *object, place at, error *e)
{
    char room[COLUMNS][64];
    const char *text[COLUMNS];
    for (int k = 0; k < COLUMNS; k++) {
        const json_t *value = json_object_get(object, NAME[k]);
        if (k <= VALUE && !value)
            return error_usage(e, "%s:%d: there is no %s", at.path, at.line, NAME[k]);
        if (!text_of(room[k], &text[k], value))
            return error_usage(e, "%s:%d: %s is neither a text nor a number", at.path, at.line,
                               NAME[k]);
    }
    return add_row(r, text, at, e);
}

static bool read_jsonl(results_file *r, char *text, const char *path, error *e)
{
    for (int line = 1; *text; line++) {
        const size_t n = strcspn(text, "\n");
        json_error_t why;
        if (strspn(text, " \t\r") < n) {
            json_t *object = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
            if (!json_is_object(object)) {
                json_decref(object);
                return error_usage(e,
                                   "%s:%d: not an object of JSON (infinite values are written "
                                   "as null)",
                                   path, line);
            }
            const bool ok = read_object(r, object, (place){ path, line }, e);
            json_decref(object);
            if (!ok) return false;
        }
        text += n + (text[n] == '\n');
    }
    return true;
}

bool results_file_read(results_file *r, notes *list, const char *path, error *e)
{
    static const char MARK[] = "\xef\xbb\xbf"; /* of UTF-8 */
    char *bytes;
    size_t n;
    *r = (results_file){ 0 };
    if (!file_read(&bytes, &n, path, MOST, e)) return false;
    hash_bytes(r->sha256, bytes, n);
    char *text = strncmp(bytes, MARK, strlen(MARK)) == 0 ? bytes + strlen(MARK) : bytes;
    bool ok = memchr(bytes, '\0', n) == NULL ||
              error_usage(e, "%s: not a text file: it has a zero byte", path);
    ok = ok && (text[strspn(text, " \t\r\n")] == '{' ? read_jsonl(r, text, path, e)
                                                     : read_csv(r, list, text, path, e));
    if (ok && !r->n) ok = error_usage(e, "%s: there are no results in this file", path);
    free(bytes);
    if (!ok) results_file_close(r);
    return ok;
}

void results_file_close(results_file *r)
{
    for (int i = 0; i < r->n; i++) free(r->row[i].arm), free(r->row[i].metric);
    free(r->row);
    *r = (results_file){ 0 };
}
