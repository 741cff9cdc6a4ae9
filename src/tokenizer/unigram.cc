#include "tokenizer/unigram.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/utf8.h"

namespace pellucid {
namespace {

constexpr double kUnknownPenalty = 10.0;

std::vector<std::string_view> TextsOf(const Vocabulary& vocabulary) {
  std::vector<std::string_view> texts;
  texts.reserve(vocabulary.size());
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    texts.push_back(vocabulary.Text(static_cast<TokenId>(i)));
  }
  return texts;
}

}  // namespace

Unigram::Unigram(Vocabulary vocabulary, std::vector<double> scores,
                 const Options& options)
    : vocabulary_(std::move(vocabulary)),
      scores_(std::move(scores)),
      options_(options),
      trie_(TextsOf(vocabulary_)),
      bytes_(vocabulary_) {
  if (!scores_.empty()) {
    unknown_score_ =
        *std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty;
  }
}

std::vector<Unigram::Step> Unigram::BestSteps(std::string_view piece) const {
  std::vector<Step> steps(piece.size() + 1);
  const auto offer = [&](std::size_t from, std::size_t to, double score,
                         TokenId id) {
    Step& step = steps[to];
    if (step.from >= 0 && !(score > step.score)) return;
    step = {score, static_cast<std::ptrdiff_t>(from), id};
  };
  for (std::size_t at = 0; at < piece.size();) {
    const double here = steps[at].score;
    const std::size_t character = DecodeUtf8(piece, at).bytes;
    bool is_token = false;  // the character by itself
    trie_.ForEachPrefix(piece.substr(at), [&](std::size_t index,
                                              std::size_t bytes) {
      offer(at, at + bytes, scores_[index] + here, static_cast<TokenId>(index));
      is_token |= bytes == character;
    });
    if (!is_token) {
      const double score = unknown_score_ + here;
      const Step& step = steps[at + character];
      const bool wins = step.from < 0 || score > step.score;
      if (wins && !options_.unknown) return {};
      if (wins) offer(at, at + character, score, *options_.unknown);
    }
    at += character;
  }
  return steps;
}

bool Unigram::AppendToken(std::string_view text,
                          std::vector<TokenId>& out) const {
  if (const auto id = vocabulary_.Find(text)) {
    out.push_back(*id);
    return true;
  }
  if (options_.byte_fallback && bytes_.Append(text, out)) return true;
  if (!options_.unknown) return false;
  out.push_back(*options_.unknown);
  return true;
}

bool Unigram::Encode(std::string_view piece, std::vector<TokenId>& out) const {
  const std::vector<Step> steps = BestSteps(piece);
  if (steps.empty()) return false;
  // From the end to the beginning; unknown neighbours join.
  std::vector<std::pair<std::size_t, std::size_t>> tokens;  // begin, end
  bool after_unknown = false;
  for (std::size_t end = piece.size(); end > 0;) {
    const auto begin = static_cast<std::size_t>(steps[end].from);
    const bool is_unknown = options_.unknown == steps[end].id;
    if (is_unknown && after_unknown) {
      tokens.back().first = begin;
    } else {
      tokens.emplace_back(begin, end);
    }
    after_unknown = is_unknown;
    end = begin;
  }
  for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) {
    const auto [begin, end] = *token;
    if (!AppendToken(piece.substr(begin, end - begin), out)) return false;
  }
  return true;
}

}  // namespace pellucid
