#!/bin/sh
# extend.sh ATTNLAB SOURCES - adding something takes one file and one line.
#
# In a copy of the sources one entry is added to every table of constants: a file, and a name in the
# list of its meson.build (a configuration key: a row and a field).  The copy is built, and each entry
# must work: it is listed, it runs, its results are stored and compared.  Nothing else is edited, and
# no run of the original is outdated or gets another identity.
sources=$(realpath "$2")
. "$(dirname "$0")/common.sh"
copy=$dir/copy
small_corpus

mkdir copy
cd "$sources" && cp -r analysis cli core docs experiments tools trainer variants ./*.md CITATION.cff LICENSE meson.build \
    meson_options.txt "$copy"
cd "$copy" || exit 1

# add FILE LIST ENTRY: the file comes from standard input, ENTRY goes to the front of the list that
# starts with the text LIST.
add() { # FILE BUILD LIST ENTRY
    cat >"$1"
    [ "$(grep -c -F "$3" "$2")" = 1 ] || fail "$2: no list '$3'"
    sed -i "s|^$(echo "$3" | sed 's/[[]/\\&/g')|&$4, |" "$2"
}

"$attnlab" new-variant added >out 2>&1 || fail "new-variant: $(cat out)"

add cli/added.c cli/meson.build 'command_list = [' "'added'" <<'C'
#include "cli/command.h"

static int run(command_call *call, const void *options)
{
    (void)call, (void)options;
    puts("added command");
    return STATUS_DONE;
}

const command command_added = {
    .name = "added", .group = COMMAND_DATA, .help = "an added command", .summary = "Added.", .run = run
};
C

sed 's/figure_kind_lr/figure_kind_added/; s/"lr"/"added"/' analysis/figures/figure_lr.c |
    add analysis/figures/figure_added.c analysis/figures/meson.build 'figure_names = [' "'added'"

add trainer/model/optimizers/added.c trainer/model/optimizers/meson.build 'optimizer_list = [' "'added'" <<'C'
#include "trainer/model/optimizer.h"

static void states(tensor_spec *out, const model_tensor *t)
{
    (void)out, (void)t;
}

static void update(const optimizer_piece *p, const optimizer_settings *s)
{
    for (size_t i = 0; i < p->n; i++) p->w[i] -= (float)(s->lr * s->scale) * p->g[i];
}

const optimizer optimizer_added = {
    .name = "added", .help = "gradient descent", .states = states, .update = update
};
C

add trainer/config/recipes/added-1.yaml trainer/config/recipes/meson.build 'recipe_list = [' "'added-1'" <<'YAML'
# help: an added recipe
train.lr: 0.1
train.optimizer: added
YAML

sed 's/eval_task_lm/eval_task_added/; s/"lm"/"added"/' trainer/model/tasks/lm.c |
    add trainer/model/tasks/added.c trainer/model/tasks/meson.build 'eval_task_list = [' "'added'"

add core/db/metrics/ppl.c core/db/metrics/meson.build 'metric_list = [' "'ppl'" <<'C'
#include "core/db/metric.h"

const metric_kind metric_ppl = {
    .name = "ppl",
    .unit = "",
    .value = "exp(e.nll_sum / e.n_tok)",
    .help = "perplexity of a token",
};
C

sed 's/rope_linear/rope_added/; s/"linear"/"added"/' core/compute/ropes/linear.c |
    add core/compute/ropes/added.c core/compute/ropes/meson.build 'rope_list = [' "'added'"

sed 's/procedure_differences/procedure_added/; s/"differences"/"added"/; s/differences only: .*"/by an added procedure"/
     s/^    (void)k;$//; s/^    return true;$/    return k->seeds == 2;/' analysis/statistics/differences.c |
    add analysis/statistics/added.c analysis/statistics/meson.build 'procedure_names = [' "'added'"

add analysis/data/queries/added.sql analysis/data/meson.build 'query_names = [' "'added'" <<'SQL'
-- name: added
-- help: how many runs there are
-- parameters:
SELECT count(*) AS runs FROM run
SQL

sed 's/task_generator_copy/task_generator_added/; s/"copy"/"added"/' trainer/tasks/generators/copy.c |
    add trainer/tasks/generators/added.c trainer/tasks/generators/meson.build 'generator_list = [' "'added'"

sed -i 's|^    REAL(  train.clip, .*|&\n    REAL(  train.added, "0", 0, 1, true, "an added key"),|' trainer/config/config_table.c
sed -i 's|^        double beta1, beta2, eps, weight_decay, clip;|&\n        double added;|' trainer/config/config.h

[ "$(git -C "$copy" diff --no-index --numstat "$sources/meson.build" meson.build | wc -l)" = 0 ] || fail "the build itself changed"
meson setup build --buildtype=debug -Doptimization=0 -Dtests=disabled >setup.log 2>&1 || fail "setup: $(tail -5 setup.log)"
ninja -C build attnlab >build.log 2>&1 || fail "build: $(grep -m5 error build.log)"
added=$copy/build/attnlab
cd "$dir" || exit 1
[ -x "$added" ] || finish

expect() { # WHAT TEXT COMMAND...
    what=$1 text=$2
    shift 2
    "$@" >out 2>&1 || fail "$what: status $?: $(tail -2 out)"
    grep -q -e "$text" out || fail "$what: no '$text' in: $(tail -3 out)"
}

expect command 'an added command' "$added" help
expect command 'added command' "$added" added
expect variant '^added' "$added" variants
expect key 'train.added *real *0 *0..1 *yes *an added key' "$added" keys
expect optimizer 'train.optimizer=added' "$added" keys
expect recipe 'added@1 *an added recipe' "$added" recipe
expect rope 'model.rope_scaling=added' "$added" keys
expect figure '^added' "$added" plot --list
expect query '^added' "$added" query --list
expect generator '^train  *5 ' "$added" prepare --generate added --items 5 --out items

# Every entry in one study: two arms, two seeds.
cat >study.yaml <<'YAML'
model: {n_layers: 1, dim: 32, n_heads: 4, ffn_dim: 64, context: 32, rope_scaling: added, rope_factor: 2}
data: {corpus: corpus}
recipe: added@1
train: {tokens: 4k, batch_tokens: 512, added: 0.5}
eval: {tokens: 1024}
sweep:
  name: extended
  axes: {model.attention: [mha, added]}
  baseline: {model.attention: mha}
  metric: added.val_ppl@32
  seeds: 2
YAML
expect study '4 done' "$added" sweep study.yaml
expect metric 'added.val_ppl@32' "$added" compare extended -o json
expect procedure 'by an added procedure' "$added" compare extended
expect query '^ *4$' "$added" query added
expect task 'added' sqlite3 attnlab.db "SELECT DISTINCT task FROM eval"
expect recipe 'added' sqlite3 attnlab.db "SELECT value FROM config_param WHERE key='train.optimizer'"
expect key '0.5' sqlite3 attnlab.db "SELECT value FROM config_param WHERE key='train.added'"
"$added" plot extended --kind added --out figures --format svg >out 2>&1
grep -q "no figure 'added'" out || fail "figure: $(tail -2 out)"

# A run of the original keeps its identity, and another entry in a list does not outdate it.
"$attnlab" train small.yaml train.tokens=2k --db old.db --quiet >out 2>&1 || fail "train: $(cat out)"
"$added" train small.yaml train.tokens=2k --db new.db --quiet >out 2>&1 || fail "train: $(cat out)"
for db in old new; do sqlite3 $db.db "SELECT run_uid FROM run" >$db.uid; done
cmp -s old.uid new.uid || fail "additions change the identity of a run"
for part in core/compute/ropes/none.c trainer/model/optimizers/adamw.c variants/grouped.c; do
    for db in old new; do sqlite3 $db.db "SELECT sha256 FROM code_file WHERE name='$part'" >$db.part; done
    [ -s old.part ] && cmp -s old.part new.part || fail "$part: its fingerprint differs"
done
finish
