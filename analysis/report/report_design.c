/* report_design.c - what a study varies and what it holds fixed, and how to run it again. */
#include "analysis/report/html.h"
#include "analysis/report/report.h"
#include "analysis/report/sql.h"
#include "core/base/growing.h"

#include <math.h>
#include <stdlib.h>

static json_t *read_object(const char *text)
{
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    if (json_is_object(object)) return object;
    json_decref(object);
    return json_object();
}

static void put_scalar(FILE *out, const json_t *value)
{
    if (json_is_string(value)) {
        fputs(json_string_value(value), out);
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    if (!text) error_memory();
    fputs(text, out);
    free(text);
}

/* "key: a, b, c; key: d", with `mark` between a key and its values. */
static void put_object(FILE *out, json_t *object, const char *mark)
{
    const char *key, *gap = "";
    json_t *value, *one;
    size_t i;
    json_object_foreach(object, key, value)
    {
        fprintf(out, "%s%s%s", gap, key, mark);
        if (json_is_array(value)) json_array_foreach(value, i, one)
            {
                if (i) fputs(", ", out);
                put_scalar(out, one);
            }
        else
            put_scalar(out, value);
        gap = "; ";
    }
}

bool report_design(FILE *out, const study *s, db *d, error *e)
{
    const char *const sql[] = { sql_report_axes, sql_report_baseline, sql_report_match };
    json_t *part[3] = { 0 };
    bool ok = true;
    for (int i = 0; i < 3; i++) {
        char *text = NULL;
        ok = ok && db_text(d, &text, e, sql[i], "i", s->sweep_id);
        part[i] = read_object(ok ? text : NULL);
        free(text);
    }
    fprintf(out, "Design: %d arm%s, %d seed%s each", s->arms, s->arms == 1 ? "" : "s", s->seeds,
            s->seeds == 1 ? "" : "s");
    if (json_object_size(part[0])) fputs("; varied: ", out), put_object(out, part[0], ": ");
    if (json_object_size(part[1])) fputs("; baseline: ", out), put_object(out, part[1], " = ");
    if (json_object_size(part[2])) fputs("; matched: ", out), put_object(out, part[2], " by ");
    fprintf(out, ". Metric: %s", s->metric.name);
    if (!isnan(s->margin)) fprintf(out, ", margin of equivalence ±%g", s->margin);
    fprintf(out, ", alpha %g.", s->alpha);
    for (int i = 0; i < 3; i++) json_decref(part[i]);
    return ok;
}

bool report_repeat(FILE *out, const study *s, db *d, error *e)
{
    char *spec = NULL, *settings = NULL, *code = NULL, *corpus = NULL;
    const bool ok = db_text(d, &spec, e, sql_report_file, "ii", s->sweep_id, s->version) &&
                    db_text(d, &settings, e, sql_report_settings, "ii", s->sweep_id, s->version) &&
                    db_text(d, &code, e, sql_report_code, "i", s->sweep_id) &&
                    db_text(d, &corpus, e, sql_report_corpus, "i", s->sweep_id);
    if (ok) {
        growing words;
        growing_open(&words);
        fprintf(words.f, "You need attnlab %s", code ? code : "of an unknown build");
        if (corpus)
            fprintf(words.f,
                    ", a corpus folder whose content has the SHA-256 %s (attnlab prepare "
                    "prints its first digits)",
                    corpus);
        fprintf(
            words.f,
            ", and the study's file below: save it as study.yaml and run attnlab sweep study.yaml%s"
            ". The same build on the same kind of machine gives the same bits; attnlab replay RUN "
            "repeats a single run and says whether it did.",
            settings);
        char *text = growing_close(&words);
        html_element(out, "p", NULL, text);
        free(text);
        if (spec && *spec) {
            fputs("<details><summary>The study&#39;s file</summary>\n<pre>", out);
            html_preserved(out, spec);
            fputs("</pre></details>\n", out);
        }
    }
    free(spec), free(settings), free(code), free(corpus);
    return ok;
}
