#include "tokenizer/chat_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "base/quote.h"
#include "formats/json_file.h"
#include "tokenizer/jinja/limits.h"

namespace pellucid {
namespace {

namespace fs = std::filesystem;
namespace dom = simdjson::dom;

constexpr std::size_t kMaxJsonBytes = std::size_t{1} << 26;

constexpr std::string_view kTokenNames[] = {
    "bos_token", "eos_token", "unk_token", "sep_token",
    "pad_token", "cls_token", "mask_token"};

Error Damaged(const std::string& name, std::string_view what) {
  return ModelError(
      fmt::format("chat: {}: {}; get the file again", Quote(name), what));
}

Error NoTemplate(const std::string& name) {
  return ModelError(
      fmt::format("chat: {}: the model has no chat template; "
                  "leave out --chat",
                  Quote(name)));
}

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

Result<std::optional<JsonFile>> OpenJson(const fs::path& path) {
  if (!Exists(path)) return std::optional<JsonFile>();
  PELLUCID_ASSIGN_OR_RETURN(JsonFile file,
                            JsonFile::Open(path.string(), kMaxJsonBytes));
  return std::optional<JsonFile>(std::move(file));
}

Result<std::string> ReadText(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  if (file.bytes().size() > jinja::kMaxSource) {
    return Damaged(path, fmt::format("has {} bytes, a template at most {}",
                                     file.bytes().size(), jinja::kMaxSource));
  }
  return std::string(reinterpret_cast<const char*>(file.bytes().data()),
                     file.bytes().size());
}

// Of [{"name": ..., "template": ...}, ...] the one named "default".
Result<std::optional<std::string>> DefaultOf(dom::array list,
                                             const std::string& name) {
  std::vector<std::string> names;
  for (const dom::element entry : list) {
    std::string_view called, text;
    if (entry["name"].get(called) != simdjson::SUCCESS ||
        entry["template"].get(text) != simdjson::SUCCESS) {
      return Damaged(name, "an entry of chat_template has no name or template");
    }
    if (called == "default") return std::optional(std::string(text));
    names.push_back(Quote(called));
  }
  if (names.empty()) return std::optional<std::string>();
  return ModelError(
      fmt::format("chat: {}: has the chat templates {}, none of "
                  "them named default; write the prompt yourself",
                  Quote(name), fmt::join(names, ", ")));
}

// The key "chat_template"; nothing where it is absent or null.
Result<std::optional<std::string>> TemplateOf(const JsonFile& file) {
  dom::element field;
  if (file.root()["chat_template"].get(field) != simdjson::SUCCESS ||
      field.is_null()) {
    return std::optional<std::string>();
  }
  std::string_view text;
  if (field.get(text) == simdjson::SUCCESS) {
    return std::optional(std::string(text));
  }
  dom::array list;
  if (field.get(list) == simdjson::SUCCESS) {
    return DefaultOf(list, file.name());
  }
  return Damaged(file.name(), "chat_template is neither a text nor a list");
}

// Adds the named tokens, each a text or an object with "content"; those that
// are there already are replaced.
void AddTokens(const JsonFile& file, ChatTokens& tokens) {
  for (const std::string_view key : kTokenNames) {
    dom::element field;
    std::string_view text;
    if (file.root()[key].get(field) != simdjson::SUCCESS) continue;
    if (field.get(text) != simdjson::SUCCESS &&
        field["content"].get(text) != simdjson::SUCCESS) {
      continue;
    }
    const auto old =
        std::find_if(tokens.begin(), tokens.end(),
                     [&](const auto& token) { return token.first == key; });
    if (old != tokens.end()) {
      old->second = text;
    } else {
      tokens.emplace_back(key, text);
    }
  }
}

}  // namespace

Result<ChatTemplate> LoadHfChatTemplate(const std::string& folder) {
  const fs::path at(folder);
  ChatTokens tokens;
  std::optional<std::string> source;
  std::string name = folder;
  PELLUCID_ASSIGN_OR_RETURN(const auto config,
                            OpenJson(at / "tokenizer_config.json"));
  bool lists_added = false;
  if (config) {
    AddTokens(*config, tokens);
    dom::object added;
    lists_added =
        config->root()["added_tokens_decoder"].get(added) == simdjson::SUCCESS;
  }
  PELLUCID_ASSIGN_OR_RETURN(const auto map,
                            OpenJson(at / "special_tokens_map.json"));
  if (map && !lists_added) AddTokens(*map, tokens);
  if (const fs::path jinja = at / "chat_template.jinja"; Exists(jinja)) {
    name = jinja.string();
    PELLUCID_ASSIGN_OR_RETURN(source, ReadText(name));
  }
  if (!source && config) {
    name = config->name();
    PELLUCID_ASSIGN_OR_RETURN(source, TemplateOf(*config));
  }
  if (!source) {
    PELLUCID_ASSIGN_OR_RETURN(const auto old,
                              OpenJson(at / "chat_template.json"));
    if (old) {
      name = old->name();
      PELLUCID_ASSIGN_OR_RETURN(source, TemplateOf(*old));
    }
  }
  if (!source) return NoTemplate(folder);
  return ChatTemplate::Parse(*source, std::move(tokens), name);
}

Result<ChatTemplate> LoadGgufChatTemplate(const GgufFile& file) {
  constexpr std::string_view kTemplateKey = "tokenizer.chat_template";
  constexpr std::pair<std::string_view, std::string_view> kIds[] = {
      {"bos_token", "tokenizer.ggml.bos_token_id"},
      {"eos_token", "tokenizer.ggml.eos_token_id"},
      {"unk_token", "tokenizer.ggml.unknown_token_id"},
      {"sep_token", "tokenizer.ggml.seperator_token_id"},
      {"pad_token", "tokenizer.ggml.padding_token_id"},
      {"cls_token", "tokenizer.ggml.cls_token_id"},
      {"mask_token", "tokenizer.ggml.mask_token_id"}};
  if (!file.Has(kTemplateKey)) return NoTemplate(file.name());
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view source,
                            file.String(kTemplateKey));
  ChatTokens tokens;
  if (file.Has("tokenizer.ggml.tokens")) {
    PELLUCID_ASSIGN_OR_RETURN(const auto texts,
                              file.Strings("tokenizer.ggml.tokens"));
    for (const auto& [token, key] : kIds) {
      if (!file.Has(key)) continue;
      PELLUCID_ASSIGN_OR_RETURN(const std::uint64_t id, file.Unsigned(key));
      if (id < texts.size()) tokens.emplace_back(token, texts[id]);
    }
  }
  return ChatTemplate::Parse(source, std::move(tokens), file.name());
}

}  // namespace pellucid
