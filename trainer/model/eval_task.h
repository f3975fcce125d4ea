/* eval_task.h - what an evaluation task is: it turns a model into scored results.
 *
 * A task is one C file in tasks/ that ends in one `const eval_task`, listed in one line of
 * tasks/meson.build.  A task allocates when it is opened, and says beforehand how much; running it
 * cannot fail.  Its results carry the names of the task and of the text that was scored, which the
 * database keeps as they are.
 */
#ifndef TRAINER_MODEL_EVAL_TASK_H
#define TRAINER_MODEL_EVAL_TASK_H

#include "core/base/error.h"
#include "core/compute/threads.h"
#include "trainer/config/config.h"
#include "trainer/corpus/corpus.h"
#include "trainer/corpus/manifest.h"
#include "trainer/model/model.h"

/* Sums over what was scored, so that any mean can be formed. */
typedef struct eval_result {
    const char *task, *split; /* of the task; of the text that it scored         */
    int context, stride;      /* tokens of a piece; from one piece to the next   */
    int64_t tokens, bytes;    /* scored, and what they decode to                 */
    int64_t right;            /* of them: they were the likeliest token          */
    double nll_sum;           /* nats                                            */
    int64_t last_tokens;      /* in the last quarter of each window ...          */
    double last_nll_sum;      /* ... and their loss                              */
    int windows;
    int64_t *window_n;  /* (windows) tokens scored in each                     */
    double *window_nll; /* (windows) and their loss                            */
    int64_t *pos_n;     /* (context) tokens scored at each position of a piece */
    double *pos_nll;    /* (context) and their loss                            */
    int64_t wall_ms;
} eval_result;

/* What a task may look at, all of it open until the task is closed.  The pool is idle. */
typedef struct eval_input {
    const model *m;
    const float *w; /* a block of the model's layout */
    const config *c;
    const corpus *text;
    threads *pool;
} eval_input;

typedef struct eval_task {
    const char *name; /* TASK in the name of a metric */
    const char *help; /* one line                     */
    int split;        /* the part of the corpus that it scores, such as SPLIT_VAL */

    /* How many results it has, such as one for each length in eval.context. */
    int (*results)(const config *c);

    /* Bytes that open takes with this many threads. */
    size_t (*memory)(const config *c, const model *m, int n_threads);

    /* Fails if the text is too short or memory runs out. */
    bool (*open)(void **state, const eval_input *in, error *e);

    /* Fill in the results, all but `task` and `split`.  Their arrays are the state's, until the
     * next run. */
    void (*run)(eval_result *out, void *state);

    void (*close)(void *state);
} eval_task;

/* Every task, NULL last.  Generated from tasks/meson.build. */
extern const eval_task *const eval_tasks[];

#endif
