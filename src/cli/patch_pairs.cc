#include "cli/patch_pairs.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <span>
#include <sstream>
#include <system_error>

#include "base/quote.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "cli/prompt.h"
#include "model/token_span.h"

namespace pellucid::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxLinesBytes = std::size_t{1} << 30;

Result<std::string> TextOfMember(std::string_view key,
                                 simdjson::dom::element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  simdjson::dom::array array;
  if (key.ends_with("_ids") && value.get(array) == simdjson::SUCCESS) {
    std::string ids;
    for (const simdjson::dom::element item : array) {
      std::uint64_t id = 0;
      if (item.get(id) != simdjson::SUCCESS) {
        return UsageError(fmt::format(
            "\"{}\" holds something else than token ids; give whole numbers",
            key));
      }
      ids += fmt::format("{}{}", ids.empty() ? "" : ",", id);
    }
    return ids;
  }
  return UsageError(fmt::format("\"{}\" is no text; give a JSON string", key));
}

std::optional<std::string>* MemberOf(RawPair* pair, std::string_view key) {
  if (key == "clean") return &pair->clean;
  if (key == "corrupt") return &pair->corrupt;
  if (key == "clean_ids") return &pair->clean_ids;
  if (key == "corrupt_ids") return &pair->corrupt_ids;
  if (key == "answer") return &pair->answer;
  if (key == "foil") return &pair->foil;
  if (key == "clean_span") return &pair->clean_span;
  if (key == "corrupt_span") return &pair->corrupt_span;
  return nullptr;
}

// One prompt of the two.
Result<std::vector<TokenId>> EncodeSide(const Arguments& arguments,
                                        std::string_view option,
                                        const std::optional<std::string>& text,
                                        const std::optional<std::string>& ids,
                                        BosPolicy bos, const Model& model,
                                        Io& io) {
  if (text.has_value() == ids.has_value()) {
    return arguments.Problem(
        option,
        text ? fmt::format("is given twice; leave out one of {0} and "
                           "{0}-ids",
                           option)
             : fmt::format("is missing; give a prompt, or {}-ids", option));
  }
  RawPrompt prompt;
  prompt.source = std::string(option);
  if (ids) {
    PELLUCID_ASSIGN_OR_RETURN(prompt.ids, ParseIds(arguments, *ids));
  } else {
    prompt.text = text;
    if (const auto offset = FirstInvalidUtf8(*text)) {
      return arguments.Problem(
          option, fmt::format("invalid UTF-8 at byte {} of {}; give UTF-8 text",
                              *offset, text->size()));
    }
  }
  return EncodePrompt(arguments, prompt, bos, model, io);
}

Result<TokenSpan> EncodeSpan(const Arguments& arguments,
                             std::string_view option,
                             const std::optional<std::string>& text,
                             const std::vector<TokenId>& ids,
                             const Model& model) {
  if (!text) return TokenSpan{};
  PELLUCID_ASSIGN_OR_RETURN(const Tokenizer* tokenizer,
                            model.RequireTokenizer());
  const auto found = TokensOfText(*tokenizer, ids, *text);
  if (!found.ok()) return arguments.Problem(option, found.error().message);
  return TokenSpan{found->front(), found->back() + 1};
}

Error System(std::string_view what, const std::string& path) {
  return FailedError(
      fmt::format("patch: {}: {}: {}; name a file that can be "
                  "written",
                  Quote(path), what, std::strerror(errno)));
}

// One earlier result; nothing if the line is none.
struct Found {
  std::size_t line = 0;
  std::string key;
  PatchGrid grid;
};

bool ReadIndices(simdjson::dom::element object, std::string_view key,
                 std::vector<std::size_t>* out) {
  simdjson::dom::array array;
  if (object[key].get(array) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element item : array) {
    std::uint64_t value = 0;
    if (item.get(value) != simdjson::SUCCESS) return false;
    out->push_back(value);
  }
  return true;
}

