/* sentence.c - verdicts as sentences, and the notes that belong to a comparison. */
#include "analysis/answers/sentence.h"

#include "analysis/answers/changes.h"
#include "analysis/answers/leave.h"
#include "analysis/answers/scored.h"
#include "analysis/answers/sequence.h"
#include "analysis/answers/tuned.h"
#include "analysis/data/axes.h"
#include "analysis/statistics/counts.h"
#include "analysis/statistics/forecast.h"
#include "analysis/statistics/noise.h"
#include "analysis/statistics/verdict.h"
#include "core/base/growing.h"
#include "core/base/number.h"
#include "core/base/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 1024 };

__attribute__((format(printf, 2, 3))) static void append(char text[TEXT], const char *fmt, ...)
{
    const size_t n = strlen(text);
    va_list args;
    va_start(args, fmt);
    vsnprintf(text + n, TEXT - n, fmt, args);
    va_end(args);
}

/* The attention in words; false where it has none of its own. */
static bool put_attention(char text[TEXT], const study_arm *a)
{
    const long long h = a->n_heads, g = a->n_kv_heads;
    if (strcmp(a->attention, "mha") == 0)
        append(text, "MHA");
    else if (strcmp(a->attention, "mqa") == 0)
        append(text, "MQA (1 key/value head for %lld)", h);
    else if (strncmp(a->attention, "gqa:n_kv_heads=", 15) == 0 && g > 0)
        append(text, "GQA with %lld of %lld key/value heads", g, h);
    else
        return false;
    return true;
}

/* ", context 512" and so on for the axes besides the attention. */
static void put_axes(char text[TEXT], const study_arm *a)
{
    json_t *levels = json_loads(a->axis_json, 0, NULL), *value;
    const char *key;
    bool first = true;
    json_object_foreach(levels, key, value)
    {
        if (strcmp(key, "model.attention") == 0) continue;
        char *dumped = json_is_string(value)
                           ? NULL
                           : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
        append(text, "%s%s %s", first ? " at " : ", ", axes_leaf(key),
               dumped ? dumped : json_string_value(value));
        free(dumped);
        first = false;
    }
    json_decref(levels);
}

static void arm_words(char text[TEXT], const study_arm *a)
{
    *text = '\0';
    if (put_attention(text, a))
        put_axes(text, a);
    else
        append(text, "%s", a->label);
}

/* What an arm is called in a sentence: "GQA with 2 of 8 key/value heads at context 512", or its
 * label where that would not be unique.  The caller frees it. */
static char *name_of(const study *s, int arm)
{
    char text[TEXT], other[TEXT];
    arm_words(text, &s->arm[arm]);
    for (int a = 0; a < s->arms; a++) {
        arm_words(other, &s->arm[a]);
        if (a != arm && strcmp(text, other) == 0) snprintf(text, TEXT, "%s", s->arm[arm].label);
    }
    char *copy = strdup(text);
    if (!copy) error_memory();
    return copy;
}

/* Digits after the point that show two of a number this large. */
static int digits_for(double x)
{
    if (!(x > 0) || isinf(x)) return 4;
    const int digits = 1 - (int)floor(log10(x));
    return digits < 0 ? 0 : digits > 8 ? 8 : digits;
}

