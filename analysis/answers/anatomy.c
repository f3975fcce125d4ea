/* anatomy.c - read what the parts of anatomy.h need, and compute them.
 *
 * The statements are in anatomy.sql.
 */
#include "analysis/answers/anatomy.h"

#include "analysis/answers/sample.h"
#include "analysis/answers/sql.h"
#include "analysis/data/curve.h"
#include "analysis/statistics/noise.h"
#include "analysis/statistics/student.h"
#include "core/base/growing.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ALPHA 0.05

/* --- variance components ---------------------------------------------------------------------- */

/* The runs of one configuration. */
typedef struct runs {
    int n, pieces; /* pieces 0: not every run has its sums by sequence */
    components_run *run;
    double *piece; /* (n, SAMPLE_PIECES) */
    int weights, orders;
    int64_t *weight, *replica, *order; /* the seeds behind each number of components_run */
} runs;

static void runs_close(runs *r)
{
    free(r->run), free(r->piece), free(r->weight), free(r->replica), free(r->order);
}

/* The number of a pair of seeds in a list of n, where it is added if need be. */
static int number_of(int64_t **first, int64_t **second, int *n, int64_t a, int64_t b)
{
    for (int i = 0; i < *n; i++)
        if ((*first)[i] == a && (!second || (*second)[i] == b)) return i;
    *first = growing_list(*first, *n, sizeof **first), (*first)[*n] = a;
    if (second) *second = growing_list(*second, *n, sizeof **second), (*second)[*n] = b;
    return (*n)++;
}

static bool in_study(const study *s, int64_t run_id)
{
    for (int i = 0; i < s->arms * s->seeds; i++)
        if (s->cell[i].run_id == run_id) return true;
    return false;
}

/* A finished run of the arm, whose code is that of the arm; NULL if there is none. */
static const study_cell *finished(const study *s, int arm)
{
    for (int i = 0; i < s->seeds; i++)
        if (study_at(s, arm, i)->status == STUDY_DONE) return study_at(s, arm, i);
    return NULL;
}

static bool same_text(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/* Was a run of the arm's configuration, made by code_id, made by the code of the arm? */
static bool same_code(bool *same, const study *s, int arm, int64_t code_id, db *d, error *e)
{
    const study_cell *own = finished(s, arm);
    char *code = NULL;
    *same = own && own->code_id == code_id;
    if (*same || !own) return true;
    if (!study_code(&code, s->arm[arm].arm_id, code_id, d, e)) return false;
    *same = same_text(own->code, code);
    free(code);
    return true;
}

static bool add_run(runs *r, sqlite3_stmt *q)
{
    const double value = sqlite3_column_double(q, 4);
    if (!isfinite(value)) return false;
    r->run = growing_list(r->run, r->n, sizeof *r->run);
    r->run[r->n++] =
        (components_run){ number_of(&r->weight, &r->replica, &r->weights,
                                    sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2)),
                          number_of(&r->order, NULL, &r->orders, sqlite3_column_int64(q, 3), 0),
                          value };
    return true;
}

/* Sums by sequence exist for losses in nats a token. */
static bool read_pieces(runs *r, const int64_t *run_id, const metric *m, db *d, error *e)
{
    int64_t sequences = 0;
    bool ok = true, known = strcmp(m->value, "e.nll_sum / e.n_tok") == 0;
    r->piece = error_zeroed((size_t)r->n * SAMPLE_PIECES, sizeof *r->piece);
    for (int i = 0; ok && known && i < r->n; i++) {
        double mean[SAMPLE_PIECES];
        ok = sample_pieces(mean, &sequences, &known, m, d, run_id[i], e);
        if (!ok || !known) break;
        r->pieces = sequences < SAMPLE_PIECES ? (int)sequences : SAMPLE_PIECES;
        for (int k = 0; k < r->pieces; k++) r->piece[i * r->pieces + k] = mean[k];
    }
    if (!known) r->pieces = 0;
    return ok;
}

