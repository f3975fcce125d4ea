/* speed.c - repetitions of bench decode, gathered by arm, context and batch. */
#include "analysis/answers/speed.h"

#include "analysis/answers/sql.h"
#include "core/base/growing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double ALPHA = 0.05;

static int arm_of(const study *of, int64_t arm_id)
{
    for (int a = 0; a < of->arms; a++)
        if (of->arm[a].arm_id == arm_id) return a;
    return -1;
}

/* The cell of a row; rows come in the order of cells. */
static speed_cell *cell_of(speed *s, int arm, sqlite3_stmt *q)
{
    const int64_t context = sqlite3_column_int64(q, 1), batch = sqlite3_column_int64(q, 2);
    speed_cell *last = s->cells ? &s->cell[s->cells - 1] : NULL;
    if (last && last->arm == arm && last->context == context && last->batch == batch) return last;
    s->cell = growing_list(s->cell, s->cells, sizeof *s->cell);
    last = &s->cell[s->cells++];
    *last = (speed_cell){ .arm = arm, .context = context, .batch = batch };
    last->weight_bytes = sqlite3_column_double(q, 5);
    last->cache_bytes = sqlite3_column_double(q, 6);
    return last;
}

static void add_row(speed *s, const study *of, sqlite3_stmt *q)
{
    const int arm = arm_of(of, sqlite3_column_int64(q, 0));
    if (arm < 0) return;
    speed_cell *c = cell_of(s, arm, q);
    if (!s->where) {
        char text[256];
        const int threads = sqlite3_column_int(q, 8);
        const char *cpu = (const char *)sqlite3_column_text(q, 7);
        snprintf(text, sizeof text, "%.200s, %d thread%s", cpu ? cpu : "unknown processor", threads,
                 threads == 1 ? "" : "s");
        s->where = strdup(text);
        if (!s->where) error_memory();
    }
    if (!sqlite3_column_int(q, 3)) return; /* it had no room */
    c->seconds = growing_list(c->seconds, c->n, sizeof *c->seconds);
    c->seconds[c->n++] = sqlite3_column_double(q, 4);
}

bool speed_open(speed *s, const study *of, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row = true;
    *s = (speed){ 0 };
    bool ok = db_query(d, &q, e, sql_speed_rows, "i", of->sweep_id);
    while (ok && (ok = db_next(d, q, &row, e)) && row) add_row(s, of, q);
    sqlite3_finalize(q);
    for (int i = 0; ok && i < s->cells; i++)
        if (s->cell[i].n) s->cell[i].latency = median_of(s->cell[i].seconds, s->cell[i].n, ALPHA);
    if (!ok) speed_close(s);
    return ok;
}

void speed_close(speed *s)
{
    for (int i = 0; i < s->cells; i++) free(s->cell[i].seconds);
    free(s->cell), free(s->where);
    *s = (speed){ 0 };
}

const speed_cell *speed_at(const speed *s, int arm, int64_t context, int64_t batch)
{
    for (int i = 0; i < s->cells; i++)
        if (s->cell[i].arm == arm && s->cell[i].context == context && s->cell[i].batch == batch)
            return &s->cell[i];
    return NULL;
}

static int arms_at(const speed *s, const speed_cell *c)
{
    int n = 0;
    for (int i = 0; i < s->cells; i++)
        n += s->cell[i].n && s->cell[i].context == c->context && s->cell[i].batch == c->batch;
    return n;
}

bool speed_common(int64_t *context, int64_t *batch, const speed *s)
{
    int most = 0;
    for (int i = 0; i < s->cells; i++) {
        const speed_cell *c = &s->cell[i];
        const int n = c->n ? arms_at(s, c) : 0;
        const bool longer = c->context > *context, same = c->context == *context;
        if (n < most || n == 0) continue;
        if (n > most || longer || (same && c->batch < *batch))
            most = n, *context = c->context, *batch = c->batch;
    }
    return most > 0;
}

int speed_contexts(int64_t *context, int most, const speed *s)
{
    int n = 0;
    for (int64_t above = 0; n < most;) {
        int64_t next = 0;
        for (int i = 0; i < s->cells; i++) {
            const int64_t c = s->cell[i].context;
            if (c > above && (next == 0 || c < next)) next = c;
        }
        if (next == 0) break;
        context[n++] = above = next;
    }
    return n;
}
