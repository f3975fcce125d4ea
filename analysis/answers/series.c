/* series.c - group the arms of a study into series, read their points and fit a power law to each.
 *
 * The statements are in series.sql.
 */
#include "analysis/answers/series.h"

#include "analysis/answers/sql.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An arm's place on its axes without the length: the same for all arms of a series. */
static char *place_of(const study_arm *a)
{
    json_t *axes = json_loads(a->axis_json, 0, NULL);
    if (json_is_object(axes)) json_object_del(axes, "train.tokens");
    char *text = json_dumps(axes, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    json_decref(axes);
    if (text) return text;
    text = strdup(a->label);
    if (!text) error_memory();
    return text;
}

/* The label without " tokens=N". */
static char *name_of(const study_arm *a)
{
    static const char WORD[] = "tokens=";
    char *name = strdup(a->label);
    if (!name) error_memory();
    for (char *at = name; (at = strstr(at, WORD)); at++) {
        if (at > name && at[-1] != ' ') continue;
        const char *rest = at + strcspn(at, " ");
        if (*rest)
            rest++;
        else if (at > name)
            at--;
        memmove(at, rest, strlen(rest) + 1);
        break;
    }
    if (*name) return name;
    free(name);
    name = strdup(a->attention);
    if (!name) error_memory();
    return name;
}

static void put_arm(series *r, const study *s, int arm)
{
    int at = r->arms++;
    for (; at > 0 && study_tokens(s, r->arm[at - 1]) > study_tokens(s, arm); at--)
        r->arm[at] = r->arm[at - 1];
    r->arm[at] = arm;
}

static void group(series_list *l, const study *s)
{
    char **place = error_zeroed((size_t)s->arms, sizeof *place);
    for (int a = 0; a < s->arms; a++) {
        char *mine = place_of(&s->arm[a]);
        int k = 0;
        while (k < l->n && strcmp(place[k], mine) != 0) k++;
        if (k == l->n) {
            place[l->n] = mine;
            l->row[l->n++] = (series){ .name = name_of(&s->arm[a]),
                                       .arm = error_zeroed((size_t)s->arms, sizeof(int)),
                                       .curve = error_zeroed((size_t)s->seeds, sizeof(curve)),
                                       .base = -1 };
        } else
            free(mine);
        put_arm(&l->row[k], s, a);
    }
    for (int k = 0; k < l->n; k++) free(place[k]);
    free(place);
}

static int series_of(const series_list *l, int arm)
{
    for (int k = 0; k < l->n; k++)
        for (int i = 0; i < l->row[k].arms; i++)
            if (l->row[k].arm[i] == arm) return k;
    return -1;
}

static void find_bases(series_list *l)
{
    for (int k = 0; k < l->n; k++) {
        const int base = l->study->arm[l->row[k].arm[l->row[k].arms - 1]].base;
        if (base >= 0 && series_of(l, base) != k) l->row[k].base = series_of(l, base);
    }
}

/* A finished run of this arm; 0 if there is none. */
static int64_t example(const study *s, int arm)
{
    for (int i = 0; i < s->seeds; i++)
        if (study_at(s, arm, i)->status == STUDY_DONE) return study_at(s, arm, i)->run_id;
    return 0;
}

static bool read_schedule(series *r, const study *s, db *d, error *e)
{
    const int64_t arm_id = s->arm[r->arm[r->arms - 1]].arm_id;
    char *name;
    int64_t epoch;
    if (!db_text(d, &name, e, sql_series_schedule, "i", arm_id) ||
        !db_integer(d, &epoch, 0, e, sql_series_epoch, "i", arm_id))
        return false;
    snprintf(r->schedule, sizeof r->schedule, "%s", name ? name : "cosine");
    r->epoch = epoch > 0 ? (double)epoch : NAN;
    free(name);
    return true;
}

/* Where the learning rate reaches its peak and, for SERIES_STEADY, up to where it stays there. */
static bool read_bounds(series *r, const study *s, db *d, double from, error *e)
{
    const int arm = r->arm[0];
    const int64_t run = example(s, arm);
    r->from = from, r->to = INFINITY;
    if (!run) return true;
    sqlite3_stmt *q;
    bool row = false, ok = db_query(d, &q, e, sql_series_peak, "i", run) && db_next(d, q, &row, e);
    if (ok && row && sqlite3_column_type(q, 0) != SQLITE_NULL) {
        if (isnan(from))
            r->from = fmax(sqlite3_column_double(q, 0), study_tokens(s, arm) / SERIES_SKIPPED);
        if (r->basis == SERIES_STEADY) r->to = sqlite3_column_double(q, 1);
    }
    sqlite3_finalize(q);
    return ok;
}

/* Final losses by length: one curve per seed. */
static void read_horizons(series *r, const study *s, double from)
{
    r->from = isnan(from) ? 0 : from, r->to = INFINITY;
    for (int k = 0; k < r->arms; k++)
        for (int i = 0; i < s->seeds; i++) {
            const study_cell *c = study_at(s, r->arm[k], i);
            if (isfinite(c->value) && c->tokens)
                curve_add(&r->curve[i], strtod(c->tokens, NULL), c->value);
        }
}

static bool read_run(series *r, const study *s, db *d, double from, error *e)
{
    if (!read_bounds(r, s, d, from, e)) return false;
    for (int i = 0; i < s->seeds; i++) {
        const study_cell *c = study_at(s, r->arm[0], i);
        if (c->status == STUDY_DONE && !curve_read(&r->curve[i], s, d, c->run_id, false, 0, e))
            return false;
    }
    return true;
}

static bool read_points(series *r, const study *s, db *d, double from, error *e)
{
    if (!read_schedule(r, s, d, e)) return false;
    int lengths = 0;
    for (int k = 0; k < r->arms; k++)
        lengths += study_tokens(s, r->arm[k]) > (k ? study_tokens(s, r->arm[k - 1]) : 0);
    if (lengths > 1) {
        r->basis = SERIES_HORIZONS;
        read_horizons(r, s, from);
        return true;
    }
    r->basis = strcmp(r->schedule, "cosine") == 0 ? SERIES_SCHEDULE : SERIES_STEADY;
    return read_run(r, s, d, from, e);
}

static void fit(series *r, const study *s)
{
    int room = 1, n = 0;
    for (int i = 0; i < s->seeds; i++) room += r->curve[i].n;
    powerlaw_point *x = error_zeroed((size_t)room, sizeof *x);
    for (int i = 0; i < s->seeds; i++)
        for (int p = 0; p < r->curve[i].n; p++) {
            const double tokens = r->curve[i].tokens[p];
            if (tokens >= r->from && tokens <= r->to)
                x[n++] = (powerlaw_point){ tokens, r->curve[i].loss[p], i };
        }
    powerlaw_fit(&r->fit, x, n, s->alpha);
    free(x);
}

bool series_open(series_list *l, const study *s, db *d, double from, error *e)
{
    *l = (series_list){ .study = s, .row = error_zeroed((size_t)s->arms, sizeof *l->row) };
    group(l, s);
    find_bases(l);
    for (int k = 0; k < l->n; k++) {
        if (!read_points(&l->row[k], s, d, from, e)) {
            series_close(l);
            return false;
        }
        fit(&l->row[k], s);
    }
    return true;
}

void series_close(series_list *l)
{
    for (int k = 0; k < l->n; k++) {
        series *r = &l->row[k];
        for (int i = 0; i < l->study->seeds; i++) curve_close(&r->curve[i]);
        free(r->name), free(r->arm), free(r->curve);
    }
    free(l->row);
    *l = (series_list){ 0 };
}

void series_describe(char *text, size_t size, const series *r)
{
    if (r->basis == SERIES_HORIZONS)
        snprintf(text, size, "%d horizons", r->fit.levels);
    else
        snprintf(text, size, "%s", r->basis == SERIES_STEADY ? "constant rate" : "one schedule");
}