/* "at a quarter of the KV cache" */
static void put_cache(FILE *out, double arm, double base)
{
    static const struct {
        int part, whole;
        const char *words;
    } PART[] = {
        { 1, 1, "the same KV cache" },         { 1, 2, "half the KV cache" },
        { 1, 3, "a third of the KV cache" },   { 2, 3, "two thirds of the KV cache" },
        { 1, 4, "a quarter of the KV cache" }, { 3, 4, "three quarters of the KV cache" },
        { 1, 5, "a fifth of the KV cache" },   { 1, 6, "a sixth of the KV cache" },
        { 1, 8, "an eighth of the KV cache" }, { 1, 16, "a sixteenth of the KV cache" },
        { 2, 1, "twice the KV cache" },
    };
    if (!(base > 0) || !(arm > 0)) return;
    const double ratio = arm / base;
    for (size_t i = 0; i < sizeof PART / sizeof *PART; i++)
        if (fabs(ratio * PART[i].whole - PART[i].part) < 1e-9) {
            fprintf(out, ", %s %s", ratio == 1 ? "with" : "at", PART[i].words);
            return;
        }
    for (int whole = 2; whole <= 64; whole++) {
        const double part = ratio * whole;
        if (ratio < 1 && fabs(part - round(part)) < 1e-9) {
            fprintf(out, ", at %.0f/%d of the KV cache", part, whole);
            return;
        }
    }
    const double whole = round(1 / ratio);
    if (ratio < 1 && fabs(ratio * whole - 1) < 1e-9)
        fprintf(out, ", at 1/%.0f of the KV cache", whole);
    else
        fprintf(out, ratio < 1000 ? ", at %.3g times the KV cache" : ", at %.0f times the KV cache",
                ratio);
}

/* "worse by 0.004 ± 0.006 nats (95 % simultaneous, 3 seeds)", or, where the interval is not
 * symmetric, "worse by 0.004 nats (95 % simultaneous: -0.001 to 0.008, 6 seeds)". */
static void put_difference(FILE *out, const comparison *c, const contrast *r)
{
    if (r->diff == 0 && r->se == 0) { /* an interval of no width would say nothing */
        fprintf(out, "no difference, their values agree to the last digit (%d seed%s)", r->n,
                r->n == 1 ? "" : "s");
        return;
    }
    const char *unit = c->study->metric.unit, *gap = *unit ? " " : "";
    const bool said = r->verdict == CONTRAST_BETTER || r->verdict == CONTRAST_WORSE;
    const char *way = said ? "" : (r->diff > 0) == c->asked.larger_is_better ? "better " : "worse ";
    const double size = fabs(r->diff), half = (r->hi - r->lo) / 2,
                 lo = r->diff > 0 ? r->lo : -r->hi, hi = r->diff > 0 ? r->hi : -r->lo;
    const bool identical = r->diff == 0 && half == 0; /* seed by seed */
    const bool bounded = isfinite(half), symmetric = fabs(hi + lo - 2 * size) < 1e-6 * half;
    const int digits = digits_for(bounded && half > 0 ? half : size / 10);
    if (identical) {
        fprintf(out, "no difference at any seed (%d seed%s)", r->n, r->n == 1 ? "" : "s");
        return;
    }
    if (r->diff == 0)
        fprintf(out, "a mean difference of %.*f", digits, size);
    else
        fprintf(out, "%sby %.*f", way, digits, size);
    if (bounded && symmetric) fprintf(out, " ± %.*f", digits, half);
    fprintf(out, "%s%s (", gap, unit);
    if (bounded)
        fprintf(out, "%.*g %% simultaneous", number_level_digits(c->asked.alpha),
                100 * (1 - c->asked.alpha));
    if (bounded && !symmetric)
        fprintf(out, ": %.*f to %.*f", digits, table_rounded(lo, digits), digits,
                table_rounded(hi, digits));
    if (bounded) fputs(", ", out);
    if (r->n == r->n_base)
        fprintf(out, "%d seed%s)", r->n, r->n == 1 ? "" : "s");
    else
        fprintf(out, "%d and %d seeds)", r->n, r->n_base);
}

static void put_needed(FILE *out, const contrast *r, const power *p)
{
    if (r->n < 2)
        fputs(" One seed says nothing about the next: run at least three.", out);
    else if (p->needed)
        fprintf(out,
                " If the true difference is the one seen, about %d seeds would show it to be %s "
                "(80 %% power).",
                p->needed, contrast_verdict_name(p->towards));
    else if (r->se > 0 && isfinite(r->se))
        fprintf(out, " If the true difference is the one seen, %d seeds would not settle it.",
                FORECAST_SEEDS_MAX);
}