// [rows, columns] of numbers, or null.
bool ReadMatrix(simdjson::dom::element object, std::string_view key,
                std::size_t rows, std::size_t columns,
                std::vector<std::vector<std::optional<double>>>* out) {
  simdjson::dom::array array;
  if (object[key].get(array) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element item : array) {
    simdjson::dom::array row;
    if (item.get(row) != simdjson::SUCCESS) return false;
    auto& cells = out->emplace_back();
    for (const simdjson::dom::element cell : row) {
      double value = 0;
      if (cell.is_null()) {
        cells.emplace_back();
      } else if (cell.get(value) == simdjson::SUCCESS) {
        cells.emplace_back(value);
      } else {
        return false;
      }
    }
    if (cells.size() != columns) return false;
  }
  return out->size() == rows;
}

std::optional<Found> ParseResult(simdjson::dom::parser& parser,
                                 std::string_view line) {
  Found found;
  simdjson::dom::element root;
  std::uint64_t number = 0;
  std::string_view key, schema;
  PatchGrid& grid = found.grid;
  std::vector<std::vector<std::optional<double>>> values;
  const bool good =
      parser.parse(line.data(), line.size()).get(root) == simdjson::SUCCESS &&
      root["schema"].get(schema) == simdjson::SUCCESS &&
      schema == "pellucid.patch/1" &&
      root["line"].get(number) == simdjson::SUCCESS &&
      root["key"].get(key) == simdjson::SUCCESS &&
      root["clean"].get(grid.clean) == simdjson::SUCCESS &&
      root["corrupt"].get(grid.corrupt) == simdjson::SUCCESS &&
      ReadIndices(root, "rows", &grid.rows) &&
      ReadIndices(root, "columns", &grid.columns) &&
      ReadMatrix(root, "values", grid.rows.size(), grid.columns.size(),
                 &values) &&
      ReadMatrix(root, "recovery", grid.rows.size(), grid.columns.size(),
                 &grid.recovery);
  if (!good) return std::nullopt;
  for (const auto& row : values) {
    auto& out = grid.values.emplace_back();
    for (const auto& cell : row) {
      if (!cell) return std::nullopt;
      out.push_back(*cell);
    }
  }
  found.line = number;
  found.key = std::string(key);
  RoundAsWritten(&grid);
  return found;
}

}  // namespace

Result<RawPair> ParsePairLine(std::string_view line) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(line.data(), line.size()).get(object) != simdjson::SUCCESS) {
    return UsageError(
        "is no JSON object; give {\"clean\": ..., \"corrupt\": ..., "
        "\"answer\": ...}");
  }
  RawPair pair;
  for (const auto& [key, value] : object) {
    std::optional<std::string>* member = MemberOf(&pair, key);
    if (member == nullptr) {
      return UsageError(fmt::format(
          "key \"{}\" is not known; use clean, corrupt, answer, foil, "
          "clean_ids, corrupt_ids, clean_span, corrupt_span",
          Quote(std::string(key))));
    }
    if (value.is_null()) continue;
    PELLUCID_ASSIGN_OR_RETURN(*member, TextOfMember(key, value));
  }
  return pair;
}

Result<PatchPair> EncodePair(const Arguments& arguments, const RawPair& raw,
                             BosPolicy bos, AnswerMode mode, const Model& model,
                             Io& io) {
  PatchPair pair;
  PELLUCID_ASSIGN_OR_RETURN(
      pair.clean, EncodeSide(arguments, "--clean", raw.clean, raw.clean_ids,
                             bos, model, io));
  PELLUCID_ASSIGN_OR_RETURN(pair.corrupt,
                            EncodeSide(arguments, "--corrupt", raw.corrupt,
                                       raw.corrupt_ids, bos, model, io));
  if (raw.answer) {
    PELLUCID_ASSIGN_OR_RETURN(
        pair.answer,
        ResolveAnswer(arguments, "--answer", *raw.answer, mode, model));
  }
  if (raw.foil) {
    PELLUCID_ASSIGN_OR_RETURN(
        pair.foil, ResolveAnswer(arguments, "--foil", *raw.foil, mode, model));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      pair.clean_span,
      EncodeSpan(arguments, "--clean-span", raw.clean_span, pair.clean, model));
  PELLUCID_ASSIGN_OR_RETURN(pair.corrupt_span,
                            EncodeSpan(arguments, "--corrupt-span",
                                       raw.corrupt_span, pair.corrupt, model));
  return pair;
}