static bool read_split(anatomy_split *x, const study *s, db *d, error *e)
{
    char sql[2048];
    const metric *m = &s->metric;
    runs r = { 0 };
    int64_t *run_id = NULL;
    sqlite3_stmt *q;
    snprintf(sql, sizeof sql, sql_anatomy_runs, m->value);
    bool row = true,
         ok = db_query(d, &q, e, sql, "itti", s->arm[x->arm].arm_id, m->task, m->split, m->context);
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        const int64_t id = sqlite3_column_int64(q, 0);
        bool same;
        ok = same_code(&same, s, x->arm, sqlite3_column_int64(q, 5), d, e);
        if (!ok || !same) {
            x->outdated += ok;
            continue;
        }
        run_id = growing_list(run_id, r.n, sizeof *run_id);
        run_id[r.n] = id;
        if (add_run(&r, q)) x->elsewhere += !in_study(s, id);
    }
    sqlite3_finalize(q);
    ok = ok && read_pieces(&r, run_id, m, d, e);
    if (ok) components_fit(&x->parts, r.run, r.pieces ? r.piece : NULL, ALPHA, r.n, r.pieces);
    runs_close(&r);
    free(run_id);
    return ok;
}

/* One split for each configuration; arms that differ in the replica alone share theirs. */
static bool split_all(anatomy *k, db *d, error *e)
{
    const study *s = k->c->study;
    char **known = error_zeroed((size_t)s->arms, sizeof *known);
    bool ok = true;
    k->split = error_zeroed((size_t)s->arms, sizeof *k->split);
    for (int a = 0; ok && a < s->arms; a++) {
        char *config;
        ok = db_text(d, &config, e, sql_anatomy_configuration, "i", s->arm[a].arm_id);
        int i = 0;
        while (ok && i < k->splits && !same_text(known[i], config)) i++;
        if (ok && i == k->splits) {
            k->split[i] = (anatomy_split){ .arm = a };
            known[k->splits++] = config;
            ok = read_split(&k->split[i], s, d, e);
        } else
            free(config);
        if (ok) k->split[i].of++;
    }
    for (int i = 0; i < k->splits; i++) free(known[i]);
    free(known);
    return ok;
}

/* --- pairs ------------------------------------------------------------------------------------ */

static void pair_one(anatomy_pair *p, const comparison *c)
{
    const int seeds = c->asked.seeds;
    double *x = error_zeroed((size_t)seeds + 1, sizeof *x),
           *y = error_zeroed((size_t)seeds + 1, sizeof *y);
    size_t n = 0;
    for (int s = 0; s < seeds; s++)
        if (c->result.used[s]) x[n] = c->y[p->arm * seeds + s], y[n++] = c->y[p->base * seeds + s];
    p->n = (int)n, p->correlation = p->lo = p->hi = p->worth = p->least = p->most = NAN;
    if (n > 2) {
        const double sx = gsl_stats_sd(x, 1, n), sy = gsl_stats_sd(y, 1, n),
                     all = sx * sx + sy * sy;
        const double r = gsl_stats_correlation(x, 1, y, 1, n);
        const double half = student_critical(ALPHA / 2, INFINITY) / sqrt((double)n - 3);
        p->correlation = r, p->worth = all / (all - 2 * r * sx * sy);
        if (n > 3 && isfinite(atanh(r))) {
            p->lo = tanh(atanh(r) - half), p->hi = tanh(atanh(r) + half);
            p->least = all / (all - 2 * p->lo * sx * sy);
            p->most = all / (all - 2 * p->hi * sx * sy);
        }
    }
    free(x), free(y);
}

