/* plan_lines.c - a command for each cell, quoted for a shell or as JSON.
 *
 * A launcher fills the processors with lines, so each trains with one thread unless the study says
 * otherwise.
 */
#include "experiments/plan_lines.h"

#include "core/base/table.h"

#include <stdlib.h>
#include <string.h>

const char *const plan_lines_forms[] = { "shell", "jsonl", NULL };

enum { MOST_WORDS = 64 };

static int words_of(const char *word[MOST_WORDS], const plan_lines *o, const study_file *s,
                    const char *identity)
{
    int n = 0;
    word[n++] = "attnlab", word[n++] = "sweep", word[n++] = o->study;
    for (int i = 0; i < o->settings && n < MOST_WORDS - 6; i++) word[n++] = o->setting[i];
    word[n++] = "--only", word[n++] = identity;
    word[n++] = "-j1";
    if (s->base.train.threads == 0) word[n++] = "-t1";
    if (o->db) word[n++] = "--db", word[n++] = o->db;
    return n;
}

static void put_shell(FILE *out, const char *word)
{
    static const char PLAIN[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,";
    if (*word && strspn(word, PLAIN) == strlen(word)) {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word; word++) *word == '\'' ? (void)fputs("'\\''", out) : (void)fputc(*word, out);
    fputc('\'', out);
}

static void put_json(FILE *out, const char *before, const char *text)
{
    char *quoted = table_json_string(text);
    fprintf(out, "%s%s", before, quoted);
    free(quoted);
}

static void print_json(FILE *out, const cell *x, const study_file *s, const char *identity,
                       const char *const *word, int n)
{
    put_json(out, "{\"study\":", s->name);
    put_json(out, ",\"arm\":", x->arm->label);
    fprintf(out, ",\"seed\":%d", x->seed);
    put_json(out, ",\"cell\":", identity);
    put_json(out, ",\"status\":", run_status_word(x->run.status));
    fprintf(out, ",\"train_flops\":%.6g",
            x->arm->cost.train_flops * (double)x->arm->spec.config.train.tokens);
    for (int i = 0; i < n; i++) put_json(out, i ? "," : ",\"command\":[", word[i]);
    fputs("]}\n", out);
}

int plan_lines_print(FILE *out, const plan *p, const study_file *s, const plan_lines *o)
{
    int left = 0;
    for (int i = 0; i < p->n; i++) {
        const cell *x = &p->cell[i];
        const char *word[MOST_WORDS];
        char identity[CONFIG_UID];
        const bool finished = run_status_final(x->run.status);
        plan_identity(identity, x->arm, x->seed);
        const int n = words_of(word, o, s, identity);
        left += !finished;
        if (o->form == PLAN_LINES_JSONL)
            print_json(out, x, s, identity, word, n);
        else if (!finished)
            for (int k = 0; k < n; k++) {
                put_shell(out, word[k]);
                fputc(k < n - 1 ? ' ' : '\n', out);
            }
    }
    return left;
}