std::string PairKey(const ModelInfo& model, const PatchPair& pair,
                    const PatchOptions& options) {
  const auto selected = [](const Selection& selection, std::size_t n) {
    const auto found = selection.Resolve(n);
    return found.ok() ? fmt::format("{}", fmt::join(*found, ","))
                      : std::string("?");
  };
  std::string text = fmt::format(
      "{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", model.hash,
      options.site, PatchAxesName(options.axes),
      PatchMetricName(options.metric), PatchDirectionName(options.direction),
      PatchAlignName(options.align), options.window,
      selected(options.layers, model.n_layers),
      selected(options.positions, pair.corrupt.size()),
      selected(options.heads, model.n_heads), fmt::join(pair.clean, ","),
      fmt::join(pair.corrupt, ","), fmt::join(pair.answer, ","),
      fmt::join(pair.foil, ","), pair.clean_span.begin, pair.clean_span.end,
      pair.corrupt_span.begin, pair.corrupt_span.end);
  if (!options.to.empty()) text += "|" + options.to;
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text)));
  return HexOf(hash.Finish());
}

Result<PatchLines> PatchLines::Open(const std::string& path, bool resume) {
  std::error_code ignored;
  const bool there = fs::exists(path, ignored);
  if (there && !resume && fs::is_regular_file(path, ignored) &&
      fs::file_size(path, ignored) > 0) {
    return UsageError(fmt::format(
        "patch: --lines {}: is there already; add --resume to go on with it, "
        "or name another file",
        Quote(path)));
  }
  std::string text;
  if (there && resume) {
    if (fs::file_size(path, ignored) > kMaxLinesBytes) {
      return ModelError(
          fmt::format("patch: {}: larger than {} bytes; it is no "
                      "file of results",
                      Quote(path), kMaxLinesBytes));
    }
    std::ifstream in(path, std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    if (!in) return System("cannot be read", path);
    text = std::move(all).str();
  }
  // A line without its end was being written when the run ended.
  const std::size_t whole = text.rfind('\n') + 1;
  text.resize(whole);
  if (there && resume) fs::resize_file(path, whole, ignored);
  std::FILE* file = std::fopen(path.c_str(), resume ? "ab" : "wb");
  if (file == nullptr) return System("cannot be opened", path);
  PatchLines lines(path, file);
  simdjson::dom::parser parser;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    ++number;
    auto found =
        ParseResult(parser, std::string_view(text).substr(begin, end - begin));
    if (!found) {
      return ModelError(fmt::format(
          "patch: {} line {}: is no result of pellucid patch; name another "
          "file",
          Quote(path), number));
    }
    lines.found_.insert_or_assign({found->line, std::move(found->key)},
                                  std::move(found->grid));
    begin = end + 1;
  }
  return lines;
}

const PatchGrid* PatchLines::Find(std::size_t line,
                                  const std::string& key) const {
  const auto it = found_.find({line, key});
  return it == found_.end() ? nullptr : &it->second;
}

Status PatchLines::Append(std::string_view line) {
  const bool written =
      std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
      std::fflush(file_.get()) == 0;
  return written ? Status() : System("cannot be written", path_);
}

void RoundAsWritten(PatchGrid* grid) {
  const auto round = [](double* value) {
    *value = static_cast<double>(static_cast<float>(*value));
  };
  round(&grid->clean);
  round(&grid->corrupt);
  for (auto& row : grid->values) {
    for (double& value : row) round(&value);
  }
  for (auto& row : grid->recovery) {
    for (std::optional<double>& value : row) {
      if (value) round(&*value);
    }
  }
}

}  // namespace pellucid::cli
