// What networks do to a file on its way. The whole of a model: pull_test.cc.
#include "hub/download.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "hub/file_lock.h"
#include "testutil/environment.h"
#include "testutil/fake_hub.h"
#include "testutil/temp_dir.h"

namespace pellucid::hub {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testutil::AnswerWith;
using testutil::FakeHub;
using testutil::ReadFileText;
using testutil::ScopedEnvironment;
using testutil::ServerAnswer;
using testutil::ServerRequest;
using testutil::TempDir;

constexpr const char* kFile = "model.safetensors";

class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() {
    for (int i = 0; i < 20000; ++i) content_ += std::to_string(i);
    hub_.Add(kFile, content_, /*lfs=*/true);
    hub_.Add("config.json", "{\"a\": 1}", /*lfs=*/false);
    settings_.endpoint = hub_.hub().url();
    settings_.cache = dir_ / "hub";
    settings_.retry_delay = 1ms;
    settings_.download_timeout = 1s;
    cache_ = std::make_unique<RepoCache>(settings_, "org/name");
    EXPECT_TRUE(cache_->Prepare().ok());
  }
  Result<bool> Download(const std::string& file = kFile) {
    HubClient client(settings_, HubName{"org/name", "main", ""}, options_);
    auto metadata = client.Head(FakeHub::kCommit, file);
    if (!metadata.ok()) return metadata.error();
    if (forget_size_) metadata->size.reset();
    if (!etag_.empty()) metadata->etag = etag_;
    return DownloadFile(client, *cache_, {FakeHub::kCommit, file, *metadata},
                        options_, [this](std::uint64_t bytes, bool waiting) {
                          most_ = std::max(most_, bytes);
                          if (on_progress_) on_progress_(bytes, waiting);
                        });
  }
  // Answers of the store in their turn; the last for all that follow.
  void StoreAnswers(std::vector<FakeHub::Fault> faults) {
    auto turn = std::make_shared<std::size_t>(0);
    hub_.SetStoreFault([turn, faults](const ServerRequest& request) {
      const std::size_t i = std::min((*turn)++, faults.size() - 1);
      return faults[i](request);
    });
  }
  FakeHub::Fault Cut(std::size_t after) const {
    return [this, after](const ServerRequest& request) {
      ServerAnswer answer = AnswerWith(request, content_);
      answer.cut_after = after;
      return answer;
    };
  }
  static std::optional<ServerAnswer> AsItIs(const ServerRequest&) {
    return std::nullopt;
  }
  std::string Incomplete() const {
    return cache_->BlobPath(hub_.EtagOf(kFile)) + ".incomplete";
  }
  std::string InSnapshot() const {
    return ReadFileText(cache_->SnapshotPath(FakeHub::kCommit, kFile));
  }
  std::string RangeOf(std::size_t request) const {
    return hub_.store().requests().at(request).Header("range");
  }

  const ScopedEnvironment no_proxy_{"no_proxy", "*"};
  const TempDir dir_;
  FakeHub hub_;
  std::string content_, etag_;
  Settings settings_;
  HubOptions options_;
  std::unique_ptr<RepoCache> cache_;
  bool forget_size_ = false;
  std::uint64_t most_ = 0;
  FileProgress on_progress_;
};

TEST_F(DownloadTest, AFileArrivesOnce) {
  const auto first = Download();
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_TRUE(*first);
  EXPECT_EQ(InSnapshot(), content_);
  EXPECT_EQ(most_, content_.size());
  EXPECT_FALSE(fs::exists(Incomplete()));
  EXPECT_FALSE(Download().value());
  EXPECT_EQ(hub_.store().requests().size(), 1u);
  EXPECT_TRUE(Download("config.json").value());
  EXPECT_EQ(ReadFileText(cache_->SnapshotPath(FakeHub::kCommit, "config.json")),
            "{\"a\": 1}");
}

TEST_F(DownloadTest, ABlobThatIsThereIsLinked) {
  std::ofstream(cache_->BlobPath(hub_.EtagOf(kFile))) << content_;
  const auto downloaded = Download();
  ASSERT_TRUE(downloaded.ok()) << downloaded.error().message;
  EXPECT_FALSE(*downloaded);
  EXPECT_EQ(InSnapshot(), content_);
  EXPECT_TRUE(hub_.store().requests().empty());
}

