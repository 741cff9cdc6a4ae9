// Large lenses with awkward texts, for the tests of figures: any number of
// positions and rows, each cell another text of a list; and whether the fonts
// are there that such texts need.
#ifndef PELLUCID_RENDER_TEST_FIGURE_LENS_H_
#define PELLUCID_RENDER_TEST_FIGURE_LENS_H_

#include <pango/pangocairo.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "render/rect.h"
#include "render/test_lens.h"

namespace pellucid::render::testutil {

inline std::vector<std::string> PlainTexts() {
  return {" the", "Paris",   " capital", ",",  " of", "\n",
          " is",  " France", " and",     "\t", " a",  " internationalization"};
}

// Every kind of text that a cell may have to hold.
inline std::vector<std::string> HostileTexts() {
  return {" \u6cd5\u56fd\u7684\u9996\u90fd",             // Chinese
          "\u65e5\u672c\u306e",                          // Japanese
          "\ud55c\uad6d",                                // Korean
          "\U0001f600",                                  // emoji
          "\u2764\ufe0f",                                // with a selector
          "\U0001f468\u200d\U0001f469\u200d\U0001f467",  // joined
          " \u0645\u0631\u062d\u0628\u0627",             // Arabic
          "\u05e9\u05dc\u05d5\u05dd",                    // Hebrew
          "\u0928\u092e\u0938\u094d\u0924\u0947",        // Devanagari
          "e\u0301\u0323",                               // marks
          "Z\u0351\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u030a"
          "\u030b\u030c\u030d\u030e\u030f\u0310\u0311",     // a tower of them
          "\u0301",                                         // without a base
          std::string("\0\x07\x7f", 3),                     // control
          "\u202e",                                         // reverses a line
          "\xe2\x82",                                       // no character
          " \n\t\r",                                        // blanks
          "",                                               // nothing
          "<&>\"'",                                         // XML's own
          "pneumonoultramicroscopicsilicovolcanoconiosis",  // long
          "\u0e01\u0e33\u0e25\u0e31\u0e07"};                // Thai
}

// `rows` rows (the first is the embedding), `positions` columns; probabilities
// rise with the layer. The last row is right about every third next token.
inline TestLens MakeFigureLens(std::size_t positions, std::size_t rows,
                               const std::vector<std::string>& texts) {
  TestLens test = MakeTestLens();
  const std::size_t count = texts.size();
  test.texts = [texts](TokenId id) -> std::optional<std::string> {
    return texts[static_cast<std::size_t>(id) % texts.size()];
  };
  test.model.n_layers = rows - 1;
  Lens& lens = test.lens;
  lens = {};
  std::string prompt;
  for (std::size_t p = 0; p < positions; ++p) {
    lens.ids.push_back(static_cast<TokenId>(p % count));
    lens.positions.push_back(p);
    prompt += texts[p % count];
  }
  test.run.input_text = std::move(prompt);
  for (std::size_t r = 0; r < rows; ++r) {
    LensRow& row = lens.rows.emplace_back();
    row.layer = static_cast<int>(r) - 1;
    row.site = r == 0 ? "embed" : "model.layers." + std::to_string(row.layer);
    for (std::size_t p = 0; p < positions; ++p) {
      const bool right = r + 1 == rows && p % 3 == 0;
      const std::size_t id = right ? p + 1 : p * 7 + r * 3;
      const double share =
          static_cast<double>(r + 1) / static_cast<double>(rows + 1);
      const auto prob =
          static_cast<float>(share * static_cast<double>(1 + p % 5) / 5);
      LensCell& cell = row.cells.emplace_back(
          TestCell(p, static_cast<TokenId>(id % count), prob, 0,
                   static_cast<float>(10 * (1 - share))));
      cell.top[0].logprob = std::log(prob);
    }
  }
  return test;
}

// Follows token 1 and watches targets 2 and 3: as ComputeLens does.
inline void AddLines(TestLens& test) {
  Lens& lens = test.lens;
  const std::size_t rows = lens.rows.size();
  for (std::size_t r = 0; r < rows; ++r) {
    const double depth = static_cast<double>(r + 1) / static_cast<double>(rows);
    const auto score = [&](TokenId id, double power) {
      const double prob = std::pow(depth, power) * 0.8;
      RankedScore out;
      out.score = {id, static_cast<float>(prob * 20),
                   static_cast<float>(std::log(prob)),
                   static_cast<float>(prob)};
      out.rank = static_cast<std::size_t>(std::pow(1 / depth, power)) + 0;
      return out;
    };
    for (LensCell& cell : lens.rows[r].cells) {
      cell.final_top1 = score(1, 6);
      cell.targets = {score(2, 6), score(3, 2)};
    }
  }
  const std::size_t last = rows - 2;  // layer
  const std::size_t listed = lens.positions.size();
  const auto all = [&](std::size_t layer) {
    return std::vector<std::optional<std::size_t>>(listed, layer);
  };
  lens.followed = LensTarget{1, {last}, {last}};
  lens.targets = {LensTarget{2, all(last / 2), all(last)},
                  LensTarget{3, all(last / 3), all(last / 3)}};
}

// Whether two boxes of texts do. They hold the line's leading, of which two
// lines may share a little.
inline bool Overlap(const Rect& a, const Rect& b) {
  constexpr double kShared = 0.8;
  return a.x + kShared < b.right() && b.x + kShared < a.right() &&
         a.y + kShared < b.bottom() && b.y + kShared < a.bottom();
}

// Whether a font of that very family is installed.
inline bool HasFamily(const std::string& family) {
  PangoFontMap* fonts = pango_cairo_font_map_get_default();
  PangoContext* context = pango_font_map_create_context(fonts);
  PangoFontDescription* want =
      pango_font_description_from_string(family.c_str());
  pango_font_description_set_size(want, 8 * PANGO_SCALE);
  PangoFont* font = pango_font_map_load_font(fonts, context, want);
  bool has = false;
  if (font != nullptr) {
    PangoFontDescription* found = pango_font_describe(font);
    has = family == pango_font_description_get_family(found);
    pango_font_description_free(found);
    g_object_unref(font);
  }
  pango_font_description_free(want);
  g_object_unref(context);
  return has;
}

}  // namespace pellucid::render::testutil

#endif  // PELLUCID_RENDER_TEST_FIGURE_LENS_H_
