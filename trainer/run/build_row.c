/* build_row.c - the build and the machine as rows; whether a run is outdated, and whether it was
 * trained in another environment.
 *
 * A run is outdated if a part of the code that it used differs from that part now: core, trainer,
 * and the files of its attention variants, RoPE scaling and optimizer.
 */
#define _DEFAULT_SOURCE /* gethostname */
#include "trainer/run/build_row.h"

#include "core/compute/kernels.h"
#include "trainer/run/fingerprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

bool build_row_code(db *d, int64_t *code_id, error *e)
{
    char sha[HASH_HEX];
    if (!hash_file(sha, "/proc/self/exe", e)) return false;
    if (!db_integer(d, code_id, 0, e, "SELECT code_id FROM code WHERE binary_sha256=?", "t", sha))
        return false;
    if (*code_id) return true;
    if (!db_run(d, e,
                "INSERT INTO code(binary_sha256, version, git_commit, git_dirty, compiler, cflags)"
                " VALUES(?,?,nullif(?,''),?,?,?)",
                "tttntt", sha, fingerprint_version, fingerprint_commit, (int)fingerprint_dirty,
                fingerprint_compiler, fingerprint_flags))
        return false;
    *code_id = db_last_id(d);
    for (const fingerprint_part *p = fingerprint_parts; p->name; p++)
        if (!db_run(d, e, "INSERT INTO code_file(code_id, name, sha256) VALUES(?,?,?)", "itt",
                    *code_id, p->name, p->sha256))
            return false;
    return true;
}

/* The value behind "key : " in a file such as /proc/cpuinfo, or "". */
static void proc_value(char *out, size_t size, const char *path, const char *key)
{
    char line[512];
    FILE *f = fopen(path, "r");
    out[0] = '\0';
    while (f && !out[0] && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, key, strlen(key)) != 0 || !colon) continue;
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(colon, "\n"), colon);
    }
    if (f) fclose(f);
}

bool build_row_host(db *d, int64_t *host_id, error *e)
{
    char name[256] = "", cpu[256], os[512];
    struct utsname u;
    gethostname(name, sizeof name - 1);
    proc_value(cpu, sizeof cpu, "/proc/cpuinfo", "model name");
    if (uname(&u) == 0)
        snprintf(os, sizeof os, "%s %s", u.sysname, u.release);
    else
        snprintf(os, sizeof os, "unknown");
    const int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    const char *path = kernels_name(), *blas = kernels_blas(), *core = kernels_blas_core();
    return db_run(d, e,
                  "INSERT OR IGNORE INTO host(hostname, cpu_model, isa, cores, mem_bytes, os, blas,"
                  " blas_kernel) VALUES(?,?,?,?,?,?,?,?)",
                  "tttnittt", name, cpu, path, (int)sysconf(_SC_NPROCESSORS_ONLN), memory, os, blas,
                  core) &&
           db_integer(d, host_id, 0, e,
                      "SELECT host_id FROM host WHERE hostname=? AND cpu_model=? AND isa=? AND os=?"
                      " AND blas=? AND blas_kernel=?",
                      "tttttt", name, cpu, path, os, blas, core);
}

/* Of attempt a some steps are left: no later attempt began before them. */
#define STEPS_LEFT                                                                                 \
    " NOT EXISTS (SELECT 1 FROM attempt later WHERE later.run_id=a.run_id AND"                     \
    " later.attempt>a.attempt AND later.from_step<=a.from_step)"

bool build_row_mixed(db *d, bool *mixed, int64_t run_id, error *e)
{
    int64_t environments;
    const bool ok =
        db_integer(d, &environments, 0, e,
                   "SELECT count(DISTINCT json_array(cpu_model, isa, blas, blas_kernel)) FROM"
                   " attempt a JOIN host USING(host_id) WHERE a.run_id=? AND" STEPS_LEFT,
                   "i", run_id);
    *mixed = ok && environments > 1;
    return ok;
}

/* "processor A, here B; kernels C, here D": the columns come in pairs, then and now. */
static void name_differences(char out[BUILD_ROW_DIFFERS], sqlite3_stmt *s)
{
    static const char *const NAMES[] = { "processor", "kernels", "BLAS kernels", "BLAS" };
    size_t n = 0;
    for (int i = 0; i < 4 && n < BUILD_ROW_DIFFERS; i++) {
        const char *then = (const char *)sqlite3_column_text(s, 2 * i),
                   *now = (const char *)sqlite3_column_text(s, 2 * i + 1);
        if (!then) then = "unknown";
        if (!now) now = "unknown";
        if (strcmp(then, now) == 0 || (i == 3 && n > 0)) continue; /* BLAS names its kernels too */
        n += (size_t)snprintf(out + n, BUILD_ROW_DIFFERS - n, "%s%s %.80s, here %.80s",
                              n ? "; " : "", NAMES[i], then, now);
    }
}

bool build_row_differs(db *d, char differs[BUILD_ROW_DIFFERS], int64_t run_id, int64_t step,
                       int64_t host_id, error *e)
{
    sqlite3_stmt *s;
    bool row, ok;
    differs[0] = '\0';
    if (!db_query(d, &s, e,
                  "SELECT h.cpu_model, now.cpu_model, h.isa, now.isa, h.blas_kernel,"
                  " now.blas_kernel, h.blas, now.blas"
                  " FROM attempt a JOIN host h USING(host_id), host now"
                  " WHERE a.run_id=?1 AND a.from_step<?2 AND now.host_id=?3"
                  " AND (h.cpu_model, h.isa, h.blas_kernel, h.blas) IS NOT"
                  " (now.cpu_model, now.isa, now.blas_kernel, now.blas)"
                  " AND" STEPS_LEFT " ORDER BY a.attempt LIMIT 1",
                  "iii", run_id, step, host_id))
        return false;
    if ((ok = db_next(d, s, &row, e)) && row) name_differences(differs, s);
    sqlite3_finalize(s);
    return ok;
}

static const char *hash_now(const char *part)
{
    for (const fingerprint_part *p = fingerprint_parts; p->name; p++)
        if (strcmp(p->name, part) == 0) return p->sha256;
    return "";
}

static bool part_differs(db *d, bool *differs, int64_t code_id, const char *part, error *e)
{
    char *then = NULL;
    if (!db_text(d, &then, e, "SELECT sha256 FROM code_file WHERE code_id=? AND name=?", "it",
                 code_id, part))
        return false;
    *differs = !then || strcmp(then, hash_now(part)) != 0;
    free(then);
    return true;
}

bool build_row_outdated(db *d, bool *outdated, int64_t code_id, const run_spec *spec, error *e)
{
    if (!part_differs(d, outdated, code_id, "core", e)) return false;
    if (!*outdated && !part_differs(d, outdated, code_id, "trainer", e)) return false;
    char scaling[128], update[128];
    snprintf(scaling, sizeof scaling, "core/compute/ropes/%s.c", spec->model.rope.scaling->name);
    snprintf(update, sizeof update, "trainer/model/optimizers/%s.c",
             config_optimizers[spec->config.train.optimizer]);
    if (!*outdated && !part_differs(d, outdated, code_id, scaling, e)) return false;
    if (!*outdated && !part_differs(d, outdated, code_id, update, e)) return false;
    for (int i = 0; i < spec->model.L && !*outdated; i++) {
        int j = 0;
        while (attn_variants[j] != spec->model.layer[i].variant) j++;
        if (!part_differs(d, outdated, code_id, attn_files[j], e)) return false;
    }
    return true;
}
