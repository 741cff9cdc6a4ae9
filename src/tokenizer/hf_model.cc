// "model" of a tokenizer.json (formats 6.5).
#include <algorithm>
#include <limits>
#include <set>

#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/decimal_score.h"
#include "tokenizer/hf_sections.h"
#include "tokenizer/merge_lines.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

// Ids are indices of tables, so they must not lie far apart: real vocabularies
// leave a few thousand out at most.
constexpr std::size_t kMaxHoles = 1'000'000;

constexpr std::string_view kSupported = "BPE, Unigram, WordPiece, WordLevel";

// {"merges": ["a b", ..]} or [["a", "b"], ..].
Status ReadMerges(const JsonSection& section, HfModel& model) {
  PELLUCID_ASSIGN_OR_RETURN(const auto merges, section.Array("merges"));
  std::vector<std::string_view> lines;
  std::vector<MergePair> pairs;
  for (const simdjson::dom::element merge : merges) {
    std::string_view line;
    if (merge.get(line) == simdjson::SUCCESS) {
      if (lines.empty()) lines.reserve(merges.size());
      const bool is_version = lines.empty() && line.starts_with("#version");
      if (!is_version) lines.push_back(line);
      continue;
    }
    if (pairs.empty()) pairs.reserve(merges.size());
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

// Files before tokenizers 0.10 do not name a type: BPE has merges, Unigram a
// list of pairs, WordPiece a prefix.
Result<HfModelType> ReadType(const JsonSection& section) {
  const JsonSection type = section.Get("type");
  if (type.IsNull()) {
    if (!section.Get("merges").IsNull()) return HfModelType::kBpe;
    if (section.Get("vocab").AsArray().ok()) return HfModelType::kUnigram;
    if (!section.Get("continuing_subword_prefix").IsNull()) {
      return HfModelType::kWordPiece;
    }
    return section.Get("unk_token").IsNull() ? HfModelType::kBpe
                                             : HfModelType::kWordLevel;
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view name, type.AsString());
  if (name == "BPE") return HfModelType::kBpe;
  if (name == "Unigram") return HfModelType::kUnigram;
  if (name == "WordPiece") return HfModelType::kWordPiece;
  if (name == "WordLevel") return HfModelType::kWordLevel;
  return type.Unsupported(fmt::format("is \"{}\"", Quote(name)), kSupported);
}

// Dropout makes ids random.
Status CheckDropout(const JsonSection& section) {
  const JsonSection dropout = section.Get("dropout");
  if (dropout.IsNull()) return {};
  PELLUCID_ASSIGN_OR_RETURN(const double rate, dropout.AsNumber());
  if (rate == 0) return {};
  return dropout.Unsupported(fmt::format("is {}, ids would be random", rate),
                             "0");
}

// A string field that may be absent: then `value` stays what it is.
Status ReadString(const JsonSection& section, std::string_view key,
                  std::string& value) {
  PELLUCID_ASSIGN_OR_RETURN(const auto text, section.OptionalString(key));
  if (text) value = std::string(*text);
  return {};
}

Status ReadBpe(const JsonSection& section, HfModel& model) {
  PELLUCID_RETURN_IF_ERROR(CheckDropout(section));
  PELLUCID_RETURN_IF_ERROR(ReadVocab(section.Get("vocab"), model));
  PELLUCID_RETURN_IF_ERROR(ReadMerges(section, model));
  BpeOptions& options = model.options;
  PELLUCID_ASSIGN_OR_RETURN(const auto unknown,
                            section.OptionalString("unk_token"));
  if (unknown) options.unknown = std::string(*unknown);
  PELLUCID_ASSIGN_OR_RETURN(options.fuse_unknown,
                            section.Bool("fuse_unk", false));
  PELLUCID_ASSIGN_OR_RETURN(options.ignore_merges,
                            section.Bool("ignore_merges", false));
  PELLUCID_ASSIGN_OR_RETURN(options.byte_fallback,
                            section.Bool("byte_fallback", false));
  PELLUCID_RETURN_IF_ERROR(
      ReadString(section, "continuing_subword_prefix", options.prefix));
  return ReadString(section, "end_of_word_suffix", options.suffix);
}

Status ReadWordPiece(const JsonSection& section, HfModel& model) {
  PELLUCID_RETURN_IF_ERROR(ReadVocab(section.Get("vocab"), model));
  WordPiece::Options& options = model.word_piece;
  PELLUCID_RETURN_IF_ERROR(ReadString(section, "unk_token", options.unknown));
  PELLUCID_RETURN_IF_ERROR(
      ReadString(section, "continuing_subword_prefix", options.prefix));
  const JsonSection most = section.Get("max_input_chars_per_word");
  if (most.IsNull()) return {};
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t characters, most.AsInteger());
  if (characters < 0) {
    return most.Damaged(fmt::format("is {}, below 0", characters));
  }
  options.most_characters = static_cast<std::size_t>(characters);
  return {};
}

Status ReadWordLevel(const JsonSection& section, HfModel& model) {
  PELLUCID_RETURN_IF_ERROR(ReadVocab(section.Get("vocab"), model));
  model.word_piece.unknown = "<unk>";
  return ReadString(section, "unk_token", model.word_piece.unknown);
}

// "vocab" of Unigram: [["token", score], ..].
Status ReadScoredVocab(const JsonSection& section, HfModel& model) {
  PELLUCID_ASSIGN_OR_RETURN(const auto entries, section.AsArray());
  std::vector<std::string_view> tokens;
  for (const simdjson::dom::element entry : entries) {
    simdjson::dom::array pair;
    std::string_view token;
    double score = 0;
    if (entry.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
        pair.at(0).get(token) != simdjson::SUCCESS ||
        pair.at(1).get(score) != simdjson::SUCCESS) {
      return section.Damaged(
          fmt::format("has the entry {} that is no pair of token and score",
                      tokens.size()));
    }
    tokens.push_back(token);
    model.scores.push_back(DecimalScore(score));
  }
  if (tokens.empty()) return section.Damaged("has no tokens");
  model.count = tokens.size();
  model.flags.assign(tokens.size(), kModelToken);
  model.vocabulary = Vocabulary(tokens);
  return {};
}

Status ReadUnigram(const JsonSection& section, HfModel& model) {
  PELLUCID_RETURN_IF_ERROR(ReadScoredVocab(section.Get("vocab"), model));
  PELLUCID_ASSIGN_OR_RETURN(model.unigram.byte_fallback,
                            section.Bool("byte_fallback", false));
  const JsonSection unknown = section.Get("unk_id");
  if (unknown.IsNull()) return {};
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t id, unknown.AsInteger());
  if (id < 0 || static_cast<std::uint64_t>(id) >= model.count) {
    return unknown.Damaged(
        fmt::format("is {}, its ids go from 0 to {}", id, model.count - 1));
  }
  model.unigram.unknown = static_cast<TokenId>(id);
  return {};
}

}  // namespace

Status ReadVocab(const JsonSection& section, HfModel& model) {
  PELLUCID_ASSIGN_OR_RETURN(const auto object, section.AsObject());
  std::vector<std::pair<std::string_view, std::uint64_t>> entries;
  entries.reserve(object.size());
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
  HfModel model;
  PELLUCID_ASSIGN_OR_RETURN(model.type, ReadType(section));
  Status status;
  switch (model.type) {
    case HfModelType::kBpe:
      status = ReadBpe(section, model);
      break;
    case HfModelType::kUnigram:
      status = ReadUnigram(section, model);
      break;
    case HfModelType::kWordPiece:
      status = ReadWordPiece(section, model);
      break;
    case HfModelType::kWordLevel:
      status = ReadWordLevel(section, model);
      break;
  }
  if (!status.ok()) return status.error();
  return model;
}

}  // namespace pellucid
