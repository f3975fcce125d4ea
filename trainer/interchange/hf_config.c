/* hf_config.c - a model's shape in the words of Hugging Face Transformers.
 *
 * ntk scaling is a larger theta and nothing else (core/compute/ropes/ntk.c), so it is written as
 * that theta; "dynamic" in Transformers is another thing, which depends on the length of the input.
 */
#include "trainer/interchange/hf_config.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* All Llama 3 models' (core/compute/ropes/llama3.c), and Transformers' defaults for YaRN. */
static const double LOW_FREQUENCY = 1, HIGH_FREQUENCY = 4, BETA_FAST = 32, BETA_SLOW = 1;

static const char *scaling_of(const bundle *b)
{
    return b->m.config.rope.scaling->name;
}

/* {"rope_type": ...} with the settings that the scaling reads, or NULL for none. */
static json_t *rope_write(const bundle *b)
{
    const rope_config *r = &b->m.config.rope;
    const char *name = scaling_of(b);
    if (strcmp(name, "none") == 0 || strcmp(name, "ntk") == 0) return NULL;
    json_t *out =
        json_pack("{s:s, s:s, s:f}", "rope_type", name, "type", name, "factor", r->factor);
    if (r->scaling->reads_original_context)
        json_object_set_new(out, "original_max_position_embeddings",
                            json_integer(r->original_context));
    if (strcmp(name, "llama3") == 0) {
        json_object_set_new(out, "low_freq_factor", json_real(LOW_FREQUENCY));
        json_object_set_new(out, "high_freq_factor", json_real(HIGH_FREQUENCY));
    }
    return out;
}

static double theta_of(const bundle *b)
{
    const rope_config *r = &b->m.config.rope;
    const double width = b->m.config.E;
    return strcmp(scaling_of(b), "ntk") == 0 ? r->theta * pow(r->factor, width / (width - 2))
                                             : r->theta;
}

static void put_rope(json_t *out, const bundle *b)
{
    json_t *scaling = rope_write(b);
    json_t *both = scaling ? json_copy(scaling) : json_pack("{s:s}", "rope_type", "default");
    json_object_del(both, "type");
    json_object_set_new(both, "rope_theta", json_real(theta_of(b)));
    json_object_set_new(out, "rope_theta", json_real(theta_of(b)));
    json_object_set_new(out, "rope_scaling", scaling ? scaling : json_null());
    json_object_set_new(out, "rope_parameters", both);
}

static json_t *id_or_null(int id)
{
    return id < 0 ? json_null() : json_integer(id);
}

