/* rows.c - print the rows of a statement; real numbers show six significant digits to people. */
#include "analysis/data/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Digits after the decimal point for six significant ones, without trailing zeros. */
static int digits_of(double x)
{
    enum { SIGNIFICANT = 6, MOST = 15 };
    if (x == 0 || !isfinite(x)) return 0;
    const int before = (int)floor(log10(fabs(x))) + 1;
    int digits = SIGNIFICANT - before;
    if (digits < 0) digits = 0;
    if (digits > MOST) digits = MOST;
    char text[512];
    snprintf(text, sizeof text, "%.*f", digits, x);
    for (size_t n = strlen(text); digits > 0 && text[n - 1] == '0'; n--) digits--;
    return digits;
}

static void put_cell(table *t, sqlite3_stmt *s, int i)
{
    static const char DIGIT[] = "0123456789abcdef";
    switch (sqlite3_column_type(s, i)) {
    case SQLITE_INTEGER:
        table_int(t, sqlite3_column_int64(s, i));
        return;
    case SQLITE_FLOAT: {
        const double x = sqlite3_column_double(s, i);
        table_real(t, x, table_for_people(t->format) ? digits_of(x) : 0);
        return;
    }
    case SQLITE_TEXT:
        table_text(t, (const char *)sqlite3_column_text(s, i));
        return;
    case SQLITE_BLOB: {
        const unsigned char *bytes = sqlite3_column_blob(s, i);
        const int n = sqlite3_column_bytes(s, i);
        char *hex = malloc(2 * (size_t)n + 1);
        if (!hex) error_memory();
        for (int k = 0; k < n; k++) {
            hex[2 * k] = DIGIT[bytes[k] >> 4];
            hex[2 * k + 1] = DIGIT[bytes[k] & 15];
        }
        hex[2 * n] = '\0';
        table_text(t, hex);
        free(hex);
        return;
    }
    default:
        table_text(t, NULL);
    }
}

static void open_columns(table *t, sqlite3_stmt *s, table_format f, FILE *out)
{
    const int columns = sqlite3_column_count(s);
    const char **name = error_zeroed((size_t)columns, sizeof *name);
    for (int i = 0; i < columns; i++) name[i] = sqlite3_column_name(s, i);
    table_open(t, f, out, columns, name);
    free(name);
}

bool rows_print(bool *cut, db *d, sqlite3_stmt *s, table_format f, FILE *out, error *e)
{
    const bool aligned = table_for_people(f);
    bool ok, row = true, more = false;
    table t;
    open_columns(&t, s, f, out);
    for (int64_t n = 0; (ok = db_next(d, s, &row, e)) && row; n++) {
        if (aligned && n == ROWS_ALIGNED) {
            more = true;
            break;
        }
        for (int i = 0; i < t.columns; i++) put_cell(&t, s, i);
    }
    table_close(&t);
    if (cut) *cut = more;
    return ok;
}

bool rows_print_one(db *d, sqlite3_stmt *s, table_format f, FILE *out, error *e)
{
    if (f != TABLE_TEXT && f != TABLE_MD) return rows_print(NULL, d, s, f, out, e);
    bool row;
    if (!db_next(d, s, &row, e)) return false;
    if (!row) return true;
    table t;
    table_open(&t, f, out, 2, (const char *[]){ "key", "value" });
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        if (sqlite3_column_type(s, i) == SQLITE_NULL) continue;
        table_text(&t, sqlite3_column_name(s, i));
        table_text(&t, (const char *)sqlite3_column_text(s, i));
    }
    table_close(&t);
    return true;
}
