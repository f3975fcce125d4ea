/* watch.c - the progress of a study on stderr, and when it will be done.
 *
 *     rate = FLOPs done since the start / worker-seconds;  the rest is dealt to workers at it
 */
#define _DEFAULT_SOURCE
#include "experiments/watch.h"

#include "experiments/plan_table.h"
#include "trainer/run/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LOOK_MS = 900, SAY_MS = 30000, LINE = 512 };

bool watch_open(watch *w, const plan *p, db *d, const char *name, int jobs, error *e)
{
    const int64_t now = db_now_ms();
    *w = (watch){ .name = name,
                  .p = p,
                  .d = d,
                  .jobs = jobs,
                  .terminal = isatty(STDERR_FILENO),
                  .said_ms = now,
                  .at_ms = now,
                  .cell = calloc((size_t)p->n, sizeof *w->cell) };
    if (!w->cell) return error_set(e, "out of memory for %d cells", p->n);
    for (int i = 0; i < p->n; i++) {
        const run_row *r = &p->cell[i].run;
        w->cell[i].finished = run_status_final(r->status);
        w->cell[i].from = w->cell[i].step = r->last_step > 0 ? r->last_step : 0;
        w->cell[i].loss = NAN;
    }
    return true;
}

static void wipe(watch *w)
{
    if (w->drawn > 0) fprintf(stderr, "\033[%dA\033[J", w->drawn);
    w->drawn = 0;
}

void watch_close(watch *w)
{
    if (w->cell) wipe(w);
    free(w->cell);
    *w = (watch){ 0 };
}

/* The newest step of a running cell.  If it can't be read now, it will be later. */
static void look(watch *w, int i)
{
    error ignored;
    sqlite3_stmt *q;
    bool row;
    watch_cell *x = &w->cell[i];
    if (!db_query(w->d, &q, &ignored,
                  "SELECT step, loss FROM train_step WHERE run_id=? ORDER BY step DESC LIMIT 1",
                  "i", w->p->cell[i].run.run_id))
        return;
    if (db_next(w->d, q, &row, &ignored) && row) {
        x->step = sqlite3_column_int64(q, 0);
        x->loss = sqlite3_column_type(q, 1) == SQLITE_NULL ? NAN : sqlite3_column_double(q, 1);
        if (x->step < x->from) x->from = x->step; /* it went back to its checkpoint */
    }
    sqlite3_finalize(q);
}

/* FLOPs of one step. */
static double work(const watch *w, int i)
{
    const arm *a = w->p->cell[i].arm;
    return a->cost.train_flops * (double)a->spec.config.train.batch_tokens;
}

/* Seconds until the rest is done; NaN while it is unknown. */
static double left_of(const watch *w)
{
    double did = 0, *rest;
    int n = 0;
    for (int i = 0; i < w->p->n; i++)
        did += work(w, i) * (double)(w->cell[i].step - w->cell[i].from);
    if (did <= 0 || w->busy < 2 || !(rest = calloc((size_t)w->p->n, sizeof *rest))) return NAN;
    const double rate = did / w->busy;
    for (int running = 1; running >= 0; running--) /* running cells first, then waiting ones */
        for (int i = 0; i < w->p->n; i++) {
            const watch_cell *x = &w->cell[i];
            if (x->finished || x->running != (bool)running) continue;
            rest[n++] = work(w, i) * (double)(w->p->cell[i].run.target_step - x->step) / rate;
        }
    const double last = plan_table_eta(rest, n, w->jobs);
    free(rest);
    return last;
}

/* A line as wide as the terminal at most, so that lines can be counted. */
static void put_line(watch *w, const char *text)
{
    struct winsize size;
    int room = 80;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) room = size.ws_col;
    fprintf(stderr, "%.*s\n", w->terminal ? room - 1 : LINE, text);
    if (w->terminal) w->drawn++;
}

static void summary(char *out, size_t size, const watch *w)
{
    int finished = 0, running = 0;
    char left[32] = "a while";
    for (int i = 0; i < w->p->n; i++)
        finished += w->cell[i].finished, running += w->cell[i].running;
    const double seconds = left_of(w);
    if (!isnan(seconds)) progress_time(left, sizeof left, seconds);
    snprintf(out, size, "%s: %d of %d cells done, %d running, %s%s left", w->name, finished,
             w->p->n, running, isnan(seconds) ? "" : "about ", left);
}

static void cell_line(char *out, size_t size, const watch *w, int i)
{
    const cell *x = &w->p->cell[i];
    char loss[32] = "";
    if (!isnan(w->cell[i].loss)) snprintf(loss, sizeof loss, "  loss %.4f", w->cell[i].loss);
    snprintf(out, size, "  %s, seed %d: step %" PRId64 "/%" PRId64 "%s", x->arm->label, x->seed,
             w->cell[i].step, x->run.target_step, loss);
}

static void draw(watch *w)
{
    char line[LINE];
    wipe(w);
    summary(line, sizeof line, w);
    put_line(w, line);
    for (int i = 0; i < w->p->n; i++) {
        if (!w->cell[i].running) continue;
        cell_line(line, sizeof line, w, i);
        put_line(w, line);
    }
}

void watch_tick(watch *w)
{
    const int64_t now = db_now_ms();
    if (now - w->at_ms < LOOK_MS) return;
    for (int i = 0; i < w->p->n; i++) {
        if (!w->cell[i].running) continue;
        w->busy += 1e-3 * (double)(now - w->at_ms);
        look(w, i);
    }
    w->at_ms = now;
    if (!w->terminal && now - w->said_ms < SAY_MS) return;
    w->said_ms = now;
    draw(w);
}

void watch_end(watch *w, int i, const char *what)
{
    char line[LINE];
    const cell *x = &w->p->cell[i];
    look(w, i);
    wipe(w);
    int finished = 0;
    for (int j = 0; j < w->p->n; j++) finished += w->cell[j].finished;
    snprintf(line, sizeof line, "%s: [%d/%d] %s, seed %d: %s", w->name, finished, w->p->n,
             x->arm->label, x->seed, what);
    fprintf(stderr, "%s\n", line);
    if (w->terminal) draw(w);
}
