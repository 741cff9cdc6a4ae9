#include "hub/url.h"

#include <gtest/gtest.h>

namespace pellucid::hub {
namespace {

TEST(UrlTest, NamesAreEncodedAsTheHubReadsThem) {
  HubName name{"org/na.me_1", "refs/pr/1", ""};
  EXPECT_EQ(ListingUrl("https://hub", name),
            "https://hub/api/models/org/na.me_1/revision/refs%2Fpr%2F1");
  EXPECT_EQ(FileUrl("http://h:1", "o/n", "abc", "a b/c+d#?.gguf"),
            "http://h:1/o/n/resolve/abc/a%20b/c%2Bd%23%3F.gguf");
}

TEST(UrlTest, AnOriginIsSchemeHostAndPort) {
  EXPECT_EQ(OriginOf("https://Hub.example/a?b"), "https://hub.example:443");
  EXPECT_EQ(OriginOf("http://hub.example"), "http://hub.example:80");
  EXPECT_EQ(OriginOf("http://127.0.0.1:81/x"), "http://127.0.0.1:81");
  EXPECT_NE(OriginOf("http://localhost:81/"), OriginOf("http://127.0.0.1:81/"));
  // What stands before '@' is a user, not the host.
  EXPECT_EQ(OriginOf("https://hub.example@evil/"), "https://evil:443");
  for (const char* none :
       {"", "file:///etc/passwd", "ftp://a/", "not an url"}) {
    EXPECT_FALSE(OriginOf(none)) << none;
  }
}

TEST(UrlTest, ALocationMayBeRelative) {
  const std::string from = "https://hub/a/resolve/main/f";
  EXPECT_EQ(JoinUrl(from, "/b/resolve/main/f"), "https://hub/b/resolve/main/f");
  EXPECT_EQ(JoinUrl(from, "g?x=1"), "https://hub/a/resolve/main/g?x=1");
  EXPECT_EQ(JoinUrl(from, "https://cdn/y?s=%2F"), "https://cdn/y?s=%2F");
  EXPECT_EQ(JoinUrl(from, "//cdn/y"), "https://cdn/y");
  EXPECT_FALSE(JoinUrl(from, "file:///etc/passwd"));
}

}  // namespace
}  // namespace pellucid::hub
