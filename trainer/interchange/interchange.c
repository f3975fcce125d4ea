/* interchange.c - a bundle to and from files, whichever the format.
 *
 * The model is refused before anything is written, and what is written appears as a whole.
 */
#include "trainer/interchange/interchange.h"

#include <string.h>
#include <sys/stat.h>

static const char MAKER[] = "attnlab export", SHIFT[] = "model.token_shift";

static bool export_folder(const interchange *format, const bundle *b, const char *type,
                          const char *path, error *e)
{
    folder_draft d;
    if (!folder_draft_open(&d, path, MAKER, "README.md", format->files, e)) return false;
    if (format->write_folder(b, type, &d, e)) return folder_draft_close(&d, e);
    folder_draft_drop(&d);
    return false;
}

static bool export_file(const interchange *format, const bundle *b, const char *type,
                        const char *path, error *e)
{
    file_draft d;
    if (!file_output_open(&d, path, MAKER, NULL, NULL, e)) return false;
    if (format->write_file(b, type, d.f, e)) return file_draft_close(&d, e);
    file_draft_drop(&d);
    return false;
}

bool interchange_export(const interchange *format, const bundle *b, const char *type,
                        const char *path, error *e)
{
    if (b->m.config.shift != TOKEN_SHIFT_NONE)
        return error_usage(e, "the model has %s=%s, which does not exist outside attnlab", SHIFT,
                           config_find(SHIFT)->word(b->m.config.shift));
    if (!format->can_express(b, e)) return error_where(e, "format %s", format->name);
    return format->folder ? export_folder(format, b, type, path, e)
                          : export_file(format, b, type, path, e);
}

bool interchange_import(bundle *b, const interchange **format, const char *path, error *e)
{
    struct stat s;
    if (stat(path, &s) != 0) return error_usage(e, "%s: there is no such file or folder", path);
    bundle_begin(b, path);
    for (const interchange *const *f = interchanges; *f; f++) {
        if (!(*f)->recognizes || !(*f)->recognizes(path)) continue;
        *format = *f;
        if ((*f)->read(b, path, e)) {
            bundle_note_not_finite(b);
            return true;
        }
        bundle_close(b);
        return false;
    }
    bundle_close(b);
    return error_usage(e,
                       "%s: not a model in a known format: a Hugging Face folder has a "
                       "config.json, a file of llama2.c ends in .bin, and a GGUF file begins "
                       "with GGUF",
                       path);
}
