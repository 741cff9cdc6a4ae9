// The texts above and below what a figure shows: heading (title and prompt)
// and notes. Measured for the layout, then put on the page.
#ifndef PELLUCID_RENDER_FIGURE_TEXT_H_
#define PELLUCID_RENDER_FIGURE_TEXT_H_

#include <span>
#include <string>

#include "render/page.h"

namespace pellucid::render {

struct Heading {
  const std::string& title;
  const std::string& prompt;
};

// Points that the heading takes within `width`, the air below it included.
double HeadingHeight(const TextPainter& painter, const Heading& heading,
                     double width);
void AddHeading(Page& page, const Heading& heading, double x, double y,
                double width);

double NotesHeight(const TextPainter& painter,
                   std::span<const std::string> notes, double width);
void AddNotes(Page& page, std::span<const std::string> notes, double x,
              double y, double width);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_FIGURE_TEXT_H_
