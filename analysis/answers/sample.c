/* sample.c - variance components of seeds and pieces of text, and the wider interval. */
#include "analysis/answers/sample.h"

#include "analysis/answers/sequence.h"
#include "analysis/answers/sql.h"
#include "analysis/statistics/student.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void sample_fit(sample *m, const double *d, int seeds, int pieces)
{
    const size_t S = (size_t)seeds, Q = (size_t)pieces;
    const double all = gsl_stats_mean(d, 1, S * Q);
    double between_seeds = 0, between_pieces = 0, rest = 0;
    for (size_t s = 0; s < S; s++) {
        const double row = gsl_stats_mean(d + s * Q, 1, Q) - all;
        between_seeds += (double)Q * row * row;
    }
    for (size_t q = 0; q < Q; q++) {
        const double column = gsl_stats_mean(d + q, Q, S) - all;
        between_pieces += (double)S * column * column;
    }
    for (size_t i = 0; i < S * Q; i++) rest += (d[i] - all) * (d[i] - all);
    rest = fmax(0, rest - between_seeds - between_pieces);
    const double df_s = seeds - 1, df_q = pieces - 1;
    const double ms = between_seeds / df_s, mq = between_pieces / df_q, me = rest / (df_s * df_q);
    *m = (sample){ .seeds = seeds, .pieces = pieces, .error = me };
    m->seed = fmax(0, (ms - me) / pieces), m->piece = fmax(0, (mq - me) / seeds);
    m->se_text = sqrt(m->piece / pieces);
}

void sample_widen(sample *m, const contrast *r, int pairs, double alpha)
{
    const double v = r->se * r->se + m->se_text * m->se_text,
                 text = m->se_text * student_critical(alpha / (2 * pairs), m->pieces - 1);
    m->se_seeds = r->se, m->se = sqrt(v);
    m->share = v > 0 ? m->se_text * m->se_text / v : 0;
    m->lo = r->diff - hypot(r->diff - r->lo, text), m->hi = r->diff + hypot(r->hi - r->diff, text);
    if (!isfinite(m->hi - m->lo)) m->lo = m->hi = NAN;
}

bool sample_pieces(double mean[SAMPLE_PIECES], int64_t *sequences, bool *known, const metric *m,
                   db *d, int64_t run_id, error *e)
{
    double nll[SAMPLE_PIECES] = { 0 }, tokens[SAMPLE_PIECES] = { 0 };
    int64_t count = 0;
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_sample_sequences, "itti", run_id, m->task,
                                   m->split, m->context);
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        count = sqlite3_column_int64(q, 3);
        const int64_t pieces = count < SAMPLE_PIECES ? count : SAMPLE_PIECES;
        const int64_t piece = sqlite3_column_int64(q, 0) * pieces / count;
        nll[piece] += sqlite3_column_double(q, 1), tokens[piece] += sqlite3_column_double(q, 2);
    }
    sqlite3_finalize(q);
    if (*sequences == 0) *sequences = count;
    *known = count >= 2 && count == *sequences;
    for (int piece = 0; piece < SAMPLE_PIECES; piece++) mean[piece] = nll[piece] / tokens[piece];
    return ok;
}

bool sample_read(sample *m, const comparison *c, db *d, int i, error *e)
{
    *m = (sample){ 0 };
    const study *s = c->study;
    const contrast_result *r = &c->result;
    const contrast_pair p = c->pair[i];
    if (strcmp(s->metric.value, "e.nll_sum / e.n_tok") != 0 || r->shared_seeds < 2 ||
        !r->row[i].n ||
        s->at.of != STUDY_FINAL || /* sums by sequence are kept for the final evaluation only */
        r->left_out[p.arm] || r->left_out[p.base])
        return true;
    double *diff = error_zeroed((size_t)s->seeds * SAMPLE_PIECES, sizeof *diff), x[SAMPLE_PIECES],
           b[SAMPLE_PIECES];
    int seeds = 0, pieces = SAMPLE_PIECES;
    int64_t sequences = 0;
    bool ok = true, known = true;
    for (int k = 0; ok && known && k < s->seeds; k++) {
        if (!sequence_uses(c, i, k)) continue;
        ok = sample_pieces(x, &sequences, &known, &s->metric, d, study_at(s, p.arm, k)->run_id, e);
        if (ok && known)
            ok = sample_pieces(b, &sequences, &known, &s->metric, d, study_at(s, p.base, k)->run_id,
                               e);
        if (!ok || !known) break;
        if (sequences < pieces) pieces = (int)sequences;
        for (int j = 0; j < pieces; j++) diff[seeds * pieces + j] = x[j] - b[j];
        seeds++;
    }
    if (ok && known && seeds > 1) {
        sample_fit(m, diff, seeds, pieces);
        sample_widen(m, &r->row[i], c->asked.pairs, c->asked.alpha);
    }
    free(diff);
    return ok;
}
