#include "testutil/fake_hub.h"

#include <cstdint>
#include <span>
#include <string_view>

#include "base/sha1.h"
#include "base/sha256.h"

namespace pellucid::testutil {
namespace {

ServerAnswer Problem(int status, const std::string& code,
                     const std::string& message) {
  return {status,
          {{"X-Error-Code", code}, {"X-Error-Message", message}},
          "{\"error\": \"" + message + "\"}"};
}

}  // namespace

ServerAnswer AnswerWith(const ServerRequest& request,
                        const std::string& content) {
  const std::string range = request.Header("range");
  if (range.empty()) return {200, {}, content};
  const std::size_t first =
      std::stoul(range.substr(std::string("bytes=").size()));
  const std::string size = std::to_string(content.size());
  if (first >= content.size()) {
    return {416, {{"Content-Range", "bytes */" + size}}, "no such range"};
  }
  return {
      206,
      {{"Content-Range", "bytes " + std::to_string(first) + "-" +
                             std::to_string(content.size() - 1) + "/" + size}},
      content.substr(first)};
}

FakeHub::FakeHub()
    : store_([this](const ServerRequest& request) {
        return AnswerOfStore(request);
      }),
      hub_([this](const ServerRequest& request) { return AnswerOf(request); }) {
}

void FakeHub::Add(const std::string& file, const std::string& content,
                  bool lfs) {
  files_[file] = {content, lfs};
}

void FakeHub::Set(Fault* to, Fault fault) {
  const std::lock_guard lock(mutex_);
  *to = std::move(fault);
}

FakeHub::Fault FakeHub::Get(const Fault& from) const {
  const std::lock_guard lock(mutex_);
  return from;
}

std::string FakeHub::EtagOf(const std::string& file) const {
  const File& found = files_.at(file);
  const auto bytes = std::as_bytes(std::span(found.content));
  if (found.lfs) {
    Sha256 hash;
    hash.Update(bytes);
    return HexOf(hash.Finish());
  }
  const std::string header = "blob " + std::to_string(bytes.size());
  Sha1 hash;
  hash.Update(std::as_bytes(std::span(header.c_str(), header.size() + 1)));
  hash.Update(bytes);
  return HexOf(hash.Finish());
}

ServerAnswer FakeHub::Listing() const {
  std::string json = "{\"id\": \"org/name\", \"sha\": \"" +
                     std::string(kCommit) + "\", \"siblings\": [";
  bool first = true;
  for (const auto& [name, file] : files_) {
    json +=
        std::string(first ? "" : ", ") + "{\"rfilename\": \"" + name + "\"}";
    first = false;
  }
  return {200, {{"Content-Type", "application/json"}}, json + "]}"};
}

ServerAnswer FakeHub::AnswerOfFile(const ServerRequest& request,
                                   const std::string& name) {
  const auto found = files_.find(name);
  if (found == files_.end()) {
    return Problem(404, "EntryNotFound", "Entry not found");
  }
  const auto& [content, lfs] = found->second;
  const std::string etag = "\"" + EtagOf(name) + "\"";
  if (!lfs) {
    ServerAnswer answer = AnswerWith(request, content);
    answer.headers.emplace_back("X-Repo-Commit", kCommit);
    answer.headers.emplace_back("ETag", etag);
    return answer;
  }
  return {
      302,
      {{"Location", store_.url("localhost") + "/" + EtagOf(name) + "?sig=1"},
       {"X-Repo-Commit", kCommit},
       {"X-Linked-Etag", etag},
       {"X-Linked-Size", std::to_string(content.size())},
       {"ETag", "\"of-the-redirect\""}},
      "redirecting"};
}

ServerAnswer FakeHub::AnswerOf(const ServerRequest& request) {
  if (const Fault fault = Get(fault_)) {
    if (const auto answer = fault(request)) return *answer;
  }
  const std::string_view target = request.target;
  const std::string api = "/api/models/org/name/revision/";
  if (target.starts_with(api)) {
    const std::string_view revision = target.substr(api.size());
    if (revision == "main" || revision == "v1" || revision == kCommit ||
        revision == "refs%2Fpr%2F1") {
      return Listing();
    }
    return Problem(404, "RevisionNotFound", "Invalid rev id");
  }
  const std::string files = "/org/name/resolve/" + std::string(kCommit) + "/";
  if (target.starts_with(files)) {
    return AnswerOfFile(request, std::string(target.substr(files.size())));
  }
  return Problem(401, "RepoNotFound", "Repository not found");
}

ServerAnswer FakeHub::AnswerOfStore(const ServerRequest& request) {
  if (const Fault fault = Get(store_fault_)) {
    if (const auto answer = fault(request)) return *answer;
  }
  for (const auto& [name, file] : files_) {
    if (file.lfs && request.target == "/" + EtagOf(name) + "?sig=1") {
      return AnswerWith(request, file.content);
    }
  }
  return {404, {}, "none"};
}

}  // namespace pellucid::testutil