/* A cache without key/value heads may be a state that no length changes: say at which length they
 * were compared. */
static void put_length(FILE *out, const study_arm *arm, const study_arm *base)
{
    const bool heads = arm->n_kv_heads > 0 && base->n_kv_heads > 0;
    const bool told = arm->kv_bytes > 0 && base->kv_bytes > 0 && arm->context == base->context;
    if (!heads && told) fprintf(out, " at a context of %lld", (long long)arm->context);
}

void sentence_verdict(FILE *out, const comparison *c, int i)
{
    const contrast *r = &c->result.row[i];
    const study *s = c->study;
    char *arm = name_of(s, r->of.arm), *base = name_of(s, r->of.base);
    const char *unit = s->metric.unit;
    if (r->n == 0) {
        fprintf(out, "%s cannot be compared with %s: too few of their runs are finished.\n", arm,
                base);
        free(arm), free(base);
        return;
    }
    switch (r->verdict) {
    case CONTRAST_EQUIVALENT:
        fprintf(out, "%s is equivalent to %s within ±%g%s%s: ", arm, base, c->asked.margin,
                *unit ? " " : "", unit);
        break;
    case CONTRAST_BETTER:
    case CONTRAST_WORSE:
        fprintf(out, "%s is %s than %s ", arm, contrast_verdict_name(r->verdict), base);
        break;
    case CONTRAST_UNDECIDED:
        fprintf(out, "%s against %s is undecided: ", arm, base);
        break;
    }
    put_difference(out, c, r);
    put_cache(out, s->arm[r->of.arm].kv_bytes, s->arm[r->of.base].kv_bytes);
    put_length(out, &s->arm[r->of.arm], &s->arm[r->of.base]);
    fputc('.', out);
    if (r->verdict == CONTRAST_EQUIVALENT && (r->lo > 0 || r->hi < 0))
        fputs(" The difference is small, but it is there: the interval excludes 0.", out);
    if (r->verdict == CONTRAST_UNDECIDED && c->staged)
        sequence_left(out, c, i);
    else if (r->verdict == CONTRAST_UNDECIDED)
        put_needed(out, r, &c->power[i]);
    fputc('\n', out);
    free(arm), free(base);
}

/* Add the words as a note, if there are any. */
static void add_words(notes *out, note_level level, growing *words)
{
    char *text = growing_close(words);
    if (*text) notes_add(out, level, "%s", text);
    free(text);
}

static void put_confounds(notes *out, const comparison *c)
{
    for (int i = 0; i < c->asked.pairs; i++) {
        if (!json_array_size(c->confounds[i])) continue;
        growing words;
        growing_open(&words);
        fprintf(words.f, "%s also differs from %s in", c->study->arm[c->pair[i].arm].label,
                c->study->arm[c->pair[i].base].label);
        size_t k;
        json_t *x;
        json_array_foreach(c->confounds[i], k, x)
        {
            const char *base = json_string_value(json_object_get(x, "base")),
                       *arm = json_string_value(json_object_get(x, "arm"));
            fprintf(words.f, "%s %s (%s -> %s)", k ? ";" : "",
                    json_string_value(json_object_get(x, "key")), base ? base : "none",
                    arm ? arm : "none");
        }
        fputs(": the difference may come from that.", words.f);
        add_words(out, NOTE_WARNING, &words);
    }
}

