// What renderings of attention read, and the renderings: patterns of heads, and
// the scores of all heads. Reports hold references: made for one call.
#ifndef PELLUCID_RENDER_ATTENTION_REPORT_H_
#define PELLUCID_RENDER_ATTENTION_REPORT_H_

#include <cstddef>
#include <string>

#include "pellucid/attention.h"
#include "pellucid/model.h"  // ModelInfo
#include "render/heatmap_grid.h"
#include "render/json_writer.h"
#include "render/run_info.h"
#include "render/token_texts.h"

namespace pellucid::render {

struct PatternReport {
  const AttentionPatterns& patterns;
  const ModelInfo& model;
  const RunInfo& run;
  const TokenTexts& texts;
};

// {"schema": "pellucid.attn/1", ...} with "patterns", as docs/attention.md
// describes it.
void WritePatternJson(const PatternReport& report, const TextSink& sink);

// The same as the next value of `json`, for a page (docs/page.md): "weights"
// instead of "patterns", of all heads the rows up to their own key, packed. A
// page must open in a moment, so that many weights are rounded: up to
// kMostExactWeights are floats, up to kMost16BitWeights whole multiples of 1 /
// 65535, more of 1 / 255 ("weight_scale").
inline constexpr std::size_t kMostExactWeights = std::size_t{1} << 16;
inline constexpr std::size_t kMost16BitWeights = std::size_t{1} << 20;
// What a page takes at most; 22 MB of data.
inline constexpr std::size_t kMostPageWeights = std::size_t{1} << 24;
void WritePackedPatterns(const PatternReport& report, JsonWriter& json);

// layer,head,query,key,weight: one line a key that the query may see.
std::string PatternCsv(const PatternReport& report);

// Up to kMostPatternTables heads of kMostPatternTokens tokens each as a matrix;
// more as one line a block, with the token that each head looks at most from
// the last position. `width` columns; 0: as wide as it takes.
inline constexpr std::size_t kMostPatternTables = 12;
inline constexpr std::size_t kMostPatternTokens = 100;
std::string PatternTable(const PatternReport& report, std::size_t width,
                         ColorMode color);

// A panel a head, causal triangles: blocks down, heads across.
HeatmapGrid PatternGrid(const PatternReport& report);

struct ScoreReport {
  const HeadScores& scores;
  const HeadScoreOptions& options;
  std::size_t top = 10;                  // heads of each ranking
  HeadKind kind = HeadKind::kInduction;  // whose matrix a terminal shows
  const ModelInfo& model;
  const RunInfo& run;
  const TokenTexts& texts;
};

// {"schema": "pellucid.attn/1", ...} with "scores".
void WriteScoreJson(const ScoreReport& report, const TextSink& sink);
// The same object as the next value of `json`.
void WriteScores(const ScoreReport& report, JsonWriter& json);

// layer,head,previous_token,duplicate_token,induction,first_token.
std::string ScoreCsv(const ScoreReport& report);

// The rankings side by side, and blocks x heads of one kind.
std::string ScoreTable(const ScoreReport& report, std::size_t width,
                       ColorMode color);

// Blocks x heads, a panel a kind.
HeatmapGrid ScoreGrid(const ScoreReport& report);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_ATTENTION_REPORT_H_