static void pair_all(anatomy *k)
{
    const comparison *c = k->c;
    k->pair = error_zeroed((size_t)c->asked.pairs, sizeof *k->pair);
    for (int i = 0; i < c->asked.pairs; i++) {
        if (!c->result.procedure->paired || !contrast_compared(&c->result, c->pair[i])) continue;
        anatomy_pair *p = &k->pair[k->pairs++];
        p->arm = c->pair[i].arm, p->base = c->pair[i].base;
        pair_one(p, c);
    }
}

/* --- points ----------------------------------------------------------------------------------- */

static void drop_curves(curve *all, int cells)
{
    for (int i = 0; i < cells; i++) curve_close(&all[i]);
}

/* The curves of all runs that are done; *fewest: points of the shortest. */
static bool read_curves(curve *all, int *fewest, bool training, double span, const study *s, db *d,
                        error *e)
{
    *fewest = -1;
    for (int i = 0; i < s->arms * s->seeds; i++) {
        if (s->cell[i].status != STUDY_DONE) continue;
        if (!curve_read(&all[i], s, d, s->cell[i].run_id, training, span, e)) return false;
        if (*fewest < 0 || all[i].n < *fewest) *fewest = all[i].n;
    }
    return true;
}

static component deviation(double sd, double df)
{
    if (!(df > 0)) return (component){ NAN, NAN, NAN };
    return (component){ sd, sd * sqrt(df / gsl_cdf_chisq_Pinv(1 - ALPHA / 2, df)),
                        sd * sqrt(df / gsl_cdf_chisq_Pinv(ALPHA / 2, df)) };
}

/* The point number `at` of the first curve, if every run has one at as many tokens. */
static void add_point(anatomy *k, const curve *all, const curve *first, int at, double *y)
{
    const comparison *c = k->c;
    const int cells = c->asked.arms * c->asked.seeds;
    int count = 0;
    for (int i = 0; i < cells; i++) {
        y[i] = NAN;
        if (!all[i].n) continue;
        for (int p = 0; p < all[i].n; p++)
            if (fabs(all[i].tokens[p] - first->tokens[at]) < 0.5) y[i] = all[i].loss[p], count++;
        if (isnan(y[i])) return;
    }
    contrast_study asked = c->asked;
    asked.y = y;
    noise n;
    noise_estimate(&n, &c->result, &asked);
    if (!(n.df > 0)) return;
    k->point = growing_list(k->point, k->points, sizeof *k->point);
    k->point[k->points++] = (anatomy_point){
        first->tokens[at], count, deviation(n.arm, n.arm_df), { n.difference, n.lo, n.hi }
    };
}

static bool find_points(anatomy *k, db *d, error *e)
{
    const study *s = k->c->study;
    const int cells = s->arms * s->seeds;
    curve *all = error_zeroed((size_t)cells, sizeof *all);
    double *y = error_zeroed((size_t)cells, sizeof *y), most;
    int fewest;
    bool ok = curve_longest(&most, s, d, e) && read_curves(all, &fewest, false, 0, s, d, e);
    if (ok && fewest >= 0 && fewest < CURVE_FEWEST) {
        drop_curves(all, cells);
        k->training = true;
        ok = read_curves(all, &fewest, true, most / 20, s, d, e);
    }
    const curve *first = NULL;
    for (int i = 0; ok && !first && i < cells; i++)
        if (all[i].n) first = &all[i];
    for (int at = 0; ok && first && at < first->n; at++) add_point(k, all, first, at, y);
    drop_curves(all, cells);
    free(all), free(y);
    return ok;
}

bool anatomy_open(anatomy *k, const comparison *c, db *d, error *e)
{
    *k = (anatomy){ .c = c };
    if (leave_open(&k->leave, c, d, e) && split_all(k, d, e) && find_points(k, d, e)) {
        pair_all(k);
        return true;
    }
    anatomy_close(k);
    return false;
}

void anatomy_close(anatomy *k)
{
    leave_close(&k->leave);
    free(k->split), free(k->pair), free(k->point);
    *k = (anatomy){ 0 };
}