TEST_F(DownloadTest, ABrokenConnectionGoesOnWhereItWas) {
  StoreAnswers({Cut(1000), Cut(500), AsItIs});
  const auto downloaded = Download();
  ASSERT_TRUE(downloaded.ok()) << downloaded.error().message;
  EXPECT_EQ(InSnapshot(), content_);
  ASSERT_EQ(hub_.store().requests().size(), 3u);
  EXPECT_EQ(RangeOf(0), "");
  EXPECT_EQ(RangeOf(1), "bytes=1000-");
  EXPECT_EQ(RangeOf(2), "bytes=1500-");
}

// More breaks than tries, but each brings it further.
TEST_F(DownloadTest, ProgressBringsNewTries) {
  std::vector<FakeHub::Fault> faults(20, Cut(100));
  faults.push_back(AsItIs);
  StoreAnswers(faults);
  const auto downloaded = Download();
  ASSERT_TRUE(downloaded.ok()) << downloaded.error().message;
  EXPECT_EQ(InSnapshot(), content_);
}

TEST_F(DownloadTest, TheNextRunGoesOn) {
  std::ofstream(Incomplete()) << content_.substr(0, 777);
  ASSERT_TRUE(Download().value());
  EXPECT_EQ(InSnapshot(), content_);
  EXPECT_EQ(RangeOf(0), "bytes=777-");
}

TEST_F(DownloadTest, AWholeFileThatOnlyLacksItsNameIsNotFetched) {
  std::ofstream(Incomplete()) << content_;
  ASSERT_TRUE(Download().ok());
  EXPECT_EQ(InSnapshot(), content_);
  EXPECT_TRUE(hub_.store().requests().empty());
}

TEST_F(DownloadTest, AServerWithoutRangesBeginsAnew) {
  std::ofstream(Incomplete()) << content_.substr(0, 777);
  hub_.SetStoreFault([this](const ServerRequest&) {
    return ServerAnswer{200, {}, content_};
  });
  ASSERT_TRUE(Download().value());
  EXPECT_EQ(InSnapshot(), content_);
}

// It always begins at 0 and always breaks: that is no progress.
TEST_F(DownloadTest, ARowOfBeginningsEnds) {
  hub_.SetStoreFault([this](const ServerRequest&) {
    return ServerAnswer{200, {}, content_, 1000};
  });
  const auto downloaded = Download();
  ASSERT_FALSE(downloaded.ok());
  EXPECT_EQ(downloaded.error().code, ErrorCode::kFailed);
  EXPECT_LE(hub_.store().requests().size(), 7u);
  EXPECT_EQ(fs::file_size(Incomplete()), 1000u);
}

TEST_F(DownloadTest, NoSuchRangeBeginsAnew) {
  std::ofstream(Incomplete()) << content_.substr(0, 777);
  StoreAnswers(
      {[](const ServerRequest&) { return ServerAnswer{416}; }, AsItIs});
  ASSERT_TRUE(Download().value());
  EXPECT_EQ(InSnapshot(), content_);
  EXPECT_EQ(RangeOf(1), "");
}

TEST_F(DownloadTest, AnotherRangeThanAskedForIsNotTaken) {
  std::ofstream(Incomplete()) << content_.substr(0, 777);
  StoreAnswers({[this](const ServerRequest&) {
                  return ServerAnswer{
                      206,
                      {{"Content-Range", "bytes 700-9999/99999"}},
                      content_.substr(700)};
                },
                AsItIs});
  ASSERT_TRUE(Download().value());
  EXPECT_EQ(InSnapshot(), content_);
}

TEST_F(DownloadTest, TooLongAPartIsThrownAway) {
  std::ofstream(Incomplete()) << content_ << "more";
  ASSERT_TRUE(Download().value());
  EXPECT_EQ(InSnapshot(), content_);
  EXPECT_EQ(RangeOf(0), "");
}

TEST_F(DownloadTest, MoreBytesThanTheHubNamedAreNotTaken) {
  hub_.SetStoreFault([this](const ServerRequest&) {
    return ServerAnswer{200, {}, content_ + std::string(1000000, 'x')};
  });
  const auto downloaded = Download();
  ASSERT_FALSE(downloaded.ok());
  EXPECT_NE(downloaded.error().message.find("of another range or size"),
            std::string::npos)
      << downloaded.error().message;
}

TEST_F(DownloadTest, WrongBytesOfAnEarlierRunAreFetchedAgain) {
  std::ofstream(Incomplete()) << std::string(777, 'x');
  ASSERT_TRUE(Download().value());
  EXPECT_EQ(InSnapshot(), content_);
  ASSERT_EQ(hub_.store().requests().size(), 2u);
  EXPECT_EQ(RangeOf(1), "");
}