/* Diverged runs are outcomes: how often, arm by arm, and whether that is more than chance. */
static void put_divergence(notes *out, const comparison *c)
{
    for (int i = 0; i < c->asked.pairs; i++) {
        const study_arm *a = &c->study->arm[c->pair[i].arm], *b = &c->study->arm[c->pair[i].base];
        const int n = a->done + a->diverged, m = b->done + b->diverged;
        if ((!a->diverged && !b->diverged) || !n || !m) continue;
        const double p = counts_fisher_p(a->diverged, n, b->diverged, m);
        notes_add(out, NOTE_WARNING,
                  "Of %s %d of %d runs diverged, of %s %d of %d: Fisher's exact p = %.2g, %.2g for "
                  "%d comparison%s (Bonferroni); the losses above are of the others.",
                  a->label, a->diverged, n, b->label, b->diverged, m, p,
                  fmin(1, p * c->asked.pairs), c->asked.pairs, c->asked.pairs == 1 ? "" : "s");
    }
}

/* Is a cell to be named: of this status, or (`bare`) done without a value? */
static bool named(const study_cell *cell, study_status status, bool bare)
{
    return cell->status == status && (!bare || isnan(cell->value));
}

/* The first few by name; where there are more, how many. */
static void put_cells(notes *out, const comparison *c, study_status status, const char *what,
                      bool bare)
{
    enum { NAMED = 3 };
    const study *s = c->study;
    int n = 0, all = 0;
    for (int i = 0; i < s->arms * s->seeds; i++) all += named(&s->cell[i], status, bare);
    if (!all) return;
    growing words;
    growing_open(&words);
    fprintf(words.f, "%s: ", what);
    if (all > NAMED + 1) fprintf(words.f, "%d runs: ", all);
    for (int a = 0; a < s->arms; a++)
        for (int i = 0; i < s->seeds; i++) {
            const study_cell *cell = study_at(s, a, i);
            if (!named(cell, status, bare) || (all > NAMED + 1 && n == NAMED)) continue;
            fprintf(words.f, "%s%s seed %lld", n++ ? ", " : "", s->arm[a].label,
                    (long long)s->seed[i]);
            if (cell->message) fprintf(words.f, " (%s)", cell->message);
        }
    if (all > n) fprintf(words.f, " and %d others", all - n);
    fputc('.', words.f);
    add_words(out, NOTE_WARNING, &words);
}

/* Seeds that are left aside, and arms. */
static void put_left_out(notes *out, const comparison *c)
{
    const study *s = c->study;
    const contrast_result *r = &c->result;
    for (int a = 0; a < s->arms; a++)
        if (r->left_out[a] && s->arm[a].done)
            notes_add(out, NOTE_WARNING,
                      "%s is left out: it finished %d of %d seeds, and comparing those only would "
                      "cost the other arms theirs.",
                      s->arm[a].label, s->arm[a].done, s->seeds);
    if (!verdict_paired(r) || c->staged) return;
    int n = 0;
    growing words;
    growing_open(&words);
    for (int i = 0; i < s->seeds; i++) {
        bool any = false;
        for (int a = 0; a < s->arms; a++)
            any = any || (!r->left_out[a] && !isnan(study_at(s, a, i)->value));
        if (any && !r->used[i])
            fprintf(words.f, "%s%lld",
                    n++ ? ", "
                        : "Only the seeds that all arms finished are compared; left aside: seed ",
                    (long long)s->seed[i]);
    }
    if (n) fputc('.', words.f);
    add_words(out, NOTE_WARNING, &words);
}

static void put_generations(notes *out, const study *s)
{
    int64_t least = INT64_MAX, most = -1;
    int behind = 0;
    for (int i = 0; i < s->arms * s->seeds; i++) {
        if (!s->cell[i].uid) continue;
        if (s->cell[i].generation < least) least = s->cell[i].generation;
        if (s->cell[i].generation > most) most = s->cell[i].generation;
        behind += s->cell[i].older_done;
    }
    if (most > 0 && least < most)
        notes_add(out, NOTE_WARNING,
                  "Runs of generations %lld to %lld are compared, the newest of each cell: they "
                  "were made by different code. --generation takes one.",
                  (long long)least, (long long)most);
    else if (most > 0)
        notes_add(out, NOTE_INFO, "Runs of generation %lld, the newest, are compared.",
                  (long long)most);
    if (behind)
        notes_add(out, NOTE_WARNING,
                  "%d cell%s finished in an older generation only, and wait%s for the newest.",
                  behind, behind == 1 ? "" : "s", behind == 1 ? "s" : "");
}

