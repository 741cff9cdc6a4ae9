// Prediction depth over many texts (pellucid/depth.h), read off the lens.
#include "pellucid/depth.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "analysis/lens_progress.h"
#include "analysis/window_states.h"
#include "base/out_of_memory.h"
#include "pellucid/lens.h"

namespace pellucid {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' ||
         c == '\f';
}

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

// One window's positions.
class Reader {
 public:
  Reader(const Model& model, const DepthOptions& options)
      : tokenizer_(model.tokenizer()), options_(options) {}

  void Add(std::size_t window, const Lens& lens,
           std::vector<TokenDepth>* depths) {
    for (std::size_t index = 0; index < lens.positions.size(); ++index) {
      const std::size_t position = lens.positions[index];
      if (position < options_.skip_first) continue;
      const LensCell& last = lens.rows.back().cells[index];
      TokenDepth depth{.window = window, .position = position};
      if (options_.token == DepthToken::kPredicted) {
        depth.id = last.top.front().id;
      } else if (last.next) {
        depth.id = last.next->score.id;
      } else {
        continue;
      }
      depth.token_class = ClassOf(depth.id);
      for (const LensRow& row : lens.rows) {
        const auto layer = static_cast<std::size_t>(row.layer);
        if (row.cells[index].top.front().id != depth.id) {
          depth.stable_from.reset();
          continue;
        }
        if (!depth.first_hit) depth.first_hit = layer;
        if (!depth.stable_from) depth.stable_from = layer;
      }
      depths->push_back(depth);
    }
  }

 private:
  TokenClass ClassOf(TokenId id) {
    const auto found = classes_.find(id);
    if (found != classes_.end()) return found->second;
    return classes_[id] = ClassOfToken(tokenizer_, id);
  }

  const Tokenizer* tokenizer_;
  const DepthOptions& options_;
  std::map<TokenId, TokenClass> classes_;
};

Result<std::vector<TokenDepth>> Measure(
    const Model& model, std::span<const std::vector<TokenId>> windows,
    const DepthOptions& options) {
  const ModelInfo& info = model.info();
  StagedProgress progress(
      options.progress,
      static_cast<double>(std::max<std::size_t>(1, windows.size())));
  LensOptions lens_options{.embed_row = false,
                           .top_k = 1,
                           .trained = options.trained,
                           .stop = options.stop};
  Reader reader(model, options);
  std::vector<TokenDepth> depths;
  for (std::size_t begin = 0; begin < windows.size();) {
    const std::size_t end =
        EndOfBatch(windows, begin, info.n_layers + 1, info.d_model);
    lens_options.progress = progress.Next(static_cast<double>(end - begin));
    PELLUCID_ASSIGN_OR_RETURN(
        const std::vector<Lens> lenses,
        ComputeLensBatch(model, windows.subspan(begin, end - begin),
                         lens_options));
    for (const Lens& lens : lenses) reader.Add(begin++, lens, &depths);
  }
  if (depths.empty()) {
    return UsageError(
        "depth: no position is left; give windows of more tokens than are "
        "skipped");
  }
  return depths;
}

void Count(const std::optional<std::size_t>& layer,
           std::vector<std::size_t>& by_layer, std::size_t& never) {
  if (layer && *layer < by_layer.size()) {
    ++by_layer[*layer];
  } else {
    ++never;
  }
}

std::optional<double> MeanOf(const std::vector<std::size_t>& by_layer) {
  std::size_t count = 0, sum = 0;
  for (std::size_t layer = 0; layer < by_layer.size(); ++layer) {
    count += by_layer[layer];
    sum += layer * by_layer[layer];
  }
  if (count == 0) return std::nullopt;
  return static_cast<double>(sum) / static_cast<double>(count);
}

// Groups by a number of each token, in rising order.
template <typename KeyOf, typename NameOf>
std::vector<DepthGroup> GroupBy(std::span<const TokenDepth> depths,
                                std::size_t n_layers, const KeyOf& key_of,
                                const NameOf& name_of) {
  std::map<std::size_t, std::vector<TokenDepth>> groups;
  for (const TokenDepth& depth : depths) {
    groups[key_of(depth)].push_back(depth);
  }
  std::vector<DepthGroup> out;
  for (const auto& [key, group] : groups) {
    out.push_back({name_of(key), HistogramOf(group, n_layers)});
  }
  return out;
}

}  // namespace

std::string_view TokenClassName(TokenClass token_class) {
  switch (token_class) {
    case TokenClass::kWord:
      return "word";
    case TokenClass::kPart:
      return "part";
    case TokenClass::kNumber:
      return "number";
    case TokenClass::kPunctuation:
      return "punctuation";
    case TokenClass::kBlank:
      return "blank";
    case TokenClass::kOther:
      break;
  }
  return "other";
}

TokenClass ClassOfToken(const Tokenizer* tokenizer, TokenId id) {
  if (tokenizer == nullptr) return TokenClass::kOther;
  const std::string bytes = tokenizer->TokenBytes(id);
  if (bytes.empty() || id == tokenizer->BosId() || id == tokenizer->EosId()) {
    return TokenClass::kOther;
  }
  const auto first = std::find_if_not(bytes.begin(), bytes.end(), &IsBlank);
  if (first == bytes.end()) return TokenClass::kBlank;
  if (IsLetter(*first)) {
    return first == bytes.begin() ? TokenClass::kPart : TokenClass::kWord;
  }
  if (*first >= '0' && *first <= '9') return TokenClass::kNumber;
  return *first > ' ' && *first < 0x7f ? TokenClass::kPunctuation
                                       : TokenClass::kOther;
}

Result<std::vector<TokenDepth>> MeasureDepths(
    const Model& model, std::span<const std::vector<TokenId>> windows,
    const DepthOptions& options) {
  return CatchOutOfMemory("depth",
                          [&] { return Measure(model, windows, options); });
}

DepthHistogram HistogramOf(std::span<const TokenDepth> depths,
                           std::size_t n_layers) {
  DepthHistogram out;
  out.tokens = depths.size();
  out.first_hit.resize(n_layers);
  out.stable_from.resize(n_layers);
  for (const TokenDepth& depth : depths) {
    Count(depth.first_hit, out.first_hit, out.never_hit);
    Count(depth.stable_from, out.stable_from, out.never_stable);
  }
  out.mean_first_hit = MeanOf(out.first_hit);
  out.mean_stable_from = MeanOf(out.stable_from);
  return out;
}

std::vector<DepthGroup> DepthsByClass(std::span<const TokenDepth> depths,
                                      std::size_t n_layers) {
  return GroupBy(
      depths, n_layers,
      [](const TokenDepth& depth) {
        return static_cast<std::size_t>(depth.token_class);
      },
      [](std::size_t key) {
        return std::string(TokenClassName(static_cast<TokenClass>(key)));
      });
}

std::vector<DepthGroup> DepthsByPosition(std::span<const TokenDepth> depths,
                                         std::size_t n_layers) {
  return GroupBy(
      depths, n_layers,
      [](const TokenDepth& depth) {
        return static_cast<std::size_t>(std::bit_width(depth.position));
      },
      [](std::size_t width) {
        if (width < 2) return fmt::format("{}", width);
        const std::size_t begin = std::size_t{1} << (width - 1);
        return fmt::format("{}-{}", begin, 2 * begin - 1);
      });
}

}  // namespace pellucid
