#include "tokenizer/hf_config.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/quote.h"
#include "fmt/format.h"
#include "formats/json_file.h"

namespace pellucid {
namespace {

// Chat templates are in it, and added tokens by the thousand.
constexpr std::size_t kMaxBytes = std::size_t{1} << 26;

constexpr std::string_view kNamedTokens[] = {
    "bos_token", "eos_token", "unk_token", "sep_token",
    "pad_token", "cls_token", "mask_token"};

constexpr std::string_view kTokenLists[] = {"additional_special_tokens",
                                            "extra_special_tokens"};

// The file, if it is there.
Result<std::optional<JsonFile>> OpenBeside(const std::string& folder,
                                           std::string_view file) {
  const std::filesystem::path path = std::filesystem::path(folder) / file;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::optional<JsonFile>();
  PELLUCID_ASSIGN_OR_RETURN(JsonFile json,
                            JsonFile::Open(path.string(), kMaxBytes));
  return std::optional<JsonFile>(std::move(json));
}

// A special token: a string, or an object with content and flags.
Result<AddedEntry> ReadSpecial(const JsonSection& section) {
  AddedEntry entry;
  const auto text = section.AsString();
  if (text.ok()) {
    entry.content = std::string(*text);
  } else {
    PELLUCID_ASSIGN_OR_RETURN(entry, ReadAddedToken(section));
    PELLUCID_ASSIGN_OR_RETURN(entry.normalized,
                              section.Bool("normalized", false));
  }
  entry.special = true;
  return entry;
}

// Appends the tokens of a list, which newer files write as an object of names
// and tokens.
Status ReadSpecialList(const JsonSection& section,
                       std::vector<AddedEntry>& special) {
  std::vector<simdjson::dom::element> elements;
  if (const auto object = section.AsObject(); object.ok()) {
    for (const auto& [key, value] : *object) elements.push_back(value);
  } else {
    PELLUCID_ASSIGN_OR_RETURN(const auto array, section.AsArray());
    for (const simdjson::dom::element value : array) elements.push_back(value);
  }
  for (const simdjson::dom::element& value : elements) {
    PELLUCID_ASSIGN_OR_RETURN(
        special.emplace_back(),
        ReadSpecial(JsonSection(section.name(), section.path(), value)));
  }
  return {};
}

// Reads the special tokens of `root` but those whose names are in `seen`.
Status ReadNamedTokens(const JsonSection& root, std::vector<std::string>& seen,
                       HfConfig& config) {
  for (const std::string_view key : kNamedTokens) {
    const JsonSection field = root.Get(key);
    const bool known = std::find(seen.begin(), seen.end(), key) != seen.end();
    if (field.IsNull() || known) continue;
    seen.emplace_back(key);
    PELLUCID_ASSIGN_OR_RETURN(AddedEntry entry, ReadSpecial(field));
    if (key == "bos_token") config.bos = entry.content;
    if (key == "eos_token") config.eos = entry.content;
    config.special.push_back(std::move(entry));
  }
  for (const std::string_view key : kTokenLists) {
    const JsonSection field = root.Get(key);
    if (field.IsNull()) continue;
    PELLUCID_RETURN_IF_ERROR(ReadSpecialList(field, config.special));
  }
  return {};
}

Result<std::int64_t> ParseId(const JsonSection& section,
                             std::string_view text) {
  std::int64_t id = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  if (error != std::errc() || stop != end) {
    return section.Damaged(fmt::format("has the id \"{}\"", Quote(text)));
  }
  return id;
}

// "added_tokens_decoder": {"id": {"content": ..}, ..}.
Status ReadAddedDecoder(const JsonSection& section, HfConfig& config) {
  if (section.IsNull()) return {};
  PELLUCID_ASSIGN_OR_RETURN(const auto object, section.AsObject());
  for (const auto& [key, value] : object) {
    const JsonSection token(section.name(),
                            fmt::format("{}.{}", section.path(), Quote(key)),
                            value);
    PELLUCID_ASSIGN_OR_RETURN(const std::int64_t id, ParseId(section, key));
    PELLUCID_ASSIGN_OR_RETURN(AddedEntry entry, ReadAddedToken(token));
    config.added.push_back({std::move(entry), id});
  }
  return {};
}

// added_tokens.json: {"content": id, ..}.
Status ReadAddedFile(const JsonSection& root, HfConfig& config) {
  PELLUCID_ASSIGN_OR_RETURN(const auto object, root.AsObject());
  for (const auto& [key, value] : object) {
    const JsonSection id(root.name(), std::string(key), value);
    HfConfig::Token token;
    token.entry.content = std::string(key);
    PELLUCID_ASSIGN_OR_RETURN(token.stated, id.AsInteger());
    config.added.push_back(std::move(token));
  }
  return {};
}

Result<std::optional<bool>> OptionalBool(const JsonSection& root,
                                         std::string_view key) {
  if (root.Get(key).IsNull()) return std::optional<bool>();
  PELLUCID_ASSIGN_OR_RETURN(const bool value, root.Bool(key, false));
  return std::optional(value);
}

Status ReadTokenizerConfig(const JsonSection& root, HfConfig& config) {
  PELLUCID_ASSIGN_OR_RETURN(const auto name,
                            root.OptionalString("tokenizer_class"));
  if (name) config.tokenizer_class = std::string(*name);
  PELLUCID_ASSIGN_OR_RETURN(config.adds_bos,
                            OptionalBool(root, "add_bos_token"));
  PELLUCID_ASSIGN_OR_RETURN(config.adds_eos,
                            OptionalBool(root, "add_eos_token"));
  PELLUCID_ASSIGN_OR_RETURN(config.add_prefix_space,
                            root.Bool("add_prefix_space", false));
  return ReadAddedDecoder(root.Get("added_tokens_decoder"), config);
}

// A whole number, or the first of a list of them.
std::optional<std::int64_t> FirstId(const JsonSection& section) {
  if (const auto id = section.AsInteger(); id.ok()) return *id;
  const auto list = section.AsArray();
  if (!list.ok() || list->size() == 0) return std::nullopt;
  const JsonSection first(section.name(), section.path(), *list->begin());
  const auto id = first.AsInteger();
  return id.ok() ? std::optional(*id) : std::nullopt;
}

// The ids of the model's own files: generation_config.json's, else
// config.json's.
void ReadModelIds(const std::string& folder, HfConfig& config) {
  for (const std::string_view file :
       {"generation_config.json", "config.json"}) {
    const auto json = OpenBeside(folder, file);
    if (!json.ok() || !*json) continue;
    const JsonSection root((*json)->name(), "", (*json)->root());
    if (!config.model_bos) config.model_bos = FirstId(root.Get("bos_token_id"));
    if (!config.model_eos) config.model_eos = FirstId(root.Get("eos_token_id"));
  }
}

}  // namespace

Result<HfConfig> ReadHfConfig(const std::string& folder) {
  HfConfig config;
  config.name = folder;
  std::vector<std::string> seen;
  PELLUCID_ASSIGN_OR_RETURN(const auto main,
                            OpenBeside(folder, "tokenizer_config.json"));
  if (main) {
    const JsonSection root(main->name(), "", main->root());
    PELLUCID_RETURN_IF_ERROR(ReadTokenizerConfig(root, config));
    PELLUCID_RETURN_IF_ERROR(ReadNamedTokens(root, seen, config));
  }
  PELLUCID_ASSIGN_OR_RETURN(const auto map,
                            OpenBeside(folder, "special_tokens_map.json"));
  if (map) {
    const JsonSection root(map->name(), "", map->root());
    PELLUCID_RETURN_IF_ERROR(ReadNamedTokens(root, seen, config));
  }
  PELLUCID_ASSIGN_OR_RETURN(const auto added,
                            OpenBeside(folder, "added_tokens.json"));
  if (added && config.added.empty()) {
    const JsonSection root(added->name(), "", added->root());
    PELLUCID_RETURN_IF_ERROR(ReadAddedFile(root, config));
  }
  ReadModelIds(folder, config);
  std::stable_sort(config.added.begin(), config.added.end(),
                   [](const HfConfig::Token& a, const HfConfig::Token& b) {
                     return a.stated < b.stated;
                   });
  return config;
}

Status AddConfigTokens(const HfConfig& config, AddedTokenList& list) {
  const JsonSection section(config.name, "added_tokens_decoder", std::nullopt);
  list.BeginCall();
  for (const HfConfig::Token& token : config.added) {
    PELLUCID_RETURN_IF_ERROR(list.Add(token.entry, token.stated, section));
  }
  // A name stands for the added token of that content, flags and all.
  for (const AddedEntry& entry : config.special) {
    if (list.MarkSpecial(entry.content)) continue;
    PELLUCID_RETURN_IF_ERROR(list.Add(entry, std::nullopt, section));
  }
  return {};
}

void ApplyFlags(const HfConfig& config, const AddedTokenList& list,
                HfTemplate& text) {
  const auto id_of = [&](const std::optional<std::string>& content) {
    return content ? list.Find(*content) : std::nullopt;
  };
  if (const auto bos = id_of(config.bos); bos && config.adds_bos) {
    const bool has = !text.before.empty() && text.before.front() == *bos;
    if (*config.adds_bos && !has) text.before.insert(text.before.begin(), *bos);
    if (!*config.adds_bos && has) text.before.erase(text.before.begin());
  }
  if (const auto eos = id_of(config.eos); eos && config.adds_eos) {
    const bool has = !text.after.empty() && text.after.back() == *eos;
    if (*config.adds_eos && !has) text.after.push_back(*eos);
    if (!*config.adds_eos && has) text.after.pop_back();
  }
}

}  // namespace pellucid
