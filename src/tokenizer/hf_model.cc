// "model" of a tokenizer.json (formats 6.5): BPE.
#include <algorithm>
#include <limits>
#include <set>

#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/hf_sections.h"
#include "tokenizer/merge_lines.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

// Ids are indices of tables, so they must not lie far apart: real vocabularies
// leave a few thousand out at most.
constexpr std::size_t kMaxHoles = 1'000'000;

constexpr std::string_view kSupported = "BPE";

// {"merges": ["a b", ..]} or [["a", "b"], ..].
Status ReadMerges(const JsonSection& section, HfModel& model) {
  PELLUCID_ASSIGN_OR_RETURN(const auto merges, section.Array("merges"));
  std::vector<std::string_view> lines;
  std::vector<MergePair> pairs;
  for (const simdjson::dom::element merge : merges) {
    std::string_view line;
    if (merge.get(line) == simdjson::SUCCESS) {
      const bool is_version = lines.empty() && line.starts_with("#version");
      if (!is_version) lines.push_back(line);
      continue;
    }
    MergePair pair;
    simdjson::dom::array parts;
    if (merge.get(parts) != simdjson::SUCCESS || parts.size() != 2 ||
        parts.at(0).get(pair.left) != simdjson::SUCCESS ||
        parts.at(1).get(pair.right) != simdjson::SUCCESS) {
      return section.Damaged(fmt::format(
          "has the merge {} that is no pair of tokens", pairs.size()));
    }
    pairs.push_back(pair);
  }
  if (!lines.empty() && !pairs.empty()) {
    return section.Damaged("has merges of two forms");
  }
  if (!lines.empty()) {
    PELLUCID_ASSIGN_OR_RETURN(pairs, SplitMergeLines(lines, section.name()));
  }
  model.merges = std::move(pairs);
  return {};
}

// What would change ids and is not built.
Status CheckModel(const JsonSection& section) {
  const JsonSection type = section.Get("type");
  if (!type.IsNull()) {  // files before tokenizers 0.10 do not say
    PELLUCID_ASSIGN_OR_RETURN(const std::string_view name, type.AsString());
    if (name != "BPE") {
      return type.Unsupported(fmt::format("is \"{}\"", Quote(name)),
                              kSupported);
    }
  }
  for (const std::string_view key :
       {"continuing_subword_prefix", "end_of_word_suffix"}) {
    PELLUCID_ASSIGN_OR_RETURN(const auto affix, section.OptionalString(key));
    if (affix && !affix->empty()) {
      return section.Get(key).Unsupported(
          fmt::format("is \"{}\"", Quote(*affix)), "none");
    }
  }
  const JsonSection dropout = section.Get("dropout");
  if (!dropout.IsNull()) {
    PELLUCID_ASSIGN_OR_RETURN(const double rate, dropout.AsNumber());
    if (rate != 0) {
      return dropout.Unsupported(
          fmt::format("is {}, ids would be random", rate), "0");
    }
  }
  return {};
}

}  // namespace

Status ReadVocab(const JsonSection& section, HfModel& model) {
  PELLUCID_ASSIGN_OR_RETURN(const auto object, section.AsObject());
  std::vector<std::pair<std::string_view, std::uint64_t>> entries;
  std::uint64_t highest = 0;
  for (const auto& [token, value] : object) {
    std::uint64_t id = 0;
    if (value.get(id) != simdjson::SUCCESS) {
      return section.Damaged(
          fmt::format("gives \"{}\" an id that is no number", Quote(token)));
    }
    highest = std::max(highest, id);
    entries.emplace_back(token, id);
  }
  if (entries.empty()) return section.Damaged("has no tokens");
  if (highest >= entries.size() + kMaxHoles) {
    return section.Damaged(
        fmt::format("has {} tokens and the id {}, at most {} may be left out",
                    entries.size(), highest, kMaxHoles));
  }
  std::vector<std::string_view> tokens(static_cast<std::size_t>(highest) + 1);
  model.flags.assign(tokens.size(), 0);
  for (const auto& [token, id] : entries) {
    if (model.flags[id] != 0) {
      return section.Damaged(fmt::format("gives the id {} to \"{}\" and \"{}\"",
                                         id, Quote(tokens[id]), Quote(token)));
    }
    tokens[id] = token;
    model.flags[id] = kModelToken;
  }
  model.count = entries.size();
  model.vocabulary = Vocabulary(tokens);
  if (const auto twice = model.vocabulary.duplicate()) {
    return section.Damaged(
        fmt::format("has \"{}\" twice", Quote(model.vocabulary.Text(*twice))));
  }
  return {};
}

Result<HfModel> ReadModel(const JsonSection& section) {
  PELLUCID_RETURN_IF_ERROR(CheckModel(section));
  HfModel model;
  PELLUCID_RETURN_IF_ERROR(ReadVocab(section.Get("vocab"), model));
  PELLUCID_RETURN_IF_ERROR(ReadMerges(section, model));
  PELLUCID_ASSIGN_OR_RETURN(const auto unknown,
                            section.OptionalString("unk_token"));
  if (unknown) model.options.unknown = std::string(*unknown);
  PELLUCID_ASSIGN_OR_RETURN(model.options.fuse_unknown,
                            section.Bool("fuse_unk", false));
  PELLUCID_ASSIGN_OR_RETURN(model.ignore_merges,
                            section.Bool("ignore_merges", false));
  PELLUCID_ASSIGN_OR_RETURN(const bool byte_fallback,
                            section.Bool("byte_fallback", false));
  if (byte_fallback) {
    return section.Get("byte_fallback").Unsupported("is true", "false");
  }
  return model;
}

}  // namespace pellucid
