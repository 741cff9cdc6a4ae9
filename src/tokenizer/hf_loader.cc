#include "tokenizer/hf_loader.h"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/quote.h"
#include "fmt/format.h"
#include "formats/json_file.h"
#include "tokenizer/gpt2_files.h"
#include "tokenizer/hf_config.h"
#include "tokenizer/hf_spec.h"

namespace pellucid {
namespace {

// The largest known, Gemma's, has 33 MB.
constexpr std::size_t kMaxBytes = std::size_t{1} << 27;

std::string PathIn(const std::string& folder, std::string_view file) {
  return (std::filesystem::path(folder) / file).string();
}

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// Reads the file with what `config`, which may be absent, says beside it.
Result<Tokenizer> Read(const JsonFile& file, const HfConfig* config) {
  const JsonSection root(file.name(), "", file.root());
  HfSpec spec;
  spec.name = file.name();
  const JsonSection version = root.Get("version");
  if (!version.IsNull()) {
    PELLUCID_ASSIGN_OR_RETURN(const std::string_view text, version.AsString());
    if (text != "1.0") {
      return version.Unsupported(fmt::format("is \"{}\"", Quote(text)), "1.0");
    }
  }
  PELLUCID_ASSIGN_OR_RETURN(spec.model, ReadModel(root.Get("model")));
  PELLUCID_ASSIGN_OR_RETURN(spec.normalizer,
                            ReadNormalizer(root.Get("normalizer")));
  PELLUCID_ASSIGN_OR_RETURN(spec.pre_tokenizer,
                            ReadPreTokenizer(root.Get("pre_tokenizer")));
  PELLUCID_ASSIGN_OR_RETURN(spec.text,
                            ReadPostProcessor(root.Get("post_processor")));
  PELLUCID_ASSIGN_OR_RETURN(spec.decoder, ReadDecoder(root.Get("decoder")));
  AddedTokenList list(spec.model);
  PELLUCID_RETURN_IF_ERROR(ReadAddedTokens(root.Get("added_tokens"), list));
  if (config != nullptr) {
    PELLUCID_RETURN_IF_ERROR(AddConfigTokens(*config, list));
    if (config->bos) spec.bos = list.Find(*config->bos);
    if (config->eos) spec.eos = list.Find(*config->eos);
    spec.model_bos = config->model_bos;
    spec.model_eos = config->model_eos;
  }
  spec.added = std::move(list).Take();
  return MakeHfTokenizer(std::move(spec));
}

Result<Tokenizer> Load(const std::string& path, const HfConfig* config) {
  PELLUCID_ASSIGN_OR_RETURN(const JsonFile file,
                            JsonFile::Open(path, kMaxBytes));
  return Read(file, config);
}

Result<std::optional<Tokenizer>> Found(Result<Tokenizer> tokenizer) {
  if (!tokenizer.ok()) return tokenizer.error();
  return std::optional<Tokenizer>(std::move(tokenizer).value());
}

}  // namespace

Result<Tokenizer> LoadTokenizerJson(const std::string& path) {
  return Load(path, /*config=*/nullptr);
}

Result<Tokenizer> ParseTokenizerJson(std::string_view text,
                                     const std::string& name) {
  PELLUCID_ASSIGN_OR_RETURN(const JsonFile file, JsonFile::Parse(text, name));
  return Read(file, /*config=*/nullptr);
}

Result<std::optional<Tokenizer>> LoadHfTokenizer(const std::string& folder) {
  const std::string path = PathIn(folder, "tokenizer.json");
  if (Exists(path)) {
    PELLUCID_ASSIGN_OR_RETURN(const HfConfig config, ReadHfConfig(folder));
    return Found(Load(path, &config));
  }
  if (HasGpt2Files(folder)) return Found(LoadGpt2Files(folder));
  if (Exists(PathIn(folder, "tokenizer.model"))) {
    return ModelError(
        fmt::format("open: {}: unsupported tokenizer: tokenizer.model alone; "
                    "supported: tokenizer.json, or vocab.json with merges.txt",
                    Quote(folder)));
  }
  return std::optional<Tokenizer>();
}

}  // namespace pellucid
