/* report_methods.c - the methods paragraph of a report, written from the configuration that all
 * arms have in common and from the procedure of the comparison. */
#include "analysis/answers/scored.h"
#include "analysis/report/report.h"
#include "analysis/report/sql.h"
#include "analysis/statistics/procedure.h"
#include "analysis/statistics/verdict.h"

#include <math.h>
#include <stdlib.h>

/* The value of a key that all arms share; NULL if they differ.  The caller frees it. */
static bool common(char **value, const char *key, const study *s, db *d, error *e)
{
    return db_text(d, value, e, sql_report_key, "it", s->sweep_id, key);
}

static void count(FILE *out, double n)
{
    if (n >= 1e9)
        fprintf(out, "%.4g billion", n / 1e9);
    else if (n >= 1e6)
        fprintf(out, "%.4g million", n / 1e6);
    else if (n >= 1e4)
        fprintf(out, "%.4g thousand", n / 1e3);
    else
        fprintf(out, "%.0f", n);
}

/* "before VALUE after" where the key has one value. */
static bool say(FILE *out, const char *before, const char *key, const char *after, bool number,
                const study *s, db *d, error *e)
{
    char *value;
    if (!common(&value, key, s, d, e)) return false;
    if (value) {
        fputs(before, out);
        if (number)
            count(out, strtod(value, NULL));
        else
            fputs(value, out);
        fputs(after, out);
    }
    free(value);
    return true;
}

static bool say_model(FILE *out, const study *s, db *d, error *e)
{
    int64_t least = s->arm[0].n_params, most = least;
    for (int a = 1; a < s->arms; a++) {
        if (s->arm[a].n_params < least) least = s->arm[a].n_params;
        if (s->arm[a].n_params > most) most = s->arm[a].n_params;
    }
    fputs("The models are decoders in the style of Llama 2 (pre-norm RMSNorm, SwiGLU, rotary "
          "positions) with ",
          out);
    count(out, (double)least);
    if (most > least) fputs(" to ", out), count(out, (double)most);
    fputs(" parameters, including embeddings", out);
    const bool ok = say(out, "; ", "model.n_layers", " layers", false, s, d, e) &&
                    say(out, ", width ", "model.dim", "", false, s, d, e) &&
                    say(out, ", ", "model.n_heads", " query heads", false, s, d, e) &&
                    say(out, ", context ", "model.context", "", false, s, d, e);
    fputs(". ", out);
    return ok;
}

static bool say_training(FILE *out, const study *s, db *d, error *e)
{
    fputs("Each run was trained", out);
    const bool ok =
        say(out, " on ", "train.tokens", " tokens", true, s, d, e) &&
        say(out, " in batches of ", "train.batch_tokens", "", true, s, d, e) &&
        say(out, ", with AdamW at a peak learning rate of ", "train.lr", "", false, s, d, e) &&
        say(out, " (warm-up over ", "train.warmup_tokens", " tokens", true, s, d, e) &&
        say(out, ", schedule: ", "train.schedule", ")", false, s, d, e) &&
        say(out, ", betas ", "train.beta1", "", false, s, d, e) &&
        say(out, " and ", "train.beta2", "", false, s, d, e) &&
        say(out, ", weight decay ", "train.weight_decay", "", false, s, d, e) &&
        say(out, " and gradients clipped to norm ", "train.clip", "", false, s, d, e);
    char *precision = NULL;
    if (!ok || !common(&precision, "train.precision", s, d, e)) return false;
    fprintf(out, precision ? ", in %s. " : ". ", precision);
    free(precision);
    return true;
}

/* How the verdicts are decided (contrast.h), in the words of the procedure. */
static void say_verdicts(FILE *out, const comparison *c)
{
    const int pairs = c->asked.pairs;
    const double alpha = c->asked.alpha;
    char words[VERDICT_TEXT];
    if (c->scored) {
        notes list = { 0 };
        scored_notes(&list, c);
        for (int i = 0; i < list.n; i++) fprintf(out, "%s ", list.item[i].text);
        notes_close(&list);
        return;
    }
    verdict_describe(words, sizeof words, &c->result);
    if (!*c->result.procedure->assumes) {
        fprintf(out, "No difference was tested: %s. ", words);
        return;
    }
    fprintf(out, "Differences were tested by one simultaneous procedure over %d contrast%s: %s. ",
            pairs, pairs == 1 ? "" : "s", words);
    if (c->result.procedure->recipe) fprintf(out, "%s ", c->result.procedure->recipe);
    fprintf(out, "Arms are called different if the %g %% interval excludes 0", 100 * (1 - alpha));
    if (isnan(c->asked.margin)) {
        fputs(". ", out);
        return;
    }
    fprintf(out,
            ", unless they are equivalent within ±%g, a margin stated in the study: two one-sided "
            "tests at %g each, that is, the simultaneous %g %% interval lies within the margin. ",
            c->asked.margin, alpha, 100 * (1 - 2 * alpha));
    if (pairs > 1)
        fprintf(out,
                "Its critical values are one-sided and hold for all %d contrasts at once, "
                "whichever side of the margin each of them is near. ",
                pairs);
}

bool report_methods(FILE *out, const comparison *c, db *d, error *e)
{
    const study *s = c->study;
    int done = 0, diverged = 0, other = 0;
    for (int a = 0; a < s->arms; a++) {
        done += s->arm[a].done, diverged += s->arm[a].diverged;
        other += s->arm[a].failed + s->arm[a].unfinished;
    }
    fprintf(out, "%d arm%s trained from scratch with %s%d seed%s each (%d run%s finished", s->arms,
            s->arms == 1 ? " was" : "s were", c->staged ? "up to " : "", s->seeds,
            s->seeds == 1 ? "" : "s", done, done == 1 ? "" : "s");
    if (diverged) fprintf(out, ", %d diverged", diverged);
    if (other) fprintf(out, ", %d did not finish", other);
    fputs("). A seed determines the initial weights and the order of the text, in the same way for "
          "all arms, so arms are compared seed by seed. ",
          out);
    if (!say_model(out, s, d, e) || !say_training(out, s, d, e)) return false;
    fprintf(out,
            c->scored
                ? "The metric is the score on %s of the final weights, on the same items for "
                  "every run. "
                : "The metric is %s of the final weights on held-out text, on the same tokens "
                  "for every run. ",
            s->metric.name);
    say_verdicts(out, c);
    fprintf(out, "This was look number %lld at the data.", (long long)c->look);
    return true;
}