TEST_F(DownloadTest, WrongBytesAreRefused) {
  std::string wrong = content_;
  wrong[5] = wrong[5] == 'x' ? 'y' : 'x';
  hub_.SetStoreFault([wrong](const ServerRequest& request) {
    return AnswerWith(request, wrong);
  });
  const auto downloaded = Download();
  ASSERT_FALSE(downloaded.ok());
  EXPECT_EQ(downloaded.error().code, ErrorCode::kFailed);
  EXPECT_NE(downloaded.error().message.find("their hash is not " +
                                            hub_.EtagOf(kFile)),
            std::string::npos)
      << downloaded.error().message;
  EXPECT_FALSE(fs::exists(cache_->BlobPath(hub_.EtagOf(kFile))));
  EXPECT_FALSE(cache_->Has(FakeHub::kCommit, kFile));
  EXPECT_EQ(hub_.store().requests().size(), 1u);
}

// A small file is named by git's SHA-1.
TEST_F(DownloadTest, WrongBytesOfASmallFileAreRefused) {
  hub_.SetFault(
      [](const ServerRequest& request) -> std::optional<ServerAnswer> {
        if (request.method == "HEAD") return std::nullopt;
        return ServerAnswer{200, {}, "{\"a\": 2}"};
      });
  EXPECT_FALSE(Download("config.json").ok());
  EXPECT_FALSE(cache_->Has(FakeHub::kCommit, "config.json"));
}

TEST_F(DownloadTest, AMirrorsOwnEtagNamesTheBlob) {
  etag_ = "abc-5";
  ASSERT_TRUE(Download().value());
  EXPECT_EQ(ReadFileText(cache_->BlobPath("abc-5")), content_);
}

TEST_F(DownloadTest, WithoutASizeTheWholeIsFetched) {
  forget_size_ = true;
  std::ofstream(Incomplete()) << content_.substr(0, 777);
  StoreAnswers({Cut(1000), AsItIs});
  ASSERT_TRUE(Download().value());
  EXPECT_EQ(InSnapshot(), content_);
  EXPECT_EQ(RangeOf(0), "");
  EXPECT_EQ(RangeOf(1), "");
}

TEST_F(DownloadTest, SilenceIsTriedAgain) {
  StoreAnswers({[this](const ServerRequest& request) {
                  ServerAnswer answer = AnswerWith(request, content_);
                  answer.stall_after = 1000;
                  return answer;
                },
                AsItIs});
  ASSERT_TRUE(Download().value());
  EXPECT_EQ(InSnapshot(), content_);
  EXPECT_EQ(RangeOf(1), "bytes=1000-");
}

TEST_F(DownloadTest, AStoreThatSaysNoIsAskedOnce) {
  hub_.SetStoreFault([](const ServerRequest&) { return ServerAnswer{403}; });
  const auto downloaded = Download();
  ASSERT_FALSE(downloaded.ok());
  EXPECT_EQ(downloaded.error().code, ErrorCode::kModel);
  EXPECT_EQ(hub_.store().requests().size(), 1u);
}

TEST_F(DownloadTest, AStopLeavesWhatHasArrived) {
  std::stop_source source;
  options_.stop = source.get_token();
  StoreAnswers({[this](const ServerRequest& request) {
    ServerAnswer answer = AnswerWith(request, content_);
    answer.stall_after = 5000;
    return answer;
  }});
  on_progress_ = [&source](std::uint64_t bytes, bool) {
    if (bytes == 5000) source.request_stop();
  };
  const auto downloaded = Download();
  ASSERT_FALSE(downloaded.ok());
  EXPECT_EQ(downloaded.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(ReadFileText(Incomplete()), content_.substr(0, 5000));
}

TEST_F(DownloadTest, AnotherProcessIsWaitedFor) {
  std::optional<Result<FileLock>> other =
      FileLock::Take(cache_->LockPath(hub_.EtagOf(kFile)), {}, {});
  ASSERT_TRUE((*other).ok());
  on_progress_ = [&](std::uint64_t, bool waiting) {
    if (!waiting || !other) return;
    std::ofstream(cache_->BlobPath(hub_.EtagOf(kFile))) << content_;
    other.reset();
  };
  const auto downloaded = Download();
  ASSERT_TRUE(downloaded.ok()) << downloaded.error().message;
  EXPECT_FALSE(*downloaded);
  EXPECT_TRUE(hub_.store().requests().empty());
}

}  // namespace
}  // namespace pellucid::hub
