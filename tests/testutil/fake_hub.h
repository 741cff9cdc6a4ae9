// The hub as far as a download meets it, on two ports: one that knows the
// repositories and redirects large files, as the hub does, to another, which
// has the bytes and must never see a token. What goes wrong is up to the test.
#ifndef PELLUCID_TESTS_TESTUTIL_FAKE_HUB_H_
#define PELLUCID_TESTS_TESTUTIL_FAKE_HUB_H_

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "testutil/http_server.h"

namespace pellucid::testutil {

class FakeHub {
 public:
  static constexpr const char* kCommit =
      "0123456789abcdef0123456789abcdef01234567";

  // Answers instead of the hub where it gives something.
  using Fault =
      std::function<std::optional<ServerAnswer>(const ServerRequest& request)>;

  // One repository, "org/name", revisions main, v1 and refs/pr/1.
  FakeHub();

  // Before the first request. A file of `lfs` lies on the other port and is
  // named by its SHA-256; one of git's by its SHA-1.
  void Add(const std::string& file, const std::string& content, bool lfs);
  // Faults of the hub and of the store of large files.
  void SetFault(Fault fault) { Set(&fault_, std::move(fault)); }
  void SetStoreFault(Fault fault) { Set(&store_fault_, std::move(fault)); }

  const HttpServer& hub() const { return hub_; }
  const HttpServer& store() const { return store_; }
  // The name of its bytes in the cache.
  std::string EtagOf(const std::string& file) const;

 private:
  struct File {
    std::string content;
    bool lfs;
  };
  void Set(Fault* to, Fault fault);
  Fault Get(const Fault& from) const;
  ServerAnswer AnswerOf(const ServerRequest& request);
  ServerAnswer AnswerOfStore(const ServerRequest& request);
  ServerAnswer Listing() const;
  ServerAnswer AnswerOfFile(const ServerRequest& request,
                            const std::string& name);

  std::map<std::string, File> files_;
  mutable std::mutex mutex_;  // of the faults
  Fault fault_, store_fault_;
  HttpServer store_;
  HttpServer hub_;
};

// 200 with the whole, or 206 with the range that `request` asks for, or 416.
ServerAnswer AnswerWith(const ServerRequest& request,
                        const std::string& content);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_FAKE_HUB_H_
