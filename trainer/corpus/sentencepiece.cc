/* sentencepiece.cc - calls SentencePiece (Kudo and Richardson, 2018) and turns its exceptions and
 * statuses into errors.  No exception may pass through C, so every function that can throw catches.
 */
#include "trainer/corpus/sentencepiece.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct sp {
    sentencepiece::SentencePieceProcessor processor;
};

namespace
{

class lines final : public sentencepiece::SentenceIterator
{
  public:
    lines(sp_next next_line, void *line_arg) : next(next_line), arg(line_arg)
    {
        step();
    }
    bool done() const override
    {
        return end;
    }
    void Next() override
    {
        step();
    }
    const std::string &value() const override
    {
        return line;
    }
    sentencepiece::util::Status status() const override
    {
        return {};
    }

  private:
    void step()
    {
        const char *text = nullptr;
        size_t n = 0;
        end = !next(arg, &text, &n);
        line.assign(end ? "" : text, end ? 0 : n);
    }

    sp_next next;
    void *arg;
    std::string line;
    bool end = false;
};

bool copy(char **out, size_t *n, const std::string &text, error *e)
{
    *out = static_cast<char *>(std::malloc(text.size() + 1));
    if (!*out) return error_set(e, "out of memory");
    std::memcpy(*out, text.data(), text.size());
    (*out)[text.size()] = '\0';
    *n = text.size();
    return true;
}

/* Report the exception that is being handled. */
bool caught(error *e)
{
    try {
        throw;
    } catch (const std::bad_alloc &) {
        return error_set(e, "out of memory");
    } catch (const std::exception &x) {
        return error_set(e, "%s", x.what());
    } catch (...) {
        return error_set(e, "SentencePiece failed");
    }
}

} // namespace

bool sp_train(char **model, size_t *n, const char *const *settings, sp_next next, void *arg,
              error *e)
try {
    std::unordered_map<std::string, std::string> options;
    for (; settings[0]; settings += 2) options[settings[0]] = settings[1];
    lines text(next, arg);
    std::string bytes;
    const auto status = sentencepiece::SentencePieceTrainer::Train(options, &text, &bytes);
    if (!status.ok()) return error_set(e, "%s", status.ToString().c_str());
    return copy(model, n, bytes, e);
} catch (...) {
    return caught(e);
}

bool sp_open(sp **s, const char *model, size_t n, error *e)
try {
    auto made = std::make_unique<sp>();
    const auto status = made->processor.LoadFromSerializedProto(std::string_view(model, n));
    if (!status.ok()) return error_set(e, "%s", status.ToString().c_str());
    *s = made.release();
    return true;
} catch (...) {
    return caught(e);
}

void sp_close(sp *s)
{
    delete s;
}

int sp_size(const sp *s)
{
    return s->processor.GetPieceSize();
}

int sp_bos(const sp *s)
{
    return s->processor.bos_id();
}

int sp_eos(const sp *s)
{
    return s->processor.eos_id();
}

const char *sp_piece(const sp *s, int id, size_t *n)
{
    const std::string &piece = s->processor.IdToPiece(id);
    *n = piece.size();
    return piece.c_str();
}

float sp_score(const sp *s, int id)
{
    return s->processor.GetScore(id);
}

sp_type sp_type_of(const sp *s, int id)
{
    return s->processor.IsByte(id)      ? SP_BYTE
           : s->processor.IsControl(id) ? SP_CONTROL
           : s->processor.IsUnknown(id) ? SP_UNKNOWN
           : s->processor.IsUnused(id)  ? SP_UNUSED
                                        : SP_NORMAL;
}

bool sp_encode(int32_t *ids, size_t *n, size_t room, const sp *s, const char *text, size_t bytes,
               error *e)
try {
    std::vector<int> found;
    const auto status = s->processor.Encode(std::string_view(text, bytes), &found);
    if (!status.ok()) return error_set(e, "%s", status.ToString().c_str());
    if (found.size() > room) return error_set(e, "the text has more pieces than bytes");
    for (size_t i = 0; i < found.size(); i++) ids[i] = found[i];
    *n = found.size();
    return true;
} catch (...) {
    return caught(e);
}

bool sp_decode(char **text, size_t *bytes, const sp *s, const int32_t *ids, size_t n, error *e)
try {
    std::string found;
    const auto status = s->processor.Decode(std::vector<int>(ids, ids + n), &found);
    if (!status.ok()) return error_set(e, "%s", status.ToString().c_str());
    return copy(text, bytes, found, e);
} catch (...) {
    return caught(e);
}
