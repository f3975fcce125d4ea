/* test_harvest.c - suites made here: what stands in them follows from the text that they were made
 * of, and the same order gives the same files.
 */
#include "trainer/tasks/harvest.h"

#include "tests/corpora.h"
#include "trainer/tasks/generated_suite.h"
#include "trainer/tasks/generator.h"

enum { ITEMS = 40, CONTEXT = 200, ANSWER = 100, DISTANCE = 30 };

/* A story in which seven people come and go. */
static char *story(int paragraphs)
{
    static const char *const NAME[] = { "Abigail", "Bertram",   "Cordelia", "Desmond",
                                        "Edith",   "Ferdinand", "Gwendolen" };
    static const char *const VERB[] = { "visited", "answered", "avoided", "praised", "followed" };
    static const char *const PLACE[] = { "garden", "library", "village", "kitchen", "orchard" };
    growing words;
    draws d = { .stream = rng_stream(1, 0, "story") };
    growing_open(&words);
    for (int i = 0; i < paragraphs; i++) {
        for (int k = 0; k <= i / 2 % 3; k++)
            fprintf(words.f, "%sOn that day %s %s %s near the %s. But nobody spoke of the %s!",
                    k ? " " : "", NAME[draws_below(&d, 7)], VERB[draws_below(&d, 5)],
                    NAME[draws_below(&d, 7)], PLACE[draws_below(&d, 5)], PLACE[draws_below(&d, 5)]);
        fputs("\n\n", words.f);
    }
    return growing_close(&words);
}

static char corpus_folder[128], *held;

static int open_corpus(void **state)
{
    scratch_setup(state);
    quiet = fopen("/dev/null", "w");
    char *train = story(100);
    held = story(160);
    held[0] = 'I', held[1] = 'n'; /* another text */
    snprintf(path[0], sizeof path[0], "%s", scratch_text(&dir, "train", train));
    snprintf(path[1], sizeof path[1], "%s", scratch_text(&dir, "held", held));
    name[0] = path[0], name[1] = path[1];
    snprintf(corpus_folder, sizeof corpus_folder, "%s/corpus", dir.folder);
    const corpus_order o = { .n_train = 1,
                             .n_val = 1,
                             .train = &name[0],
                             .val = &name[1],
                             .vocab_size = 320,
                             .out = corpus_folder,
                             .progress = quiet };
    make(&o, NULL);
    free(train);
    return 0;
}

static int close_corpus(void **state)
{
    free(held);
    fclose(quiet);
    return scratch_teardown(state);
}

static const char *suite_path(const char *suite, const char *file)
{
    static char out_path[256];
    snprintf(out_path, sizeof out_path, "%s/%s%s%s", dir.folder, suite, file ? "/" : "",
             file ? file : "");
    return out_path;
}

static void make_suite(const char *suite, int64_t seed)
{
    suite_draft d;
    error e;
    const harvest_order o = { corpus_folder, ITEMS, CONTEXT, ANSWER, DISTANCE };
    if (!suite_draft_open(&d, suite_path(suite, NULL), seed, &e) || !harvest_add(&d, &o, &e) ||
        !suite_draft_write(&d, &e))
        fail_msg("%s", e.msg);
    suite_draft_close(&d);
}

static char *read_file(const char *suite, const char *file)
{
    char *bytes;
    size_t n;
    error e;
    if (!file_read(&bytes, &n, suite_path(suite, file), 1 << 24, &e)) fail_msg("%s", e.msg);
    return bytes;
}

/* Call `check` with every line of a task; the prompt has at most CONTEXT tokens of a byte at least.
 */
static int each(const char *suite, const char *file,
                void (*check)(const json_t *item, const char *prompt))
{
    char *all = read_file(suite, file);
    int n = 0;
    for (char *at = all; *at; n++) {
        json_error_t why;
        json_t *item = json_loads(at, JSON_DISABLE_EOF_CHECK, &why);
        assert_non_null(item);
        const char *prompt = json_string_value(json_object_get(item, "prompt"));
        assert_non_null(strstr(held, prompt)); /* a passage of the text, character by character */
        check(item, prompt);
        json_decref(item);
        at = strchr(at, '\n') + 1;
    }
    free(all);
    return n;
}

/* Prompt and text behind it are in the document as they are here. */
static void expect_follows(const char *prompt, const char *answer)
{
    char *both = malloc(strlen(prompt) + strlen(answer) + 1);
    strcpy(both, prompt), strcat(both, answer);
    assert_non_null(strstr(held, both));
    free(both);
}

/* The last word is followed by the end of the sentence, and occurred before that sentence. */
static void check_last_word(const json_t *item, const char *prompt)
{
    const char *answer = json_string_value(json_object_get(item, "answer"));
    const char *found = strstr(held, prompt);
    bool any = false;
    for (; found; found = strstr(found + 1, prompt)) {
        const char *behind = found + strlen(prompt);
        const size_t n = strlen(answer);
        any = any || (strncmp(behind, answer, n) == 0 && strchr(".?!", behind[n]));
    }
    assert_true(any);
    assert_non_null(strstr(prompt, answer + 1));
    assert_true(json_integer_value(json_object_get(item, "distance")) > 0);
}

static const char *option(const json_t *item, size_t i)
{
    return json_string_value(json_array_get(json_object_get(item, "options"), i));
}

static size_t answer_of(const json_t *item)
{
    return (size_t)json_integer_value(json_object_get(item, "answer"));
}

static int answers[4];

/* The true option follows, the others don't; all differ. */
static void check_choice(const json_t *item, const char *prompt)
{
    const size_t n = json_array_size(json_object_get(item, "options"));
    expect_follows(prompt, option(item, answer_of(item)));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) assert_string_not_equal(option(item, i), option(item, k));
    answers[answer_of(item)]++;
}

