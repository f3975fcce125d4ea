/* roofline_check.c - predicted latencies against those that bench decode measured here.
 *
 *     error = predicted / measured - 1
 *
 * Bandwidth and peak are those that bench decode measured in the same block, since they change with
 * whatever else the machine does; everything else is the machine's file.  A cell is the median over
 * its repetitions of both sides.
 */
#include "cli/roofline_check.h"

#include "analysis/statistics/median.h"
#include "cli/sql.h"
#include "core/base/table.h"
#include "core/db/db.h"
#include "trainer/decode/roofline.h"
#include "trainer/decode/stored_shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { REPS = 4096, COLUMNS = 9 };

typedef struct cell {
    char config[CONFIG_ID], attention[CONFIG_VALUE];
    int context, batch, threads, steps;
    int n;
    double measured[REPS], predicted[REPS]; /* seconds of a step */
} cell;

typedef struct check {
    const hardware *h;
    table table;
    cell cell;
    run_spec spec;
    model m;
    bool open; /* m */
    int cells, within;
    double *error; /* (cells), grown one by one */
} check;

static void end_cell(check *k)
{
    const cell *c = &k->cell;
    if (c->n == 0) return;
    const median measured = median_of(c->measured, c->n, 0.05);
    const median predicted = median_of(c->predicted, c->n, 0.05);
    const double off = predicted.x / measured.x - 1;
    table *t = &k->table;
    table_text(t, c->attention), table_int(t, c->context), table_int(t, c->batch);
    table_int(t, c->threads), table_int(t, c->n), table_real(t, 1e3 * measured.x, 3);
    table_real(t, 1e3 * predicted.x, 3), table_real(t, off, 3);
    hardware h = *k->h;
    const roofline r = { .m = &k->m, .h = &h, .devices = 1 };
    roofline_time x;
    roofline_walk(&x, &r, c->batch, 1, c->context - c->steps / 2 - 1);
    table_text(t, roofline_bounds[x.bound]);
    k->error = realloc(k->error, (size_t)(k->cells + 1) * sizeof *k->error);
    if (!k->error) error_memory();
    k->error[k->cells++] = fabs(off);
    k->within += fabs(off) <= 0.25;
    k->cell.n = 0;
}

static bool begin_cell(check *k, sqlite3_stmt *s, error *e)
{
    cell *c = &k->cell;
    const char *id = (const char *)sqlite3_column_text(s, 0);
    const int context = sqlite3_column_int(s, 3), batch = sqlite3_column_int(s, 4);
    const int steps = sqlite3_column_int(s, 5);
    if (c->n && strcmp(c->config, id) == 0 && c->context == context && c->batch == batch &&
        c->steps == steps)
        return true;
    end_cell(k);
    if (k->open) model_close(&k->m);
    k->open = false;
    snprintf(c->config, sizeof c->config, "%s", id);
    snprintf(c->attention, sizeof c->attention, "%s", (const char *)sqlite3_column_text(s, 1));
    c->context = context, c->batch = batch, c->steps = steps, c->threads = (int)k->h->threads;
    k->open = stored_shape_read(&k->spec, (const char *)sqlite3_column_text(s, 2), e) &&
              model_open(&k->m, &k->spec.model, e);
    return k->open;
}

/* The machine as it was in a block: its bandwidth and its FLOPs, and with them its cache's. */
static hardware machine_then(const hardware *h, double read, double sgemm)
{
    hardware then = *h;
    if (read > 0) then.bandwidth = read;
    if (sgemm > 0) {
        then.flops[HARDWARE_FLOAT32] = sgemm;
        then.cache_bandwidth *= sgemm / h->flops[HARDWARE_FLOAT32];
        then.overhead *= h->flops[HARDWARE_FLOAT32] / sgemm;
    }
    return then;
}

static void add_repetition(check *k, sqlite3_stmt *s)
{
    cell *c = &k->cell;
    if (c->n == REPS) return;
    const hardware then =
        machine_then(k->h, 1e9 * sqlite3_column_double(s, 7), 1e9 * sqlite3_column_double(s, 8));
    const roofline r = { .m = &k->m, .h = &then, .devices = 1 };
    roofline_time x;
    roofline_walk(&x, &r, c->batch, 1, c->context - c->steps / 2 - 1);
    c->measured[c->n] = 1e-9 * (double)sqlite3_column_int64(s, 6) / c->steps;
    c->predicted[c->n++] = x.total;
}

static bool check_rows(check *k, db *d, error *e)
{
    sqlite3_stmt *s;
    bool row = true;
    bool ok = db_query(d, &s, e, sql_roofline_check, "it", (int64_t)k->h->threads, k->h->name);
    while (ok && (ok = db_next(d, s, &row, e)) && row)
        if ((ok = begin_cell(k, s, e))) add_repetition(k, s);
    if (ok) end_cell(k);
    sqlite3_finalize(s);
    if (k->open) model_close(&k->m);
    return ok;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void put_notes(command_call *call, check *k)
{
    qsort(k->error, (size_t)k->cells, sizeof *k->error, ascending);
    command_note(call, NOTE_INFO,
                 "%d of %d cells within 25 %%; median error %.1f %%, largest %.1f %%", k->within,
                 k->cells, 100 * k->error[k->cells / 2], 100 * k->error[k->cells - 1]);
}

bool roofline_check(command_call *call, const hardware *h, error *e)
{
    static check k;
    db d;
    if (!(h->threads > 0) || !(h->flops[HARDWARE_FLOAT32] > 0))
        return error_usage(e,
                           "machine '%.80s' is no processor: measure one with `attnlab "
                           "roofline --measure FILE`",
                           h->name);
    if (!db_open(&d, call->db, DB_READ, e)) return false;
    k = (check){ .h = h };
    command_rows(call);
    table_open(&k.table, command_format(call), stdout, COLUMNS,
               (const char *[]){ "attention", "context", "batch", "threads", "reps", "measured_ms",
                                 "predicted_ms", "error", "bound" });
    bool ok = check_rows(&k, &d, e);
    if (ok && k.cells == 0)
        ok = error_set(e, "%s has no rows of bench decode with %.0f threads on '%.80s'", call->db,
                       h->threads, h->name);
    table_close(&k.table);
    if (ok) put_notes(call, &k);
    free(k.error);
    db_close(&d);
    return ok;
}
