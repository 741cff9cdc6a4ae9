#include "tokenizer/gguf_vocabulary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "tokenizer/decimal_score.h"
#include "tokenizer/score_merges.h"
#include "tokenizer/unigram.h"
#include "tokenizer/word_piece.h"

namespace pellucid {
namespace {

constexpr std::string_view kUnknownKey = "tokenizer.ggml.unknown_token_id";

Error Damaged(const GgufFile& file, std::string_view what) {
  return ModelError(fmt::format("open: {}: tokenizer: {}; get the file again",
                                file.name(), what));
}

Result<std::vector<float>> ReadScores(const GgufFile& file,
                                      std::size_t tokens) {
  PELLUCID_ASSIGN_OR_RETURN(auto scores, file.Floats("tokenizer.ggml.scores"));
  if (scores.size() != tokens) {
    return Damaged(
        file, fmt::format("{} scores for {} tokens", scores.size(), tokens));
  }
  const bool finite = std::all_of(scores.begin(), scores.end(),
                                  [](float s) { return std::isfinite(s); });
  if (!finite) return Damaged(file, "a score is no number");
  return scores;
}

// The unknown token: what the key says, else the token `name`.
Result<std::optional<TokenId>> ReadUnknown(const GgufFile& file,
                                           const Vocabulary& vocabulary,
                                           std::string_view name) {
  if (!file.Has(kUnknownKey)) return vocabulary.Find(name);
  PELLUCID_ASSIGN_OR_RETURN(const std::uint64_t id, file.Unsigned(kUnknownKey));
  if (id >= vocabulary.size()) {
    return Damaged(file,
                   fmt::format("its unknown token is {}, its ids go from 0 to "
                               "{}",
                               id, vocabulary.size() - 1));
  }
  return std::optional(static_cast<TokenId>(id));
}

}  // namespace

Status FillSentencePiece(const GgufFile& file,
                         std::span<const std::string_view> tokens,
                         TokenizerSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(auto scores, ReadScores(file, tokens.size()));
  // Tokens of the user's have the score 0 in SentencePiece, so that they merge
  // first; writers of GGUF put -1000 there. It decides about rows of spaces,
  // which the text holds in another spelling than the token.
  for (const AddedEntry& entry : spec.added) {
    if (!entry.special) scores[static_cast<std::size_t>(entry.id)] = 0;
  }
  PELLUCID_ASSIGN_OR_RETURN(const bool prefix,
                            file.Bool("tokenizer.ggml.add_space_prefix", true));
  spec.vocabulary = Vocabulary(tokens);
  spec.merge_table.emplace(MergesOfScores(spec.vocabulary, scores));
  PELLUCID_ASSIGN_OR_RETURN(const auto unknown,
                            ReadUnknown(file, spec.vocabulary, "<unk>"));
  if (unknown) {
    spec.bpe.unknown = std::string(spec.vocabulary.Text(*unknown));
  }
  spec.bpe.fuse_unknown = true;
  spec.bpe.byte_fallback = true;
  std::vector<NormalizerStepPtr> steps;
  if (prefix) steps.push_back(MakePrependStep(std::string(kSpaceMark)));
  steps.push_back(
      MakeReplaceStep(TextPattern::Literal(" "), std::string(kSpaceMark)));
  spec.normalizer = Normalizer(std::move(steps));
  std::vector<DecoderStepPtr> decoder = {
      MakeReplaceDecoder(std::string(kSpaceMark), " "),
      MakeByteFallbackDecoder(), MakeFuseDecoder()};
  if (prefix) decoder.push_back(MakeStripDecoder(" ", 1, 0));
  spec.decoder = Decoder(std::move(decoder));
  return {};
}

Status FillUnigram(const GgufFile& file,
                   std::span<const std::string_view> tokens,
                   TokenizerSpec& spec) {
  constexpr std::string_view kCharsmap = "tokenizer.ggml.precompiled_charsmap";
  PELLUCID_ASSIGN_OR_RETURN(const auto scores, ReadScores(file, tokens.size()));
  PELLUCID_ASSIGN_OR_RETURN(const bool prefix,
                            file.Bool("tokenizer.ggml.add_space_prefix", true));
  PELLUCID_ASSIGN_OR_RETURN(
      const bool trims,
      file.Bool("tokenizer.ggml.remove_extra_whitespaces", true));
  if (file.Has(kCharsmap)) {
    PELLUCID_ASSIGN_OR_RETURN(const auto bytes, file.Integers(kCharsmap));
    std::string blob;
    for (const std::int64_t byte : bytes) blob += static_cast<char>(byte);
    auto charsmap = Charsmap::Parse(blob);
    if (!charsmap.ok()) {
      return Damaged(file, "its charsmap " + charsmap.error().message);
    }
    spec.normalizer =
        Normalizer({MakeCharsmapStep(std::move(charsmap).value())});
  }
  if (trims) {
    spec.pre_tokenizer.steps.push_back(MakeSpacesStep(SplitBehavior::kRemoved));
  }
  const auto scheme =
      prefix ? MetaspaceScheme::kAlways : MetaspaceScheme::kNever;
  spec.pre_tokenizer.steps.push_back(
      MakeMetaspaceStep(std::string(kSpaceMark), scheme, /*splits=*/true));
  Vocabulary vocabulary(tokens);
  Unigram::Options options;
  PELLUCID_ASSIGN_OR_RETURN(options.unknown,
                            ReadUnknown(file, vocabulary, "<unk>"));
  std::vector<double> read(
      scores.size());  // as from the model's tokenizer.json
  std::transform(scores.begin(), scores.end(), read.begin(), DecimalScore);
  spec.model = std::make_shared<Unigram>(std::move(vocabulary), std::move(read),
                                         options);
  spec.decoder =
      Decoder({MakeMetaspaceDecoder(std::string(kSpaceMark), !prefix)});
  return {};
}

Status FillWordPiece(const GgufFile& file,
                     std::span<const std::string_view> tokens,
                     TokenizerSpec& spec) {
  // What continues a word has lost its prefix, what begins one has a mark.
  std::vector<std::string> spelt;
  std::vector<std::string_view> views;
  spelt.reserve(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view token = tokens[i];
    if (token.starts_with(kSpaceMark)) {
      spelt.emplace_back(token.substr(kSpaceMark.size()));
    } else if (spec.flags[i] == 0 || token.empty()) {
      spelt.emplace_back(token);  // a special token
    } else {
      spelt.emplace_back("##").append(token);
    }
    views.push_back(spelt.back());
  }
  Vocabulary vocabulary(views);
  WordPiece::Options options;
  PELLUCID_ASSIGN_OR_RETURN(const auto unknown,
                            ReadUnknown(file, vocabulary, options.unknown));
  if (unknown) options.unknown = std::string(vocabulary.Text(*unknown));
  spec.model =
      std::make_shared<WordPiece>(std::move(vocabulary), std::move(options));
  // GGUF does not say how BERT normalises: as its uncased models do.
  spec.normalizer = Normalizer({MakeCleanTextStep(), MakeSpaceChineseStep(),
                                MakeNormalFormStep(NormalForm::kNfd),
                                MakeDropMarksStep(), MakeLowercaseStep()});
  spec.pre_tokenizer.steps = {MakeSpacesStep(SplitBehavior::kRemoved),
                              MakePunctuationStep(SplitBehavior::kIsolated)};
  spec.decoder = Decoder({MakeWordPieceDecoder("##", /*cleans_up=*/true)});
  return {};
}

}  // namespace pellucid
