/* study_name.c - sweep.name, the key that both the trainer and the analysis read.
 *
 *     sweep: {name: heads, ...}
 *
 * Names are file names too (figures, reports) and words of a command line, so only letters, digits,
 * '-', '_' and '.' are allowed, and a name begins neither like an option nor like a hidden file.
 */
#include "core/base/study_name.h"

#include <stdio.h>
#include <string.h>

static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

bool study_name_set(char name[STUDY_NAME], const yaml_node *value, error *e)
{
    if (value->kind != YAML_SCALAR) return yaml_error(value, e, "sweep.name: must be text");
    const char *text = value->text;
    if (strlen(text) >= STUDY_NAME)
        return yaml_error(value, e, "sweep.name: longer than %d bytes", STUDY_NAME - 1);
    if (!*text || *text == '-' || *text == '.' || text[strspn(text, ALLOWED)])
        return yaml_error(
            value, e,
            "sweep.name: '%s' is not a name: use letters, digits, - _ and . (not - or "
            ". first)",
            text);
    snprintf(name, STUDY_NAME, "%s", text);
    return true;
}

bool study_name_read(char name[STUDY_NAME], const yaml_node *root, error *e)
{
    name[0] = '\0';
    if (root->kind != YAML_MAP)
        return yaml_error(root, e,
                          "not a study: expected sections model, data, train, eval, sweep");
    const yaml_node *section = yaml_find(root, "sweep");
    if (!section || yaml_empty(section))
        return yaml_error(
            root, e,
            "not a study: section `sweep` is missing or empty (`attnlab train` runs a single "
            "configuration)");
    if (section->kind != YAML_MAP)
        return yaml_error(section, e, "section `sweep` must be a map of keys");
    const yaml_node *value = yaml_find(section, "name");
    return !value || study_name_set(name, value, e);
}

bool study_name_missing(const char *file, error *e)
{
    return error_usage(e, "%s: sweep.name is missing: a study needs a name", file);
}
