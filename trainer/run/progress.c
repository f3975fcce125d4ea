/* progress.c - lines on stderr: redrawn in place on a terminal, one every 30 seconds elsewhere. */
#define _DEFAULT_SOURCE
#include "trainer/run/progress.h"

#include "core/db/metric.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { TERMINAL_MS = 200, LOG_MS = 30000 };

void progress_time(char *out, size_t size, double seconds)
{
    const long s = (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(out, size, "%ld h %02ld min", s / 3600, s % 3600 / 60);
    else if (s >= 60)
        snprintf(out, size, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(out, size, "%ld s", s);
}

/* How much of the training text is read, and how often.  Only whole spans are: what is left at the
 * end of the text is shorter than one, and never read. */
static void print_reading(const batch *b)
{
    const int64_t tokens = b->steps * b->spans_a_step * b->span, epoch = b->spans * b->span;
    const double text = (double)b->text->n_tokens;
    const double share = 100 * (double)(tokens < epoch ? tokens : epoch) / text;
    fputc(':', stderr);
    if (tokens > epoch) fprintf(stderr, " %.1f epochs of", (double)tokens / (double)epoch);
    if (share < 99) fprintf(stderr, " %.*f %% of", share < 9.5 ? 1 : 0, share);
    fputs(" the training text", stderr);
    if ((double)epoch < 0.99 * text)
        fprintf(stderr, " (its last %" PRId64 " tokens are less than data.span=%" PRId64 ")",
                b->text->n_tokens - epoch, b->span);
}

void progress_open(progress *p, const batch *b, const char *uid, int64_t from, bool on)
{
    const int64_t now = db_now_ms();
    *p = (progress){ .on = on,
                     .terminal = isatty(STDERR_FILENO),
                     .steps = b->steps,
                     .from = from,
                     .batch_tokens = b->spans_a_step * b->span,
                     .began_ms = now,
                     .said_ms = now };
    if (!on) return;
    fprintf(stderr, "run %s: %" PRId64 " steps of %" PRId64 " tokens", uid, p->steps,
            p->batch_tokens);
    print_reading(b);
    if (from > 0) fprintf(stderr, "; going on from step %" PRId64, from);
    fputc('\n', stderr);
}

void progress_step(progress *p, const journal_row *row)
{
    const int64_t now = db_now_ms();
    p->loss = 0.9 * p->loss + 0.1 * row->loss;
    p->loss_weight = 0.9 * p->loss_weight + 0.1;
    if (!p->on || now - p->said_ms < (p->terminal ? TERMINAL_MS : LOG_MS)) return;
    const double ran = 1e-3 * (double)(now - p->began_ms), steps = (double)(row->step - p->from);
    char left[32];
    progress_time(left, sizeof left, ran / steps * (double)(p->steps - row->step));
    fprintf(stderr, "%sstep %" PRId64 "/%" PRId64 "  loss %.4f  %.0f tokens/s  %s left%s",
            p->terminal ? "\r\033[K" : "", row->step, p->steps, p->loss / p->loss_weight,
            steps * (double)p->batch_tokens / ran, left, p->terminal ? "" : "\n");
    p->said_ms = now;
}

void progress_evaluation(progress *p, int64_t step, const eval_result *r, int n)
{
    if (!p->on) return;
    fprintf(stderr, "%sstep %" PRId64 ":", p->terminal ? "\r\033[K" : "", step);
    for (int i = 0; i < n; i++) {
        char name[METRIC_NAME];
        metric_write(name, sizeof name, r[i].task, r[i].split, METRIC_DEFAULT_KIND, r[i].context);
        fprintf(stderr, "  %s %.4f", name, r[i].nll_sum / (double)r[i].tokens);
    }
    fputc('\n', stderr);
}

void progress_close(progress *p)
{
    if (p->on && p->terminal) fputs("\r\033[K", stderr);
}
