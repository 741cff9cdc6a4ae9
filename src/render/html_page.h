// The page of a result: one HTML file that asks for nothing else, made of the
// template that web/ builds and of data as JSON (docs/page.md).
//
//   HtmlPage page(sink, "lens");
//   page.data().Key("runs");
//   ...
//   page.Finish();
//
// Tokens come from anyone's model. Each '<' of the data is written as \u003c,
// so that no token ends the element that holds them; the page's policy allows
// its own script by hash and nothing else.
#ifndef PELLUCID_RENDER_HTML_PAGE_H_
#define PELLUCID_RENDER_HTML_PAGE_H_

#include <cstddef>
#include <memory>
#include <string_view>

#include "render/json_writer.h"

namespace pellucid::render {

// Where a page is opened from: from disk it may connect to nothing, from
// `pellucid serve` to that alone.
enum class PageUse { kFile, kServed };

// Streams: memory does not grow with the data.
class HtmlPage {
 public:
  // Writes all up to the data, which begin with their schema, version and
  // `kind`.
  HtmlPage(TextSink sink, std::string_view kind, PageUse use = PageUse::kFile);
  ~HtmlPage();
  HtmlPage(const HtmlPage&) = delete;
  HtmlPage& operator=(const HtmlPage&) = delete;

  // A whole page of data that were written before, as BeginPageData begins
  // them.
  static void Write(const TextSink& sink, std::string_view data);

  // The open object of the data, for its other members.
  JsonWriter& data();

  // Closes that and writes the rest. Called once.
  void Finish();

  // What has been written; of it, the data.
  std::size_t bytes() const;
  std::size_t data_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The object of the data, left open for the members that its kind asks for.
void BeginPageData(JsonWriter& json, std::string_view kind);

// The page that `pellucid serve` answers with: of kind "serve", no other data.
void WriteServedPage(const TextSink& sink);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_HTML_PAGE_H_
