#include "render/html_page.h"

#include <cassert>
#include <string>
#include <utility>

#include "pellucid/version.h"

namespace pellucid::embedded {
// web/dist/page.html (cmake/PellucidEmbed.cmake).
extern const unsigned char kPageTemplate[];
extern const std::size_t kPageTemplateSize;
}  // namespace pellucid::embedded

namespace pellucid::render {
namespace {

// The template's places; a test looks for each exactly once.
constexpr std::string_view kSlot =
    "<script type=\"application/json\" id=\"pellucid-data\">";
constexpr std::string_view kSlotEnd = "</script>";
constexpr std::string_view kNoConnection = "connect-src 'none'";
constexpr std::string_view kOwnServer = "connect-src 'self'";

std::string_view Template() {
  return {reinterpret_cast<const char*>(embedded::kPageTemplate),
          embedded::kPageTemplateSize};
}

}  // namespace

struct HtmlPage::Impl {
  explicit Impl(TextSink to)
      : sink(std::move(to)),
        json([this](std::string_view text) { WriteData(text); },
             JsonStyle::kCompact) {}

  // All up to the data.
  void Open(PageUse use) {
    std::string_view page = Template();
    const std::size_t slot = page.find(kSlot);
    assert(slot != std::string_view::npos);
    std::string head(page.substr(0, slot + kSlot.size()));
    if (use == PageUse::kServed) {
      const std::size_t policy = head.find(kNoConnection);
      assert(policy != std::string_view::npos);
      head.replace(policy, kNoConnection.size(), kOwnServer);
    }
    page.remove_prefix(slot + kSlot.size());
    rest = page.substr(page.find(kSlotEnd));
    Write(head);
  }

  void Write(std::string_view text) {
    bytes += text.size();
    sink(text);
  }

  // In JSON a '<' stands in strings only, where \u003c means the same.
  void WriteData(std::string_view text) {
    const std::size_t before = bytes;
    while (true) {
      const std::size_t at = text.find('<');
      Write(text.substr(0, at));
      if (at == std::string_view::npos) break;
      Write("\\u003c");
      text.remove_prefix(at + 1);
    }
    data_bytes += bytes - before;
  }

  TextSink sink;
  std::size_t bytes = 0, data_bytes = 0;
  std::string_view rest;  // of the template, behind the data
  JsonWriter json;
};

HtmlPage::HtmlPage(TextSink sink, std::string_view kind, PageUse use)
    : impl_(std::make_unique<Impl>(std::move(sink))) {
  impl_->Open(use);
  BeginPageData(impl_->json, kind);
}

void HtmlPage::Write(const TextSink& sink, std::string_view data) {
  Impl page(sink);
  page.Open(PageUse::kFile);
  page.WriteData(data);
  page.Write(page.rest);
}

HtmlPage::~HtmlPage() = default;

JsonWriter& HtmlPage::data() { return impl_->json; }

void HtmlPage::Finish() {
  impl_->json.EndObject();
  impl_->json.Finish();
  impl_->Write(impl_->rest);
}

std::size_t HtmlPage::bytes() const { return impl_->bytes; }

std::size_t HtmlPage::data_bytes() const { return impl_->data_bytes; }

void BeginPageData(JsonWriter& json, std::string_view kind) {
  json.BeginObject();
  json.Key("schema");
  json.String("pellucid.page/1");
  json.Key("version");
  json.String(Version());
  json.Key("kind");
  json.String(kind);
}

void WriteServedPage(const TextSink& sink) {
  HtmlPage(sink, "serve", PageUse::kServed).Finish();
}

}  // namespace pellucid::render
