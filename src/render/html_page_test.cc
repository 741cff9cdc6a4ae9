#include "render/html_page.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pellucid/version.h"

namespace pellucid::render {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kSlot =
    "<script type=\"application/json\" id=\"pellucid-data\">";

std::string PageWith(std::string_view text) {
  std::string out;
  HtmlPage page(AppendTo(&out), "lens");
  page.data().Key("text");
  page.data().String(text);
  page.Finish();
  EXPECT_EQ(page.bytes(), out.size());
  return out;
}

std::string DataOf(const std::string& page) {
  const std::size_t begin = page.find(kSlot) + kSlot.size();
  return page.substr(begin, page.find("</script>", begin) - begin);
}

std::size_t CountOf(std::string_view needle, std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(needle); at != std::string_view::npos;
       at = text.find(needle, at + 1)) {
    ++count;
  }
  return count;
}

TEST(HtmlPageTest, HoldsTheDataOnceAndTheWholeTemplate) {
  const std::string page = PageWith("abc");
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_EQ(CountOf(kSlot, page), 1u);
  EXPECT_EQ(DataOf(page), "{\"schema\":\"pellucid.page/1\",\"version\":\"" +
                              std::string(Version()) +
                              "\",\"kind\":\"lens\",\"text\":\"abc\"}\n");
}

TEST(HtmlPageTest, IsTheSameOfDataThatWereWrittenBefore) {
  constexpr std::string_view kText = "</script>";
  std::string data, page;
  JsonWriter json(AppendTo(&data), JsonStyle::kCompact);
  BeginPageData(json, "lens");
  json.Key("text");
  json.String(kText);
  json.EndObject();
  json.Finish();
  HtmlPage::Write(AppendTo(&page), data);
  EXPECT_EQ(page, PageWith(kText));
}

TEST(HtmlPageTest, NoTextEndsTheElementOfTheData) {
  const std::string page =
      PageWith("</script><img onerror=alert(1) src=x><!--");
  EXPECT_THAT(DataOf(page), HasSubstr("\"\\u003c/script>\\u003cimg onerror="
                                      "alert(1) src=x>\\u003c!--\""));
  EXPECT_EQ(CountOf("</script>", page), CountOf("</script>", PageWith("")));
}

TEST(HtmlPageTest, ItsPolicyNamesTheScriptByHashAndAllowsNoConnection) {
  const std::string page = PageWith("");
  EXPECT_EQ(CountOf("connect-src 'none'", page.substr(0, page.find(kSlot))),
            1u);
  EXPECT_THAT(page, HasSubstr("default-src 'none'; script-src 'sha256-"));
  EXPECT_THAT(page.substr(0, page.find(kSlot)), Not(HasSubstr("'unsafe-")));
}

TEST(HtmlPageTest, ServedItMayTalkToItsServerAlone) {
  std::string page;
  WriteServedPage(AppendTo(&page));
  const std::string head = page.substr(0, page.find(kSlot));
  EXPECT_THAT(head, HasSubstr("connect-src 'self'"));
  EXPECT_THAT(head, Not(HasSubstr("connect-src 'none'")));
  EXPECT_THAT(DataOf(page), HasSubstr("\"kind\":\"serve\""));
}

TEST(HtmlPageTest, TheTemplateIsSmallAndAsksForNothing) {
  const std::string page = PageWith("");
  EXPECT_LT(page.size(), 250'000u);
  for (const char* request :
       {"<link rel=\"stylesheet\"", "@import", "src=\"", "url(http"}) {
    EXPECT_THAT(page, Not(HasSubstr(request)));
  }
}

}  // namespace
}  // namespace pellucid::render
