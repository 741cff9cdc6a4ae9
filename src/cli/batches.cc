#include "cli/batches.h"

#include <utility>

#include "cli/chat_prompt.h"
#include "cli/json_lines.h"

namespace pellucid::cli {
namespace {

// Enough rows to keep every thread busy.
constexpr std::size_t kBatchTokens = 512;
// What a batch may keep: a lens of 512 tokens, 31 rows and 576 features keeps
// 2^23 numbers, a trace of every site of that model twenty times as many.
constexpr std::size_t kBatchNumbers = std::size_t{1} << 25;

class BatchRunner {
 public:
  BatchRunner(const Arguments& arguments, const Source& source,
              const KeptNumbers& kept, const RunBatchFunction& run)
      : arguments_(arguments), source_(source), kept_(kept), run_(run) {}

  void Add(std::size_t line, std::vector<TokenId> ids, RawPrompt prompt) {
    if (batch_.size() == 0) batch_.first_line = line;
    tokens_ += ids.size();
    numbers_ += kept_(ids.size());
    batch_.ids.push_back(std::move(ids));
    batch_.texts.push_back(std::move(prompt.text));
    batch_.turns.push_back(std::move(prompt.turns));
  }
  bool full() const {
    return tokens_ >= kBatchTokens || numbers_ >= kBatchNumbers;
  }

  Status Flush() {
    const Batch batch = std::exchange(batch_, {});
    tokens_ = numbers_ = 0;
    if (batch.size() == 0) return {};
    const Status status = run_(batch);
    if (status.ok() || !IsOfOnePrompt(status.error())) return status;
    if (batch.size() == 1) return At(batch, 0, status.error());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (const Status one = run_(batch.Only(i)); !one.ok()) {
        return At(batch, i, one.error());
      }
    }
    return {};
  }

 private:
  static bool IsOfOnePrompt(const Error& error) {
    return error.code == ErrorCode::kUsage || error.code == ErrorCode::kModel;
  }
  Error At(const Batch& batch, std::size_t i, const Error& error) const {
    return AtLine(arguments_.command(), source_.name(), batch.first_line + i,
                  error);
  }

  const Arguments& arguments_;
  const Source& source_;
  const KeptNumbers& kept_;
  const RunBatchFunction& run_;
  Batch batch_;
  std::size_t tokens_ = 0, numbers_ = 0;
};

}  // namespace

Batch Batch::Only(std::size_t i) const {
  return {first_line + i, {ids[i]}, {texts[i]}, {turns[i]}};
}

Status ForEachBatch(const Arguments& arguments, const PromptOptions& options,
                    const Model& model, Io& io, const KeptNumbers& kept,
                    const RunBatchFunction& run) {
  std::unique_ptr<Source> owned;
  PELLUCID_ASSIGN_OR_RETURN(Source * source,
                            OpenInput(*options.jsonl, io, &owned));
  PELLUCID_ASSIGN_OR_RETURN(const PromptEncoder encoder,
                            PromptEncoder::Make(arguments, options, model));
  LineReader lines(*source, kMaxLineBytes);
  BatchRunner runner(arguments, *source, kept, run);
  std::string line;
  while (true) {
    PELLUCID_ASSIGN_OR_RETURN(const bool more, lines.Next(&line));
    if (!more) return runner.Flush();
    RawPrompt prompt;
    prompt.source = LineName(source->name(), lines.number());
    Result<std::vector<TokenId>> ids = std::vector<TokenId>();
    auto parsed = options.chat ? ParseChatLine(line) : ParsePromptLine(line);
    if (!parsed.ok()) {
      ids = parsed.error();
    } else {
      prompt.text = std::move(parsed->text);
      prompt.ids = std::move(parsed->ids);
      ids = encoder.Encode(arguments, &prompt, io);
    }
    if (!ids.ok()) {
      PELLUCID_RETURN_IF_ERROR(runner.Flush());
      return AtLine(arguments.command(), source->name(), lines.number(),
                    ids.error());
    }
    runner.Add(lines.number(), std::move(*ids), std::move(prompt));
    if (runner.full()) PELLUCID_RETURN_IF_ERROR(runner.Flush());
  }
}

}  // namespace pellucid::cli