/* Where the runs' schedules end, seen from the point at which they are compared. */
static void put_ends(FILE *out, const study *s)
{
    int runs = 0, ended = 0;
    for (int i = 0; i < s->arms * s->seeds; i++) {
        if (isnan(s->cell[i].value)) continue;
        runs++, ended += s->cell[i].ended;
    }
    if (!ended)
        fputs("along schedules that end later", out);
    else if (ended == runs)
        fputs("by which every run had ended: these are the final values", out);
    else
        fprintf(out, "by which %d of %d runs had ended; the schedules of the others end later",
                ended, runs);
}

/* What was compared, and how often it has been looked at. */
static void put_question(notes *out, const comparison *c)
{
    growing words;
    growing_open(&words);
    fprintf(words.f, "Metric: %s, alpha %g", c->study->metric.name, c->asked.alpha);
    if (isnan(c->asked.margin))
        fputs(", no margin (so nothing can be called equivalent)", words.f);
    else
        fprintf(words.f, ", margin %g", c->asked.margin);
    if (c->study->at.of != STUDY_FINAL) {
        char text[64];
        study_point_print(text, sizeof text, c->study->at);
        fprintf(words.f, ", by the last evaluation at %s, ", text);
        put_ends(words.f, c->study);
    }
    fprintf(words.f, ". Look %lld%s.", (long long)c->look, c->cmp_id ? "" : " (not recorded)");
    add_words(out, NOTE_INFO, &words);
}

void sentence_spread(notes *out, const comparison *c, const char *consequence)
{
    enum { FACTOR = 4 };
    noise_spread n;
    if (!noise_spread_find(&n, &c->result, &c->asked) || n.most < FACTOR * n.least) return;
    notes_add(out, NOTE_INFO,
              "The standard deviations of the arms differ by a factor of %.2g: from %.2g (%s) to "
              "%.2g (%s). %s",
              n.most / n.least, n.least, c->study->arm[n.narrow].label, n.most,
              c->study->arm[n.wide].label, consequence);
}

/* Only final losses of one study belong to whole training curves. */
static bool put_leave(notes *out, const comparison *c, db *d, error *e)
{
    leave k;
    if (c->study->at.of != STUDY_FINAL || !c->asked.pairs || c->scored) return true;
    if (!leave_open(&k, c, d, e)) return false;
    leave_note(out, &k);
    leave_close(&k);
    return true;
}

bool sentence_notes(notes *out, const comparison *c, db *d, error *e)
{
    char words[VERDICT_TEXT];
    verdict_describe(words, sizeof words, &c->result);
    if (c->scored)
        scored_notes(out, c);
    else
        notes_add(out, NOTE_INFO, "Procedure: %s.", words);
    sentence_spread(out, c,
                    "Each difference is tested with its own error, so an arm that scatters does "
                    "not change the intervals of others.");
    put_question(out, c);
    if (!sequence_notes(out, c, d, e)) return false;
    put_cells(out, c, STUDY_DIVERGED, "Diverged", false);
    put_divergence(out, c);
    put_cells(out, c, STUDY_FAILED, "Failed", false);
    put_cells(out, c, STUDY_UNFINISHED, "Not finished", false);
    if (!c->study->stated.start) put_cells(out, c, STUDY_ABSENT, "Not planned", false);
    put_cells(out, c, STUDY_DONE, "Finished, but without a finite value of the metric", true);
    put_left_out(out, c);
    put_generations(out, c->study);
    put_confounds(out, c);
    changes_asked(out, c);
    return tuned_note(out, c->study, d, e) && put_leave(out, c, d, e) &&
           changes_made(out, c->study, d, e);
}
