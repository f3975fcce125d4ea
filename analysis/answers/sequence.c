/* sequence.c - the looks that a study planned, and what is left to do at worst.
 *
 *     seeds of an arm = the most that one of its contrasts needs:
 *         n[look] if it is decided there, else n[next look]
 */
#include "analysis/answers/sequence.h"

#include "analysis/answers/sql.h"
#include "analysis/statistics/sequential.h"
#include "core/base/growing.h"

#include <math.h>
#include <stdlib.h>

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool is_planned(const comparison *c)
{
    const study *s = c->study;
    return s->stated.start && !s->other.sweep_id && study_as_stated(s) && s->at.of == STUDY_FINAL &&
           s->generation < 0 && (s->ledger || same(s->alpha, s->stated.alpha)) &&
           same(s->margin, s->stated.margin) && c->asked.pairs > 0;
}

/* At how many seeds, from the first on, the runs of an arm have ended. */
static int ended_of(const study *s, int arm)
{
    int n = 0;
    while (n < s->seeds && (study_at(s, arm, n)->status == STUDY_DONE ||
                            study_at(s, arm, n)->status == STUDY_DIVERGED))
        n++;
    return n;
}

void sequence_plan(comparison *c)
{
    const study *s = c->study;
    if (!is_planned(c)) return;
    c->plan = error_zeroed(SPENDING_LOOKS, sizeof *c->plan);
    c->ended = error_zeroed((size_t)s->arms, sizeof *c->ended);
    for (int a = 0; a < s->arms; a++) c->ended[a] = ended_of(s, a);
    c->asked.looks = sequential_looks(c->plan, s->stated.start, s->stated.step, s->stated.max);
    c->asked.look = c->plan, c->asked.ended = c->ended;
    c->staged = c->asked.looks > 0;
}

bool sequence_uses(const comparison *c, int i, int seed)
{
    const contrast *r = &c->result.row[i];
    if (!c->staged) return c->result.used[seed];
    return r->look && seed < c->plan[r->look - 1] &&
           !isnan(study_at(c->study, r->of.arm, seed)->value) &&
           !isnan(study_at(c->study, r->of.base, seed)->value);
}

/* Seeds that a contrast needs by now. */
static int needs(const comparison *c, const contrast *r)
{
    const int last = c->asked.looks - 1;
    if (r->verdict != CONTRAST_UNDECIDED) return c->plan[r->look - 1];
    return c->plan[r->look < last ? r->look : last];
}

static void raise(int *x, int to)
{
    if (to > *x) *x = to;
}

void sequence_seeds(int *seeds, int *most, const comparison *c)
{
    for (int a = 0; a < c->study->arms; a++) seeds[a] = most[a] = c->plan[0];
    for (int i = 0; i < c->asked.pairs; i++) {
        const contrast *r = &c->result.row[i];
        const int now = needs(c, r),
                  worst = r->verdict == CONTRAST_UNDECIDED ? c->plan[c->asked.looks - 1] : now;
        raise(&seeds[r->of.arm], now), raise(&seeds[r->of.base], now);
        raise(&most[r->of.arm], worst), raise(&most[r->of.base], worst);
    }
}

void sequence_left(FILE *out, const comparison *c, int i)
{
    const contrast *r = &c->result.row[i];
    const int max = c->plan[c->asked.looks - 1];
    if (c->study->ledger)
        fprintf(out, " It stopped at %d seeds by the study's own alpha.", r->n);
    else if (r->look < c->asked.looks)
        fprintf(out,
                " The study goes on: it looks again at %d seeds, and stops at %d at the latest.",
                c->plan[r->look], max);
    else
        fprintf(out, " The %d seeds that the study planned did not decide it.", max);
}

static void put_near(FILE *out, const comparison *c, const contrast *r)
{
    const double se = r->se, outer = (r->hi - r->diff) / se, inner = (r->inner_hi - r->diff) / se,
                 gap = c->asked.margin - fabs(r->diff);
    fprintf(out, ", difference %+.4g", r->diff);
    if (!(se > 0) || !isfinite(outer)) return;
    fprintf(out, ": %.2f standard errors from 0, a difference takes %.2f", fabs(r->diff) / se,
            outer);
    if (isnan(c->asked.margin)) return;
    if (gap > 0)
        fprintf(out, "; %.2f inside the margin, equivalence takes %.2f", gap / se, inner);
    else
        fputs("; outside the margin", out);
}

char *sequence_line(const comparison *c, int i)
{
    const contrast *r = &c->result.row[i];
    const int last = c->asked.looks, max = c->plan[last - 1];
    growing words;
    growing_open(&words);
    fprintf(words.f, "%s against %s: ", c->study->arm[r->of.arm].label,
            c->study->arm[r->of.base].label);
    if (!r->look) {
        fprintf(words.f, "not looked at yet; the first look is at %d seeds", c->plan[0]);
        return growing_close(&words);
    }
    fprintf(words.f, "%s at %d of at most %d seeds (look %d of %d)",
            contrast_verdict_name(r->verdict), c->plan[r->look - 1], max, r->look, last);
    if (r->verdict == CONTRAST_UNDECIDED) {
        put_near(words.f, c, r);
        if (r->look < last)
            fprintf(words.f, "; next look at %d seeds, at worst %d more seeds", c->plan[r->look],
                    max - c->plan[r->look - 1]);
    }
    return growing_close(&words);
}

char *sequence_rest(const comparison *c)
{
    const study *s = c->study;
    if (!c->staged) return NULL;
    int *seeds = error_zeroed((size_t)s->arms, sizeof *seeds),
        *most = error_zeroed((size_t)s->arms, sizeof *most), now = 0, worst = 0;
    sequence_seeds(seeds, most, c);
    for (int a = 0; a < s->arms; a++) {
        now += seeds[a] > c->ended[a] ? seeds[a] - c->ended[a] : 0;
        worst += most[a] > c->ended[a] ? most[a] - c->ended[a] : 0;
    }
    free(seeds), free(most);
    if (!worst) return NULL;
    growing words;
    growing_open(&words);
    fprintf(words.f, "%d run%s to the next look, %d at worst until the study ends", now,
            now == 1 ? "" : "s", worst);
    return growing_close(&words);
}

bool sequence_notes(notes *out, const comparison *c, db *d, error *e)
{
    int64_t outside = 0;
    const study *s = c->study;
    if (!s->stated.start || s->other.sweep_id) return true;
    if (!db_integer(d, &outside, 0, e, sql_sequence_outside, "i", s->sweep_id)) return false;
    if (c->cmp_id && !c->staged) outside--; /* the one at hand */
    if (c->staged)
        notes_add(out, NOTE_INFO,
                  "Looks planned before the first run: at %d seeds, then every %d, at most %d. The "
                  "intervals hold at all of them together.",
                  s->stated.start, s->stated.step, s->stated.max);
    else
        notes_add(out, NOTE_WARNING,
                  "The study adds seeds until its own contrasts are decided. This look is outside "
                  "that plan: its intervals do not allow for the number of seeds having been "
                  "chosen by results.");
    if (outside > 0)
        notes_add(out, NOTE_WARNING,
                  "Before this one there %s %lld look%s outside the plan. The plan's error rate "
                  "holds for what the study states, not for what %s showed.",
                  outside == 1 ? "was" : "were", (long long)outside, outside == 1 ? "" : "s",
                  outside == 1 ? "it" : "they");
    return true;
}
