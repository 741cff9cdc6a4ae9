#include "render/figure_text.h"

#include "render/figure_style.h"

namespace pellucid::render {
namespace {

// Adds `text` below y; where the next one begins.
double AddLine(Page& page, const std::string& text, const TextStyle& style,
               double x, double y) {
  const double height = page.painter().Measure(text, style).height;
  page.AddText(text, style, Anchor::kLeft, x, y + height / 2);
  return y + height;
}

}  // namespace

double HeadingHeight(const TextPainter& painter, const Heading& heading,
                     double width) {
  return painter.Measure(heading.title, Within(kTitleText, width)).height +
         painter.Measure(heading.prompt, Within(kPromptText, width)).height +
         2 * kGap;
}

void AddHeading(Page& page, const Heading& heading, double x, double y,
                double width) {
  y = AddLine(page, heading.title, Within(kTitleText, width), x, y);
  AddLine(page, heading.prompt, Within(kPromptText, width), x, y);
}

double NotesHeight(const TextPainter& painter,
                   std::span<const std::string> notes, double width) {
  double height = 0;
  for (const std::string& note : notes) {
    height += painter.Measure(note, Within(kNoteText, width)).height;
  }
  return height;
}

void AddNotes(Page& page, std::span<const std::string> notes, double x,
              double y, double width) {
  for (const std::string& note : notes) {
    y = AddLine(page, note, Within(kNoteText, width), x, y);
  }
}

}  // namespace pellucid::render