/* Its last mention is at least DISTANCE tokens back, and the other names are in the passage. */
static void check_name(const json_t *item, const char *prompt)
{
    check_choice(item, prompt);
    assert_true(json_integer_value(json_object_get(item, "distance")) >= DISTANCE);
    for (size_t i = 0; i < 4; i++) assert_non_null(strstr(prompt, option(item, i) + 1));
    const char *last = prompt, *own = option(item, answer_of(item)) + 1;
    for (const char *at = prompt; (at = strstr(at, own)); at++) last = at;
    assert_true(strlen(last) >= DISTANCE); /* a token has a byte at least */
}

static void check_order(const json_t *item, const char *prompt)
{
    check_choice(item, prompt);
    assert_int_equal(strlen(option(item, 0)), strlen(option(item, 1)));
}

static void test_tasks(void **state)
{
    (void)state;
    make_suite("suite", 1);
    assert_int_equal(each("suite", "last-word.jsonl", check_last_word), ITEMS);
    assert_int_equal(each("suite", "continuation.jsonl", check_choice), ITEMS);
    for (int i = 0; i < 4; i++) assert_true(answers[i] > 0); /* the place says nothing */
    assert_int_equal(each("suite", "name.jsonl", check_name), ITEMS);
    assert_true(each("suite", "order.jsonl", check_order) > 0);
    char *yaml = read_file("suite", "suite.yaml");
    assert_non_null(strstr(yaml, "name: suite\non_long: truncate\nseed: 1\ntasks:\n"));
    assert_non_null(strstr(yaml, "group: general, metric: acc_norm}\n"));
    assert_non_null(strstr(yaml, "  name: {kind: choice, file: name.jsonl, group: recall}\n"));
    free(yaml);
}

static void test_repeats(void **state)
{
    (void)state;
    make_suite("one", 1), make_suite("two", 1), make_suite("three", 2);
    char *a = read_file("one", "name.jsonl"), *b = read_file("two", "name.jsonl");
    char *c = read_file("three", "name.jsonl");
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    free(a), free(b), free(c);
}

/* A folder with files is left alone, and a text without passages says so. */
static void test_refused(void **state)
{
    (void)state;
    suite_draft d;
    error e = { 0 };
    assert_false(suite_draft_open(&d, dir.folder, 1, &e));
    assert_non_null(strstr(e.msg, "this folder has files"));
    assert_int_equal(e.status, STATUS_USAGE);
    const harvest_order o = { corpus_folder, ITEMS, 1 << 20, ANSWER, DISTANCE };
    assert_true(suite_draft_open(&d, suite_path("none", NULL), 1, &e));
    assert_false(harvest_add(&d, &o, &e));
    assert_non_null(strstr(e.msg, "has no passages of 1048576 tokens"));
    suite_draft_close(&d);
    assert_int_equal(access(suite_path("none", NULL), F_OK), -1);
}

/* Items of generators: prompt and answer joined are the item up to that answer. */
static void test_generated(void **state)
{
    (void)state;
    suite_draft d;
    error e;
    generator g;
    assert_true(suite_draft_open(&d, suite_path("made", NULL), 7, &e));
    assert_true(generated_suite_add(&d, "mqar:pairs=3:length=20:vocab=30", 9, &e));
    assert_true(generated_suite_add(&d, "passkey:filler=2", 9, &e));
    assert_false(generated_suite_add(&d, "passkey:filler=2", 9, &e));
    assert_true(suite_draft_write(&d, &e));
    suite_draft_close(&d);
    assert_true(generator_read(&g, "mqar:pairs=3:length=20:vocab=30", &e));
    char *all = read_file("made", "mqar-pairs3-length20-vocab30.jsonl"), *at = all;
    for (int i = 0; i < 9; i++, at = strchr(at, '\n') + 1) {
        generator_item item;
        json_t *line = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
        const json_t *prompt = json_object_get(line, "prompt_tokens");
        const json_t *answer = json_object_get(line, "answer_tokens");
        generator_make(&item, &g, 7, PART_OF_SUITE, i);
        const generator_answer *a = &item.answer[i % 3];
        assert_int_equal(json_array_size(prompt), a->from);
        assert_int_equal(json_array_size(answer), 1);
        assert_int_equal(json_integer_value(json_array_get(answer, 0)), item.token[a->from]);
        assert_int_equal(json_integer_value(json_object_get(line, "distance")),
                         a->from - a->evidence);
        for (int k = 0; k < a->from; k++)
            assert_int_equal(json_integer_value(json_array_get(prompt, (size_t)k)), item.token[k]);
        generator_item_close(&item), json_decref(line);
    }
    free(all);
    all = read_file("made", "passkey-filler2.jsonl");
    json_t *line = json_loads(all, JSON_DISABLE_EOF_CHECK, NULL);
    const char *prompt = json_string_value(json_object_get(line, "prompt"));
    const char *answer = json_string_value(json_object_get(line, "answer"));
    assert_int_equal(answer[0], ' ');
    assert_non_null(strstr(prompt, answer));
    assert_string_equal(prompt + strlen(prompt) - 2, "is");
    assert_true(json_real_value(json_object_get(line, "depth")) == 0);
    json_decref(line), free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tasks, open_corpus, close_corpus),
        cmocka_unit_test_setup_teardown(test_repeats, open_corpus, close_corpus),
        cmocka_unit_test_setup_teardown(test_refused, open_corpus, close_corpus),
        cmocka_unit_test_setup_teardown(test_generated, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