json_t *hf_config_write(const bundle *b, const char *type)
{
    const model_config *c = &b->m.config;
    bundle_attention a;
    error e;
    if (!bundle_attention_of(&a, b, &e)) error_memory(); /* can_express has checked it */
    const bool has_pieces = b->pieces.n > 0;
    json_t *out =
        json_pack("{s:[s], s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:b, s:s, s:s, s:s}",
                  "architectures", a.window ? "MistralForCausalLM" : "LlamaForCausalLM",
                  "model_type", a.window ? "mistral" : "llama", "hidden_size", c->D,
                  "intermediate_size", c->F, "num_hidden_layers", c->L, "num_attention_heads", c->H,
                  "num_key_value_heads", a.n_kv_heads, "head_dim", c->E, "vocab_size", c->V,
                  "max_position_embeddings", c->T, "rms_norm_eps", c->eps, "tie_word_embeddings",
                  c->tied, "hidden_act", "silu", "torch_dtype", type, "dtype", type);
    if (a.window)
        json_object_set_new(out, "sliding_window", json_integer(a.window));
    else {
        json_object_set_new(out, "attention_bias", json_false());
        json_object_set_new(out, "mlp_bias", json_false());
    }
    json_object_set_new(out, "bos_token_id", id_or_null(has_pieces ? b->pieces.bos : -1));
    json_object_set_new(out, "eos_token_id", id_or_null(has_pieces ? b->pieces.eos : -1));
    json_object_set_new(out, "pad_token_id", json_null());
    put_rope(out, b);
    return out;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* A number that must be there, or one with a default. */
static bool take_whole(int64_t *out, const json_t *file, const char *key, int64_t otherwise,
                       error *e)
{
    const json_t *value = json_object_get(file, key);
    if ((!value || json_is_null(value)) && otherwise >= 0) {
        *out = otherwise;
        return true;
    }
    if (!json_is_integer(value)) return error_set(e, "%s is missing or not a whole number", key);
    *out = json_integer_value(value);
    return *out >= 0 || error_set(e, "%s is %" PRId64, key, *out);
}

static double number_or(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static bool is(const json_t *object, const char *key, const char *word)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && strcmp(text, word) == 0;
}

/* Settings that change what the model computes must be the ones that attnlab's model has. */
static bool check_settings(const json_t *file, error *e)
{
    static const char *const FALSE[] = { "attention_bias", "mlp_bias", "quantization_config",
                                         "layer_types" };
    const char *type = json_string_value(json_object_get(file, "model_type"));
    const char *act = json_string_value(json_object_get(file, "hidden_act"));
    if (!type || (strcmp(type, "llama") != 0 && strcmp(type, "mistral") != 0))
        return error_set(e, "model_type is '%.60s': only llama and mistral can be imported",
                         type ? type : "(missing)");
    if (act && strcmp(act, "silu") != 0)
        return error_set(e, "hidden_act is '%.60s': only silu can be imported", act);
    for (size_t i = 0; i < sizeof FALSE / sizeof *FALSE; i++) {
        const json_t *value = json_object_get(file, FALSE[i]);
        if (value && !json_is_false(value) && !json_is_null(value))
            return error_set(e, "%s is set: such models cannot be imported", FALSE[i]);
    }
    if (number_or(file, "partial_rotary_factor", 1) != 1)
        return error_set(e, "partial_rotary_factor is not 1: such models cannot be imported");
    return true;
}

static bool refuse_rope(const char *type, const char *key, error *e)
{
    return error_set(e, "RoPE of type %.40s has %s other than attnlab's: it cannot be imported",
                     type, key);
}

/* Parameters beyond the factor must be those that attnlab's scaling has built in. */
static bool check_rope(const json_t *r, const char *type, double factor, error *e)
{
    if (number_or(r, "partial_rotary_factor", 1) != 1)
        return refuse_rope(type, "partial_rotary_factor", e);
    if (strcmp(type, "llama3") == 0) {
        if (number_or(r, "low_freq_factor", 0) != LOW_FREQUENCY)
            return refuse_rope(type, "low_freq_factor", e);
        if (number_or(r, "high_freq_factor", 0) != HIGH_FREQUENCY)
            return refuse_rope(type, "high_freq_factor", e);
    }
    if (strcmp(type, "yarn") == 0) {
        const double amplitude = 0.1 * log(factor) + 1;
        if (number_or(r, "beta_fast", BETA_FAST) != BETA_FAST)
            return refuse_rope(type, "beta_fast", e);
        if (number_or(r, "beta_slow", BETA_SLOW) != BETA_SLOW)
            return refuse_rope(type, "beta_slow", e);
        if (fabs(number_or(r, "attention_factor", amplitude) - amplitude) > 1e-9)
            return refuse_rope(type, "attention_factor", e);
        if (json_is_number(json_object_get(r, "mscale"))) return refuse_rope(type, "mscale", e);
        if (json_is_false(json_object_get(r, "truncate"))) return refuse_rope(type, "truncate", e);
    }
    return true;
}

/* The new spelling, or else the old one. */
static bool read_rope(bundle *b, const json_t *file, int64_t context, error *e)
{
    const json_t *now = json_object_get(file, "rope_parameters");
    const json_t *old = json_object_get(file, "rope_scaling");
    const json_t *r = json_is_object(now) ? now : old;
    const double theta = number_or(r, "rope_theta", number_or(file, "rope_theta", 10000));
    const double factor = number_or(r, "factor", 1);
    const char *type = json_string_value(json_object_get(r, "rope_type"));
    int64_t original = 0;
    if (!type) type = json_string_value(json_object_get(r, "type"));
    if (!bundle_set_real(b, "model.rope_theta", theta, e)) return false;
    if (!type || strcmp(type, "default") == 0) return true;
    if (strcmp(type, "linear") != 0 && strcmp(type, "yarn") != 0 && strcmp(type, "llama3") != 0)
        return error_set(e,
                         "RoPE of type '%.40s' cannot be imported; default, linear, yarn and "
                         "llama3 can",
                         type);
    if (!check_rope(r, type, factor, e) ||
        !take_whole(&original, r, "original_max_position_embeddings", context, e))
        return false;
    return bundle_set_text(b, "model.rope_scaling", type, e) &&
           bundle_set_real(b, "model.rope_factor", factor, e) &&
           (strcmp(type, "linear") == 0 ||
            bundle_set_whole(b, "model.rope_original_context", original, e));
}

bool hf_config_read(bundle *b, const json_t *file, error *e)
{
    static const struct {
        const char *from, *to;
    } SIZE[] = { { "hidden_size", "model.dim" },
                 { "intermediate_size", "model.ffn_dim" },
                 { "num_hidden_layers", "model.n_layers" },
                 { "num_attention_heads", "model.n_heads" },
                 { "vocab_size", "model.vocab_size" } };
    enum { SIZES = sizeof SIZE / sizeof *SIZE };
    int64_t context = 0, heads, dim, kv = 0, width = 0, window = 0;
    if (!check_settings(file, e)) return false;
    for (int i = 0; i < SIZES; i++) {
        int64_t value = 0;
        if (!take_whole(&value, file, SIZE[i].from, -1, e) ||
            !bundle_set_whole(b, SIZE[i].to, value, e))
            return false;
    }
    heads = b->settings.model.n_heads, dim = b->settings.model.dim;
    if (!take_whole(&kv, file, "num_key_value_heads", heads, e) ||
        !take_whole(&width, file, "head_dim", dim / heads, e) ||
        !take_whole(&context, file, "max_position_embeddings", 2048, e) ||
        !take_whole(&window, file, is(file, "model_type", "mistral") ? "sliding_window" : "", 0, e))
        return false;
    return bundle_set_whole(b, "model.head_dim", width, e) &&
           bundle_set_whole(b, "model.context", context, e) &&
           bundle_set_attention(b, heads, kv, window, e) &&
           bundle_set_real(b, "model.norm_eps", number_or(file, "rms_norm_eps", 1e-6), e) &&
           bundle_set_text(
               b, "model.tie_embeddings",
               json_is_true(json_object_get(file, "tie_word_embeddings")) ? "true" : "false", e) &&
           read_rope(b, file, context, e);
}
