#include "tokenizer/gpt2_files.h"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "fmt/format.h"
#include "formats/json_file.h"
#include "tokenizer/hf_config.h"
#include "tokenizer/hf_spec.h"
#include "tokenizer/merge_lines.h"

namespace pellucid {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 27;

std::string PathIn(const std::string& folder, std::string_view file) {
  return (std::filesystem::path(folder) / file).string();
}

// The lines of merges.txt [ranks]; the first may name a version.
std::vector<std::string_view> MergeLines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && !line.starts_with("#version")) lines.push_back(line);
    at = end + 1;
  }
  return lines;
}

Result<std::string_view> TextOf(const MappedFile& file) {
  const std::string_view text(
      reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const std::string name = Quote(file.path());
  if (text.size() > kMaxBytes) {
    return ModelError(
        fmt::format("open: {}: has {} bytes, at most {} are supported; get "
                    "the file again",
                    name, text.size(), kMaxBytes));
  }
  if (const auto offset = FirstInvalidUtf8(text)) {
    return ModelError(
        fmt::format("open: {}: invalid UTF-8 at byte {}; get the file again",
                    name, *offset));
  }
  return text;
}

// The classes whose files say no more than vocabulary and merges. No class is
// what the oldest files have.
Status CheckClass(const HfConfig& config) {
  for (const std::string_view known :
       {"", "GPT2Tokenizer", "GPT2TokenizerFast"}) {
    if (config.tokenizer_class == known) return {};
  }
  return ModelError(fmt::format(
      "open: {}: unsupported tokenizer: vocab.json and merges.txt of a {}; "
      "supported: GPT2Tokenizer, or a tokenizer.json",
      Quote(config.name), Quote(config.tokenizer_class)));
}

// GPT-2's own end of text stands for the tokens that the files do not name.
void AddDefaultTokens(const HfModel& model, HfConfig& config) {
  constexpr std::string_view kEndOfText = "<|endoftext|>";
  if (!model.vocabulary.Find(kEndOfText)) return;
  AddedEntry entry;
  entry.content = std::string(kEndOfText);
  entry.special = true;
  if (!config.bos) config.bos = entry.content;
  if (!config.eos) config.eos = entry.content;
  if (config.bos == kEndOfText || config.eos == kEndOfText) {
    config.special.push_back(std::move(entry));
  }
}

}  // namespace

bool HasGpt2Files(const std::string& folder) {
  std::error_code error;
  return std::filesystem::exists(PathIn(folder, "vocab.json"), error) &&
         std::filesystem::exists(PathIn(folder, "merges.txt"), error);
}

Result<Tokenizer> LoadGpt2Files(const std::string& folder) {
  PELLUCID_ASSIGN_OR_RETURN(HfConfig config, ReadHfConfig(folder));
  PELLUCID_RETURN_IF_ERROR(CheckClass(config));
  PELLUCID_ASSIGN_OR_RETURN(
      const JsonFile vocab,
      JsonFile::Open(PathIn(folder, "vocab.json"), kMaxBytes));
  PELLUCID_ASSIGN_OR_RETURN(const MappedFile file,
                            MappedFile::Open(PathIn(folder, "merges.txt")));
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view text, TextOf(file));
  HfSpec spec;
  spec.name = folder;
  PELLUCID_RETURN_IF_ERROR(ReadVocab(
      JsonSection(vocab.name(), "vocabulary", vocab.root()), spec.model));
  PELLUCID_ASSIGN_OR_RETURN(spec.model.merges,
                            SplitMergeLines(MergeLines(text), file.path()));
  if (config.add_prefix_space) {
    spec.pre_tokenizer.steps = {MakePrefixSpaceStep()};
  }
  spec.pre_tokenizer.last = PrePattern::kGpt2;
  spec.pre_tokenizer.byte_level = true;
  spec.decoder = Decoder({MakeByteLevelDecoder()});
  AddDefaultTokens(spec.model, config);
  AddedTokenList list(spec.model);
  PELLUCID_RETURN_IF_ERROR(AddConfigTokens(config, list));
  ApplyFlags(config, list, spec.text);
  if (config.bos) spec.bos = list.Find(*config.bos);
  if (config.eos) spec.eos = list.Find(*config.eos);
  spec.model_bos = config.model_bos;
  spec.model_eos = config.model_eos;
  spec.added = std::move(list).Take();
  return MakeHfTokenizer(std::move(spec));
}

}  // namespace pellucid
