/* task_result.c - likelihoods first, then scores, and answers that must be written out.
 *
 * An answer whose tokens are all the likeliest is what greedy decoding would write, so only the
 * others are written.
 */
#include "trainer/suites/task_result.h"

#include "core/base/growing.h"
#include "core/base/table.h"
#include "core/base/timer.h"
#include "trainer/suites/answer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void task_result_close(task_result *r)
{
    for (int i = 0; i < r->scored; i++) free(r->score[i].detail);
    free(r->score);
    *r = (task_result){ 0 };
}

static void score_all(task_result *out, const suite_task *task, const coded *list)
{
    out->score = error_zeroed((size_t)task->all.n, sizeof *out->score);
    for (int i = 0; i < task->all.n; i++) {
        if (list[i].sequences == 0) {
            out->skipped++;
            continue;
        }
        task_score *s = &out->score[out->scored++];
        task->kind->score(s, &task->all.item[i], &list[i]);
        s->item = i;
        out->truncated += list[i].truncated;
    }
}

/* What is written after a prompt: the delimiter and the answer.  The caller frees it. */
static char *right_text(const suite_task *task, const item *it)
{
    growing words;
    growing_open(&words);
    fprintf(words.f, "%s%s", task->delimiter, it->option->text);
    return growing_close(&words);
}

/* Must the answer of an item be written out? */
static bool undecided(const suite_task *task, const task_score *s)
{
    const item *it = &task->all.item[s->item];
    return it->spans == 0 && it->prompt.text && (s->acc < 1 || task->until);
}

/* Write the answers that may be right in other pieces, or that `until` must end. */
static bool write_answers(task_result *out, bool *stopped, const suite_task *task,
                          const coded *list, const suite_model *with, error *e)
{
    int n = 0;
    answer *answers = error_zeroed((size_t)out->scored, sizeof *answers);
    task_score **of = error_zeroed((size_t)out->scored, sizeof *of);
    for (int i = 0; i < out->scored; i++) {
        task_score *s = &out->score[i];
        const coded_sequence *q = list[s->item].sequence;
        if (!undecided(task, s)) continue;
        of[n] = s;
        answers[n++] = (answer){ .prompt = q->token,
                                 .n = q->span->from,
                                 .right = right_text(task, &task->all.item[s->item]) };
    }
    const bool ok = answer_fill(stopped, answers, n, task->until, with, e);
    for (int i = 0; i < n; i++) {
        if (ok && !*stopped) {
            of[i]->acc = answers[i].same;
            of[i]->detail = table_json_string(answers[i].given);
        }
        free(answers[i].given), free(answers[i].right);
    }
    free(answers), free(of);
    return ok;
}

bool task_result_make(task_result *out, bool *stopped, const suite_task *task, coded *list,
                      const suite_model *with, error *e)
{
    const double began = timer_now();
    *out = (task_result){ 0 };
    if (!likelihood_fill(stopped, list, task->all.n, with, e)) return false;
    if (*stopped) return true;
    score_all(out, task, list);
    const bool ok = !task->kind->decodes || write_answers(out, stopped, task, list, with, e);
    out->wall_ms = llround(1000 * (timer_now() - began));
    if (!ok || *stopped) task_result_close(out);
    return ok;
}

/* What an item adds to the two sums whose ratio a metric is. */
static void add_to(double *value, double *weight, const task_score *s, const char *metric)
{
    *value = s->nll, *weight = 1;
    if (strcmp(metric, "nll") == 0)
        *weight = (double)s->tokens;
    else if (strcmp(metric, "bpb") == 0)
        *weight = (double)s->bytes * log(2);
    else
        *value = strcmp(metric, "acc") == 0        ? s->acc
                 : strcmp(metric, "acc_norm") == 0 ? s->acc_norm
                                                   : s->margin;
}

double task_result_mean(double *se, const task_result *r, const char *metric)
{
    double sum = 0, weights = 0, squares = 0, x, w;
    const double n = r->scored;
    for (int i = 0; i < r->scored; i++) {
        add_to(&x, &w, &r->score[i], metric);
        sum += x, weights += w;
    }
    const double mean = weights > 0 ? sum / weights : NAN;
    for (int i = 0; i < r->scored; i++) { /* of a ratio, by linearization; of a mean, as usual */
        add_to(&x, &w, &r->score[i], metric);
        squares += (x - mean * w) * (x - mean * w);
    }
    if (se) *se = n > 1 ? sqrt(n / (n - 1) * squares) / weights : NAN;
    return mean;
}
