/* run_source.c - the text of a source, read and written; written again, it is the same text.
 */
#include "trainer/config/run_source.h"

#include "core/base/number.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char RUN[] = "run:", CONFIG[] = "config:", STUDY[] = "study:", TOKENS[] = "@tokens=";

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool run_source_is_study(const char *text)
{
    return starts(text, STUDY);
}

bool run_source_is(const char *text)
{
    return starts(text, RUN) || starts(text, CONFIG) || starts(text, STUDY);
}

bool run_source_cut_tokens(char *text, int64_t *tokens, error *e)
{
    char *at = strstr(text, TOKENS);
    *tokens = 0;
    if (!at) return true;
    const char *number = at + strlen(TOKENS);
    if (number_whole(tokens, number) != NUMBER_TAKEN || *tokens < 1)
        return error_usage(e, "train.init_from: '%.60s' is not a number of tokens, such as 500k",
                           number);
    *at = '\0';
    return true;
}

static bool is_hex(const char *text, size_t n)
{
    return strspn(text, "0123456789abcdef") == n && strlen(text) == n;
}

/* "/seed=3" */
static bool read_part(run_source *s, const char *part)
{
    static const char SEED[] = "seed=", REPLICA[] = "replica=";
    int64_t *to = starts(part, SEED) ? &s->seed : starts(part, REPLICA) ? &s->replica : NULL;
    return to && number_whole(to, strchr(part, '=') + 1) == NUMBER_TAKEN && *to >= 0;
}

bool run_source_read(run_source *s, const char *text, error *e)
{
    char copy[CONFIG_PATH];
    *s = (run_source){ .seed = -1 };
    snprintf(copy, sizeof copy, "%s", text);
    if (!run_source_cut_tokens(copy, &s->tokens, e)) return false;
    if (starts(copy, RUN)) {
        const char *uid = copy + strlen(RUN);
        if (!is_hex(uid, CONFIG_UID - 1))
            return error_usage(e,
                               "train.init_from: '%.60s' is not the uid of a run: %d hexadecimal "
                               "digits, as `attnlab ls` prints them",
                               uid, CONFIG_UID - 1);
        memcpy(s->uid, uid, CONFIG_UID);
        return true;
    }
    char *part = strchr(copy, '/');
    if (part) *part++ = '\0';
    const char *id = copy + strlen(CONFIG);
    bool ok = starts(copy, CONFIG) && is_hex(id, CONFIG_ID - 1);
    if (ok) memcpy(s->id, id, CONFIG_ID);
    while (ok && part) {
        char *next = strchr(part, '/');
        if (next) *next++ = '\0';
        ok = read_part(s, part);
        part = next;
    }
    return ok || error_usage(e, "train.init_from: '%.100s' names no run", text);
}

void run_source_settle(config *settings, const run_source *s, int64_t trained)
{
    if (!settings->tokens_of_source) return;
    const double whole = (double)(s->tokens ? s->tokens : trained);
    settings->train.tokens = llround(settings->tokens_percent / 100 * whole);
    settings->tokens_of_source = false;
}

void run_source_write(char out[CONFIG_PATH], const run_source *s)
{
    size_t n = (size_t)snprintf(out, CONFIG_PATH, "%s%s", *s->uid ? RUN : CONFIG,
                                *s->uid ? s->uid : s->id);
    if (s->seed >= 0) n += (size_t)snprintf(out + n, CONFIG_PATH - n, "/seed=%" PRId64, s->seed);
    if (s->replica)
        n += (size_t)snprintf(out + n, CONFIG_PATH - n, "/replica=%" PRId64, s->replica);
    if (s->tokens) snprintf(out + n, CONFIG_PATH - n, "%s%" PRId64, TOKENS, s->tokens);
}
