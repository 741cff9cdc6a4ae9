#include "hub/settings.h"

#include <gtest/gtest.h>

#include <list>

#include "testutil/environment.h"
#include "testutil/temp_dir.h"

namespace pellucid::hub {
namespace {

using testutil::ScopedEnvironment;
using testutil::TempDir;

class SettingsTest : public ::testing::Test {
 protected:
  // Nothing that this machine sets reaches a test.
  SettingsTest() {
    for (const char* name :
         {"HF_ENDPOINT", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME",
          "XDG_CACHE_HOME", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN",
          "HF_TOKEN_PATH", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_HUB_OFFLINE",
          "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_SYMLINKS",
          "HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT", "SSL_CERT_FILE",
          "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"}) {
      set_.emplace_front(name, std::nullopt);
    }
    Set("HOME", dir_.path());
  }
  void Set(const std::string& name, const std::string& value) {
    set_.emplace_front(name, value);
  }
  void Write(const std::string& name, std::string_view text) {
    testutil::WriteFileBytes(dir_ / name, std::as_bytes(std::span(text)));
  }

  const TempDir dir_;
  std::list<ScopedEnvironment> set_;  // the newest first, and first put back
};

TEST_F(SettingsTest, DefaultsAreThoseOfTheHub) {
  const auto settings = SettingsFromEnvironment();
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->endpoint, "https://huggingface.co");
  EXPECT_EQ(settings->cache, dir_ / ".cache/huggingface/hub");
  EXPECT_EQ(settings->token, "");
  EXPECT_FALSE(settings->offline);
  EXPECT_TRUE(settings->symlinks);
  EXPECT_EQ(settings->head_timeout, std::chrono::seconds(10));
  EXPECT_EQ(settings->ca_file, "");
}

TEST_F(SettingsTest, TheCacheIsWhereTheNearestVariableSays) {
  Set("XDG_CACHE_HOME", "/x");
  EXPECT_EQ(SettingsFromEnvironment()->cache, "/x/huggingface/hub");
  Set("HF_HOME", "~/hf");
  EXPECT_EQ(SettingsFromEnvironment()->cache, dir_ / "hf/hub");
  Set("HUGGINGFACE_HUB_CACHE", "/old");
  EXPECT_EQ(SettingsFromEnvironment()->cache, "/old");
  Set("HF_HUB_CACHE", "$XDG_CACHE_HOME/${HF_HOME}/$NOT_SET_AT_ALL/c$");
  EXPECT_EQ(SettingsFromEnvironment()->cache, "/x/~/hf/$NOT_SET_AT_ALL/c$");
}

TEST_F(SettingsTest, TheTokenIsTheEnvironmentsElseTheFiles) {
  Write("token", " hf_file\r\n");
  Set("HF_HOME", dir_.path());
  EXPECT_EQ(SettingsFromEnvironment()->token, "hf_file");
  Write("other", "hf_other\n");
  Set("HF_TOKEN_PATH", dir_ / "other");
  EXPECT_EQ(SettingsFromEnvironment()->token, "hf_other");
  Set("HUGGING_FACE_HUB_TOKEN", "hf_old");
  EXPECT_EQ(SettingsFromEnvironment()->token, "hf_old");
  Set("HF_TOKEN", "hf_new\n");
  EXPECT_EQ(SettingsFromEnvironment()->token, "hf_new");
  Set("HF_HUB_DISABLE_IMPLICIT_TOKEN", "yes");
  EXPECT_EQ(SettingsFromEnvironment()->token, "");
}

// It goes into a header, where a line feed would begin another.
TEST_F(SettingsTest, ATokenIsOneWord) {
  for (const std::string& bad :
       {std::string("hf_a\r\nX-Other: b"), std::string("hf a"),
        std::string("hf_\xc3\xa4"), std::string(5000, 'a')}) {
    const ScopedEnvironment token("HF_TOKEN", bad);
    const auto settings = SettingsFromEnvironment();
    ASSERT_FALSE(settings.ok());
    EXPECT_EQ(settings.error().code, ErrorCode::kUsage);
    EXPECT_EQ(settings.error().message.find(bad), std::string::npos);
    EXPECT_EQ(settings.error().message.find("hf_"), std::string::npos);
  }
}

TEST_F(SettingsTest, TruthIsSpelledInFourWays) {
  for (const char* yes : {"1", "on", "Yes", "TRUE"}) {
    const ScopedEnvironment offline("TRANSFORMERS_OFFLINE", yes);
    EXPECT_TRUE(SettingsFromEnvironment()->offline) << yes;
  }
  for (const char* no : {"0", "off", "no", "2", ""}) {
    const ScopedEnvironment offline("HF_HUB_OFFLINE", no);
    EXPECT_FALSE(SettingsFromEnvironment()->offline) << no;
  }
  Set("HF_HUB_DISABLE_SYMLINKS", "1");
  EXPECT_FALSE(SettingsFromEnvironment()->symlinks);
}

TEST_F(SettingsTest, TimesAndCertificatesAreTheEnvironments) {
  Set("HF_HUB_ETAG_TIMEOUT", "3");
  Set("HF_HUB_DOWNLOAD_TIMEOUT", "120");
  Set("CURL_CA_BUNDLE", "/a.pem");
  Set("SSL_CERT_DIR", "/certs");
  const auto settings = SettingsFromEnvironment();
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->head_timeout, std::chrono::seconds(3));
  EXPECT_EQ(settings->download_timeout, std::chrono::seconds(120));
  EXPECT_EQ(settings->ca_file, "/a.pem");
  EXPECT_EQ(settings->ca_folder, "/certs");
  const ScopedEnvironment bad("HF_HUB_ETAG_TIMEOUT", "soon");
  EXPECT_EQ(SettingsFromEnvironment().error().code, ErrorCode::kUsage);
}

TEST_F(SettingsTest, AnEndpointIsAnAddress) {
  Set("HF_ENDPOINT", "http://127.0.0.1:80//");
  EXPECT_EQ(SettingsFromEnvironment()->endpoint, "http://127.0.0.1:80");
  for (const char* bad : {"hub.example", "file:///x", "https://a b"}) {
    const ScopedEnvironment endpoint("HF_ENDPOINT", bad);
    const auto settings = SettingsFromEnvironment();
    ASSERT_FALSE(settings.ok()) << bad;
    EXPECT_EQ(settings.error().code, ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace pellucid::hub
